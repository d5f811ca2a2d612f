"""The duel of two proposers: published counts of its states up to the order of ballots, and when it ends.

What breaks if these fail: a ballot is compared with something else than a ballot, or a duel that goes on for ever is taken for one
that ends, or the other way round.
"""

from __future__ import annotations

import pytest
from tests.models.bfs import search
from tests.models.paxos_duel_granularity import DuelWithRefusals

from mcheck.checker.engines import search as checked
from mcheck.checker.liveness.certificate import lasso_of, refuse_unless_violating
from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.models.paxos_duel import IgnoresVotes, PaxosDuel
from mcheck.spec import Instance, Rule
from mcheck.spec.fairness import on_every_step
from mcheck.spec.views import quotient

PUBLISHED = 102_417, 442_028
"""States and steps with 3 acceptors, up to the order of ballots.  Source: a Python program of its own, with the same steps."""
IN_LARGER_STEPS = {1: (25, 36), 3: (46_055, 196_906)}
"""The same where an answer makes a proposer go on: see `paxos_duel_granularity`.  Source: another Python program."""


def temporal(instance: Instance, title: str) -> Rule:
    return next(r for r in instance.temporal if r.title == title)


def shape(verdict: LivenessVerdict) -> tuple[int, int]:
    assert verdict.violation is not None and verdict.violation.lasso is not None
    return len(verdict.violation.lasso.stem), len(verdict.violation.lasso.cycle)


def test_safety_within_two_ballots() -> None:
    """No other source for the counts.  One value is decided; the second proposer has to adopt it to decide too."""
    found = search(PaxosDuel(acceptors=2))
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "both proposers decide": 14,
        "a proposer adopts the other's value": 9,
    }
    assert {title: len(labels) for title, labels in search(IgnoresVotes(acceptors=2)).violated.items()} == {
        "Agreement": 14
    }


@pytest.mark.parametrize(("acceptors", "states", "edges"), [(1, 119, 238), (2, 967, 2_498), (3, *PUBLISHED)])
def test_states_up_to_the_order_of_ballots(acceptors: int, states: int, edges: int) -> None:
    verdict = decide(PaxosDuel(acceptors=acceptors).instance, ["Termination"])
    assert (verdict.states, verdict.edges, verdict.cut) == (states, edges, {})


def test_agreement_in_all_ballots() -> None:
    """The views are all that can be told apart, so what holds in them holds with whatever ballots."""
    verdict = checked(quotient(PaxosDuel().instance), symmetry=False, exact=True)
    assert (verdict.result, verdict.distinct, verdict.cut) == ("holds", PUBLISHED[0], {})


def test_ballots_grow_in_each_round_of_the_duel() -> None:
    violation = decide(PaxosDuel(acceptors=1).instance, ["Termination"]).violation
    assert violation is not None and violation.lasso is not None
    assert not violation.lasso.closes


STEM = [
    "start(p=1)", "start(p=0)", "prepare(p=0, a=0)", "prepare(p=1, a=1)", "prepare(p=1, a=2)", "propose(p=1, v=1)",
    "accept(p=1, a=1)", "prepare(p=0, a=1)", "propose(p=0, v=1)", "accept(p=0, a=0)", "start(p=1)", "prepare(p=1, a=0)",
    "prepare(p=1, a=1)", "propose(p=1, v=1)", "accept(p=1, a=2)",
]  # fmt: skip
CYCLE = [
    "start(p=0)", "prepare(p=0, a=0)", "prepare(p=0, a=1)", "propose(p=0, v=1)", "accept(p=0, a=0)",
    "start(p=1)", "prepare(p=1, a=0)", "prepare(p=1, a=1)", "propose(p=1, v=1)", "accept(p=1, a=2)",
]  # fmt: skip
"""A published duel, in which each proposer gets its promises and is pre-empted after one vote; mcheck finds a shorter one."""


def test_the_published_duel_is_one() -> None:
    instance = PaxosDuel(max_ballot=9).instance
    published = lasso_of(instance, instance.initial[0], STEM + CYCLE, len(STEM))
    assert not published.closes
    for fairness in (instance.fairness, on_every_step(instance, "weak")):
        refuse_unless_violating(published, temporal(instance, "Termination"), (), fairness)


def test_one_eventual_proposer_may_be_left_in_every_state() -> None:
    """The states are those of the duel, and each with either proposer left: nobody is stuck in any of them."""
    verdict = decide(PaxosDuel(single_proposer=True).instance)
    assert verdict.result == "holds"
    assert (verdict.states, verdict.edges) == (3 * PUBLISHED[0], 1_442_546)


@pytest.mark.parametrize("acceptors", [1, 3])
def test_the_duel_in_larger_steps(acceptors: int) -> None:
    verdict = decide(DuelWithRefusals(acceptors=acceptors).instance, fairness="weak")
    assert (verdict.states, verdict.edges) == IN_LARGER_STEPS[acceptors]
    # published are stem 2 and cycle 6, stem 3 and cycle 8: the sum is what is made small
    assert shape(verdict) == ((2, 6) if acceptors == 1 else (4, 6))
    stable = decide(DuelWithRefusals(acceptors=acceptors, stable=True).instance, fairness="weak")
    assert (stable.result, stable.states) == ("holds", {1: 4, 3: 23}[acceptors])
