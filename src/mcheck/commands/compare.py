"""mcheck compare: a protocol and its tweaks side by side."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import (
    Number,
    Seconds,
    color_option,
    constants_given,
    engine_option,
    json_option,
    option,
    scope_options,
)
from mcheck.protocols import Protocol

if TYPE_CHECKING:
    from mcheck.comparison import Entry, Variant

_INTERVAL = 10.0


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    tweak, property, _, memory = scope_options(protocol)
    tweak.multiple, tweak.help = True, "Only this tweak; repeatable."
    return [
        option("--depth", type=Number(0), help="Explore every state at most this many steps from an initial state."),
        tweak,
        property,
        option(
            "--time-limit",
            type=Seconds(),
            help="Stop each search after this many seconds [default: 60; 10 where nothing is declared].",
        ),
        memory,
        engine_option(),
        option("--processes", type=Number(1, 256), default=2, help="Searches at a time."),
        json_option(),
        color_option(),
    ]


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Search all of them, print the table; the exit status."""
    from mcheck.checker.checks import select
    from mcheck.cli import INTERRUPTED
    from mcheck.comparison import Asked, Found, found_in, groups, status
    from mcheck.comparison_report import ComparisonReport
    from mcheck.parallel import Died, in_processes
    from mcheck.protocols import instantiate
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    asked = Asked(
        constants,
        values["depth"],
        tuple(values["property"]),
        tuple(t for t in map(protocol.tweak_named, values["tweak"]) if t is not None),
        values["time_limit"],
        values["memory_limit"],
        values["engine"],
    )
    instance = instantiate(protocol.cls, constants)
    select(instance, asked.properties)
    made = groups(protocol, asked)
    entries = [entry for group in made for entry in group.entries]
    terminal, line = Terminal(values["color"]), _Line(len(entries))
    found: dict[Entry, Found] = {}
    interrupted = False
    try:
        for number, answer in in_processes(found_in, [e.variant for e in entries], values["processes"], line.show):
            found[entries[number]] = Found(error=str(answer)) if isinstance(answer, Died) else answer
            line.done = len(found)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        line.clear()
    report = ComparisonReport(protocol, instance, made, found, line.seconds, interrupted)
    terminal.print(as_json(report.document()) if values["json"] else report.text(terminal))
    return INTERRUPTED if interrupted else status(found)


class _Line:
    """How far the comparison is, on standard error: a live line on a terminal, else one every ten seconds."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.live = sys.stderr.isatty()
        self._started = time.perf_counter()
        self._next = _INTERVAL
        self._length = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._started

    def show(self, running: list[Variant]) -> None:
        """Say what is running."""
        from mcheck.terminal import fitted

        if not self.live and self.seconds < self._next:
            return
        names = ", ".join(variant.words for variant in running)
        text = fitted(f"{self.done} of {self.total} searched · {self.seconds:.0f} s · {names}", sys.stderr)
        if self.live:
            self._write("\r" + text.ljust(self._length))
            self._length = len(text)
        else:
            self._write(f"mcheck: {text}\n")
            self._next = self.seconds + _INTERVAL

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


command = ProtocolCommand(
    "compare",
    run,
    options,
    "Search PROTOCOL and each of its tweaks, where the tweaks declare that it shows, or with the constants and bounds given "
    "here.  Status 1 if something is not as declared.",
)
