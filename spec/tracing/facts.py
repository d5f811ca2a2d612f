"""Facts: what is known on one path, and the three-valued truth of a condition under it.

No solver: for each expression of few values the ranks it can still have, for each pair of integers the interval of their
difference, and every condition decided so far.  A condition is looked at whole, however large; only what stays unknown
is a decision.
"""

from __future__ import annotations

from mcheck.spec.domains.products import UnionOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.build import ranks, split_offset
from mcheck.spec.ir.nodes import Node

_FEW = 256
Possible = frozenset[int]
Span = tuple[int, int]


class Facts:
    """The facts of one path; a copy for each nested trace."""

    def __init__(self, outer: Facts | None = None) -> None:
        self._truth: dict[int, bool] = dict(outer._truth) if outer else {}
        self._possible: dict[int, Possible] = dict(outer._possible) if outer else {}
        self._spans: dict[tuple[int, int], Span] = dict(outer._spans) if outer else {}

    # ------------------------------------------------------------------ what is known

    def truth(self, condition: Node) -> bool | None:
        """True or False where the facts decide the condition, else None."""
        if condition.is_const:
            return bool(condition.value)
        known = self._truth.get(condition.id)
        if known is not None:
            return known
        op = condition.op
        if op == "not":
            inner = self.truth(condition.args[0])
            return None if inner is None else not inner
        if op in ("and", "or"):
            return self._junction(op == "and", condition)
        if op == "ite":
            return self._choice(condition)
        if op == "eq":
            return self._equality(*condition.args)
        if op == "lt":
            return self._order(*condition.args)
        if op == "is_kind":
            return self._kind(*condition.args)
        if op == "member":
            return self._membership(*condition.args)
        return None

    def _junction(self, conjunction: bool, condition: Node) -> bool | None:
        left, right = (self.truth(x) for x in condition.args)
        absorbing = not conjunction
        if left is absorbing or right is absorbing:
            return absorbing
        return conjunction if left is not None and right is not None else None

    def _choice(self, condition: Node) -> bool | None:
        test, then, otherwise = condition.args
        chosen = self.truth(test)
        if chosen is not None:
            return self.truth(then if chosen else otherwise)
        a, b = self.truth(then), self.truth(otherwise)
        return a if a is b else None

    def possible(self, x: Node) -> Possible | None:
        """The ranks (of an integer: the values) that x can still have; None if they are too many to list."""
        known = self._possible.get(x.id)
        if known is not None:
            return known
        if x.is_const:
            return frozenset((self._rank(x),))
        if isinstance(x.domain, IntRange):
            base, offset = split_offset(x)
            if base is not None and offset:
                inner = self.possible(base)
                return None if inner is None else frozenset(v + offset for v in inner)
            return frozenset(range(x.lo, x.hi + 1)) if x.hi - x.lo < _FEW else None
        if isinstance(x.domain, UnionOf):
            return frozenset(range(len(x.domain.kinds)))
        return frozenset(range(x.domain.cardinality)) if ranks(x.domain) else None

    def kinds(self, union: Node) -> tuple[type, ...]:
        """The classes that a value of a union can still have."""
        domain = union.domain
        assert isinstance(domain, UnionOf)
        possible = self.possible(union) or frozenset()
        return tuple(k.cls for n, k in enumerate(domain.kinds) if n in possible)

    @staticmethod
    def _rank(x: Node) -> int:
        return int(x.value) if isinstance(x.domain, IntRange) else x.domain.rank(x.value)

    def _bounds(self, x: Node) -> Span:
        known = self.possible(x)
        return (min(known), max(known)) if known else (x.lo, x.hi)

    def _span(self, x: Node, y: Node) -> Span:
        """An interval that contains x - y."""
        (xlo, xhi), (ylo, yhi) = self._bounds(x), self._bounds(y)
        lo, hi = xlo - yhi, xhi - ylo
        known = self._spans.get((x.id, y.id))
        return (lo, hi) if known is None else (max(lo, known[0]), min(hi, known[1]))

    def _equality(self, x: Node, y: Node) -> bool | None:
        if not (isinstance(x.domain, IntRange) or ranks(x.domain)):
            return None
        a, b = self.possible(x), self.possible(y)
        if a is not None and b is not None:
            if not a & b:
                return False
            if len(a) == len(b) == 1:
                return True
        (left, c), (right, d) = _offsets(x, y)
        if left is None or right is None or left is right:
            return None
        lo, hi = self._span(left, right)
        if not lo <= d - c <= hi:
            return False
        return True if lo == hi else None

    def _order(self, x: Node, y: Node) -> bool | None:
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if left is None or right is None:
            (xlo, xhi), (ylo, yhi) = self._bounds(x), self._bounds(y)
            lo, hi, limit = xlo - yhi, xhi - ylo, 0
        else:
            (lo, hi), limit = self._span(left, right), d - c
        return True if hi < limit else False if lo >= limit else None

    def _kind(self, union: Node, cls: type) -> bool | None:
        kinds = self.kinds(union)
        if cls not in kinds:
            return False
        return True if len(kinds) == 1 else None

    def _membership(self, x: Node, holder: Node) -> bool | None:
        possible = self.possible(x) if ranks(x.domain) or isinstance(x.domain, IntRange) else None
        if not holder.is_const or possible is None or not isinstance(holder.value, frozenset):
            return None
        inside = {x.domain.rank(m) if ranks(x.domain) else m for m in frozenset.__iter__(holder.value)}
        if possible <= inside:
            return True
        return None if possible & inside else False

    # ------------------------------------------------------------------ what becomes known

    def assume(self, condition: Node, value: bool) -> None:
        """Take a condition to be true or false from here on."""
        if condition.is_const or self._truth.get(condition.id) is not None:
            return
        self._truth[condition.id] = value
        op = condition.op
        if op == "not":
            self.assume(condition.args[0], not value)
        elif op in ("and", "or"):
            self._assume_junction(op == "and", condition, value)
        elif op == "eq":
            self._assume_equal(condition.args[0], condition.args[1], value)
        elif op == "lt":
            self._assume_less(condition.args[0], condition.args[1], value)
        elif op == "is_kind":
            self._assume_kind(condition.args[0], condition.args[1], value)
        elif op == "member" and condition.args[1].is_const:
            self._assume_member(condition.args[0], condition.args[1], value)

    def _assume_junction(self, conjunction: bool, condition: Node, value: bool) -> None:
        if value is conjunction:
            for part in condition.args:
                self.assume(part, value)
            return
        unknown = [p for p in condition.args if self.truth(p) is None]
        if len(unknown) == 1:
            self.assume(unknown[0], value)
        elif len(unknown) == 2:
            self._assume_either(unknown, value)

    def _assume_either(self, parts: list[Node], value: bool) -> None:
        """One of the parts has this truth: what an expression can be is the union of what each part allows."""
        branches = [Facts(self) for _ in parts]
        for branch, part in zip(branches, parts, strict=True):
            branch.assume(part, value)
        first, *others = branches
        for number, possible in first._possible.items():
            if all(number in b._possible for b in others):
                self._possible[number] = possible.union(*(b._possible[number] for b in others))

    def _narrow(self, x: Node, allowed: Possible) -> None:
        possible = self.possible(x)
        if possible is not None and not x.is_const:
            base, offset = split_offset(x) if isinstance(x.domain, IntRange) else (x, 0)
            self._possible[x.id] = possible & allowed
            if base is not None and offset:
                self._narrow(base, frozenset(v - offset for v in allowed))

    def _assume_equal(self, x: Node, y: Node, value: bool) -> None:
        a, b = (self.possible(n) if isinstance(n.domain, IntRange) or ranks(n.domain) else None for n in (x, y))
        if a is not None and b is not None:
            if value:
                self._narrow(x, b)
                self._narrow(y, a)
            elif len(b) == 1:
                self._narrow(x, a - b)
            elif len(a) == 1:
                self._narrow(y, b - a)
        (left, c), (right, d) = _offsets(x, y)
        if left is None or right is None:
            return
        lo, hi = self._span(left, right)
        target = d - c
        if value:
            self._know_span(left, right, (target, target))
        elif lo == target or hi == target:
            self._know_span(left, right, (lo + (lo == target), hi - (hi == target)))

    def _assume_less(self, x: Node, y: Node, value: bool) -> None:
        (xlo, xhi), (ylo, yhi) = self._bounds(x), self._bounds(y)
        if value:
            self._narrow_between(x, xlo, yhi - 1)
            self._narrow_between(y, xlo + 1, yhi)
        else:
            self._narrow_between(x, ylo, xhi)
            self._narrow_between(y, ylo, xhi)
        (left, c), (right, d) = split_offset(x), split_offset(y)
        if left is None or right is None:
            return
        lo, hi = self._span(left, right)
        self._know_span(left, right, (lo, min(hi, d - c - 1)) if value else (max(lo, d - c), hi))

    def _narrow_between(self, x: Node, lo: int, hi: int) -> None:
        possible = self.possible(x)
        if possible is not None:
            self._narrow(x, frozenset(v for v in possible if lo <= v <= hi))

    def _know_span(self, x: Node, y: Node, span: Span) -> None:
        self._spans[x.id, y.id] = span
        self._spans[y.id, x.id] = (-span[1], -span[0])

    def _assume_kind(self, union: Node, cls: type, value: bool) -> None:
        domain = union.domain
        assert isinstance(domain, UnionOf)
        this = frozenset(n for n, k in enumerate(domain.kinds) if k.cls is cls)
        possible = self.possible(union) or frozenset()
        self._possible[union.id] = possible & this if value else possible - this

    def _assume_member(self, x: Node, holder: Node, value: bool) -> None:
        possible = self.possible(x) if ranks(x.domain) else None
        if possible is not None and isinstance(holder.value, frozenset):
            inside = frozenset(x.domain.rank(m) for m in frozenset.__iter__(holder.value))
            self._narrow(x, inside if value else possible - inside)


def _offsets(x: Node, y: Node) -> tuple[tuple[Node | None, int], tuple[Node | None, int]]:
    if isinstance(x.domain, IntRange):
        return split_offset(x), split_offset(y)
    return (x, 0), (y, 0)
