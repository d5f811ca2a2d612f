"""PBFT: replicas agree on a request although some of them are Byzantine, through the normal case and view changes.

Source: M. Castro and B. Liskov, Practical Byzantine Fault Tolerance, OSDI 1999, section 4; the proof is MIT-LCS-TM-590
(1999).  Read this file beside them.

Throughout this file: i, j replicas; v, w views; d, e digests of requests; `me` the replica that takes the step; n replicas,
f of them faulty; a quorum is n - f replicas, 2f + 1 of 3f + 1.  There is one sequence number, and it is left out of messages.

A faulty replica has no state and takes no step.  It may have sent whatever it can sign, different things to different
replicas included, so that its messages are not stored: `sent` (spec/byzantine.py).  A signature cannot be forged; hence a
prepared certificate, which is made of signed messages, is valid if these were sent.  Which replicas are faulty, and who is
primary of which view, is chosen in `init` in every possible way; up to renaming replicas, that is a handful of initial states.

Differs: replies, authenticators and the timers are not modelled; checkpoints and garbage collection are in
`pbft_checkpoints`.  A correct replica may give a view up at any time.  It steps to the next view only, which allows no less: to skip a view is to pass through it.  No null
request is needed, as one sequence number leaves no gaps.
"""

from collections.abc import Iterable
from itertools import combinations, permutations, product
from typing import Annotated

from mcheck.spec import (
    Byzantine,
    In,
    Index,
    Map,
    Range,
    Record,
    Set,
    UsageError,
    action,
    all,
    always,
    any,
    bound,
    constant,
    count,
    reachable,
    require,
    step,
)


class Replica(Index, size="replicas"):
    """A replica."""


class Digest(Index, size="requests"):
    """The digest of a client's request: two requests never have the same."""


View = Annotated[int, Range(0, "views-1")]
Correct = Annotated[Replica, In("correct")]


class Certificate(Record):
    """Source: section 4.4, the set P of a VIEW-CHANGE: a PRE-PREPARE for the digest, and matching PREPAREs of a quorum less one."""

    view: View
    digest: Digest


class PrePrepare(Record):
    """From the primary of `view` to all: the sequence number is assigned to this request."""

    view: View
    digest: Digest


class Prepare(Record):
    """From the backup `src` to all: I have accepted that PRE-PREPARE."""

    view: View
    digest: Digest
    src: Replica


class Commit(Record):
    """From `src` to all: the request is prepared at my place."""

    view: View
    digest: Digest
    src: Replica


class ViewChange(Record):
    """From `src` to all: I have left for `view`, and this is my prepared certificate of the highest view, if there is one."""

    view: View
    prepared: Certificate | None
    src: Replica


class NewView(Record):
    """From the primary of `view` to all: a quorum has left for it.

    `digest` is what must be proposed again: the set O.  The VIEW-CHANGEs that prove it, the set V, need no place in the
    message: to be shown them is to know that they were sent.
    """

    view: View
    digest: Digest | None


Message = PrePrepare | Prepare | Commit | ViewChange | NewView


class Execution(Record):
    """A request was executed after it had committed in `view`."""

    view: View
    digest: Digest


class Memory(Record):
    """What a correct replica remembers."""

    view: View = 0
    active: bool = True  # false from its VIEW-CHANGE until it has the NEW-VIEW
    accepted: Digest | None = None  # whose PRE-PREPARE it has accepted (as primary: sent) in `view`
    prepared: Certificate | None = None  # the certificate of the highest view that it holds
    executed: Execution | None = None


class State(Record):
    correct: Set[Replica]  # the others are faulty
    primary: Map[View, Replica]
    replicas: Map[Replica, Memory]
    requested: Set[Digest] = Set()  # what clients have signed
    msgs: Set[Message] = Set()  # every message that a correct replica has ever sent


class PBFT(Byzantine[State]):
    """State machine replication, one request long: pre-prepare, prepare, commit, and the change of a view."""

    fault_model = "byzantine"
    resilience = "n >= 3f + 1"

    replicas: int = constant(4, "replicas", least=1)
    byzantine: int = constant(1, "replicas that are faulty, as many as are to be tolerated", least=0)
    requests: int = constant(2, "requests that clients may send", least=1)
    views: int = bound(2, "views explored, from view 0", least=1)

    def init(self) -> Iterable[State]:
        """Any replicas may be faulty, and any order may be that of the primaries: view v has the primary v mod n."""
        if self.faulty() >= self.replicas:
            raise UsageError(
                f"PBFT: of {self.replicas} replicas at least one must be correct (got {self.faulty()} faulty)"
            )
        orders = permutations(Replica, min(self.views, self.replicas))
        return [self.start(*choice) for choice in product(combinations(Replica, self.faulty()), orders)]

    def start(self, faulty: tuple[Replica, ...], order: tuple[Replica, ...]) -> State:
        """Nothing has happened yet."""
        return State(
            correct=Set(Replica) - Set(faulty),
            primary=Map.of(View, lambda v: order[v % self.replicas]),
            replicas=Map.fill(Replica, Memory()),
        )

    def faulty(self) -> int:
        """How many replicas are faulty."""
        return self.byzantine

    def quorum(self) -> int:
        """As many as answer although the faulty ones are silent; with n = 3f + 1, two quorums share a correct replica."""
        return self.replicas - self.byzantine

    def signer(self, s: State, m: Message) -> Replica:
        """Who alone can have sent m.  Source: section 4.2, messages are signed."""
        match m:
            case PrePrepare() | NewView():
                return s.primary[m.view]
            case _:
                return m.src

    # ------------------------------------------------------------------ definitions

    def certified(self, s: State, v: int, d: Digest) -> bool:
        """There is a prepared certificate for d in v.  Source: section 4.2, the predicate prepared(m, v, n, i)."""
        backups = count(j != s.primary[v] and self.sent(s, Prepare(view=v, digest=d, src=j)) for j in Replica)
        return self.sent(s, PrePrepare(view=v, digest=d)) and backups >= self.quorum() - 1

    def committed(self, s: State, v: int, d: Digest) -> bool:
        """A quorum has committed d in v.  Source: section 4.2, the predicate committed-local(m, v, n, i)."""
        return count(self.sent(s, Commit(view=v, digest=d, src=j)) for j in Replica) >= self.quorum()

    # ------------------------------------------------------------------ normal case (section 4.2)

    @action
    def request(self, s: State, d: Digest) -> State:
        """A client sends a request to all replicas."""
        require(d not in s.requested, "the request is new")
        return s.replace(requested=s.requested.add(d))

    @action
    def pre_prepare(self, s: State, i: Correct, d: Digest) -> State:
        """The primary assigns the sequence number to a request."""
        me = s.replicas[i]
        require(s.primary[me.view] == i, "i is the primary of its view")
        require(me.active and me.accepted is None, "nothing is proposed in this view yet")
        require(self.is_request(s, d), "a client has signed the request")
        return self.sending(s, i, me.replace(accepted=d), PrePrepare(view=me.view, digest=d))

    @action
    def prepare(self, s: State, i: Correct, d: Digest) -> State:
        """A backup accepts the PRE-PREPARE of its view, and says so."""
        me = s.replicas[i]
        require(s.primary[me.view] != i, "i is a backup")
        require(me.active and self.may_accept(me), "i has accepted no other PRE-PREPARE in this view")
        require(self.is_request(s, d), "a client has signed the request")
        require(self.sent(s, PrePrepare(view=me.view, digest=d)), "the primary has proposed it")
        return self.sending(s, i, me.replace(accepted=d), Prepare(view=me.view, digest=d, src=i))

    def is_request(self, s: State, d: Digest) -> bool:
        """The client's signature is correct.  A faulty primary cannot forge it."""
        return d in s.requested

    def may_accept(self, me: Memory) -> bool:
        """It has accepted no PRE-PREPARE for this view and sequence number with another digest."""
        return me.accepted is None

    @action
    def commit(self, s: State, i: Correct, d: Digest) -> State:
        """The request is prepared, and i says so."""
        me = s.replicas[i]
        certificate = Certificate(view=me.view, digest=d)
        require(me.accepted == d, "i has accepted it in this view")
        require(me.prepared != certificate, "i has not prepared it yet")
        require(self.certified(s, me.view, d), "there is a prepared certificate for it")
        return self.sending(s, i, me.replace(prepared=certificate), Commit(view=me.view, digest=d, src=i))

    @action
    def execute(self, s: State, i: Correct, d: Digest) -> State:
        """The request is committed, and i executes it."""
        me = s.replicas[i]
        require(me.prepared == Certificate(view=me.view, digest=d), "i has prepared it in this view")
        require(self.may_execute(me), "i has executed nothing at this sequence number")
        require(self.committed(s, me.view, d), "a quorum has committed it")
        done = Execution(view=me.view, digest=d)
        return s.replace(replicas=s.replicas.set(i, me.replace(executed=done)))

    def may_execute(self, me: Memory) -> bool:
        """Requests are prepared anew in a new view, and are not executed again."""
        return me.executed is None

    # ------------------------------------------------------------------ view change (section 4.4)

    @action
    def view_change(self, s: State, i: Correct) -> State:
        """The timer of i has run out: it leaves its view, and reports what it has prepared."""
        me = s.replicas[i]
        v = me.view + 1
        left = me.replace(view=v, active=False, accepted=None)
        return self.sending(s, i, left, ViewChange(view=v, prepared=self.reported(me), src=i))

    def reported(self, me: Memory) -> Certificate | None:
        """The certificate of the highest view in which it has prepared anything."""
        return me.prepared

    @action
    def new_view(self, s: State, i: Correct, d: Digest | None) -> State:
        """The primary of a view has VIEW-CHANGEs of a quorum, and announces what follows from them.

        Differs: they need not include its own.
        """
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] == i, "i is the primary of a view that has not begun")
        require(self.justified(s, me.view, d), "d follows from the VIEW-CHANGEs of a quorum")
        after = self.sending(s, i, me.replace(active=True, accepted=d), NewView(view=me.view, digest=d))
        if d is None:
            return after
        return after.replace(msgs=after.msgs.add(PrePrepare(view=me.view, digest=d)))

    @action
    def accept_new_view(self, s: State, i: Correct, d: Digest | None) -> State:
        """A backup checks a NEW-VIEW, and prepares what it proposes again.

        Differs: it has left for the view itself.  Where it has not, it might as well have done so first.
        """
        me = s.replicas[i]
        require(not me.active and s.primary[me.view] != i, "i is a backup, and waits for its view to begin")
        require(self.sent(s, NewView(view=me.view, digest=d)), "the primary has announced d")
        require(self.is_proven(s, me.view, d), "d follows from the VIEW-CHANGEs of a quorum")
        require(d is None or self.is_request(s, d), "i has the request, from its client or another replica")
        me = me.replace(active=True, accepted=d)
        if d is None:
            return s.replace(replicas=s.replicas.set(i, me))
        return self.sending(s, i, me, Prepare(view=me.view, digest=d, src=i))

    def is_proven(self, s: State, v: int, d: Digest | None) -> bool:
        """O is correct: a backup computes it from V as the primary must have done."""
        return self.justified(s, v, d)

    def justified(self, s: State, v: int, d: Digest | None) -> bool:
        """In some quorum of valid VIEW-CHANGEs for v, d is what the certificate of the highest view is for; None: there is none."""
        if d is None:
            return self.is_quorum(count(self.reports(s, v, j, None) for j in Replica))
        return any(
            w < v
            and any(self.reports(s, v, j, Certificate(view=w, digest=d)) for j in Replica)
            and self.is_quorum(count(self.reports_up_to(s, v, j, w) for j in Replica))
            for w in self.left_views()
        )

    def left_views(self) -> range:
        """The views that a VIEW-CHANGE may report on: all but the last explored."""
        return range(self.views - 1)

    def is_quorum(self, members: int) -> bool:
        return members >= self.quorum()

    def reports_up_to(self, s: State, v: int, j: Replica, w: int) -> bool:
        """j has sent a valid VIEW-CHANGE for v without a certificate of a view above w."""
        return self.reports(s, v, j, None) or any(
            u <= w and any(self.reports(s, v, j, Certificate(view=u, digest=e)) for e in Digest)
            for u in self.left_views()
        )

    def reports(self, s: State, v: int, j: Replica, c: Certificate | None) -> bool:
        """j has sent a valid VIEW-CHANGE for v with this certificate."""
        return self.sent(s, ViewChange(view=v, prepared=c, src=j)) and (c is None or self.is_valid(s, c))

    def is_valid(self, s: State, c: Certificate) -> bool:
        """The messages that the certificate consists of were signed by those who must have."""
        return self.certified(s, c.view, c.digest)

    def sending(self, s: State, i: Replica, me: Memory, m: Message) -> State:
        """Replica i has become `me`, and has sent m."""
        return s.replace(replicas=s.replicas.set(i, me), msgs=s.msgs.add(m))

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, i: Correct, j: Correct) -> bool:
        """No two correct replicas execute different requests."""
        a, b = s.replicas[i].executed, s.replicas[j].executed
        return a is None or b is None or a.digest == b.digest

    @always("Validity")
    def validity(self, s: State, i: Correct) -> bool:
        """A correct replica executes only what a client has asked for, whoever is primary.

        Which request that is, and when, a faulty primary may decide.
        """
        done = s.replicas[i].executed
        return done is None or done.digest in s.requested

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Correct) -> bool:
        """A correct replica executes once, and does not take it back."""
        done = before.replicas[i].executed
        return done is None or after.replicas[i].executed == done

    @always("Certificates Agree")
    def certificates_agree(self, s: State, v: View, d: Digest, e: Digest) -> bool:
        """There are no prepared certificates for two requests in one view.  Source: section 4.2."""
        return d == e or not (self.certified(s, v, d) and self.certified(s, v, e))

    # ------------------------------------------------------------------ witnesses

    @reachable("a request is executed in view 0")
    def executed_at_once(self, s: State, i: Correct) -> bool:
        done = s.replicas[i].executed
        return done is not None and done.view == 0

    @reachable("a request is executed after a view change")
    def executed_later(self, s: State, i: Correct) -> bool:
        done = s.replicas[i].executed
        return done is not None and done.view > 0

    @reachable("a request is executed in two views")
    def executed_twice(self, s: State, i: Correct, j: Correct) -> bool:
        a, b = s.replicas[i].executed, s.replicas[j].executed
        return a is not None and b is not None and a.view != b.view

    @reachable("all correct replicas execute")
    def executed_everywhere(self, s: State) -> bool:
        return all(s.replicas[i].executed is not None for i in s.correct)
