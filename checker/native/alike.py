"""Alike: the members of a universe that a condition cannot tell apart.

Members that agree on everything a condition reads of them form a class with one mask; what remains is a condition for each
class, free of the member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import SetOf
from mcheck.spec.ir.evaluate import Evaluation
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import Builder

_MOST_CLASSES = 600


class Class(NamedTuple):
    """Members of a universe for which a condition (and a value) is the same expression."""

    parts: tuple[Node, ...]
    mask: int


def classes_of(build: Builder, variable: Node, domain: Domain, parts: tuple[Node, ...]) -> list[Class] | None:
    """The members of a universe by what the parts read of them; None if there are too many classes.

    Members for which the first part, the condition, is known to be false are left out.
    """
    if domain.cardinality > SetOf.LARGEST_UNIVERSE:
        return None
    reads = sorted(_reads(parts, variable), key=lambda n: n.id)
    needed = {node.id for node in _conjuncts(parts[0])}
    alike: dict[tuple[Any, ...], tuple[Any, int]] = {}
    for rank, member in enumerate(domain.values()):
        evaluation = Evaluation({})
        evaluation._bound[variable.args[0]] = member
        key: tuple[tuple[Any, Any], ...] = tuple(_value(read, evaluation) for read in reads)
        if any(value is False and read.id in needed for read, (_, value) in zip(reads, key, strict=True)):
            continue
        first, mask = alike.get(key, (member, 0))
        alike[key] = (first, mask | 1 << rank)
    if len(alike) > _MOST_CLASSES:
        return None
    merged: dict[tuple[int, ...], Class] = {}
    for member, mask in alike.values():
        constant = build.literal(member, domain)
        made = tuple(build.substitute(p, variable, constant) for p in parts)
        if made[0].is_const and not made[0].value:
            continue
        same = tuple(p.id for p in made)
        known = merged.get(same)
        merged[same] = Class(made, mask | (known.mask if known else 0))
    return list(merged.values())


_ACCESS = frozenset(("field", "common", "narrow", "the", "present", "is_kind"))


def _reads(parts: tuple[Node, ...], variable: Node) -> set[Node]:
    """What the parts read of the variable: its fields, fields of fields, kinds; or the variable itself; or whatever they
    compute from it and from nothing else, which tells fewer members apart than what goes into it."""
    number = variable.args[0]
    found: set[Node] = set()
    rigid: dict[int, bool] = {}
    stack, seen = list(parts), set()
    while stack:
        node = stack.pop()
        if number not in node.free or node.id in seen:
            continue
        seen.add(node.id)
        if _is_access(node, variable) or _reads_nothing_else(node, number, rigid):
            found.add(node)
        else:
            stack += [a for a in node.args if isinstance(a, Node)]
    return found


def _reads_nothing_else(node: Node, number: int, known: dict[int, bool]) -> bool:
    """Whether an expression has a value as soon as variable `number` has one."""
    if node.id not in known:
        known[node.id] = node.op not in ("state", "param") and all(
            _reads_nothing_else(a, number, known) for a in node.args if isinstance(a, Node)
        )
    return known[node.id] and node.free <= {number}


def _is_access(node: Node, variable: Node) -> bool:
    while node is not variable:
        if node.op not in _ACCESS:
            return False
        node = node.args[0]
    return True


def _conjuncts(node: Node) -> Iterator[Node]:
    """An expression, and all that must be true for it to be true."""
    yield node
    if node.op == "and":
        yield from _conjuncts(node.args[0])
        yield from _conjuncts(node.args[1])


def _value(read: Node, evaluation: Evaluation) -> tuple[Any, Any]:
    try:
        value = evaluation.of(read)
    except (AttributeError, KeyError):
        return (None, "nothing")  # a field of another kind: never read on a path that is taken
    return (type(value), value)
