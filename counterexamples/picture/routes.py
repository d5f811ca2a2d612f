"""The ways of the arrows through the picture.

An arrow leaves low and arrives high, so that the answer to a message starts below it.  Its label is proposed a place under its
head, where hardly anything else is: arrows come from above, and in most rows one arrives.  What nobody received goes level to
the right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mcheck.counterexamples.picture.boxes import SMALL, CardBox, Text
from mcheck.counterexamples.picture.labels import Home, Way
from mcheck.counterexamples.picture.measure import filled
from mcheck.counterexamples.picture.parts import Arrow, Row

WIDEST_GUTTER = 270.0
_ARRIVAL, _DEPARTURE = 19.0, 13.0
_MOST_PENDING = 5
_BAR = 5.0
_AROUND = 38.0
_LOST = 27.0


@dataclass(frozen=True)
class Placed:
    """A card with the place of its upper left corner."""

    x: float
    y: float
    box: CardBox


@dataclass(frozen=True)
class Bar:
    """A short stretch of a lane: something happens there that changes no card."""

    lane: int
    x: float
    top: float
    bottom: float


@dataclass(frozen=True)
class RowBox:
    """A row of the picture."""

    row: Row
    y: float
    height: float
    texts: tuple[Text, ...]
    cards: tuple[Placed, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Columns:
    """The lanes from left to right, and what is beside them."""

    middles: tuple[float, ...]
    widths: tuple[float, ...]
    gap: float
    gutter: float | None
    """Where the messages go that nobody received."""
    right: float


class Ports:
    """How many arrows arrive and leave at each lane of each row, and so how high its card must be."""

    def __init__(self, arrows: Iterable[Arrow]) -> None:
        self.arrows = tuple(arrows)
        self.leaving: Counter[tuple[int, int]] = Counter()
        self.arriving: Counter[tuple[int, int]] = Counter()
        self._last_alike = {
            (a.row, a.target, a.label, (a.target or 0) > a.source): a for a in self.arrows if a.kind == "received"
        }
        for arrow in self.arrows:
            key = (arrow.sent, arrow.source)
            self.leaving[key] = min(self.leaving[key] + 1, _MOST_PENDING + 3)
            if arrow.row is not None and arrow.target is not None and arrow.kind != "lost":
                self.arriving[arrow.row, arrow.target] += 1

    def is_repeated(self, arrow: Arrow) -> bool:
        """Whether another arrow like this one arrives right below it, and says for both what they bring."""
        key = (arrow.row, arrow.target, arrow.label, (arrow.target or 0) > arrow.source)
        return self._last_alike.get(key) is not arrow

    def touch(self, row: int, lane: int) -> bool:
        """Whether an arrow arrives or leaves there."""
        return (row, lane) in self.arriving or (row, lane) in self.leaving

    def height(self, row: int, lane: int) -> float:
        """The least height of a card or bar there."""
        return _ARRIVAL * self.arriving[row, lane] + _DEPARTURE * self.leaving[row, lane] + 8


def into_gutter(arrow: Arrow) -> bool:
    """Whether a message ends beside the lanes: nobody received it, or it was lost on the way to nobody in particular."""
    return arrow.kind == "pending" or (arrow.kind == "lost" and arrow.target in (None, arrow.source))


def gutter_text(arrow: Arrow, lanes: tuple[str, ...]) -> str:
    """`RequestVote t1 → n2`."""
    return f"{arrow.label} → {lanes[arrow.target]}" if arrow.target is not None else arrow.label


class Routes:
    """Finds the way of each arrow between rows that have their places."""

    def __init__(self, ports: Ports, columns: Columns, boxes: dict[int, RowBox], lanes: tuple[str, ...]) -> None:
        self.ports, self.columns, self.boxes, self.lanes = ports, columns, boxes, lanes
        self._left: Counter[tuple[int, int]] = Counter()
        self._arrived: Counter[tuple[int, int]] = Counter()
        self._lost_before: Counter[tuple[int, float]] = Counter()
        self._beside: dict[int, list[Arrow]] = {}

    def ways(self) -> tuple[Way, ...]:
        """The arrows that are drawn, in order."""
        return tuple(way for arrow in self.ports.arrows if (way := self._way(arrow)) is not None)

    def more(self) -> tuple[Text, ...]:
        """Beside rows with more messages that nobody received than are drawn."""
        gutter = self.columns.gutter or 0.0
        return tuple(
            Text(
                gutter + 8,
                self.boxes[row].y + self.boxes[row].height + 6,
                f"and {len(arrows) - _MOST_PENDING} more",
                "label",
            )
            for row, arrows in self._beside.items()
            if len(arrows) > _MOST_PENDING
        )

    def _way(self, arrow: Arrow) -> Way | None:
        if into_gutter(arrow):
            return self._into_gutter(arrow)
        assert arrow.row is not None and arrow.target is not None
        if arrow.source == arrow.target:
            return self._around(arrow)
        rightwards = arrow.target > arrow.source
        start = self._start(arrow, rightwards)
        if arrow.kind == "lost":
            return self._lost(arrow, start, rightwards)
        end = self._end(arrow.row, arrow.target, not rightwards)
        home = None if self.ports.is_repeated(arrow) else self._home(end[0], rightwards)
        return Way(arrow, (*start, *end), home, arrow.label)

    def _home(self, edge: tuple[float, float], rightwards: bool) -> Home:
        """Under the head, in the gap beside the lane."""
        return Home(edge[0] - 6 if rightwards else edge[0] + 6, edge[1] + 12.5, "end" if rightwards else "start")

    # ------------------------------------------------------------------ ends

    def _start(self, arrow: Arrow, rightwards: bool) -> list[tuple[float, float]]:
        """From the side of the card; from the bar of a step without one, level to where the gap begins."""
        row, lane = self.boxes[arrow.sent], arrow.source
        left = self._left[row.row.number, lane]
        self._left[row.row.number, lane] += 1
        below = _DEPARTURE * max(0, self.ports.leaving[row.row.number, lane] - 1 - left)
        top, bottom, card = self._extent(row, lane)
        y = max(top + 4, bottom - 8 - below)
        edge = (self._edge(lane, rightwards), y)
        return [edge] if card else [(self._beside_bar(lane, rightwards), y), edge]

    def _end(self, number: int, lane: int, from_right: bool) -> list[tuple[float, float]]:
        """To the side of the card; to a bar, level from where the gap ends."""
        row = self.boxes[number]
        top, _, card = self._extent(row, lane)
        y = top + 9 + _ARRIVAL * self._arrived[number, lane]
        self._arrived[number, lane] += 1
        edge = (self._edge(lane, from_right), y)
        return [edge] if card else [edge, (self._beside_bar(lane, from_right), y)]

    def _extent(self, row: RowBox, lane: int) -> tuple[float, float, bool]:
        """Between which heights arrows may touch a lane in a row, and whether it has a card there."""
        for placed in row.cards:
            if placed.box.card.lane == lane:
                return placed.y, placed.y + placed.box.height, True
        for bar in row.bars:
            if bar.lane == lane:
                return bar.top, bar.bottom, False
        return row.y + 4, row.y + 4 + self.ports.height(row.row.number, lane), False

    def _edge(self, lane: int, right: bool) -> float:
        half = self.columns.widths[lane] / 2
        return self.columns.middles[lane] + (half if right else -half)

    def _beside_bar(self, lane: int, right: bool) -> float:
        return self.columns.middles[lane] + (_BAR if right else -_BAR)

    # ------------------------------------------------------------------ other ways

    def _lost(self, arrow: Arrow, start: list[tuple[float, float]], rightwards: bool) -> Way:
        """Towards its destination, as far as the middle of the gap before it."""
        assert arrow.row is not None and arrow.target is not None
        x = self._edge(arrow.target, not rightwards) + (-1 if rightwards else 1) * self.columns.gap / 2
        y = self.boxes[arrow.row].y + 16 + _LOST * self._lost_before[arrow.row, x]
        self._lost_before[arrow.row, x] += 1
        return Way(arrow, (*start, (x, y)), Home(x, y + 18, "middle"), arrow.label)

    def _around(self, arrow: Arrow) -> Way:
        """From a lane to itself, through the gap at its right."""
        assert arrow.row is not None
        start, end = self._start(arrow, True), self._end(arrow.row, arrow.source, True)
        x = start[-1][0] + min(_AROUND, self.columns.gap * 0.5)
        home = self._home(end[0], False) if arrow.kind == "received" else None
        return Way(arrow, (*start, (x, start[-1][1]), (x, end[0][1]), *end), home, arrow.label)

    def _into_gutter(self, arrow: Arrow) -> Way | None:
        """Level, to the right of all lanes; of more than a few of one row only the first."""
        assert self.columns.gutter is not None
        gutter = self.columns.gutter
        beside = self._beside.setdefault(arrow.sent, [])
        beside.append(arrow)
        start = self._start(arrow, True)
        if len(beside) > _MOST_PENDING:
            return None
        y = start[-1][1]
        text = filled(gutter_text(arrow, self.lanes), SMALL, WIDEST_GUTTER, 1)[0]
        return Way(arrow, (*start, (gutter, y)), Home(gutter + 8, y + 3.5, "start", fixed=True), text)
