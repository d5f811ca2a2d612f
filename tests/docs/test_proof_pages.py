"""The pages that take a proof from the beginning: commands print what is shown, and draw the pictures that are embedded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, commands_in
from tests.docs.running import missing_line, run_command, workplace

from mcheck.models.proofs.paxos import Paxos
from mcheck.models.proofs.raft_election import RaftElection
from mcheck.models.proofs.raft_safety import RaftSafety
from mcheck.models.proofs.two_phase_commit import TwoPhaseCommit

pytest.importorskip("z3", reason="z3-solver is not installed: pip install 'mcheck-protocols[proofs]'")

PAGES = {"two-phase-commit": TwoPhaseCommit, "raft-election": RaftElection, "paxos": Paxos}
WITH_SAFETY = [*PAGES, pytest.param("raft-safety", marks=pytest.mark.slow)]  # z3 and the pictures: two minutes
IMAGES = ROOT / "docs/images"


def page(name: str) -> Path:
    return ROOT / f"docs/proofs/{name}.md"


@pytest.mark.parametrize("name", WITH_SAFETY)
def test_commands_print_what_is_shown_and_draw_what_is_embedded(name: str, tmp_path: Path) -> None:
    """If a picture is meant to change: run the commands of the page, and put 1.svg into docs/images/proof-NAME-1.svg."""
    directory = workplace(tmp_path)
    wrong = []
    for block in blocks_of(page(name)):
        for command in commands_in(block):
            printed = run_command(command.typed, directory)
            missing = missing_line(command.shown, printed)
            if missing is not None:
                wrong.append(f"{name}:{command.line}: no line {missing!r} where it should be in:\n{printed}")
    assert "\n".join(wrong) == ""
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in directory.glob("*.svg")}
    kept = {path.stem.rpartition("-")[2]: path for path in IMAGES.glob(f"proof-{name}-*.svg")}
    assert drawn.keys() == kept.keys()
    stale = [number for number, path in kept.items() if path.read_text(encoding="utf-8") != drawn[number]]
    assert stale == []


@pytest.mark.parametrize("name", PAGES)
def test_every_conjunct_is_told_in_its_own_words_and_every_picture_in_words(name: str) -> None:
    text = page(name).read_text(encoding="utf-8")
    quoted = " ".join(text.replace("\n> ", " ").split())
    for conjunct in PAGES[name].system().auxiliary:
        assert f"**{conjunct.name}.** {conjunct.words}" in quoted
    pictures = re.findall(r"!\[([^]]*)\]\(\.\./images/(proof-[a-z0-9-]+\.svg)\)", text)
    assert [file for _, file in pictures] == sorted(path.name for path in IMAGES.glob(f"proof-{name}-*.svg"))
    assert all(len(words.split()) > 8 for words, _ in pictures)


def test_what_is_said_of_rafts_safety_are_its_own_words() -> None:
    quoted = page("raft-safety").read_text(encoding="utf-8")
    told = re.findall(r"> \*\*(\w+)\.\*\* ([^\n]+)", quoted)
    words = {c.name: c.words for c in RaftSafety.system().conjuncts}
    assert len(told) == 8
    assert {name: words[name] for name, _ in told} == dict(told)


@pytest.mark.parametrize("name", [*PAGES, "raft-safety"])
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page(name).read_text(encoding="utf-8")):
        assert (page(name).parent / target).exists(), target
