"""Ben-Or's consensus round by round: nobody begins a round before all who are up have ended the last one.

Source: M. Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols, PODC 1983, Protocol A: the
version for processes that crash, n > 2f.

Throughout this file: i, j processes; v, w values; q the processes whose messages one has waited for; n processes, at most f of
which crash (the paper says N and t).

With rounds in step a state need not say which round it is: so there are finitely many, no bound cuts anything, and it can be
asked what happens for ever.  `ben_or.py` is the protocol without this step, up to a number of rounds.
Differs: in the paper a process may be rounds behind the others.  A message of a round is used in that round only, and so every
run has one in which the rounds are in step and in which each process goes through the same states, one after the other: T.
Elrad and N. Francez, Decomposition of Distributed Programs into Communication-Closed Layers, Science of Computer Programming 2
(1982); M. Chaouch-Saad, B. Charron-Bost and S. Merz, A Reduction Theorem for the Verification of Round-Based Distributed
Algorithms, RP 2009.  To be late is, then, not to be heard: q leaves out whom the scheduler likes.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations, product
from typing import Annotated

from mcheck.spec import (
    GHOST,
    Index,
    Map,
    OneOf,
    Participant,
    Record,
    Safe,
    Set,
    Spec,
    UsageError,
    action,
    all,
    always,
    any,
    constant,
    count,
    decision,
    participant,
    reachable,
    require,
    step,
    where,
)


class Process(Index, size="processes"):
    """One of the group."""


class Value(Index, size=2):
    """What may be proposed: one of two values, as a coin has two sides."""


Awaited = Annotated[Set[Process], OneOf("awaited")]


class Stage(Enum):
    """What a process has sent in this round.  Source: Protocol A, steps 1 to 3."""

    REPORTED = auto()  # its report, (1, r, value)
    PROPOSED = auto()  # and its proposal, (2, r, proposal, D), or (2, r, ?) if that is None
    CONCLUDED = auto()  # and it has ended the round
    GONE = auto()  # nothing: it crashed in an earlier round


class Member(Record):
    """A process: its value x, what it has sent, what it has decided, and whether it is up."""

    value: Value
    stage: Stage = Stage.REPORTED
    proposal: Value | None = None
    decision: Value | None = None
    up: bool = True


class State(Record):
    members: Map[Process, Member]
    unanimous: Annotated[Value | None, GHOST] = None  # what all started with, if that was the same


class BenOrRounds(Spec[State]):
    """Binary consensus by rounds of reports and proposals, and coins; the rounds are in step."""

    fault_model = "crash-stop"
    resilience = "n >= 2f + 1"

    processes: int = constant(3, "processes", least=1)
    faults: int = constant(1, "processes that may crash", least=0)

    def init(self) -> Iterable[State]:
        """Any process may start with either value, and has reported it."""
        if self.faults >= self.processes:
            raise UsageError(
                f"BenOrRounds: of {self.processes} processes at least one must stay up (got {self.faults} that may crash)"
            )
        for values in product(Value, repeat=self.processes):
            members = [Member(value=value) for value in values]
            yield State(
                members=Map.of(Process, dict(zip(Process, members, strict=True)).__getitem__),
                unanimous=values[0] if values.count(values[0]) == self.processes else None,
            )

    def awaited(self) -> Iterable[Set[Process]]:
        """Whose messages a process waits for: any n - f.  Source: Protocol A, steps 2 and 3."""
        return (Set(q) for q in combinations(Process, self.processes - self.faults))

    # ------------------------------------------------------------------ a round

    @action
    def propose(self, s: State, i: Process, q: Awaited, v: Value | None) -> State:
        """Process i has the reports of q, and proposes the value that most processes have; None if it cannot tell.

        Source: Protocol A, step 2.
        """
        me = s.members[i]
        require(me.up and me.stage == Stage.REPORTED, "i is up, and has sent its report")
        require(all(s.members[j].stage != Stage.GONE for j in q), "all of q have reported")
        require(self.may_propose(s, q, v), "most have reported v; or there is no such value, and v is None")
        return s.replace(members=s.members.set(i, me.replace(stage=Stage.PROPOSED, proposal=v)))

    def may_propose(self, s: State, q: Set[Process], v: Value | None) -> bool:
        """The reports of q are enough to propose v; with None, they are not enough for any value."""
        if v is None:
            return not any(self.is_majority(count(s.members[j].value == w for j in q)) for w in Value)
        return self.is_majority(count(s.members[j].value == v for j in q))

    def is_majority(self, reports: int) -> bool:
        """More than half of all processes, not only of those that have answered: no two values have that many."""
        return reports * 2 > self.processes

    @action
    def conclude(self, s: State, i: Process, q: Awaited, v: Value) -> State:
        """Process i has the proposals of q, one of which at least is for v: it takes v over, and may decide it.

        Source: Protocol A, step 3 (a) and (b).
        """
        require(self.may_conclude(s, i, q), "i has sent its proposal, and has those of q")
        require(self.may_adopt(s, q, v), "someone in q proposes v")
        return self.ended(s, i, v, self.is_decided(count(s.members[j].proposal == v for j in q)))

    @action
    def toss(self, s: State, i: Process, q: Awaited, coin: Value) -> State:
        """Process i has the proposals of q, none of which is for a value: it takes what the coin says.

        Source: Protocol A, step 3 (c).
        """
        require(self.may_conclude(s, i, q), "i has sent its proposal, and has those of q")
        require(not any(self.may_adopt(s, q, v) for v in Value), "nobody in q proposes a value")
        require(self.may_fall(s.members[i], coin), "the coin may fall so")
        return self.ended(s, i, coin, False)

    def may_fall(self, me: Member, coin: Value) -> bool:
        """Either side."""
        return True

    def may_conclude(self, s: State, i: Process, q: Set[Process]) -> bool:
        """All who are up have proposed, process i too, and the proposals of q have come."""
        me = s.members[i]
        return (
            me.up
            and me.stage == Stage.PROPOSED
            and all(not s.members[j].up or s.members[j].stage != Stage.REPORTED for j in Process)
            and all(s.members[j].stage == Stage.PROPOSED or s.members[j].stage == Stage.CONCLUDED for j in q)
        )

    def may_adopt(self, s: State, q: Set[Process], v: Value) -> bool:
        """One proposal is reason enough to take its value over: others may have seen more of them, and decided."""
        return any(s.members[j].proposal == v for j in q)

    def is_decided(self, proposals: int) -> bool:
        """More proposals than may be missed: everyone who concludes the round sees one of them."""
        return proposals > self.faults

    def ended(self, s: State, i: Process, value: Value, decided: bool) -> State:
        """Process i ends the round with this value, and decides it or not; a decision, once made, stays."""
        me = s.members[i]
        kept = where(me.decision is None and decided, value, me.decision)
        me = me.replace(value=value, stage=Stage.CONCLUDED, decision=kept)
        return self.begun(s.replace(members=s.members.set(i, me)))

    @action
    def crash(self, s: State, i: Process) -> State:
        """Process i crashes; what it has sent in this round can still be received.  It never comes back."""
        require(s.members[i].up, "i is up")
        require(count(not s.members[j].up for j in Process) < self.faults, "not so many have crashed yet")
        return self.begun(s.replace(members=s.members.set(i, s.members[i].replace(up=False))))

    def begun(self, s: State) -> State:
        """The next round, with new reports, if all who are up have ended this one.  Source: Protocol A, steps 4 and 1."""
        over = all(not s.members[i].up or s.members[i].stage == Stage.CONCLUDED for i in Process)

        def next_round(me: Member) -> Member:
            stage = where(me.up, Stage.REPORTED, Stage.GONE)
            return me.replace(stage=where(over, stage, me.stage), proposal=where(over, None, me.proposal))

        return s.replace(members=Map.of(Process, lambda i: next_round(s.members[i])))

    # ------------------------------------------------------------------ decisions

    @decision
    def decided(self, s: State, v: Value) -> bool:
        """Some process has decided v."""
        return any(s.members[i].decision == v for i in Process)

    def participants(self) -> Iterable[Participant]:
        """Who goes on; a crash is a step of nobody."""
        return [participant("process", self.propose, self.conclude, self.toss, each="i")]

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, i: Process, j: Process) -> bool:
        """No two processes decide different values, whether or not they crash later."""
        a, b = s.members[i].decision, s.members[j].decision
        return a is None or b is None or a == b

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Process) -> bool:
        """What a process has decided, it stays with."""
        decided = before.members[i].decision
        return decided is None or after.members[i].decision == decided

    @always("Validity")
    def validity(self, s: State, i: Process) -> bool:
        """What all start with is decided, and nothing else; where inputs differ, both values are somebody's."""
        decided = s.members[i].decision
        return decided is None or s.unanimous is None or decided == s.unanimous

    @always("Proposals Agree")
    def proposals_agree(self, s: State, i: Process, j: Process) -> bool:
        """In a round no two values are proposed.  The lemma behind Agreement."""
        a, b = s.members[i].proposal, s.members[j].proposal
        return a is None or b is None or a == b

    # ------------------------------------------------------------------ witnesses

    @reachable("a value is decided")
    def value_decided(self, s: State, i: Process) -> bool:
        return s.members[i].decision is not None

    @reachable("all decide")
    def all_decide(self, s: State) -> bool:
        return all(s.members[i].decision is not None for i in Process)


class TakesDefault(BenOrRounds):
    """No coin: whoever cannot tell takes a fixed value.  Deterministic and safe; it need not decide, as the theorem says."""

    outcome = Safe(note="A run that stays bivalent never decides: mcheck valency.", source="Protocol A, step 3 (c)")

    def may_fall(self, me: Member, coin: Value) -> bool:
        return coin == Value(0)


class KeepsValue(BenOrRounds):
    """No coin: whoever cannot tell keeps its value.  Deterministic and safe; a crash at the wrong moment, and nobody decides."""

    outcome = Safe(note="Some configurations are null: mcheck valency.", source="Protocol A, step 3 (c)")

    def may_fall(self, me: Member, coin: Value) -> bool:
        return coin == me.value
