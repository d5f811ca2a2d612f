"""What is proved is what is run.  If these fail, a proof speaks of another protocol than the one that is checked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest

from mcheck.checker.linking import check_link
from mcheck.models import paxos, raft, two_phase_commit
from mcheck.models.proofs import raft_history
from mcheck.models.proofs.links import FlexiblePaxosLink, PaxosLink, RaftElectionLink, RaftLogLink, TwoPhaseCommitLink
from mcheck.models.proofs.paxos import Paxos as PaxosProof
from mcheck.models.proofs.raft_log import RaftLog as RaftLogProof
from mcheck.models.proofs.raft_safety_link import CommitsAlone, CommitsOldTerms, IgnoresLogs, RaftSafetyLink
from mcheck.proof_story import Broken, mistakes_shown
from mcheck.spec import Behavior, Cut, Spec, SpecError, replay
from mcheck.spec.relational import Link, Mistake, truth

NO_DELIVERY = (
    "the last step is no step grant_vote or become_leader or adopt_term or commit or receive_first or receive or learn "
    "or receive_first then learn or receive then learn of RaftSafety"
)


@pytest.mark.parametrize(
    ("link", "constants", "states", "edges"),  # as many as the explorers count, without the initial state
    [
        (TwoPhaseCommitLink, {"managers": 3}, 288, 1145),
        (PaxosLink, {"acceptors": 2, "values": 2, "max_ballot": 1}, 145, 610),
        (FlexiblePaxosLink, {"acceptors": 2, "accept_quorum": 1, "values": 2, "max_ballot": 1}, 145, 610),
        (RaftElectionLink, RaftElectionLink.scope, 828, 1800),
        (RaftLogLink, RaftLogLink.scope, 446, 1088),
        (RaftSafetyLink, RaftSafetyLink.scope, 1469, 3364),
        pytest.param(RaftSafetyLink, {**RaftSafetyLink.scope, "max_log": 2}, 8343, 19938, marks=pytest.mark.slow),
        pytest.param(RaftSafetyLink, {**RaftSafetyLink.scope, "max_restarts": 1}, 6092, 14856, marks=pytest.mark.slow),
        pytest.param(RaftLogLink, {**RaftLogLink.scope, "max_restarts": 1}, 1392, 3760, marks=pytest.mark.slow),
        pytest.param(RaftElectionLink, RaftElectionLink.wide, 2080, 5601, marks=pytest.mark.slow),
        pytest.param(PaxosLink, {"acceptors": 3, "max_ballot": 1}, 3921, 23562, marks=pytest.mark.slow),
        pytest.param(TwoPhaseCommitLink, {"managers": 4}, 1568, 8257, marks=pytest.mark.slow),
    ],
)
def test_every_step_that_is_run_is_a_step_of_the_proof(
    link: type[Link], constants: Mapping[str, int], states: int, edges: int
) -> None:
    verdict = check_link(link.spec(**constants).instance, link())
    assert (verdict.difference, verdict.complete) == (None, True)
    assert (verdict.states, verdict.edges) == (states, edges)
    assert verdict.stutters < verdict.edges


@pytest.mark.parametrize(
    ("spec", "link", "constants", "difference", "last"),
    [
        (paxos.ForgetsPromise, PaxosLink, {"acceptors": 2}, "the last step is no step phase_1b of Paxos", "phase_1b"),
        (paxos.ReusesBallot, PaxosLink, {"acceptors": 2}, "the last step is no step phase_2a of Paxos", "phase_2a"),
        (paxos.IgnoresVotes, PaxosLink, {"acceptors": 2}, "the last step is no step phase_2a of Paxos", "phase_2a"),
        (
            raft_history.VotesTwice,
            RaftElectionLink,
            RaftElectionLink.scope,
            "the last step is no step grant_vote or become_leader or adopt_term of RaftElection",
            "deliver",
        ),
        (
            raft_history.QuorumOfOne,
            RaftElectionLink,
            RaftElectionLink.scope,
            "the last step is no step grant_vote of RaftElection",
            "timeout",
        ),
        (
            raft_history.ForgetsVote,
            RaftElectionLink,
            RaftElectionLink.scope,
            "the last step is no step grant_vote or become_leader or adopt_term of RaftElection",
            "deliver",
        ),
        (IgnoresLogs, RaftSafetyLink, RaftSafetyLink.scope, NO_DELIVERY, "deliver"),
        (CommitsOldTerms, RaftSafetyLink, RaftSafetyLink.scope, NO_DELIVERY, "deliver"),
        (
            CommitsAlone,
            RaftSafetyLink,
            RaftSafetyLink.scope,
            "the last step is no step client_request of RaftSafety",
            "client_request",
        ),
        (
            two_phase_commit.CommitsEarly,
            TwoPhaseCommitLink,
            {"managers": 2},
            "the last step is no step tm_commit of TwoPhaseCommit",
            "tm_commit",
        ),
    ],
)
def test_a_tweak_is_no_step_of_the_proof_and_the_difference_is_a_trace(
    spec: type[Spec[Any]], link: type[Link], constants: Mapping[str, int], difference: str, last: str
) -> None:
    instance = spec(**constants).instance
    verdict = check_link(instance, link())
    assert verdict.difference == difference
    assert isinstance(verdict.behavior, Behavior)
    assert verdict.behavior.labels[-1].startswith(last)
    assert replay(instance, verdict.behavior.initial, verdict.behavior.labels) == verdict.behavior


def test_a_quorum_is_the_first_inside_a_group() -> None:
    """Two servers have one quorum; here are three."""
    link, instance = RaftElectionLink(), RaftElectionLink.spec(**RaftElectionLink.wide).instance
    with instance.active():
        quorums = link.quorums()
        assert len(quorums) == 3
        assert [link.first_quorum([q]) for q in quorums] == [0, 1, 2]
        assert link.first_quorum([quorums[2], quorums[1]]) == 1
        assert link.first_quorum([]) == 0


class QuorumsApart(PaxosLink):
    """Maps to quorums of which one has no member."""

    def fixed_tables(self, spec: paxos.Paxos) -> dict[Any, Any]:
        tables = super().fixed_tables(spec)
        return {s: {row: True for row in table if row[1] != 0} for s, table in tables.items()}


class VotesUnproposed(PaxosLink):
    """Forgets what was proposed."""

    def tables(self, spec: paxos.Paxos, state: paxos.State) -> dict[Any, Any]:
        return {**super().tables(spec, state), PaxosProof.proposed: {}}


def test_quorums_must_satisfy_what_is_assumed_of_them() -> None:
    verdict = check_link(paxos.Paxos(acceptors=2).instance, QuorumsApart())
    assert verdict.difference is not None
    assert verdict.difference.startswith("axiom quorums_meet of Paxos is false")


def test_every_conjunct_must_hold_in_every_state() -> None:
    verdict = check_link(paxos.Paxos(acceptors=2).instance, VotesUnproposed())
    assert verdict.difference is not None
    assert verdict.behavior is not None


class NeverHears(RaftElectionLink):
    """Claims that no message changes anything that the proof speaks of."""

    steps = {**RaftElectionLink.steps, "deliver": ()}


def test_what_must_change_nothing_changes_nothing() -> None:
    verdict = check_link(NeverHears.spec(**NeverHears.scope).instance, NeverHears())
    assert verdict.difference == "the last step must change nothing in RaftElection"
    assert verdict.behavior is not None
    assert verdict.behavior.labels[-1].startswith("deliver")


def test_history_changes_nothing_in_raft() -> None:
    """Forgetting the ghosts, RaftHistory has the states of Raft."""
    scope = {"nodes": 2, "max_term": 1, "max_log": 0, "max_messages": 2, "max_restarts": 1}
    with_history = check_link(raft_history.RaftHistory(**scope).instance, RaftElectionLink())
    assert with_history.difference is None
    assert _states(raft.Raft(**scope)) == _states(raft_history.RaftHistory(**scope))


def _states(spec: Any) -> set[Any]:
    """What servers, network and elections are in all reachable states."""
    instance, found = spec.instance, {}
    with instance.active():
        queue = list(instance.initial)
        for state in queue:
            if state in found:
                continue
            found[state] = (state.servers, state.network, state.restarts, state.elected)
            queue += [after for _, _, after in instance.transitions(state) if not isinstance(after, Cut)]
    return set(found.values())


@pytest.mark.slow
def test_three_servers_and_two_terms_are_linked_as_far_as_they_are_looked_at() -> None:
    scope = {**RaftLogLink.scope, "nodes": 3, "max_term": 2, "max_log": 1}
    verdict = check_link(RaftLogLink.spec(**scope).instance, RaftLogLink(), most_states=4000)
    assert (verdict.difference, verdict.complete) == (None, False)
    assert verdict.states > 4000


class AppendsAlways(raft_history.RaftLogHistory):
    """A follower appends an entry that it has already."""

    def merged(self, me: raft.Server, m: raft.AppendEntries) -> raft.Log:
        return me.log + m.entries


class ForgetsWhatWasSent(RaftLogLink):
    """Maps to relations in which no leader has sent anything."""

    def tables(self, spec: Any, state: Any) -> dict[Any, Any]:
        return {**super().tables(spec, state), RaftLogProof.sent_first: {}, RaftLogProof.sent: {}}


def test_another_way_to_keep_logs_is_noticed() -> None:
    verdict = check_link(AppendsAlways(**RaftLogLink.scope).instance, RaftLogLink())
    assert verdict.difference is not None
    assert verdict.behavior is not None
    assert verdict.behavior.labels[-1].startswith("deliver(m=AppendEntries")


def test_a_mapping_that_loses_messages_is_noticed() -> None:
    verdict = check_link(RaftLogLink.spec(**RaftLogLink.scope).instance, ForgetsWhatWasSent())
    assert verdict.difference is not None
    assert verdict.behavior is not None
    assert verdict.behavior.labels[-1].startswith("deliver(m=AppendEntries")


class NeverLearns(RaftSafetyLink):
    """Claims that what is appended is not applied in the same step."""

    steps = {**RaftSafetyLink.steps, "deliver": tuple(w for w in RaftSafetyLink.steps["deliver"] if "learn" not in w)}


def test_a_step_that_does_two_things_is_both() -> None:
    verdict = check_link(RaftSafetyLink.spec(**RaftSafetyLink.scope).instance, NeverLearns())
    assert verdict.difference is not None
    assert verdict.difference.startswith("the last step is no step")


@functools.cache
def shown_by(link: type[Link]) -> dict[str, Broken | str]:
    """What a story says of each invariant."""
    return mistakes_shown(link(), link.proof.system())


@pytest.mark.parametrize("link", [PaxosLink, FlexiblePaxosLink, TwoPhaseCommitLink, RaftElectionLink, RaftLogLink])
def test_every_invariant_is_false_in_some_mistake_or_it_is_said_why_in_none(link: type[Link]) -> None:
    system = link.proof.system()
    shown = shown_by(link)
    assert {c.name for c in system.auxiliary} <= shown.keys()
    for sentence in system.auxiliary:
        found = shown[sentence.name]
        if isinstance(found, str):
            assert found.endswith(".")
            continue
        instance = found.behavior.instance
        with instance.active():
            truths = [truth(sentence.formula, link().structure(instance.spec, s)) for s in found.behavior.states]
        assert truths.index(False) == len(truths) - 1
        assert (found.words, bool(found.command)) != ("", False)


def test_mistakes_that_show_the_invariants_of_raft_logs() -> None:
    shown = shown_by(RaftLogLink)
    lengths = {n: (b.tweak, len(b.behavior.steps)) for n, b in shown.items() if not isinstance(b, str)}
    assert lengths == {
        "one_vote": ("VotesTwice", 3),
        "leaders_were_elected": ("QuorumOfOne", 1),
        "leaders_left_earlier_terms": ("ForgetsTerm", 4),
        "logs_of_begun_terms": ("KeepsRoleInNewTerm", 6),
        "leader_has_log_of_its_term": ("ForgetsLog", 5),
        "logs_agree_with_terms": ("SkipsConsistencyCheck", 15),
        "terms_agree_with_terms": ("QuorumOfOne", 9),
        "first_was_in_log": ("QuorumOfOne", 4),
        "sent_was_in_log": ("QuorumOfOne", 8),
    }
    assert {n for n, b in shown.items() if not isinstance(b, str) and not b.shortest} == {
        "logs_agree_with_terms",
        "sent_was_in_log",
    }


class ShowsTooMuch(TwoPhaseCommitLink):
    """Claims that a manager which aborts too late makes the tm decide twice."""

    tweaks = ()
    mistakes = {"one_decision": Mistake(two_phase_commit.AbortsAfterPrepared, {"managers": 2})}


class EndsTooEarly(TwoPhaseCommitLink):
    """Gives a behaviour that ends before anything is false."""

    tweaks = ()
    mistakes = {"one_decision": Mistake(two_phase_commit.ForgetsDecision, {"managers": 2}, ("rm_prepare(rm=0)",))}


@pytest.mark.parametrize("link", [ShowsTooMuch, EndsTooEarly])
def test_a_mistake_that_shows_nothing_is_refused(link: type[Link]) -> None:
    with pytest.raises(SpecError, match=r"\.mistakes: .* does not make one_decision false"):
        mistakes_shown(link(), link.proof.system())
