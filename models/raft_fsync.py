"""Raft on a disk that takes its time: an entry is in the log first, and survives a crash once it is flushed.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (2014), section 10.2.1, Writing to the leader's disk in parallel;
the flags that J. Vanlightly's TLA+ module RaftFsync switches are the tweaks here.

Throughout this file: as in `raft`, whose rules these are but for what is said here.  Terms and votes are flushed before
anything else happens.  A follower flushes its log before it answers.  A leader may send an entry before it has flushed it,
and counts itself among those that hold it afterwards.
"""

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    Entry,
    Log,
    LogIndex,
    Node,
    Raft,
    Role,
    Server,
    State,
)
from mcheck.spec import Broken, Map, Safe, Set, action, all, always, count, len, min, require, step


class DiskServer(Server):
    """A server, and what is left of its log after a crash."""

    flushed: LogIndex = 0  # so many entries of the log are on disk


class DiskState(State):
    """The state of Raft with such servers."""

    servers: Map[Node, DiskServer]  # type: ignore[assignment]


# The rules of Raft hand a server on with all its fields, so `me` is a DiskServer wherever it is a Server there: hence each
# `type: ignore` below.
class RaftFsync(Raft):
    """Replication and the commit rule with entries that are flushed after they are appended."""

    def init(self) -> DiskState:
        blank = DiskServer(next_index=Map.fill(Node, 1), match_index=Map.fill(Node, 0))
        return DiskState(servers=Map.fill(Node, blank), elected=Map.fill(Node, Set()))

    @action
    def fsync(self, s: DiskState, i: Node) -> State:
        """Server i flushes its log; a leader may find that its entries can be committed now."""
        me = s.servers[i]
        require(me.flushed < len(me.log), "there is something to flush")
        me = me.replace(flushed=len(me.log))
        return self.moved(s, i, self.advanced(i, me) if me.role == Role.LEADER else me, s.network)

    def on_quorum(self, i: Node, me: DiskServer, index: int) -> bool:  # type: ignore[override]
        """Leader i knows the entry to be on the disks of a quorum; its own is one of them."""
        return self.is_quorum(count(self.has_flushed(i, j, me, index) for j in Node))

    def has_flushed(self, i: Node, j: Node, me: DiskServer, index: int) -> bool:
        """The entry is on the disk of j, as far as i knows."""
        return me.flushed >= index if i == j else me.match_index[j] >= index

    def on_append_entries(self, me: DiskServer, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:  # type: ignore[override]
        """As in Raft; what was appended is flushed as `flushed_by` says, before the answer is sent."""
        after, reply = super().on_append_entries(me, m)
        return after.replace(flushed=self.flushed_by(me, after.log)), reply

    def flushed_by(self, me: DiskServer, log: Log) -> int:
        """How much of the new log of a follower is on disk when it answers: all."""
        return len(log)

    def restored_log(self, me: DiskServer) -> Log:  # type: ignore[override]
        return me.log[: me.flushed]

    @always("Durability")
    def durability(self, s: DiskState) -> bool:
        """What was ever committed is on the disks of a quorum, and stays there."""
        return all(
            self.is_quorum(count(self.on_disk(s.servers[j], c.log_index, c.entry) for j in Node)) for c in s.committed
        )

    def on_disk(self, me: DiskServer, index: int, entry: Entry) -> bool:
        """The entry is there after a crash."""
        return index <= me.flushed and me.log[index - 1] == entry

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Node) -> bool:
        """What a server has committed stays in its log while it runs.

        Differs: a crash may take from a leader what it has committed, as a quorum of others has it on disk.
        """
        return before.restarts != after.restarts or super().integrity(before, after, i)


class AnswersBeforeFsync(RaftFsync):
    """A follower answers before it has flushed what it acknowledges.  What it drops is gone from the disk at once."""

    outcome = (
        Broken(
            "Durability", steps=8, source="RaftFsync, FollowerFsyncBeforeReply",
            nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0,
        ),
        Broken(
            "Leader Completeness", steps=12, source="RaftFsync, FollowerFsyncBeforeReply",
            nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=1,
        ),
    )  # fmt: skip

    def flushed_by(self, me: DiskServer, log: Log) -> int:
        kept = me.log[: me.flushed] == log[: me.flushed]
        return min(me.flushed, len(log)) if kept else 0


class CountsBeforeFsync(RaftFsync):
    """A leader counts itself among those that hold an entry before it has flushed it."""

    outcome = (
        Broken(
            "Durability", steps=7, source="RaftFsync, LeaderFsyncBeforeIncludeInQuorum",
            nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0,
        ),
        Broken(
            "Leader Completeness", steps=11, source="RaftFsync, LeaderFsyncBeforeIncludeInQuorum",
            nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=1,
        ),
    )  # fmt: skip

    def has_flushed(self, i: Node, j: Node, me: DiskServer, index: int) -> bool:
        return i == j or me.match_index[j] >= index


class FlushesBeforeSending(RaftFsync):
    """A leader flushes an entry before it sends it to anyone, as the paper has it.  Safe, and slower."""

    outcome = Safe(nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=1)

    @action
    def append_entries(self, s: DiskState, i: Node, j: Node) -> State:  # type: ignore[override]
        require(s.servers[i].flushed == len(s.servers[i].log), "there is nothing to flush first")
        return super().append_entries(s, i, j)
