"""Valency and the lemmas on random graphs, against the definitions followed word by word.

What breaks if these fail: what is called bivalent, or blocked, is not what the definition says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.valency.toys import Rope

from mcheck.checker.liveness.arcs import Arcs
from mcheck.checker.liveness.graph import StateGraph
from mcheck.checker.valency.inputs import inputs, neighbours
from mcheck.checker.valency.lemmas import bivalence_lost, blocked_without
from mcheck.checker.valency.members import members, without_faults
from mcheck.checker.valency.valencies import Valencies, valencies
from mcheck.spec import Map, Record

ROPE = Rope().instance
LEFT, RIGHT, NOBODY = 0, 1, 2
"""Labels: a step of left, of right, of the environment."""


@dataclass(frozen=True)
class Drawn:
    """States 0 to count - 1, steps as (source, target, label), and where each of the two values is decided."""

    count: int
    steps: tuple[tuple[int, int, int], ...]
    decided: tuple[frozenset[int], frozenset[int]]

    def reached(self, start: int, labels: set[int], within: set[int] | None = None) -> set[int]:
        found, left = {start}, [start]
        while left:
            here = left.pop()
            for source, target, label in self.steps:
                inside = within is None or target in within
                if source == here and label in labels and target not in found and inside:
                    found.add(target)
                    left.append(target)
        return found

    def valency(self, state: int) -> set[int]:
        return {k for k in (0, 1) if self.reached(state, {LEFT, RIGHT, NOBODY}) & self.decided[k]}

    def studied(self) -> Valencies:
        steps = sorted(self.steps)
        offsets = np.searchsorted([s for s, _, _ in steps], range(self.count + 1)).astype(np.int64)
        targets = np.array([target for _, target, _ in steps], np.int32)
        labels = np.array([label for _, _, label in steps], np.uint16)
        none = np.empty(0, np.int32), np.empty(0, np.uint16)
        arcs = Arcs(self.count, offsets, targets, labels, *none)
        rule = ROPE.decision
        assert rule is not None
        masks = [np.array([s in self.decided[k] for s in range(self.count)]) for k in (0, 1)]
        judged = {
            (rule.name, arguments): (mask, mask)
            for arguments, mask in zip(rule.signature.arguments(None), masks, strict=True)
        }
        moves: list[Any] = [(ROPE.action("left"), {}), (ROPE.action("right"), {}), (_Nobody(), {})]
        graph = StateGraph(ROPE, list(range(self.count)), 1, arcs, moves, {}, False, judged)
        return valencies(graph, rule)


class _Nobody:
    name = "nobody"


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    count = draw(st.integers(2, 7))
    states = st.integers(0, count - 1)
    steps = draw(st.lists(st.tuples(states, states, st.integers(0, 2)), max_size=14, unique=True))
    steps = [(a, b, label) for a, b, label in steps if a != b]
    return Drawn(
        count, tuple(steps), (draw(st.frozensets(states, max_size=2)), draw(st.frozensets(states, max_size=2)))
    )


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_valency(drawn: Drawn) -> None:
    found = drawn.studied()
    wanted = [drawn.valency(state) for state in range(drawn.count)]
    assert found.bivalent.tolist() == [len(v) == 2 for v in wanted]
    assert [found.univalent(k).tolist() for k in (0, 1)] == [[v == {k} for v in wanted] for k in (0, 1)]
    assert found.null.tolist() == [not v for v in wanted]
    for state, valency in enumerate(wanted):
        assert len(found.of(state)) == len(valency)
        for value in valency:
            steps = found.way_to(value, state)
            ends = [state, *(int(found.graph.arcs.targets[s]) for s in steps)]
            assert [int(found.graph.arcs.sources[s]) for s in steps] == ends[:-1]
            assert ends[-1] in drawn.decided[value]


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_lemma_3_and_silence(drawn: Drawn) -> None:
    found = drawn.studied()
    proper = without_faults(found.graph, members(found.graph))
    reached = drawn.reached(0, {LEFT, RIGHT})
    bivalent = {s for s in range(drawn.count) if len(drawn.valency(s)) == 2}
    for member, label in zip(members(found.graph), (LEFT, RIGHT), strict=True):
        kept = {a for a, b, of in drawn.steps if of == label and a in bivalent and b in bivalent}
        lost = {s for s in bivalent & reached if not drawn.reached(s, {LEFT, RIGHT}, bivalent) & kept}
        assert set(np.flatnonzero(bivalence_lost(found, proper, member)).tolist()) == lost
        others = {LEFT, RIGHT, NOBODY} - {label}
        blocked = {s for s in reached if not drawn.reached(s, others) & (drawn.decided[0] | drawn.decided[1])}
        assert set(np.flatnonzero(blocked_without(found, proper, member)).tolist()) == blocked


# ---------------------------------------------------------------------- inputs


class Chosen(Record):
    value: int
    again: int


class Start(Record):
    members: Map[str, Chosen]
    known: bool = False


def start(*values: int, known: bool = False) -> Start:
    from mcheck.models.one_round import OneRound, Process

    with OneRound(processes=len(values)).instance.active():
        of = dict(zip(Process, (Chosen(value=v, again=v) for v in values), strict=True))
        return Start(members=Map.of(Process, of.__getitem__), known=known)


def test_neighbours_differ_in_one_input() -> None:
    states = [start(0, 0), start(0, 1), start(1, 1)]
    found = [(a, b, repr(key)) for a, b, key in neighbours(inputs(states))]
    assert sorted(found) == [(0, 1, "Process(1)"), (1, 2, "Process(0)")]


def test_what_is_nobodys_input_makes_no_neighbours_unless_it_is_a_ghost() -> None:
    states = [start(0, 0), start(0, 1, known=True)]
    assert list(neighbours(inputs(states))) == []
    assert [(a, b) for a, b, _ in neighbours(inputs(states, {"known"}))] == [(0, 1)]
