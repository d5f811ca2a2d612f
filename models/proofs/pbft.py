"""PBFT: no two correct replicas commit different requests, in whatever views, with any number of replicas and faults.

Source: M. Castro and B. Liskov, Practical Byzantine Fault Tolerance, OSDI 1999, sections 4.2 and 4.4.

Throughout this file: n replicas; w, w1, w2 views; d, d1, d2 requests (the digests, for one sequence number); q quorums.
All that is known of quorums is that two of them meet in a correct replica: 2f + 1 of 3f + 1 have f + 1 in common.
Differs: a primary is nothing but its pre-prepare, and that counts as the prepares which it lets others send; a
certificate is shown as soon as it exists; a faulty replica may prepare and commit whatever it likes, at any time.
What `prepare` asks of a new view is what a NEW-VIEW message proves: 2f + 1 replicas have left the views below, and the
request is that of the highest certificate which a correct one among them has committed on, or none has.
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
    function,
    implies,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
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
    """Prepared certificates and view changes, for one sequence number."""

    member = fixed(Replica, Quorum)
    faulty = fixed(Replica)

    left = relation(Replica, View)  # the replica has changed to a higher view
    prepare = relation(Replica, View, Request)  # PREPARE was sent
    commit = relation(Replica, View, Request)  # COMMIT was sent
    # Ghosts: that a request is prepared in a view, and whose prepares made it so.
    certificate = relation(View, Request)
    signers = function(View, Request, to=Quorum)

    @axiom
    def quorums_meet(self, q1: Quorum, q2: Quorum) -> Formula:
        """Any two quorums have a correct replica in common."""
        return any(~self.faulty(n) & self.member(n, q1) & self.member(n, q2) for n in Replica)

    @initially
    def nothing_was_sent(self) -> Formula:
        """No message was sent, and all are in the first view."""
        return nothing(self.left, self.prepare, self.commit, self.certificate)

    # ------------------------------------------------------------------ actions

    @action
    def view_change(self, n: Replica, w: View) -> Update:
        """A correct replica changes to view w.  Source: section 4.4, VIEW-CHANGE."""
        require(~self.faulty(n), "n is correct")
        return self.left.becomes(lambda m, u: self.left(m, u) | ((m == n) & (u < w)))

    @action
    def send_prepare(self, n: Replica, w: View, d: Request, q: Quorum, top: View) -> Update:
        """A correct replica prepares d in w, which the view changes of q allow.  Source: section 4.2, PREPARE."""

        def committed_below(m: Replica, u: View, e: Request) -> Formula:
            return self.member(m, q) & ~self.faulty(m) & (u < w) & self.commit(m, u, e)

        none = all(~committed_below(m, u, e) for m in Replica for u in View for e in Request)
        highest = all(implies(committed_below(m, u, e), u <= top) for m in Replica for u in View for e in Request)
        require(~self.faulty(n), "n is correct")
        require(~self.left(n, w), "n has changed to no higher view")
        require(all(~self.prepare(n, w, e) for e in Request), "n has prepared nothing in w")
        require(
            all(implies(self.member(m, q) & ~self.faulty(m) & (u < w), self.left(m, u)) for m in Replica for u in View),
            "the correct members of q have left all views below w",
        )
        require(
            none | ((top < w) & self.certificate(top, d) & highest),
            "d has the highest certificate that counts, or none counts",
        )
        return self.prepare.add(n, w, d)

    @action
    def form_certificate(self, w: View, d: Request, q: Quorum) -> tuple[Update, ...]:
        """A quorum has prepared d in w.  Source: section 4.2, the predicate prepared."""
        require(
            all(implies(self.member(n, q), self.prepare(n, w, d)) for n in Replica), "all of q have prepared d in w"
        )
        return self.certificate.add(w, d), self.signers.set(w, d, q)

    @action
    def send_commit(self, n: Replica, w: View, d: Request) -> Update:
        """A correct replica with a certificate commits on it.  Source: section 4.2, COMMIT."""
        require(~self.faulty(n), "n is correct")
        require(~self.left(n, w), "n has changed to no higher view")
        require(self.certificate(w, d), "d is prepared in w")
        return self.commit.add(n, w, d)

    @action
    def lie(self, n: Replica, w: View, d: Request) -> tuple[Update, ...]:
        """A faulty replica prepares and commits what it likes.  Source: section 2, Byzantine failures."""
        require(self.faulty(n), "n is faulty")
        return self.prepare.add(n, w, d), self.commit.add(n, w, d)

    # ------------------------------------------------------------------ what is to be shown

    def committed_by(self, q: Quorum, w: View, d: Request) -> Formula:
        """All of q have committed on d in w.  Source: section 4.2, the predicate committed."""
        return all(implies(self.member(n, q), self.commit(n, w, d)) for n in Replica)

    @safety
    def agreement(self, q1: Quorum, w1: View, d1: Request, q2: Quorum, w2: View, d2: Request) -> Formula:
        """At most one request is committed, in whatever views."""
        return implies(self.committed_by(q1, w1, d1) & self.committed_by(q2, w2, d2), d1 == d2)

    # ------------------------------------------------------------------ what helps to show it

    @invariant
    def one_prepare(self, n: Replica, w: View, d1: Request, d2: Request) -> Formula:
        """A correct replica prepares at most one request in a view."""
        return implies(~self.faulty(n) & self.prepare(n, w, d1) & self.prepare(n, w, d2), d1 == d2)

    @invariant
    def certificates_are_signed(self, w: View, d: Request, n: Replica) -> Formula:
        """All signers of a certificate have prepared the request."""
        return implies(self.certificate(w, d) & self.member(n, self.signers(w, d)), self.prepare(n, w, d))

    @invariant
    def certificates_agree(self, w: View, d1: Request, d2: Request) -> Formula:
        """At most one request is prepared in a view.  Source: section 4.2, the invariant of prepared."""
        return implies(self.certificate(w, d1) & self.certificate(w, d2), d1 == d2)

    @invariant
    def commits_have_certificates(self, n: Replica, w: View, d: Request) -> Formula:
        """A correct replica commits only on what has a certificate."""
        return implies(~self.faulty(n) & self.commit(n, w, d), self.certificate(w, d))

    def stays_out(self, q: Quorum, w: View, d: Request) -> Formula:
        """A correct member of q has left w without committing on d."""
        return any(self.member(m, q) & ~self.faulty(m) & self.left(m, w) & ~self.commit(m, w, d) for m in Replica)

    @invariant
    def prepares_are_safe(self, n: Replica, w1: View, d1: Request, w2: View, d2: Request, q: Quorum) -> Formula:
        """If a correct replica prepares d2 in w2, no other request is committed below, now or ever: of each quorum, a
        correct member has left without committing on it.
        """
        prepared = ~self.faulty(n) & self.prepare(n, w2, d2)
        return implies((w1 < w2) & prepared & (d1 != d2), self.stays_out(q, w1, d1))

    @invariant
    def certificates_are_safe(self, w1: View, d1: Request, w2: View, d2: Request, q: Quorum) -> Formula:
        """If d2 is prepared in w2, no other request is committed below, now or ever."""
        return implies((w1 < w2) & self.certificate(w2, d2) & (d1 != d2), self.stays_out(q, w1, d1))
