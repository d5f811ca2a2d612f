"""Zab gone wrong, one rule at a time.

Each class overrides one rule of `Zab` and nothing else.  `outcome` says what it breaks, how soon, and where that shows with
few processes, epochs, transactions and faults: steps of a shortest behaviour at the granularity of `zab`.
"""

from mcheck.models.zab import Zab
from mcheck.models.zab_state import AckE, AckLD, History, NewEpoch, NewLeader, Node, Process, State, Zxid
from mcheck.spec import Broken, Safe, Set, action, count, len

# ---------------------------------------------------------------------- phase 1: discovery


class ComparesEpochsOnly(Zab):
    """Of two histories of one f.a a leader does not take the longer."""

    outcome = Broken(
        "Prefix Consistency",
        steps=23,
        source="l.1.2",
        nodes=3,
        max_epoch=2,
        max_log=1,
        max_in_channel=2,
        max_timeouts=1,
        max_restarts=0,
    )

    def more_recent(self, m: AckE, me: Process) -> bool:
        return m.epoch > me.best_epoch


class AcceptsEpochTwice(Zab):
    """A follower acknowledges an epoch again, also to another leader.

    Zab.tla does so too.  There it is safe, as a leader stops in the very step in which it loses its quorum; ZooKeeper, where
    that takes its time, answers with an epoch of -1, which is not counted (Learner.registerWithLeader).
    """

    outcome = Broken(
        "At Most One Established Leader",
        steps=14,
        source="f.1.2",
        nodes=3,
        max_epoch=1,
        max_log=0,
        max_in_channel=1,
        max_timeouts=2,
        max_restarts=0,
    )

    def may_accept(self, me: Process, m: NewEpoch) -> bool:
        return m.epoch >= me.accepted_epoch


class ReportsDelivered(Zab):
    """A process that looks for a leader goes by the database in its memory: by what it has delivered, not by what it has accepted.

    Differs from the report: there what was left out stays on the disk, and a restart brings it back, where a leader sends
    only what its follower lacks.
    """

    outcome = (
        Broken(
            "Primary Integrity",
            steps=20,
            source="ZOOKEEPER-2845",
            nodes=3,
            max_epoch=2,
            max_log=1,
            max_in_channel=2,
            max_timeouts=1,
            max_restarts=0,
        ),
        Broken(
            "Prefix Consistency",
            steps=22,
            source="ZOOKEEPER-2845",
            nodes=3,
            max_epoch=2,
            max_log=1,
            max_in_channel=2,
            max_timeouts=1,
            max_restarts=0,
        ),
    )

    def reported(self, me: Process) -> History:
        return me.history[: me.last_committed]


# ---------------------------------------------------------------------- phase 2: synchronisation


class AcknowledgesBeforeSync(Zab):
    """A follower answers NEWLEADER before the history is on its disk, where only what it had before is."""

    outcome = Broken(
        "Prefix Consistency",
        steps=25,
        source="ZOOKEEPER-3911",
        nodes=3,
        max_epoch=3,
        max_log=1,
        max_in_channel=2,
        max_timeouts=1,
        max_restarts=1,
    )

    def accepted(self, me: Process, m: NewLeader) -> Process:
        kept = count(
            k < len(m.history) and k < me.synced and me.history[k] == m.history[k] for k in range(self.max_log)
        )
        return me.replace(history=m.history, synced=kept)


class WritesEpochFirst(Zab):
    """A follower writes f.a in a step of its own, before the history of the NEWLEADER."""

    outcome = Broken(
        "Prefix Consistency",
        steps=26,
        source="ZOOKEEPER-4643",
        nodes=3,
        max_epoch=3,
        max_log=1,
        max_in_channel=2,
        max_timeouts=1,
        max_restarts=1,
    )

    @action
    def follower_receives_newleader(self, s: State, i: Node, j: Node) -> State:
        m = self.received(s, i, j, NewLeader)
        me = s.processes[i]
        if m.epoch != me.current_epoch:
            return self.moved(s, i, me.replace(current_epoch=m.epoch), s.net)
        return super().follower_receives_newleader(s, i, j)


class KeepsHistory(Zab):
    """A follower does not drop what its leader does not have."""

    outcome = Broken(
        "Prefix Consistency",
        steps=28,
        source="f.2.1",
        nodes=3,
        max_epoch=2,
        max_log=1,
        max_in_channel=2,
        max_timeouts=1,
        max_restarts=0,
    )

    def accepted(self, me: Process, m: NewLeader) -> Process:
        longer = len(m.history) > len(me.history)
        return self.written(me.replace(history=m.history if longer else me.history))


class ProposesToEstablished(Zab):
    """A primary proposes only to followers whose ACK-LD it has: one that comes late misses what is proposed meanwhile.

    The paper's Q can be read so.
    """

    outcome = (
        Broken(
            "Commit Order",
            steps=18,
            source="Zab.tla, issues.md, issue 1",
            nodes=3,
            max_epoch=1,
            max_log=1,
            max_in_channel=2,
            max_timeouts=0,
            max_restarts=0,
        ),
        Broken(
            "Local Primary Order",
            steps=22,
            source="Zab.tla, issues.md, issue 1",
            nodes=3,
            max_epoch=1,
            max_log=2,
            max_in_channel=3,
            max_timeouts=0,
            max_restarts=0,
        ),
    )

    def proposed_to(self, me: Process) -> Set[Node]:
        return me.ackld_recv


class CommitsWhatWasAcknowledged(Zab):
    """The COMMIT-LD of a follower that comes late repeats the zxid of its ACK-LD, so that it delivers what
    nobody has committed, or not what everybody has.  The paper does not say which zxid it carries.
    """

    outcome = Broken(
        "Commit Order",
        steps=18,
        source="Zab.tla, issues.md, issue 3",
        nodes=3,
        max_epoch=1,
        max_log=1,
        max_in_channel=2,
        max_timeouts=0,
        max_restarts=0,
    )

    def commit_ld(self, me: Process, m: AckLD) -> Zxid:
        return m.zxid


# ---------------------------------------------------------------------- phase 3: broadcast


class CommitsOnOneAck(Zab):
    """A primary commits with the ACK of any one follower.  With 3 processes the two are a majority, and nothing is wrong."""

    outcome = Safe(nodes=3, max_epoch=2, max_log=2, max_in_channel=3, max_timeouts=1, max_restarts=0)

    def on_quorum(self, me: Process, i: Node, index: int) -> bool:
        return count(k != i and me.acked[k] >= index for k in Node) >= 1


# ---------------------------------------------------------------------- connections


class RemembersAcks(Zab):
    """A leader counts on what it knew of a follower before the connection broke."""

    outcome = (
        Broken(
            "Commit Order", steps=18, nodes=3, max_epoch=1, max_log=1, max_in_channel=2, max_timeouts=1, max_restarts=0
        ),
        Broken(
            "Local Primary Order",
            steps=22,
            nodes=3,
            max_epoch=2,
            max_log=2,
            max_in_channel=3,
            max_timeouts=1,
            max_restarts=0,
        ),
    )

    def forgets(self, me: Process, j: Node) -> Process:
        return me
