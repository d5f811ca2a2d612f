"""The expected outcome of a tweak, or of a spec itself: what it breaks and how, or that it keeps it; and where that shows.

    class ForgetsVote(Raft):
        \"\"\"The vote is not persisted: after a crash a server votes again in the same term.\"\"\"

        outcome = Broken("Election Safety", steps=7, source="Fig. 2", nodes=3, max_term=1, max_restarts=1)

A temporal property is broken by a lasso, and held to under a fairness:

    class TMCrashes(TwoPhaseCommit):
        outcome = Safe(), Broken("Termination", stem=4, cycle=0)

    class RaftSplitVotes(Spec[State]):
        outcome = Broken("Election", stem=3, cycle=3), Safe("Election", fairness="strong"), Safe("Election", single_timer=True)

A declaration is a claim, and nothing computes with it but what lists outcomes and what measures them again.  It is no part
of a spec's meaning, and is not inherited.  The docstring of the class keeps the sentence, the declaration the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

from mcheck.spec.errors import SpecError

AssumedFairness = Literal["declared", "weak", "strong", "none"]
"""What the spec states; weak or strong fairness of every action, for each of its arguments; none."""


class Broken:
    """`property` is violated with these constants and bounds: after `steps` steps at the least, or by a lasso.

    Wider bounds may allow a shorter violation; choose the narrowest that show the shortest known, so that the search is
    quick.  Constants that are not named keep their defaults.  `depth`: where the search may stop.  Without `steps` it says
    that the property is known to fail, but after more than `depth` steps.

    Of a temporal property `stem` and `cycle` are the lengths of the lasso that `mcheck liveness` finds, a short one; a cycle of
    0 steps stutters.  `fairness`: what is assumed, "declared" if it is left out.  With `fairness` alone no length is claimed.

    `note`: a sentence on the granularity of the steps, or on why the number is what it is.  A constant of the spec that
    has the name of one of these arguments cannot be named.
    """

    kind: ClassVar[Literal["broken"]] = "broken"

    def __init__(
        self,
        property: str,
        /,
        *,
        steps: int | None = None,
        depth: int | None = None,
        stem: int | None = None,
        cycle: int | None = None,
        fairness: AssumedFairness | None = None,
        source: str = "",
        note: str = "",
        **constants: Any,
    ) -> None:
        if not isinstance(property, str):
            raise SpecError(f"Broken: the property must be a title (got {property!r}): Broken('Agreement', steps=7)")
        owner = f"Broken({property!r})"
        by_lasso = any(given is not None for given in (stem, cycle, fairness))
        if by_lasso and (steps is not None or depth is not None):
            raise SpecError(
                f"{owner}: steps= and depth= are of a search, stem=, cycle= and fairness= of a lasso: choose"
            )
        if (stem is None) != (cycle is None):
            raise SpecError(f"{owner}: a lasso has a stem and a cycle: say stem= and cycle=, which is 0 if it stutters")
        if not by_lasso and steps is None and depth is None:
            raise SpecError(
                f"{owner}: say steps=, the length of a shortest violation, or depth=, how far there is none; "
                "or of a temporal property stem= and cycle=, or fairness="
            )
        self.property = property
        self.steps = _number("Broken", "steps", steps)
        self.depth = _number("Broken", "depth", depth)
        self.stem = _number("Broken", "stem", stem)
        self.cycle = _number("Broken", "cycle", cycle)
        self.fairness = _fairness("Broken", fairness or "declared") if by_lasso else None
        self.source, self.note = source, note
        self.constants: Mapping[str, Any] = MappingProxyType(constants)

    @property
    def titles(self) -> tuple[str, ...]:
        """The properties that it names."""
        return (self.property,)

    def __repr__(self) -> str:
        if self.fairness is None:
            return f"Broken({self.property!r}, steps={self.steps}, depth={self.depth}, {dict(self.constants)})"
        lengths = f"stem={self.stem}, cycle={self.cycle}"
        return f"Broken({self.property!r}, {lengths}, fairness={self.fairness!r}, {dict(self.constants)})"


class Safe:
    """Nothing is violated with these constants and bounds; up to `depth` steps, or anywhere if there is no `depth`.

    `Safe()` is about all that a search of the reachable states checks.  `Safe("Termination")` is about the temporal properties
    that it names, and about nothing else: they hold in every behaviour that meets `fairness`, "declared" if it is left out.
    Other arguments as of Broken.
    """

    kind: ClassVar[Literal["safe"]] = "safe"
    property: ClassVar[None] = None
    steps: ClassVar[None] = None
    stem: ClassVar[None] = None
    cycle: ClassVar[None] = None

    def __init__(
        self,
        *titles: str,
        depth: int | None = None,
        fairness: AssumedFairness | None = None,
        source: str = "",
        note: str = "",
        **constants: Any,
    ) -> None:
        for title in titles:
            if not isinstance(title, str):
                raise SpecError(f"Safe: a temporal property must be a title (got {title!r}): Safe('Termination')")
        if fairness is not None and not titles:
            raise SpecError(
                "Safe: fairness= is for temporal properties: name them, Safe('Termination', fairness='weak')"
            )
        if depth is not None and titles:
            raise SpecError(f"Safe({titles[0]!r}): a temporal property holds up to no depth: leave depth= out")
        self.titles = titles
        self.depth = _number("Safe", "depth", depth)
        self.fairness = _fairness("Safe", fairness or "declared") if titles else None
        self.source, self.note = source, note
        self.constants: Mapping[str, Any] = MappingProxyType(constants)

    def __repr__(self) -> str:
        if self.fairness is None:
            return f"Safe(depth={self.depth}, {dict(self.constants)})"
        return f"Safe({', '.join(map(repr, self.titles))}, fairness={self.fairness!r}, {dict(self.constants)})"


ExpectedOutcome = Broken | Safe
"""What is expected.  Its `fairness` is None if a search shows it, and what is assumed if it is about temporal properties."""
ExpectedOutcomes = ExpectedOutcome | tuple[ExpectedOutcome, ...] | None
"""What `outcome` of a class is.  `outcome: ClassVar[ExpectedOutcomes] = …` in a spec whose tweaks declare outcomes too: else a type
checker takes the type of the first for that of all."""


def outcomes_of(cls: type) -> tuple[ExpectedOutcome, ...]:
    """What a class says of itself, in its order; what a base says is of the base.  SpecError for anything else."""
    declared = vars(cls).get("outcome")
    if declared is None:
        return ()
    found = declared if isinstance(declared, tuple) else (declared,)
    for outcome in found:
        if not isinstance(outcome, Broken | Safe):
            raise SpecError(
                f"{cls.__name__}.outcome must be Broken(…), Safe(…) or a tuple of them (got {outcome!r:.60}): "
                "the name is taken; call a rule something else"
            )
    return found


def _number(owner: str, name: str, value: int | None) -> int | None:
    if value is not None and (type(value) is not int or value < 0):
        raise SpecError(f"{owner}: {name} must be a number of steps (got {value!r})")
    return value


def _fairness(owner: str, word: AssumedFairness) -> AssumedFairness:
    words = get_args(AssumedFairness)
    if word not in words:
        raise SpecError(f"{owner}: fairness must be one of {', '.join(words)} (got {word!r})")
    return word
