"""Pass: other members in the same roles, throughout the behaviour or in a part of it.

A random walk hears one server where another would have done that is needed later anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from mcheck.counterexamples.shrink.trials import Move, Trials, moves_of
from mcheck.spec import Instance
from mcheck.spec.domains.base import Renaming
from mcheck.spec.indexes import IndexType

_LONGEST = 40


def renaming(trials: Trials) -> None:
    """Exchange two members of a scalarset in the steps from one to another, for any two steps; whole suffixes first.

    Cost: n²/2 trials of at most n steps for each two members; nothing on behaviours of more than 40 steps.
    """
    changes = list(_exchanges(trials.instance))
    if len(trials.best.steps) > _LONGEST:
        return
    end = len(trials.best.steps)
    while end > 0:
        first = 0
        while first < min(end, len(trials.best.steps)):
            for change in changes:
                _exchange(trials, first, end, change)
            first += 1
        end = min(end, len(trials.best.steps) + 1) - 1


def _exchange(trials: Trials, first: int, end: int, change: Renaming) -> None:
    moves = moves_of(trials.best.steps)
    part = [renamed(move, change) for move in moves[first:end]]
    if part != moves[first:end]:
        trials.offer(trials.retraced(trials.best.steps[:first], [*part, *moves[end:]]))


def renamed(move: Move, change: Renaming) -> Move:
    """The move with members renamed."""
    action, arguments = move
    parameters = action.signature.parameters
    return action, tuple(p.domain.rename(v, change) for p, v in zip(parameters, arguments, strict=True))


def _exchanges(instance: Instance) -> Iterator[Renaming]:
    """The exchange of any two members of a scalarset."""
    for cls, members in scalarsets(instance):
        for i, j in combinations(range(len(members)), 2):
            images = list(members)
            images[i], images[j] = images[j], images[i]
            yield {cls: tuple(images)}


def scalarsets(instance: Instance) -> list[tuple[IndexType, list[Any]]]:
    """The scalarsets that occur in states or labels, by name, with their members."""
    classes = set(instance.state_domain.indexes())
    classes.update(*(p.domain.indexes() for a in instance.actions for p in a.signature.parameters))
    ordered = sorted(classes, key=lambda cls: (cls.__name__, cls.__module__))
    return [(cls, [cls.member(k) for k in range(instance.size_of(cls))]) for cls in ordered]
