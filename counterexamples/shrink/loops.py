"""Pass: what happens between a state and its like is a loop, and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcheck.counterexamples.shrink.trials import Trials, moves_of
from mcheck.spec import Behavior

_TRIALS = 200


def loops(trials: Trials) -> None:
    """Cut out what lies between two equal states; then, as trials, between two that differ in ghosts only.

    The step that violates is never part of a loop.  Cost: one pass over the states, and at most 200 trials.
    """
    best = trials.best
    kept = []
    last = _last_visits(best, lambda state: state)
    position = 0
    while position < len(best.steps):
        position = max(position, last.get(best.states[position], position))
        kept.append(best.steps[position])
        position += 1
    trials.offer(Behavior(best.instance, best.initial, tuple(kept)))
    _loops_of_history(trials)


def _last_visits(behavior: Behavior, key: Callable[[Any], Any]) -> dict[Any, int]:
    """For what `key` says of each state before the last step, the number of the last such state."""
    return {key(state): k for k, state in enumerate(behavior.states[:-1])}


def _loops_of_history(trials: Trials) -> None:
    """States that differ in ghosts only allow the same steps; whether they lead to the violation has to be tried."""
    ghosts = trials.instance.ghosts
    if not ghosts:
        return
    fields = dict.fromkeys(ghosts, None)
    position = 0
    for _ in range(_TRIALS):
        last = _last_visits(trials.best, lambda state: state.replace(**fields))
        steps = trials.best.steps
        while position < len(steps) and last[trials.best.states[position].replace(**fields)] == position:
            position += 1
        if position >= len(steps):
            return
        end = last[trials.best.states[position].replace(**fields)]
        if not trials.offer(trials.retraced(steps[:position], moves_of(steps[end:]))):
            position += 1
