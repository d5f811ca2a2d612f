"""A small breadth-first search: all that can happen within a few steps, of everything or of certain labels only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.counterexamples.shrink.trials import Move, Trials
from mcheck.spec import Rule, Step
from mcheck.spec.parameters import TableParameter

Allowed = Callable[[Rule, tuple[Any, ...]], bool]


class Exploration:
    """The states within `depth` steps of one state, found in the order of the actions and parameters.

    `most` bounds the steps executed.
    """

    def __init__(self, trials: Trials, start: Any, depth: int, most: int, allowed: Allowed | None = None) -> None:
        self.trials, self.start, self.depth, self.allowed = trials, start, depth, allowed
        self._of_steps = trials.judge.rule.kind in ("step", "implements")
        self._tables = {a.name: self._table(a) for a in trials.instance.actions}
        self._links: dict[Any, tuple[Any, Move] | None] = {start: None}
        self._last = trials.executed + most

    def steps(self) -> Iterator[tuple[Any, Move, Any, bool]]:
        """(before, move, after, whether `after` is new) for every step, level by level."""
        level = [self.start]
        for _ in range(self.depth):
            following = []
            for before in level:
                for move in self._moves(before):
                    if self.trials.executed >= self._last:
                        return
                    after = self.trials.successor(before, move)
                    if after is None:
                        continue
                    new = after not in self._links
                    if new:
                        self._links[after] = before, move
                        following.append(after)
                    yield before, move, after, new
            level = following

    def _moves(self, state: Any) -> Iterator[Move]:
        for action in self.trials.instance.actions:
            table = self._tables[action.name]
            rows = action.signature.arguments(state) if table is None else table
            for arguments in rows:
                if table is not None or self._is_allowed(action, arguments):
                    yield action, arguments

    def _table(self, action: Rule) -> list[tuple[Any, ...]] | None:
        """The allowed arguments of an action where they are the same in every state; None where they are not."""
        if not all(isinstance(p, TableParameter) for p in action.signature.parameters):
            return None
        return [row for row in action.signature.arguments(self.start) if self._is_allowed(action, row)]

    def _is_allowed(self, action: Rule, arguments: tuple[Any, ...]) -> bool:
        return self.allowed is None or self.allowed(action, arguments)

    def way(self, state: Any) -> list[Step]:
        """The steps by which a state was first found."""
        steps: list[Step] = []
        while (link := self._links[state]) is not None:
            before, (action, arguments) = link
            steps.append(Step(action, arguments, state))
            state = before
        return steps[::-1]

    def violates(self, before: Any, after: Any, new: bool) -> bool:
        """Whether a step violates the property; a property of states is asked of each state once."""
        return (new or self._of_steps) and self.trials.violates(before, after)

    def violation(self) -> list[Step] | None:
        """A shortest way to a violation of the property; None if none was found."""
        for before, move, after, new in self.steps():
            if self.violates(before, after, new):
                return [*self.way(before), Step(*move, after)]
        return None
