"""The pages on graphs and on keeping traces: their commands print what they show, and their code runs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, commands_in
from tests.docs.running import missing_line, run_command, run_python, workplace

from mcheck.commands.export import FORMATS as EXPORTED
from mcheck.commands.graph import FORMATS as DRAWN

PAGES = {name: ROOT / "docs" / name for name in ("graphs.md", "keeping-traces.md")}


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_is_shown(name: str, tmp_path: Path) -> None:
    directory = workplace(tmp_path)
    for block in blocks_of(PAGES[name]):
        for command in commands_in(block) if block.language == "console" else ():
            printed = run_command(command.typed, directory)
            assert missing_line(command.shown, printed) is None, printed


@pytest.mark.parametrize("name", PAGES)
def test_code_runs(name: str) -> None:
    if name == "graphs.md":
        pytest.importorskip("networkx", reason="networkx is not installed")
    blocks = blocks_of(PAGES[name])
    assert any(b.language == "python" for b in blocks)
    assert run_python(PAGES[name], blocks) == []


def test_the_test_that_is_shown_is_the_one_that_is_written(tmp_path: Path) -> None:
    directory = workplace(tmp_path)
    blocks = blocks_of(PAGES["keeping-traces.md"])
    for command in [c for b in blocks if b.language == "console" for c in commands_in(b)][:3]:
        run_command(command.typed, directory)
    shown = next(b.text for b in blocks if b.language == "python")
    assert (directory / "test_commit_early.py").read_text(encoding="utf-8").endswith(f'"""\n\n{shown}')


def test_the_picture_shows_the_graph_that_its_command_draws(tmp_path: Path) -> None:
    """If the graph is meant to change: run the first command of the page, and put what it draws into docs/images."""
    command = next(c for b in blocks_of(PAGES["graphs.md"]) for c in commands_in(b))
    dot = run_command(command.typed.replace("-o states.svg", "-f dot"), tmp_path)
    drawn = ET.parse(ROOT / "docs/images/tcommit-commit-unprepared.svg").iter("{http://www.w3.org/2000/svg}text")
    shown = [(text.text or "").replace("\u00a0", " ") for text in drawn]
    words = [w for label in re.findall(r'label="([^"]*)"', dot) for w in label.split("\\l") if w]
    assert sorted(shown) == sorted(words)


def test_every_format_is_told_and_links_lead_somewhere() -> None:
    text = PAGES["graphs.md"].read_text(encoding="utf-8")
    told = {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == set(DRAWN)
    assert all(f"-f {name}" in PAGES["keeping-traces.md"].read_text() or name == "pytest" for name in EXPORTED)
    for page in PAGES.values():
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), target
