"""Pass: one member does what two did.

Of two candidates who win with the vote of a third server and with each other's, the second behaviour is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from mcheck.counterexamples.shrink.renaming import renamed, scalarsets
from mcheck.counterexamples.shrink.trials import Trials, moves_of
from mcheck.spec import Instance
from mcheck.spec.domains.base import Renaming

_LONGEST = 60


def merging(trials: Trials) -> None:
    """Put one member of a scalarset in the place of another, from some step to the end or in one step alone.

    Cost: 2n trials of at most n steps for each ordered pair of members; nothing on behaviours of more than 60 steps.
    """
    if len(trials.best.steps) > _LONGEST:
        return
    for change in _replacements(trials.instance):
        for first in range(len(trials.best.steps)):
            _replace(trials, first, len(trials.best.steps), change)
            _replace(trials, first, first + 1, change)


def _replace(trials: Trials, first: int, end: int, change: Renaming) -> None:
    moves = moves_of(trials.best.steps)
    part = [renamed(move, change) for move in moves[first:end]]
    if part != moves[first:end]:
        trials.offer(trials.retraced(trials.best.steps[:first], [*part, *moves[end:]]))


def _replacements(instance: Instance) -> Iterator[Renaming]:
    """For any two members of a scalarset: the first where the second was."""
    for cls, members in scalarsets(instance):
        for kept, gone in permutations(range(len(members)), 2):
            yield {cls: tuple(members[kept] if k == gone else m for k, m in enumerate(members))}
