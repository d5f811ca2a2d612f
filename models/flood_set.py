"""FloodSet: in synchronous rounds, f + 1 of them, all processes tell all others what values they have seen.

Source: N. Lynch, Distributed Algorithms, Morgan Kaufmann 1996, section 6.2, whose model is that of chapter 2.

Throughout this file: i, j processes; v, w values; n processes, at most f of which crash; W, here `seen`, the values that a
process has seen.

Granularity: a round is two steps, as in the book: all processes that are up send to all others (`msgs`), and all take in what
has arrived (`trans`).  In between, a process may crash, and any of the messages that it is sending are lost with it; one that
crashes before it sends loses them all.  It never comes back.
Differs: a process decides the least value that it has seen.  The book decides a default value where there are several, and
names this rule as the one that decides nothing but inputs: see `DecidesDefault`.
"""

from collections.abc import Iterable
from itertools import product
from typing import Annotated

from mcheck.spec import (
    Broken,
    Index,
    Map,
    Range,
    Record,
    Safe,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    constant,
    count,
    len,
    min,
    reachable,
    require,
    step,
)


class Process(Index, size="processes"):
    """One of the group."""


Value = Annotated[int, Range(0, "values-1")]
Round = Annotated[int, Range(0, "processes+1")]


class Flood(Record):
    """From src to dst, in the round that is going on: these are the values that I have seen."""

    src: Process
    dst: Process
    seen: Set[Value]


class Member(Record):
    """A process: the value it starts with, W, what it has decided, and whether it is up."""

    proposal: Value
    seen: Set[Value]
    decision: Value | None = None
    up: bool = True


class State(Record):
    members: Map[Process, Member]
    msgs: Set[Flood] = Set()  # of this round, on their way
    sent: bool = False  # whether this round's messages have been sent
    rounds: Round = 0  # how many are over


class FloodSet(Spec[State]):
    """Consensus in f + 1 synchronous rounds, however many processes there are."""

    fault_model = "synchronous crash-stop"
    resilience = "n >= f + 1"

    processes: int = constant(3, "processes", least=1)
    faults: int = constant(1, "processes that may crash", least=0)
    values: int = constant(2, "values that may be proposed", least=1)

    def init(self) -> Iterable[State]:
        """Any process may start with any value."""
        for proposals in product(range(self.values), repeat=self.processes):
            start = [Member(proposal=v, seen=Set.of(v)) for v in proposals]
            yield State(members=Map.of(Process, dict(zip(Process, start, strict=True)).__getitem__))

    def last_round(self) -> int:
        """One round more than processes may crash, so that in one of them nobody does.  Source: section 6.2.1, f + 1."""
        return self.faults + 1

    # ------------------------------------------------------------------ a round

    @action
    def send(self, s: State) -> State:
        """All processes that are up send W to all others.  Source: section 6.2.1, FloodSet, msgs."""
        require(s.rounds < self.last_round(), "there is another round")
        require(not s.sent, "the last round is over")
        pairs = [(i, j) for i in Process for j in Process if i != j]
        sent = Set(
            m for m in Set.of(*(Flood(src=i, dst=j, seen=s.members[i].seen) for i, j in pairs)) if s.members[m.src].up
        )
        return s.replace(msgs=sent, sent=True)

    @action
    def crash(self, s: State, i: Process, lost: Set[Process]) -> State:
        """Process i crashes while it sends: its messages to `lost` are never sent.  Source: section 2.2, stopping failures."""
        require(s.sent, "a round is going on")
        require(s.members[i].up, "i is up")
        require(count(not s.members[j].up for j in Process) < self.most_crashes(), "not so many have crashed yet")
        require(i not in lost, "i sends nothing to itself")
        left = Set(m for m in s.msgs if m.src != i or m.dst not in lost)
        return s.replace(members=s.members.set(i, s.members[i].replace(up=False)), msgs=left)

    def most_crashes(self) -> int:
        """How many processes crash at most."""
        return self.faults

    @action
    def receive(self, s: State) -> State:
        """All processes that are up take in what has arrived, and decide after the last round.

        Source: section 6.2.1, FloodSet, trans.
        """
        require(s.sent, "the messages of this round have been sent")
        rounds = s.rounds + 1

        def after(i: Process) -> Member:
            me = s.members[i]
            arrived = Set(v for v in range(self.values) if any(m.dst == i and v in m.seen for m in s.msgs))
            me = me.replace(seen=me.seen | arrived)
            return me.replace(decision=self.chosen(me.seen)) if self.decides_after(rounds) else me

        members = Map.of(Process, lambda i: after(i) if s.members[i].up else s.members[i])
        return s.replace(members=members, msgs=Set(), sent=False, rounds=rounds)

    def decides_after(self, rounds: int) -> bool:
        """All decide after the last round."""
        return rounds == self.last_round()

    def chosen(self, seen: Set[Value]) -> int:
        """What a process decides that has seen these values: the same for the same values."""
        return min(v for v in seen)

    # ------------------------------------------------------------------ properties (section 6.1)

    @always("Agreement")
    def agreement(self, s: State, i: Process, j: Process) -> bool:
        """No two processes decide different values, whether or not they crash later."""
        a, b = s.members[i].decision, s.members[j].decision
        return a is None or b is None or a == b

    @always("Validity")
    def validity(self, s: State, i: Process) -> bool:
        """What is decided is the value that some process started with."""
        decided = s.members[i].decision
        return decided is None or any(s.members[j].proposal == decided for j in Process)

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Process) -> bool:
        """What a process has decided, it stays with."""
        decided = before.members[i].decision
        return decided is None or after.members[i].decision == decided

    @always("Termination")
    def termination(self, s: State, i: Process) -> bool:
        """After the last round, everyone who is up has decided.  Rounds go on by themselves, so this is a matter of safety."""
        return s.rounds < self.last_round() or not s.members[i].up or s.members[i].decision is not None

    # ------------------------------------------------------------------ witnesses

    @reachable("all decide")
    def all_decide(self, s: State) -> bool:
        return all(s.members[i].decision is not None for i in Process)

    @reachable("two processes have seen different values after a round")
    def views_differ(self, s: State, i: Process, j: Process) -> bool:
        a, b = s.members[i], s.members[j]
        return s.rounds > 0 and a.up and b.up and a.seen != b.seen


class OneRoundLess(FloodSet):
    """Only f rounds: in each of them one process crashes, and passes a value on to one other alone.

    With f = n - 1 there is nobody left to disagree with: the lower bound of f + 1 rounds is for n of at least f + 2.
    """

    outcome = (
        Broken("Agreement", steps=3, source="section 6.2; section 6.7", processes=3, faults=1),
        Broken("Agreement", steps=6, source="section 6.2; section 6.7", processes=4, faults=2),
        Safe(source="section 6.7", processes=2, faults=1, note="With n = f + 1, f rounds are enough."),
    )

    def last_round(self) -> int:
        return self.faults


class OneCrashMore(FloodSet):
    """One process more crashes than the number of rounds allows for."""

    outcome = Broken("Agreement", steps=6, source="section 6.2.1", processes=4, faults=1)

    def most_crashes(self) -> int:
        return self.faults + 1


class DecidesEachRound(FloodSet):
    """A process decides after every round, by what it has seen so far."""

    outcome = (
        Broken("Agreement", steps=3, source="section 6.2.1", processes=3, faults=1),
        Broken("Integrity", steps=5, source="section 6.2.1", processes=3, faults=1),
    )

    def decides_after(self, rounds: int) -> bool:
        return True


class DecidesDefault(FloodSet):
    """A process that has seen several values decides a default value, 0, as in the book.

    All agree on it, but with three values nobody need have proposed it.  The book asks for no more than that unanimous
    inputs are decided.
    """

    outcome = (
        Broken("Validity", steps=4, source="section 6.2.1, FloodSet", processes=2, faults=1, values=3),
        Safe(
            source="section 6.2.1, FloodSet",
            processes=3,
            faults=1,
            values=2,
            note="Whoever has seen two values has seen 0.",
        ),
    )

    def chosen(self, seen: Set[Value]) -> int:
        return 0 if len(seen) > 1 else min(v for v in seen)
