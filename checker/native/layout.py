"""Layout: where each part of a state stands in a row of 64-bit words.

A value of at most 64 bits is *small*: it is an integer, and never straddles two words.  Any other is *large*: it starts at
a word and takes whole words.  Unused bits are zero and members of a capped set are sorted, so that equal states are equal
rows.  The first part of a small value stands in its highest bits: small values compare as their ranks do, and the members of
a set come in the same order in every engine.  Packing and unpacking here, and the code that `lower` emits, follow the same shapes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from mcheck.spec.bags import Bag, counts_of, make_bag
from mcheck.spec.channels import make_channels
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, RecordOf, UnionOf, stored
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.spec.maps import make_map
from mcheck.spec.records import make
from mcheck.spec.sets import plain

WORD = 64


def bits_for(number: int) -> int:
    """The bits that hold 0..number-1: none for a single value."""
    return (number - 1).bit_length()


class Slot:
    """Where a part stands relative to the whole: a word, a bit in it, and its shape."""

    __slots__ = ("bit", "shape", "word")

    def __init__(self, word: int, bit: int, shape: Shape) -> None:
        self.word, self.bit, self.shape = word, bit, shape


class Shape(ABC):
    """How the values of a domain are stored.  `bits` counts for a small shape, `words` for a large one."""

    domain: Domain
    bits: int = 0
    words: int = 1
    small: bool = True

    def encode(self, value: Any) -> int:
        """A value of a small shape as an integer."""
        row = [0] * max(1, self.words)
        self.write(row, 0, 0, value)
        return row[0]

    def decode(self, number: int) -> Any:
        """The value that `encode` made this of."""
        return self.read([number], 0, 0)

    @abstractmethod
    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        """Put a value into zeroed bits."""

    @abstractmethod
    def read(self, row: list[int], word: int, bit: int) -> Any:
        """The value at a place."""

    def packed(self, value: Any) -> tuple[int, ...]:
        """The words of a value that stands alone."""
        row = [0] * max(1, self.words)
        self.write(row, 0, 0, value)
        return tuple(row)

    def fit(self, bits: int | None, words: int) -> None:
        """Make this shape small if `bits` fit into a word, else large with `words` words."""
        self.small = bits is not None and bits <= WORD
        self.bits = bits if self.small and bits is not None else 0
        self.words = 1 if self.small else words


class ScalarShape(Shape):
    """Integers (less the lower end), truth values, enum and scalarset members: their rank."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.lo = domain.lo if isinstance(domain, IntRange) else 0
        self.fit(bits_for(domain.cardinality), 1)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        row[word] |= self.domain.rank(value) << bit

    def read(self, row: list[int], word: int, bit: int) -> Any:
        return self.domain.unrank(row[word] >> bit & ((1 << self.bits) - 1))


class RecordShape(Shape):
    """The fields of a record: small ones share words, first fit, large ones have their own."""

    def __init__(self, domain: RecordOf, fields: dict[str, Shape]) -> None:
        self.domain = domain
        self.slots: dict[str, Slot] = {}
        total = sum(s.bits for s in fields.values()) if all(s.small for s in fields.values()) else None
        if total is not None and total <= WORD:
            offset = total
            for name, shape in fields.items():
                offset -= shape.bits
                self.slots[name] = Slot(0, offset, shape)
            self.fit(total, 1)
            return
        used: list[int] = []
        large_at = 0
        for name, shape in fields.items():
            if shape.small:
                word = next((w for w, bits in enumerate(used) if bits + shape.bits <= WORD), len(used))
                if word == len(used):
                    used.append(0)
                self.slots[name] = Slot(word, used[word], shape)
                used[word] += shape.bits
        large_at = len(used)
        for name, shape in fields.items():
            if not shape.small:
                self.slots[name] = Slot(large_at, 0, shape)
                large_at += shape.words
        self.slots = {name: self.slots[name] for name in fields}
        self.fit(None, large_at)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        parts = stored(value)
        next(parts)
        for slot, part in zip(self.slots.values(), parts, strict=True):
            slot.shape.write(row, word + slot.word, bit + slot.bit, part)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        values = [s.shape.read(row, word + s.word, bit + s.bit) for s in self.slots.values()]
        return make(self.domain.cls, values)  # type: ignore[attr-defined]


class OptionalShape(Shape):
    """A bit that says whether there is a value, and the value; all zero for None."""

    def __init__(self, domain: Optional, inner: Shape) -> None:
        self.domain = domain
        small = inner.small and inner.bits < WORD
        self.inner = Slot(0 if small else 1, 0, inner)
        self.flag = inner.bits if small else 0
        """The bit that says whether there is a value."""
        self.fit(1 + inner.bits if small else None, 1 + inner.words)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        if value is not None:
            row[word] |= 1 << (bit + self.flag)
            slot = self.inner
            slot.shape.write(row, word + slot.word, slot.bit + (bit if slot.word == 0 else 0), value)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        if not row[word] >> (bit + self.flag) & 1:
            return None
        slot = self.inner
        return slot.shape.read(row, word + slot.word, slot.bit + (bit if slot.word == 0 else 0))


class UnionShape(Shape):
    """The number of the kind, and the record."""

    def __init__(self, domain: UnionOf, kinds: list[RecordShape]) -> None:
        self.domain = domain
        self.kinds = kinds
        self.tag_bits = bits_for(len(kinds))
        widest = max(k.bits for k in kinds)
        small = all(k.small for k in kinds) and self.tag_bits + widest <= WORD
        self.payload = (0, 0) if small else (1, 0)
        self.tag = widest if small else 0
        """The bit at which the number of the kind stands."""
        self.fit(self.tag_bits + widest if small else None, 1 + max(k.words for k in kinds))
        self.number = {k.domain.cls: n for n, k in enumerate(kinds)}  # type: ignore[attr-defined]

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        number = self.number[type(value)]
        row[word] |= number << (bit + self.tag)
        at, offset = self.payload
        self.kinds[number].write(row, word + at, offset + (bit if at == 0 else 0), value)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        number = row[word] >> (bit + self.tag) & ((1 << self.tag_bits) - 1)
        at, offset = self.payload
        return self.kinds[number].read(row, word + at, offset + (bit if at == 0 else 0))


class ArrayShape(Shape):
    """`count` elements of one shape: small ones as many to a word as fit."""

    def __init__(self, element: Shape, count: int) -> None:
        self.element, self.count = element, count
        self.per_word = max(1, WORD // max(1, element.bits)) if element.small else 0
        total = element.bits * count if element.small else None
        words = -(-count // self.per_word) if element.small else element.words * count
        self.fit(total, max(1, words))

    def place(self, k: int) -> tuple[int, int]:
        """(word, bit) of element k."""
        if self.small:
            return 0, (self.count - 1 - k) * self.element.bits
        if self.element.small:
            return k // self.per_word, k % self.per_word * self.element.bits
        return k * self.element.words, 0

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        for k, item in enumerate(value):
            at, offset = self.place(k)
            self.element.write(row, word + at, bit + offset, item)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        return self.read_first(row, word, bit, self.count)

    def read_first(self, row: list[int], word: int, bit: int, count: int) -> list[Any]:
        """The first `count` elements."""
        places = (self.place(k) for k in range(count))
        return [self.element.read(row, word + at, bit + offset) for at, offset in places]


class MapShape(Shape):
    """The values of a map, or the queues of channels, in the order of the keys."""

    def __init__(self, domain: MapOf | ChannelsOf, value: Shape) -> None:
        self.domain = domain
        self.array = ArrayShape(value, len(domain.space.keys))
        self.fit(self.array.bits if self.array.small else None, self.array.words)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        parts = stored(value)
        next(parts)
        self.array.write(row, word, bit, parts)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        values = self.array.read(row, word, bit)
        domain = self.domain
        assert isinstance(domain, MapOf | ChannelsOf)
        return (make_map if isinstance(domain, MapOf) else make_channels)(domain.space, values)


class ListShape(Shape):
    """A length, and that many elements; zeros behind them.  Sequences as they are, capped sets and bags sorted."""

    def __init__(self, domain: Domain, element: Shape, capacity: int) -> None:
        self.domain = domain
        self.capacity = capacity
        self.length_bits = bits_for(capacity + 1)
        array = ArrayShape(element, capacity)
        small = array.small and self.length_bits + array.bits <= WORD and isinstance(domain, SequenceOf)
        self.array = Slot(0 if small else 1, 0, array)
        self.length = array.bits if small else 0
        """The bit at which the length stands."""
        self.fit(self.length_bits + array.bits if small else None, 1 + array.words)

    @property
    def element(self) -> Shape:
        """The shape of a member."""
        shape = self.array.shape
        assert isinstance(shape, ArrayShape)
        return shape.element

    def _ordered(self, value: Any) -> list[Any]:
        if isinstance(self.domain, SequenceOf):
            return list(value)
        if isinstance(value, Bag):
            return sorted(counts_of(value), key=self.element.packed)
        return sorted(frozenset.__iter__(value), key=self.element.packed)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        items = self._ordered(value)
        row[word] |= len(items) << (bit + self.length)
        slot = self.array
        slot.shape.write(row, word + slot.word, slot.bit + (bit if slot.word == 0 else 0), items)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        count = row[word] >> (bit + self.length) & ((1 << self.length_bits) - 1)
        slot = self.array
        assert isinstance(slot.shape, ArrayShape)
        items = slot.shape.read_first(row, word + slot.word, slot.bit + (bit if slot.word == 0 else 0), count)
        if isinstance(self.domain, SequenceOf):
            return tuple(items)
        return make_bag(items) if isinstance(self.domain, BagOf) else plain(items)


class CopiesShape(Shape):
    """A member of a bag and its number of copies, the member in front: bags are sorted by member."""

    def __init__(self, member: Shape, copies: int) -> None:
        self.member = member
        self.copies_bits = bits_for(copies + 1)
        small = member.small and member.bits + self.copies_bits <= WORD
        # the member stands in the high bits of a small pair, so that pairs sort by it
        self.places = ((0, self.copies_bits), (0, 0)) if small else ((0, 0), (member.words, 0))
        self.fit(member.bits + self.copies_bits if small else None, member.words + 1)

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        (mw, mb), (cw, cb) = self.places
        self.member.write(row, word + mw, bit + mb, value[0])
        row[word + cw] |= value[1] << (bit + cb)

    def read(self, row: list[int], word: int, bit: int) -> Any:
        (mw, mb), (cw, cb) = self.places
        copies = row[word + cw] >> (bit + cb) & ((1 << self.copies_bits) - 1)
        return self.member.read(row, word + mw, bit + mb), copies


class BitSetShape(Shape):
    """One bit for each possible member, by rank."""

    def __init__(self, domain: SetOf) -> None:
        self.domain = domain
        universe = domain.member.cardinality
        self.universe = universe
        self.fit(universe, -(-universe // WORD))

    def write(self, row: list[int], word: int, bit: int, value: Any) -> None:
        mask = self.domain.rank(value) << bit
        while mask:
            row[word] |= mask & ((1 << WORD) - 1)
            mask >>= WORD
            word += 1

    def read(self, row: list[int], word: int, bit: int) -> Any:
        mask = sum(w << (WORD * k) for k, w in enumerate(row[word : word + self.words])) >> bit
        return self.domain.unrank(mask & ((1 << self.universe) - 1))


class Layout:
    """The shapes of one instance: one for each domain object."""

    def __init__(self, state: RecordOf) -> None:
        self._shapes: dict[int, Shape] = {}
        self._kept: list[Domain] = []
        self.state = self.shape(state)
        self.words = self.state.words
        """Words in the row of a state."""

    def shape(self, domain: Domain) -> Shape:
        """The shape of a domain."""
        known = self._shapes.get(id(domain))
        if known is None:
            known = self._shapes[id(domain)] = self._made(domain)
            self._kept.append(domain)  # its identity is a key
        return known

    def _made(self, domain: Domain) -> Shape:
        if isinstance(domain, RecordOf):
            return RecordShape(domain, {name: self.shape(d) for name, d in domain.fields.items()})
        if isinstance(domain, UnionOf):
            return UnionShape(
                domain, [RecordShape(k, {n: self.shape(d) for n, d in k.fields.items()}) for k in domain.kinds]
            )
        if isinstance(domain, Optional):
            return OptionalShape(domain, self.shape(domain.inner))
        if isinstance(domain, MapOf | ChannelsOf):
            return MapShape(domain, self.shape(domain.value))
        if isinstance(domain, SetOf):
            return BitSetShape(domain)
        if isinstance(domain, BagOf):
            pair = CopiesShape(self.shape(domain.member), domain.copies.limit)
            return ListShape(domain, pair, domain.capacity.limit)
        if isinstance(domain, CappedSetOf | SequenceOf):
            return ListShape(domain, self.shape(domain.member), domain.capacity.limit)
        return ScalarShape(domain)

    def pack(self, state: Any) -> tuple[int, ...]:
        """The row of a state, which must lie inside its domain."""
        return self.state.packed(state)

    def unpack(self, row: list[int] | tuple[int, ...]) -> Any:
        """The state of a row."""
        return self.state.read(list(row), 0, 0)
