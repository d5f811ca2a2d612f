"""Pass: a shorter way from one state of the behaviour to a later one, or to a violation."""

from __future__ import annotations

from mcheck.counterexamples.shrink.exploring import Exploration
from mcheck.counterexamples.shrink.trials import Trials
from mcheck.spec import Behavior, Step

_MOST_STEPS = 20_000


def shortcuts(trials: Trials) -> None:
    """Search breadth-first from each state, the late ones first.  Cost: at most 20,000 steps executed, shared by all."""
    position = len(trials.best.steps) - 2
    most = _MOST_STEPS // max(1, len(trials.best.steps))
    while position >= 0:
        candidate = _shortcut(trials, position, most)
        if trials.offer(candidate):
            position = min(position, len(trials.best.steps) - 1)
        else:
            position -= 1


def _shortcut(trials: Trials, position: int, most: int) -> Behavior | None:
    """The behaviour with the way out of state `position` that saves the most; None if none was found."""
    best = trials.best
    later = {state: k for k, state in enumerate(best.states) if k > position + 1 and k < len(best.steps)}
    left = len(best.steps) - position
    exploration = Exploration(trials, best.states[position], left - 1, most)
    saved, shortest = 0, None
    for before, move, after, new in exploration.steps():
        if exploration.violates(before, after, new):
            way = [*exploration.way(before), Step(*move, after)]
            return Behavior(best.instance, best.initial, (*best.steps[:position], *way))
        end = later.get(after) if new else None
        if end is not None:
            way = exploration.way(after)
            if end - position - len(way) > saved:
                saved = end - position - len(way)
                shortest = (*best.steps[:position], *way, *best.steps[end:])
    return None if shortest is None else Behavior(best.instance, best.initial, shortest)
