"""Symmetry reduction: orbits counted against brute force, real traces, and specs that must be refused."""

from __future__ import annotations

import random
from math import comb

import pytest
from tests.checker import toys
from tests.checker.brute_force import orbits, reachable_states

from mcheck.checker import explore, why_not_symmetric
from mcheck.checker.symmetry import Canonical, scalarsets
from mcheck.models.paxos import Paxos
from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit
from mcheck.spec import (
    Spec,
    UsageError,
    action,
    all,
    always,
    constant,
    constraint,
    count,
    len,
    reachable,
    replay,
    require,
    step,
)


@pytest.mark.parametrize(("managers", "expected"), [(1, 12), (2, 34), (3, 80), (5, 314)])
def test_orbits_of_two_phase_commit(managers: int, expected: int) -> None:
    """6^n + 4^n + 2^n states: each manager in one of 6, 4 or 2 situations, and an orbit is how many are in each."""
    n = managers
    assert expected == comb(n + 5, 5) + comb(n + 3, 3) + comb(n + 1, 1)
    verdict = explore(TwoPhaseCommit(managers=managers).instance, symmetry=True)
    assert (verdict.result, verdict.distinct, verdict.depth) == ("holds", expected, 3 * managers + 1)
    assert verdict.symmetry


@pytest.mark.parametrize("spec", [toys.Locks(), toys.StealsLocks(nodes=2), toys.Peterson(), TwoPhaseCommit(managers=3)])
def test_orbits_of_every_level_equal_brute_force(spec: Spec) -> None:
    instance = spec.instance
    verdict = explore(instance, symmetry=True, keep_going=True)
    expected = [orbits(instance, level, scalarsets(instance)) for level in reachable_states(instance)]
    assert verdict.levels == tuple(map(len, expected))


def test_the_canonical_form_is_one_for_each_orbit_and_in_it() -> None:
    instance = toys.Locks(nodes=3, keys=2).instance
    canonical = Canonical(instance)
    rng = random.Random(7)
    states = [instance.state_domain.random(rng) for _ in range(60)]
    for orbit in orbits(instance, states, scalarsets(instance)):
        forms = {canonical(state) for state in orbit}
        assert len(forms) == 1
        assert forms <= orbit


def test_findings_are_the_same_with_and_without() -> None:
    for spec in (toys.Locks(), toys.StealsLocks(), toys.Peterson(), toys.PetersonWithoutFlags(), CommitsEarly()):
        plain = explore(spec.instance, keep_going=True)
        reduced = explore(spec.instance, keep_going=True, symmetry=True)
        assert [(p.finding, p.steps) for p in plain.properties] == [(p.finding, p.steps) for p in reduced.properties]
        assert (plain.result, plain.depth, plain.deadlocks > 0) == (
            reduced.result,
            reduced.depth,
            reduced.deadlocks > 0,
        )
        assert plain.distinct > reduced.distinct


@pytest.mark.parametrize("spec", [toys.StealsLocks(), toys.PetersonWithoutFlags(), CommitsEarly()])
def test_a_trace_under_symmetry_is_a_real_behaviour(spec: Spec) -> None:
    verdict = explore(spec.instance, symmetry=True)
    assert verdict.violation is not None and verdict.violation.behavior is not None
    behavior = verdict.violation.behavior
    assert behavior.initial in spec.instance.initial
    assert replay(spec.instance, behavior.initial, behavior.labels) == behavior


@pytest.mark.parametrize("spec", [TwoPhaseCommit(), Paxos(), toys.Locks(), toys.StealsLocks(), toys.Peterson()])
def test_symmetric_specs_are_accepted(spec: Spec) -> None:
    assert why_not_symmetric(spec.instance) is None


FAVOURITE = toys.Node(1)
"""A member that rules refer to without naming it where tracing could see it."""


class QuietlyFavoursInAction(toys.Locks):
    def may_grant(self, s: toys.Lock, m: toys.Ask) -> bool:
        return s.owner[m.key] is None and (m.src != FAVOURITE or len(s.seen) < 3)


class QuietlyFavoursEarly(toys.FavoursEarly):
    @action
    def take_turn(self, s: toys.Timed, i: toys.Node) -> toys.Timed:
        require(s.clock < 9999, "the clock runs")
        require(s.clock != 2 or i == FAVOURITE, "at 2 it is the turn of the favourite")
        return toys.Timed(clock=s.clock + 1, turn=i)


class QuietlyFavoursInProperty(toys.Locks):
    @reachable("one node owns every key")
    def greedy(self, s: toys.Lock, i: toys.Node) -> bool:
        return i == FAVOURITE and all(s.owner[k] == i for k in toys.Key)


class QuietlyFavoursInConstraint(toys.Locks):
    @constraint("a favourite owns little")
    def modest(self, s: toys.Lock) -> bool:
        return count(s.owner[k] == FAVOURITE for k in toys.Key) < 2


class QuietlyFavoursInStep(toys.Locks):
    @step("Owners Stay")
    def owners_stay(self, before: toys.Lock, after: toys.Lock, k: toys.Key) -> bool:
        return after.owner[k] == before.owner[k] or after.owner[k] != FAVOURITE


class Bystanders(toys.Locks):
    """Names a member of a scalarset that has only one, so that nothing is permuted."""

    nodes: int = constant(1, "nodes")

    @always("there is only one")
    def only_one(self, s: toys.Lock, i: toys.Node) -> bool:
        return i == toys.Node(0)


def test_naming_the_only_member_is_no_asymmetry() -> None:
    assert why_not_symmetric(Bystanders().instance) is None


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (toys.FavoursInInit(), "init treats Node(0) and Node(1) differently"),
        (toys.FavoursInAction(), "toys.py:343: grant names a member of Node"),
        (toys.FavoursEarly(), "toys.py:399: take_turn names a member of Node"),
        (QuietlyFavoursEarly(), "action take_turn treats Node("),
        (QuietlyFavoursInAction(), "action grant treats Node("),
        (toys.FavoursTheFirst(), "action grant treats Node("),
        (toys.FavoursInTable(), "the values of parameter i of forget treat Node(1) and Node(2) differently"),
        (toys.FavoursInProperty(), "toys.py:368: greedy names a member of Node"),
        (QuietlyFavoursInProperty(), "'one node owns every key' treats Node("),
        (toys.FavoursInConstraint(), "toys.py:374: modest names a member of Node"),
        (QuietlyFavoursInConstraint(), "treats Node("),
        (toys.FavoursInStep(), "toys.py:380: owners_stay names a member of Node"),
        (QuietlyFavoursInStep(), "'Owners Stay' treats Node("),
    ],
)
def test_a_spec_that_singles_out_a_member_is_refused(spec: Spec, why: str) -> None:
    reason = why_not_symmetric(spec.instance)
    assert reason is not None and why in reason
    with pytest.raises(UsageError, match=f"^{type(spec).__name__} cannot be reduced by symmetry: "):
        explore(spec.instance, symmetry=True)


def test_too_many_permutations_are_refused() -> None:
    with pytest.raises(UsageError, match=r"362,880 permutations are too many .*\(at most 50,000\)"):
        explore(TwoPhaseCommit(managers=9).instance, symmetry=True)


def test_nothing_to_permute_is_no_error() -> None:
    verdict = explore(toys.Counter().instance, symmetry=True)
    assert (verdict.distinct, verdict.notes) == (6, ("there is nothing to permute",))
