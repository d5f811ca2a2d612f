"""The watch over a running search: limits of time and memory, and the beat of its progress reports."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from mcheck.checker.verdict import Limits, Progress, ProgressListener

_BEAT = 0.2


class LimitReached(Exception):  # not an error: the search ends here, and says so in its verdict
    """A limit ends the search.  `reason` is the phrase that the verdict shows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


STOPPED = (LimitReached, KeyboardInterrupt, MemoryError)
"""What ends a search before its end, and costs nothing of what it has found."""


def reason_of(stop: BaseException) -> str:
    """The phrase that the verdict shows for one of `STOPPED`."""
    if isinstance(stop, LimitReached):
        return stop.reason
    return "interrupted" if isinstance(stop, KeyboardInterrupt) else "out of memory"


class Watch:
    """Looks at the clock whenever it is asked, and at memory and the listener every 0.2 s."""

    def __init__(self, limits: Limits, listener: ProgressListener | None = None) -> None:
        self.limits, self.listener = limits, listener
        self.started = time.monotonic()
        self._deadline = float("inf") if limits.seconds is None else self.started + limits.seconds
        self._next = min(self.started + _BEAT, self._deadline)

    @property
    def seconds(self) -> float:
        """The time since the search began."""
        return time.monotonic() - self.started

    def check(self, progress: Callable[[float], Progress]) -> None:
        """Report progress when it is time to; LimitReached if a limit is exceeded.  `progress` takes the seconds."""
        now = time.monotonic()
        if now < self._next:
            return
        if now >= self._deadline:
            raise LimitReached(f"time limit of {self.limits.seconds:g} s")
        if self.limits.memory_mb is not None and resident_mb() > self.limits.memory_mb:
            raise LimitReached(f"memory limit of {self.limits.memory_mb:,} MB")
        if self.listener is not None:
            self.listener(progress(now - self.started))
        self._next = min(now + _BEAT, self._deadline)


def resident_mb() -> int:
    """The memory that this process holds at the moment, in MB; its peak where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            pages = int(statm.read().split()[1])
    except (OSError, ValueError, IndexError):
        return peak_mb()
    import resource

    return pages * resource.getpagesize() >> 20


def peak_mb() -> int:
    """The most memory that this process has held, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 20 if sys.platform == "darwin" else peak >> 10
