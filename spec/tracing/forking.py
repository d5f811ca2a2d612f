"""Forking: run a function on every path of its decisions, and keep the paths as a tree.

A path is a list of decisions.  The function is run again and again, each time with the next prefix of decisions imposed,
until every one has been taken both ways.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcheck.spec.errors import LanguageError, in_kernel
from mcheck.spec.ir.nodes import Node
from mcheck.spec.tracing.facts import Facts

PATHS_OF_A_RULE = 2_000
PATHS_OF_A_BODY = 512
PATHS_RUN_AGAIN = 4
ONLY_STATE_DECIDES = "nothing but the state and the parameters may decide"


Remembered = dict[tuple[tuple[bool, ...], int], Any]
"""What was made on earlier paths, by the decisions before it and how much was made before it."""


class Path:
    """One run: the decisions imposed, those taken, and what is known because of them."""

    def __init__(self, imposed: list[bool], facts: Facts, remembered: Remembered | None = None) -> None:
        self.imposed, self.facts = imposed, facts
        self.taken: list[tuple[Node, bool]] = []
        self._made = 0
        self._remembered: Remembered = {} if remembered is None else remembered

    def once(self, make: Callable[[], Any]) -> Any:
        """What `make` returns; if an earlier path had come here by the same decisions, what was made there.

        The same decisions are the same facts, and a function does the same again: the body of a quantifier, in which the
        same variable is open, would have the same tree.  So each is explored for each prefix of a path, not for each path.
        """
        here = (tuple(value for _, value in self.taken), self._made)
        self._made += 1
        if here not in self._remembered:
            self._remembered[here] = make()
        return self._remembered[here]

    def decide(self, condition: Node, forks: Counter[str]) -> bool:
        """The truth of a condition on this path: known, imposed, or taken as true for the first time."""
        if condition.op == "not":
            return not self.decide(condition.args[0], forks)
        known = self.facts.truth(condition)
        if known is not None:
            return known
        position = len(self.taken)
        if position < len(self.imposed):
            value = self.imposed[position]
        else:
            value = True
            forks[line_of_spec()] += 1
        self.taken.append((condition, value))
        self.facts.assume(condition, value)
        return value


@dataclass
class Fork:
    """A decision that was taken both ways (or is about to be)."""

    condition: Node
    then: Any = None
    otherwise: Any = None


class Forest:
    """The tree of the paths run so far."""

    def __init__(self) -> None:
        self.root: Any = None

    def insert(self, taken: list[tuple[Node, bool]], leaf: Any) -> None:
        """Add a path.  LanguageError if it parts from an earlier one elsewhere than at a decision."""
        parent: Fork | None = None
        side = True
        here = self.root
        for condition, value in taken:
            if here is None:
                here = Fork(condition)
                self._attach(parent, side, here)
            elif not isinstance(here, Fork) or here.condition is not condition:
                raise LanguageError(
                    f"not a function: it decided differently when it was run again; {ONLY_STATE_DECIDES}"
                )
            parent, side = here, value
            here = here.then if value else here.otherwise
        if here is not None:
            raise LanguageError(f"not a function: it decided differently when it was run again; {ONLY_STATE_DECIDES}")
        self._attach(parent, side, leaf)

    def _attach(self, parent: Fork | None, side: bool, child: Any) -> None:
        if parent is None:
            self.root = child
        elif side:
            parent.then = child
        else:
            parent.otherwise = child


def explore(
    run: Callable[[Path], Any], outer: Facts | None, budget: int, forks: Counter[str], what: str, again: int = 0
) -> Any:
    """The tree of `run` over all paths; its leaves are what `run` returned.

    The first `again` paths are run twice, the second time with nothing remembered: a function that says something else then
    is refused.

    LanguageError, with the lines that fork most, when there are more than `budget` paths.
    """
    forest, remembered = Forest(), Remembered()
    imposed: list[bool] | None = []
    number = 0
    while imposed is not None:
        path = Path(imposed, Facts(outer), remembered)
        leaf = run(path)
        forest.insert(path.taken, leaf)
        number += 1
        if number <= again:
            second = Path([value for _, value in path.taken], Facts(outer))
            if run(second) != leaf or second.taken != path.taken:
                raise LanguageError(f"not a function: the same run gave two results; {ONLY_STATE_DECIDES}")
        if number > budget:
            top = ", ".join(f"{line} ({times:,} times)" for line, times in forks.most_common(3))
            raise LanguageError(
                f"{what} has more than {budget:,} paths; it forks at {top}: write a quantifier (any, all, count), where(), or Map.of instead of branches in a loop"
            )
        imposed = _next(path.taken)
    return forest.root


def _next(taken: list[tuple[Node, bool]]) -> list[bool] | None:
    values = [value for _, value in taken]
    while values and not values[-1]:
        values.pop()
    if not values:
        return None
    values[-1] = False
    return values


def fold(tree: Any, leaf: Callable[[Any], Node | None], choice: Callable[[Node, Node, Node], Node]) -> Node | None:
    """One expression for a whole tree; None stands for a path that has no value and whose sibling decides."""
    if not isinstance(tree, Fork):
        return leaf(tree)
    then, otherwise = fold(tree.then, leaf, choice), fold(tree.otherwise, leaf, choice)
    if then is None or otherwise is None:
        return then if otherwise is None else otherwise
    return choice(tree.condition, then, otherwise)


def line_of_spec() -> str:
    """`file.py:line` of the innermost frame that belongs to a specification."""
    frame = sys._getframe(1)
    while frame is not None and in_kernel(frame.f_code.co_filename):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
