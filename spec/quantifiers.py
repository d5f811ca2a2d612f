"""any, all, count, max, min, len, where: the names of Python's own, with a meaning the tracer understands.

A quantifier looks at every element, even where the answer is known early: a set has no order, so whether an error hides
behind the first match must not depend on one.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sized
from typing import Any, TypeVar, cast, overload

from mcheck.spec.errors import SpecError
from mcheck.spec.symbolic import seam

T = TypeVar("T")
_MISSING: Any = object()


def any(items: Iterable[object]) -> bool:
    """Whether some element is true: `any(m.bal == b for m in s.msgs)`."""
    if seam.tracer is not None:
        return cast(bool, seam.tracer.quantify("any", items))
    return builtins.any(list(items))


def all(items: Iterable[object]) -> bool:
    """Whether every element is true: `all(m.bal <= b for m in s.msgs)`."""
    if seam.tracer is not None:
        return cast(bool, seam.tracer.quantify("all", items))
    return builtins.all(list(items))


def count(items: Iterable[bool]) -> int:
    """How many elements are true: `count(s.servers[j].voted for j in Node)`."""
    if seam.tracer is not None:
        return cast(int, seam.tracer.quantify("count", items))
    return builtins.sum(map(bool, items))


@overload
def max(first: int, second: int, /, *more: int) -> int: ...
@overload
def max(items: Iterable[int], /, *, default: int = ...) -> int: ...
def max(*items: Any, default: Any = _MISSING) -> Any:
    """The largest of the arguments, or of an iterable; SpecError for an empty one without `default`."""
    return _extreme("max", items, default)


@overload
def min(first: int, second: int, /, *more: int) -> int: ...
@overload
def min(items: Iterable[int], /, *, default: int = ...) -> int: ...
def min(*items: Any, default: Any = _MISSING) -> Any:
    """The smallest of the arguments, or of an iterable; SpecError for an empty one without `default`."""
    return _extreme("min", items, default)


def _extreme(kind: str, items: tuple[Any, ...], default: Any) -> Any:
    if seam.tracer is not None:
        return seam.tracer.extreme(kind, items, None if default is _MISSING else (default,))
    (first, *others) = items
    values = items if others else list(first)
    if not values:
        if default is _MISSING:
            raise SpecError(f"{kind} of nothing: give it a default")
        return default
    return builtins.max(values) if kind == "max" else builtins.min(values)


def len(value: Sized) -> int:
    """The size of a set, sequence, bag or scalarset."""
    if seam.tracer is not None:
        return cast(int, seam.tracer.length(value))
    return builtins.len(value)


def where(condition: bool, then: T, otherwise: T) -> T:
    """`then if condition else otherwise`, without making two paths of it."""
    if seam.tracer is not None:
        return cast(T, seam.tracer.choose(condition, then, otherwise))
    return then if condition else otherwise
