"""How a search is getting on: a live line on a terminal, otherwise one line every ten seconds, on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mcheck.terminal import fitted

if TYPE_CHECKING:
    from mcheck.checker.verdict import Progress

_INTERVAL = 10.0


class ProgressLine:
    """Listens to an engine; call `clear` before anything else is written."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self._next = _INTERVAL
        self._length = 0

    def __call__(self, progress: Progress) -> None:
        """Show where the search is."""
        if self.live:
            line = fitted(_text(progress), sys.stderr)
            self._write("\r" + line.ljust(self._length))
            self._length = len(line)
        elif progress.seconds >= self._next:
            self._next = progress.seconds - progress.seconds % _INTERVAL + _INTERVAL
            self._write(f"mcheck: {fitted(_text(progress), sys.stderr)}\n")

    def clear(self) -> None:
        """Wipe the live line."""
        if self._length:
            self._write("\r" + " " * self._length + "\r")
            self._length = 0

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self.live, self._next = False, float("inf")


def _text(p: Progress) -> str:
    rate = p.generated / p.seconds if p.seconds else 0
    return (
        f"{p.distinct:,} distinct · {p.generated:,} generated · depth {p.depth} · {p.frontier:,} to expand · "
        f"{p.seconds:.0f} s · {rate:,.0f}/s"
    )
