"""Three-phase commit: its counts, that no crash blocks it as two-phase commit is blocked, and what a partition does to it."""

from __future__ import annotations

import pytest
from tests.models.bfs import search

from mcheck.checker.valency.engine import study
from mcheck.checker.valency.verdict import Counts
from mcheck.models.tcommit import RM
from mcheck.models.three_phase_commit import Partition, RMState, ThreePhaseCommit
from mcheck.models.two_phase_commit import TMCrashes
from mcheck.spec import replay


def test_counts() -> None:
    found = search(ThreePhaseCommit())
    assert found.counts == (188, 417, 10)  # no other source
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "all commit": 8,
        "all commit although the transaction manager has crashed before it could": 8,
    }


@pytest.mark.slow
def test_three_managers_and_two_crashes() -> None:
    found = search(ThreePhaseCommit(managers=3, faults=2))
    assert found.violated == {}


def test_no_crash_blocks_it_where_two_phases_are_blocked() -> None:
    three, two = (
        study(ThreePhaseCommit().instance, engine="reference"),
        study(TMCrashes(managers=2).instance, engine="reference"),
    )
    assert three.counts == Counts(bivalent=10, univalent=(50, 128), null=0, disagreeing=0)
    assert [e.states for e in three.blocked] == [0, 0, 0]
    assert three.run is None
    assert [e.states for e in two.blocked] == [4, 0, 0]
    assert two.run is not None and not two.run.faultless


def test_whoever_is_ahead_decides_for_the_others() -> None:
    spec = ThreePhaseCommit()
    labels = [
        "rm_prepare(rm=0)",
        "rm_prepare(rm=1)",
        "tm_pre_commit()",
        "rm_pre_commit(rm=1)",
        "tm_crash()",
        "rule(rm=0)",
    ]
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    with spec.instance.active():
        assert [last.managers[rm].ruling for rm in RM] == [RMState.COMMITTED] * 2
    early = replay(spec.instance, spec.instance.initial[0], ["rm_prepare(rm=0)", "tm_crash()", "rule(rm=0)"]).last
    with spec.instance.active():
        assert [early.managers[rm].ruling for rm in RM] == [RMState.ABORTED] * 2


def test_a_partition_taken_for_a_crash() -> None:
    found = search(Partition(faults=0), check=("Consistent",), until="Consistent")
    assert len(found.violated["Consistent"]) == 9
    verdict = study(Partition(faults=0).instance, engine="reference")
    assert verdict.counts is not None and verdict.counts.disagreeing > 0
