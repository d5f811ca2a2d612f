"""Valencies: for each state of a graph, the values that are decided in states reachable from it.

V(C) is computed by one backward reachability for each value, from the states in which it is decided.  A configuration with
two values or more is bivalent (of more than two values one says multivalent; the theorem needs no more than two of them), with
one it is univalent, with none it is null: from there on nobody decides, whatever happens.
Source: M. Fischer, N. Lynch and M. Paterson, Impossibility of Distributed Consensus with One Faulty Process, JACM 32 (1985),
section 3.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.liveness.arcs import Arcs, Between, Indexes, Mask, Reach
from mcheck.checker.liveness.graph import StateGraph
from mcheck.spec import Rule

Value = tuple[Any, ...]
"""The arguments of the rule that says what is decided; mostly one."""


@dataclass(frozen=True)
class Backward:
    """The steps of a graph the other way round."""

    arcs: Arcs
    forward: Indexes
    """By the number of a step here: its number in the graph."""

    def to(self, goals: Mask) -> Reach:
        """From which states a goal is reached, the goals among them.  Cost: O(states + steps)."""
        return self.arcs.reached(np.flatnonzero(goals).astype(np.int32), np.ones(self.arcs.count, bool))


def backward(arcs: Arcs) -> Backward:
    """The steps the other way round.  Cost: O(steps x log steps)."""
    order = np.argsort(arcs.targets, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(arcs.targets, minlength=arcs.count))]).astype(np.int64)
    none = np.empty(0, np.int32), np.empty(0, np.uint16)
    return Backward(Arcs(arcs.count, offsets, arcs.sources[order], arcs.labels[order], *none), order)


@dataclass(frozen=True)
class Valencies:
    """`decided[k]`: where value k is decided; `ways[k]`: from where it can still be, and in how many steps."""

    graph: StateGraph
    values: tuple[Value, ...]
    decided: tuple[Mask, ...]
    back: Backward
    ways: tuple[Reach, ...]

    @functools.cached_property
    def sizes(self) -> NDArray[np.int16]:
        """How many values V(C) has."""
        sizes = np.zeros(self.graph.arcs.count, np.int16)
        for way in self.ways:
            sizes += way.mask
        return sizes

    @functools.cached_property
    def undecided(self) -> Mask:
        """Where nobody has decided anything."""
        mask: Mask = ~np.any(self.decided, axis=0)
        return mask

    @functools.cached_property
    def disagreeing(self) -> Mask:
        """Where two values are decided."""
        mask: Mask = np.sum(self.decided, axis=0) > 1
        return mask

    @functools.cached_property
    def bivalent(self) -> Mask:
        """Where at least two decisions can still be reached."""
        mask: Mask = self.sizes > 1
        return mask

    @property
    def null(self) -> Mask:
        """Where no decision can be reached any more."""
        mask: Mask = self.sizes == 0
        return mask

    def univalent(self, value: int) -> Mask:
        """Where this decision alone can be reached."""
        mask: Mask = (self.sizes == 1) & self.ways[value].mask
        return mask

    def of(self, state: int) -> tuple[Value, ...]:
        """V(C) of a state."""
        return tuple(value for value, way in zip(self.values, self.ways, strict=True) if way.mask[state])

    def around(self, states: Iterable[int], steps: int) -> list[int]:
        """The states at most so many steps after one of these, by number, in order."""
        arcs = self.graph.arcs
        distance = arcs.reached(np.unique(np.array(list(states), np.int32)), np.ones(arcs.count, bool)).distance
        near: list[int] = np.flatnonzero((distance >= 0) & (distance <= steps)).tolist()
        return near

    def way_to(self, value: int, state: int) -> list[int]:
        """The fewest steps from a state to one in which the value is decided.  Only where there is a way."""
        steps: list[int] = []
        while (back := int(self.ways[value].by[state])) >= 0:
            steps.append(int(self.back.forward[back]))
            state = int(self.graph.arcs.targets[steps[-1]])
        return steps


def valencies(graph: StateGraph, rule: Rule, between: Between = lambda: None) -> Valencies:
    """V(C) for each state C, by the rule that says what is decided.  Inside `instance.active()`; Failure where the rule fails.

    Cost: the rule once in each state for each value, and O(states + steps x log steps) for each value.
    """
    values = tuple(rule.signature.arguments(None))
    decided: list[Mask] = []
    for arguments in values:
        between()
        decided.append(graph.truths(rule, arguments)[1])
    back = backward(graph.arcs)
    ways: list[Reach] = []
    for mask in decided:
        between()
        ways.append(back.to(mask))
    return Valencies(graph, values, tuple(decided), back, tuple(ways))
