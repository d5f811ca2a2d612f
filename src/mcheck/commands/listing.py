"""mcheck list: the protocols that can be run by name."""

from __future__ import annotations

from typing import Any

import click

from mcheck.options import color_option, json_option


def run(json: bool, color: str) -> int:
    """Print them; one that cannot be loaded is a line on standard error, not the end."""
    from mcheck.protocols import find, names, source_of
    from mcheck.report_json import as_json
    from mcheck.spec import McheckError
    from mcheck.terminal import Terminal

    terminal = Terminal(color)
    entries: list[dict[str, Any]] = []
    for name in names():
        try:
            protocol = find(name)
        except McheckError as error:
            terminal.warn(f"left out: {error}")
            continue
        declared = protocol.cls._constants
        entries.append(
            {
                "name": name,
                "source": source_of(protocol.cls),
                "constants": {n: c.default for n, c in declared.items() if c.kind != "bound"},
                "bounds": {n: c.default for n, c in declared.items() if c.kind == "bound"},
                "tweaks": list(protocol.tweaks),
            }
        )
    terminal.print(as_json(entries) if json else "\n".join(_lines(entries, terminal.width)))
    return 0


def _lines(entries: list[dict[str, Any]], width: int) -> list[str]:
    import textwrap

    column = max((len(e["name"]) for e in entries), default=0)
    lines = []
    for e in entries:
        head = f"{e['name'].ljust(column)}  "
        numbers = ", ".join(f"{n} {v}" for n, v in {**e["constants"], **e["bounds"]}.items())
        lines += textwrap.wrap(head + (e["source"] or "no source given"), width, subsequent_indent=" " * len(head))
        for words in (numbers, f"tweaks: {', '.join(e['tweaks'])}" if e["tweaks"] else ""):
            lines += textwrap.wrap(
                words, width, initial_indent=" " * len(head), subsequent_indent=" " * len(head), break_on_hyphens=False
            )
    return lines


command = click.Command(
    "list", params=[json_option(), color_option()], callback=run, help="List the protocols that can be run by name."
)
