"""Temporal properties of small specs, decided by hand.

What breaks if these fail: a kind of property or of fairness means something else than it says, or a bound that cuts a
behaviour off is taken for its end.
"""

from __future__ import annotations

import pytest
from tests.liveness.toys import (
    AnyMessage,
    Counting,
    PerMessage,
    Pinging,
    Resting,
    Semaphore,
    StartsOutside,
    UnlessCrashed,
    WeakSemaphore,
)

from mcheck.checker import Limits
from mcheck.checker.limits import LimitReached
from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.lassos import Forbidden, LassoSearch, Region
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.spec import Spec


def answers(spec: Spec, fairness: str = "declared") -> dict[str, str]:
    return {f.rule.title: f.result for f in decide(spec.instance, fairness=fairness).findings}


def labels(verdict: LivenessVerdict) -> tuple[list[str], list[str]]:
    violation = verdict.violation
    assert violation is not None and violation.lasso is not None
    return [s.label for s in violation.lasso.stem], [s.label for s in violation.lasso.cycle]


def test_each_kind_of_property() -> None:
    assert answers(Semaphore()) == {
        "Starvation Freedom": "holds",
        "Nobody Stays": "holds",
        "All Stay Away": "violated",
        "Somebody Enters": "violated",  # nobody has to ask
    }


def test_what_weak_fairness_leaves_open_strong_fairness_does_not() -> None:
    verdict = decide(WeakSemaphore().instance, ["Starvation Freedom"])
    stem, cycle = labels(verdict)
    assert stem == ["ask(i=0)"]
    assert sorted(cycle) == ["ask(i=1)", "enter(i=1)", "leave(i=1)"]
    assert answers(WeakSemaphore(), "strong")["Starvation Freedom"] == "holds"
    assert answers(Semaphore(), "weak")["Starvation Freedom"] == "violated"


def test_without_fairness_anything_may_stop() -> None:
    stem, cycle = labels(decide(Semaphore().instance, ["Nobody Stays"], fairness="none"))
    assert (stem, cycle) == (["ask(i=0)", "enter(i=0)"], [])


@pytest.mark.parametrize(
    ("spec", "result", "cycle"),
    [
        (PerMessage, "holds", None),
        (AnyMessage, "violated", 2),
        (UnlessCrashed, "violated", 0),
        (Pinging, "violated", 0),
    ],
)
def test_fairness_of_messages_and_of_the_crashed(spec: type[Spec], result: str, cycle: int | None) -> None:
    """Fair to each message, to some message, and to each unless the receiver has crashed."""
    verdict = decide(spec().instance)
    assert verdict.result == result
    if cycle is not None:
        assert len(labels(verdict)[1]) == cycle
    if spec is UnlessCrashed:
        assert "crash()" in labels(verdict)[0]


def test_what_a_bound_cuts_is_refused_unless_all_is_decided_before() -> None:
    """The states that are left when the goal is reached do not matter to `eventually`; they do to the other kinds."""
    assert answers(Counting()) == {"Comes There": "holds", "Comes Back": "refused"}
    assert answers(Counting(goal=9)) == {"Comes There": "refused", "Comes Back": "refused"}
    assert answers(Counting(goal=4))["Comes Back"] == "refused"  # though the goal is true where the bound cuts
    refused = decide(Counting(goal=9).instance).findings[0]
    assert refused.reason == "steps out of 1 of the states met lead beyond a bound (cut: most 1)"


def test_a_cut_step_counts_as_enabled() -> None:
    """At the bound nothing inside of it is possible, and yet it is not fair to stay there."""
    assert answers(Counting(goal=9, most=2), "weak")["Comes There"] == "refused"
    assert answers(Counting(goal=9, most=2), "none")["Comes There"] == "violated"


def test_a_step_that_changes_nothing_is_none() -> None:
    """To rest for ever satisfies no demand, and is never demanded: a behaviour may stutter where only `rest` must go on."""
    stem, cycle = labels(decide(Resting().instance, ["Comes There"]))
    assert (stem, cycle) == ([], [])


def test_an_initial_state_outside_a_constraint_is_refused() -> None:
    found = decide(StartsOutside().instance, ["Comes There"]).findings[0]
    assert (found.result, found.reason) == (
        "refused",
        "an initial state is outside a constraint (cut: most 1, not at the start 1)",
    )


def test_a_graph_that_is_not_whole_decides_nothing() -> None:
    verdict = decide(Semaphore().instance, limits=Limits(states=3))
    assert (verdict.result, verdict.reason, verdict.states) == ("inconclusive", "limit of 3 states", 3)


def test_the_same_question_has_the_same_answer() -> None:
    first, second = (decide(WeakSemaphore(processes=3).instance) for _ in range(2))
    assert [labels(v) for v in (first, second)] == [labels(first)] * 2


def test_a_limit_that_is_reached_when_all_is_explored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The properties that were decided by then keep their answers."""

    def late(self: LassoSearch, wrong: Forbidden, region: Region) -> None:
        if wrong.at_once:
            raise LimitReached("time limit of 1 s")

    monkeypatch.setattr(LassoSearch, "find", late)
    verdict = decide(Semaphore().instance)
    assert [f.result for f in verdict.findings] == ["holds", "holds", "holds", "inconclusive"]
    assert (verdict.result, verdict.reason) == ("inconclusive", "time limit of 1 s")
