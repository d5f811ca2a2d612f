"""Boxes and segments of a picture, and where they lie over each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]
Segment = tuple[Point, Point]

_STRIP = 40.0


@dataclass(frozen=True)
class Box:
    """A rectangle; its edges belong to nobody."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two have more than an edge in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def inside(self, segment: Segment) -> Segment | None:
        """The part of a segment that lies inside.  Source: Y.-D. Liang and B. A. Barsky, ACM TOG 3 (1984)."""
        (x1, y1), (x2, y2) = segment
        enters, leaves = 0.0, 1.0
        for start, way, low, high in ((x1, x2 - x1, self.left, self.right), (y1, y2 - y1, self.top, self.bottom)):
            if way == 0:
                if not low < start < high:
                    return None
                continue
            near, far = sorted(((low - start) / way, (high - start) / way))
            enters, leaves = max(enters, near), min(leaves, far)
        if enters >= leaves:
            return None
        across, down = x2 - x1, y2 - y1
        return (x1 + across * enters, y1 + down * enters), (x1 + across * leaves, y1 + down * leaves)

    def crossed_by(self, segment: Segment) -> bool:
        """Whether part of a segment lies inside."""
        return self.inside(segment) is not None

    def nearest(self, point: Point) -> Point:
        """The point of the rectangle that is nearest."""
        return min(max(point[0], self.left), self.right), min(max(point[1], self.top), self.bottom)


class Occupied:
    """What has its place already, kept by height: a question costs what lies at that height."""

    def __init__(self) -> None:
        self._boxes: dict[int, list[Box]] = {}
        self._segments: dict[int, list[Segment]] = {}

    def put(self, box: Box) -> None:
        """Nothing may stand over the box."""
        for strip in _strips(box.top, box.bottom):
            self._boxes.setdefault(strip, []).append(box)

    def draw(self, segment: Segment) -> None:
        """Nothing should stand over the line."""
        heights = sorted((segment[0][1], segment[1][1]))
        for strip in _strips(*heights):
            self._segments.setdefault(strip, []).append(segment)

    def is_free(self, box: Box) -> bool:
        """Whether no box is there."""
        return not any(
            box.overlaps(other) for strip in _strips(box.top, box.bottom) for other in self._boxes.get(strip, ())
        )

    def crossings(self, box: Box, most: float = math.inf) -> int:
        """How many lines go through the box; not counted further than `most`."""
        found, first = 0, math.floor(box.top / _STRIP)
        for strip in _strips(box.top, box.bottom):
            for segment in self._segments.get(strip, ()):
                if found >= most:
                    return found
                begins = math.floor(min(segment[0][1], segment[1][1]) / _STRIP)
                found += strip == max(begins, first) and box.crossed_by(segment)  # once, where both are first
        return found

    def hidden(self, segment: Segment) -> list[Segment]:
        """The parts of a line that lie inside boxes."""
        heights = sorted((segment[0][1], segment[1][1]))
        near = dict.fromkeys(box for strip in _strips(*heights) for box in self._boxes.get(strip, ()))
        return [part for box in near if (part := box.inside(segment)) is not None]


def _strips(top: float, bottom: float) -> Iterable[int]:
    return range(math.floor(top / _STRIP), math.floor(bottom / _STRIP) + 1)
