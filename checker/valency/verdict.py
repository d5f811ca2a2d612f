"""What is said of the valency of a protocol."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

from mcheck.checker.liveness.verdict import Viewed
from mcheck.checker.valency.members import Member
from mcheck.checker.valency.run import UndecidedRun
from mcheck.checker.valency.valencies import Valencies, Value
from mcheck.spec import Behavior, Fairness, Instance

ValencyResult = Literal["answered", "refused", "inconclusive"]


@dataclass(frozen=True)
class Counts:
    """How many states are of which kind; each is of one."""

    bivalent: int
    univalent: tuple[int, ...]
    """By the number of the value."""
    null: int
    disagreeing: int
    """States in which two values are decided: there Agreement is violated.  They count as bivalent too."""


@dataclass(frozen=True)
class InitialState:
    """An initial state and V of it."""

    state: Any
    valency: tuple[Value, ...]


@dataclass(frozen=True)
class DifferingNeighbours:
    """Two initial states that differ in one input, that under `key`, and in their valency."""

    first: InitialState
    second: InitialState
    key: Hashable


@dataclass(frozen=True)
class Exceptions:
    """States in which something is not so for a member: how many, and a shortest behaviour to one, None if there is none."""

    member: Member
    states: int
    nearest: Behavior | None


@dataclass(frozen=True)
class ValencyVerdict:
    """The answer.

    Refused: steps are cut, and behind them other decisions may lie; then only `bivalent`, as a least number, and the run are
    known.  Inconclusive: a limit ended the work, and nothing is known.
    """

    instance: Instance
    fairness: tuple[Fairness, ...]
    result: ValencyResult
    engine: str
    values: tuple[Value, ...]
    states: int
    edges: int
    cut: dict[str, int]
    bivalent: int | None
    counts: Counts | None
    initial: tuple[InitialState, ...]
    neighbours: DifferingNeighbours | None
    lemma3: tuple[Exceptions, ...]
    """For each member the bivalent states from which it takes no step that leaves them so."""
    blocked: tuple[Exceptions, ...]
    """For each member the states from which there is no decision without it."""
    null: Behavior | None
    """A shortest behaviour to a state from which no decision is reached at all."""
    run: UndecidedRun | None
    found: Valencies | None
    """The whole graph, to be drawn."""
    reason: str | None
    seconds: float
    exploring_seconds: float
    peak_rss_mb: int
    notes: tuple[str, ...] = ()
    view: Viewed | None = None
    """The view that states were told apart by; see `checker.liveness`."""
