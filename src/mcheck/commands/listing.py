"""mcheck list: the protocols that can be run by name, or what they and their tweaks are expected to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from mcheck.options import color_option, json_option, option

if TYPE_CHECKING:
    from mcheck.protocols import Protocol
    from mcheck.terminal import Terminal


def run(tweaks: bool, json: bool, color: str) -> int:
    """Print them; one that cannot be loaded is a line on standard error, not the end."""
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    terminal = Terminal(color)
    entries, written = (_tweak_entries, _tweak_lines) if tweaks else (_entries, _lines)
    found = [entry for protocol in _loaded(terminal, tweaks) for entry in entries(protocol, terminal)]
    terminal.print(as_json(found) if json else "\n".join(written(found, terminal.width)))
    return 0


def _loaded(terminal: Terminal, extended: bool) -> list[Protocol]:
    """All protocols; where it is asked for, also with each extension."""
    from mcheck.extensions import all_names
    from mcheck.protocols import find, names
    from mcheck.spec import McheckError

    found = []
    for name in all_names() if extended else names():
        try:
            found.append(find(name))
        except McheckError as error:
            terminal.warn(f"left out: {error}")
    return found


# ---------------------------------------------------------------------- protocols


def _entries(protocol: Protocol, terminal: Terminal) -> list[dict[str, Any]]:
    from mcheck.extensions import extension_rows
    from mcheck.protocols import source_of

    declared = protocol.cls._constants
    return [
        {
            "name": protocol.name,
            "source": source_of(protocol.cls),
            "constants": {n: c.default for n, c in declared.items() if c.kind != "bound"},
            "bounds": {n: c.default for n, c in declared.items() if c.kind == "bound"},
            "tweaks": list(protocol.tweaks),
            "extensions": [name for name, _ in extension_rows(protocol)],
            "fault_model": protocol.cls.fault_model,
            "resilience": protocol.cls.resilience,
        }
    ]


def _lines(entries: list[dict[str, Any]], width: int) -> list[str]:
    from mcheck.protocols import faults_text

    column = max((len(e["name"]) for e in entries), default=0)
    lines = []
    for e in entries:
        head = f"{e['name'].ljust(column)}  "
        numbers = ", ".join(f"{n} {v}" for n, v in {**e["constants"], **e["bounds"]}.items())
        lines += textwrap.wrap(head + (e["source"] or "no source given"), width, subsequent_indent=" " * len(head))
        faults = faults_text(e["fault_model"], e["resilience"])
        more = [f"{key}: {', '.join(e[key])}" for key in ("tweaks", "extensions") if e[key]]
        for words in (faults, numbers, *more):
            lines += textwrap.wrap(
                words, width, initial_indent=" " * len(head), subsequent_indent=" " * len(head), break_on_hyphens=False
            )
    return lines


# ---------------------------------------------------------------------- tweaks


def _tweak_entries(protocol: Protocol, terminal: Terminal) -> list[dict[str, Any]]:
    from mcheck.spec import McheckError
    from mcheck.tweaks import expectations

    found = []
    try:
        for e in expectations(protocol):
            outcome = e.outcome
            found.append(
                {
                    "protocol": protocol.name,
                    "name": e.tweak,
                    "kind": outcome and outcome.kind,
                    "property": outcome and outcome.property,
                    "steps": outcome and outcome.steps,
                    "args": e.arguments,
                    "source": outcome.source if outcome else "",
                    "depth": outcome and outcome.depth,
                    "words": e.words,
                    "scope": e.scope,
                    "note": outcome.note if outcome else "",
                    "properties": list(outcome.titles) if outcome else [],
                    "fairness": outcome and outcome.fairness,
                    "stem": outcome and outcome.stem,
                    "cycle": outcome and outcome.cycle,
                    "command": e.command,
                }
            )
    except McheckError as error:
        terminal.warn(f"tweaks left out: {error}")
    return found


_WIDEST_WORDS = 46
"""What happens has a column of this width at most; what takes longer to say moves the rest of its row."""


def _tweak_lines(entries: list[dict[str, Any]], width: int) -> list[str]:
    """A heading for each protocol; a row for each outcome: tweak, what happens, where."""
    from mcheck.tweaks import ITSELF

    names = max((len(e["name"] or ITSELF) for e in entries), default=0) + 4
    words = min(max((len(e["words"]) for e in entries), default=0), _WIDEST_WORDS) + 2
    wide = width - names - words >= 70
    lines: list[str] = []
    for k, e in enumerate(entries):
        if k == 0 or entries[k - 1]["protocol"] != e["protocol"]:
            lines.append(e["protocol"])
        again = lines[-1] != e["protocol"] and entries[k - 1]["name"] == e["name"]
        said = e["words"] or "says nothing of its outcome"
        head = f"  {'' if again else e['name'] or ITSELF}".ljust(names) + f"{said}  ".ljust(words)
        scope = (
            " ".join([*(["liveness"] if e["fairness"] else []), *e["scope"]])
            .replace(" --", "\n--")
            .replace(" ", "\0")
            .replace("\n", " ")
        )
        if wide:
            wrapped = textwrap.wrap(head + scope, width, subsequent_indent=" " * len(head), break_on_hyphens=False)
        else:
            indent = " " * names
            wrapped = [head.rstrip()]
            wrapped += textwrap.wrap(
                scope, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
            )
        lines += [line.replace("\0", " ") for line in wrapped]
    return [
        *lines,
        "To see one: mcheck PROTOCOL --tweak NAME OPTIONS, and --property TITLE for the one that breaks;",
        "where it says liveness: mcheck liveness PROTOCOL --tweak NAME OPTIONS.",
    ]


command = click.Command(
    "list",
    params=[
        option("--tweaks", is_flag=True, help="List their tweaks: what each breaks, in how many steps, and where."),
        json_option(),
        color_option(),
    ],
    callback=run,
    help="List the protocols that can be run by name.",
)
