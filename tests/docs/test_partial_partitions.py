"""The table of docs/liveness.md: which links and rules leave Raft a leader that stays.

What breaks if this fails: the page says of a rule that it keeps a leader where none stays, or the other way round.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mcheck.checker.liveness.engine import decide
from mcheck.protocols import find

PAGE = Path(__file__).parents[2] / "docs/liveness.md"


def table() -> tuple[list[str], list[list[str]]]:
    """The tweaks in the head, and the rows."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| links |"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:]]
    end = next(n for n, line in enumerate(lines[start:]) if not line.startswith("|"))
    return [head.strip("`") for head in rows[0][2:]], rows[2:end]


def leader(tweak: str, links: str, nodes: int) -> str:
    """What becomes of a leader, in a word or three."""
    topology, *flapping = re.split(", ", links)
    constants: dict[str, Any] = {"topology": topology, "nodes": nodes, "flapping": bool(flapping)}
    spec = find("raft-partial-partition").tweaked(None if tweak == "both rules" else tweak)(**constants)
    verdict = decide(spec.instance, ["Stable Leader", "Availability"], engine="reference")
    holds = {finding.rule.title: finding.result == "holds" for finding in verdict.findings}
    assert verdict.result in ("holds", "violated") and verdict.cut == {}
    return "stays" if holds["Stable Leader"] else "comes and goes" if holds["Availability"] else "none"


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=[] if row[1] == "3" else [pytest.mark.slow], id=row[0]) for row in table()[1]],
)
def test_each_row_of_the_table(row: list[str]) -> None:
    links, nodes, *shown = row
    assert {tweak: leader(tweak, links, int(nodes)) for tweak in table()[0]} == dict(
        zip(table()[0], shown, strict=True)
    )


def test_the_table_is_there() -> None:
    heads, rows = table()
    assert len(heads) == 6 and len(rows) == 7
    assert {cell for row in rows for cell in row[2:]} == {"stays", "comes and goes", "none"}
