"""Partial observations: what a log, or an implementation, says of a value of a specification, and leaves open.

Written in JSON.  A record or a map is an object with the fields or keys that are known (keys are numbers of members, or names
of an enum); a record may also be a list of all its fields in their order.  A sequence is a list, and so is a set, in any order:
what is given of each member must fit, and nothing else be there.  Members of a scalarset are numbers, those of an enum names, in
any case.  Of a union of records `"is"` says which one.  What is not mentioned may be anything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NoReturn

from mcheck.spec import Record, UsageError, text
from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.sets import sorted_members
from mcheck.spec.specification import did_you_mean

Difference = tuple[str, str, str]
"""Where a value differs from what was observed (`servers[0].role`), what was observed, and what the value has there."""


class Observed(ABC):
    """What is known of a value."""

    @abstractmethod
    def differences(self, value: Any, place: str = "") -> list[Difference]:
        """Where the value is not as observed; nothing if it can be the one."""

    def fits(self, value: Any) -> bool:
        """Whether the value can be the one that was observed."""
        return not self.differences(value)


class Exactly(Observed):
    """The value is known."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def differences(self, value: Any, place: str = "") -> list[Difference]:
        return [] if value == self.value else [(place, text(self.value), text(value))]

    def fits(self, value: Any) -> bool:
        return bool(value == self.value)


class Fields(Observed):
    """Some fields of a record; of which class it is, where that is known.  If nothing is open, `whole` is the record."""

    def __init__(self, cls: type | None, fields: dict[str, Observed], whole: Any = None) -> None:
        self.cls, self.fields, self.whole = cls, fields, whole

    def differences(self, value: Any, place: str = "") -> list[Difference]:
        if self.cls is not None and type(value) is not self.cls:
            return [(place, self.cls.__name__, text(value))]
        if not isinstance(value, Record):
            return [(place, "a record", text(value))]
        dot = "." if place else ""
        return [
            d
            for name, part in self.fields.items()
            for d in part.differences(getattr(value, name), f"{place}{dot}{name}")
        ]

    def fits(self, value: Any) -> bool:
        if self.whole is not None:
            return bool(value == self.whole)
        if self.cls is not None and type(value) is not self.cls:
            return False
        return all(part.fits(getattr(value, name, _NO_FIELD)) for name, part in self.fields.items())


_NO_FIELD = object()


class Entries(Observed):
    """The values of a map at some keys."""

    def __init__(self, entries: dict[Any, Observed]) -> None:
        self.entries = entries

    def differences(self, value: Any, place: str = "") -> list[Difference]:
        return [d for key, part in self.entries.items() for d in part.differences(value[key], f"{place}[{text(key)}]")]

    def fits(self, value: Any) -> bool:
        return all(part.fits(value[key]) for key, part in self.entries.items())


class Elements(Observed):
    """A sequence of this length, something being known of each element.  If nothing is open, `whole` is the sequence."""

    def __init__(self, elements: Sequence[Observed], whole: tuple[Any, ...] | None = None) -> None:
        self.elements, self.whole = tuple(elements), whole

    def differences(self, value: Any, place: str = "") -> list[Difference]:
        if len(value) != len(self.elements) or (self.whole is not None and len(value) == 0):
            return [] if value == self.whole else [(place, self._text(), text(value))]
        return [d for k, part in enumerate(self.elements) for d in part.differences(value[k], f"{place}[{k}]")]

    def fits(self, value: Any) -> bool:
        return not self.differences(value) if self.whole is None else bool(value == self.whole)

    def _text(self) -> str:
        return f"{len(self.elements)} elements" if self.whole is None else text(self.whole)


class Collected(Observed):
    """A set of this size: something is known of each member, in whatever order."""

    def __init__(self, members: Sequence[Observed]) -> None:
        self.members = tuple(members)

    def differences(self, value: Any, place: str = "") -> list[Difference]:
        found = _members(value)
        if len(found) == len(self.members) and _assigned([[m.fits(f) for f in found] for m in self.members]):
            return []
        return [(place, f"{len(self.members)} members that fit", text(value))]


def _members(value: Any) -> list[Any]:
    """The members of a set, or of a bag each as often as it is there."""
    if isinstance(value, Bag):
        return [member for member, copies in counts_of(value) for _ in range(copies)]
    return list(sorted_members(value))


def _assigned(fits: list[list[bool]]) -> bool:
    """Whether every row can be given a column of its own in which it is true: augmenting paths, as sets are small."""
    taken: dict[int, int] = {}

    def placed(row: int, seen: set[int]) -> bool:
        for column, possible in enumerate(fits[row]):
            if possible and column not in seen:
                seen.add(column)
                if column not in taken or placed(taken[column], seen):
                    taken[column] = row
                    return True
        return False

    return all(placed(row, set()) for row in range(len(fits)))


def observed(domain: Domain, said: Any, place: str) -> Observed:
    """What JSON says of a value of the domain.  UsageError, naming `place`, for what no value can be."""
    reader = _READERS.get(type(domain))
    if reader is None:
        raise UsageError(f"{place}: {domain.describe()} cannot be observed")
    return reader(domain, said, place)


def _optional(domain: Optional, said: Any, place: str) -> Observed:
    return Exactly(None) if said is None else observed(domain.inner, said, place)


def _bool(domain: Bools, said: Any, place: str) -> Observed:
    return Exactly(said) if type(said) is bool else _refuse(domain, said, place)


def _integer(domain: IntRange, said: Any, place: str) -> Observed:
    if type(said) is not int:
        _refuse(domain, said, place)
    if not domain.lo <= said <= domain.hi:
        bound = domain.high_cut if said > domain.hi else domain.low_cut
        remedy = f": raise {bound}" if bound is not None else ""
        raise UsageError(f"{place}: {said} is outside {domain.lo}..{domain.hi}{remedy}")
    return Exactly(said)


def _scalarset(domain: Scalarset, said: Any, place: str) -> Observed:
    if type(said) is not int or not 0 <= said < domain.cardinality:
        _refuse(domain, said, place)
    return Exactly(domain.cls.member(said))


def _enum(domain: Members, said: Any, place: str) -> Observed:
    by_name = _names(domain)
    if not isinstance(said, str):
        _refuse(domain, said, place)
    member = by_name.get(said.lower())
    if member is None:
        raise UsageError(f"{place}: {said!r} is not {domain.describe()}{did_you_mean(said.lower(), by_name)}")
    return Exactly(member)


@lru_cache(maxsize=1024)
def _names(domain: Members) -> dict[str, Enum]:
    return {m.name.lower(): m for m in domain.members}


def _sequence(domain: SequenceOf, said: Any, place: str) -> Observed:
    parts = _parts(domain, said, place)
    if len(parts) > domain.capacity.limit:
        remedy = f": raise {domain.capacity.bound}" if domain.capacity.bound is not None else ""
        raise UsageError(f"{place}: {len(parts)} elements, and at most {domain.capacity.limit} are possible{remedy}")
    elements = [observed(domain.member, part, f"{place}[{k}]") for k, part in enumerate(parts)]
    return Elements(elements, _together(elements))


def _collection(domain: SetOf | CappedSetOf | BagOf, said: Any, place: str) -> Observed:
    parts = _parts(domain, said, place)
    return Collected([observed(domain.member, part, f"{place}, member {k}") for k, part in enumerate(parts)])


def _product(domain: ProductOf, said: Any, place: str) -> Observed:
    parts = _parts(domain, said, place)
    if len(parts) != len(domain.factors):
        _refuse(domain, said, place)
    return Elements(
        [observed(f, p, f"{place}[{k}]") for k, (f, p) in enumerate(zip(domain.factors, parts, strict=True))]
    )


def _record(domain: RecordOf, said: Any, place: str) -> Observed:
    if isinstance(said, list):
        if len(said) != len(domain.fields):
            raise UsageError(
                f"{place}: {domain.cls.__name__} has {len(domain.fields)} fields, {', '.join(domain.fields)} (got {said!r})"
            )
        said = dict(zip(domain.fields, said, strict=True))
    if not isinstance(said, dict):
        _refuse(domain, said, place)
    fields = {}
    for name, part in said.items():
        if name not in domain.fields:
            if name == "is" and part == domain.cls.__name__:
                continue
            raise UsageError(
                f"{place}: {domain.cls.__name__} has no field {name!r}{did_you_mean(name, domain.fields)}; "
                f"it has {', '.join(domain.fields)}"
            )
        fields[name] = observed(domain.fields[name], part, f"{place}.{name}")
    whole = _together(list(fields.values())) if len(fields) == len(domain.fields) else None
    return Fields(domain.cls, fields, None if whole is None else domain.cls(**dict(zip(fields, whole, strict=True))))


def _together(parts: list[Observed]) -> tuple[Any, ...] | None:
    """The values of parts of which nothing is open; None if something is."""
    values = []
    for part in parts:
        if type(part) is Exactly:
            values.append(part.value)
        elif isinstance(part, Fields | Elements) and part.whole is not None:
            values.append(part.whole)
        else:
            return None
    return tuple(values)


def _union(domain: UnionOf, said: Any, place: str) -> Observed:
    kinds = {k.cls.__name__: k for k in domain.kinds}
    if not isinstance(said, dict):
        _refuse(domain, said, place)
    if "is" in said:
        if said["is"] not in kinds:
            raise UsageError(f'{place}: "is" must be one of {", ".join(kinds)} (got {said["is"]!r})')
        return _record(kinds[said["is"]], said, place)
    common = {f: d for f, d in domain.kinds[0].fields.items() if all(k.fields.get(f) is d for k in domain.kinds)}
    odd = next((name for name in said if name not in common), None)
    if odd is not None:
        raise UsageError(f'{place}: say with "is" which of {", ".join(kinds)} has the field {odd!r}')
    return Fields(None, {name: observed(common[name], part, f"{place}.{name}") for name, part in said.items()})


def _map(domain: MapOf, said: Any, place: str) -> Observed:
    keys = _keys(domain)
    if isinstance(said, list) and len(said) == len(keys):
        said = dict(zip(keys, said, strict=True))
    if not isinstance(said, dict):
        _refuse(domain, said, place)
    for name in said:
        if name not in keys:
            raise UsageError(f"{place}: {name!r} is no key of it; the keys are {', '.join(keys)}")
    return Entries({keys[name]: observed(domain.value, part, f"{place}[{name}]") for name, part in said.items()})


@lru_cache(maxsize=1024)
def _keys(domain: MapOf) -> dict[str, Any]:
    return {_key_text(key): key for key in domain.keys.values()}


def _key_text(key: Any) -> str:
    return key.name if isinstance(key, Enum) else text(key)


def _parts(domain: Domain, said: Any, place: str) -> list[Any]:
    if not isinstance(said, list):
        _refuse(domain, said, place)
    return list(said)


def _refuse(domain: Domain, said: Any, place: str) -> NoReturn:
    shown = repr(said)
    raise UsageError(f"{place}: expected {domain.describe()} (got {shown if len(shown) <= 60 else shown[:57] + '...'})")


_READERS: dict[type[Domain], Callable[[Any, Any, str], Observed]] = {
    Optional: _optional,
    Bools: _bool,
    IntRange: _integer,
    Scalarset: _scalarset,
    Members: _enum,
    RecordOf: _record,
    UnionOf: _union,
    MapOf: _map,
    SequenceOf: _sequence,
    SetOf: _collection,
    CappedSetOf: _collection,
    BagOf: _collection,
    ProductOf: _product,
}
"""What reads the JSON of each kind of domain; channels are not observed."""


def as_json(domain: Domain, value: Any) -> Any:
    """The value in the JSON that `observed` reads."""
    if isinstance(domain, Optional):
        return None if value is None else as_json(domain.inner, value)
    if isinstance(domain, UnionOf):
        return {"is": type(value).__name__, **as_json(domain.by_class[type(value)], value)}
    if isinstance(domain, RecordOf):
        return {name: as_json(part, getattr(value, name)) for name, part in domain.fields.items()}
    if isinstance(domain, MapOf):
        return {_key_text(key): as_json(domain.value, part) for key, part in value.items()}
    if isinstance(domain, ProductOf):
        return [as_json(f, part) for f, part in zip(domain.factors, value, strict=True)]
    if isinstance(domain, SequenceOf):
        return [as_json(domain.member, part) for part in value]
    if isinstance(domain, SetOf | CappedSetOf | BagOf):
        return [as_json(domain.member, part) for part in _members(value)]
    if isinstance(domain, Scalarset):
        return domain.rank(value)
    if isinstance(domain, Members):
        return value.name
    if isinstance(domain, IntRange | Bools):
        return value
    raise UsageError(f"{domain.describe()} cannot be written as an observation")
