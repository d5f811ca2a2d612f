"""The last pass of shrinking: a search by the engines for anything shorter, or the proof that there is nothing."""

from __future__ import annotations

from typing import Any

from mcheck.checker.engines import search
from mcheck.checker.verdict import Limits, Verdict
from mcheck.counterexamples.shrink import OutOfTime, Trials, moves_of
from mcheck.spec import Behavior, Failure, Instance, McheckError, ReplayMismatch, rerun


class Shorter:
    """Searches breadth-first for a violation in fewer steps, first within the bounds of the trace, then, if those are too
    wide, within the tightest bounds that the shrunk behaviour stays inside."""

    def __init__(self, max_states: int) -> None:
        self.max_states = max_states
        self.at_least: int | None = None
        """A violation of the property takes at least so many steps; None before anything is known."""
        self.states = 0
        """States found, in all searches together."""

    def search(self, trials: Trials) -> None:
        """Take a shorter behaviour if one is found.  OutOfTime where the time ends first."""
        if not trials.best.steps:
            self.at_least = 0
            return
        verdict = self._searched(trials, trials.instance)
        self.at_least = None if verdict is None else _least_steps(verdict)
        if verdict is not None and verdict.violation is None and verdict.reason is not None:
            tighter = _within(trials.instance, _tightest(trials))
            if tighter is not None:
                self._searched(trials, tighter)

    def proves(self, behavior: Behavior) -> bool:
        """Whether no behaviour within the same bounds violates the property in fewer steps."""
        return self.at_least is not None and self.at_least >= len(behavior.steps)

    def _searched(self, trials: Trials, instance: Instance) -> Verdict | None:
        """What the engine says; None where a rule of the spec fails somewhere on its way."""
        rule, seconds = trials.judge.rule, trials.seconds_left
        if seconds == 0:
            raise OutOfTime
        deadlock = rule.kind == "deadlock"
        try:
            verdict = search(
                instance,
                properties=[] if deadlock else [rule.name],
                limits=Limits(len(trials.best.steps) - 1, self.max_states, seconds),
                deadlock_is_error=deadlock,
            )
        except Failure:
            return None
        self.states += verdict.distinct
        found = verdict.violation
        if found is not None and found.behavior is not None:
            trials.offer(_moved(found.behavior, trials.instance))
        if verdict.reason == "interrupted":
            raise KeyboardInterrupt
        if verdict.reason is not None and verdict.reason.startswith("time limit"):
            raise OutOfTime
        return verdict


def _least_steps(verdict: Verdict) -> int:
    """How many steps a violation takes at least; of a level that was not finished nothing is known."""
    if verdict.violation is not None:
        return verdict.violation.steps or 0
    return (verdict.limits.depth or 0) + 1 if verdict.reason is None else max(0, len(verdict.levels) - 1)


def _moved(behavior: Behavior, instance: Instance) -> Behavior:
    """The same steps, executed by another instance of the same spec."""
    moves = [(instance.action(action.name), arguments) for action, arguments in moves_of(behavior.steps)]
    return rerun(instance, behavior.initial, moves)


def _tightest(trials: Trials) -> dict[str, Any]:
    """The bounds lowered one by one as far as the best behaviour allows."""
    bounds = dict(trials.instance.bounds)
    for name, most in bounds.items():
        if type(most) is not int:
            continue
        low, high = 0, most
        while low < high:
            middle = (low + high) // 2
            fits = _fits(trials, {**bounds, name: middle})
            low, high = (low, middle) if fits else (middle + 1, high)
        bounds[name] = high
    return bounds


def _fits(trials: Trials, bounds: dict[str, Any]) -> bool:
    if bounds == trials.instance.bounds:
        return True
    instance = _within(trials.instance, bounds)
    if instance is None or trials.best.initial not in instance.initial:
        return False
    try:
        _moved(trials.best, instance)
    except (ReplayMismatch, Failure):
        return False
    return True


def _within(instance: Instance, bounds: dict[str, Any]) -> Instance | None:
    """The same spec with other bounds; None where it has none with these, or they are the same."""
    if bounds == instance.bounds:
        return None
    try:
        return type(instance.spec)(**{**instance.constants, **bounds}).instance
    except McheckError:
        return None
