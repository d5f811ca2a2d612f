"""Fair components: sets of states in which a behaviour can stay for ever and be fair.

Every state has, beside its steps, one that changes nothing: to stutter is allowed, as in TLA+, and is fair where no step is
demanded.  So a state alone is a component too.

A weak demand, taken or somewhere disabled, is a Büchi condition: a component that cannot meet it has no part that can.  A
strong one is a pair of Streett: a component that cannot meet it may have a part that can, without the states in which the
step is enabled.  Source: O. Lichtenstein and A. Pnueli, Checking that finite state concurrent programs satisfy their linear
specification, POPL 1985; E. A. Emerson and C.-L. Lei, Modalities for model checking, Science of Computer Programming 8 (1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from mcheck.checker.liveness.arcs import Arcs, Between, Demand, Mask, Numbers


@dataclass(frozen=True)
class FairComponents:
    """`of[k]`: the component of state k, -1 where it is in none; `fair`: those that meet every demand."""

    of: Numbers
    fair: NDArray[np.int64]

    @property
    def mask(self) -> Mask:
        """The states of fair components."""
        wanted = np.zeros(int(self.of.max()) + 2, bool)
        wanted[self.fair] = True
        return wanted[self.of]


def fair_components(
    arcs: Arcs,
    demands: Sequence[Demand],
    region: Mask,
    visited: Mask | None = None,
    between: Between = lambda: None,
) -> FairComponents | None:
    """The fair components of the graph restricted to `region` that are met first when it is taken apart; None if there is none.

    `visited`: a component must have one of these states.  Cost: O(states + steps + demands x their steps) a pass; there is
    one pass, and one more as often as strong demands take states away.
    """
    alive = region.copy()
    while alive.any():
        between()
        of, count = _strong_components(arcs, alive)
        size = np.bincount(of[alive], minlength=count)
        inside = of[arcs.sources] == of[arcs.targets]
        inside &= alive[arcs.sources]
        possible = np.ones(count, bool)
        unmet = np.zeros(count, bool)
        given_up = np.zeros(arcs.count, bool)
        if visited is not None:
            possible &= np.bincount(of[alive & visited], minlength=count) > 0
        for demand in demands:
            between()
            taken = np.zeros(count, bool)
            taken[of[arcs.sources[demand.steps[inside[demand.steps]]]]] = True
            enabled = demand.enabled[alive[demand.enabled]]
            often = np.bincount(of[enabled], minlength=count)
            if demand.strong:
                short = ~taken & (often > 0)
                unmet |= short
                given_up[enabled[short[of[enabled]]]] = True
            else:
                possible &= taken | (often < size)
        fair = np.flatnonzero(possible & ~unmet)
        if len(fair):
            return FairComponents(of, fair)
        again = np.append(possible & unmet, False)
        alive = again[of] & ~given_up
    return None


def _strong_components(arcs: Arcs, alive: Mask) -> tuple[Numbers, int]:
    """The strongly connected component of each state that is alive, -1 of the others; and how many there are."""
    kept = np.flatnonzero(alive)
    among = np.full(arcs.count, -1, np.int32)
    among[kept] = np.arange(len(kept), dtype=np.int32)
    steps = alive[arcs.sources] & alive[arcs.targets]
    ends = among[arcs.sources[steps]], among[arcs.targets[steps]]
    matrix = csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(len(kept), len(kept)))
    count, found = connected_components(matrix, directed=True, connection="strong")
    of = np.full(arcs.count, -1, np.int32)
    of[kept] = found
    return of, int(count)
