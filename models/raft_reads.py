"""Raft with linearizable reads that add nothing to the log: ReadIndex.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 6.4, Processing read-only queries
more efficiently.

A read of the state machine sees a prefix of the log: what the leader has committed when it answers.  Linearizability asks
that this prefix has every write in it that was acknowledged before the read began.

Throughout this file: as in `raft`; a read belongs to the leader that was asked, one at a time.
"""

from typing import Annotated

from mcheck.models.raft import LogIndex, Message, Node, Raft, Role, Server, State, Term
from mcheck.spec import (
    GHOST,
    AtMost,
    Broken,
    In,
    Map,
    Record,
    Set,
    action,
    always,
    any,
    extended,
    len,
    max,
    reachable,
    require,
)


class ReadsState(State):
    """The state of Raft, and whether a read has ever seen less than it had to."""

    stale: Annotated[bool, GHOST] = False


class Reads(Raft):
    """What all reads of a leader have in common."""

    def init(self) -> ReadsState:
        return extended(super().init(), ReadsState)

    def knows_commits(self, me: Server) -> bool:
        """A new leader has all committed entries, but does not know which are until it has committed one of its own term.

        Source: section 6.4, step 1.
        """
        return any(
            index <= me.commit_index and me.log[index - 1].term == me.current_term
            for index in range(1, self.max_log + 1)
        )

    def acknowledged(self, s: ReadsState) -> int:
        """Up to where writes have been committed, by any leader."""
        return max((c.log_index for c in s.committed), default=0)

    @always("Fresh Reads")
    def fresh_reads(self, s: ReadsState) -> bool:
        """A read sees every write that was acknowledged before it began.  Source: section 6.4."""
        return not s.stale


class Heartbeat(Record):
    """Of the round that confirms a leader.  Source: section 6.4, step 3; etcd's has the read as its context."""

    src: Node
    dst: Node
    term: Term


class HeartbeatReply(Record):
    """`term` is that of the server which answers."""

    src: Node
    dst: Node
    term: Term


AnyMessage = Message | Heartbeat | HeartbeatReply
AnyNetwork = Annotated[Set[AnyMessage], AtMost("max_messages")]


class Read(Record):
    """A read that waits for its answer, and who has confirmed the leader since it began."""

    read_index: LogIndex  # readIndex: what the leader had committed then
    confirmed: Set[Node]


class ReadingServer(Server):
    """A server, and the read that it has been asked for."""

    read: Read | None = None  # of a leader


class Due(Record):
    """The read of `server` must see the log up to `log_index` at least."""

    server: Node
    log_index: LogIndex


class ReadingState(ReadsState):
    """The state, with the messages of reads."""

    servers: Map[Node, ReadingServer]  # type: ignore[assignment]
    network: AnyNetwork = Set()  # type: ignore[assignment]
    due: Annotated[Set[Due], GHOST] = Set()


class RaftReadIndex(Reads):
    """A leader notes its commit index, makes sure that it still leads, and answers from what it has committed."""

    def init(self) -> ReadingState:
        return extended(super().init(), ReadingState)

    @action
    def begin_read(self, s: ReadingState, i: Node) -> State:
        """A client asks leader i, which begins a round of heartbeats.  Replies to an earlier round count no more."""
        me = s.servers[i]
        require(me.role == Role.LEADER, "only a leader takes reads")
        require(me.read is None, "i has answered its last read")
        require(self.knows_commits(me), "i has committed an entry of its own term")
        due = s.due.add(Due(server=i, log_index=self.acknowledged(s)))
        me = me.replace(read=Read(read_index=me.commit_index, confirmed=Set.of(i)))
        network = Set(m for m in s.network if not self.is_of_round(m, i))
        network = network | Set(Heartbeat(src=i, dst=j, term=me.current_term) for j in Node if j != i)
        return s.replace(servers=s.servers.set(i, me), network=network, due=due)

    def is_of_round(self, m: AnyMessage, i: Node) -> bool:
        """Whether m is of a round of leader i."""
        return (isinstance(m, Heartbeat) and m.src == i) or (isinstance(m, HeartbeatReply) and m.dst == i)

    @action
    def answer_read(self, s: ReadingState, i: Node) -> State:
        """Leader i answers from what it has committed by now.  Source: section 6.4, steps 4 and 5."""
        me = s.servers[i]
        read = me.read
        require(read is not None, "i has been asked")
        assert read is not None
        require(self.is_confirmed(read), "a quorum has confirmed i since the read began")
        require(me.commit_index >= read.read_index, "i has applied up to the read index")
        stale = s.stale or any(d.server == i and d.log_index > me.commit_index for d in s.due)
        due = Set(d for d in s.due if d.server != i)
        return s.replace(servers=s.servers.set(i, me.replace(read=None)), stale=stale, due=due)

    def is_confirmed(self, read: Read) -> bool:
        """A quorum has heard i in its term after the read began, so nobody else had been elected before."""
        return self.is_quorum(len(read.confirmed))

    def follower(self, me: ReadingServer) -> Server:  # type: ignore[override]
        """As in Raft; the read is not answered."""
        return super().follower(me).replace(read=None)

    @action
    def deliver(self, s: ReadingState, m: Annotated[AnyMessage, In("network")]) -> State:  # type: ignore[override]
        """The addressee handles m."""
        return super().deliver(s, m)  # type: ignore[arg-type]

    def handled(self, s: ReadingState, m: AnyMessage, network: AnyNetwork) -> State:  # type: ignore[override]
        match m:
            case Heartbeat():
                me = self.at_term(s.servers[m.dst], m.term)
                answer = HeartbeatReply(src=m.dst, dst=m.src, term=me.current_term)
                return self.moved(s, m.dst, me, self.sent(network, answer))  # type: ignore[arg-type]
            case HeartbeatReply():
                me = self.on_heartbeat_reply(self.at_term(s.servers[m.dst], m.term), m)  # type: ignore[arg-type]
                return self.moved(s, m.dst, me, network)  # type: ignore[arg-type]
        return super().handled(s, m, network)  # type: ignore[arg-type]

    def on_heartbeat_reply(self, me: ReadingServer, m: HeartbeatReply) -> Server:
        """A leader is confirmed by whoever is in its term."""
        read = me.read
        if read is None or m.term != me.current_term:
            return me
        return me.replace(read=read.replace(confirmed=read.confirmed.add(m.src)))

    def moved(self, s: ReadingState, i: Node, me: ReadingServer, network: AnyNetwork) -> State:  # type: ignore[override]
        """As in Raft; a read that is given up need not see anything."""
        after = super().moved(s, i, me, network)  # type: ignore[arg-type]
        return after.replace(due=Set(d for d in s.due if d.server != i or me.read is not None))

    @reachable("a read sees a write")
    def read_sees_write(self, s: ReadingState, i: Node) -> bool:
        """A read that is about to be answered, and must see something."""
        read = s.servers[i].read
        return read is not None and self.is_confirmed(read) and any(d.server == i and d.log_index > 0 for d in s.due)


# ---------------------------------------------------------------------- one rule at a time


class ReadsUnconfirmed(RaftReadIndex):
    """A leader takes it for granted that it still leads: an old one does not know what another has committed."""

    outcome = Broken(
        "Fresh Reads", steps=21, source="dissertation, section 6.4",
        nodes=3, max_term=2, max_log=2, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def is_confirmed(self, read: Read) -> bool:
        return True


class ReadsBeforeOwnCommit(RaftReadIndex):
    """A new leader does not wait until it has committed an entry of its own term: it does not know yet what is committed."""

    outcome = Broken(
        "Fresh Reads", steps=16, source="dissertation, section 6.4; RedisRaft, pull request 22",
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def knows_commits(self, me: Server) -> bool:
        return True


class ReadsLocally(ReadsUnconfirmed, ReadsBeforeOwnCommit):
    """A leader answers from what it has, at once, like the "read-only" leader of a minority."""

    outcome = Broken(
        "Fresh Reads", steps=14, source="dissertation, section 6.4; RedisRaft, issues 18 and 19",
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip
