"""The shipped protocols and their tweaks: name -> "module:Class", imported when asked for.

Protocols of other distributions are found through the entry point group `mcheck.protocols`.
"""

PROTOCOLS: dict[str, str] = {
    "die-hard": "mcheck.models.die_hard:DieHard",
    "tcommit": "mcheck.models.tcommit:TCommit",
    "two-phase-commit": "mcheck.models.two_phase_commit:TwoPhaseCommit",
    "three-phase-commit": "mcheck.models.three_phase_commit:ThreePhaseCommit",
    "dining-philosophers": "mcheck.models.dining_philosophers:DiningPhilosophers",
    "ewd840": "mcheck.models.ewd840:EWD840",
    "consensus": "mcheck.models.consensus:Consensus",
    "voting": "mcheck.models.voting:Voting",
    "paxos": "mcheck.models.paxos:Paxos",
    "flexible-paxos": "mcheck.models.flexible_paxos:FlexiblePaxos",
    "fast-paxos": "mcheck.models.fast_paxos:FastPaxos",
    "paxos-duel": "mcheck.models.paxos_duel:PaxosDuel",
    "pbft": "mcheck.models.pbft:PBFT",
    "flood-set": "mcheck.models.flood_set:FloodSet",
    "ben-or": "mcheck.models.ben_or:BenOr",
    "ben-or-rounds": "mcheck.models.ben_or_rounds:BenOrRounds",
    "rotating-coordinator": "mcheck.models.rotating_coordinator:RotatingCoordinator",
    "one-round": "mcheck.models.one_round:OneRound",
    "raft": "mcheck.models.raft:Raft",
    "raft-macro": "mcheck.models.raft_macro:RaftMacro",
    "raft-split-votes": "mcheck.models.raft_split_votes:RaftSplitVotes",
    "raft-fsync": "mcheck.models.raft_fsync:RaftFsync",
    "raft-tla": "mcheck.models.raft_tla:RaftTLA",
    "zab": "mcheck.models.zab:Zab",
    "zab-tla": "mcheck.models.zab_tla:ZabTLA",
    "textbook-raft": "mcheck.models.textbook_raft:TextbookRaft",
    "textbook-reads": "mcheck.models.textbook_reads:TextbookReads",
    "textbook-go": "mcheck.models.textbook_go:TextbookGo",
}

EXTENSIONS: dict[str, dict[str, str]] = {
    "pbft": {
        "checkpoints": "mcheck.models.pbft_checkpoints:PBFTCheckpoints",
    },
    "raft": {
        "pre-vote": "mcheck.models.raft_pre_vote:RaftPreVote",
        "check-quorum": "mcheck.models.raft_check_quorum:RaftCheckQuorum",
        "read-index": "mcheck.models.raft_reads:RaftReadIndex",
        "lease-read": "mcheck.models.raft_lease_read:RaftLeaseRead",
        "transfer": "mcheck.models.raft_transfer:RaftTransfer",
        "heartbeats": "mcheck.models.raft_networks:Heartbeats",
        "partition": "mcheck.models.raft_partition:RaftPartition",
        "dropping": "mcheck.models.raft_networks:Dropping",
        "duplicating": "mcheck.models.raft_networks:Duplicating",
    },
    "raft-macro": {
        "single-server-change": "mcheck.models.raft_membership:SingleServerChange",
        "joint-consensus": "mcheck.models.raft_membership:JointConsensus",
        "apply-time-change": "mcheck.models.raft_apply_time_change:ApplyTimeChange",
    },
}
"""By the name of the protocol: what can be put on it, `raft+pre-vote+check-quorum`, each on top of those before it."""

_OTHER_WAY = "each is a way to change the members, and safe only if all changes go that way"
APART: dict[tuple[str, str], str] = {
    ("single-server-change", "joint-consensus"): _OTHER_WAY,
    ("single-server-change", "apply-time-change"): _OTHER_WAY,
    ("joint-consensus", "apply-time-change"): _OTHER_WAY,
    (
        "pre-vote",
        "transfer",
    ): "a leader that hands over is deposed although a quorum hears it, which pre-vote promises not to happen",
}
"""Which two extensions do not go together, and why; all others do, any number of them."""

TWEAKS: dict[str, dict[str, str]] = {
    "tcommit": {
        "commit-unprepared": "mcheck.models.tcommit:CommitsUnprepared",
    },
    "two-phase-commit": {
        "commit-early": "mcheck.models.two_phase_commit:CommitsEarly",
        "abort-after-prepared": "mcheck.models.two_phase_commit:AbortsAfterPrepared",
        "tm-crash": "mcheck.models.two_phase_commit:TMCrashes",
    },
    "three-phase-commit": {
        "partition": "mcheck.models.three_phase_commit:Partition",
    },
    "dining-philosophers": {
        "keep-forks": "mcheck.models.dining_philosophers:KeepsForks",
    },
    "ewd840": {
        "stay-white": "mcheck.models.ewd840:StaysWhite",
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
    "paxos-duel": {
        "ignore-votes": "mcheck.models.paxos_duel:IgnoresVotes",
    },
    "pbft": {
        "quorum-2f": "mcheck.models.pbft_tweaks:SmallerQuorum",
        "too-many-faults": "mcheck.models.pbft_tweaks:TooManyFaults",
        "skip-commit": "mcheck.models.pbft_tweaks:SkipsCommit",
        "trust-new-view": "mcheck.models.pbft_tweaks:TrustsNewView",
        "omit-certificate": "mcheck.models.pbft_tweaks:OmitsCertificate",
        "accept-unsigned": "mcheck.models.pbft_tweaks:AcceptsUnsigned",
        "accept-twice": "mcheck.models.pbft_tweaks:AcceptsTwice",
        "accept-unrequested": "mcheck.models.pbft_tweaks:AcceptsUnrequested",
        "execute-again": "mcheck.models.pbft_tweaks:ExecutesAgain",
        "inject": "mcheck.models.pbft_tweaks:Injected",
    },
    "pbft+checkpoints": {
        "one-proves": "mcheck.models.pbft_checkpoints:OneProves",
        "weak-proof": "mcheck.models.pbft_checkpoints:WeakProof",
        "forget-checkpoint": "mcheck.models.pbft_checkpoints:ForgetsCheckpoint",
        "accept-below": "mcheck.models.pbft_checkpoints:AcceptsBelow",
    },
    "flood-set": {
        "one-round-less": "mcheck.models.flood_set:OneRoundLess",
        "one-crash-more": "mcheck.models.flood_set:OneCrashMore",
        "decide-each-round": "mcheck.models.flood_set:DecidesEachRound",
        "decide-default": "mcheck.models.flood_set:DecidesDefault",
    },
    "ben-or": {
        "one-fault-more": "mcheck.models.ben_or:OneFaultMore",
        "decide-on-one-proposal": "mcheck.models.ben_or:DecidesOnOneProposal",
        "propose-plurality": "mcheck.models.ben_or:ProposesPlurality",
        "toss-anyway": "mcheck.models.ben_or:TossesAnyway",
    },
    "ben-or-rounds": {
        "take-default": "mcheck.models.ben_or_rounds:TakesDefault",
        "keep-value": "mcheck.models.ben_or_rounds:KeepsValue",
    },
    "rotating-coordinator": {
        "eventually-accurate": "mcheck.models.rotating_coordinator:EventuallyAccurate",
        "decide-on-one": "mcheck.models.rotating_coordinator:DecidesOnOne",
    },
    "one-round": {
        "decide-early": "mcheck.models.one_round:DecidesEarly",
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
        "persist-log": "mcheck.models.raft_restart_tweaks:PersistsLog",
        "persist-vote": "mcheck.models.raft_restart_tweaks:PersistsVote",
        "persist-term": "mcheck.models.raft_restart_tweaks:PersistsTerm",
        "persist-nothing": "mcheck.models.raft_restart_tweaks:PersistsNothing",
        "dropping": "mcheck.models.raft_networks:Dropping",
        "duplicating": "mcheck.models.raft_networks:Duplicating",
        "dropping-and-duplicating": "mcheck.models.raft_networks:DroppingAndDuplicating",
        "heartbeats": "mcheck.models.raft_networks:Heartbeats",
        "fifo": "mcheck.models.raft_networks:Fifo",
    },
    "raft+pre-vote": {
        "no-pre-vote": "mcheck.models.raft_pre_vote:SkipsPreVote",
        "grant-while-led": "mcheck.models.raft_pre_vote:GrantsWhileLed",
        "adopt-term-asked-about": "mcheck.models.raft_pre_vote:AdoptsTermAskedAbout",
        "count-earlier-attempts": "mcheck.models.raft_pre_vote:CountsEarlierAttempts",
        "ignore-logs-in-pre-vote": "mcheck.models.raft_pre_vote:IgnoresLogsInPreVote",
    },
    "raft+check-quorum": {
        "vote-while-led": "mcheck.models.raft_check_quorum:VotesWhileLed",
        "never-check": "mcheck.models.raft_check_quorum:NeverChecks",
    },
    "raft+read-index": {
        "no-confirmation": "mcheck.models.raft_reads:ReadsUnconfirmed",
        "before-own-commit": "mcheck.models.raft_reads:ReadsBeforeOwnCommit",
        "local-reads": "mcheck.models.raft_reads:ReadsLocally",
    },
    "raft+lease-read": {
        "lease-outlasts-timers": "mcheck.models.raft_lease_read:LeaseOutlastsTimers",
        "vote-right-after-restart": "mcheck.models.raft_lease_read:VotesRightAfterRestart",
        "vote-in-spite-of-lease": "mcheck.models.raft_lease_read:VotesInSpiteOfLease",
    },
    "raft+transfer": {
        "keep-lease": "mcheck.models.raft_transfer:KeepsLease",
        "lease-again": "mcheck.models.raft_transfer:LeasesAgain",
    },
    "raft-macro": {
        "commit-old-terms": "mcheck.models.raft_macro:CommitsOldTerms",
        "no-log-check": "mcheck.models.raft_macro:IgnoresLogs",
        "compare-length-only": "mcheck.models.raft_macro:ComparesLengthOnly",
        "commit-alone": "mcheck.models.raft_macro:CommitsAlone",
        "commit-unacknowledged": "mcheck.models.raft_macro:CommitsUnacknowledged",
        "crashing": "mcheck.models.raft_macro_crashes:Crashing",
    },
    "raft-macro+single-server-change": {
        "change-before-own-commit": "mcheck.models.raft_membership:ChangesBeforeOwnCommit",
        "change-several-at-once": "mcheck.models.raft_membership:ChangesSeveralAtOnce",
    },
    "raft-macro+joint-consensus": {
        "count-union": "mcheck.models.raft_membership:CountsUnion",
        "finish-uncommitted": "mcheck.models.raft_membership:FinishesUncommitted",
    },
    "raft-macro+apply-time-change": {
        "campaign-unapplied": "mcheck.models.raft_apply_time_change:CampaignsUnapplied",
        "change-before-applying": "mcheck.models.raft_apply_time_change:ChangesBeforeApplying",
    },
    "raft-split-votes": {
        "vote-twice": "mcheck.models.raft_split_votes:VotesTwice",
    },
    "raft-fsync": {
        "answer-before-fsync": "mcheck.models.raft_fsync:AnswersBeforeFsync",
        "count-before-fsync": "mcheck.models.raft_fsync:CountsBeforeFsync",
        "flush-before-sending": "mcheck.models.raft_fsync:FlushesBeforeSending",
    },
    "zab": {
        "compare-epochs-only": "mcheck.models.zab_tweaks:ComparesEpochsOnly",
        "accept-epoch-twice": "mcheck.models.zab_tweaks:AcceptsEpochTwice",
        "report-delivered": "mcheck.models.zab_tweaks:ReportsDelivered",
        "acknowledge-before-sync": "mcheck.models.zab_tweaks:AcknowledgesBeforeSync",
        "write-epoch-first": "mcheck.models.zab_tweaks:WritesEpochFirst",
        "keep-history": "mcheck.models.zab_tweaks:KeepsHistory",
        "propose-to-established": "mcheck.models.zab_tweaks:ProposesToEstablished",
        "commit-what-was-acknowledged": "mcheck.models.zab_tweaks:CommitsWhatWasAcknowledged",
        "commit-on-one-ack": "mcheck.models.zab_tweaks:CommitsOnOneAck",
        "remember-acks": "mcheck.models.zab_tweaks:RemembersAcks",
    },
    "textbook-raft": {
        "as-written": "mcheck.models.textbook_tweaks:AsWritten",
        "article-election": "mcheck.models.textbook_tweaks:ArticleElection",
        "no-recheck": "mcheck.models.textbook_tweaks:NoRecheck",
        "read-term-again": "mcheck.models.textbook_tweaks:ReadsTermAgain",
        "no-log-check": "mcheck.models.textbook_tweaks:NoLogCheck",
        "persist-nothing": "mcheck.models.textbook_tweaks:PersistsNothing",
        "forget-vote": "mcheck.models.textbook_tweaks:ForgetsVote",
        "forget-term": "mcheck.models.textbook_tweaks:ForgetsTerm",
        "forget-log": "mcheck.models.textbook_tweaks:ForgetsLog",
        "commit-to-log-end": "mcheck.models.textbook_tweaks:CommitsToLogEnd",
        "commit-to-log-end-of-all": "mcheck.models.textbook_tweaks:CommitsToLogEndOfAll",
        "count-replicas": "mcheck.models.textbook_tweaks:CountsReplicas",
        "never-commit": "mcheck.models.textbook_tweaks:NeverCommits",
    },
    "textbook-reads": {
        "local": "mcheck.models.textbook_reads:Local",
        "unconfirmed": "mcheck.models.textbook_reads:Unconfirmed",
        "before-own-commit": "mcheck.models.textbook_reads:BeforeOwnCommit",
    },
    "textbook-go": {
        "as-written": "mcheck.models.textbook_go:AsWritten",
        "grant-unseen": "mcheck.models.textbook_go:GrantsUnseen",
        "no-recheck": "mcheck.models.textbook_go:NoRecheck",
        "wait-for-all": "mcheck.models.textbook_go:WaitsForAll",
    },
}
"""By the name of the protocol: each tweak is the good spec with one rule overridden, or a worse network under it."""
