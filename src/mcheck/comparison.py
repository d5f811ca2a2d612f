"""A protocol beside its tweaks: what is searched where, what was found, and whether that is what they declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcheck.checker.liveness.verdict import LivenessResult
from mcheck.checker.verdict import Result
from mcheck.protocols import Protocol
from mcheck.spec import Broken, ExpectedOutcome, Instance
from mcheck.tweaks import Expectation, expectations

SECONDS, SECONDS_CLAIMED = 10.0, 60.0
"""How long a search may take, unless it is said: where nothing is declared, and where something is."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One search: of the protocol itself (`tweak` None) or of a tweak, with these constants and bounds.

    `fairness`: what is assumed, if temporal properties are to be decided; else None.
    """

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
    fairness: str | None = None

    @property
    def words(self) -> str:
        """Its name in the table."""
        return self.tweak or self.protocol


@dataclass(frozen=True)
class Found:
    """What a search found; with `error` nothing else means anything."""

    result: Result | LivenessResult = "inconclusive"
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
    stem: int | None = None
    cycle: int | None = None
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
    """Lines with the same constants, bounds and fairness, the good spec first."""

    scope: tuple[str, ...]
    """As options of the command."""
    entries: tuple[Entry, ...]

    @property
    def temporal(self) -> bool:
        """Whether it is about temporal properties."""
        return self.entries[0].variant.fairness is not None


def found_in(variant: Variant) -> Found:
    """Search.  An error of the spec is a finding."""
    from mcheck.protocols import find, instantiate
    from mcheck.spec import McheckError

    try:
        protocol = find(variant.source)
        instance = instantiate(protocol.tweaked(variant.tweak), variant.constants)
        return _searched(variant, protocol, instance) if variant.fairness is None else _decided(variant, instance)
    except McheckError as error:
        return Found(error=str(error))


def _searched(variant: Variant, protocol: Protocol, instance: Instance) -> Found:
    """What a search of the reachable states finds."""
    from mcheck.checker import Limits
    from mcheck.checker.engines import search
    from mcheck.report import Subject
    from mcheck.selection import checked

    verdict = search(
        instance,
        engine=variant.engine,
        properties=checked(Subject(protocol, variant.tweak, instance), variant.properties),
        limits=Limits(depth=variant.depth, seconds=variant.seconds, memory_mb=variant.memory_mb),
    )
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


def _decided(variant: Variant, instance: Instance) -> Found:
    """What becomes of temporal properties."""
    from mcheck.checker import Limits
    from mcheck.checker.known import known_of
    from mcheck.checker.liveness.engine import decide

    verdict = decide(
        instance,
        variant.properties,
        fairness=variant.fairness or "declared",
        engine=variant.engine,
        limits=Limits(seconds=variant.seconds, memory_mb=variant.memory_mb),
        known=known_of(instance),
    )
    violation = verdict.violation
    lasso = violation.lasso if violation else None
    return Found(
        verdict.result,
        violation.rule.title if violation else None,
        None,
        verdict.states,
        verdict.edges,
        verdict.seconds,
        verdict.engine,
        False,
        verdict.reason or next((f.reason for f in verdict.findings if f.result == verdict.result), None),
        instance.constants,
        instance.bounds,
        verdict.cut,
        stem=None if lasso is None else len(lasso.stem),
        cycle=None if lasso is None else len(lasso.cycle),
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
    by_scope: dict[tuple[Any, ...], list[Expectation]] = {}
    for expectation in declared:
        outcome = expectation.outcome
        constants = outcome.constants if outcome is not None else {}
        fairness = outcome.fairness if outcome is not None else None
        by_scope.setdefault((fairness, *sorted(constants.items())), []).append(expectation)
    made = (by_scope or {(None,): []}).items()
    return [_group(protocol, asked, dict(constants), members) for (_, *constants), members in made]


def _group(protocol: Protocol, asked: Asked, constants: dict[str, Any], members: list[Expectation]) -> Group:
    """What shows with these constants and in one way; the good spec first."""
    own = any(e.tweak is None for e in members)
    if members and members[0].temporal:
        good = _good_in_the_long_run(protocol, asked, constants, members)
    else:
        tweaks = [e for e in members if e.tweak is not None]
        good = [] if own and not tweaks else [_good(protocol, asked, constants, tweaks)]
    entries = (_entry(protocol, asked, constants, e) for e in members)
    return Group(_options(members[0]) if members else (), (*good, *entries))


def _good(protocol: Protocol, asked: Asked, constants: dict[str, Any], tweaks: list[Expectation]) -> Entry:
    """The good spec as deep as its tweaks need it, and for what they break."""
    depths = [_depth_needed(e.outcome) for e in tweaks]
    deepest = None if not depths or None in depths else max(d for d in depths if d is not None)
    claimed = any(e.outcome is not None for e in tweaks)
    broken = [e.outcome.property if e.outcome is not None else None for e in tweaks]
    enough = tuple(dict.fromkeys(title for title in broken if title is not None)) if None not in broken else ()
    return Entry(_variant(protocol, None, asked, constants, deepest, enough, claimed), claimed=claimed)


def _good_in_the_long_run(
    protocol: Protocol, asked: Asked, constants: dict[str, Any], members: list[Expectation]
) -> list[Entry]:
    """The good spec for the temporal properties that its tweaks break, but for those of which it says itself what becomes."""
    declared = {t for e in members if e.tweak is None and e.outcome is not None for t in e.outcome.titles}
    broken = (e.outcome for e in members if isinstance(e.outcome, Broken))
    fairness = {outcome.property: outcome.fairness for outcome in broken if outcome.property not in declared}
    if not fairness:
        return []
    (word,) = set(fairness.values())
    return [Entry(_variant(protocol, None, asked, constants, None, tuple(fairness), True, word), claimed=True)]


def _entry(protocol: Protocol, asked: Asked, constants: dict[str, Any], expectation: Expectation) -> Entry:
    """The line of one declaration, or of a tweak that has none."""
    outcome = expectation.outcome
    if outcome is None:
        return Entry(_variant(protocol, expectation.tweak, asked, constants, None), expectation)
    variant = _variant(
        protocol, expectation.tweak, asked, constants, outcome.depth, outcome.titles, True, outcome.fairness
    )
    return Entry(variant, expectation, claimed=True)


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
    fairness: str | None = None,
) -> Variant:
    chosen = properties or asked.properties
    seconds = asked.seconds or (SECONDS_CLAIMED if claimed else SECONDS)
    source = protocol.source if ".py:" in protocol.source else protocol.name
    return Variant(
        protocol.name, source, tweak, dict(constants), depth, chosen, seconds, asked.memory_mb, asked.engine, fairness
    )


# ---------------------------------------------------------------------- whether it is as declared


def as_declared(entry: Entry, found: Found) -> bool | None:
    """Whether what was found is what is declared (of the good spec: that nothing is violated); None: cannot be said."""
    if found.error is not None:
        return None
    outcome = entry.outcome
    if (outcome is None and entry.variant.tweak is not None) or found.result in _UNDECIDED:
        return None
    if isinstance(outcome, Broken) and outcome.fairness is not None:
        lengths = (found.stem, found.cycle) if outcome.stem is not None else (None, None)
        return (found.property, *lengths) == (outcome.property, outcome.stem, outcome.cycle)
    if outcome is not None and outcome.steps is not None:
        return (found.property, found.steps) == (outcome.property, outcome.steps)
    return found.result != "violated"


_UNDECIDED = ("inconclusive", "refused")


def undecided(entry: Entry, found: Found) -> bool:
    """Whether a limit, or what the bounds cut, left open whether all is as declared."""
    return found.error is None and entry.claimed and found.result in _UNDECIDED


def status(findings: Mapping[Entry, Found]) -> int:
    """The exit status: 4 for an error, 1 for a difference, 3 where a limit came first, else 0."""
    from mcheck.cli import BROKEN, INCONCLUSIVE, VIOLATED

    pairs = findings.items()
    if any(found.error is not None for _, found in pairs):
        return BROKEN
    if any(as_declared(entry, found) is False for entry, found in pairs):
        return VIOLATED
    return INCONCLUSIVE if any(undecided(entry, found) for entry, found in pairs) else 0
