"""ListCode: adding to and taking from the sorted lists that capped sets and bags are stored as."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import ArrayShape, CopiesShape, ListShape, Shape
from mcheck.spec.domains.containers import BagOf

ROOM, FULL, COPIES = 0, 1, 2
"""What adding gives: done (or in already), no room, a copy too many."""


class ListCode:
    """One function to add and one to remove for each shape of list, made when first asked for."""

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self._made: dict[tuple[str, int], Any] = {}

    def add(self, e: Emitter, place: Place, member: Place, bag: bool) -> Value:
        """Add the member that stands at `member`; ROOM, FULL or COPIES."""
        return self._call(e, "add", place, member)

    def remove(self, e: Emitter, place: Place, member: Place, bag: bool) -> None:
        """Take one copy of the member away, if there is one."""
        self._call(e, "remove", place, member)

    def _call(self, e: Emitter, name: str, place: Place, member: Place) -> Value:
        shape = place.shape
        assert isinstance(shape, ListShape)
        key = (name, id(shape))
        function = self._made.get(key)
        if function is None:
            kind = ir.FunctionType(I64, [POINTER, POINTER])
            function = ir.Function(self.module, kind, self.module.get_unique_name(f"list_{name}"))
            function.linkage = "internal"
            self._made[key] = function
            code = _Code(Emitter(self.module, function), shape)
            code.add() if name == "add" else code.remove()
        return e.b.call(function, [e.pointer(place.pointer, place.word), e.pointer(member.pointer, member.word)])


class _Code:
    """The body of one of the two functions: arguments are the list and a member that stands alone."""

    def __init__(self, e: Emitter, shape: ListShape) -> None:
        self.e, self.shape = e, shape
        held, self.member = e.function.args
        self.list = Place(held, 0, 0, shape)
        array = shape.array.shape
        assert isinstance(array, ArrayShape)
        self.array = Place(held, shape.array.word, shape.array.bit, array)
        self.count = e.cut_out(e.load(held), 0, shape.length_bits)
        self.pair = shape.element if isinstance(shape.element, CopiesShape) else None
        self.alone: Shape = self.pair.member if self.pair else shape.element

    # ------------------------------------------------------------------ comparing and moving

    def at(self, k: Value) -> Place:
        """Element k."""
        return self.e.element(self.array, k)

    def member_at(self, k: Value) -> Place:
        """The member of element k: all of it, or what stands before its copies."""
        element = self.at(k)
        if self.pair is None:
            return element
        word, bit = self.pair.places[0]
        return Place(element.pointer, self.e.add(element.word, word), self.e.add(element.bit, bit), self.pair.member)

    def compare(self, k: Value) -> tuple[Value, Value]:
        """(element k is less than the member, element k is the member), by words in order."""
        b, here = self.e.b, self.member_at(k)
        if self.alone.small:
            x, y = self.e.read(here), self.e.load(self.member)
            return b.icmp_unsigned("<", x, y), b.icmp_unsigned("==", x, y)
        less, equal = self.e.truth(False), self.e.truth(True)
        for w in range(self.alone.words):
            x, y = self.e.load(here.pointer, self.e.add(here.word, w)), self.e.load(self.member, w)
            less = b.or_(less, b.and_(equal, b.icmp_unsigned("<", x, y)))
            equal = b.and_(equal, b.icmp_unsigned("==", x, y))
        return less, equal

    def move(self, target: Place, source: Place) -> None:
        """Element for element."""
        if target.shape.small:
            self.e.write(target, self.e.read(source))
        else:
            self.e.copy(target.pointer, target.word, source.pointer, source.word, target.shape.words)

    def clear(self, k: Value) -> None:
        """Zero an element."""
        place = self.at(k)
        if place.shape.small:
            self.e.write(place, self.e.number(0))
        else:
            self.e.zero(place.pointer, place.word, place.shape.words)

    def write_member(self, k: Value) -> None:
        """The member, once, at a cleared element."""
        self.clear(k)
        here = self.member_at(k)
        if self.alone.small:
            self.e.write(here, self.e.load(self.member))
        else:
            self.e.copy(here.pointer, here.word, self.member, 0, self.alone.words)
        if self.pair is not None:
            self.set_copies(k, self.e.number(1))

    def copies(self, k: Value) -> Value:
        """The copies of element k of a bag."""
        assert self.pair is not None
        element = self.at(k)
        word, bit = self.pair.places[1]
        loaded = self.e.load(element.pointer, self.e.add(element.word, word))
        return self.e.cut_out(loaded, self.e.add(element.bit, bit), self.pair.copies_bits)

    def set_copies(self, k: Value, copies: Value) -> None:
        """Change the copies of element k."""
        assert self.pair is not None
        element = self.at(k)
        word, bit = self.pair.places[1]
        at = self.e.add(element.word, word)
        old = self.e.load(element.pointer, at)
        changed = self.e.put_in(old, self.e.add(element.bit, bit), self.pair.copies_bits, copies)
        self.e.store(changed, element.pointer, at)

    def set_count(self, count: Value) -> None:
        """Change the number of elements."""
        old = self.e.load(self.list.pointer)
        self.e.store(self.e.put_in(old, 0, self.shape.length_bits, count), self.list.pointer)

    def position(self) -> tuple[Value, Value]:
        """(the first element that is not less than the member, whether it is the member)."""
        b = self.e.b
        found = self.e.scratch(2)
        self.e.store(self.count, found, 0)
        self.e.store(self.e.number(0), found, 1)
        with self.e.loop(self.count) as (k, end):
            less, equal = self.compare(k)
            with self.e.when(b.not_(less)):
                self.e.store(k, found, 0)
                self.e.store(self.e.widen(equal), found, 1)
                b.branch(end)
        return self.e.load(found, 0), b.icmp_unsigned("!=", self.e.load(found, 1), self.e.number(0))

    # ------------------------------------------------------------------ the two functions

    def add(self) -> None:
        """Insert in order, unless it is there; of a bag, count one copy more."""
        b = self.e.b
        at, present = self.position()
        limit = self.shape.capacity
        with self.e.when(present):
            if self.pair is None:
                b.ret(self.e.number(ROOM))
            else:
                self._one_more(at)
        held = self.total() if self.pair is not None else self.count
        with self.e.when(b.icmp_unsigned(">=", held, self.e.number(limit))):
            b.ret(self.e.number(FULL))
        if self.pair is not None:
            domain = self.shape.domain
            assert isinstance(domain, BagOf)
            if domain.copies.limit < 1:
                b.ret(self.e.number(COPIES))
                return
        with self.e.loop(b.sub(self.count, at)) as (k, _):
            target = b.sub(self.count, k)
            self.move(self.at(target), self.at(b.sub(target, self.e.number(1))))
        self.write_member(at)
        self.set_count(b.add(self.count, self.e.number(1)))
        b.ret(self.e.number(ROOM))

    def _one_more(self, at: Value) -> None:
        b, domain = self.e.b, self.shape.domain
        assert isinstance(domain, BagOf)
        copies = self.copies(at)
        with self.e.when(b.icmp_unsigned(">=", copies, self.e.number(domain.copies.limit))):
            b.ret(self.e.number(COPIES))
        with self.e.when(b.icmp_unsigned(">=", self.total(), self.e.number(self.shape.capacity))):
            b.ret(self.e.number(FULL))
        self.set_copies(at, b.add(copies, self.e.number(1)))
        b.ret(self.e.number(ROOM))

    def total(self) -> Value:
        """All copies in a bag."""
        b, sum_ = self.e.b, self.e.scratch(1)
        self.e.store(self.e.number(0), sum_)
        with self.e.loop(self.count) as (k, _):
            self.e.store(b.add(self.e.load(sum_), self.copies(k)), sum_)
        return self.e.load(sum_)

    def remove(self) -> None:
        """Close the gap that the member leaves; of a bag, count one copy less first."""
        b = self.e.b
        at, present = self.position()
        with self.e.when(b.not_(present)):
            b.ret(self.e.number(0))
        if self.pair is not None:
            copies = self.copies(at)
            with self.e.when(b.icmp_unsigned(">", copies, self.e.number(1))):
                self.set_copies(at, b.sub(copies, self.e.number(1)))
                b.ret(self.e.number(0))
        last = b.sub(self.count, self.e.number(1))
        with self.e.loop(b.sub(last, at)) as (k, _):
            target = b.add(at, k)
            self.move(self.at(target), self.at(b.add(target, self.e.number(1))))
        self.clear(last)
        self.set_count(last)
        b.ret(self.e.number(0))
