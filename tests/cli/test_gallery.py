"""mcheck gallery: what it writes and says, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Call

import mcheck.gallery.exhibits as exhibits_module
from mcheck.gallery.exhibits import Exhibit, Violation, exhibits
from mcheck.spec import Broken


def only(monkeypatch: pytest.MonkeyPatch, *shown: Exhibit) -> None:
    monkeypatch.setattr(exhibits_module, "exhibits", lambda: iter(shown))


def choose_again() -> Exhibit:
    return next(e for e in exhibits() if e.name == "consensus + choose-again")


def test_a_folder_is_written_once_and_then_left_alone(
    mcheck: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(monkeypatch, choose_again())
    ran = mcheck("gallery", "--out", "g")
    folder = "g/consensus/choose-again"
    assert ran.status == 0
    assert ran.out.splitlines() == [
        f"wrote {folder}/agreement.itf.json",
        f"wrote {folder}/agreement.svg",
        f"wrote {folder}/README.md",
        "wrote g/README.md",
        "1 violation of 1 tweak in g",
    ]
    line = ran.err.strip()
    assert line.startswith("mcheck: consensus + choose-again: no story: write story.md")
    mark = line[line.index("<!--") :]
    (tmp_path / folder / "story.md").write_text(f"Two values.\n\n{mark}\n", encoding="utf-8")
    ran = mcheck("gallery", "--out", "g")
    assert (ran.out, ran.err) == (f"wrote {folder}/README.md\n1 violation of 1 tweak in g\n", "")
    assert "Two values." in (tmp_path / folder / "README.md").read_text(encoding="utf-8")
    assert mcheck("gallery", "--out", "g").out == "1 violation of 1 tweak in g\n"
    trace = f"{folder}/agreement.itf.json"
    assert mcheck("replay", trace).status == 0
    assert mcheck("explain", trace).out.startswith("consensus + choose-again violates Agreement after 2 steps")


def test_what_is_no_longer_shown_is_named_and_left(
    mcheck: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(monkeypatch)
    (tmp_path / "g/raft").mkdir(parents=True)
    (tmp_path / "g/raft/old.svg").touch()
    ran = mcheck("gallery", "--out", "g")
    assert ran.status == 0
    assert ran.err == "mcheck: g/raft/old.svg: belongs to no tweak that breaks anything: remove it\n"
    assert (tmp_path / "g/raft/old.svg").exists()


def test_a_wrong_declaration_is_one_line_and_the_rest_is_written(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    good = choose_again()
    wrong = Violation(good.violations[0].expectation, Broken("Agreement", steps=3), 3)
    bad = Exhibit(good.protocol, "choose-again", (wrong,), ())
    only(monkeypatch, bad, next(e for e in exhibits() if e.name == "tcommit + commit-unprepared"))
    ran = mcheck("gallery", "--out", "g")
    assert ran.status == 1
    assert (
        "mcheck: consensus + choose-again: the tweak declares that Agreement breaks in 3 steps: 2 are enough\n"
        in ran.err
    )
    assert "wrote g/tcommit/commit-unprepared/consistent.svg\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing option '--out'"),
        (["--out", "toys.py"], "--out toys.py: is a file: the gallery is a folder"),
        (["--out", "g", "--time-limit", "0"], "--time-limit must be a positive number of seconds (got '0')"),
        (["--out", "g", "raft"], "unexpected extra argument"),
    ],
)
def test_usage(mcheck: Call, arguments: list[str], says: str) -> None:
    ran = mcheck("gallery", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err and ran.err.count("\n") == 1


def test_where_nothing_can_be_written(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, choose_again())
    ran = mcheck("gallery", "--out", "toys.py/inside")
    assert ran.status == 4
    assert ran.err.startswith("mcheck: the result cannot be written: toys.py/inside") and ran.err.count("\n") == 1
