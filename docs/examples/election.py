"""Election: in every term at most one node leads, by the votes of a quorum.  Raft's elections without its logs.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, section 5.2.
Differs: a message that was sent stays in `msgs` for ever; to lose it is never to receive it, to get it twice is harmless.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations
from typing import Annotated

from mcheck import (
    GHOST,
    Broken,
    In,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always,
    bound,
    constant,
    implements,
    reachable,
    require,
    step,
)


class Node(Index, size="nodes"):
    """A server: told apart from the others by == and nothing else."""


Term = Annotated[int, Range(0, "max_term")]
Quorum = Annotated[Set[Node], OneOf("quorums")]


class Role(Enum):
    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class Server(Record):
    role: Role = Role.FOLLOWER
    term: Term = 0
    voted_for: Node | None = None  # in `term`


class Ask(Record):
    src: Node
    term: Term


class Vote(Record):
    src: Node
    dst: Node
    term: Term


Message = Ask | Vote


class State(Record):
    servers: Map[Node, Server]
    msgs: Set[Message] = Set()  # every message ever sent
    won: Annotated[Map[Term, Node | None], GHOST]  # who was elected last in each term


class Reign(Record):
    leader: Map[Term, Node | None]


class OneLeader(Spec[Reign]):
    """What an election is for, with no word on how: each term gets a leader at most once."""

    nodes: int = constant(3, "servers", least=1)
    max_term: int = bound(2, "highest term explored")

    def init(self) -> Reign:
        return Reign(leader=Map.fill(Term, None))

    @action
    def elect(self, r: Reign, i: Node, t: Term) -> Reign:
        require(r.leader[t] is None, "the term has no leader")
        return r.replace(leader=r.leader.set(t, i))


class Election(Spec[State]):
    """Candidates ask for votes; a quorum of votes makes a leader."""

    nodes: int = constant(3, "servers", least=1)
    max_term: int = bound(2, "highest term explored")

    def init(self) -> State:
        return State(servers=Map.fill(Node, Server()), won=Map.fill(Term, None))

    def quorums(self) -> Iterable[Set[Node]]:
        """The smallest majorities: any two of them share a node."""
        return [Set(q) for q in combinations(Node, self.nodes // 2 + 1)]

    @action
    def stand(self, s: State, i: Node) -> State:
        """Node i starts an election, with its own vote."""
        me = s.servers[i]
        require(me.role != Role.LEADER, "i does not lead")
        me = me.replace(role=Role.CANDIDATE, term=me.term + 1, voted_for=i)
        sent = s.msgs.add(Ask(src=i, term=me.term)).add(Vote(src=i, dst=i, term=me.term))
        return s.replace(servers=s.servers.set(i, me), msgs=sent)

    @action
    def vote(self, s: State, i: Node, m: Annotated[Ask, In("msgs")]) -> State:
        """Node i grants the vote that m asks for."""
        me = s.servers[i]
        if m.term > me.term:
            me = me.replace(role=Role.FOLLOWER, term=m.term, voted_for=None)
        require(m.term == me.term, "m is not of a past term")
        require(self.may_vote(me, m), "i has not voted for another in this term")
        me = me.replace(voted_for=m.src)
        return s.replace(servers=s.servers.set(i, me), msgs=s.msgs.add(Vote(src=i, dst=m.src, term=m.term)))

    def may_vote(self, me: Server, m: Ask) -> bool:
        """One vote in each term."""
        return me.voted_for is None or me.voted_for == m.src

    @action
    def lead(self, s: State, i: Node, q: Quorum) -> State:
        """Node i has the votes of q, and leads."""
        me = s.servers[i]
        require(me.role == Role.CANDIDATE, "i is a candidate")
        require(all(Vote(src=a, dst=i, term=me.term) in s.msgs for a in q), "everyone in q has voted for i")
        servers = s.servers.set(i, me.replace(role=Role.LEADER))
        return s.replace(servers=servers, won=s.won.set(me.term, i))

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one node leads in a term."""
        a, b = s.servers[i], s.servers[j]
        return i == j or a.role != Role.LEADER or b.role != Role.LEADER or a.term != b.term

    @step("Terms Grow")
    def terms_grow(self, before: State, after: State, i: Node) -> bool:
        """No node goes back to an earlier term."""
        return before.servers[i].term <= after.servers[i].term

    @implements(OneLeader)
    def as_one_leader(self, s: State) -> Reign:
        """Who was elected, and nothing else."""
        return Reign(leader=s.won)

    @reachable("a second term has a leader")
    def second_leader(self, s: State, i: Node) -> bool:
        return s.servers[i].role == Role.LEADER and s.servers[i].term == 2


class VotesTwice(Election):
    """A node grants every request of its term."""

    outcome = Broken("Election Safety", steps=6, max_term=1)

    def may_vote(self, me: Server, m: Ask) -> bool:
        return True
