"""The state graph: every state inside the bounds, and every step between two of them, from the plain functions."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.limits import LimitReached, Watch
from mcheck.checker.liveness.arcs import Arcs
from mcheck.checker.traces import Link, blamed
from mcheck.checker.verdict import Progress
from mcheck.spec import Cut, Failure, Instance, Rule

_MOST_LABELS = 1 << 16

Move = tuple[Rule, tuple[Any, ...]]
"""An action with its arguments."""


@dataclass(frozen=True)
class StateGraph:
    """The states by number, the initial ones first, and the steps between them.

    `moves[label]`: the action and arguments of the steps with that label.  Steps that do not change the state are left out:
    any state may stutter.
    """

    states: Sequence[Any]
    initial: int
    arcs: Arcs
    moves: Sequence[Move]
    cut: dict[str, int]
    """Steps and initial states that a bound or constraint cuts."""
    cut_at_the_start: bool
    """Whether an initial state is outside a constraint."""


class PlainExploration:
    """Explores an instance state by state, breadth first, and notes every step.

    LimitReached, KeyboardInterrupt and MemoryError leave it as it was; RuleFailed where an action or constraint fails.
    """

    def __init__(self, instance: Instance, watch: Watch) -> None:
        self.instance, self.watch = instance, watch
        self.numbers: dict[Any, int] = {}
        self.states: list[Any] = []
        self.links: list[tuple[int, int] | None] = []
        self.labels: dict[tuple[int, tuple[Any, ...]], int] = {}
        self.moves: list[Move] = []
        self.offsets, self.targets, self.of_steps = array("q", [0]), array("i"), array("H")
        self.cut_sources, self.cut_labels = array("i"), array("H")
        self.cut: dict[str, int] = {}
        self.levels = [0]

    def run(self) -> StateGraph:
        """Explore until nothing is left."""
        with self.instance.active():
            cut_at_the_start = self._start()
            initial = len(self.states)
            done = 0
            while done < len(self.states):
                if done == self.levels[-1]:
                    self.levels.append(len(self.states))
                self.watch.check(self._progress)
                self._expand(done)
                self.offsets.append(len(self.targets))
                done += 1
        return StateGraph(self.states, initial, self._arcs(), self.moves, self.cut_in_order, cut_at_the_start)

    @property
    def steps(self) -> int:
        """How many steps have been noted."""
        return len(self.targets)

    @property
    def cut_in_order(self) -> dict[str, int]:
        """What was cut, in the order of the spec."""
        order = (*self.instance.bounds, *(c.title for c in self.instance.constraints))
        return {name: self.cut[name] for name in order if name in self.cut}

    def _start(self) -> bool:
        for state in self.instance.initial:
            try:
                outside = [c for c in self.instance.constraints if not self.instance.holds(c, state)]
            except Failure as failure:
                raise blamed(self.instance, {}, failure, state) from failure
            if outside:
                self.cut[outside[0].title] = self.cut.get(outside[0].title, 0) + 1
            else:
                self._number(state, None)
        return bool(self.cut)

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
                        self.cut[after.bound] = self.cut.get(after.bound, 0) + 1
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
            self.moves.append((self.instance.actions[index], arguments))
        return label

    def _links_to(self, number: int) -> dict[Any, Link | None]:
        """How a state was first reached, in the form of a search."""
        index_of = {action.name: k for k, action in enumerate(self.instance.actions)}
        links: dict[Any, Link | None] = {}
        while (link := self.links[number]) is not None:
            before, label = link
            action, arguments = self.moves[label]
            links[self.states[number]] = (self.states[before], index_of[action.name], arguments)
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
