"""Raft as it runs, with the history that its proofs speak of: votes and electorates of terms long past.

A server of `models/raft.py` forgets its vote when it adopts a higher term.  The relations of `raft_election` hold of what
has ever happened, so that the history has to be kept somewhere: here, in ghosts, which no rule of Raft reads.
"""

from typing import Annotated, Any

from mcheck.models import raft_election_tweaks
from mcheck.models.raft import Entry, Log, LogIndex, Network, Node, Raft, Role, Server, State, Term
from mcheck.spec import GHOST, Record, Set, action, len


class Vote(Record):
    """What `voter` has ever granted: its vote in `term`, to `candidate`."""

    voter: Node
    term: Term
    candidate: Node


class Election(Record):
    """A leader won `term` when these had voted for it."""

    term: Term
    voters: Set[Node]


class History(State):
    """The state of Raft, and what has happened."""

    votes: Annotated[Set[Vote], GHOST] = Set()
    elections: Annotated[Set[Election], GHOST] = Set()


class RaftHistory(Raft):
    """Raft that remembers."""

    def init(self) -> History:
        first = super().init()
        return History(servers=first.servers, elected=first.elected)

    def moved(self, s: Any, i: Node, me: Server, network: Network) -> State:
        """Server i has become `me`; its vote is noted, and its election if it has just won one.

        `s` is a History: the rules of Raft hand a state on with all its fields.
        """
        votes = s.votes
        if me.voted_for is not None:
            votes = votes.add(Vote(voter=i, term=me.current_term, candidate=me.voted_for))
        elections = s.elections
        if me.role == Role.LEADER and s.servers[i].role != Role.LEADER:
            voters = Set(v.voter for v in votes if v.term == me.current_term and v.candidate == i)
            elections = elections.add(Election(term=me.current_term, voters=voters))
        return super().moved(s, i, me, network).replace(votes=votes, elections=elections)


class VotesTwice(RaftHistory, raft_election_tweaks.VotesTwice):
    """A server votes for whoever asks, in a term in which it has voted."""


class QuorumOfOne(RaftHistory, raft_election_tweaks.QuorumOfOne):
    """One vote makes a leader."""


class ForgetsVote(RaftHistory, raft_election_tweaks.ForgetsVote):
    """A vote is lost in a crash."""


# ---------------------------------------------------------------------- logs


class LedLog(Record):
    """The longest log that the leader of `term` has had as such."""

    term: Term
    log: Log


class Sent(Record):
    """The leader of `term` has sent its entry at `log_index`, after `previous`."""

    term: Term
    log_index: LogIndex
    previous: Entry | None
    entry: Entry


class LogHistory(History):
    """The state of Raft, and what has happened to votes and logs."""

    led: Annotated[Set[LedLog], GHOST] = Set()
    sent: Annotated[Set[Sent], GHOST] = Set()


class RaftLogHistory(RaftHistory):
    """Raft that remembers what leaders had in their logs, and what they have sent of them."""

    def init(self) -> LogHistory:
        first = super().init()
        return LogHistory(servers=first.servers, elected=first.elected)

    def moved(self, s: Any, i: Node, me: Server, network: Network) -> State:
        """Server i has become `me`; the log of a leader is noted.  `s` is a LogHistory."""
        led = s.led
        if me.role == Role.LEADER:
            others = Set(known for known in led if known.term != me.current_term)
            led = others.add(LedLog(term=me.current_term, log=me.log))
        return super().moved(s, i, me, network).replace(led=led)

    @action
    def append_entries(self, s: LogHistory, i: Node, j: Node) -> State:  # type: ignore[override]
        """As in Raft; the entry that is sent is noted, with the one before it."""
        after = super().append_entries(s, i, j)
        me = s.servers[i]
        index = me.next_index[j]
        if index > len(me.log):
            return after  # a heartbeat
        previous = me.log[index - 2] if index > 1 else None
        noted = Sent(term=me.current_term, log_index=index, previous=previous, entry=me.log[index - 1])
        return after.replace(sent=s.sent.add(noted))
