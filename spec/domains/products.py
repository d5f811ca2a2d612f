"""Records, unions of records, and total maps."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from itertools import accumulate
from math import prod
from typing import Any

from mcheck.spec.channels import Channels, make_channels
from mcheck.spec.domains.base import Domain, Renaming, call_name
from mcheck.spec.domains.scalars import Optional
from mcheck.spec.errors import DomainError, UsageError
from mcheck.spec.maps import KeySpace, Map, make_map
from mcheck.spec.records import make


def stored(value: Any) -> Iterator[Any]:
    """What a record, map or channels keep: the class or key space first, then the values."""
    return tuple.__iter__(value)


def _mixed_radix(parts: list[Domain], number: int) -> list[Any]:
    """The values whose ranks are the digits of `number`; the last part is the fastest digit."""
    values = []
    for part in reversed(parts):
        number, digit = divmod(number, part.cardinality)
        values.append(part.unrank(digit))
    values.reverse()
    return values


class RecordOf(Domain):
    """The records of one class whose fields lie in their domains."""

    def __init__(self, cls: type, fields: dict[str, Domain]) -> None:
        self.cls, self.fields = cls, fields
        self.domains = list(fields.values())
        self.cardinality = prod(d.cardinality for d in self.domains)

    def rank(self, value: Any) -> int:
        number = 0
        for domain, part in zip(self.domains, tuple(stored(value))[1:], strict=True):
            number = number * domain.cardinality + domain.rank(part)
        return number

    def unrank(self, number: int) -> Any:
        return make(self.cls, _mixed_radix(self.domains, number))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not self.cls:
            self.refuse(value)
        parts: Iterator[Any] = stored(value)
        next(parts)
        former: Iterator[Any] | None = stored(old) if type(old) is self.cls else None
        if former is not None:
            next(former)
        for name, domain in self.fields.items():
            part = next(parts)
            known = next(former) if former is not None else None
            if part is known and part is not None:
                continue
            try:
                domain.admit(part, known)
            except DomainError as error:
                raise error.within(f"{self.cls.__name__}.{name}") from None

    def random(self, rng: random.Random) -> Any:
        return make(self.cls, [d.random(rng) for d in self.domains])

    def rename(self, value: Any, renaming: Renaming) -> Any:
        parts = stored(value)
        next(parts)
        return make(self.cls, [d.rename(x, renaming) for d, x in zip(self.domains, parts, strict=True)])

    def decode(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Call) or call_name(node) != self.cls.__name__ or node.args:
            self.misread(node)
        given = {k.arg: k.value for k in node.keywords}
        for name in given:
            if name not in self.fields:
                raise UsageError(f"{self.cls.__name__} has no field {name!r}; it has {', '.join(self.fields)}")
        missing = [name for name in self.fields if name not in given]
        if missing:
            raise UsageError(f"{self.cls.__name__}: field {missing[0]} is missing")
        return make(self.cls, [domain.decode(given[name]) for name, domain in self.fields.items()])

    def describe(self) -> str:
        return f"a {self.cls.__name__}"

    def parts(self) -> tuple[Domain, ...]:
        return tuple(self.domains)


class UnionOf(Domain):
    """The records of any of several classes, ranked kind by kind in the order of the union."""

    def __init__(self, kinds: tuple[RecordOf, ...]) -> None:
        self.kinds = kinds
        self.by_class = {kind.cls: kind for kind in kinds}
        self.offsets = dict(zip(self.by_class, accumulate((k.cardinality for k in kinds), initial=0), strict=False))
        self.cardinality = sum(k.cardinality for k in kinds)

    def rank(self, value: Any) -> int:
        cls = type(value)
        return self.offsets[cls] + self.by_class[cls].rank(value)

    def unrank(self, number: int) -> Any:
        for kind in self.kinds:
            if number < kind.cardinality:
                return kind.unrank(number)
            number -= kind.cardinality
        raise IndexError(number)

    def admit(self, value: Any, old: Any = None) -> None:
        kind = self.by_class.get(type(value))
        if kind is None:
            self.refuse(value)
        kind.admit(value, old)

    def random(self, rng: random.Random) -> Any:
        return rng.choice(self.kinds).random(rng)

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return self.by_class[type(value)].rename(value, renaming)

    def decode(self, node: ast.expr) -> Any:
        name = call_name(node)
        for kind in self.kinds:
            if kind.cls.__name__ == name:
                return kind.decode(node)
        self.misread(node)

    def describe(self) -> str:
        return f"one of {', '.join(k.cls.__name__ for k in self.kinds)}"

    def parts(self) -> tuple[Domain, ...]:
        return self.kinds


class ProductOf(Domain):
    """Pairs and longer products, the keys of a map such as `Map[tuple[Node, Node], V]`: plain tuples."""

    def __init__(self, factors: tuple[Domain, ...]) -> None:
        self.factors = list(factors)
        self.cardinality = prod(f.cardinality for f in factors)

    def rank(self, value: Any) -> int:
        number = 0
        for factor, part in zip(self.factors, value, strict=True):
            number = number * factor.cardinality + factor.rank(part)
        return number

    def unrank(self, number: int) -> tuple[Any, ...]:
        return tuple(_mixed_radix(self.factors, number))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not tuple or len(value) != len(self.factors):
            self.refuse(value)
        for factor, part in zip(self.factors, value, strict=True):
            factor.admit(part)

    def random(self, rng: random.Random) -> tuple[Any, ...]:
        return tuple(f.random(rng) for f in self.factors)

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return tuple(f.rename(x, renaming) for f, x in zip(self.factors, value, strict=True))

    def decode(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Tuple) or len(node.elts) != len(self.factors):
            self.misread(node)
        return tuple(f.decode(x) for f, x in zip(self.factors, node.elts, strict=True))

    def describe(self) -> str:
        return f"({', '.join(f.describe() for f in self.factors)})"

    def parts(self) -> tuple[Domain, ...]:
        return tuple(self.factors)


class _Family(Domain):
    """What maps and channels share: one value for each key of a key space, the last key the fastest digit."""

    value_class: type

    def __init__(self, keys: Domain, space: KeySpace, value: Domain) -> None:
        self.keys, self.space, self.value = keys, space, value
        self.cardinality = value.cardinality ** len(space.keys)

    def _made(self, values: list[Any]) -> Any:
        raise NotImplementedError

    def rank(self, value: Any) -> int:
        number = 0
        for part in tuple(stored(value))[1:]:
            number = number * self.value.cardinality + self.value.rank(part)
        return number

    def unrank(self, number: int) -> Any:
        return self._made(_mixed_radix([self.value] * len(self.space.keys), number))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not self.value_class:
            self.refuse(value)
        space, *values = stored(value)
        if space is not self.space:
            raise DomainError(f"expected {self.describe()}, got one over {len(space.keys)} other keys")
        former = tuple(stored(old))[1:] if type(old) is self.value_class else (None,) * len(values)
        for key, part, known in zip(space.keys, values, former, strict=True):
            if part is known and part is not None:
                continue
            try:
                self.value.admit(part, known)
            except DomainError as error:
                raise error.within(f"[{key!r}]") from None

    def random(self, rng: random.Random) -> Any:
        return self._made([self.value.random(rng) for _ in self.space.keys])

    def rename(self, value: Any, renaming: Renaming) -> Any:
        values: list[Any] = [None] * len(self.space.keys)
        position = self.space.position
        for key, part in zip(self.space.keys, tuple(stored(value))[1:], strict=True):
            values[position[self.keys.rename(key, renaming)] - 1] = self.value.rename(part, renaming)
        return self._made(values)

    def decode(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.List) or len(node.elts) != len(self.space.keys):
            self.misread(node)
        return self._made([self.value.decode(x) for x in node.elts])

    def parts(self) -> tuple[Domain, ...]:
        return (self.keys, self.value)


class MapOf(_Family):
    """Total functions from a finite set of keys."""

    value_class = Map

    def _made(self, values: list[Any]) -> Any:
        return make_map(self.space, values)

    def describe(self) -> str:
        return f"a Map of {len(self.space.keys)} keys"


class ChannelsOf(_Family):
    """For every ordered pair of different nodes a bounded queue, or None where the two are not connected."""

    value_class = Channels

    def __init__(self, keys: Domain, space: KeySpace, queue: Domain) -> None:
        super().__init__(keys, space, Optional(queue))
        self.queue = queue

    def _made(self, values: list[Any]) -> Any:
        return make_channels(self.space, values)

    def describe(self) -> str:
        return "Channels between every two nodes"
