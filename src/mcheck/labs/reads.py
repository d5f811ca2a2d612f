"""A lab on reads: a leader that has been replaced does not know it."""

from __future__ import annotations

from collections.abc import Iterator

from mcheck.labs.finding import Finding
from mcheck.labs.searching import beside


def stale_leader() -> Iterator[Finding]:
    """Local reads miss writes; the two rules of ReadIndex make them fresh."""
    good = []
    for tweak, claim in (
        ("local", "A leader cut off by a partition answers from its log, and misses a write that was acknowledged."),
        ("before-own-commit", "So does a new leader that has made sure that it leads, but has committed nothing yet."),
    ):
        broken, mended = beside("textbook-reads", tweak, "Fresh Reads")
        good.append(mended)
        yield Finding(claim, f"textbook-reads --tweak {tweak}", broken.words, not broken.holds, broken.violation)
    yield Finding(
        "With an own entry committed first, and a round of heartbeats for each read, every read is fresh.",
        "textbook-reads, within the bounds of the one and of the other",
        "; ".join(answer.words for answer in good),
        all(answer.holds for answer in good),
    )
