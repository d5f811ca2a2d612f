"""Lassos in small random graphs, decided by trying out every set of states.

What breaks if these fail: a fair component is missed, and a property is said to hold that does not; or a behaviour is shown
that is not fair, or reaches the goal.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.liveness.brute_force import SmallGraph, is_forbidden_lasso, violated

from mcheck.checker.liveness.arcs import Arcs, demand
from mcheck.checker.liveness.lassos import LassoSearch, forbidden
from mcheck.spec.declare import TEMPORAL

LABELS = 4


@st.composite
def graphs(draw: st.DrawFn) -> SmallGraph:
    states = draw(st.integers(1, 6))
    state, label = st.integers(0, states - 1), st.integers(0, LABELS - 1)
    steps = draw(st.sets(st.tuples(state, label, state).filter(lambda s: s[0] != s[2]), max_size=14))
    cut = draw(st.sets(st.tuples(state, label), max_size=2))
    labels = st.frozensets(label, min_size=1, max_size=3)
    demands = draw(st.lists(st.tuples(st.booleans(), labels), max_size=4))
    return SmallGraph(
        states, draw(st.integers(1, min(2, states))), tuple(sorted(steps)), tuple(sorted(cut)), tuple(demands)
    )


def arcs_of(graph: SmallGraph) -> Arcs:
    sources = [a for a, _, _ in graph.steps]
    return Arcs(
        graph.states,
        np.searchsorted(sources, np.arange(graph.states + 1)).astype(np.int64),
        np.array([b for _, _, b in graph.steps], np.int32),
        np.array([label for _, label, _ in graph.steps], np.uint16),
        np.array([a for a, _ in graph.cut], np.int32),
        np.array([label for _, label in graph.cut], np.uint16),
    )


def compare(graph: SmallGraph, kind: str, first: set[int], second: set[int]) -> None:
    arcs = arcs_of(graph)
    search = LassoSearch(arcs, graph.initial, [demand(arcs, strong, labels) for strong, labels in graph.demands])
    p, q = (np.isin(np.arange(graph.states), sorted(s)) for s in (first, second))
    wrong = forbidden(kind, p, q)
    found = search.find(wrong, search.region(wrong))
    assert (found is not None) == violated(graph, kind, first, second)
    if found is not None:
        assert is_forbidden_lasso(graph, kind, first, second, found.initial, found.stem, found.cycle)


states = st.sets(st.integers(0, 6))


@pytest.mark.parametrize("kind", TEMPORAL)
@settings(max_examples=75, deadline=None)
@given(graph=graphs(), first=states, second=states)
def test_a_lasso_is_found_exactly_where_there_is_one(
    kind: str, graph: SmallGraph, first: set[int], second: set[int]
) -> None:
    compare(graph, kind, first, second)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEMPORAL)
@settings(max_examples=10_000, deadline=None)
@given(graph=graphs(), first=states, second=states)
def test_a_lasso_is_found_exactly_where_there_is_one_in_ten_thousand(
    kind: str, graph: SmallGraph, first: set[int], second: set[int]
) -> None:
    compare(graph, kind, first, second)


def test_the_stem_is_a_shortest_one_and_the_cycle_meets_strong_demands_only_where_it_must() -> None:
    """0 → 1 → 2 ⇄ 3, and 1 ⇄ 4 where the strong demand on label 3 is never enabled: the near cycle needs no more."""
    steps = ((0, 0, 1), (1, 0, 2), (1, 1, 4), (2, 0, 3), (2, 3, 1), (3, 0, 2), (4, 1, 1))
    graph = SmallGraph(5, 1, steps, (), ((True, frozenset({3})),))
    arcs = arcs_of(graph)
    search = LassoSearch(arcs, 1, [demand(arcs, True, frozenset({3}))])
    wrong = forbidden("eventually", np.zeros(5, bool), np.zeros(5, bool))
    found = search.find(wrong, search.region(wrong))
    assert found is not None
    assert (found.stem, found.cycle) == ([], [])  # to stutter at once is fair: nothing is demanded in 0
    weak = LassoSearch(arcs, 1, [demand(arcs, True, frozenset({3})), demand(arcs, False, frozenset({0, 1}))])
    found = weak.find(wrong, weak.region(wrong))
    assert found is not None
    assert [len(found.stem), len(found.cycle)] == [1, 2]


def test_what_a_strong_demand_takes_away_is_no_more_than_it_must() -> None:
    """0 → 1 → 2 → 0 and 1 → 0.  Out of 2 a cut step is demanded strongly, so a fair cycle keeps away from it; the strong demand
    on 0 → 1 is met, and its state must stay."""
    steps = ((0, 0, 1), (1, 1, 0), (1, 2, 2), (2, 2, 0))
    labels = ((True, frozenset({3})), (True, frozenset({0})), (False, frozenset({1, 2})))
    graph = SmallGraph(3, 1, steps, ((2, 3),), labels)
    arcs = arcs_of(graph)
    search = LassoSearch(arcs, 1, [demand(arcs, strong, of) for strong, of in labels])
    wrong = forbidden("eventually", np.zeros(3, bool), np.zeros(3, bool))
    found = search.find(wrong, search.region(wrong))
    assert found is not None
    assert (found.stem, found.cycle) == ([], [0, 1])
