"""What is said of a temporal property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mcheck.spec import Fairness, Instance, Lasso, Rule

LivenessResult = Literal["holds", "violated", "refused", "inconclusive"]


@dataclass(frozen=True)
class TemporalFinding:
    """The answer for one property.

    `lasso` violates it for `arguments`.  Refused: what a bound cuts could decide; `reason` says what and how much.
    """

    rule: Rule
    result: LivenessResult
    lasso: Lasso | None = None
    arguments: tuple[Any, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Viewed:
    """The view that states were told apart by.

    `ranks`: the bounds of what matters by its order alone, of which those in `unbounded` limited nothing; `forgets`: whether the
    spec also takes away what cannot matter again; `pairs`: how many pairs of states of one view were compared.
    """

    ranks: tuple[str, ...]
    unbounded: tuple[str, ...]
    forgets: bool
    pairs: int


@dataclass(frozen=True)
class LivenessVerdict:
    """The answers on one state graph."""

    instance: Instance
    fairness: tuple[Fairness, ...]
    findings: tuple[TemporalFinding, ...]
    engine: str
    states: int
    edges: int
    """Steps between two different states, one for each action and arguments."""
    cut: dict[str, int]
    """Steps that a bound or constraint cuts."""
    reason: str | None
    """Why the graph is not whole: a limit."""
    seconds: float
    exploring_seconds: float
    peak_rss_mb: int
    notes: tuple[str, ...] = ()
    view: Viewed | None = None
    """None if states are told apart as they are."""

    @property
    def violation(self) -> TemporalFinding | None:
        """The first property that is violated."""
        return next((f for f in self.findings if f.result == "violated"), None)

    @property
    def result(self) -> LivenessResult:
        """The one word: violated before refused before inconclusive before holds."""
        found = {f.result for f in self.findings}
        order: tuple[LivenessResult, ...] = ("violated", "refused", "inconclusive")
        return next((word for word in order if word in found), "holds")
