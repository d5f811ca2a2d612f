"""The shipped protocols and their tweaks: name -> "module:Class", imported when asked for.

Protocols of other distributions are found through the entry point group `mcheck.protocols`.
"""

PROTOCOLS: dict[str, str] = {
    "die-hard": "mcheck.models.die_hard:DieHard",
    "tcommit": "mcheck.models.tcommit:TCommit",
    "two-phase-commit": "mcheck.models.two_phase_commit:TwoPhaseCommit",
    "dining-philosophers": "mcheck.models.dining_philosophers:DiningPhilosophers",
    "ewd840": "mcheck.models.ewd840:EWD840",
    "consensus": "mcheck.models.consensus:Consensus",
    "voting": "mcheck.models.voting:Voting",
    "paxos": "mcheck.models.paxos:Paxos",
    "raft": "mcheck.models.raft:Raft",
    "raft-tla": "mcheck.models.raft_tla:RaftTLA",
    "textbook-raft": "mcheck.models.textbook_raft:TextbookRaft",
    "textbook-reads": "mcheck.models.textbook_reads:TextbookReads",
    "textbook-go": "mcheck.models.textbook_go:TextbookGo",
}

TWEAKS: dict[str, dict[str, str]] = {
    "tcommit": {
        "commit-unprepared": "mcheck.models.tcommit:CommitsUnprepared",
    },
    "two-phase-commit": {
        "commit-early": "mcheck.models.two_phase_commit:CommitsEarly",
        "abort-after-prepared": "mcheck.models.two_phase_commit:AbortsAfterPrepared",
        "tm-crash": "mcheck.models.two_phase_commit:TMCrashes",
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
