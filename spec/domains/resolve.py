"""From annotations to domains, for one set of constants."""

from __future__ import annotations

import re
import types
import typing
from enum import Enum
from typing import Any, NoReturn

from mcheck.spec.annotations import GHOST, AtMost, In, Limit, OneOf, Range, Rank, Where
from mcheck.spec.bags import Bag
from mcheck.spec.channels import Channels
from mcheck.spec.declare import Constant
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.errors import SpecError, UsageError
from mcheck.spec.indexes import IndexType
from mcheck.spec.maps import KeySpace, Map
from mcheck.spec.records import RecordType
from mcheck.spec.sets import Set
from mcheck.spec.specification import did_you_mean

_LIMIT = re.compile(r"^\s*([A-Za-z_]\w*)\s*(?:([+-])\s*(\d+))?\s*$")
_MUTABLE = {list: "tuple[..., ...] with AtMost", dict: "Map", set: "Set"}


LARGEST_CAPACITY = 1024
LARGEST_SCALARSET = 1024


class Resolver:
    """Gives every annotation its domain under the values of `constants`; the same domain for the same annotation."""

    def __init__(self, owner: str, declared: dict[str, Constant], constants: dict[str, Any]) -> None:
        self.owner, self.declared, self.constants = owner, declared, constants
        self._domains: dict[Any, Domain] = {}
        self._resolving: list[type] = []
        self.ranks: dict[str, int] = {}
        """The bounds that limit ranks, and below each the integer that stands for `none yet`."""

    # ------------------------------------------------------------------ limits

    def limit(self, limit: Limit, where: str) -> tuple[int, str | None]:
        """(value, the constant or bound it names) of `3`, `"max_term"` or `"max_log+1"`."""
        if type(limit) is int:
            return limit, None
        match = _LIMIT.match(limit) if isinstance(limit, str) else None
        if match is None:
            raise SpecError(f'{where}: a limit is a number, "name" or "name+1" (got {limit!r})')
        name, sign, offset = match.groups()
        if name not in self.constants:
            raise SpecError(
                f"{where}: {self.owner} has no constant or bound {name!r}{did_you_mean(name, self.constants)}; it has {', '.join(self.constants) or 'none'}"
            )
        value = self.constants[name]
        if type(value) is not int:
            raise SpecError(f"{where}: {name} is used as a limit and must be an int (it is {value!r})")
        return value + (int(offset) * (-1 if sign == "-" else 1) if offset else 0), name

    def cut(self, name: str | None) -> str | None:
        """The name again if it is that of a bound: crossing it is a cut, not an error."""
        return name if name is not None and self.declared[name].kind == "bound" else None

    def size_of(self, cls: IndexType) -> int:
        """How many members the scalarset has here, at least 1."""
        size, name = self.limit(cls._size, f"class {cls.__name__}")
        if size > LARGEST_SCALARSET:
            raise UsageError(
                f"{self.owner}.{name or cls.__name__} must be at most {LARGEST_SCALARSET:,}, as it is the number of {cls.__name__} members (got {size:,})"
            )
        if size < 1:
            raise UsageError(
                f"{self.owner}.{name or cls.__name__} must be at least 1, as it is the number of {cls.__name__} members (got {size})"
            )
        return size

    def key_space(self, keys: Any) -> KeySpace:
        """The key space of an Index, an Enum, a Range, or a tuple of them."""
        if isinstance(keys, tuple):
            return self.space(ProductOf(tuple(self.domain(k, "the keys of a map") for k in keys)))
        return self.space(self.domain(keys, "the keys of a map"))

    def space(self, keys: Domain) -> KeySpace:
        """The values of a domain as keys."""
        if keys.cardinality > 4096:
            raise SpecError(f"a map over {keys.cardinality:,} keys: at most 4,096")
        return KeySpace.of(tuple(keys.values()))

    # ------------------------------------------------------------------ annotations

    def domain(self, annotation: Any, where: str) -> Domain:
        """The domain of an annotation.  SpecError, naming `where`, if it is none."""
        try:
            known = self._domains.get(annotation)
        except TypeError:
            return self._domain(annotation, where)
        if known is None:
            known = self._domains[annotation] = self._domain(annotation, where)
        return known

    def _domain(self, annotation: Any, where: str) -> Domain:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            return self._annotated(annotation, where)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(annotation), where)
        if annotation is bool:
            return Bools()
        if annotation is int:
            raise SpecError(f"{where}: a bare int has no bounds: write Annotated[int, Range(lo, hi)]")
        if annotation in _MUTABLE or origin in _MUTABLE:
            kind = origin or annotation
            raise SpecError(f"{where}: {kind.__name__} is mutable; states are immutable values: use {_MUTABLE[kind]}")
        if isinstance(annotation, IndexType):
            return Scalarset(annotation, self.size_of(annotation))
        if isinstance(annotation, RecordType):
            return self._record(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return Members(annotation)
        return self._generic(origin, typing.get_args(annotation), annotation, where)

    def _generic(self, origin: Any, args: tuple[Any, ...], annotation: Any, where: str) -> Domain:
        if origin is Set:
            member = self.domain(args[0], where)
            if member.cardinality > SetOf.LARGEST_UNIVERSE:
                raise SpecError(
                    f'{where}: a Set over {_many(member.cardinality)} possible members (at most 4,096 as bits): write Annotated[Set[...], AtMost("max_...")]'
                )
            return SetOf(member)
        if origin is Map:
            keys = self.domain(args[0], where)
            return MapOf(keys, self.space(keys), self.domain(args[1], where))
        if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
            raise SpecError(
                f'{where}: a sequence needs a maximal length: write Annotated[tuple[..., ...], AtMost("max_...")]'
            )
        if origin is tuple and args:
            return ProductOf(tuple(self.domain(a, where) for a in args))
        if origin in (Bag, Channels):
            raise SpecError(
                f'{where}: {origin.__name__} needs a capacity: write Annotated[{origin.__name__}[...], AtMost("max_...")]'
            )
        raise SpecError(
            f"{where}: {_name(annotation)} is not a domain: use bool, Annotated[int, Range(...)], an Enum, an Index, a Record, unions of records, X | None, Set, Map, tuple, Bag or Channels"
        )

    def _annotated(self, annotation: Any, where: str) -> Domain:
        base, *marks = typing.get_args(annotation)
        marks = [m for m in marks if m is not GHOST]
        if not marks:
            return self.domain(base, where)
        if len(marks) > 1 or not isinstance(marks[0], Range | Rank | AtMost):
            self._misplaced(marks, where)
        mark = marks[0]
        if isinstance(mark, Range):
            return self._range(base, mark, where)
        if isinstance(mark, Rank):
            return self._rank(base, mark, where)
        return self._capped(base, mark, where)

    def _misplaced(self, marks: list[Any], where: str) -> NoReturn:
        if any(isinstance(m, In | OneOf | Where) for m in marks):
            raise SpecError(f"{where}: {marks[0]!r} describes a parameter of an action, not a field")
        raise SpecError(
            f"{where}: cannot read the annotation {', '.join(map(repr, marks))}: one of Range(lo, hi), Rank(lo, bound), AtMost(n), and GHOST"
        )

    def _range(self, base: Any, mark: Range, where: str) -> Domain:
        if base is not int:
            raise SpecError(f"{where}: Range limits an int, not {_name(base)}")
        lo, low_name = self.limit(mark.lo, where)
        hi, high_name = self.limit(mark.hi, where)
        if lo > hi:
            subject = (
                f"{self.owner}.{high_name or low_name} = {self.constants[high_name or low_name or '']}"
                if high_name or low_name
                else f"Range({mark.lo!r}, {mark.hi!r})"
            )
            error = UsageError if high_name or low_name else SpecError
            raise error(f"{subject} leaves no value in {lo}..{hi} ({where})")
        return IntRange(lo, hi, high_name or low_name, self.cut(low_name), self.cut(high_name))

    def _rank(self, base: Any, mark: Rank, where: str) -> Domain:
        declared = self.declared.get(mark.hi) if isinstance(mark.hi, str) else None
        if declared is None or declared.kind != "bound":
            raise SpecError(
                f"{where}: the upper end of a Rank is the name of a bound (got {mark.hi!r}): write Rank({mark.lo!r}, name)"
            )
        known = self.ranks.setdefault(mark.hi, mark.lo)
        if known != mark.lo:
            raise SpecError(
                f"{where}: ranks up to {mark.hi} begin at {known} elsewhere (got {mark.lo!r}): give all the same lower end"
            )
        return self._range(base, Range(mark.lo, mark.hi), where)

    def _capped(self, base: Any, mark: AtMost, where: str) -> Domain:
        limit, name = self.limit(mark.limit, where)
        if not 0 <= limit <= LARGEST_CAPACITY:
            error = UsageError if name else SpecError
            subject = f"{self.owner}.{name}" if name else where
            raise error(
                f"{subject}: a capacity lies between 0 and {LARGEST_CAPACITY:,} (got {limit:,}{f'; {where}' if name else ''})"
            )
        capacity = Capacity(limit, self.cut(name))
        origin, args = typing.get_origin(base), typing.get_args(base)
        if origin is Set:
            return CappedSetOf(self.domain(args[0], where), capacity)
        if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
            return SequenceOf(self.domain(args[0], where), capacity, name)
        if origin is Bag:
            copies, copies_name = (limit, name) if mark.copies is None else self.limit(mark.copies, where)
            return BagOf(self.domain(args[0], where), capacity, Capacity(copies, self.cut(copies_name)))
        if origin is Channels:
            nodes = self.domain(args[0], where)
            members = tuple(nodes.values())
            pairs = KeySpace.of(tuple((i, j) for i in members for j in members if i is not j))
            return ChannelsOf(ProductOf((nodes, nodes)), pairs, SequenceOf(self.domain(args[1], where), capacity, name))
        raise SpecError(f"{where}: AtMost limits a Set, a tuple[..., ...], a Bag or Channels, not {_name(base)}")

    def _union(self, options: tuple[Any, ...], where: str) -> Domain:
        rest = tuple(o for o in options if o is not type(None))
        if len(rest) == 1:
            inner = self.domain(rest[0], where)
        else:
            kinds = tuple(self.domain(o, where) for o in rest)
            if not all(isinstance(k, RecordOf) for k in kinds):
                odd = next(o for o, k in zip(rest, kinds, strict=True) if not isinstance(k, RecordOf))
                raise SpecError(f"{where}: a union is made of records (got {_name(odd)})")
            inner = UnionOf(typing.cast("tuple[RecordOf, ...]", kinds))
        return Optional(inner) if len(rest) < len(options) else inner

    def _record(self, cls: RecordType) -> RecordOf:
        if cls in self._resolving:
            raise SpecError(f"{cls.__name__} contains itself: a state has a fixed shape")
        self._resolving.append(cls)
        try:
            hints = hints_of(cls)
            return RecordOf(cls, {f: self.domain(hints[f], f"{cls.__name__}.{f}") for f in cls._fields})
        finally:
            self._resolving.pop()


def hints_of(subject: Any) -> dict[str, Any]:
    """The annotations of a class or function as types, `Annotated` kept.  SpecError where a name is unknown."""
    try:
        return typing.get_type_hints(subject, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise SpecError(f"{getattr(subject, '__qualname__', subject)}: cannot read the annotations: {error}") from None


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _many(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"more than 10^{len(str(number)) - 1}"
