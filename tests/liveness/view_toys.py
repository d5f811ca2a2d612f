"""Small specs with ranks, of which some are wrong about what matters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from mcheck.spec import (
    AtMost,
    Bag,
    Fairness,
    In,
    Index,
    Map,
    Range,
    Rank,
    Record,
    Set,
    Spec,
    action,
    all,
    always_eventually,
    any,
    bound,
    constant,
    eventually,
    max,
    require,
    weak,
)

Number = Annotated[int, Rank(0, "max_number")]


class Runner(Index, size="runners"):
    """Takes ever larger numbers."""


class Race(Record):
    at: Map[Runner, Number]


class Racing(Spec[Race]):
    """Whoever is not ahead of all overtakes: the numbers grow for ever, and there are few orders."""

    runners: int = constant(2, "runners")
    max_number: int = bound(1, "highest number")

    def init(self) -> Race:
        return Race(at=Map.fill(Runner, 0))

    def top(self, s: Race) -> int:
        return max(s.at[i] for i in Runner)

    def may_overtake(self, s: Race, i: Runner) -> bool:
        return any(s.at[j] >= s.at[i] for j in Runner if j != i)

    @action
    def overtake(self, s: Race, i: Runner) -> Race:
        require(self.may_overtake(s, i), "another is not behind i")
        return Race(at=s.at.set(i, self.top(s) + 1))

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.overtake, each="i")]

    @always_eventually("Everybody Leads")
    def leads(self, s: Race, i: Runner) -> bool:
        return all(s.at[j] < s.at[i] for j in Runner if j != i)

    @always_eventually("All Are Level")
    def level(self, s: Race) -> bool:
        return all(all(s.at[i] == s.at[j] for i in Runner) for j in Runner)


class ComparesWithNumber(Racing):
    """Nobody overtakes who has come to 3."""

    def may_overtake(self, s: Race, i: Runner) -> bool:
        return super().may_overtake(s, i) and s.at[i] < 3


class SubtractsRanks(Racing):
    """Nobody overtakes who is more than one behind."""

    def may_overtake(self, s: Race, i: Runner) -> bool:
        return super().may_overtake(s, i) and self.top(s) - s.at[i] <= 1


class StepsIntoGaps(Racing):
    """A fresh number is the next to one's own, and not to the largest."""

    @action
    def overtake(self, s: Race, i: Runner) -> Race:
        require(self.may_overtake(s, i), "another is not behind i")
        return Race(at=s.at.set(i, s.at[i] + 1))


class AsksForNumber(Racing):
    @eventually("Somebody Comes To Five")
    def five(self, s: Race) -> bool:
        return any(s.at[i] == 5 for i in Runner)


class ExemptsByNumber(Racing):
    """Who has come to 3 owes nothing."""

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.overtake, each="i", unless=self.tired)]

    def tired(self, s: Race, i: Runner) -> bool:
        return s.at[i] >= 3


class AboutOneRank(Racing):
    @eventually("Every Number Is Reached")
    def reached(self, s: Race, n: Number) -> bool:
        return any(s.at[i] == n for i in Runner)


class AlsoARange(Racing):
    """The same bound limits an integer that is no rank."""

    @action
    def jump(self, s: Race, n: Annotated[int, Range(1, "max_number")]) -> Race:
        return Race(at=Map.fill(Runner, n))


class Marked(Record):
    marks: Map[Number, bool]


class KeyedByRank(Spec[Marked]):
    max_number: int = bound(2, "highest number")

    def init(self) -> Marked:
        return Marked(marks=Map.fill(Number, False))

    @action
    def mark(self, s: Marked) -> Marked:
        return s

    @eventually("Marked")
    def marked(self, s: Marked) -> bool:
        return any(s.marks[n] for n in range(3))


class Alone(Record):
    number: Number = 0
    rests: bool = False


class Lonely(Spec[Alone]):
    """One runner, who runs for ever and may rest: running changes the number, and never the view."""

    max_number: int = bound(1, "highest number")

    def init(self) -> Alone:
        return Alone()

    @action
    def run(self, s: Alone) -> Alone:
        require(not s.rests, "not at rest")
        return s.replace(number=s.number + 1)

    @action
    def rest(self, s: Alone) -> Alone:
        return s.replace(rests=True)

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.run)]

    @eventually("Rests")
    def at_rest(self, s: Alone) -> bool:
        return s.rests


# ---------------------------------------------------------------------- messages


class Call(Record):
    src: Runner
    number: Number


class Room(Record):
    sent: Annotated[Set[Call], AtMost("max_calls")] = Set()
    heard: Map[Runner, Number]


class Calling(Spec[Room]):
    """A caller calls with a larger number than any; whoever hears it answers to no smaller one any more."""

    runners: int = constant(2, "callers")
    max_number: int = bound(1, "highest number")
    max_calls: int = bound(3, "calls under way")

    def init(self) -> Room:
        return Room(heard=Map.fill(Runner, 0))

    def view(self, s: Room) -> Room:
        """Without the calls that nobody will answer."""
        return s.replace(sent=Set(m for m in s.sent if self.matters(s, m)))

    def matters(self, s: Room, m: Call) -> bool:
        return any(s.heard[i] < m.number for i in Runner)

    @action
    def call(self, s: Room, i: Runner) -> Room:
        require(all(m.src != i or not self.awaited(s, m) for m in s.sent), "i does not wait for an answer")
        top = max(max((m.number for m in s.sent), default=0), max(s.heard[j] for j in Runner))
        return s.replace(sent=s.sent.add(Call(src=i, number=top + 1)))

    def awaited(self, s: Room, m: Call) -> bool:
        """Somebody may still answer."""
        return any(s.heard[i] < m.number for i in Runner)

    @action
    def hear(self, s: Room, i: Runner, m: Annotated[Call, In("sent")]) -> Room:
        require(s.heard[i] < m.number, "i has heard no larger number")
        return s.replace(heard=s.heard.set(i, m.number))

    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.call, each="i"), weak(self.hear, each="i")]

    @always_eventually("Nobody Waits")
    def quiet(self, s: Room) -> bool:
        return not any(self.awaited(s, m) for m in s.sent)

    @always_eventually("Somebody Is Ahead")
    def ahead(self, s: Room) -> bool:
        return any(any(s.heard[i] < s.heard[j] for i in Runner) for j in Runner)


class ForgetsTooMuch(Calling):
    """Takes away a call that one of two has heard."""

    def matters(self, s: Room, m: Call) -> bool:
        return all(s.heard[i] < m.number for i in Runner)


class FairToEachCall(Calling):
    def fairness(self) -> Iterable[Fairness]:
        return [weak(self.hear, each=("i", "m"))]


# ---------------------------------------------------------------------- every shape


class First(Record):
    number: Number


class Second(Record):
    runner: Runner
    numbers: Annotated[tuple[Number, ...], AtMost(2)] = ()


class Drawer(Record):
    one: First | Second | None = None
    many: Annotated[Set[First | Second], AtMost(2)] = Set()
    bag: Annotated[Bag[First], AtMost(2, copies=2)] = Bag()
    log: Annotated[tuple[First, ...], AtMost(1)] = ()
    at: Map[Runner, Number]


class Drawers(Spec[Drawer]):
    """Puts numbers into values of every kind that can have ranks."""

    runners: int = constant(2, "runners")
    max_number: int = bound(1, "highest number")

    def init(self) -> Drawer:
        return Drawer(at=Map.fill(Runner, 0))

    @action
    def draw(self, s: Drawer, i: Runner) -> Drawer:
        return s.replace(at=s.at.set(i, max(s.at[j] for j in Runner) + 1))

    @action
    def put(self, s: Drawer, i: Runner) -> Drawer:
        return s.replace(one=First(number=s.at[i]), many=Set.of(Second(runner=i, numbers=(s.at[i],))))

    @action
    def keep(self, s: Drawer, i: Runner) -> Drawer:
        second = Second(runner=i, numbers=(0, s.at[i]))
        return s.replace(one=second, bag=Bag([First(number=s.at[i])]), many=Set.of(second, First(number=s.at[i])))

    @action
    def note(self, s: Drawer, i: Runner) -> Drawer:
        return s.replace(log=(First(number=s.at[i]),))

    @eventually("Kept")
    def kept(self, s: Drawer) -> bool:
        return any(any(m.number > s.at[i] for m in s.log) for i in Runner)
