"""PBFT: no two correct replicas execute different requests, in whatever views, with any number of replicas and faults.

Source: M. Castro and B. Liskov, Practical Byzantine Fault Tolerance, OSDI 1999, sections 4.2 and 4.4.

Throughout this file: n, m replicas; w, u, v views; d, e requests (the digests, for one sequence number); q, c quorums.
A relation holds of what has ever happened, as messages that were sent stay: this is `models/pbft.py` with its sets of
messages read as relations.  As there, a faulty replica counts as having sent whatever helps, and none of that is stored.
What is stored follows the protocol, whoever it is from: no guard need ask whether its replica is correct.
All that is known of quorums is that two of them meet in a correct replica: 2f + 1 of 3f + 1 have f + 1 in common.
Differs: clients are left out.  A NEW-VIEW is not stored: what proves it, the VIEW-CHANGEs of a quorum, stays true, and
whoever accepts a request asks for that.
"""

from mcheck.spec.relational import (
    Formula,
    Proof,
    Sort,
    Update,
    action,
    all,
    any,
    axiom,
    fixed,
    implies,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
    template,
)


class Replica(Sort):
    """A replica, correct or not."""


class View(Sort, ordered=True):
    """A configuration with one primary."""


class Request(Sort):
    """What may be executed."""


class Quorum(Sort):
    """A set of replicas; any two have a correct one in common."""


class PBFT(Proof):
    """Pre-prepare, prepare and commit, prepared certificates and view changes, for one sequence number."""

    member = fixed(Replica, Quorum)
    faulty = fixed(Replica)
    primary = fixed(View, to=Replica)

    left = relation(Replica, View)  # the replica has changed to a higher view
    pre_prepares = relation(View, Request)  # PRE-PREPARE was sent by the primary
    prepares = relation(Replica, View, Request)  # PREPARE was sent by a backup
    commits = relation(Replica, View, Request)  # COMMIT was sent, on a prepared certificate
    changes_to = relation(Replica, View)  # VIEW-CHANGE was sent
    reports = relation(Replica, View, View)  # ... for the first view, with a certificate of the second or a higher one
    executed = relation(Replica, View, Request)  # what has committed in the view was executed

    @axiom
    def quorums_meet(self, q1: Quorum, q2: Quorum) -> Formula:
        """Any two quorums have a correct replica in common."""
        return any(~self.faulty(n) & self.member(n, q1) & self.member(n, q2) for n in Replica)

    @initially
    def nothing_was_sent(self) -> Formula:
        """No message was sent, nothing was executed, and all are in the first view."""
        sent = nothing(self.pre_prepares, self.prepares, self.commits, self.changes_to, self.reports)
        return sent & nothing(self.left, self.executed)

    # ------------------------------------------------------------------ definitions

    def accepts(self, n: Replica, w: View, d: Request) -> Formula:
        """n has sent that it accepts d in w: the PRE-PREPARE, as the primary, or a PREPARE."""
        is_primary: Formula = n == self.primary(w)
        return self.prepares(n, w, d) | (is_primary & self.pre_prepares(w, d))

    def certified(self, c: Quorum, w: View, d: Request) -> Formula:
        """The messages of c are a prepared certificate for d in w.  Source: section 4.2, the predicate prepared."""
        return all(implies(self.member(m, c), self.faulty(m) | self.accepts(m, w, d)) for m in Replica)

    def committed(self, q: Quorum, w: View, d: Request) -> Formula:
        """All of q have committed d in w.  Source: section 4.2, the predicate committed-local."""
        return all(implies(self.member(m, q), self.faulty(m) | self.commits(m, w, d)) for m in Replica)

    def reported(self, q: Quorum, w: View, u: View) -> Formula:
        """A correct member of q reports a certificate of u or a higher view, in its VIEW-CHANGE for w."""
        return any(self.member(m, q) & ~self.faulty(m) & self.reports(m, w, u) for m in Replica)

    # ------------------------------------------------------------------ guards that several actions share

    def is_in(self, n: Replica, w: View) -> None:
        """For whatever is done in a view."""
        require(~self.left(n, w), "n has changed to no higher view")

    def proposes(self, n: Replica, w: View) -> None:
        """For a primary that accepts."""
        self.is_in(n, w)
        require(n == self.primary(w), "n is the primary of w")
        require(all(~self.pre_prepares(w, e) for e in Request), "nothing is proposed in w yet")

    def backs(self, n: Replica, w: View, d: Request) -> None:
        """For a backup that accepts."""
        self.is_in(n, w)
        require(n != self.primary(w), "n is a backup in w")
        require(all(~self.prepares(n, w, e) for e in Request), "n has accepted nothing in w yet")
        require(self.faulty(self.primary(w)) | self.pre_prepares(w, d), "the primary has proposed d")

    def have_changed(self, q: Quorum, w: View) -> None:
        """For whoever accepts."""
        sent = all(implies(self.member(m, q), self.faulty(m) | self.changes_to(m, w)) for m in Replica)
        require(all(w <= u for u in View) | sent, "w is the first view, or all of q have sent VIEW-CHANGE for it")

    def may_be_any(self, q: Quorum, w: View) -> None:
        """For whoever accepts a request which nothing was proposed before."""
        self.have_changed(q, w)
        require(all(~self.reported(q, w, u) for u in View), "no correct member of q reports a certificate")

    def follows(self, d: Request, q: Quorum, w: View, c: Quorum, top: View) -> None:
        """For whoever accepts a request that is proposed again.  Source: section 4.4, the set O."""
        self.have_changed(q, w)
        require((top < w) & self.certified(c, top, d), "there is a prepared certificate for d in an earlier view")
        higher = all(implies(self.reported(q, w, u), u <= top) for u in View)
        require(higher, "no correct member of q reports one of a higher view")

    # ------------------------------------------------------------------ normal case (section 4.2)

    @action
    def pre_prepare(self, n: Replica, w: View, d: Request, q: Quorum) -> Update:
        """The primary proposes a request."""
        self.proposes(n, w)
        self.may_be_any(q, w)
        return self.pre_prepares.add(w, d)

    @action
    def prepare(self, n: Replica, w: View, d: Request, q: Quorum) -> Update:
        """A backup accepts the PRE-PREPARE, and says so."""
        self.backs(n, w, d)
        self.may_be_any(q, w)
        return self.prepares.add(n, w, d)

    @action
    def commit(self, n: Replica, w: View, d: Request, c: Quorum) -> Update:
        """The request is prepared, and n says so."""
        self.is_in(n, w)
        require(self.accepts(n, w, d), "n has accepted d in w")
        require(self.certified(c, w, d), "there is a prepared certificate for d")
        return self.commits.add(n, w, d)

    @action
    def execute(self, n: Replica, w: View, d: Request, q: Quorum) -> Update:
        """The request is committed, and n executes it."""
        require(self.committed(q, w, d), "all of q have committed d in w")
        return self.executed.add(n, w, d)

    # ------------------------------------------------------------------ view change (section 4.4)

    def leaves_for(self, n: Replica, w: View) -> tuple[Update, ...]:
        """Replica n leaves all views below w, and says so."""
        left = self.left.becomes(lambda m, u: self.left(m, u) | ((m == n) & (u < w)))
        return left, self.changes_to.add(n, w)

    @action
    def view_change(self, n: Replica, w: View) -> tuple[Update, ...]:
        """A replica leaves for w that has prepared nothing."""
        require(all(~self.commits(n, u, e) for u in View for e in Request), "n has prepared nothing")
        return self.leaves_for(n, w)

    @action
    def view_change_with(self, n: Replica, w: View, top: View, d: Request) -> tuple[Update, ...]:
        """A replica leaves for w, and reports the certificate of the highest view in which it has prepared anything.

        Source: section 4.4, the set P.
        """
        higher = all(implies(self.commits(n, u, e), u <= top) for u in View for e in Request)
        require(self.commits(n, top, d), "n has prepared d in top")
        require(higher, "n has prepared nothing in a higher view")
        reports = self.reports.becomes(lambda m, v, u: self.reports(m, v, u) | ((m == n) & (v == w) & (u <= top)))
        return *self.leaves_for(n, w), reports

    @action
    def new_view(self, n: Replica, w: View, d: Request, q: Quorum, c: Quorum, top: View) -> Update:
        """The primary proposes again what follows from the VIEW-CHANGEs of q."""
        self.proposes(n, w)
        self.follows(d, q, w, c, top)
        return self.pre_prepares.add(w, d)

    @action
    def accept_new_view(self, n: Replica, w: View, d: Request, q: Quorum, c: Quorum, top: View) -> Update:
        """A backup accepts what is proposed again, as it follows from the VIEW-CHANGEs of q."""
        self.backs(n, w, d)
        self.follows(d, q, w, c, top)
        return self.prepares.add(n, w, d)

    # ------------------------------------------------------------------ what is to be shown

    @safety
    def agreement(self, n: Replica, w1: View, d1: Request, m: Replica, w2: View, d2: Request) -> Formula:
        """No two replicas execute different requests, in whatever views."""
        return implies(self.executed(n, w1, d1) & self.executed(m, w2, d2), d1 == d2)

    # ------------------------------------------------------------------ what helps to show it

    # "A quorum has accepted it" says that there is one, and would, with the axiom, ask for ever more quorums and replicas.
    # What follows from it for every quorum is said instead, and suffices.

    @template
    def is_accepted(self, q: Quorum, w: View, d: Request) -> Formula:
        """A correct member of q has accepted d in w: the messages of q certify nothing else."""
        return any(self.member(m, q) & ~self.faulty(m) & self.accepts(m, w, d) for m in Replica)

    @template
    def is_committed(self, q: Quorum, w: View, d: Request) -> Formula:
        """A correct member of q has committed d in w: it reports as much when it leaves."""
        return any(self.member(m, q) & ~self.faulty(m) & self.commits(m, w, d) for m in Replica)

    @template
    def stays_out(self, q: Quorum, w: View, d: Request) -> Formula:
        """A correct member of q has left w without committing d: all of q never commit it."""
        return any(self.member(m, q) & ~self.faulty(m) & self.left(m, w) & ~self.commits(m, w, d) for m in Replica)

    @invariant
    def backups_prepare(self, n: Replica, w: View, d: Request) -> Formula:
        """Who has sent PREPARE is not the primary."""
        return implies(self.prepares(n, w, d), n != self.primary(w))

    @invariant
    def one_request(self, n: Replica, w: View, d1: Request, d2: Request) -> Formula:
        """A replica accepts at most one request in a view."""
        return implies(self.accepts(n, w, d1) & self.accepts(n, w, d2), d1 == d2)

    @invariant
    def commits_are_accepted(self, n: Replica, w: View, d: Request) -> Formula:
        """A replica commits only what it has accepted."""
        return implies(self.commits(n, w, d), self.accepts(n, w, d))

    @invariant
    def commits_are_certified(self, n: Replica, w: View, d: Request, q: Quorum) -> Formula:
        """What a replica commits, a correct member of each quorum has accepted."""
        return implies(self.commits(n, w, d), self.is_accepted(q, w, d))

    @invariant
    def executions_are_committed(self, n: Replica, w: View, d: Request, q: Quorum) -> Formula:
        """What a replica executes, a correct member of each quorum has committed."""
        return implies(self.executed(n, w, d), self.is_committed(q, w, d))

    @invariant
    def changes_are_kept(self, n: Replica, w: View, u: View) -> Formula:
        """Who has sent VIEW-CHANGE for a view has left all lower ones."""
        return implies(self.changes_to(n, w) & (u < w), self.left(n, u))

    @invariant
    def commits_are_reported(self, n: Replica, w: View, u: View, d: Request) -> Formula:
        """Who has sent VIEW-CHANGE for a view has reported what it had committed below, or something higher."""
        return implies(self.changes_to(n, w) & self.commits(n, u, d) & (u < w), self.reports(n, w, u))

    @invariant
    def requests_are_safe(self, n: Replica, w1: View, d1: Request, w2: View, d2: Request, q: Quorum) -> Formula:
        """If d2 is accepted in w2, no other request is committed below, now or ever: of each quorum, a correct member has
        left without committing it.
        """
        return implies((w1 < w2) & self.accepts(n, w2, d2) & (d1 != d2), self.stays_out(q, w1, d1))

    @invariant
    def executions_last(self, n: Replica, w1: View, d1: Request, m: Replica, w2: View, d2: Request) -> Formula:
        """What is executed is all that is accepted in higher views."""
        return implies(self.executed(n, w1, d1) & (w1 < w2) & self.accepts(m, w2, d2), d1 == d2)
