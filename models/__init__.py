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
    "flexible-paxos": "mcheck.models.flexible_paxos:FlexiblePaxos",
    "fast-paxos": "mcheck.models.fast_paxos:FastPaxos",
    "raft": "mcheck.models.raft:Raft",
    "raft-macro": "mcheck.models.raft_macro:RaftMacro",
    "raft-fsync": "mcheck.models.raft_fsync:RaftFsync",
    "raft-tla": "mcheck.models.raft_tla:RaftTLA",
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
        "count-across-ballots": "mcheck.models.paxos:CountsAcrossBallots",
    },
    "flexible-paxos": {
        "ask-one-too-few": "mcheck.models.flexible_paxos:AsksOneTooFew",
    },
    "fast-paxos": {
        "small-fast-quorum": "mcheck.models.fast_paxos:FastQuorumTooSmall",
        "small-classic-quorum": "mcheck.models.fast_paxos:ClassicQuorumTooSmall",
    },
    "raft": {
        "quorum-of-one": "mcheck.models.raft_election_tweaks:QuorumOfOne",
        "half-quorum": "mcheck.models.raft_election_tweaks:HalfQuorum",
        "forget-vote": "mcheck.models.raft_election_tweaks:ForgetsVote",
        "forget-term": "mcheck.models.raft_election_tweaks:ForgetsTerm",
        "write-term-then-vote": "mcheck.models.raft_election_tweaks:WritesTermThenVote",
        "answer-between-writes": "mcheck.models.raft_election_tweaks:AnswersBetweenWrites",
        "vote-twice": "mcheck.models.raft_election_tweaks:VotesTwice",
        "free-vote-on-append": "mcheck.models.raft_election_tweaks:FreesVoteOnAppend",
        "free-vote-on-step-down": "mcheck.models.raft_election_tweaks:FreesVoteOnStepDown",
        "keep-vote-in-new-term": "mcheck.models.raft_election_tweaks:KeepsVoteInNewTerm",
        "no-log-check": "mcheck.models.raft_election_tweaks:IgnoresLogs",
        "compare-length-only": "mcheck.models.raft_election_tweaks:ComparesLengthOnly",
        "count-stale-votes": "mcheck.models.raft_election_tweaks:CountsStaleVotes",
        "lead-without-looking-up": "mcheck.models.raft_election_tweaks:LeadsWithoutLookingUp",
        "stay-candidate": "mcheck.models.raft_election_tweaks:StaysCandidate",
        "keep-role-in-new-term": "mcheck.models.raft_election_tweaks:KeepsRoleInNewTerm",
        "commit-alone": "mcheck.models.raft_log_tweaks:CommitsAlone",
        "flexible-quorums": "mcheck.models.raft_log_tweaks:FlexibleQuorums",
        "quorums-apart": "mcheck.models.raft_log_tweaks:QuorumsApart",
        "commit-old-terms": "mcheck.models.raft_log_tweaks:CommitsOldTerms",
        "take-refusal-for-consent": "mcheck.models.raft_log_tweaks:TakesRefusalForConsent",
        "always-truncate": "mcheck.models.raft_log_tweaks:AlwaysTruncates",
        "truncate-in-order": "mcheck.models.raft_log_tweaks:TruncatesInOrder",
        "keep-conflicts": "mcheck.models.raft_log_tweaks:KeepsConflicts",
        "skip-consistency-check": "mcheck.models.raft_log_tweaks:SkipsConsistencyCheck",
        "obey-old-leaders": "mcheck.models.raft_log_tweaks:ObeysOldLeaders",
        "commit-unseen": "mcheck.models.raft_log_tweaks:CommitsUnseen",
        "commit-unseen-on-heartbeat": "mcheck.models.raft_log_tweaks:CommitsUnseenOnHeartbeat",
        "commit-own-suffix": "mcheck.models.raft_log_tweaks:CommitsOwnSuffix",
        "commit-own-suffix-on-heartbeat": "mcheck.models.raft_log_tweaks:CommitsOwnSuffixOnHeartbeat",
        "forget-log": "mcheck.models.raft_log_tweaks:ForgetsLog",
        "roll-back-on-step-down": "mcheck.models.raft_log_tweaks:RollsBackOnStepDown",
        "dropping": "mcheck.models.raft_networks:Dropping",
        "duplicating": "mcheck.models.raft_networks:Duplicating",
        "dropping-and-duplicating": "mcheck.models.raft_networks:DroppingAndDuplicating",
        "heartbeats": "mcheck.models.raft_networks:Heartbeats",
        "fifo": "mcheck.models.raft_networks:Fifo",
    },
    "raft-macro": {
        "commit-old-terms": "mcheck.models.raft_macro:CommitsOldTerms",
        "no-log-check": "mcheck.models.raft_macro:IgnoresLogs",
        "compare-length-only": "mcheck.models.raft_macro:ComparesLengthOnly",
        "commit-alone": "mcheck.models.raft_macro:CommitsAlone",
        "commit-unacknowledged": "mcheck.models.raft_macro:CommitsUnacknowledged",
    },
    "raft-fsync": {
        "answer-before-fsync": "mcheck.models.raft_fsync:AnswersBeforeFsync",
        "count-before-fsync": "mcheck.models.raft_fsync:CountsBeforeFsync",
        "flush-before-sending": "mcheck.models.raft_fsync:FlushesBeforeSending",
    },
}
"""By the name of the protocol: each tweak is the good spec with one rule overridden, or a worse network under it."""
