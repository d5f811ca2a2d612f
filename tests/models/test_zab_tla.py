"""ZabTLA against Zab.tla, state for state, and against the figures that its authors publish."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

import pytest
from tests.models.raft_search import search_to

from mcheck.checker.engines import search
from mcheck.models.zab_tla import ZabTLA
from mcheck.models.zab_tla_state import Ack, Committed, Node, Role, State, Txn, Violated, ZabState, Zxid
from mcheck.spec import Set, UsageError, action, any, len, max, replay, require
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

# ---------------------------------------------------------------------- counts

TLC = {  # (transactions, timeouts): distinct, generated, depth in steps, for 2 servers, by TLC without symmetry
    (1, 0): (39, 43, 14),
    (2, 0): (103, 151, 19),
    (2, 1): (2285, 3025, 28),
    (2, 2): (30993, 39957, 37),
}


THREE = {"nodes": 3, "max_in_channel": 8}


def small(transactions: int, timeouts: int, **more: int) -> ZabTLA:
    return ZabTLA(max_transactions=transactions, max_timeouts=timeouts, **more)


@pytest.mark.parametrize(
    "case", [(1, 0), (2, 0), (2, 1), pytest.param((2, 2), marks=pytest.mark.slow)], ids=lambda c: f"{c[0]},{c[1]}"
)
def test_two_servers_by_plain_functions(case: tuple[int, int]) -> None:
    found = search_to(small(*case))
    assert found.counts == TLC[case]
    assert found.violated == {}
    assert not found.cut


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=() if c == (2, 2) else pytest.mark.slow) for c in TLC],
    ids=lambda c: f"{c[0]},{c[1]}",
)
def test_two_servers_by_compiled_code(case: tuple[int, int]) -> None:
    pytest.importorskip("llvmlite")
    found = search(small(*case).instance, engine="native", symmetry=False)
    assert (found.distinct, found.generated, found.depth) == TLC[case]
    assert found.result == "holds"


class AsTLCGenerates(ZabTLA):
    """TLC makes one successor for each disjunct that is true.  In LeaderProcessACK two can be true at once, with one
    successor: nothing is outstanding and the zxid is committed already; what comes before is not committed and no quorum
    has the transaction."""

    @action
    def leader_process_ack_by_another_disjunct(self, s: State, i: Node, j: Node) -> State:
        m = self.head(s, i, j, Ack)
        me = s.servers[i]
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        history, done = me.history, me.last_committed
        index = self.index_of(history, m.zxid)
        require(index >= 1 and index <= len(history), "the proposal exists")
        acked = max(
            (k + 1 for k in range(self.max_log) if k < len(history) and any(j == x for x in history[k].ack_sid)),
            default=-1,
        )
        require(acked == -1 or acked + 1 == index, "acknowledged in order")
        after = me.replace(history=self.with_acks(history, j, m.zxid, m.zxid)).history
        quorum = self.is_quorum(len(after[index - 1].ack_sid))
        idle, committed = done.index == len(history), m.zxid <= done.zxid
        early = not idle and not committed and done.index < index - 1 and not quorum
        require((idle and committed) or early, "two disjuncts are true")
        return self.leader_process_ack(s, i, j)


@pytest.mark.parametrize(
    ("spec", "constants", "generated", "depth"),
    [
        (ZabTLA, {"max_timeouts": 1, "max_restarts": 1}, 26865, 37),
        pytest.param(ZabTLA, {"max_timeouts": 2}, 19980, 37, marks=pytest.mark.slow),
        pytest.param(ZabTLA, {"max_timeouts": 0, "max_restarts": 2}, 25959, 37, marks=pytest.mark.slow),
        pytest.param(AsTLCGenerates, {**THREE, "max_timeouts": 1}, 610035, 42, marks=pytest.mark.slow),
        pytest.param(
            AsTLCGenerates, {**THREE, "max_timeouts": 0, "max_restarts": 1}, 1902139, 49, marks=pytest.mark.slow
        ),
    ],
)
def test_the_published_figures(spec: type[ZabTLA], constants: dict[str, int], generated: int, depth: int) -> None:
    """verification-statistics.md beside the module: by TLC, with symmetry, (N, 2, T, R); its diameter counts states."""
    pytest.importorskip("llvmlite")
    found = search(spec(**constants).instance, engine="native", symmetry=True)
    assert (found.generated, found.depth) == (generated, depth)
    assert found.result == "holds"


@pytest.mark.slow
def test_three_servers() -> None:
    pytest.importorskip("llvmlite")
    found = search(ZabTLA(**THREE, max_timeouts=1).instance, engine="native", symmetry=True)
    assert found.distinct == 251332  # TLC, with symmetry
    assert found.result == "holds"


# ---------------------------------------------------------------------- scenes


def pair(name: str, i: int, j: int) -> str:
    return f"{name}(i={i}, j={j})"


JOIN = [
    "update_leader(i=0)",
    "follow_leader(i=1)",
    pair("connect_and_follower_send_cepoch", 0, 1),
    pair("leader_process_cepoch", 0, 1),
    pair("follower_process_newepoch", 1, 0),
]
SYNC = [
    pair("leader_process_ackepoch", 0, 1),
    pair("follower_process_newleader", 1, 0),
    pair("leader_process_ackld", 0, 1),
    pair("follower_process_commitld", 1, 0),
]
COMMIT = [
    "leader_process_request(i=0)",
    "leader_broadcast_propose(i=0)",
    pair("follower_process_propose", 1, 0),
    pair("leader_process_ack", 0, 1),
    pair("follower_process_commit", 1, 0),
]


def run(spec: ZabTLA, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def test_a_transaction_is_committed_in_fourteen_steps() -> None:
    last = run(ZabTLA(), [*JOIN, *SYNC, *COMMIT])
    assert [last.servers[Node(i)].last_committed.index for i in range(2)] == [1, 1]
    assert len([*JOIN, *SYNC, *COMMIT]) == 14
    assert last.violated == Violated()


def test_a_leader_stops_with_its_quorum() -> None:
    """Why an epoch may be acknowledged twice there: the leader that had the first ACKEPOCH leads no more."""
    last = run(ZabTLA(), [*JOIN, pair("timeout", 0, 1)])
    assert all(last.servers[Node(i)].state == Role.LOOKING for i in range(2))
    assert last.servers[Node(0)].learners == Set()


def test_only_two_or_three_processes() -> None:
    with pytest.raises(UsageError, match=r"ZabTLA.nodes must be 2 or 3, .* \(got 4\)"):
        _ = ZabTLA(nodes=4).instance.initial


# ---------------------------------------------------------------------- properties that can fail


class CommitsAlone(ZabTLA):
    """Half of two servers is a quorum."""

    def is_quorum(self, size: int) -> bool:
        return size * 2 >= self.nodes


def test_a_step_that_meets_what_it_should_not_is_noticed() -> None:
    found = search_to(CommitsAlone(max_timeouts=0), check=("DuringActionCheck",))
    assert len(found.violated["DuringActionCheck"]) == 8


def txn(epoch: int, counter: int) -> Txn:
    return Txn(zxid=Zxid(epoch=epoch, counter=counter), value=0, ack_sid=Set(), epoch=epoch)


def changed(spec: ZabTLA, i: int, **fields: Any) -> State:
    """An initial state in which process i is another."""
    state: State = spec.instance.initial[0]
    return state.replace(servers=state.servers.set(Node(i), state.servers[Node(i)].replace(**fields)))


def violated_in(spec: ZabTLA, state: State) -> list[str]:
    with spec.instance.active():
        return [p.title for p in spec.instance.properties if p.kind == "always" and not spec.instance.holds(p, state)]


def test_each_property_can_fail() -> None:
    spec = ZabTLA()
    one = Committed(index=1, zxid=Zxid(epoch=1, counter=1))
    ahead = changed(spec, 0, history=(txn(1, 1),), last_committed=one)
    other = ahead.servers[Node(0)].replace(history=(txn(2, 1),))
    assert violated_in(spec, ahead) == []
    assert violated_in(spec, ahead.replace(servers=ahead.servers.set(Node(1), other))) == ["PrefixConsistency"]
    assert violated_in(spec, changed(spec, 0, history=(txn(1, 1),), last_committed=one, state=Role.FOLLOWING)) == [
        "Integrity"
    ]
    assert violated_in(spec, changed(spec, 0, history=(txn(1, 1), txn(1, 1)))) == ["zxids are unique"]
    leading = changed(spec, 0, state=Role.LEADING, zab_state=ZabState.BROADCAST)
    both = leading.replace(servers=leading.servers.set(Node(1), leading.servers[Node(0)]))
    assert violated_in(spec, both) == ["Leadership1"]
    led = spec.instance.initial[0].epoch_leader.set(1, Set.of(Node(0), Node(1)))
    assert violated_in(spec, spec.instance.initial[0].replace(epoch_leader=led)) == ["Leadership2"]


# ---------------------------------------------------------------------- the traced form


def test_the_traced_form_agrees() -> None:
    instance = ZabTLA(max_restarts=1).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 100))) == []
