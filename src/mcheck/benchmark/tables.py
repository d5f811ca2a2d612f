"""The result of a race as text, as Markdown, and as one JSON document."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mcheck.benchmark.machine import Machine
from mcheck.benchmark.race import Race, Result
from mcheck.benchmark.subjects import Subject

COLUMNS = ("", "states/s", "search", "whole", "cpu", "first run", "peak", "× search", "× whole")
LEGEND = (
    "search: from the first state to the last (the whole process for those who do not say); whole, cpu: of the process, "
    "without building a verifier; first run: with nothing cached; ×: how many times as long as mcheck's native engine on one thread"
)
SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class Report:
    """A race with its circumstances."""

    race: Race
    machine: Machine
    version: str
    rounds: int
    interrupted: bool = False

    def text(self) -> str:
        """For a terminal."""
        lines = [f"mcheck {self.version} · bench · {self._runs()}", self.machine.sentence(), *self._doubts()]
        for subject, results in self._by_subject():
            rows = [COLUMNS, *(cells(r, results) for r in results)]
            lines += ["", self._title(subject), *(f"  {line}" for line in _aligned(rows))]
        lines += ["", *(f"{name}: left out, {why}" for name, why in self.race.missing.items()), LEGEND]
        return "\n".join(lines)

    def markdown(self) -> str:
        """The same as Markdown tables."""
        lines = [f"mcheck {self.version}; {self._runs()}. {self.machine.sentence()}.", *self._doubts()]
        for subject, results in self._by_subject():
            lines += [
                "",
                f"**{self._title(subject)}**",
                "",
                _row(COLUMNS),
                _row(["---", *["---:"] * (len(COLUMNS) - 1)]),
            ]
            lines += [_row(cells(r, results)) for r in results]
        lines += ["", *(f"{name}: left out, {why}.  " for name, why in self.race.missing.items()), f"{LEGEND}."]
        return "\n".join(lines) + "\n"

    def document(self) -> dict[str, Any]:
        """All figures, every lap of them."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "machine": {**dataclasses.asdict(self.machine), "busy": self.machine.busy},
            "rounds": self.rounds,
            "interrupted": self.interrupted,
            "missing": self.race.missing,
            "results": [self._entry(r, results) for _, results in self._by_subject() for r in results],
        }

    def _runs(self) -> str:
        runs = "1 run each" if self.rounds == 1 else f"medians of {self.rounds} runs each, in turns"
        return f"{runs}, interrupted" if self.interrupted else runs

    def _doubts(self) -> list[str]:
        words = f"The machine was not idle (load {self.machine.load}): times are too long, those of two threads most of all."
        return [words] if self.machine.busy else []

    def _title(self, subject: Subject) -> str:
        return f"{subject.title}: {subject.distinct:,} states, {subject.invariant} checked on every one"

    def _by_subject(self) -> Iterator[tuple[Subject, list[Result]]]:
        for subject in dict.fromkeys(r.subject.name for r in self.race.results):
            results = [r for r in self.race.results if r.subject.name == subject]
            yield results[0].subject, results

    def _entry(self, result: Result, results: Sequence[Result]) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "subject": result.subject.name,
            "checker": result.contestant.name,
            "distinct": result.subject.distinct,
            "fault": result.fault,
            "first_run_seconds": _rounded(result.cold),
            "laps": [{k: _rounded(v) for k, v in dataclasses.asdict(lap).items()} for lap in result.laps],
        }
        if result.timed:
            by_search, by_whole = ratios(result, results)
            entry |= {
                "states_per_second": round(result.states_per_second),
                "search_seconds": _rounded(result.search),
                "whole_seconds": _rounded(result.whole),
                "peak_mb": _rounded(result.middle(lambda lap: lap.peak_mb)),
                "times_search": _rounded(by_search),
                "times_whole": _rounded(by_whole),
            }
        return entry


def ratios(result: Result, results: Iterable[Result]) -> tuple[float | None, float | None]:
    """How many times as long it takes as the native engine on one thread: the search, the whole process."""
    ours = [r for r in results if r.timed and r.contestant.name == "mcheck native, 1 thread"]
    if not ours:
        return None, None
    return result.search / ours[0].search, result.whole / ours[0].whole


def cells(result: Result, results: Iterable[Result]) -> tuple[str, ...]:
    """One row of a table; a fault instead of figures where there is one."""
    if not result.timed:
        return (result.contestant.name, result.fault or "not run")
    by_search, by_whole = ratios(result, results)
    return (
        result.contestant.name,
        _rate(result.states_per_second),
        _seconds(result.search),
        _seconds(result.whole),
        _seconds(result.middle(lambda lap: lap.cpu)),
        "" if result.cold is None else _seconds(result.cold),
        f"{result.middle(lambda lap: lap.peak_mb):.0f} MB",
        "" if by_search is None else _times(by_search),
        "" if by_whole is None else _times(by_whole),
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    full = [row for row in rows if len(row) == len(COLUMNS)]
    widths = [max(len(row[k]) for row in full) for k in range(len(COLUMNS))]
    widths[0] = max(len(row[0]) for row in rows)
    lines = []
    for row in rows:
        rest = row[1:] if len(row) < len(COLUMNS) else [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    return lines


def _row(row: Sequence[str]) -> str:
    return f"| {' | '.join((*row, *[''] * (len(COLUMNS) - len(row))))} |"


def _rate(rate: float) -> str:
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.0f} k" if rate >= 1e4 else f"{rate:,.0f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _rounded(number: float | int | None) -> float | int | None:
    return round(number, 4) if isinstance(number, float) else number
