"""Map: a total function from a finite set of keys, and the key spaces behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, NoReturn, TypeVar

from mcheck.spec.errors import SpecError
from mcheck.spec.scope import current_scope
from mcheck.spec.symbolic import has_symbolic, seam

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A")
B = TypeVar("B")

_new_tuple = tuple.__new__
_items = tuple.__iter__
_item = tuple.__getitem__


class KeySpace:
    """The keys of a map in rank order.  One object for each sequence of keys, so that equal maps compare at C speed."""

    __slots__ = ("keys", "position")
    _known: dict[tuple[Any, ...], KeySpace] = {}

    def __init__(self, keys: tuple[Any, ...]) -> None:
        self.keys = keys
        self.position = {key: k for k, key in enumerate(keys, start=1)}

    @classmethod
    def of(cls, keys: tuple[Any, ...]) -> KeySpace:
        """The key space with exactly these keys."""
        known = cls._known.get(keys)
        if known is None:
            known = cls._known[keys] = KeySpace(keys)
        return known

    def __reduce__(self) -> tuple[Any, ...]:
        return KeySpace.of, (self.keys,)


class Map(tuple[Any, ...], Generic[K, V]):
    """A value for every key: `Map.fill(Node, 0)`, `Map.of(Node, lambda j: …)`, `m[k]`, `m.set(k, v)`.

    Keys come from a finite set: an Index, an Enum, a Range, or a product of them (`Map[tuple[Node, Node], V]`,
    filled by `Map.fill((Node, Node), v)` and read by `m[i, j]`).
    """

    __slots__ = ()

    @staticmethod
    def fill(keys: Any, value: B) -> Map[Any, B]:
        """The constant map over a set of keys."""
        if seam.tracer is not None and has_symbolic(value):
            return seam.tracer.map_of(keys, value)  # type: ignore[no-any-return]
        space = current_scope("Map.fill").key_space(keys)
        return _new_tuple(Map, (space, *[value] * len(space.keys)))

    @staticmethod
    def of(keys: Any, value: Callable[[Any], B]) -> Map[Any, B]:
        """The map whose value at k is `value(k)`."""
        if seam.tracer is not None:
            return seam.tracer.map_of(keys, value)  # type: ignore[no-any-return]
        space = current_scope("Map.of").key_space(keys)
        return _new_tuple(Map, (space, *[value(k) for k in space.keys]))

    def __getitem__(self, key: K) -> V:  # type: ignore[override]
        try:
            return _item(self, _item(self, 0).position[key])  # type: ignore[no-any-return]
        except (KeyError, SpecError):
            if has_symbolic(key) and seam.tracer is not None:
                return seam.tracer.lift(self)[key]  # type: ignore[no-any-return]
            self._no_key(key)

    def set(self, key: K, value: V) -> Map[K, V]:
        """The map that differs only at `key`.  O(keys)."""
        if seam.tracer is not None and (has_symbolic(key) or has_symbolic(value)):
            return seam.tracer.lift(self).set(key, value)  # type: ignore[no-any-return]
        values = list(_items(self))
        try:
            values[values[0].position[key]] = value
        except KeyError:
            self._no_key(key)
        return _new_tuple(Map, values)

    def keys(self) -> tuple[K, ...]:
        """The keys in rank order."""
        return _item(self, 0).keys  # type: ignore[no-any-return]

    def values(self) -> tuple[V, ...]:
        """The values in the order of the keys."""
        return _item(self, slice(1, None))

    def items(self) -> Iterator[tuple[K, V]]:
        """(key, value) in the order of the keys."""
        return zip(self.keys(), self.values(), strict=True)

    def _no_key(self, key: object) -> NoReturn:
        keys = self.keys()
        span = f"{keys[0]!r} .. {keys[-1]!r}" if keys else "none"
        raise SpecError(f"{key!r} is not a key of this map (its keys: {span})")

    def _not_iterable(self, *_: object) -> NoReturn:
        raise SpecError("a Map is a function: say .keys(), .values() or .items(), or quantify over its keys")

    __iter__ = __len__ = __contains__ = __add__ = __mul__ = __rmul__ = _not_iterable

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Map({', '.join(f'{k!r}: {v!r}' for k, v in self.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return make_map, (_item(self, 0), self.values())

    def _text(self, inner: Callable[[Any], str]) -> str:
        return "[" + ", ".join(map(inner, self.values())) + "]"


def make_map(space: KeySpace, values: tuple[Any, ...] | list[Any]) -> Map[Any, Any]:
    """The map with these values in the order of the keys of `space`."""
    return _new_tuple(Map, (space, *values))


def space_of(value: Map[Any, Any]) -> KeySpace:
    """The key space of a map."""
    return _item(value, 0)  # type: ignore[no-any-return]
