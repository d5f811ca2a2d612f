"""Ben-Or's consensus: no leader and no clock; where the processes cannot tell what to choose, each tosses a coin.

Source: M. Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols, PODC 1983, Protocol A: the
version for processes that crash, n > 2f.

Throughout this file: i, j processes; v, w values; r a round; q the processes whose messages one has waited for; n processes,
at most f of which crash (the paper says N and t).

A coin is a choice that nobody controls: both outcomes are explored, and with what probability they come is left out.  So this
file says that no coins, however unlucky, break Agreement.  That a decision comes with probability 1 is more than can be said
here; what can is that one is reachable.
Differs: a crash needs no step of its own.  Nobody has to take a step, and nobody has to receive a message, so that a process
that goes no further, its last broadcast cut, is one of the behaviours anyway.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations, product
from typing import Annotated

from mcheck.spec import (
    Broken,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Safe,
    Set,
    Spec,
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


class Process(Index, size="processes"):
    """One of the group."""


class Value(Index, size=2):
    """What may be proposed: one of two values, as a coin has two sides."""


Round = Annotated[int, Range(1, "max_round")]
RoundOfMember = Annotated[
    int, Range(1, "max_round+1")
]  # one past the bound: a process that has finished the last round
Awaited = Annotated[Set[Process], OneOf("awaited")]


class Report(Record):
    """From src to all, (1, r, v): this is my value."""

    src: Process
    round: Round
    value: Value


class Proposal(Record):
    """From src to all, (2, r, v, D): most have reported v; or, with None, (2, r, ?): I cannot tell."""

    src: Process
    round: Round
    value: Value | None


class Stage(Enum):
    """What a process does next.  Source: Protocol A, steps 1 to 3."""

    REPORT = auto()
    PROPOSE = auto()
    CONCLUDE = auto()


class Member(Record):
    """A process: its round, its value x, and what it has decided."""

    round: RoundOfMember = 1
    stage: Stage = Stage.REPORT
    value: Value
    decision: Value | None = None


class State(Record):
    inputs: Map[Process, Value]
    members: Map[Process, Member]
    msgs: Set[Report | Proposal] = Set()  # every message ever sent


class BenOr(Spec[State]):
    """Binary consensus by rounds of reports and proposals, and coins."""

    fault_model = "crash-stop"
    resilience = "n >= 2f + 1"

    processes: int = constant(3, "processes", least=1)
    faults: int = constant(1, "processes that may crash", least=0)
    max_round: int = bound(2, "rounds explored, from round 1", least=1)

    def init(self) -> Iterable[State]:
        """Any process may start with either value."""
        if self.tolerated() >= self.processes:
            raise UsageError(
                f"BenOr: of {self.processes} processes at least one must stay up (got {self.tolerated()} that may crash)"
            )
        choices = [dict(zip(Process, values, strict=True)) for values in product(Value, repeat=self.processes)]
        return [self.start(Map.of(Process, chosen.__getitem__)) for chosen in choices]

    def start(self, inputs: Map[Process, Value]) -> State:
        """The initial state with these inputs."""
        return State(inputs=inputs, members=Map.of(Process, lambda i: Member(value=inputs[i])))

    def tolerated(self) -> int:
        """f: so many may never answer, so nobody waits for them."""
        return self.faults

    def awaited(self) -> Iterable[Set[Process]]:
        """Whose messages a process waits for: any n - f.  Source: Protocol A, steps 2 and 3."""
        return (Set(q) for q in combinations(Process, self.processes - self.tolerated()))

    # ------------------------------------------------------------------ a round

    @action
    def report(self, s: State, i: Process) -> State:
        """Process i tells all its value.  Source: Protocol A, step 1."""
        me = s.members[i]
        require(me.stage == Stage.REPORT, "i is at the beginning of a round")
        m = Report(src=i, round=me.round, value=me.value)
        return s.replace(members=s.members.set(i, me.replace(stage=Stage.PROPOSE)), msgs=s.msgs.add(m))

    @action
    def propose(self, s: State, i: Process, q: Awaited, v: Value | None) -> State:
        """Process i has the reports of q, and proposes the value that most processes have, if it can tell.

        Source: Protocol A, step 2.
        """
        me = s.members[i]
        require(me.stage == Stage.PROPOSE, "i has sent its report")
        require(all(any(self.reported(s, me.round, j, w) for w in Value) for j in q), "all of q have reported")
        require(self.may_propose(s, me.round, q, v), "most have reported v; or there is no such value, and v is None")
        m = Proposal(src=i, round=me.round, value=v)
        return s.replace(members=s.members.set(i, me.replace(stage=Stage.CONCLUDE)), msgs=s.msgs.add(m))

    def reported(self, s: State, r: int, j: Process, v: Value) -> bool:
        """Process j has reported v in round r."""
        return Report(src=j, round=r, value=v) in s.msgs

    def may_propose(self, s: State, r: int, q: Set[Process], v: Value | None) -> bool:
        """The reports of q are enough to propose v; with None, they are not enough for any value."""
        if v is None:
            return not any(self.is_majority(count(self.reported(s, r, j, w) for j in q)) for w in Value)
        return self.is_majority(count(self.reported(s, r, j, v) for j in q))

    def is_majority(self, reports: int) -> bool:
        """More than half of all processes, not only of those that have answered: no two values have that many."""
        return reports * 2 > self.processes

    @action
    def conclude(self, s: State, i: Process, q: Awaited, v: Value) -> State:
        """Process i has the proposals of q, one of which at least is for v: it takes v over, and may decide it.

        Source: Protocol A, step 3 (a) and (b), and step 4.
        """
        r = s.members[i].round
        require(self.may_conclude(s, i, q), "i has sent its proposal, and has those of q")
        require(self.may_adopt(s, r, q, v), "someone in q proposes v")
        decided = self.is_decided(count(self.proposed(s, r, j, v) for j in q))
        return self.ended(s, i, v, v if decided else None)

    @action
    def toss(self, s: State, i: Process, q: Awaited, coin: Value) -> State:
        """Process i has the proposals of q, none of which is for a value: it takes what the coin says.

        Source: Protocol A, step 3 (c), and step 4.
        """
        r = s.members[i].round
        require(self.may_conclude(s, i, q), "i has sent its proposal, and has those of q")
        require(not any(self.may_adopt(s, r, q, v) for v in Value), "nobody in q proposes a value")
        return self.ended(s, i, coin, None)

    def may_conclude(self, s: State, i: Process, q: Set[Process]) -> bool:
        """Process i has sent its proposal, and those of all of q have come."""
        me = s.members[i]
        return me.stage == Stage.CONCLUDE and all(
            self.proposed(s, me.round, j, None) or any(self.proposed(s, me.round, j, v) for v in Value) for j in q
        )

    def proposed(self, s: State, r: int, j: Process, v: Value | None) -> bool:
        """Process j has proposed v in round r; None: has said that it cannot tell."""
        return Proposal(src=j, round=r, value=v) in s.msgs

    def may_adopt(self, s: State, r: int, q: Set[Process], v: Value) -> bool:
        """One proposal is reason enough to take its value over: others may have seen more of them, and decided."""
        return any(self.proposed(s, r, j, v) for j in q)

    def is_decided(self, proposals: int) -> bool:
        """More proposals than may be missed: everyone who concludes the round sees one of them."""
        return proposals > self.tolerated()

    def ended(self, s: State, i: Process, value: Value, decided: Value | None) -> State:
        """Process i begins its next round, with this value; a decision, once made, stays."""
        me = s.members[i]
        decision = me.decision if me.decision is not None else decided
        me = Member(round=me.round + 1, stage=Stage.REPORT, value=value, decision=decision)
        return s.replace(members=s.members.set(i, me))

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, i: Process, j: Process) -> bool:
        """No two processes decide different values, whether or not they crash later."""
        a, b = s.members[i].decision, s.members[j].decision
        return a is None or b is None or a == b

    @always("Validity")
    def validity(self, s: State, i: Process) -> bool:
        """What is decided is the value that some process started with."""
        decided = s.members[i].decision
        return decided is None or any(s.inputs[j] == decided for j in Process)

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Process) -> bool:
        """What a process has decided, it stays with."""
        decided = before.members[i].decision
        return decided is None or after.members[i].decision == decided

    @always("Proposals Agree")
    def proposals_agree(self, s: State, i: Process, j: Process, r: Round, v: Value, w: Value) -> bool:
        """In a round no two values are proposed.  The lemma behind Agreement."""
        return v == w or not (self.proposed(s, r, i, v) and self.proposed(s, r, j, w))

    # ------------------------------------------------------------------ witnesses

    @reachable("a value is decided")
    def value_decided(self, s: State, i: Process) -> bool:
        return s.members[i].decision is not None

    @reachable("all decide")
    def all_decide(self, s: State) -> bool:
        return all(s.members[i].decision is not None for i in Process)

    @reachable("a value is decided although reports differ")
    def decided_though_split(self, s: State, i: Process, j: Process, r: Round, v: Value, w: Value) -> bool:
        split = v != w and self.reported(s, r, i, v) and self.reported(s, r, j, w)
        return split and any(s.members[k].decision is not None for k in Process)


class OneFaultMore(BenOr):
    """The processes reckon with one more crash, and wait for n - f - 1 others.

    Of 2f processes or fewer, those awaited are never more than half: nobody can propose anything, nobody decides, and
    nothing is wrong but that.  With five processes the bound of n > 2f is still kept.
    """

    outcome = Safe(source="Protocol A, N > 2t", processes=3, faults=1, max_round=2, note="Nobody ever decides.")

    def tolerated(self) -> int:
        return self.faults + 1


class DecidesOnOneProposal(BenOr):
    """A process decides on the first proposal that it sees: others may miss it, and toss."""

    outcome = Broken("Agreement", steps=14, source="Protocol A, step 3 (b)", processes=3, faults=1, max_round=2)

    def is_decided(self, proposals: int) -> bool:
        return proposals >= 1


class ProposesPlurality(BenOr):
    """A process proposes what most of those have that have answered it: another one has heard from others."""

    outcome = (
        Broken("Proposals Agree", steps=4, source="Protocol A, step 2", processes=3, faults=1, max_round=1),
        Broken("Agreement", steps=13, source="Protocol A, step 2", processes=3, faults=1, max_round=2),
    )

    def is_majority(self, reports: int) -> bool:
        return reports * 2 >= self.processes - self.tolerated()


class TossesAnyway(BenOr):
    """A process takes a value over only if it may decide it, and tosses otherwise: others may have decided."""

    outcome = Broken("Agreement", steps=14, source="Protocol A, step 3 (a)", processes=3, faults=1, max_round=2)

    def may_adopt(self, s: State, r: int, q: Set[Process], v: Value) -> bool:
        return self.is_decided(count(self.proposed(s, r, j, v) for j in q))
