"""The smallest behaviour so far, and the trials that may replace it: every one executed by the plain functions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from mcheck.counterexamples.judging import Judge
from mcheck.counterexamples.shrink.likeness import nearest
from mcheck.counterexamples.shrink.order import Size, size_of
from mcheck.spec import Behavior, Cut, Failure, Rule, Step

Move = tuple[Rule, tuple[Any, ...]]
"""An action and its arguments."""


class OutOfTime(Exception):  # not an error: what was found so far stands
    """The time for shrinking is over."""


class Spent(Exception):  # not an error: another start may do better
    """The steps allowed to one start are executed."""


class Trials:
    """What all passes work on.  `best` violates the property at its end, at every moment.

    `deadline` is a time of the monotonic clock; `most` bounds the steps executed.
    """

    def __init__(
        self, behavior: Behavior, rule: Rule, deadline: float = float("inf"), most: float = float("inf")
    ) -> None:
        self.instance = behavior.instance
        self.judge = Judge(self.instance, rule)
        self.best = behavior
        self.executed = 0
        """Steps executed in all trials."""
        self._size: Size | None = None
        self._deadline, self._most = deadline, most

    def offer(self, candidate: Behavior | None) -> bool:
        """Keep a candidate if it violates the property at its end and is smaller; whether it is kept."""
        if candidate is None or not self._is_smaller(candidate) or self.judge.end(candidate) is None:
            return False
        self.best, self._size = candidate, None
        return True

    def _is_smaller(self, candidate: Behavior) -> bool:
        if len(candidate.steps) != len(self.best.steps):
            return len(candidate.steps) < len(self.best.steps)
        if self._size is None:
            self._size = size_of(self.best)
        return size_of(candidate) < self._size

    @property
    def seconds_left(self) -> float | None:
        """The time that is left, in seconds; None without a limit."""
        return None if self._deadline == float("inf") else max(0.0, self._deadline - time.monotonic())

    def start_again(self, behavior: Behavior, most: int) -> Trials:
        """Trials of their own that begin with `behavior`, and execute at most so many steps; see `join`."""
        return Trials(behavior, self.judge.rule, self._deadline, most)

    def join(self, other: Trials) -> None:
        """Keep what other trials have come to, if it is smaller."""
        self.executed += other.executed
        self.offer(other.best)

    # ------------------------------------------------------------------ executing

    def successor(self, state: Any, move: Move) -> Any:
        """The state a move leads to; None where it is not enabled, out of bounds, or fails."""
        self.executed += 1
        if self.executed % 64 == 0 and time.monotonic() > self._deadline:
            raise OutOfTime
        if self.executed > self._most:
            raise Spent
        try:
            after = self.instance.apply(move[0], state, move[1])
        except Failure:
            return None
        return None if isinstance(after, Cut) else after

    def repaired(self, state: Any, move: Move) -> Step | None:
        """The move where it is possible as it stands, else the nearest one that is; None if there is none."""
        action, arguments = move
        if all(v in p.values(state) for p, v in zip(action.signature.parameters, arguments, strict=True)):
            after = self.successor(state, move)
            if after is not None:
                return Step(action, arguments, after)
        for other in nearest(action, arguments, state):
            after = self.successor(state, (action, other))
            if after is not None:
                return Step(action, other, after)
        return None

    def violates(self, before: Any, after: Any) -> bool:
        """Whether a step violates the property, or the state it leads to; not where the property itself fails."""
        try:
            return self.judge.after(before, after) is not None
        except Failure:
            return False

    def retraced(self, start: Sequence[Step], moves: Iterable[Move], rejoining: Sequence[Step] = ()) -> Behavior | None:
        """The behaviour that begins with the steps `start` and then takes these moves as far as they are possible, up to
        the first violation; None if there is none.

        A move that is not possible as it stands is repaired, or left out; so is one that changes nothing.  `rejoining`
        are the steps of `best` whose moves these are: once the state is what it was there, the rest is as it was, and is
        not executed again.
        """
        best = self.best
        steps = list(start)
        state = steps[-1].state if steps else best.initial
        for number, move in enumerate(moves):
            step = self.repaired(state, move)
            if step is None or (step.state == state and not self.violates(state, state)):
                continue
            steps.append(step)
            if rejoining and step.state == rejoining[number].state:
                return Behavior(self.instance, best.initial, (*steps, *rejoining[number + 1 :]))
            if self.violates(state, step.state):
                return Behavior(self.instance, best.initial, tuple(steps))
            state = step.state
        return None

    def without(self, first: int, end: int) -> Behavior | None:
        """`best` without its steps first..end-1, the later ones retraced; None if nothing is violated then."""
        rest = self.best.steps[end:]
        return self.retraced(self.best.steps[:first], moves_of(rest), rest)


def moves_of(steps: Iterable[Step]) -> list[Move]:
    """The actions and arguments of steps."""
    return [(s.action, s.arguments) for s in steps]
