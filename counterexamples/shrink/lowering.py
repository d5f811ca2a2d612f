"""Pass: terms, ballots and other numbers in the labels become smaller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcheck.counterexamples.shrink.order import leaves
from mcheck.counterexamples.shrink.trials import Trials, moves_of
from mcheck.spec import Record
from mcheck.spec.records import field_values, make
from mcheck.spec.sets import plain


def lowering(trials: Trials) -> None:
    """Take one from all numbers of at least n, for every n that occurs; then from the numbers of one step alone.

    The first closes gaps: ballots 1 and 3 become 0 and 1, and keep their order.  Cost: a trial for each number that
    occurs and each step, again after every success.
    """
    while any(map(_lower_from(trials), _numbers(trials))):
        pass
    position = 0
    while position < len(trials.best.steps):
        position += not _lower_step(trials, position)


def _numbers(trials: Trials) -> list[int]:
    """The positive integers in the labels, the smallest first."""
    found = (leaf for s in trials.best.steps for leaf in leaves(s.arguments) if type(leaf) is int and leaf > 0)
    return sorted(set(found))


def _lower_from(trials: Trials) -> Callable[[int], bool]:
    def lower(least: int) -> bool:
        def change(number: int) -> int:
            return number - 1 if number >= least else number

        moves = [(a, tuple(with_numbers(v, change) for v in arguments)) for a, arguments in moves_of(trials.best.steps)]
        return trials.offer(trials.retraced((), moves))

    return lower


def _lower_step(trials: Trials, position: int) -> bool:
    steps = trials.best.steps
    action, arguments = steps[position].action, steps[position].arguments
    lower = tuple(with_numbers(v, lambda number: max(0, number - 1)) for v in arguments)
    if lower == arguments:
        return False
    return trials.offer(trials.retraced(steps[:position], [(action, lower), *moves_of(steps[position + 1 :])]))


def with_numbers(value: Any, change: Callable[[int], int]) -> Any:
    """The value with every integer changed that stands in it alone, in a record, a sequence or a set."""
    if type(value) is int:
        return change(value)
    if isinstance(value, Record):
        return make(type(value), [with_numbers(part, change) for part in field_values(value)])
    if isinstance(value, frozenset):
        return plain(with_numbers(part, change) for part in frozenset.__iter__(value))
    if type(value) is tuple:
        return tuple(with_numbers(part, change) for part in value)
    return value
