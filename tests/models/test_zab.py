"""Zab: its counts, the scenes of the paper, every tweak with its shortest trace, and the trap that is none."""

from __future__ import annotations

import importlib
import random
from itertools import islice
from typing import Any

import pytest
from tests.models.raft_search import search_to

from mcheck.checker.engines import search
from mcheck.models import TWEAKS
from mcheck.models.zab import Zab
from mcheck.models.zab_state import NewLeader, Node, State, Txn, Value, ZabState, Zxid
from mcheck.models.zab_tweaks import CommitsOnOneAck, ComparesEpochsOnly
from mcheck.spec import Broken, ReplayMismatch, Safe, Set, Spec, always, len, replay
from mcheck.spec.outcomes import outcomes_of
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states


def bounds(epoch: int, log: int, in_channel: int, timeouts: int, restarts: int, nodes: int = 3) -> dict[str, int]:
    return {
        "nodes": nodes,
        "max_epoch": epoch,
        "max_log": log,
        "max_in_channel": in_channel,
        "max_timeouts": timeouts,
        "max_restarts": restarts,
    }


# ---------------------------------------------------------------------- counts: no other source; a change of them is a change of the model


@pytest.mark.parametrize(
    ("constants", "counts"),
    [
        (bounds(1, 1, 2, 0, 0), (878, 7576, 20)),
        (bounds(1, 1, 1, 1, 0, nodes=2), (240, 1105, 16)),
    ],
)
def test_small_bounds_by_plain_functions(constants: dict[str, int], counts: tuple[int, int, int]) -> None:
    found = search_to(Zab(**constants))
    assert found.counts == counts
    assert found.violated == {}


@pytest.mark.slow
def test_a_late_timeout_by_plain_functions() -> None:
    found = search_to(Zab(**bounds(1, 1, 2, 1, 0)))
    assert found.counts == (12765, 101947, 26)
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "a leader is established": 7,
        "every process delivers a transaction": 19,
    }


def test_default_bounds() -> None:
    """What the page shows: by the native engine, whose counts the reference engine shares."""
    pytest.importorskip("llvmlite")
    found = search(Zab().instance, engine="native")
    assert (found.distinct, found.generated, found.depth) == (458520, 3641463, 43)
    assert found.violation is None
    assert {p.rule.title: p.steps for p in found.properties if p.rule.kind == "reachable"} == {
        "a leader is established": 7,
        "every process delivers a transaction": 19,
        "a primary begins with what an earlier one has committed": 17,
        "a proposal is abandoned": 16,
    }
    assert found.never_fired == ()


@pytest.mark.slow
def test_default_bounds_without_symmetry() -> None:
    pytest.importorskip("llvmlite")
    found = search(Zab().instance, engine="native", symmetry=False)
    assert (found.distinct, found.generated, found.depth) == (2743861, 21795199, 43)
    assert found.violation is None


# ---------------------------------------------------------------------- labels


def step(name: str, i: int, j: int) -> str:
    return f"{name}(i={i}, j={j})"


def joins(i: int, leader: int) -> list[str]:
    """i follows the leader, and its CEPOCH is received."""
    return [step("follow", i, leader), step("leader_receives_cepoch", leader, i)]


def discovery(i: int, leader: int) -> list[str]:
    """i accepts the epoch, and the leader learns of it."""
    return [step("follower_receives_newepoch", i, leader), step("leader_receives_acke", leader, i)]


def synchronisation(i: int, leader: int) -> list[str]:
    return [step("follower_receives_newleader", i, leader), step("leader_receives_ackld", leader, i)]


def established(leader: int, *followers: int) -> list[str]:
    """The leader and these, no more than are needed, go through phases 1 and 2."""
    phases = [[label for i in followers for label in phase(i, leader)] for phase in (joins, discovery, synchronisation)]
    delivered = [step("follower_receives_commitld", i, leader) for i in followers]
    return [f"lead(i={leader})", *phases[0], *phases[1], *phases[2], *delivered]


def request(leader: int) -> str:
    return f"client_request(i={leader}, v=0)"


def proposal(leader: int, i: int) -> list[str]:
    """i accepts what is proposed next, and the leader learns of it."""
    return [step("follower_receives_propose", i, leader), step("leader_receives_ack", leader, i)]


def run(spec: Zab, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def zxids(history: Any) -> list[tuple[int, int]]:
    return [(t.zxid.epoch, t.zxid.counter) for t in history]


def violated_in(spec: Spec[Any], state: State) -> list[str]:
    with spec.instance.active():
        return [p.title for p in spec.instance.properties if p.kind == "always" and not spec.instance.holds(p, state)]


# ---------------------------------------------------------------------- scenes of the paper


def test_a_transaction_takes_two_message_delays_to_commit() -> None:
    """Phase 3: proposal, acknowledgement, commit."""
    commit = [request(0), *proposal(0, 1), step("follower_receives_commit", 1, 0)]
    last = run(Zab(), [*established(0, 1), *commit])
    assert [zxids(last.delivered[Node(i)]) for i in range(3)] == [[(1, 1)], [(1, 1)], []]
    assert all(last.processes[Node(i)].zab_state == ZabState.BROADCAST for i in range(2))


def test_a_follower_alone_does_not_make_a_leader() -> None:
    with pytest.raises(ReplayMismatch, match="i is the primary"):
        run(Zab(), ["lead(i=0)", *joins(1, 0), request(0)])


def test_a_new_primary_delivers_what_its_predecessor_may_have_committed() -> None:
    """Steps l.1.2 and l.2.2: of a quorum the most recent history becomes the initial one, and is delivered."""
    spec = Zab(max_epoch=2, max_log=2)
    accepted = [*established(0, 1), request(0), step("follower_receives_propose", 1, 0)]
    changed = [*accepted, "timeout(i=0)", step("lose_leader", 1, 0), *established(1, 2)]
    last = run(spec, changed)
    assert [zxids(last.delivered[Node(i)]) for i in (1, 2)] == [[(1, 1)], [(1, 1)]]
    last = run(spec, [*changed, request(1), *proposal(1, 2), step("follower_receives_commit", 2, 1)])
    assert zxids(last.delivered[Node(2)]) == [(1, 1), (2, 1)]
    assert zxids(last.begun_with[2]) == [(1, 1)]


def test_a_proposal_that_no_quorum_has_is_dropped_by_who_made_it() -> None:
    """Steps f.2.1: the history of the leader takes the place of the follower's own."""
    abandoned = [*established(0, 1), request(0), "timeout(i=0)", step("lose_leader", 1, 0), *established(1, 2)]
    before = run(Zab(), [*abandoned, request(1), *proposal(1, 2)])
    assert zxids(before.processes[Node(0)].history) == [(1, 1)]
    late = [*joins(0, 1), step("follower_receives_newepoch", 0, 1), step("follower_receives_newleader", 0, 1)]
    last = run(Zab(), [*abandoned, request(1), *proposal(1, 2), *late])
    assert zxids(last.processes[Node(0)].history) == [(2, 1)]


def test_a_late_follower_misses_nothing() -> None:
    """Steps l.3.3 and l.3.4: NEWLEADER has all so far, PROPOSE the rest, COMMIT-LD says what is committed by now."""
    late = [*established(0, 1), *joins(2, 0), request(0), *proposal(0, 1)]
    last = run(Zab(), late)
    assert [type(m).__name__ for m in last.net[Node(0), Node(2)]] == ["NewEpoch", "NewLeader", "Propose"]
    caught_up = [
        step("follower_receives_newepoch", 2, 0),
        step("leader_receives_acke", 0, 2),
        step("follower_receives_newleader", 2, 0),
        step("follower_receives_propose", 2, 0),
        step("leader_receives_ackld", 0, 2),
        step("follower_receives_commitld", 2, 0),
    ]
    last = run(Zab(), [*late, *caught_up])
    assert zxids(last.delivered[Node(2)]) == [(1, 1)]


def test_a_broken_connection_takes_its_messages_along() -> None:
    """What the leader sends to a follower that has left is not there when it comes back."""
    gone = [*established(0, 1), *joins(2, 0), "timeout(i=2)", request(0)]
    last = run(Zab(), gone)
    assert not last.net.connected(Node(0), Node(2)) and last.net[Node(0), Node(2)] == ()
    last = run(Zab(), [*gone, step("follow", 2, 0)])
    assert last.net[Node(0), Node(2)] == () and len(last.net[Node(2), Node(0)]) == 1
    assert Node(2) not in last.processes[Node(0)].cepoch_recv


def test_a_crash_loses_what_was_delivered_and_not_what_was_accepted() -> None:
    last = run(Zab(), [*established(0, 1), request(0), *proposal(0, 1), "restart(i=0)"])
    me = last.processes[Node(0)]
    assert (zxids(me.history), me.last_committed, me.leader) == ([(1, 1)], 0, None)
    assert zxids(last.delivered[Node(0)]) == [(1, 1)]


def test_an_epoch_is_acknowledged_once() -> None:
    """f.1.2: both leaders propose epoch 1, and process 1 accepts it of one."""
    rivals = ["lead(i=0)", *joins(1, 0), step("follower_receives_newepoch", 1, 0), "timeout(i=1)", "lead(i=2)"]
    both = [*rivals, *joins(1, 2)]  # 1 has accepted epoch 1, so 2 proposes epoch 2
    assert run(Zab(), both).processes[Node(2)].new_epoch == 2


class Cautious(Zab):
    """Says why no follower looks at the epoch of NEWLEADER."""

    @always("NEWLEADER is of the accepted epoch")
    def of_the_accepted_epoch(self, s: State, i: Node, j: Node) -> bool:
        if i == j or len(s.net[j, i]) == 0:
            return True
        m = s.net[j, i][0]
        return not isinstance(m, NewLeader) or m.epoch == s.processes[i].accepted_epoch


def test_a_newleader_is_of_the_epoch_that_was_accepted_before() -> None:
    pytest.importorskip("llvmlite")
    spec = Cautious(**bounds(3, 0, 2, 2, 1))
    found = search(spec.instance, engine="native", properties=["NEWLEADER is of the accepted epoch"])
    assert found.violation is None and found.distinct > 10_000


# ---------------------------------------------------------------------- tweaks


QUICK = {"compare-epochs-only", "report-delivered", "remember-acks"}
"""One of each phase; every tweak takes seconds to compile."""


def declared() -> list[Any]:
    """(name, class, outcome) for every outcome that a tweak declares."""
    found = []
    for name, place in TWEAKS["zab"].items():
        module, _, cls = place.partition(":")
        tweak = getattr(importlib.import_module(module), cls)
        marks = () if name in QUICK else pytest.mark.slow
        found += [
            pytest.param(tweak, outcome, id=f"{name}-{k}", marks=marks) for k, outcome in enumerate(outcomes_of(tweak))
        ]
    return found


@pytest.mark.parametrize(("tweak", "outcome"), declared())
def test_a_tweak_does_what_it_declares(tweak: type[Zab], outcome: Broken | Safe) -> None:
    pytest.importorskip("llvmlite")
    titles = None if outcome.property is None else [outcome.property]
    found = search(tweak(**outcome.constants).instance, engine="native", properties=titles)
    violation = None if found.violation is None else (found.violation.rule.title, found.violation.steps)
    assert violation == (None if outcome.property is None else (outcome.property, outcome.steps))


def test_every_tweak_declares_an_outcome() -> None:
    assert {p.values[0].__name__ for p in declared()} == {place.partition(":")[2] for place in TWEAKS["zab"].values()}


def test_one_ack_is_a_quorum_of_three() -> None:
    """The trap: with 3 processes the changed rule is the same rule, so that all counts are the same."""
    pytest.importorskip("llvmlite")
    small = bounds(2, 1, 3, 1, 0)
    changed, right = (search(spec(**small).instance, engine="native") for spec in (CommitsOnOneAck, Zab))
    assert (changed.distinct, changed.generated) == (right.distinct, right.generated) == (5567, 45132)
    assert changed.violation is None


def one_ack_of_five() -> list[str]:
    """Leader 0 has the ACK of 1; then 2, which has no proposal yet, helps to establish 3, which broadcasts."""
    first = [*established(0, 1, 2), request(0), *proposal(0, 1)]
    return [*first, "timeout(i=2)", *established(3, 2, 4), request(3)]


def test_one_ack_is_no_quorum_of_five() -> None:
    five = bounds(2, 2, 3, 1, 0, nodes=5)
    assert violated_in(CommitsOnOneAck(**five), run(CommitsOnOneAck(**five), one_ack_of_five())) == [
        "Primary Integrity"
    ]
    assert violated_in(Zab(**five), run(Zab(**five), one_ack_of_five())) == []


def test_a_leader_that_compares_only_epochs_loses_a_commit() -> None:
    """Process 2 has accepted the NEWLEADER of epoch 1 before the transaction; 1 has the transaction too."""
    late = [*established(0, 1), *joins(2, 0), step("follower_receives_newepoch", 2, 0)]
    behind = [*late, step("follower_receives_newleader", 2, 0), request(0), *proposal(0, 1)]
    elected = [*behind, "timeout(i=0)", step("lose_leader", 1, 0), step("lose_leader", 2, 0)]
    handed_on = [*elected, "lead(i=2)", *joins(1, 2), *discovery(1, 2)]
    assert zxids(run(Zab(), handed_on).processes[Node(2)].history) == [(1, 1)]
    wrong = run(ComparesEpochsOnly(), handed_on)
    assert zxids(wrong.processes[Node(2)].history) == []
    assert zxids(wrong.delivered[Node(0)]) == [(1, 1)]


# ---------------------------------------------------------------------- properties that can fail


def txn(epoch: int, counter: int) -> Txn:
    return Txn(zxid=Zxid(epoch=epoch, counter=counter), value=Value(0))


FIRST, SECOND, LATER = (1, 1), (1, 2), (2, 1)
"""Two transactions of epoch 1, and one of epoch 2."""


@pytest.mark.parametrize(
    ("delivered", "broadcast", "begun_with", "violated"),
    [
        ([[FIRST, SECOND, LATER], [FIRST]], [FIRST, SECOND, LATER], [FIRST, SECOND], []),
        ([[FIRST]], [], [], ["Integrity"]),
        ([[FIRST, LATER], [LATER]], [FIRST, LATER], [FIRST], ["Total Order"]),
        ([[FIRST], [LATER]], [FIRST, LATER], [FIRST], ["Agreement"]),
        ([[SECOND]], [FIRST, SECOND], [], ["Local Primary Order"]),
        ([[LATER, FIRST]], [FIRST, LATER], [FIRST], ["Global Primary Order"]),
        ([[FIRST]], [FIRST, LATER], [], ["Primary Integrity"]),
    ],
)
def test_each_promise_of_the_paper_can_be_broken_alone(
    delivered: list[list[tuple[int, int]]],
    broadcast: list[tuple[int, int]],
    begun_with: list[tuple[int, int]],
    violated: list[str],
) -> None:
    spec = Zab()
    state = spec.instance.initial[0]
    done = state.delivered
    for i, order in enumerate(delivered):
        done = done.set(Node(i), tuple(txn(*z) for z in order))
    state = state.replace(
        delivered=done,
        broadcast=Set(txn(*z) for z in broadcast),
        begun_with=state.begun_with.set(2, tuple(txn(*z) for z in begun_with)),
    )
    assert violated_in(spec, state) == violated


# ---------------------------------------------------------------------- the traced form


@pytest.mark.parametrize("constants", [bounds(2, 2, 3, 1, 1), bounds(3, 1, 2, 2, 0, nodes=2)])
def test_the_traced_form_agrees(constants: dict[str, int]) -> None:
    instance = Zab(**constants).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 100))) == []
