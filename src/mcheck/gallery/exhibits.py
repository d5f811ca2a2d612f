"""What the gallery shows: tweaks, and protocols themselves, that declare what they break, each such property once."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from mcheck.counterexamples.store import slug
from mcheck.models import TWEAKS
from mcheck.protocols import Protocol, find
from mcheck.report import Subject
from mcheck.scope import counted, lasso_lengths
from mcheck.spec import Broken, Rule, SpecError
from mcheck.tweaks import Expectation, expectations

ITSELF = "itself"
"""The folder of a protocol among those of its tweaks."""


@dataclass(frozen=True)
class Violation:
    """One declaration that says in how many steps a property breaks; of a lasso `steps` are those of stem and cycle."""

    expectation: Expectation
    outcome: Broken
    steps: int

    @property
    def loop(self) -> int | None:
        """Of a lasso: the number of the state that it goes back to."""
        return self.outcome.stem

    @property
    def length(self) -> str:
        """`7 steps`, or `stem 5, cycle 7`."""
        if self.outcome.stem is None or self.outcome.cycle is None:
            return counted(self.steps, "step")
        return lasso_lengths(self.outcome.stem, self.outcome.cycle)

    @functools.cached_property
    def subject(self) -> Subject:
        """The tweak with the constants of the declaration."""
        protocol, tweak = self.expectation.protocol, self.expectation.tweak
        return Subject(protocol, tweak, protocol.tweaked(tweak)(**self.outcome.constants).instance)

    @functools.cached_property
    def rule(self) -> Rule:
        """The property.  SpecError if the tweak has none of that title."""
        instance = self.subject.instance
        for rule in (*instance.properties, *instance.temporal):
            if rule.title == self.outcome.property:
                return rule
        raise SpecError(f"{instance.name}.outcome: no property {self.outcome.property!r}")

    @property
    def stem(self) -> str:
        """What its files are called: the title of the property in small letters."""
        return slug(self.outcome.property)

    @property
    def command(self) -> str:
        """What finds it."""
        return shlex.join(self.expectation.command)


@dataclass(frozen=True)
class Exhibit:
    """One tweak, or a protocol itself: what it breaks, each property once and as declared first, and whatever else it declares."""

    protocol: Protocol
    tweak: str | None
    violations: tuple[Violation, ...]
    others: tuple[Expectation, ...]

    @property
    def name(self) -> str:
        """`raft + forget-vote`."""
        return named(self.protocol.name, self.tweak)

    @property
    def folder(self) -> PurePosixPath:
        """Where it stands in the gallery."""
        return PurePosixPath(self.protocol.name, self.tweak or ITSELF)


def named(protocol: str, tweak: str | None) -> str:
    """`raft + forget-vote`, or `raft`."""
    return protocol if tweak is None else f"{protocol} + {tweak}"


def exhibits() -> Iterator[Exhibit]:
    """All shipped protocols and tweaks with a violation of known length, in the order of the registry."""
    for name in TWEAKS:
        protocol = find(name)
        declared: dict[str | None, list[Expectation]] = {}
        for expectation in expectations(protocol):
            declared.setdefault(expectation.tweak, []).append(expectation)
        for tweak, found in declared.items():
            exhibit = _exhibit(protocol, tweak, found)
            if exhibit.violations:
                yield exhibit


def _exhibit(protocol: Protocol, tweak: str | None, declared: list[Expectation]) -> Exhibit:
    shown: dict[str, Violation] = {}
    others = []
    for expectation in declared:
        outcome = expectation.outcome
        steps = steps_of(outcome) if isinstance(outcome, Broken) else None
        if isinstance(outcome, Broken) and steps is not None and outcome.property not in shown:
            shown[outcome.property] = Violation(expectation, outcome, steps)
        elif outcome is not None:
            others.append(expectation)
    return Exhibit(protocol, tweak, tuple(shown.values()), tuple(others))


def steps_of(outcome: Broken) -> int | None:
    """How many steps there are to show; None if no length is declared, or nothing ever happens."""
    if outcome.stem is None or outcome.cycle is None:
        return outcome.steps
    return outcome.stem + outcome.cycle or None
