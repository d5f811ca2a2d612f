"""States per second as bars on a logarithmic scale, as an SVG with the same bytes for the same figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from mcheck.benchmark.race import Result

_LEFT, _WIDTH, _BAR, _GAP, _GROUP = 190, 520, 18, 6, 30
_OURS, _THEIRS, _INK, _GRID = "#0072B2", "#999999", "#222222", "#dddddd"


def plot(results: Iterable[Result], caption: str) -> str:
    """A bar for every result that has figures, in groups by subject."""
    timed = [r for r in results if r.timed]
    low, high = _decades([r.states_per_second for r in timed])
    groups = {r.subject.name: [s for s in timed if s.subject.name == r.subject.name] for r in timed}
    top, body = 40, []
    for group in groups.values():
        body.append(_text(_LEFT, top + 14, group[0].subject.title, weight="bold"))
        top += 22
        for result in group:
            body += _bar(result, top, low, high)
            top += _BAR + _GAP
        top += _GROUP - _GAP
    return "\n".join([_head(top + 26, caption), *_axis(top, low, high), *body, "</svg>"]) + "\n"


def _decades(rates: list[float]) -> tuple[int, int]:
    """The powers of ten below and above all rates."""
    if not rates:
        return 0, 1
    low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
    return low, max(high, low + 1)


def _along(rate: float, low: int, high: int) -> float:
    return _WIDTH * (math.log10(rate) - low) / (high - low)


def _bar(result: Result, top: float, low: int, high: int) -> list[str]:
    length = _along(result.states_per_second, low, high)
    colour = _OURS if result.contestant.ours else _THEIRS
    return [
        _text(_LEFT - 8, top + 13, result.contestant.name, anchor="end"),
        f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{colour}"/>',
        _text(_LEFT + length + 6, top + 13, f"{result.states_per_second:,.0f}"),
    ]


def _axis(bottom: float, low: int, high: int) -> list[str]:
    lines = []
    for decade in range(low, high + 1):
        x = _LEFT + _along(10.0**decade, low, high)
        lines.append(f'<line x1="{x:.1f}" y1="34" x2="{x:.1f}" y2="{bottom}" stroke="{_GRID}"/>')
        lines.append(_text(x, bottom + 14, f"{10**decade:,}", anchor="middle"))
    return lines


def _head(height: float, caption: str) -> str:
    width = _LEFT + _WIDTH + 110
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
            f'font-family="sans-serif" font-size="12" fill="{_INK}">',
            f"<title>Distinct states per second of search</title><desc>{escape(caption)}</desc>",
            f'<rect width="{width}" height="{height:.0f}" fill="white"/>',
            _text(8, 20, f"Distinct states per second of search, logarithmic. {caption}"),
        ]
    )


def _text(x: float, y: float, words: str, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'
