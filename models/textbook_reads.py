"""Reads for the Raft node of the article: a leader answers them once a round of heartbeats has shown that it still leads.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 6.4, for the node of `textbook_raft`.
The article's node has no reads.  Its prose has: "Minority partition becomes read-only", "Linearizable reads require leader".

A read takes three kinds of steps: it begins, and notes the commit index; heartbeats are answered, each of which confirms
the leader; it is answered.  A read must see every write that was acknowledged, that is, committed by a leader, before it
began: with a value read instead of an index, that is linearizability.

Throughout this file, beside what `textbook_raft` says: a read belongs to the node that has been asked, one at a time.
"""

from typing import Annotated

from mcheck.models.textbook_raft import LogIndex, Node, NodeState, RaftNode, State, Term, TextbookRaft
from mcheck.spec import GHOST, Broken, Map, Record, Set, action, always, any, len, max, reachable, require


class Read(Record):
    """A read that waits for its answer: the term it began in, and who has confirmed the leader since."""

    term: Term
    confirmed: Set[Node]


class ReadingState(State):
    """A state of `TextbookRaft`, and the reads."""

    reads: Map[Node, Read | None]
    due: Annotated[Map[Node, LogIndex], GHOST]  # how much each read must see at least
    stale: Annotated[bool, GHOST] = False  # whether a read has seen less


class TextbookReads(TextbookRaft):
    """The mended node, with reads that a round of heartbeats confirms (ReadIndex)."""

    def init(self) -> ReadingState:
        s = super().init()
        return ReadingState(
            nodes=s.nodes,
            peers=s.peers,
            elected=s.elected,
            reads=Map.fill(Node, None),
            due=Map.fill(Node, 0),
        )

    @action
    def begin_read(self, s: ReadingState, i: Node) -> ReadingState:
        """A client asks i for what is committed."""
        me = s.nodes[i]
        require(me.state == NodeState.LEADER, "only a leader takes reads")
        require(s.reads[i] is None, "i has answered its last read")
        require(self.knows_commits(me), "i has committed an entry of its own term")
        acknowledged = max((c.log_index for c in s.committed), default=0)
        read = Read(term=me.current_term, confirmed=Set.of(i))
        return s.replace(reads=s.reads.set(i, read), due=s.due.set(i, acknowledged))

    def knows_commits(self, me: RaftNode) -> bool:
        """A new leader has all committed entries, but knows that of none before it has committed one itself."""
        return any(
            index <= me.commit_index and me.log[index - 1].term == me.current_term
            for index in range(1, self.max_log + 1)
        )

    @action
    def confirm_read(self, s: ReadingState, i: Node, j: Node) -> ReadingState:
        """A heartbeat that i sends after the read has begun, and j accepts."""
        me, read = s.nodes[i], s.reads[i]
        require(i != j, "a leader does not call itself")
        require(read is not None and j not in read.confirmed, "i waits for j to confirm it")
        assert read is not None
        require(self.has_led_since(me, read), "i has led since the read began")
        _, accepted = self.called(s, i, j, self.in_heartbeat(me, j))
        require(accepted, "j accepts the heartbeat")
        after = self.answered(s, i, j, self.in_heartbeat(me, j))
        reads = s.reads.set(i, read.replace(confirmed=read.confirmed.add(j)))
        return s.replace(nodes=after.nodes, elected=after.elected, committed=after.committed, reads=reads)

    def has_led_since(self, me: RaftNode, read: Read) -> bool:
        """It leads, and in the same term."""
        return me.state == NodeState.LEADER and me.current_term == read.term

    @action
    def answer_read(self, s: ReadingState, i: Node) -> ReadingState:
        """Node i answers with what it has committed by now."""
        me, read = s.nodes[i], s.reads[i]
        require(read is not None, "i has begun a read")
        assert read is not None
        require(self.has_led_since(me, read), "i has led since the read began")
        require(self.is_confirmed(read), "a quorum has confirmed i since the read began")
        stale = s.stale or me.commit_index < s.due[i]
        return s.replace(reads=s.reads.set(i, None), due=s.due.set(i, 0), stale=stale)

    def is_confirmed(self, read: Read) -> bool:
        """A quorum has heard i in its term after the read began, so nobody else had been elected before."""
        return len(read.confirmed) >= self.quorum()

    @always("Fresh Reads")
    def fresh_reads(self, s: ReadingState) -> bool:
        """A read sees every write that was acknowledged before it began.  Source: dissertation, section 6.4."""
        return not s.stale

    @reachable("a read sees a write")
    def read_sees_write(self, s: ReadingState, i: Node) -> bool:
        """A read that is about to be answered, and must see something."""
        read = s.reads[i]
        return read is not None and self.is_confirmed(read) and s.due[i] > 0


class Unconfirmed(TextbookReads):
    """A leader takes it for granted that it still leads: an old one, cut off, does not know what has been written since."""

    outcome = Broken("Fresh Reads", steps=15, source="dissertation, section 6.4", max_log=2, max_restarts=0)

    def is_confirmed(self, read: Read) -> bool:
        return True


class BeforeOwnCommit(TextbookReads):
    """A new leader does not wait until it has committed something: it does not know yet what is."""

    outcome = Broken("Fresh Reads", steps=13, source="dissertation, section 6.4", max_restarts=0, max_failures=0)

    def knows_commits(self, me: RaftNode) -> bool:
        return True


class Local(Unconfirmed, BeforeOwnCommit):
    """A leader answers from what it has, at once: the "read-only" node of a minority."""

    outcome = Broken("Fresh Reads", steps=12, source="dissertation, section 6.4", max_restarts=0)
