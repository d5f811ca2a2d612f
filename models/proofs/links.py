"""The specifications that are run, as structures of the proofs: what the one explores, the other shows for any size.

Throughout this file: the elements of a sort are those of the Spec; a quorum is its number in the list of quorums.
"""

from collections.abc import Iterable
from typing import Any

from mcheck.models import flexible_paxos, paxos, two_phase_commit
from mcheck.models.consensus import Value
from mcheck.models.paxos import Accept, Accepted, Prepare, Promise
from mcheck.models.proofs import flexible_paxos as flexible_paxos_proof
from mcheck.models.proofs import paxos as paxos_proof
from mcheck.models.proofs import two_phase_commit as two_phase_commit_proof
from mcheck.models.tcommit import RM, RMState
from mcheck.models.two_phase_commit import Prepared, TMState
from mcheck.models.voting import Acceptor
from mcheck.spec import Set
from mcheck.spec.relational import Link

LINKS: dict[str, str] = {
    "paxos": "mcheck.models.proofs.links:PaxosLink",
    "flexible-paxos": "mcheck.models.proofs.links:FlexiblePaxosLink",
    "two-phase-commit": "mcheck.models.proofs.links:TwoPhaseCommitLink",
}
"""By the name of the proof, which is that of the Spec."""


def holding(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], bool]:
    """The table of a relation that holds of these rows."""
    return dict.fromkeys(rows, True)


def members(quorums: Iterable[Set[Acceptor]]) -> dict[tuple[Any, ...], bool]:
    """Who is a member of which quorum."""
    return holding((a, number) for number, quorum in enumerate(quorums) for a in quorum)


class PaxosLink(Link):
    """An acceptor has left the ballots below its `max_bal`; the other relations are the messages that were sent."""

    spec = paxos.Paxos
    proof = paxos_proof.Paxos
    scope = {"acceptors": 2, "values": 2, "max_ballot": 1}

    def universe(self, spec: paxos.Paxos) -> dict[Any, tuple[Any, ...]]:
        return {
            paxos_proof.Acceptor: tuple(Acceptor),
            paxos_proof.Quorum: tuple(range(sum(1 for _ in spec.quorums()))),
            paxos_proof.Ballot: tuple(range(spec.max_ballot + 1)),
            paxos_proof.Value: tuple(Value),
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

    def universe(self, spec: paxos.Paxos) -> dict[Any, tuple[Any, ...]]:
        asked = tuple(range(sum(1 for _ in spec.promise_quorums())))
        return {**super().universe(spec), flexible_paxos_proof.PromiseQuorum: asked}

    def fixed_tables(self, spec: paxos.Paxos) -> dict[Any, Any]:
        asked = flexible_paxos_proof.FlexiblePaxos.asked
        return {**super().fixed_tables(spec), asked: members(spec.promise_quorums())}


class TwoPhaseCommitLink(Link):
    """The states of the managers and the messages, each as a relation."""

    spec = two_phase_commit.TwoPhaseCommit
    proof = two_phase_commit_proof.TwoPhaseCommit
    scope = {"managers": 3}

    def universe(self, spec: two_phase_commit.TwoPhaseCommit) -> dict[Any, tuple[Any, ...]]:
        return {two_phase_commit_proof.RM: tuple(RM)}

    def tables(self, spec: two_phase_commit.TwoPhaseCommit, state: two_phase_commit.State) -> dict[Any, Any]:
        def managers(wanted: RMState) -> dict[tuple[Any, ...], bool]:
            return holding((rm,) for rm in RM if state.rm_state[rm] == wanted)

        return {
            self.proof.prepared: managers(RMState.PREPARED),
            self.proof.committed: managers(RMState.COMMITTED),
            self.proof.aborted: managers(RMState.ABORTED),
            self.proof.said: holding((m.rm,) for m in state.msgs if isinstance(m, Prepared)),
            self.proof.heard: holding((rm,) for rm in state.tm_prepared),
            self.proof.tm_committed: holding([()] if state.tm_state == TMState.COMMITTED else []),
            self.proof.tm_aborted: holding([()] if state.tm_state == TMState.ABORTED else []),
        }
