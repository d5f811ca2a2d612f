"""Ranking: at which bit a value would stand in a set that is kept as bits, and whether it could be in it at all."""

from __future__ import annotations

from mcheck.checker.native.emit import Value
from mcheck.checker.native.layout import WORD, BitSetShape
from mcheck.checker.native.reading import SCALARS, Reading, Unlowerable
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import SequenceOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.spec.ir.nodes import Node


class Ranking(Reading):
    """Lowers ranks."""

    def rank_of(self, x: Node, domain: Domain) -> tuple[Value, Value]:
        """(whether x lies in the domain, its rank there: 0 where it does not)."""
        b = self.e.b
        if x.is_const:
            inside = domain.contains(x.value)
            return self.e.truth(inside), self.e.number(domain.rank(x.value) if inside else 0)
        valid, rank = self._digits(x, domain)
        return valid, b.select(valid, rank, self.e.number(0))

    def _digits(self, x: Node, domain: Domain) -> tuple[Value, Value]:
        b, build = self.e.b, self.build
        if isinstance(domain, SCALARS):
            valid = self.e.truth(True)
            if isinstance(domain, IntRange) and (x.lo < domain.lo or x.hi > domain.hi):
                value = self.scalar(x)
                low = b.icmp_signed(">=", value, self.e.number(domain.lo))
                valid = b.and_(low, b.icmp_signed("<=", value, self.e.number(domain.hi)))
            return valid, self.rank(x, domain)
        if isinstance(domain, Optional):
            here = self.truth(build.present(x))
            if x.is_const:
                return self.e.truth(True), self.e.number(0)
            valid, rank = self._digits(build.the(x), domain.inner)
            rank = b.add(rank, self.e.number(1))
            return b.or_(b.not_(here), valid), b.select(here, rank, self.e.number(0))
        if isinstance(domain, UnionOf):
            return self._union_digits(x, domain)
        if isinstance(domain, RecordOf):
            valid, rank = self.e.truth(True), self.e.number(0)
            for name, part in domain.fields.items():
                ok, digit = self.rank_of(build.field(x, name), part)
                valid = b.and_(valid, ok)
                rank = b.add(b.mul(rank, self.e.number(part.cardinality)), digit)
            return valid, rank
        if isinstance(domain, SequenceOf):
            return self._sequence_digits(x, domain)
        if isinstance(domain, SetOf) and domain.member.cardinality <= WORD:
            if x.domain is domain:
                return self.e.truth(True), self.set_word(x, 0)
            return self.e.truth(True), self.e.read(self.materialised(x, self.layout.shape(domain)))
        raise Unlowerable(f"the rank of {domain.describe()}")

    def _sequence_digits(self, x: Node, domain: SequenceOf) -> tuple[Value, Value]:
        """By length, then as a number whose digits are the members."""
        b, build = self.e.b, self.build
        size, limit, base = build.length(x), domain.capacity.limit, domain.member.cardinality
        length = self.scalar(size)
        valid = self.e.truth(True) if size.hi <= limit else b.icmp_signed("<=", length, self.e.number(limit))
        digits = shorter = self.e.number(0)
        for k in range(min(limit, max(0, size.hi))):
            there = self.truth(build.less(build.integer(k), size))
            ok, digit = self.rank_of(build.at(x, build.integer(k)), domain.member)
            valid = b.and_(valid, b.or_(b.not_(there), ok))
            digits = b.select(there, b.add(b.mul(digits, self.e.number(base)), digit), digits)
            shorter = b.select(there, b.add(shorter, self.e.number(base**k)), shorter)
        return valid, b.add(digits, shorter)

    def _union_digits(self, x: Node, domain: UnionOf) -> tuple[Value, Value]:
        b, build = self.e.b, self.build
        given = x.domain
        kinds = given.kinds if isinstance(given, UnionOf) else (given,)
        valid, rank = self.e.truth(False), self.e.number(0)
        for kind in kinds:
            assert isinstance(kind, RecordOf)
            here = self.truth(build.is_kind(x, kind.cls))
            ok, digits = self._digits(build.narrow(x, kind), domain.by_class[kind.cls])
            valid = b.select(here, ok, valid)
            rank = b.select(here, b.add(digits, self.e.number(domain.offsets[kind.cls])), rank)
        return valid, rank

    def set_word(self, source: Node, k: int) -> Value:
        """Word k of a bit set."""
        place = self.place(source)
        shape = place.shape
        assert isinstance(shape, BitSetShape)
        return self.e.read(place) if shape.small else self.e.load(place.pointer, self.e.add(place.word, k))
