"""Random walks: seeded, fair to rare actions, and honest about what they are."""

from __future__ import annotations

import pytest
from tests.checker import toys

from mcheck.checker import Limits, RuleFailed, Simulation, simulate
from mcheck.models.paxos import IgnoresVotes
from mcheck.spec import UsageError, replay


def outcome(simulation: Simulation) -> tuple[object, ...]:
    found = simulation.violation
    labels = found.behavior.labels if found is not None and found.behavior is not None else None
    return simulation.walks, simulation.taken, simulation.distinct, simulation.actions, labels


def test_a_violation_is_found_and_replays() -> None:
    spec = IgnoresVotes()
    simulation = simulate(spec.instance, seed=1, samples=200, properties=["Agreement"])
    assert simulation.result == "violated"
    assert simulation.violation is not None and simulation.violation.behavior is not None
    assert simulation.violation.rule.title == "Agreement"
    behavior = simulation.violation.behavior
    assert replay(spec.instance, behavior.initial, behavior.labels) == behavior
    with spec.instance.active():
        assert not spec.instance.holds(simulation.violation.rule, behavior.last)


def test_the_seed_decides() -> None:
    instance = toys.Locks(nodes=4).instance
    assert outcome(simulate(instance, seed=3, samples=20)) == outcome(simulate(instance, seed=3, samples=20))
    assert outcome(simulate(instance, seed=3, samples=20)) != outcome(simulate(instance, seed=4, samples=20))


def test_walks_that_find_nothing_are_inconclusive() -> None:
    simulation = simulate(toys.Locks().instance, samples=10, steps=30)
    assert (simulation.result, simulation.reason, simulation.violation) == ("inconclusive", None, None)
    assert (simulation.walks, simulation.longest) == (10, 30)
    assert simulation.taken == sum(simulation.actions.values()) == 300
    assert simulation.cut.keys() == {"in_flight"}
    assert {p.rule.title: p.finding for p in simulation.properties}["one node owns every key"] == "reached"


def test_a_rare_action_is_not_starved() -> None:
    """Of 1 + 100 transitions one is `rare`; half of the steps take it."""

    class Crowd(toys.Counter):
        @toys.action
        def common(self, s: toys.CounterState, n: toys.Annotated[int, toys.Range(1, 100)]) -> toys.CounterState:
            return s.replace(value=0)

    simulation = simulate(Crowd(top=1).instance, samples=10, steps=100)
    assert simulation.actions["tick"] + simulation.actions["reset"] > 300


def test_a_walk_ends_in_a_deadlock() -> None:
    simulation = simulate(toys.CounterStops(top=4).instance, samples=3)
    assert (simulation.deadlocks, simulation.longest, simulation.taken, simulation.distinct) == (3, 4, 12, 5)
    assert simulation.never_fired == ("reset",)


def test_a_walk_that_is_cut_everywhere_is_no_deadlock() -> None:
    simulation = simulate(toys.TwoBounds().instance, samples=50)
    assert (simulation.deadlocks, simulation.distinct) == (0, 6)


def test_steps_and_initial_states_are_checked() -> None:
    simulation = simulate(toys.CounterFallsBack().instance, samples=50)
    assert simulation.violation is not None and simulation.violation.rule.title == "Up Or Reset"
    simulation = simulate(toys.ClockStartsLate().instance)
    assert simulation.violation is not None and simulation.violation.steps == 0
    assert simulate(toys.ClockJumps().instance).result == "violated"


def test_limits_and_interrupts() -> None:
    simulation = simulate(toys.IsInterrupted().instance)
    assert (simulation.result, simulation.reason, simulation.distinct) == ("inconclusive", "interrupted", 4)
    simulation = simulate(toys.Locks(nodes=5).instance, limits=Limits(states=50))
    assert (simulation.reason, simulation.distinct) == ("limit of 50 states", 50)
    simulation = simulate(toys.Locks(nodes=5).instance, samples=10**6, limits=Limits(seconds=0.3))
    assert simulation.reason == "time limit of 0.3 s"
    assert simulate(toys.RunsOutOfMemory().instance).reason == "out of memory"


def test_an_error_comes_with_the_way_there() -> None:
    with pytest.raises(RuleFailed, match="ZeroDivisionError") as caught:
        simulate(toys.Raises().instance)
    assert len(caught.value.behavior.steps) == 3


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"steps": 0}])
def test_impossible_numbers(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be at least 1"):
        simulate(toys.Counter().instance, **wrong)  # type: ignore[arg-type]
