"""The page on liveness: its picture is the one that its commands draw."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import ROOT, blocks_of, commands_in
from tests.docs.running import run_command, workplace
from tests.docs.test_reading import without_source

PAGE = ROOT / "docs/liveness.md"
IMAGE = ROOT / "docs/images/paxos-duel.svg"


def test_the_picture_is_the_one_that_the_page_has_drawn(tmp_path: Path) -> None:
    """If the picture is meant to change: run the commands of the page, and put what they draw into docs/images."""
    directory = workplace(tmp_path)
    commands = [
        command.typed
        for block in blocks_of(PAGE)
        if block.language == "console"
        for command in commands_in(block)
        if " duel" in command.typed
    ]
    assert len(commands) == 2
    for typed in commands:
        run_command(typed, directory)
    drawn = (directory / "duel.svg").read_text(encoding="utf-8")
    assert without_source(drawn) == without_source(IMAGE.read_text(encoding="utf-8"))
    assert f"](images/{IMAGE.name})" in PAGE.read_text(encoding="utf-8")
