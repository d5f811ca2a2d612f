"""Searches so plain that they can be believed without a test: what the engines are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations, product
from typing import Any

from mcheck.spec import Cut, Instance
from mcheck.spec.indexes import IndexType


def reachable_states(instance: Instance) -> list[set[Any]]:
    """The reachable states of every level, by the transitions of the instance and nothing else."""
    levels, seen = [set(instance.initial)], set(instance.initial)
    with instance.active():
        while levels[-1]:
            found = {t for s in levels[-1] for _, _, t in instance.transitions(s) if not isinstance(t, Cut)} - seen
            seen |= found
            levels.append(found)
    return levels[:-1]


def orbits(instance: Instance, states: Iterable[Any], classes: tuple[IndexType, ...]) -> set[frozenset[Any]]:
    """The orbits of the states under all permutations of the members of these scalarsets."""
    groups = [
        [{cls: p} for p in permutations([cls.member(k) for k in range(instance.size_of(cls))])] for cls in classes
    ]
    renamings = [{cls: p for part in parts for cls, p in part.items()} for parts in product(*groups)]
    return {frozenset(instance.state_domain.rename(s, r) for r in renamings) for s in states}


def peterson_states(broken: bool = False) -> set[tuple[int, ...]]:
    """Peterson's algorithm on bare integers: (where 0, where 1, turn), the flag of a process being `where > 0`."""
    seen: set[tuple[int, ...]] = {(0, 0, 0), (0, 0, 1)}
    stack = list(seen)
    while stack:
        *where, turn = stack.pop()
        for i in (0, 1):
            allowed = turn == 1 - i if broken else where[1 - i] == 0 or turn == i
            if where[i] == 2 and not allowed:
                continue
            moved = [*where, 1 - i if where[i] == 1 else turn]
            moved[i] = (where[i] + 1) % 4
            if tuple(moved) not in seen:
                seen.add(tuple(moved))
                stack.append(tuple(moved))
    return seen
