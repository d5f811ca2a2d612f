"""A counterexample to induction as a picture.  If these fail, a student sees another state or step than the solver found."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from mcheck.counterexamples.picture.induction import InductionStep, induction_picture, induction_svg
from mcheck.counterexamples.picture.parts import StateCard
from mcheck.models.proofs.paxos import Acceptor, Ballot, Paxos, Quorum, Value
from mcheck.models.proofs.raft_election import Quorum as Electorate
from mcheck.models.proofs.raft_election import RaftElection, Server, Term
from mcheck.models.proofs.two_phase_commit import RM, TwoPhaseCommit
from mcheck.spec.relational import Structure, System, without
from mcheck.spec.relational.structures import enabled, falsifying, successor

PAXOS, COMMIT, ELECTION = Paxos.system(), TwoPhaseCommit.system(), RaftElection.system()


def step(system: System, name: str, values: tuple[str, ...], before: Structure, conjunct: str) -> InductionStep:
    """What the solver would hand over, judged by the plain functions."""
    action = next(a for a in system.actions if a.name == name)
    broken = next(c for c in system.conjuncts if c.name == conjunct)
    after = successor(action, before, values)
    falsified = falsifying(broken, after)
    assert enabled(action, before, values) and falsified is not None
    words = ("subject", "Whether it is reachable.", "mcheck prove")
    return InductionStep(system, action, values, broken, falsified, before, after, *words)


def paxos() -> InductionStep:
    """v1 is chosen in the higher ballot, and then v0 in the lower."""
    before = Structure(
        {Acceptor: ("a0",), Quorum: ("q0",), Ballot: ("b0", "b1"), Value: ("v0", "v1")},
        {
            Paxos.member: {("a0", "q0"): True},
            Paxos.proposed: {("b0", "v0"): True, ("b1", "v1"): True},
            Paxos.vote: {("a0", "b1", "v1"): True},
        },
    )
    return step(PAXOS, "phase_2b", ("a0", "b0", "v0"), before, "agreement")


def commit() -> InductionStep:
    before = Structure(
        {RM: ("r0", "r1")},
        {TwoPhaseCommit.aborted: {("r0",): True, ("r1",): True}, TwoPhaseCommit.tm_committed: {(): True}},
    )
    return step(COMMIT, "rm_rcv_commit_msg", ("r0",), before, "consistent")


def election() -> InductionStep:
    before = Structure(
        {Server: ("s0", "s1"), Electorate: ("q0",), Term: ("t0",)},
        {
            RaftElection.member: {("s1", "q0"): True},
            RaftElection.voted: {("s1", "t0", "s0"): True},
            RaftElection.leader: {("s1", "t0"): True},
            RaftElection.electorate: {("t0",): "q0"},
        },
    )
    return step(ELECTION, "become_leader", ("s0", "t0", "q0"), before, "election_safety")


def cards(made: InductionStep) -> list[dict[str, list[str]]]:
    """By row and the name of the lane: the lines of the cards, those that the step changes with a star."""
    story = induction_picture(made).story

    def lines(card: StateCard) -> list[str]:
        return [f"{i.name} {i.text}".strip() + ("*" if i.changed else "") for i in card.items]

    return [{story.lanes[c.lane]: lines(c) for c in row.cards} for row in story.rows]


def test_elements_that_act_are_lanes_and_what_is_said_of_them_is_on_their_cards() -> None:
    assert cards(paxos()) == [
        {"acceptor a0": ["member q0", "vote b1, v1"], "ballot b0": ["proposed v0"], "ballot b1": ["proposed v1"]},
        {"acceptor a0": ["member q0", "vote b1, v1", "vote + b0, v0*"]},
    ]


def test_what_belongs_to_no_element_has_a_lane_and_what_is_removed_is_shown() -> None:
    assert cards(commit()) == [
        {"RM r0": ["aborted"], "RM r1": ["aborted"], "tm": ["tm_committed"]},
        {"RM r0": ["+ committed*", "− aborted*"]},
    ]


def test_a_function_stands_with_its_argument_though_it_does_not_act() -> None:
    first, second = cards(election())
    assert first == {
        "server s0": [],
        "server s1": ["member q0", "voted t0, s0", "leader t0"],
        "term t0": ["electorate = q0"],
    }
    assert second == {"server s0": ["leader + t0*"]}


def test_what_is_broken_and_for_which_elements_stands_above_and_in_the_frame() -> None:
    story = induction_picture(paxos()).story
    assert story.verdict == "NOT INDUCTIVE agreement"
    assert story.sentence.endswith("False after the step for q1=q0, r1=b0, v1=v0, q2=q0, r2=b1, v2=v1.")
    assert [(row.action, row.verdict) for row in story.rows] == [
        ("a state that satisfies", ""),
        ("phase_2b(n=a0, r=b0, v=v0)", "breaks agreement"),
    ]
    assert story.rows[0].notes == tuple(c.name for c in PAXOS.conjuncts)
    assert story.key == ("+ what the step adds", "ballots in their order, from left to right")
    assert induction_picture(commit()).story.key == ("+ what the step adds", "− what it removes")


def test_names_of_few_conjuncts_and_the_number_of_many() -> None:
    alone = replace(paxos(), system=without(PAXOS, [c.name for c in PAXOS.auxiliary]))
    assert induction_picture(alone).story.rows[0].notes == ("agreement",)
    many = replace(paxos(), system=replace(PAXOS, conjuncts=PAXOS.conjuncts * 2))
    assert induction_picture(many).story.rows[0].notes == ("all 10 conjuncts",)


def test_an_initial_state_is_one_row() -> None:
    made = replace(paxos(), action=None, values=(), after=paxos().before)
    story = induction_picture(made).story
    assert [(row.action, row.verdict) for row in story.rows] == [("an initial state", "breaks agreement")]
    assert "False in this state for" in story.sentence


def test_the_file_is_xml_the_same_every_time_and_told_in_words() -> None:
    for made in (paxos(), commit(), election()):
        svg = induction_svg(made)
        assert svg == induction_svg(made)
        root = ET.fromstring(svg.encode())
        told = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
        assert made.conjunct.words in told and "Whether it is reachable." in told
        shown = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
        assert f"← breaks {made.conjunct.name}" in shown and "mcheck prove" in shown
