"""Protocols as Hypothesis state machines: far beyond the bounds of a search, and shrunk to short programs."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from hypothesis.statistics import collector
from tests.checker import toys

from mcheck.counterexamples import load
from mcheck.models.paxos import IgnoresVotes, Paxos
from mcheck.models.raft import Raft
from mcheck.models.raft_log_tweaks import SkipsConsistencyCheck
from mcheck.recordings import replayed
from mcheck.spec import Cut, Failure, ReplayMismatch, Spec, UsageError, replay
from mcheck.testing import ProtocolMachine, state_machine
from mcheck.violations import Violated


def run(machine: type[ProtocolMachine], examples: int) -> None:
    chosen = settings(
        machine.TestCase.settings, derandomize=True, database=None, max_examples=examples, phases=(Phase.generate,)
    )
    run_state_machine_as_test(machine, settings=chosen)


def violation(spec: Spec[Any], out: Path, examples: int, **options: Any) -> Violated:
    """What a run of the machine fails with."""
    with pytest.raises(Violated) as caught:
        run(state_machine(spec, out=str(out), **options), examples)
    return caught.value


# ---------------------------------------------------------------------------------------------------- what is found


def test_a_tweak_fails_and_shrinks_to_the_shortest(tmp_path: Path) -> None:
    found = violation(toys.StealsLocks(nodes=4), tmp_path, 60, steps=20, properties=["Owners Stay"])
    assert len(found.behavior.steps) == 4
    assert found.shown[1].endswith("the shortest")
    instance = toys.StealsLocks(nodes=4).instance
    behavior = replay(instance, instance.initial[0], found.behavior.labels)
    broken = next(p for p in instance.properties if p.title == "Owners Stay")
    with instance.active():
        assert not instance.holds(broken, *behavior.states[-2:])


def test_the_failure_is_a_saved_trace_and_a_program(tmp_path: Path) -> None:
    found = violation(toys.CounterReachesThree(), tmp_path, 30)
    assert found.behavior.labels == ("tick()",) * 3
    text = str(found)
    assert "VIOLATED In Range" in text and "← violates" in text
    assert "    state = CounterReachesThreeMachine()\n    state.begin()\n" + "    state.tick()\n" * 3 in text
    assert found.trace is not None and found.trace in text
    assert load(Path(found.trace)).labels == found.behavior.labels
    assert replayed(found.trace).violates


def test_the_program_runs_and_refuses_what_is_not_possible() -> None:
    machine: Any = state_machine(toys.CounterReachesThree(), properties=["In Range"])
    state = machine()
    state.begin()
    state.tick()
    state.tick()
    assert state.labels == ["tick()", "tick()"]
    with pytest.raises(Violated):
        state.tick()
    stops: Any = state_machine(toys.CounterStops(top=1))()
    stops.begin()
    stops.tick()
    with pytest.raises(ReplayMismatch, match=r"step 2, tick\(\): not enabled"):
        stops.tick()
    bounded: Any = state_machine(toys.TwoBounds())()
    bounded.begin()
    with pytest.raises(ReplayMismatch, match="outside the bound"):
        for _ in range(99):
            bounded.both()


def test_one_enabled_action_among_many_is_found(tmp_path: Path) -> None:
    found = violation(toys.Relay(), tmp_path, 60)
    names = ["first()", "second()", "third()", "fourth()", "fifth()", "sixth()", "seventh()"]
    assert list(found.behavior.labels) == names


def test_a_broken_refinement_fails(tmp_path: Path) -> None:
    found = violation(toys.ClockJumps(), tmp_path, 30)
    assert (found.rule.title, len(found.behavior.steps)) == ("implements Counter", 6)
    found = violation(toys.ClockStartsLate(), tmp_path, 5)
    assert found.behavior.steps == ()
    assert "in an initial state" in str(found)


def test_the_report_is_written_once_and_for_what_is_shown_only(tmp_path: Path) -> None:
    found = violation(toys.StealsLocks(nodes=3), tmp_path, 60, steps=40, properties=["Owners Stay"])
    traceback.format_exception(found)
    assert len(list(tmp_path.glob("*.itf.json"))) == 1


def test_an_error_in_a_spec_is_not_swallowed() -> None:
    with pytest.raises(Failure, match="ZeroDivisionError"):
        run(state_machine(toys.Raises()), 30)


# ---------------------------------------------------------------------------------------------------- how it is looked for


def test_no_run_is_rejected() -> None:
    """Every run counts, under the health checks of Hypothesis, and most go on to their last step; it keeps some short."""
    statistics: dict[str, Any] = {}
    taken = []

    class Counting(state_machine(Raft(nodes=3, max_term=9, max_log=3, max_messages=9), steps=40, properties=[])):  # type: ignore[misc]
        def teardown(self) -> None:
            taken.append(len(self.steps))

    with collector.with_value(statistics.update):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        run(Counting, 40)
    runs = statistics["generate-phase"]["test-cases"]
    assert {r["status"] for r in runs} == {"valid"}
    assert HealthCheck.filter_too_much not in Counting.TestCase.settings.suppress_health_check
    assert len(taken) == len(runs) >= 40
    assert sorted(taken)[len(taken) // 2] == 39  # Hypothesis counts `begin`


def test_every_step_offered_is_enabled_and_every_enabled_action_is_offered() -> None:
    machine: Any = state_machine(toys.Locks(nodes=3), steps=30, properties=[])
    instance = machine.instance
    offered, enabled = set(), set()

    class Watching(machine):  # type: ignore[misc]
        def take(self, step: Any) -> None:
            with instance.active():
                every = [(a.name, v, after) for a, v, after in instance.transitions(self.state)]
            possible = {(name, v): after for name, v, after in every if not isinstance(after, Cut)}
            assert possible[step.action.name, step.arguments] == step.state
            offered.add(step.action.name)
            enabled.update(name for name, _ in possible)
            super().take(step)

    run(Watching, 10)
    assert offered == enabled == {a.name for a in instance.actions}


@pytest.mark.parametrize("spec", [toys.CounterStops(), toys.TwoBounds(), toys.Starts(), toys.Peterson(), toys.Clock()])
def test_sound_specs_pass_also_where_runs_end(spec: Spec[Any]) -> None:
    run(state_machine(spec, steps=20), 25)


def test_an_action_may_have_the_name_of_something_else() -> None:
    class Named(toys.Counter):
        @toys.action
        def steps(self, s: toys.CounterState) -> toys.CounterState:
            return s

        @toys.action
        def teardown(self, s: toys.CounterState) -> toys.CounterState:
            return s

    machine: Any = state_machine(Named(), steps=20, properties=[])
    run(machine, 5)
    state = machine()
    state.begin()
    state.steps_()
    state.teardown_()
    assert state.labels == ["steps()", "teardown()"]


def test_bad_use_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        state_machine(toys.Counter(), properties=["In Rage"])
    with pytest.raises(UsageError, match="steps must be at least 1"):
        state_machine(toys.Counter(), steps=0)
    with pytest.raises(UsageError, match=r"takes a spec with its constants, Raft\(nodes=5\)"):
        state_machine(toys.Counter)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- beyond the bounds


def test_paxos_with_five_acceptors_and_four_ballots() -> None:
    """Agreement, Validity, Integrity; the state space has far more states than a search can visit."""
    spec = Paxos(acceptors=5, values=2, max_ballot=3)
    run(state_machine(spec, steps=50, properties=["Agreement", "Validity", "Integrity"]), 3)


def test_raft_with_five_servers_and_six_terms() -> None:
    """Log Matching and the properties of consensus, in runs of 80 steps."""
    spec = Raft(nodes=5, values=2, max_term=6, max_log=4, max_messages=10, max_restarts=3)
    titles = ["Election Safety", "Log Matching", "State Machine Safety", "Agreement", "Validity", "Integrity"]
    run(state_machine(spec, steps=80, properties=titles), 20)


@pytest.mark.slow
def test_logs_that_do_not_match_are_found_beyond_the_bounds_of_a_search(tmp_path: Path) -> None:
    """With the default bounds no search finds it: it takes a third term.  Then the shortest has 15 steps."""
    spec = SkipsConsistencyCheck(max_term=4, max_log=3, max_messages=8, max_restarts=0)
    with pytest.raises(Violated) as caught:
        run(state_machine(spec, steps=100, properties=["Log Matching"], out=str(tmp_path)), 1000)
    assert 15 <= len(caught.value.behavior.steps) <= 24


@pytest.mark.slow
def test_a_paxos_leader_that_ignores_votes_is_caught(tmp_path: Path) -> None:
    """The shortest violation of Agreement takes 12 steps; the shrunk one is not far from it."""
    found = violation(IgnoresVotes(), tmp_path, 400, steps=60, properties=["Agreement"])
    assert 12 <= len(found.behavior.steps) <= 14
