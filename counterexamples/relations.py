"""States and steps of a proof in words: what its sorts and elements are called, and a step with its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcheck.spec.relational import Action, Structure
from mcheck.spec.relational.sorts import SortType
from mcheck.spec.relational.structures import Element


def singular(sort: SortType) -> str:
    """`promise quorum` for PromiseQuorum."""
    name = sort.__name__
    return name if name.isupper() else "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def plural(sort: SortType) -> str:
    """`promise quorums` for PromiseQuorum."""
    words = singular(sort)
    return words + ("es" if words.endswith(("s", "x")) else "s")


def universe_text(structure: Structure) -> str:
    """`ballots b0 < b1 · values v0, v1`."""
    return " · ".join(
        f"{plural(sort)} {(' < ' if sort.order is not None else ', ').join(map(str, elements))}"
        for sort, elements in structure.universe.items()
    )


def step_text(action: Action, values: Sequence[Element]) -> str:
    """`phase_1a(r=b0)`."""
    return f"{action.name}({assignment_text(action.parameters, values)})"


def assignment_text(parameters: Sequence[Any], values: Sequence[Element]) -> str:
    """`r=b0, v=v1`."""
    return ", ".join(f"{p.head.name}={v}" for p, v in zip(parameters, values, strict=True))
