"""The command in a process of its own, with a stopwatch on the search: `python -m mcheck.benchmark.worker run …`.

It is `mcheck run …`, which may not be told from outside how long it traced, compiled and compared, and how long it searched.
The seconds between the first state and the last stand in one more line, on standard error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

STOPWATCH = "seconds in the native search: "


def _time_native_searches() -> list[float]:
    """From now on every native search adds its seconds to this list."""
    from mcheck.checker.native import engine
    from mcheck.checker.native.search import NativeSearch

    seconds: list[float] = []

    class Timed(NativeSearch):
        def run(self, initial: Iterable[Sequence[int]]) -> None:
            started = time.perf_counter()
            try:
                super().run(initial)
            finally:
                seconds.append(time.perf_counter() - started)

    setattr(engine, "NativeSearch", Timed)  # noqa: B010 - a class is not assigned to, as type checkers see it
    return seconds


def main(arguments: Sequence[str]) -> int:
    """The status of the command."""
    from mcheck.cli import status_of

    seconds = _time_native_searches() if "native" in arguments else []
    status = status_of(arguments)
    for each in seconds:
        print(f"{STOPWATCH}{each:.6f}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
