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
    "zab": "mcheck.models.zab:Zab",
    "zab-tla": "mcheck.models.zab_tla:ZabTLA",
}

TWEAKS: dict[str, dict[str, str]] = {
    "tcommit": {
        "commit-unprepared": "mcheck.models.tcommit:CommitsUnprepared",
    },
    "two-phase-commit": {
        "commit-early": "mcheck.models.two_phase_commit:CommitsEarly",
        "abort-after-prepared": "mcheck.models.two_phase_commit:AbortsAfterPrepared",
    },
    "consensus": {
        "choose-again": "mcheck.models.consensus:ChoosesAgain",
    },
    "voting": {
        "vote-without-proof": "mcheck.models.voting:VotesWithoutProof",
        "split-ballot": "mcheck.models.voting:SplitsBallot",
    },
    "paxos": {
        "forget-promise": "mcheck.models.paxos:ForgetsPromise",
        "ignore-votes": "mcheck.models.paxos:IgnoresVotes",
        "follow-lowest-vote": "mcheck.models.paxos:FollowsLowestVote",
        "ask-one-acceptor": "mcheck.models.paxos:AsksOneAcceptor",
        "reuse-ballot": "mcheck.models.paxos:ReusesBallot",
    },
    "raft": {
        "quorum-of-one": "mcheck.models.raft_tweaks:QuorumOfOne",
        "half-quorum": "mcheck.models.raft_tweaks:HalfQuorum",
        "forget-vote": "mcheck.models.raft_tweaks:ForgetsVote",
        "forget-term": "mcheck.models.raft_tweaks:ForgetsTerm",
        "vote-twice": "mcheck.models.raft_tweaks:VotesTwice",
        "count-stale-votes": "mcheck.models.raft_tweaks:CountsStaleVotes",
        "no-log-check": "mcheck.models.raft_tweaks:IgnoresLogs",
        "free-vote-on-append": "mcheck.models.raft_tweaks:FreesVoteOnAppend",
        "free-vote-on-step-down": "mcheck.models.raft_tweaks:FreesVoteOnStepDown",
        "commit-alone": "mcheck.models.raft_tweaks:CommitsAlone",
        "commit-unseen": "mcheck.models.raft_tweaks:CommitsUnseen",
        "commit-old-terms": "mcheck.models.raft_tweaks:CommitsOldTerms",
        "forget-log": "mcheck.models.raft_tweaks:ForgetsLog",
        "always-truncate": "mcheck.models.raft_tweaks:AlwaysTruncates",
        "keep-conflicts": "mcheck.models.raft_tweaks:KeepsConflicts",
        "skip-consistency-check": "mcheck.models.raft_tweaks:SkipsConsistencyCheck",
        "dropping": "mcheck.models.raft_tweaks:Dropping",
        "duplicating": "mcheck.models.raft_tweaks:Duplicating",
        "dropping-and-duplicating": "mcheck.models.raft_tweaks:DroppingAndDuplicating",
    },
    "zab": {
        "compare-epochs-only": "mcheck.models.zab_tweaks:ComparesEpochsOnly",
        "accept-epoch-twice": "mcheck.models.zab_tweaks:AcceptsEpochTwice",
        "acknowledge-before-sync": "mcheck.models.zab_tweaks:AcknowledgesBeforeSync",
        "write-epoch-first": "mcheck.models.zab_tweaks:WritesEpochFirst",
        "keep-history": "mcheck.models.zab_tweaks:KeepsHistory",
        "propose-to-established": "mcheck.models.zab_tweaks:ProposesToEstablished",
        "commit-what-was-acknowledged": "mcheck.models.zab_tweaks:CommitsWhatWasAcknowledged",
        "commit-on-one-ack": "mcheck.models.zab_tweaks:CommitsOnOneAck",
        "remember-acks": "mcheck.models.zab_tweaks:RemembersAcks",
    },
}
"""By the name of the protocol: each tweak is the good spec with one rule overridden, or a worse network under it."""
