"""The pictures of the page on the theorem are those that its commands draw, and its figures those that are computed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, commands_in
from tests.docs.running import run_command

PAGE = ROOT / "docs/flp.md"
DRAWING = {
    name: next(
        c.typed for b in blocks_of(PAGE) for c in commands_in(b) if b.language == "console" and f"{name}.svg" in c.typed
    )
    for name in ("waits-for-all", "blocked", "bivalent-run")
}
QUICK = [
    "waits-for-all",
    "blocked",
    pytest.param("bivalent-run", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", QUICK)
def test_the_picture_shows_what_its_command_draws(name: str, tmp_path: Path) -> None:
    """If the graph is meant to change: run the command of the page, and put what it draws into docs/images."""
    run_command(DRAWING[name].replace(f"{name}.svg", f"{name}.dot") + " --engine reference", tmp_path)
    dot = (tmp_path / f"{name}.dot").read_text(encoding="utf-8")
    drawn = ET.parse(ROOT / f"docs/images/flp-{name}.svg").iter("{http://www.w3.org/2000/svg}text")
    shown = [(text.text or "").replace("\u00a0", " ") for text in drawn]
    words = [w for label in re.findall(r'label="([^"]*)"', dot) for w in label.split("\\l") if w]
    assert sorted(shown) == sorted(words)


def test_every_picture_is_told_in_words() -> None:
    pictures = re.findall(r"!\[([^]]*)\]\(images/(flp-[a-z-]+\.svg)\)", PAGE.read_text(encoding="utf-8"))
    assert {file for _, file in pictures} == {path.name for path in (ROOT / "docs/images").glob("flp-*.svg")}
    assert all(len(words.split()) > 8 for words, _ in pictures)
