"""What is proved of PBFT is what is run, faulty replicas included.  If these fail, the proof speaks of another protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mcheck.checker.linking import check_link
from mcheck.checker.mapped_states import falsified, occurrence
from mcheck.checker.symmetry import Canonical
from mcheck.models import pbft_tweaks
from mcheck.models.pbft import PBFT
from mcheck.models.proofs import pbft as proof
from mcheck.models.proofs import pbft_up_to_names as run
from mcheck.models.proofs.links import PBFTLink
from mcheck.spec import Instance, replay
from mcheck.spec.relational import Structure, Update, action, invariant, require

WIDE = PBFTLink.wide
ONE_VIEW = {**WIDE, "views": 1}
NOBODY_FAULTY = {"replicas": 3, "byzantine": 0, "requests": 2, "views": 2}


@pytest.mark.parametrize(
    ("constants", "states", "edges"),
    [
        (ONE_VIEW, 404, 1004),
        (NOBODY_FAULTY, 2192, 4972),
        pytest.param(PBFTLink.scope, 10089, 23736, marks=pytest.mark.slow),
        pytest.param(WIDE, 53032, 145188, marks=pytest.mark.slow),
    ],
)
def test_every_step_that_is_run_is_a_step_of_the_proof(constants: Mapping[str, int], states: int, edges: int) -> None:
    verdict = check_link(run.UpToNames(**constants).instance, PBFTLink())
    assert (verdict.difference, verdict.complete) == (None, True)
    assert (verdict.states, verdict.edges) == (states, edges)
    assert verdict.stutters < verdict.edges


@pytest.mark.parametrize(
    "most", [1000, pytest.param(20000, marks=pytest.mark.slow)]
)  # three views, of four replicas one faulty: far too many states to look at all
def test_three_views_are_linked_as_far_as_they_are_looked_at(most: int) -> None:
    verdict = check_link(run.UpToNames(**{**WIDE, "views": 3}).instance, PBFTLink(), most)
    assert (verdict.difference, verdict.complete) == (None, False)
    assert verdict.states > most


# ---------------------------------------------------------------------- what is looked at is all there is


@pytest.mark.parametrize("constants", [ONE_VIEW, WIDE, {**WIDE, "views": 3}, {**WIDE, "replicas": 5}])
def test_one_initial_state_is_left_of_those_that_differ_by_names(constants: Mapping[str, int]) -> None:
    every, few = PBFT(**constants).instance, run.UpToNames(**constants).instance
    with every.active():
        canonical = Canonical(every)
        orbits = [canonical(s) for s in few.initial]
        assert len(set(orbits)) == len(orbits)
        assert {canonical(s) for s in every.initial} == set(orbits)


def test_every_choice_of_faulty_replicas_is_linked_too() -> None:
    verdict = check_link(PBFT(**{**ONE_VIEW, "requests": 1}).instance, PBFTLink())
    assert (verdict.difference, verdict.complete) == (None, True)


class Injected(run.UpToNames, pbft_tweaks.Injected):
    """Faulty replicas send their messages one by one."""


class SendsMessages(PBFTLink):
    """What a faulty replica sends changes nothing that is stored."""

    steps = {**PBFTLink.steps, "byzantine_send": ()}


def test_what_faulty_replicas_send_may_as_well_be_stored() -> None:
    verdict = check_link(Injected(**{**ONE_VIEW, "requests": 1}).instance, SendsMessages())
    assert (verdict.difference, verdict.complete) == (None, True)


@pytest.mark.parametrize(
    "rule", ["pre_prepare", "prepare", "commit", "execute", "view_change", "new_view", "accept_new_view"]
)
def test_steps_of_every_rule_are_among_them(rule: str) -> None:
    """Else a link would be of no account for a rule that never changes what the proof speaks of."""

    class Nothing(PBFTLink):
        steps = {**PBFTLink.steps, rule: ()}

    verdict = check_link(run.UpToNames(**{**NOBODY_FAULTY, "requests": 1}).instance, Nothing())
    assert verdict.difference == "the last step must change nothing in PBFT"
    assert verdict.behavior is not None
    assert verdict.behavior.labels[-1].startswith(rule)


# ---------------------------------------------------------------------- breaking what is run


@pytest.mark.parametrize(
    ("tweak", "difference", "steps"),
    [
        (run.AcceptsTwice, "the last step is no step prepare of PBFT", 4),
        (run.SkipsCommit, "the last step is no step execute of PBFT", 5),
        (run.OmitsCertificate, "the last step is no step view_change or view_change_with of PBFT", 5),
        (run.TrustsNewView, "the last step is no step accept_new_view of PBFT", 4),
        (run.AcceptsUnsigned, "the last step is no step new_view of PBFT", 3),
    ],
)
def test_a_tweak_is_no_step_of_the_proof(tweak: type[PBFT], difference: str, steps: int) -> None:
    instance = tweak(**WIDE).instance
    verdict = check_link(instance, PBFTLink())
    assert verdict.difference == difference
    assert verdict.behavior is not None
    assert len(verdict.behavior.steps) == steps
    assert replay(instance, verdict.behavior.initial, verdict.behavior.labels) == verdict.behavior


@pytest.mark.parametrize("tweak", [pbft_tweaks.SmallerQuorum, pbft_tweaks.TooManyFaults])
def test_quorums_must_satisfy_what_is_assumed_of_them(tweak: type[PBFT]) -> None:
    verdict = check_link(tweak(**ONE_VIEW).instance, PBFTLink())
    assert verdict.difference is not None
    assert verdict.difference.startswith("axiom quorums_meet of PBFT is false")


def test_replicas_that_disagree_make_the_agreement_of_the_proof_false() -> None:
    """What is shown is the property that is checked: it is violated by as many steps."""
    agreement = [c for c in proof.PBFT.system().conjuncts if c.name == "agreement"]
    found = falsified(run.UpToNames(**{**ONE_VIEW, "replicas": 3}).instance, PBFTLink(), agreement, 20_000)
    assert len(found.behaviors["agreement"].steps) == 8  # docs/pbft.md, one replica too few


@pytest.mark.parametrize(
    ("tweak", "conjunct", "steps"),
    [
        (run.AcceptsTwice, "one_request", 4),
        (run.SkipsCommit, "executions_are_committed", 5),
        (run.OmitsCertificate, "commits_are_reported", 5),
        pytest.param(run.TrustsNewView, "requests_are_safe", 8, marks=pytest.mark.slow),
        pytest.param(run.AcceptsUnsigned, "requests_are_safe", 7, marks=pytest.mark.slow),
    ],
)
def test_each_tweak_makes_the_invariant_false_that_rests_on_its_rule(
    tweak: type[PBFT], conjunct: str, steps: int
) -> None:
    link = PBFTLink()
    resting = [c for c in link.proof.system().conjuncts if c.name == conjunct]
    found = falsified(tweak(**link.scope_of_tweaks).instance, link, resting, 20_000)
    assert len(found.behaviors[conjunct].steps) == steps


# ---------------------------------------------------------------------- breaking the proof


class OnlyPrimariesCommit(proof.PBFT):
    """A guard too many."""

    @action
    def commit(self, n: proof.Replica, w: proof.View, d: proof.Request, c: proof.Quorum) -> Update:
        require(n == self.primary(w), "n is the primary of w")
        return super().commit(n, w, d, c)


class FirstViewOnly(proof.PBFT):
    """Whoever leaves the first view executes nothing any more."""

    @action
    def execute(self, n: proof.Replica, w: proof.View, d: proof.Request, q: proof.Quorum) -> Update:
        require(~self.changes_to(n, w), "w is the first view")
        return super().execute(n, w, d, q)


class TrustsPrimaries(proof.PBFT):
    """A primary cannot be faulty."""

    @action
    def prepare(self, n: proof.Replica, w: proof.View, d: proof.Request, q: proof.Quorum) -> Update:
        require(self.pre_prepares(w, d), "the primary has proposed d")
        return super().prepare(n, w, d, q)

    def backs(self, n: proof.Replica, w: proof.View, d: proof.Request) -> None:
        self.is_in(n, w)


class ReportsNothing(proof.PBFT):
    """A VIEW-CHANGE with a certificate is forgotten."""

    @action
    def view_change_with(self, n: proof.Replica, w: proof.View, top: proof.View, d: proof.Request) -> Any:
        left, changes, _ = super().view_change_with(n, w, top, d)
        return left, changes


@pytest.mark.parametrize(
    ("stricter", "constants", "last"),
    [
        (OnlyPrimariesCommit, ONE_VIEW, "commit"),
        (TrustsPrimaries, ONE_VIEW, "prepare"),
        (FirstViewOnly, {**NOBODY_FAULTY, "requests": 1}, "execute"),
        (ReportsNothing, {**NOBODY_FAULTY, "requests": 1}, "view_change"),
    ],
)
def test_a_proof_that_allows_too_little_is_noticed(
    stricter: type[proof.PBFT], constants: Mapping[str, int], last: str
) -> None:
    class Strict(PBFTLink):
        proof = stricter

    verdict = check_link(run.UpToNames(**constants).instance, Strict())
    assert verdict.difference is not None
    assert verdict.difference.startswith("the last step is no step")
    assert verdict.behavior is not None
    assert verdict.behavior.labels[-1].startswith(last)


def test_a_conjunct_that_says_too_much_is_noticed() -> None:
    class Bold(proof.PBFT):
        @invariant
        def nobody_leaves(self, n: proof.Replica, w: proof.View) -> Any:
            """Nobody leaves a view."""
            return ~self.left(n, w)

    class BoldLink(PBFTLink):
        proof = Bold

    verdict = check_link(run.UpToNames(**{**WIDE, "requests": 1}).instance, BoldLink())
    assert verdict.difference == "invariant nobody_leaves of Bold is false: Nobody leaves a view."
    assert verdict.behavior is not None
    assert len(verdict.behavior.steps) == 1


# ---------------------------------------------------------------------- states of the proof in what is run


def test_what_no_action_changes_may_differ_from_one_initial_state_to_the_other() -> None:
    link, instance = PBFTLink(), run.UpToNames(**ONE_VIEW).instance
    agreement = proof.PBFT.system().conjuncts[0]
    for initial in instance.initial:
        start = mapped(instance, initial)
        found = occurrence(instance, link, start, start, agreement, 10)
        assert found is not None
        assert found.behavior is not None
        assert found.behavior.initial == initial
    start = mapped(instance, instance.initial[0])
    all_faulty = {(i,): True for i in start.universe[proof.Replica]}
    nobody = Structure(start.universe, {**start.tables, proof.PBFT.faulty: all_faulty})
    assert occurrence(instance, link, nobody, nobody, agreement, 10) is None


def mapped(instance: Instance, state: Any) -> Structure:
    with instance.active():
        return PBFTLink().structure(instance.spec, state)
