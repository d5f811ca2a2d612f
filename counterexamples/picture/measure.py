"""How wide text is: pictures are laid out before anybody knows the font, so they are written in a fixed-width one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ADVANCE = 0.605
"""Of a character, in units of the font size: DejaVu Sans Mono and Menlo have 0.602, others less."""
_WORD = re.compile(r"(\s*)(\S+)")
_JOINTS = (re.compile(r"(?=\+)"), re.compile(r"(?<=[,(\[])"), re.compile(r"(?<=[_=→])|(?=\.)"))
"""Where a word that is too long for a line is broken, the best places first: what lies further down is for what is still too
long."""


def text_width(text: str, size: float) -> float:
    """The width of a line of text; wide characters count twice, circled numbers are wide in most fonts."""
    return size * _ADVANCE * sum(_columns(c) for c in text)


def _columns(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    return {"W": 2.0, "F": 2.0, "A": 1.7 if character >= "①" else 1.0}.get(unicodedata.east_asian_width(character), 1.0)


def filled(text: str, size: float, width: float, most: int | None = None) -> list[str]:
    """The text in lines of at most this width; `…` ends the last of `most` lines where there are more.

    Lines end at spaces; inside a word only where it is longer than a line, and then after a comma or a bracket, before a
    `+`, and at last at `_`, `=` or `.`.
    """
    columns = max(4, int(width / (size * _ADVANCE) + 1e-6))  # of the width of n characters, n
    lines = list(_lines(text, columns))
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: columns - 1] + "…"]
    return lines


@lru_cache(maxsize=1 << 12)
def _lines(text: str, columns: int) -> tuple[str, ...]:
    lines = [""]
    for space, word in _WORD.findall(text):
        glue = " " * len(space) if lines[-1] else ""
        for piece in _pieces(word, columns):
            if lines[-1] and len(lines[-1] + glue + piece) > columns:
                lines.append(piece)
            else:
                lines[-1] += glue + piece
            glue = ""
    return tuple(lines)


def _pieces(word: str, columns: int, depth: int = 0) -> list[str]:
    """The parts of a word that are not broken: each fits a line."""
    if len(word) <= columns:
        return [word]
    if depth == len(_JOINTS):
        return [word[k : k + columns] for k in range(0, len(word), columns)]
    parts = (part for part in _JOINTS[depth].split(word) if part)
    return [piece for part in parts for piece in _pieces(part, columns, depth + 1)]
