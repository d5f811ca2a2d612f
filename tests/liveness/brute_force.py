"""Fair cycles by trying out: all sets of states that a closed walk can have, judged one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class SmallGraph:
    """`steps`: (state, label, state).  `cut`: (state, label) of steps that lead out of bounds.

    `demands`: (strong, labels).  The graph has `states` states, of which the first `initial` are initial.
    """

    states: int
    initial: int
    steps: tuple[tuple[int, int, int], ...]
    cut: tuple[tuple[int, int], ...]
    demands: tuple[tuple[bool, frozenset[int]], ...]


def reachable(graph: SmallGraph, starts: Sequence[int], within: set[int]) -> set[int]:
    found = {s for s in starts if s in within}
    while True:
        more = {b for a, _, b in graph.steps if a in found and b in within} - found
        if not more:
            return found
        found |= more


def connected(states: set[int], steps: Sequence[tuple[int, int, int]]) -> bool:
    """Whether a walk along these steps can go from each of the states to each."""
    for first in states:
        met = {first}
        while True:
            more = {b for a, _, b in steps if a in met} - met
            if not more:
                break
            met |= more
        if met != states:
            return False
    return True


def has_fair_cycle(graph: SmallGraph, region: set[int], visited: set[int] | None) -> bool:
    """Whether some set of states of the region is that of a fair behaviour for ever.

    A walk that is for ever in a set may take every step inside of it infinitely often, and all its states may stutter.  To
    take more steps never makes it less fair.
    """
    for size in range(1, len(region) + 1):
        for chosen in combinations(sorted(region), size):
            states = set(chosen)
            steps = [s for s in graph.steps if s[0] in states and s[2] in states]
            if visited is not None and not states & visited:
                continue
            if connected(states, steps) and all(meets(graph, states, steps, *demand) for demand in graph.demands):
                return True
    return False


def meets(
    graph: SmallGraph, states: set[int], steps: list[tuple[int, int, int]], strong: bool, labels: frozenset[int]
) -> bool:
    enabled = {a for a, label, _ in graph.steps if label in labels} | {a for a, label in graph.cut if label in labels}
    if any(label in labels for _, label, _ in steps):
        return True
    return not states & enabled if strong else not states <= enabled


def violated(graph: SmallGraph, kind: str, first: set[int], second: set[int]) -> bool:
    """Whether a fair behaviour of the graph violates the property of this kind; the sets are those of P and Q."""
    everywhere = set(range(graph.states))
    whole = reachable(graph, range(graph.initial), everywhere)
    without = everywhere - second
    if kind == "eventually":
        return has_fair_cycle(graph, reachable(graph, range(graph.initial), without), None)
    if kind == "always_eventually":
        return has_fair_cycle(graph, whole & without, None)
    if kind == "eventually_always":
        return has_fair_cycle(graph, whole, without)
    return has_fair_cycle(graph, reachable(graph, sorted(whole & first & without), without), None)


def is_forbidden_lasso(
    graph: SmallGraph, kind: str, first: set[int], second: set[int], initial: int, stem: list[int], cycle: list[int]
) -> bool:
    """Whether these steps, by number, are a lasso that violates the property and is fair."""
    states = [initial]
    for number in (*stem, *cycle):
        before, _, after = graph.steps[number]
        if before != states[-1]:
            return False
        states.append(after)
    if initial >= graph.initial or states[len(stem)] != states[-1]:
        return False
    circle = set(states[len(stem) :])
    taken = [graph.steps[n] for n in cycle]
    if not all(meets(graph, circle, taken, *demand) for demand in graph.demands):
        return False
    goals = [k for k, s in enumerate(states) if s in second]
    if kind == "eventually":
        return not goals
    if kind == "always_eventually":
        return not circle & second
    if kind == "eventually_always":
        return not circle <= second
    return not circle & second and any(s in first for s in states[(goals[-1] + 1 if goals else 0) :])
