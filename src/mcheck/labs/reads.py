"""A lab on reads: a leader that has been replaced does not know it."""

from __future__ import annotations

from collections.abc import Iterator

from mcheck.labs.finding import Finding
from mcheck.labs.searching import beside


def stale_leader() -> Iterator[Finding]:
    """Local reads return old values; a round of heartbeats and an entry of the leader's own term make them fresh."""
    for tweak, claim in (
        ("local", "A leader cut off by a partition answers from its log, and misses a write that was acknowledged."),
        ("before-own-commit", "So does a new leader that confirms itself, but has committed nothing yet."),
    ):
        broken, good = beside("textbook-reads", tweak, "Fresh Reads")
        yield Finding(claim, f"textbook-reads --tweak {tweak}", broken.words, not broken.holds, broken.violation)
        yield Finding(
            "With both, a read sees every write that was acknowledged before it began.",
            "textbook-reads, within the same bounds",
            good.words,
            good.holds,
        )
