"""One round of votes: its counts, the two ways to fail, and that each property can."""

from __future__ import annotations

import pytest
from tests.models.bfs import search

from mcheck.checker.valency.engine import study
from mcheck.checker.valency.verdict import Counts
from mcheck.models.one_round import DecidesEarly, OneRound, Process, State
from mcheck.spec import UsageError


@pytest.mark.parametrize(("processes", "values", "states"), [(2, 2, 28), (3, 2, 120), (3, 3, 405), (4, 2, 496)])
def test_counts(processes: int, values: int, states: int) -> None:
    """v^n inputs; before all have voted any proper subset has, 2^n - 1; after that any subset has decided, 2^n."""
    assert states == values**processes * (2 ** (processes + 1) - 1)
    found = search(OneRound(processes=processes, values=values))
    assert found.counts[0] == states
    assert found.violated == {}
    assert len(found.reached["all decide"]) == 2 * processes


def test_waiting_for_all_blocks_with_a_fault() -> None:
    verdict = study(OneRound().instance, engine="reference")
    assert verdict.counts == Counts(bivalent=0, univalent=(105, 15), null=0, disagreeing=0)
    assert [(e.states, e.nearest and e.nearest.labels) for e in verdict.blocked] == [(32, ())] * 3
    apart = verdict.neighbours
    assert apart is not None and {apart.first.valency, apart.second.valency} == {((0,),), ((1,),)}
    assert verdict.run is None


def test_waiting_for_enough_blocks_never_and_disagrees() -> None:
    verdict = study(DecidesEarly().instance, engine="reference")
    assert verdict.counts == Counts(bivalent=150, univalent=(153, 42), null=0, disagreeing=36)
    assert [e.states for e in verdict.blocked] == [0, 0, 0]
    assert verdict.run is None


def test_somebody_must_stay_up() -> None:
    with pytest.raises(UsageError, match="at least one must stay up"):
        _ = OneRound(processes=2, faults=2).instance


def decided(*decisions: int | None) -> tuple[OneRound, State]:
    """A state in which all have proposed 0, and decided this."""
    spec = OneRound(processes=len(decisions))
    with spec.instance.active():
        start = spec.instance.initial[0]
        members = start.members
        for i, value in zip(Process, decisions, strict=True):
            members = members.set(i, members[i].replace(decision=value))
        return spec, State(members=members, msgs=start.msgs)


def test_promises_that_are_broken_are_noticed() -> None:
    spec, s = decided(0, 1, None)
    with spec.instance.active():
        i, j, k = Process
        assert not spec.agreement(s, i, j) and spec.agreement(s, i, k)
        assert spec.validity(s, i) and not spec.validity(s, j)
        _, after = decided(1, 1, None)
        assert not spec.integrity(s, after, i) and spec.integrity(s, after, k)
