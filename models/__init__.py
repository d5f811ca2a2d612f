"""The shipped protocols and their tweaks: name -> "module:Class", imported when asked for.

Protocols of other distributions are found through the entry point group `mcheck.protocols`.
"""

PROTOCOLS: dict[str, str] = {
    "die-hard": "mcheck.models.die_hard:DieHard",
    "tcommit": "mcheck.models.tcommit:TCommit",
    "two-phase-commit": "mcheck.models.two_phase_commit:TwoPhaseCommit",
    "consensus": "mcheck.models.consensus:Consensus",
    "voting": "mcheck.models.voting:Voting",
    "paxos": "mcheck.models.paxos:Paxos",
    "raft": "mcheck.models.raft:Raft",
    "raft-tla": "mcheck.models.raft_tla:RaftTLA",
}

TWEAKS: dict[str, dict[str, str]] = {
    "two-phase-commit": {
        "commits-early": "mcheck.models.two_phase_commit:CommitsEarly",
        "aborts-after-prepared": "mcheck.models.two_phase_commit:AbortsAfterPrepared",
    },
    "paxos": {
        "forgets-promise": "mcheck.models.paxos:ForgetsPromise",
        "ignores-votes": "mcheck.models.paxos:IgnoresVotes",
        "follows-lowest-vote": "mcheck.models.paxos:FollowsLowestVote",
        "asks-one-acceptor": "mcheck.models.paxos:AsksOneAcceptor",
        "reuses-ballot": "mcheck.models.paxos:ReusesBallot",
    },
}
"""By the name of the protocol: each tweak is the good spec with one rule overridden."""
