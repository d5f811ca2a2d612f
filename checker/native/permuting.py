"""Permuting: the canonical row of an orbit, by code generated from the layout.

Two states that differ by renaming the members of scalarsets have the same canonical row.  Members are sorted by a
*signature* that does not depend on names: a hash of the state in which a member is told apart from all others, and nothing
else is.  Where signatures differ, the order they give is the only renaming to try; among members of equal signature every
order is tried, and the smallest row is taken, unless exchanging them changes nothing at all.  So the canonical row is exact
whatever the hash does: a bad hash only makes it slower.  Source: McKay & Piperno, Practical graph isomorphism II (2014), for
the idea of refining before searching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from mcheck.checker.native import kernel as language
from mcheck.checker.native.core import SALT, SECOND_SALT
from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.kernel import Fixed, Words, kernel
from mcheck.checker.native.kernel_compiler import Build
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

MOST_MEMBERS = 16
_ODD = 0x9E3779B97F4A7C15


# ---------------------------------------------------------------------- the search for the smallest row


@kernel
def sort_members(order: Words, signs: Words, first: language.I64, size: language.I64) -> None:
    """Sort `size` members and their signatures by signature; members of one scalarset stand from `first` on."""
    for i in range(1, size):
        sign = signs[first + i]
        member = order[first + i]
        j = i
        while j > 0 and signs[first + j - 1] > sign:
            signs[first + j] = signs[first + j - 1]
            order[first + j] = order[first + j - 1]
            j = j - 1
        signs[first + j] = sign
        order[first + j] = member


@kernel
def next_arrangement(order: Words, signs: Words, fixed: Words, total: language.I64) -> bool:
    """The next order in which members of equal signature stand; False after the last, with the first one restored.

    A run of equal signatures is arranged in lexicographic order of its members; `fixed` marks runs that stay as they are.
    """
    begin = 0
    while begin < total:
        end = begin + 1
        while end < total and signs[end] == signs[begin] and fixed[end] == fixed[begin]:
            end = end + 1
        if fixed[begin] == 0 and end - begin > 1:
            i = end - 2
            while i >= begin and order[i] > order[i + 1]:
                i = i - 1
            if i >= begin:
                j = end - 1
                while order[j] < order[i]:
                    j = j - 1
                swap(order, i, j)
                reverse(order, i + 1, end - 1)
                return True
            reverse(order, begin, end - 1)
        begin = end
    return False


@kernel
def swap(order: Words, i: language.I64, j: language.I64) -> None:
    """Exchange two members."""
    member = order[i]
    order[i] = order[j]
    order[j] = member


@kernel
def reverse(order: Words, first: language.I64, last: language.I64) -> None:
    """Turn a run of members around."""
    i = first
    j = last
    while i < j:
        swap(order, i, j)
        i = i + 1
        j = j - 1


@kernel
def less(a: Words, b: Words, width: Fixed) -> bool:
    """Whether one row precedes another, word by word."""
    for k in range(width):
        if a[k] != b[k]:
            return a[k] < b[k]
    return False


@kernel
def same(a: Words, b: Words, width: Fixed) -> bool:
    """Whether two rows are equal."""
    for k in range(width):  # noqa: SIM110 - a kernel has no generators
        if a[k] != b[k]:
            return False
    return True


# ---------------------------------------------------------------------- code for a layout


def add_orbit(module: ir.Module, layout: Layout, classes: Sequence[tuple[IndexType, int]]) -> None:
    """Add `orbit(row, which)`, the fingerprint of the canonical row, to a module.  Unlowerable."""
    add_canonical(module, layout, classes)
    hashed = [_fingerprint(module, layout.words, salt, k) for k, salt in enumerate((SALT, SECOND_SALT))]
    function = ir.Function(module, ir.FunctionType(I64, [POINTER, I64]), "orbit")
    function.linkage = "internal"
    e = Emitter(module, function)
    row, which = function.args
    out = e.scratch(layout.words)
    e.b.call(module.get_global("canonical"), [row, out])
    with e.when(e.b.icmp_unsigned("!=", which, e.number(0))):
        e.b.ret(e.b.call(hashed[1], [out]))
    e.b.ret(e.b.call(hashed[0], [out]))


def _fingerprint(module: ir.Module, width: int, salt: int, number: int) -> ir.Function:
    """The fingerprint of the search core, for one salt."""
    function = ir.Function(module, ir.FunctionType(I64, [POINTER]), f"orbit_fingerprint_{number}")
    function.linkage = "internal"
    e = Emitter(module, function)
    h: Value = e.number(0)
    for k in range(width):
        # the same mixing as `core.mix`, word by word
        x = e.b.xor(e.load(function.args[0], k), e.number((k + 1) * salt))
        for shift, factor in ((27, 0x3C79AC492BA7B653), (33, 0x1C69B3F74AC4AE35)):
            x = e.b.mul(e.b.xor(x, e.b.lshr(x, e.number(shift))), e.number(factor))
        h = e.b.xor(h, e.b.xor(x, e.b.lshr(x, e.number(27))))
    e.b.ret(h)
    return function


def add_canonical(module: ir.Module, layout: Layout, classes: Sequence[tuple[IndexType, int]]) -> None:
    """Add `canonical(row, out)` to a module, for these scalarsets and their sizes.  Unlowerable."""
    total = sum(size for _, size in classes)
    if total > MOST_MEMBERS:
        raise Unlowerable(f"symmetry over {total} members (at most {MOST_MEMBERS})")
    offsets = {cls: sum(n for _, n in classes[:k]) for k, (cls, _) in enumerate(classes)}
    _PermuteCode(module, layout, offsets).emit()
    _SignatureCode(module, layout, offsets, dict(classes)).emit()
    _canonical(module, layout.words, [(offsets[cls], size) for cls, size in classes])


def _canonical(module: ir.Module, width: int, runs: list[tuple[int, int]]) -> None:
    """`canonical(row, out)`: sort, then try what the signatures leave open."""
    build = Build(module)
    for piece in (sort_members, next_arrangement):
        build.export(piece)
    build.export(less, width=width)
    build.export(same, width=width)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER]), "canonical")
    e = Emitter(module, function)
    row, out = function.args
    total = sum(size for _, size in runs)
    order, signs, fixed, images = (e.scratch(total) for _ in range(4))
    trial = e.scratch(width)
    called = module.get_global
    for run, (first, size) in enumerate(runs):
        for k in range(size):
            e.store(e.number(k), order, first + k)
            sign = e.b.call(called("signature"), [row, e.number(run), e.number(k)])
            # signatures of different scalarsets must differ: the runs of `next_arrangement` end where they do
            e.store(e.b.or_(e.b.shl(sign, e.number(4)), e.number(run)), signs, first + k)
            e.store(e.number(0), fixed, first + k)
        e.b.call(called("sort_members"), [order, signs, e.number(first), e.number(size)])
    _fix_interchangeable(e, runs, (row, order, signs, fixed, images, trial))

    def permuted(target: Value) -> None:
        for first, size in runs:
            for k in range(size):
                member = e.load(order, first + k)
                e.store(e.number(k), images, e.b.add(member, e.number(first)))
        e.b.call(called("permute"), [row, images, target])

    permuted(out)
    head, behind = e.block("arrangements"), e.block("done")
    e.b.branch(head)
    e.b.position_at_end(head)
    more = e.b.call(called("next_arrangement"), [order, signs, fixed, e.number(total)])
    inside = e.block("another")
    e.b.cbranch(more, inside, behind)
    e.b.position_at_end(inside)
    permuted(trial)
    with e.when(e.b.call(called("less"), [trial, out])):
        e.copy(out, 0, trial, 0, width)
    e.b.branch(head)
    e.b.position_at_end(behind)
    e.b.ret_void()


def _fix_interchangeable(e: Emitter, runs: list[tuple[int, int]], memory: tuple[Value, ...]) -> None:
    """Neighbours of equal signature that can be exchanged without any change need no arranging: if all in a run can."""
    row, order, signs, fixed, images, trial = memory
    called = e.module.get_global
    for first, size in runs:
        for k in range(size - 1):
            here, there = first + k, first + k + 1
            with e.when(e.b.icmp_unsigned("==", e.load(signs, here), e.load(signs, there))):
                for f, n in runs:
                    for j in range(n):
                        e.store(e.number(j), images, f + j)
                a, b = e.load(order, here), e.load(order, there)
                e.store(b, images, e.b.add(a, e.number(first)))
                e.store(a, images, e.b.add(b, e.number(first)))
                e.b.call(called("permute"), [row, images, trial])
                unchanged = e.b.call(called("same"), [row, trial])
                e.store(e.widen(e.b.not_(unchanged)), fixed, there)
        # now fixed[k] = 1 where a neighbour cannot be exchanged; a run is fixed if none of its pairs is such
        _mark_runs(e, first, size, signs, fixed)


def _mark_runs(e: Emitter, first: int, size: int, signs: Value, fixed: Value) -> None:
    """From marks of pairs that matter to marks of members whose run may stay as it is."""
    b = e.b
    for k in range(size):
        matters = e.number(0)
        for j in range(1, size):
            of_run = b.icmp_unsigned("==", e.load(signs, first + j), e.load(signs, first + k))
            pair = b.icmp_unsigned("==", e.load(signs, first + j), e.load(signs, first + j - 1))
            counts = b.and_(of_run, pair)
            matters = b.or_(matters, b.select(counts, b.and_(e.load(fixed, first + j), e.number(1)), e.number(0)))
        e.store(b.or_(e.load(fixed, first + k), b.shl(matters, e.number(1))), fixed, first + k)
    for k in range(size):
        e.store(b.xor(b.lshr(e.load(fixed, first + k), e.number(1)), e.number(1)), fixed, first + k)


class _ByShape:
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


class _PermuteCode(_ByShape):
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


class _SignatureCode(_ByShape):
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
        for rank in _PermuteCode.each_bit(e, place, shape):
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
