"""An adapter in a process of its own, spoken to by lines of JSON on its standard input and output."""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from mcheck.conformance.adapter import AdapterFailed, AdapterMisuse, Event, Observation, Operation
from mcheck.conformance.wire import event_of, observation_of, operation_json, operation_of
from mcheck.spec import UsageError

ANSWER_WITHIN = 10.0
"""Seconds after which a process that says nothing is taken to be silent for ever."""


class ProcessAdapter:
    """The adapter behind a command.  A process that has died or fallen silent is started anew by the next `reset`."""

    def __init__(self, command: str, answer_within: float = ANSWER_WITHIN) -> None:
        self.command, self.answer_within = command, answer_within
        self._words = shlex.split(command)
        if not self._words:
            raise UsageError("--exec: the command of an adapter (got nothing)")
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - as long as this

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        if self._process is None:
            self._start()
        self._ask(call="reset", nodes=nodes, seed=seed, options=dict(options))

    def enabled(self) -> Iterable[Operation]:
        found = self._ask(call="enabled").get("operations")
        if not isinstance(found, list):
            raise AdapterMisuse(f'enabled: answer {{"operations": […]}} (got {found!r})')
        return [operation_of(said) for said in found]

    def step(self, operation: Operation) -> Event:
        return event_of(self._ask(call="step", operation=operation_json(operation)))

    def observe(self, node: int) -> Observation:
        return observation_of(self._ask(call="observe", node=node))

    def perform(self, action: str, arguments: Mapping[str, Any]) -> None:
        self._ask(call="perform", action=action, arguments=dict(arguments))

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    # ------------------------------------------------------------------ lines

    def _start(self) -> None:
        try:
            process = subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise UsageError(f"--exec {self.command}: cannot be started: {error.strerror or error}") from None
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        self._process, self._lines = process, lines

    def _ask(self, **request: Any) -> dict[str, Any]:
        """The answer to a request.  AdapterFailed where there is none, or it is an error."""
        doing = str(request["call"])
        if self._process is None or self._process.stdin is None:
            raise AdapterFailed(f"the adapter's process is not running ({doing})")
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended(doing) from None
        try:
            line = self._lines.get(timeout=self.answer_within)
        except queue.Empty:
            self.close()
            raise AdapterFailed(
                f"the adapter's process has not answered {doing} within {self.answer_within:g} s, and was ended"
            ) from None
        if line is None:
            raise self._ended(doing)
        return self._read_answer(line, doing)

    def _read_answer(self, line: str, doing: str) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise AdapterMisuse(
                f"{doing}: the adapter's process must answer one JSON object a line (got {line.strip()[:80]!r})"
            )
        if "error" in answer:
            raise AdapterFailed(f"the implementation failed during {doing}: {answer['error']}")
        return answer

    def _ended(self, doing: str) -> AdapterFailed:
        """What is said of a process that is gone: its status, and the last line it wrote to standard error."""
        process = self._process
        status = None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(timeout=1.0)
        self.close()
        self._complaints.seek(0)
        last = [line.strip() for line in self._complaints.read().splitlines() if line.strip()]
        how = f"was killed by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        return AdapterFailed(f"the adapter's process {how} during {doing}{f': {last[-1]}' if last else ''}")


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Hand on what a process says, and that it says no more."""
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError):
        for line in process.stdout:
            lines.put(line)
    lines.put(None)
