"""Small specs for tests of z3."""

from __future__ import annotations

from typing import Annotated

from mcheck.spec import AtMost, In, Range, Record, Set, Spec, action, always, bound, constraint, lemma, require, step


class Shelf(Record):
    at: Annotated[int, Range(0, 5)] = 0
    pages: Annotated[tuple[Annotated[int, Range(0, 3)], ...], AtMost(3)] = (2, 3)
    seen: Annotated[int, Range(0, 3)] = 0


class Reader(Spec[Shelf]):
    """Reads page after page, and does not notice the last one."""

    def init(self) -> Shelf:
        return Shelf()

    @action
    def read(self, s: Shelf) -> Shelf:
        return s.replace(at=s.at + 1, seen=s.pages[s.at])

    @always("Small")
    def small(self, s: Shelf) -> bool:
        return s.seen <= 3


class Count(Record):
    value: Annotated[int, Range(0, "top")] = 0


class EvenSteps(Spec[Count]):
    """Goes up by two, to where a bound cuts it; only odd numbers could get to seven, and there are none."""

    top: int = bound(9, "highest value")

    def init(self) -> Count:
        return Count()

    @action
    def up(self, s: Count) -> Count:
        return s.replace(value=s.value + 2)

    @action
    def restart(self, s: Count) -> Count:
        require(s.value >= 6, "the value is high")
        return Count()

    @always("Never Seven")
    def never_seven(self, s: Count) -> bool:
        return s.value != 7

    @lemma("even")
    def even(self, s: Count) -> bool:
        """The value is even."""
        return s.value % 2 == 0

    @step("Up By Two")
    def by_two(self, before: Count, after: Count) -> bool:
        return after.value in (0, before.value + 2)


class Constrained(EvenSteps):
    """The same, as far as a state constraint lets it."""

    @constraint("up to four")
    def up_to_four(self, s: Count) -> bool:
        return s.value <= 4


class Cycle(Spec[Count]):
    """0, 1, 2, 0; the numbers from 5 lead to 8 in three steps, and cannot be reached."""

    top: int = bound(9, "highest value")

    def init(self) -> Count:
        return Count()

    @action
    def turn(self, s: Count) -> Count:
        require(s.value != 8, "the value is not eight")
        return s.replace(value=0 if s.value == 2 else s.value + 1)

    @always("Never Eight")
    def never_eight(self, s: Count) -> bool:
        return s.value != 8


class Turning(Cycle):
    """The same with a circle among the numbers that cannot be reached."""

    @action
    def back(self, s: Count) -> Count:
        require(s.value == 6, "the value is six")
        return Count(value=5)


class Letter(Record):
    number: Annotated[int, Range(0, 1)]


class Box(Record):
    letters: Set[Letter] = Set()
    sent: Annotated[int, Range(0, 2)] = 0


class Post(Spec[Box]):
    """Two letters are sent and read; then there is nothing more to do."""

    def init(self) -> Box:
        return Box()

    @action
    def send(self, s: Box) -> Box:
        require(s.sent < 2, "a letter is left")
        return s.replace(letters=s.letters.add(Letter(number=s.sent)), sent=s.sent + 1)

    @action
    def read(self, s: Box, m: Annotated[Letter, In("letters")]) -> Box:
        return s.replace(letters=s.letters.remove(m))
