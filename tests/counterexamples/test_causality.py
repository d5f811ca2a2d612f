"""Which steps a step follows from.  If these fail, pictures dim what matters, or fail to dim what does not."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from tests.counterexamples.specs import Everything

from mcheck.counterexamples import causality, facts
from mcheck.counterexamples.causality import Event, causal_past, ends_of_violation, events, past_of_violation
from mcheck.counterexamples.lanes import Lanes
from mcheck.counterexamples.places import Entry, Places, Queue
from mcheck.models.die_hard import DieHard
from mcheck.models.paxos import ForgetsPromise, Paxos
from mcheck.models.raft import Raft
from mcheck.models.raft_election_tweaks import ForgetsVote, VotesTwice
from mcheck.models.raft_networks import Dropping
from mcheck.models.raft_tla import RaftTLA
from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit
from mcheck.spec import (
    GHOST,
    AtMost,
    Bag,
    Behavior,
    Channels,
    Cut,
    Index,
    Map,
    Range,
    Record,
    Rule,
    Set,
    Spec,
    Step,
    action,
    always,
    any,
    len,
    replay,
    require,
)


def run(spec: Spec[Any], *labels: str) -> tuple[Event, ...]:
    instance = spec.instance
    return events(replay(instance, instance.initial[0], labels))


def depends(found: Iterable[Event]) -> list[tuple[int, ...]]:
    return [event.depends for event in found]


# ---------------------------------------------------------------------- the shipped protocols


def vote(src: int, dst: int) -> str:
    return f"RequestVote(src={src}, dst={dst}, term=1, last_log_index=0, last_log_term=0)"


def reply(src: int, dst: int) -> str:
    return f"RequestVoteReply(src={src}, dst={dst}, term=1, vote_granted=True)"


def test_raft_messages_lanes_and_a_restart() -> None:
    found = run(
        ForgetsVote(nodes=3, max_term=1, max_messages=4),
        "timeout(i=0)",
        f"deliver(m={vote(0, 1)})",
        f"deliver(m={reply(1, 0)})",
        "append_entries(i=0, j=2)",
        "timeout(i=2)",
        "restart(i=0)",
        f"deliver(m={vote(2, 0)})",
    )
    assert depends(found) == [(), (1,), (1, 2), (3,), (), (3,), (5, 6)]
    first, second, third, fourth, _, restart, _ = found
    assert [m.content.dst._ordinal for m in first.sent] == [1, 2]
    assert [(m.sent, m.field) for m in second.received] == [(1, "network")]
    assert [len(e.sent) for e in (second, third)] == [1, 0]
    assert (fourth.lanes, [i._ordinal for i in fourth.consulted]) == ((), [0])
    assert restart.fields == ("restarts",)


def test_paxos_reads_messages_that_stay() -> None:
    found = run(
        Paxos(),
        "phase_1a(b=0)",
        "phase_1a(b=1)",
        "phase_1b(a=0, m=Prepare(bal=0))",
        "phase_1b(a=1, m=Prepare(bal=0))",
        "phase_1b(a=2, m=Prepare(bal=1))",
        "phase_2a(b=0, q={0, 1}, top=None, v=1)",
        "phase_2b(a=1, m=Accept(bal=0, val=1))",
    )
    assert depends(found) == [(), (), (1,), (1,), (2,), (3, 4), (4, 6)]
    assert sorted(m.sent for m in found[5].read) == [3, 4]
    assert all(not e.received and not e.lost for e in found)


def test_two_phase_commit_goes_through_a_manager_without_a_lane() -> None:
    found = run(
        TwoPhaseCommit(managers=2),
        "rm_prepare(rm=0)",
        "rm_prepare(rm=1)",
        "tm_rcv_prepared(rm=1)",
        "tm_rcv_prepared(rm=0)",
        "tm_commit()",
        "rm_rcv_commit_msg(rm=0)",
    )
    assert depends(found) == [(), (), (2,), (1,), (3, 4), (1, 5)]
    assert found[4].fields == ("tm_state",)
    assert [type(m.content).__name__ for m in found[4].sent] == ["Commit"]


def test_copies_of_a_message_in_a_bag_are_taken_in_the_order_of_their_sending() -> None:
    ask = "RequestVoteRequest(src=0, dst=1, term=2, last_log_term=0, last_log_index=0)"
    found = run(
        RaftTLA(nodes=2, in_flight=3, copies=2),
        "timeout(i=0)",
        "request_vote(i=0, j=1)",
        "request_vote(i=0, j=1)",
        f"receive(m={ask})",
        f"receive(m={ask})",
        f"receive(m={ask})",
    )
    # The fourth adopts the term and leaves the message; the fifth votes; the sixth would vote as the fifth did if it had to.
    # All logs, which every step writes down, are a history variable.
    assert depends(found) == [(), (1,), (1,), (2,), (2, 4), (3, 4)]
    assert [m.sent for m in found[3].read] == [2]
    assert [m.sent for e in found[4:] for m in e.received] == [2, 3]


def test_fields_that_are_overwritten_are_not_needed() -> None:
    found = run(DieHard(), "fill_small()", "fill_big()", "empty_small()", "big_to_small()", "fill_big()")
    assert depends(found) == [(), (), (), (2, 3), ()]


def test_a_drop_takes_a_message_from_its_sender() -> None:
    found = run(Dropping(nodes=2, max_term=1), "timeout(i=0)", "timeout(i=1)", f"drop(m={vote(0, 1)})")
    assert depends(found) == [(), (), (1,)]
    assert [m.sent for m in found[2].received] == [1]


# ---------------------------------------------------------------------- every kind of place, alone


class Node(Index, size=3):
    pass


class Note(Record):
    text: Annotated[int, Range(0, 3)]


class Desk(Record):
    busy: Map[Node, bool]
    ticks: Map[Node, Annotated[int, Range(0, 9)]]
    wires: Annotated[Channels[Node, Note], AtMost(3)]
    pile: Annotated[Bag[Note], AtMost(4)] = Bag()
    board: Set[Note] = Set()
    lock: Node | None = None
    marks: Map[tuple[Node, Node], bool]
    seen: Annotated[Set[Note], GHOST] = Set()


class Office(Spec[Desk]):
    """Each action touches one kind of place."""

    def init(self) -> Desk:
        return Desk(
            busy=Map.fill(Node, False),
            ticks=Map.fill(Node, 0),
            wires=Channels.empty(Node),
            marks=Map.fill((Node, Node), False),
        )

    @action
    def send(self, s: Desk, i: Node, j: Node, n: Note) -> Desk:
        require(i != j, "to another")
        return s.replace(wires=s.wires.send(i, j, n))

    @action
    def number(self, s: Desk, i: Node, j: Node) -> Desk:
        require(i != j, "to another")
        return s.replace(wires=s.wires.send(i, j, Note(text=len(s.wires[i, j]))))

    @action
    def receive(self, s: Desk, i: Node, j: Node) -> Desk:
        require(i != j, "from another")
        require(len(s.wires[i, j]) > 0, "something is under way")
        return s.replace(wires=s.wires.receive(i, j), busy=s.busy.set(j, s.wires[i, j][0].text > 1))

    @action
    def unplug(self, s: Desk, i: Node) -> Desk:
        return s.replace(wires=s.wires.disconnect(i), busy=s.busy.set(i, True))

    @action
    def pile_up(self, s: Desk, n: Note) -> Desk:
        return s.replace(pile=s.pile.add(n))

    @action
    def twice(self, s: Desk, i: Node, n: Note) -> Desk:
        require(s.pile.count(n) >= 2, "there are two copies")
        return s.replace(busy=s.busy.set(i, True))

    @action
    def pin(self, s: Desk, n: Note) -> Desk:
        return s.replace(board=s.board.add(n))

    @action
    def unpin(self, s: Desk, n: Note) -> Desk:
        return s.replace(board=s.board.remove(n))

    @action
    def anything(self, s: Desk, i: Node) -> Desk:
        require(any(n.text > 0 for n in s.board), "something is pinned")
        return s.replace(busy=s.busy.set(i, True))

    @action
    def nothing(self, s: Desk, i: Node) -> Desk:
        require(len(s.board) == 0, "nothing is pinned")
        return s.replace(busy=s.busy.set(i, True))

    @action
    def spare(self, s: Desk, i: Node) -> Desk:
        require(len(s.board) < 2, "there is room")
        return s.replace(busy=s.busy.set(i, True))

    @action
    def turn(self, s: Desk, i: Node) -> Desk:
        return s.replace(busy=s.busy.set(i, not s.busy[i]))

    @action
    def tick(self, s: Desk, i: Node) -> Desk:
        return s.replace(ticks=s.ticks.set(i, s.ticks[i] + 1))

    @action
    def count(self, s: Desk, i: Node, j: Node) -> Desk:
        require(not s.busy[j], "j is not busy")
        return s.replace(ticks=s.ticks.set(i, 9))

    @action
    def take(self, s: Desk, i: Node) -> Desk:
        require(s.lock is None, "the lock is free")
        return s.replace(lock=i)

    @action
    def give(self, s: Desk) -> Desk:
        return s.replace(lock=None)

    @action
    def mark(self, s: Desk, i: Node, j: Node) -> Desk:
        return s.replace(marks=s.marks.set((i, j), True))

    @action
    def look(self, s: Desk, n: Note) -> Desk:
        require(not any(m.text == n.text for m in s.seen), "it is new")
        return s.replace(seen=s.seen | Set(m for m in s.board if m == n))


def test_a_queue_depends_on_the_message_at_its_head_and_on_who_brought_it_there() -> None:
    send = "send(i=0, j=1, n=Note(text={}))"
    found = run(Office(), send.format(2), send.format(0), "receive(i=0, j=1)", "receive(i=0, j=1)")
    assert depends(found) == [(), (), (1,), (2, 3)]
    assert [(m.content.text, m.sent) for e in found for m in e.received] == [(2, 1), (0, 2)]
    assert {m.ends and tuple(i._ordinal for i in m.ends) for e in found for m in e.sent} == {(0, 1)}


def test_what_a_broken_connection_takes_away_is_lost() -> None:
    found = run(Office(), "send(i=0, j=1, n=Note(text=1))", "send(i=2, j=1, n=Note(text=1))", "unplug(i=0)")
    assert [(m.sent, len(found[2].received)) for m in found[2].lost] == [(1, 0)]


def test_as_many_copies_as_are_needed() -> None:
    pile = "pile_up(n=Note(text=1))"
    assert depends(run(Office(), pile, pile, pile, "twice(i=0, n=Note(text=1))"))[3] == (1, 2)


def test_of_two_messages_that_would_do_one_is_needed() -> None:
    found = run(Office(), "pin(n=Note(text=1))", "pin(n=Note(text=2))", "anything(i=0)")
    assert found[2].depends == (1,)


def test_the_absence_of_a_message_depends_on_who_took_it_away() -> None:
    found = run(Office(), "pin(n=Note(text=1))", "unpin(n=Note(text=1))", "nothing(i=0)")
    assert depends(found) == [(), (1,), (2,)]


def test_removals_of_which_only_both_together_would_matter_both_count() -> None:
    pins = [f"pin(n=Note(text={k}))" for k in (1, 2)]
    found = run(Office(), *pins, *(f"un{pin}" for pin in pins), "spare(i=0)")
    assert found[4].depends == (3, 4)


def test_what_is_sent_may_depend_on_what_is_under_way() -> None:
    send = "send(i=0, j=1, n=Note(text=3))"
    assert depends(run(Office(), send, send, "number(i=0, j=1)", "number(i=1, j=0)")) == [(), (), (1, 2), ()]


def test_a_lock_that_is_free_again_was_released() -> None:
    assert depends(run(Office(), "take(i=0)", "give()", "take(i=1)")) == [(), (), (2,)]


def test_a_change_that_matters_may_have_others_after_it() -> None:
    """What the last step of a lane left is no news to the third, but the step before it had to end a hindrance."""
    found = run(Office(), "turn(i=0)", "turn(i=0)", "tick(i=0)", "count(i=1, j=0)")
    assert depends(found) == [(), (1,), (2,), (2,)]
    assert found[3].consulted == ()


def test_of_several_changes_that_end_a_hindrance_the_last_one_counts() -> None:
    found = run(Office(), "turn(i=0)", "turn(i=0)", "turn(i=0)", "tick(i=2)", "turn(i=0)", "count(i=1, j=0)")
    assert found[5].depends == (5,)


def test_keys_of_a_map_are_written_apart() -> None:
    assert depends(run(Office(), "mark(i=0, j=1)", "mark(i=1, j=2)")) == [(), ()]


def test_history_variables_carry_no_dependency_but_a_step_that_only_remembers_has_its_own() -> None:
    found = run(Office(), "pin(n=Note(text=1))", "pin(n=Note(text=2))", "look(n=Note(text=1))")
    assert found[2].depends == (1,)
    assert found[2].fields == ("seen",)


def test_the_places_of_channels_are_their_queues_and_their_connections() -> None:
    instance = Office().instance
    replayed = replay(instance, instance.initial[0], ["send(i=0, j=1, n=Note(text=1))"])
    places = Places(Lanes(instance))
    state = replayed.last
    ends = (Node.member(0), Node.member(1))
    queue, connection = Queue("wires", ends), Entry("wires", ends)
    assert (places.values(state)[queue], places.values(state)[connection]) == ((Note(text=1),), True)
    apart = places.put(state, {connection: False})
    assert (places.values(apart)[queue], places.values(apart)[connection]) == ((), False)
    assert places.put(apart, {queue: (Note(text=2),)}) == apart
    assert places.put(apart, {connection: True, queue: (Note(text=1),)}) == state


def test_a_state_with_every_kind_of_value() -> None:
    spec = Everything()
    instance = spec.instance
    rng, state, steps = random.Random(3), instance.initial[0], []
    with instance.active():
        for _ in range(25):
            moves = [m for m in instance.transitions(state) if not isinstance(m[2], Cut)]
            rule, arguments, state = rng.choice(moves)
            steps.append(Step(rule, arguments, state))
    found = events(Behavior(instance, instance.initial[0], tuple(steps)))
    assert [e.number for e in found] == list(range(1, 26))
    assert all(d < e.number for e in found for d in e.depends)


# ---------------------------------------------------------------------- the past of a violation


def walk(spec: Spec[Any], seed: int, steps: int) -> tuple[Behavior, Rule, tuple[Any, ...]] | None:
    """A random walk up to the first violation, actions chosen before their arguments."""
    instance = spec.instance
    rng, state, taken = random.Random(seed), instance.initial[0], []
    rules = [r for r in instance.properties if r.kind == "always"]
    with instance.active():
        for _ in range(steps):
            moves = [m for m in instance.transitions(state) if not isinstance(m[2], Cut) and m[2] != state]
            if not moves:
                return None
            name = rng.choice(sorted({m[0].name for m in moves}))
            rule, arguments, state = rng.choice([m for m in moves if m[0].name == name])
            taken.append(Step(rule, arguments, state))
            for judge in rules:
                falsifying = instance.falsifying(judge, state)
                if falsifying is not None:
                    return Behavior(instance, instance.initial[0], tuple(taken)), judge, falsifying
    return None


@pytest.mark.parametrize(
    ("spec", "unbounded", "walks"),
    [
        (VotesTwice(max_messages=6), VotesTwice(max_messages=90), 20),
        (ForgetsVote(max_messages=6, max_restarts=3), ForgetsVote(max_messages=90, max_restarts=3), 30),
        (ForgetsPromise(max_ballot=2), ForgetsPromise(max_ballot=2), 40),
        (CommitsEarly(), CommitsEarly(), 80),
        (DieHard(), DieHard(), 80),
    ],
    ids=["vote-twice", "forget-vote", "forget-promise", "commit-early", "die-hard"],
)
def test_the_causal_past_alone_is_a_behaviour_that_violates_the_property(
    spec: Spec[Any], unbounded: Spec[Any], walks: int
) -> None:
    """What is left out had no influence.  A bound is no message: without the steps that made room it must be wider."""
    shortened = violations = 0
    for seed in range(walks):
        found = walk(spec, seed, 40)
        if found is None:
            continue
        behavior, rule, arguments = found
        past = past_of_violation(behavior, rule, facts(behavior, rule, arguments), events(behavior))
        labels = [s.label for number, s in enumerate(behavior.steps, start=1) if number in past]
        instance = unbounded.instance
        alone = replay(instance, instance.initial[0], labels)
        with instance.active():
            judge = next(r for r in instance.properties if r.title == rule.title)
            assert instance.falsifying(judge, alone.last) is not None, (seed, labels)
        violations += 1
        shortened += len(labels) < len(behavior.steps)
    assert violations >= 1
    assert shortened >= 1


def test_without_evaluations_left_a_step_depends_on_everything_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causality, "_MOST_EVALUATIONS", 0)
    monkeypatch.setattr(causality, "_LEAST_PER_STEP", 0)
    assert depends(run(Office(), "mark(i=0, j=1)", "pin(n=Note(text=1))", "take(i=0)")) == [(), (1,), (1, 2)]


def test_what_the_past_of_a_violation_ends_in() -> None:
    instance = Raft(nodes=2).instance
    behavior = replay(instance, instance.initial[0], ["timeout(i=0)", "timeout(i=1)"])
    rules = {r.kind: r for r in instance.properties}
    assert ends_of_violation(behavior, rules["step"], ()) == (2,)
    assert ends_of_violation(behavior, rules["always"], ()) == (2,)
    assert ends_of_violation(behavior, None, ()) == (1, 2)


# ---------------------------------------------------------------------- what is judged by its history


class Shelf(Record):
    """A shelf, and whether somebody was once told of fewer books than had been lent."""

    told: Annotated[int, Range(0, 9)] = 0
    lent: Annotated[int, Range(0, 9)] = 0
    noise: Annotated[int, Range(0, 9)] = 0
    ever: Annotated[int, Range(0, 9), GHOST] = 0
    wrong: Annotated[bool, GHOST] = False


class Library(Spec[Shelf]):
    def init(self) -> Shelf:
        return Shelf()

    @action
    def lend(self, s: Shelf) -> Shelf:
        return s.replace(lent=s.lent + 1, ever=s.ever + 1)

    @action
    def take_back(self, s: Shelf) -> Shelf:
        return s.replace(lent=0)

    @action
    def tell(self, s: Shelf) -> Shelf:
        return s.replace(told=s.lent, wrong=s.wrong or s.lent < s.ever)

    @action
    def whistle(self, s: Shelf) -> Shelf:
        return s.replace(noise=s.noise + 1)

    @always("Memory")
    def memory(self, s: Shelf) -> bool:
        return not s.wrong


def test_what_a_history_variable_remembers_was_made_by_somebody() -> None:
    """`wrong` comes from `ever`, which only `lend` writes: a protocol needs neither, and the violation needs both."""
    instance = Library().instance
    behavior = replay(instance, instance.initial[0], ["lend()", "whistle()", "take_back()", "tell()"])
    (rule,) = instance.properties
    found = facts(behavior, rule, ())
    assert [fact.since for fact in found] == [4]
    assert past_of_violation(behavior, rule, found, events(behavior)) == {1, 3, 4}


class Lamps(Record):
    left: bool = True
    right: bool = False
    reported: bool = False


class Watch(Spec[Lamps]):
    """Somebody reports darkness when the left lamp is off; the right one may be on."""

    def init(self) -> Lamps:
        return Lamps()

    @action
    def light_right(self, s: Lamps) -> Lamps:
        return s.replace(right=True)

    @action
    def quench_left(self, s: Lamps) -> Lamps:
        return s.replace(left=False)

    @action
    def report(self, s: Lamps) -> Lamps:
        require(not s.left, "the left lamp is off")
        return s.replace(reported=True)

    @always("Dark when reported")
    def dark(self, s: Lamps) -> bool:
        return not s.reported or not (s.left or s.right)


def test_no_step_is_left_out_where_the_rest_alone_violates_nothing() -> None:
    """The lamp that burns at the end is another than at first, when the facts, told from there, need neither."""
    instance = Watch().instance
    behavior = replay(instance, instance.initial[0], ["light_right()", "quench_left()", "report()"])
    (rule,) = instance.properties
    found = facts(behavior, rule, ())
    assert causal_past(events(behavior), ends_of_violation(behavior, rule, found)) == {2, 3}
    assert past_of_violation(behavior, rule, found, events(behavior)) == {1, 2, 3}


def test_a_refinement_may_rest_on_any_step() -> None:
    """Opposite decisions are two steps, each of which the abstract spec would allow without the other."""
    instance = CommitsEarly(managers=2).instance
    labels = [
        "rm_prepare(rm=0)", "tm_rcv_prepared(rm=0)", "tm_commit()", "rm_choose_to_abort(rm=1)", "rm_rcv_commit_msg(rm=0)",
    ]  # fmt: skip
    behavior = replay(instance, instance.initial[0], labels)
    rule = next(r for r in instance.properties if r.kind == "implements")
    assert past_of_violation(behavior, rule, (), events(behavior)) == {1, 2, 3, 4, 5}
