"""Raft's logs match: if two have an entry of the same index and term, they are the same up to there.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, sections 5.2
and 5.3; D. Ongaro, Consensus: Bridging Theory and Practice (2014), appendix B.2, for the ghost logs.

Throughout this file: as in `raft_election`, whose votes these are; i, j, k indices; u terms of entries; v, w values.
Differs: one entry is sent at a time, as in `models/raft.py`; entries are neither committed nor does a vote look at logs,
which Log Matching does not need.
"""

from mcheck.models.proofs.raft_election import Quorum, RaftElection, Server, Term
from mcheck.spec.relational import (
    Formula,
    Sort,
    Update,
    action,
    all,
    any,
    axiom,
    corollary,
    iff,
    implies,
    individual,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
)


class Index(Sort, ordered=True):
    """A place in a log."""


class Value(Sort):
    """A command of a client."""


class RaftLog(RaftElection):
    """Leader election and log replication."""

    first = individual(Index)

    entry = relation(Server, Index, Term, Value)  # the server's log has there an entry of the term, with the value
    # Ghosts: that a term has had a leader, and the longest log that this leader had as such.
    begun = relation(Term)
    log_of = relation(Term, Index, Term, Value)
    # AppendEntries of the leader of a term: the first entry of a log; an entry, preceded by what comes before it.
    sent_first = relation(Term, Term, Value)
    sent = relation(Term, Index, Term, Value, Index, Term, Value)

    @axiom
    def first_is_least(self, i: Index) -> Formula:
        """No index is before the first."""
        return self.first <= i

    @initially
    def nothing_is_logged(self) -> Formula:
        """All logs are empty, and no AppendEntries was sent."""
        return nothing(self.entry, self.begun, self.log_of, self.sent_first, self.sent)

    def follows(self, i: Index, j: Index) -> Formula:
        """Index j is the next after i."""
        return (i < j) & all(~((i < k) & (k < j)) for k in Index)

    # ------------------------------------------------------------------ actions

    @action
    def become_leader(self, n: Server, t: Term, q: Quorum) -> tuple[Update, ...]:
        """Server n has the votes of q, and leads in t with the log that it has."""
        require(~self.leader(n, t), "n has not led in t yet")
        self.wins(n, t, q)
        inherited = self.log_of.becomes(
            lambda s, i, u, v: ((s == t) & self.entry(n, i, u, v)) | ((s != t) & self.log_of(s, i, u, v))
        )
        return self.leader.add(n, t), self.electorate.set(t, q), self.begun.add(t), inherited, self.enters(n, t)

    def leads(self, n: Server, t: Term) -> None:
        """The guards of what a leader does."""
        require(self.leader(n, t), "n is the leader of t")
        require(~self.past(n, t), "t is no past term of n")

    @action
    def client_request(self, n: Server, t: Term, i: Index, v: Value) -> tuple[Update, ...]:
        """The leader appends v to its log.  Source: Fig. 2, Rules for Servers, Leaders."""
        self.leads(n, t)
        require(
            all(implies(self.entry(n, j, u, w), j < i) for j in Index for u in Term for w in Value),
            "i is behind all entries of n",
        )
        return self.entry.add(n, i, t, v), self.log_of.add(t, i, t, v)

    @action
    def send_first(self, n: Server, t: Term, u: Term, v: Value) -> Update:
        """The leader sends the first entry of its log.  Source: Fig. 2, AppendEntries RPC, prevLogIndex 0."""
        self.leads(n, t)
        require(self.entry(n, self.first, u, v), "the log has this entry")
        return self.sent_first.add(t, u, v)

    @action
    def send(self, n: Server, t: Term, i: Index, ti: Term, vi: Value, j: Index, u: Term, v: Value) -> Update:
        """The leader sends its entry at j, with the one before it.  Source: Fig. 2, AppendEntries RPC, Arguments."""
        self.leads(n, t)
        require(self.follows(i, j), "j is next to i")
        require(self.entry(n, i, ti, vi) & self.entry(n, j, u, v), "the log has these entries")
        return self.sent.add(t, i, ti, vi, j, u, v)

    def takes(self, n: Server, j: Index, u: Term, v: Value) -> Update:
        """Server n has the entry at j, all that it had before j, and nothing behind.  Source: receiver, steps 3 and 4."""
        return self.entry.becomes(
            lambda m, k, s, w: (
                ((m != n) & self.entry(m, k, s, w))
                | ((m == n) & (k < j) & self.entry(m, k, s, w))
                | ((m == n) & (k == j) & (s == u) & (w == v))
            )
        )

    def follows_leader(self, n: Server, t: Term) -> None:
        """The guards of what a follower does."""
        require(~self.past(n, t), "t is no past term of n")
        require(~self.leader(n, t), "n is not the leader of t")

    @action
    def receive_first(self, n: Server, t: Term, u: Term, v: Value) -> tuple[Update, ...]:
        """A follower takes the first entry, unless it has one of that term.  Source: receiver implementation."""
        self.follows_leader(n, t)
        require(self.sent_first(t, u, v), "the leader of t has sent it")
        require(all(~self.entry(n, self.first, u, w) for w in Value), "n has no such entry")
        return self.takes(n, self.first, u, v), self.enters(n, t)

    @action
    def receive(
        self, n: Server, t: Term, i: Index, ti: Term, vi: Value, j: Index, u: Term, v: Value
    ) -> tuple[Update, ...]:
        """A follower takes an entry, if it has the one before.  Source: receiver implementation, step 2."""
        self.follows_leader(n, t)
        require(self.sent(t, i, ti, vi, j, u, v), "the leader of t has sent it")
        require(any(self.entry(n, i, ti, w) for w in Value), "n has an entry of the previous index and term")
        require(all(~self.entry(n, j, u, w) for w in Value), "n has no such entry")
        return self.takes(n, j, u, v), self.enters(n, t)

    # ------------------------------------------------------------------ what is to be shown

    @safety
    def log_matching(
        self, n: Server, m: Server, i: Index, t: Term, v: Value, w: Value, j: Index, u: Term, x: Value
    ) -> Formula:
        """Logs with an entry of the same index and term are the same up to there.  Source: Fig. 3."""
        both = self.entry(n, i, t, v) & self.entry(m, i, t, w)
        same = iff(self.entry(n, j, u, x), self.entry(m, j, u, x))
        return implies(both & (j <= i), (v == w) & same)

    # ------------------------------------------------------------------ what helps to show it

    @invariant
    def leaders_left_earlier_terms(self, n: Server, t: Term, u: Term) -> Formula:
        """A leader has left all terms before its own."""
        return implies(self.leader(n, t) & (u < t), self.past(n, u))

    @invariant
    def begun_terms_have_leaders(self, t: Term) -> Formula:
        """A term begins with its leader."""
        return implies(self.begun(t), any(self.leader(n, t) for n in Server))

    @invariant
    def terms_of_leaders_have_begun(self, n: Server, t: Term) -> Formula:
        """A term that has had a leader has begun."""
        return implies(self.leader(n, t), self.begun(t))

    @corollary
    def entries_of_begun_terms(self, n: Server, i: Index, u: Term, v: Value) -> Formula:
        """Entries are of terms that have begun."""
        return implies(self.entry(n, i, u, v), self.begun(u))

    @invariant
    def logs_of_begun_terms(self, t: Term, i: Index, u: Term, v: Value) -> Formula:
        """Only a term that has begun has a log, with entries of such terms."""
        return implies(self.log_of(t, i, u, v), self.begun(t) & self.begun(u))

    @invariant
    def leader_has_log_of_its_term(self, n: Server, t: Term, i: Index, u: Term, v: Value) -> Formula:
        """While a leader leads, its log is that of its term."""
        leading = self.leader(n, t) & ~self.past(n, t)
        return implies(leading, iff(self.entry(n, i, u, v), self.log_of(t, i, u, v)))

    @corollary
    def one_entry(self, n: Server, i: Index, t: Term, u: Term, v: Value, w: Value) -> Formula:
        """A log has at most one entry at an index."""
        return implies(self.entry(n, i, t, v) & self.entry(n, i, u, w), (t == u) & (v == w))

    @invariant
    def one_entry_of_a_term(self, s: Term, i: Index, t: Term, u: Term, v: Value, w: Value) -> Formula:
        """The log of a term has at most one entry at an index."""
        return implies(self.log_of(s, i, t, v) & self.log_of(s, i, u, w), (t == u) & (v == w))

    @invariant
    def logs_agree_with_terms(self, n: Server, i: Index, t: Term, v: Value, j: Index, u: Term, w: Value) -> Formula:
        """Up to an entry of term t, a server's log is the log of t."""
        same = iff(self.entry(n, j, u, w), self.log_of(t, j, u, w))
        return implies(self.entry(n, i, t, v) & (j <= i), self.log_of(t, i, t, v) & same)

    @invariant
    def terms_agree_with_terms(self, s: Term, i: Index, t: Term, v: Value, j: Index, u: Term, w: Value) -> Formula:
        """Up to an entry of term t, the log of any term is the log of t."""
        same = iff(self.log_of(s, j, u, w), self.log_of(t, j, u, w))
        return implies(self.log_of(s, i, t, v) & (j <= i), self.log_of(t, i, t, v) & same)

    @invariant
    def first_was_in_log(self, t: Term, u: Term, v: Value) -> Formula:
        """What was sent as the first entry is the first in the log of the term."""
        return implies(self.sent_first(t, u, v), self.log_of(t, self.first, u, v))

    @invariant
    def sent_was_in_log(self, t: Term, i: Index, ti: Term, vi: Value, j: Index, u: Term, v: Value, k: Index) -> Formula:
        """What was sent are two entries next to each other in the log of the term."""
        there = self.log_of(t, i, ti, vi) & self.log_of(t, j, u, v)
        return implies(self.sent(t, i, ti, vi, j, u, v), there & (i < j) & ~((i < k) & (k < j)))
