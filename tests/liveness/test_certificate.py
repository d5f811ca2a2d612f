"""The checker of lassos refuses what is no counterexample, for each reason there is.

What breaks if these fail: a behaviour could be shown as a violation that is none, whatever has found it.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.liveness.toys import Counting, PerMessage, Pinging, Semaphore, UnlessCrashed, WeakSemaphore

from mcheck.checker.liveness.certificate import NoCounterexample, lasso_of, refuse_unless_violating, violating_arguments
from mcheck.spec import Fairness, Instance, ReplayMismatch, Rule, Spec, strong, weak

OVERTAKEN = ["ask(i=0)", "ask(i=1)", "enter(i=1)", "leave(i=1)"]


def property_of(instance: Instance, title: str) -> Rule:
    return next(r for r in instance.temporal if r.title == title)


def judged(spec: Spec, title: str, labels: list[str], loop: int, fairness: Any = None) -> tuple[Any, ...]:
    instance = spec.instance
    lasso = lasso_of(instance, instance.initial[0], labels, loop)
    assumed: tuple[Fairness, ...] = instance.fairness if fairness is None else tuple(fairness)
    return violating_arguments(lasso, property_of(instance, title), assumed)


def refusal(spec: Spec, title: str, labels: list[str], loop: int, fairness: Any = None) -> str:
    with pytest.raises(NoCounterexample) as refused:
        judged(spec, title, labels, loop, fairness)
    return str(refused.value)


def test_a_counterexample_passes() -> None:
    spec = WeakSemaphore()
    (i,) = judged(spec, "Starvation Freedom", OVERTAKEN, 1)
    assert repr(i) == "Process(0)"


def test_a_lasso_without_its_last_edge_does_not_close() -> None:
    assert (
        refusal(WeakSemaphore(), "Starvation Freedom", OVERTAKEN[:-1], 1)
        == "its cycle does not close: the last state is not state 1"
    )
    assert refusal(WeakSemaphore(), "Starvation Freedom", OVERTAKEN, 0).startswith("its cycle does not close")
    assert (
        refusal(WeakSemaphore(), "Starvation Freedom", OVERTAKEN, 5) == "it has 4 steps, and no state 5 to go back to"
    )


def test_a_step_that_is_not_possible() -> None:
    instance = WeakSemaphore().instance
    with pytest.raises(ReplayMismatch, match="nobody is inside"):
        lasso_of(instance, instance.initial[0], [*OVERTAKEN[:3], "enter(i=0)"], 1)
    with pytest.raises(NoCounterexample, match="does not begin in an initial state"):
        lasso_of(instance, "elsewhere", [], 0)


def test_a_cycle_that_is_not_fair() -> None:
    said = refusal(Semaphore(), "Starvation Freedom", OVERTAKEN, 1)
    assert (
        said
        == "its cycle is not fair: SF(enter) for each i is again and again enabled for i=Process(0), and never taken"
    )
    spec = WeakSemaphore()
    stuck = refusal(spec, "Starvation Freedom", ["ask(i=0)"], 1)
    assert stuck == "its cycle is not fair: WF(enter) for each i is always enabled for i=Process(0), and never taken"
    assert judged(spec, "Starvation Freedom", ["ask(i=0)"], 1, [weak("leave", each="i")])
    assert judged(spec, "Starvation Freedom", OVERTAKEN, 1, [weak("enter"), strong("leave")])
    assert "WF(enter(i=0))" not in repr(judged(spec, "Starvation Freedom", OVERTAKEN, 1, []))


def test_a_goal_that_is_reached() -> None:
    inside = ["ask(i=0)", "enter(i=0)"]
    around = [*inside, "leave(i=0)"]
    none: list[Fairness] = []
    assert "is true in state 2" in refusal(Semaphore(), "Somebody Enters", around, 0, none)
    assert "is true in state 2" in refusal(Semaphore(), "Somebody Enters", [*around, *OVERTAKEN], 4, none)
    assert "the goal of Starvation Freedom is true in state 2, on the cycle" in refusal(
        Semaphore(processes=1), "Starvation Freedom", around, 0, none
    )
    assert "nothing asks for the goal" in refusal(Semaphore(processes=1), "Starvation Freedom", around, 3, none)
    assert "is true in state 3, on the cycle" in refusal(Semaphore(processes=1), "Nobody Stays", around, 0, none)
    assert judged(Semaphore(processes=1), "Nobody Stays", inside, 2, none)
    assert "is true all along the cycle" in refusal(Semaphore(), "All Stay Away", around, 3, none)
    assert judged(Semaphore(), "All Stay Away", around, 0, none) == ()


def test_the_crashed_owe_nothing_and_messages_are_told_apart() -> None:
    sent = ["send(n=0)", "crash()"]
    assert judged(UnlessCrashed(), "Received", sent, 2)
    assert "WF(receive) for each m is always enabled for m=Ping(number=0)" in refusal(PerMessage(), "Received", sent, 2)
    others = ["send(n=0)", "send(n=1)", "receive(m=Ping(number=1))", "send(n=1)", "receive(m=Ping(number=1))"]
    assert "for m=Ping(number=0), and never taken" in refusal(PerMessage(), "Received", others, 3)
    assert judged(PerMessage(), "Received", others, 3, [weak("receive")])


def test_every_property_is_judged_for_the_arguments_given() -> None:
    instance = WeakSemaphore().instance
    lasso = lasso_of(instance, instance.initial[0], OVERTAKEN, 1)
    rule = property_of(instance, "Starvation Freedom")
    with instance.active():
        (first,), (second,) = rule.signature.arguments(None)
    refuse_unless_violating(lasso, rule, (first,), instance.fairness)
    with pytest.raises(NoCounterexample, match="the goal of Starvation Freedom is true in state 3"):
        refuse_unless_violating(lasso, rule, (second,), instance.fairness)


def test_a_step_that_changes_nothing_takes_nothing() -> None:
    """To send again what is on the wire does not count as sending, and the other ping could be sent."""
    again = ["send(n=0)", "send(n=0)"]
    assert "WF(send) is always enabled, and never taken" in refusal(Pinging(), "Received", again, 1, [weak("send")])
    assert judged(Pinging(), "Received", again, 1, [weak("send", n=0)])


def test_a_step_that_a_bound_cuts_is_enabled() -> None:
    spec = Counting(goal=9, most=2)
    assert "WF(up) is always enabled, and never taken" in refusal(spec, "Comes There", ["up()", "up()"], 2)
