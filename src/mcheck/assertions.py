"""Searches as assertions: a test says of a spec that it holds, or which property it breaks.

    verdict = assert_holds(Lock(clients=3), properties=["Mutual Exclusion"])
    assert_breaks(LockWithoutGuard(clients=2), "Mutual Exclusion")

They need no test framework.  What passes claims no more than the verdict does: `HOLDS UP TO depth 12` passes too, unless
`exhaustive` is asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.checker import Limits
from mcheck.checker.checks import select
from mcheck.checker.engines import ENGINES, search
from mcheck.checker.known import known_of
from mcheck.checker.verdict import Verdict
from mcheck.scope import sentence
from mcheck.spec import McheckError, Spec, UsageError
from mcheck.spec.specification import did_you_mean
from mcheck.violations import DIRECTORY, Violated


class Inconclusive(McheckError):
    """A search ended before it could say what the test asks: neither violated nor held."""

    status = 3

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


class Unmet(AssertionError):
    """A search has ended, and says the opposite of what the test asks, without a trace to show for it."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True)
class Scope:
    """How far a test searches, and with what; everything as in `mcheck run`."""

    depth: int | None = None
    max_states: int | None = None
    time_limit: float | None = None
    memory_limit: int | None = None
    engine: str = "auto"
    symmetry: bool | None = None
    deadlock: bool = False
    exhaustive: bool = False
    """Inconclusive unless every reachable state was seen."""
    out: str = DIRECTORY
    """Where the trace of a violation is saved."""

    def __post_init__(self) -> None:
        for name, least in (("depth", 0), ("max_states", 1), ("memory_limit", 1)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise UsageError(f"{name} must be an integer of at least {least} (got {value!r})")
        if self.time_limit is not None and (
            not isinstance(self.time_limit, int | float) or isinstance(self.time_limit, bool) or not self.time_limit > 0
        ):
            raise UsageError(f"time_limit must be a positive number of seconds (got {self.time_limit!r})")
        if self.engine not in ENGINES:
            raise UsageError(f"engine must be one of {', '.join(ENGINES)} (got {self.engine!r})")
        for name in ("symmetry", "deadlock", "exhaustive"):
            if not isinstance(getattr(self, name), bool | None):
                raise UsageError(f"{name} must be True or False (got {getattr(self, name)!r})")

    @property
    def limits(self) -> Limits:
        """Where the search stops at the latest."""
        return Limits(self.depth, self.max_states, self.time_limit, self.memory_limit)


def assert_holds(spec: Spec[Any], properties: Sequence[str] | None = None, **scope: Any) -> Verdict:
    """The verdict of a search that violates none of these properties; of all of the spec for None.

    Violated, with a shortest trace, if one is.  Inconclusive where a limit ended the search, or a bound or the depth cut
    something and `exhaustive` is asked for.  A witness (`reachable`) that is named must be reached.  The other arguments
    are those of Scope.
    """
    __tracebackhide__ = True
    asked = _titles(properties)
    chosen, verdict = _searched(spec, asked, scope)
    if verdict.violation is not None:
        raise Violated(verdict.violation, chosen.out)
    _refuse_unfinished(verdict)
    missed = [] if asked is None else [p.rule.title for p in verdict.properties if p.finding == "not-reached"]
    if missed:
        words = f"NOT REACHED {', '.join(missed)}.  {sentence(verdict)}"
        raise (Unmet if verdict.exhaustive else Inconclusive)(verdict, words)
    if chosen.exhaustive and not verdict.exhaustive:
        raise Inconclusive(verdict, f"INCONCLUSIVE: exhaustive is asked for.  {sentence(verdict)}")
    return verdict


def assert_breaks(spec: Spec[Any], title: str, **scope: Any) -> Verdict:
    """The verdict of a search that violates the property of that title, as a tweak should that is wrong on purpose.

    Unmet, with how far it was searched, if it holds there; Inconclusive where a limit ended the search.
    """
    __tracebackhide__ = True
    if not isinstance(title, str):
        raise UsageError(f"breaks must be the title of a property (got {title!r})")
    _, verdict = _searched(spec, [title], scope)
    if any(p.rule.kind == "reachable" for p in verdict.properties):
        raise UsageError(f"{title} is a witness, and cannot be violated: name one of the other properties")
    if verdict.violation is None:
        _refuse_unfinished(verdict)
        raise Unmet(verdict, f"NOT VIOLATED {title}.  {sentence(verdict)}")
    return verdict


def _searched(spec: Spec[Any], titles: list[str] | None, given: dict[str, Any]) -> tuple[Scope, Verdict]:
    if not isinstance(spec, Spec):
        remedy = f": write {spec.__name__}(...)" if isinstance(spec, type) and issubclass(spec, Spec) else ""
        raise UsageError(f"what is checked must be a spec with its constants{remedy} (got {spec!r})")
    names = [f.name for f in dataclasses.fields(Scope)]
    for name in given:
        if name not in names:
            close = did_you_mean(name, [*names, "properties", "breaks"])
            raise UsageError(f"no option {name!r}{close}; there are properties, breaks, {', '.join(names)}")
    scope = Scope(**given)
    instance = spec.instance
    select(instance, titles)  # an unknown title is refused before anything is compiled
    verdict = search(
        instance,
        engine=scope.engine,
        properties=titles,
        limits=scope.limits,
        symmetry=scope.symmetry,
        deadlock_is_error=scope.deadlock,
        known=known_of(instance),
    )
    if verdict.reason == "interrupted":
        raise KeyboardInterrupt
    return scope, verdict


def _refuse_unfinished(verdict: Verdict) -> None:
    __tracebackhide__ = True
    if verdict.result == "inconclusive":
        raise Inconclusive(verdict, sentence(verdict))


def _titles(properties: Sequence[str] | None) -> list[str] | None:
    if properties is None:
        return None
    if isinstance(properties, str) or not all(isinstance(title, str) for title in properties):
        raise UsageError(f'properties must be a list of titles, ["Agreement"] (got {properties!r})')
    if not properties:
        raise UsageError("properties must name at least one property; leave it out to check all of them (got [])")
    return list(properties)
