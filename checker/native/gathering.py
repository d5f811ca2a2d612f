"""Gathering: sets held as bits, put together and changed; every member of a set expression, one after the other.

What is no member of the result need not lie in its domain and must not end the path: `contained` says where that cannot happen.
"""

from __future__ import annotations

from collections.abc import Callable

from mcheck.checker.native.alike import Class
from mcheck.checker.native.boundary import Boundary
from mcheck.checker.native.connecting import Connecting
from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.layout import WORD, BitSetShape, ListShape, Shape
from mcheck.checker.native.quantifying import hollow
from mcheck.checker.native.reading import PATHS, SCALARS
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import plain_members

ADDITIONS = frozenset(("insert", "union", "bag_add"))
CHANGES = ADDITIONS | {"erase", "bag_remove"}
"""What changes a set or bag that is stored as a list where it stands."""

_FEW_CLASSES = 64
"""Up to so many classes of members, each gets code of its own instead of a turn of a loop over the members."""


class Gathering(Connecting):
    """Lowers sets of small universes.  `boundary` is None where values are only intermediate."""

    boundary: Boundary | None = None

    def encode_set(self, node: Node, shape: BitSetShape) -> Value:
        settled = self.removals_first(node)
        if settled is not node:
            return self.encode(settled, shape)
        b, op, args = self.e.b, node.op, node.args
        if op == "union" or (op in ("inter", "minus") and all(self.contained(x, shape) for x in args)):
            x, y = self.encode(args[0], shape), self.encode(args[1], shape)
            return b.or_(x, y) if op == "union" else b.and_(x, y if op == "inter" else b.not_(y))
        if op == "insert" or (op == "erase" and self.contained(args[0], shape)):
            bits = self.encode(args[0], shape)
            bit = self._member_bit(args[1], shape, checked=op == "insert")
            return b.or_(bits, bit) if op == "insert" else b.and_(bits, b.not_(bit))
        result = self.e.scratch(1)
        self.e.store(self.e.number(0), result)
        self._gather(node, Place(result, 0, 0, shape))
        return self.e.load(result)

    def fill_bits(self, node: Node, place: Place) -> None:
        settled = self.removals_first(node)
        if settled is not node:
            self.fill(settled, place)
            return
        others = node.args[:1] if node.op == "erase" else node.args
        if node.op in ("erase", "minus", "inter") and all(self.contained(x, place.shape) for x in others):
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

    def for_members(self, node: Node, code: Callable[[Node], None]) -> None:
        """Run code for every member of a set expression; a member may come twice."""
        if hollow(node):
            return
        if node.op == "comprehension":
            self._for_images(node, code)
        elif node.op == "union":
            self.for_members(node.args[0], code)
            self.for_members(node.args[1], code)
        elif node.op == "insert":
            self.for_members(node.args[0], code)
            code(node.args[1])
        elif node.op == "ite":
            self.either(node, lambda side: self.for_members(side, code))
        elif (listed := self.listed(node)) is not None:
            for member in listed:
                code(member)
        else:
            variable = self.build.open_variable(node.domain.member)  # type: ignore[attr-defined]
            narrowed = self.narrowed(variable, node)
            source, condition = narrowed if narrowed is not None else (node, self.build.truth(True))
            self._for_each(source, variable, condition, variable, code)

    def _for_images(self, node: Node, code: Callable[[Node], None]) -> None:
        """Run code for what a comprehension makes of each member of its source that it takes."""
        build = self.build
        variable, (condition, value) = build.open(node)
        source = node.args[1]

        def chosen(member: Node) -> None:
            with self.scope(), self.e.when(self.truth(build.substitute(condition, variable, member))), self.scope():
                code(build.substitute(value, variable, member))

        listed = self.listed(source)
        if listed is not None:
            for member in listed:
                chosen(member)
            return
        if source.op in PATHS and isinstance(source.domain, SetOf):
            classes = self.classes(variable, source.domain.member, (condition, value))
            if classes is not None and len(classes) <= _FEW_CLASSES:
                self._for_classes(source, classes, code)
                return
        if source.op in PATHS or source.op in ("universe", "interval"):
            self._for_each(source, variable, condition, value, code)
        else:
            self.for_members(source, chosen)

    def _for_each(
        self, source: Node, variable: Node, condition: Node, value: Node, code: Callable[[Node], None]
    ) -> None:
        """A loop over what is stored, with the variable bound to each member."""
        with self.each(source) as (element, _), self.binding(variable, element):
            with self.e.when(self.truth(condition)), self.scope():
                code(value)

    def _for_classes(self, source: Node, classes: list[Class], code: Callable[[Node], None]) -> None:
        """Run code for the image of each class that has a member in a bit set: once, however many members it has."""
        for (condition, value), mask in classes:
            with self.e.when(self.meets(source, mask)), self.scope():
                with self.e.when(self.truth(condition)), self.scope():
                    code(value)

    def contained(self, node: Node, shape: Shape) -> bool:
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
            return any(self.contained(x, shape) for x in args)
        if op == "union":
            return all(self.contained(x, shape) for x in args)
        if op == "ite":
            return all(self.contained(x, shape) for x in args[1:])
        if op == "insert" and self.may_leave(args[1], domain.member):
            return False
        if op == "comprehension" and args[3] is args[0]:
            return self.contained(args[1], shape)
        if op == "comprehension":
            return not self.may_leave(args[3], domain.member)
        return op in ("insert", "erase", "minus") and self.contained(args[0], shape)

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

    def change_bits(self, op: str, argument: Node, place: Place) -> None:
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
            self.either(node, lambda side: self._gather(side, place))
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

    def removals_first(self, node: Node) -> Node:
        """The same set or bag with what is taken away inside what is added."""
        build, op = self.build, node.op
        if op not in CHANGES:
            return node
        base, argument = self.removals_first(node.args[0]), node.args[1]
        if base.op == "ite" and (op not in ADDITIONS or base is not node.args[0]):
            condition, *sides = base.args
            changed = (self.removals_first(build.node(op, (side, argument), node.domain)) for side in sides)
            return build.choice(condition, *changed)
        if op in ADDITIONS:
            return build.node(op, (base, argument), node.domain)
        if base.op == "union":
            parts = (self.removals_first(build.node(op, (side, argument), node.domain)) for side in base.args)
            return build.node("union", tuple(parts), node.domain)
        if base.op in ("insert", "bag_add"):
            without = self.removals_first(build.node(op, (base.args[0], argument), node.domain))
            kept = build.node(base.op, (without, base.args[1]), base.domain)
            return build.choice(build.equal(base.args[1], argument), without if op == "erase" else base.args[0], kept)
        return build.node(op, (base, argument), node.domain)

    def in_register(self, node: Node) -> bool:
        return node.id in self._bound and not isinstance(self._bound[node.id], Place)

    def may_leave(self, x: Node, domain: object) -> bool:
        """Whether some number inside a constructed value can be outside its domain."""
        if x.is_const:
            return not domain.contains(x.value)  # type: ignore[attr-defined]
        if isinstance(domain, IntRange):
            return x.lo < domain.lo or x.hi > domain.hi
        if isinstance(domain, RecordOf) and x.op in ("make", "update"):
            return any(self.may_leave(self.build.field(x, name), part) for name, part in domain.fields.items())
        if isinstance(domain, UnionOf) and isinstance(x.domain, RecordOf):
            return self.may_leave(x, domain.by_class[x.domain.cls])
        return not (x.is_const or x.op in PATHS or isinstance(domain, SCALARS))

    def either(self, node: Node, code: Callable[[Node], None]) -> None:
        """Run code for the side that the condition of `node`, a choice, takes."""
        condition, then, otherwise = node.args
        test = self.truth(condition)

        def side(chosen: Node) -> None:
            with self.scope():
                code(chosen)

        self.e.either(test, lambda: side(then), lambda: side(otherwise))

    def encode(self, node: Node, shape: Shape) -> Value:
        """The bits of a small value; see Writing."""
        raise NotImplementedError

    def fill(self, node: Node, place: Place) -> None:
        """Write a value into memory that is zero; see Writing."""
        raise NotImplementedError
