"""Dining philosophers: nobody who is hungry starves, as forks are handed over clean and become dirty by eating.

Source: Chandy & Misra, The Drinking Philosophers Problem, ACM TOPLAS 6 (1984), section 3; TLA+ module DiningPhilosophers.

Throughout this file: p is a philosopher, and a seat; the fork of a seat lies to its left, that of the next seat to its right.
As in the module: a philosopher hands over a dirty fork whether or not the neighbour has asked for it, and thinks and eats in
steps of their own.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated, ClassVar

from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Map,
    Range,
    Record,
    Safe,
    Spec,
    action,
    always,
    always_eventually,
    constant,
    reachable,
    require,
    weak,
    where,
)

Seat = Annotated[int, Range(0, "philosophers-1")]


class At(Enum):
    LOOP = auto()
    EAT = auto()
    THINK = auto()


class Fork(Record):
    holder: Seat
    clean: bool = False


class Philosopher(Record):
    at: At = At.LOOP
    hungry: bool = True


class State(Record):
    forks: Map[Seat, Fork]
    philosophers: Map[Seat, Philosopher]


class DiningPhilosophers(Spec[State]):
    """Philosophers around a table, a fork between any two of them, and two forks needed to eat."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe("Nobody Starves", source="the module"),
        Safe("Nobody Starves", fairness="weak"),
        Broken("Nobody Starves", stem=0, cycle=0, fairness="none"),
    )

    philosophers: int = constant(5, "philosophers", least=2)

    def init(self) -> State:
        """Each fork is dirty, and held by the lower of its two seats."""
        holders = {p: Fork(holder=0 if p == 1 else p) for p in range(self.philosophers)}
        return State(forks=Map.of(Seat, lambda p: holders[p]), philosophers=Map.fill(Seat, Philosopher()))

    def right(self, p: int) -> int:
        return where(p == self.philosophers - 1, 0, p + 1)

    def left(self, p: int) -> int:
        return where(p == 0, self.philosophers - 1, p - 1)

    @action
    def loop(self, s: State, p: Seat) -> State:
        """Philosopher p cleans a dirty fork and hands it over, if there is one; and goes to eat or think, if that is due."""
        me = s.philosophers[p]
        require(me.at == At.LOOP, "p is neither eating nor thinking")
        forks = self.handed_over(s.forks, p)
        can_eat = self.has(forks, p, p) and self.has(forks, self.right(p), p)
        at = where(me.hungry, where(can_eat, At.EAT, At.LOOP), At.THINK)
        return s.replace(forks=forks, philosophers=s.philosophers.set(p, me.replace(at=at)))

    def handed_over(self, forks: Map[Seat, Fork], p: int) -> Map[Seat, Fork]:
        """The forks after p has handed over one dirty fork, the left one first."""
        if forks[p].holder == p and not forks[p].clean:
            return forks.set(p, Fork(holder=self.left(p), clean=True))
        if forks[self.right(p)].holder == p and not forks[self.right(p)].clean:
            return forks.set(self.right(p), Fork(holder=self.right(p), clean=True))
        return forks

    def has(self, forks: Map[Seat, Fork], fork: int, p: int) -> bool:
        """Philosopher p holds the fork, and it is clean."""
        return forks[fork].holder == p and forks[fork].clean

    @action
    def eat(self, s: State, p: Seat) -> State:
        """Philosopher p eats, which makes both forks dirty."""
        require(s.philosophers[p].at == At.EAT, "p is about to eat")
        left, right = s.forks[p], s.forks[self.right(p)]
        forks = s.forks.set(p, left.replace(clean=False)).set(self.right(p), right.replace(clean=False))
        return s.replace(forks=forks, philosophers=s.philosophers.set(p, Philosopher(at=At.LOOP, hungry=False)))

    @action
    def think(self, s: State, p: Seat) -> State:
        """Philosopher p thinks, and is hungry after that."""
        require(s.philosophers[p].at == At.THINK, "p is about to think")
        return s.replace(philosophers=s.philosophers.set(p, Philosopher(at=At.LOOP, hungry=True)))

    def fairness(self) -> Iterable[Fairness]:
        """No philosopher stops for ever.  Source: the module, `WF_vars(Philosopher(self))` for each self."""
        return [weak(self.loop, self.eat, self.think, each="p")]

    # ------------------------------------------------------------------ properties

    @always("Exclusive Access")
    def exclusive_access(self, s: State, p: Seat) -> bool:
        """Two neighbours never eat at the same time.  Source: the module."""
        return s.philosophers[p].at != At.EAT or s.philosophers[self.right(p)].at != At.EAT

    @always_eventually("Nobody Starves")
    def nobody_starves(self, s: State, p: Seat) -> bool:
        """Every philosopher has eaten, and is not hungry, again and again.  Source: the module."""
        return not s.philosophers[p].hungry

    @reachable("a philosopher eats")
    def eats(self, s: State, p: Seat) -> bool:
        return s.philosophers[p].at == At.EAT


class KeepsForks(DiningPhilosophers):
    """A philosopher keeps the right fork: in a circle each waits for the next."""

    outcome = (
        Safe(),
        Broken("Nobody Starves", stem=4, cycle=0, note="Nobody eats at all."),
        Broken("Nobody Starves", stem=4, cycle=0, fairness="strong", note="However fair it is."),
    )

    def handed_over(self, forks: Map[Seat, Fork], p: int) -> Map[Seat, Fork]:
        if forks[p].holder == p and not forks[p].clean:
            return forks.set(p, Fork(holder=self.left(p), clean=True))
        return forks
