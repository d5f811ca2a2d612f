"""Pass: steps that do not depend on each other stand in the order of the spec."""

from __future__ import annotations

from mcheck.counterexamples.shrink.trials import Trials, moves_of


def ordering(trials: Trials) -> None:
    """Exchange neighbours as long as that makes the behaviour smaller.  Cost: at most n²/2 trials of two steps each, as
    independent steps lead to the same state in either order."""
    position = 0
    while position + 1 < len(trials.best.steps):
        position = max(0, position - 1) if _exchange(trials, position) else position + 1


def _exchange(trials: Trials, position: int) -> bool:
    steps = trials.best.steps
    rest = (steps[position + 1], steps[position], *steps[position + 2 :])
    rejoining = (steps[position], *steps[position + 1 :])
    return trials.offer(trials.retraced(steps[:position], moves_of(rest), rejoining))
