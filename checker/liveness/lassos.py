"""The search for a lasso: a fair behaviour that goes the way a temporal property forbids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcheck.checker.liveness.arcs import Arcs, Between, Demand, Mask, Numbers, Reach
from mcheck.checker.liveness.components import FairComponents, fair_components
from mcheck.checker.liveness.tours import Tours, Walk

_ENTRIES, _ORDERS = 12, 4
"""How many states a cycle is begun in, and with how many different first demands, to find a short one."""
_MOST_STEPS = 1 << 20


@dataclass(frozen=True)
class Forbidden:
    """Behaviours that violate a temporal property: from a state of `turns` on they stay in `within` for ever.

    `turns` is reached over any states; `at_once`: they stay there from the beginning.  `visited`: come through one of these states
    again and again.
    """

    turns: Mask
    within: Mask
    at_once: bool = False
    visited: Mask | None = None


def forbidden(kind: str, first: Mask, second: Mask) -> Forbidden:
    """What a property of this kind forbids; `first` and `second` are the states in which P and Q of P leads to Q are true.

    Of the other kinds `second` is where the predicate is true, and `first` is not looked at.
    """
    if kind == "leads_to":
        return Forbidden(first & ~second, ~second)
    if kind == "eventually":
        return Forbidden(~second, ~second, at_once=True)
    if kind == "always_eventually":
        return Forbidden(~second, ~second)
    everywhere = np.ones(len(second), bool)
    return Forbidden(everywhere, everywhere, visited=~second)


@dataclass(frozen=True)
class FoundLasso:
    """An initial state, the steps from it to the cycle, and those of the cycle: none if it stutters."""

    initial: int
    stem: Walk
    cycle: Walk


class LassoSearch:
    """Looks for lassos in the arcs of a state graph, whose first `initial` states are the initial ones."""

    def __init__(self, arcs: Arcs, initial: int, demands: Sequence[Demand], between: Between = lambda: None) -> None:
        self.arcs, self.initial, self.demands, self.between = arcs, initial, demands, between

    def region(self, wrong: Forbidden) -> Region:
        """The states that a forbidden behaviour can stay in."""
        starts = np.arange(self.initial, dtype=np.int32)
        if wrong.at_once:
            return Region(None, self.arcs.reached(starts, wrong.within))
        before = self.arcs.reached(starts, np.ones(self.arcs.count, bool))
        turns = np.flatnonzero(wrong.turns & before.mask).astype(np.int32)
        return Region(before, self.arcs.reached(turns, wrong.within, before.distance[turns]))

    def find(self, wrong: Forbidden, region: Region) -> FoundLasso | None:
        """A lasso that is forbidden and meets every demand; None if there is none.

        Its stem is a shortest one to where its cycle is entered.  Where several entries give lassos, the shortest is taken.
        """
        mask = region.after.mask
        components = fair_components(self.arcs, self.demands, mask, wrong.visited, self.between)
        if components is None:
            return None
        tours = Tours(self.arcs, self.demands, mask, wrong.visited)
        best: tuple[int, int, int, Walk] | None = None
        for entry in self._entries(components, region.after.distance):
            stem = int(region.after.distance[entry])
            staying = components.of == components.of[entry]
            for order in range(_ORDERS):
                self.between()
                most = _MOST_STEPS if best is None else best[0] - stem
                walk = tours.tour(entry, staying, most, order)
                if walk is not None and (best is None or (stem + len(walk), len(walk)) < best[:2]):
                    best = (stem + len(walk), len(walk), entry, walk)
                if walk == []:
                    break
        if best is None:
            raise RuntimeError("a fair component without a tour")
        initial, steps = region.way(self.arcs, best[2])
        return FoundLasso(initial, steps, best[3])

    def _entries(self, components: FairComponents, distance: Numbers) -> list[int]:
        """States of fair components, the nearest first, and among them the nearest of the nearest components."""
        states = np.flatnonzero(components.mask)
        states = states[np.argsort(distance[states], kind="stable")]
        _, first = np.unique(components.of[states], return_index=True)
        heads = states[np.sort(first)[:_ENTRIES]]
        return list(dict.fromkeys([*heads.tolist(), *states[:_ENTRIES].tolist()]))


@dataclass(frozen=True)
class Region:
    """`after`: the states within which a forbidden behaviour stays, with the fewest steps from an initial state to each.

    `before`: the fewest steps to the states in which it turns; None if it begins in one.
    """

    before: Reach | None
    after: Reach

    def way(self, arcs: Arcs, state: int) -> tuple[int, Walk]:
        """The initial state, and a shortest way from it."""
        turn, steps = self.after.way(arcs, state)
        if self.before is None:
            return turn, steps
        initial, earlier = self.before.way(arcs, turn)
        return initial, [*earlier, *steps]
