"""The JSON contract: the keys and their order, and nothing that differs from run to run but two figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Call

CONTRACT = [
    "schema", "protocol", "tweak", "engine", "constants", "bounds", "verdict", "exhaustive", "distinct", "generated",
    "depth", "levels", "symmetry", "properties", "actions", "never_fired", "cut", "violation", "seconds", "peak_rss_mb",
]  # fmt: skip


def document(mcheck: Call, *arguments: str) -> dict[str, Any]:
    found = json.loads(mcheck(*arguments, "--json").out)
    assert isinstance(found, dict)
    return found


def test_the_keys_of_the_contract_come_first_and_in_order(mcheck: Call) -> None:
    for arguments in (["toys.py:Lock"], ["toys.py:TwoJugs"], ["toys.py:Lock", "--depth", "1"]):
        assert list(document(mcheck, *arguments))[: len(CONTRACT)] == CONTRACT


def test_a_search_that_holds(mcheck: Call) -> None:
    found = document(mcheck, "toys.py:Lock", "--nodes", "2", "--engine", "reference")
    expected = {
        "schema": 1, "protocol": "lock", "tweak": None, "engine": "reference", "constants": {"nodes": 2, "polite": True},
        "bounds": {"max_turn": 1, "max_requests": 2}, "verdict": "holds", "exhaustive": True, "distinct": 12,
        "generated": 17, "depth": 4, "levels": [1, 2, 3, 4, 2], "symmetry": False,
        "properties": [
            {"name": "Mutual Exclusion", "kind": "always", "result": "holds", "steps": None},
            {"name": "Turns grow", "kind": "step", "result": "holds", "steps": None},
            {"name": "the lock is held", "kind": "reachable", "result": "reached", "steps": 3},
        ],
        "actions": {"ask": 8, "grant": 4, "take": 4}, "never_fired": [], "cut": {}, "violation": None,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert isinstance(found["seconds"], float) and isinstance(found["peak_rss_mb"], int)


def test_a_violation(mcheck: Call) -> None:
    found = document(mcheck, "toys.py:Lock", "--tweak", "grants-twice")
    assert found["tweak"] == "grants-twice"
    assert found["verdict"] == "violated"
    violation = found["violation"]
    assert list(violation)[:4] == ["property", "steps", "labels", "trace"]
    assert violation["property"] == "Mutual Exclusion"
    assert violation["steps"] == len(violation["labels"]) == 6
    assert violation["labels"][2] == "grant(m=Request(src=0, turn=1))"
    assert Path(violation["trace"]).is_file()
    assert violation["facts"][1] == {"text": "n1: mode HOLDING", "since": 6}


def test_a_bounded_search(mcheck: Call) -> None:
    found = document(mcheck, "toys.py:Lock", "--depth", "2", "--max-requests", "1", "--no-symmetry")
    assert (found["verdict"], found["exhaustive"]) == ("holds-up-to", False)
    assert found["cut"] == {"max_requests": 2}


def test_what_is_not_checked_is_there_too(mcheck: Call) -> None:
    found = document(mcheck, "two-phase-commit", "--tweak", "CommitsEarly")
    assert found["tweak"] == "commit-early"
    assert found["source"] == "mcheck.models.two_phase_commit:CommitsEarly"
    assert found["properties"][:2] == [
        {"name": "Consistent", "kind": "always", "result": "violated", "steps": 5},
        {"name": "implements TCommit", "kind": "implements", "result": "not-checked", "steps": None},
    ]


def test_the_same_bytes_again(mcheck: Call) -> None:
    first, second = (mcheck("toys.py:Lock", "--tweak", "grants-twice", "--json").out for _ in range(2))
    volatile = ('"seconds"', '"peak_rss_mb"')
    assert [x for x in first.splitlines() if not x.strip().startswith(volatile)] == [
        x for x in second.splitlines() if not x.strip().startswith(volatile)
    ]


def test_the_list(mcheck: Call) -> None:
    entries = json.loads(mcheck("list", "--json").out)
    by_name = {e["name"]: e for e in entries}
    assert all(list(e)[:4] == ["name", "source", "constants", "bounds"] for e in entries)
    assert by_name["paxos"]["constants"]["acceptors"] == 3
    assert "max_ballot" in by_name["paxos"]["bounds"]
    assert all(e["source"] for e in entries)
