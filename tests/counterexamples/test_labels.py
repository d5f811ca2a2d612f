"""Labels stand beside their arrows and over nothing else, whatever else there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcheck.counterexamples.picture.geometry import Box, Occupied
from mcheck.counterexamples.picture.labels import Home, Line, Way, label_lines, labelled
from mcheck.counterexamples.picture.measure import filled
from mcheck.counterexamples.picture.parts import Arrow

ROOM = Box(0, 0, 1000, 1000)
number = st.integers(-60, 160).map(float)
point = st.tuples(number, number)


@given(segment=st.tuples(point, point))
def test_the_part_of_a_segment_in_a_box(segment: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Against points along the segment: those well inside the box, and no others, are in the part."""
    box = Box(0, 0, 100, 50)
    (x1, y1), (x2, y2) = segment
    part = box.inside(segment)
    inside = [
        (x, y)
        for x, y in ((x1 + (x2 - x1) * k / 64, y1 + (y2 - y1) * k / 64) for k in range(65))
        if 1e-6 < x < 100 - 1e-6 and 1e-6 < y < 50 - 1e-6
    ]
    assert not inside or (part is not None and box.crossed_by(segment))
    for x, y in inside:
        assert part is not None
        assert min(part[0][0], part[1][0]) - 1e-6 <= x <= max(part[0][0], part[1][0]) + 1e-6
        assert min(part[0][1], part[1][1]) - 1e-6 <= y <= max(part[0][1], part[1][1]) + 1e-6
    if part is not None:
        assert all(-1e-6 <= x <= 100 + 1e-6 and -1e-6 <= y <= 50 + 1e-6 for x, y in part)


@given(boxes=st.lists(st.tuples(point, st.integers(1, 90), st.integers(1, 90)), max_size=12), where=point)
def test_what_is_occupied_is_found_at_any_height(
    boxes: list[tuple[tuple[float, float], int, int]], where: tuple[float, float]
) -> None:
    occupied, there = Occupied(), [Box(x, y, x + w, y + h) for (x, y), w, h in boxes]
    for box in there:
        occupied.put(box)
        occupied.draw(((box.left, box.top), (box.right, box.bottom)))
    asked = Box(where[0], where[1], where[0] + 30, where[1] + 70)
    assert occupied.is_free(asked) == (not any(asked.overlaps(box) for box in there))
    diagonals = [((box.left, box.top), (box.right, box.bottom)) for box in there]
    assert occupied.crossings(asked) == sum(asked.crossed_by(line) for line in diagonals)


def way(x1: float, y1: float, x2: float, y2: float, words: str = "Promise b1") -> Way:
    arrow = Arrow(words, words, 0, 1, 1, 2, "received")
    return Way(arrow, ((x1, y1), (x2, y2)), Home(x2 - 6, y2 + 12, "end"), words)


def placed(*ways: Way, taken: tuple[Box, ...] = ()) -> tuple[Line, ...]:
    occupied = Occupied()
    for box in taken:
        occupied.put(box)
    return labelled(ways, occupied, ROOM)


def test_a_label_stands_where_its_arrow_proposes_if_that_is_free() -> None:
    (line,) = placed(way(100, 100, 500, 300))
    assert line.label is not None and line.label.leader is None
    assert [(text.x, text.y, text.text, text.anchor) for text in line.label.texts] == [(494, 312, "Promise b1", "end")]


def test_a_label_makes_way_for_a_card_and_for_another_arrow() -> None:
    home = placed(way(100, 100, 500, 300))[0].label
    assert home is not None
    card = Box(home.box.left - 5, home.box.top - 2, home.box.right, home.box.bottom + 30)
    crossing = replace(way(450, 200, 450, 600), home=None)
    for lines in (placed(way(100, 100, 500, 300), taken=(card,)), placed(way(100, 100, 500, 300), crossing)):
        label = lines[0].label
        assert label is not None and label.leader is None and label.box != home.box
        assert not label.box.overlaps(card) or len(lines) == 2
        for line in lines:
            assert not label.box.crossed_by((line.points[0], line.points[1]))


def test_the_proposed_place_of_another_is_left_to_it() -> None:
    """The first label cannot stay at home, and would go where the second one is at home."""
    card = Box(430, 303, 500, 330)
    first = way(100, 100, 500, 300)
    wanted = placed(first, taken=(card,))[0].label
    assert wanted is not None and wanted.leader is None
    second = way(wanted.box.right + 6, 20, wanted.box.right + 6, wanted.box.top - 4)
    labels = [line.label for line in placed(first, second, taken=(card,))]
    assert labels[0] is not None and labels[1] is not None
    assert labels[1].box == wanted.box
    assert not labels[0].box.overlaps(wanted.box)


def test_where_nothing_beside_the_arrow_is_free_a_line_leads_to_the_label() -> None:
    along = tuple(Box(x, x / 2 + 50 - 18, x + 8, x / 2 + 50 + 18) for x in range(20, 508, 6))
    (line,) = placed(way(100, 100, 500, 300), taken=along)
    label = line.label
    assert label is not None and label.leader is not None
    assert not any(label.box.overlaps(box) for box in along)
    (x, y), end = label.leader
    assert y == pytest.approx(100 + (x - 100) / 2)  # it starts on the arrow
    assert end == label.box.nearest((x, y))


def test_a_label_that_has_no_place_at_all_stays_at_home() -> None:
    (line,) = placed(way(100, 100, 500, 300), taken=(ROOM,))
    assert line.label is not None and line.label.texts[0].y == 312


def test_the_same_labels_in_the_same_places() -> None:
    ways = [way(100 + 7 * k, 100 + 3 * k, 500 - 5 * k, 300 + 4 * k, f"Promise b{k}") for k in range(12)]
    lines = placed(*ways)
    assert lines == placed(*ways)
    boxes = [line.label.box for line in lines if line.label is not None]
    assert len(boxes) == 12
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])


def test_a_long_label_has_several_lines_and_no_word_is_broken() -> None:
    words = "NewView v1 (PrePrepare v1 d1, PrePrepare v1 d2) [Checkpoint(view=0,digest=d0,replica=r2)]"
    lines = label_lines(words)
    assert len(lines) > 2 and all(line.endswith((",", "(", " ", ")", "]")) or " " in words for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    whole = {"NewView", "PrePrepare", "Checkpoint", "view", "digest", "replica"}
    assert all(sum(word in line for line in lines) >= 1 for word in whole)
    (line,) = placed(way(100, 100, 500, 300, words))
    assert line.label is not None and len(line.label.texts) == len(lines)
    assert line.label.box.bottom - line.label.box.top > 11 * (len(lines) - 1)


def test_where_words_are_broken() -> None:
    """At spaces; then after commas and brackets, before a `+`; at last at `_`, `=` and `.`, and only then anywhere."""
    assert filled("{n0,n1,n2}+{n0,n1}", 10, 6.05 * 12) == ["{n0,n1,n2}", "+{n0,n1}"]
    assert filled("{n0,n1,n2,n3}", 10, 6.05 * 10 + 1) == ["{n0,n1,n2,", "n3}"]
    assert filled("acceptors[a1].max_bal 0", 10, 6.05 * 14) == ["acceptors[", "a1].max_bal 0"]
    assert filled("last_log_index", 10, 6.05 * 10) == ["last_log_", "index"]
    assert filled("abcdefghij", 10, 6.05 * 4 + 1) == ["abcd", "efgh", "ij"]
    assert filled("a  b", 10, 100) == ["a  b"]
    assert filled("", 10, 100) == [""]
