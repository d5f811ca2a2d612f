"""Test cases: paths of a specification that together take every kind of step a small instance has.

A kind of step is an action together with the way that its decisions went: the leaf that the traced form of the action comes
to.  So `deliver` is many kinds, one for a vote that is granted, one for a vote that is refused, one for a log that conflicts.
Each case is a shortest path to a kind that no case before it takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.conformance.observing import as_json
from mcheck.spec import Behavior, Cut, Instance, Rule, rerun
from mcheck.spec.ir.evaluate import Evaluation
from mcheck.spec.ir.tree import Update, leaves
from mcheck.spec.tracing.trace import STATE, trace

Move = tuple[Rule, tuple[Any, ...]]
Kind = tuple[str, int]
"""An action, and the number of a leaf of its tree."""


@dataclass(frozen=True)
class Cases:
    """Paths that take every kind of step that was found, and how far one looked."""

    behaviors: tuple[Behavior, ...]
    kinds: dict[str, tuple[int, int]]
    """For each action, how many kinds of step the cases take, and how many the text of the action has."""
    states: int
    complete: bool
    """Whether every reachable state within the bounds was looked at: then the other kinds cannot be taken there."""


def cases_of(instance: Instance, most_states: int = 20_000) -> Cases:
    """The cases of an instance.  Cost: every step of at most so many states is executed and evaluated once."""
    search = _Search(instance)
    with instance.active():
        complete = search.run(most_states)
        chosen = search.chosen()
        behaviors = tuple(rerun(instance, start, moves) for start, moves in chosen)
    return Cases(behaviors, search.counts(), len(search.links), complete)


class _Search:
    """Breadth first, so that the first step of a kind is the end of a shortest path to it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        traced = trace(instance)
        self.trees = {a.name: traced[a.name].tree for a in instance.actions}
        self.numbers = {
            name: {id(leaf): k for k, leaf in enumerate(x for x in leaves(tree) if isinstance(x, Update))}
            for name, tree in self.trees.items()
        }
        self.links: dict[Any, tuple[Any, Move] | None] = {}
        self.first: dict[Kind, tuple[Any, Move]] = {}

    def run(self, most_states: int) -> bool:
        """Search; whether everything reachable was seen."""
        frontier = list(self.instance.initial)
        self.links = dict.fromkeys(frontier)
        while frontier:
            following = []
            for state in frontier:
                for action, arguments, after in self.instance.transitions(state):
                    if isinstance(after, Cut):
                        continue
                    self.first.setdefault(self.kind(state, action, arguments), (state, (action, arguments)))
                    if after not in self.links:
                        if len(self.links) >= most_states:
                            return False
                        self.links[after] = (state, (action, arguments))
                        following.append(after)
            frontier = following
        return True

    def kind(self, state: Any, action: Rule, arguments: tuple[Any, ...]) -> Kind:
        """The kind of one step that can be taken."""
        given = dict(zip(action.signature.names, arguments, strict=True))
        leaf = Evaluation({STATE: state, **given}).walk(self.trees[action.name])
        return action.name, self.numbers[action.name][id(leaf)]

    def chosen(self) -> list[tuple[Any, list[Move]]]:
        """Paths from an initial state, the longest first, each with a kind that none before it has."""
        paths = sorted((self.path(*end) for end in self.first.values()), key=lambda path: -len(path[1]))
        covered: set[Kind] = set()
        kept = []
        for start, moves in paths:
            kinds, state = set(), start
            for action, arguments in moves:
                kinds.add(self.kind(state, action, arguments))
                state = self.instance.apply(action, state, arguments)
            if kinds - covered:
                covered |= kinds
                kept.append((start, moves))
        return kept[::-1]

    def path(self, state: Any, last: Move) -> tuple[Any, list[Move]]:
        """The way to a state, and one more move."""
        moves = [last]
        while (link := self.links[state]) is not None:
            state, move = link
            moves.append(move)
        return state, moves[::-1]

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each action the kinds found, and those that there are."""
        return {name: (sum(k[0] == name for k in self.first), len(numbers)) for name, numbers in self.numbers.items()}


def cases_lines(behaviors: Iterable[Behavior]) -> list[str]:
    """The cases as a log that `mcheck conform SPEC --log` explains, with the whole state after each step."""
    lines = []
    for number, behavior in enumerate(behaviors, start=1):
        domain = behavior.instance.state_domain
        lines.append(json.dumps({"trace": f"case {number}"}))
        lines.append(json.dumps({"initially": as_json(domain, behavior.initial)}))
        for step in behavior.steps:
            pairs = zip(step.action.signature.parameters, step.arguments, strict=True)
            arguments = {p.name: as_json(p.domain, value) for p, value in pairs}
            state = as_json(domain, step.state)
            lines.append(json.dumps({"action": step.action.name, "args": arguments, "state": state}))
    return lines
