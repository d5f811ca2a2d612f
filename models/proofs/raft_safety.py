"""Raft is safe: leaders have all committed entries, and no two servers apply different commands at the same index.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, sections 5.3, 5.4.1
to 5.4.3, and Fig. 3; D. Ongaro, Consensus: Bridging Theory and Practice (2014), appendix B.  The argument is the one of 5.4.3
turned round: that paper takes the first later leader without a committed entry; here it is said of every entry that a later
leader lacks that it can no longer be committed, as Paxos says of values.

Throughout this file: as in `raft_log`; n a server, c a candidate, s and t terms, s the earlier; i, j, k, m indices.
Differs: what AppendEntries says of commitment is a message of its own, and may come without the entries.
"""

from mcheck.models.proofs.raft_election import Quorum, Server, Term
from mcheck.models.proofs.raft_log import Index, RaftLog, Value
from mcheck.spec.relational import (
    Formula,
    Update,
    action,
    all,
    any,
    corollary,
    function,
    iff,
    implies,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
)


class RaftSafety(RaftLog):
    """Elections that look at logs, replication, and commitment."""

    # A candidate asks for votes when it has voted for itself.  A ghost: the log with which it asked.
    offered = relation(Server, Term, Index, Term, Value)
    acked = relation(Server, Term, Index, Term)  # in the first term, the server has taken an entry of the second
    # Ghosts: what the leader of a term has committed by counting, up to where and on which quorum.
    commits = relation(Term)
    up_to = function(Term, to=Index)
    backing = function(Term, to=Quorum)
    # A ghost: an index of a term at which nobody of the electorate of some later term has had an entry of that term.
    passed_over = relation(Term, Index)
    # The leader of a term sends: my entry here is of this term; and what the leader of that term has committed goes up to here.
    told = relation(Term, Index, Term, Term, Index)
    # The server has applied the entry, as it knows that the leader of the first term has committed it.
    applied = relation(Server, Term, Index, Term, Value)

    @initially
    def nothing_is_committed(self) -> Formula:
        """Nobody has asked for a vote, nothing is committed."""
        return nothing(self.offered, self.acked, self.commits, self.passed_over, self.told, self.applied)

    # ------------------------------------------------------------------ elections

    @action
    def stand(self, c: Server, t: Term) -> tuple[Update, ...]:
        """Server c votes for itself in term t, and asks the others.  Source: Fig. 2, Rules for Servers, Candidates."""
        require(~self.past(c, t), "t is no past term of c")
        require(all(~self.voted(c, t, d) for d in Server), "c has not voted in t")
        asked = self.offered.becomes(
            lambda d, s, i, u, v: self.offered(d, s, i, u, v) | ((d == c) & (s == t) & self.entry(c, i, u, v))
        )
        return self.voted.add(c, t, c), asked, self.enters(c, t)

    def ends_at(self, n: Server, j: Index, w: Term, y: Value) -> Formula:
        """The last entry of server n."""
        return self.entry(n, j, w, y) & all(
            implies(self.entry(n, i, u, v), i <= j) for i in Index for u in Term for v in Value
        )

    def offer_ends_at(self, c: Server, t: Term, k: Index, u: Term, x: Value) -> Formula:
        """The last entry of the log with which c asks for votes in t."""
        return self.offered(c, t, k, u, x) & all(
            implies(self.offered(c, t, i, w, v), i <= k) for i in Index for w in Term for v in Value
        )

    @action
    def grant_vote(  # type: ignore[override]
        self, n: Server, t: Term, c: Server, k: Index, u: Term, x: Value, j: Index, w: Term, y: Value
    ) -> tuple[Update, ...]:
        """Server n votes for c in term t.  Source: Fig. 2, RequestVote RPC; section 5.4.1."""
        require(self.voted(c, t, c), "c asks for votes in t")
        require(~self.past(n, t), "t is no past term of n")
        require(all(~self.voted(n, t, d) for d in Server), "n has not voted in t")
        empty = all(~self.entry(n, i, s, v) for i in Index for s in Term for v in Value)
        last = self.offer_ends_at(c, t, k, u, x) & self.ends_at(n, j, w, y)
        require(
            empty | (last & ((w < u) | ((w == u) & (j <= k)))), "the log of c is at least as up to date as that of n"
        )
        return self.voted.add(n, t, c), self.enters(n, t)

    @action
    def become_leader(self, n: Server, t: Term, q: Quorum) -> tuple[Update, ...]:
        """Server n has the votes of q, and leads in t with the log that it has."""
        silent = self.passed_over.becomes(
            lambda s, i: (
                self.passed_over(s, i)
                | ((s < t) & all(implies(self.member(m, q), ~self.acked(m, s, i, s)) for m in Server))
            )
        )
        return *super().become_leader(n, t, q), silent

    # ------------------------------------------------------------------ replication

    @action
    def client_request(self, n: Server, t: Term, i: Index, v: Value) -> tuple[Update, ...]:
        """The leader appends v to its log, and has it.  Source: Fig. 2, Rules for Servers, Leaders."""
        return *super().client_request(n, t, i, v), self.acked.add(n, t, i, t)

    @action
    def receive_first(self, n: Server, t: Term, u: Term, v: Value) -> tuple[Update, ...]:
        """A follower takes the first entry, unless it has one of that term, and says so."""
        return *super().receive_first(n, t, u, v), self.acked.add(n, t, self.first, u)

    @action
    def receive(
        self, n: Server, t: Term, i: Index, ti: Term, vi: Value, j: Index, u: Term, v: Value
    ) -> tuple[Update, ...]:
        """A follower takes an entry, if it has the one before, and says so."""
        return *super().receive(n, t, i, ti, vi, j, u, v), self.acked.add(n, t, j, u)

    # ------------------------------------------------------------------ commitment

    def applies(self, n: Server, s: Term, m: Index) -> Update:
        """Server n applies all its entries up to m, as the leader of s has committed that far."""
        return self.applied.becomes(
            lambda d, r, i, u, v: (
                self.applied(d, r, i, u, v) | ((d == n) & (r == s) & (i <= m) & self.entry(n, i, u, v))
            )
        )

    @action
    def commit(self, n: Server, t: Term, i: Index, u: Term, v: Value, q: Quorum) -> tuple[Update, ...]:
        """The leader commits its entry at i, and what is before.  Source: Fig. 2, Leaders; section 5.4.2, Fig. 8."""
        self.leads(n, t)
        require(self.entry(n, i, u, v), "n has this entry")
        require(
            all(implies(self.member(m, q), self.acked(m, t, i, u)) for m in Server), "all of q have acknowledged it"
        )
        require(u == t, "it is an entry of the term of the leader")
        require(~self.commits(t) | (self.up_to(t) <= i), "what is committed in t does not become less")
        return self.commits.add(t), self.up_to.set(t, i), self.backing.set(t, q), self.applies(n, t, i)

    @action
    def tell(self, n: Server, t: Term, j: Index, u: Term, v: Value, s: Term, k: Index, w: Term, x: Value) -> Update:
        """The leader says up to where it has applied its log.  Source: Fig. 2, AppendEntries RPC, leaderCommit."""
        self.leads(n, t)
        require(self.entry(n, j, u, v), "n has this entry")
        require(self.applied(n, s, k, w, x), "n has applied its entry at k")
        return self.told.add(t, j, u, s, k)

    @action
    def learn(self, n: Server, t: Term, j: Index, u: Term, v: Value, s: Term, k: Index, m: Index) -> tuple[Update, ...]:
        """A follower applies what the leader has, as far as it is known to agree.  Source: receiver, step 5."""
        self.follows_leader(n, t)
        require(self.told(t, j, u, s, k), "the leader of t has said so")
        require(self.entry(n, j, u, v), "n has an entry of the index and term that the leader names")
        require((m <= j) & (m <= k), "m is neither behind that entry nor behind what is committed")
        return self.applies(n, s, m), self.enters(n, t)

    # ------------------------------------------------------------------ what is to be shown

    def decided(self, s: Term, i: Index, u: Term, v: Value) -> Formula:
        """The leader of s has committed this entry."""
        reached: Formula = i <= self.up_to(s)
        return self.commits(s) & reached & self.log_of(s, i, u, v)

    @safety
    def leader_completeness(self, s: Term, i: Index, u: Term, v: Value, n: Server, t: Term) -> Formula:
        """A committed entry is in the log of every leader of a later term.  Source: Fig. 3."""
        leads_later = (s < t) & self.leader(n, t) & ~self.past(n, t)
        return implies(self.decided(s, i, u, v) & leads_later, self.entry(n, i, u, v))

    @safety
    def state_machine_safety(
        self, n: Server, s: Term, i: Index, u: Term, v: Value, m: Server, t: Term, w: Term, x: Value
    ) -> Formula:
        """No two servers apply different entries at the same index.  Source: Fig. 3."""
        return implies(self.applied(n, s, i, u, v) & self.applied(m, t, i, w, x), (u == w) & (v == x))

    # ------------------------------------------------------------------ what helps to show it: votes

    @invariant
    def voters_left_earlier_terms(self, n: Server, t: Term, c: Server, s: Term) -> Formula:
        """Who has voted in a term has left all earlier ones."""
        return implies(self.voted(n, t, c) & (s < t), self.past(n, s))

    @invariant
    def offers_are_of_candidates(self, c: Server, t: Term, i: Index, u: Term, v: Value) -> Formula:
        """Who shows its log asks for votes."""
        return implies(self.offered(c, t, i, u, v), self.voted(c, t, c))

    @invariant
    def candidates_keep_their_log(self, c: Server, t: Term, i: Index, u: Term, v: Value) -> Formula:
        """As long as a term has no leader, its candidates have the logs with which they asked."""
        waits = self.voted(c, t, c) & ~self.past(c, t) & ~self.begun(t)
        return implies(waits, iff(self.entry(c, i, u, v), self.offered(c, t, i, u, v)))

    @invariant
    def offers_agree_with_terms(
        self, c: Server, s: Term, i: Index, t: Term, v: Value, j: Index, u: Term, w: Value
    ) -> Formula:
        """Up to an entry of term t, the log of a candidate is the log of t."""
        same = iff(self.offered(c, s, j, u, w), self.log_of(t, j, u, w))
        return implies(self.offered(c, s, i, t, v) & (j <= i), self.log_of(t, i, t, v) & same)

    # ------------------------------------------------------------------ what helps to show it: logs

    @invariant
    def entries_are_of_no_later_term(self, n: Server, i: Index, u: Term, v: Value, s: Term) -> Formula:
        """A server has left all terms before those of its entries."""
        return implies(self.entry(n, i, u, v) & (s < u), self.past(n, s))

    @invariant
    def logs_are_of_no_later_term(self, t: Term, i: Index, u: Term, v: Value) -> Formula:
        """The log of a term has no entries of later ones."""
        return implies(self.log_of(t, i, u, v), u <= t)

    @corollary
    def terms_grow(self, t: Term, i: Index, u: Term, v: Value, j: Index, w: Term, x: Value) -> Formula:
        """The terms of the entries of a log do not become less."""
        return implies(self.log_of(t, i, u, v) & self.log_of(t, j, w, x) & (i < j), u <= w)

    # ------------------------------------------------------------------ what helps to show it: entries that are lost

    @invariant
    def acks_are_of_entries(self, n: Server, t: Term, i: Index, u: Term) -> Formula:
        """What is acknowledged is in the log of the term."""
        return implies(self.acked(n, t, i, u), any(self.log_of(t, i, u, v) for v in Value))

    @invariant
    def no_quorum_after_passing_over(self, t: Term, i: Index, q: Quorum) -> Formula:
        """Of each quorum, someone has left the term without the entry that was passed over."""
        left = any(self.member(n, q) & self.past(n, t) & ~self.acked(n, t, i, t) for n in Server)
        return implies(self.passed_over(t, i), left)

    @invariant
    def silent_electorates_pass_over(self, s: Term, i: Index, t: Term) -> Formula:
        """An index of which no elector of a later leader has had the entry is passed over."""
        silent = all(implies(self.member(n, self.electorate(t)), ~self.acked(n, s, i, s)) for n in Server)
        return implies(self.begun(t) & (s < t) & silent, self.passed_over(s, i))

    @invariant
    def missing_was_passed_over(self, s: Term, i: Index, v: Value, t: Term) -> Formula:
        """What a later leader lacks was passed over."""
        lacks = self.begun(t) & (s < t) & self.log_of(s, i, s, v) & ~self.log_of(t, i, s, v)
        return implies(lacks, self.passed_over(s, i))

    @invariant
    def dropped_was_passed_over(self, n: Server, t: Term, i: Index, v: Value) -> Formula:
        """What a server had, and has no more, was passed over."""
        dropped = self.acked(n, t, i, t) & self.log_of(t, i, t, v) & ~self.entry(n, i, t, v)
        return implies(dropped, self.passed_over(t, i))

    @invariant
    def voters_saw_it(self, n: Server, t: Term, c: Server, s: Term, i: Index, v: Value) -> Formula:
        """What a voter had, its candidate has, or it was passed over."""
        had = self.voted(n, t, c) & (s < t) & self.acked(n, s, i, s) & self.log_of(s, i, s, v)
        return implies(had, self.offered(c, t, i, s, v) | self.passed_over(s, i))

    # ------------------------------------------------------------------ what helps to show it: commitment

    @invariant
    def commitments_are_backed(self, t: Term, n: Server) -> Formula:
        """All of the quorum have had what was committed on it."""
        return implies(self.commits(t) & self.member(n, self.backing(t)), self.acked(n, t, self.up_to(t), t))

    @corollary
    def commitments_are_of_their_term(self, t: Term) -> Formula:
        """A leader commits an entry of its own term."""
        return implies(self.commits(t), any(self.log_of(t, self.up_to(t), t, v) for v in Value))

    @corollary
    def committed_entries_stay(self, s: Term, i: Index, u: Term, v: Value, t: Term) -> Formula:
        """The log of a later term has all that was committed."""
        return implies(self.decided(s, i, u, v) & (s < t) & self.begun(t), self.log_of(t, i, u, v))

    @invariant
    def told_was_committed(self, t: Term, j: Index, u: Term, s: Term, k: Index) -> Formula:
        """A leader says what is true: of its log, and of what is committed."""
        entry = any(self.log_of(t, j, u, v) for v in Value)
        return implies(self.told(t, j, u, s, k), entry & self.commits(s) & (k <= self.up_to(s)) & (s <= t))

    @invariant
    def applied_was_committed(self, n: Server, s: Term, i: Index, u: Term, v: Value) -> Formula:
        """What is applied is committed."""
        return implies(self.applied(n, s, i, u, v), self.decided(s, i, u, v))

    @invariant
    def appliers_left_earlier_terms(self, n: Server, t: Term, i: Index, u: Term, v: Value, s: Term) -> Formula:
        """Who has applied what was committed in a term has left all earlier ones."""
        return implies(self.applied(n, t, i, u, v) & (s < t), self.past(n, s))
