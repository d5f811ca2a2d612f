"""Reading: typed expressions as LLVM values: numbers and truth values in registers, everything else by its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from llvmlite import ir

from mcheck.checker.native.emit import I64, Emitter, Place, Value
from mcheck.checker.native.layout import (
    Layout,
    ListShape,
    MapShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Shape,
    Slot,
    UnionShape,
)
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.errors import McheckError
from mcheck.spec.ir.kinds import Nothing, fits
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import Builder

T = TypeVar("T")


class Unlowerable(McheckError):
    """The native engine cannot compile this expression; the reference engine can run it."""


SCALARS = (IntRange, Bools, Members, Scalarset)
PATHS = frozenset(("state", "field", "select", "at", "the", "narrow", "common", "param", "var", "const"))
"""Operations whose value stands somewhere already."""


class Reading:
    """Lowers the expressions of one rule inside one LLVM function."""

    def __init__(self, emitter: Emitter, layout: Layout, build: Builder, states: dict[str, Value]) -> None:
        self.e, self.layout, self.build = emitter, layout, build
        self._states = states
        self._bound: dict[int, Value | Place] = {}
        self._scopes: list[dict[tuple[str, int], Any]] = [{}]

    # ------------------------------------------------------------------ scopes

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Values computed inside do not dominate what follows: they are forgotten at the end."""
        self._scopes.append({})
        try:
            yield
        finally:
            self._scopes.pop()

    @contextmanager
    def binding(self, variable: Node, value: Value | Place) -> Iterator[None]:
        """Inside, a parameter or an open variable has this value."""
        with self.scope():
            self._bound[variable.id] = value
            try:
                yield
            finally:
                del self._bound[variable.id]

    def _remembered(self, kind: str, number: int, make: Callable[[], T]) -> T:
        key = (kind, number)
        for scope in reversed(self._scopes):
            if key in scope:
                return cast(T, scope[key])
        value = self._scopes[-1][key] = make()
        return value

    # ------------------------------------------------------------------ truth values

    def truth(self, node: Node) -> Value:
        """A truth value as i1."""
        return self._remembered("truth", node.id, lambda: self._truth(node))

    def _truth(self, node: Node) -> Value:
        b, op, args = self.e.b, node.op, node.args
        if op == "const":
            return self.e.truth(node.value)
        if op == "not":
            return b.not_(self.truth(args[0]))
        if op in ("and", "or"):
            return self._junction(op, *args)
        if op == "ite":
            return b.select(self.truth(args[0]), self.truth(args[1]), self.truth(args[2]))
        if op == "lt":
            return b.icmp_signed("<", self.scalar(args[0]), self.scalar(args[1]))
        if op == "eq":
            return self.equal(*args)
        if op == "is_kind":
            return self.is_kind(args[0], args[1])
        if op == "present":
            return self.flagged(self.place(args[0]))
        if op == "connected":
            return self.flagged(self.entry(self.place(args[0]), args[0].domain, args[1:]))
        if op in ("member", "sent", "subset", "exists"):
            return getattr(self, f"{op}_truth")(node)
        if op in PATHS:
            return b.icmp_unsigned("!=", self._scalar_at(node), self.e.number(0))
        raise Unlowerable(f"no code for the truth of {op!r}")

    def _junction(self, op: str, left: Node, right: Node) -> Value:
        b = self.e.b
        if not self.costly(right):
            x, y = self.truth(left), self.truth(right)
            return b.and_(x, y) if op == "and" else b.or_(x, y)
        first = self.truth(left)
        before = b.block
        after, behind = self.e.block("rest", before), self.e.block("joined", before)
        b.cbranch(first, *((after, behind) if op == "and" else (behind, after)))
        b.position_at_end(after)
        with self.scope():
            second = self.truth(right)
        last = b.block
        b.branch(behind)
        b.position_at_end(behind)
        joined = b.phi(ir.IntType(1))
        joined.add_incoming(self.e.truth(op == "or"), before)
        joined.add_incoming(second, last)
        return joined

    def costly(self, node: Node) -> bool:
        """Whether evaluating an expression loops: it is then worth a branch to avoid it."""
        stack, seen = [node], set()
        while stack:
            x = stack.pop()
            if x.id in seen:
                continue
            seen.add(x.id)
            if x.op in ("exists", "number", "biggest", "smallest", "comprehension", "subset"):
                return True
            stack += [a for a in x.args if isinstance(a, Node)]
        return False

    def equal(self, x: Node, y: Node) -> Value:
        """x == y, of whatever kind."""
        b = self.e.b
        if isinstance(x.domain, SCALARS) and isinstance(y.domain, SCALARS):
            return b.icmp_unsigned("==", self.scalar(x), self.scalar(y))
        if isinstance(x.domain, Optional) or isinstance(y.domain, Optional):
            return self._equal_options(x, y)
        if isinstance(x.domain, UnionOf) != isinstance(y.domain, UnionOf):
            union, record = (x, y) if isinstance(x.domain, UnionOf) else (y, x)
            kind = union.domain.by_class[record.domain.cls]  # type: ignore[attr-defined]
            same = self.equal(self.build.narrow(union, kind), record)
            return b.and_(self.is_kind(union, kind.cls), same)
        if isinstance(x.domain, SetOf | CappedSetOf) and not (x.domain is y.domain and x.op in PATHS and y.op in PATHS):
            return b.and_(self.subset(x, y), self.subset(y, x))
        if x.domain is not y.domain:
            return self._equal_unlike(x, y)
        return self.equal_places(self.place(x), self.place(y))

    def _equal_options(self, x: Node, y: Node) -> Value:
        b = self.e.b
        if x.domain is y.domain and x.op in PATHS and y.op in PATHS:
            return self.equal_places(self.place(x), self.place(y))
        here, there = self.truth(self.build.present(x)), self.truth(self.build.present(y))
        if any(n.is_const and n.value is None for n in (x, y)):
            return b.not_(b.or_(here, there))
        inner = [d.inner if isinstance(d, Optional) else d for d in (x.domain, y.domain)]
        if any(isinstance(d, Nothing) for d in inner):
            return b.not_(b.or_(here, there))
        same = self.truth(self.build.equal(self.build.the(x), self.build.the(y)))
        return b.select(here, b.and_(there, same), b.not_(there))

    def _equal_unlike(self, x: Node, y: Node) -> Value:
        """Values of one kind whose domains differ in size: compared in the larger one, of those that have room for both.

        An empty set says nothing of members: no set of something has room in the domain of a sequence that begins with it.
        """
        roomy = [a.domain for a, b in ((x, y), (y, x)) if fits(b.domain, a.domain)]
        if not roomy:
            raise Unlowerable(
                f"{x.domain.describe()} is compared with {y.domain.describe()}, and neither has room for both"
            )
        shape = max(map(self.layout.shape, roomy), key=lambda s: (s.words, s.bits))
        return self.equal_places(self.materialised(x, shape), self.materialised(y, shape))

    def equal_places(self, x: Place, y: Place) -> Value:
        """Whether two values of one shape are the same bits."""
        b = self.e.b
        if x.shape.small:
            return b.icmp_unsigned("==", self.e.read(x), self.e.read(y))
        result = self.e.truth(True)
        for k in range(x.shape.words):
            same = b.icmp_unsigned(
                "==", self.e.load(x.pointer, self.e.add(x.word, k)), self.e.load(y.pointer, self.e.add(y.word, k))
            )
            result = b.and_(result, same)
        return result

    def is_kind(self, union: Node, cls: type) -> Value:
        """Whether a value of a union is of this class."""
        place = self.place(union)
        shape = place.shape
        assert isinstance(shape, UnionShape)
        return self.e.b.icmp_unsigned("==", self.tag(place), self.e.number(shape.number[cls]))

    def tag(self, place: Place) -> Value:
        """The number of the kind of a union."""
        shape = place.shape
        assert isinstance(shape, UnionShape)
        return self.e.cut_out(self.e.load(place.pointer, place.word), self.e.add(place.bit, shape.tag), shape.tag_bits)

    def flagged(self, place: Place) -> Value:
        """Whether an option is there."""
        shape = place.shape
        assert isinstance(shape, OptionalShape)
        flag = self.e.cut_out(self.e.load(place.pointer, place.word), self.e.add(place.bit, shape.flag), 1)
        return self.e.b.icmp_unsigned("!=", flag, self.e.number(0))

    # ------------------------------------------------------------------ numbers

    def scalar(self, node: Node) -> Value:
        """An integer, or the rank of an enum or scalarset member, or 0 and 1, as i64."""
        if isinstance(node.domain, Bools):
            return self.e.widen(self.truth(node))
        return self._remembered("scalar", node.id, lambda: self._scalar(node))

    def _scalar(self, node: Node) -> Value:
        b, op, args = self.e.b, node.op, node.args
        if node.lo < -(1 << 63) or node.hi >= 1 << 63:
            raise Unlowerable(f"an integer {node.lo:,}..{node.hi:,}: more than 64 bits")
        if op == "const":
            value = node.value
            return self.e.number(value if isinstance(node.domain, IntRange) else node.domain.rank(value))
        if op in PATHS:
            return self._scalar_at(node)
        if op == "ite":
            return b.select(self.truth(args[0]), self.scalar(args[1]), self.scalar(args[2]))
        if op in ("add", "sub", "mul", "div", "mod", "minimum", "maximum"):
            return self._arithmetic(op, self.scalar(args[0]), self.scalar(args[1]))
        if op == "length":
            return self.count(self.place(args[0]))
        if op in ("number", "size", "bag_size", "copies", "biggest", "smallest"):
            return getattr(self, f"{op}_value")(node)
        raise Unlowerable(f"no code for the number {op!r}")

    def _arithmetic(self, op: str, x: Value, y: Value) -> Value:
        b = self.e.b
        if op in ("minimum", "maximum"):
            return b.select(b.icmp_signed("<" if op == "minimum" else ">", x, y), x, y)
        if op in ("div", "mod"):  # rounded down, as in Python; the divisor is positive
            quotient, rest = b.sdiv(x, y), b.srem(x, y)
            negative = b.icmp_signed("<", rest, self.e.number(0))
            if op == "mod":
                return b.select(negative, b.add(rest, y), rest)
            return b.select(negative, b.sub(quotient, self.e.number(1)), quotient)
        return {"add": b.add, "sub": b.sub, "mul": b.mul}[op](x, y)

    def _scalar_at(self, node: Node) -> Value:
        if node.id in self._bound:
            bound = self._bound[node.id]
            if not isinstance(bound, Place):
                return bound
        place = self.place(node)
        value = self.e.read(place)
        lo = place.shape.lo if isinstance(place.shape, ScalarShape) else 0
        return self.e.b.add(value, self.e.number(lo)) if lo else value

    def count(self, place: Place) -> Value:
        """The number of stored elements of a list."""
        shape = place.shape
        assert isinstance(shape, ListShape)
        return self.e.cut_out(
            self.e.load(place.pointer, place.word), self.e.add(place.bit, shape.length), shape.length_bits
        )

    # ------------------------------------------------------------------ places

    def place(self, node: Node) -> Place:
        """Where a value stands; one that is computed is written down first."""
        return self._remembered("place", node.id, lambda: self._place(node))

    def _place(self, node: Node) -> Place:
        op, args = node.op, node.args
        if node.id in self._bound:
            bound = self._bound[node.id]
            return bound if isinstance(bound, Place) else self._spilled(node, bound)
        if op == "const":
            return self.constant(node.value, self.layout.shape(node.domain))
        if op == "state":
            return Place(self._states[args[0]], 0, 0, self.layout.state)
        if op == "field":
            place = self.place(args[0])
            assert isinstance(place.shape, RecordShape)
            return place.part(place.shape.slots[args[1]])
        if op == "select":
            entry = self.entry(self.place(args[0]), args[0].domain, args[1:])
            return entry.part(entry.shape.inner) if isinstance(args[0].domain, ChannelsOf) else entry  # type: ignore[attr-defined]
        if op == "at":
            return self.e.element(self.items(self.place(args[0])), self._inside(args[1], args[0].domain))
        if op == "the":
            place = self.place(args[0])
            return place.part(place.shape.inner) if isinstance(place.shape, OptionalShape) else place
        if op == "narrow":
            return self._payload(self.place(args[0]), args[1])
        if op == "common":
            return self._common(self.place(args[0]), args[1])
        return self.materialised(node, self.layout.shape(node.domain))

    def _spilled(self, node: Node, value: Value) -> Place:
        """A number in a register, written down because something asks for its place."""
        shape = self.layout.shape(node.domain)
        pointer = self.e.scratch(1)
        lo = shape.lo if isinstance(shape, ScalarShape) else 0
        self.e.store(self.e.b.sub(value, self.e.number(lo)), pointer)
        return Place(pointer, 0, 0, shape)

    def items(self, place: Place) -> Place:
        """The array of a list or a map."""
        shape = place.shape
        if isinstance(shape, MapShape):
            return Place(place.pointer, place.word, place.bit, shape.array)
        assert isinstance(shape, ListShape)
        return place.part(shape.array)

    def entry(self, place: Place, domain: Domain, keys: tuple[Node, ...]) -> Place:
        """The value of a map at a key."""
        return self.e.element(self.items(place), self.key_rank(domain, keys))

    def key_rank(self, domain: Domain, keys: tuple[Node, ...]) -> Value | int:
        """The position of a key among the keys of a map."""
        assert isinstance(domain, MapOf | ChannelsOf)
        if all(k.is_const for k in keys):
            key = keys[0].value if len(keys) == 1 else tuple(k.value for k in keys)
            return domain.space.position.get(key, 1) - 1  # no key of this map: on a path that is an error before
        if isinstance(domain, ChannelsOf):
            return self._pair_rank(domain, keys)
        factors = domain.keys.factors if isinstance(domain.keys, ProductOf) else [domain.keys]
        rank: Value | int = 0
        for factor, key in zip(factors, keys, strict=True):
            digit = self.rank(key, factor)
            rank = self.e.add(self.e.times(rank, factor.cardinality), digit)
        return rank

    def _pair_rank(self, domain: ChannelsOf, keys: tuple[Node, ...]) -> Value:
        """The diagonal is left out: row i has n-1 places, and columns behind i move up by one."""
        b = self.e.b
        src, dst = (self.scalar(k) for k in keys)
        assert isinstance(domain.keys, ProductOf)
        size = domain.keys.factors[0].cardinality
        behind = self.e.widen(b.icmp_unsigned(">", dst, src))
        rank = b.sub(b.add(b.mul(src, self.e.number(size - 1)), dst), behind)
        inside = b.icmp_unsigned("<", rank, self.e.number(len(domain.space.keys)))
        return b.select(inside, rank, self.e.number(0))  # a path where src = dst is an error before it is used

    def rank(self, node: Node, domain: Domain) -> Value:
        """The rank of a scalar in a domain; kept inside the domain, as an index must be."""
        value = self.scalar(node)
        if isinstance(domain, IntRange):
            if node.lo < domain.lo or node.hi > domain.hi:
                value = self._arithmetic("maximum", value, self.e.number(domain.lo))
                value = self._arithmetic("minimum", value, self.e.number(domain.hi))
            return self.e.b.sub(value, self.e.number(domain.lo)) if domain.lo else value
        return value

    def _inside(self, k: Node, domain: Domain) -> Value | int:
        """A position, kept inside the capacity: reading further would leave the row."""
        assert isinstance(domain, SequenceOf)
        last = max(0, domain.capacity.limit - 1)
        if k.is_const:
            return min(max(0, k.value), last)
        value = self.scalar(k)
        if k.lo < 0 or k.hi > last:
            inside = self.e.b.icmp_unsigned("<=", value, self.e.number(last))
            value = self.e.b.select(inside, value, self.e.number(0))
        return value

    def _payload(self, place: Place, cls: type) -> Place:
        shape = place.shape
        if isinstance(shape, RecordShape):
            return place
        assert isinstance(shape, UnionShape)
        word, bit = shape.payload
        return place.part(Slot(word, bit, shape.kinds[shape.number[cls]]))

    def _common(self, place: Place, name: str) -> Place:
        """A field that several kinds have: at one place, or at one that the kind decides."""
        shape = place.shape
        if isinstance(shape, RecordShape):
            return place.part(shape.slots[name])
        assert isinstance(shape, UnionShape)
        word, bit = shape.payload
        slots = {n: k.slots[name] for n, k in enumerate(shape.kinds) if name in k.slots}
        first = next(iter(slots.values()))
        places = {(s.word, s.bit) for s in slots.values()}
        payload = place.part(Slot(word, bit, shape.kinds[next(iter(slots))]))
        if len(places) == 1:
            return payload.part(first)
        b, tag = self.e.b, self.tag(place)
        at_word, at_bit = self.e.number(first.word), self.e.number(first.bit)
        for number, slot in slots.items():
            here = b.icmp_unsigned("==", tag, self.e.number(number))
            at_word = b.select(here, self.e.number(slot.word), at_word)
            at_bit = b.select(here, self.e.number(slot.bit), at_bit)
        return Place(payload.pointer, self.e.add(payload.word, at_word), self.e.add(payload.bit, at_bit), first.shape)

    def materialised(self, node: Node, shape: Shape) -> Place:
        """A value written to memory of its own, in this shape."""
        if node.is_const:
            return self.constant(node.value, shape)
        pointer = self.e.scratch(shape.words)
        self.e.zero(pointer, 0, shape.words)
        place = Place(pointer, 0, 0, shape)
        self.write(node, place)
        return place

    def subset(self, a: Node, c: Node) -> Value:
        """Whether every member of one set is in another; see Quantifying."""
        raise NotImplementedError

    def write(self, node: Node, place: Place) -> None:
        """Write a value into zeroed memory; see Writing."""
        raise NotImplementedError

    # ------------------------------------------------------------------ constants

    def constant(self, value: Any, shape: Shape) -> Place:
        """A plain value in constant memory."""
        if not shape.domain.contains(value):
            raise Unlowerable(f"an intermediate value {value!r} is not {shape.domain.describe()}")
        return Place(self.table([shape.packed(value)]), 0, 0, shape)

    def table(self, rows: list[tuple[int, ...]]) -> Value:
        """Constant memory that holds these rows one after the other."""
        words = [w for row in rows for w in row]
        kind = ir.ArrayType(I64, len(words))
        name = self.e.module.get_unique_name("table")
        made = ir.GlobalVariable(self.e.module, kind, name)
        made.linkage, made.global_constant = "internal", True
        made.initializer = ir.Constant(kind, words)
        return self.e.b.bitcast(made, ir.PointerType())
