"""Several extensions of one spec as one: what is merged, what is kept, and what is refused."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from mcheck.spec import (
    AtMost,
    Bag,
    Broken,
    In,
    Index,
    Map,
    Record,
    Set,
    Spec,
    SpecError,
    action,
    always,
    composed,
    constant,
    extended,
    require,
)
from mcheck.spec.tracing.trace import trace


class Node(Index, size="nodes"):
    """A peer."""


class Peer(Record):
    up: bool = True


class Ping(Record):
    src: Node


class State(Record):
    peers: Map[Node, Peer]
    msgs: Annotated[Set[Ping], AtMost(4)] = Set()


class Pinging(Spec[State]):
    nodes: int = constant(2, "peers")

    def init(self) -> State:
        return State(peers=Map.fill(Node, Peer()))

    @action
    def ping(self, s: State, i: Node) -> State:
        return s.replace(msgs=s.msgs.add(Ping(src=i)))

    @action
    def take(self, s: State, m: Annotated[Ping, In("msgs")]) -> State:
        return self.taken(s.replace(msgs=s.msgs.remove(m)), m)

    def taken(self, s: State, m: Any) -> State:
        return s


class Counter(Peer):
    pinged: bool = False


class CountingState(State):
    peers: Map[Node, Counter]  # type: ignore[assignment]


class Counting(Pinging):
    """Peers remember that they have pinged."""

    def init(self) -> CountingState:
        return extended(super().init(), CountingState)

    @action
    def ping(self, s: CountingState, i: Node) -> State:  # type: ignore[override]
        after = super().ping(s, i)
        return after.replace(peers=s.peers.set(i, s.peers[i].replace(pinged=True)))


class Pong(Record):
    dst: Node


class PongState(State):
    msgs: Annotated[Set[Ping | Pong], AtMost(4)] = Set()  # type: ignore[assignment]


class Ponging(Pinging):
    """A ping is answered."""

    def init(self) -> PongState:
        return extended(super().init(), PongState)

    @action
    def take(self, s: PongState, m: Annotated[Ping | Pong, In("msgs")]) -> State:  # type: ignore[override]
        return super().take(s, m)  # type: ignore[arg-type]

    def taken(self, s: PongState, m: Any) -> State:  # type: ignore[override]
        if isinstance(m, Ping):
            return s.replace(msgs=s.msgs.add(Pong(dst=m.src)))
        return super().taken(s, m)


class Repeating(Pinging):
    """A message may be taken and stay."""

    @action
    def take_copy(self, s: State, m: Annotated[Ping, In("msgs")]) -> State:
        return self.taken(s, m)

    @always("no message is lost")
    def kept(self, s: State, m: Annotated[Ping, In("msgs")]) -> bool:
        return m in s.msgs


ALL = composed("all", Pinging, [Repeating, Ponging, Counting])


def parameter_kinds(cls: type[Spec[Any]], rule: str) -> set[str]:
    instance = cls().instance
    (parameter,) = next(r for r in (*instance.actions, *instance.properties) if r.name == rule).signature.parameters
    domain: Any = parameter.domain
    return {kind.cls.__name__ for kind in getattr(domain, "kinds", (domain,))}


def test_records_have_the_fields_of_all() -> None:
    instance = ALL().instance
    (start,) = instance.initial
    assert isinstance(start, CountingState) and isinstance(start, PongState)
    with instance.active():
        assert [p.pinged for p in start.peers.values()] == [False, False]
    trace(instance)


def test_actions_and_properties_take_the_messages_of_all() -> None:
    """Without this, Repeating would repeat only what Pinging sends, and say nothing of it."""
    assert parameter_kinds(Repeating, "take_copy") == {"Ping"}
    for rule in ("take", "take_copy", "kept"):
        assert parameter_kinds(ALL, rule) == {"Ping", "Pong"}


def test_every_rule_is_taken_over() -> None:
    spec = ALL()
    (start,) = spec.instance.initial
    with spec.instance.active():
        i, _ = Node
        pinged = spec.ping(start, i)  # type: ignore[attr-defined]
        assert pinged.peers[i].pinged
        assert spec.take_copy(pinged, Ping(src=i)).msgs == Set.of(Ping(src=i), Pong(dst=i))  # type: ignore[attr-defined]


def test_the_first_has_the_last_word() -> None:
    class Deaf(Pinging):
        def taken(self, s: State, m: Any) -> State:
            return s

    for order, answered in (((Deaf, Ponging), False), ((Ponging, Deaf), True)):
        spec = composed("two", Pinging, order)()
        (start,) = spec.instance.initial
        with spec.instance.active():
            i, _ = Node
            after = spec.take(spec.ping(start, i), Ping(src=i))  # type: ignore[attr-defined]
            assert (Pong(dst=i) in after.msgs) == answered


def test_one_extension_is_itself_and_what_another_contains_is_dropped() -> None:
    class More(Counting):
        pass

    assert composed("one", Pinging, [Counting]) is Counting
    assert composed("both", Pinging, [Counting, More]) is More


def test_a_declared_outcome_is_not_inherited() -> None:
    class Silent(Counting):
        outcome = Broken("no message is lost", steps=1)

        @always("no message is lost")
        def kept(self, s: State) -> bool:
            return True

    assert vars(composed("two", Pinging, [Silent, Ponging])).get("outcome") is None


class BagState(State):
    msgs: Annotated[Bag[Ping], AtMost(4)] = Bag()  # type: ignore[assignment]


class Bags(Pinging):
    def init(self) -> BagState:
        return BagState(peers=super().init().peers)


class Started(Pinging):
    def init(self) -> CountingState:
        start = extended(super().init(), CountingState)
        return start.replace(peers=Map.fill(Node, Counter(pinged=True)))


class Needy(State):
    owner: Node


class Owned(Pinging):
    def init(self) -> Needy:
        return extended(super().init(), Needy)


class Counted(Peer):
    pinged: bool = False


class CountedState(State):
    peers: Map[Node, Counted]  # type: ignore[assignment]


class CountingAgain(Pinging):
    def init(self) -> CountedState:
        return extended(super().init(), CountedState)


class Helping(Pinging):
    def helper(self) -> int:
        return 1


class HelpingToo(Pinging):
    def helper(self) -> int:
        return 2


class Limited(Pinging):
    most: int = constant(1, "pings")


class LimitedToo(Pinging):
    most: int = constant(2, "pongs")


class Other(Spec[State]):
    @action
    def go(self, s: State) -> State:
        require(False, "never")
        return s


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ([Other, Counting], "both: Other does not extend Pinging, and cannot be put on it"),
        ([Bags, Ponging], "both: State.msgs: it cannot be both "),
        (
            [Started, Ponging],
            "both: Started starts in other states than Pinging, or not with the defaults of what it adds",
        ),
        (
            [Counting, CountingAgain],
            "both: State.peers: Counter and Counted each have a field pinged of their own: rename one",
        ),
        ([Helping, HelpingToo], "both: Helping and HelpingToo each have a helper of their own: rename one"),
        ([Limited, LimitedToo], "both: Limited and LimitedToo each have a most of their own: rename one"),
        ([Owned, Ponging], "Needy.owner needs a default: what an extension adds starts with it"),
    ],
)
def test_what_cannot_be_put_together_is_refused_in_one_line(extensions: list[type[Spec[Any]]], message: str) -> None:
    with pytest.raises(SpecError) as refused:
        _ = composed("both", Pinging, extensions)().instance
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
