"""The IR in z3: the value of every expression for states and parameters of which parts are terms.

The meaning is that of spec/ir/evaluate.py.  All operations are total: both sides of a choice are computed, and the one that
is not taken may be any value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.checker.smt import queues
from mcheck.checker.smt.shapes import outside
from mcheck.checker.smt.terms import (
    Number,
    Truth,
    add,
    all_of,
    any_of,
    both,
    chosen_number,
    count,
    divided,
    implied,
    less,
    multiply,
    negation,
    number,
    subtract,
    total,
)
from mcheck.checker.smt.values import (
    Copies,
    Entries,
    Fields,
    Items,
    Kinds,
    Members,
    Option,
    Value,
    as_kinds,
    as_option,
    choose,
    copies,
    equal,
    erased,
    filtered,
    inserted,
    lift,
    member,
    one_fewer,
    one_more,
    precedes,
    subset,
    united,
)
from mcheck.spec import InternalError
from mcheck.spec.domains.base import Domain
from mcheck.spec.ir.kinds import Nothing
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import CHANNEL_CHANGES
from mcheck.spec.ir.tree import Branch, Leaf, Tree
from mcheck.spec.maps import KeySpace


def anything(domain: Domain) -> Value:
    """Some value of the domain, where none is looked at."""
    return False if isinstance(domain, Nothing) else lift(domain.unrank(0))


class Reading:
    """The values of expressions for given states and parameters, each computed once."""

    def __init__(self, values: dict[str, Value], pause: Callable[[], None] = lambda: None) -> None:
        self.values, self._pause = values, pause
        self.bound: dict[int, Value] = {}
        self._known: dict[tuple[Any, ...], tuple[Value, tuple[Value, ...]]] = {}

    def of(self, node: Node) -> Value:
        """The value of an expression."""
        if node.op == "var":
            return self.bound[node.args[0]]
        bound = tuple(self.bound[v] for v in sorted(node.free))
        key = (node.id, *map(id, bound))
        found = self._known.get(key)
        if found is None:
            self._pause()
            operation = _OPERATIONS.get(node.op)
            if operation is None:
                raise InternalError(f"z3 has no operation {node.op!r}")
            # what it depends on is kept, so that no other value gets its identity
            found = self._known[key] = operation(self, node), bound
        return found[0]

    def bindings(self, node: Node) -> Iterator[Truth]:
        """For each element of the source of a quantifier, bound to its variable, whether there is one."""
        variable = node.args[0].args[0]
        outer = self.bound.get(variable)
        for there, value in tuple(self.elements(node.args[1])):
            if there is not False:
                self.bound[variable] = value
                yield there
        if outer is not None:
            self.bound[variable] = outer

    def elements(self, source: Node) -> Iterator[tuple[Truth, Value]]:
        """(whether there is one, value) of what a quantifier over `source` ranges over."""
        if source.op == "universe":
            return iter([(True, lift(x)) for x in source.domain.values()])
        if source.op == "interval":
            return iter([(True, number(k)) for k in range(source.args[0], source.args[1] + 1)])
        held = self.of(source)
        if isinstance(held, Items):
            return iter([(held.inside(k), x) for k, x in enumerate(held.items)])
        if isinstance(held, Copies):
            return iter([(less(number(0), n), x) for n, x in held.members.values()])
        return iter(held.members.values())

    def leaves(self, tree: Tree, so_far: Truth = True) -> Iterator[tuple[Truth, Leaf]]:
        """(the condition under which it is reached, leaf) of a decision tree."""
        if so_far is False:
            return
        if not isinstance(tree, Branch):
            yield so_far, tree
            return
        condition = self.of(tree.condition)
        yield from self.leaves(tree.then, both(so_far, condition))
        yield from self.leaves(tree.otherwise, both(so_far, negation(condition)))


Operation = Callable[[Reading, Node], Value]


def _binary(operation: Callable[[Any, Any], Value]) -> Operation:
    return lambda r, n: operation(r.of(n.args[0]), r.of(n.args[1]))


# ---------------------------------------------------------------------- records, unions, options


def _record(r: Reading, node: Node, cls: type) -> Fields:
    """The value of an expression that is a record of this class where it is looked at."""
    value = r.of(node)
    if isinstance(value, Option):
        value = value.value
    if isinstance(value, Kinds):
        value = value.kinds.get(cls, (False, None))[1]
    if isinstance(value, Fields) and value.cls is cls:
        return value
    made: Fields = anything(node.domain)
    return made


def _field(r: Reading, n: Node) -> Value:
    record, name = n.args
    return _record(r, record, record.domain.cls).fields[name]


def _common(r: Reading, n: Node) -> Value:
    union, name = n.args
    kinds = [k for k in as_kinds(r.of(union)).kinds.values() if name in k[1].fields]
    if not kinds:
        return anything(n.domain)
    result = kinds[-1][1].fields[name]
    for guard, record in kinds[:-1]:
        result = choose(guard, record.fields[name], result)
    return result


def _narrow(r: Reading, n: Node) -> Value:
    value = r.of(n.args[0])
    found = as_kinds(value.value if isinstance(value, Option) else value).kinds.get(n.args[1])
    return anything(n.domain) if found is None else found[1]


def _is_kind(r: Reading, n: Node) -> Truth:
    found = as_kinds(r.of(n.args[0])).kinds.get(n.args[1])
    return False if found is None else found[0]


def _make(r: Reading, n: Node) -> Value:
    cls, *values = n.args
    return Fields(cls, dict(zip(cls._fields, map(r.of, values), strict=True)))


def _update(r: Reading, n: Node) -> Value:
    record, names, *values = n.args
    before = _record(r, record, n.domain.cls)  # type: ignore[attr-defined]
    return Fields(before.cls, {**before.fields, **dict(zip(names, map(r.of, values), strict=True))})


def _the(r: Reading, n: Node) -> Value:
    value = as_option(r.of(n.args[0])).value
    return anything(n.domain) if value is None else value


# ---------------------------------------------------------------------- maps and channels


def positions(space: KeySpace, keys: tuple[Value, ...]) -> list[tuple[Truth, int]]:
    """(whether the keys are those, position) for each position of a key space that they may have."""
    found = []
    for k, key in enumerate(space.keys):
        parts = key if len(keys) > 1 else (key,)
        here = all_of(equal(x, lift(y)) for x, y in zip(keys, parts, strict=True))
        if here is not False:
            found.append((here, k))
    return found


def _keys(r: Reading, nodes: tuple[Any, ...]) -> tuple[Value, ...]:
    values = tuple(map(r.of, nodes))
    return values[0].items if len(values) == 1 and isinstance(values[0], Items) else values


def _entry(r: Reading, n: Node) -> Value:
    family, *keys = n.args
    entries = r.of(family).entries
    found = positions(family.domain.space, _keys(r, tuple(keys)))
    if not found:
        return anything(family.domain.value)
    result = entries[found[-1][1]]
    for here, k in reversed(found[:-1]):
        result = choose(here, entries[k], result)
    return result


def _select(r: Reading, n: Node) -> Value:
    entry = _entry(r, n)
    if queues.is_channels(n.args[0].domain):
        return queues.queue_of(entry)
    return entry


def _store(r: Reading, n: Node) -> Value:
    family, value, *keys = n.args
    entries, stored = list(r.of(family).entries), r.of(value)
    for here, k in positions(n.domain.space, _keys(r, tuple(keys))):  # type: ignore[attr-defined]
        entries[k] = choose(here, stored, entries[k])
    return Entries(tuple(entries))


def _family(r: Reading, n: Node) -> Value:
    return Entries(tuple([r.of(n.args[2]) for _ in r.bindings(n)]))


def _connected(r: Reading, n: Node) -> Truth:
    return as_option(_entry(r, n)).present if positions(n.args[0].domain.space, _keys(r, n.args[1:])) else False


def _change_of_channels(r: Reading, n: Node) -> Value:
    channels, *arguments = n.args
    return queues.changed(n.op, channels.domain.space, r.of(channels), tuple(map(r.of, arguments)))


# ---------------------------------------------------------------------- sets, bags, quantifiers


def _member(r: Reading, n: Node) -> Truth:
    x, holder = r.of(n.args[0]), r.of(n.args[1])
    if isinstance(holder, Items):
        return any_of(both(holder.inside(k), equal(x, item)) for k, item in enumerate(holder.items))
    if isinstance(holder, Copies):
        return less(number(0), copies(x, holder))
    return member(x, holder)


def _sent(r: Reading, n: Node) -> Truth:
    message, held, excuse = n.args
    possible = negation(outside(r.of(message), held.domain.member))
    return any_of((member(r.of(message), r.of(held)), both(r.of(excuse), possible)))


def _size(r: Reading, n: Node) -> Number:
    return count(guard for guard, _ in r.of(n.args[0]).members.values())


def _bag_size(r: Reading, n: Node) -> Number:
    return total(number for number, _ in r.of(n.args[0]).members.values())


def _comprehension(r: Reading, n: Node) -> Value:
    made = Members({})
    for there in r.bindings(n):
        guard = both(there, r.of(n.args[2]))
        if guard is not False:
            made = inserted(made, r.of(n.args[3]), guard)
    return made


def _exists(r: Reading, n: Node) -> Truth:
    return any_of([both(there, r.of(n.args[2])) for there in r.bindings(n)])


def _number(r: Reading, n: Node) -> Number:
    return count([both(there, r.of(n.args[2])) for there in r.bindings(n)])


def _extreme(better: Callable[[Value, Value], Truth]) -> Operation:
    def operation(r: Reading, n: Node) -> Value:
        found: Truth = False
        best: Value = None
        for there in r.bindings(n):
            here = both(there, r.of(n.args[2]))
            if here is False:
                continue
            value = r.of(n.args[3])
            best = value if best is None else choose(both(here, implied(found, better(value, best))), value, best)
            found = any_of((found, here))
        otherwise = r.of(n.args[4]) if len(n.args) > 4 else anything(n.domain)
        return otherwise if best is None else choose(found, best, otherwise)

    return operation


# ---------------------------------------------------------------------- sequences


def item(sequence: Items, k: Number, domain: Domain) -> Value:
    """The item at position k, which is inside."""
    inside = range(max(0, k.lo), min(k.hi + 1, len(sequence.items)))
    if not inside:
        return anything(domain)
    result = sequence.items[inside[-1]]
    for j in reversed(inside[:-1]):
        result = choose(equal(k, number(j)), sequence.items[j], result)
    return result


def _at(r: Reading, n: Node) -> Value:
    return item(r.of(n.args[0]), r.of(n.args[1]), n.domain)


def _slice(r: Reading, n: Node) -> Value:
    whole, start, stop = map(r.of, n.args)
    stop, start = _smaller(stop, whole.length), _smaller(start, whole.length)
    length = chosen_number(less(start, stop), subtract(stop, start), number(0))
    member_domain = n.domain.member  # type: ignore[attr-defined]
    longest = min(length.hi, len(whole.items))
    items = [item(whole, add(start, number(k)), member_domain) for k in range(longest)]
    return Items(length, tuple(items))


def _smaller(x: Number, y: Number) -> Number:
    return chosen_number(less(x, y), x, y)


def _maximum(x: Number, y: Number) -> Number:
    return chosen_number(less(x, y), y, x)


_OPERATIONS: dict[str, Operation] = {
    "const": lambda r, n: lift(n.args[0]),
    "param": lambda r, n: r.values[n.args[0]],
    "state": lambda r, n: r.values[n.args[0]],
    "field": _field,
    "common": _common,
    "narrow": _narrow,
    "is_kind": _is_kind,
    "make": _make,
    "update": _update,
    "present": lambda r, n: as_option(r.of(n.args[0])).present,
    "the": _the,
    "select": _select,
    "store": _store,
    "family": _family,
    "member": _member,
    "sent": _sent,
    "insert": _binary(inserted),
    "erase": _binary(erased),
    "union": _binary(united),
    "inter": _binary(lambda a, b: filtered(a, b, True)),
    "minus": _binary(lambda a, b: filtered(a, b, False)),
    "subset": _binary(subset),
    "size": _size,
    "bag_size": _bag_size,
    "comprehension": _comprehension,
    "exists": _exists,
    "number": _number,
    "biggest": _extreme(lambda x, best: precedes(best, x)),
    "smallest": _extreme(precedes),
    "sequence": lambda r, n: Items(number(len(n.args)), tuple(map(r.of, n.args))),
    "length": lambda r, n: r.of(n.args[0]).length,
    "at": _at,
    "slice": _slice,
    "concat": _binary(queues.joined),
    "copies": lambda r, n: copies(r.of(n.args[1]), r.of(n.args[0])),
    "bag_add": _binary(one_more),
    "bag_remove": _binary(one_fewer),
    "connected": _connected,
    **dict.fromkeys(CHANNEL_CHANGES, _change_of_channels),
    "add": _binary(add),
    "sub": _binary(subtract),
    "mul": _binary(multiply),
    "div": lambda r, n: divided(r.of(n.args[0]), n.args[1].value)[0],
    "mod": lambda r, n: divided(r.of(n.args[0]), n.args[1].value)[1],
    "minimum": _binary(_smaller),
    "maximum": _binary(_maximum),
    "lt": _binary(precedes),
    "eq": _binary(equal),
    "not": lambda r, n: negation(r.of(n.args[0])),
    "and": _binary(both),
    "or": lambda r, n: any_of((r.of(n.args[0]), r.of(n.args[1]))),
    "ite": lambda r, n: choose(r.of(n.args[0]), r.of(n.args[1]), r.of(n.args[2])),
}
