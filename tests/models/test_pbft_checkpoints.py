"""PBFT with checkpoints: its counts, the rules of section 4.3, and Byzantine messages as steps."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from tests.models.native_search import witnessed

from mcheck.checker import Limits, Verdict
from mcheck.checker.engines import search
from mcheck.models.pbft import NewView, Replica, State, ViewChange
from mcheck.models.pbft_checkpoints import (
    AnyMessage,
    NewViewAbove,
    OneProves,
    PBFTCheckpoints,
    ViewChangeAbove,
)
from mcheck.spec import Injection, ReplayMismatch, Spec, Where, action, replay

EXECUTED, LATER, TWICE, EVERYWHERE, STABLE, ABOVE = (
    "a request is executed in view 0",
    "a request is executed after a view change",
    "a request is executed in two views",
    "all correct replicas execute",
    "a checkpoint is stable",
    "a view begins above a checkpoint",
)


def explored(spec: Spec[Any], engine: str = "native", **options: Any) -> Verdict:
    if engine == "native":
        pytest.importorskip("llvmlite")
    return search(spec.instance, engine, symmetry=True, **options)


# ---------------------------------------------------------------------- counts: no other source; a change of them is a change of the model


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_one_view(engine: str) -> None:
    found = explored(PBFTCheckpoints(views=1), engine)
    assert (found.distinct, found.generated, found.depth) == (203, 1146, 14)
    assert found.violation is None
    assert witnessed(found) == {EXECUTED: 6, EVERYWHERE: 8, STABLE: 8}


def test_two_views() -> None:
    """Every action is taken, and every guard was true once."""
    found = explored(PBFTCheckpoints())
    assert (found.distinct, found.generated, found.depth) == (68305, 384654, 24)
    assert found.violation is None and found.never_fired == () and found.guards_never_true == ()
    assert witnessed(found) == {EXECUTED: 6, LATER: 9, TWICE: 9, EVERYWHERE: 8, STABLE: 8, ABOVE: 11}


@pytest.mark.slow
def test_the_engines_agree_on_two_views() -> None:
    native, reference = (explored(PBFTCheckpoints(), e, limits=Limits(depth=9)) for e in ("native", "reference"))
    assert (native.distinct, native.generated) == (reference.distinct, reference.generated)


# ---------------------------------------------------------------------- Byzantine messages as steps


class Sending(Injection[State]):
    @action
    def byzantine_send(self, s: State, m: Annotated[AnyMessage, Where("is_heeded")]) -> State:
        return self.injected(s, m)

    def is_heeded(self, m: AnyMessage) -> bool:
        """Nobody waits for view 0 to begin."""
        view = getattr(m, "view", 0)
        return view > 0 or not isinstance(m, ViewChange | ViewChangeAbove | NewView | NewViewAbove)


class Injected(Sending, PBFTCheckpoints):
    """Faulty replicas send their messages one by one."""


class InjectedOneProves(Sending, OneProves):
    """The same where one CHECKPOINT is a proof."""


def test_the_verdict_is_the_same_where_faulty_replicas_send_step_by_step() -> None:
    predicate, injected = (explored(cls(views=1)) for cls in (PBFTCheckpoints, Injected))
    assert [p.finding for p in predicate.properties] == [p.finding for p in injected.properties]
    assert predicate.distinct < injected.distinct


def test_a_forged_checkpoint_is_found_either_way() -> None:
    """Sent step by step it takes two more, one for each CHECKPOINT."""
    lengths = []
    for cls in (OneProves, InjectedOneProves):
        found = explored(cls(views=1), properties=["agreement"]).violation
        assert found is not None
        lengths.append(found.steps)
    assert lengths == [2, 4]


# ---------------------------------------------------------------------- sections 4.3 and 4.4

EXECUTE = [
    "request(d=0)",
    "pre_prepare(i=0, d=0)",
    *(f"prepare(i={i}, d=0)" for i in (1, 2)),
    *(f"commit(i={i}, d=0)" for i in (0, 1, 2)),
    *(f"execute(i={i}, d=0)" for i in (0, 1, 2)),
]


def run(labels: list[str]) -> Any:
    """The state after these steps, where replica 3 is faulty, and replicas 0 and 1 are the first primaries."""
    instance = PBFTCheckpoints().instance
    start = next(
        s for s in instance.initial if Replica(3) not in s.correct and s.primary.values() == (Replica(0), Replica(1))
    )
    return replay(instance, start, labels).last


def test_a_checkpoint_is_stable_by_the_word_of_a_quorum() -> None:
    """The word of the faulty replica and of two others; then nothing of the log is left."""
    with pytest.raises(ReplayMismatch, match="a quorum has taken this checkpoint"):
        run([*EXECUTE[:-2], "stabilise(i=0, d=0)"])
    me = run([*EXECUTE[:-1], "stabilise(i=0, d=0)"]).replicas[Replica(0)]
    assert (me.accepted, me.prepared) == (None, None)
    assert me.executed is not None


def test_who_has_not_executed_takes_the_state_over() -> None:
    behind = run([*EXECUTE[:-1], "stabilise(i=2, d=0)"]).replicas[Replica(2)]
    assert behind.executed is not None and behind.executed.digest == behind.stable


def test_nothing_is_proposed_below_the_low_water_mark() -> None:
    with pytest.raises(ReplayMismatch, match="number 1 is above the low water mark"):
        run(["request(d=1)", *EXECUTE, "stabilise(i=0, d=0)", "pre_prepare(i=0, d=1)"])


LEFT = [*EXECUTE, "stabilise(i=0, d=0)", *(f"view_change(i={i})" for i in (0, 1, 2))]


def test_a_view_begins_above_a_checkpoint_that_a_view_change_shows() -> None:
    state = run([*LEFT, "new_view_above(i=1, d=0)", "accept_new_view_above(i=2, d=0)"])
    assert all(state.replicas[Replica(i)].active and state.replicas[Replica(i)].stable is not None for i in (1, 2))


def test_a_primary_with_a_stable_checkpoint_does_not_begin_below_it() -> None:
    """Its own VIEW-CHANGE would have to be among those that it shows."""
    with pytest.raises(ReplayMismatch, match="number 1 is above the low water mark"):
        run([*LEFT[:-3], "stabilise(i=1, d=0)", *LEFT[-3:], "new_view(i=1, d=0)"])
