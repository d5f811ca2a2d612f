"""What the gallery shows: the tweaks that declare what they break, and the shortest violation of each such property."""

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
from mcheck.spec import Broken, Rule, SpecError
from mcheck.tweaks import Expectation, expectations


@dataclass(frozen=True)
class Violation:
    """One declaration of a tweak that says in how many steps a property breaks."""

    expectation: Expectation
    outcome: Broken
    steps: int

    @functools.cached_property
    def subject(self) -> Subject:
        """The tweak with the constants of the declaration."""
        protocol, tweak = self.expectation.protocol, self.expectation.tweak
        return Subject(protocol, tweak, protocol.tweaked(tweak)(**self.outcome.constants).instance)

    @functools.cached_property
    def rule(self) -> Rule:
        """The property.  SpecError if the tweak has none of that title."""
        instance = self.subject.instance
        for rule in instance.properties:
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
    """One tweak: what it breaks, each property once and as it is declared first, and whatever else it declares."""

    protocol: Protocol
    tweak: str
    violations: tuple[Violation, ...]
    others: tuple[Expectation, ...]

    @property
    def name(self) -> str:
        """`raft + forget-vote`."""
        return f"{self.protocol.name} + {self.tweak}"

    @property
    def folder(self) -> PurePosixPath:
        """Where it stands in the gallery."""
        return PurePosixPath(self.protocol.name, self.tweak)


def exhibits() -> Iterator[Exhibit]:
    """The tweaks of all shipped protocols with a violation of known length, in the order of the registry."""
    for name in TWEAKS:
        protocol = find(name)
        declared: dict[str, list[Expectation]] = {}
        for expectation in expectations(protocol):
            if expectation.tweak is not None:
                declared.setdefault(expectation.tweak, []).append(expectation)
        for tweak, found in declared.items():
            exhibit = _exhibit(protocol, tweak, found)
            if exhibit.violations:
                yield exhibit


def _exhibit(protocol: Protocol, tweak: str, declared: list[Expectation]) -> Exhibit:
    shown: dict[str, Violation] = {}
    others = []
    for expectation in declared:
        outcome = expectation.outcome
        if isinstance(outcome, Broken) and outcome.steps is not None and outcome.property not in shown:
            shown[outcome.property] = Violation(expectation, outcome, outcome.steps)
        elif outcome is not None:
            others.append(expectation)
    return Exhibit(protocol, tweak, tuple(shown.values()), tuple(others))
