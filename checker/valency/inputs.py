"""Inputs: what the initial states differ in, and which of them are neighbours, differing in the input of one process."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import Any

from mcheck.spec import Map, Record
from mcheck.spec.records import fields_of

Place = tuple[Hashable | None, tuple[Hashable, ...]]
"""Where a value stands in a state: the first key of a map on the way there, None if there is none, and the whole way."""
Input = dict[Place, Any]


def inputs(states: Sequence[Any], ghosts: Collection[str] = ()) -> list[Input]:
    """For each state the values of those places that have different values in different states, `ghosts` left out."""
    everything = [
        dict(leaf for name, held in fields_of(state) if name not in ghosts for leaf in _leaves(held, None, (name,)))
        for state in states
    ]
    places = list(dict.fromkeys(place for held in everything for place in held))
    varying = [p for p in places if any(held.get(p) != everything[0].get(p) for held in everything)]
    return [{place: held.get(place) for place in varying} for held in everything]


def neighbours(given: Sequence[Input]) -> Iterator[tuple[int, int, Hashable]]:
    """Pairs of states, by number, that differ in the places of one key, and that key.  Cost: O(states x keys), and the pairs."""
    keys = list(dict.fromkeys(key for one in given for key, _ in one if key is not None))
    for key in keys:
        alike: dict[tuple[Any, ...], list[int]] = {}
        for number, one in enumerate(given):
            rest = tuple((place, value) for place, value in one.items() if place[0] != key)
            alike.setdefault(rest, []).append(number)
        for group in alike.values():
            for position, first in enumerate(group):
                for second in group[position + 1 :]:
                    yield first, second, key


def _leaves(value: Any, key: Hashable | None, way: tuple[Hashable, ...]) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, Map):
        for inner, held in value.items():
            yield from _leaves(held, inner if key is None else key, (*way, inner))
    elif isinstance(value, Record):
        for name, held in fields_of(value):
            yield from _leaves(held, key, (*way, name))
    else:
        yield (key, way), value
