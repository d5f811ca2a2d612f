"""The tweaks of a protocol with what they declare, and the options of `mcheck run` that show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.protocols import Protocol
from mcheck.spec import Broken, ExpectedOutcome, SpecError, outcomes_of


@dataclass(frozen=True)
class Expectation:
    """One thing that a tweak declares of itself; `outcome` is None for a tweak that declares nothing."""

    protocol: Protocol
    tweak: str
    outcome: ExpectedOutcome | None

    @property
    def words(self) -> str:
        """`breaks Election Safety in 7 steps`, `safe`, …; nothing where nothing is declared."""
        outcome = self.outcome
        if outcome is None:
            return ""
        if outcome.steps is not None:
            return f"breaks {outcome.property} in {outcome.steps} step{'' if outcome.steps == 1 else 's'}"
        if outcome.property is not None:
            return f"breaks {outcome.property} in more than {outcome.depth} steps"
        return "safe" if outcome.depth is None else f"safe up to depth {outcome.depth}"

    @property
    def scope(self) -> list[str]:
        """The constants and the depth as options of `mcheck run`, in the order of the spec."""
        if self.outcome is None:
            return []
        flags = _flags(self.protocol)
        words = []
        for name in sorted(self.outcome.constants, key=list(self.protocol.cls._constants).index):
            value = self.outcome.constants[name]
            yes, no = flags[name]
            words += [yes if value else no] if isinstance(value, bool) else [yes, str(value)]
        return words + ([] if self.outcome.depth is None else ["--depth", str(self.outcome.depth)])

    @property
    def arguments(self) -> list[str]:
        """All options that show the outcome: the scope, and the property that is broken."""
        if self.outcome is None or self.outcome.property is None:
            return self.scope
        return [*self.scope, "--property", self.outcome.property]


def expectations(protocol: Protocol) -> Iterator[Expectation]:
    """What the tweaks of a protocol declare, in its order; one with nothing for a tweak that declares nothing.

    SpecError for a tweak that cannot be loaded, or that names a constant of its own.
    """
    for name in protocol.tweaks:
        cls = protocol.tweaked(name)
        for outcome in outcomes_of(cls) or [None]:
            own = [] if outcome is None else [c for c in outcome.constants if c not in protocol.cls._constants]
            if own:
                raise SpecError(
                    f"{cls.__name__}.outcome: {own[0]} is no constant of {protocol.name}, and so no option: leave it out"
                )
            yield Expectation(protocol, name, outcome)


def breaking(protocol: Protocol, title: str) -> Iterator[Expectation]:
    """What the tweaks that break a property declare of it."""
    for expectation in expectations(protocol):
        if isinstance(expectation.outcome, Broken) and expectation.outcome.property == title:
            yield expectation


def _flags(protocol: Protocol) -> dict[str, tuple[str, str]]:
    """The option of each constant, and for one that is true or false the option that says false."""
    from mcheck.commands.run import options
    from mcheck.options import CONSTANT, constant_options

    made: list[Any] = constant_options(protocol, options(protocol))
    return {o.name.removeprefix(CONSTANT): (o.opts[0], [*o.secondary_opts, ""][0]) for o in made}
