"""Whether the text of a rule is the same after renaming: symmetry decided from the traced form, without any state.

A traced rule names members of scalarsets only in constants: the quorums it lists, the servers a loop over `Node` runs
through.  If renaming those constants gives the same expressions, up to the order of operands where order means nothing, the
rule treats all members alike.
"""

from __future__ import annotations

from typing import Any

from mcheck.spec.domains.base import Domain, Renaming
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.tree import Answer, Blocked, Branch, Tree, Update
from mcheck.spec.tracing.trace import TracedRule

_UNORDERED = frozenset(("and", "or", "add", "mul", "minimum", "maximum", "union", "inter", "eq", "insert"))
"""Operations whose operands may be exchanged (`insert`: of a chain of them)."""


class _Shapes:
    """Numbers expressions so that two have one number exactly if they are the same up to the order of operands."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], int] = {}

    def number(self, shape: tuple[Any, ...]) -> int:
        return self._numbers.setdefault(shape, len(self._numbers))


class _Reader:
    """Reads the expressions of one rule under one renaming."""

    def __init__(self, shapes: _Shapes, renaming: Renaming) -> None:
        self.shapes, self.renaming = shapes, renaming
        self._known: dict[int, int] = {}

    def tree(self, tree: Tree) -> int:
        number = self.shapes.number
        if isinstance(tree, Branch):
            return number(("branch", self.node(tree.condition), self.tree(tree.then), self.tree(tree.otherwise)))
        if isinstance(tree, Update):
            return number(("update", *((name, self.node(value)) for name, value in tree.fields.items())))
        if isinstance(tree, Answer):
            return number(("answer", self.node(tree.value)))
        return number(("blocked", tree.reason) if isinstance(tree, Blocked) else ("fails", tree.message))

    def node(self, node: Node) -> int:
        known = self._known.get(node.id)
        if known is None:
            known = self._known[node.id] = self.shapes.number(self._shape(node))
        return known

    def _shape(self, node: Node) -> tuple[Any, ...]:
        if node.op == "const":
            value = node.args[0]
            renamed = rename(node.domain, value, self.renaming)
            return ("const", type(value), renamed)
        if node.op in _UNORDERED:
            return (node.op, *sorted(self._operands(node.op, node)))
        return (node.op, *(self.node(a) if isinstance(a, Node) else self._plain(a) for a in node.args))

    def _operands(self, op: str, node: Node) -> list[int]:
        """The operands of a chain of one operation."""
        found = []
        for argument in node.args:
            if argument.op == op and op != "eq":
                found += self._operands(op, argument)
            else:
                found.append(self.node(argument))
        return found

    @staticmethod
    def _plain(argument: Any) -> Any:
        return ("domain", id(argument)) if isinstance(argument, Domain) else argument


def rename(domain: Domain, value: Any, renaming: Renaming) -> Any:
    """A constant with the members it names renamed."""
    return value if value is None else domain.rename(value, renaming)


def unchanged(traced: TracedRule, renaming: Renaming) -> bool:
    """Whether a rule says the same after a renaming.  False may mean only that it says so in another way."""
    shapes = _Shapes()
    return _Reader(shapes, {}).tree(traced.tree) == _Reader(shapes, renaming).tree(traced.tree)
