"""The race: contestants take turns, so that a machine that drifts drifts for all of them; medians are what counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from mcheck.benchmark.contestants import Contestant, Entry, Unfit
from mcheck.benchmark.processes import Ended, measured
from mcheck.benchmark.subjects import Subject


@dataclass(frozen=True)
class Lap:
    """One run whose count was right."""

    search: float
    whole: float
    cpu: float
    peak_mb: float
    generated: int | None


@dataclass
class Result:
    """What a contestant did with a subject: its laps, or a fault, and then no speed is shown."""

    subject: Subject
    contestant: Contestant
    laps: list[Lap] = field(default_factory=list)
    cold: float | None = None
    """The seconds of the first run, before anything was cached; only for those who cache something."""
    fault: str | None = None
    wrong_count: bool = False

    @property
    def timed(self) -> bool:
        """Whether there are figures to show."""
        return self.fault is None and bool(self.laps)

    def middle(self, quantity: Callable[[Lap], float]) -> float:
        """The median of a quantity over the laps."""
        return median(quantity(lap) for lap in self.laps)

    @property
    def search(self) -> float:
        """Seconds between the first state and the last; of the whole process where it does not say."""
        return self.middle(lambda lap: lap.search)

    @property
    def whole(self) -> float:
        """Seconds of the whole process."""
        return self.middle(lambda lap: lap.whole)

    @property
    def states_per_second(self) -> float:
        """Distinct states of the subject in a second of search."""
        return self.subject.distinct / self.search


Listener = Callable[[str], None]


class Race:
    """All contestants on all subjects.  `results` is complete as far as the race has come, whatever ends it."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        contestants: Sequence[Contestant],
        folder: Path,
        seconds: float,
        listener: Listener = lambda _: None,
    ) -> None:
        self.contestants, self.folder, self.seconds, self.listener = contestants, folder, seconds, listener
        self.missing = {c.name: why for c in contestants if (why := c.missing()) is not None}
        present = [c for c in contestants if c.name not in self.missing]
        self.results = [Result(s, c) for s in subjects for c in present if c.takes(s)]
        self._entries: list[Entry | None] = []

    def run(self, rounds: int) -> None:
        """Build everything, then let everybody run once in each round."""
        self._entries = [self._enter(n, result) for n, result in enumerate(self.results)]
        for n in range(rounds):
            for entry, result in zip(self._entries, self.results, strict=True):
                if entry is not None and result.fault is None:
                    self._lap(entry, result, f"round {n + 1} of {rounds}")

    def _enter(self, number: int, result: Result) -> Entry | None:
        folder = self.folder / str(number)
        folder.mkdir()
        self.listener(f"{result.subject.name} · {result.contestant.name} · preparing")
        try:
            entry = result.contestant.enter(result.subject, folder)
        except Unfit as unfit:
            result.fault = str(unfit)
            return None
        if result.contestant.ours:
            lap = self._run(entry, result)
            result.cold = lap.whole if lap is not None else None
        return entry

    def _lap(self, entry: Entry, result: Result, when: str) -> None:
        lap = self._run(entry, result)
        if lap is not None:
            result.laps.append(lap)
            self.listener(f"{result.subject.name} · {result.contestant.name} · {when} · {lap.whole:.2f} s")

    def _run(self, entry: Entry, result: Result) -> Lap | None:
        try:
            ended = measured(entry.command, entry.folder, entry.environment, self.seconds)
            return _judged(result, ended, self.seconds)
        except OSError as error:
            result.fault = f"it cannot be run: {error.strerror or error}"
        except Unfit as unfit:
            result.fault = str(unfit)
        return None


def _judged(result: Result, ended: Ended, seconds: float) -> Lap | None:
    """The lap, if the count is right."""
    if ended.timed_out:
        raise Unfit(f"stopped after {seconds:g} s")
    reading = result.contestant.read(result.subject, ended)
    if reading.distinct != result.subject.distinct:
        result.wrong_count = True
        raise Unfit(f"WRONG COUNT: {reading.distinct:,} states, not {result.subject.distinct:,}; no speed is shown")
    search = ended.whole if reading.search is None else reading.search
    return Lap(search, ended.whole, ended.cpu, ended.peak_mb, reading.generated)
