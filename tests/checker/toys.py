"""Small specs with known state counts, each made to show one thing about an engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    AtMost,
    In,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    bound,
    constant,
    constraint,
    count,
    implements,
    len,
    reachable,
    require,
    step,
    where,
)

# ---------------------------------------------------------------------------------------------------- counting


Small = Annotated[int, Range(0, "top")]


class CounterState(Record):
    value: Small = 0


class Counter(Spec[CounterState]):
    """0, 1, …, top and back to 0: top + 1 states, as many steps, nothing cut."""

    top: int = constant(5, "largest value")

    def init(self) -> CounterState:
        return CounterState()

    def increment(self) -> int:
        return 1

    @action
    def tick(self, s: CounterState) -> CounterState:
        require(s.value < self.top, "the counter is below the top")
        return s.replace(value=s.value + self.increment())

    @action
    def reset(self, s: CounterState) -> CounterState:
        require(s.value == self.top, "the counter is at the top")
        return s.replace(value=0)

    @always("In Range")
    def in_range(self, s: CounterState) -> bool:
        """The value never exceeds the top."""
        return s.value <= self.top

    @step("Up Or Reset")
    def up_or_reset(self, before: CounterState, after: CounterState) -> bool:
        """A step adds one, or goes back to 0."""
        return after.value == before.value + 1 or after.value == 0

    @reachable("the top")
    def at_top(self, s: CounterState) -> bool:
        return s.value == self.top

    @reachable("beyond the top")
    def beyond_top(self, s: CounterState) -> bool:
        return s.value > self.top


class CounterReachesThree(Counter):
    """Breaks In Range, in 3 steps."""

    @always("In Range")
    def in_range(self, s: CounterState) -> bool:
        return s.value < 3


class CounterFallsBack(Counter):
    """From 2 the counter may fall to 1: breaks Up Or Reset with the third step.  No new state."""

    @action
    def fall(self, s: CounterState) -> CounterState:
        require(s.value == 2, "the counter is at 2")
        return s.replace(value=1)


class CounterWithTwoFaults(CounterFallsBack):
    """Breaks Never Four in 4 steps, and Up Or Reset in 3."""

    @always("Never Four")
    def never_four(self, s: CounterState) -> bool:
        return s.value != 4


class CounterIdles(Counter):
    """An action that is never enabled, behind a guard that is never true and one that is never tested."""

    @action
    def idle(self, s: CounterState) -> CounterState:
        require(s.value > self.top, "the counter is beyond the top")
        require(s.value > self.top + 1, "far beyond")
        return s

    @action
    def stay(self, s: CounterState) -> CounterState:
        """Enabled in one state only, so its guard is true once."""
        require(s.value == 0, "the counter is at 0")
        return s


class CounterSkips(Counter):
    """The constraint cuts the way beyond 3: 4 states, one transition cut."""

    @constraint("small values")
    def small(self, s: CounterState) -> bool:
        return s.value <= 3


class CounterStops(Counter):
    """At the top nothing is enabled: one deadlock, after `top` steps."""

    @action
    def reset(self, s: CounterState) -> CounterState:
        require(s.value > self.top, "never")
        return s


class Starts(Counter):
    """Three initial states, one of which is a successor of another."""

    def init(self) -> Iterable[CounterState]:  # type: ignore[override]
        return [CounterState(value=4), CounterState(value=0), CounterState(value=3), CounterState(value=3)]


# ---------------------------------------------------------------------------------------------------- bounds


class Pair(Record):
    first: Annotated[int, Range(0, "most_first")] = 0
    second: Annotated[int, Range(0, "most_second")] = 0


class TwoBounds(Spec[Pair]):
    """Both counters may go up at once: (m+1)(n+1) states.  Of two bounds exceeded, the first field's is charged."""

    most_first: int = bound(2, "largest first")
    most_second: int = bound(1, "largest second")

    def init(self) -> Pair:
        return Pair()

    @action
    def one(self, s: Pair) -> Pair:
        return s.replace(first=s.first + 1)

    @action
    def other(self, s: Pair) -> Pair:
        return s.replace(second=s.second + 1)

    @action
    def both(self, s: Pair) -> Pair:
        return s.replace(first=s.first + 1, second=s.second + 1)


# ---------------------------------------------------------------------------------------------------- Peterson


class Process(Index, size=2):
    """One of the two that compete."""


class Place(Enum):
    IDLE = auto()
    WANTS = auto()
    WAITS = auto()
    CRITICAL = auto()


class Mutex(Record):
    where: Map[Process, Place]
    flag: Map[Process, bool]
    turn: Process


class Peterson(Spec[Mutex]):
    """Peterson's mutual exclusion.  Source: Peterson, Myths about the mutual exclusion problem (1981)."""

    def init(self) -> Iterable[Mutex]:  # type: ignore[override]
        return [Mutex(where=Map.fill(Process, Place.IDLE), flag=Map.fill(Process, False), turn=p) for p in Process]

    @action
    def raise_flag(self, s: Mutex, i: Process) -> Mutex:
        require(s.where[i] == Place.IDLE, "i is idle")
        return s.replace(flag=s.flag.set(i, True), where=s.where.set(i, Place.WANTS))

    @action
    def give_turn(self, s: Mutex, i: Process, j: Process) -> Mutex:
        require(s.where[i] == Place.WANTS, "i wants to enter")
        require(i != j, "the turn goes to the other")
        return s.replace(turn=j, where=s.where.set(i, Place.WAITS))

    @action
    def enter(self, s: Mutex, i: Process, j: Process) -> Mutex:
        require(s.where[i] == Place.WAITS, "i waits")
        require(i != j, "j is the other")
        require(self.may_enter(s, i, j), "the other does not want to, or it is the turn of i")
        return s.replace(where=s.where.set(i, Place.CRITICAL))

    def may_enter(self, s: Mutex, i: Process, j: Process) -> bool:
        return not s.flag[j] or s.turn == i

    @action
    def leave(self, s: Mutex, i: Process) -> Mutex:
        require(s.where[i] == Place.CRITICAL, "i is in its critical section")
        return s.replace(flag=s.flag.set(i, False), where=s.where.set(i, Place.IDLE))

    @always("Mutual Exclusion")
    def mutual_exclusion(self, s: Mutex, i: Process, j: Process) -> bool:
        """Two different processes are never both critical."""
        return i == j or not (s.where[i] == Place.CRITICAL and s.where[j] == Place.CRITICAL)

    @reachable("a process is critical")
    def progress(self, s: Mutex, i: Process) -> bool:
        return s.where[i] == Place.CRITICAL


class PetersonWithoutFlags(Peterson):
    """The turn is tested alone, the wrong way round.  Breaks Mutual Exclusion, in 6 steps."""

    def may_enter(self, s: Mutex, i: Process, j: Process) -> bool:
        return s.turn == j


# ---------------------------------------------------------------------------------------------------- messages


class Node(Index, size="nodes"):
    """A member of the cluster."""


class Key(Index, size="keys"):
    """Something that can be locked."""


class Ask(Record):
    src: Node
    key: Key


class Grant(Record):
    dst: Node
    key: Key


class Lock(Record):
    owner: Map[Key, Node | None]
    seen: Set[Node] = Set()
    network: Annotated[Set[Ask | Grant], AtMost("in_flight")] = Set()


class Locks(Spec[Lock]):
    """A server grants each key to the first that asks.  Two scalarsets, messages, a capacity that is a bound."""

    nodes: int = constant(3, "nodes")
    keys: int = constant(2, "keys")
    in_flight: int = bound(2, "messages in flight")

    def init(self) -> Lock:
        return Lock(owner=Map.fill(Key, None))

    @action
    def ask(self, s: Lock, i: Node, k: Key) -> Lock:
        require(s.owner[k] != i, "i does not own k")
        return s.replace(network=s.network.add(Ask(src=i, key=k)), seen=s.seen.add(i))

    @action
    def grant(self, s: Lock, m: Annotated[Ask, In("network")]) -> Lock:
        require(self.may_grant(s, m), "the key is free")
        return s.replace(owner=s.owner.set(m.key, m.src), network=s.network.remove(m).add(Grant(dst=m.src, key=m.key)))

    def may_grant(self, s: Lock, m: Ask) -> bool:
        return s.owner[m.key] is None

    @action
    def receive(self, s: Lock, m: Annotated[Grant, In("network")]) -> Lock:
        return s.replace(network=s.network.remove(m))

    @always("Grants Are Owned")
    def grants_are_owned(self, s: Lock) -> bool:
        return all(where(isinstance(m, Grant), s.owner[m.key] == _destination(m), True) for m in s.network)

    @always("Owners Asked")
    def owners_asked(self, s: Lock, k: Key) -> bool:
        holder = s.owner[k]
        return holder is None or holder in s.seen

    @step("Owners Stay")
    def owners_stay(self, before: Lock, after: Lock, k: Key) -> bool:
        return before.owner[k] is None or before.owner[k] == after.owner[k]

    @reachable("one node owns every key")
    def greedy(self, s: Lock, i: Node) -> bool:
        return count(s.owner[k] == i for k in Key) == len(Key)


def _destination(m: Ask | Grant) -> Node:
    return m.dst if isinstance(m, Grant) else m.src


class StealsLocks(Locks):
    """A key is granted though it has an owner.  Breaks Owners Stay, in 4 steps, and Grants Are Owned, in the same 4."""

    def may_grant(self, s: Lock, m: Ask) -> bool:
        return True


# ---------------------------------------------------------------------------------------------------- asymmetry


class FavoursInInit(Locks):
    def init(self) -> Lock:
        return Lock(owner=Map.fill(Key, None), seen=Set.of(Node(0)))


class FavoursInAction(Locks):
    def may_grant(self, s: Lock, m: Ask) -> bool:
        return s.owner[m.key] is None and (m.src != Node(2) or len(s.seen) < 3)


class FavoursTheFirst(Locks):
    """Grants to whoever comes first in the order of iteration, which no spec may depend on."""

    def may_grant(self, s: Lock, m: Ask) -> bool:
        for i in Node:
            if any(isinstance(x, Ask) and x.src == i for x in s.network):
                return i == m.src and s.owner[m.key] is None
        return False


class FavoursInTable(Locks):
    def chosen_few(self) -> Iterable[Node]:
        return [Node(0), Node(1)]

    @action
    def forget(self, s: Lock, i: Annotated[Node, OneOf("chosen_few")]) -> Lock:
        return s.replace(seen=s.seen.add(i))


class FavoursInProperty(Locks):
    @reachable("one node owns every key")
    def greedy(self, s: Lock, i: Node) -> bool:
        return i == Node(1) and all(s.owner[k] == i for k in Key)


class FavoursInConstraint(Locks):
    @constraint("node 1 owns little")
    def modest(self, s: Lock) -> bool:
        return count(s.owner[k] == Node(1) for k in Key) < 2


class FavoursInStep(Locks):
    @step("Owners Stay")
    def owners_stay(self, before: Lock, after: Lock, k: Key) -> bool:
        return after.owner[k] == before.owner[k] or after.owner[k] != Node(0)


class Timed(Record):
    clock: Annotated[int, Range(0, 9999)] = 0
    turn: Node | None = None


class FavoursEarly(Spec[Timed]):
    """Node 1 is favoured at one moment of ten thousand: random states hardly ever meet it, but every walk does."""

    nodes: int = constant(3, "nodes")

    def init(self) -> Timed:
        return Timed()

    @action
    def take_turn(self, s: Timed, i: Node) -> Timed:
        require(s.clock < 9999, "the clock runs")
        require(s.clock != 2 or i == Node(1), "at 2 it is the turn of node 1")
        return Timed(clock=s.clock + 1, turn=i)


# ---------------------------------------------------------------------------------------------------- errors


class Misbehaves(Counter):
    """Does what a subclass says when the counter is at 3."""

    def increment(self) -> int:
        return 1

    @action
    def tick(self, s: CounterState) -> CounterState:
        require(s.value < self.top, "the counter is below the top")
        if s.value == 3:
            self.misbehave()
        return s.replace(value=s.value + 1)

    def misbehave(self) -> None:
        """Nothing, here."""


class Raises(Misbehaves):
    def misbehave(self) -> None:
        raise ZeroDivisionError("division by zero")


class RunsOutOfMemory(Misbehaves):
    def misbehave(self) -> None:
        raise MemoryError


class IsInterrupted(Misbehaves):
    def misbehave(self) -> None:
        raise KeyboardInterrupt


class ViolatesThenRaises(Raises):
    @always("Never Three")
    def never_three(self, s: CounterState) -> bool:
        return s.value != 3


class PropertyRaises(Counter):
    @always("In Range")
    def in_range(self, s: CounterState) -> bool:
        return 6 // (3 - s.value) != 0


class StepPropertyRaises(Counter):
    @step("Up Or Reset")
    def up_or_reset(self, before: CounterState, after: CounterState) -> bool:
        return 6 // (3 - after.value) != 0


class ConstraintRaises(Counter):
    @constraint("odd")
    def odd(self, s: CounterState) -> bool:
        return 6 // (2 - s.value) != 0


class FlipsACoin(Counter):
    """The same state gives different successors: 0 -> 1, then 0 -> 2."""

    _tosses = itertools.count()

    @action
    def toss(self, s: CounterState) -> CounterState:
        require(s.value == 2, "the counter is at 2")
        return s.replace(value=next(self._tosses) % 2)


class FlipsAGuard(Counter):
    """An action that is enabled every other time."""

    _tosses = itertools.count()

    @action
    def toss(self, s: CounterState) -> CounterState:
        require(next(self._tosses) % 2 == 0, "heads")
        return s.replace(value=0)


# ---------------------------------------------------------------------------------------------------- refinement


class ClockState(Record):
    minute: Annotated[int, Range(0, "last")] = 0
    half: bool = False


class Clock(Spec[ClockState]):
    """A counter whose every tick takes two steps.  2(last + 1) states."""

    last: int = constant(5, "last minute")

    def init(self) -> ClockState:
        return ClockState()

    @action
    def half_tick(self, s: ClockState) -> ClockState:
        require(not s.half, "the minute begins")
        return s.replace(half=True)

    @action
    def tick(self, s: ClockState) -> ClockState:
        require(s.half, "half of the minute has passed")
        return s.replace(half=False, minute=self.following(s.minute))

    def following(self, minute: int) -> int:
        return where(minute == self.last, 0, minute + 1)

    @implements(Counter, top="last")
    def as_counter(self, s: ClockState) -> CounterState:
        return CounterState(value=s.minute)


class ClockJumps(Clock):
    """From minute 2 to 4: not a step of the counter.  Broken by step 6."""

    def following(self, minute: int) -> int:
        return where(minute == 2, 4, where(minute == self.last, 0, minute + 1))


class ClockStartsLate(Clock):
    """Broken by the initial state."""

    def init(self) -> ClockState:
        return ClockState(minute=1)


class ClockMapsOutside(Clock):
    """The mapping leaves the counter's domain at minute 3."""

    @implements(Counter, top="last")
    def as_counter(self, s: ClockState) -> CounterState:
        return CounterState(value=where(s.minute == 3, 77, s.minute))


# ------------------------------------------------------------------------------------------------ one at a time


class Relay(Spec[CounterState]):
    """Eight actions, of which exactly one is enabled in each state."""

    top: int = constant(7, "largest value")

    def init(self) -> CounterState:
        return CounterState()

    def pass_on(self, s: CounterState, at: int) -> CounterState:
        require(s.value == at, "it is the turn of this one")
        return s.replace(value=where(at == self.top, 0, at + 1))

    @action
    def first(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 0)

    @action
    def second(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 1)

    @action
    def third(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 2)

    @action
    def fourth(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 3)

    @action
    def fifth(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 4)

    @action
    def sixth(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 5)

    @action
    def seventh(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 6)

    @action
    def eighth(self, s: CounterState) -> CounterState:
        return self.pass_on(s, 7)

    @always("Not Seven")
    def not_seven(self, s: CounterState) -> bool:
        return s.value != 7
