"""The monitors, on observations written by hand.  If these fail, faults of an implementation are overlooked or made up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mcheck.conformance.adapter import Observation
from mcheck.conformance.monitors import TITLES, Finding, History

Seen = tuple[int, Observation]
A1, B1, A2, B2, C3 = (1, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "c")


def follower(
    term: int, *log: tuple[int, str], vote: int | None = None, commit: int = 0, applied: str = ""
) -> Observation:
    return Observation("follower", term, vote, commit, log, tuple(applied))


def leader(term: int, *log: tuple[int, str], commit: int = 0) -> Observation:
    return Observation("leader", term, None, commit, log)


def judged(seen: Sequence[Seen], watched: Sequence[str] = TITLES) -> Finding | None:
    """The first finding; the last observation must be the one that makes it."""
    history = History(3, tuple(watched))
    findings = [history.observed(node, observation) for node, observation in seen]
    assert not any(findings[:-1])
    return findings[-1]


VIOLATED: dict[str, list[Seen]] = {
    "Election Safety": [(0, leader(1)), (0, follower(1)), (1, leader(1))],
    "Vote Once": [(0, follower(1, vote=1)), (0, follower(0)), (0, follower(1, vote=2))],
    "Leader Append-Only": [(0, leader(1, A1)), (0, leader(1, B1))],
    "Log Matching": [(0, follower(2, A1, B2)), (1, follower(2, B1, B2))],
    "Leader Completeness": [(0, leader(1, A1, commit=1)), (1, leader(2))],
    "State Machine Safety": [(0, follower(1, A1, commit=1)), (1, follower(2, A2, commit=1))],
}


@pytest.mark.parametrize("title", TITLES)
def test_each_property_is_judged(title: str) -> None:
    finding = judged(VIOLATED[title])
    assert finding is not None and finding.title == title
    assert len(finding.facts) == 2 and all(finding.facts)


@pytest.mark.parametrize("title", TITLES)
def test_what_is_not_watched_is_not_found(title: str) -> None:
    assert judged(VIOLATED[title], [t for t in TITLES if t != title]) is None


def test_state_machines_that_execute_different_commands_in_one_place() -> None:
    finding = judged([(0, follower(1, applied="xy")), (1, follower(1, applied="xz"))])
    assert finding is not None and finding.title == "State Machine Safety"
    assert "command 2" in finding.facts[0]


def test_a_commit_that_is_learned_late_makes_a_leader_incomplete() -> None:
    finding = judged([(0, leader(1, A1)), (1, leader(2)), (0, leader(1, A1, commit=1))])
    assert finding is not None and finding.title == "Leader Completeness"
    assert "n1 leads term 2" in finding.facts[1]


def test_the_term_of_a_commit_is_the_lowest_in_which_it_was_seen() -> None:
    finding = judged([(0, follower(5, A1, commit=1)), (1, leader(1, A1, commit=1)), (2, leader(3))])
    assert finding is not None and finding.title == "Leader Completeness"


def test_leaders_of_the_term_of_a_commit_are_left_to_election_safety() -> None:
    assert judged([(0, leader(1, A1, commit=1)), (1, leader(1))], ["Leader Completeness"]) is None


SOUND: dict[str, list[Seen]] = {
    "leaders of different terms": [(0, leader(1)), (1, leader(2)), (0, follower(2)), (0, leader(3))],
    "a vote that is repeated, and one in another term": [
        (0, follower(1, vote=1)),
        (0, follower(1)),
        (0, follower(1, vote=1)),
        (0, follower(2, vote=2)),
    ],
    "a leader that steps down loses entries": [(0, leader(1, A1)), (0, follower(2)), (0, leader(3, C3))],
    "a leader again, of another term, with another log": [(0, leader(1, A1)), (0, leader(3, C3))],
    "a leader that appends": [(0, leader(1, A1)), (0, leader(1, A1, B1))],
    "logs that differ where their terms do": [(0, follower(2, A1, A1)), (1, follower(2, A1, B2))],
    "an old leader lacks what a later one commits": [(0, leader(1)), (1, leader(2, A2, commit=1))],
    "a restart that forgets what is committed and applied": [
        (0, follower(1, A1, commit=1, applied="a")),
        (0, follower(1, A1)),
        (0, follower(1, A1, commit=1, applied="a")),
    ],
    "an entry first seen committed in a later term, and then in its own": [
        (0, follower(5, A1, commit=1)),
        (1, leader(1, A1, commit=1)),
    ],
}


@pytest.mark.parametrize("what", SOUND)
def test_what_consensus_allows_is_no_finding(what: str) -> None:
    history = History(3)
    assert [history.observed(*seen) for seen in SOUND[what]] == [None] * len(SOUND[what])
