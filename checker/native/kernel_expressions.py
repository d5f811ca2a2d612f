"""The expressions of the kernel language as LLVM instructions."""

from __future__ import annotations

import ast
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]

from mcheck.checker.native.kernel import (
    BOOL,
    INTRINSICS,
    SIGNED,
    UNSIGNED,
    External,
    Kernel,
    KernelError,
    Kind,
    Known,
    Pointer,
    Scalar,
)

_POINTER = ir.PointerType()
_I1, _I32, _I64, _I128 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.IntType(128)


@dataclass(frozen=True)
class Value:
    """A value that is computed when the kernel runs."""

    ir: Any
    kind: Kind


@dataclass(frozen=True)
class Static:
    """A value that is known when the kernel is compiled: an integer, a function, None."""

    value: Any


Term = Value | Static


class Functions(Protocol):
    """Where a kernel finds the functions that it calls."""

    def specialised(self, kernel: Kernel[..., Any], fixed: dict[str, Any]) -> Any:
        """The function that other kernels call, inlined where they do; None while it is being translated."""

    def external(self, declared: External) -> Any:
        """The function of the module with this name, declared if need be."""

    def intrinsic(self, name: str, result: Any, parameters: list[Any]) -> Any:
        """The LLVM intrinsic of this name."""


def machine_type(kind: Kind) -> Any:
    """The LLVM type of a value in a register."""
    return _POINTER if isinstance(kind, Pointer) else ir.IntType(kind.bits)


def returned_type(kind: Kind | None) -> Any:
    """The LLVM type of what a function returns."""
    return ir.VoidType() if kind is None else machine_type(kind)


_FOLD: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FOLD_ONE: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_PLAIN = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor"}


class Expressions:
    """What is common to the lines of one kernel: its variables, and where its instructions go."""

    def __init__(self, functions: Functions, kernel: Kernel[..., Any], fixed: dict[str, Any]) -> None:
        self.functions, self.kernel = functions, kernel
        code = kernel.function.__code__
        self.file, self.first = code.co_filename, code.co_firstlineno
        self.node: Any = None
        self.static = dict(fixed)
        self.locals: dict[str, Value] = {}
        self.function: Any = None
        self.builder: Any = None

    def refuse(self, message: str) -> NoReturn:
        """KernelError at the line that is being translated."""
        line = self.first if self.node is None else self.first + self.node.lineno - 1
        raise KernelError(f"{self.file}:{line}: {message}")

    def term(self, node: ast.expr) -> Term:
        """The value of an expression."""
        if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, int)):
            return Static(node.value)
        translate = getattr(self, f"of_{type(node).__name__.lower()}", None)
        if translate is None:
            self.refuse(f"`{ast.unparse(node)}` is not part of the kernel language")
        term: Term = translate(node)
        return term

    def of_name(self, node: ast.Name) -> Term:
        if node.id in self.locals:
            local = self.locals[node.id]
            return Value(self.builder.load(local.ir, typ=machine_type(local.kind)), local.kind)
        for scope in (
            self.static,
            inspect.getclosurevars(self.kernel.function).nonlocals,
            self.kernel.function.__globals__,
        ):
            if node.id in scope:
                return Static(scope[node.id])
        if node.id in ("min", "max"):
            return Static({"min": min, "max": max}[node.id])
        self.refuse(f"{node.id} has no value here")

    def of_attribute(self, node: ast.Attribute) -> Term:
        owner = self.term(node.value)
        if not isinstance(owner, Static):
            self.refuse(f"`{ast.unparse(node)}`: a value has no attributes")
        return Static(getattr(owner.value, node.attr))

    def of_subscript(self, node: ast.Subscript) -> Term:
        if isinstance(node.slice, ast.Slice):
            if node.slice.lower is None or node.slice.upper is not None or node.slice.step is not None:
                self.refuse("a slice is memory[k:]")
            memory, place = self.address(node.value, node.slice.lower)
            return Value(place, memory)
        memory, place = self.element(node)
        loaded = self.builder.load(place, typ=ir.IntType(memory.bits), align=memory.bits // 8)
        return Value(loaded if memory.bits == 64 else self.builder.zext(loaded, _I64), memory.element)

    def element(self, node: ast.Subscript) -> tuple[Pointer, Any]:
        return self.address(node.value, node.slice)

    def address(self, owner: ast.expr, index: ast.expr) -> tuple[Pointer, Any]:
        """Where an element of memory lies."""
        memory = self.term(owner)
        if not (isinstance(memory, Value) and isinstance(memory.kind, Pointer)):
            self.refuse(f"`{ast.unparse(owner)}` is not memory")
        position = self.settled(self.term(index))
        if position.kind not in (SIGNED, UNSIGNED):
            self.refuse(f"`{ast.unparse(index)}` is not an index")
        return memory.kind, self.builder.gep(memory.ir, [position.ir], source_etype=ir.IntType(memory.kind.bits))

    def of_ifexp(self, node: ast.IfExp) -> Term:
        test = self.term(node.test)
        if isinstance(test, Static):
            return self.term(node.body if test.value else node.orelse)
        then, otherwise, after = (self.function.append_basic_block(n) for n in ("then", "else", "after"))
        self.builder.cbranch(self.condition(test), then, otherwise)
        terms, ends = [], []
        for block, branch in ((then, node.body), (otherwise, node.orelse)):
            self.builder.position_at_end(block)
            terms.append(self.term(branch))
            ends.append(self.builder.block)
        yes, no = self.alike(*terms)
        for end in ends:
            self.builder.position_at_end(end)
            self.builder.branch(after)
        return self.joined(after, [(yes.ir, ends[0]), (no.ir, ends[1])], yes.kind)

    def of_boolop(self, node: ast.BoolOp) -> Term:
        stop = isinstance(node.op, ast.Or)
        arrivals: list[tuple[Any, Any]] = []
        after = None
        for operand in node.values:
            test = self.term(operand)
            if isinstance(test, Static) and not arrivals:
                if bool(test.value) == stop:
                    return Static(stop)
                continue
            condition = self.condition(test)
            after = after or self.function.append_basic_block("decided")
            if operand is node.values[-1]:
                arrivals.append((condition, self.builder.block))
                self.builder.branch(after)
                break
            onward = self.function.append_basic_block("next")
            arrivals.append((_I1(stop), self.builder.block))
            self.builder.cbranch(condition, *((after, onward) if stop else (onward, after)))
            self.builder.position_at_end(onward)
        return Static(not stop) if after is None else self.joined(after, arrivals, BOOL)

    def joined(self, after: Any, arrivals: list[tuple[Any, Any]], kind: Kind) -> Value:
        """The value that several blocks bring to `after`."""
        self.builder.position_at_end(after)
        phi = self.builder.phi(machine_type(kind))
        for value, block in arrivals:
            phi.add_incoming(value, block)
        return Value(phi, kind)

    def of_unaryop(self, node: ast.UnaryOp) -> Term:
        operand = self.term(node.operand)
        if isinstance(operand, Static):
            return Static(_FOLD_ONE[type(node.op)](operand.value))
        if isinstance(node.op, ast.Not):
            return Value(self.builder.not_(self.condition(operand)), BOOL)
        if operand.kind is not SIGNED:
            self.refuse(f"`{ast.unparse(node)}` is negative: write u64(0 - x) or x ^ MASK for an unsigned x")
        return Value(
            self.builder.neg(operand.ir) if isinstance(node.op, ast.USub) else self.builder.not_(operand.ir), SIGNED
        )

    def of_compare(self, node: ast.Compare) -> Term:
        if len(node.ops) != 1:
            self.refuse("write a comparison of three as two joined by `and`")
        a, b = self.term(node.left), self.term(node.comparators[0])
        if isinstance(a, Static) and isinstance(b, Static):
            return Static(_FOLD[type(node.ops[0])](a.value, b.value))
        sign = _COMPARED.get(type(node.ops[0]))
        if sign is None:
            self.refuse(f"`{ast.unparse(node)}` is not part of the kernel language")
        x, y = self.alike(a, b)
        compare = self.builder.icmp_signed if x.kind is SIGNED else self.builder.icmp_unsigned
        return Value(compare(sign, x.ir, y.ir), BOOL)

    def of_binop(self, node: ast.BinOp) -> Term:
        a, b = self.term(node.left), self.term(node.right)
        if type(node.op) not in _FOLD:
            self.refuse(f"`{ast.unparse(node)}` is not part of the kernel language")
        if isinstance(a, Static) and isinstance(b, Static):
            return Static(_FOLD[type(node.op)](a.value, b.value))
        if isinstance(node.op, ast.LShift | ast.RShift):
            return self.shift(self.settled(a), b, isinstance(node.op, ast.LShift))
        x, y = self.alike(a, b)
        if x.kind is BOOL and not isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor):
            x, y = self.as_integer(x), self.as_integer(y)
        if isinstance(node.op, ast.FloorDiv | ast.Mod):
            return self.divided(x, y, isinstance(node.op, ast.FloorDiv))
        return Value(getattr(self.builder, _PLAIN[type(node.op)])(x.ir, y.ir), x.kind)

    def shift(self, value: Value, by: Term, left: bool) -> Value:
        """A shift; one by 64 or more leaves what it leaves in Python."""
        signed = value.kind is SIGNED
        move = self.builder.shl if left else self.builder.ashr if signed else self.builder.lshr
        if isinstance(by, Static) and 0 <= by.value < 64:
            return Value(move(value.ir, _I64(by.value)), value.kind)
        count = self.settled(by).ir
        within = self.builder.icmp_unsigned("<", count, _I64(64))
        spent = self.builder.ashr(value.ir, _I64(63)) if signed and not left else _I64(0)
        bounded = self.builder.and_(count, _I64(63))
        return Value(self.builder.select(within, move(value.ir, bounded), spent), value.kind)

    def divided(self, x: Value, y: Value, quotient: bool) -> Value:
        """Division that rounds down, and its remainder, which has the sign of the divisor."""
        b = self.builder
        if x.kind is UNSIGNED:
            return Value((b.udiv if quotient else b.urem)(x.ir, y.ir), UNSIGNED)
        rest = b.srem(x.ir, y.ir)
        opposed = b.icmp_signed("<", b.xor(rest, y.ir), _I64(0))
        off = b.and_(opposed, b.icmp_signed("!=", rest, _I64(0)))
        if quotient:
            return Value(b.sub(b.sdiv(x.ir, y.ir), b.zext(off, _I64)), SIGNED)
        return Value(b.select(off, b.add(rest, y.ir), rest), SIGNED)

    # ------------------------------------------------------------------ calls

    def of_call(self, node: ast.Call) -> Term:
        value = self.call(node)
        if value is None:
            self.refuse(f"`{ast.unparse(node.func)}` returns nothing")
        return value

    def call(self, node: ast.Call) -> Term | None:
        """What a call returns; None for nothing."""
        called = self.term(node.func)
        target = called.value if isinstance(called, Static) else None
        if node.keywords:
            self.refuse("arguments are given by position")
        terms = [self.term(argument) for argument in node.args]
        if isinstance(target, Kernel):
            return self.call_kernel(target, terms)
        if isinstance(target, External):
            return self.call_function(
                target.name, self.functions.external(target), target.parameters, target.result, terms
            )
        if target not in INTRINSICS:
            self.refuse(f"`{ast.unparse(node.func)}` is not a kernel, an external function or part of the language")
        result: Term | None = getattr(self, f"as_{INTRINSICS[target]}")(*terms)
        return result

    def call_kernel(self, target: Kernel[..., Any], terms: list[Term]) -> Term | None:
        """A call of another kernel, specialised by what is fixed."""
        if len(terms) != len(target.parameters):
            self.refuse(f"{target.name} takes {len(target.parameters)} arguments (got {len(terms)})")
        fixed, passed, kinds = {}, [], []
        for (name, kind), term in zip(target.parameters.items(), terms, strict=True):
            if isinstance(kind, Known):
                if isinstance(term, Value):
                    self.refuse(f"{name} of {target.name} is fixed: it takes what is known when the kernel is compiled")
                fixed[name] = term.value
            else:
                passed.append(term)
                kinds.append(kind)
        function = self.functions.specialised(target, fixed)
        if function is None:
            self.refuse(f"kernel {target.name} calls itself; a kernel does not recurse")
        return self.call_function(target.name, function, tuple(kinds), target.result, passed)

    def call_function(
        self, name: str, function: Any, kinds: tuple[Kind, ...], result: Kind | None, terms: list[Term]
    ) -> Term | None:
        if len(terms) != len(kinds):
            self.refuse(f"{name} takes {len(kinds)} arguments (got {len(terms)})")
        arguments = [self.as_kind(term, kind).ir for term, kind in zip(terms, kinds, strict=True)]
        returned = self.builder.call(function, arguments)
        return None if result is None else Value(returned, result)

    def as_u64(self, term: Term) -> Term:
        return self.as_kind(
            Static(term.value & (1 << 64) - 1) if isinstance(term, Static) else self.as_integer(term, UNSIGNED),
            UNSIGNED,
        )

    def as_i64(self, term: Term) -> Term:
        return self.as_kind(term, SIGNED) if isinstance(term, Static) else self.as_integer(term, SIGNED)

    def as_popcount(self, term: Term) -> Term:
        return Value(self.builder.ctpop(self.as_kind(term, UNSIGNED).ir), SIGNED)

    def as_trailing_zeros(self, term: Term) -> Term:
        return Value(self.builder.cttz(self.as_kind(term, UNSIGNED).ir, _I1(0)), SIGNED)

    def as_high_product(self, a: Term, b: Term) -> Term:
        x, y = (self.builder.zext(self.as_kind(t, UNSIGNED).ir, _I128) for t in (a, b))
        product = self.builder.lshr(self.builder.mul(x, y), _I128(64))
        return Value(self.builder.trunc(product, _I64), UNSIGNED)

    def as_prefetch(self, memory: Term, index: Term) -> None:
        assert isinstance(memory, Value) and isinstance(memory.kind, Pointer)
        place = self.builder.gep(memory.ir, [self.settled(index).ir], source_etype=ir.IntType(memory.kind.bits))
        fetch = self.functions.intrinsic("llvm.prefetch.p0", ir.VoidType(), [_POINTER, _I32, _I32, _I32])
        self.builder.call(fetch, [place, _I32(1), _I32(3), _I32(1)])

    def as_copy(self, target: Term, source: Term, count: Term) -> None:
        assert isinstance(target, Value) and isinstance(source, Value) and isinstance(target.kind, Pointer)
        size = self.builder.mul(self.as_kind(count, SIGNED).ir, _I64(target.kind.bits // 8))
        move = self.functions.intrinsic("llvm.memcpy.p0.p0.i64", ir.VoidType(), [_POINTER, _POINTER, _I64, _I1])
        self.builder.call(move, [target.ir, source.ir, size, _I1(0)])

    def as_least(self, a: Term, b: Term) -> Term:
        return self.extreme("<", a, b)

    def as_greatest(self, a: Term, b: Term) -> Term:
        return self.extreme(">", a, b)

    def extreme(self, sign: str, a: Term, b: Term) -> Term:
        x, y = self.alike(a, b)
        compare = self.builder.icmp_signed if x.kind is SIGNED else self.builder.icmp_unsigned
        return Value(self.builder.select(compare(sign, x.ir, y.ir), x.ir, y.ir), x.kind)

    # ------------------------------------------------------------------ types

    def as_kind(self, term: Term, kind: Kind) -> Value:
        """The term as a value of this type: literals adapt, nothing else does."""
        if isinstance(term, Static):
            if not isinstance(kind, Scalar) or not isinstance(term.value, int):
                self.refuse(f"{term.value} is not {kind.name}")
            return Value(ir.IntType(kind.bits)(int(term.value)), kind)
        if term.kind != kind:
            self.refuse(f"a {term.kind.name} stands where {kind.name} is meant: convert it with i64() or u64()")
        return term

    def settled(self, term: Term) -> Value:
        """The term as a value: a literal whose type nothing says is I64."""
        boolean = isinstance(term, Static) and isinstance(term.value, bool)
        return self.as_kind(term, BOOL if boolean else SIGNED) if isinstance(term, Static) else term

    def alike(self, a: Term, b: Term) -> tuple[Value, Value]:
        """Two terms as values of one type."""
        if isinstance(a, Static):
            settled = self.settled(b)
            return self.as_kind(a, settled.kind), settled
        return a, self.as_kind(b, a.kind)

    def as_integer(self, value: Value, kind: Scalar = SIGNED) -> Value:
        """A bool or an integer as this kind of integer, the same 64 bits."""
        if isinstance(value.kind, Pointer):
            self.refuse("memory is not a number")
        return Value(self.builder.zext(value.ir, _I64) if value.kind is BOOL else value.ir, kind)

    def condition(self, term: Term) -> Any:
        """The term as a truth value."""
        if isinstance(term, Static):
            return _I1(bool(term.value))
        if term.kind is not BOOL:
            self.refuse("a condition is a bool: write x != 0")
        return term.ir
