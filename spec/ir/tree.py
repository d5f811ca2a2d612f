"""Decision trees: what tracing makes of an action or a property."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mcheck.spec.ir.nodes import Node


@dataclass
class Branch:
    """Where the condition is true `then` follows, else `otherwise`."""

    condition: Node
    then: Tree
    otherwise: Tree


@dataclass(frozen=True)
class Blocked:
    """The action is not enabled: the guard with this reason is false."""

    reason: str
    passed: frozenset[str] = frozenset()
    """The guards that are true on the way there."""


@dataclass(frozen=True)
class Update:
    """The action leads to the state in which these fields have these values; the others keep theirs.

    The values may leave their domains: the successor is then cut, or an error, by the rule of `Domain.admit`.
    """

    fields: dict[str, Node] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    """The guards that are true on the way there."""


@dataclass(frozen=True)
class Answer:
    """A property (or constraint, or refinement mapping) has this value."""

    value: Node


@dataclass(frozen=True)
class Fails:
    """The function raises: an index out of range, a field of None, the maximum of nothing."""

    message: str
    place: str | None


Leaf = Blocked | Update | Answer | Fails
Tree = Branch | Leaf


def leaves(tree: Tree) -> Iterator[Leaf]:
    """All leaves, the true branch first."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Branch):
            stack += [node.otherwise, node.then]
        else:
            yield node


def conditions(tree: Tree) -> Iterator[Node]:
    """The conditions of all branches."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Branch):
            yield node.condition
            stack += [node.otherwise, node.then]


def paths(tree: Tree) -> int:
    """The number of leaves."""
    return sum(1 for _ in leaves(tree))


def reduced(tree: Tree) -> Tree:
    """The tree without decisions that change nothing: both of their sides are the same."""
    if not isinstance(tree, Branch):
        return tree
    then, otherwise = reduced(tree.then), reduced(tree.otherwise)
    return then if then == otherwise else Branch(tree.condition, then, otherwise)
