"""Evaluator: the meaning of the typed IR, in plain values.  Everything compiled from the IR is measured against this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.channels import make_channels
from mcheck.spec.domains.products import ChannelsOf
from mcheck.spec.errors import InternalError
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import as_key
from mcheck.spec.ir.tree import Branch, Leaf, Tree
from mcheck.spec.maps import make_map
from mcheck.spec.records import make
from mcheck.spec.sets import Set, plain, sorted_members

Environment = dict[str, Any]


class Evaluation:
    """The values of expressions for given states and parameters.

    Expressions without free variables are computed once; branches that are not taken are not computed, as they may have
    no value.
    """

    def __init__(self, values: Environment) -> None:
        self._values = values
        self._known: dict[int, Any] = {}
        self._bound: dict[int, Any] = {}

    def of(self, node: Node) -> Any:
        """The value of an expression."""
        if node.op == "const":
            return node.args[0]
        if not node.free and node.id in self._known:
            return self._known[node.id]
        operation = _OPERATIONS.get(node.op)
        if operation is None:
            raise InternalError(f"the evaluator has no operation {node.op!r}")
        value = operation(self, node)
        if not node.free:
            self._known[node.id] = value
        return value

    def named(self, name: str) -> Any:
        """A state or parameter."""
        return self._values[name]

    def variable(self, number: int) -> Any:
        """The value of a bound variable."""
        return self._bound[number]

    def bindings(self, node: Node) -> Iterator[Any]:
        """The elements of the source of a quantifier, each bound to its variable in turn."""
        number = node.args[0].args[0]
        elements = list(self.elements(node.args[1]))
        outer = self._bound.get(number)
        for element in elements:
            self._bound[number] = element
            yield element
        self._bound[number] = outer

    def elements(self, source: Node) -> Iterator[Any]:
        """The elements a quantifier over `source` ranges over, in a fixed order."""
        if source.op == "universe":
            return source.domain.values()
        if source.op == "interval":
            return iter(range(source.args[0], source.args[1] + 1))
        held = self.of(source)
        if isinstance(held, Bag):
            return iter([m for m, _ in counts_of(held)])
        return iter(sorted_members(held)) if isinstance(held, Set) else iter(held)

    def walk(self, tree: Tree) -> Leaf:
        """The leaf that the decisions of a tree lead to."""
        while isinstance(tree, Branch):
            tree = tree.then if self.of(tree.condition) else tree.otherwise
        return tree


Operation = Callable[[Evaluation, Node], Any]


def _binary(operation: Callable[[Any, Any], Any]) -> Operation:
    return lambda e, n: operation(e.of(n.args[0]), e.of(n.args[1]))


def _update(e: Evaluation, n: Node) -> Any:
    record, names, *values = n.args
    return e.of(record).replace(**{name: e.of(v) for name, v in zip(names, values, strict=True)})


def _key(e: Evaluation, nodes: tuple[Any, ...]) -> Any:
    return as_key(tuple(e.of(k) for k in nodes))


def _store(e: Evaluation, n: Node) -> Any:
    family, value, *keys = n.args
    held, key, stored = e.of(family), _key(e, tuple(keys)), e.of(value)
    if isinstance(n.domain, ChannelsOf):
        queues = [stored if pair == key else queue for pair, queue in held.queues()]
        return make_channels(tuple.__getitem__(held, 0), queues)
    return held.set(key, stored)


def _family(e: Evaluation, n: Node) -> Any:
    values = [e.of(n.args[2]) for _ in e.bindings(n)]
    return make_map(n.domain.space, values)  # type: ignore[attr-defined]


def _member(e: Evaluation, n: Node) -> bool:
    return e.of(n.args[0]) in e.of(n.args[1])


def _sent(e: Evaluation, n: Node) -> bool:
    message, held = e.of(n.args[0]), e.of(n.args[1])
    return message in held or (e.of(n.args[2]) and n.args[1].domain.member.contains(message))


def _comprehension(e: Evaluation, n: Node) -> Any:
    return plain([e.of(n.args[3]) for _ in e.bindings(n) if e.of(n.args[2])])


def _extreme(pick: Callable[..., Any]) -> Operation:
    def operation(e: Evaluation, n: Node) -> Any:
        values = [e.of(n.args[3]) for _ in e.bindings(n) if e.of(n.args[2])]
        return pick(values) if values else e.of(n.args[4])

    return operation


def _size(e: Evaluation, n: Node) -> int:
    return len(e.of(n.args[0]))


def _broadcast(e: Evaluation, n: Node) -> Any:
    channels, src, to, message = (e.of(x) for x in n.args)
    queues = [(*q, message) if i == src and j in to else q for (i, j), q in channels.queues()]
    return make_channels(tuple.__getitem__(channels, 0), queues)


_OPERATIONS: dict[str, Operation] = {
    "param": lambda e, n: e.named(n.args[0]),
    "state": lambda e, n: e.named(n.args[0]),
    "var": lambda e, n: e.variable(n.args[0]),
    "field": lambda e, n: getattr(e.of(n.args[0]), n.args[1]),
    "common": lambda e, n: getattr(e.of(n.args[0]), n.args[1]),
    "narrow": lambda e, n: e.of(n.args[0]),
    "is_kind": lambda e, n: type(e.of(n.args[0])) is n.args[1],
    "make": lambda e, n: make(n.args[0], [e.of(x) for x in n.args[1:]]),
    "update": _update,
    "present": lambda e, n: e.of(n.args[0]) is not None,
    "the": lambda e, n: e.of(n.args[0]),
    "select": lambda e, n: e.of(n.args[0])[_key(e, n.args[1:])],
    "store": _store,
    "family": _family,
    "member": _member,
    "sent": _sent,
    "insert": lambda e, n: e.of(n.args[0]).add(e.of(n.args[1])),
    "erase": lambda e, n: e.of(n.args[0]).remove(e.of(n.args[1])),
    "union": _binary(lambda a, b: a | b),
    "inter": _binary(lambda a, b: a & b),
    "minus": _binary(lambda a, b: a - b),
    "subset": _binary(lambda a, b: a <= b),
    "size": _size,
    "bag_size": _size,
    "comprehension": _comprehension,
    "exists": lambda e, n: any([e.of(n.args[2]) for _ in e.bindings(n)]),  # noqa: C419 - quantifiers look at every element
    "number": lambda e, n: [e.of(n.args[2]) for _ in e.bindings(n)].count(True),
    "biggest": _extreme(max),
    "smallest": _extreme(min),
    "sequence": lambda e, n: tuple(e.of(x) for x in n.args),
    "length": _size,
    "at": lambda e, n: e.of(n.args[0])[e.of(n.args[1])],
    "slice": lambda e, n: e.of(n.args[0])[e.of(n.args[1]) : e.of(n.args[2])],
    "concat": _binary(lambda a, b: a + b),
    "copies": lambda e, n: e.of(n.args[0]).count(e.of(n.args[1])),
    "bag_add": lambda e, n: e.of(n.args[0]).add(e.of(n.args[1])),
    "bag_remove": lambda e, n: e.of(n.args[0]).remove(e.of(n.args[1])),
    "broadcast": _broadcast,
    "disconnect": lambda e, n: e.of(n.args[0]).disconnect(e.of(n.args[1])),
    "reset": lambda e, n: e.of(n.args[0]).reset(e.of(n.args[1]), e.of(n.args[2])),
    "add": _binary(lambda a, b: a + b),
    "sub": _binary(lambda a, b: a - b),
    "mul": _binary(lambda a, b: a * b),
    "div": _binary(lambda a, b: a // b),
    "mod": _binary(lambda a, b: a % b),
    "minimum": _binary(min),
    "maximum": _binary(max),
    "lt": _binary(lambda a, b: a < b),
    "eq": _binary(lambda a, b: a == b),
    "not": lambda e, n: not e.of(n.args[0]),
    "and": lambda e, n: e.of(n.args[0]) and e.of(n.args[1]),
    "or": lambda e, n: e.of(n.args[0]) or e.of(n.args[1]),
    "ite": lambda e, n: e.of(n.args[1] if e.of(n.args[0]) else n.args[2]),
}
