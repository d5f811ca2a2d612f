"""One total order over all values of one domain, and their text form.

The order is what makes output independent of hash seeds; it means nothing to a specification.
"""

from __future__ import annotations

from enum import Enum
from functools import cache, lru_cache
from typing import Any

from mcheck.spec.indexes import Index
from mcheck.spec.records import Record, field_values, fields_of

Key = tuple[Any, ...]


@lru_cache(maxsize=1 << 16)
def order_key(value: Any) -> Key:
    """A tuple that sorts values of one domain as their ranks do.

    None first; records by class and then field by field; sequences by length; sets as the bit masks of their members.
    """
    if value is None:
        return ()
    if isinstance(value, int):
        return (int(value),)
    if isinstance(value, Index):
        return (value._ordinal,)
    if isinstance(value, Record):
        return (type(value)._definition, *map(order_key, field_values(value)))
    if isinstance(value, Enum):
        return (_positions(type(value))[value],)
    if isinstance(value, frozenset):
        return tuple(sorted(map(order_key, frozenset.__iter__(value)), reverse=True))
    if isinstance(value, tuple):
        return (len_of(value), *map(order_key, tuple.__iter__(value)))
    return (str(value),)


def len_of(value: tuple[Any, ...]) -> int:
    """The number of stored elements, whatever the subclass says of its length."""
    return tuple.__len__(value)


@cache
def _positions(cls: type[Enum]) -> dict[Enum, int]:
    return {member: k for k, member in enumerate(cls)}


def text(value: Any) -> str:
    """The value as labels and traces write it; `mcheck.spec.labels` reads it back given the domain.

    Scalarset members are bare numbers, enum members bare names, sets `{a, b}`, maps `[a, b]`, sequences `(a, b)`.
    """
    if isinstance(value, Index):
        return str(value._ordinal)
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Record):
        return f"{type(value).__name__}({', '.join(f'{f}={text(v)}' for f, v in fields_of(value))})"
    if hasattr(value, "_text"):
        return value._text(text)  # type: ignore[no-any-return]
    if isinstance(value, tuple):
        inside = ", ".join(map(text, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)
