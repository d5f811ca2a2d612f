"""What Zab promises: the properties of the paper, over what processes ever broadcast and delivered, and those of the protocol.

Source: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for primary-backup systems, DSN 2011, and where
that is said zookeeper-specifications/protocol-spec/Zab.tla.

Throughout this file: as in `zab`, whose steps keep these.
"""

from mcheck.models.zab_state import (
    Commit,
    Epoch,
    Node,
    State,
    ZabState,
)
from mcheck.spec import (
    Spec,
    all,
    always,
    any,
    bound,
    constant,
    len,
    min,
    reachable,
)


class ZabPromises(Spec[State]):
    """Atomic broadcast by a primary: within what bounds it is looked at, and what it promises."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "processes of the ensemble", least=2)
    values: int = constant(1, "distinct values of clients", least=1)
    # Two epochs show that a new primary keeps what was committed, two transactions that their order is kept.
    max_epoch: int = bound(2, "highest epoch explored; the first is 1", least=1)
    max_log: int = bound(2, "longest history explored")
    max_in_channel: int = bound(3, "most messages in a channel")
    max_timeouts: int = bound(1, "most timeouts, of all processes together")
    max_restarts: int = bound(1, "most restarts, of all processes together")

    # ------------------------------------------------------------------ what the paper promises

    @always("Integrity")
    def integrity(self, s: State, i: Node) -> bool:
        """What a process delivers some primary has broadcast."""
        return all(t in s.broadcast for t in s.delivered[i])

    @always("Total Order")
    def total_order(self, s: State, i: Node, j: Node) -> bool:
        """If i delivers a before b, then j, if it delivers b, delivers a before b."""
        mine, theirs = s.delivered[i], s.delivered[j]
        most = self.max_log + 1
        return all(
            all(
                p >= len(theirs)
                or q >= len(mine)
                or theirs[p] != mine[q]
                or all(any(b == a for b in theirs[:p]) for a in mine[:q])
                for p in range(most)
            )
            for q in range(most)
        )

    @always("Agreement")
    def agreement(self, s: State, i: Node, j: Node) -> bool:
        """If i delivers a and j delivers b, then j delivers a or i delivers b."""
        mine, theirs = s.delivered[i], s.delivered[j]
        return all(all(any(t == a for t in theirs) or any(t == b for t in mine) for b in theirs) for a in mine)

    @always("Local Primary Order")
    def local_primary_order(self, s: State, i: Node) -> bool:
        """If a primary broadcasts a before b, then a process that delivers b delivers a before b."""
        done = s.delivered[i]
        return all(
            p >= len(done)
            or all(
                any(t == a for t in done[:p])
                for a in s.broadcast
                if a.zxid.epoch == done[p].zxid.epoch and a.zxid.counter < done[p].zxid.counter
            )
            for p in range(self.max_log + 1)
        )

    @always("Global Primary Order")
    def global_primary_order(self, s: State, i: Node) -> bool:
        """If a process delivers a of an epoch and b of a later one, it delivers a before b."""
        done = s.delivered[i]
        return all(
            p >= len(done) or all(a.zxid.epoch <= done[p].zxid.epoch for a in done[:p]) for p in range(self.max_log + 1)
        )

    @always("Primary Integrity")
    def primary_integrity(self, s: State, i: Node) -> bool:
        """If a primary broadcasts a and a process delivers b of an earlier epoch, at whatever time, then the primary had
        delivered b before it broadcast a."""
        return all(
            all(b.zxid.epoch >= a.zxid.epoch or any(t == b for t in s.begun_with[a.zxid.epoch]) for b in s.delivered[i])
            for a in s.broadcast
        )

    # ------------------------------------------------------------------ properties of the protocol

    @always("At Most One Established Leader")
    def leadership(self, s: State, e: Epoch) -> bool:
        """No two processes lead the synchronisation of one epoch, at whatever times.  Source: Zab.tla, Leadership2."""
        return len(s.established[e]) <= 1

    @always("Prefix Consistency")
    def prefix_consistency(self, s: State, i: Node, j: Node) -> bool:
        """What a process has committed is in its history, and of two such prefixes one begins with the other."""
        a, b = s.processes[i], s.processes[j]
        common = min(a.last_committed, b.last_committed)
        return a.last_committed <= len(a.history) and a.history[:common] == b.history[:common]

    @always("Commit Order")
    def commit_order(self, s: State, i: Node, j: Node) -> bool:
        """The COMMIT that i receives next is for the transaction after the last it has delivered.  Source: f.3.3; Zab.tla."""
        if i == j or len(s.net[j, i]) == 0:
            return True
        me, m = s.processes[i], s.net[j, i][0]
        if not isinstance(m, Commit):
            return True
        return me.last_committed < len(me.history) and me.history[me.last_committed].zxid == m.zxid

    # ------------------------------------------------------------------ witnesses

    @reachable("a leader is established")
    def leader_established(self, s: State, i: Node) -> bool:
        return s.processes[i].leader == i and s.processes[i].zab_state == ZabState.BROADCAST

    @reachable("every process delivers a transaction")
    def all_deliver(self, s: State) -> bool:
        return all(len(s.delivered[i]) > 0 for i in Node)

    @reachable("a primary begins with what an earlier one has committed")
    def handed_on(self, s: State, e: Epoch) -> bool:
        return len(s.begun_with[e]) > 0

    @reachable("a proposal is abandoned")
    def abandoned(self, s: State, i: Node) -> bool:
        me = s.processes[i]
        if me.leader != i or me.zab_state != ZabState.BROADCAST:
            return False
        return any(t.zxid.epoch < me.current_epoch and not any(u == t for u in me.history) for t in s.broadcast)
