"""The page on counterexamples: its commands print what it shows, and its picture is the one they draw."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import ROOT, blocks_of, commands_in
from tests.docs.running import missing_line, run_command, workplace

from mcheck.commands.render import FORMATS

PAGE = ROOT / "docs/reading-a-counterexample.md"
IMAGE = ROOT / "docs/images/raft-no-log-check.svg"


def without_source(svg: str) -> str:
    """The picture without what changes with every edit of the spec: its fingerprint, and the name of the trace."""
    return re.sub(r"spec [0-9a-f]{16}", "spec #", re.sub(r"-[0-9a-f]{6,64}(?=\.itf\.json)", "-#", svg))


def test_commands_print_what_is_shown_and_draw_what_is_embedded(tmp_path: Path) -> None:
    """If the picture is meant to change: run the commands of the page, and put what they draw into docs/images."""
    directory = workplace(tmp_path)
    for block in blocks_of(PAGE):
        for command in commands_in(block):
            printed = run_command(command.typed, directory)
            assert missing_line(command.shown, printed) is None, printed
    drawn = (directory / "no-log-check.svg").read_text(encoding="utf-8")
    assert without_source(drawn) == without_source(IMAGE.read_text(encoding="utf-8"))


def test_links_lead_somewhere_and_every_format_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PAGE.parent / target).exists(), target
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(FORMATS)
