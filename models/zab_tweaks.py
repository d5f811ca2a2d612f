"""Zab gone wrong, one rule at a time.

Each class overrides one rule of `Zab` and nothing else.  What it breaks, how soon, and where that shows with the fewest
processes, epochs, transactions and faults, stands in its docstring: steps of a shortest behaviour at the granularity of `zab`.
"""

from mcheck.models.zab import AckE, AckLD, NewEpoch, NewLeader, Node, Process, State, Zab, Zxid
from mcheck.spec import Set, action, count, len

# ---------------------------------------------------------------------- phase 1: discovery


class ComparesEpochsOnly(Zab):
    """Of two histories of one f.a a leader does not take the longer.  Source: l.1.2."""

    def more_recent(self, m: AckE, me: Process) -> bool:
        return m.epoch > me.best_epoch


class AcceptsEpochTwice(Zab):
    """A follower acknowledges an epoch again, also to another leader.

    Source: f.1.2; ZooKeeper's Learner.registerWithLeader answers with -1 there, which does not count.
    """

    def may_accept(self, me: Process, m: NewEpoch) -> bool:
        return m.epoch >= me.accepted_epoch


# ---------------------------------------------------------------------- phase 2: synchronisation


class AcknowledgesBeforeSync(Zab):
    """A follower answers NEWLEADER before the history is on its disk, where only what it had before is.

    Source: ZOOKEEPER-3911.
    """

    def accepted(self, me: Process, m: NewLeader) -> Process:
        kept = count(k < len(m.history) and k < me.synced and me.history[k] == m.history[k] for k in range(self.max_log))
        return me.replace(history=m.history, synced=kept)


class WritesEpochFirst(Zab):
    """A follower writes f.a in a step of its own, before the history of the NEWLEADER.  Source: ZOOKEEPER-4643."""

    @action
    def follower_receives_newleader(self, s: State, i: Node, j: Node) -> State:
        m = self.received(s, i, j, NewLeader)
        me = s.processes[i]
        if m.epoch == me.accepted_epoch and m.epoch != me.current_epoch:
            return self.moved(s, i, me.replace(current_epoch=m.epoch), s.net)
        return super().follower_receives_newleader(s, i, j)


class KeepsHistory(Zab):
    """A follower does not drop what its leader does not have.  Source: f.2.1."""

    def accepted(self, me: Process, m: NewLeader) -> Process:
        longer = len(m.history) > len(me.history)
        return self.written(me.replace(history=m.history if longer else me.history))


class ProposesToEstablished(Zab):
    """A primary proposes only to followers whose ACK-LD it has: one that comes late misses what is proposed meanwhile.

    Source: the paper's Q, read so; Disalg-ICS-NJU, issues.md, issue 1.
    """

    def proposed_to(self, me: Process) -> Set[Node]:
        return me.ackld_recv


class CommitsWhatWasAcknowledged(Zab):
    """The COMMIT-LD of a follower that comes late repeats the zxid of its ACK-LD.

    Source: the paper does not say what it carries; Disalg-ICS-NJU, issues.md, issue 3.
    """

    def commit_ld(self, me: Process, m: AckLD) -> Zxid:
        return m.zxid


# ---------------------------------------------------------------------- phase 3: broadcast


class CommitsOnOneAck(Zab):
    """A primary commits with the ACK of any one follower.  Safe with 3 processes: the two are a majority."""

    def on_quorum(self, me: Process, i: Node, index: int) -> bool:
        return count(k != i and me.acked[k] >= index for k in Node) >= 1


# ---------------------------------------------------------------------- connections


class RemembersAcks(Zab):
    """A leader counts on what it knew of a follower before the connection broke."""

    def forgets(self, me: Process, j: Node) -> Process:
        return me
