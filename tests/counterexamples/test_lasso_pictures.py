"""Pictures of lassos: the cycle is framed, and an arrow goes from its last step back to the state it begins in."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.counterexamples.browser import PROGRAM, Browser
from tests.counterexamples.pictures import EVERY, counterexample, die_hard, forget_vote

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.graphs.cause_figure import AGAIN, CYCLE, LAST, cause_figure, dot_document
from mcheck.counterexamples.picture.layout import picture_of
from mcheck.counterexamples.picture.mermaid import mermaid_document
from mcheck.counterexamples.picture.page import html_document
from mcheck.counterexamples.picture.story import story_of
from mcheck.counterexamples.picture.svg import svg_document
from mcheck.counterexamples.picture.text import text_document
from mcheck.models.die_hard import DieHard
from mcheck.models.raft_split_votes import RaftSplitVotes

SVG = "{http://www.w3.org/2000/svg}"
NOW = "Number(document.body.dataset.now)"


def lasso(loop: int, *labels: str) -> Counterexample:
    """Of the jugs, the behaviour of these labels as one that goes back to state `loop`."""
    made = counterexample(DieHard(), None, *labels)
    return replace(made, loop=loop)


def round_and_round() -> Counterexample:
    """Fill the small jug, then fill and empty the big one for ever."""
    return lasso(1, "fill_small()", "fill_big()", "empty_big()")


def stuttering() -> Counterexample:
    return lasso(1, "fill_small()")


def loops_in(made: Counterexample) -> list[Any]:
    return [g for g in ET.fromstring(svg_document(made)).iter(f"{SVG}g") if g.get("class") == "loop"]


@pytest.mark.parametrize("name", EVERY)
def test_what_is_no_lasso_has_no_loop(name: str) -> None:
    made = EVERY[name]()
    assert story_of(made).loop is None and picture_of(story_of(made)).loop is None
    assert loops_in(made) == []
    assert "way-back" not in svg_document(made).partition("</style>")[2]
    assert "  loop " not in mermaid_document(made)
    assert "data-loop" not in html_document(made)


@pytest.mark.parametrize("loop", range(3))
def test_an_arrow_goes_from_the_last_row_to_the_row_where_the_cycle_begins(loop: int) -> None:
    labels = [
        ["fill_big()", "empty_big()"],
        ["fill_small()", "fill_big()", "empty_big()"],
        ["fill_small()"] + ["empty_small()", "fill_small()"],
    ]
    starts = [0, 1, 1]
    made = lasso(starts[loop], *labels[loop])
    picture = picture_of(story_of(made))
    assert picture.loop is not None
    rows, to = picture.rows, starts[loop]
    (start_x, start), *_, (end_x, end) = picture.loop.points
    assert rows[-1].y <= start <= rows[-1].y + rows[-1].height
    assert rows[to].y <= end <= rows[to].y + rows[to].height
    assert min(x for x, _ in picture.loop.points) < min(start_x, end_x)
    numbers = [row.texts[0] for row in rows]
    assert all(end_x < text.x - 7 * len(text.text) for text in numbers)  # the head does not touch a number
    (group,) = loops_in(made)
    assert group.get("data-step") == str(len(made.behavior.steps))
    assert group.find(f"{SVG}polyline") is not None and group.find(f"{SVG}polygon") is not None


def test_the_frame_is_around_the_cycle_and_not_around_the_stem() -> None:
    picture = picture_of(story_of(round_and_round()))
    assert picture.loop is not None
    frame = picture.loop.frame
    inside = [row.row.number for row in picture.rows if frame.top < row.y and row.y + row.height < frame.bottom]
    assert inside == [2, 3]
    assert [text.text for text in picture.loop.words] == ["cycle", "stem"]
    drawn = svg_document(round_and_round())
    assert drawn.count('class="box') == drawn.count('class="box cycle"') == 1
    assert "frame and arrow: the cycle, repeated for ever" in drawn


def test_a_lasso_without_a_stem_and_one_that_stutters() -> None:
    whole = picture_of(story_of(lasso(0, "fill_big()", "empty_big()")))
    assert whole.loop is not None and [text.text for text in whole.loop.words] == ["cycle"]
    still = picture_of(story_of(stuttering()))
    assert still.loop is not None
    ys = [y for _, y in still.loop.points]
    last = still.rows[-1]
    assert ys[0] > ys[-1] and all(last.y <= y <= last.y + last.height for y in ys)
    found = story_of(stuttering())
    assert found.rows[-1].verdict == "stutters for ever"
    assert found.subject.endswith("stem 1, then nothing happens")


def split_votes(rounds: int) -> Counterexample:
    """Everybody times out, again and again: the state after a round is another, and has the same view."""
    made = counterexample(RaftSplitVotes(), None, *[f"time_out(i={i})" for i in range(3)] * rounds)
    (rule,) = made.behavior.instance.temporal
    return replace(made, rule=rule, violated=True, loop=3)


def test_it_is_said_how_it_goes_on() -> None:
    found = story_of(split_votes(2))
    assert found.facts == (("", "Steps 4 to 6 are repeated for ever: state 6 has the view of state 3."),)
    assert found.subject.endswith("stem 3, cycle 3")
    assert found.facts[0][1] in found.description
    assert story_of(split_votes(1)).facts == (
        ("", "Nothing happens any more: no step that fairness demands is possible in the last state."),
    )
    closed = story_of(replace(round_and_round(), rule=split_votes(1).rule, violated=True))
    assert closed.facts == (("", "Steps 2 to 3 are repeated for ever: state 3 is state 1."),)


def test_the_words_beside_the_last_row_end_before_the_lanes() -> None:
    """`stutters for ever` is longer than the actions of some specs."""
    picture = picture_of(story_of(stuttering()))
    text = next(t for t in picture.rows[-1].texts if t.style == "verdict")
    assert text.x + 6.66 * len(text.text) < picture.columns.middles[0] - picture.columns.widths[0] / 2


def test_a_loop_in_mermaid() -> None:
    lines = mermaid_document(round_and_round()).splitlines()
    assert lines.count("  loop for ever") == 1 and lines.count("  end") == 1
    assert lines.index("  loop for ever") < next(k for k, line in enumerate(lines) if "2 fill_big()" in line)
    assert lines.index("  loop for ever") > next(k for k, line in enumerate(lines) if "1 fill_small()" in line)
    assert lines[-1] == "  end"
    still = mermaid_document(stuttering()).splitlines()
    assert "  loop for ever" not in still
    assert sum(line.startswith("  rect ") for line in still) == still.count("  end") == 1


def test_a_loop_in_the_order_of_causes() -> None:
    figure = cause_figure(split_votes(2))
    assert [v.facts["step"] for v in figure.vertices if CYCLE in v.marks] == [4, 5, 6]
    assert [(a.source, a.target) for a in figure.arrows if AGAIN in a.marks] == [("step6", "step4")]
    assert not any(LAST in v.marks for v in figure.vertices)  # no single step violates it
    assert not any(a.marks and AGAIN in a.marks for a in cause_figure(split_votes(1)).arrows)
    assert "again" not in dot_document(forget_vote()) and "cycle" not in dot_document(forget_vote())


def test_a_loop_as_text() -> None:
    edges = [line[2] for line in text_document(round_and_round()).splitlines() if line[2:3] in "┌│└" and line[2:3]]
    assert edges[0] == "┌" and edges[-1] == "└"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("no Chromium is installed")
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def test_after_the_last_step_the_page_goes_round(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "lasso.html"
    file.write_text(html_document(round_and_round()), encoding="utf-8")
    browser.open(file.as_uri())
    seen = [(browser.evaluate(NOW), browser.evaluate("document.getElementById('where').textContent"))]
    for key in ("ArrowRight", "ArrowRight", " ", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        browser.press(key)
        seen.append((browser.evaluate(NOW), browser.evaluate("document.getElementById('where').textContent")))
    assert seen == [
        (3, "step 3 of 3"),
        (2, "step 2 of 3, round 2"),
        (3, "step 3 of 3, round 2"),
        (2, "step 2 of 3, round 3"),
        (3, "step 3 of 3, round 2"),
        (2, "step 2 of 3, round 2"),
        (3, "step 3 of 3"),
        (2, "step 2 of 3"),
        (1, "step 1 of 3"),
    ]
    assert browser.evaluate("document.getElementById('on').disabled") is False
    browser.press("End")
    assert browser.evaluate("document.getElementById('on').disabled") is False
    assert "After the last step comes step 2 again." in browser.evaluate("document.body.textContent")


@pytest.mark.parametrize("made", [forget_vote, die_hard, stuttering])
def test_other_pages_end(browser: Browser, tmp_path: Path, made: Any) -> None:
    file = tmp_path / f"{made.__name__}.html"
    file.write_text(html_document(made()), encoding="utf-8")
    browser.open(file.as_uri())
    last = browser.evaluate(NOW)
    browser.press("ArrowRight")
    assert browser.evaluate(NOW) == last == len(made().behavior.steps)
    assert browser.evaluate("document.getElementById('on').disabled") is True
