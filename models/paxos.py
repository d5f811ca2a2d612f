"""Paxos: acceptors choose one value, whatever messages are lost and however many leaders compete.

Source: Lamport, The Part-Time Parliament (1998); Paxos Made Simple (2001), §2; TLA+ module Paxos.

Throughout this file: a acceptor; b, c ballots; v, w values; q a quorum; m a message.  Acceptors, ballots and votes are
those of Voting, which this protocol implements.  A leader is nothing but its ballot: it keeps no state, and anybody may
be one.  A value is *proposed* when an Accept carries it; all of Value may be proposed.
Differs: as in the module, and unlike the papers, there are no clients or learners: what may be asked for is a constant,
and a value is chosen the moment a quorum has voted for it, whether or not anyone has noticed.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck.models import voting
from mcheck.models.consensus import Value
from mcheck.models.voting import Acceptor, Ballot, MaxBallot, Vote, Voting
from mcheck.spec import (
    Broken,
    In,
    Map,
    OneOf,
    Record,
    Safe,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    bound,
    constant,
    implements,
    lemma,
    max,
    reachable,
    require,
    step,
)

PromiseQuorum = Annotated[Set[Acceptor], OneOf("promise_quorums")]


class Prepare(Record):
    """Phase 1a, from the leader of `bal` to all: do not vote below `bal` any more."""

    bal: Ballot


class Promise(Record):
    """Phase 1b, from `acc` to the leader of `bal`: I shall not; and this is my highest vote so far, if there is one."""

    acc: Acceptor
    bal: Ballot
    vote: Vote | None


class Accept(Record):
    """Phase 2a, from the leader of `bal` to all: vote for `val`."""

    bal: Ballot
    val: Value


class Accepted(Record):
    """Phase 2b, from `acc` to whom it may concern: this is my vote."""

    acc: Acceptor
    vote: Vote


Message = Prepare | Promise | Accept | Accepted


class Member(Record):
    """What an acceptor remembers, through every crash."""

    max_bal: MaxBallot = -1  # the highest ballot it has taken part in
    vote: Vote | None = None  # its highest vote: (max_vbal, max_val) in the module


class State(Record):
    acceptors: Map[Acceptor, Member]
    # Every message ever sent.  No message has to be received, so loss needs no action; a message may be received again
    # and late, so neither do duplication and delay.
    msgs: Set[Message] = Set()


class Paxos(Spec[State]):
    """Single-decree Paxos: two phases for each ballot, any number of ballots at a time."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    acceptors: int = constant(3, "acceptors")
    values: int = constant(2, "values that may be proposed")
    max_ballot: int = bound(1, "highest ballot explored")

    def quorums(self) -> Iterable[Set[Acceptor]]:
        """Minimal majorities; larger quorums allow nothing more."""
        return (Set(q) for q in combinations(Acceptor, self.acceptors // 2 + 1))

    def promise_quorums(self) -> Iterable[Set[Acceptor]]:
        """Whose promises let a leader propose: each must meet every quorum (Howard et al., Flexible Paxos, 2016)."""
        return self.quorums()

    def init(self) -> State:
        return State(acceptors=Map.fill(Acceptor, Member()))

    # ------------------------------------------------------------------ phase 1

    @action
    def phase_1a(self, s: State, b: Ballot) -> State:
        """A leader begins ballot b.  Source: Paxos Made Simple, Phase 1 (a); Paxos, Phase1a."""
        return s.replace(msgs=s.msgs.add(Prepare(bal=b)))

    @action
    def phase_1b(self, s: State, a: Acceptor, m: Annotated[Prepare, In("msgs")]) -> State:
        """Acceptor a promises not to vote below m.bal, and reports its vote.  Source: Phase 1 (b); Paxos, Phase1b."""
        me = s.acceptors[a]
        require(m.bal > me.max_bal, "the ballot is newer than any that a has taken part in")
        promise = Promise(acc=a, bal=m.bal, vote=me.vote)
        return s.replace(acceptors=s.acceptors.set(a, self.promised(me, m.bal)), msgs=s.msgs.add(promise))

    def promised(self, me: Member, b: int) -> Member:
        """The acceptor after its promise for b."""
        return me.replace(max_bal=b)

    # ------------------------------------------------------------------ phase 2

    @action
    def phase_2a(self, s: State, b: Ballot, q: PromiseQuorum, top: Acceptor | None, v: Value) -> State:
        """The leader of ballot b proposes v, which the promises of q allow.  Source: Phase 2 (a); Paxos, Phase2a.

        `top` is the member of q whose vote decides, None if none has voted.  It is a parameter, and not a quantifier
        inside the guard, so that a label carries the whole reason; TLC too counts a transition for each such witness.
        """
        require(self.is_unused(s, b), "nothing is proposed in b yet")
        promises = Set(m for m in s.msgs if isinstance(m, Promise) and m.bal == b and m.acc in q)
        require(all(any(m.acc == a for m in promises) for a in q), "every member of q has promised")
        require(self.may_propose(v, top, promises), "v is the value of the highest vote in q, or q has not voted")
        return s.replace(msgs=s.msgs.add(Accept(bal=b, val=v)))

    def is_unused(self, s: State, b: int) -> bool:
        """Nothing is proposed in b yet."""
        return not any(isinstance(m, Accept) and m.bal == b for m in s.msgs)

    def may_propose(self, v: Value, top: Acceptor | None, promises: Set[Promise]) -> bool:
        """The promises report no vote, and `top` is None; or the vote that decides is one for v, by `top`."""
        if top is None:
            return all(m.vote is None for m in promises)
        return any(
            m.acc == top and m.vote is not None and m.vote.val == v and self.decides(m.vote, promises) for m in promises
        )

    def decides(self, vote: Vote, promises: Set[Promise]) -> bool:
        """No promise reports a vote in a higher ballot.  Source: Paxos Made Simple, P2c."""
        return all(m.vote is None or m.vote.bal <= vote.bal for m in promises)

    @action
    def phase_2b(self, s: State, a: Acceptor, m: Annotated[Accept, In("msgs")]) -> State:
        """Acceptor a votes, unless it has promised not to.  Source: Phase 2 (b); Paxos, Phase2b."""
        me = s.acceptors[a]
        require(self.may_accept(me, m), "a has not promised to ignore this ballot")
        vote = Vote(bal=m.bal, val=m.val)
        return s.replace(
            acceptors=s.acceptors.set(a, me.replace(max_bal=m.bal, vote=vote)),
            msgs=s.msgs.add(Accepted(acc=a, vote=vote)),
        )

    def may_accept(self, me: Member, m: Accept) -> bool:
        """The acceptor has taken part in no higher ballot."""
        return m.bal >= me.max_bal

    # ------------------------------------------------------------------ properties

    def chosen_at(self, s: State, b: int, v: Value) -> bool:
        """Some quorum has voted for v in b."""
        return any(all(Accepted(acc=a, vote=Vote(bal=b, val=v)) in s.msgs for a in q) for q in self.quorums())

    @always("Agreement")
    def agreement(self, s: State, b: Ballot, c: Ballot, v: Value, w: Value) -> bool:
        """At most one value is chosen, in whatever ballots."""
        return v == w or not (self.chosen_at(s, b, v) and self.chosen_at(s, c, w))

    @always("Validity")
    def validity(self, s: State, b: Ballot, v: Value) -> bool:
        """Only a value that was proposed is chosen."""
        return not self.chosen_at(s, b, v) or Accept(bal=b, val=v) in s.msgs

    @step("Integrity")
    def integrity(self, before: State, after: State, b: Ballot, v: Value) -> bool:
        """What is chosen remains chosen."""
        return not self.chosen_at(before, b, v) or self.chosen_at(after, b, v)

    # ------------------------------------------------------------------ lemmas, which make Agreement inductive
    # Source: the invariants MsgInv and AccInv of Lamport, Merz, Doligez, Paxos.tla with its proof (TLAPS).

    @lemma("votes are for proposals")
    def votes_are_for_proposals(self, s: State, a: Acceptor, b: Ballot, v: Value) -> bool:
        """Only what is proposed in a ballot is voted for in it."""
        return not self.voted_for(s, a, b, v) or Accept(bal=b, val=v) in s.msgs

    def voted_for(self, s: State, a: Acceptor, b: int, v: Value) -> bool:
        """Acceptor a has voted for v in b."""
        return Accepted(acc=a, vote=Vote(bal=b, val=v)) in s.msgs

    @lemma("one proposal in a ballot")
    def one_proposal(self, s: State, b: Ballot, v: Value, w: Value) -> bool:
        """At most one value is proposed in a ballot."""
        return v == w or Accept(bal=b, val=v) not in s.msgs or Accept(bal=b, val=w) not in s.msgs

    @lemma("promises are kept")
    def promises_are_kept(self, s: State, m: Annotated[Promise, In("msgs")]) -> bool:
        """Who has promised for a ballot has given up all lower ones."""
        return m.bal <= s.acceptors[m.acc].max_bal

    @lemma("promises report the highest vote")
    def promises_report_the_highest_vote(
        self, s: State, m: Annotated[Promise, In("msgs")], b: Ballot, v: Value
    ) -> bool:
        """The vote in a promise was cast, below its ballot, and none after it up to there."""
        if b >= m.bal:
            return m.vote is None or m.vote.bal < m.bal
        if m.vote is None or b > m.vote.bal:
            return not self.voted_for(s, m.acc, b, v)
        return m.vote != Vote(bal=b, val=v) or self.voted_for(s, m.acc, b, v)

    @lemma("acceptors remember their highest vote")
    def acceptors_remember_their_highest_vote(self, s: State, a: Acceptor, b: Ballot, v: Value) -> bool:
        """The vote that an acceptor remembers was cast, and none in a higher ballot; it is in one that it took part in."""
        me = s.acceptors[a]
        if me.vote is None or b > me.vote.bal:
            return not self.voted_for(s, a, b, v)
        return me.vote.bal <= me.max_bal and (me.vote != Vote(bal=b, val=v) or self.voted_for(s, a, b, v))

    @lemma("proposals are safe")
    def proposals_are_safe(self, s: State, b: Ballot, v: Value) -> bool:
        """The votes of some quorum show that no other value is chosen below, now or ever.  Source: Voting, ShowsSafeAt."""
        return Accept(bal=b, val=v) not in s.msgs or any(self.shows_safe_at(s, q, b, v) for q in self.promise_quorums())

    def shows_safe_at(self, s: State, q: Set[Acceptor], b: int, v: Value) -> bool:
        """All of q have given up the ballots below b, and have not voted there, or last for v."""
        return all(s.acceptors[a].max_bal >= b for a in q) and (
            self.no_vote_between(s, q, -1, b)
            or any(
                isinstance(m, Accepted)
                and m.acc in q
                and m.vote.val == v
                and m.vote.bal < b
                and self.no_vote_between(s, q, m.vote.bal, b)
                for m in s.msgs
            )
        )

    def no_vote_between(self, s: State, q: Set[Acceptor], c: int, b: int) -> bool:
        """No member of q has voted above c and below b."""
        return not any(isinstance(m, Accepted) and m.acc in q and c < m.vote.bal < b for m in s.msgs)

    @implements(Voting)
    def as_voting(self, s: State) -> voting.State:
        """A vote is cast when its Accepted is sent.  Source: Paxos, `V == INSTANCE Voting`."""
        return voting.State(
            votes=Map.of(Acceptor, lambda a: Set(m.vote for m in s.msgs if isinstance(m, Accepted) and m.acc == a)),
            max_bal=Map.of(Acceptor, lambda a: s.acceptors[a].max_bal),
        )

    @reachable("a value is chosen")
    def value_chosen(self, s: State, b: Ballot, v: Value) -> bool:
        return self.chosen_at(s, b, v)

    @reachable("a value is chosen in two ballots")
    def chosen_twice(self, s: State, b: Ballot, c: Ballot, v: Value) -> bool:
        return b != c and self.chosen_at(s, b, v) and self.chosen_at(s, c, v)


class ForgetsPromise(Paxos):
    """An acceptor does not write its promise down: it votes in a ballot that it had given up."""

    outcome = Broken("Agreement", steps=12, source="Paxos, Phase1b", max_ballot=1)

    def promised(self, me: Member, b: int) -> Member:
        return me


class AcceptsLate(Paxos):
    """An acceptor takes a proposal of a ballot that it has given up for one of the ballot that it has come to.

    It was to compare the two, and writes down the greater instead.
    """

    outcome = Broken("Agreement", steps=12, source="Paxos, Phase2b", max_ballot=1)

    @action
    def phase_2b(self, s: State, a: Acceptor, m: Annotated[Accept, In("msgs")]) -> State:
        """Acceptor a votes, in the ballot of m or in the one that it has come to."""
        me = s.acceptors[a]
        vote = Vote(bal=max(m.bal, me.max_bal), val=m.val)
        return s.replace(
            acceptors=s.acceptors.set(a, me.replace(max_bal=vote.bal, vote=vote)),
            msgs=s.msgs.add(Accepted(acc=a, vote=vote)),
        )


class IgnoresVotes(Paxos):
    """A leader proposes what it likes, whatever votes are reported to it."""

    outcome = Broken("Agreement", steps=12, source="Paxos Made Simple, P2c", max_ballot=1)

    def may_propose(self, v: Value, top: Acceptor | None, promises: Set[Promise]) -> bool:
        return top is None


class FollowsLowestVote(Paxos):
    """A leader proposes the value of the *lowest* vote reported to it.  That takes three ballots to go wrong."""

    outcome = (
        Broken("Agreement", steps=17, source="Paxos Made Simple, P2c", max_ballot=2),
        Safe(max_ballot=1, note="In two ballots the lowest vote is the highest."),
    )

    def decides(self, vote: Vote, promises: Set[Promise]) -> bool:
        return all(m.vote is None or m.vote.bal >= vote.bal for m in promises)


class AsksOneAcceptor(Paxos):
    """One promise is enough to propose: the acceptor asked need not be one that has voted."""

    outcome = Broken("Agreement", steps=10, source="Flexible Paxos", max_ballot=1)

    def promise_quorums(self) -> Iterable[Set[Acceptor]]:
        return [Set.of(a) for a in Acceptor]


class ReusesBallot(Paxos):
    """Two leaders propose in the same ballot."""

    outcome = Broken("Agreement", steps=9, source="Voting, OneValuePerBallot", max_ballot=0)

    def is_unused(self, s: State, b: int) -> bool:
        return True


class CountsAcrossBallots(Paxos):
    """A learner counts votes for a value though they were cast in different ballots, and takes it for chosen in the last.

    Nothing but the learner is wrong.  Votes for v in ballots 0 and 2 are no quorum of either; a vote for w in ballot 1 is
    one that ballot 3 may follow, and counts together with that in turn.  Three ballots are too few for the two.
    """

    outcome = (
        Broken("Agreement", steps=20, source="Voting, ChosenAt", max_ballot=3),
        Safe(source="Voting, ChosenAt", max_ballot=2),
    )

    def chosen_at(self, s: State, b: int, v: Value) -> bool:
        return any(
            all(self.has_voted(s, a, b, v) for a in q)
            and any(Accepted(acc=a, vote=Vote(bal=b, val=v)) in s.msgs for a in q)
            for q in self.quorums()
        )

    def has_voted(self, s: State, a: Acceptor, b: int, v: Value) -> bool:
        """Acceptor a has voted for v, in b or before."""
        return any(isinstance(m, Accepted) and m.acc == a and m.vote.val == v and m.vote.bal <= b for m in s.msgs)
