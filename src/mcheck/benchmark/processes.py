"""One program, run to its end and measured from outside: how long, how much of a processor, how much memory."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_BEAT = 0.02


@dataclass(frozen=True)
class Ended:
    """How a process ended.  `output` is what it wrote, `errors` what it wrote on standard error; times are in seconds, memory in MB."""

    status: int
    output: str
    errors: str
    whole: float
    cpu: float
    peak_mb: float
    timed_out: bool = False


def measured(command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> Ended:
    """Run a command in `folder`, for at most so long; then, or at Ctrl-C, it ends with all it has started.  OSError."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        watch = _Watch(process.pid, seconds)
        try:
            _, status, usage = os.wait4(process.pid, 0)
            whole = time.perf_counter() - started
            ended = process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timed_out = watch.end()
            if process.returncode is None:
                _kill(process.pid)
                process.wait()
        said, complained = map(_text, (output, errors))
    peak = _peak_mb(usage.ru_maxrss, watch.peak_kb)
    return Ended(ended, said, complained, whole, usage.ru_utime + usage.ru_stime, peak, timed_out)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _peak_mb(reaped_kb: int, seen_kb: int) -> float:
    """The system's figure, unless it is no more than that of this process, which a new process inherits for a moment."""
    import resource

    inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (seen_kb if seen_kb and reaped_kb <= inherited else reaped_kb) / 1024


class _Watch:
    """Looks at a process every 20 ms: its peak of memory so far, and whether its time is over."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.peak_kb, self._pid, self._deadline = 0, pid, time.monotonic() + seconds
        self._ended, self._timed_out = threading.Event(), False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> bool:
        """Stop looking; whether the time was over."""
        self._ended.set()
        self._thread.join()
        return self._timed_out

    def _look(self) -> None:
        while not self._ended.wait(_BEAT):
            self.peak_kb = max(self.peak_kb, _high_water_kb(self._pid))
            if time.monotonic() > self._deadline and not self._timed_out:
                self._timed_out = True
                _kill(self._pid)


def _high_water_kb(pid: int) -> int:
    """The peak of memory of a running process; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    return 0


def _kill(group: int) -> None:
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)
