"""Whether a counterexample to induction is reachable: what is said is what an exhaustive search by the plain functions says."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.smt.toys import Count, Cycle, EvenSteps, Reader

from mcheck.checker.reference import explore
from mcheck.checker.smt import reachability as reachability_module
from mcheck.checker.smt.induction import Cti, Inductive, check_inductive
from mcheck.checker.smt.reachability import reachability
from mcheck.models.paxos import Paxos
from mcheck.models.two_phase_commit import AbortsAfterPrepared, CommitsEarly, TwoPhaseCommit
from mcheck.spec import Instance, InternalError, Spec, action, always, bound, constraint, replay, require, rerun, step


def induction(instance: Instance, without: tuple[str, ...] = (), k: int = 1) -> Inductive:
    """All properties and lemmas, less those left out by the name of their method."""
    rules = [r for r in (*instance.properties, *instance.lemmas) if r.name not in without and r.kind != "reachable"]
    conjuncts = [r for r in rules if r.kind == "always"]
    return check_inductive(instance, conjuncts, [r for r in rules if r.kind != "always"], k)


def reachable_states(instance: Instance) -> set[Any]:
    """All of them, by nothing but the plain functions."""
    found = set(instance.initial)
    queue = list(found)
    with instance.active():
        for state in queue:
            for _, _, after in instance.transitions(state):
                if isinstance(after, instance.state_class) and after not in found:
                    found.add(after)
                    queue.append(after)
    return found


SPECS: list[tuple[Any, tuple[str, ...]]] = [
    (CommitsEarly(managers=2), ()),
    (CommitsEarly(managers=3), ("commit_needs_all",)),
    (AbortsAfterPrepared(managers=2), ()),
    (TwoPhaseCommit(managers=2), ("prepared_wait",)),
    (TwoPhaseCommit(managers=3), ("heard_have_spoken", "commit_needs_all")),
    (EvenSteps(), ("even",)),
]


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("spec", "without"), SPECS, ids=lambda x: type(x).__name__ if not isinstance(x, tuple) else "")
def test_it_says_what_an_exhaustive_search_says(spec: Any, without: tuple[str, ...], engine: str) -> None:
    """Of every counterexample; and where its state is reachable, the behaviour ends in its step, which breaks the conjunct."""
    instance = spec.instance
    found = induction(instance, without)
    assert found.result == "cti"
    states = reachable_states(instance)
    answer = reachability(found, engine=engine)
    assert answer.complete
    for cti in answer.ctis:
        there = cti.behavior.initial in states
        assert answer.answer(cti) == ("reachable" if there else "unreachable")
        behavior = answer.behavior(cti)
        assert (behavior is not None) == there
        if behavior is not None:
            again = replay(instance, behavior.initial, behavior.labels)
            assert again.initial in instance.initial and again.states[-2:] == cti.behavior.states
            assert cti.conjunct is not None
            if cti.conjunct.kind == "always":
                assert instance.falsifying(cti.conjunct, again.last) == cti.arguments
            else:
                assert not instance.refinements[cti.conjunct.name].allows(*again.states[-2:])
    with_violation = explore(
        instance, [c.conjunct.name for c in answer.ctis if c.conjunct is not None], keep_going=True
    )
    assert bool(answer.violations) == (with_violation.result == "violated")


def test_a_tweak_whose_counterexample_is_reachable() -> None:
    found = induction(CommitsEarly(managers=2).instance)
    answer = reachability(found)
    assert [answer.answer(c) for c in answer.ctis] == ["reachable"]
    assert answer.violation is not None and answer.violation.rule.name == "commit_needs_all"
    assert answer.violation.behavior is not None and answer.violation.behavior.labels[-1] == "tm_commit()"


def test_a_lemma_that_is_missing_makes_it_unreachable() -> None:
    """Of Paxos, where orbits are searched: no violation, and every state was met."""
    answer = reachability(induction(Paxos(max_ballot=0).instance, ("votes_are_for_proposals", "one_proposal")))
    assert {answer.answer(c) for c in answer.ctis} == {"unreachable"}
    assert answer.violation is None and answer.complete


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_search_that_is_cut_short_finds_nothing_out(engine: str) -> None:
    found = induction(TwoPhaseCommit(managers=2).instance, ("prepared_wait",))
    answer = reachability(found, most_states=5, engine=engine)
    assert {answer.answer(c) for c in answer.ctis} == {"not found"}
    assert answer.verdict is not None and (answer.verdict.distinct, answer.verdict.reason) == (5, "limit of 5 states")


def test_of_several_states_in_a_row_the_first_matters() -> None:
    """From 5 it is three steps to 8; the way to 5 would be a way to all of them."""
    found = induction(Cycle().instance, k=3)
    assert [found.ctis[0].assumed, found.ctis[0].behavior.initial.value] == [3, 5]
    assert reachability(found).answer(found.ctis[0]) == "unreachable"

    class FromFive(Cycle):
        def init(self) -> Any:
            return Count(value=5)

    assert induction(FromFive().instance, k=3).base.depth == 2
    late = reachability(with_cti(FromFive().instance, Count(value=5), 3))
    assert late.violation is not None and late.violation.steps == 3


def with_cti(instance: Instance, first: Any, steps: int = 1) -> Inductive:
    """What induction would have found if the solver had chosen the steps of the first action from this state."""
    found = induction(instance)
    behavior = rerun(instance, first, [(instance.actions[0], ())] * steps)
    rule = found.conjuncts[0]
    arguments = instance.falsifying(rule, behavior.last)
    assert arguments is not None
    return dataclasses.replace(found, k=steps, ctis=(Cti(behavior, instance.actions[0], rule, arguments),))


class BelowSix(EvenSteps):
    """Wrong: six is reached, though not from five."""

    @always("Never Seven")
    def never_seven(self, s: Count) -> bool:
        return s.value < 6


def test_a_conjunct_that_is_broken_in_another_way_is_no_weak_invariant() -> None:
    """The solver shows one state of many; that this one cannot be reached does not make the conjunct true."""
    found = with_cti(BelowSix().instance, Count(value=5))
    answer = reachability(found)
    assert answer.answer(found.ctis[0]) == "unreachable" and answer.complete
    assert answer.violation is not None and answer.violation.steps == 3


class Falling(Spec[Count]):
    """From six one falls to one; no state above four is followed."""

    top: int = bound(9, "highest value")

    def init(self) -> list[Count]:
        return [Count(), Count(value=6)]

    @action
    def fall(self, s: Count) -> Count:
        require(s.value == 6, "the value is six")
        return Count(value=1)

    @always("Not One")
    def not_one(self, s: Count) -> bool:
        return s.value != 1


class Low(Falling):
    """The same, as far as a state constraint lets it."""

    @constraint("up to four")
    def up_to_four(self, s: Count) -> bool:
        return s.value <= 4


def test_a_state_outside_a_constraint_begins_nothing() -> None:
    """Not even where it is initial; the explorer does not expand it, and no proof has to."""
    free, low = Falling().instance, Low().instance
    assert explore(free).result == "violated" and induction(free, k=2).result == "violated"
    assert explore(low).violation is None
    assert [induction(low, k=k).result for k in (1, 2)] == ["proved", "proved"]


def test_a_broken_property_of_steps() -> None:
    """It is the step of the counterexample that breaks it."""

    class Faster(EvenSteps):
        @step("Up By Two")
        def by_two(self, before: Count, after: Count) -> bool:
            return after.value <= before.value + 1

    answer = reachability(induction(Faster().instance))
    assert answer.violation is not None and answer.violation.rule.kind == "step"
    assert answer.violation.behavior is not None
    before, after = answer.violation.behavior.states[-2:]
    assert after.value == before.value + 2


def test_a_rule_that_fails_in_a_reachable_state_is_an_error() -> None:
    """As in every search; nothing is said to be reachable or not."""
    answer = reachability(induction(Reader().instance))
    assert answer.failed is not None and "IndexError" in str(answer.failed)
    assert answer.violation is None and not answer.complete


def test_a_search_that_contradicts_itself_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has met the state, and everything else, and not what the step from it breaks: one of both is wrong."""
    found = induction(CommitsEarly(managers=2).instance)
    searched = reachability_module.occurrences

    def blind(*given: Any) -> Any:
        met = searched(*given)
        held = tuple(dataclasses.replace(p, finding="holds", behavior=None) for p in met.verdict.properties)
        return dataclasses.replace(met, verdict=dataclasses.replace(met.verdict, properties=held))

    monkeypatch.setattr(reachability_module, "occurrences", blind)
    with pytest.raises(InternalError, match="does not meet what follows"):
        reachability(found)


def test_nothing_is_reachable_that_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that leads to another state than the first of the counterexample is none."""
    found = induction(CommitsEarly(managers=2).instance)
    searched = reachability_module.occurrences

    def elsewhere(*given: Any) -> Any:
        met = searched(*given)
        shorter = tuple(None if b is None else dataclasses.replace(b, steps=b.steps[:1]) for b in met.behaviors)
        return dataclasses.replace(met, behaviors=shorter)

    monkeypatch.setattr(reachability_module, "occurrences", elsewhere)
    with pytest.raises(InternalError):
        reachability(found)
