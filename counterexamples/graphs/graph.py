"""A graph to be shown: vertices and arrows with text, and marks that say what is special about some of them.

A mark is a look and the words that explain it.  The legend is made of the marks that are used, so whoever adds a meaning
(the valency of a configuration, the loop of a lasso) adds a mark, and no writer has to learn of it.  Colours are Okabe and
Ito's (https://jfly.uni-koeln.de/color/), and no mark is told by its colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

BLUE, VERMILLION = "#0072b2", "#d55e00"
PALE_VERMILLION, GREY = "#fbd9c0", "#888888"


@dataclass(frozen=True)
class Look:
    """How something is drawn, in the words of DOT; None where a mark leaves it as it is."""

    shape: str | None = None
    fill: str | None = None
    color: str | None = None
    """Of the outline, or of the arrow."""
    line: str | None = None
    """`solid`, `dashed` or `dotted`."""
    width: float | None = None
    outlines: int | None = None

    def under(self, other: Look) -> Look:
        """This look with everything that `other` says put over it."""
        said = {f.name: getattr(other, f.name) for f in fields(other) if getattr(other, f.name) is not None}
        return replace(self, **said)


@dataclass(frozen=True)
class Mark:
    """Something that is true of some vertices or arrows; `name` is what a file format without drawings says."""

    name: str
    meaning: str
    look: Look


@dataclass(frozen=True)
class Vertex:
    """A vertex; of several marks the later ones are put over the earlier.  `facts` is for formats that keep values."""

    name: str
    lines: tuple[str, ...]
    marks: tuple[Mark, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)
    column: str | None = None
    """Vertices of one column are drawn below one another where that is possible."""


@dataclass(frozen=True)
class Arrow:
    """An arrow between two vertices."""

    source: str
    target: str
    lines: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Graph:
    """What is shown, its title, and lines that say what it leaves out."""

    title: str
    notes: tuple[str, ...]
    vertices: tuple[Vertex, ...]
    arrows: tuple[Arrow, ...]

    def vertex_marks(self) -> tuple[Mark, ...]:
        """The marks that vertices have, each once."""
        return _used(v.marks for v in self.vertices)

    def arrow_marks(self) -> tuple[Mark, ...]:
        """The marks that arrows have, each once."""
        return _used(a.marks for a in self.arrows)


def look_of(plain: Look, marks: Iterable[Mark]) -> Look:
    """The plain look with all marks put over it."""
    for mark in marks:
        plain = plain.under(mark.look)
    return plain


def _used(marks: Iterable[tuple[Mark, ...]]) -> tuple[Mark, ...]:
    return tuple(dict.fromkeys(mark for some in marks for mark in some))
