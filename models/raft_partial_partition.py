"""Partial partitions: some links have failed, a majority is connected as before, and yet Raft may have no leader that stays.

Source: H. Howard and I. Abraham, Raft does not Guarantee Liveness in the face of Network Faults, Decentralized Thoughts,
2020-12-12, called "the post" here; D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 9.6 for
Pre-Vote, section 6.2 for leaders that step down (CheckQuorum in etcd); D. Ongaro and J. Ousterhout, In Search of an
Understandable Consensus Algorithm, USENIX ATC 2014, "the paper".

Throughout this file: i a server whose timer runs out, or that leads; j another.  A link is between two servers that exchange
messages, in both directions.  Elections alone: logs are empty, and a leader sends heartbeats.

Granularity: a candidate asks everyone that it is linked with in one step, and all of them vote for it, as its term is new; that it
has won is another step.  So votes are never split: that is what `raft_split_votes` is about.  A question, or a heartbeat, and
its answer are one step; one that would change nothing is none.
Timing, as in section 5.6 of the paper: the timer of a server runs out only if nobody resets it, that is, it is not linked with a
leader of its term that it has heard, nor with a candidate that it has voted for and that is about to lead.
Initial states: the links have failed just now; a majority has elected any one of the servers before, or nobody was elected
yet.  A server that has crashed is one without links.
Differs: a candidate goes beyond all terms in one step, as if its timer had run out as often as that takes.  With Pre-Vote it
would not: but there whoever may stand is in the latest term, and the next is what it goes to.  With logs more can go
wrong: a server that alone reaches a majority, and whose log is behind, is not elected (constrained election in H. Ng,
S. Haridi and P. Carbone, Omni-Paxos: Breaking the Barriers of Partial Connectivity, EuroSys 2023).
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations, pairwise
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
    UsageError,
    action,
    always,
    always_eventually,
    any,
    bound,
    constant,
    count,
    eventually_always,
    leads_to,
    max,
    reachable,
    require,
    step,
    strong,
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
    awaited: Node | None = None  # who has reset its timer in current_term: its leader, or for whom it has voted


class State(Record):
    servers: Map[Node, Server]
    links: Map[Node, Set[Node]]  # with whom each is linked
    away: Node | None = None  # whose links are down for a while


LIVELY = ("Stable Leader", "Availability", "Powerless Leaders Step Down")
"""The temporal properties."""


def links_of(topology: str, nodes: int) -> set[tuple[int, int]]:
    """The links of a topology, each once, between servers 0 to nodes - 1; the core is the first of them that are a majority.

    full         all.
    majority     the core, and nobody else: the others have crashed, or are cut off.
    chain        each with the next.  0 - 1 - 2 are the three etcd members of the Cloudflare outage of 2020-11-02.
    star         0 with everybody.  The quorum loss of Omni-Paxos.
    bridge       the core, and one more with 1.  The post's second example; openraft#2080.
    two-leaves   the core, and two more, one with 1 and one with 2.  The post's first example; openraft#2111.

    UsageError for another name, or too few servers.
    """
    core = nodes // 2 + 1
    clique = {*combinations(range(core), 2)}
    known = {
        "full": {*combinations(range(nodes), 2)},
        "majority": clique,
        "chain": {*pairwise(range(nodes))},
        "star": {(0, leaf) for leaf in range(1, nodes)},
        "bridge": {*clique, (1, core)},
        "two-leaves": {*clique, (1, core), (2, core + 1)},
    }
    if topology not in known:
        raise UsageError(f"topology must be one of {', '.join(known)} (got {topology!r})")
    if topology == "two-leaves" and nodes < 5:
        raise UsageError(f"topology two-leaves is of 5 servers or more: nodes must be at least 5 (got {nodes})")
    return known[topology]


class RaftPartialPartition(Spec[State]):
    """Raft's elections with Pre-Vote, and with leaders that step down unless a majority answers."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe(*LIVELY, source="the post, Does Raft with PreVote and CheckQuorum guarantee liveness?"),
        Safe(*LIVELY, source="the post, first example", nodes=5, topology="two-leaves"),
        Safe(*LIVELY, source="the post, second example", nodes=5, topology="bridge"),
        Safe(*LIVELY, nodes=4, topology="star"),
        Safe(*LIVELY, source="etcd#8243, repaired", topology="majority"),
        Safe(*LIVELY, source="dissertation, section 9.6", topology="full", flapping=True),
        Broken("Stable Leader", stem=0, cycle=0, fairness="none", note="Nobody need do anything."),
    )

    nodes: int = constant(3, "servers in the cluster", least=3)
    topology: str = constant("chain", "the links that are left: full, majority, chain, star, bridge, two-leaves")
    flapping: bool = constant(False, "the links of the last server fail and come back, as often as they like")
    max_term: int = bound(2, "highest term explored; `mcheck liveness` explores all terms", least=1)

    def init(self) -> Iterable[State]:
        """The links have failed just now.  No leader was elected before, or i was, by the votes of q."""
        left = links_of(self.topology, self.nodes)
        number = {j: n for n, j in enumerate(Node)}
        ends = {(number[i], number[j]): (i, j) for i in Node for j in Node}
        linked = {ends[a, b] for a, b in left} | {ends[b, a] for a, b in left}
        unled = State(
            servers=Map.fill(Node, Server()),
            links=Map.of(Node, lambda i: Set(j for j in Node if (i, j) in linked)),
        )
        quorums = [q for size in range(1, self.nodes + 1) if self.is_majority(size) for q in combinations(Node, size)]
        return [unled, *(unled.replace(servers=self.led_by(i, q)) for i in Node for q in quorums if i in q)]

    def led_by(self, i: Node, q: tuple[Node, ...]) -> Map[Node, Server]:
        """Server i leads term 1 by the votes of q, and the others have heard of nothing."""
        voter = Server(current_term=1, awaited=i)
        return Map.of(Node, lambda j: voter if j in q else Server()).set(i, voter.replace(role=Role.LEADER))

    def is_majority(self, size: int) -> bool:
        """So many servers are a majority."""
        return 2 * size > self.nodes

    # ------------------------------------------------------------------ who hears whom

    def are_linked(self, s: State, i: Node, j: Node) -> bool:
        """Servers i and j exchange messages."""
        return j in s.links[i] and s.away != i and s.away != j

    def follows(self, s: State, j: Node, i: Node) -> bool:
        """Server j has voted for i in the term of i, or has heard it lead; i does so of itself."""
        return s.servers[j].awaited == i and s.servers[j].current_term == s.servers[i].current_term

    def may_lead(self, s: State, i: Node) -> bool:
        """Server i leads, or has the votes to."""
        role = s.servers[i].role
        voted = self.is_majority(count(self.follows(s, j, i) for j in Node))
        return role == Role.LEADER or (role == Role.CANDIDATE and voted)

    def hears_leader(self, s: State, i: Node) -> bool:
        """The timer of i does not run out: i leads, or is linked with the server that does.  Source: the paper, section 5.6."""
        return any(self.follows(s, i, j) and self.may_lead(s, j) and (i == j or self.are_linked(s, i, j)) for j in Node)

    # ------------------------------------------------------------------ candidates

    @action
    def campaign(self, s: State, i: Node) -> State:
        """The timer of i runs out: it asks for votes in a new term, and gets those of all that it reaches.  Source: the paper, section 5.2."""
        require(not self.hears_leader(s, i), "the timer of i runs out")
        require(self.may_stand(s, i), "a majority has said that it would vote for i")
        term = max(s.servers[j].current_term for j in Node) + 1
        vote = Server(current_term=term, awaited=i)
        servers = Map.of(Node, lambda j: where(self.are_linked(s, i, j) and self.listens(s, j), vote, s.servers[j]))
        return s.replace(servers=servers.set(i, vote.replace(role=Role.CANDIDATE)))

    def may_stand(self, s: State, i: Node) -> bool:
        """A majority would vote for i.  Source: dissertation, section 9.6."""
        return self.is_majority(count(i == j or self.grants_pre_vote(s, i, j) for j in Node))

    def grants_pre_vote(self, s: State, i: Node, j: Node) -> bool:
        """Server j would vote for i in the term after that of i, and says so: it hears no leader.  Source: dissertation, section 9.6."""
        would = not self.hears_leader(s, j) and s.servers[j].current_term <= s.servers[i].current_term
        return self.are_linked(s, i, j) and would and self.heeds(s.servers[i], s.servers[j])

    def heeds(self, me: Server, other: Server) -> bool:
        """The pre-vote of the other counts for me, even if it comes from an earlier term.

        Source: etcd PR #8288: an answer carries the term that it is about.
        """
        return True

    def listens(self, s: State, j: Node) -> bool:
        """Server j takes part in an election of a new term, whether or not it hears a leader.  Source: the paper, Fig. 2."""
        return True

    @action
    def hear_of_term(self, s: State, i: Node, j: Node) -> State:
        """The timer of i runs out; it asks j for a pre-vote, is told of a later term, and goes there.  Source: the paper, Fig. 2, All Servers."""
        require(not self.hears_leader(s, i), "the timer of i runs out")
        require(not self.may_stand(s, i), "i may not stand")
        require(self.are_linked(s, i, j), "i reaches j")
        require(self.tells_term(s.servers[i], s.servers[j]), "j is in a later term, and says so")
        return s.replace(servers=s.servers.set(i, Server(current_term=s.servers[j].current_term)))

    def tells_term(self, me: Server, other: Server) -> bool:
        """The other is in a later term than mine, and answers.  Source: etcd PR #8525: what comes from an earlier term is answered."""
        return other.current_term > me.current_term

    @action
    def become_leader(self, s: State, i: Node) -> State:
        """Candidate i has the votes of a majority, and leads.  Source: the paper, Fig. 2, Candidates."""
        me = s.servers[i]
        require(me.role == Role.CANDIDATE, "i is a candidate")
        require(self.may_lead(s, i), "a majority has voted for i")
        return s.replace(servers=s.servers.set(i, me.replace(role=Role.LEADER)))

    # ------------------------------------------------------------------ leaders

    @action
    def heartbeat(self, s: State, i: Node, j: Node) -> State:
        """Server j hears leader i, which is in no earlier term, and follows it.  Source: the paper, Fig. 2, Followers."""
        me, other = s.servers[i], s.servers[j]
        require(me.role == Role.LEADER and self.are_linked(s, i, j), "i leads, and reaches j")
        require(other.current_term <= me.current_term, "j is in no later term")
        return s.replace(servers=s.servers.set(j, Server(current_term=me.current_term, awaited=i)))

    @action
    def step_down(self, s: State, i: Node, j: Node) -> State:
        """Server j refuses the heartbeat of i as one of an earlier term, and i leads no more.  Source: the paper, Fig. 2, All Servers."""
        me, other = s.servers[i], s.servers[j]
        require(me.role == Role.LEADER and self.are_linked(s, i, j), "i leads, and reaches j")
        require(other.current_term > me.current_term, "j is in a later term")
        return s.replace(servers=s.servers.set(i, Server(current_term=other.current_term)))

    @action
    def check_quorum(self, s: State, i: Node) -> State:
        """An election timeout passes without answers from a majority, and i leads no more.  Source: dissertation, section 6.2."""
        me = s.servers[i]
        require(me.role == Role.LEADER, "i leads")
        require(self.gives_up(s, i), "no majority answers")
        return s.replace(servers=s.servers.set(i, Server(current_term=me.current_term)))

    def gives_up(self, s: State, i: Node) -> bool:
        """No majority answers leader i: it is not linked with one."""
        return not self.is_majority(count(i == j or self.are_linked(s, i, j) for j in Node))

    # ------------------------------------------------------------------ the environment

    @action
    def cut_off(self, s: State) -> State:
        """The links of the last server fail."""
        require(self.flapping and s.away is None, "the links are up, and may fail")
        return s.replace(away=Node(self.nodes - 1))

    @action
    def come_back(self, s: State) -> State:
        """The links work again: they were down for long, so that the others have a leader, and the last server has heard none."""
        last = Node(self.nodes - 1)
        me = s.servers[last]
        require(s.away is not None, "the links are down")
        require(self.has_leader(s), "a majority hears a leader")
        awaited = where(me.role == Role.LEADER, me.awaited, None)
        return s.replace(servers=s.servers.set(last, me.replace(awaited=awaited)), away=None)

    def fairness(self) -> Iterable[Fairness]:
        """A timer that has run out acts.  A message that can arrive again and again arrives.  Links need neither fail nor come back."""
        return [
            weak(self.campaign, self.hear_of_term, each="i"),
            weak(self.check_quorum, each="i"),
            strong(self.become_leader, each="i"),
            strong(self.heartbeat, each=("i", "j")),
            strong(self.step_down, each=("i", "j")),
        ]

    def view(self, s: State) -> State:
        """Forgets whom a server awaits in vain, and that an election was lost: nobody votes later than when asked."""
        return s.replace(servers=Map.of(Node, lambda i: self.without_past(s, i)))

    def without_past(self, s: State, i: Node) -> Server:
        """Server i, with nothing in it that can never matter again."""
        me = s.servers[i]
        lost = me.role == Role.CANDIDATE and not self.may_lead(s, i)
        awaits = any(self.follows(s, i, j) and self.may_lead(s, j) for j in Node)
        me = me.replace(role=where(lost, Role.FOLLOWER, me.role))
        return where(awaits, me, me.replace(awaited=None))

    # ------------------------------------------------------------------ properties

    def is_established(self, s: State, i: Node) -> bool:
        """Server i leads, and a majority hears it: it can commit."""
        heard = count(self.follows(s, j, i) and (i == j or self.are_linked(s, i, j)) for j in Node)
        return s.servers[i].role == Role.LEADER and self.is_majority(heard)

    def has_leader(self, s: State) -> bool:
        """A majority hears a leader."""
        return any(self.is_established(s, i) for i in Node)

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one server leads in a term.  Source: the paper, Fig. 3."""
        a, b = s.servers[i], s.servers[j]
        return i == j or a.role != Role.LEADER or b.role != Role.LEADER or a.current_term != b.current_term

    @step("Changes Take Time")
    def changes_take_time(self, before: State, after: State, i: Node, j: Node) -> bool:
        """Between two servers that a majority hears lead there is a moment without: so a leader stays if there is one at all times."""
        return i == j or not self.is_established(before, i) or not self.is_established(after, j)

    @eventually_always("Stable Leader")
    def stable_leader(self, s: State) -> bool:
        """From some time on a majority hears a leader, which is the same for ever.  Source: the post."""
        return self.has_leader(s)

    @always_eventually("Availability")
    def availability(self, s: State) -> bool:
        """Again and again a majority hears a leader."""
        return self.has_leader(s)

    @leads_to("Powerless Leaders Step Down")
    def powerless_leaders_step_down(self, s: State, i: Node) -> tuple[bool, bool]:
        """Whoever leads and is not heard by a majority leads no more at last, or is heard.  Source: dissertation, section 6.2."""
        leads, established = s.servers[i].role == Role.LEADER, self.is_established(s, i)
        return leads and not established, not leads or established

    @reachable("two servers lead")
    def two_lead(self, s: State, i: Node, j: Node) -> bool:
        return i != j and s.servers[i].role == Role.LEADER and s.servers[j].role == Role.LEADER

    @reachable("a leader is elected after another")
    def second_leader(self, s: State, i: Node) -> bool:
        return self.is_established(s, i) and s.servers[i].current_term > 1
