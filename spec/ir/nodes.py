"""Node: one typed expression; Arena: where the expressions of one trace live, each distinct one once.

An expression has an operation, arguments and a domain.  The domain is nominal: it says of what kind the value is (a
Server, a set of Message); only for integers it is also exact, an interval that contains every value the expression can
take.  An integer may therefore leave the domain of the field it is going to be stored in: that is decided where a
successor is delivered, not here.

Operations by kind (`x`, `y` expressions; lower-case names are not expressions):

    const value · param name · state which, field · var number
    field x, name · common x, name · narrow x, cls · is_kind x, cls · make cls, … · update x, names, …
    present x · the x
    select x, key… · store x, value, key… · family vars, body
    member x, set · insert set, x · erase set, x · union/inter/minus · subset · size · comprehension var, source, condition, value
    exists/forall/number var, source, body · biggest/smallest var, source, condition, value[, default]
    universe · interval · (sources of quantifiers: the whole domain, a range; any set, bag or sequence is one as well)
    length · at seq, k · slice seq, lo, hi · append seq, x · concat · sequence …
    sent x, set, excuse (x is a member, or the excuse holds and x could be one)
    copies bag, x · bag_add · bag_remove · bag_size
    broadcast channels, src, set, x · disconnect channels, x · reset channels, x, y
    add sub mul mod div · minimum maximum · lt eq · and or not · ite c, x, y
"""

from __future__ import annotations

from typing import Any

from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.scalars import Bools, IntRange, Optional
from mcheck.spec.ir.kinds import NOTHING

BOOL = Bools()
NONE = Optional(NOTHING)


class Node:
    """One expression.  Nodes of an arena are equal exactly if they are identical; `id` numbers them in order of creation."""

    __slots__ = ("args", "domain", "free", "height", "id", "op")

    def __init__(self, op: str, args: tuple[Any, ...], domain: Domain, number: int) -> None:
        self.op, self.args, self.domain, self.id = op, args, domain, number
        nodes = [a for a in args if isinstance(a, Node)]
        self.free: frozenset[int] = frozenset().union(*(a.free for a in nodes)) if nodes else frozenset()
        """The numbers of the variables that occur free."""
        self.height: int = max((a.height for a in nodes), default=0)
        """Larger than the number of every variable bound inside."""

    @property
    def lo(self) -> int:
        """The smallest value (of an enum or scalarset: rank) this expression can have."""
        return self.domain.lo if isinstance(self.domain, IntRange) else 0

    @property
    def hi(self) -> int:
        """The largest value (of an enum or scalarset: rank) this expression can have."""
        return self.domain.hi if isinstance(self.domain, IntRange) else self.domain.cardinality - 1

    @property
    def unit(self) -> str | None:
        """The bound that limits this quantity: integers of different units do not meet."""
        return self.domain.unit if isinstance(self.domain, IntRange) else None

    @property
    def is_const(self) -> bool:
        """Whether the value is known."""
        return self.op == "const"

    @property
    def value(self) -> Any:
        """The known value of a constant."""
        return self.args[0]

    def __repr__(self) -> str:
        if self.op == "const":
            return repr(self.args[0])
        if self.op in ("param", "state"):
            return str(self.args[-1])
        if self.op == "var":
            return f"${self.args[0]}"
        return f"{self.op}({', '.join(a.__name__ if isinstance(a, type) else repr(a) for a in self.args)})"


class Arena:
    """The expressions of one trace, shared: building the same expression twice gives the same object.

    It belongs to that trace alone: its intervals hold for its instance only.
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self._opened = 0

    def node(self, op: str, args: tuple[Any, ...], domain: Domain) -> Node:
        """The node with this operation and these arguments."""
        key = (op, *((a.id,) if isinstance(a, Node) else a for a in args))
        if op in ("interval", "var", "param"):
            key = (*key, domain if op != "interval" else None)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(op, args, domain, len(self._nodes))
            if op == "var":
                found.free = frozenset((args[0],))
                found.height = max(0, args[0])
        return found

    def const(self, value: Any, domain: Domain) -> Node:
        """A known value."""
        if value is None:
            domain = NONE
        elif isinstance(domain, Optional):
            domain = domain.inner
        key: tuple[Any, ...] = ("const", type(value), value)
        if isinstance(value, tuple | frozenset):
            key = (*key, domain)
        found = self._nodes.get(key)
        if found is None and isinstance(value, tuple | frozenset):
            # a domain made along the way is made anew in every run: it is told by what it says of itself
            alike = ("const", type(value), value, type(domain), domain.describe())
            found = self._nodes.get(alike)
            if found is None:
                found = self._nodes[alike] = Node("const", (value,), domain, len(self._nodes))
            self._nodes[key] = found
        elif found is None:
            found = self._nodes[key] = Node("const", (value,), domain, len(self._nodes))
        return found

    def open_variable(self, domain: Domain) -> Node:
        """A variable that occurs nowhere else, for the body of a quantifier that is being built."""
        self._opened += 1
        return self.node("var", (-self._opened,), domain)

    # ------------------------------------------------------------------ binding

    def bind(self, op: str, variable: Node, source: Node, parts: tuple[Node, ...], domain: Domain) -> Node:
        """The quantifier `op` over `source` that binds the open `variable` in `parts`.

        The bound variable is numbered by the height of the parts, so that quantifiers that differ in the name of their
        variable only are one node, and no variable is captured.
        """
        number = 1 + max(p.height for p in parts)
        bound = self.node("var", (number,), variable.domain)
        closed = tuple(self.substitute(p, variable, bound) for p in parts)
        made = self.node(op, (bound, source, *closed), domain)
        made.free = source.free | (frozenset().union(*(p.free for p in closed)) - {number})
        return made

    def open(self, quantifier: Node) -> tuple[Node, tuple[Node, ...]]:
        """An open variable, and the parts of a quantifier in terms of it."""
        bound, _, *parts = quantifier.args
        variable = self.open_variable(bound.domain)
        return variable, tuple(self.substitute(p, bound, variable) for p in parts)

    def substitute(self, node: Node, variable: Node, replacement: Node) -> Node:
        """`node` with the free occurrences of `variable` replaced."""
        return self._substitute(node, variable, replacement, {})

    def _substitute(self, node: Node, variable: Node, new: Node, done: dict[int, Node]) -> Node:
        if variable.args[0] not in node.free:
            return node
        known = done.get(node.id)
        if known is None:
            known = done[node.id] = self._rebuilt(node, variable, new, done)
        return known

    def _rebuilt(self, node: Node, variable: Node, new: Node, done: dict[int, Node]) -> Node:
        if node is variable:
            return new
        if node.op in BINDERS:
            source = self._substitute(node.args[1], variable, new, done)
            opened, parts = self.open(node)
            return self.rebuild_binder(node, opened, source, tuple(self.substitute(p, variable, new) for p in parts))
        args = tuple(self._substitute(a, variable, new, done) if isinstance(a, Node) else a for a in node.args)
        return self.rebuild(node, args)

    def rebuild(self, node: Node, args: tuple[Any, ...]) -> Node:
        """`node` with other arguments; a builder simplifies here."""
        return self.node(node.op, args, node.domain)

    def rebuild_binder(self, node: Node, variable: Node, source: Node, parts: tuple[Node, ...]) -> Node:
        """A quantifier with another source and body; a builder simplifies here."""
        return self.bind(node.op, variable, source, parts, node.domain)


BINDERS = frozenset(("exists", "forall", "number", "biggest", "smallest", "comprehension", "family"))
"""The operations that bind a variable: (var, source, part, …)."""
