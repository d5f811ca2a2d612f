"""Raft in large steps: its counts, and Figure 8."""

import pytest
from tests.models.bfs import search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.models.raft_macro import Commit, CommitsOldTerms, RaftMacro, State
from mcheck.spec import ReplayMismatch, replay

WITNESSES = {"a leader is elected": 1, "an entry is committed": 4}

# ---------------------------------------------------------------------- counts: no other source


def test_one_entry() -> None:
    found = search(RaftMacro(max_term=2, max_log=1))
    assert found.counts == (499, 1999, 7)
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == WITNESSES


def test_default_bounds() -> None:
    found = native_search(RaftMacro())
    assert counts(found) == (162994, 697948, 13)
    assert found.levels == (
        1, 24, 216, 882, 2604, 7149, 16731, 29337, 37446, 34218, 22098, 9480, 2358, 450,
    )  # fmt: skip
    assert witnessed(found) == WITNESSES


# ---------------------------------------------------------------------- Figure 8

FIGURE_8 = [
    "elect(i=0, t=1, q={0, 1})",
    "client_request(i=0)",
    "elect(i=1, t=2, q={1, 2})",
    "elect(i=0, t=3, q={0, 2})",
    "replicate(i=0, j=2)",  # the entry of term 1 is on a majority: (c) of the figure
    "commit(i=0, index=1)",
    "client_request(i=1)",  # the leader of term 2 is still about
    "elect(i=1, t=4, q={0, 1})",  # (d): its entry is the later one
]


def run(spec: RaftMacro, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def test_figure_8() -> None:
    spec = CommitsOldTerms(max_log=1)
    last = run(spec, FIGURE_8)
    assert Commit(log_index=1, entry=1, term=3) in last.committed
    with spec.instance.active():
        (broken,) = [
            p.title for p in spec.instance.properties if p.kind == "always" and not spec.instance.holds(p, last)
        ]
    assert broken == "Leader Completeness"


def test_figure_8_is_harmless_where_only_entries_of_the_own_term_are_counted() -> None:
    with pytest.raises(ReplayMismatch, match="the entry is of the leader's own term"):
        run(RaftMacro(max_log=1), FIGURE_8)
    last = run(RaftMacro(max_log=1), [*FIGURE_8[:5], *FIGURE_8[6:]])
    assert not last.committed


def test_an_own_entry_commits_what_is_before_it() -> None:
    """(e) of the figure: with an entry of term 3 on a majority, the one of term 1 is committed too, and 1 is not elected."""
    spec = RaftMacro()
    own = [*FIGURE_8[:5], "client_request(i=0)", "replicate(i=0, j=2)", "commit(i=0, index=2)"]
    last = run(spec, own)
    assert {(c.log_index, c.entry, c.term) for c in last.committed} == {(1, 1, 3), (2, 3, 3)}
    with pytest.raises(ReplayMismatch, match="as up to date"):
        run(spec, [*own, "client_request(i=1)", "elect(i=1, t=4, q={0, 1})"])
