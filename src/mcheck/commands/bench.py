"""mcheck bench: how fast the engines are, and how fast other checkers are on the same models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcheck.options import Number, Seconds, color_option, json_option, option
from mcheck.spec import UsageError

if TYPE_CHECKING:
    from mcheck.benchmark.contestants import Contestant
    from mcheck.benchmark.race import Result
    from mcheck.benchmark.subjects import Subject
    from mcheck.benchmark.tables import Report

_ROUNDS = 3


def run(
    quick: bool,
    runs: int | None,
    only: Sequence[str],
    time_limit: float,
    json: bool,
    markdown: str | None,
    plot: str | None,
    color: str,
) -> int:
    """Race, print, write the files; 4 where mcheck itself is wrong, 1 where another checker counts otherwise."""
    import tempfile

    from mcheck import __version__
    from mcheck.benchmark.contestants import everybody
    from mcheck.benchmark.machine import this_machine
    from mcheck.benchmark.race import Race
    from mcheck.benchmark.subjects import SUBJECTS
    from mcheck.benchmark.tables import Report
    from mcheck.files import refuse_bad_path
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    for path in (markdown, plot):
        refuse_bad_path(path)
    subjects = [s for s in SUBJECTS if not quick or s.small or s.name == "two-phase-commit-7"]
    subjects, contestants = _chosen(subjects, everybody(), only)
    terminal, machine = Terminal(color), this_machine()
    rounds = runs or (1 if quick else _ROUNDS)
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="mcheck-bench-") as folder:
        race = Race(subjects, contestants, Path(folder), time_limit, terminal.warn)
        try:
            race.run(rounds)
        except KeyboardInterrupt:
            interrupted = True
    report = Report(race, machine, __version__, rounds, interrupted)
    terminal.print(as_json(report.document()) if json else report.text())
    _write(report, markdown, plot)
    return _status(race.results, interrupted)


def _chosen(
    subjects: Sequence[Subject], contestants: Sequence[Contestant], only: Sequence[str]
) -> tuple[list[Subject], list[Contestant]]:
    """Those that are asked for: a name is that of a subject, or the first word or words of a contestant's."""
    from mcheck.spec.specification import did_you_mean

    wanted_subjects, wanted_contestants = set[str](), set[str]()
    for name in only:
        these = {s.name for s in subjects if s.name == name.lower()}
        those = {c.name for c in contestants if c.name.lower().startswith(name.lower())}
        if not these and not those:
            known = [*(s.name for s in subjects), *dict.fromkeys(c.name.partition(",")[0] for c in contestants)]
            raise UsageError(
                f"--only: nothing is called {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}"
            )
        wanted_subjects |= these
        wanted_contestants |= those
    return (
        [s for s in subjects if not wanted_subjects or s.name in wanted_subjects],
        [c for c in contestants if not wanted_contestants or c.name in wanted_contestants],
    )


def _write(report: Report, markdown: str | None, plot: str | None) -> None:
    from mcheck.benchmark import plot as drawing
    from mcheck.files import write_file

    if markdown is not None:
        write_file(markdown, report.markdown())
    if plot is not None:
        write_file(plot, drawing.plot(report.race.results, report.machine.sentence()))


def _status(results: Iterable[Result], interrupted: bool) -> int:
    from mcheck.cli import BROKEN, INTERRUPTED, VIOLATED

    if interrupted:
        return INTERRUPTED
    faults = [r for r in results if r.fault is not None]
    if any(r.contestant.ours for r in faults):
        return BROKEN
    return VIOLATED if any(r.wrong_count for r in faults) else 0


command = click.Command(
    "bench",
    params=[
        option("--quick", is_flag=True, help="One run each, of the smaller subjects."),
        option("--runs", type=Number(1, 1000), help=f"Rounds in which everybody runs once [default: {_ROUNDS}]."),
        option("--only", multiple=True, metavar="NAME", help="Only this subject or checker; repeatable."),
        option("--time-limit", type=Seconds(), default=600, help="Stop a run after this many seconds."),
        option("--markdown", metavar="FILE", help="Write the tables to a file."),
        option("--plot", metavar="FILE.svg", help="Draw states per second."),
        json_option(),
        color_option(),
    ],
    callback=run,
    help="Time mcheck's engines, and SPIN, rumur and TLC where they are installed, on the same models.  "
    "No speed is shown before the count is right.  TLC: set MCHECK_TLC to tla2tools.jar.",
)
