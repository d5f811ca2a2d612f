"""Writing: typed expressions put into memory, and the checks of the domains they are put into.

A successor starts as a copy of the row it comes from.  What an action leaves as it is costs nothing: `origin` is the
expression that the memory holds already, and only what differs from it is written.  A value that leaves its domain ends the
path where it is met, in declaration order, as `Domain.admit` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from mcheck.checker.native.connecting import Connecting
from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.layout import (
    WORD,
    ArrayShape,
    BitSetShape,
    ListShape,
    MapShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Shape,
    Slot,
    UnionShape,
)
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.quantifying import Class, hollow
from mcheck.checker.native.reading import PATHS, SCALARS, Unlowerable
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.spec.errors import Cut, DomainError
from mcheck.spec.ir.kinds import Nothing
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import CHANNEL_CHANGES, max_size, plain_members

_FEW_CLASSES = 64
"""Up to so many classes of members, each gets code of its own instead of a turn of a loop over the members."""

_ADDITIONS = frozenset(("insert", "union", "bag_add"))
_CHANGES = _ADDITIONS | {"erase", "bag_remove"}
"""What changes a set or bag that is stored as a list where it stands."""


class Boundary(ABC):
    """What happens where a value leaves its domain."""

    @abstractmethod
    def outside(self, condition: Value, bound: str | None) -> None:
        """Where the condition is true: the path is cut by this bound, or (None) is in error."""


class _Nowhere(Boundary):
    """The boundary of a value that is known to be inside its domain."""

    def outside(self, condition: Value, bound: str | None) -> None:
        """Never the case."""


class Writing(Connecting):
    """Lowers the values of an update.  `boundary` is None where values are only intermediate."""

    boundary: Boundary | None = None
    lists: ListCode

    def write(self, node: Node, place: Place) -> None:
        boundary, self.boundary = self.boundary, None
        try:
            self.fill(node, place)
        finally:
            self.boundary = boundary

    # ------------------------------------------------------------------ into a place that holds something

    def put(self, node: Node, place: Place, origin: Node) -> None:
        """Make the place hold `node`; it holds `origin` now, unchanged from the state the step starts in."""
        if node is origin:
            return
        if place.shape.small:
            self.e.write(place, self.encode(node, place.shape))
        elif not self._changed_in_place(node, place, origin):
            self.e.zero(place.pointer, place.word, place.shape.words)
            self.fill(node, place)

    def _changed_in_place(self, node: Node, place: Place, origin: Node) -> bool:
        """Change what differs from the origin; False if nothing of it can be kept."""
        op, args, shape = node.op, node.args, place.shape
        if op == "ite":
            self._either(node, lambda side: self.put(side, place, origin))
            return True
        if op == "update" and isinstance(shape, RecordShape):
            return self._update_in_place(node, place, origin)
        if op == "store" and isinstance(shape, MapShape):
            self.put(args[0], place, origin)
            entry = self.e.element(self.items(place), self.key_rank(node.domain, args[2:]))
            before = self.build.select(origin, args[2:])
            self.put(args[1], entry, before if args[0] is origin else self._unknown(before))
            return True
        if isinstance(shape, BitSetShape) and (settled := self._removals_first(node)) is not node:
            self.put(settled, place, origin)
            return True
        if isinstance(shape, BitSetShape) and (
            op in ("insert", "union")
            or (op == "erase" and self._contained(args[0], shape))
            or (op == "minus" and all(self._contained(x, shape) for x in args))
        ):
            self.put(args[0], place, origin)
            self._change_bits(op, args[1], place)
            return True
        if isinstance(shape, ListShape) and op in _CHANGES:
            self._change_in_order(node, place, lambda base: self.put(base, place, origin))
            return True
        if isinstance(shape, ListShape) and op == "concat":
            self.put(args[0], place, origin)
            self.append(args[1], place)
            return True
        if op in CHANNEL_CHANGES and not self.rewritten(node):
            self.put(args[0], place, origin)
            self.change_channels(node, place)
            return True
        return False

    def _unknown(self, node: Node) -> Node:
        """An expression that equals no value: the place was overwritten on the way."""
        return self.build.open_variable(node.domain)

    def _update_in_place(self, node: Node, place: Place, origin: Node) -> bool:
        base, names, *values = node.args
        shape = place.shape
        assert isinstance(shape, RecordShape)
        self.put(base, place, origin)
        changed = dict(zip(names, values, strict=True))
        for name, slot in shape.slots.items():
            if name in changed:
                before = self.build.field(base, name)
                self.put(changed[name], place.part(slot), before if base is origin else self._unknown(before))
        return True

    def _either(self, node: Node, code: object) -> None:
        condition, then, otherwise = node.args
        assert callable(code)
        test = self.truth(condition)

        def side(chosen: Node) -> None:
            with self.scope():
                code(chosen)

        self.e.either(test, lambda: side(then), lambda: side(otherwise))

    # ------------------------------------------------------------------ small values, in a register

    def encode(self, node: Node, shape: Shape) -> Value:
        """The bits of a small value."""
        if shape.bits == 0 and not _may_leave(self, node, shape.domain):
            return self.e.number(0)
        if node.is_const:
            return self._constant_bits(node, shape)
        if (
            node.op in PATHS
            and not self._in_register(node)
            and self.layout.shape(node.domain) is shape
            and not isinstance(shape, ScalarShape)
        ):
            return self.e.read(self.place(node))
        if node.op == "ite" and not isinstance(shape, ScalarShape):
            return self._encode_either(node, shape)
        if isinstance(shape, ScalarShape):
            return self._encode_scalar(node, shape)
        if isinstance(shape, OptionalShape):
            return self._encode_option(node, shape)
        if isinstance(shape, RecordShape):
            return self._encode_record(node, shape)
        if isinstance(shape, UnionShape):
            return self._encode_union(node, shape)
        if isinstance(shape, MapShape):
            return self._encode_map(node, shape)
        if isinstance(shape, BitSetShape):
            return self._encode_set(node, shape)
        if isinstance(shape, ListShape):
            return self._encode_sequence(node, shape)
        raise Unlowerable(f"no code to store {node.domain.describe()} made by {node.op!r}")

    def _in_register(self, node: Node) -> bool:
        return node.id in self._bound and not isinstance(self._bound[node.id], Place)

    def _constant_bits(self, node: Node, shape: Shape) -> Value:
        return self.e.number(shape.encode(node.value) if self._admitted(node.value, shape) else 0)

    def _admitted(self, value: Any, shape: Shape) -> bool:
        """Whether a plain value is inside its domain; where it is not, the path ends."""
        bound = None
        try:
            shape.domain.admit(value)
            return True
        except Cut as cut:
            bound = cut.bound
        except DomainError:
            pass
        if self.boundary is None:
            raise Unlowerable(f"an intermediate value {value!r} is not {shape.domain.describe()}")
        self.boundary.outside(self.e.truth(True), bound)
        return False

    def _encode_either(self, node: Node, shape: Shape) -> Value:
        condition, then, otherwise = node.args
        test = self.truth(condition)
        if self.boundary is None and not self.costly(then) and not self.costly(otherwise):
            return self.e.b.select(test, self.encode(then, shape), self.encode(otherwise, shape))
        result = self.e.scratch(1)
        self._either(node, lambda side: self.e.store(self.encode(side, shape), result))
        return self.e.load(result)

    def _encode_scalar(self, node: Node, shape: ScalarShape) -> Value:
        value = self.scalar(node)
        if isinstance(shape.domain, IntRange):
            self._within(value, node, shape.domain)
            return self.e.b.sub(value, self.e.number(shape.lo)) if shape.lo else value
        return value

    def _within(self, value: Value, node: Node, domain: IntRange) -> None:
        """End the path where the value is outside the domain."""
        if node.lo >= domain.lo and node.hi <= domain.hi:
            return
        if self.boundary is None:
            raise Unlowerable(f"an intermediate value {node.lo}..{node.hi} does not fit into {domain.describe()}")
        b = self.e.b
        if node.hi > domain.hi:
            self.boundary.outside(b.icmp_signed(">", value, self.e.number(domain.hi)), domain.high_cut)
        if node.lo < domain.lo:
            self.boundary.outside(b.icmp_signed("<", value, self.e.number(domain.lo)), domain.low_cut)

    def _encode_option(self, node: Node, shape: OptionalShape) -> Value:
        b = self.e.b
        inner = shape.inner.shape
        if _absent(node):
            return self.e.number(0)
        if not isinstance(node.domain, Optional):
            return b.or_(self.encode(node, inner), self.e.number(1 << shape.flag))
        here = self.truth(self.build.present(node))
        result = self.e.scratch(1)
        self.e.store(self.e.number(0), result)
        with self.e.when(here), self.scope():
            payload = self.encode(self.build.the(node), inner)
            self.e.store(b.or_(payload, self.e.number(1 << shape.flag)), result)
        return self.e.load(result)

    def _encode_record(self, node: Node, shape: RecordShape) -> Value:
        b, build = self.e.b, self.build
        if node.op == "update":
            base, names, *values = node.args
            bits = self.encode(base, shape)
            changed = dict(zip(names, values, strict=True))
            for name, slot in shape.slots.items():
                if name in changed:
                    bits = self.e.put_in(bits, slot.bit, slot.shape.bits, self.encode(changed[name], slot.shape))
            return bits
        bits = self.e.number(0)
        for name, slot in shape.slots.items():
            part = self.encode(build.field(node, name), slot.shape)
            if slot.shape.bits:
                bits = b.or_(bits, b.shl(part, self.e.number(slot.bit)) if slot.bit else part)
        return bits

    def _encode_union(self, node: Node, shape: UnionShape) -> Value:
        b = self.e.b
        given = node.domain
        if isinstance(given, RecordOf):
            number = shape.number[given.cls]
            payload = self.encode(node, shape.kinds[number])
            return b.or_(payload, self.e.number(number << shape.tag))
        assert isinstance(given, UnionOf)
        result = self.e.scratch(1)
        for kind in given.kinds:
            with self.e.when(self.truth(self.build.is_kind(node, kind.cls))), self.scope():
                self.e.store(self._encode_union(self.build.narrow(node, kind), shape), result)
        return self.e.load(result)

    def _encode_map(self, node: Node, shape: MapShape) -> Value:
        array = shape.array
        element = array.element
        if node.op == "store":
            family, value, *keys = node.args
            bits = self.encode(family, shape)
            position = self.key_rank(node.domain, tuple(keys))
            last = array.count - 1
            from_last = last - position if isinstance(position, int) else self.e.b.sub(self.e.number(last), position)
            offset = self.e.times(from_last, element.bits)
            return self.e.put_in(bits, offset, element.bits, self.encode(value, element))
        bits = self.e.number(0)
        for k, entry in enumerate(self._entries(node)):
            part = self.encode(entry, element)
            bits = self.e.b.or_(bits, self.e.b.shl(part, self.e.number(array.place(k)[1])))
        return bits

    def _entries(self, node: Node) -> list[Node]:
        """The values of a map, key by key; of channels the queues, None where there is no connection."""
        build, domain = self.build, node.domain
        found = []
        for key in domain.space.keys:  # type: ignore[attr-defined]
            parts = key if type(key) is tuple else (key,)
            keys = domain.keys  # type: ignore[attr-defined]
            factors = keys.factors if hasattr(keys, "factors") else [keys]
            nodes = tuple(build.literal(x, f) for x, f in zip(parts, factors, strict=True))
            entry = build.select(node, nodes)
            if isinstance(domain, ChannelsOf):
                entry = build.choice(build.connected(node, nodes), entry, build.const(None, domain.value))
            found.append(entry)
        return found

    def _encode_sequence(self, node: Node, shape: ListShape) -> Value:
        """Length and members one by one, up to the capacity."""
        b, build = self.e.b, self.build
        length = build.length(node)
        size = self._sized(node, length, shape)
        array = shape.array.shape
        assert isinstance(array, ArrayShape)
        bits = b.shl(size, self.e.number(shape.length))
        for k in range(min(shape.capacity, max(0, length.hi))):
            there = self.truth(build.less(build.integer(k), length))
            result = self.e.scratch(1)
            self.e.store(self.e.number(0), result)
            with self.e.when(there), self.scope():
                member = self.encode(build.at(node, build.integer(k)), shape.element)
                self.e.store(member, result)
            bits = b.or_(bits, b.shl(self.e.load(result), self.e.number(array.place(k)[1])))
        return bits

    def _sized(self, sequence: Node, length: Node, shape: ListShape) -> Value:
        """The length of a sequence, once its members and it are known to fit."""
        value = self.scalar(length)
        if length.hi > shape.capacity:
            self._admit_items(sequence, length, shape)
            self.overfull(self.e.b.icmp_signed(">", value, self.e.number(shape.capacity)), shape)
        return value

    def overfull(self, condition: Value, shape: ListShape) -> None:
        """End the path where more members are held than fit."""
        if self.boundary is None:
            raise Unlowerable(f"an intermediate value may hold more than {shape.capacity} members")
        self.boundary.outside(condition, self._capacity(shape).bound)

    @staticmethod
    def _capacity(shape: ListShape) -> Capacity:
        domain = shape.domain
        assert isinstance(domain, SequenceOf | CappedSetOf | BagOf)
        return domain.capacity

    # ------------------------------------------------------------------ large values, in zeroed memory

    def fill(self, node: Node, place: Place) -> None:
        """Write a value into memory that is zero."""
        shape = place.shape
        if shape.small:
            self.e.write(place, self.encode(node, shape))
        elif node.op == "ite":
            self._either(node, lambda side: self.fill(side, place))
        elif node.is_const or (node.op in PATHS and self.layout.shape(node.domain) is shape):
            if node.is_const and not self._admitted(node.value, shape):
                return
            source = self.constant(node.value, shape) if node.is_const else self.place(node)
            self.e.copy(place.pointer, place.word, source.pointer, source.word, shape.words)
        elif isinstance(shape, RecordShape):
            for name, slot in shape.slots.items():
                self.fill(self.build.field(node, name), place.part(slot))
        elif isinstance(shape, OptionalShape):
            self._fill_option(node, place, shape)
        elif isinstance(shape, UnionShape):
            self._fill_union(node, place, shape)
        elif isinstance(shape, MapShape):
            self._fill_map(node, place)
        elif isinstance(shape, BitSetShape):
            self._fill_bits(node, place)
        elif isinstance(shape, ListShape):
            self._fill_list(node, place, shape)
        else:
            raise Unlowerable(f"no code to store {node.domain.describe()} made by {node.op!r}")

    def _fill_option(self, node: Node, place: Place, shape: OptionalShape) -> None:
        def there(value: Node) -> None:
            self.e.store(self.e.number(1), place.pointer, place.word)
            self.fill(value, place.part(shape.inner))

        if _absent(node):
            return
        if not isinstance(node.domain, Optional):
            there(node)
            return
        with self.e.when(self.truth(self.build.present(node))), self.scope():
            there(self.build.the(node))

    def _fill_union(self, node: Node, place: Place, shape: UnionShape) -> None:
        given = node.domain
        word, bit = shape.payload
        if isinstance(given, RecordOf):
            number = shape.number[given.cls]
            self.e.store(self.e.number(number), place.pointer, place.word)
            self.fill(node, place.part(Slot(word, bit, shape.kinds[number])))
            return
        assert isinstance(given, UnionOf)
        for kind in given.kinds:
            with self.e.when(self.truth(self.build.is_kind(node, kind.cls))), self.scope():
                self._fill_union(self.build.narrow(node, kind), place, shape)

    def _fill_map(self, node: Node, place: Place) -> None:
        array = self.items(place)
        if node.op == "store":
            family, value, *keys = node.args
            self.fill(family, place)
            entry = self.e.element(array, self.key_rank(node.domain, tuple(keys)))
            if not entry.shape.small:
                for k in range(entry.shape.words):
                    self.e.store(self.e.number(0), entry.pointer, self.e.add(entry.word, k))
            self.fill(value, entry)
            return
        if node.op in CHANNEL_CHANGES and not self.rewritten(node):
            self.fill(node.args[0], place)
            self.change_channels(node, place)
            return
        for k, entry_node in enumerate(self._entries(node)):
            self.fill(entry_node, self.e.element(array, k))

    # ------------------------------------------------------------------ bit sets

    def _encode_set(self, node: Node, shape: BitSetShape) -> Value:
        settled = self._removals_first(node)
        if settled is not node:
            return self.encode(settled, shape)
        b, op, args = self.e.b, node.op, node.args
        if op == "union" or (op in ("inter", "minus") and all(self._contained(x, shape) for x in args)):
            x, y = self.encode(args[0], shape), self.encode(args[1], shape)
            return b.or_(x, y) if op == "union" else b.and_(x, y if op == "inter" else b.not_(y))
        if op == "insert" or (op == "erase" and self._contained(args[0], shape)):
            bits = self.encode(args[0], shape)
            bit = self._member_bit(args[1], shape, checked=op == "insert")
            return b.or_(bits, bit) if op == "insert" else b.and_(bits, b.not_(bit))
        result = self.e.scratch(1)
        self.e.store(self.e.number(0), result)
        self._gather(node, Place(result, 0, 0, shape))
        return self.e.load(result)

    def _contained(self, node: Node, shape: Shape) -> bool:
        """Whether every member of a set certainly lies where the members of the shape do.

        What is no member of the result need not lie there, and must not end the path.
        """
        op, args, domain = node.op, node.args, shape.domain
        assert isinstance(domain, SetOf | CappedSetOf | BagOf)
        if node.is_const:
            return all(map(domain.member.contains, plain_members(node.value)))
        if op in PATHS:
            alike = node.domain.member is domain.member  # type: ignore[attr-defined]
            return alike and (isinstance(shape, ListShape) or self.layout.shape(node.domain) is shape)
        if op == "inter":
            return any(self._contained(x, shape) for x in args)
        if op == "union":
            return all(self._contained(x, shape) for x in args)
        if op == "ite":
            return all(self._contained(x, shape) for x in args[1:])
        if op == "insert" and _may_leave(self, args[1], domain.member):
            return False
        if op == "comprehension" and args[3] is args[0]:
            return self._contained(args[1], shape)
        if op == "comprehension":
            return not _may_leave(self, args[3], domain.member)
        return op in ("insert", "erase", "minus") and self._contained(args[0], shape)

    def _as_bits(self, node: Node, shape: Shape) -> Place:
        """A set that is contained in the universe of a large bit set, as such."""
        here = node.op in PATHS and self.layout.shape(node.domain) is shape and not node.is_const
        return self.place(node) if here else self.materialised(node, shape)

    def _member_bit(self, x: Node, shape: BitSetShape, checked: bool) -> Value:
        """The bit of a member of a small set; no bit for what is outside the universe."""
        domain = shape.domain
        assert isinstance(domain, SetOf)
        if checked:
            self.admit(x, domain)
        valid, rank = self.rank_of(x, domain.member)
        return self.e.b.shl(self.e.widen(valid), rank)

    def admit(self, x: Node, domain: SetOf | CappedSetOf | BagOf | SequenceOf) -> None:
        """End the path where a new member is outside its domain, at the field that is."""
        shape = self.layout.shape(domain.member)
        if shape.small:
            self.encode(x, shape)
        else:
            scratch = self.e.scratch(shape.words)
            self.e.zero(scratch, 0, shape.words)
            self.fill(x, Place(scratch, 0, 0, shape))

    def _change_bits(self, op: str, argument: Node, place: Place) -> None:
        """Add to or take from a large bit set that stands at its place."""
        if op in ("insert", "erase"):
            self._flip(argument, place, on=op == "insert")
        elif op == "union":
            self._gather(argument, place)
        else:
            other = self._as_bits(argument, place.shape)
            for k in range(place.shape.words):
                at = self.e.add(place.word, k)
                word = self.e.load(other.pointer, self.e.add(other.word, k))
                kept = self.e.b.and_(self.e.load(place.pointer, at), self.e.b.not_(word))
                self.e.store(kept, place.pointer, at)

    def _flip(self, x: Node, place: Place, on: bool) -> None:
        """Set or clear the bit of one member."""
        b = self.e.b
        domain = place.shape.domain
        assert isinstance(domain, SetOf)
        if on:
            self.admit(x, domain)
        valid, rank = self.rank_of(x, domain.member)
        if place.shape.small:
            bit = b.shl(self.e.widen(valid), rank)
            old = self.e.read(place)
            self.e.write(place, b.or_(old, bit) if on else b.and_(old, b.not_(bit)))
            return
        at = self.e.add(place.word, b.lshr(rank, self.e.number(6)))
        bit = b.shl(self.e.widen(valid), b.and_(rank, self.e.number(WORD - 1)))
        old = self.e.load(place.pointer, at)
        self.e.store(b.or_(old, bit) if on else b.and_(old, b.not_(bit)), place.pointer, at)

    def _gather(self, node: Node, place: Place) -> None:
        """Add every member of a set to the bit set at a place."""
        op, args = node.op, node.args
        if op == "union":
            self._gather(args[0], place)
            self._gather(args[1], place)
        elif op == "insert":
            self._gather(args[0], place)
            self._flip(args[1], place, on=True)
        elif op == "ite":
            self._either(node, lambda side: self._gather(side, place))
        elif (
            self.layout.shape(node.domain).__class__ is BitSetShape
            and node.op in PATHS
            and node.domain is place.shape.domain
        ):
            for k in range(place.shape.words):
                at = self.e.add(place.word, k)
                if place.shape.small:
                    self.e.write(place, self.e.b.or_(self.e.read(place), self.e.read(self.place(node))))
                else:
                    self.e.store(
                        self.e.b.or_(self.e.load(place.pointer, at), self.set_word(node, k)), place.pointer, at
                    )
        else:
            self.for_members(node, lambda member: self._flip(member, place, on=True))

    def _fill_bits(self, node: Node, place: Place) -> None:
        settled = self._removals_first(node)
        if settled is not node:
            self.fill(settled, place)
            return
        others = node.args[:1] if node.op == "erase" else node.args
        if node.op in ("erase", "minus", "inter") and all(self._contained(x, place.shape) for x in others):
            self.fill(node.args[0], place)
            if node.op == "erase":
                self._flip(node.args[1], place, on=False)
                return
            other = self._as_bits(node.args[1], place.shape)
            for k in range(place.shape.words):
                at = self.e.add(place.word, k)
                word = self.e.load(other.pointer, self.e.add(other.word, k))
                word = word if node.op == "inter" else self.e.b.not_(word)
                self.e.store(self.e.b.and_(self.e.load(place.pointer, at), word), place.pointer, at)
        else:
            self._gather(node, place)

    def for_members(self, node: Node, code: object) -> None:
        """Run code for every member of a set expression; a member may come twice."""
        assert callable(code)
        build = self.build
        if hollow(node):
            return
        if node.op == "comprehension":
            variable, (condition, value) = build.open(node)
            source = node.args[1]
            listed = self.listed(source)
            if listed is not None:
                for member in listed:
                    with (
                        self.scope(),
                        self.e.when(self.truth(build.substitute(condition, variable, member))),
                        self.scope(),
                    ):
                        code(build.substitute(value, variable, member))
                return
            if source.op in PATHS and isinstance(source.domain, SetOf):
                classes = self.classes(variable, source.domain.member, (condition, value))
                if classes is not None and len(classes) <= _FEW_CLASSES:
                    self._for_classes(source, classes, code)
                    return
            if source.op in PATHS or source.op in ("universe", "interval"):
                with self.each(source) as (element, _), self.binding(variable, element):
                    with self.e.when(self.truth(condition)), self.scope():
                        code(value)
                return

            def chosen(member: Node) -> None:
                with self.scope(), self.e.when(self.truth(build.substitute(condition, variable, member))), self.scope():
                    code(build.substitute(value, variable, member))

            self.for_members(source, chosen)
            return
        if node.op == "union":
            self.for_members(node.args[0], code)
            self.for_members(node.args[1], code)
            return
        if node.op == "insert":
            self.for_members(node.args[0], code)
            code(node.args[1])
            return
        if node.op == "ite":
            self._either(node, lambda side: self.for_members(side, code))
            return
        listed = self.listed(node)
        if listed is not None:
            for member in listed:
                code(member)
            return
        variable = build.open_variable(node.domain.member)  # type: ignore[attr-defined]
        narrowed = self.narrowed(variable, node)
        source, condition = narrowed if narrowed is not None else (node, build.truth(True))
        with self.each(source) as (element, _), self.binding(variable, element):
            with self.e.when(self.truth(condition)), self.scope():
                code(variable)

    def _for_classes(self, source: Node, classes: list[Class], code: Callable[[Node], None]) -> None:
        """Run code for the image of each class that has a member in a bit set: once, however many members it has."""
        for (condition, value), mask in classes:
            with self.e.when(self.meets(source, mask)), self.scope():
                with self.e.when(self.truth(condition)), self.scope():
                    code(value)

    # ------------------------------------------------------------------ lists: sequences, capped sets, bags

    def _fill_list(self, node: Node, place: Place, shape: ListShape) -> None:
        op = node.op
        if isinstance(shape.domain, SequenceOf):
            self._fill_sequence(node, place, shape)
        elif op in _CHANGES:
            self._change_in_order(node, place, lambda base: self.fill(base, place))
        elif isinstance(shape.domain, BagOf):
            raise Unlowerable("a bag is put where one of other members or another capacity belongs")
        else:
            self.for_members(node, lambda member: self._change_list("insert", member, place))

    def _fill_sequence(self, node: Node, place: Place, shape: ListShape) -> None:
        build = self.build
        length = build.length(node)
        self.e.store(self._sized(node, length, shape), place.pointer, place.word)
        array = self.items(place)
        for k in range(min(shape.capacity, max(0, length.hi))):
            with self.e.when(self.truth(build.less(build.integer(k), length))), self.scope():
                self.fill(build.at(node, build.integer(k)), self.e.element(array, k))

    def append(self, tail: Node, place: Place) -> None:
        """Put the members of `tail` behind those at a place."""
        b, build = self.e.b, self.build
        shape = place.shape
        assert isinstance(shape, ListShape)
        length = build.length(tail)
        array = self.items(place)
        held = self.count(place)
        total = b.add(held, self.scalar(length))
        self._admit_items(tail, length, shape)
        self.overfull(b.icmp_unsigned(">", total, self.e.number(shape.capacity)), shape)
        for k in range(max(0, length.hi)):
            with self.e.when(self.truth(build.less(build.integer(k), length))), self.scope():
                member = build.at(tail, build.integer(k))
                slot = self.e.element(array, b.add(held, self.e.number(k)))
                if not slot.shape.small:
                    self.e.zero(slot.pointer, slot.word, slot.shape.words)
                self.fill(member, slot)
        self.set_count(place, total)

    def _admit_items(self, sequence: Node, length: Node, shape: ListShape) -> None:
        """End the path where a member is outside its domain: before the sequence is found too long."""
        build, domain = self.build, shape.domain
        assert isinstance(domain, SequenceOf)
        for k in range(max(0, length.hi)):
            member = build.at(sequence, build.integer(k))
            if self.boundary is not None and _may_leave(self, member, domain.member):
                with self.e.when(self.truth(build.less(build.integer(k), length))), self.scope():
                    self.admit(member, domain)

    def _change_in_order(self, node: Node, place: Place, start: Callable[[Node], None]) -> None:
        """Changes one after the other, from a set or bag that `start` puts at the place.

        Only the result has a capacity: what is taken away is taken away first, and what is added is looked at before
        room is made for it.
        """
        node = self._removals_first(node)
        adding = []
        base = node
        while base.op in _ADDITIONS:
            adding.append(base)
            base = base.args[0]
        if len(adding) > 1 or any(change.op == "union" for change in adding):
            self._admit_additions(node, adding, place)
        if base.op not in _CHANGES:
            start(base)
        elif base.op == "erase" and self.layout.shape(base.args[0].domain) is not place.shape:
            # what is taken away need not lie in the domain of what remains
            self.e.zero(place.pointer, place.word, place.shape.words)
            self.for_members(base, lambda member: self._change_list("insert", member, place))
        else:
            start(base.args[0])
            self._change_list(base.op, base.args[1], place)
        for change in reversed(adding):
            self._change_list(change.op, change.args[1], place)

    def _admit_additions(self, node: Node, adding: list[Node], place: Place) -> None:
        domain = place.shape.domain
        assert isinstance(domain, CappedSetOf | BagOf)
        b = self.e.b
        for change in reversed(adding):
            added = change.args[1]
            if change.op != "union":
                if _may_leave(self, added, domain.member):
                    self.admit(added, domain)
            elif not self._contained(added, place.shape):
                self.for_members(added, lambda member: self.admit(member, domain))
        if isinstance(domain, BagOf) and self.boundary is not None:
            for change in adding:
                copies = self.scalar(self._copies_after(node, change.args[1]))
                self.boundary.outside(
                    b.icmp_signed(">", copies, self.e.number(domain.copies.limit)), domain.copies.bound
                )

    def _copies_after(self, bag: Node, member: Node) -> Node:
        """How many copies of a member a changed bag holds."""
        build = self.build
        if bag.op == "bag_add":
            one = build.choice(build.equal(bag.args[1], member), build.integer(1), build.integer(0))
            return build.sum(self._copies_after(bag.args[0], member), one)
        if bag.op == "ite":
            condition, then, otherwise = bag.args
            return build.choice(condition, self._copies_after(then, member), self._copies_after(otherwise, member))
        if bag.op == "bag_remove":
            held = self._copies_after(bag.args[0], member)
            less = build.greatest(build.integer(0), build.sum(held, build.integer(-1)))
            return build.choice(build.equal(bag.args[1], member), less, held)
        return build.node("copies", (bag, member), IntRange(0, max_size(bag)))

    def _removals_first(self, node: Node) -> Node:
        """The same set or bag with what is taken away inside what is added."""
        build, op = self.build, node.op
        if op not in _CHANGES:
            return node
        base, argument = self._removals_first(node.args[0]), node.args[1]
        if base.op == "ite" and (op not in _ADDITIONS or base is not node.args[0]):
            condition, *sides = base.args
            changed = (self._removals_first(build.node(op, (side, argument), node.domain)) for side in sides)
            return build.choice(condition, *changed)
        if op in _ADDITIONS:
            return build.node(op, (base, argument), node.domain)
        if base.op == "union":
            parts = (self._removals_first(build.node(op, (side, argument), node.domain)) for side in base.args)
            return build.node("union", tuple(parts), node.domain)
        if base.op in ("insert", "bag_add"):
            without = self._removals_first(build.node(op, (base.args[0], argument), node.domain))
            kept = build.node(base.op, (without, base.args[1]), base.domain)
            return build.choice(build.equal(base.args[1], argument), without if op == "erase" else base.args[0], kept)
        return build.node(op, (base, argument), node.domain)

    def _change_list(self, op: str, argument: Node, place: Place) -> None:
        """Add to or take from a sorted list that stands at its place."""
        shape = place.shape
        assert isinstance(shape, ListShape) and isinstance(shape.domain, CappedSetOf | BagOf)
        if op == "union":
            self.for_members(argument, lambda member: self._change_list("insert", member, place))
            return
        member = shape.domain.member
        element = self.layout.shape(member)
        if op in ("erase", "bag_remove"):
            if argument.is_const and not member.contains(argument.value):
                return
            valid = self._can_be_member(argument, shape.domain)
            with self.e.when(valid), self.scope():
                boundary, self.boundary = self.boundary, _Nowhere()
                words = self._standing_alone(argument, element)
                self.boundary = boundary
                self.lists.remove(self.e, place, words, bag=op == "bag_remove")
            return
        words = self._standing_alone(argument, element)
        full = self.lists.add(self.e, place, words, bag=op == "bag_add")
        self._full(full, shape)

    def _full(self, outcome: Value, shape: ListShape) -> None:
        """The list has no room (1), or a member of a bag too many copies (2)."""
        b, domain = self.e.b, shape.domain
        if isinstance(domain, CappedSetOf) and domain.capacity.limit >= domain.member.cardinality:
            return  # there is room for every value
        if self.boundary is None:
            raise Unlowerable("an intermediate set may overflow its capacity")
        if isinstance(domain, BagOf):
            self.boundary.outside(b.icmp_unsigned("==", outcome, self.e.number(2)), domain.copies.bound)
        self.boundary.outside(b.icmp_unsigned("==", outcome, self.e.number(1)), self._capacity(shape).bound)

    def _can_be_member(self, x: Node, domain: CappedSetOf | BagOf) -> Value:
        """Whether a value is inside the domain of the members: one outside is in no set."""
        if not _may_leave(self, x, domain.member):
            return self.e.truth(True)
        return self.rank_of(x, domain.member)[0]

    def _standing_alone(self, x: Node, element: Shape) -> Place:
        """A member written down by itself, checked against its domain."""
        if x.op in PATHS and not self._in_register(x) and self.layout.shape(x.domain) is element and not element.small:
            return self.place(x)
        scratch = self.e.scratch(element.words)
        place = Place(scratch, 0, 0, element)
        if element.small:
            self.e.store(self.encode(x, element), scratch)
        else:
            self.e.zero(scratch, 0, element.words)
            self.fill(x, place)
        return place

    def may_leave(self, x: Node, domain: object) -> bool:
        return _may_leave(self, x, domain)


def _absent(option: Node) -> bool:
    """Whether an expression can only be None."""
    return isinstance(option.domain, Optional) and isinstance(option.domain.inner, Nothing)


def _may_leave(code: Writing, x: Node, domain: object) -> bool:
    """Whether some number inside a constructed value can be outside its domain."""
    if x.is_const:
        return not domain.contains(x.value)  # type: ignore[attr-defined]
    if isinstance(domain, IntRange):
        return x.lo < domain.lo or x.hi > domain.hi
    if isinstance(domain, RecordOf) and x.op in ("make", "update"):
        return any(_may_leave(code, code.build.field(x, name), part) for name, part in domain.fields.items())
    if isinstance(domain, UnionOf) and isinstance(x.domain, RecordOf):
        return _may_leave(code, x, domain.by_class[x.domain.cls])
    return not (x.is_const or x.op in PATHS or isinstance(domain, SCALARS))
