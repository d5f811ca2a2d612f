"""The states of a small instance and the steps between them, or what lies around a behaviour, by the plain functions."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.spec import Behavior, Cut, Instance, Rule, Step, UsageError


@dataclass(frozen=True)
class Edge:
    """A step from state number `source` to state number `target`."""

    source: int
    target: int
    step: Step
    violates: tuple[Rule, ...] = ()
    """The step properties that this step violates."""


@dataclass(frozen=True)
class StateGraph:
    """States, numbered as they were found, and every step between two of them that changes the state."""

    instance: Instance
    states: tuple[Any, ...]
    edges: tuple[Edge, ...]
    initial: frozenset[int]
    violates: dict[int, tuple[Rule, ...]]
    """For the states in which a property is false, those properties."""
    open: frozenset[int]
    """The states out of which steps lead to states that are not in the graph, bounds aside."""
    path: tuple[int, ...]
    """A behaviour to emphasise, state by state; empty for none."""
    stuttering: int
    """The number of steps that lead back to the state they start from."""


def reachable(
    instance: Instance,
    rules: Iterable[Rule],
    most: int,
    depth: int | None = None,
    behavior: Behavior | None = None,
) -> StateGraph:
    """All states within `depth` steps of an initial state.

    The path is the behaviour, or a shortest one to where a rule is violated.  TooManyStates beyond `most`.  Cost: each state
    is expanded by plain Python, some thousands of states a second.
    """
    search = _Search(instance, tuple(rules), most)
    search.spread(instance.initial, depth)
    return search.graph(search.shortest_to_violation() if behavior is None else search.along(behavior))


def neighbourhood(behavior: Behavior, rules: Iterable[Rule], most: int, distance: int) -> StateGraph:
    """All states that are at most `distance` steps after a state of the behaviour.  TooManyStates beyond `most`."""
    search = _Search(behavior.instance, tuple(rules), most)
    search.spread(behavior.states, distance)
    return search.graph(search.along(behavior))


def among(instance: Instance, states: Iterable[Any], path: Iterable[Any]) -> StateGraph:
    """These states, numbered in their order, and every step between two of them.  `path`: the behaviour, state by state."""
    search = _Search(instance, (), sys.maxsize)
    search.spread(states, 0)
    return search.graph(tuple(search.numbers[state] for state in path))


class TooManyStates(UsageError):
    """There are more states than were allowed for."""


class _Search:
    """Breadth first from some states, keeping every edge."""

    def __init__(self, instance: Instance, rules: tuple[Rule, ...], most: int) -> None:
        self.instance, self.most = instance, most
        self.invariants = [r for r in rules if r.kind == "always"]
        self.step_rules = [r for r in rules if r.kind == "step"]
        self.numbers: dict[Any, int] = {}
        self.parents: list[int | None] = []
        self.steps: list[list[tuple[Step, tuple[Rule, ...]]]] = []
        """By the number of the state they start from."""
        self.violates: dict[int, tuple[Rule, ...]] = {}

    def spread(self, start: Iterable[Any], depth: int | None) -> None:
        """Find the states within `depth` steps of `start`, and expand every one of them."""
        with self.instance.active():
            frontier = [self._number(state, None) for state in dict.fromkeys(start)]
            level = 0
            states = list(self.numbers)
            while frontier:
                arrived: list[int] = []
                for number in frontier:
                    out = self._steps_from(states[number])
                    self.steps.append(out)
                    for step, _ in out if depth is None or level < depth else ():
                        if step.state not in self.numbers:
                            arrived.append(self._number(step.state, number))
                            states.append(step.state)
                frontier, level = arrived, level + 1

    def _number(self, state: Any, parent: int | None) -> int:
        if len(self.numbers) >= self.most:
            raise TooManyStates(f"{self.instance.name} has more than {self.most:,} states here")
        number = self.numbers[state] = len(self.numbers)
        self.parents.append(parent)
        broken = tuple(r for r in self.invariants if not self.instance.holds(r, state))
        if broken:
            self.violates[number] = broken
        return number

    def _steps_from(self, state: Any) -> list[tuple[Step, tuple[Rule, ...]]]:
        found = []
        for action, arguments, after in self.instance.transitions(state):
            if not isinstance(after, Cut):
                broken = tuple(r for r in self.step_rules if not self.instance.holds(r, state, after))
                found.append((Step(action, arguments, after), broken))
        return found

    def shortest_to_violation(self) -> tuple[int, ...]:
        """A shortest way from where the search began to a state or step that violates something; empty if there is none."""
        ends: list[tuple[int, ...]] = [(number,) for number in self.violates]
        ends += [
            (source, self.numbers[step.state])
            for source, out in enumerate(self.steps)
            for step, broken in out
            if broken and step.state in self.numbers
        ]
        ways = [(*self._way_to(end[0]), *end[1:]) for end in ends]
        return min(ways, key=len, default=())

    def _way_to(self, number: int) -> tuple[int, ...]:
        way: list[int] = []
        at: int | None = number
        while at is not None:
            way.append(at)
            at = self.parents[at]
        return tuple(reversed(way))

    def along(self, behavior: Behavior) -> tuple[int, ...]:
        """The states of a behaviour by number, as far as they were found."""
        return tuple(n for state in behavior.states if (n := self.numbers.get(state)) is not None)

    def graph(self, path: tuple[int, ...]) -> StateGraph:
        """What was found."""
        edges, stuttering, left = [], 0, set()
        for source, out in enumerate(self.steps):
            for step, broken in out:
                target = self.numbers.get(step.state)
                if target is None:
                    left.add(source)
                elif target == source:
                    stuttering += 1
                else:
                    edges.append(Edge(source, target, step, broken))
        return StateGraph(
            self.instance,
            tuple(self.numbers),
            tuple(edges),
            frozenset(n for s in self.instance.initial if (n := self.numbers.get(s)) is not None),
            self.violates,
            frozenset(left),
            path,
            stuttering,
        )
