"""From the links that a search keeps to behaviours; each is replayed before anybody sees it."""

from __future__ import annotations

from typing import Any

from mcheck.checker.checks import Checks, Found
from mcheck.checker.verdict import PropertyResult
from mcheck.spec import Behavior, Failure, Instance, InternalError, ReplayMismatch, Rule, rerun

Link = tuple[Any, int, tuple[Any, ...]]
"""How a state was first reached: the state before, the number of the action, its arguments.  An initial state has
none."""


class RuleFailed(Failure):
    """An action or property failed during a search.  `behavior` leads to the state in which it did."""

    def __init__(self, failure: Failure, behavior: Behavior) -> None:
        steps = f"{len(behavior.steps)} step{'s' * (len(behavior.steps) != 1)}"
        super().__init__(f"{failure} (in a state reached in {steps})", failure.rule, failure.arguments, failure.state)
        self.behavior = behavior


def behavior_to(
    instance: Instance, links: dict[Any, Link | None], state: Any, last: tuple[int, tuple[Any, ...]] | None = None
) -> Behavior:
    """The behaviour that the links give for `state`, and the step `last` out of it, executed by the plain functions."""
    moves = [] if last is None else [last]
    first = state
    while (link := links.get(first)) is not None:
        first, number, arguments = link
        moves.append((number, arguments))
    moves.reverse()
    try:
        behavior = rerun(instance, first, [(instance.actions[number], arguments) for number, arguments in moves])
    except ReplayMismatch as mismatch:
        raise InternalError(f"{instance.name}: a trace of the search cannot be replayed: {mismatch}") from mismatch
    if behavior.states[-1 if last is None else -2] != state:
        raise InternalError(f"{instance.name}: a trace of the search leads elsewhere when it is replayed")
    return behavior


def blamed(instance: Instance, links: dict[Any, Link | None], failure: Failure, here: Any) -> RuleFailed:
    """The failure with the behaviour to the state it happened in; to `here` if that state has not been kept."""
    kept = failure.state in links and failure.rule.kind != "step"
    return RuleFailed(failure, behavior_to(instance, links, failure.state if kept else here))


def property_results(instance: Instance, links: dict[Any, Link | None], checks: Checks) -> tuple[PropertyResult, ...]:
    """What the search says of each selected property, with the behaviour that shows it."""
    results = []
    for rule in checks.selected:
        found = checks.found.get(rule.name)
        witness = rule.kind == "reachable"
        if found is None:
            results.append(PropertyResult(rule, "not-reached" if witness else "holds"))
            continue
        behavior = behavior_to(instance, links, found.state, found.move)
        _judge(instance, rule, found, behavior)
        results.append(PropertyResult(rule, "reached" if witness else "violated", behavior, found.arguments))
    return tuple(results)


def _judge(instance: Instance, rule: Rule, found: Found, behavior: Behavior) -> None:
    """InternalError unless the replayed behaviour violates (reaches) the property with the arguments found."""
    with instance.active():
        if rule.kind == "implements":
            refinement = instance.refinements[rule.name]
            shown = not (refinement.allows(*behavior.states[-2:]) if found.move else refinement.starts(behavior.last))
        elif rule.kind == "reachable":
            shown = instance.witnessing(rule, behavior.last) == found.arguments
        else:
            states = behavior.states[-2:] if rule.kind == "step" else behavior.states[-1:]
            shown = instance.falsifying(rule, *states) == found.arguments
    if not shown:
        raise InternalError(f"{instance.name}: the replayed behaviour does not decide {rule.title!r}")
