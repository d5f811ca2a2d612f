"""Unfolding: a way through views as a behaviour of the spec, with ballots as large as they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mcheck.spec import Behavior, Cut, Instance, Lasso, McheckError, Rule, Step
from mcheck.spec.views import View, with_bounds

ROUNDS = 3
"""How often a cycle is gone round after the first time."""
_LARGEST = 1 << 16


class Move(NamedTuple):
    """A step between views: the action by name, its arguments that have no ranks in them, and the view that it leads to."""

    action: str
    unnamed: tuple[Any, ...]
    view: Any


class NoWay(McheckError):
    """No step of the spec leads where a step between views does."""


def unfolded(instance: Instance, initial: Any, moves: Sequence[Move]) -> Behavior:
    """The behaviour from `initial` that goes this way, of the spec with bounds that cut none of its steps.

    NoWay where there is none, or where that takes too large a bound.  Cost: the arguments of one action in each step.
    """
    least = View(instance).ranks.least
    bounds = {unit: max(instance.bounds[unit], low + len(moves) + 1) for unit, low in least.items()}
    while True:
        try:
            wide = with_bounds(instance, bounds)
        except McheckError as error:
            raise NoWay(f"a step is cut, and a bound cannot be raised: {error}") from None
        with wide.active():
            found = _Way(wide).along(initial, moves)
        if isinstance(found, tuple):
            return Behavior(wide, initial, found)
        if found not in wide.bounds or wide.bounds[found] >= _LARGEST:
            raise NoWay(f"a step is cut by {found}")
        bounds[found] = 2 * max(1, wide.bounds[found])


class _Way:
    """A way in one instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.view = instance, View(instance)

    def along(self, state: Any, moves: Sequence[Move]) -> tuple[Step, ...] | str:
        """The steps; or the bound that cuts one."""
        steps: list[Step] = []
        for number, move in enumerate(moves, start=1):
            step = self._step(state, move)
            if isinstance(step, str):
                return step
            if step is None:
                raise NoWay(f"step {number}, {move.action}: no step of the spec leads to its view")
            steps.append(step)
            state = step.state
        return tuple(steps)

    def _step(self, state: Any, move: Move) -> Step | str | None:
        """A step that leads to the view, or else the bound that cuts one, or None."""
        action = self.instance.action(move.action)
        cut: str | None = None
        for arguments in action.signature.arguments(state):
            if self.view.unnamed(action, arguments) != move.unnamed:
                continue
            after = self.instance.apply(action, state, arguments)
            if isinstance(after, Cut):
                cut = after.bound
            elif after is not None and after != state and self.view.of(after) == move.view:
                return Step(action, arguments, after)
        return cut


def moves_of(view: View, steps: Iterable[tuple[Rule, tuple[Any, ...], Any]]) -> list[Move]:
    """(action, arguments, state after it) as moves.  Inside `active()` of an instance of the view's spec."""
    return [Move(action.name, view.unnamed(action, given), view.of(after)) for action, given, after in steps]


def rounds(lasso: Lasso) -> list[Lasso]:
    """The lasso whose cycle is each of the next rounds, where the cycle closes by the view and not by itself.  NoWay."""
    behavior = lasso.behavior
    view = View(behavior.instance)
    with behavior.instance.active():
        cycle = moves_of(view, ((s.action, s.arguments, s.state) for s in lasso.cycle))
    later = unfolded(behavior.instance, behavior.last, cycle * ROUNDS)
    length = len(cycle)
    return [
        Lasso(Behavior(later.instance, behavior.last, later.steps[: (k + 1) * length]), k * length)
        for k in range(ROUNDS)
    ]
