"""Sharing: a builder of LLVM instructions that makes each value once, and none that is known.

Lowering asks for the same value in many places: the term of the addressee in every branch that looks at it, the same field
of a message in every record that is answered.  A value that stands in a block that every way to this one leads through
(that *dominates* it) is taken from there.  So is the outcome of a decision that was taken on the way.  The compiler could
find all this out as well, but each instruction that it never sees is three times as cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mcheck.checker.native.layout import WORD

I64 = ir.IntType(WORD)
I1 = ir.IntType(1)
Value = Any
"""An LLVM value of type i64 or i1."""

_MASK = (1 << WORD) - 1
_words: dict[int, ir.Constant] = {}
_bits = (ir.Constant(I1, 0), ir.Constant(I1, 1))


def constant(value: int) -> ir.Constant:
    """A constant word: one object for each number."""
    value &= _MASK
    known = _words.get(value)
    if known is None:
        known = _words[value] = ir.Constant(I64, value)
    return known


def constant_bit(value: bool) -> ir.Constant:
    """A constant bit: one of two objects."""
    return _bits[value]


class SharingBuilder(ir.IRBuilder):  # type: ignore[misc, unused-ignore]
    """Builds the instructions of one function.  Its operands are words and bits, and constants those of `constant`.

    A block inherits from the one it was made to follow, if any: that one must dominate it.  Memory is shared only where it
    is `fixed`: where nothing is written to it as long as the function runs.
    """

    def __init__(self, block: ir.Block) -> None:
        super().__init__(block)
        self.fixed: set[int] = set()
        """The identities of pointers to memory that does not change."""
        self._known: dict[int, dict[Any, Value]] = {id(block): {}}
        self._above: dict[int, ir.Block | None] = {id(block): None}

    # ------------------------------------------------------------------ what is known in a block

    def follow(self, block: ir.Block, dominator: ir.Block | None) -> None:
        """Let a new block know what is known in the one that dominates it; nothing without one."""
        self._known[id(block)] = {}
        self._above[id(block)] = dominator

    def _found(self, key: Any) -> Value | None:
        block = self._block
        while block is not None:
            found = self._known[id(block)].get(key)
            if found is not None:
                return found
            block = self._above[id(block)]
        return None

    def _shared(self, key: Any, make: Callable[[], Value]) -> Value:
        found = self._found(key)
        if found is None:
            found = self._known[id(self._block)][key] = make()
        return found

    def decided(self, block: ir.Block, condition: Value, value: bool) -> None:
        """In this block and those it dominates a condition has this value."""
        self._known[id(block)]["truth", id(condition)] = constant_bit(value)

    def outcome(self, condition: Value) -> Value:
        """The condition, or the constant that it is known to be here."""
        if type(condition) is ir.Constant:
            return condition
        return self._found(("truth", id(condition))) or condition

    # ------------------------------------------------------------------ numbers

    def add(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant(x + y)
        if x == 0 or y == 0:
            return rhs if x == 0 else lhs
        return self._shared(("add", id(lhs), id(rhs)), lambda: ir.IRBuilder.add(self, lhs, rhs))

    def sub(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant(x - y)
        if y == 0:
            return lhs
        return self._shared(("sub", id(lhs), id(rhs)), lambda: ir.IRBuilder.sub(self, lhs, rhs))

    def mul(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant(x * y)
        if 0 in (x, y):
            return constant(0)
        if 1 in (x, y):
            return rhs if x == 1 else lhs
        return self._shared(("mul", id(lhs), id(rhs)), lambda: ir.IRBuilder.mul(self, lhs, rhs))

    def udiv(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y:
            return constant(x // y)
        if y == 1:
            return lhs
        return self._shared(("udiv", id(lhs), id(rhs)), lambda: ir.IRBuilder.udiv(self, lhs, rhs))

    def urem(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y:
            return constant(x % y)
        if y == 1:
            return constant(0)
        return self._shared(("urem", id(lhs), id(rhs)), lambda: ir.IRBuilder.urem(self, lhs, rhs))

    # ------------------------------------------------------------------ bits of words

    def shl(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant(x << y)
        if x == 0 or y == 0:
            return lhs
        return self._shared(("shl", id(lhs), id(rhs)), lambda: ir.IRBuilder.shl(self, lhs, rhs))

    def lshr(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant(x >> y)
        if x == 0 or y == 0:
            return lhs
        return self._shared(("lshr", id(lhs), id(rhs)), lambda: ir.IRBuilder.lshr(self, lhs, rhs))

    def and_(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y, full = _number(lhs), _number(rhs), _ones(lhs)
        if x is not None and y is not None:
            return _like(lhs, x & y)
        if 0 in (x, y):
            return _like(lhs, 0)
        if full in (x, y):
            return rhs if x == full else lhs
        if lhs is rhs:
            return lhs
        return self._shared(("and", id(lhs), id(rhs)), lambda: ir.IRBuilder.and_(self, lhs, rhs))

    def or_(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y, full = _number(lhs), _number(rhs), _ones(lhs)
        if x is not None and y is not None:
            return _like(lhs, x | y)
        if full in (x, y):
            return _like(lhs, full)
        if x == 0 or y == 0:
            return rhs if x == 0 else lhs
        if lhs is rhs:
            return lhs
        return self._shared(("or", id(lhs), id(rhs)), lambda: ir.IRBuilder.or_(self, lhs, rhs))

    def xor(self, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return _like(lhs, x ^ y)
        if x == 0 or y == 0:
            return rhs if x == 0 else lhs
        return self._shared(("xor", id(lhs), id(rhs)), lambda: ir.IRBuilder.xor(self, lhs, rhs))

    def not_(self, value: Value, name: str = "") -> Value:
        return self.xor(value, _like(value, _ones(value)))

    def zext(self, value: Value, typ: Any, name: str = "", flags: Any = ()) -> Value:
        x = _number(value)
        if x is not None:
            return constant(x)
        return self._shared(("zext", id(value)), lambda: ir.IRBuilder.zext(self, value, typ))

    # ------------------------------------------------------------------ comparison and choice

    def icmp_unsigned(self, cmpop: str, lhs: Value, rhs: Value, name: str = "") -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant_bit(_COMPARE[cmpop](x, y))
        made = self._shared(("u", cmpop, id(lhs), id(rhs)), lambda: ir.IRBuilder.icmp_unsigned(self, cmpop, lhs, rhs))
        return self.outcome(made)

    def icmp_signed(self, cmpop: str, lhs: Value, rhs: Value, name: str = "") -> Value:
        x, y = _number(lhs), _number(rhs)
        if x is not None and y is not None:
            return constant_bit(_COMPARE[cmpop](_signed(x), _signed(y)))
        made = self._shared(("s", cmpop, id(lhs), id(rhs)), lambda: ir.IRBuilder.icmp_signed(self, cmpop, lhs, rhs))
        return self.outcome(made)

    def select(self, cond: Value, lhs: Value, rhs: Value, name: str = "", flags: Any = ()) -> Value:
        condition = self.outcome(cond)
        known = _number(condition)
        if known is not None:
            return lhs if known else rhs
        if lhs is rhs:
            return lhs
        key = ("select", id(condition), id(lhs), id(rhs))
        return self._shared(key, lambda: ir.IRBuilder.select(self, condition, lhs, rhs))

    # ------------------------------------------------------------------ memory

    def address(self, base: Value, word: Value) -> Value:
        """The address `word` words behind `base`."""
        if _number(word) == 0:
            return base
        return self._shared(
            ("address", id(base), id(word)), lambda: self.gep(base, [word], inbounds=True, source_etype=I64)
        )

    def word_at(self, base: Value, word: Value) -> Value:
        """The word `word` words behind `base`, as it is now."""
        if id(base) not in self.fixed:
            return self.load(self.address(base, word), typ=I64)
        return self._shared(("word", id(base), id(word)), lambda: self.load(self.address(base, word), typ=I64))


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _number(value: Value) -> int | None:
    """The number that a constant is."""
    return value.constant if type(value) is ir.Constant else None


def _signed(word: int) -> int:
    return word - (1 << WORD) if word >> (WORD - 1) else word


def _ones(value: Value) -> int:
    return (1 << value.type.width) - 1  # type: ignore[no-any-return]


def _like(value: Value, number: int) -> ir.Constant:
    """A constant of the type of a value."""
    return constant(number) if value.type.width == WORD else _bits[number]
