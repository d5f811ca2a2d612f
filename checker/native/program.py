"""Program: what the compiled functions of an instance mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.checker.native.layout import Layout
from mcheck.spec import Instance, Rule

ENABLED, DEADLOCKED = 0, 1
"""Two counters that every program has: steps taken (cut or not), and states without any."""
FAILED = 63
"""The bit of `check` and `check_step` that says that a property failed while it was evaluated."""


@dataclass
class Counter:
    """What one counter of the expansion counts."""

    action: Rule | None
    kind: str
    """`fired` (cut or not), `blocked`, `cut`, or `error`."""
    detail: str = ""
    """The guard's reason, or the bound."""
    passed: frozenset[str] = frozenset()
    """The guards that were true on the way there."""


@dataclass
class Program:
    """The functions `expand`, `check` and `check_step` of an instance, and what they count and answer."""

    instance: Instance
    layout: Layout
    counters: list[Counter]
    max_successors: int
    properties: list[Rule]
    """The properties of states, by their bits in `check`."""
    steps: list[Rule]
    """Those of steps, refinements included, by their bits in `check_step`."""
    step_memory: int = 1
    """How many words `check_step` keeps from one step of a state to the next."""

    def facts(self) -> dict[str, Any]:
        """All that is not in the instance, as JSON."""
        counters = [
            [None if c.action is None else c.action.name, c.kind, c.detail, sorted(c.passed)] for c in self.counters
        ]
        return {"counters": counters, "most": self.max_successors, "memory": self.step_memory}


def split(properties: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """(the properties of states, those of steps), each by their bits."""
    given = list(properties)
    states = [p for p in given if p.kind in ("always", "reachable")]
    return states, [p for p in given if p.kind in ("step", "implements")]


def from_facts(instance: Instance, properties: Iterable[Rule], facts: dict[str, Any]) -> Program:
    """The program of which these are the facts.  ValueError or the like where they belong to another instance."""
    actions = {action.name: action for action in instance.actions}
    counters = [
        Counter(None if name is None else actions[name], kind, detail, frozenset(passed))
        for name, kind, detail, passed in facts["counters"]
    ]
    states, steps = split(properties)
    return Program(
        instance, Layout(instance.state_domain), counters, facts["most"], states, steps, step_memory=facts["memory"]
    )
