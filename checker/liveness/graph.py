"""The state graph: every state inside the bounds, and every step between two of them, from the plain functions."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.initial import InitialStates
from mcheck.checker.limits import LimitReached, Watch
from mcheck.checker.liveness.arcs import Arcs, Mask
from mcheck.checker.traces import Link, blamed
from mcheck.checker.verdict import Progress
from mcheck.spec import Cut, Failure, Instance, InternalError, Rule
from mcheck.spec.temporal import truth

_MOST_LABELS = 1 << 16

Move = tuple[Rule, Mapping[str, Any]]
"""An action with values of its parameters, of all of them or of some."""
Truths = tuple[Mask, Mask]
"""Where P and where Q of a property is true, as `truth` has them."""


@dataclass(frozen=True)
class StateGraph:
    """The states by number, the initial ones first, and the steps between them.

    `moves[label]`: what the steps with that label have in common.  Steps that do not change the state are left out: any
    state may stutter.
    """

    instance: Instance
    states: Sequence[Any]
    initial: int
    arcs: Arcs
    moves: Sequence[Move]
    cut: dict[str, int]
    """Steps and initial states that a bound or constraint cuts."""
    cut_at_the_start: bool
    """Whether an initial state is outside a constraint."""
    judged: Mapping[tuple[str, tuple[Any, ...]], Truths] = field(default_factory=dict)
    """What is known already, by the name and arguments of a property."""

    def truths(self, rule: Rule, arguments: tuple[Any, ...]) -> Truths:
        """Where the predicates of a property are true.  Inside `instance.active()`; Failure where the method fails."""
        known = self.judged.get((rule.name, arguments))
        if known is not None:
            return known
        pairs = np.array([truth(self.instance, rule, state, arguments) for state in self.states], bool)
        return pairs[:, 0], pairs[:, 1]

    def step(self, number: int) -> tuple[Rule, tuple[Any, ...]]:
        """The action and all arguments of a step: the first ones with which it leads where it does.

        Inside `instance.active()`; InternalError if the plain functions do not take it.
        """
        action, given = self.moves[self.arcs.labels[number]]
        before, after = (self.states[ends[number]] for ends in (self.arcs.sources, self.arcs.targets))
        for arguments in action.signature.arguments(before):
            named = zip(action.signature.names, arguments, strict=True)
            if all(given.get(name, value) == value for name, value in named):
                if self.instance.apply(action, before, arguments) == after:
                    return action, arguments
        raise InternalError(
            f"{self.instance.name}: the graph has a step of {action.name} that plain Python does not take"
        )


class Exploration(Protocol):
    """What explores an instance, and how far it has come."""

    @property
    def distinct(self) -> int:
        """How many states have been met."""

    @property
    def steps(self) -> int:
        """How many steps have been noted."""

    @property
    def cut(self) -> dict[str, int]:
        """How often each bound or constraint has cut a step or an initial state, in the order of the spec."""

    def run(self) -> StateGraph:
        """Explore until nothing is left."""


class PlainExploration:
    """Explores an instance state by state, breadth first, and notes every step.

    LimitReached, KeyboardInterrupt and MemoryError leave it as it was; RuleFailed where an action or constraint fails.
    """

    def __init__(self, instance: Instance, watch: Watch) -> None:
        self.instance, self.watch = instance, watch
        self.begun_in = InitialStates(instance)
        self.numbers: dict[Any, int] = {}
        self.states: list[Any] = []
        self.links: list[tuple[int, int] | None] = []
        self.labels: dict[tuple[int, tuple[Any, ...]], int] = {}
        self.moves: list[Move] = []
        self.arguments: list[tuple[Any, ...]] = []
        self.offsets, self.targets, self.of_steps = array("q", [0]), array("i"), array("H")
        self.cut_sources, self.cut_labels = array("i"), array("H")
        self._cut: dict[str, int] = {}
        self.levels = [0]

    def run(self) -> StateGraph:
        """Explore until nothing is left."""
        with self.instance.active():
            for state in self.begun_in:
                self._number(state, None)
            initial = len(self.states)
            done = 0
            while done < len(self.states):
                if done == self.levels[-1]:
                    self.levels.append(len(self.states))
                self.watch.check(self._progress)
                self._expand(done)
                self.offsets.append(len(self.targets))
                done += 1
        arcs, cut_at_the_start = self._arcs(), bool(self.begun_in.outside)
        return StateGraph(self.instance, self.states, initial, arcs, self.moves, self.cut, cut_at_the_start)

    @property
    def distinct(self) -> int:
        """How many states have been met."""
        return len(self.states)

    @property
    def steps(self) -> int:
        """How many steps have been noted."""
        return len(self.targets)

    @property
    def cut(self) -> dict[str, int]:
        """What was cut, in the order of the spec."""
        return self.begun_in.with_steps(self._cut)

    def _expand(self, number: int) -> None:
        state = self.states[number]
        apply = self.instance.apply
        try:
            for index, action in enumerate(self.instance.actions):
                for arguments in action.signature.arguments(state):
                    after = apply(action, state, arguments)
                    if after is None or after == state:
                        continue
                    label = self._label(index, arguments)
                    if isinstance(after, Cut):
                        self._cut[after.bound] = self._cut.get(after.bound, 0) + 1
                        self.cut_sources.append(number)
                        self.cut_labels.append(label)
                    else:
                        self.of_steps.append(label)
                        self.targets.append(self._number(after, (number, label)))
        except Failure as failure:
            raise blamed(self.instance, self._links_to(number), failure, state) from failure

    def _number(self, state: Any, link: tuple[int, int] | None) -> int:
        number = self.numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            most = self.watch.limits.states
            if most is not None and number >= most:
                raise LimitReached(f"limit of {most:,} states")
            self.states.append(state)
            self.links.append(link)
        return number

    def _label(self, index: int, arguments: tuple[Any, ...]) -> int:
        label = self.labels.setdefault((index, arguments), len(self.moves))
        if label == len(self.moves):
            if label == _MOST_LABELS:
                raise LimitReached(f"limit of {_MOST_LABELS:,} different labels")
            action = self.instance.actions[index]
            self.moves.append((action, dict(zip(action.signature.names, arguments, strict=True))))
            self.arguments.append(arguments)
        return label

    def _links_to(self, number: int) -> dict[Any, Link | None]:
        """How a state was first reached, in the form of a search."""
        index_of = {action.name: k for k, action in enumerate(self.instance.actions)}
        links: dict[Any, Link | None] = {}
        while (link := self.links[number]) is not None:
            before, label = link
            links[self.states[number]] = (
                self.states[before],
                index_of[self.moves[label][0].name],
                self.arguments[label],
            )
            number = before
        links[self.states[number]] = None
        return links

    def _arcs(self) -> Arcs:
        return Arcs(
            len(self.states),
            _numbers(self.offsets, np.int64),
            _numbers(self.targets, np.int32),
            _numbers(self.of_steps, np.uint16),
            _numbers(self.cut_sources, np.int32),
            _numbers(self.cut_labels, np.uint16),
        )

    def _progress(self, seconds: float) -> Progress:
        return Progress(
            len(self.states), self.steps, len(self.levels) - 2, len(self.states) - len(self.offsets) + 1, seconds
        )


def _numbers(values: array[int], kind: Any) -> NDArray[Any]:
    return np.frombuffer(values, dtype=kind) if len(values) else np.empty(0, kind)
