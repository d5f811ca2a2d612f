"""Renaming: the row of a state in which the members of scalarsets have other names, by code generated from the layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from mcheck.checker.native.emit import POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import (
    WORD,
    ArrayShape,
    BitSetShape,
    CopiesShape,
    Layout,
    ListShape,
    MapShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Slot,
    UnionShape,
)
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.reading import Unlowerable
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Optional, Scalarset
from mcheck.spec.indexes import IndexType


class ByShape:
    """What renaming and hashing share: whether a part names members at all."""

    def __init__(self, module: ir.Module, layout: Layout, offsets: dict[IndexType, int]) -> None:
        self.module, self.layout, self.offsets = module, layout, offsets

    def names(self, domain: Domain) -> bool:
        """Whether values of the domain name members of one of the scalarsets."""
        return any(cls in self.offsets for cls in domain.indexes())

    @staticmethod
    def kinds(shape: UnionShape) -> list[tuple[int, Slot]]:
        """The payload of each kind."""
        word, bit = shape.payload
        return [(n, Slot(word, bit, kind)) for n, kind in enumerate(shape.kinds)]


class PermuteCode(ByShape):
    """Emits `permute(row, images, out)`."""

    def emit(self) -> None:
        """The function."""
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [POINTER] * 3), "permute")
        function.linkage = "internal"
        self.e = e = Emitter(self.module, function)
        self.lists = ListCode(self.module)
        row, self.images, out = function.args
        e.zero(out, 0, self.layout.words)
        self.value(Place(row, 0, 0, self.layout.state), Place(out, 0, 0, self.layout.state))
        e.b.ret_void()

    def value(self, source: Place, target: Place) -> None:
        """Write the renamed value into zeroed memory."""
        e, shape = self.e, source.shape
        if not isinstance(shape, ArrayShape | CopiesShape) and not self.names(shape.domain):
            self._copied(source, target)
        elif isinstance(shape, ScalarShape):
            e.write(target, self.image(shape.domain, e.read(source)))
        elif isinstance(shape, RecordShape):
            for slot in shape.slots.values():
                self.value(source.part(slot), target.part(slot))
        elif isinstance(shape, OptionalShape):
            self._option(source, target, shape)
        elif isinstance(shape, UnionShape):
            self._union(source, target, shape)
        elif isinstance(shape, MapShape):
            self._map(source, target, shape)
        elif isinstance(shape, ListShape):
            self._list(source, target, shape)
        elif isinstance(shape, BitSetShape):
            self._bits(source, target, shape)
        else:
            raise Unlowerable(f"renaming in {shape.domain.describe()}")

    def _copied(self, source: Place, target: Place) -> None:
        if source.shape.small:
            self.e.write(target, self.e.read(source))
        else:
            self.e.copy(target.pointer, target.word, source.pointer, source.word, source.shape.words)

    def _option(self, source: Place, target: Place, shape: OptionalShape) -> None:
        e = self.e
        at = e.add(source.bit, shape.flag)
        flag = e.cut_out(e.load(source.pointer, source.word), at, 1)
        with e.when(e.b.icmp_unsigned("!=", flag, e.number(0))):
            self._set_bits(target, shape.flag, 1, e.number(1))
            self.value(source.part(shape.inner), target.part(shape.inner))

    def _set_bits(self, place: Place, offset: int, bits: int, value: Value) -> None:
        e = self.e
        old = e.load(place.pointer, place.word)
        e.store(e.put_in(old, e.add(place.bit, offset), bits, value), place.pointer, place.word)

    def _union(self, source: Place, target: Place, shape: UnionShape) -> None:
        e = self.e
        tag = e.cut_out(e.load(source.pointer, source.word), e.add(source.bit, shape.tag), shape.tag_bits)
        self._set_bits(target, shape.tag, shape.tag_bits, tag)
        for number, slot in self.kinds(shape):
            with e.when(e.b.icmp_unsigned("==", tag, e.number(number))):
                self.value(source.part(slot), target.part(slot))

    def _map(self, source: Place, target: Place, shape: MapShape) -> None:
        domain = shape.domain
        assert isinstance(domain, MapOf | ChannelsOf)
        array = shape.array
        from_, to = (Place(p.pointer, p.word, p.bit, array) for p in (source, target))
        for k, key in enumerate(domain.space.keys):
            self.value(self.e.element(from_, k), self.e.element(to, self._key(domain, k, key)))

    def _key(self, domain: MapOf | ChannelsOf, k: int, key: Any) -> Value | int:
        """The position of the renamed key."""
        if not self.names(domain.keys):
            return k
        e = self.e
        parts = key if type(key) is tuple else (key,)
        factors = domain.keys.factors if isinstance(domain.keys, ProductOf) else [domain.keys]
        images = [self.image(f, e.number(f.rank(x))) for f, x in zip(factors, parts, strict=True)]
        if isinstance(domain, ChannelsOf):
            src, dst = images
            behind = e.widen(e.b.icmp_unsigned(">", dst, src))
            return e.b.sub(e.b.add(e.b.mul(src, e.number(factors[0].cardinality - 1)), dst), behind)
        rank: Value = e.number(0)
        for factor, image in zip(factors, images, strict=True):
            rank = e.b.add(e.b.mul(rank, e.number(factor.cardinality)), image)
        return rank

    def _list(self, source: Place, target: Place, shape: ListShape) -> None:
        e = self.e
        count = e.cut_out(e.load(source.pointer, source.word), e.add(source.bit, shape.length), shape.length_bits)
        if isinstance(shape.domain, SequenceOf):
            self._set_bits(target, shape.length, shape.length_bits, count)
        from_, to = source.part(shape.array), target.part(shape.array)
        with e.loop(count) as (k, _):
            element = e.element(from_, k)
            if isinstance(shape.domain, SequenceOf):
                self.value(element, e.element(to, k))
            else:
                self._into_set(element, target, shape)

    def _into_set(self, element: Place, target: Place, shape: ListShape) -> None:
        """Add the renamed member in its new place; of a bag, once for each copy."""
        e = self.e
        member, times = element, None
        if isinstance(element.shape, CopiesShape):
            (mw, mb), (cw, cb) = element.shape.places
            member = Place(element.pointer, e.add(element.word, mw), e.add(element.bit, mb), element.shape.member)
            held = e.load(element.pointer, e.add(element.word, cw))
            times = e.cut_out(held, e.add(element.bit, cb), element.shape.copies_bits)
        alone = Place(e.scratch(member.shape.words), 0, 0, member.shape)
        e.zero(alone.pointer, 0, member.shape.words)
        self.value(member, alone)
        if times is None:
            self.lists.add(e, target, alone, bag=False)
            return
        with e.loop(times):
            self.lists.add(e, target, alone, bag=True)

    def _bits(self, source: Place, target: Place, shape: BitSetShape) -> None:
        domain = shape.domain
        assert isinstance(domain, SetOf)
        for rank in self.each_bit(self.e, source, shape):
            self.set_bit(target, shape, self.image(domain.member, rank))

    @staticmethod
    def each_bit(e: Emitter, place: Place, shape: BitSetShape) -> Any:
        """Run the code behind for the rank of every member (a generator used in a for statement, once)."""
        for w in range(1 if shape.small else shape.words):
            left = e.scratch(1)
            word = e.read(place) if shape.small else e.load(place.pointer, e.add(place.word, w))
            e.store(word, left)
            head, body, behind = e.block("bits"), e.block("bit"), e.block("nobits")
            e.b.branch(head)
            e.b.position_at_end(head)
            now = e.load(left)
            e.b.cbranch(e.b.icmp_unsigned("!=", now, e.number(0)), body, behind)
            e.b.position_at_end(body)
            e.store(e.b.and_(now, e.b.sub(now, e.number(1))), left)
            low = e.b.cttz(now, ir.Constant(ir.IntType(1), 1))
            yield e.b.add(low, e.number(w * WORD))
            e.b.branch(head)
            e.b.position_at_end(behind)

    def set_bit(self, target: Place, shape: BitSetShape, rank: Value) -> None:
        """Add the member of that rank."""
        e = self.e
        if shape.small:
            e.write(target, e.b.or_(e.read(target), e.b.shl(e.number(1), rank)))
            return
        at = e.add(target.word, e.b.lshr(rank, e.number(6)))
        bit = e.b.shl(e.number(1), e.b.and_(rank, e.number(WORD - 1)))
        e.store(e.b.or_(e.load(target.pointer, at), bit), target.pointer, at)

    # ------------------------------------------------------------------ ranks

    def image(self, domain: Domain, rank: Value) -> Value:
        """The rank of the renamed value."""
        e = self.e
        if not self.names(domain):
            return rank
        if isinstance(domain, Scalarset):
            return e.load(self.images, e.b.add(rank, e.number(self.offsets[domain.cls])))
        if isinstance(domain, Optional):
            none = e.b.icmp_unsigned("==", rank, e.number(0))
            inner = self.image(domain.inner, e.b.select(none, rank, e.b.sub(rank, e.number(1))))
            return e.b.select(none, rank, e.b.add(inner, e.number(1)))
        if isinstance(domain, RecordOf):
            return self._digits(domain.domains, rank)
        if isinstance(domain, ProductOf):
            return self._digits(domain.factors, rank)
        if isinstance(domain, UnionOf):
            return self._of_kind(domain, rank)
        raise Unlowerable(f"renaming a member that is {domain.describe()} of a set")

    def _digits(self, parts: Sequence[Domain], rank: Value) -> Value:
        e = self.e
        digits = []
        for part in reversed(parts):
            size = e.number(part.cardinality)
            digits.append(e.b.urem(rank, size))
            rank = e.b.udiv(rank, size)
        result: Value = e.number(0)
        for part, digit in zip(parts, reversed(digits), strict=True):
            result = e.b.add(e.b.mul(result, e.number(part.cardinality)), self.image(part, digit))
        return result

    def _of_kind(self, domain: UnionOf, rank: Value) -> Value:
        """Each kind has a run of ranks."""
        e = self.e
        result = e.scratch(1)
        e.store(rank, result)
        for kind in domain.kinds:
            first = domain.offsets[kind.cls]
            digit = e.b.sub(rank, e.number(first))
            with e.when(e.b.icmp_unsigned("<", digit, e.number(kind.cardinality))):
                e.store(e.b.add(self.image(kind, digit), e.number(first)), result)
        return e.load(result)
