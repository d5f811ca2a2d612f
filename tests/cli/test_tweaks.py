"""What tweaks declare, as the command shows it; and that what it says to type gives what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from mcheck.models import TWEAKS

KEYS = ["protocol", "name", "kind", "property", "steps", "args", "source"]


def rows(mcheck: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(mcheck("list", "--tweaks", "--json").out)
    return found


def test_every_tweak_is_listed_in_the_order_of_the_registry(mcheck: Call) -> None:
    found = rows(mcheck)
    assert all(list(row)[:7] == KEYS for row in found)
    names = dict.fromkeys((row["protocol"], row["name"]) for row in found)
    assert list(names) == [(p, t) for p, tweaks in TWEAKS.items() for t in tweaks]


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
