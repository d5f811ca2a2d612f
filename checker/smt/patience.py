"""How long an answer may take, and Ctrl-C: looked at while formulas are built, for z3 itself knows of both.

An exception raised while Python releases a term is printed and lost, and with it a Ctrl-C that comes then.  So it is noted, and
raised where a value is computed next.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from mcheck.checker.interrupts import Interrupts
from mcheck.checker.limits import LimitReached


class Undecided(LimitReached):
    """z3 has no answer: its time is over, or it gives up."""


class Patience:
    """Begins to run out when it is made.  `seconds`: None for no limit."""

    def __init__(self, seconds: float | None) -> None:
        self.started = time.monotonic()
        self.end = None if seconds is None else self.started + seconds
        self._interrupts = Interrupts()

    def held(self) -> AbstractContextManager[None]:
        """While this lasts, Ctrl-C waits for `check`."""
        return self._interrupts.held()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    def left(self) -> float | None:
        """Seconds until the end, for a question that is about to be asked; None without a limit.

        KeyboardInterrupt if Ctrl-C came: z3 would not know of it, and work on.
        """
        self._interrupts.check()
        return None if self.end is None else self.end - time.monotonic()

    def check(self) -> None:
        """Undecided if the time is over, KeyboardInterrupt if Ctrl-C came."""
        self._interrupts.check()
        if self.end is not None and time.monotonic() >= self.end:
            raise Undecided("time limit")
