"""A rotating coordinator: its counts, and that it decides exactly when the detector is right at last."""

from __future__ import annotations

import pytest
from tests.models.bfs import search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.checker.valency.engine import study
from mcheck.checker.valency.verdict import Counts
from mcheck.models.rotating_coordinator import EventuallyAccurate, Process, RotatingCoordinator, State, Value
from mcheck.spec import UsageError, replay


def test_two_processes() -> None:
    """No other source."""
    found = search(RotatingCoordinator(processes=2, faults=0))
    assert found.counts[0] == 176
    assert found.violated == {}
    assert len(found.reached["all decide"]) == 4


@pytest.mark.slow
def test_three_processes() -> None:
    found = native_search(RotatingCoordinator())
    assert counts(found)[0] == 20910  # no other source
    assert witnessed(found) == {"all decide": 6}


@pytest.mark.slow
def test_a_detector_that_may_be_wrong_for_ever_lets_nobody_decide() -> None:
    pytest.importorskip("llvmlite")
    instance = RotatingCoordinator().instance
    verdict = study(instance)
    assert verdict.counts == Counts(bivalent=540, univalent=(10185, 10185), null=0, disagreeing=0)
    assert [e.states for e in (*verdict.lemma3, *verdict.blocked)] == [0] * 6
    assert verdict.run is not None and verdict.run.bivalent
    assert (len(verdict.run.lasso.stem), len(verdict.run.lasso.cycle)) == (0, 18)


def test_of_two_the_same() -> None:
    right = EventuallyAccurate(processes=2, faults=0).instance
    assert study(right, engine="reference").run is not None
    assert study(right, fairness="declared", engine="reference").run is None


@pytest.mark.slow
def test_a_detector_that_is_right_at_last_makes_all_decide() -> None:
    """The run that stays bivalent is admissible still; it breaks the promise."""
    pytest.importorskip("llvmlite")
    promised = study(EventuallyAccurate().instance, fairness="declared")
    assert (promised.run, promised.states, promised.bivalent) == (None, 67092, 1590)


def test_the_coordinators_take_turns() -> None:
    spec = RotatingCoordinator()
    with spec.instance.active():
        i, j, k = Process
        assert [spec.after(c) for c in (i, j, k)] == [j, k, i]


def test_who_has_heard_it_alone_does_not_decide() -> None:
    spec = RotatingCoordinator()
    start = spec.instance.initial[0]
    labels = [
        "adopt(i=0)",
        "suspect(i=1)",
        "adopt(i=2)",
        "conclude(i=0, q={0, 1}, v=0)",
        "conclude(i=1, q={0, 2}, v=0)",
    ]
    last = replay(spec.instance, start, labels).last
    with spec.instance.active():
        (i, j, _), (v, _) = Process, Value
        assert (last.members[i].decision, last.members[j].decision) == (None, v)


def test_somebody_must_stay_up() -> None:
    with pytest.raises(UsageError, match="at least one must stay up"):
        _ = RotatingCoordinator(processes=2, faults=2).instance


def test_promises_that_are_broken_are_noticed() -> None:
    spec = RotatingCoordinator()
    with spec.instance.active():
        (i, j, k), (v, w) = Process, Value
        start = next(s for s in spec.instance.initial if all(s.members[p].est == v for p in Process))

        def deciding(*values: Value | None) -> State:
            members = start.members
            for p, value in zip(Process, values, strict=True):
                members = members.set(p, members[p].replace(decision=value))
            return State(members=members, coordinator=i, unanimous=start.unanimous)

        assert not spec.agreement(deciding(v, w, None), i, j) and spec.agreement(deciding(v, w, None), i, k)
        assert not spec.validity(deciding(w, None, None), i) and spec.validity(deciding(v, None, None), i)
        assert not spec.integrity(deciding(v, v, v), deciding(w, v, None), i)
        assert not spec.integrity(deciding(v, v, v), deciding(w, v, None), k)
