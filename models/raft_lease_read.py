"""Raft with reads that a leader answers at once while it holds a lease.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 6.4.1, Using clocks to reduce
messaging for read-only queries.

A server that has heard a leader elects no other for an election timeout (section 4.2.3, see `raft_check_quorum`).  A leader
that a quorum has answered may count on that for a little less than an election timeout: its lease.

There is no clock here.  That clocks drift only so much means one thing: when the timer of a server runs out, no lease that
counts on this server is left.  So `promised` says on whom a leader can still count; no server reads it but to know the time.

Throughout this file: as in `raft_check_quorum` and `raft_reads`.
"""

from mcheck.models.raft import AppendEntries, AppendEntriesReply, Message, Network, Node, Role, Server, State
from mcheck.models.raft_check_quorum import CheckingServer, CheckingState, RaftCheckQuorum
from mcheck.models.raft_reads import Reads, ReadsState
from mcheck.spec import Broken, Map, Record, Set, action, count, extended, reachable, require


class Promise(Record):
    """The election timer of `server` has been running since it heard `leader`."""

    server: Node
    leader: Node


class LeasingServer(CheckingServer):
    """A server, and who has answered it in its term."""

    answered: Set[Node] = Set()  # of a leader


class LeasingState(CheckingState, ReadsState):
    """The state, with the promises that have not run out."""

    servers: Map[Node, LeasingServer]  # type: ignore[assignment]
    promised: Set[Promise] = Set()


class RaftLeaseRead(Reads, RaftCheckQuorum):
    """A leader with a lease answers reads from what it has committed, and asks nobody."""

    def init(self) -> LeasingState:
        return extended(super().init(), LeasingState)

    @action
    def read(self, s: LeasingState, i: Node) -> State:
        """A client asks leader i, and is answered.  Source: section 6.4.1."""
        me = s.servers[i]
        require(me.role == Role.LEADER, "only a leader takes reads")
        require(self.knows_commits(me), "i has committed an entry of its own term")
        require(self.has_lease(s, i), "i holds a lease")
        return s.replace(stale=s.stale or me.commit_index < self.acknowledged(s))

    def has_lease(self, s: LeasingState, i: Node) -> bool:
        """A quorum has answered i, and elects no other yet."""
        return self.is_quorum(count(self.counts_on(s, i, j) for j in Node))

    def counts_on(self, s: LeasingState, i: Node, j: Node) -> bool:
        """Server j has answered leader i, and its promise has not run out."""
        return i == j or (j in s.servers[i].answered and Promise(server=j, leader=i) in s.promised)

    def on_append_entries_reply(self, me: LeasingServer, m: AppendEntriesReply) -> Server:  # type: ignore[override]
        """As in Raft; whoever answers in my term has heard me."""
        after = super().on_append_entries_reply(me, m)
        if m.term == me.current_term and me.role == Role.LEADER:
            after = after.replace(answered=me.answered.add(m.src))
        return after

    def follower(self, me: LeasingServer) -> Server:  # type: ignore[override]
        """As in Raft; whoever follows has no lease."""
        return super().follower(me).replace(answered=Set())

    # ------------------------------------------------------------------ the passing of time

    def handled(self, s: LeasingState, m: Message, network: Network) -> State:  # type: ignore[override]
        after = super().handled(s, m, network)
        if isinstance(m, AppendEntries) and m.term >= s.servers[m.dst].current_term:
            return after.replace(promised=s.promised.add(Promise(server=m.dst, leader=m.src)))
        return after

    def without_promise(self, promised: Set[Promise], j: Node) -> Set[Promise]:
        """`promised`, without what server j has promised."""
        return Set(p for p in promised if p.server != j)

    @action
    def silence(self, s: LeasingState, i: Node) -> State:  # type: ignore[override]
        """As before; by now no lease counts on i any more."""
        return super().silence(s, i).replace(promised=self.after_timeout(s.promised, i))

    def after_timeout(self, promised: Set[Promise], i: Node) -> Set[Promise]:
        """The promises that have not run out when the election timer of i has.  Source: section 6.4.1, clock drift."""
        return self.without_promise(promised, i)

    @action
    def restart(self, s: LeasingState, i: Node) -> State:  # type: ignore[override]
        """As in Raft; a server that is back waits for an election timeout, as it does not know whom it has heard."""
        return super().restart(s, i).replace(promised=self.after_restart(s.promised, i))

    def after_restart(self, promised: Set[Promise], i: Node) -> Set[Promise]:
        """The promises that have not run out when a server votes again after a crash."""
        return self.without_promise(promised, i)

    @reachable("a leader with a lease may read")
    def may_read(self, s: LeasingState, i: Node) -> bool:
        """It has a lease, and knows what is committed."""
        me = s.servers[i]
        return me.role == Role.LEADER and self.knows_commits(me) and self.has_lease(s, i)


# ---------------------------------------------------------------------- one rule at a time


class LeaseOutlastsTimers(RaftLeaseRead):
    """Clocks drift further than assumed: the timer of a server runs out while a lease still counts on it."""

    outcome = Broken(
        "Fresh Reads", steps=21, source="dissertation, section 6.4.1",
        nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=0,
    )  # fmt: skip

    def after_timeout(self, promised: Set[Promise], i: Node) -> Set[Promise]:
        return promised


class VotesRightAfterRestart(RaftLeaseRead):
    """A server that is back from a crash votes at once; it has forgotten whom it has heard."""

    outcome = Broken(
        "Fresh Reads", steps=21, source="dissertation, section 6.4.1",
        nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=1,
    )  # fmt: skip

    def after_restart(self, promised: Set[Promise], i: Node) -> Set[Promise]:
        return promised


class VotesInSpiteOfLease(RaftLeaseRead):
    """Servers vote although they hear a leader, so that their answers promise nothing."""

    outcome = (
        Broken(
            "Fresh Reads", steps=21, source="dissertation, sections 4.2.3 and 6.4.1",
            nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=0,
        ),
        Broken(
            "Leader Stickiness", steps=6, source="dissertation, section 4.2.3",
            nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=0,
        ),
    )  # fmt: skip

    def sticks(self, me: CheckingServer, m: object) -> bool:
        return False
