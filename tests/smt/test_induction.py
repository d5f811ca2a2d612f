"""Induction by z3: what it proves is true in the explorer, and what it shows as a counterexample is one in plain Python."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.smt.toys import Constrained, Cycle, EvenSteps, Reader, Turning

from mcheck.checker.reference import explore
from mcheck.checker.smt.induction import Inductive, check_inductive
from mcheck.models.flexible_paxos import FlexiblePaxos
from mcheck.models.paxos import Paxos
from mcheck.models.two_phase_commit import AbortsAfterPrepared, CommitsEarly, TwoPhaseCommit
from mcheck.spec import Instance


def proof(instance: Instance, without: tuple[str, ...] = (), k: int = 1, **options: Any) -> Inductive:
    """All properties and lemmas, less those left out by the name of their method."""
    rules = [r for r in (*instance.properties, *instance.lemmas) if r.name not in without and r.kind != "reachable"]
    conjuncts = [r for r in rules if r.kind == "always"]
    return check_inductive(instance, conjuncts, [r for r in rules if r.kind != "always"], k, **options)


@pytest.mark.parametrize("managers", [1, 3, 5, 7])
def test_two_phase_commit_is_inductive(managers: int) -> None:
    """Its refinement of TCommit follows too; an obligation for each action and conjunct, and for what may fail."""
    instance = TwoPhaseCommit(managers=managers).instance
    found = proof(instance)
    assert found.result == "proved"
    assert len(found.obligations) == len(instance.actions) * (len(found.conjuncts) + len(found.consequences) + 1)
    assert {o.answer for o in found.obligations} == {"kept"}


LEMMAS = [rule.name for rule in TwoPhaseCommit().instance.lemmas]


@pytest.mark.parametrize("lemma", LEMMAS)
def test_each_lemma_of_two_phase_commit_is_needed(lemma: str) -> None:
    """Without it there is a state and a step that break something, in plain Python too."""
    instance = TwoPhaseCommit(managers=2).instance
    found = proof(instance, without=(lemma,))
    assert found.result == "cti"
    for cti in found.ctis:
        before, after = cti.behavior.states
        with instance.active():
            assert all(instance.holds(rule, before) for rule in found.conjuncts)
            assert cti.conjunct is not None
            if cti.conjunct.kind == "always":
                assert instance.falsifying(cti.conjunct, after) == cti.arguments
            else:
                assert not instance.refinements[cti.conjunct.name].allows(before, after)


@pytest.mark.parametrize("tweak", [CommitsEarly, AbortsAfterPrepared])
def test_a_wrong_protocol_has_no_proof(tweak: type[TwoPhaseCommit]) -> None:
    assert proof(tweak(managers=3).instance).result == "cti"


@pytest.mark.parametrize("spec", [TwoPhaseCommit(), Paxos(), EvenSteps()], ids=lambda s: type(s).__name__)
def test_lemmas_hold_in_the_explicit_search(spec: Any) -> None:
    instance = spec.instance
    verdict = explore(instance, properties=[rule.title for rule in instance.lemmas])
    assert {p.finding for p in verdict.properties} == {"holds"} and len(verdict.properties) == len(instance.lemmas)


def test_paxos_is_inductive() -> None:
    """Agreement of two ballots, and that Paxos implements Voting."""
    assert proof(Paxos().instance).result == "proved"


@pytest.mark.slow
@pytest.mark.parametrize("spec", [FlexiblePaxos(), Paxos(max_ballot=2)], ids=lambda s: type(s).__name__)
def test_larger_paxos_is_inductive(spec: Any) -> None:
    """Quorums of two sizes; three ballots."""
    assert proof(spec.instance).result == "proved"


@pytest.mark.slow
@pytest.mark.parametrize("lemma", [rule.name for rule in Paxos().instance.lemmas])
def test_each_lemma_of_paxos_is_needed(lemma: str) -> None:
    assert proof(Paxos().instance, without=(lemma,)).result == "cti"


def test_unsat_cores_name_what_is_needed() -> None:
    """A conjunct that is named is needed, and one that is not is not."""
    instance = EvenSteps().instance
    found = proof(instance)
    never_seven, even = found.conjuncts
    assert found.result == "proved"
    assert found.used_for(never_seven) == {"even"} and found.used_for(even) == frozenset()
    assert proof(instance, without=("never_seven",)).result == "proved"
    alone = proof(instance, without=("even",))
    assert [c.behavior.states[0].value for c in alone.ctis] == [5]


def test_a_state_constraint_cuts_the_step_that_breaks_a_property() -> None:
    """From 5 no step leads to 7 where only states up to 4 are followed."""
    assert proof(EvenSteps().instance, without=("even",)).result == "cti"
    assert proof(Constrained().instance, without=("even",)).result == "proved"


def test_k_induction_looks_at_states_in_a_row() -> None:
    """From 3 it is five steps to 8: four states in a row that are not 8 are too few, five enough."""
    instance = Cycle().instance
    assert [proof(instance, k=k).result for k in (1, 2, 4, 5, 6)] == ["cti", "cti", "cti", "cti", "proved"]
    assert len(proof(instance, k=3).ctis[0].behavior.steps) == 3


def test_states_in_a_row_are_different() -> None:
    """A circle that cannot be reached does not spoil the proof, however long one could go round."""
    assert [proof(Turning().instance, k=k).result for k in (5, 6)] == ["cti", "proved"]


def test_a_violation_near_the_beginning_is_no_counterexample_to_induction() -> None:
    """It is a behaviour."""

    class Early(Cycle):
        def init(self) -> Any:
            return Cycle.init(self).replace(value=7)

    found = proof(Early().instance, k=2)
    assert found.result == "violated" and found.base.violation is not None and found.base.violation.steps == 1


def test_a_rule_that_fails_is_no_proof() -> None:
    """Where all conjuncts hold the action must have a value; the reader's has none at the last page."""
    found = proof(Reader().instance)
    assert found.result == "cti"
    assert found.ctis[0].conjunct is None and "IndexError" in str(found.ctis[0].failure)


def test_without_time_nothing_is_proved() -> None:
    found = proof(TwoPhaseCommit().instance, seconds=1e-9)
    assert (found.result, found.reason, found.obligations) == ("inconclusive", "time limit", ())


def test_each_obligation_is_written_as_smt_lib() -> None:
    """And what is written is unsatisfiable when it is read back."""
    z3 = pytest.importorskip("z3")

    written: dict[str, str] = {}
    instance = EvenSteps().instance
    proof(instance, written=written.__setitem__)
    solver = {name: z3.Solver(ctx=z3.Context()) for name in written}
    for name, text in written.items():
        solver[name].from_string(text)
    assert {str(s.check()) for s in solver.values()} == {"unsat"}
    assert "up Never Seven" in written and "restart even" in written
