"""Tweaks of what is run, as the proofs see it: with the quorums of Flexible Paxos, and with the history of Raft's logs.

Each is a tweak of `paxos` or `raft` on another base.  It is for the links alone: what it breaks, the tweak declares.
"""

from mcheck.models import paxos, raft_election_tweaks, raft_log_tweaks
from mcheck.models.flexible_paxos import FlexiblePaxos
from mcheck.models.proofs.raft_history import RaftLogHistory
from mcheck.spec.relational import Mistake

# ---------------------------------------------------------------------- Flexible Paxos


class FlexibleAcceptsLate(paxos.AcceptsLate, FlexiblePaxos):
    """An acceptor takes a proposal of a ballot that it has given up for one of the ballot that it has come to."""


class FlexibleReusesBallot(paxos.ReusesBallot, FlexiblePaxos):
    """Two leaders propose in the same ballot."""


class FlexibleForgetsPromise(paxos.ForgetsPromise, FlexiblePaxos):
    """An acceptor does not write its promise down: it votes in a ballot that it had given up."""


# ---------------------------------------------------------------------- Raft's logs


class VotesTwice(raft_election_tweaks.VotesTwice, RaftLogHistory):
    """A server votes for whoever asks, in a term in which it has voted."""


class QuorumOfOne(raft_election_tweaks.QuorumOfOne, RaftLogHistory):
    """One vote makes a leader."""


class ForgetsTerm(raft_election_tweaks.ForgetsTerm, RaftLogHistory):
    """The term is lost in a crash."""


class KeepsRoleInNewTerm(raft_election_tweaks.KeepsRoleInNewTerm, RaftLogHistory):
    """A leader that hears of a higher term leads on in it, though nobody has elected it there."""


class ForgetsLog(raft_log_tweaks.ForgetsLog, RaftLogHistory):  # pyright: ignore[reportIncompatibleVariableOverride]
    """The log is lost in a crash."""


class SkipsConsistencyCheck(raft_log_tweaks.SkipsConsistencyCheck, RaftLogHistory):
    """A follower does not look whether the entry before the new ones is the leader's."""


_SMALL = {"nodes": 2, "values": 1, "max_term": 1, "max_log": 1, "max_messages": 2, "max_restarts": 0}
_TWO_TERMS = {**_SMALL, "max_term": 2}
_SEQUENCE = "What is run keeps a log as a sequence, in which every index has one entry: no mistake makes it false."
_GHOST = "The ghost that says that a term has begun is set by its election alone: no mistake makes it false."

RAFT_LOG: dict[str, Mistake | str] = {
    "one_vote": Mistake(VotesTwice, _SMALL),
    "leaders_were_elected": Mistake(QuorumOfOne, _SMALL),
    "leaders_left_earlier_terms": Mistake(ForgetsTerm, {**_SMALL, "max_log": 0, "max_restarts": 1}),
    "begun_terms_have_leaders": _GHOST,
    "terms_of_leaders_have_begun": _GHOST,
    "logs_of_begun_terms": Mistake(KeepsRoleInNewTerm, _TWO_TERMS),
    "leader_has_log_of_its_term": Mistake(ForgetsLog, {**_SMALL, "max_restarts": 1}),
    "one_entry_of_a_term": _SEQUENCE,
    "logs_agree_with_terms": Mistake(
        SkipsConsistencyCheck,
        {"nodes": 3, "values": 1, "max_term": 3, "max_log": 2, "max_messages": 4, "max_restarts": 0},
        (
            "timeout(i=0)",
            "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
            "timeout(i=1)",
            "deliver(m=RequestVote(src=1, dst=2, term=2, last_log_index=0, last_log_term=0))",
            "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
            "client_request(i=0, v=0)",
            "deliver(m=RequestVote(src=1, dst=0, term=2, last_log_index=0, last_log_term=0))",
            "deliver(m=RequestVoteReply(src=2, dst=1, term=2, vote_granted=True))",
            "timeout(i=0)",
            "client_request(i=1, v=0)",
            "deliver(m=RequestVote(src=0, dst=2, term=3, last_log_index=1, last_log_term=1))",
            "deliver(m=RequestVoteReply(src=2, dst=0, term=3, vote_granted=True))",
            "client_request(i=0, v=0)",
            "append_entries(i=0, j=1)",
            "deliver(m=AppendEntries(src=0, dst=1, term=3, prev_log_index=1, prev_log_term=1, "
            "entries=(Entry(term=3, value=0),), leader_commit=0))",
        ),
    ),
    "terms_agree_with_terms": Mistake(QuorumOfOne, {**_TWO_TERMS, "values": 2}),
    "first_was_in_log": Mistake(QuorumOfOne, {**_SMALL, "max_messages": 3}),
    "sent_was_in_log": Mistake(
        QuorumOfOne,
        {"nodes": 3, "values": 1, "max_term": 1, "max_log": 2, "max_messages": 6, "max_restarts": 0},
        (
            "timeout(i=0)",
            "client_request(i=0, v=0)",
            "append_entries(i=0, j=2)",
            "deliver(m=AppendEntries(src=0, dst=2, term=1, prev_log_index=0, prev_log_term=0, "
            "entries=(Entry(term=1, value=0),), leader_commit=1))",
            "deliver(m=AppendEntriesReply(src=2, dst=0, term=1, success=True, match_index=1))",
            "client_request(i=0, v=0)",
            "append_entries(i=0, j=2)",
            "timeout(i=1)",
        ),
    ),
}
"""For the invariants of the proof `raft-log`."""
