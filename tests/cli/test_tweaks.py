"""What tweaks declare, as the command shows it; and that what it says to type gives what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.protocols import find
from mcheck.spec import outcomes_of

KEYS = ["protocol", "name", "kind", "property", "steps", "args", "source"]


def rows(mcheck: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(mcheck("list", "--tweaks", "--json").out)
    return found


def test_every_tweak_is_listed_in_the_order_of_the_registry(mcheck: Call) -> None:
    found = rows(mcheck)
    assert all(list(row)[:7] == KEYS for row in found)
    names = dict.fromkeys((row["protocol"], row["name"]) for row in found)
    assert [(p, t) for p, t in names if t is not None] == [(p, t) for p, tweaks in TWEAKS.items() for t in tweaks]
    itself = [p for p in PROTOCOLS if outcomes_of(find(p).cls)]
    assert [p for p, t in names if t is None] == itself and "paxos-duel" in itself


@pytest.mark.parametrize(
    ("protocol", "tweak", "status"),
    [("raft-split-votes", None, [1, 0, 0, 0]), ("dining-philosophers", "keep-forks", [0, 1, 1])],
)
def test_the_command_shown_gives_the_outcome_shown(
    mcheck: Call, protocol: str, tweak: str | None, status: list[int]
) -> None:
    found = [r for r in rows(mcheck) if (r["protocol"], r["name"]) == (protocol, tweak)]
    for row, wanted in zip(found, status, strict=True):
        ran = mcheck(*row["command"][1:], "--json")
        assert ran.status == wanted
        if row["fairness"]:
            (shown,) = json.loads(ran.out)["properties"]
            assert [shown["name"]] == row["properties"]
            assert (shown["stem"], shown["cycle"]) == (row["stem"], row["cycle"])


@pytest.mark.parametrize(("protocol", "tweak"), [("consensus", "choose-again"), ("paxos", "reuse-ballot")])
def test_the_options_shown_give_the_outcome_shown(mcheck: Call, protocol: str, tweak: str) -> None:
    (row,) = [r for r in rows(mcheck) if (r["protocol"], r["name"]) == (protocol, tweak)]
    ran = mcheck(protocol, "--tweak", tweak, *row["args"], "--json")
    violation = json.loads(ran.out)["violation"]
    assert ran.status == 1
    assert (violation["property"], violation["steps"]) == (row["property"], row["steps"])


def test_the_table(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    out = mcheck("list", "--tweaks").out
    lines = out.splitlines()
    row = next(k for k, line in enumerate(lines) if line.startswith("  reuse-ballot "))
    assert lines[row].endswith("breaks Agreement in 9 steps")
    assert lines[row + 1].split() == ["--max-ballot", "0"]
    assert max(map(len, lines)) <= 100
    row = lines.index("raft-split-votes") + 1
    assert [line.split() for line in lines[row : row + 2]] == [
        ["(itself)", "breaks", "Election", "(stem", "3,", "cycle", "3)"],
        ["liveness"],
    ]
    assert lines[row + 3].split() == ["liveness", "--fairness", "strong"]
    monkeypatch.setenv("COLUMNS", "160")
    assert any(
        line.split()[0] == "reuse-ballot" and line.endswith(" --max-ballot 0")
        for line in mcheck("list", "--tweaks").out.splitlines()
        if line.strip()
    )


def test_the_tweaks_of_a_file(mcheck: Call, tmp_path: Path) -> None:
    out = mcheck("explain", "toys.py:Lock").out
    assert "Breaks Mutual Exclusion in 6 steps\n                with --nodes 2 --polite. Source: folklore.\n" in out
    text = (tmp_path / "toys.py").read_text()
    (tmp_path / "wrong.py").write_text(text.replace('Broken("Mutual Exclusion"', 'Broken("Mutual Exclusio"'))
    ran = mcheck("explain", "wrong.py:Lock")
    line = text.splitlines().index("class GrantsTwice(Lock):") + 1
    assert ran.status == 4
    assert ran.err.startswith(f"mcheck: wrong.py:{line}: GrantsTwice.outcome: no property 'Mutual Exclusio' (did")


def test_a_property_and_who_breaks_it(mcheck: Call) -> None:
    out = " ".join(mcheck("explain", "Agreement").out.split())
    assert (
        "broken by the tweak reuse-ballot: Two leaders propose in the same ballot. Breaks Agreement in 9 steps" in out
    )
    assert "tweak vote-without-proof" not in out


def test_what_a_protocol_breaks_itself(mcheck: Call) -> None:
    out = " ".join(mcheck("explain", "election").out.split())
    assert "broken by the protocol itself. Breaks Election (stem 3, cycle 3). Every server times out" in out
    assert "strong" not in out  # there it holds
    out = " ".join(mcheck("explain", "raft-split-votes").out.split())
    assert "declared: Election holds with --fairness strong. A request" in out
