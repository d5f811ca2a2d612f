"""Ordering: sequences, capped sets and bags, kept as lists and changed where they stand.

Only the result has a capacity: what is taken away is taken away first, and what is added is looked at before room is made for it.
"""

from __future__ import annotations

from collections.abc import Callable

from mcheck.checker.native.boundary import Nowhere
from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.gathering import ADDITIONS, CHANGES, Gathering
from mcheck.checker.native.layout import ArrayShape, ListShape, Shape
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.reading import PATHS, Unlowerable
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import max_size


class Ordering(Gathering):
    """Lowers what is stored as a list; `lists` has the code that adds to and removes from a sorted one."""

    lists: ListCode

    def encode_sequence(self, node: Node, shape: ListShape) -> Value:
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

    def fill_list(self, node: Node, place: Place, shape: ListShape) -> None:
        op = node.op
        if isinstance(shape.domain, SequenceOf):
            self._fill_sequence(node, place, shape)
        elif op in CHANGES:
            self.change_in_order(node, place, lambda base: self.fill(base, place))
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
            if self.boundary is not None and self.may_leave(member, domain.member):
                with self.e.when(self.truth(build.less(build.integer(k), length))), self.scope():
                    self.admit(member, domain)

    def change_in_order(self, node: Node, place: Place, start: Callable[[Node], None]) -> None:
        """Changes one after the other, from a set or bag that `start` puts at the place.

        Only the result has a capacity: what is taken away is taken away first, and what is added is looked at before
        room is made for it.
        """
        node = self.removals_first(node)
        adding = []
        base = node
        while base.op in ADDITIONS:
            adding.append(base)
            base = base.args[0]
        if len(adding) > 1 or any(change.op == "union" for change in adding):
            self._admit_additions(node, adding, place)
        if base.op not in CHANGES:
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
                if self.may_leave(added, domain.member):
                    self.admit(added, domain)
            elif not self.contained(added, place.shape):
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
                boundary, self.boundary = self.boundary, Nowhere()
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
        if not self.may_leave(x, domain.member):
            return self.e.truth(True)
        return self.rank_of(x, domain.member)[0]

    def _standing_alone(self, x: Node, element: Shape) -> Place:
        """A member written down by itself, checked against its domain."""
        if x.op in PATHS and not self.in_register(x) and self.layout.shape(x.domain) is element and not element.small:
            return self.place(x)
        scratch = self.e.scratch(element.words)
        place = Place(scratch, 0, 0, element)
        if element.small:
            self.e.store(self.encode(x, element), scratch)
        else:
            self.e.zero(scratch, 0, element.words)
            self.fill(x, place)
        return place
