"""The marks of valency: a shape and a shade for each kind of configuration, so that neither colour nor shape is needed alone.

Colours are paler ones of Okabe and Ito's (https://jfly.uni-koeln.de/color/), of different lightness: printed in grey they differ
too.  The kind is written in every vertex besides.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcheck.counterexamples.graphs.graph import Look, Mark

_LOOKS = (
    ("box", "box", "#8cc3ea"),
    ("hexagon", "hexagon", "#fae6bf"),
    ("tab", "box with a tab", "#a5dccb"),
    ("component", "box with a plug", "#f0dbe9"),
)
"""Of the first values: shape, its name, and fill; more values share them."""


def valency_mark(kind: str, values: Sequence[str]) -> Mark:
    """The mark of configurations of this kind: `null`, `bivalent` or `multivalent`, or one of the values with `-valent`."""
    if kind == "null":
        return Mark(kind, "grey, with a folded corner: null, no decision is reachable", Look("note", "#b0b0b0"))
    valent = [f"{value}-valent" for value in values]
    if kind not in valent:
        return Mark(kind, f"white and oval: {kind}, several decisions are reachable", Look("ellipse", "#ffffff"))
    shape, name, fill = _LOOKS[valent.index(kind) % len(_LOOKS)]
    return Mark(kind, f"{name}: {kind}", Look(shape, fill))
