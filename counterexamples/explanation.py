"""Why a behaviour violates a property: what is wrong at the end, which steps made it so and what let them happen, what
they follow from, and where a good spec would have gone another way."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.causality import Event, events, past_of_violation
from mcheck.counterexamples.conditions import Condition, conditions_of, guards_of
from mcheck.counterexamples.divergence import Divergence, divergence
from mcheck.counterexamples.facts import Fact, facts
from mcheck.spec import Behavior, Instance, Rule, Step


@dataclass(frozen=True)
class Cause:
    """A step that made facts true: what let it happen, and what it follows from."""

    number: int
    step: Step
    facts: tuple[int, ...]
    """The numbers of the facts, counted from 1."""
    guards: tuple[str, ...]
    conditions: tuple[Condition, ...]
    depends: tuple[int, ...]


class Explanation:
    """One violation explained; `other` is the good spec to compare with, or None.

    Each part is worked out when it is asked for.
    """

    def __init__(
        self, behavior: Behavior, rule: Rule, arguments: tuple[Any, ...], other: Instance | None = None
    ) -> None:
        self.behavior, self.rule, self.arguments, self.other = behavior, rule, arguments, other

    @functools.cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What violates the property, the earliest first."""
        return facts(self.behavior, self.rule, self.arguments)

    @functools.cached_property
    def events(self) -> tuple[Event, ...]:
        """What each step did and needed."""
        return events(self.behavior)

    @functools.cached_property
    def past(self) -> frozenset[int]:
        """The steps that the violation follows from."""
        return past_of_violation(self.behavior, self.rule, self.facts, self.events)

    @functools.cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The steps that made the facts true; the last step where the property judges steps, or where there are no facts."""
        made: dict[int, list[int]] = {}
        for number, fact in enumerate(self.facts, start=1):
            made.setdefault(fact.since, []).append(number)
        if self.rule.kind in ("step", "implements", "deadlock") or not made:
            made.setdefault(len(self.behavior.steps), [])
        return tuple(self._cause(number, tuple(made[number])) for number in sorted(made) if number > 0)

    @functools.cached_property
    def divergence(self) -> Divergence | None:
        """Where the good spec leaves the behaviour; None if it does not, or if there is none."""
        return None if self.other is None else divergence(self.behavior, self.other)

    def _cause(self, number: int, made: tuple[int, ...]) -> Cause:
        before, step = self.behavior.states[number - 1], self.behavior.steps[number - 1]
        instance = self.behavior.instance
        return Cause(
            number,
            step,
            made,
            guards_of(instance, before, step),
            conditions_of(instance, before, step),
            self.events[number - 1].depends,
        )
