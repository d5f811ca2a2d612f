"""Arcs: the steps of a state graph as arrays, and what fairness demands of a cycle in it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]
Indexes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Between = Callable[[], None]
"""Called now and then during long work; it may raise to end it."""

_LABELS = 1 << 16


@dataclass(frozen=True)
class Arcs:
    """The steps between `count` states that change the state.  Those out of state k are `offsets[k]` to `offsets[k + 1]`."""

    count: int
    offsets: Indexes
    targets: Numbers
    labels: NDArray[np.uint16]
    """Which action with which arguments a step is."""
    cut_sources: Numbers
    """The states out of which steps lead that a bound cuts, one entry for each such step."""
    cut_labels: NDArray[np.uint16]

    @functools.cached_property
    def sources(self) -> Numbers:
        """The state that each step leads out of."""
        return np.repeat(np.arange(self.count, dtype=np.int32), np.diff(self.offsets))

    @functools.cached_property
    def truncated(self) -> Mask:
        """The states out of which some step is cut."""
        mask = np.zeros(self.count, bool)
        mask[self.cut_sources] = True
        return mask

    def only(self, kept: Mask) -> Arcs:
        """The same states with only the steps that are `kept`, in the same order.  Steps that are cut stay."""
        degrees = np.bincount(self.sources[kept], minlength=self.count)
        offsets = np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)
        steps = self.targets[kept], self.labels[kept]
        return Arcs(self.count, offsets, *steps, self.cut_sources, self.cut_labels)

    def labelled(self, labels: Iterable[int]) -> Indexes:
        """The steps that have one of these labels, in order."""
        order, starts = self._by_label
        found = [order[starts[label] : starts[label + 1]] for label in sorted(labels)]
        return found[0] if len(found) == 1 else np.sort(np.concatenate(found))

    @functools.cached_property
    def _by_label(self) -> tuple[Indexes, Indexes]:
        """The steps in the order of their labels, and where those of each label begin."""
        counts = np.bincount(self.labels, minlength=_LABELS)
        return np.argsort(self.labels, kind="stable"), np.concatenate([[0], np.cumsum(counts)])

    def reached(self, starts: NDArray[np.integer], within: Mask, toll: Numbers | None = None) -> Reach:
        """What is reached from `starts` through states of `within`, each in the fewest steps.

        `toll`: how many steps each of the starts has behind it.  Cost: O(states + steps).
        """
        distance = np.full(self.count, -1, np.int32)
        by = np.full(self.count, -1, np.int64)
        order = np.argsort(toll, kind="stable") if toll is not None else np.arange(len(starts))
        starts, tolls = starts[order], (toll[order] if toll is not None else np.zeros(len(starts), np.int32))
        frontier: NDArray[np.integer] = np.empty(0, np.int32)
        level, taken = (int(tolls[0]) if len(tolls) else 0), 0
        while len(frontier) or taken < len(starts):
            if not len(frontier):
                level = max(level, int(tolls[taken]))
            due = int(np.searchsorted(tolls, level, side="right"))
            entering = starts[taken:due]
            entering = entering[within[entering] & (distance[entering] < 0)]
            taken = due
            distance[entering] = level
            frontier = np.concatenate([frontier, entering])
            steps = self._out_of(frontier)
            ends = self.targets[steps]
            fresh = within[ends] & (distance[ends] < 0)
            level += 1
            frontier, first = np.unique(ends[fresh], return_index=True)
            distance[frontier] = level
            by[frontier] = steps[fresh][first]
        return Reach(distance, by)

    def _out_of(self, states: NDArray[np.integer]) -> Indexes:
        """The numbers of the steps out of these states."""
        begin, sizes = self.offsets[states], self.offsets[states + 1] - self.offsets[states]
        shift = np.repeat(begin - np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(states) else begin, sizes)
        numbers: Indexes = np.arange(int(sizes.sum()), dtype=np.int64) + shift
        return numbers


@dataclass(frozen=True)
class Reach:
    """`distance`: the fewest steps to each state, -1 where there is no way; `by`: the last of them, -1 at a start."""

    distance: Numbers
    by: Indexes

    @property
    def mask(self) -> Mask:
        """The states reached."""
        return self.distance >= 0

    def way(self, arcs: Arcs, state: int) -> tuple[int, list[int]]:
        """The start, and the steps from it to a state."""
        steps = []
        while (step := int(self.by[state])) >= 0:
            steps.append(step)
            state = int(arcs.sources[step])
        return state, steps[::-1]


@dataclass(frozen=True)
class Demand:
    """What one condition of fairness demands of a cycle, whose states and steps are numbered as in the arcs.

    Weak: a step with one of the `labels` is taken, or there is a state that is not `enabled`.  Strong: such a step is taken,
    or no state is enabled.
    """

    strong: bool
    labels: frozenset[int]
    steps: Indexes
    """The steps that have one of the labels."""
    enabled: Numbers
    """The states out of which such a step leads, cut or not, unless the condition is waived there."""


def demand(arcs: Arcs, strong: bool, labels: frozenset[int], waived: Mask | None = None) -> Demand:
    """The demand on the steps with these labels; nothing is demanded in states that are `waived`."""
    steps = arcs.labelled(labels)
    cut = arcs.cut_sources[np.isin(arcs.cut_labels, sorted(labels))]
    enabled = np.unique(np.concatenate([arcs.sources[steps], cut]))
    if waived is not None:
        enabled = enabled[~waived[enabled]]
    return Demand(strong, labels, steps, enabled)
