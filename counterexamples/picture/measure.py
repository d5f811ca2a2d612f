"""How wide text is: pictures are laid out before anybody knows the font, so they are written in a fixed-width one."""

from __future__ import annotations

import textwrap
import unicodedata

_ADVANCE = 0.605
"""Of a character, in units of the font size: DejaVu Sans Mono and Menlo have 0.602, others less."""


def text_width(text: str, size: float) -> float:
    """The width of a line of text; wide characters count twice, circled numbers are wide in most fonts."""
    return size * _ADVANCE * sum(_columns(c) for c in text)


def _columns(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    return {"W": 2.0, "F": 2.0, "A": 1.7 if character >= "①" else 1.0}.get(unicodedata.east_asian_width(character), 1.0)


def filled(text: str, size: float, width: float, most: int | None = None) -> list[str]:
    """The text in lines of at most this width; `…` ends the last of `most` lines where there are more."""
    columns = max(4, int(width / (size * _ADVANCE) + 1e-6))  # of the width of n characters, n
    lines = textwrap.wrap(text, columns, break_on_hyphens=False) or [""]
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: columns - 1] + "…"]
    return lines
