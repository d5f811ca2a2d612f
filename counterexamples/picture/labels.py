"""Where the labels of arrows stand: beside their arrow, and over nothing else.

The place that the route of an arrow proposes is taken where it is free.  Where it is not, others along the arrow are tried
from its head to its start, and then places further off, which a thin line joins to the arrow.  A label never stands over
a card, a label or the head of an arrow while any place is without; of those it takes the first that no line crosses, or
fewest do.  Labels whose proposed place is free come first, so that no other takes it from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcheck.counterexamples.picture.boxes import SMALL, Text
from mcheck.counterexamples.picture.geometry import Box, Occupied, Point, Segment
from mcheck.counterexamples.picture.measure import filled, text_width
from mcheck.counterexamples.picture.parts import Arrow

LABEL_LINE = 11.0
"""The distance of two lines of a label."""
_ABOVE, _BELOW = 8.0, 2.5
"""How far a line of text reaches above and below its base line."""
_WIDEST = 168.0
_TIP = 5.0
_ALONG = (0.06, 0.12, 0.18, 0.26, 0.34, 0.42, 0.5, 0.58, 0.66, 0.74, 0.82, 0.9)
_OFF = (10.0, 20.0, 32.0, 46.0, 62.0)
_CLEAR = 3.0
_CROWD = 5


@dataclass(frozen=True)
class Home:
    """Where a label stands if nothing is in its way: the base line of its first line."""

    x: float
    y: float
    anchor: str
    fixed: bool = False
    """Whether it stands there in any case."""


@dataclass(frozen=True)
class Way:
    """An arrow with the corners of its way, from its start to its end, and the place for its label, if it has one."""

    arrow: Arrow
    points: tuple[Point, ...]
    home: Home | None
    words: str = ""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The straight parts of the way."""
        return tuple(zip(self.points, self.points[1:], strict=False))


@dataclass(frozen=True)
class Label:
    """A label with its place; `leader` joins it to an arrow that it is not beside."""

    texts: tuple[Text, ...]
    box: Box
    leader: Segment | None = None


@dataclass(frozen=True)
class Line:
    """An arrow with its way and its label."""

    arrow: Arrow
    points: tuple[Point, ...]
    label: Label | None


def label_lines(words: str) -> list[str]:
    """A label in lines that are not too wide to stand between two lanes."""
    return filled(words, SMALL, _WIDEST)


def label_width(words: str) -> float:
    """The width of a label that may have several lines."""
    return max(text_width(line, SMALL) for line in label_lines(words))


def labelled(ways: Iterable[Way], occupied: Occupied, bounds: Box) -> tuple[Line, ...]:
    """The arrows with their labels, inside the bounds.

    Cost: one place for a label that can stay at home, at most 146 for another, each what lies at its height; 0.6 s of processor
    for 200 arrows that all cross.
    """
    ways = tuple(ways)
    for way in ways:
        for segment in way.segments:
            occupied.draw(segment)
        x, y = way.points[-1]
        occupied.put(Box(x - _TIP, y - _TIP + 1, x + _TIP, y + _TIP - 1))
    labels: dict[int, Label] = {}
    for at_home in (True, False):
        for number, way in enumerate(ways):
            if way.home is None or number in labels:
                continue
            label = _home(way, way.home)
            clear = occupied.is_free(label.box) and not occupied.crossings(label.box, 1)
            if way.home.fixed or clear or not at_home:
                labels[number] = label if way.home.fixed or clear else _elsewhere(way, label, occupied, bounds)
                occupied.put(labels[number].box)
    return tuple(Line(way.arrow, way.points, labels.get(number)) for number, way in enumerate(ways))


def _home(way: Way, home: Home) -> Label:
    lines = [way.words] if home.fixed else label_lines(way.words)
    width = max(text_width(line, SMALL) for line in lines)
    left = home.x - {"start": 0.0, "middle": width / 2, "end": width}[home.anchor]
    texts = tuple(
        Text(home.x, home.y + LABEL_LINE * k, line, "label", anchor=home.anchor) for k, line in enumerate(lines)
    )
    return Label(texts, Box(left, home.y - _ABOVE, left + width, home.y + LABEL_LINE * (len(lines) - 1) + _BELOW))


def _moved(label: Label, left: float, top: float) -> Label:
    """The label with its upper left corner there."""
    right, down = left - label.box.left, top - label.box.top
    texts = tuple(Text(left, text.y + down, text.text, text.style) for text in label.texts)
    return Label(texts, Box(left, top, label.box.right + right, label.box.bottom + down))


def _elsewhere(way: Way, label: Label, occupied: Occupied, bounds: Box) -> Label:
    """The best place that is not the proposed one; that, where there is no other."""
    best, fewest = label, math.inf
    for places in (_beside(way, label), _further(way, label)):
        if _CROWD <= fewest < math.inf:
            break  # so many lines at all places beside the arrow: there is no more room further off
        for place in places:
            if not (bounds.left <= place.box.left and place.box.right <= bounds.right) or not occupied.is_free(
                place.box
            ):
                continue
            crossings = occupied.crossings(place.box, fewest)
            if crossings < fewest:
                best, fewest = place, crossings
            if not crossings:
                return place
    return best


def _beside(way: Way, label: Label) -> Iterator[Label]:
    """Along the arrow from its head, touching it by a corner: below it, then above it."""
    (x1, y1), (x2, y2) = _slope(way)
    width, height = label.box.right - label.box.left, label.box.bottom - label.box.top
    rightwards = (x2 >= x1) == (y2 >= y1)
    yield label
    for share in _ALONG:
        x, y = x2 + (x1 - x2) * share, y2 + (y1 - y2) * share
        yield _moved(label, x - _CLEAR - width if rightwards else x + _CLEAR, y + _CLEAR)
        yield _moved(label, x + _CLEAR if rightwards else x - _CLEAR - width, y - _CLEAR - height)


def _further(way: Way, label: Label) -> Iterator[Label]:
    """Further and further off, joined to the arrow by a line."""
    (x1, y1), (x2, y2) = _slope(way)
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    across, down = (y1 - y2) / length, (x2 - x1) / length
    width, height = label.box.right - label.box.left, label.box.bottom - label.box.top
    for off in _OFF:
        for share in _ALONG:
            x, y = x2 + (x1 - x2) * share, y2 + (y1 - y2) * share
            for side in (1, -1):
                away_x, away_y = side * across, side * down
                left = x + away_x * off - (width if away_x < 0 else 0)
                place = _moved(label, left, y + away_y * off - (height if away_y < 0 else 0))
                yield Label(place.texts, place.box, ((x, y), place.box.nearest((x, y))))


def _slope(way: Way) -> Segment:
    """The longest straight part of the way."""
    return max(way.segments, key=lambda s: math.hypot(s[1][0] - s[0][0], s[1][1] - s[0][1]))
