"""How much one label is like another: what repairs a label that is not possible any more, and what may replace it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import islice, product
from typing import Any

from mcheck.spec import Index, Map, Record, Rule
from mcheck.spec.parameters import MemberParameter, Parameter
from mcheck.spec.records import field_values

_MOST_VALUES, _MOST_LABELS = 6, 12
_OTHER_KIND = 8


def distance(a: Any, b: Any) -> int | None:
    """How far apart two values of one domain are; None for values that stand for different things.

    Different members of a scalarset, and different kinds of message, stand for different things.  Of numbers it is the
    difference: the terms of messages shift when an election before them is left out.
    """
    if a == b:
        return 0
    if a is None or b is None or isinstance(a, bool | Enum):
        return _OTHER_KIND
    if isinstance(a, int):
        return abs(a - int(b))
    if isinstance(a, Index) or type(a) is not type(b):
        return None
    if isinstance(a, Record):
        return _added(map(distance, field_values(a), field_values(b)))
    if isinstance(a, Map):
        return _added(map(distance, a.values(), b.values()))
    if isinstance(a, frozenset):
        return _OTHER_KIND * len(frozenset.__xor__(a, b))
    if type(a) is tuple:
        apart = _added(map(distance, a, b))
        return None if apart is None else apart + _OTHER_KIND * abs(len(a) - len(b))
    return _OTHER_KIND


def _added(parts: Iterator[int | None]) -> int | None:
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def nearest(action: Rule, arguments: tuple[Any, ...], state: Any) -> Iterator[tuple[Any, ...]]:
    """Arguments that the action can be tried with in `state` in place of `arguments`, the nearest first; at most 12."""
    choices = [_choices(p, v, state) for p, v in zip(action.signature.parameters, arguments, strict=True)]
    rows = [(sum(d for d, _ in row), tuple(v for _, v in row)) for row in islice(product(*choices), 256)]
    rows.sort(key=lambda row: row[0])  # equal distances stay in the order of the parameters
    return (values for _, values in rows[:_MOST_LABELS] if values != arguments)


def _choices(parameter: Parameter, written: Any, state: Any) -> list[tuple[int, Any]]:
    """(distance, value) for what a parameter may be instead; a scalarset's member stays what it is."""
    if isinstance(written, Index) and not isinstance(parameter, MemberParameter):
        return [(0, written)]
    found = [(d, v) for v in parameter.values(state) if (d := distance(written, v)) is not None]
    found.sort(key=lambda pair: pair[0])
    return found[:_MOST_VALUES]


def shape(value: Any) -> Any:
    """What is left of an argument when its numbers are taken out: who speaks to whom, and by what kind of message."""
    if isinstance(value, Record):
        return _shape_of_record(value)
    if isinstance(value, frozenset):
        return frozenset(map(shape, value))
    if isinstance(value, bool | Enum | Index):
        return value
    return None


@lru_cache(maxsize=1 << 14)
def _shape_of_record(record: Record) -> tuple[Any, ...]:
    return (type(record), *map(shape, field_values(record)))
