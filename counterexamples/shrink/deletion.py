"""Pass: steps that the violation does not need go, in chunks of half the behaviour down to single steps.

Source: Zeller & Hildebrandt, Simplifying and isolating failure-inducing input (2002).  What differs: the steps after the
chunk are not taken as they are but retraced, as terms, messages and answers change with what came before; so a chunk
takes with it whatever only it made possible.
"""

from __future__ import annotations

from collections.abc import Callable

from mcheck.counterexamples.shrink.trials import Spent, Trials
from mcheck.spec import Behavior

_LONG, _MOST_STEPS = 40, 20_000


def deletion(trials: Trials) -> None:
    """Leave out chunks until no single step can be left out.

    Which steps remain depends on where one begins.  So a behaviour of more than 40 steps is tried four times, with
    chunks of a half and of a third, late ones first and early ones first; the smallest result counts.
    Cost: O(n) steps for a trial, and a few dozen trials where most of the behaviour is noise.
    """
    given = trials.best
    if len(given.steps) > _LONG:
        for parts in (2, 3):
            for sweep in (_late_first, _early_first):
                _start_again(trials, given, parts, sweep)
    _delete(trials, 2, _late_first)
    _delete(trials, len(trials.best.steps), _early_first)


def _start_again(trials: Trials, given: Behavior, parts: int, sweep: Callable[[Trials, int], None]) -> None:
    start = trials.start_again(given, _MOST_STEPS)
    try:
        _delete(start, parts, sweep)
    except Spent:
        pass
    finally:
        trials.join(start)


def _delete(trials: Trials, parts: int, sweep: Callable[[Trials, int], None]) -> None:
    """Sweeps with chunks of `1/parts` of the behaviour, then of half as much, until single steps bring nothing."""
    chunk = max(1, len(trials.best.steps) // max(1, parts))
    while True:
        before = len(trials.best.steps)
        sweep(trials, chunk)
        after = len(trials.best.steps)
        if chunk == 1 and after == before:
            return
        chunk = max(1, min(chunk // 2, after // 2))


def _late_first(trials: Trials, chunk: int) -> None:
    """Try to leave out each chunk of that many steps, from the end."""
    end = len(trials.best.steps)
    while end > 0:
        first = max(0, end - chunk)
        trials.offer(trials.without(first, end))
        end = min(first, len(trials.best.steps))


def _early_first(trials: Trials, chunk: int) -> None:
    """The same from the start."""
    first = 0
    while first < len(trials.best.steps):
        if not trials.offer(trials.without(first, first + chunk)):
            first += chunk
