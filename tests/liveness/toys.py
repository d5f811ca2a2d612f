"""Small specs whose temporal properties are decided by hand."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    Fairness,
    In,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always_eventually,
    any,
    bound,
    constant,
    constraint,
    eventually,
    eventually_always,
    leads_to,
    require,
    strong,
    weak,
)


class Process(Index, size="processes"):
    """Wants the semaphore."""


class At(Enum):
    IDLE = auto()
    WAITING = auto()
    INSIDE = auto()


class Seats(Record):
    at: Map[Process, At]


class Semaphore(Spec[Seats]):
    """A semaphore whom anybody may get who waits: strong fairness of `enter` is needed for all to get it."""

    processes: int = constant(2, "processes")

    def init(self) -> Seats:
        return Seats(at=Map.fill(Process, At.IDLE))

    @action
    def ask(self, s: Seats, i: Process) -> Seats:
        require(s.at[i] == At.IDLE, "i is idle")
        return Seats(at=s.at.set(i, At.WAITING))

    @action
    def enter(self, s: Seats, i: Process) -> Seats:
        require(s.at[i] == At.WAITING, "i waits")
        require(all(s.at[j] != At.INSIDE for j in Process), "nobody is inside")
        return Seats(at=s.at.set(i, At.INSIDE))

    @action
    def leave(self, s: Seats, i: Process) -> Seats:
        require(s.at[i] == At.INSIDE, "i is inside")
        return Seats(at=s.at.set(i, At.IDLE))

    def fairness(self) -> Iterable[Fairness]:
        return [strong(self.enter, each="i"), weak(self.leave, each="i")]

    @leads_to("Starvation Freedom")
    def starvation_freedom(self, s: Seats, i: Process) -> tuple[bool, bool]:
        """Who waits gets in."""
        return s.at[i] == At.WAITING, s.at[i] == At.INSIDE

    @always_eventually("Nobody Stays")
    def nobody_stays(self, s: Seats, i: Process) -> bool:
        return s.at[i] != At.INSIDE

    @eventually_always("All Stay Away")
    def all_stay_away(self, s: Seats) -> bool:
        return all(s.at[i] == At.IDLE for i in Process)

    @eventually("Somebody Enters")
    def somebody_enters(self, s: Seats) -> bool:
        return any(s.at[i] == At.INSIDE for i in Process)


class WeakSemaphore(Semaphore):
    """The same with weak fairness: one may be overtaken for ever."""

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.enter, each="i"), weak(self.leave, each="i")]


class Ping(Record):
    number: Annotated[int, Range(0, 1)]


class Wire(Record):
    msgs: Set[Ping] = Set()
    seen: Set[Ping] = Set()
    crashed: bool = False


class Pinging(Spec[Wire]):
    """Pings that stay on the wire until they are received; the receiver may crash."""

    def init(self) -> Wire:
        return Wire()

    @action
    def send(self, s: Wire, n: Annotated[int, Range(0, 1)]) -> Wire:
        return s.replace(msgs=s.msgs.add(Ping(number=n)))

    @action
    def receive(self, s: Wire, m: Annotated[Ping, In("msgs")]) -> Wire:
        return s.replace(msgs=s.msgs.remove(m), seen=s.seen.add(m))

    @action
    def crash(self, s: Wire) -> Wire:
        return s.replace(crashed=True)

    def down(self, s: Wire) -> bool:
        return s.crashed

    @leads_to("Received")
    def received(self, s: Wire, n: Annotated[int, Range(0, 1)]) -> tuple[bool, bool]:
        return Ping(number=n) in s.msgs, Ping(number=n) in s.seen


class PerMessage(Pinging):
    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.receive, each="m")]


class AnyMessage(Pinging):
    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.receive)]


class UnlessCrashed(Pinging):
    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.receive, each="m", unless=self.down)]


class Counter(Record):
    n: Annotated[int, Range(0, "most")] = 0


class Counting(Spec[Counter]):
    """Counts up for ever: the bound cuts it."""

    most: int = bound(4, "where the search stops")
    goal: int = constant(2, "what it is to come to")

    def init(self) -> Counter:
        return Counter()

    @action
    def up(self, s: Counter) -> Counter:
        return Counter(n=s.n + 1)

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.up)]

    @eventually("Comes There")
    def comes_there(self, s: Counter) -> bool:
        return s.n == self.goal

    @always_eventually("Comes Back")
    def comes_back(self, s: Counter) -> bool:
        return s.n == self.goal


class Resting(Counting):
    """May stop at any time."""

    @action
    def rest(self, s: Counter) -> Counter:
        return s

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.rest)]


class StartsOutside(Counting):
    @constraint("not at the start")
    def beyond(self, s: Counter) -> bool:
        return s.n > 0

    def init(self) -> Iterable[Counter]:  # type: ignore[override]
        return [Counter(n=0), Counter(n=self.goal)]
