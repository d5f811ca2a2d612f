"""FloodSet: its counts, also at the ends of rounds; how many rounds it takes, from both sides; and that each property can fail."""

from __future__ import annotations

from typing import Any

import pytest
from tests.models.bfs import search

from mcheck.models.flood_set import FloodSet, Member, OneCrashMore, OneRoundLess, Process, State
from mcheck.spec import ReplayMismatch, action, replay

# ---------------------------------------------------------------------- counts


def test_counts() -> None:
    found = search(FloodSet())
    assert found.counts == (358, 502, 5)  # no other source
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {
        "all decide": 4,
        "two processes have seen different values after a round": 3,
    }


class OneZero(FloodSet):
    """The first process starts with 0, the others with 1."""

    def init(self) -> list[State]:
        inputs = [0] + [1] * (self.processes - 1)
        return [s for s in super().init() if [s.members[i].proposal for i in Process] == inputs]


@pytest.mark.parametrize(("processes", "faults", "expected"), [(3, 1, 16), (4, 2, 114)])
def test_states_at_the_ends_of_rounds(processes: int, faults: int, expected: int) -> None:
    """A model with a whole round in one step, written elsewhere, has 16 and 114 states from the inputs 0, 1, 1 (, 1).

    Of the states here, those between two rounds from these inputs are as many: half a round is all that is between.
    """
    states = search(OneZero(processes=processes, faults=faults), check=()).parents
    assert sum(not s.sent for s in states) == expected


def test_without_crashes_one_round_is_one_way() -> None:
    found = search(FloodSet(faults=0))
    assert found.counts == (3 * 8, 3 * 8, 2)  # for each of the inputs: at first, sent, received
    assert set(found.actions) == {"send", "receive"}


# ---------------------------------------------------------------------- f + 1 rounds, and no fewer

ONE_ROUND = ["send()", "crash(i=0, lost={2})", "receive()"]


def run(spec: FloodSet, labels: list[str], inputs: list[int]) -> State:
    with spec.instance.active():
        (start,) = [s for s in spec.instance.initial if [s.members[i].proposal for i in Process] == inputs]
    last = replay(spec.instance, start, labels).last
    assert isinstance(last, State)
    return last


def decisions(spec: FloodSet, s: State) -> list[int | None]:
    with spec.instance.active():
        return [s.members[i].decision for i in Process]


def test_in_one_round_one_crash_leaves_two_opinions() -> None:
    spec = OneRoundLess()
    assert decisions(spec, run(spec, ONE_ROUND, [0, 1, 1])) == [None, 0, 1]


def test_in_the_second_round_they_come_together() -> None:
    spec = FloodSet()
    assert decisions(spec, run(spec, ONE_ROUND, [0, 1, 1])) == [None, None, None]
    assert decisions(spec, run(spec, [*ONE_ROUND, "send()", "receive()"], [0, 1, 1])) == [None, 0, 0]


def test_no_more_crash_than_are_tolerated() -> None:
    with pytest.raises(ReplayMismatch, match="not so many have crashed yet"):
        run(FloodSet(), [*ONE_ROUND, "send()", "crash(i=1, lost={2})"], [0, 1, 1])


def test_with_one_crash_more_a_value_is_handed_on_in_secret() -> None:
    spec = OneCrashMore(processes=4)
    chain = ["send()", "crash(i=0, lost={2, 3})", "receive()", "send()", "crash(i=1, lost={3})", "receive()"]
    assert decisions(spec, run(spec, chain, [0, 1, 1, 1])) == [None, None, 0, 1]


@pytest.mark.parametrize(("processes", "faults"), [(2, 1), (3, 2), (4, 1)])
def test_any_number_of_crashes_is_tolerated(processes: int, faults: int) -> None:
    """n >= f + 1: also if a single process stays up."""
    assert search(FloodSet(processes=processes, faults=faults)).violated == {}


# ---------------------------------------------------------------------- the properties notice


class ForgetsToDecide(FloodSet):
    """Whoever has heard of two values cannot make up its mind."""

    @action
    def receive(self, s: State) -> State:
        after = super().receive(s)
        members = after.members
        for i in Process:
            if len(members[i].seen) == 2:
                members = members.set(i, members[i].replace(decision=None))
        return after.replace(members=members)


def test_termination_notices_who_does_not_decide() -> None:
    found = search(ForgetsToDecide(processes=2))
    assert list(found.violated) == ["Termination"]
    assert len(found.violated["Termination"]) == 4


def test_fields_of_a_state_tell_states_apart() -> None:
    spec = FloodSet()
    with spec.instance.active():
        s = run(spec, ["send()"], [0, 1, 1])
        i = next(iter(Process))
        changes: dict[str, Any] = {
            "members": s.members.set(i, s.members[i].replace(up=False)),
            "msgs": type(s.msgs)(),
            "sent": False,
            "rounds": 1,
        }
        assert len({s, *(s.replace(**{name: value}) for name, value in changes.items())}) == 5
        seen = s.members[i].seen
        members = [
            Member(proposal=p, seen=seen, decision=d, up=u) for p in (0, 1) for d in (None, 0) for u in (True, False)
        ]
        assert len(set(members)) == 8
