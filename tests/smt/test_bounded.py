"""Bounded checking by z3 finds what the explorer finds, as soon, and nothing else."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.smt.toys import Constrained, Count, EvenSteps, Post, Reader

from mcheck.checker import Limits, RuleFailed
from mcheck.checker.checks import DEADLOCK_FREEDOM
from mcheck.checker.reference import explore
from mcheck.checker.smt.bounded import Bounded, check_bounded
from mcheck.models.two_phase_commit import AbortsAfterPrepared, CommitsEarly, TwoPhaseCommit
from mcheck.protocols import find, instantiate
from mcheck.spec import Instance, replay

TWEAKS: list[tuple[str, str | None, dict[str, int], str, int]] = [
    ("tcommit", "commit-unprepared", {"managers": 2}, "Consistent", 3),
    ("two-phase-commit", "commit-early", {"managers": 2}, "Consistent", 5),
    ("two-phase-commit", "abort-after-prepared", {"managers": 2}, "Consistent", 7),
    ("die-hard", None, {}, "Not four gallons", 6),
    ("ewd840", "stay-white", {"nodes": 3}, "Termination Detection", 5),
    ("consensus", "choose-again", {}, "Agreement", 2),
    ("voting", "split-ballot", {"max_ballot": 0}, "One Value Per Ballot", 4),
    ("voting", "vote-without-proof", {"max_ballot": 1}, "Votes Safe", 5),
    ("paxos", "reuse-ballot", {"max_ballot": 0}, "Agreement", 9),
    ("flexible-paxos", "ask-one-too-few", {"acceptors": 2, "max_ballot": 1, "accept_quorum": 1}, "Agreement", 8),
    (
        "raft",
        "quorum-of-one",
        {"nodes": 2, "max_term": 1, "max_log": 0, "max_messages": 2, "max_restarts": 0},
        "Election Safety",
        2,
    ),
    (
        "raft",
        "vote-twice",
        {"nodes": 3, "max_term": 1, "max_log": 0, "max_messages": 3, "max_restarts": 0},
        "Election Safety",
        6,
    ),
]
"""The declared outcomes of tweaks: lengths that the explorer has found, and the tests of the models pin."""


def instance_of(name: str, tweak: str | None, constants: dict[str, int]) -> Instance:
    return instantiate(find(name).tweaked(tweak), constants)


def checked(instance: Instance, depth: int, **options: Any) -> Bounded:
    """All properties but refinements, of which a tweak breaks some sooner."""
    rules = [rule for rule in instance.properties if rule.kind in ("always", "step")]
    return check_bounded(instance, rules, depth, **options)


@pytest.mark.parametrize(("name", "tweak", "constants", "title", "steps"), TWEAKS, ids=lambda x: str(x)[:24])
def test_a_violation_is_as_long_as_the_shortest_trace(
    name: str, tweak: str | None, constants: dict[str, int], title: str, steps: int
) -> None:
    instance = instance_of(name, tweak, constants)
    found = checked(instance, steps + 1)
    assert found.result == "violated"
    assert found.violation is not None and found.violation.behavior is not None
    assert (found.violation.rule.title, found.violation.steps) == (title, steps)
    behavior = found.violation.behavior
    assert replay(instance, behavior.initial, behavior.labels).last == behavior.last
    assert checked(instance, steps - 1).result == "holds"


def test_what_holds_in_the_explorer_holds_here() -> None:
    """Witnesses are reached at the depth at which the explorer reaches them, and refinements hold."""
    instance = TwoPhaseCommit(managers=2).instance
    found = check_bounded(instance, instance.properties, 8)
    verdict = explore(instance, limits=Limits(depth=8))
    assert [(p.rule.name, p.finding, p.steps) for p in found.properties] == [
        (p.rule.name, p.finding, p.steps) for p in verdict.properties
    ]


DEADLOCKS: list[Instance] = [
    Post().instance,  # whose letters are read as long as there are any
    *itertools.starmap(
        instance_of,
        [
            ("tcommit", None, {"managers": 2}),
            ("tcommit", "commit-unprepared", {"managers": 2}),
            ("consensus", None, {}),
            ("voting", None, {"max_ballot": 0}),
            ("three-phase-commit", None, {"managers": 2}),
            ("flood-set", None, {}),
        ],
    ),
]


@pytest.mark.parametrize("instance", DEADLOCKS, ids=lambda i: i.name)
def test_a_deadlock_is_found_where_the_explorer_finds_it(instance: Instance) -> None:
    """After as many steps, and none before; in the state that is shown no action is enabled."""
    expected = explore(instance, [], deadlock_is_error=True).violation
    assert expected is not None and expected.steps
    found = check_bounded(instance, [DEADLOCK_FREEDOM], expected.steps)
    assert found.violation is not None and found.violation.behavior is not None
    assert (found.violation.rule.kind, found.violation.steps) == ("deadlock", expected.steps)
    with instance.active():
        assert not list(instance.transitions(found.violation.behavior.last))
    assert check_bounded(instance, [DEADLOCK_FREEDOM], expected.steps - 1).result == "holds"


@pytest.mark.parametrize(
    "spec", [TwoPhaseCommit(managers=2), EvenSteps(), Constrained()], ids=lambda s: type(s).__name__
)
def test_a_step_that_is_cut_is_no_deadlock(spec: Any) -> None:
    """Whether an action is enabled is judged before bounds and constraints, as in a search."""
    instance = spec.instance
    assert explore(instance, [], deadlock_is_error=True).violation is None
    assert check_bounded(instance, [DEADLOCK_FREEDOM], 8).result == "holds"


def test_a_behaviour_begins_within_the_constraints() -> None:
    """An initial state outside of them is none of the configuration, and violates nothing in it."""

    class High(Constrained):
        def init(self) -> Any:
            return [Count(), Count(value=7)]

    assert explore(High().instance).violation is None
    assert checked(High().instance, 2).result == "holds"


def test_a_broken_refinement_is_found_where_the_explorer_finds_it() -> None:
    instance = AbortsAfterPrepared(managers=2).instance
    rules = [rule for rule in instance.properties if rule.kind == "implements"]
    steps = explore(instance, properties=[rules[0].name]).properties[0].steps
    found = check_bounded(instance, rules, 8)
    assert steps is not None and found.violation is not None and found.violation.steps == steps


def test_from_a_given_state() -> None:
    """What follows a state is found from there, and the trace begins where every behaviour does."""
    instance = CommitsEarly(managers=2).instance
    start = replay(instance, instance.initial[0], ["rm_prepare(rm=0)", "tm_rcv_prepared(rm=0)"])
    found = checked(instance, 3, start=start)
    assert found.violation is not None and found.violation.behavior is not None
    assert found.violation.steps == 5 and found.violation.behavior.labels[:2] == start.labels
    assert checked(instance, 2, start=start).result == "holds"


def test_without_time_it_says_nothing() -> None:
    """Half an answer is none: what was not looked at is not said to hold."""
    found = checked(TwoPhaseCommit().instance, 3, seconds=1e-9)
    assert (found.result, found.reason, found.depth) == ("inconclusive", "time limit", -1)
    assert {p.finding for p in found.properties} == {"not-checked"}


def test_a_rule_that_fails_is_told_with_the_way_there() -> None:
    """As in a search: the failure of the plain function, at the depth at which it is first met."""
    instance = Reader().instance
    with pytest.raises(RuleFailed) as mine:
        checked(instance, 9)
    with pytest.raises(RuleFailed) as theirs:
        explore(instance)
    assert str(mine.value) == str(theirs.value)


def test_the_same_question_has_the_same_answer() -> None:
    first, second = (checked(CommitsEarly(managers=3).instance, 6) for _ in range(2))
    assert first.violation is not None and second.violation is not None
    assert first.violation.behavior is not None and second.violation.behavior is not None
    assert first.violation.behavior.labels == second.violation.behavior.labels


def test_each_question_is_written_as_smt_lib() -> None:
    """And what is written says the same to z3 when it is read back."""
    z3 = pytest.importorskip("z3")

    written: dict[str, str] = {}
    checked(CommitsEarly(managers=2).instance, 5, written=written.__setitem__)
    answers = {}
    for name, text in written.items():
        solver = z3.Solver(ctx=z3.Context())
        solver.from_string(text)
        answers[name] = str(solver.check())
    assert answers["depth 5 Consistent"] == "sat"
    assert [a for n, a in answers.items() if n != "depth 5 Consistent"] == ["unsat"] * (len(answers) - 1)
    assert len(answers) == 6 + 5
