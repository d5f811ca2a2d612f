"""Die Hard: four gallons from a 3-gallon and a 5-gallon jug.

Source: Lamport, TLA+ module DieHard (after the film Die Hard with a Vengeance, 1995).
The property is meant to fail: its shortest counterexample is the solution of the puzzle.
"""

from typing import Annotated

from mcheck.spec import Range, Record, Spec, action, always, min


class State(Record):
    small: Annotated[int, Range(0, 3)] = 0
    big: Annotated[int, Range(0, 5)] = 0


class DieHard(Spec[State]):
    """Two jugs without marks, a tap, and the floor."""

    def init(self) -> State:
        return State()

    @action
    def fill_small(self, s: State) -> State:
        return s.replace(small=3)

    @action
    def fill_big(self, s: State) -> State:
        return s.replace(big=5)

    @action
    def empty_small(self, s: State) -> State:
        return s.replace(small=0)

    @action
    def empty_big(self, s: State) -> State:
        return s.replace(big=0)

    @action
    def small_to_big(self, s: State) -> State:
        """Pour until the small jug is empty or the big one is full."""
        poured = min(s.small, 5 - s.big)
        return s.replace(small=s.small - poured, big=s.big + poured)

    @action
    def big_to_small(self, s: State) -> State:
        """Pour until the big jug is empty or the small one is full."""
        poured = min(s.big, 3 - s.small)
        return s.replace(small=s.small + poured, big=s.big - poured)

    @always("Not four gallons")
    def not_four(self, s: State) -> bool:
        """The big jug never holds four gallons: false, after six steps."""
        return s.big != 4
