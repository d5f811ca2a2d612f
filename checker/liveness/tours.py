"""Tours: a short closed walk in a fair component that meets every demand."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from mcheck.checker.liveness.arcs import Arcs, Demand, Mask

Walk = list[int]
"""The numbers of steps that follow each other."""


class Tours:
    """Closed walks through the states of `inside`, each of whose components meets every demand.

    `visited`: a walk must come through one of these states.
    """

    def __init__(self, arcs: Arcs, demands: Sequence[Demand], inside: Mask, visited: Mask | None = None) -> None:
        self.arcs, self.demands, self.inside, self.visited = arcs, demands, inside, visited
        self._meets: dict[int, int] = {}
        """By label: the demands that a step with it meets, as bits."""
        for number, demand in enumerate(demands):
            for label in demand.labels:
                self._meets[label] = self._meets.get(label, 0) | 1 << number
        self._strong = sum(1 << number for number, demand in enumerate(demands) if demand.strong)
        self._enabled = functools.cache(self._enabled_in)
        self._visit = 0 if visited is None else 1 << len(demands)
        self._all = (1 << len(demands)) - 1 | self._visit

    def stutters(self, state: int) -> bool:
        """Whether a behaviour may stay in `state` for ever."""
        return not self._enabled(state) and self._seen(state)

    def tour(self, start: int, within: Mask, most: int, order: int = 0) -> Walk | None:
        """A closed walk from `start` of at most `most` steps that meets every demand; None if this way there is none.

        Goes to the nearest place that meets a demand which is not met yet, and back at the end.  What the way back meets or
        demands counts too, so that it may take several rounds.  With another `order` it begins with another demand.
        """
        walk: Walk = []
        here = start
        while True:
            back = self._way(here, within, lambda step, state: state == start) if walk and here != start else []
            if back is None or (back == [] and here != start):
                return None
            if len(walk) + len(back) > most:
                return None
            unmet = self._unmet(start, [*walk, *back])
            if not unmet:
                return [*walk, *back]
            wanted = unmet
            if order and not walk:
                bits = [k for k in range(len(self.demands)) if unmet >> k & 1]
                wanted = 1 << bits[order % len(bits)] if bits else unmet
            leg = self._way(here, within, self._meeting(wanted))
            if not leg:
                return None
            walk += leg
            here = int(self.arcs.targets[leg[-1]])

    def _unmet(self, start: int, walk: Walk) -> int:
        """The demands that the closed walk does not meet, as bits."""
        if not walk:
            return self._enabled(start) | (0 if self._seen(start) else self._visit)
        taken, always, ever, seen = 0, self._all & ~self._visit, 0, False
        for step in walk:
            state = int(self.arcs.targets[step])
            taken |= self._meets.get(int(self.arcs.labels[step]), 0)
            always &= self._enabled(state)
            ever |= self._enabled(state)
            seen = seen or self._seen(state)
        unmet = (always & ~self._strong | ever & self._strong) & ~taken
        return unmet | (0 if seen else self._visit)

    def _meeting(self, wanted: int) -> Callable[[int, int], bool]:
        """Whether a step to a state meets one of the demands."""
        return lambda step, state: self._met(step, state) & wanted != 0

    def _met(self, step: int, state: int) -> int:
        """The demands met by a step to `state`, as bits; a strong one only by the step."""
        met = self._meets.get(int(self.arcs.labels[step]), 0)
        met |= ~self._enabled(state) & ~self._strong & self._all & ~self._visit
        return met | (self._visit if self.visited is not None and self.visited[state] else 0)

    def _seen(self, state: int) -> bool:
        return self.visited is None or bool(self.visited[state])

    def _enabled_in(self, state: int) -> int:
        """The demands that are enabled in a state, as bits."""
        bits = 0
        for number, demand in enumerate(self.demands):
            at = int(np.searchsorted(demand.enabled, state))
            if at < len(demand.enabled) and demand.enabled[at] == state:
                bits |= 1 << number
        return bits

    def _way(self, start: int, within: Mask, found: Callable[[int, int], bool]) -> Walk | None:
        """The fewest steps out of `start`, at least one, of which the last is `found`; None if there is no way."""
        came: dict[int, int] = {}
        queue = deque([start])
        offsets, targets = self.arcs.offsets, self.arcs.targets
        while queue:
            state = queue.popleft()
            first = int(offsets[state])
            for step, end in enumerate(targets[first : int(offsets[state + 1])].tolist(), start=first):
                if not within[end]:
                    continue
                if found(step, end):
                    return self._back(start, state, came, [step])
                if end not in came and end != start:
                    came[end] = step
                    queue.append(end)
        return None

    def _back(self, start: int, state: int, came: dict[int, int], steps: Walk) -> Walk:
        while state != start:
            steps.append(came[state])
            state = int(self.arcs.sources[came[state]])
        return steps[::-1]
