"""One round of votes: everybody tells all others what it proposes, and decides the least value that it has heard of.

Source: the two ways to fail of M. Fischer, N. Lynch and M. Paterson, Impossibility of Distributed Consensus with One Faulty
Process, JACM 32 (1985), section 1: a protocol that waits for everybody is stopped by one that is silent.

Throughout this file: i, j processes; v, w values; q the processes whose votes one has waited for; n processes, f of which may
be silent.

A crash needs no step of its own: nobody has to take a step, so that one who goes no further is one of the behaviours anyway.
"""

from collections.abc import Iterable
from itertools import combinations, product
from typing import Annotated, ClassVar

from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Index,
    Map,
    OneOf,
    Participant,
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
    constant,
    decision,
    eventually,
    min,
    participant,
    reachable,
    require,
    step,
    weak,
)


class Process(Index, size="processes"):
    """One of the group."""


Value = Annotated[int, Range(0, "values-1")]
Awaited = Annotated[Set[Process], OneOf("awaited")]


class Vote(Record):
    """From src to all: this is what I propose."""

    src: Process
    value: Value


class Member(Record):
    """A process: what it proposes, and what it has decided."""

    proposal: Value
    decision: Value | None = None


class State(Record):
    members: Map[Process, Member]
    msgs: Set[Vote] = Set()  # every message ever sent


class OneRound(Spec[State]):
    """Waits for the votes of all: safe, and blocked by a single process that is silent."""

    fault_model = "crash-stop"
    resilience = "f = 0"  # everybody waits for everybody

    outcome: ClassVar[ExpectedOutcomes] = Safe("Termination", source="section 1")

    processes: int = constant(3, "processes", least=1)
    faults: int = constant(1, "processes that may be silent", least=0)
    values: int = constant(2, "values that may be proposed", least=1)

    def init(self) -> Iterable[State]:
        """Any process may propose any value."""
        if self.faults >= self.processes:
            raise UsageError(
                f"OneRound: of {self.processes} processes at least one must stay up (got {self.faults} that may be silent)"
            )
        for values in product(range(self.values), repeat=self.processes):
            members = [Member(proposal=value) for value in values]
            yield State(members=Map.of(Process, dict(zip(Process, members, strict=True)).__getitem__))

    def awaited(self) -> Iterable[Set[Process]]:
        """Whose votes a process waits for: everybody's."""
        return [Set(Process)]

    # ------------------------------------------------------------------ the round

    @action
    def vote(self, s: State, i: Process) -> State:
        """Process i tells all what it proposes."""
        return s.replace(msgs=s.msgs.add(Vote(src=i, value=s.members[i].proposal)))

    @action
    def decide(self, s: State, i: Process, q: Awaited) -> State:
        """Process i has the votes of q, and decides the least value among them."""
        me = s.members[i]
        require(me.decision is None, "i has not decided")
        require(all(Vote(src=j, value=s.members[j].proposal) in s.msgs for j in q), "all of q have voted")
        decided = min(s.members[j].proposal for j in q)
        return s.replace(members=s.members.set(i, me.replace(decision=decided)))

    def fairness(self) -> Iterable[Fairness]:
        """Nobody is silent for ever."""
        return [weak(self.vote, self.decide, each="i")]

    # ------------------------------------------------------------------ decisions

    @decision
    def decided(self, s: State, v: Value) -> bool:
        """Some process has decided v."""
        return any(s.members[i].decision == v for i in Process)

    def participants(self) -> Iterable[Participant]:
        return [participant("process", self.vote, self.decide, each="i")]

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, i: Process, j: Process) -> bool:
        """No two processes decide different values."""
        a, b = s.members[i].decision, s.members[j].decision
        return a is None or b is None or a == b

    @always("Validity")
    def validity(self, s: State, i: Process) -> bool:
        """What is decided is what some process proposes."""
        decided = s.members[i].decision
        return decided is None or any(s.members[j].proposal == decided for j in Process)

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Process) -> bool:
        """What a process has decided, it stays with."""
        decided = before.members[i].decision
        return decided is None or after.members[i].decision == decided

    @eventually("Termination")
    def termination(self, s: State, i: Process) -> bool:
        """Every process decides, as long as nobody is silent for ever."""
        return s.members[i].decision is not None

    # ------------------------------------------------------------------ witnesses

    @reachable("all decide")
    def all_decide(self, s: State) -> bool:
        return all(s.members[i].decision is not None for i in Process)


class DecidesEarly(OneRound):
    """A process waits for n - f votes only, so that nobody can stop it: two processes hear of different values."""

    outcome = (
        Broken("Agreement", steps=5, source="section 1", processes=3, faults=1),
        Safe("Termination", source="section 1"),
    )

    def awaited(self) -> Iterable[Set[Process]]:
        return [Set(q) for q in combinations(Process, self.processes - self.faults)]
