"""Specialising: a rule for one value of a parameter, simplified by what is then known.

With the ballot and the quorum known, `m.bal == b and m.acc in q` is a fixed part of the universe of messages, and a
quantifier over it one test of a mask.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcheck.spec.domains.containers import SetOf
from mcheck.spec.domains.scalars import Bools
from mcheck.spec.ir.nodes import BINDERS, Node
from mcheck.spec.ir.structures import Builder
from mcheck.spec.ir.tree import Answer, Branch, Tree, Update


class Specialisation:
    """What a rule says where a parameter has a known value."""

    def __init__(self, build: Builder, parameter: Node, value: Node) -> None:
        self.build = build
        self._done: dict[int, Node] = {parameter.id: value}

    def tree(self, tree: Tree) -> Tree:
        """The tree without the branches that are never taken."""
        if isinstance(tree, Branch):
            condition = self.node(tree.condition)
            if condition.is_const:
                return self.tree(tree.then if condition.value else tree.otherwise)
            return Branch(condition, self.tree(tree.then), self.tree(tree.otherwise))
        if isinstance(tree, Update):
            return Update({name: self.node(value) for name, value in tree.fields.items()}, tree.passed)
        return Answer(self.node(tree.value)) if isinstance(tree, Answer) else tree

    def node(self, node: Node) -> Node:
        """The expression."""
        known = self._done.get(node.id)
        if known is None:
            known = self._done[node.id] = self._rebuilt(node)
        return known

    def _rebuilt(self, node: Node) -> Node:
        build = self.build
        if node.op in BINDERS:
            variable, parts = build.open(node)
            inner = tuple(map(self.node, parts))
            source = self.node(node.args[1])
            if inner == parts and source is node.args[1]:
                return node
            return build.rebuild_binder(node, variable, source, inner)
        args = tuple(self.node(a) if isinstance(a, Node) else a for a in node.args)
        return node if args == node.args else build.rebuild(node, args)


def quantified(conditions: Iterable[Node], parameter: Node) -> bool:
    """Whether, in one of these expressions, a quantifier over a set of bits tests its members against the parameter.

    With the parameter known, so is the part of the universe that the test is true of.  A test that reads the state as well
    is not known any sooner.
    """
    reads: dict[int, bool] = {}
    stack, visited = list(conditions), set()
    while stack:
        node = stack.pop()
        if node.id in visited:
            continue
        visited.add(node.id)
        if node.op in BINDERS and isinstance(node.args[1].domain, SetOf) and _contains(node, parameter, reads):
            if any(_tests(part, node.args[0].args[0], parameter, reads) for part in node.args[2:]):
                return True
        stack += [a for a in node.args if isinstance(a, Node)]
    return False


def _tests(part: Node, variable: int, parameter: Node, reads: dict[int, bool]) -> bool:
    """Whether a condition inside a body is about the variable and the parameter, and not about the state."""
    stack, visited = [part], set()
    while stack:
        node = stack.pop()
        if node.id in visited or variable not in node.free or not _contains(node, parameter, reads):
            continue
        visited.add(node.id)
        if isinstance(node.domain, Bools) and _rigid(node):
            return True
        stack += [a for a in node.args if isinstance(a, Node)]
    return False


def _contains(node: Node, wanted: Node, known: dict[int, bool]) -> bool:
    """Whether an expression is inside another."""
    if node.id not in known:
        known[node.id] = node is wanted or any(_contains(a, wanted, known) for a in node.args if isinstance(a, Node))
    return known[node.id]


def _rigid(node: Node) -> bool:
    """Whether an expression does not depend on the state."""
    return node.op != "state" and all(_rigid(a) for a in node.args if isinstance(a, Node))
