"""Byzantine members: what they can sign counts as sent, and where that would not be exact it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import pytest

from mcheck.spec import (
    AtMost,
    Byzantine,
    Cut,
    In,
    Index,
    Injection,
    Map,
    Range,
    Record,
    Set,
    Spec,
    SpecError,
    action,
    all,
    always,
    any,
    bound,
    constant,
    constraint,
    count,
    extended,
    implements,
    len,
    max,
    min,
    reachable,
    relied_on,
    replay,
    require,
    step,
    where,
)
from mcheck.spec.errors import LanguageError
from mcheck.spec.tracing import trace as tracing
from mcheck.spec.tracing.trace import trace


class Node(Index, size="nodes"):
    """A member."""


Round = Annotated[int, Range(0, "rounds-1")]
Correct = Annotated[Node, In("correct")]


class Yes(Record):
    round: Round
    src: Node


class No(Record):
    round: Round
    src: Node


Message = Yes | No


class State(Record):
    correct: Set[Node]
    at: Map[Node, Round]
    msgs: Set[Message] = Set()


class Votes(Byzantine[State]):
    """Members say yes or no in every round, and go on to the next one when `enough` is said."""

    nodes: int = constant(3, "members")
    rounds: int = bound(2, "rounds")

    def init(self) -> Iterable[State]:
        return [State(correct=Set(Node) - Set.of(i), at=Map.fill(Node, 0)) for i in Node]

    def signer(self, s: State, m: Message) -> Node:
        return m.src

    def yes(self, s: State, j: Node, r: int) -> bool:
        return self.sent(s, Yes(round=r, src=j))

    def no(self, s: State, j: Node, r: int) -> bool:
        return self.sent(s, No(round=r, src=j))

    @action
    def say_yes(self, s: State, i: Correct) -> State:
        return s.replace(msgs=s.msgs.add(Yes(round=s.at[i], src=i)))

    @action
    def say_no(self, s: State, i: Correct) -> State:
        return s.replace(msgs=s.msgs | Set.of(No(round=s.at[i], src=i)))

    @action
    def go_on(self, s: State, i: Correct) -> State:
        require(self.enough(s, i, s.at[i]), "enough is said")
        return s.replace(at=s.at.set(i, s.at[i] + 1))

    def enough(self, s: State, i: Node, r: int) -> bool:
        return count(self.yes(s, j, r) for j in Node) >= 2


Guard = Callable[[Any, State, Any, int], Any]

MONOTONE: dict[str, Guard] = {
    "any": lambda self, s, i, r: any(self.yes(s, j, r) for j in Node),
    "all": lambda self, s, i, r: all(self.no(s, j, r) for j in Node if j != i),
    "enough": lambda self, s, i, r: count(self.yes(s, j, r) for j in Node) >= 2,
    "enough, said the other way round": lambda self, s, i, r: not count(self.yes(s, j, r) for j in Node) < 2,
    "a sum": lambda self, s, i, r: count(self.yes(s, j, r) for j in Node) + count(self.no(s, j, r) for j in Node) >= 4,
    "few unsaid": lambda self, s, i, r: count(not self.yes(s, j, r) for j in Node) <= 1,
    "none unsaid": lambda self, s, i, r: not any(not self.yes(s, j, r) for j in Node),
    "and": lambda self, s, i, r: self.yes(s, i, r) and any(self.no(s, j, r) for j in Node),
    "or": lambda self, s, i, r: self.no(s, i, r) or all(self.yes(s, j, r) for j in Node),
    "if that asks for nothing": lambda self, s, i, r: (
        self.yes(s, i, r) if r == 0 else any(self.no(s, j, r) for j in Node)
    ),
    "if one side says less": lambda self, s, i, r: r == 0 if any(self.yes(s, j, r) for j in Node) else False,
    "size of a set": lambda self, s, i, r: len(Set(j for j in Node if self.yes(s, j, r))) >= 2,
    "member of a set": lambda self, s, i, r: i in Set(j for j in Node if self.yes(s, j, r)),
    "part of a set": lambda self, s, i, r: s.correct <= Set(j for j in Node if self.yes(s, j, r)),
    "numbers": lambda self, s, i, r: where(self.yes(s, i, r), 2, 1) + where(self.no(s, i, r), 1, 0) >= 2,
    "extremes": lambda self, s, i, r: (
        max(count(self.yes(s, j, r) for j in Node), min(2, count(self.no(s, j, r) for j in Node))) >= 2
    ),
    "nested": lambda self, s, i, r: any(count(self.yes(s, j, q) for j in Node) >= 2 for q in range(self.rounds)),
}
REFUSED: dict[str, Guard] = {
    "not": lambda self, s, i, r: not self.yes(s, i, r),
    "none": lambda self, s, i, r: not any(self.no(s, j, r) for j in Node),
    "some unsaid": lambda self, s, i, r: any(not self.yes(s, j, r) for j in Node),
    "few": lambda self, s, i, r: count(self.yes(s, j, r) for j in Node) < 2,
    "exactly": lambda self, s, i, r: count(self.yes(s, j, r) for j in Node) == 2,
    "more than of the others": lambda self, s, i, r: (
        count(self.yes(s, j, r) for j in Node) > count(self.no(s, j, r) for j in Node)
    ),
    "if that asks": lambda self, s, i, r: self.yes(s, i, r) if any(self.no(s, j, r) for j in Node) else r == 0,
    "numbers": lambda self, s, i, r: where(self.yes(s, i, r), 1, 2) >= 2,
    "a small set": lambda self, s, i, r: len(Set(j for j in Node if self.yes(s, j, r))) <= 1,
    "equality": lambda self, s, i, r: self.yes(s, i, r) == self.no(s, i, r),
    "difference of sets": lambda self, s, i, r: i in s.correct - Set(j for j in Node if self.yes(s, j, r)),
}


def guarded(guard: Guard) -> type[Votes]:
    return type("Guarded", (Votes,), {"enough": guard})


def injected(base: type[Votes]) -> type[Votes]:
    class Injected(Injection[State], base):  # type: ignore[valid-type, misc]
        @action
        def byzantine_send(self, s: State, m: Message) -> State:
            return self.injected(s, m)

    return Injected


def reached(spec: Spec[Any]) -> set[State]:
    """The reachable states, without what faulty members have sent."""
    instance = spec.instance
    trace(instance)
    with instance.active():
        frontier = list(instance.initial)
        seen = set(frontier)
        while frontier:
            for _, _, after in instance.transitions(frontier.pop()):
                if not isinstance(after, Cut) and after not in seen:
                    seen.add(after)
                    frontier.append(after)
    return {s.replace(msgs=Set(m for m in s.msgs if m.src in s.correct)) for s in seen}


def refused(spec: type[Spec[Any]]) -> str:
    with pytest.raises(LanguageError) as error:
        trace(spec().instance)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", MONOTONE)
def test_monotone_guards_lose_nothing(name: str) -> None:
    """The same behaviours of correct members as where faulty ones send step by step."""
    spec = guarded(MONOTONE[name])
    assert reached(spec(nodes=2)) == reached(injected(spec)(nodes=2))


@pytest.mark.parametrize("name", REFUSED)
def test_other_guards_are_refused_and_can_be_injected(name: str) -> None:
    spec = guarded(REFUSED[name])
    message = refused(spec)
    assert message.startswith("test_byzantine.py:")
    assert "go_on: " in message and "class X(Injection[State], Guarded)" in message
    trace(injected(spec)().instance)


@pytest.mark.parametrize("name", ["none", "few", "more than of the others"])
def test_other_guards_would_lose_behaviours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "check_monotone", lambda *_: None)
    spec = guarded(REFUSED[name])
    assert reached(spec(nodes=2)) < reached(injected(spec)(nodes=2))


# ---------------------------------------------------------------------- what else is refused


def test_the_line_that_asks_is_named() -> None:
    class Waits(Votes):
        def enough(self, s: State, i: Node, r: int) -> bool:
            return not self.sent(s, No(round=r, src=i))

    line = Waits.enough.__code__.co_firstlineno + 1
    assert refused(Waits) == (
        f"test_byzantine.py:{line}: go_on: one message more of a faulty member may only make more steps possible, and "
        "not lead them elsewhere; it counts as having sent all that it can sign.  Ask for what was sent, not for what was "
        "not (any, all, count(…) >= k, and, or), or let it send step by step: class X(Injection[State], Waits)"
    )


class Noted(State):
    heard: bool = False


def test_what_was_sent_may_not_decide_where_a_step_leads() -> None:
    class Copies(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            return s.replace(at=s.at.set(i, where(self.yes(s, i, 0), 1, 0)))

    assert "go_on: one message more of a faulty member may only make more steps possible" in refused(Copies)

    class Branches(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            if self.yes(s, i, 0):
                return s.replace(at=s.at.set(i, 1))
            return s.replace(at=s.at.set(i, 0))

    assert "go_on: one message more of a faulty member may only make more steps possible" in refused(Branches)

    class Notes(Votes):
        """What is noted only grows with the messages; but the state in which it is not noted would be lost."""

        def init(self) -> Iterable[Noted]:  # type: ignore[override]
            return [extended(start, Noted) for start in super().init()]

        @action
        def note(self, s: Noted, i: Correct) -> State:
            return s.replace(heard=self.yes(s, i, 0))

    assert "note: one message more of a faulty member may only make more steps possible" in refused(Notes)


def test_messages_are_asked_for_through_sent_only() -> None:
    class Peeks(Votes):
        def enough(self, s: State, i: Node, r: int) -> bool:
            return Yes(round=r, src=i) in s.msgs

    line = Peeks.enough.__code__.co_firstlineno + 1
    assert refused(Peeks) == (
        f"test_byzantine.py:{line}: go_on: s.msgs holds only what correct members have sent: ask self.sent(s, m)"
    )

    class Receives(Votes):
        @action
        def receive(self, s: State, i: Correct, m: Annotated[Yes, In("msgs")]) -> State:
            return s.replace(at=s.at.set(i, m.round))

    assert 'receive: parameter m: In("msgs") leaves out what faulty members may have sent' in refused(Receives)


def test_messages_stay() -> None:
    class Forgets(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            return s.replace(msgs=Set(m for m in s.msgs if m.src != i))

    assert "go_on: msgs may only grow (add, |)" in refused(Forgets)

    class Swaps(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            return s.replace(msgs=s.msgs.add(Yes(round=0, src=i)).remove(No(round=0, src=i)))

    assert "go_on: msgs may only grow (add, |)" in refused(Swaps)


def test_who_is_faulty_is_chosen_once() -> None:
    class Corrupts(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            return s.replace(correct=s.correct.remove(i))

    assert "go_on: changes which members are correct: init chooses them" in refused(Corrupts)


def test_sent_is_asked_of_the_state_of_the_rule() -> None:
    class Looks(Votes):
        @action
        def go_on(self, s: State, i: Correct) -> State:
            after = s.replace(msgs=s.msgs.add(Yes(round=0, src=i)))
            require(self.yes(after, i, 0), "yes")
            return after

    assert "go_on: sent(s, m) asks of the state that the rule is given" in refused(Looks)


def test_properties_ask_in_their_own_direction() -> None:
    """An invariant is broken, and a witness found, by more messages."""

    class Fine(Votes):
        @always("not all")
        def not_all(self, s: State) -> bool:
            return not all(self.yes(s, j, 0) for j in Node)

        @reachable("all")
        def everyone(self, s: State) -> bool:
            return all(self.yes(s, j, 0) for j in Node)

    trace(Fine().instance)

    class Hopes(Votes):
        @always("somebody")
        def somebody(self, s: State) -> bool:
            return any(self.yes(s, j, 0) for j in Node)

    assert "somebody: one message more of a faulty member may only break an invariant" in refused(Hopes)

    class Misses(Votes):
        @reachable("nobody")
        def nobody(self, s: State) -> bool:
            return not any(self.yes(s, j, 0) for j in Node)

    assert "nobody: one message more of a faulty member may only make a witness true" in refused(Misses)

    class Steps(Votes):
        @step("grows")
        def grows(self, before: State, after: State, i: Node) -> bool:
            return not self.yes(before, i, 0) or self.yes(after, i, 0)

    assert "grows: a property of steps may not depend" in refused(Steps)

    class Limits(Votes):
        @constraint("few")
        def few(self, s: State) -> bool:
            return not all(self.yes(s, j, 0) for j in Node)

    assert "few: a constraint may not depend" in refused(Limits)

    class Raw(Votes):
        @always("no message")
        def no_message(self, s: State) -> bool:
            return len(s.msgs) < 9

    assert "no_message: s.msgs holds only what correct members have sent" in refused(Raw)


def test_a_mapping_reads_no_message() -> None:
    class Mapped(Votes):
        @implements(Votes)
        def as_votes(self, s: State) -> State:
            return s

    assert "as_votes: s.msgs holds only what correct members have sent" in refused(Mapped)


class Nothing(Record):
    at: Map[Node, Round]


class Bare(Byzantine[Nothing]):
    nodes: int = constant(3)
    rounds: int = bound(2)

    def init(self) -> Nothing:
        return Nothing(at=Map.fill(Node, 0))

    @action
    def go(self, s: Nothing, i: Node) -> Nothing:
        return s


class Few(Record):
    correct: Set[Node] = Set()
    msgs: Annotated[Set[Yes], AtMost(2)] = Set()


class Capped(Byzantine[Few]):
    nodes: int = constant(3)
    rounds: int = bound(2)

    def init(self) -> Few:
        return Few()

    @action
    def go(self, s: Few, i: Node) -> Few:
        return s


def test_the_two_fields_are_needed() -> None:
    assert refused(Bare) == "Nothing.correct: a Byzantine protocol needs the field correct: Set[Node], Node an Index"
    assert refused(Capped) == "Few.msgs: a Byzantine protocol needs the field msgs: Set[Message], without a capacity"


def test_a_protocol_says_who_signs() -> None:
    class Anonymous(Votes):
        def signer(self, s: State, m: Message) -> Node:
            return Byzantine.signer(self, s, m)  # type: ignore[return-value]

    state = Anonymous().instance.initial[0]
    with pytest.raises(SpecError, match=r"Anonymous does not say who signs a message: define signer"):
        Anonymous().go_on(state, Node(1))


# ---------------------------------------------------------------------- meaning


def test_what_is_beyond_the_bounds_nobody_sends() -> None:
    """With one round: a faulty member has sent nothing in a second one."""
    spec = Votes(rounds=1)
    (state,) = (s for s in spec.instance.initial if Node(0) not in s.correct)
    with spec.instance.active():
        assert spec.yes(state, Node(0), 0) and not spec.yes(state, Node(0), 1)
        assert not spec.yes(state, Node(1), 0)


def test_what_a_step_relies_on_is_as_little_as_possible() -> None:
    spec = Votes(nodes=4)
    instance = spec.instance
    with instance.active():
        state = instance.initial[0].replace(correct=Set.of(Node(2), Node(3)))
        state = state.replace(msgs=Set.of(Yes(round=0, src=Node(2))))
        more = state.replace(msgs=state.msgs.add(Yes(round=0, src=Node(3))))
    (go,) = replay(instance, state, ["go_on(i=2)"]).steps
    assert relied_on(state, go, instance) == (Yes(round=0, src=Node(0)),)
    assert relied_on(state, go, instance, frozenset([Yes(round=0, src=Node(1))])) == ()
    (go,) = replay(instance, more, ["go_on(i=2)"]).steps
    assert relied_on(more, go, instance) == ()


def test_an_injected_message_is_sent_once_and_by_a_faulty_member() -> None:
    instance = injected(Votes)().instance
    state = next(s for s in instance.initial if Node(0) not in s.correct)
    labels = ["byzantine_send(m=Yes(round=0, src=0))", "say_yes(i=1)", "go_on(i=1)"]
    assert len(replay(instance, state, labels).last.msgs) == 2
    for wrong in ([labels[0], labels[0]], ["byzantine_send(m=Yes(round=0, src=1))"], labels[1:]):
        with pytest.raises(Exception, match=r"it was not sent before|the signer is faulty|enough is said"):
            replay(instance, state, wrong)
