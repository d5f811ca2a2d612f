"""Small specs whose valency is decided by hand."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated

from mcheck.spec import Participant, Range, Record, Spec, action, bound, decision, participant, require


class Side(Enum):
    LEFT = auto()
    RIGHT = auto()


class Place(Record):
    at: Annotated[int, Range(0, 4)] = 2


class Rope(Spec[Place]):
    """Two pull at a rope, in turns that nobody fixes; whoever has pulled it to his end has won."""

    def init(self) -> Place:
        return Place()

    @action
    def left(self, s: Place) -> Place:
        require(0 < s.at < 4, "nobody has won")
        return Place(at=s.at - 1)

    @action
    def right(self, s: Place) -> Place:
        require(0 < s.at < 4, "nobody has won")
        return Place(at=s.at + 1)

    @decision
    def won(self, s: Place, who: Side) -> bool:
        """The rope is at the end of who."""
        return s.at == (0 if who == Side.LEFT else 4)

    def participants(self) -> Iterable[Participant]:
        return [participant("left", self.left), participant("right", self.right)]


class AnyPlace(Rope):
    """The game may begin anywhere but where it is won."""

    def init(self) -> Iterable[Place]:  # type: ignore[override]
        return [Place(at=k) for k in (1, 2, 3)]


class Waiting(Rope):
    """They pull in turn, to and fro between two places, and neither ever wins."""

    @action
    def left(self, s: Place) -> Place:
        require(s.at == 2, "it is the turn of left")
        return Place(at=s.at - 1)

    @action
    def right(self, s: Place) -> Place:
        require(s.at == 1, "it is the turn of right")
        return Place(at=s.at + 1)


class Torn(Rope):
    """The rope may tear once it is strained, and lies then where left pulls it at once: there nobody does anything."""

    @action
    def tear(self, s: Place) -> Place:
        require(s.at == 3, "the rope is strained")
        return Place(at=1)

    @action
    def left(self, s: Place) -> Place:
        require(s.at == 2, "it begins in the middle")
        return Place(at=1)

    @action
    def right(self, s: Place) -> Place:
        require(s.at == 2 or s.at == 3, "right pulls")
        return Place(at=s.at + 1)


class Dropping(Rope):
    """Right wins at 3 already; and left may drop the rope, so that it lies at 4, and nobody wins."""

    @action
    def left(self, s: Place) -> Place:
        require(s.at == 1 or s.at == 2, "nobody has won")
        return Place(at=s.at - 1)

    @action
    def right(self, s: Place) -> Place:
        require(s.at == 1 or s.at == 2, "nobody has won")
        return Place(at=s.at + 1)

    @action
    def drop(self, s: Place) -> Place:
        require(s.at == 2, "nobody pulls")
        return Place(at=4)

    @decision
    def won(self, s: Place, who: Side) -> bool:
        """The rope is at the end of who."""
        return s.at == (0 if who == Side.LEFT else 3)

    def participants(self) -> Iterable[Participant]:
        return [participant("left", self.left, self.drop), participant("right", self.right)]


class Both(Rope):
    """Left wins wherever the rope is not in the middle, right where it is on the right: there both do."""

    @decision
    def won(self, s: Place, who: Side) -> bool:
        """The rope is where who wins."""
        return s.at <= 1 or s.at >= 3 if who == Side.LEFT else s.at >= 3


class Open(Record):
    at: Annotated[int, Range(0, "most")] = 2


class LongRope(Spec[Open]):
    """The right end is beyond the bound: that right never wins is not known."""

    most: int = bound(5, "how far the rope is looked at")

    def init(self) -> Open:
        return Open()

    @action
    def left(self, s: Open) -> Open:
        require(s.at > 0, "left has not won")
        return Open(at=s.at - 1)

    @action
    def right(self, s: Open) -> Open:
        require(s.at > 0, "left has not won")
        return Open(at=s.at + 1)

    @decision
    def won(self, s: Open, who: Side) -> bool:
        """The rope is at the end of who."""
        return s.at == 0 if who == Side.LEFT else s.at == 9


class Silent(Rope):
    """Does not say who takes which steps."""

    def participants(self) -> Iterable[Participant]:
        return []
