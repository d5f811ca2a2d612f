"""The lemmas of the proof, looked up in a state graph instead of proved.

Source: M. Fischer, N. Lynch and M. Paterson, Impossibility of Distributed Consensus with One Faulty Process, JACM 32 (1985),
section 3.  Lemma 2: some initial configuration is bivalent.  Lemma 3: from a bivalent configuration, whatever event is due, a
bivalent configuration is reached in which it has just taken place.  What both rest on is that a decision can be reached although
one process, whichever it is, takes no more steps.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from mcheck.checker.liveness.arcs import Mask, Reach
from mcheck.checker.liveness.graph import StateGraph
from mcheck.checker.valency.inputs import inputs, neighbours
from mcheck.checker.valency.members import Member
from mcheck.checker.valency.valencies import Valencies, backward


@dataclass(frozen=True)
class Neighbours:
    """Two initial states, by number, that differ in what `key` starts with, and in V(C)."""

    first: int
    second: int
    key: Hashable


def neighbours_apart(found: Valencies) -> Neighbours | None:
    """Two initial states that differ in one input and in their valency; two univalent ones, if there are any.

    Lemma 2 is proved by such a pair: if both were univalent, the decision would depend on a process that may be silent.
    """
    graph = found.graph
    given = inputs([graph.states[k] for k in range(graph.initial)], graph.instance.ghosts)
    best: tuple[int, Neighbours] | None = None
    for first, second, key in neighbours(given):
        if found.of(first) != found.of(second):
            both = int(found.sizes[first]) + int(found.sizes[second])
            if best is None or both < best[0]:
                best = both, Neighbours(first, second, key)
    return None if best is None else best[1]


def bivalence_lost(found: Valencies, proper: StateGraph, member: Member) -> Mask:
    """The bivalent states from which no step of the member is reached that leads to a bivalent state.

    What leads to a bivalent state is bivalent, so that the way to such a step is too.
    `proper`: the graph in which Lemma 3 speaks, without faults; only what it reaches is looked at.  Cost: O(states + steps x
    log steps).
    """
    arcs, bivalent = proper.arcs, found.bivalent
    kept = member.steps(arcs) & bivalent[arcs.targets]
    starts = np.zeros(arcs.count, bool)
    starts[arcs.sources[kept]] = True
    return bivalent & reached(proper).mask & ~backward(arcs).to(starts).mask


def blocked_without(found: Valencies, proper: StateGraph, member: Member) -> Mask:
    """The states of `proper` that are reached and from which no decision is, unless the member takes a step.

    Other steps of the environment may be taken: in a spec in which a crash is a step, the member may crash.  Cost: O(states +
    steps x log steps).
    """
    arcs = found.graph.arcs
    others = backward(arcs.only(~member.steps(arcs)))
    return reached(proper).mask & ~others.to(~found.undecided).mask


def reached(graph: StateGraph) -> Reach:
    """The fewest steps from an initial state to each state."""
    return graph.arcs.reached(np.arange(graph.initial, dtype=np.int32), np.ones(graph.arcs.count, bool))
