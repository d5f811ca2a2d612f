"""The specifications that are run, as structures of the proofs: what the one explores, the other shows for any size.

Throughout this file: the elements of a sort are those of the Spec; a quorum is its number in the list of quorums.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, ClassVar

from mcheck.models import flexible_paxos, paxos, two_phase_commit
from mcheck.models.consensus import Value
from mcheck.models.paxos import Accept, Accepted, Prepare, Promise
from mcheck.models.pbft import PBFT, Digest, PrePrepare, Replica, State, ViewChange
from mcheck.models.pbft import Commit as PBFTCommit
from mcheck.models.pbft import Prepare as PBFTPrepare
from mcheck.models.proofs import flexible_paxos as flexible_paxos_proof
from mcheck.models.proofs import mistakes, pbft_up_to_names, raft_history
from mcheck.models.proofs import paxos as paxos_proof
from mcheck.models.proofs import pbft as pbft_proof
from mcheck.models.proofs import raft_election as raft_election_proof
from mcheck.models.proofs import raft_log as raft_log_proof
from mcheck.models.proofs import two_phase_commit as two_phase_commit_proof
from mcheck.models.raft import Log, Node
from mcheck.models.raft import Value as RaftValue
from mcheck.models.tcommit import RM, RMState
from mcheck.models.two_phase_commit import Abort, Commit, Prepared
from mcheck.models.voting import Acceptor
from mcheck.spec import Set, Spec
from mcheck.spec.relational import Link, Mistake

LINKS: dict[str, str] = {
    "paxos": "mcheck.models.proofs.links:PaxosLink",
    "flexible-paxos": "mcheck.models.proofs.links:FlexiblePaxosLink",
    "two-phase-commit": "mcheck.models.proofs.links:TwoPhaseCommitLink",
    "raft-election": "mcheck.models.proofs.links:RaftElectionLink",
    "raft-log": "mcheck.models.proofs.links:RaftLogLink",
    "raft-safety": "mcheck.models.proofs.raft_safety_link:RaftSafetyLink",
    "pbft": "mcheck.models.proofs.links:PBFTLink",
}
"""By the name of the proof, which is that of the Spec."""


def holding(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], bool]:
    """The table of a relation that holds of these rows."""
    return dict.fromkeys(rows, True)


def members(quorums: Iterable[Set[Any]]) -> dict[tuple[Any, ...], bool]:
    """Who is a member of which quorum."""
    return holding((a, number) for number, quorum in enumerate(quorums) for a in quorum)


class PaxosLink(Link):
    """An acceptor has left the ballots below its `max_bal`; the other relations are the messages that were sent."""

    spec = paxos.Paxos
    proof = paxos_proof.Paxos
    scope = {"acceptors": 2, "values": 2, "max_ballot": 1}
    wide = {"acceptors": 3, "values": 2, "max_ballot": 1}
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = (
        paxos.AcceptsLate,
        paxos.ReusesBallot,
        paxos.ForgetsPromise,
        paxos.IgnoresVotes,
    )
    lacking: ClassVar[Mapping[tuple[str, str], type[Spec[Any]]]] = {
        ("phase_2a", "nothing is proposed in r yet"): paxos.ReusesBallot,
        ("phase_2a", "v is the value of the highest vote in q, or q has not voted"): paxos.IgnoresVotes,
        ("phase_2b", "n has taken part in no higher ballot"): paxos.ForgetsPromise,
    }

    def universe(self, spec: paxos.Paxos) -> dict[Any, tuple[Any, ...]]:
        return {
            paxos_proof.Acceptor: tuple(Acceptor),
            paxos_proof.Quorum: tuple(range(sum(1 for _ in spec.quorums()))),
            paxos_proof.Ballot: tuple(range(spec.max_ballot + 1)),
            paxos_proof.Value: tuple(Value),
        }

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        return {
            "acceptors": sizes[paxos_proof.Acceptor],
            "values": sizes[paxos_proof.Value],
            "max_ballot": sizes[paxos_proof.Ballot] - 1,
        }

    def fixed_tables(self, spec: paxos.Paxos) -> dict[Any, Any]:
        return {self.proof.member: members(spec.quorums())}

    def tables(self, spec: paxos.Paxos, state: paxos.State) -> dict[Any, Any]:
        msgs, ballots = state.msgs, range(spec.max_ballot + 1)
        return {
            self.proof.begun: holding((m.bal,) for m in msgs if isinstance(m, Prepare)),
            self.proof.promised: holding((m.acc, m.bal) for m in msgs if isinstance(m, Promise)),
            self.proof.left: holding((a, b) for a in Acceptor for b in ballots if b < state.acceptors[a].max_bal),
            self.proof.proposed: holding((m.bal, m.val) for m in msgs if isinstance(m, Accept)),
            self.proof.vote: holding((m.acc, m.vote.bal, m.vote.val) for m in msgs if isinstance(m, Accepted)),
        }


class FlexiblePaxosLink(PaxosLink):
    """As Paxos; who may be asked for promises is a sort of its own."""

    spec = flexible_paxos.FlexiblePaxos
    proof = flexible_paxos_proof.FlexiblePaxos
    scope = {"acceptors": 2, "accept_quorum": 1, "values": 2, "max_ballot": 1}
    wide = {"acceptors": 3, "accept_quorum": 2, "values": 2, "max_ballot": 1}
    tweaks = (
        mistakes.FlexibleAcceptsLate,
        mistakes.FlexibleReusesBallot,
        mistakes.FlexibleForgetsPromise,
        flexible_paxos.AsksOneTooFew,
    )
    lacking = {}

    def universe(self, spec: paxos.Paxos) -> dict[Any, tuple[Any, ...]]:
        asked = tuple(range(sum(1 for _ in spec.promise_quorums())))
        return {**super().universe(spec), flexible_paxos_proof.PromiseQuorum: asked}

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        return {**super().scope_of(sizes), "accept_quorum": 1}

    def fixed_tables(self, spec: paxos.Paxos) -> dict[Any, Any]:
        asked = flexible_paxos_proof.FlexiblePaxos.asked
        return {**super().fixed_tables(spec), asked: members(spec.promise_quorums())}


class TwoPhaseCommitLink(Link):
    """The states of the managers and the messages, each as a relation."""

    spec = two_phase_commit.TwoPhaseCommit
    proof = two_phase_commit_proof.TwoPhaseCommit
    scope = {"managers": 3}
    wide = {"managers": 3}
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = (
        two_phase_commit.CommitsEarly,
        two_phase_commit.AbortsAfterPrepared,
        two_phase_commit.CommitsAlone,
        two_phase_commit.TakesSilenceForConsent,
        two_phase_commit.ForgetsPrepared,
        two_phase_commit.ForgetsDecision,
    )
    lacking = {
        ("tm_rcv_prepared", "rm has said that it is prepared"): two_phase_commit.TakesSilenceForConsent,
        ("tm_commit", "all are known to be prepared"): two_phase_commit.CommitsEarly,
        ("rm_choose_to_abort", "rm is working"): two_phase_commit.AbortsAfterPrepared,
    }

    def universe(self, spec: two_phase_commit.TwoPhaseCommit) -> dict[Any, tuple[Any, ...]]:
        return {two_phase_commit_proof.RM: tuple(RM)}

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        return {"managers": sizes[two_phase_commit_proof.RM]}

    def tables(self, spec: two_phase_commit.TwoPhaseCommit, state: two_phase_commit.State) -> dict[Any, Any]:
        def managers(wanted: RMState) -> dict[tuple[Any, ...], bool]:
            return holding((rm,) for rm in RM if state.rm_state[rm] == wanted)

        return {
            self.proof.prepared: managers(RMState.PREPARED),
            self.proof.committed: managers(RMState.COMMITTED),
            self.proof.aborted: managers(RMState.ABORTED),
            self.proof.said: holding((m.rm,) for m in state.msgs if isinstance(m, Prepared)),
            self.proof.heard: holding((rm,) for rm in state.tm_prepared),
            self.proof.tm_committed: holding([()] if Commit() in state.msgs else []),
            self.proof.tm_aborted: holding([()] if Abort() in state.msgs else []),
        }


class RaftElectionLink(Link):
    """Terms that a server has left are those below its own; votes and electorates are the history that was kept.

    The smallest majorities are the quorums.  A leader is elected by the first of them that had voted for it.
    """

    spec = raft_history.RaftHistory
    proof = raft_election_proof.RaftElection
    scope = {"nodes": 2, "max_term": 2, "max_log": 0, "max_messages": 2, "max_restarts": 1}
    wide = {**scope, "nodes": 3, "max_restarts": 0}
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = (
        raft_history.VotesTwice,
        raft_history.QuorumOfOne,
        raft_history.ForgetsVote,
    )
    lacking = {
        ("grant_vote", "n has not voted in t"): raft_history.VotesTwice,
        ("become_leader", "all of q have voted for n in t"): raft_history.QuorumOfOne,
    }
    steps = {
        "timeout": "grant_vote",
        "deliver": ("grant_vote", "become_leader", "adopt_term"),
        "client_request": (),
        "append_entries": (),
        "restart": (),
    }

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        nodes, terms = sizes[raft_election_proof.Server], sizes[raft_election_proof.Term]
        return {**self.wide, "nodes": max(3, nodes), "max_term": terms}  # nobody is elected in term 0

    def quorums(self) -> list[Set[Node]]:
        """The smallest majorities of the servers of the active instance."""
        return [Set(q) for q in combinations(Node, len(Node) // 2 + 1)]

    def universe(self, spec: raft_history.RaftHistory) -> dict[Any, tuple[Any, ...]]:
        return {
            raft_election_proof.Server: tuple(Node),
            raft_election_proof.Term: tuple(range(spec.max_term + 1)),
            raft_election_proof.Quorum: tuple(range(len(self.quorums()))),
        }

    def fixed_tables(self, spec: raft_history.RaftHistory) -> dict[Any, Any]:
        return {self.proof.member: members(self.quorums())}

    def tables(self, spec: raft_history.RaftHistory, state: raft_history.History) -> dict[Any, Any]:
        terms = range(spec.max_term + 1)
        return {
            self.proof.past: holding((i, t) for i in Node for t in terms if t < state.servers[i].current_term),
            self.proof.voted: holding((v.voter, v.term, v.candidate) for v in state.votes),
            self.proof.leader: holding((i, t) for i in Node for t in state.elected[i]),
            self.proof.electorate: {(t,): self.electorate(state, t) for t in terms},
        }

    def electorate(self, state: raft_history.History, t: int) -> int:
        """The first quorum that had voted for the leader of t; the first of all, as at the start, if there is none."""
        return self.first_quorum(e.voters for e in state.elections if e.term == t)

    def first_quorum(self, groups: Iterable[Set[Node]]) -> int:
        """The first quorum that is inside one of the groups; the first of all if none is."""
        there = tuple(groups)
        return next((k for k, quorum in enumerate(self.quorums()) if any(quorum <= g for g in there)), 0)


class RaftLogLink(RaftElectionLink):
    """As for elections; entries are those of the logs, what a leader had and has sent is the history that was kept."""

    spec = raft_history.RaftLogHistory
    proof = raft_log_proof.RaftLog
    scope = {"nodes": 2, "max_term": 1, "max_log": 2, "max_messages": 2, "max_restarts": 0}
    wide = scope
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = ()
    mistakes: ClassVar[Mapping[str, Mistake | str]] = mistakes.RAFT_LOG
    lacking = {}
    steps = {
        "timeout": "grant_vote",
        "deliver": ("grant_vote", "become_leader", "adopt_term", "receive_first", "receive"),
        "append_entries": ("send_first", "send"),
        "restart": (),
    }

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        return self.scope

    def universe(self, spec: raft_history.RaftHistory) -> dict[Any, tuple[Any, ...]]:
        return {
            **super().universe(spec),
            raft_log_proof.Index: tuple(range(1, spec.max_log + 1)),
            raft_log_proof.Value: tuple(RaftValue),
        }

    def fixed_tables(self, spec: raft_history.RaftHistory) -> dict[Any, Any]:
        return {**super().fixed_tables(spec), self.proof.first.head: {(): 1}}

    def tables(self, spec: raft_history.RaftHistory, state: Any) -> dict[Any, Any]:
        """`state` is a LogHistory."""
        return {
            **super().tables(spec, state),
            self.proof.entry: holding((i, *row) for i in Node for row in rows_of(state.servers[i].log)),
            self.proof.begun: holding((t,) for i in Node for t in state.elected[i]),
            self.proof.log_of: holding((known.term, *row) for known in state.led for row in rows_of(known.log)),
            self.proof.sent_first: holding(
                (m.term, m.entry.term, m.entry.value) for m in state.sent if m.previous is None
            ),
            self.proof.sent: holding(
                (m.term, m.log_index - 1, m.previous.term, m.previous.value, m.log_index, m.entry.term, m.entry.value)
                for m in state.sent
                if m.previous is not None
            ),
        }


def rows_of(log: Log) -> Iterable[tuple[Any, ...]]:
    """The entries of a log: index, term, value."""
    return ((index, entry.term, entry.value) for index, entry in enumerate(log, start=1))


class PBFTLink(Link):
    """The relations are the messages that were sent.  Which replicas are faulty, and who is primary, the state says.

    The quorums are all sets of as many replicas as the Spec asks for.
    """

    spec = pbft_up_to_names.UpToNames
    proof = pbft_proof.PBFT
    scope = {"replicas": 4, "byzantine": 1, "requests": 1, "views": 2}
    wide = {"replicas": 4, "byzantine": 1, "requests": 2, "views": 2}
    tweaks = (
        pbft_up_to_names.AcceptsTwice,
        pbft_up_to_names.SkipsCommit,
        pbft_up_to_names.OmitsCertificate,
        pbft_up_to_names.TrustsNewView,
        pbft_up_to_names.AcceptsUnsigned,
    )
    lacking = {
        ("prepare", "n has accepted nothing in w yet"): pbft_up_to_names.AcceptsTwice,
        ("execute", "all of q have committed d in w"): pbft_up_to_names.SkipsCommit,
        ("view_change", "n has prepared nothing"): pbft_up_to_names.OmitsCertificate,
        ("accept_new_view", "no correct member of q reports one of a higher view"): pbft_up_to_names.TrustsNewView,
        (
            "accept_new_view",
            "there is a prepared certificate for d in an earlier view",
        ): pbft_up_to_names.AcceptsUnsigned,
    }
    steps = {"request": (), "view_change": ("view_change", "view_change_with")}

    def scope_of(self, sizes: Mapping[Any, int]) -> Mapping[str, Any]:
        replicas, faulty = sizes[pbft_proof.Replica], 1
        if replicas < 4 and sizes[pbft_proof.Quorum] == 1:
            faulty = 0  # the quorum is all of them
        return {
            "replicas": max(replicas, 3 * faulty + 1),
            "byzantine": faulty,
            "requests": sizes[pbft_proof.Request],
            "views": sizes[pbft_proof.View],
        }

    @property
    def scope_of_tweaks(self) -> Mapping[str, Any]:
        return self.wide

    def quorums(self, spec: PBFT) -> list[Set[Replica]]:
        """The smallest quorums."""
        return [Set(q) for q in combinations(Replica, spec.quorum())]

    def universe(self, spec: PBFT) -> dict[Any, tuple[Any, ...]]:
        return {
            pbft_proof.Replica: tuple(Replica),
            pbft_proof.View: tuple(range(spec.views)),
            pbft_proof.Request: tuple(Digest),
            pbft_proof.Quorum: tuple(range(len(self.quorums(spec)))),
        }

    def fixed_tables(self, spec: PBFT) -> dict[Any, Any]:
        return {self.proof.member: members(self.quorums(spec))}

    def tables(self, spec: PBFT, state: State) -> dict[Any, Any]:
        views, sent = range(spec.views), [m for m in state.msgs if spec.signer(state, m) in state.correct]
        changes = [m for m in sent if isinstance(m, ViewChange)]
        return {
            self.proof.faulty: holding((i,) for i in Replica if i not in state.correct),
            self.proof.primary: {(v,): state.primary[v] for v in views},
            self.proof.left: holding((i, v) for i in Replica for v in views if v < state.replicas[i].view),
            self.proof.pre_prepares: holding((m.view, m.digest) for m in sent if isinstance(m, PrePrepare)),
            self.proof.prepares: holding((m.src, m.view, m.digest) for m in sent if isinstance(m, PBFTPrepare)),
            self.proof.commits: holding((m.src, m.view, m.digest) for m in sent if isinstance(m, PBFTCommit)),
            self.proof.changes_to: holding((m.src, m.view) for m in changes),
            self.proof.reports: holding(
                (m.src, m.view, v) for m in changes for v in views if m.prepared is not None and v <= m.prepared.view
            ),
            self.proof.executed: holding(
                (i, me.executed.view, me.executed.digest) for i, me in state.replicas.items() if me.executed is not None
            ),
        }
