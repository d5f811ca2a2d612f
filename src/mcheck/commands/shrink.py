"""mcheck shrink: a small trace that shows what a long one does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from mcheck.options import Number, Seconds, color_option, json_option, option, out_option

if TYPE_CHECKING:
    from mcheck.counterexamples.shrink import Shrunk
    from mcheck.recordings import Replayed
    from mcheck.report import Report
    from mcheck.shorter import Shorter


def run(file: str, time_limit: float | None, max_states: int, json: bool, out: str, color: str) -> int:
    """Shrink, report, save the result; 0, or 130 if Ctrl-C ended it with what had been found so far."""
    from mcheck.cli import INTERRUPTED
    from mcheck.counterexamples.shrink import PASSES, shrink
    from mcheck.recordings import replayed
    from mcheck.report import Report
    from mcheck.report_json import as_json
    from mcheck.saving import save_trace
    from mcheck.shorter import Shorter
    from mcheck.spec import UsageError
    from mcheck.terminal import Terminal

    trace = replayed(file)
    if trace.rule is None:
        raise UsageError(f"{file}: was not saved for a property that it violates: there is nothing to shrink it to")
    if trace.lasso is not None:
        raise UsageError(f"{file}: is a lasso, and its end violates nothing: mcheck liveness searches for a short one")
    started = time.monotonic()
    shorter = Shorter(max_states)
    shrunk = shrink(trace.behavior, trace.rule, time_limit, (*PASSES, shorter.search))
    seconds = time.monotonic() - started
    terminal = Terminal(color)
    saved: str | None = file
    if shrunk.passes:
        saved = save_trace(trace.subject, shrunk.behavior, trace.rule, out, terminal)
    if json:
        terminal.print(as_json(_document(file, trace, shrunk, shorter, saved, seconds)))
    else:
        terminal.print("\n".join(_lines(file, Report(trace.subject, terminal), shrunk, shorter, saved, seconds)))
    return INTERRUPTED if shrunk.stopped == "interrupted" else 0


def _document(
    file: str, trace: Replayed, shrunk: Shrunk, shorter: Shorter, saved: str | None, seconds: float
) -> dict[str, Any]:
    """Keys are only ever added."""
    from mcheck.report_json import shrunk_document

    return {
        "schema": 1,
        "protocol": trace.recorded.protocol,
        "tweak": trace.recorded.tweak,
        "property": trace.recorded.property,
        **shrunk_document(shrunk),
        "trace": saved,
        "labels": list(shrunk.behavior.labels),
        "shrunk": file,
        "shortest": shorter.proves(shrunk.behavior),
        "at_least": shorter.at_least,
        "seconds": round(seconds, 3),
    }


def _lines(file: str, report: Report, shrunk: Shrunk, shorter: Shorter, saved: str | None, seconds: float) -> list[str]:
    from mcheck.checker.verdict import PropertyResult
    from mcheck.scope import counted

    before, after = len(shrunk.original.steps), len(shrunk.behavior.steps)
    figures = f"{shrunk.executed:,} steps tried, {seconds:.1f} s"
    if shrunk.passes:
        lines = [f"shrunk {file} from {counted(before, 'step')} to {after}  ({figures})", *pass_lines(shrunk)]
    else:
        words = "not made smaller yet" if shrunk.stopped else "which no pass makes smaller"
        lines = [f"{file}: {counted(before, 'step')}, {words}  ({figures})"]
    lines += _reach(shrunk, shorter)
    how = (
        "the shortest"
        if shorter.proves(shrunk.behavior)
        else f"shrunk from {before}"
        if after < before
        else "as it was"
    )
    result = PropertyResult(shrunk.rule, "violated", shrunk.behavior, shrunk.arguments)
    return [*lines, "", *report.violation(result, how, saved)]


def pass_lines(shrunk: Shrunk) -> list[str]:
    """A row for each pass that made the trace smaller, in the order in which they did."""
    rows = [(p.name, str(p.before), str(p.after), _LESS[p.measure]) for p in shrunk.passes]
    name, before, after = (max(len(row[k]) for row in rows) for k in range(3))
    return [f"  {a.ljust(name)}  {b.rjust(before)} → {c.rjust(after)}{d}" for a, b, c, d in rows]


_LESS = {
    "steps": "",
    "members": "  fewer nodes and values",
    "messages": "  fewer messages",
    "numbers": "  smaller numbers",
    "labels": "  earlier in the order of the spec",
}
"""What is said of a pass that changed another measure of the order than the steps."""


def _reach(shrunk: Shrunk, shorter: Shorter) -> list[str]:
    """What is known of behaviours that are shorter still, and whether shrinking came to its end."""
    lines = [f"  stopped: {shrunk.stopped}; more time may make it smaller"] if shrunk.stopped else []
    searched = f"{shorter.states:,} states searched"
    if shorter.proves(shrunk.behavior):
        lines.append(f"  none within the same bounds is shorter: {searched}")
    elif shorter.at_least is None:
        lines.append("  whether another one is shorter is not known: no search was made for it")
    else:
        lines.append(
            f"  another one may be shorter, but has {shorter.at_least} steps at least: {searched} (--max-states)"
        )
    return lines


command = click.Command(
    "shrink",
    params=[
        click.Argument(["file"], metavar="TRACE"),
        option("--time-limit", type=Seconds(), help="Stop after this many seconds, with the smallest trace so far."),
        option("--max-states", type=Number(1), default=200_000, help="States of the last pass, a search for anything shorter."),
        json_option(),
        out_option(),
        color_option(),
    ],
    callback=run,
    help="Make a saved trace smaller: fewer steps, then fewer nodes, messages and numbers, with the same property violated "
    "at its end.",
)  # fmt: skip
