"""Members: the processes of an instance one by one, and which steps of its graph are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.liveness.arcs import Arcs, Mask
from mcheck.checker.liveness.graph import StateGraph
from mcheck.spec import Participant, order_key

_LABELS = 1 << 16


@dataclass(frozen=True)
class Member:
    """A participant with the values of its `each`, and the labels of its steps."""

    participant: Participant
    key: tuple[Any, ...]
    labels: frozenset[int]

    def steps(self, arcs: Arcs) -> Mask:
        """Which steps are its own."""
        own: NDArray[np.bool_] = np.zeros(_LABELS, bool)
        own[sorted(self.labels)] = True
        found: Mask = own[arcs.labels]
        return found


def without_faults(graph: StateGraph, every: Sequence[Member]) -> StateGraph:
    """The graph with the steps of the members alone: the model of the theorem, in which nobody crashes, but may be silent.

    The same states, of which fewer may be reached.  Where no member is known all steps are theirs.
    """
    kept = np.zeros(len(graph.arcs.targets), bool)
    for member in every:
        kept |= member.steps(graph.arcs)
    return graph if not every or kept.all() else replace(graph, arcs=graph.arcs.only(kept))


def members(graph: StateGraph) -> tuple[Member, ...]:
    """Every process that can take a step somewhere, in the order of the spec and of the values of their `each`."""
    found = []
    for participant in graph.instance.participants:
        by_key: dict[tuple[Any, ...], set[int]] = {}
        for label, (action, given) in enumerate(graph.moves):
            key = participant.goes_on.key(action, given)
            if key is not None:
                by_key.setdefault(key, set()).add(label)
        ordered = sorted(by_key, key=lambda key: [order_key(value) for value in key])
        found += [Member(participant, key, frozenset(by_key[key])) for key in ordered]
    return tuple(found)
