"""Dining philosophers: the counts of TLC, nobody starves, and who keeps forks does."""

import pytest
from tests.models.bfs import search

from mcheck.checker.liveness.engine import decide
from mcheck.models.dining_philosophers import DiningPhilosophers, KeepsForks


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_counts(n: int) -> None:
    found = search(DiningPhilosophers(philosophers=n))
    assert found.counts[0] == 2 ** (n + 1) + 3
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {"a philosopher eats": 3 if n == 2 else 4}


def test_who_keeps_the_right_fork_makes_all_wait_for_each_other() -> None:
    violation = decide(KeepsForks().instance).violation
    assert violation is not None and violation.lasso is not None
    assert violation.lasso.behavior.labels == ("loop(p=0)", "loop(p=2)", "loop(p=3)", "loop(p=4)")
