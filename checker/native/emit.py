"""Emitter: the few LLVM idioms that lowered specs are made of: words, bits at places, loops, branches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mcheck.checker.native.layout import WORD, ArrayShape, Shape, Slot
from mcheck.checker.native.sharing import I1, I64, SharingBuilder, Value, constant, constant_bit

__all__ = ["I1", "I64", "POINTER", "Emitter", "Place", "Sum", "Value", "plus_known"]

POINTER = ir.PointerType()


@dataclass(frozen=True)
class Place:
    """Where a value stands: `word` words behind a pointer, `bit` bits into that word; both may be known only at run time."""

    pointer: Value
    word: Value | int
    bit: Value | int
    shape: Shape

    def part(self, slot: Slot) -> Place:
        """A part of this value, for shapes whose parts stand at fixed places."""
        if slot.word == 0:
            return Place(self.pointer, self.word, plus_known(self.bit, slot.bit), slot.shape)
        return Place(self.pointer, plus_known(self.word, slot.word), slot.bit, slot.shape)


def plus_known(value: Value | int, offset: int) -> Value | int:
    """An offset added to a number that is known, or is zero-offset; run-time numbers take it at their use."""
    if isinstance(value, int):
        return value + offset
    return value if offset == 0 else Sum(value, offset)


@dataclass(frozen=True)
class Sum:
    """A run-time number plus a known one, added where it is used."""

    value: Value
    offset: int


class Emitter:
    """Builds one LLVM function.  Nothing is written to the memory behind the `fixed` ones of its arguments while it runs."""

    def __init__(self, module: ir.Module, function: ir.Function, fixed: Iterable[Value] = ()) -> None:
        self.module, self.function = module, function
        self.entry = function.append_basic_block("entry")
        self.b = SharingBuilder(self.entry)
        self.b.fixed.update(map(id, fixed))
        start = self.block("start", self.entry)
        self.b.branch(start)
        self.b.position_at_end(start)

    # ------------------------------------------------------------------ numbers

    @staticmethod
    def number(value: int) -> Value:
        """A constant word."""
        return constant(value)

    @staticmethod
    def truth(value: bool) -> Value:
        """A constant bit."""
        return constant_bit(value)

    def word(self, value: Value | int | Sum) -> Value:
        """A known or run-time number as an LLVM value."""
        if isinstance(value, int):
            return self.number(value)
        if isinstance(value, Sum):
            return self.b.add(self.word(value.value), self.number(value.offset))
        return value

    def add(self, x: Value | int | Sum, y: Value | int | Sum) -> Value | int:
        """x + y, folded where known."""
        if isinstance(x, int) and isinstance(y, int):
            return x + y
        if isinstance(y, int) and y == 0:
            return x
        if isinstance(x, int) and x == 0:
            return y
        return self.b.add(self.word(x), self.word(y))

    def times(self, x: Value | int, y: int) -> Value | int:
        """x * y, folded where known."""
        return x * y if isinstance(x, int) else self.b.mul(x, self.number(y)) if y != 1 else x

    def widen(self, bit: Value) -> Value:
        """An i1 as 0 or 1."""
        return self.b.zext(bit, I64)

    # ------------------------------------------------------------------ memory

    def pointer(self, base: Value, word: Value | int | Sum) -> Value:
        """The address `word` words behind `base`."""
        return self.b.address(base, self.word(word))

    def load(self, base: Value, word: Value | int | Sum = 0) -> Value:
        """The word at an address."""
        return self.b.word_at(base, self.word(word))

    def store(self, value: Value, base: Value, word: Value | int | Sum = 0) -> None:
        """Write the word at an address."""
        self.b.store(value, self.pointer(base, word))

    def scratch(self, words: int) -> Value:
        """Memory of this call, allocated once however often the code around it runs."""
        with self.b.goto_block(self.entry):
            self.b.position_before(self.entry.terminator)
            return self.b.alloca(I64, size=self.number(max(1, words)))

    def zero(self, base: Value, word: Value | int | Sum, words: int) -> None:
        """Clear words."""
        for k in range(words):
            self.store(self.number(0), base, self.add(word, k))

    def copy(self, target: Value, at: Value | int | Sum, source: Value, from_: Value | int | Sum, words: int) -> None:
        """Copy words."""
        for k in range(words):
            self.store(self.load(source, self.add(from_, k)), target, self.add(at, k))

    def element(self, place: Place, k: Value | int) -> Place:
        """Element k of an array."""
        array = place.shape
        assert isinstance(array, ArrayShape)
        if isinstance(k, int):
            word, bit = array.place(k)
            return Place(place.pointer, self.add(place.word, word), self.add(place.bit, bit), array.element)
        if array.small:
            from_last = self.b.sub(self.number(array.count - 1), k)
            bit = self.add(place.bit, self.times(from_last, array.element.bits))
            return Place(place.pointer, place.word, bit, array.element)
        if array.element.small and array.per_word > 1:
            per = self.number(array.per_word)
            word, bit = self.b.udiv(k, per), self.times(self.b.urem(k, per), array.element.bits)
            return Place(place.pointer, self.add(place.word, word), bit, array.element)
        stride = 1 if array.element.small else array.element.words
        return Place(place.pointer, self.add(place.word, self.times(k, stride)), 0, array.element)

    def read(self, place: Place) -> Value:
        """The bits of a small value."""
        bits = place.shape.bits
        if bits == 0:
            return self.number(0)
        return self.cut_out(self.load(place.pointer, place.word), place.bit, bits)

    def cut_out(self, word: Value, bit: Value | int | Sum, bits: int) -> Value:
        """`bits` bits of a word, from `bit` on."""
        if not (isinstance(bit, int) and bit == 0):
            word = self.b.lshr(word, self.word(bit))
        if bits < WORD and not (isinstance(bit, int) and bit + bits == WORD):
            word = self.b.and_(word, self.number((1 << bits) - 1))
        return word

    def put_in(self, word: Value, bit: Value | int | Sum, bits: int, value: Value) -> Value:
        """The word with `bits` bits replaced."""
        if bits == 0:
            return word
        if bits == WORD:
            return value
        hole = (1 << bits) - 1
        if isinstance(bit, int):
            kept = self.b.and_(word, self.number(~(hole << bit)))
            return self.b.or_(kept, self.b.shl(value, self.number(bit)) if bit else value)
        at = self.word(bit)
        kept = self.b.and_(word, self.b.not_(self.b.shl(self.number(hole), at)))
        return self.b.or_(kept, self.b.shl(value, at))

    def write(self, place: Place, value: Value) -> None:
        """Replace the bits of a small value."""
        if place.shape.bits:
            old = self.load(place.pointer, place.word)
            self.store(self.put_in(old, place.bit, place.shape.bits, value), place.pointer, place.word)

    # ------------------------------------------------------------------ control

    def block(self, name: str, dominator: Any = None) -> Any:
        """A new basic block; with `dominator`, one that every way to it leads through."""
        made = self.function.append_basic_block(name)
        self.b.follow(made, dominator)
        return made

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """The block runs where the condition is true."""
        b, condition, before = self.b, self.b.outcome(condition), self.b.block
        inside, behind = self.block("when", before), self.block("behind", before)
        b.decided(inside, condition, True)
        b.cbranch(condition, inside, behind)
        b.position_at_end(inside)
        yield
        if b.block.is_terminated:
            b.decided(behind, condition, False)
        else:
            b.branch(behind)
        b.position_at_end(behind)

    def either(self, condition: Value, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """One of two pieces of code."""
        b, condition, before = self.b, self.b.outcome(condition), self.b.block
        yes, no, behind = self.block("then", before), self.block("else", before), self.block("behind", before)
        b.cbranch(condition, yes, no)
        for block, code in ((yes, then), (no, otherwise)):
            b.decided(block, condition, block is yes)
            b.position_at_end(block)
            code()
            if not b.block.is_terminated:
                b.branch(behind)
        b.position_at_end(behind)

    @contextmanager
    def loop(self, count: Value) -> Iterator[tuple[Value, Any]]:
        """(k, the block to branch to for an early end) for k = 0 .. count-1."""
        before = self.b.block
        head = self.block("head", before)
        body, behind = self.block("body", head), self.block("behind", head)
        self.b.branch(head)
        self.b.position_at_end(head)
        k = self.b.phi(I64)
        k.add_incoming(self.number(0), before)
        self.b.cbranch(self.b.icmp_unsigned("<", k, count), body, behind)
        self.b.position_at_end(body)
        yield k, behind
        if not self.b.block.is_terminated:
            k.add_incoming(self.b.add(k, self.number(1)), self.b.block)
            self.b.branch(head)
        self.b.position_at_end(behind)

    def increment(self, base: Value, word: int, by: int = 1) -> None:
        """Add to a counter."""
        self.store(self.b.add(self.load(base, word), self.number(by)), base, word)
