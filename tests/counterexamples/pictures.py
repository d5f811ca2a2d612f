"""Counterexamples to draw, and their pictures as they should be.

`python -m tests.counterexamples.pictures` draws the golden files anew; look at them before they are committed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from mcheck.counterexamples.counterexample import Caption, Counterexample
from mcheck.counterexamples.picture.svg import svg_document
from mcheck.models.die_hard import DieHard
from mcheck.models.paxos import ForgetsPromise
from mcheck.models.raft_election_tweaks import ForgetsVote
from mcheck.models.raft_log_tweaks import AlwaysTruncates
from mcheck.models.raft_tla import RaftTLA
from mcheck.models.two_phase_commit import CommitsEarly
from mcheck.spec import (
    AtMost,
    Bag,
    In,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always,
    constant,
    replay,
    require,
    rerun,
)

GOLDEN = Path(__file__).with_name("golden")


def counterexample(
    spec: Spec[Any], title: str | None, *labels: str, start: Callable[[Any], bool] = lambda state: True
) -> Counterexample:
    """The behaviour of these labels from the first initial state that `start` is true of, and the property of that title as
    its end decides it."""
    instance = spec.instance
    behavior = replay(instance, next(filter(start, instance.initial)), labels)
    rule = next((r for r in instance.properties if r.title == title), None)
    arguments = None
    if rule is not None:
        states = behavior.states[-2:] if rule.kind == "step" else behavior.states[-1:]
        with instance.active():
            arguments = instance.falsifying(rule, *states)
    caption = Caption(type(spec).__name__, "as small as it gets", "0123456789abcdef", "mcheck replay trace.itf.json")
    return Counterexample(behavior, rule, arguments or (), arguments is not None, caption)


def vote(src: int, dst: int) -> str:
    return f"RequestVote(src={src}, dst={dst}, term=1, last_log_index=0, last_log_term=0)"


def reply(src: int, dst: int) -> str:
    return f"RequestVoteReply(src={src}, dst={dst}, term=1, vote_granted=True)"


def append(entries: str, prev: int, commit: int) -> str:
    return (
        f"AppendEntries(src=0, dst=1, term=1, prev_log_index={prev}, prev_log_term={prev}, entries={entries}, "
        f"leader_commit={commit})"
    )


def forget_vote() -> Counterexample:
    return counterexample(
        ForgetsVote(max_term=1, max_log=1),
        "Election Safety",
        "timeout(i=0)",
        f"deliver(m={vote(0, 1)})",
        f"deliver(m={reply(1, 0)})",
        "append_entries(i=0, j=2)",  # the violation does not follow from this one
        "timeout(i=2)",
        "restart(i=0)",
        f"deliver(m={vote(2, 0)})",
        f"deliver(m={reply(0, 2)})",
    )


def always_truncate() -> Counterexample:
    return counterexample(
        AlwaysTruncates(max_term=1, max_log=1),
        "Agreement",
        "timeout(i=0)",
        f"deliver(m={vote(0, 1)})",
        f"deliver(m={reply(1, 0)})",
        "append_entries(i=0, j=1)",
        "client_request(i=0, v=0)",
        "append_entries(i=0, j=1)",
        f"deliver(m={append('(Entry(term=1, value=0),)', 0, 0)})",
        "deliver(m=AppendEntriesReply(src=1, dst=0, term=1, success=True, match_index=1))",
        "append_entries(i=0, j=1)",
        f"deliver(m={append('()', 1, 1)})",
        f"deliver(m={append('()', 0, 0)})",
    )


def commit_early() -> Counterexample:
    return counterexample(
        CommitsEarly(), "Consistent",
        "rm_prepare(rm=0)", "tm_rcv_prepared(rm=0)", "tm_commit()", "rm_choose_to_abort(rm=1)", "rm_rcv_commit_msg(rm=0)",
    )  # fmt: skip


def forget_promise() -> Counterexample:
    steps = ["phase_1a(b=0)", "phase_1a(b=1)"]
    steps += [f"phase_1b(a={a}, m=Prepare(bal={b}))" for a in (0, 1) for b in (0, 1)]
    steps += [f"phase_2a(b={b}, q={{0, 1}}, top=None, v={b})" for b in (0, 1)]
    steps += [f"phase_2b(a={a}, m=Accept(bal={b}, val={b}))" for a in (0, 1) for b in (0, 1)]
    return counterexample(ForgetsPromise(), "Agreement", *steps)


def die_hard() -> Counterexample:
    pour = "big_to_small()"
    return counterexample(DieHard(), "Not four gallons", "fill_big()", pour, "empty_small()", pour, "fill_big()", pour)


def raft_tla() -> Counterexample:
    ask = "RequestVoteRequest(src=0, dst=1, term=2, last_log_term=0, last_log_index=0)"
    return counterexample(
        RaftTLA(nodes=2, in_flight=3, copies=2),
        None,
        "timeout(i=0)",
        "request_vote(i=0, j=1)",
        f"duplicate_message(m={ask})",
        f"receive(m={ask})",
        f"receive(m={ask})",
        f"drop_message(m={ask})",
        "request_vote(i=0, j=0)",
        "receive(m=RequestVoteRequest(src=0, dst=0, term=2, last_log_term=0, last_log_index=0))",
    )


# ---------------------------------------------------------------------- a node that hears itself


class Speaker(Index, size=2):
    pass


class Word(Record):
    by: Speaker


class Room(Record):
    heard: Map[Speaker, Annotated[int, Range(0, 9)]]
    words: Set[Word] = Set()


class Chatter(Spec[Room]):
    """What is said is heard by whoever counts it, the speaker included."""

    def init(self) -> Room:
        return Room(heard=Map.fill(Speaker, 0))

    @action
    def say(self, s: Room, i: Speaker, w: Word) -> Room:
        require(w.by == i, "i speaks for itself")
        return s.replace(words=s.words.add(w))

    @action
    def count(self, s: Room, i: Speaker, w: Annotated[Word, In("words")]) -> Room:
        return s.replace(heard=s.heard.set(i, s.heard[i] + 1))


# ---------------------------------------------------------------------- a spec that is meant to do harm

Mood = Enum("Mood", ["</text><script>alert(1)</script>", "&amp;", "ok;#x"])


class Member(Index, size=2):
    pass


class Letter(Record):
    src: Member
    dst: Member
    mood: Mood


class Line(Record):
    mood: Mood
    view: Annotated[int, Range(0, 3)] = 0


class Post(Record):
    mood: Map[Member, Mood]
    alive: Map[Member, bool]
    a_name_longer_than_any_card_is_wide_and_then_some_more: Map[Member, Annotated[int, Range(0, 9)]]
    lines: Map[Member, Annotated[tuple[Line, ...], AtMost(9)]]
    letters: Annotated[Bag[Letter], AtMost(9)] = Bag()
    seen: Set[Member] = Set()


class Hostile(Spec[Post]):
    """Names that are markup, names that are too long, nodes that crash, letters that get lost."""

    greeting: str = constant("]]> <!-- & \" ' \x1b")

    def init(self) -> Post:
        return Post(
            mood=Map.fill(Member, Mood["&amp;"]),
            alive=Map.fill(Member, True),
            a_name_longer_than_any_card_is_wide_and_then_some_more=Map.fill(Member, 0),
            lines=Map.fill(Member, ()),
        )

    @action
    def write(self, s: Post, i: Member, j: Member, m: Mood) -> Post:
        return s.replace(letters=s.letters.add(Letter(src=i, dst=j, mood=m)))

    @action
    def read(self, s: Post, m: Annotated[Letter, In("letters")]) -> Post:
        return s.replace(letters=s.letters.remove(m), mood=s.mood.set(m.dst, m.mood))

    @action
    def lose(self, s: Post, m: Annotated[Letter, In("letters")]) -> Post:
        return s.replace(letters=s.letters.remove(m))

    @action
    def crash(self, s: Post, i: Member) -> Post:
        require(s.alive[i], "i is up")
        return s.replace(alive=s.alive.set(i, False))

    @action
    def recover(self, s: Post, i: Member) -> Post:
        return s.replace(alive=s.alive.set(i, True))

    @action
    def count(self, s: Post, i: Member) -> Post:
        name = s.a_name_longer_than_any_card_is_wide_and_then_some_more
        return s.replace(
            a_name_longer_than_any_card_is_wide_and_then_some_more=name.set(i, name[i] + 1),
            lines=s.lines.set(i, (*s.lines[i], Line(mood=s.mood[i], view=1))),
            seen=s.seen.add(i),
        )

    @always('<b onclick="x">Nobody</b> & nothing ]]> \x00 ; # %% end')
    def nobody(self, s: Post) -> bool:
        """A sentence with <tags>, "quotes" & a \x07 bell; it goes on and on, and on, and on, until it has to be wrapped."""
        return all(s.mood[i] == Mood["&amp;"] for i in Member)


def hostile() -> Counterexample:
    instance = Hostile().instance
    evil, zero, one = Mood["</text><script>alert(1)</script>"], Member.member(0), Member.member(1)
    write, read, lose = (instance.action(n) for n in ("write", "read", "lose"))
    crash, recover, count = (instance.action(n) for n in ("crash", "recover", "count"))
    to_one, to_zero = Letter(src=zero, dst=one, mood=evil), Letter(src=one, dst=zero, mood=Mood["ok;#x"])
    behavior = rerun(
        instance,
        instance.initial[0],
        [
            (write, (zero, one, evil)), (write, (one, zero, Mood["ok;#x"])), (write, (zero, one, evil)),
            (crash, (zero,)), (lose, (to_zero,)), (recover, (zero,)),
            *[(count, (one,))] * 9,
            (crash, (zero,)), (read, (to_one,)),
        ],
    )  # fmt: skip
    rule = instance.properties[0]
    caption = Caption(
        "<i>subject</i>", instance.spec.constants["greeting"], "&fingerprint;", "mcheck replay '<&\">.json'"
    )
    return Counterexample(behavior, rule, (), True, caption)


EVERY: dict[str, Callable[[], Counterexample]] = {
    "raft-forget-vote": forget_vote,
    "raft-always-truncate": always_truncate,
    "two-phase-commit-commit-early": commit_early,
    "paxos-forget-promise": forget_promise,
    "die-hard": die_hard,
    "raft-tla": raft_tla,
    "hostile": hostile,
}
"""By the name of the golden file."""


if __name__ == "__main__":
    for name, made in EVERY.items():
        (GOLDEN / f"{name}.svg").write_text(svg_document(made()), encoding="utf-8")
