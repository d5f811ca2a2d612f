"""The article's Go node: both stubs, the re-check that it has, the wait that never ends; and the node without these faults."""

import random
from itertools import islice

import pytest
from tests.models.bfs import Search
from tests.models.bfs import search as every_state
from tests.models.raft_search import search_to

from mcheck.checker.engines import search
from mcheck.models.textbook_go import (
    AsWritten,
    GrantsUnseen,
    Node,
    NodeState,
    NoRecheck,
    State,
    TextbookGo,
    WaitsForAll,
)
from mcheck.spec import ReplayMismatch, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states


def lengths(traces: dict[str, list[str]]) -> dict[str, int]:
    return {title: len(labels) for title, labels in traces.items()}


def run(spec: TextbookGo, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def ends_of(spec: TextbookGo, found: Search) -> list[State]:
    """The states in which no step is possible."""
    with spec.instance.active():
        return [s for s in found.parents if not list(spec.instance.transitions(s))]


def place(s: State) -> int:
    """How far the nodes have come, together: follower, candidate, waiting, leader."""
    places = {NodeState.FOLLOWER: 0, NodeState.CANDIDATE: 1, NodeState.LEADER: 3}
    return sum(places[me.state] + (me.election is not None) for me in s.nodes.values())


def wins(i: int, *peers: int) -> list[str]:
    asked = [f"request_vote(i={i}, j={j})" for j in peers]
    return [f"election_timeout(i={i})", f"start_election(i={i})", *asked, f"conclude(i={i})"]


# ---------------------------------------------------------------------- the mended node


def test_the_mended_node() -> None:
    found = search_to(TextbookGo(max_term=1))
    assert found.violated == {}
    assert found.counts == (703, 3181, 15)
    assert lengths(found.reached) == {"a leader is elected": 5}


def test_default_bounds() -> None:
    pytest.importorskip("llvmlite")
    found = search(TextbookGo().instance, engine="native", symmetry=False)
    assert (found.violation, found.distinct, found.generated, found.depth) == (None, 12783, 60601, 27)
    assert {p.rule.title: p.steps for p in found.properties if p.finding == "reached"} == {
        "a leader is elected": 5,
        "a leader has stepped down": 8,
    }


def test_a_leader_learns_of_a_newer_term_from_an_answer() -> None:
    """What G-2 and S-12 lack."""
    cut_off = ["election_timeout(i=1)", "start_election(i=1)", "request_vote(i=1, j=2)"]
    both = [*wins(0, 1, 2), *cut_off, "request_vote_fails(i=1, j=0)", "conclude(i=1)"]
    assert [run(TextbookGo(), both).nodes[Node(i)].state for i in (0, 1)] == [NodeState.LEADER, NodeState.LEADER]
    after = run(TextbookGo(), [*both, "send_heartbeat(i=0, j=2)"])
    assert after.nodes[Node(0)].state == NodeState.FOLLOWER


def test_a_candidate_that_has_lost_is_a_candidate_again_at_once() -> None:
    """G-5: no timer stands between two elections."""
    lost = [
        "election_timeout(i=0)",
        "start_election(i=0)",
        "request_vote_fails(i=0, j=1)",
        "request_vote_fails(i=0, j=2)",
    ]
    after = run(TextbookGo(), [*lost, "conclude(i=0)", "start_election(i=0)"])
    assert after.nodes[Node(0)].current_term == 2


# ---------------------------------------------------------------------- G-1, G-2: the stubs


@pytest.mark.parametrize("nodes", [2, 3, 5])
def test_as_written_all_nodes_lead_in_the_end(nodes: int) -> None:
    """A node is in one of four places whatever the others do, and no step leads back."""
    found = every_state(AsWritten(nodes=nodes))
    assert found.counts[0] == 4**nodes
    assert found.counts[2] == 3 * nodes
    assert lengths(found.violated) == {"Election Safety": 6}
    assert lengths(found.reached) == {"a leader is elected": 3, "all nodes lead": 3 * nodes}
    spec = AsWritten(nodes=nodes)
    with spec.instance.active():
        for s in found.parents:
            assert all(place(after) == place(s) + 1 for _, _, after in spec.instance.transitions(s))
    (end,) = ends_of(spec, found)
    assert {(me.state, me.current_term) for me in end.nodes.values()} == {(NodeState.LEADER, 1)}


def test_a_leader_does_not_step_down_as_written() -> None:
    assert "a leader has stepped down" not in every_state(AsWritten()).reached


def test_votes_that_nobody_remembers() -> None:
    assert lengths(search_to(GrantsUnseen(max_term=1)).violated) == {"Election Safety": 6}


# ---------------------------------------------------------------------- G-4: the re-check

OVERTAKEN = [
    *wins(0, 1, 2)[:3],
    "election_timeout(i=1)",
    "start_election(i=1)",  # term 2
    "request_vote(i=0, j=2)",
    "request_vote(i=1, j=0)",
    "request_vote(i=1, j=2)",
    "conclude(i=0)",
    "conclude(i=1)",
]


def test_the_re_check_of_the_article_is_needed() -> None:
    assert lengths(search_to(NoRecheck()).violated) == {"Election Safety": 10}
    last = run(NoRecheck(), OVERTAKEN)
    assert [last.nodes[Node(i)].state for i in (0, 1)] == [NodeState.LEADER, NodeState.LEADER]
    kept = run(TextbookGo(), OVERTAKEN)
    assert [kept.nodes[Node(i)].state for i in (0, 1)] == [NodeState.FOLLOWER, NodeState.LEADER]


# ---------------------------------------------------------------------- G-6: wg.Wait


def test_one_dead_peer_blocks_every_election() -> None:
    found = search_to(WaitsForAll(dead=1))
    assert found.violated == {} and found.reached == {}
    stuck = ends_of(WaitsForAll(dead=1), found)
    assert stuck
    assert all(me.election is not None for s in stuck for i, me in s.nodes.items() if i not in s.down)


def test_calls_that_time_out_do_not() -> None:
    found = search_to(TextbookGo(dead=1))
    assert found.violated == {}
    assert lengths(found.reached)["a leader is elected"] == 5
    assert search_to(TextbookGo(dead=2, max_term=1)).reached == {}  # one of three is no quorum


def test_the_dead_take_no_step() -> None:
    spec = TextbookGo(dead=1)
    (first,) = [s for s in spec.instance.initial if Node(0) in s.down]
    with pytest.raises(ReplayMismatch, match="i is up"):
        replay(spec.instance, first, ["election_timeout(i=0)"])
    with pytest.raises(ReplayMismatch, match="j is up"):
        replay(spec.instance, first, ["election_timeout(i=1)", "start_election(i=1)", "request_vote(i=1, j=0)"])


def test_the_traced_form_agrees() -> None:
    instance = TextbookGo(dead=1).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 50))) == []
