"""Shrinking: one pass after the other, until none makes the behaviour smaller."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.judging import Judge
from mcheck.counterexamples.shrink.deletion import deletion
from mcheck.counterexamples.shrink.loops import loops
from mcheck.counterexamples.shrink.lowering import lowering
from mcheck.counterexamples.shrink.merging import merging
from mcheck.counterexamples.shrink.order import Size, size_of
from mcheck.counterexamples.shrink.ordering import ordering
from mcheck.counterexamples.shrink.pairs import pairs
from mcheck.counterexamples.shrink.prefix import prefix
from mcheck.counterexamples.shrink.reassembly import reassembly
from mcheck.counterexamples.shrink.renaming import renaming
from mcheck.counterexamples.shrink.shortcuts import shortcuts
from mcheck.counterexamples.shrink.trials import OutOfTime, Trials, moves_of
from mcheck.spec import Behavior, InternalError, ReplayMismatch, Rule, UsageError, rerun

Pass = Callable[[Trials], None]
"""Makes `best` of the trials smaller, or leaves it."""

PASSES: tuple[Pass, ...] = (loops, deletion, pairs, renaming, merging, lowering, reassembly, shortcuts, ordering)
"""What comes after `prefix`, the cheap ones first; after each success all of them again, except those that have seen the
behaviour already."""


@dataclass(frozen=True)
class Shortened:
    """One run of a pass that made the behaviour smaller: its steps before and after, and the first measure of the order
    that became less."""

    name: str
    before: int
    after: int
    measure: str


@dataclass(frozen=True)
class Shrunk:
    """What shrinking has come to."""

    rule: Rule
    original: Behavior
    behavior: Behavior
    arguments: tuple[Any, ...]
    """The values of the property's parameters that falsify it at the end."""
    passes: tuple[Shortened, ...]
    executed: int
    """Steps executed in all trials."""
    stopped: str | None
    """Why it ended before all passes had failed: `time limit of 5 s`, `interrupted`."""


def shrink(behavior: Behavior, rule: Rule, seconds: float | None = None, passes: Sequence[Pass] = PASSES) -> Shrunk:
    """A smaller behaviour, in the order of `order.py`, that violates `rule` (of a witness: reaches it) at its end.

    Deterministic, unless `seconds` or Ctrl-C end it early; the smallest found so far counts then.  UsageError where the
    behaviour does not violate the property at any step.
    """
    deadline = float("inf") if seconds is None else time.monotonic() + seconds
    trials = Trials(behavior, rule, deadline)
    done: list[Shortened] = []
    stopped = None
    with behavior.instance.active():
        _attempt(prefix, trials, done)
        if trials.judge.end(trials.best) is None:
            raise UsageError(f"{rule.title} is not violated anywhere in this trace: there is nothing to shrink it to")
        try:
            _run(trials, passes, done)
        except OutOfTime:
            stopped = f"time limit of {seconds:g} s"
        except KeyboardInterrupt:
            stopped = "interrupted"
        found, arguments = _checked(trials.best, rule)
    return Shrunk(rule, behavior, found, arguments, tuple(done), trials.executed, stopped)


def _run(trials: Trials, passes: Sequence[Pass], done: list[Shortened]) -> None:
    seen: dict[int, Behavior] = {}
    position = 0
    while position < len(passes):
        before = trials.best
        if seen.get(position) is not before:
            _attempt(passes[position], trials, done)
            seen[position] = trials.best
        position = position + 1 if trials.best is before else 0


def _attempt(attempted: Pass, trials: Trials, done: list[Shortened]) -> None:
    """Run one pass, and note what it has done even if it is interrupted."""
    before = trials.best
    try:
        attempted(trials)
    finally:
        if trials.best is not before:
            old, new = size_of(before), size_of(trials.best)
            measure = next(name for name, a, b in zip(Size._fields, old, new, strict=True) if a != b)
            done.append(Shortened(attempted.__name__, old.steps, new.steps, measure))


def _checked(behavior: Behavior, rule: Rule) -> tuple[Behavior, tuple[Any, ...]]:
    """The behaviour executed once more from its labels.  InternalError if it is another one, or violates nothing."""
    try:
        again = rerun(behavior.instance, behavior.initial, moves_of(behavior.steps))
    except ReplayMismatch as mismatch:
        raise InternalError(f"{behavior.instance.name}: a shrunk trace cannot be replayed: {mismatch}") from mismatch
    arguments = Judge(behavior.instance, rule).end(again)
    if again != behavior or arguments is None:
        raise InternalError(f"{behavior.instance.name}: a shrunk trace does not violate {rule.title!r} when replayed")
    return again, arguments
