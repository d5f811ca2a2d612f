"""A lab on what must survive a restart: all subsets of term, vote and log."""

from __future__ import annotations

from collections.abc import Iterator

from mcheck.labs.finding import Finding
from mcheck.labs.searching import searched
from mcheck.scope import counted

PERSISTED: dict[tuple[str, ...], str | None] = {
    ("term", "vote", "log"): None,
    ("term", "vote"): "forget-log",
    ("term", "log"): "forget-vote",
    ("vote", "log"): "forget-term",
    ("term",): "persist-term",
    ("vote",): "persist-vote",
    ("log",): "persist-log",
    (): "persist-nothing",
}
"""By what survives a restart: the tweak of raft; the protocol itself where all does."""
BOUNDS = {"nodes": 3, "max_term": 2, "max_log": 1, "max_messages": 3, "max_restarts": 1}
"""The same for all, and large enough to show what the loss of the log does."""


def persistence() -> Iterator[Finding]:
    """Raft needs all three after a restart: of the eight subsets, one is enough."""
    enough = []
    for kept, tweak in PERSISTED.items():
        answer = searched("raft", tweak, **BOUNDS)
        enough += [kept] if answer.holds else []
        words = ", ".join(kept) or "nothing"
        yield Finding(
            f"A restart that keeps {words} is {'safe' if tweak is None else 'not safe'}.",
            f"raft{f' --tweak {tweak}' if tweak else ''}, 3 nodes, 2 terms, 1 entry, 3 messages, 1 restart",
            answer.words,
            answer.holds == (tweak is None),
            answer.violation,
        )
    yield Finding(
        "Term, vote and log must all survive.",
        f"how many of the {len(PERSISTED)} subsets will do",
        f"{counted(len(enough), 'subset')}: {'; '.join(', '.join(kept) or 'nothing' for kept in enough) or 'none'}",
        enough == [("term", "vote", "log")],
    )
