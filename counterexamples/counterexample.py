"""A behaviour together with what it is a counterexample to: what every picture and graph of it is made from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.causality import Event, events, past_of_violation
from mcheck.counterexamples.facts import Fact, facts
from mcheck.spec import Behavior, Lasso, Rule


@dataclass(frozen=True)
class Caption:
    """What is said about a run beside its steps."""

    subject: str
    """The protocol and its tweak: `raft + forget-vote`."""
    configuration: str
    """The constants and bounds: `3 nodes · terms ≤ 1`."""
    fingerprint: str
    """Of the source files of the spec."""
    replay: str
    """The command that executes the trace again."""


@dataclass(frozen=True)
class Counterexample:
    """A behaviour, and the property that is violated at its end by these arguments; `rule` is None where there is none."""

    behavior: Behavior
    rule: Rule | None
    arguments: tuple[Any, ...]
    violated: bool
    """Whether the property is violated at the end: a spec may have been mended since the trace was saved."""
    caption: Caption
    loop: int | None = None
    """Of a lasso: the number of the state that it goes back to at its end."""

    @property
    def end(self) -> str:
        """What is said of the last state."""
        if self.loop is None:
            return "violates" if self.rule is not None and self.violated else "the end"
        lasso = Lasso(self.behavior, self.loop)
        if lasso.stutters:
            return "stutters for ever"
        return f"back to {self.loop}" if lasso.closes else f"back to the view of {self.loop}"

    @functools.cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What violates the property; none if nothing does."""
        if self.rule is None or not self.violated:
            return ()
        return facts(self.behavior, self.rule, self.arguments)

    @functools.cached_property
    def events(self) -> tuple[Event, ...]:
        """What each step did and needed."""
        return events(self.behavior)

    @functools.cached_property
    def past(self) -> frozenset[int]:
        """The steps that the violation follows from."""
        rule = self.rule if self.violated else None
        return past_of_violation(self.behavior, rule, self.facts, self.events)
