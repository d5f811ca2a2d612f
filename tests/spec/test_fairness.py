"""Temporal properties and fairness as the language states them, and what it refuses.

What breaks if these fail: a condition of fairness is read as one on other steps, or a mistake in one goes unseen, and every
verdict on liveness rests on it.
"""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from mcheck.spec import (
    In,
    Index,
    Map,
    Record,
    Set,
    Spec,
    SpecError,
    UsageError,
    action,
    always_eventually,
    constant,
    eventually,
    leads_to,
    require,
    strong,
    weak,
)
from mcheck.spec.fairness import on_every_step
from mcheck.spec.temporal import truth


class Node(Index, size="nodes"):
    """A process."""


class Ping(Record):
    dst: Node


class State(Record):
    up: Map[Node, bool]
    msgs: Set[Ping] = Set()


class Pings(Spec[State]):
    nodes: int = constant(2, "processes")

    def init(self) -> State:
        return State(up=Map.fill(Node, True))

    @action
    def send(self, s: State, i: Node) -> State:
        return s.replace(msgs=s.msgs.add(Ping(dst=i)))

    @action
    def receive(self, s: State, m: Annotated[Ping, In("msgs")]) -> State:
        require(s.up[m.dst], "the receiver is up")
        return s.replace(msgs=s.msgs.remove(m))

    def down(self, s: State, i: Node) -> bool:
        return not s.up[i]

    @eventually("Somebody is pinged")
    def pinged(self, s: State) -> bool:
        return s.msgs != Set()

    @leads_to("Pings Arrive")
    def arrives(self, s: State, i: Node) -> tuple[bool, bool]:
        return Ping(dst=i) in s.msgs, Ping(dst=i) not in s.msgs


def stating(*stated: Any) -> type[Pings]:
    """The spec with this fairness."""

    class Stated(Pings):
        def fairness(self) -> Any:
            return [one(self) if callable(one) else one for one in stated]

    return Stated


def test_it_reads_as_the_literature_writes_it() -> None:
    spec = stating(
        lambda s: weak(s.send, each="i", unless=s.down),
        lambda s: strong(s.receive, each="m"),
        lambda s: weak(s.send, s.receive),
        lambda s: weak("send", i=Node(1)),
    )
    assert [str(one) for one in spec().instance.fairness] == [
        "WF(send) for each i, unless down",
        "SF(receive) for each m",
        "WF(send or receive)",
        "WF(send(i=1))",
    ]
    assert Pings().instance.fairness == ()
    assert [str(one) for one in on_every_step(Pings().instance, "strong")] == [
        "SF(send) for each i",
        "SF(receive) for each m",
    ]


def test_a_condition_knows_its_steps() -> None:
    instance = Pings().instance
    send, receive = instance.actions
    with instance.active():
        i, j = Node
        assert weak("send", each="i").key(send, {"i": j}) == (j,)
        assert weak("send", "receive").key(receive, {}) == ()
        assert weak("send", each="i").key(receive, {"m": Ping(dst=i)}) is None
        assert weak("send", i=j).key(send, {"i": i}) is None
        assert weak("send", i=j).key(send, {"i": j}) == ()
        crashed = State(up=Map.fill(Node, True).set(i, False))
        exempt = weak("send", each="i", unless="down")
        assert exempt.waived(instance, crashed, (i,)) and not exempt.waived(instance, crashed, (j,))


def test_temporal_properties_are_no_properties_of_states() -> None:
    instance = Pings().instance
    assert [(r.title, r.kind) for r in instance.temporal] == [
        ("Somebody is pinged", "eventually"),
        ("Pings Arrive", "leads_to"),
    ]
    assert instance.properties == ()
    pinged, arrives = instance.temporal
    with instance.active():
        i, j = Node
        state = State(up=Map.fill(Node, True), msgs=Set.of(Ping(dst=i)))
        assert truth(instance, pinged, state, ()) == (True, True)
        assert truth(instance, arrives, state, (i,)) == (True, False)
        assert truth(instance, arrives, state, (j,)) == (False, True)


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        (weak("sned"), "WF(sned): no action 'sned' (did you mean 'send'?); it has send, receive"),
        (weak("send", each="j"), "WF(send) for each j: send has no parameter 'j'; it has i"),
        (weak("send", "receive", each="i"), "WF(send or receive) for each i: receive has no parameter 'i'; it has m"),
        (weak("send", i=7), "WF(send(i=7)): parameter i of send takes no value 7"),
        (weak("receive", m=3, each="m"), "is both chosen and in each: leave one out"),
        (weak("send", each="i", unless="away"), "Stated has no method 'away': write unless=self.crashed"),
        (weak("send", unless="down"), "down asks for i, which is neither in each nor chosen: name it in each"),
        ("send", "Stated.fairness must return a list of weak(…) and strong(…) (got 'send' in it)"),
    ],
)
def test_a_mistake_is_refused_when_the_constants_are_fixed(stated: Any, says: str) -> None:
    with pytest.raises(SpecError) as refused:
        _ = stating(stated)().instance
    assert says in str(refused.value)


def test_what_is_no_list_is_refused() -> None:
    class One(Pings):
        def fairness(self) -> Any:
            return weak(self.send)

    with pytest.raises(SpecError, match=r"One\.fairness must return a list of weak"):
        _ = One().instance
    with pytest.raises(SpecError, match=r"weak\(\) names no action"):
        weak()
    with pytest.raises(SpecError, match=r"takes methods of the spec or their names"):
        weak(lambda s: s)


def test_a_parameter_that_changes_while_time_passes_is_refused() -> None:
    class Moving(Pings):
        @always_eventually("gone")
        def gone(self, s: State, m: Annotated[Ping, In("msgs")]) -> bool:
            return m not in s.msgs

    with pytest.raises(
        SpecError, match=r"Moving\.gone: parameter m ranges over the members of 'msgs', which change while time passes"
    ):
        _ = Moving().instance


def test_a_title_is_needed() -> None:
    with pytest.raises(SpecError, match="@leads_to needs a title"):
        leads_to(lambda s: (True, True))  # type: ignore[arg-type]


def test_a_pair_is_needed() -> None:
    class Single(Pings):
        @leads_to("half")
        def half(self, s: State) -> Any:
            return True

    instance = Single().instance
    with instance.active(), pytest.raises(SpecError, match=r"half\(\): leads_to must return a pair of bools, \(P, Q\)"):
        truth(instance, instance.temporal[-1], instance.initial[0], ())


def test_a_search_names_the_command_for_a_temporal_property() -> None:
    from mcheck.checker.engines import search

    with pytest.raises(UsageError, match="is a temporal property of Pings: mcheck liveness checks it"):
        search(Pings().instance, properties=["Pings Arrive"])
