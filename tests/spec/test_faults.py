"""What a spec says of faults: which words it may use, that subclasses inherit them, and what the numbers come to."""

from __future__ import annotations

import pytest

from mcheck.models import PROTOCOLS
from mcheck.models.consensus import Consensus
from mcheck.protocols import find
from mcheck.spec import SpecError
from mcheck.spec.faults import tolerated


@pytest.mark.parametrize(
    ("resilience", "figures"),
    [
        ("n >= 2f + 1", [0, 0, 1, 1, 2, 2, 3]),
        ("n >= 3f + 1", [0, 0, 0, 1, 1, 1, 2]),
        ("n >= f + 1", [0, 1, 2, 3, 4, 5, 6]),
        ("f = 0", [0] * 7),
    ],
)
def test_how_many_are_tolerated(resilience: str, figures: list[int]) -> None:
    assert [tolerated(resilience, n) for n in range(1, 8)] == figures


def test_both_are_inherited() -> None:
    good = type("Good", (Consensus,), {"fault_model": "byzantine", "resilience": "n >= 3f + 1"})
    tweak = type("Tweak", (good,), {})
    assert (tweak.fault_model, tweak.resilience) == ("byzantine", "n >= 3f + 1")
    assert (Consensus.fault_model, Consensus.resilience) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fault_model", "crash", r"Odd.fault_model must be one of crash-stop, .*, byzantine \(got 'crash'\)"),
        ("fault_model", 3, r"\(got 3\)"),
        ("resilience", "n > 2f", r"Odd.resilience must be like 'n >= 2f \+ 1', or 'f = 0' .* \(got 'n > 2f'\)"),
        ("resilience", "n >= 2f + 1 or so", "or so"),
        ("resilience", 2, r"\(got 2\)"),
    ],
)
def test_anything_else_is_refused_when_the_class_is_made(name: str, value: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        type("Odd", (Consensus,), {name: value})


def test_a_resilience_that_cannot_be_read_says_so() -> None:
    with pytest.raises(SpecError, match="must be like"):
        tolerated("always", 3)


SILENT = {
    "die-hard",
    "tcommit",
    "consensus",
    "voting",
    "dining-philosophers",
    "ewd840",
    "paxos-duel",
    "raft-split-votes",
    "raft-partial-partition",
}
"""Puzzles, and specifications of what is to be reached, in which nothing fails."""


def test_every_shipped_protocol_says_both_or_neither() -> None:
    said = {name: (find(name).cls.fault_model, find(name).cls.resilience) for name in PROTOCOLS}
    assert {name for name, both in said.items() if both == (None, None)} == SILENT
    assert all(None not in both for name, both in said.items() if name not in SILENT)
