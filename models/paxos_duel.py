"""The duel: two proposers of Paxos pre-empt each other with ever larger ballots, and nothing is ever chosen.

Source: Lamport, Paxos Made Simple (2001), §2.4; Fischer, Lynch & Paterson, Impossibility of Distributed Consensus with One Faulty
Process, JACM 32 (1985): for any protocol there is a behaviour of the kind.

Throughout this file: p, q proposers; a an acceptor; v a value.  There are two proposers, and the value that one asks for is called
as it is.

Granularity: a prepare with its promise, and an accept with its acceptance, are one step for each acceptor.  Nothing is lost, and
nobody crashes.  A message that would be refused is not delivered; a proposer sees for itself that it is pre-empted, that is, that an
acceptor has promised a larger ballot.  It may then begin again, and need not.  So what was sent in an attempt that was given up
can never matter again, and is no part of the state.
Differs from `paxos`: a proposer remembers who has answered, and its ballot is larger than any there is.

A ballot is a rank: nothing matters but which is larger.  Up to that, three acceptors make 102,417 states, where a bound on
ballots would end each duel in a deadlock that is none.  In larger steps, where the answer that makes a majority takes the
proposer to its next phase, and one that is refused begins anew, there are 46,055.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated, ClassVar

from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Index,
    Map,
    Participant,
    Rank,
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
    count,
    decision,
    eventually,
    len,
    max,
    participant,
    reachable,
    require,
    weak,
    where,
)


class Acceptor(Index, size="acceptors"):
    """Whoever votes."""


class Proposer(Index, size=2):
    """Whoever tries to have its own value chosen."""


Value = Proposer  # a value is whose it is
Ballot = Annotated[int, Rank(-1, "max_ballot")]  # -1: none yet


class Phase(Enum):
    IDLE = auto()
    PREPARING = auto()
    ACCEPTING = auto()
    DECIDED = auto()


class Vote(Record):
    bal: Ballot
    val: Value


class Promise(Record):
    """An acceptor's answer to a prepare: its highest vote, if there is one."""

    vote: Vote | None


class Attempt(Record):
    """What a proposer remembers: of its present ballot, and nothing of earlier ones."""

    val: Value  # what it asks for; then what it proposes in `bal`, or has decided
    phase: Phase = Phase.IDLE
    bal: Ballot = -1
    promises: Map[Acceptor, Promise | None]  # who has answered in `bal`, and how
    accepted: Set[Acceptor] = Set()  # who has voted in `bal`


class Member(Record):
    """What an acceptor remembers."""

    max_bal: Ballot = -1  # the highest ballot it has taken part in
    vote: Vote | None = None  # its highest vote


class State(Record):
    proposers: Map[Proposer, Attempt]
    acceptors: Map[Acceptor, Member]
    leader: Proposer | None = None  # who alone begins ballots from now on


class PaxosDuel(Spec[State]):
    """Paxos between two proposers with different values, in ballots without bound."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken("Termination", stem=5, cycle=7, source="Paxos Made Simple, section 2.4"),
        Broken("Decision", fairness="declared", source="Paxos Made Simple, section 2.4"),
        Broken("Termination", stem=15, cycle=24, fairness="strong"),
        Safe("Termination", "Decision", single_proposer=True, source="Paxos Made Simple, section 2.4"),
        Safe("Termination", "Decision", single_proposer=True, fairness="weak"),
        Broken("Decision", stem=0, cycle=0, fairness="none", single_proposer=True, acceptors=1),
    )

    acceptors: int = constant(3, "acceptors", least=1)
    single_proposer: bool = constant(
        False, "at some time, whatever has happened, only one proposer goes on to begin ballots"
    )
    max_ballot: int = bound(1, "highest ballot explored; `mcheck liveness` explores all ballots")

    def init(self) -> State:
        return State(proposers=Map.of(Proposer, self.begun), acceptors=Map.fill(Acceptor, Member()))

    def begun(self, v: Value) -> Attempt:
        """An attempt for v that nobody has answered."""
        return Attempt(val=v, promises=Map.fill(Acceptor, None))

    def is_quorum(self, size: int) -> bool:
        """So many acceptors are a majority."""
        return 2 * size > self.acceptors

    # ------------------------------------------------------------------ phase 1

    @action
    def start(self, s: State, p: Proposer) -> State:
        """Proposer p begins a ballot that is larger than any.  Source: Paxos Made Simple, Phase 1 (a)."""
        me = s.proposers[p]
        require(me.phase == Phase.IDLE or self.is_preempted(s, me), "p has not begun, or is pre-empted")
        require(s.leader is None or s.leader == p, "p may begin")
        top = max(max(s.proposers[q].bal for q in Proposer), max(s.acceptors[a].max_bal for a in Acceptor))
        mine = self.begun(p).replace(phase=Phase.PREPARING, bal=top + 1)
        return s.replace(proposers=s.proposers.set(p, mine))

    def is_preempted(self, s: State, me: Attempt) -> bool:
        """The proposer has not decided, and an acceptor has promised a larger ballot."""
        return me.phase != Phase.DECIDED and any(s.acceptors[a].max_bal > me.bal for a in Acceptor)

    @action
    def prepare(self, s: State, p: Proposer, a: Acceptor) -> State:
        """Acceptor a promises not to vote below the ballot of p, and reports its vote.  Source: Phase 1 (b)."""
        me, member = s.proposers[p], s.acceptors[a]
        require(me.phase == Phase.PREPARING, "p is preparing")
        require(
            me.promises[a] is None and me.bal > member.max_bal, "the ballot is larger than any that a has taken part in"
        )
        mine = me.replace(promises=me.promises.set(a, Promise(vote=member.vote)))
        return s.replace(
            proposers=s.proposers.set(p, mine), acceptors=s.acceptors.set(a, member.replace(max_bal=me.bal))
        )

    # ------------------------------------------------------------------ phase 2

    @action
    def propose(self, s: State, p: Proposer, v: Value) -> State:
        """With the promises of a majority, p proposes the value of the highest vote reported, or its own.  Source: Phase 2 (a)."""
        me = s.proposers[p]
        require(me.phase == Phase.PREPARING, "p is preparing")
        require(self.is_quorum(count(me.promises[a] is not None for a in Acceptor)), "a majority has promised")
        require(self.may_propose(me, p, v), "v is the value of the highest vote reported, or of p if there is none")
        mine = self.begun(v).replace(phase=Phase.ACCEPTING, bal=me.bal)
        return s.replace(proposers=s.proposers.set(p, mine))

    def may_propose(self, me: Attempt, p: Proposer, v: Value) -> bool:
        """Whether the promises allow v.  Source: Paxos Made Simple, P2c."""
        top = max(self.ballot_of(me.promises[a]) for a in Acceptor)
        reported = any(self.ballot_of(me.promises[a]) == top and self.is_for(me.promises[a], v) for a in Acceptor)
        return where(top == -1, v == p, reported)

    def ballot_of(self, promise: Promise | None) -> int:
        """The ballot of the vote in a promise, -1 if there is none."""
        if promise is None:
            return -1
        vote = promise.vote
        return -1 if vote is None else vote.bal

    def is_for(self, promise: Promise | None, v: Value) -> bool:
        """The promise reports a vote for v."""
        if promise is None:
            return False
        vote = promise.vote
        return False if vote is None else vote.val == v

    @action
    def accept(self, s: State, p: Proposer, a: Acceptor) -> State:
        """Acceptor a votes in the ballot of p, unless it has promised a larger one.  Source: Phase 2 (b)."""
        me, member = s.proposers[p], s.acceptors[a]
        require(me.phase == Phase.ACCEPTING, "p has proposed")
        require(a not in me.accepted, "a has not voted in this ballot")
        require(me.bal >= member.max_bal, "a has promised no larger ballot")
        return s.replace(
            proposers=s.proposers.set(p, me.replace(accepted=me.accepted.add(a))),
            acceptors=s.acceptors.set(a, Member(max_bal=me.bal, vote=Vote(bal=me.bal, val=me.val))),
        )

    @action
    def decide(self, s: State, p: Proposer) -> State:
        """Proposer p learns that a majority has voted for its value, and decides."""
        me = s.proposers[p]
        require(self.has_chosen(me), "a majority has voted in the ballot of p")
        return s.replace(proposers=s.proposers.set(p, self.begun(me.val).replace(phase=Phase.DECIDED)))

    def has_chosen(self, me: Attempt) -> bool:
        """A majority has voted for what the proposer proposes."""
        return me.phase == Phase.ACCEPTING and self.is_quorum(len(me.accepted))

    # ------------------------------------------------------------------ the environment

    @action
    def settle(self, s: State, p: Proposer) -> State:
        """From now on only p begins ballots: an eventual leader, as the failure detector Ω gives one."""
        require(self.single_proposer and s.leader is None, "there is to be one proposer, and there are two")
        return s.replace(leader=p)

    def fairness(self) -> Iterable[Fairness]:
        """Every step that stays possible is taken, for each proposer and acceptor."""
        return [
            weak(self.start, each="p"),
            weak(self.prepare, each=("p", "a")),
            weak(self.propose, each="p"),
            weak(self.accept, each=("p", "a")),
            weak(self.decide, each="p"),
            weak(self.settle),
        ]

    # ------------------------------------------------------------------ decisions

    @decision
    def decided(self, s: State, v: Value) -> bool:
        """A majority has voted for v in one ballot, whether or not anyone has noticed."""
        return any(self.has_settled(s.proposers[p]) and s.proposers[p].val == v for p in Proposer)

    def has_settled(self, me: Attempt) -> bool:
        """What the proposer proposes is chosen, or it has decided."""
        return self.has_chosen(me) or me.phase == Phase.DECIDED

    def participants(self) -> Iterable[Participant]:
        """A step of an acceptor is an answer to a proposer, and part of a step of it."""
        return [participant("proposer", self.start, self.prepare, self.propose, self.accept, self.decide, each="p")]

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, p: Proposer, q: Proposer) -> bool:
        """No two proposers decide differently."""
        a, b = s.proposers[p], s.proposers[q]
        return a.phase != Phase.DECIDED or b.phase != Phase.DECIDED or a.val == b.val

    @eventually("Termination")
    def termination(self, s: State) -> bool:
        """A value is chosen, whether or not anyone has noticed."""
        return any(self.has_chosen(s.proposers[p]) or s.proposers[p].phase == Phase.DECIDED for p in Proposer)

    @eventually("Decision")
    def some_decision(self, s: State) -> bool:
        """A proposer decides."""
        return any(s.proposers[p].phase == Phase.DECIDED for p in Proposer)

    @reachable("both proposers decide")
    def both_decide(self, s: State) -> bool:
        return all(s.proposers[p].phase == Phase.DECIDED for p in Proposer)

    @reachable("a proposer adopts the other's value")
    def adopts(self, s: State, p: Proposer) -> bool:
        return s.proposers[p].val != p


class IgnoresVotes(PaxosDuel):
    """A proposer proposes its own value, whatever votes are reported to it."""

    outcome = Broken("Agreement", steps=14, source="Paxos Made Simple, P2c", acceptors=3, max_ballot=1)

    def may_propose(self, me: Attempt, p: Proposer, v: Value) -> bool:
        return v == p
