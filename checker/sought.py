"""Sought states: whether a search of an instance meets them, and by which behaviours.

A state is sought by a witness, a property that is true in that state and in no other, so that every engine knows how to look
for it.  Where the text of a spec treats the members of its scalarsets alike, the witness is true as well in each state that
differs by a renaming of them: orbits can be counted then, and what leads to another member of the orbit is renamed step by
step, into a behaviour that leads to the state itself.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.checker.engines import search
from mcheck.checker.symmetry import orbit, symmetric_by_type
from mcheck.checker.verdict import Limits, ProgressListener, PropertyResult, Verdict
from mcheck.spec import Behavior, Instance, InternalError, ReplayMismatch, Rule, rerun
from mcheck.spec.declare import Declaration
from mcheck.spec.domains.base import Renaming
from mcheck.spec.order import order_key
from mcheck.spec.parameters import Signature, TableParameter

LARGEST_ORBIT = 720
"""Of a state with more renamings than this, only the state itself is sought, among states and not among orbits."""


@dataclass(frozen=True)
class Occurrences:
    """What a search says of the states that it looked for."""

    verdict: Verdict
    """On the other properties that it was to check."""
    behaviors: tuple[Behavior | None, ...]
    """A shortest behaviour that ends in each of the states, executed by the plain functions; None where it was not met."""

    @property
    def complete(self) -> bool:
        """Whether every reachable state inside the bounds was met."""
        return self.verdict.reason is None and self.verdict.unexpanded == 0


def occurrences(
    instance: Instance,
    states: Sequence[Any],
    properties: Sequence[Rule] = (),
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    engine: str = "auto",
    progress: ProgressListener | None = None,
) -> Occurrences:
    """Look for states among all that are reachable, and check some properties or lemmas of the spec on the way.

    The search goes on to its end or a limit, whatever it finds.  RuleFailed where a rule fails in a reachable state.
    """
    symmetric = symmetric_by_type(instance)
    sought = [Sought(instance, number, state, symmetric) for number, state in enumerate(states, start=1)]
    seeking = copy.copy(instance)  # the same rules, and one for each of the states
    seeking.properties = (*instance.properties, *(one.witness for one in sought))
    names = [*(rule.name for rule in properties), *(one.witness.name for one in sought)]
    verdict = search(seeking, engine, names, limits, keep_going=True, progress=progress)
    met = {found.rule.name: found.behavior for found in verdict.properties}
    ways = ((one, met.pop(one.witness.name)) for one in sought)
    behaviors = tuple(None if way is None else one.renamed(way) for one, way in ways)
    checked = tuple(_of(instance, found) for found in verdict.properties if found.rule.name in met)
    return Occurrences(dataclasses.replace(verdict, instance=instance, properties=checked), behaviors)


class Sought:
    """One state, the witness that is true where it is met, and what leads from there back to it."""

    def __init__(self, instance: Instance, number: int, state: Any, symmetric: bool) -> None:
        self.instance, self.state = instance, state
        members = orbit(instance, state, LARGEST_ORBIT) if symmetric else None
        self.members = {state: ()} if members is None else members
        table = tuple(sorted(self.members, key=order_key))
        parameter = TableParameter("state", instance.state_domain, table, whole=False)
        declaration = Declaration("reachable", f"the sought state {number}", _is_it, stored=True)
        self.witness = Rule(f"sought_state_{number}", declaration, Signature((parameter,)))

    def renamed(self, behavior: Behavior) -> Behavior:
        """A behaviour that ends in a renaming of the state, as one that ends in the state.  InternalError where that is none."""
        instance, rename = self.instance, self.instance.state_domain.rename
        first, moves = behavior.initial, [(step.action, step.arguments) for step in behavior.steps]
        for renaming in self.members[behavior.last]:
            first = rename(first, renaming)
            moves = [(action, _renamed(action, arguments, renaming)) for action, arguments in moves]
        try:
            renamed = rerun(instance, first, moves)
        except ReplayMismatch as mismatch:
            raise InternalError(f"{instance.name}: a renamed trace cannot be replayed: {mismatch}") from mismatch
        if renamed.last != self.state or first not in instance.initial:
            raise InternalError(f"{instance.name}: a renamed trace leads elsewhere when it is replayed")
        return renamed


def _is_it(_: Any, s: Any, state: Any) -> bool:
    """The state that is sought, or a renaming of it, is reached."""
    same: bool = s == state
    return same


def _renamed(action: Rule, arguments: tuple[Any, ...], renaming: Renaming) -> tuple[Any, ...]:
    pairs = zip(action.signature.parameters, arguments, strict=True)
    return tuple(p.domain.rename(value, renaming) for p, value in pairs)


def _of(instance: Instance, found: PropertyResult) -> PropertyResult:
    """The same result, with its behaviour as one of the instance whose rules were searched."""
    if found.behavior is None:
        return found
    return dataclasses.replace(found, behavior=dataclasses.replace(found.behavior, instance=instance))
