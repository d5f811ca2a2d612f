"""A protocol beside its tweaks: what is searched where, what was found, and whether that is what the tweaks declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcheck.checker.verdict import Result
from mcheck.protocols import Protocol
from mcheck.spec import ExpectedOutcome
from mcheck.tweaks import Expectation, expectations

SECONDS, SECONDS_CLAIMED = 10.0, 60.0
"""How long a search may take, unless it is said: where nothing is declared, and where something is."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One search: of the protocol itself (`tweak` None) or of a tweak, with these constants and bounds."""

    protocol: str
    """Its name; `source` is what `find` takes."""
    source: str
    tweak: str | None
    constants: dict[str, Any]
    depth: int | None
    properties: tuple[str, ...]
    """The titles of those that are checked; empty: all that a run of it checks."""
    seconds: float
    memory_mb: int | None
    engine: str

    @property
    def words(self) -> str:
        """Its name in the table."""
        return self.tweak or self.protocol


@dataclass(frozen=True)
class Found:
    """What a search found; with `error` nothing else means anything."""

    result: Result = "inconclusive"
    property: str | None = None
    steps: int | None = None
    distinct: int = 0
    generated: int = 0
    seconds: float = 0.0
    engine: str = ""
    symmetry: bool = False
    reason: str | None = None
    constants: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, Any] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    unexpanded: int = 0
    error: str | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """A line of the comparison: what is searched, and what the tweak declares of that, if it does."""

    variant: Variant
    expected: Expectation | None = None
    claimed: bool = False
    """Whether something is declared that this line confirms or refutes."""

    @property
    def outcome(self) -> ExpectedOutcome | None:
        """What is declared."""
        return self.expected.outcome if self.expected is not None else None


@dataclass(frozen=True, eq=False)
class Group:
    """Lines with the same constants and bounds, the good spec first."""

    scope: tuple[str, ...]
    """As options of the command."""
    entries: tuple[Entry, ...]


def found_in(variant: Variant) -> Found:
    """Search.  An error of the spec is a finding."""
    from mcheck.checker import Limits
    from mcheck.checker.engines import search
    from mcheck.protocols import find, instantiate
    from mcheck.report import Subject
    from mcheck.selection import checked
    from mcheck.spec import McheckError

    try:
        protocol = find(variant.source)
        instance = instantiate(protocol.tweaked(variant.tweak), variant.constants)
        verdict = search(
            instance,
            engine=variant.engine,
            properties=checked(Subject(protocol, variant.tweak, instance), variant.properties),
            limits=Limits(depth=variant.depth, seconds=variant.seconds, memory_mb=variant.memory_mb),
        )
    except McheckError as error:
        return Found(error=str(error))
    violation = verdict.violation
    return Found(
        verdict.result,
        violation.rule.title if violation else None,
        violation.steps if violation else None,
        verdict.distinct,
        verdict.generated,
        verdict.seconds,
        verdict.engine,
        verdict.symmetry,
        verdict.reason,
        instance.constants,
        instance.bounds,
        verdict.cut,
        verdict.unexpanded,
    )


# ---------------------------------------------------------------------- what is searched


@dataclass(frozen=True)
class Asked:
    """What the command line says: the bounds for all (None: those that the tweaks declare), and where to stop."""

    constants: dict[str, Any]
    depth: int | None
    properties: tuple[str, ...]
    tweaks: tuple[str, ...]
    """Only these; empty: all."""
    seconds: float | None
    """For each search; None: what is reasonable."""
    memory_mb: int | None
    engine: str

    @property
    def anywhere(self) -> bool:
        """Whether everything is searched where it is declared to show, as nothing else was asked for."""
        return not self.constants and self.depth is None and not self.properties


def groups(protocol: Protocol, asked: Asked) -> list[Group]:
    """The lines of the comparison, in the order in which the protocol lists its tweaks."""
    declared = [e for e in expectations(protocol) if not asked.tweaks or e.tweak in asked.tweaks]
    if not asked.anywhere:
        tweaks = dict.fromkeys(e.tweak for e in declared)
        entries = [Entry(_variant(protocol, name, asked, asked.constants, asked.depth)) for name in (None, *tweaks)]
        return [Group((), tuple(entries))]
    by_scope: dict[tuple[tuple[str, Any], ...], list[Expectation]] = {}
    for expectation in declared:
        constants = expectation.outcome.constants if expectation.outcome is not None else {}
        by_scope.setdefault(tuple(sorted(constants.items())), []).append(expectation)
    return [_group(protocol, asked, dict(scope), members) for scope, members in (by_scope or {(): []}).items()]


def _group(protocol: Protocol, asked: Asked, constants: dict[str, Any], members: list[Expectation]) -> Group:
    """The tweaks that show with these constants; before them the good spec, as deep as they need it, and for what they break."""
    depths = [_depth_needed(e.outcome) for e in members]
    deepest = None if not depths or None in depths else max(d for d in depths if d is not None)
    claimed = any(e.outcome is not None for e in members)
    broken = [e.outcome.property if e.outcome is not None else None for e in members]
    enough = tuple(dict.fromkeys(title for title in broken if title is not None)) if None not in broken else ()
    entries = [Entry(_variant(protocol, None, asked, constants, deepest, enough, claimed), claimed=claimed)]
    for expectation in members:
        outcome = expectation.outcome
        depth = outcome.depth if outcome is not None else None
        properties = (outcome.property,) if outcome is not None and outcome.property is not None else ()
        declared = outcome is not None
        variant = _variant(protocol, expectation.tweak, asked, constants, depth, properties, declared)
        entries.append(Entry(variant, expectation, declared))
    return Group(_options(members[0]) if members else (), tuple(entries))


def _options(expectation: Expectation) -> tuple[str, ...]:
    """The constants of what is declared, as options; the depth is a matter of each line."""
    scope = expectation.scope
    without_depth = expectation.outcome is None or expectation.outcome.depth is None
    return tuple(scope if without_depth else scope[:-2])


def _depth_needed(outcome: ExpectedOutcome | None) -> int | None:
    """How deep a search must go to see what is declared; None: to the end."""
    if outcome is None:
        return None
    return outcome.steps if outcome.steps is not None else outcome.depth


def _variant(
    protocol: Protocol,
    tweak: str | None,
    asked: Asked,
    constants: dict[str, Any],
    depth: int | None,
    properties: tuple[str, ...] = (),
    claimed: bool = False,
) -> Variant:
    chosen = properties or asked.properties
    seconds = asked.seconds or (SECONDS_CLAIMED if claimed else SECONDS)
    source = protocol.source if ".py:" in protocol.source else protocol.name
    return Variant(protocol.name, source, tweak, dict(constants), depth, chosen, seconds, asked.memory_mb, asked.engine)


# ---------------------------------------------------------------------- whether it is as declared


def as_declared(entry: Entry, found: Found) -> bool | None:
    """Whether what was found is what is declared (of the good spec: that nothing is violated); None: cannot be said."""
    if found.error is not None:
        return None
    outcome = entry.outcome
    if entry.variant.tweak is None:
        return False if found.result == "violated" else None if found.result == "inconclusive" else True
    if outcome is None:
        return None
    if outcome.steps is not None:
        if found.result == "inconclusive":
            return None
        return (found.property, found.steps) == (outcome.property, outcome.steps)
    return False if found.result == "violated" else None if found.result == "inconclusive" else True


def undecided(entry: Entry, found: Found) -> bool:
    """Whether a limit ended the search before it could be said whether all is as declared."""
    return found.error is None and entry.claimed and found.result == "inconclusive"


def status(findings: Mapping[Entry, Found]) -> int:
    """The exit status: 4 for an error, 1 for a difference, 3 where a limit came first, else 0."""
    from mcheck.cli import BROKEN, INCONCLUSIVE, VIOLATED

    pairs = findings.items()
    if any(found.error is not None for _, found in pairs):
        return BROKEN
    if any(as_declared(entry, found) is False for entry, found in pairs):
        return VIOLATED
    return INCONCLUSIVE if any(undecided(entry, found) for entry, found in pairs) else 0
