"""Pictures: the right things in the right places, the same bytes every time, and nothing that escapes."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.counterexamples.pictures import (
    EVERY,
    GOLDEN,
    Chatter,
    always_truncate,
    commit_early,
    counterexample,
    die_hard,
    forget_promise,
    forget_vote,
    hostile,
    raft_tla,
)
from tests.counterexamples.specs import Everything

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.lanes import Lanes
from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.picture.boxes import box_of, natural_width
from mcheck.counterexamples.picture.cards import CardWriter
from mcheck.counterexamples.picture.layout import Picture, picture_of
from mcheck.counterexamples.picture.measure import filled, text_width
from mcheck.counterexamples.picture.mermaid import mermaid_document
from mcheck.counterexamples.picture.page import html_document
from mcheck.counterexamples.picture.parts import Arrow, Item, Row, StateCard, Story
from mcheck.counterexamples.picture.story import story_of
from mcheck.counterexamples.picture.svg import svg_document
from mcheck.counterexamples.picture.text import text_document
from mcheck.models.flood_set import DecidesEachRound
from mcheck.models.pbft_tweaks import SmallerQuorum
from mcheck.models.raft_election_tweaks import AnswersBetweenWrites
from mcheck.models.raft_macro import CommitsAlone
from mcheck.models.raft_membership import FinishesUncommitted
from mcheck.models.raft_networks import Duplicating
from mcheck.models.zab import Zab
from mcheck.spec import Record

SVG = "{http://www.w3.org/2000/svg}"


def arrows(made: Counterexample) -> list[tuple[str, int, int, int | None, int | None, str]]:
    return [(a.label, a.source, a.sent, a.target, a.row, a.kind) for a in story_of(made).arrows]


# ---------------------------------------------------------------------- what there is to see


def test_messages_go_from_the_row_they_are_sent_in_to_the_row_they_arrive_in() -> None:
    assert arrows(forget_vote()) == [
        ("RequestVote t1", 0, 1, 1, 2, "received"),
        ("RequestVote t1", 0, 1, 2, None, "pending"),
        ("RequestVoteReply t1 ✓", 1, 2, 0, 3, "received"),
        ("AppendEntries t1", 0, 4, 2, None, "pending"),
        ("RequestVote t1", 2, 5, 0, 7, "received"),
        ("RequestVote t1", 2, 5, 1, None, "pending"),
        ("RequestVoteReply t1 ✓", 0, 7, 2, 8, "received"),
    ]


def test_messages_without_addresses_come_from_whoever_the_types_say() -> None:
    rows = {a.row: (a.source, a.target) for a in story_of(commit_early()).arrows}
    assert rows == {2: (0, 3), 5: (3, 0)}
    assert story_of(commit_early()).lanes == ("r0", "r1", "r2", "tm")
    found = story_of(forget_promise())
    assert found.lanes == ("a0", "a1", "a2", "elsewhere")
    assert [(a.source, a.target) for a in found.arrows if a.label.startswith("Promise")] == [
        (0, 3),
        (0, 3),
        (1, 3),
        (1, 3),
    ]


def test_lost_copied_and_own_messages() -> None:
    assert arrows(raft_tla()) == [
        ("RequestVoteRequest t2", 0, 2, 1, 4, "received"),
        ("RequestVoteRequest t2", 0, 2, 1, 5, "again"),
        ("RequestVoteRequest t2", 0, 3, 1, 6, "lost"),
        ("RequestVoteResponse t2 ✓", 1, 5, 0, None, "pending"),
        ("RequestVoteRequest t2", 0, 7, 0, 8, "received"),
        ("RequestVoteResponse t2 ✓", 0, 8, 0, None, "pending"),
    ]
    assert [row.at for row in story_of(raft_tla()).rows] == [None, 0, 0, None, 1, 1, None, 0, 0]


def test_a_message_that_is_delivered_and_stays_is_received() -> None:
    vote = "RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0)"
    made = counterexample(Duplicating(nodes=2, max_term=1), None, "timeout(i=0)", f"deliver_copy(m={vote})")
    assert [a[-2:] for a in arrows(made)] == [(2, "received"), (None, "pending")]


def test_cards_only_where_a_node_changed_with_role_term_vote_and_log() -> None:
    rows = story_of(always_truncate()).rows
    assert [[c.lane for c in row.cards] for row in rows] == [
        [0, 1, 2],
        [0],
        [1],
        [0],
        [],
        [0],
        [],
        [1],
        [0],
        [],
        [1],
        [1],
    ]
    leader = rows[8].cards[0]
    assert leader.role is not None and (leader.role.text, leader.role.changed) == ("LEADER", False)
    assert leader.term is not None and leader.term.text == "1"
    assert ("voted_for", "n0", False) in [(i.name, i.text, i.changed) for i in leader.items]
    (cell,) = leader.logs[0].cells
    assert (cell.position, cell.term, cell.command, cell.committed, cell.changed) == (1, "1", "v0", True, True)
    (gone,) = rows[11].cards[0].logs[0].cells
    assert (gone.dropped, gone.committed) == (True, False)
    assert [row.number for row in rows if row.verdict] == [11]


def test_which_sequences_are_logs_and_what_is_in_their_boxes() -> None:
    class Zxid(Record):
        epoch: int
        counter: int

    class Txn(Record):
        zxid: Zxid
        value: str

    lanes = Lanes(Everything().instance)
    writer = CardWriter(lanes, Notation(lanes.instance), frozenset())
    txn = Txn(zxid=Zxid(epoch=2, counter=5), value="v")
    card = {"done": (txn,), "peers": ("a", "b"), "log": (7,), "last_committed": 1}
    drawn = writer.whole(0, card)
    assert [log.name for log in drawn.logs] == ["done", "log"]
    assert [(c.term, c.shade, c.command, c.committed) for log in drawn.logs for c in log.cells] == [
        ("2.5", 2, "v", True),
        ("", None, "7", True),
    ]
    after = writer.changed(0, card, {**card, "peers": ("a",)})
    assert after is not None and [(i.name, i.text) for i in after.items] == [("peers", "⟨a⟩")]


def member_changes() -> Counterexample:
    """Of joint consensus: from n0, n1 and n2 to n0 alone."""
    steps = ["elect(i=0, t=1, q={0, 1})", "begin_change(i=0, members={0})", "finish_change(i=0)"]
    return counterexample(FinishesUncommitted(nodes=3, spare=0, max_term=2, max_log=2), None, *steps)


def test_the_members_of_a_configuration_are_written_out() -> None:
    rows = story_of(member_changes()).rows
    assert [[c.command for c in card.logs[0].cells] for row in rows[2:] for card in row.cards] == [
        ["{n0,n1,n2}+{n0}"],
        ["{n0,n1,n2}+{n0}", "{n0}"],
    ]
    texts = [
        t.text for row in picture_of(story_of(member_changes())).rows for card in row.cards for t in card.box.texts
    ]
    assert "{n0}" in texts and not any("…" in text for text in texts)


def test_a_long_command_has_several_lines_in_its_box() -> None:
    lanes = Lanes(Everything().instance)
    writer = CardWriter(lanes, Notation(lanes.instance), frozenset())
    (log,) = writer.whole(0, {"log": ("a_long_command", "of_words_that_go_on_and_on", "x")}).logs
    box = box_of(StateCard(0, logs=(log,)), 236.0)
    lines = [t.text for t in box.texts if t.style == "command"]
    assert len(lines) > 3 and "".join(lines).startswith("a_long_commandof_words")
    assert len({cell.height for cell in box.cells}) == 1
    assert all(text.y < box.cells[0].y + box.cells[0].height for text in box.texts if text.style == "command")


def test_records_where_there_is_little_room() -> None:
    """The type once and the fields in order; the ends of a message first; of a record of sets its members."""

    class Ballot(Record):
        number: int
        by: str

    class Vote(Record):
        ballot: Ballot
        value: str | None
        sure: bool

    class Note(Record):
        src: int
        dst: int
        ballot: Ballot

    class Members(Record):
        old: frozenset[int]
        new: frozenset[int] | None

    write = Notation(Everything().instance)
    ballot = Ballot(number=3, by="a")
    assert write.compact(Vote(ballot=ballot, value=None, sure=False)) == "Vote((3, a), none, !sure)"
    assert write.brief(Vote(ballot=ballot, value="v", sure=True)) == "((3, a), v, sure)"
    assert write.compact(Note(src=1, dst=2, ballot=ballot)) == "Note(1→2, (3, a))"
    assert write.compact(Members(old=frozenset({1, 2}), new=frozenset({2}))) == "Members({1,2}+{2})"
    assert write.brief(Members(old=frozenset({1, 2}), new=None)) == "{1,2}"
    assert write.compact((ballot,)) == "⟨(3, a)⟩"


def test_a_long_record_in_a_card_is_written_in_short_and_a_small_one_in_full() -> None:
    class Small(Record):
        term: int
        index: int

    class Large(Record):
        first_of_them: Small
        second_of_them: Small
        third_of_them: Small
        fourth_of_them: Small

    lanes = Lanes(Everything().instance)
    writer = CardWriter(lanes, Notation(lanes.instance), frozenset())
    small = Small(term=1, index=2)
    large = Large(first_of_them=small, second_of_them=small, third_of_them=small, fourth_of_them=small)
    card = writer.changed(0, {"a": None, "b": frozenset()}, {"a": small, "b": frozenset({large})})
    assert card is not None
    assert [i.text for i in card.items] == ["Small(term=1, index=2)", "+Large((1, 2), (1, 2), (1, 2), (1, 2))"]


def flood() -> Counterexample:
    """p0 alone has proposed 0, and p1 does not hear of it."""
    spec = DecidesEachRound(processes=3, faults=1, values=2)

    def mixed(state: Any) -> bool:
        return [member.proposal for member in state.members.values()] == [0, 1, 1]

    return counterexample(spec, "Agreement", "send()", "crash(i=0, lost={1})", "receive()", start=mixed)


def test_what_a_receiver_could_do_without_is_received_and_what_a_crash_takes_is_lost() -> None:
    kinds = {(a.source, a.target): a.kind for a in story_of(flood()).arrows}
    assert kinds == {
        (0, 1): "lost",  # by the crash
        (0, 2): "received",
        (1, 2): "idle",
        (2, 1): "idle",
        (1, 0): "lost",  # p0 is down
        (2, 0): "lost",
    }
    assert "dash-dotted arrow: received, made no difference" in story_of(flood()).key
    words = mermaid_document(flood())
    assert "L1-->>L2: Flood (sent in step 1, made no difference)" in words


def test_every_lane_that_takes_part_in_a_step_has_a_card_or_a_bar() -> None:
    picture = picture_of(story_of(flood()))
    rows = {row.row.number: row for row in picture.rows}
    assert [bar.lane for bar in rows[1].bars] == [0, 1, 2]
    for line in picture.lines:
        touched = {bar.lane for bar in rows[line.arrow.sent].bars} | {
            c.box.card.lane for c in rows[line.arrow.sent].cards
        }
        assert line.arrow.source in touched


def test_numbers_of_facts_stand_over_nothing() -> None:
    """Also on cards that begin with neither a role nor a term."""
    found = 0
    for made in (flood(), *(make() for make in EVERY.values())):
        for placed in (card for row in picture_of(story_of(made)).rows for card in row.cards):
            marks = [t for t in placed.box.texts if t.style == "mark"]
            others = [t for t in placed.box.texts if t.style != "mark"]
            for mark in marks:
                found += 1
                left = mark.x - text_width(mark.text, 14)
                for text in others:
                    width = text_width(text.text, 11.5)
                    right = text.x + {"start": width, "middle": width / 2, "end": 0.0}[text.anchor]
                    assert right <= left or abs(text.y - mark.y) > 12, (mark.text, text.text)
    assert found >= 6
    decided = [c for row in story_of(flood()).rows for c in row.cards if c.marks]
    for card in decided:  # a card of its natural width has a line for each item, with the number beside the first
        texts = box_of(card, natural_width(card)).texts
        assert len({text.y for text in texts if text.style != "mark"}) == len(card.items) == 4
    wide = StateCard(0, items=(Item("words", "that go on and on " * 5),), marks="①②")
    texts = box_of(wide, natural_width(wide)).texts
    (mark,) = (text for text in texts if text.style == "mark")
    longest = max(text.x + text_width(text.text, 11) for text in texts if text.style == "body")
    assert longest <= mark.x - text_width(mark.text, 14)


def test_where_an_arrow_passes_behind_a_card_there_is_a_trace_of_it() -> None:
    """From tm to r0, past the card of r1."""
    picture = picture_of(story_of(commit_early()))
    cards = [c for row in picture.rows for c in row.cards]
    assert picture.behind
    for line, ((x1, y1), (x2, y2)) in picture.behind:
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        (card,) = (c for c in cards if c.x < x < c.x + c.box.width and c.y < y < c.y + c.box.height)
        assert card.box.card.lane not in (line.arrow.source, line.arrow.target)
    drawn = svg_document(commit_early())
    assert drawn.count('class="arrow behind') == len(picture.behind)


def test_a_note_is_not_cut_where_there_is_room() -> None:
    made = counterexample(
        CommitsAlone(nodes=3, max_term=2, max_log=1), "Leader Completeness",
        "elect(i=0, t=1, q={0, 1})", "elect(i=1, t=2, q={1, 2})", "client_request(i=0)", "commit(i=0, index=1)",
    )  # fmt: skip
    texts = [t.text for t in picture_of(story_of(made)).rows[-1].texts if t.style == "note"]
    assert " ".join(texts) == "committed +Commit(log_index=1, entry=1, term=1)"


def test_what_a_node_says_to_all_it_does_not_send_to_itself() -> None:
    sent = [a for a in story_of(forget_promise()).arrows if a.label.startswith("Accept ")]
    assert sent and all(a.source != a.target for a in sent)
    own = counterexample(
        Chatter(), None, "say(i=0, w=Word(by=0))", "count(i=0, w=Word(by=0))", "count(i=1, w=Word(by=0))"
    )  # fmt: skip
    assert [a[1:] for a in arrows(own)] == [(0, 1, 1, 3, "received")]
    alone = counterexample(Chatter(), None, "say(i=0, w=Word(by=0))", "count(i=0, w=Word(by=0))")
    assert [a[1:] for a in arrows(alone)] == [(0, 1, None, None, "pending")]


def test_numbers_of_facts_are_where_they_became_true() -> None:
    rows = story_of(forget_vote()).rows
    assert [(r.number, c.lane, c.marks) for r in rows for c in r.cards if c.marks] == [(3, 0, "①"), (8, 2, "②")]
    assert [(r.number, r.marks) for r in story_of(forget_promise()).rows if r.marks] == [
        (9, "①"), (10, "②"), (11, "③"), (12, "④"),
    ]  # fmt: skip


def test_what_the_violation_does_not_follow_from_is_faint() -> None:
    found = story_of(forget_vote())
    assert [row.number for row in found.rows if not row.relevant] == [4]
    assert [a.sent for a in found.arrows if not a.relevant] == [4]
    assert "faint: the violation does not follow from it" in found.key
    root = ET.fromstring(svg_document(forget_vote()))
    assert [g.get("data-step") for g in root.iter(f"{SVG}g") if g.get("class") == "row faint"] == ["4"]


def test_states_without_nodes_have_a_lane_for_each_field() -> None:
    found = story_of(die_hard())
    assert found.lanes == ("small", "big")
    assert [[(c.lane, c.items[0].text) for c in row.cards] for row in found.rows][-1] == [(0, "3"), (1, "4")]
    assert found.facts == (("①", "big 4  (since step 6)"),)


def test_crashes_last_until_a_restart_or_the_end() -> None:
    found = story_of(hostile())
    assert [(o.lane, o.first, o.last, o.ended) for o in found.outages] == [(0, 4, 6, True), (0, 16, 17, False)]
    assert [r.number for r in found.rows for c in r.cards if c.restarted] == [6]


def test_a_node_that_goes_on_after_a_crash_was_never_down() -> None:
    """A crash that includes the restart: the node comes back in the same step, and takes part in the next."""
    asks = "RequestVote(src={}, dst={}, term=1, last_log_index=0, last_log_term=0)"
    labels = ["timeout(i=0)", f"crash_between_writes(m={asks.format(0, 1)}, old=None)"]
    spec = AnswersBetweenWrites(max_term=1, max_log=0)
    back = story_of(counterexample(spec, None, *labels, "timeout(i=2)", f"deliver(m={asks.format(2, 1)})"))
    assert back.outages == ()
    assert [r.number for r in back.rows for c in r.cards if c.restarted] == [2]
    gone = story_of(counterexample(spec, None, *labels, "timeout(i=2)"))
    assert [(o.lane, o.first, o.last, o.ended) for o in gone.outages] == [(1, 2, 3, False)]
    assert not any(c.restarted for r in gone.rows for c in r.cards)


def test_faulty_members_are_shown_as_that_and_their_messages_where_they_are_needed() -> None:
    steps = [f"{name}(d=0)" for name in ("pre_prepare", "prepare", "commit", "execute")]
    labels = [step.replace("(", f"(i={min(k, 1)}, ") for k, step in enumerate(steps)]
    made = counterexample(SmallerQuorum(views=1), None, "request(d=0)", *labels)
    found = story_of(made)
    assert [c.items for c in found.rows[0].cards if c.lane == 3] == [(Item("", "faulty"),)]
    assert found.rows[0].notes == ("primary [0: r0]",)
    assert [(a.label, a.sent, a.target, a.row) for a in found.arrows if a.source == 3] == [
        ("Commit v0 d0", 4, 1, 5)
    ]  # fmt: skip
    assert found.key[-1] == "arrow of a faulty node: drawn where somebody first relies on it"
    assert all(item.name != "correct" for row in found.rows for card in row.cards for item in card.items)
    ET.fromstring(svg_document(made))


def test_fields_that_belong_to_nobody_are_noted_where_no_lane_is_drawn_for_them() -> None:
    assert story_of(forget_vote()).rows[6].notes == ("restarts 1",)


def test_every_kind_of_value_can_be_drawn() -> None:
    made = counterexample(
        Everything(), "None blue",
        "paint(i=0, color=ROSE)", "ping(i=0, j=1)", "note(i=1, j=0)", "note(i=1, j=0)", "lead(i=1)", "paint(i=0, color=BLUE)",
    )  # fmt: skip
    ET.fromstring(svg_document(made))
    assert ("Note", 1, 3, 0, None, "pending") in arrows(made)
    assert "wires" not in svg_document(made)


def test_a_trace_that_violates_nothing_any_more_says_so() -> None:
    made = forget_vote()
    mended = Counterexample(made.behavior, made.rule, (), False, made.caption)
    found = story_of(mended)
    assert found.verdict == "NO LONGER VIOLATED Election Safety"
    assert found.rows[-1].verdict == "the end"
    assert 'class="box"' not in svg_document(mended)


def test_deadlocks_refinements_and_initial_states() -> None:
    from mcheck.checker.checks import DEADLOCK_FREEDOM
    from mcheck.models.two_phase_commit import CommitsEarly

    made = die_hard()
    stuck = Counterexample(made.behavior, DEADLOCK_FREEDOM, (), True, made.caption)
    assert story_of(stuck).facts == (("", "No action is enabled in the last state."),)
    early = commit_early()
    rule = next(p for p in CommitsEarly().instance.properties if p.kind == "implements")
    assert (
        "which is no step of TCommit"
        in story_of(Counterexample(early.behavior, rule, (), True, early.caption)).facts[0][1]
    )
    at_once = counterexample(Everything(), "Same cards")
    ET.fromstring(svg_document(Counterexample(at_once.behavior, at_once.rule, (), False, at_once.caption)))


# ---------------------------------------------------------------------- where it is


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_clipped_and_rows_do_not_overlap(name: str) -> None:
    picture = picture_of(story_of(EVERY[name]()))
    for text in (
        *picture.texts,
        *picture.more,
        *(text for line in picture.lines if line.label for text in line.label.texts),
    ):
        width = text_width(text.text, 20 if text.style == "title" else 9.5)
        left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
        assert left >= 0 and left + width <= picture.width + 1, text
        assert 0 < text.y < picture.height
    for upper, lower in itertools.pairwise(picture.rows):
        assert upper.y + upper.height <= lower.y
    for row in picture.rows:
        for placed in row.cards:
            assert placed.y + placed.box.height <= row.y + row.height + 0.1
            for text in placed.box.texts:
                width = text_width(
                    text.text, {"role": 11.5, "mark": 14, "position": 8.5, "command": 9.5}.get(text.style, 11)
                )
                left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
                assert left >= 0 and left + width <= placed.box.width + 0.1, (row.row.number, text)
                assert text.y <= placed.box.height
            for cell in placed.box.cells:
                assert cell.x + cell.width <= placed.box.width and cell.y + cell.height <= placed.box.height


@pytest.mark.parametrize("name", EVERY)
def test_labels_in_one_gap_do_not_cover_each_other(name: str) -> None:
    picture = picture_of(story_of(EVERY[name]()))
    labels = [line.label for line in picture.lines if line.label is not None]
    for label in labels:
        for text in label.texts:
            width = text_width(text.text, 9.5)
            left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
            assert label.box.left - 0.1 <= left and left + width <= label.box.right + 0.1
            assert label.box.top <= text.y - 7 and text.y + 2 <= label.box.bottom
    for k, label in enumerate(labels):
        assert not any(label.box.overlaps(other.box) for other in labels[k + 1 :]), label


def test_messages_that_are_lost_together_are_crossed_out_one_below_the_other() -> None:
    """A connection that breaks takes all that is under way with it."""
    hear = "leader_receives_{}(i=0, j=1)"
    answer = "follower_receives_{}(i=1, j=0)"
    made = counterexample(
        Zab(max_epoch=1, max_log=1), None, "lead(i=0)", "follow(i=1, j=0)", hear.format("cepoch"), answer.format("newepoch"),
        hear.format("acke"), answer.format("newleader"), hear.format("ackld"), "client_request(i=0, v=0)", "timeout(i=1)",
    )  # fmt: skip
    lost = [line for line in picture_of(story_of(made)).lines if line.arrow.kind == "lost"]
    assert [line.arrow.label for line in lost] == ["CommitLD e0", "Propose e1 v0"]
    assert lost[0].points[-1][0] == lost[1].points[-1][0]
    assert lost[1].points[-1][1] - lost[0].points[-1][1] >= 20


def test_arrows_point_down_and_end_at_their_row() -> None:
    picture = picture_of(story_of(always_truncate()))
    boxes = {box.row.number: box for box in picture.rows}
    for line in picture.lines:
        (_, start), (_, end) = line.points[0], line.points[-1]
        row = boxes[line.arrow.sent if line.arrow.row is None else line.arrow.row]
        assert row.y <= end <= row.y + row.height
        assert end >= start - 0.1


def long_picture(steps: int) -> Picture:
    """Many steps of which only every tenth matters."""
    base = story_of(forget_vote())
    card = base.rows[1].cards[0]
    rows = tuple(
        Row(
            k,
            f"step {k}",
            (),
            (replace(card, lane=k % 3),) if k % 10 == 0 else (),
            k % 3,
            "",
            k % 10 == 0,
            "",
            k % 10 != 0,
        )
        for k in range(steps)
    )
    messages = tuple(
        Arrow("M", "M", k % 3, k, (k + 1) % 3, k + 7, "received", False) for k in range(steps - 7)
    )  # fmt: skip
    return picture_of(replace(base, rows=rows, arrows=messages))


def test_long_behaviours_are_folded_and_their_lanes_named_again() -> None:
    picture = long_picture(400)
    assert picture.height < 400 * 40
    assert len(picture.lines) == 0  # every message begins or ends in a folded row
    assert len(picture.heads) > 6
    between = sorted({head.top for head in picture.heads})
    assert max(b - a for a, b in itertools.pairwise(between)) < 1500


def test_rows_are_folded_only_where_there_are_many() -> None:
    assert not any(row.narrow for row in story_of(forget_vote()).rows)
    labels = ["fill_big()", "empty_big()"] * 30 + [s.label for s in die_hard().behavior.steps]
    rows = story_of(counterexample(type(die_hard().behavior.instance.spec)(), "Not four gallons", *labels)).rows
    assert sum(row.narrow for row in rows) == 60
    assert [row.number for row in rows if not row.narrow] == [0, *range(61, 67)]


def test_wide_characters_take_more_room() -> None:
    assert text_width("日本", 10) == 2 * text_width("ab", 10)
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert filled("a bb ccc dddd eeeee", 10, 30, 2) == ["a bb", "ccc…"]


# ---------------------------------------------------------------------- as it is written


@pytest.mark.parametrize("name", EVERY)
def test_golden(name: str) -> None:
    """If the change is meant: python -m tests.counterexamples.pictures, and look at what it has drawn."""
    assert svg_document(EVERY[name]()) == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {p.stem for p in GOLDEN.glob("*.svg")} == set(EVERY)


_DIGESTS = """
import hashlib
from tests.counterexamples.pictures import forget_promise, raft_tla, hostile
from tests.counterexamples.test_picture import WRITERS
for made in (forget_promise(), raft_tla(), hostile()):
    for write in WRITERS:
        print(hashlib.sha256(write(made).encode("utf-8", "backslashreplace")).hexdigest())
"""
WRITERS = (svg_document, html_document, mermaid_document, text_document)


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    root = Path(__file__).parents[2]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 12


@pytest.mark.parametrize("name", EVERY)
def test_svg_is_well_formed_and_says_what_it_shows(name: str) -> None:
    made = EVERY[name]()
    root = ET.fromstring(svg_document(made))
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and description is not None and title.text and description.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    steps = {g.get("data-step") for g in root.iter(f"{SVG}g") if (g.get("class") or "").startswith("row")}
    assert steps == {str(k) for k in range(len(made.behavior.steps) + 1)}
    assert "href" not in svg_document(made) and "url(" not in svg_document(made)


def test_hostile_names_stay_text() -> None:
    made = hostile()
    root = ET.fromstring(svg_document(made))
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>alert(1)</script>" in (t.text or "") for t in root.iter(f"{SVG}text"))
    page = html_document(made)
    assert page.count("<script") == page.count("</script>") == 1
    assert "<b onclick" not in page and "<i>subject" not in page
    assert "\x00" not in page and "\x1b" not in page
    for line in mermaid_document(made).splitlines()[3:]:
        words = line.partition(": ")[2]
        assert "<script" not in words
        assert all(part.lstrip("#").isdigit() for part in words.split(";")[:-1] for part in [part.rpartition("#")[2]])


def test_mermaid() -> None:
    lines = mermaid_document(forget_vote()).splitlines()
    assert lines[:4] == [
        "---",
        'title: "VIOLATED Election Safety · ForgetsVote · 8 steps"',
        "---",
        "sequenceDiagram",
    ]
    assert "  L0->>L1: RequestVote t1 (sent in step 1)" in lines
    assert "  L0--)L2: RequestVote t1 (never received)" in lines
    assert lines.index("  L0->>L1: RequestVote t1 (sent in step 1)") > lines.index(
        "  Note over L0: 1 timeout(n0)<br/>CANDIDATE, term 1, voted_for n0, votes_granted +n0"
    )
    assert sum(line.startswith("  rect ") for line in lines) == sum(line == "  end" for line in lines) == 1
    assert "  L0-xL1: RequestVoteRequest t2 (sent in step 3, lost)" in mermaid_document(raft_tla()).splitlines()


def test_text() -> None:
    lines = text_document(forget_vote()).splitlines()
    assert lines[0] == "VIOLATED Election Safety"
    assert "  ① n0: elected ∋ 1  (since step 3)" in lines
    assert "  the violation does not follow from step 4" in lines
    assert lines[-1] == "  mcheck replay trace.itf.json"
    assert max(map(len, lines)) <= 100


def test_png() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    from mcheck.counterexamples.picture.png import png_document
    from mcheck.spec import UsageError

    try:
        document = png_document(die_hard())
    except UsageError as error:
        pytest.skip(str(error))
    assert document.startswith(b"\x89PNG\r\n\x1a\n")
    width = int.from_bytes(document[16:20], "big")
    assert width == round(picture_of(story_of(die_hard())).width) * 2
    assert hashlib.sha256(document).digest() == hashlib.sha256(png_document(die_hard())).digest()


def test_a_picture_too_long_for_a_png_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    from mcheck.counterexamples.picture import png
    from mcheck.spec import UsageError

    monkeypatch.setattr(png, "_LARGEST", 1000.0)
    with pytest.raises(UsageError, match=r"a picture of 6 steps is too long for a PNG .*: take -f html or -f svg"):
        png.png_document(die_hard())


def test_a_png_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcheck.counterexamples.picture.png import png_document
    from mcheck.spec import UsageError

    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(UsageError, match=r"pip install 'mcheck-protocols\[png\]'"):
        png_document(die_hard())


def test_a_story_has_no_part_without_an_owner() -> None:
    """Every card and arrow is in a lane that has a head."""
    for made in (m() for m in EVERY.values()):
        found: Story = story_of(made)
        lanes = range(len(found.lanes))
        assert all(card.lane in lanes for row in found.rows for card in row.cards)
        assert all(a.source in lanes and (a.target is None or a.target in lanes) for a in found.arrows)
