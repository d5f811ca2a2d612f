"""The drawings of the gallery as files: what they show stands clear of what else they show.

Read from the SVG itself, so that what is measured is what a browser draws, and no trace has to be executed.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mcheck.counterexamples.picture.geometry import Box
from mcheck.counterexamples.picture.measure import text_width

ROOT = Path(__file__).parents[2]
DRAWINGS = sorted((ROOT / "counterexamples/gallery").rglob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
UNCROSSED = ("ben-or", "fast-paxos", "flexible-paxos", "paxos", "pbft", "pbft+checkpoints", "raft", "zab")
"""Protocols of whose pictures no arrow crosses a label."""


@dataclass
class Drawing:
    """The boxes and lines of one picture."""

    labels: list[tuple[str, Box]]
    cards: list[Box]
    lines: list[tuple[tuple[float, float], tuple[float, float]]]
    tips: list[Box]
    loops: int
    written: list[str]


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name, "0"))


def read(file: Path) -> Drawing:
    root = ET.parse(file).getroot()
    drawing = Drawing([], [], [], [], 0, [])
    for group in root.iter(f"{SVG}g"):
        at = re.fullmatch(r"translate\(([\d.-]+) ([\d.-]+)\)", group.get("transform", ""))
        for rect in group.findall(f"{SVG}rect") if at else ():
            if rect.get("class") == "card":
                x, y = float(at[1]) if at else 0.0, float(at[2]) if at else 0.0
                drawing.cards.append(Box(x, y, x + number(rect, "width"), y + number(rect, "height")))
        drawing.loops += group.get("class") == "loop"
        if (group.get("class") or "").startswith("message"):
            line = group.find(f"{SVG}polyline")
            assert line is not None
            drawing.lines += pairwise(points(line))
            drawing.tips += [around(points(tip)) for tip in group.findall(f"{SVG}polygon")]
    for text in root.iter(f"{SVG}text"):
        drawing.written.append(text.text or "")
        if (text.get("class") or "").split()[0] == "label":
            drawing.labels.append((text.text or "", box_of(text)))
    return drawing


def points(element: ET.Element) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in element.get("points", "").split())
    return [(float(x), float(y)) for x, y in pairs]


def around(corners: list[tuple[float, float]]) -> Box:
    xs, ys = zip(*corners, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def box_of(text: ET.Element) -> Box:
    """Where a label is: letters reach 7 units above the line and 2 below."""
    width, x, y = text_width(text.text or "", 9.5), number(text, "x"), number(text, "y")
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
    return Box(left, y - 7, left + width, y + 2)


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    return {file.relative_to(ROOT / "counterexamples/gallery").as_posix(): read(file) for file in DRAWINGS}


def found(drawings: dict[str, Drawing], wrong: Any) -> list[str]:
    return [
        f"{name}: {words}" for name, drawing in drawings.items() for words, box in drawing.labels if wrong(drawing, box)
    ]


def test_no_label_stands_over_a_card(drawings: dict[str, Drawing]) -> None:
    assert sum(len(drawing.labels) for drawing in drawings.values()) > 1000
    assert sum(len(drawing.cards) for drawing in drawings.values()) > 1500
    assert found(drawings, lambda drawing, box: any(box.overlaps(card) for card in drawing.cards)) == []


def test_no_label_stands_over_another_or_over_the_head_of_an_arrow(drawings: dict[str, Drawing]) -> None:
    assert found(drawings, lambda d, box: any(box.overlaps(other) for _, other in d.labels if other is not box)) == []
    assert found(drawings, lambda d, box: any(box.overlaps(tip) for tip in d.tips)) == []


def test_no_arrow_crosses_a_label(drawings: dict[str, Drawing]) -> None:
    shown = {name: drawing for name, drawing in drawings.items() if name.split("/")[0] in UNCROSSED}
    assert len(shown) > 60
    assert found(shown, lambda drawing, box: any(box.crossed_by(line) for line in drawing.lines)) == []


def test_nothing_is_cut(drawings: dict[str, Drawing]) -> None:
    """`…` stands where a text has no room; the step in short has its own, of messages that are told elsewhere."""
    cut = [f"{name}: {text}" for name, d in drawings.items() for text in d.written if "…" in text and text != "…"]
    assert cut == []


def test_the_pictures_of_lassos_have_a_loop_and_no_others(drawings: dict[str, Drawing]) -> None:
    for name, drawing in drawings.items():
        trace = (ROOT / "counterexamples/gallery" / name).with_suffix("").with_suffix(".itf.json")
        recorded = json.loads(trace.read_text(encoding="utf-8"))["#meta"]["mcheck"]
        assert drawing.loops == ("loop" in recorded), name
