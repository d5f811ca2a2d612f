"""Values that are made once are the values that were asked for.  If this fails, compiled rules may compute something else."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable
from typing import Any

import pytest
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]

from mcheck.checker.native.machine import load, new_module, object_code
from mcheck.checker.native.sharing import I1, I64, SharingBuilder, constant, constant_bit

MASK = (1 << 64) - 1
EDGES = (0, 1, 2, 63, 64, 255, 1 << 63, MASK - 1, MASK)


def signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


WORDS: dict[str, Callable[[int, int], int]] = {
    "add": lambda x, y: (x + y) & MASK,
    "sub": lambda x, y: (x - y) & MASK,
    "mul": lambda x, y: (x * y) & MASK,
    "and_": lambda x, y: x & y,
    "or_": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


class Program:
    """A random function of words, built with sharing and computed with plain numbers at the same time."""

    def __init__(self, seed: int, arguments: tuple[int, ...]) -> None:
        self.rng = random.Random(seed)
        self.module = new_module(f"sharing{seed}")
        kind = ir.FunctionType(ir.VoidType(), [I64.as_pointer(), I64.as_pointer()])
        self.function = ir.Function(self.module, kind, "computed")
        self.b = SharingBuilder(self.function.append_basic_block("entry"))
        source, self.target = self.function.args
        self.b.fixed.add(id(source))
        self.words = [(self.b.word_at(source, constant(k)), x) for k, x in enumerate(arguments)]
        self.words += [(constant(x), x) for x in self.rng.sample(EDGES, 3)]
        self.bits: list[tuple[Any, int]] = [(constant_bit(True), 1), (constant_bit(False), 0)]
        self.expected: list[int] = []

    def straight(self, count: int) -> None:
        """Some more values, each of those that are there."""
        for _ in range(count):
            self.some()

    def some(self) -> None:
        rng, b = self.rng, self.b
        few = self.words[: 4 if rng.random() < 0.5 else None]  # what is asked for again and again
        (left, x), (right, y) = rng.choice(few), rng.choice(few)
        (bit, p), (other, q) = rng.choice(self.bits), rng.choice(self.bits)
        by = rng.choice((1, 3, 7))
        name = rng.choice(
            [*WORDS, "udiv", "urem", "shl", "lshr", "compare", "signed", "select", "zext", "logic", "not", "complement"]
        )
        if name in WORDS:
            self.words.append((getattr(b, name)(left, right), WORDS[name](x, y)))
        elif name in ("udiv", "urem"):
            self.words.append((getattr(b, name)(left, constant(by)), x // by if name == "udiv" else x % by))
        elif name in ("shl", "lshr"):
            shifted = (x << by) & MASK if name == "shl" else x >> by
            self.words.append((getattr(b, name)(left, constant(by)), shifted))
        elif name in ("compare", "signed"):
            how = rng.choice(list(COMPARISONS))
            unsigned = name == "compare"
            made = b.icmp_unsigned(how, left, right) if unsigned else b.icmp_signed(how, left, right)
            numbers = (x, y) if unsigned else (signed(x), signed(y))
            self.bits.append((made, int(COMPARISONS[how](*numbers))))
        elif name == "select":
            self.words.append((b.select(bit, left, right), x if p else y))
        elif name == "zext":
            self.words.append((b.zext(bit, I64), p))
        elif name == "logic":
            logic = rng.choice(("and_", "or_", "xor"))
            self.bits.append((getattr(b, logic)(bit, other), WORDS[logic](p, q)))
        elif name == "not":
            self.bits.append((b.not_(bit), 1 - p))
        else:
            self.words.append((b.not_(left), x ^ MASK))

    def decision(self, depth: int) -> None:
        """Both sides of a condition compute; only the one that is taken keeps its numbers."""
        condition, taken = self.rng.choice(self.bits)
        before = self.b.block
        known = len(self.words), len(self.bits)
        sides = [self.function.append_basic_block() for _ in range(2)]
        for side in sides:
            self.b.follow(side, before)
        self.b.cbranch(condition, *sides)
        for side, value in zip(sides, (True, False), strict=True):
            self.b.decided(side, condition, value)
            self.b.position_at_end(side)
            expected = len(self.expected)
            self.straight(40)
            if depth:
                self.decision(depth - 1)
            else:
                self.end()
            if value != bool(taken):
                del self.expected[expected:]
            del self.words[known[0] :], self.bits[known[1] :]

    def end(self) -> None:
        """Everything that is known here is written down."""
        values = [*self.words, *((self.b.zext(bit, I64), p) for bit, p in self.bits)]
        for k, (value, number) in enumerate(values):
            self.b.store(value, self.b.address(self.target, constant(k)))
            self.expected.append(number)
        self.b.ret_void()


@pytest.mark.parametrize("seed", range(12))
def test_shared_values_are_those_of_plain_numbers(seed: int) -> None:
    arguments = tuple(random.Random(seed).choice((*EDGES, 5, 1000)) for _ in range(3))
    program = Program(seed, arguments)
    program.straight(40)
    program.decision(2)
    run = load(object_code(str(program.module)), ["computed"]).function(
        "computed", None, ctypes.c_void_p, ctypes.c_void_p
    )
    given = (ctypes.c_uint64 * len(arguments))(*arguments)
    found = (ctypes.c_uint64 * len(program.expected))()
    run(ctypes.addressof(given), ctypes.addressof(found))
    assert list(found) == program.expected


def builder() -> tuple[SharingBuilder, Any]:
    """A function of two words."""
    function = ir.Function(new_module("one"), ir.FunctionType(ir.VoidType(), [I64, I64]), "one")
    return SharingBuilder(function.append_basic_block("entry")), function


def test_a_value_is_made_once_where_it_was_made_on_every_way() -> None:
    b, function = builder()
    x, y = function.args
    first = b.add(x, y)
    assert b.add(x, y) is first
    entry, then, otherwise = b.block, function.append_basic_block("then"), function.append_basic_block("else")
    b.follow(then, entry)
    b.position_at_end(then)
    assert b.add(x, y) is first
    inside = b.mul(x, y)
    b.follow(otherwise, entry)  # from wherever one is
    b.position_at_end(otherwise)
    assert b.mul(x, y) is not inside
    b.position_at_end(then)
    assert b.mul(x, y) is inside


@pytest.mark.parametrize("how", COMPARISONS)
def test_constants_are_compared_as_they_are_meant(how: str) -> None:
    b, _ = builder()
    for x in EDGES:
        for y in EDGES:
            is_so = COMPARISONS[how]
            assert b.icmp_unsigned(how, constant(x), constant(y)) is constant_bit(is_so(x, y))
            assert b.icmp_signed(how, constant(x), constant(y)) is constant_bit(is_so(signed(x), signed(y)))


def test_signed_and_unsigned_are_two_comparisons() -> None:
    b, function = builder()
    x, y = function.args
    assert b.icmp_unsigned("<", x, y) is not b.icmp_signed("<", x, y)
    assert b.udiv(x, constant(3)) is not b.urem(x, constant(3))


def test_a_decision_is_known_behind_it_and_not_beside_it() -> None:
    b, function = builder()
    x, y = function.args
    condition = b.icmp_unsigned("<", x, y)
    entry, then, otherwise = b.block, function.append_basic_block("then"), function.append_basic_block("else")
    for block, value in ((then, True), (otherwise, False)):
        b.follow(block, entry)
        b.decided(block, condition, value)
    b.position_at_end(then)
    assert b.select(condition, x, y) is x
    assert b.icmp_unsigned("<", x, y) is constant_bit(True)
    b.position_at_end(otherwise)
    assert b.select(condition, x, y) is y
    b.position_at_end(entry)
    assert b.outcome(condition) is condition


def test_memory_that_may_change_is_read_again() -> None:
    module = new_module("memory")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [I64.as_pointer(), I64.as_pointer()]), "memory")
    b = SharingBuilder(function.append_basic_block("entry"))
    fixed, other = function.args
    b.fixed.add(id(fixed))
    assert b.word_at(fixed, constant(1)) is b.word_at(fixed, constant(1))
    assert b.word_at(other, constant(1)) is not b.word_at(other, constant(1))
    assert I1.width == 1
