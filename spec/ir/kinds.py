"""Which kinds of value go where: the nominal part of domains, bounds set aside."""

from __future__ import annotations

import random
from enum import Enum
from typing import Any, NoReturn

from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.channels import Channels
from mcheck.spec.domains.base import Domain, Renaming
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.resolve import Resolver
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.errors import LanguageError, SpecError
from mcheck.spec.indexes import Index
from mcheck.spec.maps import KeySpace, Map, space_of
from mcheck.spec.records import Record
from mcheck.spec.sets import Set, sorted_members
from mcheck.spec.symbolic import Symbolic


class Nothing(Domain):
    """The domain without values: what the members of an empty set are."""

    cardinality = 0

    def _none(self) -> NoReturn:
        raise SpecError("there is no value here")

    def rank(self, value: Any) -> int:
        self._none()

    def unrank(self, number: int) -> Any:
        self._none()

    def admit(self, value: Any, old: Any = None) -> None:
        self._none()

    def random(self, rng: random.Random) -> Any:
        self._none()

    def rename(self, value: Any, renaming: Renaming) -> Any:
        self._none()

    def decode(self, node: Any) -> Any:
        self._none()

    def describe(self) -> str:
        return "nothing"


NOTHING = Nothing()


def fits(given: Domain, wanted: Domain) -> bool:
    """Whether a value of `given` is of the kind that `wanted` has, bounds and sizes aside."""
    if given is wanted or isinstance(given, Nothing):
        return True
    if isinstance(wanted, Optional):
        return fits(given.inner if isinstance(given, Optional) else given, wanted.inner)
    if isinstance(wanted, UnionOf):
        kinds = given.kinds if isinstance(given, UnionOf) else (given,)
        return all(isinstance(k, RecordOf) and k.cls in wanted.by_class for k in kinds)
    if isinstance(given, SetOf | CappedSetOf) and isinstance(wanted, SetOf | CappedSetOf):
        return fits(given.member, wanted.member)
    if type(given) is not type(wanted):
        return False
    if isinstance(given, SequenceOf | BagOf):
        return fits(given.member, wanted.member)  # type: ignore[attr-defined]
    if isinstance(given, MapOf | ChannelsOf):
        return given.space is wanted.space and fits(given.value, wanted.value)  # type: ignore[attr-defined]
    if isinstance(given, ProductOf):
        return all(fits(a, b) for a, b in zip(given.factors, wanted.factors, strict=False))  # type: ignore[attr-defined]
    if isinstance(given, RecordOf | Members | Scalarset):
        return given.cls is wanted.cls  # type: ignore[attr-defined]
    return True


def join(a: Domain, b: Domain) -> Domain:
    """A domain whose kind has the values of both.  SpecError where there is none."""
    if isinstance(a, IntRange) and isinstance(b, IntRange):
        for wider, narrower in ((a, b), (b, a)):
            if wider.lo <= narrower.lo and narrower.hi <= wider.hi and wider.unit == (a.unit or b.unit):
                return wider
        return IntRange(min(a.lo, b.lo), max(a.hi, b.hi), a.unit or b.unit)
    if isinstance(a, Optional) or isinstance(b, Optional):
        inner = join(a.inner if isinstance(a, Optional) else a, b.inner if isinstance(b, Optional) else b)
        return Optional(inner)
    if isinstance(a, SequenceOf) and isinstance(b, SequenceOf):
        larger = a if a.capacity.limit >= b.capacity.limit else b
        return SequenceOf(join(a.member, b.member), larger.capacity, a.unit or b.unit)
    if isinstance(a, SetOf | CappedSetOf) and isinstance(b, SetOf | CappedSetOf):
        member = join(a.member, b.member)
        if member is a.member or member is b.member:
            return a if member is a.member else b
        return CappedSetOf(member, Capacity(_most(a) + _most(b), None))
    if isinstance(a, MapOf) and isinstance(b, MapOf) and a.space is b.space:
        return MapOf(a.keys, a.space, join(a.value, b.value))
    if fits(a, b):
        return b
    if fits(b, a):
        return a
    if isinstance(a, RecordOf | UnionOf) and isinstance(b, RecordOf | UnionOf):
        kinds = {k.cls: k for d in (a, b) for k in (d.kinds if isinstance(d, UnionOf) else (d,))}
        return UnionOf(tuple(kinds.values()))
    raise LanguageError(f"{a.describe()} meets {b.describe()}: both must be of one kind")


def _most(sets: SetOf | CappedSetOf) -> int:
    return sets.member.cardinality if isinstance(sets, SetOf) else sets.capacity.limit


def kind_of(value: Any, resolver: Resolver) -> Domain:
    """The smallest domain that a plain value says of itself that it belongs to.  SpecError for a foreign value."""
    if value is None:
        return Optional(NOTHING)
    if type(value) is bool:
        return Bools()
    if type(value) is int:
        return IntRange(value, value)
    if isinstance(value, Record | Index | Enum) and not isinstance(value, Symbolic):
        return resolver.domain(type(value), type(value).__name__)
    if type(value) is Set:
        return CappedSetOf(_common(sorted_members(value), resolver), Capacity(len(value), None))
    if type(value) is Bag:
        size = Capacity(len(value), None)
        return BagOf(_common(tuple(m for m, _ in counts_of(value)), resolver), size, size)
    if type(value) is Map:
        space = space_of(value)
        return MapOf(key_kind(space.keys, resolver), space, _common(value.values(), resolver))
    if type(value) is Channels:
        pairs = value.queues()
        queue = _common(tuple(q for _, q in pairs if q is not None) or ((),), resolver)
        return ChannelsOf(
            key_kind(tuple(p for p, _ in pairs), resolver), KeySpace.of(tuple(p for p, _ in pairs)), queue
        )
    if type(value) is tuple:
        return SequenceOf(_common(value, resolver), Capacity(len(value), None))
    raise LanguageError(f"{type(value).__name__} is no value of a specification: {value!r:.60}")


def key_kind(keys: tuple[Any, ...], resolver: Resolver) -> Domain:
    """The kind of the keys of a map: one domain, or a product of them."""
    if keys and type(keys[0]) is tuple:
        return ProductOf(tuple(_common(column, resolver) for column in zip(*keys, strict=True)))
    return _common(keys, resolver)


def _common(values: tuple[Any, ...], resolver: Resolver) -> Domain:
    found: Domain = NOTHING
    for value in dict.fromkeys(values):
        domain = kind_of(value, resolver)
        found = domain if isinstance(found, Nothing) else join(found, domain)
    return found
