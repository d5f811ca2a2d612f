"""Columns of text: cells wrapped until a row fits the width."""

from __future__ import annotations

import textwrap
from functools import lru_cache

_GAP = "  "
_NARROWEST = 9
_MANY_CELLS = 600


def columns(heads: list[str], rows: list[list[str]], width: int, mark: str) -> list[str] | None:
    """The rows under their heads, the last one marked; None if even narrow columns do not fit."""
    marking = f"{_GAP}← {mark}" if len(rows) > 1 else ""
    widths = _widths(heads, rows, width - 1 - len(marking))
    if widths is None:
        return None
    lines = [" " + _line(heads, widths)]
    for number, row in enumerate(rows):
        last = number == len(rows) - 1 and number > 0
        wrapped = [_wrapped(cell, w) for cell, w in zip(row, widths, strict=True)]
        for k in range(max(map(len, wrapped))):
            text = _line([cell[k] if k < len(cell) else "" for cell in wrapped], widths)
            lines.append((">" if last and k == 0 else " ") + text + (marking if last and k == 0 else ""))
    return lines


def _line(cells: list[str], widths: list[int]) -> str:
    return _GAP.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()


@lru_cache(maxsize=1 << 14)
def _wrapped(cell: str, width: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(cell, width, break_on_hyphens=False)) or ("",)


def _widths(heads: list[str], rows: list[list[str]], width: int) -> list[int] | None:
    """The natural widths, narrowed column by column where that costs the fewest lines; None if nothing helps."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    least = [min(w, max(_NARROWEST, len(h))) for w, h in zip(widths, heads, strict=True)]
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
    lines = sum(max(len(_wrapped(c, w)) for c, w in zip(row, tried, strict=True)) for row in rows)
    broken = sum(len(word) > tried[narrowed] for row in rows for word in row[narrowed].split())
    return 3 * broken + lines, broken
