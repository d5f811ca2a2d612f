"""The expected outcome of a tweak: the property it breaks and in how many steps, or that it is safe; and where that shows.

    class ForgetsVote(Raft):
        \"\"\"The vote is not persisted: after a crash a server votes again in the same term.\"\"\"

        outcome = Broken("Election Safety", steps=7, source="Fig. 2", nodes=3, max_term=1, max_restarts=1)

A declaration is a claim, and nothing computes with it but what lists tweaks and what measures them again.  It is no part
of a spec's meaning, and is not inherited.  The docstring of the tweak keeps the sentence, the declaration the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from mcheck.spec.errors import SpecError


class Broken:
    """The tweak violates `property`, after `steps` steps at the least, with these constants and bounds.

    Wider bounds may allow a shorter violation; choose the narrowest that show the shortest known, so that the search is
    quick.  Constants that are not named keep their defaults.  `depth`: where the search may stop.  Without `steps` it says
    that the property is known to fail, but after more than `depth` steps.
    `note`: a sentence on the granularity of the steps, or on why the number is what it is.  A constant of the spec that is
    itself called steps, depth, source or note cannot be named.
    """

    kind: ClassVar[Literal["broken"]] = "broken"

    def __init__(
        self,
        property: str,
        /,
        *,
        steps: int | None = None,
        depth: int | None = None,
        source: str = "",
        note: str = "",
        **constants: Any,
    ) -> None:
        if not isinstance(property, str):
            raise SpecError(f"Broken: the property must be a title (got {property!r}): Broken('Agreement', steps=7)")
        if steps is None and depth is None:
            raise SpecError(
                f"Broken({property!r}): say steps=, the length of a shortest violation, or depth=, how far there is none"
            )
        self.property = property
        self.steps = _number("Broken", "steps", steps)
        self.depth = _number("Broken", "depth", depth)
        self.source, self.note = source, note
        self.constants: Mapping[str, Any] = MappingProxyType(constants)

    def __repr__(self) -> str:
        return f"Broken({self.property!r}, steps={self.steps}, depth={self.depth}, {dict(self.constants)})"


class Safe:
    """The tweak violates nothing with these constants and bounds; up to `depth` steps, or anywhere if there is no `depth`.

    Other arguments as of Broken.
    """

    kind: ClassVar[Literal["safe"]] = "safe"
    property: ClassVar[None] = None
    steps: ClassVar[None] = None

    def __init__(self, *, depth: int | None = None, source: str = "", note: str = "", **constants: Any) -> None:
        self.depth = _number("Safe", "depth", depth)
        self.source, self.note = source, note
        self.constants: Mapping[str, Any] = MappingProxyType(constants)

    def __repr__(self) -> str:
        return f"Safe(depth={self.depth}, {dict(self.constants)})"


ExpectedOutcome = Broken | Safe


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
