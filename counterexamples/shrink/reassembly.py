"""Pass: what happens in the behaviour, put together again in every order and as often as needed.

Deletion keeps the order of the steps, and so cannot see that a message might have been delivered earlier, in place of
two others.  Here a breadth-first search takes only steps of the shapes that the behaviour has: the same actions of the
same members with messages of the same kinds, whatever the numbers in them.  That is few enough to be searched.
"""

from __future__ import annotations

from typing import Any

from mcheck.counterexamples.shrink.exploring import Exploration
from mcheck.counterexamples.shrink.likeness import shape
from mcheck.counterexamples.shrink.trials import Trials
from mcheck.spec import Behavior, Rule

_MOST_STEPS = 20_000


def reassembly(trials: Trials) -> None:
    """Take a shortest behaviour of the same shapes, if it is shorter.  Cost: at most 20,000 steps executed."""
    best = trials.best
    shapes = {(s.action.name, tuple(map(shape, s.arguments))) for s in best.steps}

    def allowed(action: Rule, arguments: tuple[Any, ...]) -> bool:
        return (action.name, tuple(map(shape, arguments))) in shapes

    found = Exploration(trials, best.initial, len(best.steps) - 1, _MOST_STEPS, allowed).violation()
    if found is not None:
        trials.offer(Behavior(best.instance, best.initial, tuple(found)))
