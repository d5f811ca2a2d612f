r"""Vocabulary: how the values and domains of one specification are written in TLA+.

truth values, integers    TRUE, 3                        bool, Range     BOOLEAN, 0 .. MaxTerm
members of an enum        "LEADER"                       Enum            {"FOLLOWER", "CANDIDATE", "LEADER"}
members of an Index       model values                   Index           a constant, their set
None                      the model value None           X | None        {None} \union X
records                   [term |-> 1, value |-> v]      Record          [term : Term, value : Value]
of several kinds          with the kind as `type`        A | B           A \union B
sets, maps, sequences     sets, functions, sequences     Set, Map, tuple SUBSET S, [K -> V], Seq(S)
bags                      bags of the module Bags        Bag
channels                  [<<i, j>> -> a queue, or None] Channels
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import combinations
from math import comb
from typing import Any

from mcheck.spec import Bag, Channels, Index, Instance, Map, McheckError, Record, Set, UsageError
from mcheck.spec.bags import counts_of
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.indexes import IndexType
from mcheck.spec.maps import space_of
from mcheck.spec.records import fields_of
from mcheck.spec.sets import sorted_members
from mcheck.tla.layout import ATOM, OPERATION, Doc, atom, bracketed, called, infix, mapped, parted, ranging
from mcheck.tla.naming import Names, operator_name, snake, string_text

_LARGEST_TABLE = 512


class Vocabulary:
    """The words of one module.  What is used is defined: `definitions` grows as values and domains are written."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.names = Names()
        self.modules = {"Integers"}
        """The standard modules that what was written needs."""
        self.definitions: dict[str, Doc] = {}
        """Sets with a name, each after those it is made of."""
        self.named_members: set[IndexType] = set()
        """The scalarsets whose members are named one by one."""
        self.uses_none = False
        self.scope: Callable[[], Iterable[str]] = tuple
        """The names that are bound where something is being written."""
        self._inside: list[str] = []
        self.variables = {field: self.names.take(field) for field in instance.state_domain.fields}
        self.bounds = {name: self.names.take(operator_name(name)) for name in _bounds(instance.state_domain)}
        self.index_sets: dict[IndexType, str] = {}
        self._prefixes: dict[IndexType, str] = {}
        self._kinds = _kinds_of_unions(instance.state_domain)
        self.tag = self._tag()
        refuse_confusion(instance)
        self._aliases = _aliases(instance)
        self._defined: dict[Any, str] = {}
        self.none = self.names.take("None", "Nil")
        for cls in sorted(instance.state_domain.indexes(), key=lambda c: (c.__name__, c.__module__)):
            self.index_set(cls)

    def _tag(self) -> str:
        """The field that says of what kind a record is."""
        fields = {f for cls in self._kinds for f in self.instance.resolver.domain(cls, "").fields}  # type: ignore[attr-defined]
        return next(n for n in ("type", "kind", "mtype", *(f"type{k}" for k in range(2, 99))) if n not in fields)

    def tags(self, cls: type) -> bool:
        """Whether records of this class say of what kind they are: those of a union, and those that have no field."""
        return cls in self._kinds or not getattr(cls, "_fields", ())

    def local(self, wanted: str) -> str:
        """A name for something bound that is free where something is being written."""
        return self.names.local(wanted, (*self.scope(), *self._inside))

    # ------------------------------------------------------------------ scalarsets

    def index_set(self, cls: IndexType) -> str:
        """The constant that is the set of the members of a scalarset."""
        if cls not in self.index_sets:
            self.index_sets[cls] = self.names.take(cls.__name__, f"{cls.__name__}Set")
            self._prefixes[cls] = self._prefix(cls)
            for name in self.members(cls):
                self.names.take(name)
        return self.index_sets[cls]

    def _prefix(self, cls: IndexType) -> str:
        word = snake(cls.__name__).replace("_", "")
        size = self.instance.size_of(cls)
        return next(
            p
            for p in (*(word[:k] for k in range(1, len(word) + 1)), *(f"{word}{c}_" for c in "abcdefgh"))
            if not any(self.names.is_taken(f"{p}{k}") for k in range(size))
        )

    def members(self, cls: IndexType) -> tuple[str, ...]:
        """The model values of a scalarset in the order of its members."""
        return tuple(f"{self._prefixes[cls]}{k}" for k in range(self.instance.size_of(cls)))

    # ------------------------------------------------------------------ values

    def value(self, value: Any) -> Doc:
        """A plain value."""
        if value is None:
            self.uses_none = True
            return atom(self.none)
        if isinstance(value, bool):
            return atom("TRUE" if value else "FALSE")
        if isinstance(value, int):
            return number(value)
        if isinstance(value, Index):
            cls = type(value)
            self.index_set(cls)
            self.named_members.add(cls)
            return atom(self.members(cls)[value._ordinal])
        if isinstance(value, Enum):
            return atom(string_text(value.name))
        if isinstance(value, Record):
            return self.record(type(value), [(name, self.value(part)) for name, part in fields_of(value)])
        return self._collection(value)

    def _collection(self, value: Any) -> Doc:
        if isinstance(value, Set):
            return self._set(sorted_members(value))
        if isinstance(value, Map):
            space = space_of(value)
            return self.function(self.key_set(space.keys), space.keys, value.values())
        if isinstance(value, Bag):
            self.modules.add("Bags")
            pairs = counts_of(value)
            return self._pairs([(self.value(m), number(n)) for m, n in pairs]) if pairs else atom("EmptyBag")
        if isinstance(value, Channels):
            keys, queues = zip(*value.queues(), strict=True)
            return self.function(self.pairs(keys), keys, queues)
        assert isinstance(value, tuple)
        if value:
            self.modules.add("Sequences")
        return bracketed("<<", [self.value(x) for x in value], ">>")

    def record(self, cls: type, fields: Iterable[tuple[str, Doc]]) -> Doc:
        """A record with these fields."""
        items = [mapped(name, doc) for name, doc in fields]
        if self.tags(cls):
            items.insert(0, mapped(self.tag, atom(string_text(cls.__name__))))
        return bracketed("[", items, "]")

    def listed(self, values: tuple[Any, ...]) -> Doc:
        """The set of these values: the definition of a table with the same values, if there is one."""
        known = self._defined.get(("table", frozenset(values)))
        return self._set(values) if known is None else atom(known)

    def _set(self, members: tuple[Any, ...]) -> Doc:
        first = members[0] if members else None
        if isinstance(first, Index) and len(members) == self.instance.size_of(type(first)):
            return atom(self.index_set(type(first)))
        if isinstance(first, Set):
            sized = self._subsets_of_one_size(members)
            if sized is not None:
                return sized
        return bracketed("{", [self.value(m) for m in members], "}")

    def _subsets_of_one_size(self, sets: tuple[Any, ...]) -> Doc | None:
        """All sets of so many members of a scalarset, said without naming any: minimal majorities."""
        every = {m for s in sets for m in sorted_members(s)}
        cls: Any = next((type(m) for m in every), None)
        size = len(sets[0])
        if not isinstance(cls, IndexType) or any(type(m) is not cls or len(s) != size for s in sets for m in s):
            return None
        whole = self.instance.size_of(cls)
        if len(sets) != comb(whole, size) or len(sets) == 1:
            return None
        self.modules.add("FiniteSets")
        name = self.local("q")
        return parted(
            "{",
            ranging("", name, Doc(f"SUBSET {self.index_set(cls)}", OPERATION)),
            ":",
            infix("=", called("Cardinality", [atom(name)]), number(size), 5),
            "}",
        )

    def function(self, keys: Doc, points: tuple[Any, ...], values: Iterable[Any]) -> Doc:
        """The function with these values at these points, which are the members of `keys`."""
        listed = tuple(values)
        if len(set(listed)) == 1:
            name = self.local("x")
            self._inside.append(name)
            everywhere = self.value(listed[0])
            self._inside.pop()
            return parted("[", ranging("", name, keys), "|->", everywhere, "]")
        return self._pairs([(self._point(p), self.value(v)) for p, v in zip(points, listed, strict=True)])

    def _point(self, key: Any) -> Doc:
        return bracketed("<<", [self.value(k) for k in key], ">>") if type(key) is tuple else self.value(key)

    def _pairs(self, pairs: list[tuple[Doc, Doc]]) -> Doc:
        self.modules.add("TLC")
        singles = [infix(":>", point, value, 7) for point, value in pairs]
        flat = " @@ ".join(s.flat for s in singles)

        def broken(width: int) -> list[str]:
            return [line for k, s in enumerate(singles) for line in [s.flat + (" @@" if k < len(singles) - 1 else "")]]

        return Doc(flat, 6, broken)

    # ------------------------------------------------------------------ domains

    def domain(self, domain: Domain, exact: bool = False) -> Doc:
        """The set of the values of a domain; where it is not to be enumerated, sizes are left to the bounds."""
        alias = None if exact and _sized(domain) else self._aliases.get(id(domain))
        if isinstance(domain, Scalarset):
            return atom(self.index_set(domain.cls))
        if isinstance(domain, Members):
            return self._defined_as(domain.cls, domain.cls.__name__, lambda: self._enumeration(domain))
        if isinstance(domain, RecordOf) and not (exact and _sized(domain)):
            return self._defined_as(domain.cls, domain.cls.__name__, lambda: self._records(domain, exact))
        if alias is not None:
            return self._defined_as(id(domain), alias, lambda: self._domain(domain, exact))
        return self._domain(domain, exact)

    def _defined_as(self, key: Any, wanted: str, make: Any) -> Doc:
        if key not in self._defined:
            doc = make()
            if doc.binds == ATOM and not doc.flat.startswith(("[", "{")):
                self._defined[key] = doc.flat  # it has a name already
                return doc  # type: ignore[no-any-return]
            name = self.names.take(operator_name(wanted), f"{operator_name(wanted)}Set")
            self._defined[key], self.definitions[name] = name, doc
        return atom(self._defined[key])

    def _enumeration(self, domain: Members) -> Doc:
        return bracketed("{", [self.value(m) for m in domain.members], "}")

    def _records(self, domain: RecordOf, exact: bool) -> Doc:
        items = [mapped(name, self.domain(part, exact), ":") for name, part in domain.fields.items()]
        if self.tags(domain.cls):
            items.insert(0, mapped(self.tag, atom("{" + string_text(domain.cls.__name__) + "}"), ":"))
        return bracketed("[", items, "]")

    def _domain(self, domain: Domain, exact: bool) -> Doc:
        if isinstance(domain, Bools):
            return atom("BOOLEAN")
        if isinstance(domain, IntRange):
            return infix("..", self.limit(domain, high=False), self.limit(domain, high=True), OPERATION)
        if isinstance(domain, Optional):
            self.uses_none = True
            return infix("\\union", atom("{" + self.none + "}"), self.domain(domain.inner, exact), OPERATION)
        if isinstance(domain, RecordOf):
            return self._records(domain, exact)
        if isinstance(domain, UnionOf):
            return _joined("\\union", [self.domain(k, exact) for k in domain.kinds])
        if isinstance(domain, ProductOf):
            return _joined("\\X", [self.domain(f, exact) for f in domain.factors])
        if isinstance(domain, MapOf):
            return self._functions(self.domain(domain.keys, exact), self.domain(domain.value, exact))
        if isinstance(domain, ChannelsOf):
            return self._functions(self.pairs(domain.space.keys), self.domain(domain.value, exact))
        if isinstance(domain, SetOf | CappedSetOf):
            return self._subsets(domain, exact)
        if isinstance(domain, SequenceOf):
            return self._sequences(domain, exact)
        raise UsageError(
            f"{self.instance.name}: TLA+ has no finite set of all bags: {domain.describe()} cannot be exported here"
        )

    def _functions(self, keys: Doc, values: Doc) -> Doc:
        return Doc(f"[{keys.flat} -> {values.flat}]", ATOM)

    def _subsets(self, domain: SetOf | CappedSetOf, exact: bool) -> Doc:
        member = self.domain(domain.member, exact)
        inner = member.flat if member.binds == ATOM else f"({member.flat})"
        whole = Doc(f"SUBSET {inner}", OPERATION)
        if not exact or isinstance(domain, SetOf):
            return whole
        self.modules.add("FiniteSets")
        name = self.local("S")
        most = infix("<=", called("Cardinality", [atom(name)]), number(domain.capacity.limit), 5)
        return parted("{", ranging("", name, whole), ":", most, "}")

    def _sequences(self, domain: SequenceOf, exact: bool) -> Doc:
        member = self.domain(domain.member, exact)
        if not exact:
            self.modules.add("Sequences")
            return called("Seq", [member])
        k = self.local("k")
        each = Doc(f"[1..{k} -> {member.flat}]", ATOM)
        lengths = ranging("", k, Doc(f"0..{domain.capacity.limit}", OPERATION))
        return Doc("UNION " + parted("{", each, ":", lengths, "}").flat, OPERATION)

    def key_set(self, keys: tuple[Any, ...]) -> Doc:
        """The keys of a map, told from their values."""
        if type(keys[0]) is tuple:
            return _joined("\\X", [self.key_set(tuple(dict.fromkeys(column))) for column in zip(*keys, strict=True)])
        if isinstance(keys[0], Index):
            return atom(self.index_set(type(keys[0])))
        if isinstance(keys[0], Enum):
            return self.domain(Members(type(keys[0])))
        if isinstance(keys[0], bool):
            return atom("BOOLEAN")
        return infix("..", number(keys[0]), number(keys[-1]), OPERATION)

    def pairs(self, keys: tuple[Any, ...]) -> Doc:
        """The ordered pairs of different nodes, which channels join."""
        cls: Any = type(keys[0][0])
        nodes = self.index_set(cls)
        if "pairs" not in self._defined:
            name = self._defined["pairs"] = self.names.take(f"{nodes}Pairs")
            p = self.local("p")
            self.definitions[name] = Doc(f"{{{p} \\in {nodes} \\X {nodes} : {p}[1] # {p}[2]}}", ATOM)
        return atom(self._defined["pairs"])

    def table(self, values: tuple[Any, ...], wanted: str, where: str) -> Doc:
        """A set of listed values under a name of its own."""
        key = ("table", frozenset(values))
        if len(values) > _LARGEST_TABLE:
            raise UsageError(
                f"{where} ranges over a list of {len(values):,} values: at most {_LARGEST_TABLE} are written into a module"
            )
        return self._defined_as(key, wanted, lambda: self._set(values))

    def limit(self, domain: IntRange, high: bool) -> Doc:
        """A limit of a range: by the name of the bound that it is, or as a number."""
        value, name = (domain.hi, domain.high_cut) if high else (domain.lo, domain.low_cut)
        return self.bound(name, value)

    def bound(self, name: str | None, value: int) -> Doc:
        """A number, said by the bound that it comes from: `MaxLog + 1`."""
        if name is None or name not in self.bounds:
            return number(value)
        offset = value - self.instance.bounds[name]
        base = atom(self.bounds[name])
        return base if offset == 0 else infix("+" if offset > 0 else "-", base, number(abs(offset)), 10)


def number(value: int) -> Doc:
    """An integer."""
    return Doc(str(value), ATOM if value >= 0 else 12)


def _joined(operator: str, docs: list[Doc]) -> Doc:
    if len(docs) == 1:
        return docs[0]
    parts = [
        d if d.binds > OPERATION or (operator == "\\union" and d.binds == OPERATION) else Doc(f"({d.flat})", ATOM)
        for d in docs
    ]

    def broken(width: int) -> list[str]:
        lines, current = [], parts[0].flat
        for part in parts[1:]:
            if len(current) + len(part.flat) + len(operator) + 2 > width:
                lines.append(f"{current} {operator}")
                current = part.flat
            else:
                current += f" {operator} {part.flat}"
        return [*lines, current]

    return Doc(f" {operator} ".join(p.flat for p in parts), OPERATION, broken)


def _sized(domain: Domain) -> bool:
    """Whether a domain limits sizes, which its set says only where it is enumerated."""
    return isinstance(domain, SequenceOf | CappedSetOf | BagOf) or any(map(_sized, domain.parts()))


def _walked(domain: Domain) -> Iterator[Domain]:
    yield domain
    for part in domain.parts():
        yield from _walked(part)


def _bounds(domain: Domain) -> tuple[str, ...]:
    """The bounds that a domain is limited by, in the order of their first use."""
    found: list[str | None] = []
    for part in _walked(domain):
        if isinstance(part, IntRange):
            found += (part.low_cut, part.high_cut)
        elif isinstance(part, CappedSetOf | SequenceOf):
            found.append(part.capacity.bound)
        elif isinstance(part, BagOf):
            found += (part.copies.bound, part.capacity.bound)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _kinds_of_unions(domain: Domain) -> frozenset[type]:
    return frozenset(k.cls for part in _walked(domain) if isinstance(part, UnionOf) for k in part.kinds)


def _aliases(instance: Instance) -> dict[int, str]:
    """The names that the files of a spec give to domains, `Term` or `Message`, by the identity of the domain."""
    found: dict[int, str] = {}
    modules = dict.fromkeys(
        c.__module__ for c in type(instance.spec).__mro__ if not c.__module__.startswith("mcheck.spec")
    )
    with instance.active():
        for module in modules:
            for name, value in vars(sys.modules.get(module, types.ModuleType(module))).items():
                if typing.get_origin(value) in (typing.Annotated, typing.Union, types.UnionType):
                    try:
                        domain = instance.resolver.domain(value, name)
                    except (McheckError, TypeError):
                        continue  # it describes a parameter, or belongs to another spec
                    found.setdefault(id(domain), name)
    return found


# ---------------------------------------------------------------------- what TLC cannot compare


def refuse_confusion(instance: Instance) -> None:
    """UsageError for two kinds of a union that TLC would compare field by field, and cannot: 3 with {}, say."""
    for union in (part for part in _walked(instance.state_domain) if isinstance(part, UnionOf)):
        for kind, other in combinations(union.kinds, 2):
            if kind.fields.keys() == other.fields.keys():
                for name, domain in kind.fields.items():
                    if not comparable(domain, other.fields[name]):
                        raise UsageError(
                            f"{instance.name}: {kind.cls.__name__} and {other.cls.__name__} have fields of the same names, and "
                            f"{name!r} is {domain.describe()} in one and {other.fields[name].describe()} in the other, which TLC "
                            "cannot compare: rename a field, and it can be exported"
                        )


def comparable(a: Domain, b: Domain) -> bool:
    """Whether TLC can say of any two values of these domains whether they are equal.  A model value equals only itself."""
    a, b = (d.inner if isinstance(d, Optional) else d for d in (a, b))
    if isinstance(a, Scalarset) or isinstance(b, Scalarset):
        return True
    sorts = (Bools, IntRange, Members, (RecordOf, UnionOf), (SetOf, CappedSetOf), SequenceOf, BagOf, MapOf, ChannelsOf)
    sort = next((s for s in sorts if isinstance(a, s)), None)
    if sort is None or not isinstance(b, sort):
        return False
    if isinstance(a, RecordOf | UnionOf | Bools | IntRange | Members):
        return True
    return all(comparable(x, y) for x, y in zip(a.parts(), b.parts(), strict=True))
