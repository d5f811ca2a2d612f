"""Signing: a hash of a state in which one member of a scalarset is told apart from all others, and nothing else is."""

from __future__ import annotations

from llvmlite import ir

from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import (
    ArrayShape,
    BitSetShape,
    CopiesShape,
    Layout,
    ListShape,
    MapShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    UnionShape,
)
from mcheck.checker.native.reading import Unlowerable
from mcheck.checker.native.renaming import ByShape, PermuteCode
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Optional, Scalarset
from mcheck.spec.indexes import IndexType

_ODD = 0x9E3779B97F4A7C15


class SignatureCode(ByShape):
    """Emits `signature(row, scalarset, member)`: equal for two members if a renaming takes one to the other.

    In the hash a name counts only as "the member in question" or "another one of its scalarset", and whatever is keyed by
    names, or unordered, is summed.
    """

    def __init__(
        self, module: ir.Module, layout: Layout, offsets: dict[IndexType, int], sizes: dict[IndexType, int]
    ) -> None:
        super().__init__(module, layout, offsets)
        self.numbers = {cls: k for k, cls in enumerate(sizes)}

    def emit(self) -> None:
        """The function."""
        function = ir.Function(self.module, ir.FunctionType(I64, [POINTER, I64, I64]), "signature")
        function.linkage = "internal"
        self.e = e = Emitter(self.module, function)
        row, self.scalarset, self.member = function.args
        e.b.ret(self.value(Place(row, 0, 0, self.layout.state)))

    def mixed(self, h: Value, word: Value) -> Value:
        """A hash that a word has been added to, order counting."""
        b = self.e.b
        h = b.mul(b.xor(h, word), self.e.number(_ODD))
        return b.xor(h, b.lshr(h, self.e.number(29)))

    def value(self, place: Place) -> Value:
        """The hash of a value."""
        e, shape = self.e, place.shape
        if isinstance(shape, ScalarShape):
            return self.mark(shape.domain, e.read(place))
        if not isinstance(shape, ArrayShape | CopiesShape) and not self.names(shape.domain):
            return self._plain(place)
        if isinstance(shape, RecordShape):
            h = e.number(1)
            for slot in shape.slots.values():
                h = self.mixed(h, self.value(place.part(slot)))
            return h
        if isinstance(shape, OptionalShape):
            flag = e.cut_out(e.load(place.pointer, place.word), e.add(place.bit, shape.flag), 1)
            inner = self.mixed(e.number(2), self.value(place.part(shape.inner)))
            return e.b.select(e.b.icmp_unsigned("!=", flag, e.number(0)), inner, e.number(3))
        if isinstance(shape, UnionShape):
            return self._union(place, shape)
        if isinstance(shape, MapShape):
            return self._map(place, shape)
        if isinstance(shape, ListShape):
            return self._list(place, shape)
        if isinstance(shape, BitSetShape):
            return self._bits(place, shape)
        raise Unlowerable(f"renaming in {shape.domain.describe()}")

    def _plain(self, place: Place) -> Value:
        if place.shape.small:
            return self.e.read(place)
        h = self.e.number(4)
        for k in range(place.shape.words):
            h = self.mixed(h, self.e.load(place.pointer, self.e.add(place.word, k)))
        return h

    def mark(self, domain: Domain, rank: Value) -> Value:
        """What a scalar counts as: a name only as being the member in question or not."""
        if not isinstance(domain, Scalarset) or domain.cls not in self.numbers:
            return rank
        b, e = self.e.b, self.e
        mine = b.icmp_unsigned("==", self.scalarset, e.number(self.numbers[domain.cls]))
        return b.select(b.and_(mine, b.icmp_unsigned("==", rank, self.member)), e.number(1), e.number(0))

    def _union(self, place: Place, shape: UnionShape) -> Value:
        e = self.e
        tag = e.cut_out(e.load(place.pointer, place.word), e.add(place.bit, shape.tag), shape.tag_bits)
        result = e.scratch(1)
        e.store(tag, result)
        for number, slot in self.kinds(shape):
            with e.when(e.b.icmp_unsigned("==", tag, e.number(number))):
                e.store(self.mixed(e.number(5 + number), self.value(place.part(slot))), result)
        return e.load(result)

    def _map(self, place: Place, shape: MapShape) -> Value:
        domain = shape.domain
        assert isinstance(domain, MapOf | ChannelsOf)
        e = self.e
        array = Place(place.pointer, place.word, place.bit, shape.array)
        named = self.names(domain.keys)
        factors = domain.keys.factors if isinstance(domain.keys, ProductOf) else [domain.keys]
        h = e.number(6)
        for k, key in enumerate(domain.space.keys):
            entry = self.value(e.element(array, k))
            if not named:
                h = self.mixed(h, entry)
                continue
            where = e.number(7)
            for factor, part in zip(factors, key if type(key) is tuple else (key,), strict=True):
                where = self.mixed(where, self.mark(factor, e.number(factor.rank(part))))
            h = e.b.add(h, self.mixed(where, entry))
        return h

    def _list(self, place: Place, shape: ListShape) -> Value:
        e = self.e
        count = e.cut_out(e.load(place.pointer, place.word), e.add(place.bit, shape.length), shape.length_bits)
        total = e.scratch(1)
        e.store(e.b.add(count, e.number(8)), total)
        array = place.part(shape.array)
        ordered = isinstance(shape.domain, SequenceOf)
        with e.loop(count) as (k, _):
            h = self.mixed(e.number(9), self._element(e.element(array, k)))
            old = e.load(total)
            e.store(self.mixed(old, h) if ordered else e.b.add(old, h), total)
        return e.load(total)

    def _element(self, element: Place) -> Value:
        shape = element.shape
        if not isinstance(shape, CopiesShape):
            return self.value(element)
        e = self.e
        (mw, mb), (cw, cb) = shape.places
        member = Place(element.pointer, e.add(element.word, mw), e.add(element.bit, mb), shape.member)
        copies = e.cut_out(e.load(element.pointer, e.add(element.word, cw)), e.add(element.bit, cb), shape.copies_bits)
        return self.mixed(self.value(member), copies)

    def _bits(self, place: Place, shape: BitSetShape) -> Value:
        domain = shape.domain
        assert isinstance(domain, SetOf)
        e = self.e
        total = e.scratch(1)
        e.store(e.number(10), total)
        for rank in PermuteCode.each_bit(e, place, shape):
            e.store(e.b.add(e.load(total), self.mixed(e.number(11), self.ranked(domain.member, rank))), total)
        return e.load(total)

    def ranked(self, domain: Domain, rank: Value) -> Value:
        """The hash of a value given by its rank."""
        e = self.e
        if not self.names(domain) or isinstance(domain, Scalarset):
            return self.mark(domain, rank)
        if isinstance(domain, Optional):
            inner = self.mixed(e.number(12), self.ranked(domain.inner, e.b.sub(rank, e.number(1))))
            return e.b.select(e.b.icmp_unsigned("==", rank, e.number(0)), e.number(13), inner)
        if isinstance(domain, RecordOf | ProductOf):
            parts = domain.domains if isinstance(domain, RecordOf) else domain.factors
            h = e.number(14)
            for part in reversed(parts):
                size = e.number(part.cardinality)
                h = self.mixed(h, self.ranked(part, e.b.urem(rank, size)))
                rank = e.b.udiv(rank, size)
            return h
        if isinstance(domain, UnionOf):
            result = e.scratch(1)
            e.store(rank, result)
            for number, kind in enumerate(domain.kinds):
                digit = e.b.sub(rank, e.number(domain.offsets[kind.cls]))
                with e.when(e.b.icmp_unsigned("<", digit, e.number(kind.cardinality))):
                    e.store(self.mixed(e.number(15 + number), self.ranked(kind, digit)), result)
            return e.load(result)
        raise Unlowerable(f"renaming a member that is {domain.describe()} of a set")
