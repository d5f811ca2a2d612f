"""Proofs of the protocols for any number of nodes: name -> "module:Class", imported when asked for."""

PROOFS: dict[str, str] = {
    "paxos": "mcheck.models.proofs.paxos:Paxos",
    "flexible-paxos": "mcheck.models.proofs.flexible_paxos:FlexiblePaxos",
    "two-phase-commit": "mcheck.models.proofs.two_phase_commit:TwoPhaseCommit",
    "raft-election": "mcheck.models.proofs.raft_election:RaftElection",
    "raft-log": "mcheck.models.proofs.raft_log:RaftLog",
    "raft-safety": "mcheck.models.proofs.raft_safety:RaftSafety",
    "pbft": "mcheck.models.proofs.pbft:PBFT",
}
