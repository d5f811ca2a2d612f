"""Raft elects at most one leader in each term, with any number of servers and terms.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, section 5.2.

Throughout this file: n, m, c servers; t, t1, t2 terms; q quorums.  A relation holds of what has ever happened.
Differs: a vote reaches its candidate at once, as a vote that was cast is never taken back; candidates need no state.
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


class Server(Sort):
    """A member of the cluster."""


class Term(Sort, ordered=True):
    """Time, as Raft counts it."""


class Quorum(Sort):
    """A set of servers; all that is known of them is that any two meet."""


class RaftElection(Proof):
    """Leader election."""

    member = fixed(Server, Quorum)

    past = relation(Server, Term)  # the server's current term is higher
    voted = relation(Server, Term, Server)  # the server has voted in the term, for the candidate
    leader = relation(Server, Term)  # the server has won the election of the term
    # A ghost: whose votes made the leader of a term.  It stands in place of "there is a quorum that", which together with
    # the axiom below would ask for ever more quorums and servers.
    electorate = function(Term, to=Quorum)

    @axiom
    def quorums_meet(self, q1: Quorum, q2: Quorum) -> Formula:
        """Any two quorums have a server in common."""
        return any(self.member(n, q1) & self.member(n, q2) for n in Server)

    @initially
    def nobody_has_voted(self) -> Formula:
        """All servers are followers in the first term."""
        return nothing(self.past, self.voted, self.leader)

    # ------------------------------------------------------------------ actions

    def enters(self, n: Server, t: Term) -> Update:
        """Server n adopts term t, and with that leaves all earlier ones behind."""
        return self.past.becomes(lambda m, u: self.past(m, u) | ((m == n) & (u < t)))

    @action
    def adopt_term(self, n: Server, t: Term) -> Update:
        """Server n hears of term t.  Source: Fig. 2, Rules for Servers, All Servers."""
        return self.enters(n, t)

    @action
    def grant_vote(self, n: Server, t: Term, c: Server) -> tuple[Update, ...]:
        """Server n votes for c in term t.  Source: Fig. 2, RequestVote RPC."""
        require(~self.past(n, t), "t is no past term of n")
        require(all(~self.voted(n, t, d) for d in Server), "n has not voted in t")
        return self.voted.add(n, t, c), self.enters(n, t)

    @action
    def become_leader(self, n: Server, t: Term, q: Quorum) -> tuple[Update, ...]:
        """Server n has the votes of q, and leads in t.  Source: Fig. 2, Rules for Servers, Candidates."""
        self.wins(n, t, q)
        return self.leader.add(n, t), self.electorate.set(t, q)

    def wins(self, n: Server, t: Term, q: Quorum) -> None:
        """The guards of an election."""
        require(~self.past(n, t), "t is no past term of n")
        require(all(implies(self.member(m, q), self.voted(m, t, n)) for m in Server), "all of q have voted for n in t")

    # ------------------------------------------------------------------ what is to be shown

    @safety
    def election_safety(self, n: Server, m: Server, t: Term) -> Formula:
        """At most one leader is elected in a term.  Source: Fig. 3."""
        return implies(self.leader(n, t) & self.leader(m, t), n == m)

    # ------------------------------------------------------------------ what helps to show it

    @invariant
    def one_vote(self, n: Server, t: Term, c: Server, d: Server) -> Formula:
        """A server votes for at most one candidate in a term."""
        return implies(self.voted(n, t, c) & self.voted(n, t, d), c == d)

    @invariant
    def leaders_were_elected(self, n: Server, m: Server, t: Term) -> Formula:
        """All of the electorate of a term have voted for its leader."""
        return implies(self.leader(n, t) & self.member(m, self.electorate(t)), self.voted(m, t, n))
