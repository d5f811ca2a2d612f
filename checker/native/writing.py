"""Writing: typed expressions put into memory, and the checks of the domains they are put into.

A successor starts as a copy of the row it comes from.  What an action leaves as it is costs nothing: `origin` is the
expression that the memory holds already, and only what differs from it is written.  A value that leaves its domain ends the
path where it is met, in declaration order, as `Domain.admit` does.
"""

from __future__ import annotations

from typing import Any

from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.gathering import CHANGES
from mcheck.checker.native.layout import (
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
from mcheck.checker.native.ordering import Ordering
from mcheck.checker.native.reading import PATHS, Unlowerable
from mcheck.spec.domains.products import ChannelsOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.spec.errors import Cut, DomainError
from mcheck.spec.ir.kinds import Nothing
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import CHANNEL_CHANGES


class Writing(Ordering):
    """Lowers the values of an update."""

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
            self.either(node, lambda side: self.put(side, place, origin))
            return True
        if op == "update" and isinstance(shape, RecordShape):
            return self._update_in_place(node, place, origin)
        if op == "store" and isinstance(shape, MapShape):
            self.put(args[0], place, origin)
            entry = self.e.element(self.items(place), self.key_rank(node.domain, args[2:]))
            before = self.build.select(origin, args[2:])
            self.put(args[1], entry, before if args[0] is origin else self._unknown(before))
            return True
        if isinstance(shape, BitSetShape) and (settled := self.removals_first(node)) is not node:
            self.put(settled, place, origin)
            return True
        if isinstance(shape, BitSetShape) and (
            op in ("insert", "union")
            or (op == "erase" and self.contained(args[0], shape))
            or (op == "minus" and all(self.contained(x, shape) for x in args))
        ):
            self.put(args[0], place, origin)
            self.change_bits(op, args[1], place)
            return True
        if isinstance(shape, ListShape) and op in CHANGES:
            self.change_in_order(node, place, lambda base: self.put(base, place, origin))
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

    # ------------------------------------------------------------------ small values, in a register

    def encode(self, node: Node, shape: Shape) -> Value:
        """The bits of a small value."""
        if shape.bits == 0 and not self.may_leave(node, shape.domain):
            return self.e.number(0)
        if node.is_const:
            return self._constant_bits(node, shape)
        if (
            node.op in PATHS
            and not self.in_register(node)
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
            return self.encode_set(node, shape)
        if isinstance(shape, ListShape):
            return self.encode_sequence(node, shape)
        raise Unlowerable(f"no code to store {node.domain.describe()} made by {node.op!r}")

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
        self.either(node, lambda side: self.e.store(self.encode(side, shape), result))
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

    # ------------------------------------------------------------------ large values, in zeroed memory

    def fill(self, node: Node, place: Place) -> None:
        """Write a value into memory that is zero."""
        shape = place.shape
        if shape.small:
            self.e.write(place, self.encode(node, shape))
        elif node.op == "ite":
            self.either(node, lambda side: self.fill(side, place))
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
            self.fill_bits(node, place)
        elif isinstance(shape, ListShape):
            self.fill_list(node, place, shape)
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


def _absent(option: Node) -> bool:
    """Whether an expression can only be None."""
    return isinstance(option.domain, Optional) and isinstance(option.domain.inner, Nothing)
