"""The properties a search checks, and the first violation or witness it met of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.spec import Instance, Rule, UsageError
from mcheck.spec.declare import Declaration
from mcheck.spec.parameters import Signature
from mcheck.spec.refinement import Refinement
from mcheck.spec.specification import did_you_mean


def _some_action_enabled(spec: Any, state: Any) -> bool:
    """In every state some action is enabled, inside the bounds or outside."""
    return next(spec.instance.transitions(state), None) is not None


DEADLOCK_FREEDOM = Rule(
    "deadlock-freedom", Declaration("deadlock", "Deadlock Freedom", _some_action_enabled), Signature(())
)
"""The property that stands among the others when a deadlock is asked to be an error."""


def select(instance: Instance, names: Iterable[str] | None) -> tuple[Rule, ...]:
    """The properties and lemmas with these titles or method names, in the order of the spec; for None all properties."""
    if names is None:
        return instance.properties
    known = {key: rule for rule in (*instance.properties, *instance.lemmas) for key in (rule.name, rule.title)}
    folded = {key.casefold(): rule for key, rule in known.items()}
    wanted = []
    for name in names:
        rule = known.get(name) or folded.get(name.casefold())
        if rule is None:
            if name.casefold() in {k.casefold() for r in instance.temporal for k in (r.name, r.title)}:
                raise UsageError(f"{name!r} is a temporal property of {instance.name}: mcheck liveness checks it")
            titles = [r.title for r in (*instance.properties, *instance.lemmas)]
            close, all_of_them = did_you_mean(name, titles), ", ".join(titles) or "none"
            raise UsageError(f"{instance.name} has no property {name!r}{close}; it has {all_of_them}")
        wanted.append(rule)
    return tuple(rule for rule in (*instance.properties, *instance.lemmas) if rule in wanted)


@dataclass(frozen=True)
class Found:
    """Where a property was violated (or witnessed): in `state`, or by the step `move` (action number, arguments) out of
    it."""

    state: Any
    move: tuple[int, tuple[Any, ...]] | None
    arguments: tuple[Any, ...]


class Checks:
    """Evaluates the selected properties; one that has been decided is not evaluated again."""

    def __init__(self, instance: Instance, selected: tuple[Rule, ...]) -> None:
        self.instance, self.selected = instance, selected
        self.found: dict[str, Found] = {}
        """By the name of the property."""
        self.edges = any(r.kind in ("step", "implements") for r in selected)
        """Whether there is anything to check on a transition."""
        self._states = [r for r in selected if r.kind in ("always", "reachable")]
        self._steps = [r for r in selected if r.kind == "step"]
        self._refinements: list[Refinement] = [instance.refinements[r.name] for r in selected if r.kind == "implements"]

    @property
    def violated(self) -> bool:
        """Whether a property other than a witness has been decided."""
        return any(rule.name in self.found for rule in self.selected if rule.kind != "reachable")

    def initial(self, state: Any) -> None:
        """Check what is required of initial states only: that they map to initial states of a refined spec."""
        for refinement in tuple(self._refinements):
            if not refinement.starts(state):
                self._refinements.remove(refinement)
                self.found[refinement.rule.name] = Found(state, None, ())

    def state(self, state: Any) -> None:
        """Check a state that has not been met before."""
        for rule in tuple(self._states):
            decide = self.instance.witnessing if rule.kind == "reachable" else self.instance.falsifying
            arguments = decide(rule, state)
            if arguments is not None:
                self._states.remove(rule)
                self.found[rule.name] = Found(state, None, arguments)

    def edge(self, before: Any, number: int, taken: tuple[Any, ...], after: Any) -> None:
        """Check a step inside the bounds: action `number` with the arguments `taken`."""
        for rule in tuple(self._steps):
            arguments = self.instance.falsifying(rule, before, after)
            if arguments is not None:
                self._steps.remove(rule)
                self.found[rule.name] = Found(before, (number, taken), arguments)
        for refinement in tuple(self._refinements):
            if not refinement.allows(before, after):
                self._refinements.remove(refinement)
                self.found[refinement.rule.name] = Found(before, (number, taken), ())

    def deadlock(self, state: Any) -> None:
        """A state in which no action is enabled."""
        if DEADLOCK_FREEDOM in self.selected:
            self.found.setdefault(DEADLOCK_FREEDOM.name, Found(state, None, ()))
