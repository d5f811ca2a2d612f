"""Random schedules on implementations whose faults are known.  If these fail, faults are missed, or runs are not what they say."""

from __future__ import annotations

import dataclasses

import pytest
from tests.conformance.toys import Broken, SpecifiedRaft

from mcheck.conformance.adapter import AdapterFailed, Event, Observation, Operation, Sent
from mcheck.conformance.cluster import Cluster, Setting, repeated
from mcheck.conformance.minimising import Minimised, minimise
from mcheck.conformance.monitors import TITLES
from mcheck.conformance.network import Faults, Network
from mcheck.conformance.recorded import drawn
from mcheck.conformance.runs import load_run, save_run
from mcheck.conformance.schedules import Explored, explore
from mcheck.counterexamples.store import TraceFileError

EVERYTHING = Faults(reorder=True, lose=True, duplicate=True, restart=True)
FOUND = {
    "quorum-of-one": ("Election Safety", 2),
    "vote-twice": ("Vote Once", 3),
    "forget-vote": ("Vote Once", 4),
    "no-log-check": ("Leader Completeness", 10),
    "forget-log": ("Leader Completeness", 11),
    "always-truncate": ("Leader Completeness", 12),
    "keep-conflicts": ("State Machine Safety", 15),
    "skip-consistency-check": ("Log Matching", 18),
}
"""What the tweaks of Raft are found to break, and in how many operations at most."""


def explored(tweak: str | None, schedules: int = 100, seed: int = 0) -> Explored:
    options = {} if tweak is None else {"tweak": tweak}
    return explore(SpecifiedRaft(), Setting(3, EVERYTHING, options), seed, schedules, 120)


def minimised(tweak: str) -> Minimised:
    found = explored(tweak)
    assert found.run is not None
    return minimise(SpecifiedRaft(), found.run)


@pytest.mark.parametrize("tweak", FOUND)
def test_known_faults_are_found_and_become_small(tweak: str) -> None:
    shrunk = minimised(tweak)
    title, most = FOUND[tweak]
    assert shrunk.run.finding is not None and shrunk.run.finding.title == title
    assert shrunk.complete and len(shrunk.run.taken) <= most
    picture = drawn(shrunk.run)
    assert picture.rule is not None and picture.rule.title == title
    assert picture.arguments is not None, "the properties written as a specification say otherwise"
    assert len(picture.behavior.steps) == len(shrunk.run.taken)


def test_raft_itself_is_not_blamed() -> None:
    found = explored(None, schedules=60)
    assert (found.run, found.reason, found.schedules) == (None, None, 60)
    assert found.leaders > 50 and found.commits > 20, "nothing happened that could have gone wrong"


def test_the_same_seed_takes_the_same_schedules() -> None:
    first, again, other = (explored("no-log-check", seed=seed).run for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_no_operation_of_a_minimised_run_can_be_left_out() -> None:
    run = minimised("no-log-check").run
    for number in range(len(run.taken)):
        rest = (*run.taken[:number], *run.taken[number + 1 :])
        shorter = repeated(SpecifiedRaft(), run.setting, run.seed, rest)
        assert shorter.finding is None or shorter.finding.title != "Leader Completeness"


def test_a_minimised_run_contradicts_the_same_property() -> None:
    setting = Setting(3, EVERYTHING, {"tweak": "quorum-of-one"}, ("State Machine Safety",))
    run = explore(SpecifiedRaft(), setting, 0, 50, 120).run
    assert run is not None and run.finding is not None
    other_first = dataclasses.replace(run, setting=dataclasses.replace(setting, watched=TITLES))
    assert minimise(SpecifiedRaft(), other_first).run.finding == run.finding


def test_a_saved_run_does_the_same_again(tmp_path: object) -> None:
    run = minimised("vote-twice").run
    file = save_run(run, "toy.py", "toy", str(tmp_path))
    assert save_run(run, "toy.py", "toy", str(tmp_path)) == file
    setting, seed, operations = load_run(str(file))
    assert setting == run.setting
    again = repeated(SpecifiedRaft(), setting, seed, operations)
    assert again.finding == run.finding and [t.operation for t in again.taken] == [t.operation for t in run.taken]
    for damage in ("{}", "[]", "nonsense", '{"schema": 1}'):
        file.write_text(damage)
        with pytest.raises(TraceFileError):
            load_run(str(file))


def test_an_implementation_that_raises_ends_it_and_keeps_what_was_done() -> None:
    found = explore(Broken(), Setting(3, Faults()), 0, 10, 50)
    assert found.reason is not None and "ZeroDivisionError at toys.py:" in found.reason and "step 5" in found.reason
    assert found.run is not None and found.run.finding is None
    assert found.steps == 4 and len(found.run.taken) == 5, "the operation that failed is done again by a replay"
    with pytest.raises(AdapterFailed, match="ZeroDivisionError"):
        repeated(Broken(), found.run.setting, found.run.seed, found.run.taken)


def test_time_is_up() -> None:
    found = explore(SpecifiedRaft(), Setting(3, Faults()), 0, 1_000_000, 120, seconds=0.2)
    assert found.reason == "time limit" and 0 < found.schedules < 1_000_000


class Chatter:
    """Two nodes; whenever one ticks it sends the other a numbered message."""

    def reset(self, nodes: int, seed: int, options: object) -> None:
        self.count = 0
        self.heard: list[int] = []

    def enabled(self) -> list[Operation]:
        return [Operation("tick", 0)]

    def step(self, operation: Operation) -> Event:
        if operation.message is not None:
            if operation.kind != "drop":
                self.heard.append(operation.message)
            return Event(1)
        self.count += 1
        return Event(0, (Sent(self.count, 0, 1, "hello"),))

    def observe(self, node: int) -> Observation:
        return Observation("follower", 0)


@pytest.mark.parametrize("fault", ["reorder", "lose", "duplicate"])
def test_a_link_does_what_its_faults_say_and_nothing_else(fault: str) -> None:
    def heard(faults: Faults) -> list[list[int]]:
        adapter, found = Chatter(), []
        for seed in range(20):
            explore(adapter, Setting(2, faults), seed, 1, 60)
            found.append(adapter.heard)
        return found

    symptoms = {
        "reorder": lambda h: h != sorted(h),
        "lose": lambda h: any(k not in h for k in range(1, max(h, default=0))),
        "duplicate": lambda h: len(set(h)) < len(h),
    }
    faulty = heard(Faults(**{fault: True}))
    assert any(map(symptoms[fault], faulty))
    others = [name for name in symptoms if name != fault and not (fault == "reorder" and name == "lose")]
    assert not any(symptoms[name](h) for name in others for h in faulty)
    assert not any(symptom(h) for symptom in symptoms.values() for h in heard(Faults()))


def test_a_message_behind_another_is_not_deliverable_in_order() -> None:
    for faults, expected in ((Faults(), [1, 3]), (Faults(reorder=True), [1, 2, 3])):
        network = Network(faults)
        network.took_place(Operation("tick", 0), Event(0, (Sent(1, 0, 1, "a"), Sent(2, 0, 1, "a"), Sent(3, 0, 2, "a"))))
        assert [s.id for s in network.deliverable()] == expected
        assert network.allows(Operation("deliver", message=2)) is faults.reorder
        assert not network.allows(Operation("drop", message=1)) and not network.allows(Operation("deliver", message=9))


def test_restarts_only_where_they_are_asked_for() -> None:
    for restart in (False, True):
        cluster = Cluster(SpecifiedRaft(), Setting(3, Faults(restart=restart)), 0)
        assert any(o.kind == "restart" for o in cluster.local()) is restart
