"""EWD840: the counts of TLC."""

from tests.models.bfs import search

from mcheck.checker.limits import Watch
from mcheck.checker.liveness.graph import PlainExploration
from mcheck.checker.verdict import Limits
from mcheck.models.ewd840 import EWD840, Color


def test_counts() -> None:
    found = search(EWD840())
    assert found.counts[:2] == (302, 1817)
    assert found.violated == {}


def test_tlc_generates_a_step_for_each_reason_to_send_the_token() -> None:
    """Its 2,001: each true part of the disjunctions in InitiateProbe and PassToken is a step of its own there."""
    graph = PlainExploration(EWD840().instance, Watch(Limits())).run()
    more = 0
    for s in graph.states:
        reasons = [s.token_color == Color.BLACK, s.color[s.token_at] == Color.BLACK]
        reasons += [not s.active[s.token_at]] if s.token_at else []
        more += max(0, sum(reasons) - 1)
    assert 1817 + more == 2001
