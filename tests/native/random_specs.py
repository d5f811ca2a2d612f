"""Random small specs as source text: domains of every kind, guards and updates of every operation of the language.

Everything is decided by a `Choices`, so that the same writer serves a seed and Hypothesis, and what Hypothesis shrinks is
the text that a failing test shows.  The first alternative is always the simplest one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import mcheck.spec
from mcheck.spec import Spec

T = TypeVar("T")


class Choices(Protocol):
    """Where decisions come from."""

    def below(self, number: int) -> int:
        """One of 0 .. number-1; 0 is the simplest."""
        ...


class Seeded:
    """Decisions by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, number: int) -> int:
        return self._random.randrange(number)


# ---------------------------------------------------------------------- kinds of value


@dataclass(eq=False)
class Kind:
    """A domain: how it is written, what sort of value it has, and of what it is made."""

    sort: str
    text: str
    parts: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()
    lo: int = 0
    hi: int = 0
    unit: str | None = None
    size: int = 0
    """How many values there are, roughly: sets as bits are made over small kinds only."""

    def like(self, other: Kind) -> bool:
        """Whether a value of the one is a value of the other, bounds aside."""
        if self is other:
            return True
        if {self.sort, other.sort} <= {"set", "capped"}:
            return self.parts[0].like(other.parts[0])
        if self.sort == "union" and other.sort == "record":
            return any(other is p for p in self.parts)
        if self.sort != other.sort:
            return False
        if self.sort in ("record", "union", "map", "channels"):
            return False
        return all(a.like(b) for a, b in zip(self.parts, other.parts, strict=True))


BOOL = Kind("bool", "bool", size=2)
NUMBERS = Kind("int", "", lo=-9, hi=9)
"""Any integer, where no domain is asked for."""


@dataclass(frozen=True)
class Name:
    """Something an expression can read, and what it is."""

    text: str
    kind: Kind


@dataclass
class Spelled:
    """A spec as text."""

    declarations: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def source(self) -> str:
        body = "\n\n".join(self.methods)
        return "\n\n\n".join([*self.declarations, body]) + "\n"


class Writer:
    """Writes one spec."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.made = Spelled()
        self.node = Kind("index", "Node", size=self.pick([2, 3, 1]))
        self.colour = Kind("enum", "Colour", names=("RED", "GREEN", "BLUE"), size=3)
        self.kinds: dict[str, Kind] = {}
        self.fields: dict[str, Kind] = {}
        self.fresh = 0
        self.loops = 0
        self.fields_of: dict[str, dict[str, Kind]] = {}

    # ------------------------------------------------------------------ decisions

    def pick(self, items: Sequence[T]) -> T:
        return items[self.choices.below(len(items))]

    def chance(self, times: int) -> bool:
        """True once in so many times."""
        return self.choices.below(times) == times - 1

    def name(self, prefix: str) -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    # ------------------------------------------------------------------ domains

    def number_kind(self) -> Kind:
        lo, hi, text, unit = self.pick(
            [
                (0, 2, "0, 2", None),
                (0, 2, '0, "top"', "top"),
                (-2, 2, '"low", "top"', "top"),
                (-2, 2, '"low", "top"', "top"),
                (-2, 2, '"low", "top"', "top"),
                (-3, 1, "-3, 1", None),
                (-1, 3, '-1, "top+1"', "top"),
                (3, 7, "3, 7", None),
                (0, 0, "0, 0", None),
            ]
        )
        return Kind("int", f"Annotated[int, Range({text})]", lo=lo, hi=hi, unit=unit, size=hi - lo + 1)

    def scalar_kind(self) -> Kind:
        return self.pick([self.number_kind, lambda: BOOL, lambda: self.colour, lambda: self.node])()

    def record_kind(self, depth: int) -> Kind:
        known = [k for k in self.kinds.values() if k.sort == "record"]
        if known and (len(known) > 3 or self.chance(2)):
            return self.pick(known)
        name = self.name("Rec")
        given = [self.kind(depth - 1) for _ in range(1 + self.choices.below(3))]
        order = all(k.sort == "int" for k in given)
        fields = {f"{'abc'[n]}": k for n, k in enumerate(given)}
        lines = "".join(f"    {f}: {k.text}\n" for f, k in fields.items())
        self.made.declarations.append(f"class {name}(Record{', order=True' if order else ''}):\n{lines}")
        kind = Kind("record", name, tuple(given), tuple(fields), unit="ordered" if order else None)
        kind.size = _product(given)
        self.fields_of[name] = fields
        self.kinds[name] = kind
        return kind

    def union_kind(self, depth: int) -> Kind:
        parts: list[Kind] = []
        for _ in range(2 + self.choices.below(2)):
            part = self.record_kind(depth)
            if part not in parts:
                parts.append(part)
        if len(parts) == 1:
            return parts[0]
        parts.sort(key=list(self.kinds.values()).index)  # unions list their kinds as the file does: see Record order
        return Kind("union", f"({' | '.join(p.text for p in parts)})", tuple(parts), size=sum(p.size for p in parts))

    def key_kind(self) -> Kind:
        single = [self.node, self.colour, Kind("int", "Annotated[int, Range(-1, 1)]", lo=-1, hi=1, size=3)]
        if self.chance(3):
            pair = self.pick(single), self.pick(single)
            return Kind("pair", f"tuple[{pair[0].text}, {pair[1].text}]", pair, size=pair[0].size * pair[1].size)
        return self.pick(single)

    def capacity(self) -> tuple[str, str | None]:
        return self.pick([('"room"', "room"), ("2", None), ("3", None)])

    def kind(self, depth: int) -> Kind:
        """A domain of at most that depth."""
        if depth <= 0:
            return self.scalar_kind()
        made = self.pick(
            [
                self.scalar_kind,
                lambda: self.optional_kind(depth),
                lambda: self.record_kind(depth),
                lambda: self.set_kind(depth),
                lambda: self.listed_kind("capped", "Set[{}]", depth),
                lambda: self.listed_kind("seq", "tuple[{}, ...]", depth),
                lambda: self.map_kind(depth),
                lambda: self.union_kind(depth),
            ]
        )()
        return made if made.size <= 10**7 else self.scalar_kind()

    def optional_kind(self, depth: int) -> Kind:
        inner = self.kind(depth - 1)
        if inner.sort == "optional":
            return inner
        return Kind("optional", f"({inner.text} | None)", (inner,), size=inner.size + 1)

    def set_kind(self, depth: int) -> Kind:
        member = self.kind(depth - 1)
        if member.size > 70:
            member = self.scalar_kind()
        return Kind("set", f"Set[{member.text}]", (member,), size=2**member.size)

    def listed_kind(self, sort: str, text: str, depth: int) -> Kind:
        member = self.kind(depth - 1)
        limit, unit = self.capacity()
        marks = f"{limit}, copies=2" if sort == "bag" else limit
        size = (member.size + 1) ** 3
        return Kind(sort, f"Annotated[{text.format(member.text)}, AtMost({marks})]", (member,), unit=unit, size=size)

    def map_kind(self, depth: int) -> Kind:
        key, value = self.key_kind(), self.kind(depth - 1)
        return Kind("map", f"Map[{key.text}, {value.text}]", (key, value), size=value.size ** min(key.size, 9))

    def field_kind(self) -> Kind:
        """A domain of a field of the state, bags and channels included."""
        sort = self.choices.below(10)
        if sort == 6:
            return self.listed_kind("bag", "Bag[{}]", 2)
        if sort == 7:
            return self.listed_kind("channels", "Channels[Node, {}]", 1)
        if sort > 7:
            return self.number_kind()
        return self.kind(2 if sort < 4 else 3)

    # ------------------------------------------------------------------ plain values

    def literal(self, kind: Kind) -> str:
        """A value of a domain as text."""
        sort, parts = kind.sort, kind.parts
        if sort == "int":
            return str(self.pick(sorted(range(kind.lo, kind.hi + 1), key=abs)))
        if sort == "bool":
            return self.pick(["False", "True"])
        if sort == "enum":
            return f"{kind.text}.{self.pick(kind.names)}"
        if sort == "index":
            return f"Node({self.choices.below(kind.size)})"
        if sort == "optional":
            return "None" if not self.chance(2) else self.literal(parts[0])
        if sort == "record":
            return f"{kind.text}({', '.join(f'{n}={self.literal(p)}' for n, p in zip(kind.names, parts, strict=True))})"
        if sort == "union":
            return self.literal(self.pick(parts))
        if sort == "map":
            return f"Map.fill({self.keys_text(parts[0])}, {self.literal(parts[1])})"
        if sort in ("set", "capped"):
            return "Set()" if not self.chance(3) else f"Set.of({self.literal(parts[0])})"
        if sort == "seq":
            return "()" if not self.chance(3) else f"({self.literal(parts[0])},)"
        if sort == "bag":
            return "Bag()"
        if sort == "channels":
            return "Channels.empty(Node)"
        raise AssertionError(sort)

    def keys_text(self, key: Kind) -> str:
        return f"({', '.join(p.text for p in key.parts)})" if key.sort == "pair" else key.text

    # ------------------------------------------------------------------ reading

    def readable(self, names: list[Name], depth: int = 2) -> list[tuple[Kind, Callable[[], str]]]:
        """Everything that can be reached from these names."""
        found: list[tuple[Kind, Callable[[], str]]] = []
        for n in names:
            self._reach(n.kind, lambda n=n: n.text, names, depth, found)  # type: ignore[misc]
        return found

    def _reach(
        self,
        kind: Kind,
        text: Callable[[], str],
        names: list[Name],
        depth: int,
        found: list[tuple[Kind, Callable[[], str]]],
    ) -> None:
        found.append((kind, text))
        if depth == 0:
            return

        def further(part: Kind, made: Callable[[], str]) -> None:
            self._reach(part, made, names, depth - 1, found)

        if kind.sort == "record":
            for name, part in zip(kind.names, kind.parts, strict=True):
                further(part, lambda name=name: f"{text()}.{name}")  # type: ignore[misc]
        elif kind.sort == "map":
            further(kind.parts[1], lambda: f"{text()}[{self.key(kind.parts[0], names)}]")
        elif kind.sort == "optional":
            part = kind.parts[0]

            def held() -> str:
                path = text()
                return f"({self.literal(part)} if {path} is None else {path})"

            further(part, held)
        elif kind.sort == "seq":
            part = kind.parts[0]

            def item() -> str:
                path, at = text(), self.pick(["0", "-1", "1"])
                if self.chance(6):
                    return f"{path}[{at}]"
                return f"({path}[{at}] if len({path}) > {1 if at == '1' else 0} else {self.literal(part)})"

            further(part, item)
        elif kind.sort == "union":
            for record in kind.parts:
                for name, part in zip(record.names, record.parts, strict=True):

                    def read(name: str = name, part: Kind = part, record: Kind = record) -> str:
                        path = text()
                        return f"({path}.{name} if isinstance({path}, {record.text}) else {self.literal(part)})"

                    further(part, read)

    def read(self, kind: Kind, names: list[Name], depth: int = 2) -> str | None:
        """Something of that kind that is there, or None."""
        fitting = [
            made
            for k, made in self.readable(names, depth)
            if kind.like(k) and (kind.sort != "int" or self._same_unit(kind, k))
        ]
        return self.pick(fitting)() if fitting else None

    @staticmethod
    def _same_unit(wanted: Kind, given: Kind) -> bool:
        return given.unit is None or given.unit == (wanted.unit or "top")

    def key(self, key: Kind, names: list[Name]) -> str:
        if key.sort == "pair":
            return ", ".join(self.key(k, names) for k in key.parts)
        path = self.read(key, names, depth=0)
        if path is None or (key.sort == "int" and not self.chance(3)):
            return self.literal_key(key, names)
        if key.sort == "int" and not self.chance(6):
            return f"min(max({path}, {key.lo}), {key.hi})"
        return path

    def literal_key(self, key: Kind, names: list[Name]) -> str:
        if key.sort == "index":
            own = [n.text for n in names if n.kind is self.node]
            return self.pick(own) if own else "Node(0)"
        return self.literal(key)

    # ------------------------------------------------------------------ expressions

    def value(self, kind: Kind, names: list[Name], depth: int) -> str:
        """An expression of that kind; integers may leave its domain."""
        if depth <= 0:
            path = self.read(kind, names) if not self.chance(4) else None
            return path if path is not None else self.constant(kind, names)
        if kind.sort not in ("bool", "int") and self.chance(6):
            test, a, b = self.truth(names, 0), self.value(kind, names, depth - 1), self.value(kind, names, depth - 1)
            return f"({a} if {test} else {b})" if self.chance(2) or "()" in (a, b) else f"where({test}, {a}, {b})"
        made: str = getattr(self, f"{kind.sort}_value")(kind, names, depth)
        return made

    def constant(self, kind: Kind, names: list[Name]) -> str:
        """A plain value; members of scalarsets are parameters where there are some."""
        if kind.sort == "index":
            return self.literal_key(kind, names)
        return self.literal(kind)

    def bool_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        return self.truth(names, depth)

    def enum_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        return self.value(kind, names, 0)

    index_value = enum_value

    def int_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        """A number for a field: usually kept inside a domain that no bound limits."""
        made = self.number(names, depth, kind.unit)
        if kind.unit is None and not self.chance(8):
            return f"min(max({made}, {kind.lo}), {kind.hi})"
        if kind.lo >= 0 and not self.chance(8):
            return f"max({made}, {kind.lo})"
        return made

    def number(self, names: list[Name], depth: int, unit: str | None = None) -> str:
        unit = unit or "top"
        path = self.read(Kind("int", "", unit=unit), names)
        if depth <= 0:
            return path if path is not None and not self.chance(4) else str(self.choices.below(4))
        x = lambda: self.number(names, depth - 1, unit)  # noqa: E731
        makers: list[Callable[[], str]] = [
            x,
            lambda: f"({x()} + {x()})",
            lambda: f"({x()} - {x()})",
            lambda: f"({x()} + 1)",
            lambda: f"({x()} * {self.pick(['2', '-1', '3'])})",
            lambda: f"{self.pick(['min', 'max'])}({x()}, {x()})",
            lambda: f"(({x()} - {x()}) // {self.pick(['2', '3'])})",
            lambda: f"(({x()} - {x()}) % {self.pick(['2', '3'])})",
            lambda: f"(-{x()})",
            lambda: f"where({self.truth(names, 0)}, {x()}, {x()})",
            lambda: f"({x()} if {self.truth(names, 0)} else {x()})",
            lambda: self.length(names, depth, unit) or x(),
            lambda: self.copies(names, depth) or x(),
            lambda: self.counting(names, depth) or x(),
            lambda: self.extreme(names, depth, unit) or x(),
        ]
        return self.pick(makers)()

    def length(self, names: list[Name], depth: int, unit: str) -> str | None:
        held = [
            (k, made)
            for k, made in self.readable(names)
            if k.sort in ("set", "capped", "seq", "bag") and (k.sort != "seq" or k.unit in (None, unit))
        ]
        if not held:
            return None
        kind, made = self.pick(held)
        return f"len({made() if self.chance(2) else self.value(kind, names, depth - 1)})"

    def copies(self, names: list[Name], depth: int) -> str | None:
        bags = [(k, made) for k, made in self.readable(names) if k.sort == "bag"]
        if not bags:
            return None
        kind, made = self.pick(bags)
        return f"{made()}.count({self.value(kind.parts[0], names, depth - 1)})"

    def counting(self, names: list[Name], depth: int) -> str | None:
        return self.quantified("count", names, depth)

    def extreme(self, names: list[Name], depth: int, unit: str) -> str | None:
        loop = self.loop(names, depth)
        if loop is None:
            return None
        variable, source, inner = loop
        self.loops += 1
        body = self.number(inner, depth - 1, unit)
        test = f" if {self.truth(inner, depth - 1)}" if self.chance(2) else ""
        self.loops -= 1
        default = "" if self.chance(8) else f", default={self.choices.below(3)}"
        generator = f"{body} for {variable} in {source}{test}"
        return f"{self.pick(['max', 'min'])}(({generator}){default})"

    # ------------------------------------------------------------------ truth

    def truth(self, names: list[Name], depth: int) -> str:
        path = self.read(BOOL, names)
        if depth <= 0:
            makers = [lambda: self.compared(names, 0), lambda: path or self.compared(names, 0)]
            return self.pick(makers)()
        x = lambda: self.truth(names, depth - 1)  # noqa: E731
        makers = [
            lambda: self.compared(names, depth - 1),
            lambda: self.same(names, depth - 1),
            lambda: self.inside(names, depth - 1) or x(),
            lambda: self.quantified("any", names, depth) or x(),
            lambda: self.quantified("all", names, depth) or x(),
            lambda: f"({x()} and {x()})",
            lambda: f"({x()} or {x()})",
            lambda: f"(not {x()})",
            lambda: self.kind_test(names) or x(),
            lambda: self.subset(names, depth - 1) or x(),
            lambda: self.nonempty(names, depth - 1) or x(),
            lambda: self.ordered(names, depth - 1) or x(),
        ]
        return self.pick(makers)()

    def compared(self, names: list[Name], depth: int) -> str:
        unit = self.pick(["top", "room"])
        operator = self.pick(["<=", "<", "==", "!=", ">=", ">"])
        return f"({self.number(names, depth, unit)} {operator} {self.number(names, depth, unit)})"

    def same(self, names: list[Name], depth: int) -> str:
        found = [(k, made) for k, made in self.readable(names) if k.sort not in ("int", "bool")]
        if not found:
            return self.compared(names, depth)
        kind, made = self.pick(found)
        left = made()
        right = self.value(kind, names, depth)
        if kind.sort == "optional" and right == "None":
            return f"({left} is None)"
        return f"({left} {self.pick(['==', '!='])} {right})"

    def inside(self, names: list[Name], depth: int) -> str | None:
        held = [(k, made) for k, made in self.readable(names) if k.sort in ("set", "capped", "seq", "bag")]
        if not held:
            return None
        kind, made = self.pick(held)
        holder = made() if self.chance(2) else self.value(kind, names, depth)
        return f"({self.value(kind.parts[0], names, depth)} {self.pick(['in', 'not in'])} {holder})"

    def subset(self, names: list[Name], depth: int) -> str | None:
        held = [(k, made) for k, made in self.readable(names) if k.sort in ("set", "capped")]
        if not held:
            return None
        kind, made = self.pick(held)
        return f"({made()} {self.pick(['<=', '>='])} {self.value(kind, names, depth)})"

    def nonempty(self, names: list[Name], depth: int) -> str | None:
        held = [(k, made) for k, made in self.readable(names) if k.sort in ("set", "capped", "seq", "bag")]
        if not held:
            return None
        kind, _ = self.pick(held)
        return f"(not {self.value(kind, names, depth)})"

    def kind_test(self, names: list[Name]) -> str | None:
        unions = [(k, made) for k, made in self.readable(names) if k.sort == "union"]
        if not unions:
            return None
        kind, made = self.pick(unions)
        return f"isinstance({made()}, {self.pick(kind.parts).text})"

    def ordered(self, names: list[Name], depth: int) -> str | None:
        records = [(k, made) for k, made in self.readable(names) if k.sort == "record" and k.unit == "ordered"]
        if not records:
            return None
        kind, made = self.pick(records)
        return f"({made()} {self.pick(['<', '<=', '>', '>='])} {self.value(kind, names, depth)})"

    # ------------------------------------------------------------------ quantifiers

    def loop(self, names: list[Name], depth: int) -> tuple[str, str, list[Name]] | None:
        """(variable, source, the names inside); None where quantifiers are nested deeply already."""
        if self.loops >= 2:
            return None
        variable = self.name("x")
        held = [(k, made) for k, made in self.readable(names) if k.sort in ("set", "capped", "seq", "bag")]
        sources: list[Callable[[], tuple[str, Kind]]] = [lambda: ("Node", self.node)]
        if held:
            sources += 3 * [lambda: self._member_source(self.pick(held), names, depth)]
        sources.append(lambda: (self.pick(["range(0, 3)", "range(-1, 2)"]), Kind("int", "", lo=-1, hi=2)))
        source, kind = self.pick(sources)()
        return variable, source, [*names, Name(variable, kind)]

    def _member_source(self, held: tuple[Kind, Callable[[], str]], names: list[Name], depth: int) -> tuple[str, Kind]:
        kind, made = held
        source = made() if not self.chance(3) else self.value(kind, names, depth - 1)
        return source, kind.parts[0]

    def quantified(self, word: str, names: list[Name], depth: int) -> str | None:
        loop = self.loop(names, depth)
        if loop is None:
            return None
        variable, source, inner = loop
        self.loops += 1
        body = "True" if self.chance(8) else self.truth(inner, depth - 1)
        test = f" if {self.truth(inner, depth - 1)}" if self.chance(4) else ""
        self.loops -= 1
        return f"{word}({body} for {variable} in {source}{test})"

    # ------------------------------------------------------------------ structures

    def optional_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        makers = [
            lambda: self.value(kind, names, 0),
            lambda: "None",
            lambda: self.value(kind.parts[0], names, depth - 1),
        ]
        return self.pick(makers)()

    def record_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        part = lambda k: self.value(k, names, depth - 1)  # noqa: E731
        path = self.read(kind, names)
        if path is None or self.chance(2):
            return f"{kind.text}({', '.join(f'{n}={part(p)}' for n, p in zip(kind.names, kind.parts, strict=True))})"
        if self.chance(2):
            return path
        at = self.choices.below(len(kind.parts))
        return f"{path}.replace({kind.names[at]}={part(kind.parts[at])})"

    def union_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        path = self.read(kind, names)
        return path if path is not None and self.chance(2) else self.value(self.pick(kind.parts), names, depth)

    def map_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        key, part = kind.parts
        base = self.value(kind, names, 0)
        makers = [
            lambda: base,
            lambda: f"{base}.set({self._bracketed(key, names)}, {self.value(part, names, depth - 1)})",
            lambda: f"{base}.set({self._bracketed(key, names)}, {self.value(part, names, depth - 1)})",
            lambda: f"Map.fill({self.keys_text(key)}, {self.value(part, names, depth - 1)})",
            lambda: self._map_of(kind, names, depth),
        ]
        return self.pick(makers)()

    def _bracketed(self, key: Kind, names: list[Name]) -> str:
        text = self.key(key, names)
        return f"({text})" if key.sort == "pair" else text

    def _map_of(self, kind: Kind, names: list[Name], depth: int) -> str:
        key, part = kind.parts
        variable = self.name("k")
        inside = [*names] if key.sort == "pair" else [*names, Name(variable, key)]
        self.loops += 1
        body = self.value(part, inside, depth - 1)
        self.loops -= 1
        return f"Map.of({self.keys_text(key)}, lambda {variable}: {body})"

    def set_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        member = kind.parts[0]
        x = lambda: self.value(kind, names, depth - 1)  # noqa: E731
        m = lambda: self.value(member, names, depth - 1)  # noqa: E731
        makers: list[Callable[[], str]] = [
            lambda: f"{x()}.add({m()})",
            lambda: f"{x()}.remove({m()})",
            lambda: f"({x()} | {x()})",
            lambda: f"({x()} & {x()})",
            lambda: f"({x()} - {x()})",
            lambda: f"Set.of({m()})",
            lambda: self._comprehension(kind, names, depth),
            lambda: self._image(kind, names, depth) or x(),
        ]
        return self.pick(makers)()

    capped_value = set_value

    def _comprehension(self, kind: Kind, names: list[Name], depth: int) -> str:
        variable = self.name("x")
        self.loops += 1
        test = self.truth([*names, Name(variable, kind.parts[0])], depth - 1)
        self.loops -= 1
        held = [
            made
            for k, made in self.readable(names)
            if k.sort in ("set", "capped", "seq", "bag") and kind.parts[0].like(k.parts[0])
        ]
        source = self.pick(held)() if held else self.value(kind, names, depth - 1)
        return f"Set({variable} for {variable} in {source} if {test})"

    def _image(self, kind: Kind, names: list[Name], depth: int) -> str | None:
        loop = self.loop(names, depth)
        if loop is None:
            return None
        variable, source, inner = loop
        self.loops += 1
        body = self.value(kind.parts[0], inner, depth - 1)
        test = f" if {self.truth(inner, depth - 1)}" if self.chance(2) else ""
        self.loops -= 1
        return f"Set({body} for {variable} in {source}{test})"

    def seq_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        x = lambda: self.value(kind, names, 0)  # noqa: E731
        m = lambda: self.value(kind.parts[0], names, depth - 1)  # noqa: E731
        makers: list[Callable[[], str]] = [
            lambda: f"({x()} + ({m()},))",
            lambda: f"(({m()},) + {x()})",
            lambda: f"{x()}[1:]",
            lambda: f"{x()}[:-1]",
            lambda: f"{x()}[:1]",
            lambda: f"({m()}, {m()})",
            lambda: f"({x()} + {x()})",
            lambda: f"({x()}[:1] + ({m()},))",
            lambda: "()",
        ]
        return self.pick(makers)()

    def bag_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        x = self.value(kind, names, depth - 1)
        m = self.value(kind.parts[0], names, depth - 1)
        return self.pick([f"{x}.add({m})", f"{x}.remove({m})", f"{x}.add({m}).remove({m})"])

    def channels_value(self, kind: Kind, names: list[Name], depth: int) -> str:
        x = self.read(kind, names)
        if x is None or self.node.size == 1:
            return self.value(kind, names, 0)
        m = self.value(kind.parts[0], names, depth - 1)
        nodes = [n.text for n in names if n.kind is self.node]
        nodes += [f"Node({k})" for k in range(self.node.size)]
        a = self.pick(nodes)
        b = self.pick([n for n in nodes if n != a])
        sent = f"({x}.send({a}, {b}, {m}) if {a} != {b} else {x})"
        received = f"({x}.receive({a}, {b}) if {a} != {b} and len({x}[{a}, {b}]) > 0 else {x})"
        to = "Set(y for y in Node)" if self.chance(2) else f"Set.of({b})"
        broadcast = f"{x}.broadcast({a}, {to}, {m})"
        connected = f"({x}.connect({a}, {b}) if {a} != {b} else {x})"
        apart = f"({x}.disconnect({a}, {b}) if {x}.connected({a}, {b}) else {x})"
        twice = f"{x}.disconnect({b}).broadcast({a}, {to}, {m}).connect(Node(0), Node(1)).broadcast({b}, {to}, {m})"
        return self.pick([sent, received, broadcast, connected, apart, f"{x}.disconnect({a})", twice])

    # ------------------------------------------------------------------ the spec

    def parameters(self) -> list[tuple[str, str, Kind]]:
        """(name, annotation, kind) of the parameters of a rule."""
        found = []
        for _ in range(self.choices.below(3)):
            found.append((self.name("p"), *self.parameter()))
        return found

    def parameter(self) -> tuple[str, Kind]:
        members = [(f, k) for f, k in self.fields.items() if k.sort in ("set", "capped", "bag")]
        makers: list[Callable[[], tuple[str, Kind]]] = [
            lambda: ("Node", self.node),
            lambda: ("Colour", self.colour),
            self._number_parameter,
            lambda: ("bool", BOOL),
            lambda: ('Annotated[Set[Node], OneOf("quorums")]', Kind("set", "Set[Node]", (self.node,))),
            lambda: ('Annotated[Colour, Where("chosen")]', self.colour),
        ]
        if members:
            makers += 3 * [lambda: self._member_parameter(*self.pick(members))]
        return self.pick(makers)()

    def _number_parameter(self) -> tuple[str, Kind]:
        kind = self.number_kind()
        return kind.text, kind

    def _member_parameter(self, name: str, held: Kind) -> tuple[str, Kind]:
        kind = held.parts[0]
        if kind.sort == "union" and self.chance(2):
            kind = self.pick(kind.parts)
        return f'Annotated[{kind.text}, In("{name}")]', kind

    def rule(self, marked: str, name: str, states: Sequence[str], body: Callable[[list[Name]], list[str]]) -> None:
        """A method with parameters."""
        given = self.parameters() if "constraint" not in marked else []
        names = [Name(f"{s}.{f}", k) for s in states for f, k in self.fields.items()]
        names += [Name(n, k) for n, _, k in given]
        signature = ", ".join(["self", *(f"{s}: State" for s in states), *(f"{n}: {text}" for n, text, _ in given)])
        returned = "State" if marked == "action" else "bool"
        lines = [f"    @{marked}", f"    def {name}({signature}) -> {returned}:"]
        self.made.methods.append("\n".join([*lines, *(f"        {line}" for line in body(names))]))

    def action_body(self, names: list[Name]) -> list[str]:
        lines = [f'require({self.truth(names, 1)}, "guard {n}")' for n in range(self.choices.below(3))]
        if self.chance(3):
            lines += [f"if {self.truth(names, 1)}:", f"    {self.update(names)}"]
        return [*lines, self.update(names)]

    def update(self, names: list[Name]) -> str:
        changed = {self.pick(list(self.fields)) for _ in range(1 + self.choices.below(3))}
        values = [f"{f}={self.value(self.fields[f], names, 2)}" for f in self.fields if f in changed]
        return f"return s.replace({', '.join(values)})"

    def spec(self) -> str:
        """The whole text."""
        self.made.declarations += [
            'class Node(Index, size="nodes"):\n    pass',
            "class Colour(Enum):\n    RED = 1\n    GREEN = 2\n    BLUE = 3",
        ]
        for _ in range(2 + self.choices.below(3)):
            self.fields[f"f{len(self.fields)}"] = self.field_kind()
        lines = "".join(f"    {f}: {k.text}\n" for f, k in self.fields.items())
        self.made.declarations.append(f"class State(Record):\n{lines}")
        bounds = f"    nodes: int = constant({self.node.size})\n    low: int = bound(-{self.pick([1, 2])})\n"
        bounds += f"    top: int = bound({self.pick([2, 1, 3])})\n    room: int = bound({self.pick([2, 1, 3])})\n"
        start = ", ".join(f"{f}={self.initial(k)}" for f, k in self.fields.items())
        self.made.methods.append(
            f"class Made(Spec[State]):\n{bounds}\n    def init(self) -> State:\n        return State({start})\n\n"
            "    def quorums(self):\n        return [Set(q) for q in combinations(Node, self.nodes // 2 + 1)]\n\n"
            "    def chosen(self, c):\n        return c != Colour.GREEN"
        )
        for n in range(1 + self.choices.below(4)):
            self.rule("action", f"act{n}", ("s",), self.action_body)
        answer = lambda names: [f"return {self.truth(names, 2)}"]  # noqa: E731
        self.rule('always("invariant")', "invariant", ("s",), answer)
        if self.chance(2):
            self.rule('reachable("goal")', "goal", ("s",), answer)
        if self.chance(3):
            self.rule('step("steps")', "steps", ("before", "after"), answer)
        if self.chance(4):
            self.rule('constraint("limited")', "limited", ("s",), answer)
        return self.made.source()

    def initial(self, kind: Kind) -> str:
        """A value inside every bound that can be chosen."""
        if kind.sort == "int":
            return "3" if kind.lo == 3 else "0"
        if kind.sort == "record":
            given = zip(kind.names, kind.parts, strict=True)
            return f"{kind.text}({', '.join(f'{n}={self.initial(p)}' for n, p in given)})"
        if kind.sort == "union":
            return self.initial(kind.parts[0])
        if kind.sort == "map":
            return f"Map.fill({self.keys_text(kind.parts[0])}, {self.initial(kind.parts[1])})"
        return {
            "bool": "False",
            "enum": "Colour.RED",
            "index": "Node(0)",
            "optional": "None",
            "set": "Set()",
            "capped": "Set()",
            "seq": "()",
            "bag": "Bag()",
            "channels": "Channels.empty(Node)",
        }[kind.sort]


def _product(kinds: Sequence[Kind]) -> int:
    total = 1
    for kind in kinds:
        total *= kind.size
    return total


def written(choices: Choices) -> str:
    """The text of a random spec."""
    return Writer(choices).spec()


def made(source: str) -> Spec[Any]:
    """The spec of a text."""
    scope: dict[str, Any] = {"__name__": "random_spec", **{n: getattr(mcheck.spec, n) for n in mcheck.spec.__all__}}
    exec("from enum import Enum\nfrom itertools import combinations\nfrom typing import Annotated\n", scope)
    exec(compile(source, "random_spec.py", "exec", dont_inherit=True), scope)
    spec: Spec[Any] = scope["Made"]()
    return spec
