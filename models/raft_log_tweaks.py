"""Raft's logs and commitment gone wrong, one rule at a time.

Each class overrides one rule of `Raft`.  Its `outcome` says which property that breaks, in how many steps at the
granularity of `raft`, and where it shows with the fewest servers, terms and messages.
"""

from typing import ClassVar

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    Log,
    Node,
    Raft,
    Role,
    Server,
)
from mcheck.models.raft_networks import Fifo, Heartbeats
from mcheck.spec import Broken, ExpectedOutcome, Safe, count, len, min, where

# ---------------------------------------------------------------------- what a leader commits


class CommitsAlone(Raft):
    """A leader commits what only it has.

    With 3 servers the leader and one acknowledgement are a majority, so nothing less than no acknowledgement is wrong.
    """

    outcome = Broken(
        "Leader Completeness", steps=7, source="section 5.3",
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def on_quorum(self, i: Node, me: Server, index: int) -> bool:
        return True


class FlexibleQuorums(Raft):
    """Half of an even number of servers hold what is committed, and a majority elects: the two always meet."""

    outcome = Safe(
        source="H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos, OPODIS 2016", depth=17,
        nodes=4, max_term=2, max_log=1, max_messages=6, max_restarts=0,
    )  # fmt: skip

    def on_quorum(self, i: Node, me: Server, index: int) -> bool:
        return count(j == i or me.match_index[j] >= index for j in Node) * 2 >= len(Node)


class QuorumsApart(Raft):
    """A majority elects, and so many hold what is committed that they need not meet it: of five servers, two."""

    outcome = Broken(
        "Leader Completeness", steps=14, source="H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos, section 3",
        nodes=5, max_term=2, max_log=1, max_messages=6, max_restarts=0,
    )  # fmt: skip

    def on_quorum(self, i: Node, me: Server, index: int) -> bool:
        majority = len(Node) // 2 + 1
        return count(j == i or me.match_index[j] >= index for j in Node) + majority >= len(Node)


class CommitsOldTerms(Raft):
    """A leader counts replicas of entries of earlier terms too: Figure 8.

    Needs four elections and two entries, but three servers and no crash.
    """

    outcome = Broken(
        "Leader Completeness", steps=24, source="section 5.4.2; Fig. 8",
        note="With four messages in flight 23, with five 22; in the large steps of raft-macro 8.",
        nodes=3, max_term=4, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def may_commit(self, i: Node, me: Server, index: int) -> bool:
        return self.on_quorum(i, me, index)


class TakesRefusalForConsent(Raft):
    """A leader does not look whether its request was refused, and believes the follower to hold what it has sent."""

    outcome = Broken(
        "Leader Completeness", steps=16, source="Fig. 2, Rules for Servers, Leaders",
        nodes=3, max_term=3, max_log=2, max_messages=5, max_restarts=0,
    )  # fmt: skip

    def on_append_entries_reply(self, me: Server, m: AppendEntriesReply) -> Server:
        sent = min(me.next_index[m.src], len(me.log))
        return super().on_append_entries_reply(
            me, m.replace(success=True, match_index=where(m.success, m.match_index, sent))
        )


# ---------------------------------------------------------------------- what a follower appends


class AlwaysTruncates(Raft):
    """A follower drops everything after the previous entry, conflict or not.

    A heartbeat that comes late takes away what was acknowledged.
    """

    outcome = (
        Broken(
            "Agreement", steps=11, source="Fig. 2, AppendEntries RPC, 3",
            nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0,
        ),
        Broken(
            "Leader Completeness", steps=12, source="Fig. 2, AppendEntries RPC, 3",
            nodes=3, max_term=2, max_log=1, max_messages=4, max_restarts=0,
        ),
    )  # fmt: skip

    def merged(self, me: Server, m: AppendEntries) -> Log:
        return me.log[: m.prev_log_index] + m.entries


class TruncatesInOrder(Fifo, AlwaysTruncates):
    """A follower drops everything after the previous entry, where no message overtakes another.

    Within a term, what comes later from the leader then never says less.
    """

    outcome = Safe(nodes=3, max_term=1, max_log=1, max_messages=2, max_restarts=0)  # type: ignore[assignment]


class KeepsConflicts(Raft):
    """A follower keeps an entry that conflicts with the leader's."""

    outcome = Broken(
        "State Machine Safety", steps=13, source="Fig. 2, AppendEntries RPC, 3",
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def merged(self, me: Server, m: AppendEntries) -> Log:
        return me.log + m.entries if m.prev_log_index == len(me.log) else me.log


class SkipsConsistencyCheck(Raft):
    """A follower does not look whether the entry before the new ones is the leader's.

    Needs a leader elected with entries in its log.
    """

    outcome = Broken(
        "Log Matching", steps=15, source="Fig. 2, AppendEntries RPC, 2",
        nodes=3, max_term=3, max_log=2, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def has_previous(self, me: Server, m: AppendEntries) -> bool:
        return m.prev_log_index <= len(me.log)


class ObeysOldLeaders(Raft):
    """A server does what a leader of an old term tells it, be it a follower of the new one or that leader itself."""

    outcome = (
        Broken(
            "Integrity", steps=13, source="Fig. 2, AppendEntries RPC, 1",
            nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
        ),
        Broken(
            "Leader Completeness", steps=16, source="Fig. 2, AppendEntries RPC, 1",
            nodes=3, max_term=3, max_log=1, max_messages=5, max_restarts=0,
        ),
    )  # fmt: skip

    def obeys(self, me: Server, m: AppendEntries) -> bool:
        return True


# ---------------------------------------------------------------------- what a follower commits


class CommitsUnseen(Raft):
    """A follower commits as far as its leader has, though it has not got so far: what it commits is no entry."""

    outcome = Broken(
        "Validity", steps=13, source="Fig. 2, AppendEntries RPC, 5",
        nodes=3, max_term=1, max_log=2, max_messages=2, max_restarts=0,
    )  # fmt: skip

    def learned_commit(self, me: Server, m: AppendEntries, last_new: int) -> int:
        return m.leader_commit


class CommitsUnseenOnHeartbeat(Heartbeats, CommitsUnseen):
    """A follower commits as far as its leader has, and hears of that by a heartbeat before it has any entry."""

    outcome = Broken(  # type: ignore[assignment]
        "Validity", steps=9, source="Fig. 2, AppendEntries RPC, 5",
        nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip


class CommitsOwnSuffix(Raft):
    """A follower commits up to the end of its own log, though its leader has confirmed less of it.

    Where every request carries all that the follower may lack, there is no difference: so with logs of one entry.
    """

    outcome = (
        Broken(
            "State Machine Safety", steps=31, source='Fig. 2, AppendEntries RPC, 5: "index of last new entry"',
            nodes=3, max_term=3, max_log=2, max_messages=3, max_restarts=0,
        ),
        Safe(nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0),
    )  # fmt: skip

    def learned_commit(self, me: Server, m: AppendEntries, last_new: int) -> int:
        return min(m.leader_commit, len(me.log))


class CommitsOwnSuffixOnHeartbeat(Heartbeats, CommitsOwnSuffix):
    """A follower commits up to the end of its own log when it hears a heartbeat, which confirms nothing of it."""

    outcome = Broken(  # type: ignore[assignment]
        "State Machine Safety", steps=13, source='Fig. 2, AppendEntries RPC, 5: "index of last new entry"',
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip


# ---------------------------------------------------------------------- what a server loses


class ForgetsLog(Raft):
    """The log is not persisted."""

    outcome: ClassVar[ExpectedOutcome | tuple[ExpectedOutcome, ...]] = (
        Broken(
            "Integrity", steps=8, source="Fig. 2, State, Persistent state",
            nodes=3, max_term=1, max_log=1, max_messages=2, max_restarts=1,
        ),
        Broken(
            "Leader Completeness", steps=11, source="Fig. 2, State, Persistent state",
            nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=1,
        ),
    )  # fmt: skip

    def restored_log(self, me: Server) -> Log:
        return ()


class RollsBackOnStepDown(Raft):
    """A leader that steps down drops what it does not know to be committed.

    It may have acknowledged that, as a follower, to an earlier leader, which has committed it since.
    """

    outcome = Broken(
        "Leader Completeness", steps=13, source="microsoft/CCF, issue 5674",
        nodes=3, max_term=3, max_log=1, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def follower(self, me: Server) -> Server:
        if me.role == Role.LEADER:
            return super().follower(me).replace(log=me.log[: me.commit_index])
        return super().follower(me)
