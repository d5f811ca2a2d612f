"""Columns of text: cells wrapped until a row fits the width."""

from __future__ import annotations

import re
from functools import lru_cache

_GAP = "  "
_NARROWEST = 6
_MANY_CELLS = 600
_CHUNK = re.compile(r"[^(]*\(|[^(]+")


def columns(
    heads: list[str], rows: list[list[str]], width: int, mark: str, loop: int | None = None
) -> list[str] | None:
    """The rows under their heads, the last one marked; None if it would take words broken in their middle to fit them.

    `loop`: the row that the last one goes back to, if it does.
    """
    final = len(rows) - 1
    marking = f"{_GAP}← {mark}" if final or loop is not None else ""
    widths = _widths(heads, rows, width - 1 - len(marking))
    if widths is None:
        return None
    lines = [" " + _line(heads, widths)]
    for number, row in enumerate(rows):
        last = number == final and bool(marking)
        broken = [wrapped(cell, w) for cell, w in zip(row, widths, strict=True)]
        for k in range(max(map(len, broken))):
            text = _line([cell[k] if k < len(cell) else "" for cell in broken], widths)
            edge = _edge(number, k, final, loop) if loop is not None else ">" if last and k == 0 else " "
            lines.append((edge + text + (marking if last and k == 0 else "")).rstrip())
    return lines


def _edge(number: int, line: int, final: int, loop: int) -> str:
    """What stands before a line of a row, where the rows from `loop` to the last one are a circle."""
    if loop == final:
        return ">" if number == final and line == 0 else " "
    if number < loop or (number == final and line):
        return " "
    if line or loop < number < final:
        return "│"
    return "┌" if number == loop else "└"


def _line(cells: list[str], widths: list[int]) -> str:
    return _GAP.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()


@lru_cache(maxsize=1 << 14)
def wrapped(cell: str, width: int) -> tuple[str, ...]:
    """The lines of a cell: broken at spaces, and words that are too long after an opening bracket."""
    lines = [""]
    for word in cell.split():
        glue = " " if lines[-1] else ""
        for chunk in (word,) if len(word) <= width else _CHUNK.findall(word):
            if lines[-1] and len(lines[-1] + glue + chunk) > width:
                lines.append(chunk)
            else:
                lines[-1] += glue + chunk
            glue = ""
    return tuple(lines)


def _indivisible(cell: str) -> int:
    """The width of the widest part of a cell that is never broken."""
    return max((len(chunk) for word in cell.split() for chunk in _CHUNK.findall(word)), default=0)


def _widths(heads: list[str], rows: list[list[str]], width: int) -> list[int] | None:
    """The natural widths, narrowed column by column where that costs the fewest lines; None if nothing helps."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    parts = [max(map(_indivisible, column)) for column in zip(heads, *rows, strict=True)]
    least = [min(w, max(_NARROWEST, p)) for w, p in zip(widths, parts, strict=True)]
    spare = width - len(_GAP) * (len(widths) - 1)
    while sum(widths) > spare:
        possible = [k for k, (w, m) in enumerate(zip(widths, least, strict=True)) if w > m]
        if not possible:
            return None
        if len(rows) * len(heads) > _MANY_CELLS:
            chosen = max(possible, key=lambda k: widths[k])
        else:
            chosen = min(possible, key=lambda k: (_height(rows, widths, k), -widths[k]))
        widths[chosen] -= 1
    return widths


def _height(rows: list[list[str]], widths: list[int], narrowed: int) -> tuple[int, int]:
    """The lines that the table takes with one column narrower, and the words broken in it."""
    tried = [w - (k == narrowed) for k, w in enumerate(widths)]
    lines = sum(max(len(wrapped(c, w)) for c, w in zip(row, tried, strict=True)) for row in rows)
    broken = sum(len(word) > tried[narrowed] for row in rows for word in row[narrowed].split())
    return 3 * broken + lines, broken
