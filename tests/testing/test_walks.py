"""Simulation by Hypothesis: it reports, limits and fails as random walks do."""

from __future__ import annotations

import sys

import pytest
from tests.checker import toys
from tests.cli.conftest import Call, mcheck

from mcheck.checker import Limits, RuleFailed, Simulation
from mcheck.spec import UsageError, replay
from mcheck.testing.walks import simulate_by_hypothesis as simulate

__all__ = ["mcheck"]  # a fixture


def outcome(simulation: Simulation) -> tuple[object, ...]:
    found = simulation.violation
    labels = found.behavior.labels if found is not None and found.behavior is not None else None
    return simulation.walks, simulation.taken, simulation.distinct, simulation.actions, simulation.cut, labels


def test_walks_that_find_nothing_are_inconclusive() -> None:
    simulation = simulate(toys.Locks().instance, samples=10, steps=30)
    assert (simulation.result, simulation.reason, simulation.violation) == ("inconclusive", None, None)
    assert simulation.walks >= 10 and simulation.longest == 29  # Hypothesis counts `begin` as a step
    assert simulation.taken == sum(simulation.actions.values()) > 200
    assert simulation.cut.keys() == {"in_flight"}
    assert {p.rule.title: p.finding for p in simulation.properties}["one node owns every key"] == "reached"


def test_a_violation_replays() -> None:
    instance = toys.StealsLocks(nodes=4).instance
    simulation = simulate(instance, properties=["Owners Stay"])
    assert (simulation.result, simulation.walker) == ("violated", "hypothesis")
    assert simulation.violation is not None and simulation.violation.behavior is not None
    behavior = simulation.violation.behavior
    assert replay(instance, behavior.initial, behavior.labels) == behavior
    with instance.active():
        assert not instance.holds(simulation.violation.rule, *behavior.states[-2:])


def test_the_seed_decides() -> None:
    instance = toys.Locks(nodes=4).instance
    first = outcome(simulate(instance, seed=3, samples=10))
    assert outcome(simulate(instance, seed=3, samples=10)) == first
    assert outcome(simulate(instance, seed=4, samples=10)) != first


def test_dead_ends_are_told_from_bounds() -> None:
    simulation = simulate(toys.CounterStops(top=4).instance, samples=3)
    assert simulation.walks - 1 <= simulation.deadlocks <= simulation.walks  # Hypothesis may stop one early
    assert (simulation.longest, simulation.distinct) == (4, 5)
    simulation = simulate(toys.TwoBounds().instance, samples=50)
    assert (simulation.deadlocks, simulation.distinct) == (0, 6)
    assert simulate(toys.ClockStartsLate().instance).result == "violated"


def test_limits_interrupts_and_errors() -> None:
    simulation = simulate(toys.Locks(nodes=5).instance, limits=Limits(states=50))
    assert (simulation.reason, simulation.distinct) == ("limit of 50 states", 50)
    simulation = simulate(toys.Locks(nodes=5).instance, samples=10**6, limits=Limits(seconds=0.5))
    assert simulation.reason == "time limit of 0.5 s"
    assert simulate(toys.IsInterrupted().instance).reason == "interrupted"
    assert simulate(toys.RunsOutOfMemory().instance).reason == "out of memory"
    with pytest.raises(RuleFailed, match="ZeroDivisionError") as caught:
        simulate(toys.Raises().instance)
    assert len(caught.value.behavior.steps) == 3
    with pytest.raises(UsageError, match="samples must be at least 1"):
        simulate(toys.Counter().instance, samples=0)


def test_the_command_says_who_walked(mcheck: Call) -> None:
    ran = mcheck("simulate", "toys.py:Lock", "--walker", "hypothesis", "--samples", "5", "--steps", "10")
    assert ran.status == 0 and "simulation by Hypothesis · seed 0" in ran.out
    assert "Random walks prove nothing." in ran.out
    ran = mcheck("simulate", "toys.py:Lock", "--tweak", "grants-twice", "--walker", "hypothesis")
    assert ran.status == 1 and "VIOLATED Mutual Exclusion" in ran.out and "saved   mcheck-out/" in ran.out
    ran = mcheck("simulate", "toys.py:Lock", "--walker", "hypothesi")
    assert ran.status == 2 and "--walker must be one of random, hypothesis (got 'hypothesi')" in ran.err


def test_without_hypothesis_one_line(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mcheck.testing.walks")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    ran = mcheck("simulate", "toys.py:Lock", "--walker", "hypothesis")
    assert (ran.status, ran.err) == (
        2, "mcheck: --walker hypothesis: Hypothesis is not installed (pip install hypothesis)\n"
    )  # fmt: skip
