"""Raft in large steps with crashes: its counts, and that a crashed server does nothing."""

from __future__ import annotations

import pytest
from tests.models.bfs import search

from mcheck.models.raft_macro import RaftMacro
from mcheck.models.raft_macro_crashes import Crashing
from mcheck.spec import ReplayMismatch, replay

LEADER = ["elect(i=0, t=1, q={0, 1})", "client_request(i=0)", "replicate(i=0, j=1)"]


def test_one_entry() -> None:
    found = search(Crashing(max_term=1, max_log=1))
    assert found.counts == (392, 1105, 8)  # no other source
    assert found.violated == {}
    assert set(found.reached) == {"a leader is elected", "an entry is committed"}


def test_while_all_are_up_it_is_raft() -> None:
    with_crashes = search(Crashing(max_term=2, max_log=1), check=()).parents
    spec = Crashing()
    with spec.instance.active():
        up = [s for s in with_crashes if all(s.up.values())]
    assert len(up) == search(RaftMacro(max_term=2, max_log=1), check=()).counts[0] == 499


@pytest.mark.parametrize(
    ("crashed", "label", "why"),
    [
        (0, "commit(i=0, index=1)", "i is up"),
        (0, "client_request(i=0)", "i is up"),
        (0, "replicate(i=0, j=2)", "i and j are up"),
        (2, "replicate(i=0, j=2)", "i and j are up"),
        (2, "elect(i=1, t=2, q={1, 2})", "all of q are up"),
        (2, "crash(i=2)", "i is up"),
    ],
)
def test_who_has_crashed_takes_no_part(crashed: int, label: str, why: str) -> None:
    instance = Crashing().instance
    with pytest.raises(ReplayMismatch, match=f"not enabled: {why}"):
        replay(instance, instance.initial[0], [*LEADER, f"crash(i={crashed})", label])
    if not label.startswith("crash"):
        replay(instance, instance.initial[0], [*LEADER, label])


def test_what_a_crashed_server_has_acknowledged_counts() -> None:
    instance = Crashing().instance
    assert replay(instance, instance.initial[0], [*LEADER, "crash(i=1)", "commit(i=0, index=1)"]).last.committed
