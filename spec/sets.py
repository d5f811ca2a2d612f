"""Set: an immutable set with a deterministic order of iteration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from mcheck.spec.indexes import Index
from mcheck.spec.order import order_key
from mcheck.spec.records import Record
from mcheck.spec.symbolic import has_symbolic, seam

T = TypeVar("T", covariant=True)
U = TypeVar("U")


def _sorted_members(members: frozenset[Any]) -> tuple[Any, ...]:
    first = next(frozenset.__iter__(members), None)
    # {True} == {1}: equal sets have the same members only if these know what they are
    return (_remembered if isinstance(first, Record | Index | Enum) else _sorted)(members)


def _sorted(members: frozenset[Any]) -> tuple[Any, ...]:
    return tuple(sorted(frozenset.__iter__(members), key=order_key))


_remembered = lru_cache(maxsize=1 << 14)(_sorted)


class Set(frozenset[T]):
    """A finite set: `Set()`, `Set.of(a, b)`, `Set(x for x in s if …)`.  Iteration is sorted; nothing depends on hashing.

    In a state, `Set[T]` keeps one bit for each possible member (at most 4,096 of them), and
    `Annotated[Set[T], AtMost("max_messages")]` keeps the members themselves, up to a capacity.
    """

    __slots__ = ()

    def __new__(cls, items: Iterable[T] = ()) -> Set[T]:
        if seam.tracer is not None:
            return seam.tracer.set_of(items)  # type: ignore[no-any-return]
        return frozenset.__new__(cls, items)

    @staticmethod
    def of(*members: U) -> Set[U]:
        """The set of these members."""
        return Set(members)

    def add(self, member: U) -> Set[U]:
        """The set with `member`; the same object if it is in already."""
        if seam.tracer is not None and has_symbolic(member):
            return seam.tracer.lift(self).add(member)  # type: ignore[no-any-return]
        if frozenset.__contains__(self, member):
            return self  # type: ignore[return-value]
        members: list[Any] = [*frozenset.__iter__(self), member]
        return plain(members)

    def remove(self, member: object) -> Set[T]:
        """The set without `member`, which need not have been in it."""
        if seam.tracer is not None and has_symbolic(member):
            return seam.tracer.lift(self).remove(member)  # type: ignore[no-any-return]
        return plain(frozenset.__sub__(self, frozenset((member,))))

    def _combined(self, other: Any, operation: str) -> Any:
        if seam.tracer is not None and has_symbolic(other):
            return getattr(seam.tracer.lift(self), operation)(other)
        if not isinstance(other, frozenset):
            return NotImplemented
        return getattr(frozenset, operation)(self, other)

    def __or__(self, other: Any) -> Set[Any]:
        result = self._combined(other, "__or__")
        return plain(result) if type(result) is frozenset else result

    def __and__(self, other: Any) -> Set[T]:
        result = self._combined(other, "__and__")
        return plain(result) if type(result) is frozenset else result

    def __sub__(self, other: Any) -> Set[T]:
        result = self._combined(other, "__sub__")
        return plain(result) if type(result) is frozenset else result

    def __le__(self, other: Any) -> bool:
        """Whether every member is in `other`."""
        return self._combined(other, "__le__")  # type: ignore[no-any-return]

    def __ge__(self, other: Any) -> bool:
        """Whether every member of `other` is in this set."""
        return self._combined(other, "__ge__")  # type: ignore[no-any-return]

    def __contains__(self, member: object) -> bool:
        if seam.tracer is not None and has_symbolic(member):
            return member in seam.tracer.lift(self)
        return frozenset.__contains__(self, member)

    def __iter__(self) -> Iterator[T]:
        if seam.tracer is not None:
            return seam.tracer.members(self)  # type: ignore[no-any-return]
        return iter(_sorted_members(self))

    def __repr__(self) -> str:
        return f"Set.of({', '.join(map(repr, _sorted_members(self)))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return plain, (tuple(_sorted_members(self)),)

    def _text(self, inner: Callable[[Any], str]) -> str:
        return "{" + ", ".join(inner(x) for x in _sorted_members(self)) + "}"


def plain(items: Iterable[U]) -> Set[U]:
    """The set of plain values, without asking the tracer."""
    return frozenset.__new__(Set, items)


def sorted_members(members: frozenset[U]) -> tuple[U, ...]:
    """The members in the order of `order_key`."""
    return _sorted_members(members)
