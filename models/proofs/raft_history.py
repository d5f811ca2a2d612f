"""Raft as it runs, with the history that its proofs speak of: votes and electorates of terms long past.

A server of `models/raft.py` forgets its vote when it adopts a higher term.  The relations of `raft_election` hold of what
has ever happened, so that the history has to be kept somewhere: here, in ghosts, which no rule of Raft reads.
"""

from typing import Annotated

from mcheck.models.raft import Network, Node, Raft, Role, Server, State, Term
from mcheck.spec import GHOST, Map, Record, Set


class Vote(Record):
    """What `voter` has ever granted: its vote in `term`, to `candidate`."""

    voter: Node
    term: Term
    candidate: Node


class History(State):
    """The state of Raft, and what has happened."""

    votes: Annotated[Set[Vote], GHOST] = Set()
    electorate: Annotated[Map[Term, Set[Node]], GHOST]  # who had voted for the leader of a term when it won


# The rules of Raft hand a state on with all its fields, so `s` is a History wherever it is a State there: hence each
# `type: ignore` below.
class RaftHistory(Raft):
    """Raft that remembers."""

    def init(self) -> History:
        first = super().init()
        return History(servers=first.servers, elected=first.elected, electorate=Map.fill(Term, Set()))

    def moved(self, s: History, i: Node, me: Server, network: Network) -> State:  # type: ignore[override]
        """Server i has become `me`; its vote is noted, and its election if it has just won one."""
        votes = s.votes
        if me.voted_for is not None:
            votes = votes.add(Vote(voter=i, term=me.current_term, candidate=me.voted_for))
        electorate = s.electorate
        if me.role == Role.LEADER and s.servers[i].role != Role.LEADER:
            voters = Set(v.voter for v in votes if v.term == me.current_term and v.candidate == i)
            electorate = electorate.set(me.current_term, voters)
        return super().moved(s, i, me, network).replace(votes=votes, electorate=electorate)
