"""The lasso checker: whether a lasso violates a temporal property, by the plain functions alone.

It knows nothing of the graph in which the lasso was found.  It executes the labels, and evaluates the property, the guards and
the conditions of fairness in the states that it meets.  No lasso is shown that it has not passed.

Where states are told apart by their views, the last state of a cycle need only have the same view as its first: ballots have grown.
Then the cycle is gone round some more times by the same actions, and each round is judged as the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.checker.liveness.unfolding import NoWay, rounds
from mcheck.spec import Cut, Fairness, Instance, Lasso, McheckError, Rule, replay
from mcheck.spec.temporal import truth
from mcheck.spec.views import View, has_view


class NoCounterexample(McheckError):
    """The lasso does not violate the property, for the reason given."""

    status = 1


def lasso_of(instance: Instance, initial: Any, labels: Iterable[str], loop: int) -> Lasso:
    """The lasso that these labels describe, of which those after the first `loop` are its cycle.

    ReplayMismatch where a label is not enabled; NoCounterexample if the cycle does not close, by itself or by the view.
    """
    if initial not in instance.initial:
        raise NoCounterexample("it does not begin in an initial state")
    behavior = replay(instance, initial, labels)
    if not 0 <= loop <= len(behavior.steps):
        raise NoCounterexample(f"it has {len(behavior.steps)} steps, and no state {loop} to go back to")
    if not _same_view(instance, behavior.states[loop], behavior.last):
        raise NoCounterexample(f"its cycle does not close: the last state is not state {loop}")
    return Lasso(behavior, loop)


def _same_view(instance: Instance, one: Any, other: Any) -> bool:
    if one == other or not has_view(instance):
        return bool(one == other)
    with instance.active():
        view = View(instance)
        return bool(view.of(one) == view.of(other))


def refuse_unless_violating(lasso: Lasso, rule: Rule, arguments: tuple[Any, ...], fairness: Sequence[Fairness]) -> None:
    """Return if the lasso is fair and violates the property for these arguments; else NoCounterexample, saying why not."""
    _judge(lasso, rule, arguments, fairness)
    if lasso.closes:
        return
    try:
        later = rounds(lasso)
    except NoWay as error:
        raise NoCounterexample(f"its cycle cannot be gone round again: {error}") from None
    for number, lasso_of_round in enumerate(later, start=2):
        try:
            _judge(lasso_of_round, rule, arguments, fairness)
        except NoCounterexample as refusal:
            raise NoCounterexample(f"in round {number}: {refusal}") from None


def _judge(lasso: Lasso, rule: Rule, arguments: tuple[Any, ...], fairness: Sequence[Fairness]) -> None:
    with lasso.behavior.instance.active():
        _misses_the_goal(lasso, rule, arguments)
        for one in fairness:
            _is_fair(lasso, one)


def violating_arguments(lasso: Lasso, rule: Rule, fairness: Sequence[Fairness]) -> tuple[Any, ...]:
    """The first arguments for which the lasso violates the property; NoCounterexample, for the first ones, if there are none."""
    refusals: list[NoCounterexample] = []
    for arguments in rule.signature.arguments(None):
        try:
            refuse_unless_violating(lasso, rule, arguments, fairness)
        except NoCounterexample as refusal:
            refusals.append(refusal)
        else:
            return arguments
    raise refusals[0] if refusals else NoCounterexample(f"{rule.title} has parameters without values")


def _misses_the_goal(lasso: Lasso, rule: Rule, arguments: tuple[Any, ...]) -> None:
    instance, states, loop = lasso.behavior.instance, lasso.behavior.states, lasso.loop
    truths = [truth(instance, rule, state, arguments) for state in states]
    reached = [number for number, (_, goal) in enumerate(truths) if goal]
    if rule.kind == "eventually" and reached:
        raise NoCounterexample(f"{rule.title} is true in state {reached[0]}")
    if rule.kind == "always_eventually" and reached and reached[-1] >= loop:
        raise NoCounterexample(f"{rule.title} is true in state {reached[-1]}, on the cycle")
    if rule.kind == "eventually_always" and all(goal for _, goal in truths[loop:]):
        raise NoCounterexample(f"{rule.title} is true all along the cycle")
    if rule.kind == "leads_to":
        last = reached[-1] if reached else -1
        if last >= loop:
            raise NoCounterexample(f"the goal of {rule.title} is true in state {last}, on the cycle")
        if not any(asked for asked, _ in truths[last + 1 :]):
            raise NoCounterexample(f"nothing asks for the goal of {rule.title} after it was last true")


@dataclass(frozen=True)
class Stands:
    """How a cycle stands to a condition of fairness with one of its keys, of which a step is possible somewhere on it."""

    key: tuple[Any, ...]
    taken: int | None
    """The number of the first step of the cycle that is one; None if none is."""
    impossible: int | None
    """The number of the first state of the cycle in which none is possible; None if one is in all."""


def standing(lasso: Lasso, one: Fairness) -> list[Stands]:
    """How the cycle stands to a condition of fairness.  Must run inside `instance.active()`."""
    instance, loop = lasso.behavior.instance, lasso.loop
    circle = lasso.behavior.states[loop:-1] if lasso.cycle else lasso.behavior.states[-1:]
    taken: dict[tuple[Any, ...] | None, int] = {}
    for number, (before, step) in enumerate(zip(circle, lasso.cycle, strict=False), start=loop + 1):
        if step.state != before:
            taken.setdefault(one.key(step.action, _named(step.action, step.arguments)), number)
    enabled = [_enabled_keys(instance, one, state) for state in circle]
    return [
        Stands(key, taken.get(key), next((loop + k for k, keys in enumerate(enabled) if key not in keys), None))
        for key in dict.fromkeys(key for keys in enabled for key in keys)
    ]


def _is_fair(lasso: Lasso, one: Fairness) -> None:
    """NoCounterexample unless the cycle meets the condition of fairness, for each of its keys."""
    for stands in standing(lasso, one):
        if stands.taken is None and (one.strength == "strong" or stands.impossible is None):
            often = "always" if stands.impossible is None else "again and again"
            values = ", ".join(f"{n}={v!r}" for n, v in zip(one.each, stands.key, strict=True))
            raise NoCounterexample(
                f"its cycle is not fair: {one} is {often} enabled{f' for {values}' if values else ''}, and never taken"
            )


def _enabled_keys(instance: Instance, one: Fairness, state: Any) -> dict[tuple[Any, ...], None]:
    """For which values of `each` a step that changes the state is possible, inside the bounds or outside."""
    keys: dict[tuple[Any, ...], None] = {}
    for action in instance.actions:
        if action.name not in one.actions:
            continue
        for arguments in action.signature.arguments(state):
            key = one.key(action, _named(action, arguments))
            if key is None or key in keys or one.waived(instance, state, key):
                continue
            after = instance.apply(action, state, arguments)
            if after is not None and (isinstance(after, Cut) or after != state):
                keys[key] = None
    return keys


def _named(action: Rule, arguments: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(action.signature.names, arguments, strict=True))
