"""Pass: two steps of which neither can be left out alone."""

from __future__ import annotations

from mcheck.counterexamples.shrink.trials import Trials, moves_of
from mcheck.spec import Behavior

_LONGEST = 60


def pairs(trials: Trials) -> None:
    """Leave out any two steps.  Cost: n²/2 trials of at most n steps; nothing on behaviours of more than 60 steps."""
    second = len(trials.best.steps) - 1
    if second >= _LONGEST:
        return
    while second > 0:
        first = second - 1
        while first >= 0 and not trials.offer(_without_both(trials, first, second)):
            first -= 1
        second = min(second, len(trials.best.steps)) - 1


def _without_both(trials: Trials, first: int, second: int) -> Behavior | None:
    steps = trials.best.steps
    rest = (*steps[first + 1 : second], *steps[second + 1 :])
    return trials.retraced(steps[:first], moves_of(rest), rest)
