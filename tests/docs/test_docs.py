"""The pages tell the truth: their code runs, their commands print what they show, their errors are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, blocks_of, commands_in
from tests.docs.running import STAGES, missing_line, run_command, run_python, workplace

PAGES = {
    name: ROOT / name
    for name in (
        "README.md",
        "docs/tutorial.md",
        "docs/writing-a-spec.md",
        "docs/textbook-raft.md",
        "docs/pbft.md",
        "docs/zab.md",
        "docs/shrinking.md",
        "docs/pytest.md",
        "docs/proofs.md",
        "docs/liveness.md",
        "docs/labs.md",
        "docs/test-an-implementation.md",
        "docs/validate-a-log.md",
        "docs/flp.md",
        "docs/tla.md",
    )
}
BLOCKS = {name: blocks_of(path) for name, path in PAGES.items()}


def of_language(name: str, language: str) -> list[Block]:
    return [b for b in BLOCKS[name] if b.language == language]


@pytest.mark.parametrize("name", PAGES)
def test_python_runs_and_is_refused_as_shown(name: str) -> None:
    assert of_language(name, "python")
    assert run_python(PAGES[name], BLOCKS[name]) == []


LONG = {"docs/textbook-raft.md", "docs/zab.md", "docs/labs.md"}
"""Pages whose commands take half a minute and more; the labs have tests of their own."""


@pytest.mark.parametrize("name", [pytest.param(p, marks=pytest.mark.slow if p in LONG else ()) for p in PAGES])
def test_commands_print_what_is_shown(name: str, tmp_path: Path) -> None:
    directory = workplace(tmp_path)
    wrong, ran = [], 0
    for block in BLOCKS[name]:
        if block.file is not None:
            (directory / block.file).write_text(block.text, encoding="utf-8")
        for command in commands_in(block) if block.language == "console" else ():
            printed = run_command(command.typed, directory)
            ran += 1
            missing = missing_line(command.shown, printed)
            if missing is not None:
                wrong.append(f"{name}:{command.line}: no line {missing!r} where it should be in:\n{printed}")
    assert "\n".join(wrong) == ""
    assert ran


def test_examples_are_the_files_they_name() -> None:
    shown = [b for blocks in BLOCKS.values() for b in blocks if b.example is not None]
    assert {ROOT / str(b.example) for b in shown} == set((ROOT / "docs/examples").glob("*.py"))
    for block in shown:
        assert (ROOT / str(block.example)).read_text(encoding="utf-8") == block.text


def test_the_guide_shows_mistakes_of_every_stage() -> None:
    refused = [b for b in BLOCKS["docs/writing-a-spec.md"] if b.message is not None]
    assert {b.heading for b in refused} == set(STAGES)
    assert all("\n" not in str(b.message) for b in refused)


def test_links_lead_somewhere() -> None:
    for path in PAGES.values():
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(PAGES["README.md"].read_text(encoding="utf-8").splitlines()) <= 150


def test_a_shown_line_that_is_not_printed_is_missed() -> None:
    printed = "one  1.5 s\ntwo\nthree\n"
    assert missing_line(("one 2.0 s", "...", "three"), printed) is None
    assert missing_line(("t...",), printed) is None
    assert missing_line(("three", "two"), printed) == "two"
    assert missing_line(("four",), printed) == "four"


def test_time_and_memory_may_differ_and_engine_and_counts_may_not() -> None:
    printed = "mcheck 0.1.0 · lock · symmetry ÷6 · native\n9 distinct · 0.1 s · 80 MB · collision bound 1.1e-16\n"
    assert missing_line(("mcheck 0.2.0 · lock · symmetry ÷6 · native",), printed) is None
    assert missing_line(("9 distinct · 12 s · 1,080 MB · collision bound 2e-3",), printed) is None
    for shown in ("mcheck 0.1.0 · lock · native", "mcheck 0.1.0 · lock · symmetry ÷6 · reference"):
        assert missing_line((shown,), printed) is not None
    assert missing_line(("9 distinct · 0.1 s · 80 MB · exact",), printed) is not None
    assert missing_line(("8 distinct · 0.1 s · 80 MB · collision bound 1.1e-16",), printed) is not None
