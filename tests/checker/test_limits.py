"""Limits, interrupts and errors: the answer is partial, and says so."""

from __future__ import annotations

import itertools
import time

import pytest
from tests.checker import toys

from mcheck.checker import Limits, Progress, RuleFailed, explore
from mcheck.checker import limits as limits_module
from mcheck.checker.limits import peak_mb, resident_mb
from mcheck.spec import Failure, SpecError, UsageError


def test_the_state_limit_is_exact() -> None:
    spec = toys.Counter(top=5)
    verdict = explore(spec.instance, limits=Limits(states=4))
    assert (verdict.result, verdict.reason) == ("inconclusive", "limit of 4 states")
    assert (verdict.distinct, verdict.levels, verdict.unexpanded) == (4, (1, 1, 1, 1), 1)
    assert explore(spec.instance, limits=Limits(states=6)).result == "holds"


def test_the_levels_of_a_partial_search_add_up() -> None:
    verdict = explore(toys.Locks().instance, limits=Limits(states=50))
    assert verdict.levels == (1, 6, 21, 22)
    assert sum(verdict.levels) == verdict.distinct == 50


def test_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(limits_module.time, "monotonic", lambda: float(next(clock)))
    verdict = explore(toys.Counter(top=100).instance, limits=Limits(seconds=30))
    assert (verdict.result, verdict.reason) == ("inconclusive", "time limit of 30 s")
    assert verdict.distinct == 30


def test_a_real_second_is_kept() -> None:
    started = time.monotonic()
    verdict = explore(toys.Locks(nodes=6, keys=6, in_flight=6).instance, limits=Limits(seconds=0.3))
    assert verdict.reason == "time limit of 0.3 s"
    assert time.monotonic() - started < 3


def test_the_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "resident_mb", lambda: 101)
    monkeypatch.setattr(limits_module, "_BEAT", 0.0)
    verdict = explore(toys.Counter().instance, limits=Limits(memory_mb=100))
    assert (verdict.result, verdict.reason) == ("inconclusive", "memory limit of 100 MB")
    assert explore(toys.Counter().instance, limits=Limits(memory_mb=101)).result == "holds"


def test_memory_is_measured() -> None:
    """The system counts pages in batches, so that the peak may lag behind by a little."""
    assert 5 < resident_mb() <= peak_mb() + 8 < 10_000


def test_an_interrupt_keeps_what_was_found() -> None:
    verdict = explore(toys.IsInterrupted().instance)
    assert (verdict.result, verdict.reason) == ("inconclusive", "interrupted")
    assert (verdict.distinct, verdict.levels, verdict.unexpanded) == (4, (1, 1, 1, 1), 1)
    assert [p.finding for p in verdict.properties] == ["holds", "holds", "not-reached", "not-reached"]


def test_an_interrupt_during_a_report() -> None:
    def interrupting(_: Progress) -> None:
        raise KeyboardInterrupt

    spec = toys.Locks(nodes=6, keys=6, in_flight=6)
    verdict = explore(spec.instance, limits=Limits(seconds=20), progress=interrupting)
    assert verdict.reason == "interrupted"
    assert verdict.seconds < 5


def test_memory_that_runs_out_inside_an_action() -> None:
    verdict = explore(toys.RunsOutOfMemory().instance)
    assert (verdict.result, verdict.reason, verdict.distinct) == ("inconclusive", "out of memory", 4)


def test_a_violation_found_before_an_interrupt_stands() -> None:
    class Both(toys.ViolatesThenRaises):
        def misbehave(self) -> None:
            raise KeyboardInterrupt

    verdict = explore(Both().instance, keep_going=True)
    assert (verdict.result, verdict.reason) == ("violated", "interrupted")
    assert verdict.violation is not None and verdict.violation.steps == 3


def test_a_violation_found_before_an_error_stands() -> None:
    verdict = explore(toys.ViolatesThenRaises().instance, keep_going=True)
    assert verdict.result == "violated"
    assert verdict.reason is not None and "ZeroDivisionError" in verdict.reason


def test_progress_is_reported_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100_000))
    monkeypatch.setattr(limits_module.time, "monotonic", lambda: next(ticks) / 100)
    reports: list[Progress] = []
    verdict = explore(toys.Locks().instance, progress=reports.append)
    assert 10 < len(reports) <= verdict.distinct / 20 + 1
    assert [r.distinct for r in reports] == sorted(r.distinct for r in reports)
    assert all(b.seconds - a.seconds > 0.19 for a, b in itertools.pairwise(reports))
    assert reports[-1].depth <= verdict.depth + 1


@pytest.mark.parametrize("wrong", [{"depth": -1}, {"states": 0}, {"seconds": 0}, {"seconds": -1}, {"memory_mb": 0}])
def test_impossible_limits(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=f"limit {next(iter(wrong))} must be"):
        Limits(**wrong)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("spec", "label", "steps"),
    [
        (toys.Raises(), "tick()", 3),
        (toys.PropertyRaises(), "in_range()", 3),
        (toys.StepPropertyRaises(), "up_or_reset()", 2),
        (toys.ConstraintRaises(), "odd()", 1),
        (toys.ClockMapsOutside(), "as_counter()", 5),
    ],
)
def test_an_error_comes_with_the_behaviour_that_leads_there(spec: toys.Spec, label: str, steps: int) -> None:
    with pytest.raises(RuleFailed) as caught:
        explore(spec.instance)
    assert len(caught.value.behavior.steps) == steps
    message = str(caught.value)
    assert label in message and "\n" not in message
    assert message.endswith(f"(in a state reached in {steps} step{'s' * (steps != 1)})")
    assert isinstance(caught.value, Failure) and caught.value.status == 4


def test_an_error_in_the_initial_state() -> None:
    class FailsAtOnce(toys.Counter):
        @toys.always("In Range")
        def in_range(self, s: toys.CounterState) -> bool:
            return 1 // s.value > 0

    with pytest.raises(RuleFailed, match="reached in 0 steps") as caught:
        explore(FailsAtOnce().instance)
    assert caught.value.behavior.steps == ()


def test_a_constraint_that_fails_in_an_initial_state() -> None:
    class StartsAtTwo(toys.ConstraintRaises):
        def init(self) -> toys.CounterState:
            return toys.CounterState(value=2)

    with pytest.raises(RuleFailed, match="odd") as caught:
        explore(StartsAtTwo().instance)
    assert caught.value.behavior.initial == toys.CounterState(value=2)


def test_an_error_on_a_step_to_a_known_state_leads_to_where_the_step_begins() -> None:
    class FailsOnTheWayBack(toys.CounterFallsBack):
        @toys.step("Up Or Reset")
        def up_or_reset(self, before: toys.CounterState, after: toys.CounterState) -> bool:
            return after.value > before.value or 1 // (after.value - 1) > 0

    with pytest.raises(RuleFailed, match="reached in 2 steps") as caught:
        explore(FailsOnTheWayBack().instance)
    assert caught.value.behavior.last == toys.CounterState(value=2)


@pytest.mark.parametrize("spec", [toys.FlipsACoin(), toys.FlipsAGuard()])
def test_an_action_that_is_no_function_is_refused(spec: toys.Spec) -> None:
    with pytest.raises(
        SpecError, match=r"^toys\.py:\d+: action toss is not a function: .*make the choice a parameter$"
    ):
        explore(spec.instance)
