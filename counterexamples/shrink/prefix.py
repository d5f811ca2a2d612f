"""Pass: everything after the first violation goes."""

from __future__ import annotations

from mcheck.counterexamples.shrink.trials import Trials
from mcheck.spec import Behavior


def prefix(trials: Trials) -> None:
    """End the behaviour where the property is first violated.  Cost: one evaluation of the property for each step."""
    best, states = trials.best, trials.best.states
    if trials.judge.initially(best.initial) is not None:
        trials.offer(Behavior(best.instance, best.initial, ()))
        return
    for number, step in enumerate(best.steps, start=1):
        if trials.violates(states[number - 1], step.state):
            trials.offer(Behavior(best.instance, best.initial, best.steps[:number]))
            return
