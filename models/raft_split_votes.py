"""Split votes: candidates of one term all vote for themselves, nobody is elected, and all begin again at the same time.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, section 5.2: "without extra
measures split votes could repeat indefinitely".

Throughout this file: i a server whose timer fires, or that asks for votes; j one that is asked.  Elections alone: logs are empty,
and a leader does nothing.

Granularity: a request for a vote and its answer are one step.  Nothing is lost, and nobody crashes.  A request that would change
nothing is not delivered.  The timer of a candidate fires only when its election is lost: nobody is left who could still vote for it.
Differs: a server that is behind goes to the latest term in one step, as if its timer had fired as often as that takes.  A term
is a rank: nothing matters but which is later.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated, ClassVar

from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Index,
    Map,
    Rank,
    Record,
    Safe,
    Set,
    Spec,
    action,
    always,
    any,
    bound,
    constant,
    eventually,
    len,
    max,
    reachable,
    require,
    weak,
    where,
)


class Node(Index, size="nodes"):
    """A server of the cluster."""


Term = Annotated[int, Rank(0, "max_term")]


class Role(Enum):
    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class Server(Record):
    role: Role = Role.FOLLOWER
    current_term: Term = 0
    voted_for: Node | None = None  # in current_term
    votes_granted: Set[Node] = Set()  # to a candidate, in current_term


class State(Record):
    servers: Map[Node, Server]
    timer: Node | None = None  # whose alone fires from now on


class RaftSplitVotes(Spec[State]):
    """Raft's elections, in which any timer may fire at any time."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken("Election", stem=3, cycle=3, note="Every server times out before it hears of another."),
        Safe("Election", fairness="strong", note="A request that is possible again and again gets through."),
        Safe("Election", single_timer=True),
        Safe("Election", single_timer=True, fairness="weak"),
    )

    nodes: int = constant(3, "servers in the cluster", least=1)
    single_timer: bool = constant(
        False, "at some time, whatever has happened, the timer of one server alone goes on to fire"
    )
    max_term: int = bound(2, "highest term explored; `mcheck liveness` explores all terms")

    def init(self) -> State:
        return State(servers=Map.fill(Node, Server()))

    @action
    def time_out(self, s: State, i: Node) -> State:
        """The timer of i fires: it goes to the latest term, or the next, and votes for itself.  Source: Fig. 2, Candidates."""
        me = s.servers[i]
        require(me.role != Role.LEADER, "i does not lead")
        require(s.timer is None or s.timer == i, "the timer of i fires")
        require(
            me.role != Role.CANDIDATE or self.is_lost(s, i),
            "as a candidate i has nobody left to vote for it, and too few votes",
        )
        top = max(s.servers[j].current_term for j in Node)
        term = where(me.current_term == top, top + 1, top)
        candidate = Server(role=Role.CANDIDATE, current_term=term, voted_for=i, votes_granted=Set.of(i))
        return s.replace(servers=s.servers.set(i, candidate))

    def is_lost(self, s: State, i: Node) -> bool:
        """Candidate i has no majority, and nobody is left who would vote for it."""
        return not self.is_elected(s.servers[i]) and not any(self.may_vote(s, i, j) for j in Node)

    def is_elected(self, me: Server) -> bool:
        """A majority has voted for the candidate."""
        return 2 * len(me.votes_granted) > self.nodes

    def may_vote(self, s: State, i: Node, j: Node) -> bool:
        """Server j would vote for i, and has not yet: i is in a later term, or j has not voted in that term."""
        me, other = s.servers[i], s.servers[j]
        later = other.current_term < me.current_term
        return i != j and (later or (other.current_term == me.current_term and self.has_vote(other)))

    def has_vote(self, other: Server) -> bool:
        """The server has not voted in its term.  Source: Fig. 2, RequestVote RPC, receiver implementation 2."""
        return other.voted_for is None

    @action
    def request_vote(self, s: State, i: Node, j: Node) -> State:
        """Candidate i gets the vote of j.  Source: Fig. 2, RequestVote RPC."""
        me, other = s.servers[i], s.servers[j]
        require(me.role == Role.CANDIDATE, "i is a candidate")
        require(j not in me.votes_granted and self.may_vote(s, i, j), "j votes for i")
        newer = other.current_term < me.current_term
        role = where(newer, Role.FOLLOWER, other.role)
        granted = where(newer, Set(), other.votes_granted)
        voter = other.replace(role=role, current_term=me.current_term, voted_for=i, votes_granted=granted)
        candidate = me.replace(votes_granted=me.votes_granted.add(j))
        return s.replace(servers=s.servers.set(j, voter).set(i, candidate))

    @action
    def hear_of_term(self, s: State, i: Node, j: Node) -> State:
        """Candidate i asks j, and hears of a later term.  Source: Fig. 2, Rules for Servers, All Servers."""
        me, other = s.servers[i], s.servers[j]
        require(me.role == Role.CANDIDATE, "i is a candidate")
        require(other.current_term > me.current_term, "j is in a later term")
        return s.replace(servers=s.servers.set(i, Server(current_term=other.current_term)))

    @action
    def become_leader(self, s: State, i: Node) -> State:
        """Candidate i has the votes of a majority, and leads.  Source: Fig. 2, Rules for Servers, Candidates."""
        me = s.servers[i]
        require(me.role == Role.CANDIDATE, "i is a candidate")
        require(self.is_elected(me), "a majority has voted for i")
        return s.replace(servers=s.servers.set(i, me.replace(role=Role.LEADER)))

    @action
    def settle(self, s: State, i: Node) -> State:
        """From now on the timer of i alone fires: what timeouts that are drawn at random come to at last."""
        require(self.single_timer and s.timer is None, "one timer is to fire alone, and all do")
        return s.replace(timer=i)

    def fairness(self) -> Iterable[Fairness]:
        """Every step that stays possible is taken, for each server and pair of servers."""
        return [
            weak(self.time_out, each="i"),
            weak(self.request_vote, each=("i", "j")),
            weak(self.hear_of_term, each=("i", "j")),
            weak(self.become_leader, each="i"),
            weak(self.settle),
        ]

    # ------------------------------------------------------------------ properties

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one server leads in a term."""
        a, b = s.servers[i], s.servers[j]
        return i == j or a.role != Role.LEADER or b.role != Role.LEADER or a.current_term != b.current_term

    @eventually("Election")
    def election(self, s: State) -> bool:
        """Somebody is elected."""
        return any(s.servers[i].role == Role.LEADER for i in Node)

    @reachable("a second leader is elected")
    def second_leader(self, s: State, i: Node, j: Node) -> bool:
        return i != j and s.servers[i].role == Role.LEADER and s.servers[j].role == Role.LEADER


class VotesTwice(RaftSplitVotes):
    """A server votes for whoever asks, as often as it is asked in a term."""

    outcome = Broken("Election Safety", steps=6, source="Fig. 2, RequestVote RPC", nodes=3, max_term=1)

    def has_vote(self, other: Server) -> bool:
        return True
