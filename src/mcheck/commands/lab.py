"""mcheck lab: claims about consensus, checked by the engines while you wait."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from mcheck.labs import LABS
from mcheck.options import color_option, json_option, out_option

if TYPE_CHECKING:
    from mcheck.labs.finding import Finding, Lab
    from mcheck.terminal import Terminal


def run(name: str | None, json: bool, out: str, color: str) -> int:
    """List the labs, or do one; 1 if something is not as expected."""
    from mcheck.cli import VIOLATED
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    terminal = Terminal(color)
    if name is None:
        terminal.print(as_json([_entry(n) for n in LABS]) if json else "\n".join(_list()))
        return 0
    known = _named(name)
    if not json:
        terminal.print(terminal.style(f"{known}: {LABS[known][1]}", "bold"))
    written = []
    for number, finding in enumerate(_lab(known)(), start=1):
        trace = _saved(finding, out, terminal)
        written.append((finding, trace))
        if not json:
            terminal.print("\n".join(["", *_lines(number, finding, trace, terminal)]))
    wrong = sum(not finding.as_expected for finding, _ in written)
    if json:
        terminal.print(
            as_json(
                {"schema": 1, **_entry(known), "as_expected": not wrong, "findings": [_document(*w) for w in written]}
            )
        )
    else:
        terminal.print("\n" + _summary(len(written), wrong, terminal))
    return VIOLATED if wrong else 0


def _named(typed: str) -> str:
    """The name of a lab.  UsageError if there is none."""
    from mcheck.spec import UsageError
    from mcheck.spec.specification import did_you_mean

    name = typed.replace("_", "-").lower()
    if name not in LABS:
        raise UsageError(f"no lab {typed!r}{did_you_mean(name, LABS)}; `mcheck lab` lists them")
    return name


def _lab(name: str) -> Lab:
    module, _, function = LABS[name][0].partition(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


def _saved(finding: Finding, out: str, terminal: Terminal) -> str | None:
    """The path of the trace that shows a finding; None if nothing does."""
    from mcheck.saving import save_trace

    shown = finding.shown
    return None if shown is None else save_trace(shown.subject, shown.behavior, shown.rule, out, terminal)


# ---------------------------------------------------------------------- as text


def _list() -> list[str]:
    column = max(map(len, LABS))
    return [
        *(f"{name.ljust(column)}  {question}" for name, (_, question) in LABS.items()),
        "To do one: mcheck lab NAME",
    ]


def _lines(number: int, finding: Finding, trace: str | None, terminal: Terminal) -> Iterator[str]:
    """Claim, check, result, table, and where the picture is."""
    yield from _wrapped(f"{number}. ", finding.claim, terminal.width)
    yield from _wrapped("   check   ", finding.check, terminal.width)
    *above, last = _wrapped("   result  ", finding.result, terminal.width)
    mark = "as expected" if finding.as_expected else "NOT AS EXPECTED"
    style = "good" if finding.as_expected else "bad"
    yield from above
    yield f"{last}  [{terminal.style(mark, style)}]"
    if trace is not None:
        yield f"   trace   {trace}"
        yield f"   look    mcheck render {trace} -f svg"
    if finding.table:
        yield ""
        yield from _table(finding.table)


def _wrapped(head: str, words: str, width: int) -> list[str]:
    return textwrap.wrap(head + words, width, subsequent_indent=" " * len(head), break_on_hyphens=False)


def _table(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """The rows in columns, the headings first."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        yield ("      " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _summary(total: int, wrong: int, terminal: Terminal) -> str:
    if wrong:
        return terminal.style(f"NOT AS EXPECTED: {wrong} of {total} claims.", "bad")
    return terminal.style(
        f"AS EXPECTED: {'all ' if total > 1 else ''}{total} claim{'' if total == 1 else 's'}.", "good"
    )


# ---------------------------------------------------------------------- as JSON


def _entry(name: str) -> dict[str, Any]:
    return {"lab": name, "question": LABS[name][1]}


def _document(finding: Finding, trace: str | None) -> dict[str, Any]:
    return {
        "claim": finding.claim,
        "check": finding.check,
        "result": finding.result,
        "as_expected": finding.as_expected,
        "trace": trace,
        "table": [list(row) for row in finding.table],
    }


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    return [name for name in LABS if name.startswith(incomplete)]


command = click.Command(
    "lab",
    params=[
        click.Argument(["name"], metavar="[NAME]", required=False, shell_complete=_complete),
        json_option(),
        out_option(),
        color_option(),
    ],
    callback=run,
    help="Check claims about consensus protocols, one lab for each question; without NAME, list the labs.  "
    "Status 1 if something is not as expected.",
)
