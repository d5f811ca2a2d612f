"""Raft in large steps: an election, the copying of a log and a commitment are one step each, and there are no messages.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014; TLA+ module
MongoStaticRaft (W. Schultz, I. Dardik and S. Tripakis, Formal Verification of a Distributed Dynamic Reconfiguration Protocol,
CPP 2022), which has steps of this size.
Differs from the module: a candidate may have left terms out, a follower takes over all that it lacks at once and not an
entry at a time, and what it has to drop for that goes in the same step.

Throughout this file: i, j servers; q a quorum; t a term; index the position of a log entry, counted from 1.

Granularity: a candidate is elected by a whole quorum at once, and a leader sees what its followers hold.  What takes two
dozen steps in `raft` takes eight here, so that Figure 8 of the paper, with its four elections, is found in no time.  The
price: faults in how messages are handled cannot be told.  An entry is nothing but its term, as one term has one leader.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    Broken,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Safe,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    bound,
    constant,
    count,
    len,
    reachable,
    require,
    step,
)


class Node(Index, size="nodes"):
    """A server of the cluster."""


Term = Annotated[int, Range(0, "max_term")]
LogIndex = Annotated[int, Range(1, "max_log")]
Quorum = Annotated[Set[Node], OneOf("quorums")]
Log = Annotated[tuple[Term, ...], AtMost("max_log")]


class Server(Record):
    current_term: Term = 0
    leads: bool = False  # in current_term
    log: Log = ()


class Commit(Record):
    """The entry of `entry` at `log_index` was committed, in `term` first."""

    log_index: LogIndex
    entry: Term
    term: Term


class State(Record):
    servers: Map[Node, Server]
    elected: Annotated[Map[Node, Set[Term]], GHOST]  # the terms that each server has won
    committed: Annotated[Set[Commit], GHOST] = Set()  # what was ever committed


class RaftMacro(Spec[State]):
    """Elections, replication and the commit rule, each in one step."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "servers in the cluster", least=1)
    max_term: int = bound(4, "highest term explored; the first is 0")
    max_log: int = bound(2, "longest log explored")

    def init(self) -> State:
        return State(servers=Map.fill(Node, Server()), elected=Map.fill(Node, Set()))

    def quorums(self) -> Iterable[Set[Node]]:
        """Minimal majorities; to ask more servers allows nothing more."""
        return (Set(q) for q in combinations(Node, self.nodes // 2 + 1))

    # ------------------------------------------------------------------ elections

    @action
    def elect(self, s: State, i: Node, t: Term, q: Quorum) -> State:
        """Server i is elected in t by q, itself included; all of q are in term t from then on.

        Elections that fail are part of it: t is any term that is new to all of q.  Source: section 5.2.
        """
        me = s.servers[i]
        require(i in q, "i votes for itself")
        require(all(s.servers[j].current_term < t for j in q), "t is new to everyone in q")
        require(all(self.up_to_date(me, s.servers[j]) for j in q), "the log of i is as up to date as any in q")

        def after(j: Node) -> Server:
            return s.servers[j].replace(current_term=t, leads=j == i) if j in q else s.servers[j]

        return s.replace(servers=Map.of(Node, after), elected=s.elected.set(i, s.elected[i].add(t)))

    def up_to_date(self, me: Server, voter: Server) -> bool:
        """My log is at least as up to date as the voter's.  Source: section 5.4.1."""
        mine, other = self.last_term(me), self.last_term(voter)
        return mine > other or (mine == other and len(me.log) >= len(voter.log))

    def last_term(self, me: Server) -> int:
        """The term of my last entry; 0, which precedes all terms, if I have none."""
        return self.term_of(me.log[-1]) if len(me.log) > 0 else 0

    # ------------------------------------------------------------------ logs

    @action
    def client_request(self, s: State, i: Node) -> State:
        """A leader appends a client's command to its log.  Source: section 5.3."""
        me = s.servers[i]
        require(me.leads, "only a leader takes requests")
        return s.replace(servers=s.servers.set(i, me.replace(log=me.log + (self.new_entry(me),))))

    def new_entry(self, me: Server) -> Term:
        """An entry is nothing but its term."""
        return me.current_term

    def term_of(self, entry: Term) -> int:
        """The term of an entry."""
        return entry

    @action
    def replicate(self, s: State, i: Node, j: Node) -> State:
        """Server j takes over the log of leader i, unless it holds all of it.  Source: section 5.3."""
        me, other = s.servers[i], s.servers[j]
        require(i != j, "a leader does not replicate to itself")
        require(me.leads, "only a leader replicates")
        require(other.current_term <= me.current_term, "j has not come to a later term")
        log = other.log if other.log[: len(me.log)] == me.log else me.log
        return s.replace(servers=s.servers.set(j, other.replace(current_term=me.current_term, leads=False, log=log)))

    # ------------------------------------------------------------------ commitment

    @action
    def commit(self, s: State, i: Node, index: LogIndex) -> State:
        """A leader commits its entry at `index`, and what is before it.  Source: Fig. 2, Rules for Servers, Leaders."""
        me = s.servers[i]
        require(me.leads, "only a leader commits")
        require(index <= len(me.log), "there is an entry")
        require(self.may_commit(me, index), "the entry is of the leader's own term")
        require(self.on_quorum(s, i, index), "the entry is on a quorum")
        fresh = Set(
            Commit(log_index=n, entry=self.term_of(me.log[n - 1]), term=me.current_term)
            for n in range(1, self.max_log + 1)
            if n <= index
        )
        return s.replace(committed=s.committed | Set(c for c in fresh if not self.known(s, c)))

    def may_commit(self, me: Server, index: int) -> bool:
        """A leader counts replicas for entries of its own term only; they commit those before them.  Source: 5.4.2."""
        return self.term_of(me.log[index - 1]) == me.current_term

    def on_quorum(self, s: State, i: Node, index: int) -> bool:
        """Servers that have acknowledged the entry in this term, the leader included, are a majority."""
        return count(self.holds(s.servers[i], s.servers[j], index) for j in Node) * 2 > len(Node)

    def holds(self, me: Server, other: Server, index: int) -> bool:
        """The other server follows me, or is me, and has my log up to `index`."""
        return other.current_term == me.current_term and other.log[:index] == me.log[:index]

    def known(self, s: State, c: Commit) -> bool:
        """The entry is committed already."""
        return any(d.log_index == c.log_index and d.entry == c.entry for d in s.committed)

    # ------------------------------------------------------------------ properties (Fig. 3)

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one leader is elected in a term, at whatever times."""
        return i == j or not s.elected[i] & s.elected[j]

    @step("Leader Append-Only")
    def leader_append_only(self, before: State, after: State, i: Node) -> bool:
        """While it leads, a leader neither changes nor drops an entry of its log."""
        old, new = before.servers[i], after.servers[i]
        leads = old.leads and new.leads and old.current_term == new.current_term
        return not leads or new.log[: len(old.log)] == old.log

    @always("Log Matching")
    def log_matching(self, s: State, i: Node, j: Node) -> bool:
        """Logs with an entry of the same term at an index are equal up to it."""
        a, b = s.servers[i].log, s.servers[j].log
        return i == j or all(
            a[:index] == b[:index]
            for index in range(1, self.max_log + 1)
            if index <= len(a) and index <= len(b) and self.term_of(a[index - 1]) == self.term_of(b[index - 1])
        )

    @always("Leader Completeness")
    def leader_completeness(self, s: State, i: Node) -> bool:
        """What was committed in an earlier term is in the leader's log."""
        me = s.servers[i]
        return not me.leads or all(
            c.term >= me.current_term
            or (c.log_index <= len(me.log) and self.term_of(me.log[c.log_index - 1]) == c.entry)
            for c in s.committed
        )

    @always("State Machine Safety")
    def state_machine_safety(self, s: State) -> bool:
        """No two different entries are ever committed at one index."""
        return all(all(c.log_index != d.log_index or c.entry == d.entry for d in s.committed) for c in s.committed)

    # ------------------------------------------------------------------ witnesses

    @reachable("a leader is elected")
    def leader_elected(self, s: State, i: Node) -> bool:
        return s.servers[i].leads

    @reachable("an entry is committed")
    def entry_committed(self, s: State) -> bool:
        return len(s.committed) > 0


class CommitsOldTerms(RaftMacro):
    """A leader counts replicas of entries of earlier terms too: Figure 8.

    The entry of term 1 is on a majority when the leader of term 3 commits it; the leader of term 4 has one of term 2.
    """

    outcome = (
        Broken("Leader Completeness", steps=8, source="section 5.4.2; Fig. 8", nodes=3, max_term=4, max_log=1),
        Safe(source="section 5.4.2; Fig. 8", nodes=3, max_term=3, max_log=2, note="It takes four terms."),
    )

    def may_commit(self, me: Server, index: int) -> bool:
        return True


class IgnoresLogs(RaftMacro):
    """A voter does not compare logs."""

    outcome = Broken("Leader Completeness", steps=5, source="section 5.4.1", nodes=3, max_term=2, max_log=1)

    def up_to_date(self, me: Server, voter: Server) -> bool:
        return True


class ComparesLengthOnly(RaftMacro):
    """A voter takes the longer log for the better one, whatever the terms of the last entries."""

    outcome = Broken("Leader Completeness", steps=7, source="section 5.4.1", nodes=3, max_term=3, max_log=1)

    def up_to_date(self, me: Server, voter: Server) -> bool:
        return len(me.log) >= len(voter.log)


class CommitsAlone(RaftMacro):
    """A leader commits what only it has."""

    outcome = Broken("Leader Completeness", steps=4, source="section 5.3", nodes=3, max_term=2, max_log=1)

    def on_quorum(self, s: State, i: Node, index: int) -> bool:
        return True


class CommitsUnacknowledged(RaftMacro):
    """A leader counts replicas on servers that have come to a later term, and so follow it no more.

    Such a server may have got the entry from a later leader, and have elected one between the two that has it not.  With
    three servers, whoever has the entry besides its leader stops that election.
    """

    outcome = (
        Broken("Leader Completeness", steps=7, source="section 5.3", nodes=5, max_term=3, max_log=1),
        Safe(nodes=3, max_term=4, max_log=2),
    )

    def holds(self, me: Server, other: Server, index: int) -> bool:
        return other.log[:index] == me.log[:index]
