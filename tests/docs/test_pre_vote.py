"""The page on pre-vote: its variant runs, its mistakes are caught as declared, and its picture is the one that is drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, blocks_of, commands_in
from tests.docs.running import missing_line, run_command, run_python, workplace
from tests.docs.test_reading import without_source

from mcheck.protocols import find
from mcheck.spec import Broken, outcomes_of

PAGE = ROOT / "docs/pre-vote.md"
IMAGE = ROOT / "docs/images/raft-no-pre-vote.svg"
BLOCKS = blocks_of(PAGE)


def test_its_code_runs() -> None:
    assert run_python(PAGE, BLOCKS) == []


def shown_is_printed(blocks: list[Block], directory: Path) -> None:
    for block in blocks:
        if block.file is not None:
            (directory / block.file).write_text(block.text, encoding="utf-8")
        for command in commands_in(block) if block.language == "console" else ():
            printed = run_command(command.typed, directory)
            assert missing_line(command.shown, printed) is None, printed


def test_the_picture_is_the_one_that_the_page_has_drawn(tmp_path: Path) -> None:
    """If the picture is meant to change: run the commands of the page, and put what they draw into docs/images."""
    directory = workplace(tmp_path)
    shown_is_printed([b for b in BLOCKS if b.heading == "1. Without it"], directory)
    drawn = (directory / "no-pre-vote.svg").read_text(encoding="utf-8")
    assert without_source(drawn) == without_source(IMAGE.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    shown_is_printed(BLOCKS, workplace(tmp_path))


def test_the_table_says_what_the_file_declares(tmp_path: Path) -> None:
    (file,) = [b for b in BLOCKS if b.file == "my_pre_vote.py"]
    (tmp_path / "my_pre_vote.py").write_text(file.text, encoding="utf-8")
    protocol = find(str(tmp_path / "my_pre_vote.py"))
    declared = {}
    for name in protocol.tweaks:
        (outcome,) = outcomes_of(protocol.tweaked(name))
        assert isinstance(outcome, Broken) and outcome.property == "A Healthy Leader Stays"
        declared[name] = str(outcome.steps)
    assert (
        dict(re.findall(r"^\| `([\w-]+)` \|.*\| in (\d+) steps \|$", PAGE.read_text("utf-8"), re.MULTILINE)) == declared
    )


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / target).exists(), target
