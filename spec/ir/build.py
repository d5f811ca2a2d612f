"""Builder: makes expressions of truth values and integers, simplified by what is known of their intervals."""

from __future__ import annotations

from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.scalars import IntRange, Members, Scalarset
from mcheck.spec.errors import LanguageError
from mcheck.spec.ir.kinds import join
from mcheck.spec.ir.nodes import BOOL, Arena, Node


def ranks(domain: Domain) -> bool:
    """Whether values of the domain are compared by rank: enums and scalarsets."""
    return isinstance(domain, Members | Scalarset)


def precedes(x: Node, y: Node) -> bool:
    """The order of the arguments of a commutative operation: the same in every run of one trace.

    Open variables are made anew in each run, so an expression with one comes after those without; otherwise age decides.
    """
    return (any(n < 0 for n in x.free), x.id) < (any(n < 0 for n in y.free), y.id)


def split_offset(x: Node) -> tuple[Node | None, int]:
    """(y, c) with x = y + c; y is None for a constant."""
    if x.is_const:
        return None, int(x.value)
    if x.op == "add" and x.args[1].is_const:
        return x.args[0], x.args[1].value
    return x, 0


class ScalarBuilder(Arena):
    """Truth values, integers, and the choice between two expressions."""

    def truth(self, value: bool) -> Node:
        """true or false."""
        return self.const(value, BOOL)

    def integer(self, value: int) -> Node:
        """A number."""
        return self.const(value, IntRange(value, value))

    # ------------------------------------------------------------------ truth values

    def negation(self, x: Node) -> Node:
        """not x."""
        if x.is_const:
            return self.truth(not x.value)
        return x.args[0] if x.op == "not" else self.node("not", (x,), BOOL)

    def conjunction(self, x: Node, y: Node) -> Node:
        """x and y, x first: y may have no value where x is false."""
        if x.is_const:
            return y if x.value else x
        if y.is_const:
            return x if y.value else y
        if x is y:
            return x
        if self.negation(x) is y:
            return self.truth(False)
        return self.node("and", (x, y), BOOL)

    def disjunction(self, x: Node, y: Node) -> Node:
        """x or y, x first."""
        if x.is_const:
            return x if x.value else y
        if y.is_const:
            return y if y.value else x
        if x is y:
            return x
        if self.negation(x) is y:
            return self.truth(True)
        return self.node("or", (x, y), BOOL)

    def choice(self, condition: Node, then: Node, otherwise: Node) -> Node:
        """`then` where the condition is true, else `otherwise`; only that one needs to have a value."""
        if condition.is_const:
            return then if condition.value else otherwise
        if then is otherwise:
            return then
        if condition.op == "not":
            return self.choice(condition.args[0], otherwise, then)
        if condition.op == "present" and then.op == "the" and then.args == condition.args:
            if otherwise.is_const and otherwise.value is None:
                return condition.args[0]  # type: ignore[no-any-return]
        if then.domain is BOOL and otherwise.domain is BOOL:
            return self._chosen_truth(condition, then, otherwise)
        return self.node("ite", (condition, then, otherwise), join(then.domain, otherwise.domain))

    def _chosen_truth(self, condition: Node, then: Node, otherwise: Node) -> Node:
        """`a and b` is a where a is false, and `a or b` is a where a is true: there the value is known."""
        then, otherwise = self._given(condition, then, True), self._given(condition, otherwise, False)
        if then.is_const:
            return (
                self.disjunction(condition, otherwise)
                if then.value
                else self.conjunction(self.negation(condition), otherwise)
            )
        if otherwise.is_const:
            return (
                self.disjunction(self.negation(condition), then)
                if otherwise.value
                else self.conjunction(condition, then)
            )
        return self.node("ite", (condition, then, otherwise), BOOL)

    def _given(self, condition: Node, value: Node, truth: bool) -> Node:
        """A truth value where that of `condition` is known."""
        if value is condition:
            return self.truth(truth)
        return self.truth(not truth) if value is self.negation(condition) else value

    # ------------------------------------------------------------------ integers

    def _unit(self, x: Node, y: Node) -> str | None:
        if x.unit is not None and y.unit is not None and x.unit != y.unit:
            raise UnitClash(
                f"a value limited by {x.unit!r} meets one limited by {y.unit!r}: a {x.unit.removeprefix('max_')} is no {y.unit.removeprefix('max_')}"
            )
        return x.unit or y.unit

    def sum(self, x: Node, y: Node) -> Node:
        """x + y."""
        unit = self._unit(x, y)
        if x.is_const:
            x, y = y, x
        if y.is_const:
            if x.is_const:
                return self.integer(x.value + y.value)
            base, offset = split_offset(x)
            offset += y.value
            assert base is not None
            if offset == 0:
                return base
            return self.node("add", (base, self.integer(offset)), IntRange(base.lo + offset, base.hi + offset, unit))
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if (c or d) and left is not None and right is not None:
            return self.sum(self.sum(left, right), self.integer(c + d))
        if precedes(y, x):
            x, y = y, x
        return self.node("add", (x, y), IntRange(x.lo + y.lo, x.hi + y.hi, unit))

    def difference(self, x: Node, y: Node) -> Node:
        """x - y."""
        if y.is_const:
            return self.sum(x, self.integer(-y.value))
        unit = self._unit(x, y)
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if left is right:
            return self.integer(c - d)
        if (c or d) and left is not None and right is not None:
            return self.sum(self.difference(left, right), self.integer(c - d))
        return self.node("sub", (x, y), IntRange(x.lo - y.hi, x.hi - y.lo, unit))

    def product(self, x: Node, y: Node) -> Node:
        """x * y."""
        if x.is_const:
            x, y = y, x
        if x.is_const:
            return self.integer(x.value * y.value)
        if y.is_const and y.value in (0, 1):
            return x if y.value else y
        corners = [a * b for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
        return self.node("mul", (x, y), IntRange(min(corners), max(corners), self._unit(x, y)))

    def quotient(self, x: Node, y: int) -> Node:
        """x // y for a positive number y, rounded down as Python does."""
        if x.is_const:
            return self.integer(x.value // y)
        return self.node("div", (x, self.integer(y)), IntRange(x.lo // y, x.hi // y, x.unit))

    def remainder(self, x: Node, y: int) -> Node:
        """x % y for a positive number y: 0..y-1, as in Python."""
        if x.lo >= 0 and x.hi < y:
            return x
        return self.node("mod", (x, self.integer(y)), IntRange(0, y - 1))

    def least(self, x: Node, y: Node) -> Node:
        """min(x, y)."""
        return self._extreme("minimum", x, y)

    def greatest(self, x: Node, y: Node) -> Node:
        """max(x, y)."""
        return self._extreme("maximum", x, y)

    def _extreme(self, op: str, x: Node, y: Node) -> Node:
        unit = self._unit(x, y)
        pick = min if op == "minimum" else max
        below, above = (x, y) if op == "minimum" else (y, x)
        if x is y or below.hi <= above.lo:
            return x
        if above.hi <= below.lo:
            return y
        return self.node(op, (x, y), IntRange(pick(x.lo, y.lo), pick(x.hi, y.hi), unit))

    # ------------------------------------------------------------------ comparison

    def less(self, x: Node, y: Node) -> Node:
        """x < y, for integers."""
        self._unit(x, y)
        if x.hi < y.lo:
            return self.truth(True)
        if x.lo >= y.hi:
            return self.truth(False)
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if left is right:
            return self.truth(c < d)
        if left is not None and right is None:
            return self.node("lt", (left, self.integer(d - c)), BOOL)
        if left is None and right is not None:
            return self.node("lt", (self.integer(c - d), right), BOOL)
        if d > c and left is not None and right is not None:
            # one normal form for x < y + k and not (y + k <= x): the offset stands on the left
            return self.negation(self.node("lt", (self.sum(right, self.integer(d - c - 1)), left), BOOL))
        return self.node("lt", (self.sum(left, self.integer(c - d)) if left else x, right or y), BOOL)

    def equal_numbers(self, x: Node, y: Node) -> Node:
        """x == y, for integers."""
        self._unit(x, y)
        if x.hi < y.lo or y.hi < x.lo:
            return self.truth(False)
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if left is right:
            return self.truth(c == d)
        if right is None and left is not None:
            return self.node("eq", (left, self.integer(d - c)), BOOL)
        if left is None and right is not None:
            return self.node("eq", (right, self.integer(c - d)), BOOL)
        assert left is not None and right is not None
        if precedes(right, left):
            left, right, c, d = right, left, d, c
        return self.node("eq", (left, self.sum(right, self.integer(d - c))), BOOL)

    def equal_ranked(self, x: Node, y: Node) -> Node:
        """x == y, for members of one enum or scalarset."""
        if x is y:
            return self.truth(True)
        if x.is_const and y.is_const:
            return self.truth(x.value == y.value)
        if x.is_const or (not y.is_const and precedes(y, x)):
            x, y = y, x
        return self.node("eq", (x, y), BOOL)


class UnitClash(LanguageError):
    """Two integers of different units meet: a term and a position."""
