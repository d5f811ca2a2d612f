"""Verdict: what an engine answers, in the words of the literature and with everything it did not look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from mcheck.spec import Behavior, Instance, Rule, UsageError
from mcheck.spec.display import Displayed

Result = Literal["holds", "holds-up-to", "violated", "inconclusive"]
Finding = Literal["holds", "violated", "reached", "not-reached", "not-checked"]


@dataclass(frozen=True)
class Limits:
    """Where a search stops at the latest; None: nowhere.  `memory_mb` is resident memory of this process."""

    depth: int | None = None
    states: int | None = None
    seconds: float | None = None
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        for name, value, least in (
            ("depth", self.depth, 0),
            ("states", self.states, 1),
            ("memory_mb", self.memory_mb, 1),
        ):
            if value is not None and value < least:
                raise UsageError(f"limit {name} must be at least {least} (got {value})")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"limit seconds must be positive (got {self.seconds})")


@dataclass(frozen=True)
class Progress:
    """A moment of a running search, for a line on stderr."""

    distinct: int
    generated: int
    depth: int
    frontier: int
    seconds: float


ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class PropertyResult:
    """What the search says of one property.

    `behavior` is a shortest violation (or, for `reachable`, a shortest witness), and `arguments` the values of the
    property's parameters that falsify (witness) it.
    """

    rule: Rule
    finding: Finding
    behavior: Behavior | None = None
    arguments: tuple[object, ...] = ()

    @property
    def steps(self) -> int | None:
        """The length of `behavior`."""
        return None if self.behavior is None else len(self.behavior.steps)


@dataclass(frozen=True)
class Verdict(Displayed):
    """The answer of one search.

    Counting is TLC's: `distinct` states inside the bounds; `generated` counts initial states and one for every
    satisfying (action, arguments), self-loops, duplicates and cut successors included; `depth` is in steps.
    """

    instance: Instance
    engine: str
    symmetry: bool
    result: Result
    exhaustive: bool
    """Every reachable state was expanded and no bound cut a transition."""
    reason: str | None
    """Why the search is inconclusive: `time limit of 5 s`, `interrupted`, …"""
    limits: Limits
    distinct: int
    generated: int
    depth: int
    levels: tuple[int, ...]
    properties: tuple[PropertyResult, ...]
    actions: dict[str, int]
    """How often each action fired, cut successors included."""
    guards_never_true: tuple[tuple[str, str], ...]
    """(action, reason) of guards that were tested and never true."""
    cut: dict[str, int]
    """Transitions cut, for each bound or state constraint."""
    unexpanded: int
    """Distinct states found but not expanded: at the depth limit, or when the search was stopped."""
    deadlocks: int
    """States in which no action is enabled, judged before bounds."""
    deadlock: Behavior | None
    seconds: float
    peak_rss_mb: int
    collision_bound: float | None = None
    """None: states were compared exactly."""
    notes: tuple[str, ...] = field(default=())

    @property
    def never_fired(self) -> tuple[str, ...]:
        """The actions that were never enabled."""
        return tuple(name for name, times in self.actions.items() if times == 0)

    @property
    def violation(self) -> PropertyResult | None:
        """The violated property with the shortest behaviour, the first declared among equals."""
        violated = [p for p in self.properties if p.finding == "violated"]
        return min(violated, key=lambda p: p.steps or 0, default=None)
