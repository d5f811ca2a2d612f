"""What a protocol and its tweaks declare of themselves, and the options of the command that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.extensions import Extended
from mcheck.protocols import Protocol
from mcheck.spec import Broken, ExpectedOutcome, Safe, SpecError, outcomes_of

ITSELF = "(itself)"
"""How lists name the protocol among its tweaks."""


@dataclass(frozen=True)
class Expectation:
    """One thing that a tweak, or the protocol itself (`tweak` None), declares; `outcome` is None for a tweak that declares nothing."""

    protocol: Protocol
    tweak: str | None
    outcome: ExpectedOutcome | None

    @property
    def temporal(self) -> bool:
        """Whether it is about temporal properties, which `mcheck liveness` decides, and no search."""
        return self.outcome is not None and self.outcome.fairness is not None

    @property
    def words(self) -> str:
        """`breaks Election Safety in 7 steps`, `Termination holds`, `safe`, …; nothing where nothing is declared."""
        outcome = self.outcome
        if outcome is None:
            return ""
        if self.temporal:
            return _in_the_long_run(outcome)
        if isinstance(outcome, Safe):
            return "safe" if outcome.depth is None else f"safe up to depth {outcome.depth}"
        if outcome.steps is not None:
            return f"breaks {outcome.property} in {outcome.steps} step{'' if outcome.steps == 1 else 's'}"
        return f"breaks {outcome.property} in more than {outcome.depth} steps"

    @property
    def scope(self) -> list[str]:
        """The constants and the depth, or a fairness that the spec does not state, as options, in the order of the spec."""
        if self.outcome is None:
            return []
        flags = _flags(self.protocol)
        words = []
        for name in sorted(self.outcome.constants, key=list(self.protocol.cls._constants).index):
            value = self.outcome.constants[name]
            yes, no = flags[name]
            words += [yes if value else no] if isinstance(value, bool) else [yes, str(value)]
        if self.outcome.depth is not None:
            words += ["--depth", str(self.outcome.depth)]
        if self.outcome.fairness not in (None, "declared"):
            words += ["--fairness", str(self.outcome.fairness)]
        return words

    @property
    def arguments(self) -> list[str]:
        """All options that show the outcome: the scope, and the properties that it names."""
        titles = () if self.outcome is None else self.outcome.titles
        return [*self.scope, *(word for title in titles for word in ("--property", title))]

    @property
    def command(self) -> list[str]:
        """The words that show it."""
        verb = ["liveness"] if self.temporal else []
        tweak = [] if self.tweak is None else ["--tweak", self.tweak]
        return ["mcheck", *verb, self.protocol.name, *tweak, *self.arguments]


def _in_the_long_run(outcome: ExpectedOutcome) -> str:
    """`breaks Termination (stem 5, cycle 7)`, or `Termination and Decision hold`."""
    from mcheck.scope import lasso_lengths

    if isinstance(outcome, Safe):
        *others, last = outcome.titles
        return f"{', '.join(others)} and {last} hold" if others else f"{last} holds"
    if outcome.stem is None or outcome.cycle is None:
        return f"breaks {outcome.property}"
    return f"breaks {outcome.property} ({lasso_lengths(outcome.stem, outcome.cycle)})"


def expectations(protocol: Protocol) -> Iterator[Expectation]:
    """What a protocol declares of itself, and its tweaks in its order; one with nothing for a tweak that declares nothing.

    SpecError for a tweak that cannot be loaded, or that names a constant of its own.
    """
    if not isinstance(protocol, Extended):  # an extension that is a tweak too says it there
        for outcome in outcomes_of(protocol.cls):
            yield Expectation(protocol, None, outcome)
    for name in protocol.tweaks:
        cls = protocol.tweaked(name)
        for declared in outcomes_of(cls) or [None]:
            own = [] if declared is None else [c for c in declared.constants if c not in protocol.cls._constants]
            if own:
                raise SpecError(
                    f"{cls.__name__}.outcome: {own[0]} is no constant of {protocol.name}, and so no option: leave it out"
                )
            yield Expectation(protocol, name, declared)


def breaking(protocol: Protocol, title: str) -> Iterator[Expectation]:
    """What the protocol and its tweaks declare of a property that they break."""
    for expectation in expectations(protocol):
        if isinstance(expectation.outcome, Broken) and expectation.outcome.property == title:
            yield expectation


def _flags(protocol: Protocol) -> dict[str, tuple[str, str]]:
    """The option of each constant, and for one that is true or false the option that says false."""
    from mcheck.commands.run import options
    from mcheck.options import CONSTANT, constant_options

    made: list[Any] = constant_options(protocol, options(protocol))
    return {o.name.removeprefix(CONSTANT): (o.opts[0], [*o.secondary_opts, ""][0]) for o in made}
