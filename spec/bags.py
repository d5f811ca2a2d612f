"""Bag: an immutable multiset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NoReturn, TypeVar

from mcheck.spec.errors import SpecError
from mcheck.spec.order import order_key
from mcheck.spec.symbolic import has_symbolic, seam

T = TypeVar("T")

_new_tuple = tuple.__new__
_items = tuple.__iter__


class Bag(tuple[Any, ...], Generic[T]):
    """A multiset of messages: `b.add(m)`, `b.remove(m)` (one copy), `b.count(m)`, `m in b`, `len(b)` (copies included).

    Stored as the sorted tuple of (member, copies), so that equal bags are equal tuples.
    """

    __slots__ = ()

    def __new__(cls, items: Iterable[T] = ()) -> Bag[T]:
        bag = _new_tuple(Bag, ())
        for item in items:
            bag = bag.add(item)
        return bag

    def count(self, member: object) -> int:
        """How many copies of `member` are in the bag."""
        if seam.tracer is not None and has_symbolic(member):
            return seam.tracer.lift(self).count(member)  # type: ignore[no-any-return]
        for item, copies in _items(self):
            if item == member:
                return copies  # type: ignore[no-any-return]
        return 0

    def add(self, member: T) -> Bag[T]:
        """The bag with one more copy of `member`."""
        if seam.tracer is not None and has_symbolic(member):
            return seam.tracer.lift(self).add(member)  # type: ignore[no-any-return]
        return self._with(member, self.count(member) + 1)

    def remove(self, member: T) -> Bag[T]:
        """The bag with one copy of `member` less; the same bag if it has none."""
        if seam.tracer is not None and has_symbolic(member):
            return seam.tracer.lift(self).remove(member)  # type: ignore[no-any-return]
        return self._with(member, max(0, self.count(member) - 1))

    def _with(self, member: T, copies: int) -> Bag[T]:
        others = [pair for pair in _items(self) if pair[0] != member]
        if copies:
            others.append((member, copies))
            others.sort(key=lambda pair: order_key(pair[0]))
        return _new_tuple(Bag, others)

    def __contains__(self, member: object) -> bool:
        return self.count(member) > 0

    def __iter__(self) -> Iterator[T]:
        """The distinct members, in order."""
        if seam.tracer is not None:
            return seam.tracer.members(self)  # type: ignore[no-any-return]
        return iter([member for member, _ in _items(self)])

    def __len__(self) -> int:
        return sum(copies for _, copies in _items(self))

    def __bool__(self) -> bool:
        return tuple.__len__(self) > 0

    def _refused(self, *_: object) -> NoReturn:
        raise SpecError("a Bag has no positions: use add, remove, count, in, and quantifiers over its members")

    __getitem__ = __add__ = __mul__ = __rmul__ = __lt__ = __le__ = __gt__ = __ge__ = _refused

    def __repr__(self) -> str:
        return f"Bag({', '.join(f'{m!r}: {n}' for m, n in _items(self))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return make_bag, (tuple(_items(self)),)

    def _text(self, inner: Callable[[Any], str]) -> str:
        return "{" + ", ".join(f"{inner(m)}: {n}" for m, n in _items(self)) + "}"


def make_bag(pairs: Iterable[tuple[Any, int]]) -> Bag[Any]:
    """The bag with these (member, copies), each member once."""
    return _new_tuple(Bag, sorted(((m, n) for m, n in pairs if n), key=lambda pair: order_key(pair[0])))


def counts_of(bag: Bag[T]) -> tuple[tuple[T, int], ...]:
    """(member, copies), sorted by member."""
    return tuple(_items(bag))
