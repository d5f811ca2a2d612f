"""Protocols as Hypothesis state machines: far beyond the bounds of a search, and shrunk to short programs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.checker import toys

from mcheck.models.paxos import IgnoresVotes, Paxos
from mcheck.models.raft import Raft
from mcheck.spec import Failure, Spec, UsageError, replay
from mcheck.testing import ProtocolMachine, state_machine


def run(machine: type[ProtocolMachine], examples: int) -> None:
    chosen = settings(
        machine.TestCase.settings,
        derandomize=True,
        database=None,
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(machine, settings=chosen)


def program(caught: pytest.ExceptionInfo[Any]) -> list[str]:
    """The labels that a failure prints."""
    return [line.strip() for line in str(caught.value).split("\n")[1:]]


def test_a_tweak_fails_and_shrinks_to_the_shortest_program() -> None:
    with pytest.raises(AssertionError, match="StealsLocks: Owners Stay is violated for k=0 after") as caught:
        run(state_machine(toys.StealsLocks(nodes=4), steps=20, properties=["Owners Stay"]), 60)
    labels = program(caught)
    assert len(labels) == 4
    instance = toys.StealsLocks(nodes=4).instance
    behavior = replay(instance, instance.initial[0], labels)
    broken = next(p for p in instance.properties if p.title == "Owners Stay")
    assert not instance.holds(broken, *behavior.states[-2:])


def test_an_invariant_fails_and_shrinks() -> None:
    with pytest.raises(AssertionError, match="In Range is violated after") as caught:
        run(state_machine(toys.CounterReachesThree()), 30)
    assert program(caught) == ["tick()"] * 3


def test_one_enabled_action_among_many_is_found() -> None:
    with pytest.raises(AssertionError, match="Not Seven") as caught:
        run(state_machine(toys.Relay()), 60)
    assert program(caught) == ["first()", "second()", "third()", "fourth()", "fifth()", "sixth()", "seventh()"]


def test_a_broken_refinement_fails() -> None:
    with pytest.raises(AssertionError, match="implements Counter is violated") as caught:
        run(state_machine(toys.ClockJumps()), 30)
    assert len(program(caught)) == 6
    with pytest.raises(AssertionError, match="implements Counter is violated") as caught:
        run(state_machine(toys.ClockStartsLate()), 5)
    assert program(caught) == ["(in an initial state)"]


def test_an_error_in_a_spec_is_not_swallowed() -> None:
    with pytest.raises(Failure, match="ZeroDivisionError"):
        run(state_machine(toys.Raises()), 30)


@pytest.mark.parametrize("spec", [toys.CounterStops(), toys.TwoBounds(), toys.Starts(), toys.Peterson(), toys.Clock()])
def test_sound_specs_pass_also_where_runs_end(spec: Spec[Any]) -> None:
    run(state_machine(spec, steps=20), 25)


def test_unknown_properties_and_impossible_steps() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        state_machine(toys.Counter(), properties=["In Rage"])
    with pytest.raises(UsageError, match="steps must be at least 1"):
        state_machine(toys.Counter(), steps=0)


# ---------------------------------------------------------------------------------------------------- beyond the bounds


def test_paxos_with_five_acceptors_and_six_ballots() -> None:
    """Agreement, Validity, Integrity; the state space has far more states than a search can visit."""
    spec = Paxos(acceptors=5, values=2, max_ballot=5)
    run(state_machine(spec, steps=60, properties=["Agreement", "Validity", "Integrity"]), 10)


def test_raft_with_five_servers_and_six_terms() -> None:
    """Log Matching and the properties of consensus, in runs of 80 steps."""
    spec = Raft(nodes=5, values=2, max_term=6, max_log=4, max_messages=10, max_restarts=3)
    titles = ["Election Safety", "Log Matching", "State Machine Safety", "Agreement", "Validity", "Integrity"]
    run(state_machine(spec, steps=80, properties=titles), 20)


@pytest.mark.slow
def test_a_paxos_leader_that_ignores_votes_is_caught() -> None:
    """The shortest violation of Agreement takes 12 steps; the shrunk one is not far from it."""
    with pytest.raises(AssertionError, match="Agreement is violated for") as caught:
        run(state_machine(IgnoresVotes(), steps=60, properties=["Agreement"]), 400)
    assert 12 <= len(program(caught)) <= 14
