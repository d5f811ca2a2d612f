"""Truth values and numbers as z3 terms, computed at once where they are known.

A truth value is a plain bool or a z3 Bool.  A number is a plain int or a bit-vector just wide enough for the interval that
is known of it, so that no sum or product ever overflows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import z3

Truth = Any
"""A bool, or a z3 Bool."""


def _applied(make: Any, parts: list[Any]) -> Any:
    context = parts[0].ctx
    array = (z3.Ast * len(parts))(*(p.as_ast() for p in parts))
    return z3.BoolRef(make(context.ref(), len(parts), array), context)


def all_of(parts: Iterable[Truth]) -> Truth:
    """Whether all are true."""
    return _joined(parts, True, z3.Z3_mk_and)


def any_of(parts: Iterable[Truth]) -> Truth:
    """Whether one is true."""
    return _joined(parts, False, z3.Z3_mk_or)


def _joined(parts: Iterable[Truth], of_none: bool, make: Any) -> Truth:
    """What z3 makes of the parts that are not known; `of_none` changes nothing, and its opposite decides."""
    unknown: dict[int, Any] = {}
    for part in parts:
        if part is (not of_none):
            return part
        if part is not of_none:
            unknown[part.get_id()] = part
    if len(unknown) < 2:
        return next(iter(unknown.values()), of_none)
    return _applied(make, list(unknown.values()))


def both(x: Truth, y: Truth) -> Truth:
    """x and y."""
    return all_of((x, y))


def negation(x: Truth) -> Truth:
    """not x."""
    if x is True or x is False:
        return not x
    if z3.is_not(x):
        return x.arg(0)
    return z3.BoolRef(z3.Z3_mk_not(x.ctx.ref(), x.as_ast()), x.ctx)


def implied(x: Truth, y: Truth) -> Truth:
    """y, if x."""
    return any_of((negation(x), y))


def same_truth(x: Truth, y: Truth) -> Truth:
    """x exactly if y."""
    if x is True or x is False:
        return y if x else negation(y)
    if y is True or y is False:
        return x if y else negation(x)
    return True if x.eq(y) else x == y


def chosen_truth(condition: Truth, then: Truth, otherwise: Truth) -> Truth:
    """`then` where the condition is true, else `otherwise`."""
    if condition is True or condition is False:
        return then if condition else otherwise
    if then is otherwise:
        return then
    if then is True or otherwise is True or then is False or otherwise is False:
        return both(implied(condition, then), any_of((condition, otherwise)))
    return then if then.eq(otherwise) else z3.If(condition, then, otherwise)


# ---------------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """An integer, or the rank of a member: a bit-vector of `bits(lo, hi)`, signed exactly if lo is negative."""

    term: Any
    lo: int
    hi: int

    @property
    def known(self) -> bool:
        """Whether there is one value only."""
        return self.lo == self.hi


def bits(lo: int, hi: int) -> int:
    """How many bits hold every number of an interval: two's complement if one is negative."""
    return max(1, hi.bit_length()) if lo >= 0 else 1 + max((~lo).bit_length(), hi.bit_length())


def number(value: int) -> Number:
    """A known number."""
    return Number(value, value, value)


def _made(term: Any, lo: int, hi: int) -> Number:
    return number(lo) if lo == hi else Number(term, lo, hi)


def _wide(x: Number, width: int, context: Any) -> Any:
    """The term of a number in so many bits: modulo a power of two where that is fewer than it needs."""
    if x.known:
        return z3.BitVecVal(x.lo, width, context)
    more = width - x.term.size()
    if more < 0:
        return z3.Extract(width - 1, 0, x.term)
    return x.term if not more else z3.SignExt(more, x.term) if x.lo < 0 else z3.ZeroExt(more, x.term)


def _context(*numbers: Number) -> Any:
    return next(x.term.ctx for x in numbers if not x.known)


def _computed(operation: Any, x: Number, y: Number, lo: int, hi: int) -> Number:
    """The operation in as many bits as the result needs: exact, as it is right modulo their power of two."""
    if lo == hi:
        return number(lo)
    width, context = bits(lo, hi), _context(x, y)
    return Number(operation(_wide(x, width, context), _wide(y, width, context)), lo, hi)


def add(x: Number, y: Number) -> Number:
    """x + y."""
    if y.known and y.lo == 0:
        return x
    if x.known and x.lo == 0:
        return y
    return _computed(lambda a, b: a + b, x, y, x.lo + y.lo, x.hi + y.hi)


def subtract(x: Number, y: Number) -> Number:
    """x - y."""
    if y.known and y.lo == 0:
        return x
    return _computed(lambda a, b: a - b, x, y, x.lo - y.hi, x.hi - y.lo)


def multiply(x: Number, y: Number) -> Number:
    """x * y."""
    corners = [a * b for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
    return _computed(lambda a, b: a * b, x, y, min(corners), max(corners))


def divided(x: Number, by: int) -> tuple[Number, Number]:
    """(x // by, x % by) for a positive number, rounded down as Python does."""
    low, high = x.lo // by, x.hi // by
    if x.known:
        return number(low), number(x.lo % by)
    shift = -low * by if low < 0 else 0  # a multiple of `by` that makes it non-negative
    raised = add(x, number(shift))
    width = bits(0, max(raised.hi, by))
    term, divisor = _wide(raised, width, x.term.ctx), z3.BitVecVal(by, width, x.term.ctx)
    quotient = _made(z3.UDiv(term, divisor), 0, width_limit(width))
    rest = _made(z3.URem(term, divisor), 0, width_limit(width))
    exact = low + shift // by, high + shift // by
    return add(_narrowed(quotient, *exact), number(-shift // by)), _narrowed(rest, 0, min(by - 1, raised.hi))


def width_limit(width: int) -> int:
    """The largest number of so many bits."""
    return (1 << width) - 1


def _narrowed(x: Number, lo: int, hi: int) -> Number:
    """A number of which a smaller interval is known."""
    if lo == hi:
        return number(lo)
    return Number(_wide(x, bits(lo, hi), x.term.ctx), lo, hi)


def chosen_number(condition: Truth, then: Number, otherwise: Number) -> Number:
    """`then` where the condition is true, else `otherwise`."""
    if condition is True or condition is False:
        return then if condition else otherwise
    lo, hi = min(then.lo, otherwise.lo), max(then.hi, otherwise.hi)
    if then is otherwise or lo == hi:
        return then
    width = bits(lo, hi)
    return Number(z3.If(condition, _wide(then, width, condition.ctx), _wide(otherwise, width, condition.ctx)), lo, hi)


def same_number(x: Number, y: Number) -> Truth:
    """x == y."""
    if x is y:
        return True
    if x.hi < y.lo or y.hi < x.lo:
        return False
    if x.known and y.known:
        return True
    lo, hi = min(x.lo, y.lo), max(x.hi, y.hi)
    context, width = _context(x, y), bits(lo, hi)
    a, b = _wide(x, width, context), _wide(y, width, context)
    return True if a.eq(b) else a == b


def less(x: Number, y: Number) -> Truth:
    """x < y."""
    if x.hi < y.lo:
        return True
    if x.lo >= y.hi or x is y:
        return False
    lo, hi = min(x.lo, y.lo), max(x.hi, y.hi)
    context, width = _context(x, y), bits(lo, hi)
    a, b = _wide(x, width, context), _wide(y, width, context)
    return z3.ULT(a, b) if lo >= 0 else a < b


def total(numbers: Iterable[Number]) -> Number:
    """The sum, added in pairs: few bits as long as possible."""
    left = list(numbers) or [number(0)]
    while len(left) > 1:
        left = [add(*left[k : k + 2]) if k + 1 < len(left) else left[k] for k in range(0, len(left), 2)]
    return left[0]


def count(truths: Iterable[Truth]) -> Number:
    """How many are true."""
    return total(chosen_number(t, number(1), number(0)) for t in truths if t is not False)


# ---------------------------------------------------------------------- variables


class Variables:
    """Variables of one context, each with its name, and what is required of all of them together."""

    def __init__(self, context: Any, prefix: str) -> None:
        self.context, self.prefix = context, prefix
        self.terms: list[Any] = []
        self.required: list[Truth] = []

    def truth(self, name: str) -> Truth:
        """A truth value."""
        made = z3.Bool(self.prefix + name, self.context)
        self.terms.append(made)
        return made

    def number(self, name: str, lo: int, hi: int) -> Number:
        """A number of lo..hi."""
        if lo == hi:
            return number(lo)
        made = z3.BitVec(self.prefix + name, bits(lo, hi), self.context)
        self.terms.append(made)
        whole = (0, width_limit(bits(lo, hi))) if lo >= 0 else (-1 << bits(lo, hi) - 1, (1 << bits(lo, hi) - 1) - 1)
        free = Number(made, *whole)
        self.required += [negation(less(free, number(lo))), negation(less(number(hi), free))]
        return Number(made, lo, hi)

    def renamed(self, prefix: str) -> list[tuple[Any, Any]]:
        """(variable, the one of the same name under another prefix) for each."""
        return [(x, z3.Const(prefix + x.decl().name().removeprefix(self.prefix), x.sort())) for x in self.terms]
