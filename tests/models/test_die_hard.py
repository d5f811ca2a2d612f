"""The jugs: the counts of TLC, and the solution as the shortest counterexample."""

import pytest
from tests.models.bfs import search

from mcheck.models.die_hard import DieHard, State
from mcheck.spec import Failure, action, replay


def test_counts() -> None:
    found = search(DieHard())
    assert found.counts == (16, 97, 7)  # TLC: 16 distinct, 97 generated, depth 8 in states
    assert found.actions == dict.fromkeys(found.actions, 16)


def test_the_shortest_counterexample_solves_the_puzzle() -> None:
    solution = search(DieHard()).violated["Not four gallons"]
    assert len(solution) == 6
    instance = DieHard().instance
    assert replay(instance, instance.initial[0], solution).last.big == 4


def test_the_solution_by_hand() -> None:
    moves = ["fill_big()", "big_to_small()", "empty_small()", "big_to_small()", "fill_big()", "big_to_small()"]
    instance = DieHard().instance
    levels = [(s.small, s.big) for s in replay(instance, instance.initial[0], moves).states]
    assert levels == [(0, 0), (0, 5), (3, 2), (0, 2), (2, 0), (2, 5), (3, 4)]


class Overfills(DieHard):
    @action
    def small_to_big(self, s: State) -> State:
        return s.replace(small=0, big=s.big + s.small)


def test_a_jug_cannot_hold_more_than_it_holds() -> None:
    with pytest.raises(Failure, match=r"State\.big"):
        search(Overfills())
