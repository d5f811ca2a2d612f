"""What is searched: shipped protocols that other checkers have models of, with counts known from several tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).with_name("peers")
"""The models for other checkers: the folder bench/ of the source tree."""


@dataclass(frozen=True)
class Subject:
    """One protocol at one size.  The invariant is checked on every state, by every checker."""

    name: str
    title: str
    protocol: str
    constants: dict[str, int]
    invariant: str
    distinct: int
    """How many states there are."""
    generated: int
    """How many transitions the shipped spec has, the initial state included; encodings differ in this."""
    small: bool = False
    """Small enough for plain Python, and too small to time anything else by."""


SUBJECTS = (
    Subject(
        "two-phase-commit-5",
        "two-phase commit, 5 managers",
        "two-phase-commit",
        {"managers": 5},
        "Consistent",
        distinct=8_832,
        generated=58_146,
        small=True,
    ),
    Subject(
        "two-phase-commit-7",
        "two-phase commit, 7 managers",
        "two-phase-commit",
        {"managers": 7},
        "Consistent",
        distinct=296_448,
        generated=2_744_706,
    ),
    Subject(
        "two-phase-commit-8",
        "two-phase commit, 8 managers",
        "two-phase-commit",
        {"managers": 8},
        "Consistent",
        distinct=1_745_408,
        generated=18_507_778,
    ),
    Subject(
        "paxos-1",
        "Paxos, 3 acceptors, 2 values, ballots 0..1",
        "paxos",
        {"acceptors": 3, "values": 2, "max_ballot": 1},
        "Agreement",
        distinct=3_921,
        generated=23_563,
        small=True,
    ),
    Subject(
        "paxos-2",
        "Paxos, 3 acceptors, 2 values, ballots 0..2",
        "paxos",
        {"acceptors": 3, "values": 2, "max_ballot": 2},
        "Agreement",
        distinct=185_369,
        generated=1_361_380,
    ),
)
"""Source of the counts: Gray & Lamport's and Lamport's own modules under TLC; for two-phase commit 6^n + 4^n + 2^n."""
