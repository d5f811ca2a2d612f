"""mcheck lab: the list, a lab as text and as JSON, its traces, and what happens if a claim is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from mcheck.labs import LABS
from mcheck.labs.finding import Finding

pytest.importorskip("llvmlite")


def test_the_list(mcheck: Call) -> None:
    ran = mcheck("lab")
    assert ran.status == 0
    assert [line.split()[0] for line in ran.out.splitlines()[:-1]] == list(LABS)
    listed = json.loads(mcheck("lab", "--json").out)
    assert [entry["lab"] for entry in listed] == list(LABS)


def test_a_lab_as_text(mcheck: Call) -> None:
    ran = mcheck("lab", "four-servers")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "four-servers: Why do four servers need three votes?"
    assert "   result  Election Safety violated in 6 steps  [as expected]" in lines
    assert "      2      6     {0, 1} and {2, 3}" in lines
    assert lines[-1] == "AS EXPECTED: all 3 claims."
    assert max(map(len, lines)) <= 100


def test_the_trace_of_a_lab_is_replayed_and_drawn(mcheck: Call) -> None:
    out = mcheck("lab", "four-servers", "--out", "kept").out
    (look,) = [line.split()[1:] for line in out.splitlines() if line.startswith("   look ")]
    assert look[:2] == ["mcheck", "render"] and look[2].startswith("kept/")
    assert "VIOLATED Election Safety  6 steps, as recorded" in mcheck("replay", look[2]).out
    assert mcheck(*look[1:]).status == 0
    assert Path(look[2].replace(".itf.json", ".svg")).exists()


def test_the_trace_of_what_is_possible_is_replayed(mcheck: Call) -> None:
    found = json.loads(mcheck("lab", "committed", "--json").out)
    (*_, trace) = [f["trace"] for f in found["findings"] if f["trace"]]
    ran = mcheck("replay", trace)
    assert ran.status == 0
    assert "violates" not in ran.out


def test_json_is_one_document(mcheck: Call) -> None:
    found = json.loads(mcheck("lab", "odd-sizes", "--json").out)
    assert list(found) == ["schema", "lab", "question", "as_expected", "findings"]
    assert found["as_expected"] is True
    assert list(found["findings"][0]) == ["claim", "check", "result", "as_expected", "trace", "table"]
    assert found["findings"][1]["table"][5] == ["5", "3", "2", "2/5"]


def _wrong() -> Iterator[Finding]:
    yield Finding("Two and two are four.", "counting", "four", True)
    yield Finding("Two and two are five.", "counting", "four", False)


def test_a_wrong_claim_is_status_1(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LABS, "odd-sizes", (f"{__name__}:_wrong", "How many?"))
    monkeypatch.setattr("mcheck.commands.lab._lab", lambda name: _wrong)
    ran = mcheck("lab", "odd-sizes")
    assert ran.status == 1
    assert "   result  four  [NOT AS EXPECTED]" in ran.out
    assert ran.out.splitlines()[-1] == "NOT AS EXPECTED: 1 of 2 claims."
    ran = mcheck("lab", "odd-sizes", "--json")
    assert ran.status == 1
    assert json.loads(ran.out)["as_expected"] is False


def test_an_unknown_lab(mcheck: Call) -> None:
    ran = mcheck("lab", "commited")
    assert ran.status == 2
    assert ran.err == "mcheck: no lab 'commited' (did you mean 'committed'?); `mcheck lab` lists them\n"


def test_a_lab_without_a_place_for_its_traces(mcheck: Call, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("a file")
    ran = mcheck("lab", "four-servers", "--out", "full")
    assert ran.status == 0
    assert "could not be saved in full" in ran.err
    assert "look" not in ran.out


def test_faults_are_listed_and_explained(mcheck: Call) -> None:
    found = {row["name"]: (row["fault_model"], row["resilience"]) for row in json.loads(mcheck("list", "--json").out)}
    assert found["pbft"] == ("byzantine", "n >= 3f + 1")
    assert found["die-hard"] == (None, None)
    assert "crash-stop, n >= 2f + 1" in mcheck("list").out
    assert "faults: synchronous crash-stop, n >= f + 1\n" in mcheck("explain", "flood-set").out
    assert "faults:" not in mcheck("explain", "die-hard").out
