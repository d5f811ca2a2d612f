"""TCommit and two-phase commit: the counts of TLC, the refinement between them, and faults that are noticed."""

import pytest
from tests.models.bfs import search

from mcheck.checker.liveness.engine import decide
from mcheck.models.tcommit import CommitsUnprepared, TCommit
from mcheck.models.tcommit import State as TCommitState
from mcheck.models.two_phase_commit import (
    Abort,
    AbortsAfterPrepared,
    CommitsEarly,
    State,
    TMCrashes,
    TMState,
    TwoPhaseCommit,
)
from mcheck.spec import ReplayMismatch, action, replay

LEVELS = {
    3: [1, 7, 21, 38, 50, 54, 49, 36, 21, 9, 2],
    5: [1, 11, 55, 170, 375, 652, 962, 1250, 1425, 1390, 1131, 753, 405, 175, 60, 15, 2],
}


# ---------------------------------------------------------------------- TCommit


def test_tcommit_counts() -> None:
    found = search(TCommit())
    assert found.counts == (34, 94, 6)  # three managers, TLC
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {"all commit": 6, "all abort": 3}


def test_commit_without_the_others_breaks_consistency() -> None:
    assert len(search(CommitsUnprepared()).violated["Consistent"]) == 3


class AbortsLate(TCommit):
    def not_committed(self, s: TCommitState) -> bool:
        return True


def test_an_abort_after_a_commit_breaks_consistency() -> None:
    assert len(search(AbortsLate(managers=2)).violated["Consistent"]) == 4


# ---------------------------------------------------------------------- two-phase commit


@pytest.mark.parametrize(("managers", "generated"), [(3, 1146), (5, 58146)])
def test_counts(managers: int, generated: int) -> None:
    n = managers
    found = search(TwoPhaseCommit(managers=n))
    assert found.counts == (6**n + 4**n + 2**n, generated, 3 * n + 1)
    assert found.levels == LEVELS[n]
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {"all commit": 3 * n + 1, "all abort": n}


def test_counts_of_actions() -> None:
    assert search(TwoPhaseCommit()).actions == {
        "tm_rcv_prepared": 96,
        "tm_commit": 1,
        "tm_abort": 64,
        "rm_prepare": 156,
        "rm_choose_to_abort": 156,
        "rm_rcv_commit_msg": 24,
        "rm_rcv_abort_msg": 648,
    }


PREPARED_BY_ALL = [
    "rm_prepare(rm=0)",
    "rm_prepare(rm=1)",
    "tm_rcv_prepared(rm=0)",
    "tm_rcv_prepared(rm=1)",
]


def test_a_transaction_that_commits() -> None:
    spec = TwoPhaseCommit(managers=2)
    labels = [*PREPARED_BY_ALL, "tm_commit()", "rm_rcv_commit_msg(rm=1)", "rm_rcv_commit_msg(rm=0)"]
    assert spec.all_commit(replay(spec.instance, spec.instance.initial[0], labels).last)


def test_a_prepared_manager_cannot_abort_alone() -> None:
    instance = TwoPhaseCommit(managers=2).instance
    with pytest.raises(ReplayMismatch, match="promised nothing"):
        replay(instance, instance.initial[0], ["rm_prepare(rm=0)", "rm_choose_to_abort(rm=0)"])


def test_committing_early() -> None:
    found = search(CommitsEarly())
    assert len(found.violated["Consistent"]) == 5
    assert len(found.violated["implements TCommit"]) == 4  # the commit itself, before anyone has aborted


@pytest.mark.parametrize(("managers", "steps"), [(2, 7), (3, 9)])
def test_aborting_after_prepared(managers: int, steps: int) -> None:
    found = search(AbortsAfterPrepared(managers=managers))
    assert len(found.violated["Consistent"]) == steps
    assert len(found.violated["implements TCommit"]) == steps


class AbortsAnyway(TwoPhaseCommit):
    @action
    def tm_abort(self, s: State) -> State:
        return s.replace(tm_state=TMState.ABORTED, msgs=s.msgs.add(Abort()))


def test_a_second_decision_breaks_consistency() -> None:
    assert "Consistent" in search(AbortsAnyway(managers=2)).violated


def test_who_has_prepared_waits_for_ever_for_a_manager_that_has_crashed() -> None:
    violation = decide(TMCrashes(managers=2).instance).violation
    assert violation is not None and violation.lasso is not None
    assert violation.lasso.behavior.labels == ("rm_prepare(rm=0)", "rm_prepare(rm=1)", "tm_crash()")
