"""The duel in larger steps: with the answer that makes a majority a proposer goes on at once, and a refusal is an answer too.

Differs from `paxos_duel`: to learn that it is pre-empted a proposer must be refused, and then is idle; of the promises it keeps who
made them and the highest vote; it proposes with the last promise and decides with the last acceptance.
"""

from __future__ import annotations

from enum import Enum, auto

from mcheck.models.paxos_duel import Acceptor, Ballot, Member, Proposer, Value, Vote
from mcheck.spec import (
    Map,
    Record,
    Set,
    Spec,
    action,
    always,
    bound,
    constant,
    eventually,
    len,
    max,
    require,
)
from mcheck.spec import any as some


class Phase(Enum):
    IDLE = auto()
    PREPARING = auto()
    ACCEPTING = auto()
    DECIDED = auto()


class Attempt(Record):
    val: Value
    phase: Phase = Phase.IDLE
    bal: Ballot = -1
    answered: Set[Acceptor] = Set()  # in this phase
    highest: Vote | None = None  # in the promises so far


class State(Record):
    proposers: Map[Proposer, Attempt]
    acceptors: Map[Acceptor, Member]


class DuelWithRefusals(Spec[State]):
    acceptors: int = constant(3, "acceptors", least=1)
    stable: bool = constant(False, "only one proposer ever begins")
    max_ballot: int = bound(1, "highest ballot")

    def init(self) -> State:
        return State(
            proposers=Map.of(Proposer, lambda p: Attempt(val=p)),
            acceptors=Map.fill(Acceptor, Member()),
        )

    def is_last(self, answered: Set[Acceptor]) -> bool:
        """One more answer makes a majority."""
        return 2 * (len(answered) + 1) > self.acceptors

    @action
    def start(self, s: State, p: Proposer) -> State:
        require(s.proposers[p].phase == Phase.IDLE, "p is idle")
        require(not self.stable or p == Proposer(0), "p may begin")
        top = max(max(s.proposers[q].bal for q in Proposer), max(s.acceptors[a].max_bal for a in Acceptor))
        begun = Attempt(val=p, phase=Phase.PREPARING, bal=top + 1)
        return s.replace(proposers=s.proposers.set(p, begun))

    @action
    def prepare(self, s: State, p: Proposer, a: Acceptor) -> State:
        me, member = s.proposers[p], s.acceptors[a]
        require(me.phase == Phase.PREPARING and a not in me.answered, "a has not answered")
        if me.bal <= member.max_bal:
            return s.replace(proposers=s.proposers.set(p, Attempt(val=p)))
        mine, vote = me.highest, member.vote
        higher = vote is not None and (mine is None or mine.bal < vote.bal)
        highest = vote if higher else mine
        if self.is_last(me.answered):
            val = p if highest is None else highest.val
            after = Attempt(val=val, phase=Phase.ACCEPTING, bal=me.bal)
        else:
            after = me.replace(answered=me.answered.add(a), highest=highest)
        acceptors = s.acceptors.set(a, member.replace(max_bal=me.bal))
        return State(proposers=s.proposers.set(p, after), acceptors=acceptors)

    @action
    def accept(self, s: State, p: Proposer, a: Acceptor) -> State:
        me, member = s.proposers[p], s.acceptors[a]
        require(me.phase == Phase.ACCEPTING and a not in me.answered, "a has not answered")
        if me.bal < member.max_bal:
            return s.replace(proposers=s.proposers.set(p, Attempt(val=p)))
        decided = Attempt(val=me.val, phase=Phase.DECIDED)
        after = decided if self.is_last(me.answered) else me.replace(answered=me.answered.add(a))
        vote = Member(max_bal=me.bal, vote=Vote(bal=me.bal, val=me.val))
        return State(proposers=s.proposers.set(p, after), acceptors=s.acceptors.set(a, vote))

    @always("Agreement")
    def agreement(self, s: State, p: Proposer, q: Proposer) -> bool:
        a, b = s.proposers[p], s.proposers[q]
        return a.phase != Phase.DECIDED or b.phase != Phase.DECIDED or a.val == b.val

    @eventually("Termination")
    def termination(self, s: State) -> bool:
        return some(s.proposers[p].phase == Phase.DECIDED for p in Proposer)
