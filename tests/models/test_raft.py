"""Raft: its counts, the scenes of the paper, every known fault with its shortest trace, and safe variants."""

import random
from itertools import islice

import pytest
from tests.models.raft_search import search_to

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.models.raft import AppendEntries, AppendEntriesReply, Log, Node, Raft, Role, Server, State, Value
from mcheck.models.raft_election_tweaks import (
    FreesVoteOnAppend,
    FreesVoteOnStepDown,
    WritesTermThenVote,
)
from mcheck.models.raft_log_tweaks import (
    CommitsOldTerms,
    CommitsOwnSuffix,
    CommitsUnseen,
    SkipsConsistencyCheck,
    TruncatesInOrder,
)
from mcheck.models.raft_networks import Dropping, DroppingAndDuplicating, Duplicating, Fifo
from mcheck.spec import ReplayMismatch, Set, action, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

WITNESSES = {"a leader is elected": 3, "an entry is committed": 7}  # protocols.md's granularity G-msg

# ---------------------------------------------------------------------- counts: no other source; a change of them is a change of the model


def lengths(traces: dict[str, list[str]]) -> dict[str, int]:
    return {title: len(labels) for title, labels in traces.items()}


def test_small_bounds() -> None:
    found = search_to(Raft(max_log=1, max_messages=3), depth=9)
    assert found.levels == [1, 3, 9, 15, 51, 195, 531, 1164, 2502, 5409]
    assert found.violated == {}
    assert lengths(found.reached) == WITNESSES


@pytest.mark.slow
def test_small_bounds_to_depth_12() -> None:
    found = search_to(Raft(max_log=1, max_messages=3), depth=12)
    assert found.counts == (64441, 298105, 12)
    assert found.violated == {}


def test_default_bounds_to_depth_12() -> None:
    """What the README shows: by the native engine, whose counts the reference engine shares."""
    pytest.importorskip("llvmlite")
    found = search(Raft().instance, engine="native", limits=Limits(depth=12), symmetry=False)
    assert (found.distinct, found.generated, found.depth) == (424798, 1810687, 12)
    assert {p.rule.title: p.steps for p in found.properties if p.finding == "reached"} == WITNESSES
    assert found.violation is None
    orbits = search(Raft().instance, engine="native", limits=Limits(depth=12))
    assert (orbits.distinct, orbits.generated) == (70918, 302430)


@pytest.mark.parametrize(
    ("bounds", "counts"),
    [
        ({"nodes": 1, "max_term": 1, "max_log": 2, "max_messages": 2}, (7, 11, 4)),
        ({"nodes": 2, "max_term": 1, "max_log": 2, "max_messages": 2, "max_restarts": 0}, (446, 2731, 23)),
        ({"nodes": 3, "max_term": 1, "max_log": 1, "max_messages": 2, "max_restarts": 0}, (3205, 27544, 21)),
        ({"nodes": 3, "max_term": 1, "max_log": 1, "max_messages": 2}, (9688, 74806, 24)),
    ],
)
def test_complete(bounds: dict[str, int], counts: tuple[int, int, int]) -> None:
    found = search_to(Raft(**bounds))
    assert found.counts == counts
    assert found.violated == {}
    assert set(found.actions) >= {"timeout", "client_request", "restart"}


# ---------------------------------------------------------------------- labels


def timeout(i: int) -> str:
    return f"timeout(i={i})"


def client(i: int, v: int = 0) -> str:
    return f"client_request(i={i}, v={v})"


def send(i: int, j: int) -> str:
    return f"append_entries(i={i}, j={j})"


def deliver(kind: str, i: int, j: int, term: int, **fields: object) -> str:
    written = {"src": i, "dst": j, "term": term, **fields}
    return f"deliver(m={kind}({', '.join(f'{name}={value}' for name, value in written.items())}))"


def request(i: int, j: int, term: int, index: int = 0, last: int = 0) -> str:
    return deliver("RequestVote", i, j, term, last_log_index=index, last_log_term=last)


def vote(i: int, j: int, term: int, granted: bool = True) -> str:
    return deliver("RequestVoteReply", i, j, term, vote_granted=granted)


def append(i: int, j: int, term: int, prev: tuple[int, int] = (0, 0), entry: int | None = None, commit: int = 0) -> str:
    entries = "()" if entry is None else f"(Entry(term={entry}, value=0),)"
    return deliver(
        "AppendEntries",
        i,
        j,
        term,
        prev_log_index=prev[0],
        prev_log_term=prev[1],
        entries=entries,
        leader_commit=commit,
    )


def answer(i: int, j: int, term: int, match: int, success: bool = True) -> str:
    return deliver("AppendEntriesReply", i, j, term, success=success, match_index=match)


def election(i: int, j: int, term: int, index: int = 0, last: int = 0) -> list[str]:
    """Server i wins `term` by the vote of j."""
    return [timeout(i), request(i, j, term, index, last), vote(j, i, term)]


def violated_in(spec: Raft, state: State) -> list[str]:
    with spec.instance.active():
        return [p.title for p in spec.instance.properties if p.kind == "always" and not spec.instance.holds(p, state)]


# ---------------------------------------------------------------------- scenarios

COMMIT = [*election(0, 1, 1), client(0), send(0, 1), append(0, 1, 1, entry=1), answer(1, 0, 1, 1)]


def run(spec: Raft, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def test_followers_learn_of_a_commit_by_a_heartbeat() -> None:
    before = run(Raft(), COMMIT)
    assert (before.servers[Node(0)].commit_index, before.servers[Node(1)].commit_index) == (1, 0)
    after = run(Raft(), [*COMMIT, send(0, 1), append(0, 1, 1, prev=(1, 1), commit=1)])
    assert after.servers[Node(1)].commit_index == 1


def test_a_server_does_not_vote_for_a_shorter_log() -> None:
    spec = Raft()
    refused = [*COMMIT, timeout(2), timeout(2)]  # to term 2, with an empty log
    with pytest.raises(ReplayMismatch, match="outside the bound max_messages"):
        run(spec, refused)
    spec = Raft(max_messages=6)
    with pytest.raises(ReplayMismatch, match="takes no such value"):
        run(spec, [*refused, request(2, 0, 2), vote(0, 2, 2)])
    after = run(spec, [*refused, request(2, 0, 2), vote(0, 2, 2, granted=False)])
    assert after.servers[Node(0)].role == Role.FOLLOWER
    assert after.servers[Node(2)].role == Role.CANDIDATE


def test_a_leader_does_not_time_out() -> None:
    with pytest.raises(ReplayMismatch, match=r"step 4.*a leader does not start an election"):
        run(Raft(), [*election(0, 1, 1), timeout(0)])


def test_a_restart_keeps_what_is_persistent() -> None:
    after = run(Raft(), [*COMMIT, "restart(i=0)"]).servers[Node(0)]
    assert (after.current_term, after.voted_for, len(after.log)) == (1, Node(0), 1)
    assert (after.role, after.commit_index, after.next_index[Node(1)]) == (Role.FOLLOWER, 0, 1)


def test_a_restart_that_loses_nothing_is_no_step() -> None:
    with pytest.raises(ReplayMismatch, match="the crash loses something"):
        run(Raft(), ["restart(i=0)"])


# Server 0 leads term 1 and keeps an entry to itself; 1 leads term 2 and hears of no request; 0 leads term 3, and copies its
# old entry to 2: a majority has it.  Then 1, which took an entry in term 2, leads term 4 by the vote of 2.
FIGURE_8 = [
    *election(0, 1, 1),
    client(0),
    *election(1, 2, 2),
    request(1, 0, 2),  # 0 steps down
    *election(0, 2, 3, index=1, last=1),
    send(0, 2),
    append(0, 2, 3, prev=(1, 1)),
    answer(2, 0, 3, 0, success=False),
    send(0, 2),
    append(0, 2, 3, entry=1),
    client(1),
    answer(2, 0, 3, 1),
    request(0, 1, 3, index=1, last=1),  # 1 steps down
    *election(1, 2, 4, index=1, last=2),
]
FIGURE_8_BOUNDS = {"max_term": 4, "max_log": 1, "max_messages": 9}


def test_figure_8_is_harmless_where_only_entries_of_the_own_term_are_counted() -> None:
    spec = Raft(**FIGURE_8_BOUNDS)
    last = run(spec, FIGURE_8)
    assert last.servers[Node(1)].role == Role.LEADER
    assert last.committed == Set()
    assert violated_in(spec, last) == []


def test_figure_8_loses_a_committed_entry_otherwise() -> None:
    spec = CommitsOldTerms(**FIGURE_8_BOUNDS)
    assert violated_in(spec, run(spec, FIGURE_8[:-1])) == []
    assert violated_in(spec, run(spec, FIGURE_8)) == ["Leader Completeness"]


# Server 0 keeps an entry of term 1 to itself.  1 takes another in term 2, and 2, which has a copy of it, leads term 3 and
# starts from its own end of the log.
LATE_ENTRY = [
    *election(0, 1, 1),
    client(0),
    *election(1, 2, 2),
    client(1),
    send(1, 2),
    append(1, 2, 2, entry=2),
    *election(2, 1, 3, index=1, last=2),
    client(2),
    send(2, 0),
    append(2, 0, 3, prev=(1, 2), entry=3),
]


@pytest.mark.parametrize(("raft", "violated"), [(Raft, []), (SkipsConsistencyCheck, ["Log Matching"])])
def test_the_consistency_check_keeps_logs_apart(raft: type[Raft], violated: list[str]) -> None:
    spec = raft(max_term=3, max_log=2, max_messages=9)
    assert violated_in(spec, run(spec, LATE_ENTRY)) == violated


# ---------------------------------------------------------------------- tweaks


def bounds(
    max_term: int, max_messages: int, *, nodes: int = 3, max_log: int = 1, max_restarts: int = 0
) -> dict[str, int]:
    return {
        "nodes": nodes, "max_term": max_term, "max_messages": max_messages, "max_log": max_log,
        "max_restarts": max_restarts,
    }  # fmt: skip


def test_a_good_quorum_stops_the_bad_ones() -> None:
    """What QuorumOfOne and HalfQuorum do is no step of Raft: the tweak is the cause."""
    assert search_to(Raft(**bounds(1, 2, nodes=2))).violated == {}
    assert search_to(Raft(**bounds(1, 5, nodes=4)), depth=6).violated == {}


def test_freeing_the_vote_on_step_down_is_safe() -> None:
    constants = bounds(1, 3, max_log=0)
    freed, kept = search_to(FreesVoteOnStepDown(**constants)), search_to(Raft(**constants))
    assert freed.violated == {}
    assert freed.counts == (2032, 17884, 17)
    assert freed.counts != kept.counts  # some candidate does step down


def test_a_log_of_one_entry_has_no_suffix_of_its_own() -> None:
    assert levels(CommitsOwnSuffix(**bounds(1, 2))) == levels(Raft(**bounds(1, 2)))


def levels(spec: Raft) -> list[int]:
    return search_to(spec, depth=6, check=()).levels


# ---------------------------------------------------------------------- networks


@pytest.mark.parametrize(
    ("network", "counts"),
    [
        (Dropping, (516, 3861, 23)),
        (Duplicating, (4486, 46216, 20)),
        (DroppingAndDuplicating, (1102, 10409, 23)),
    ],
)
def test_worse_networks(network: type[Raft], counts: tuple[int, int, int]) -> None:
    constants = bounds(1, 2) if network is Duplicating else bounds(1, 2, nodes=2, max_log=2)
    found = search_to(network(**constants))
    assert found.violated == {}
    assert found.counts == counts
    assert lengths(found.reached) == WITNESSES


def test_a_message_delivered_twice_changes_nothing_twice() -> None:
    spec = Duplicating()
    once = [timeout(0), request(0, 1, 1).replace("deliver", "deliver_copy")]
    again = [*once, request(0, 1, 1).replace("deliver", "deliver_copy")]
    assert run(spec, once) == run(spec, again)
    assert len(run(spec, once).network) == 3


OVERTAKING = [*election(0, 1, 1), send(0, 1), client(0), send(0, 1), append(0, 1, 1, entry=1)]


def test_a_queue_keeps_the_order() -> None:
    """The heartbeat was sent first: over a queue the entry cannot overtake it."""
    assert len(run(Raft(), OVERTAKING).servers[Node(1)].log) == 1
    in_order = [
        "timeout(i=0)",
        "deliver(i=0, j=1)",
        "deliver(i=1, j=0)",
        send(0, 1),
        client(0),
        send(0, 1),
        "deliver(i=0, j=1)",
    ]
    spec = Fifo()
    assert run(spec, in_order).servers[Node(1)].log == ()
    assert len(run(spec, [*in_order, "deliver(i=0, j=1)"]).servers[Node(1)].log) == 1
    with pytest.raises(ReplayMismatch, match="there is a message from i to j"):
        run(spec, [*in_order, "deliver(i=0, j=1)", "deliver(i=0, j=1)"])


# ---------------------------------------------------------------------- properties that no tweak above is the first to break


class LeaderForgets(Raft):
    """A leader drops its log when a follower answers."""

    def on_append_entries_reply(self, me: Server, m: AppendEntriesReply) -> Server:
        return super().on_append_entries_reply(me, m).replace(log=(), commit_index=0)


class AppendsUnasked(Raft):
    """A leader takes a command that no client has given."""

    @action
    def client_request(self, s: State, i: Node, v: Value) -> State:
        return super().client_request(s, i, v).replace(requested=s.requested)


class CopiesBlindly(Raft):
    """A follower appends what it gets, wherever it belongs."""

    def has_previous(self, me: Server, m: AppendEntries) -> bool:
        return True

    def merged(self, me: Server, m: AppendEntries) -> Log:
        return me.log + m.entries


@pytest.mark.parametrize(
    ("wrong", "constants", "violated", "steps"),
    [
        (LeaderForgets, bounds(1, 3), "Leader Append-Only", 7),
        (AppendsUnasked, bounds(1, 3), "Validity", 7),
        (CopiesBlindly, {**bounds(1, 2, nodes=2, max_log=2), "values": 2}, "Log Matching", 9),
    ],
)
def test_the_property_can_fail(wrong: type[Raft], constants: dict[str, int], violated: str, steps: int) -> None:
    assert lengths(search_to(wrong(**constants), check=(violated,)).violated) == {violated: steps}


# ---------------------------------------------------------------------- the traced form


@pytest.mark.parametrize(
    "raft", [Raft, FreesVoteOnAppend, CommitsUnseen, DroppingAndDuplicating, WritesTermThenVote, TruncatesInOrder]
)
def test_the_traced_form_agrees(raft: type[Raft]) -> None:
    instance = raft(max_log=2, values=2).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 50))) == []
