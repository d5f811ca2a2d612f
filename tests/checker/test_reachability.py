"""Whether a state of a proof is reachable.  If these fail, a bug is taken for a weak invariant, or the other way round."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.checker.mapped_states import falsified, occurrence
from mcheck.models import paxos, two_phase_commit
from mcheck.models.proofs.links import PaxosLink, RaftElectionLink, TwoPhaseCommitLink
from mcheck.models.proofs.raft_history import QuorumOfOne, VotesTwice
from mcheck.proofs import find_proof
from mcheck.spec import replay
from mcheck.spec.relational import Structure, System, truth, without
from mcheck.spec.relational.structures import enabled, successor

pytest.importorskip("z3", reason="z3-solver is not installed: pip install 'mcheck-protocols[proofs]'")

from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
from mcheck.checker.symbolic.induction import Deadline
from mcheck.checker.symbolic.prove import prove
from mcheck.checker.symbolic.reachability import Reachability, initial_structures


def asked(name: str, conjuncts: Any = (), guards: Any = ()) -> tuple[System, CounterexampleToInduction, Reachability]:
    system = without(find_proof(name).cls.system(), conjuncts, (), guards)
    verdict = prove(system, 120)
    assert verdict.cti is not None
    assert verdict.reachability is not None
    return system, verdict.cti, verdict.reachability


@pytest.mark.parametrize(
    ("name", "conjunct", "states"),
    [
        ("paxos", "one_proposal", 7),  # one acceptor, ballot 0, two values: as many states as the Spec has
        ("paxos", "proposals_are_safe", 45),
        ("two-phase-commit", "all_were_heard", 56),
        ("raft-election", "one_vote", 15),
    ],
)
def test_without_an_invariant_the_state_before_is_not_reachable(name: str, conjunct: str, states: int) -> None:
    _, _, reached = asked(name, [conjunct])
    assert (reached.answer, reached.states, reached.steps, reached.falsified) == ("unreachable", states, (), None)


def test_as_many_states_as_the_specification_has() -> None:
    assert len(list(_mapped(two_phase_commit.TwoPhaseCommit(managers=2), TwoPhaseCommitLink()))) == 56
    assert len(list(_mapped(paxos.Paxos(acceptors=1, max_ballot=1), PaxosLink()))) == 45


def _mapped(spec: Any, link: Any) -> set[Any]:
    from mcheck.checker.mapped_states import MappedStates

    with spec.instance.active():
        return {
            tuple(frozenset(t.items()) for t in s.tables.values()) for _, s in MappedStates(spec.instance, link, 1000)
        }


def test_without_a_guard_the_steps_lead_to_the_state_and_break_the_conjunct() -> None:
    guard = ("rm_choose_to_abort", "rm is working")
    system, cti, reached = asked("two-phase-commit", guards=[guard])
    assert reached.answer == "reachable"
    after = _run(system, cti.before, reached.steps)
    assert after.same_as(cti.after)
    assert not truth(cti.conjunct.formula, after)


def test_a_conjunct_that_is_false_elsewhere_is_said_to_be_false() -> None:
    system, cti, reached = asked("paxos", guards=[("phase_2b", "n has taken part in no higher ballot")])
    assert reached.answer == "unreachable"
    assert reached.falsified is not None
    assert not truth(cti.conjunct.formula, _run(system, cti.before, reached.falsified))


def _run(system: System, example: Structure, steps: Any) -> Structure:
    (structure,) = initial_structures(system, example, Deadline(60))
    assert structure is not None
    for action, values in steps:
        assert enabled(action, structure, values)
        structure = successor(action, structure, values)
    return structure


# ---------------------------------------------------------------------- in what is run


def test_what_is_run_has_no_state_that_only_a_weak_invariant_allows() -> None:
    _, cti, _ = asked("paxos", ["proposals_are_safe"])
    instance = paxos.Paxos(acceptors=1, max_ballot=1).instance
    found = occurrence(instance, PaxosLink(), cti.before, cti.after, cti.conjunct, 1000)
    assert found is not None
    assert (found.behavior, found.states, found.complete) == (None, 45, True)


def test_a_step_that_is_run_is_found_whatever_the_elements_are_called() -> None:
    _, cti, _ = asked("two-phase-commit", guards=[("tm_commit", "all are known to be prepared")])
    instance = two_phase_commit.CommitsEarly(managers=2).instance
    healthy = two_phase_commit.TwoPhaseCommit(managers=2).instance
    conjunct = next(c for c in find_proof("two-phase-commit").cls.system().conjuncts if c.name == "all_were_heard")
    prepared = _early(TwoPhaseCommitLink.proof)
    found = occurrence(instance, TwoPhaseCommitLink(), *prepared, conjunct, 1000)
    assert found is not None
    assert found.behavior is not None
    assert found.falsifies
    assert found.behavior.labels[-1] == "tm_commit()"
    assert replay(instance, found.behavior.initial, found.behavior.labels) == found.behavior
    unbroken = occurrence(healthy, TwoPhaseCommitLink(), *prepared, conjunct, 1000)
    assert unbroken is not None
    assert unbroken.behavior is not None
    assert not unbroken.falsifies
    assert cti.conjunct.name == "all_were_heard"


def _early(proof: Any) -> tuple[Structure, Structure]:
    """One of two managers is heard to be prepared, and then the tm commits."""
    from mcheck.models.proofs.two_phase_commit import RM

    tables: dict[Any, Any] = {proof.prepared: {("x",): True}, proof.said: {("x",): True}, proof.heard: {("x",): True}}
    tables |= {s: {} for s in (proof.committed, proof.aborted, proof.tm_committed, proof.tm_aborted)}
    before = Structure({RM: ("x", "y")}, tables)
    return before, Structure({RM: ("x", "y")}, {**tables, proof.tm_committed: {(): True}})


def test_an_instance_without_such_elements_says_nothing() -> None:
    _, cti, _ = asked("raft-election", ["one_vote"])  # a server that is in no quorum
    link = RaftElectionLink()
    two, three = (link.spec(**{**link.scope, "nodes": n, "max_term": 1}).instance for n in (2, 3))
    assert occurrence(two, link, cti.before, cti.after, cti.conjunct, 1000) is None
    assert occurrence(three, link, cti.before, cti.after, cti.conjunct, 1000) is not None


@pytest.mark.parametrize(
    ("spec", "link", "first"),
    [
        (paxos.ReusesBallot, PaxosLink, ("one_proposal", 5)),
        (paxos.ForgetsPromise, PaxosLink, ("promises_are_kept", 2)),
        (paxos.IgnoresVotes, PaxosLink, ("proposals_are_safe", 10)),
        (two_phase_commit.AbortsAfterPrepared, TwoPhaseCommitLink, ("prepared_do_not_abort_alone", 2)),
        (VotesTwice, RaftElectionLink, ("one_vote", 3)),
        (QuorumOfOne, RaftElectionLink, ("leaders_were_elected", 1)),
    ],
)
def test_each_tweak_makes_the_invariant_false_that_rests_on_its_rule(spec: Any, link: Any, first: Any) -> None:
    instance = spec(**link.scope).instance
    conjuncts = link.proof.system().conjuncts
    found = falsified(instance, link(), conjuncts, 5000)
    lengths = {name: len(b.steps) for name, b in found.behaviors.items()}
    assert min(lengths.items(), key=lambda item: item[1]) == first
    for name, behavior in found.behaviors.items():
        conjunct = next(c for c in conjuncts if c.name == name)
        with instance.active():
            assert not truth(conjunct.formula, link().structure(instance.spec, behavior.last))


def test_nothing_is_false_in_what_is_proved() -> None:
    link = PaxosLink()
    found = falsified(link.spec(**link.scope).instance, link, link.proof.system().conjuncts, 1000)
    assert (dict(found.behaviors), found.states, found.complete) == ({}, 145, True)
    assert not falsified(link.spec(**link.scope).instance, link, link.proof.system().conjuncts, 100).complete
