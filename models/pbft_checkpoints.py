"""PBFT with checkpoints: what is proven to be executed is dropped from the log, and a view change begins above it.

Source: M. Castro and B. Liskov, Practical Byzantine Fault Tolerance, OSDI 1999, section 4.3, Garbage collection, and section
4.4 for what a VIEW-CHANGE and a NEW-VIEW say of checkpoints.

A replica takes a checkpoint when it has executed, and says so in a CHECKPOINT.  Those of a quorum prove it: it is *stable*, and
number 1, the only one here, is no longer above the low water mark.  All that was remembered of it is dropped.  From
then on a VIEW-CHANGE has the proof in the place of the prepared certificate, and a NEW-VIEW made from such a one proposes
nothing again: whoever is behind takes the state over.

Throughout this file: as in `pbft`; the digest of the state in a checkpoint is that of the request which led to it.

Differs: with one sequence number there is a low water mark, before it or at it, and no high one.  A NEW-VIEW whose VIEW-CHANGEs
show a checkpoint is a message of its own, NEW-VIEW-ABOVE; in the paper it is one with an empty set O.  A state is
taken over in one step.
"""

from mcheck.models.pbft import (
    PBFT,
    Commit,
    Correct,
    Digest,
    Execution,
    Memory,
    NewView,
    Prepare,
    PrePrepare,
    Replica,
    State,
    View,
    ViewChange,
)
from mcheck.spec import Broken, Map, Record, Safe, Set, action, always, any, count, extended, reachable, require


class Checkpoint(Record):
    """From `src` to all: I have executed, and this is the digest of my state.  Source: section 4.3."""

    digest: Digest
    src: Replica


class ViewChangeAbove(Record):
    """A VIEW-CHANGE of who has a stable checkpoint: its digest, which C proves; P is empty.  Source: section 4.4."""

    view: View
    checkpoint: Digest
    src: Replica


class NewViewAbove(Record):
    """A NEW-VIEW in whose set V there is a stable checkpoint: min-s is 1, and nothing is proposed again.  Source: section 4.4."""

    view: View
    checkpoint: Digest


AnyMessage = PrePrepare | Prepare | Commit | ViewChange | NewView | Checkpoint | ViewChangeAbove | NewViewAbove


class CheckpointingMemory(Memory):
    """What a correct replica remembers, and its stable checkpoint: with one, the low water mark is 1."""

    stable: Digest | None = None


class CheckpointingState(State):
    replicas: Map[Replica, CheckpointingMemory]  # type: ignore[assignment]
    msgs: Set[AnyMessage] = Set()  # type: ignore[assignment]


class PBFTCheckpoints(PBFT):
    """A replica forgets what a quorum has executed, and a new view begins after it."""

    def init(self) -> list[CheckpointingState]:
        return [extended(start, CheckpointingState) for start in super().init()]

    def signer(self, s: State, m: AnyMessage) -> Replica:
        return s.primary[m.view] if isinstance(m, NewViewAbove) else super().signer(s, m)  # type: ignore[arg-type]

    # ------------------------------------------------------------------ garbage collection (section 4.3)

    @action
    def execute(self, s: CheckpointingState, i: Correct, d: Digest) -> State:  # type: ignore[override]
        """As before; the replica takes a checkpoint, and says so."""
        after = super().execute(s, i, d)
        return after.replace(msgs=after.msgs.add(Checkpoint(digest=d, src=i)))

    def is_proven_checkpoint(self, s: CheckpointingState, d: Digest) -> bool:
        """A quorum has taken this checkpoint.  Source: section 4.3, the proof of its correctness."""
        return count(self.sent(s, Checkpoint(digest=d, src=j)) for j in Replica) >= self.proof()

    def proof(self) -> int:
        """How many CHECKPOINTs prove one."""
        return self.quorum()

    @action
    def stabilise(self, s: CheckpointingState, i: Correct, d: Digest) -> State:
        """Replica i has the proof of a checkpoint: it is stable now, and i forgets what led to it.  Source: section 4.3."""
        me = s.replicas[i]
        require(me.stable is None, "i has no stable checkpoint")
        require(self.is_proven_checkpoint(s, d), "a quorum has taken this checkpoint")
        return s.replace(replicas=s.replicas.set(i, self.with_stable(me, d)))

    def with_stable(self, me: CheckpointingMemory, d: Digest) -> CheckpointingMemory:
        """`me` with a stable checkpoint, and without a log; who has not executed takes the state over, in the view it is in."""
        done = me.executed
        if done is None:
            done = Execution(view=me.view, digest=d)
        return me.replace(stable=d, accepted=None, prepared=None, executed=done)

    # ------------------------------------------------------------------ normal case: above the low water mark

    @action
    def pre_prepare(self, s: CheckpointingState, i: Correct, d: Digest) -> State:  # type: ignore[override]
        require(self.is_above(s.replicas[i]), "number 1 is above the low water mark")
        return super().pre_prepare(s, i, d)

    def may_accept(self, me: CheckpointingMemory) -> bool:  # type: ignore[override]
        """As before, and the number is between the water marks.  Source: section 4.2, the conditions for a PRE-PREPARE."""
        return super().may_accept(me) and self.is_above(me)

    def is_above(self, me: CheckpointingMemory) -> bool:
        """Number 1 is above my low water mark."""
        return me.stable is None

    # ------------------------------------------------------------------ view change (section 4.4)

    @action
    def view_change(self, s: CheckpointingState, i: Correct) -> State:  # type: ignore[override]
        """As before; a replica with a stable checkpoint reports that."""
        me = s.replicas[i]
        checkpoint = self.reported_checkpoint(me)
        if checkpoint is None:
            return super().view_change(s, i)
        v = me.view + 1
        left = me.replace(view=v, active=False, accepted=None)
        return self.sending(s, i, left, ViewChangeAbove(view=v, checkpoint=checkpoint, src=i))  # type: ignore[arg-type]

    def reported_checkpoint(self, me: CheckpointingMemory) -> Digest | None:
        """The last stable checkpoint."""
        return me.stable

    def reports_checkpoint(self, s: CheckpointingState, v: int, j: Replica, d: Digest) -> bool:
        """j has sent a valid VIEW-CHANGE for v with this checkpoint."""
        return self.sent(s, ViewChangeAbove(view=v, checkpoint=d, src=j)) and self.is_proven_checkpoint(s, d)

    def is_justified_above(self, s: CheckpointingState, v: int, d: Digest) -> bool:
        """In some quorum of valid VIEW-CHANGEs for v one shows this checkpoint; the others may say what they like."""
        return any(self.reports_checkpoint(s, v, j, d) for j in Replica) and self.is_quorum(
            count(
                self.reports_up_to(s, v, j, v) or any(self.reports_checkpoint(s, v, j, e) for e in Digest)
                for j in Replica
            )
        )

    @action
    def new_view(self, s: CheckpointingState, i: Correct, d: Digest | None) -> State:  # type: ignore[override]
        """As before, where no VIEW-CHANGE shows a checkpoint: not even its own."""
        require(self.is_above(s.replicas[i]), "number 1 is above the low water mark")
        return super().new_view(s, i, d)

    @action
    def new_view_above(self, s: CheckpointingState, i: Correct, d: Digest) -> State:
        """The primary of a view has VIEW-CHANGEs of a quorum, of which one shows a checkpoint, and begins above it."""
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] == i, "i is the primary of a view that has not begun")
        require(self.is_justified_above(s, me.view, d), "a VIEW-CHANGE of a quorum of them shows the checkpoint")
        me = self.with_stable(me, d).replace(active=True)
        return self.sending(s, i, me, NewViewAbove(view=me.view, checkpoint=d))  # type: ignore[arg-type]

    @action
    def accept_new_view(self, s: CheckpointingState, i: Correct, d: Digest | None) -> State:  # type: ignore[override]
        """As before; a backup to which nothing is above the low water mark prepares nothing again."""
        me = s.replicas[i]
        after = super().accept_new_view(s, i, d)
        if self.is_above(me):
            return after
        return s.replace(replicas=s.replicas.set(i, me.replace(active=True)))

    @action
    def accept_new_view_above(self, s: CheckpointingState, i: Correct, d: Digest) -> State:
        """A backup checks a NEW-VIEW that shows a checkpoint, and begins above it."""
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] != i, "i is a backup, and waits for its view to begin")
        require(self.sent(s, NewViewAbove(view=me.view, checkpoint=d)), "the primary has begun the view above d")
        require(self.is_justified_above(s, me.view, d), "a VIEW-CHANGE of a quorum of them shows the checkpoint")
        return s.replace(replicas=s.replicas.set(i, self.with_stable(me, d).replace(active=True)))

    # ------------------------------------------------------------------ properties

    @always("Checkpoints Are Executed")
    def checkpoints_are_executed(self, s: CheckpointingState, i: Correct, d: Digest) -> bool:
        """There is a proof of a checkpoint only for what correct replicas execute.  Source: section 4.3."""
        done = s.replicas[i].executed
        return not self.is_proven_checkpoint(s, d) or done is None or done.digest == d

    @reachable("a checkpoint is stable")
    def has_stable(self, s: CheckpointingState, i: Correct) -> bool:
        return s.replicas[i].stable is not None

    @reachable("a view begins above a checkpoint")
    def begins_above(self, s: CheckpointingState, i: Correct, j: Correct) -> bool:
        """Primary and backup."""
        a, b = s.replicas[i], s.replicas[j]
        both = a.active and b.active and a.view > 0 and b.view == a.view
        return both and s.primary[a.view] == i and i != j and a.stable is not None and b.stable is not None


# ---------------------------------------------------------------------- one rule at a time


class OneProves(PBFTCheckpoints):
    """One CHECKPOINT is enough of a proof: a faulty replica can sign one of its own."""

    outcome = (
        Broken("Validity", steps=1, source="section 4.3", views=1),
        Broken("Agreement", steps=2, source="section 4.3", views=1),
    )

    def proof(self) -> int:
        return 1


class WeakProof(PBFTCheckpoints):
    """f + 1 CHECKPOINTs are enough of a proof.  One of them is of a correct replica, which has executed."""

    outcome = Safe(views=2, note="What f + 1 do not promise is that the state can still be had from somebody.")

    def proof(self) -> int:
        return self.byzantine + 1


class ForgetsCheckpoint(PBFTCheckpoints):
    """A VIEW-CHANGE of a replica that has forgotten its log does not say what the log has led to."""

    outcome = Broken("Agreement", steps=19, source="section 4.4, the set C", views=2)

    def reported_checkpoint(self, me: CheckpointingMemory) -> Digest | None:
        return None


class AcceptsBelow(PBFTCheckpoints):
    """A replica proposes and accepts at a number below its low water mark, of which it remembers nothing."""

    outcome = (
        Broken("Certificates Agree", steps=11, source="section 4.2, the water marks", views=1),
        Broken("Agreement", steps=14, source="section 4.2, the water marks", views=1),
    )

    def is_above(self, me: CheckpointingMemory) -> bool:
        return True
