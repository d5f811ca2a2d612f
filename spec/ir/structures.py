"""Builder for records, maps, sets, sequences, bags and channels, and for the quantifiers over them."""

from __future__ import annotations

from typing import Any

from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Optional
from mcheck.spec.ir.build import ScalarBuilder, precedes, ranks
from mcheck.spec.ir.kinds import NOTHING, Nothing, fits, join
from mcheck.spec.ir.nodes import BOOL, Node
from mcheck.spec.maps import KeySpace
from mcheck.spec.sets import plain


def as_key(keys: tuple[Any, ...]) -> Any:
    """The key that these values form: the value itself, or a tuple of several."""
    return keys[0] if len(keys) == 1 else keys


class Builder(ScalarBuilder):
    """All expressions of a trace are made here; each constructor simplifies what it can see to be simpler."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, str] = {}
        """Of each `sent`, the line of the spec that asks first."""

    # ------------------------------------------------------------------ equality

    def equal(self, x: Node, y: Node) -> Node:
        """x == y."""
        if x is y:
            return self.truth(True)
        if isinstance(x.domain, IntRange) and isinstance(y.domain, IntRange):
            return self.equal_numbers(x, y)
        if ranks(x.domain) and ranks(y.domain):
            return self.equal_ranked(x, y)
        if x.is_const and y.is_const:
            return self.truth(x.value == y.value)
        if isinstance(x.domain, Bools) and isinstance(y.domain, Bools):
            return self.choice(x, y, self.negation(y))
        if isinstance(x.domain, RecordOf) and isinstance(y.domain, RecordOf):
            return self._equal_records(x, y, x.domain, y.domain)
        if precedes(y, x):
            x, y = y, x
        return self.node("eq", (x, y), BOOL)

    def _equal_records(self, x: Node, y: Node, left: RecordOf, right: RecordOf) -> Node:
        if left.cls is not right.cls:
            return self.truth(False)
        if not ({x.op, y.op} & {"make", "update"}):
            if precedes(y, x):
                x, y = y, x
            return self.node("eq", (x, y), BOOL)
        result = self.truth(True)
        for name in left.fields:
            result = self.conjunction(result, self.equal(self.field(x, name), self.field(y, name)))
        return result

    # ------------------------------------------------------------------ records, unions, options

    def make(self, domain: RecordOf, values: list[Node]) -> Node:
        """The record with these values in field order."""
        return self.node("make", (domain.cls, *values), domain)

    def update(self, record: Node, changes: dict[str, Node]) -> Node:
        """The record with other values in the named fields."""
        if record.op == "make":
            names = list(record.domain.fields)  # type: ignore[attr-defined]
            values = [changes.get(n, v) for n, v in zip(names, record.args[1:], strict=True)]
            return self.make(record.domain, values)  # type: ignore[arg-type]
        if record.op == "update":
            base, names, *values = record.args
            changes = {**dict(zip(names, values, strict=True)), **changes}
            record = base
        kept = {n: v for n, v in changes.items() if self.field(record, n) is not v}
        if not kept:
            return record
        return self.node("update", (record, tuple(kept), *kept.values()), record.domain)

    def field(self, record: Node, name: str) -> Node:
        """A field of a record."""
        domain = record.domain
        assert isinstance(domain, RecordOf)
        if record.op == "make":
            return record.args[1 + list(domain.fields).index(name)]  # type: ignore[no-any-return]
        if record.op == "update":
            base, names, *values = record.args
            return values[names.index(name)] if name in names else self.field(base, name)
        if record.is_const:
            part = domain.fields[name]
            # total: a branch that is never taken may read a field of a message of another kind
            value = getattr(record.value, name) if isinstance(record.value, domain.cls) else part.unrank(0)
            return self.literal(value, part)
        if record.op == "ite":
            condition, then, otherwise = record.args
            return self.choice(condition, self.field(then, name), self.field(otherwise, name))
        if record.op == "narrow" and _in_every_kind(record.args[0].domain, name):
            # one expression, whether it is read before the kind is known or after
            return self.common(record.args[0], name, domain.fields[name])
        return self.node("field", (record, name), domain.fields[name])

    def common(self, union: Node, name: str, domain: Domain) -> Node:
        """A field that every possible kind of a union has, with the same domain."""
        # total, as above: where the field is missing, the branch is never taken
        if isinstance(union.domain, RecordOf):
            return self.field(union, name) if name in union.domain.fields else self.literal(domain.unrank(0), domain)
        if union.is_const:
            there = name in getattr(type(union.value), "_fields", ())
            return self.literal(getattr(union.value, name) if there else domain.unrank(0), domain)
        if union.op == "ite":
            condition, then, otherwise = union.args
            return self.choice(condition, self.common(then, name, domain), self.common(otherwise, name, domain))
        return self.node("common", (union, name), domain)

    def narrow(self, union: Node, kind: RecordOf) -> Node:
        """The value of a union, known to be of this kind."""
        if isinstance(union.domain, RecordOf):
            return union
        if union.is_const:
            return self.const(union.value, kind)
        return self.node("narrow", (union, kind.cls), kind)

    def is_kind(self, union: Node, cls: type) -> Node:
        """Whether a record, or a value of a union, is of this class."""
        domain = union.domain
        if union.is_const:
            return self.truth(type(union.value) is cls)
        if isinstance(domain, RecordOf):
            return self.truth(domain.cls is cls)
        assert isinstance(domain, UnionOf)
        if cls not in domain.by_class:
            return self.truth(False)
        if union.op == "ite":
            condition, then, otherwise = union.args
            return self.choice(condition, self.is_kind(then, cls), self.is_kind(otherwise, cls))
        return self.node("is_kind", (union, cls), BOOL)

    def present(self, option: Node) -> Node:
        """Whether an optional value is not None."""
        if option.is_const:
            return self.truth(option.value is not None)
        if not isinstance(option.domain, Optional):
            return self.truth(True)
        if option.op == "ite":
            condition, then, otherwise = option.args
            return self.choice(condition, self.present(then), self.present(otherwise))
        return self.node("present", (option,), BOOL)

    def the(self, option: Node) -> Node:
        """The value of an option that is not None."""
        if not isinstance(option.domain, Optional):
            return option
        if option.is_const:
            return self.literal(option.value, option.domain.inner)
        if option.op == "ite":
            condition, then, otherwise = option.args
            none = [b.is_const and b.value is None for b in (then, otherwise)]
            if none[0] and not none[1]:
                return self.the(otherwise)
            if none[1] and not none[0]:
                return self.the(then)
        return self.node("the", (option,), option.domain.inner)

    # ------------------------------------------------------------------ maps

    def select(self, family: Node, keys: tuple[Node, ...]) -> Node:
        """The value of a map at a key; of channels the queue, which is empty where there is no connection."""
        domain = family.domain
        assert isinstance(domain, MapOf | ChannelsOf)
        if family.op == "store":
            base, value, *stored = family.args
            same = self._same_key(tuple(stored), keys)
            return self.choice(same, value, self.select(base, keys))
        if family.op == "family":
            variable, (body,) = self.open(family)
            if len(keys) == 1 or variable.args[0] not in body.free:
                return self.substitute(body, variable, keys[0])
        if family.op == "ite":
            condition, then, otherwise = family.args
            return self.choice(condition, self.select(then, keys), self.select(otherwise, keys))
        if family.op in CHANNEL_CHANGES:
            return self._queue_after(family, keys)
        if family.is_const:
            constant = self._constant_entry(family, keys, domain)
            if constant is not None:
                return constant
        return self.node("select", (family, *keys), domain.value if isinstance(domain, MapOf) else domain.queue)

    def _queue_after(self, channels: Node, keys: tuple[Node, ...]) -> Node:
        """One queue after a change of channels."""
        op, (base, *args) = channels.op, channels.args
        queue = self.select(base, keys)
        domain = queue.domain
        assert isinstance(domain, SequenceOf)
        if op in ("connect", "disconnect"):
            return self.choice(self._affects(channels, keys), self.const((), domain), queue)
        here = self._affects(channels, keys)
        if op == "receive":
            return self.choice(here, self.slice(queue, self.integer(1), self.length(queue)), queue)
        sent = self.conjunction(here, self.connected(base, keys))
        return self.choice(sent, self.concat(queue, self.sequence([args[-1]], domain.member)), queue)

    def _affects(self, channels: Node, keys: tuple[Node, ...]) -> Node:
        """Whether a change of channels is about the one at these keys."""
        _, a, *rest = channels.args
        i, j = keys
        if channels.op == "broadcast":
            return self.conjunction(self.equal(i, a), self.member(j, rest[0]))
        if channels.op == "disconnect" and not rest:
            return self.disjunction(self.equal(i, a), self.equal(j, a))
        there = self.conjunction(self.equal(i, a), self.equal(j, rest[0]))
        if channels.op in ("send", "receive"):
            return there
        return self.disjunction(there, self.conjunction(self.equal(i, rest[0]), self.equal(j, a)))

    def connected(self, channels: Node, keys: tuple[Node, ...]) -> Node:
        """Whether there is a connection between two nodes; false of a node and itself."""
        domain, op = channels.domain, channels.op
        assert isinstance(domain, ChannelsOf)
        i, j = keys
        different = self.negation(self.equal(i, j))
        if different.is_const and not different.value:
            return different
        if op in ("connect", "disconnect"):
            changed, before = self._affects(channels, keys), self.connected(channels.args[0], keys)
            if op == "disconnect":
                return self.conjunction(before, self.negation(changed))
            return self.conjunction(different, self.disjunction(changed, before))
        if op in CHANNEL_CHANGES:
            return self.connected(channels.args[0], keys)
        if op == "ite":
            condition, then, otherwise = channels.args
            return self.choice(condition, self.connected(then, keys), self.connected(otherwise, keys))
        if channels.is_const:
            queues = tuple(tuple.__iter__(channels.value))[1:]
            if i.is_const and j.is_const:
                return self.truth(queues[domain.space.position[i.value, j.value] - 1] is not None)
            if len({queue is None for queue in queues}) == 1:
                return different if queues[0] is not None else self.truth(False)
        return self.conjunction(different, self.node("connected", (channels, i, j), BOOL))

    def _constant_entry(self, family: Node, keys: tuple[Node, ...], domain: MapOf | ChannelsOf) -> Node | None:
        entries = tuple(tuple.__iter__(family.value))[1:]
        if all(k.is_const for k in keys):
            # total: a branch that is never taken may read at what is no key
            position = domain.space.position.get(as_key(tuple(k.value for k in keys)), 1)
            return self._entry_of(domain, entries[position - 1])
        if len(set(entries)) == 1:
            return self._entry_of(domain, entries[0])
        return None

    def _entry_of(self, domain: MapOf | ChannelsOf, entry: Any) -> Node:
        if isinstance(domain, ChannelsOf):
            return self.literal(entry or (), domain.queue)
        return self.literal(entry, domain.value)

    def literal(self, value: Any, domain: Domain) -> Node:
        """A plain value as a constant of this domain; an integer has the interval of its value alone."""
        return self.integer(value) if type(value) is int else self.const(value, domain)

    def _same_key(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> Node:
        result = self.truth(True)
        for x, y in zip(a, b, strict=True):
            result = self.conjunction(result, self.equal(x, y))
        return result

    def store(self, family: Node, keys: tuple[Node, ...], value: Node) -> Node:
        """The map that differs at one key."""
        domain = family.domain
        assert isinstance(domain, MapOf)
        if family.op == "store" and tuple(family.args[2:]) == keys:
            family = family.args[0]
        joined = join(domain.value, value.domain) if not isinstance(value.domain, Nothing) else domain.value
        made = domain if joined is domain.value else MapOf(domain.keys, domain.space, joined)
        return self.node("store", (family, value, *keys), made)

    def family(self, variable: Node, keys: Domain, space: KeySpace, body: Node) -> Node:
        """The map whose value at the variable is `body`."""
        domain = MapOf(keys, space, body.domain)
        return self.bind("family", variable, self.node("universe", (keys,), keys), (body,), domain)

    # ------------------------------------------------------------------ sets

    def member(self, x: Node, holder: Node) -> Node:
        """Whether x is in a set, bag or sequence."""
        op = holder.op
        if op == "insert":
            return self.disjunction(self.equal(x, holder.args[1]), self.member(x, holder.args[0]))
        if op == "erase":
            return self.conjunction(self.member(x, holder.args[0]), self.negation(self.equal(x, holder.args[1])))
        if op == "union":
            return self.disjunction(self.member(x, holder.args[0]), self.member(x, holder.args[1]))
        if op == "ite":
            condition, then, otherwise = holder.args
            return self.choice(condition, self.member(x, then), self.member(x, otherwise))
        if op == "inter":
            return self.conjunction(self.member(x, holder.args[0]), self.member(x, holder.args[1]))
        if op == "minus":
            return self.conjunction(self.member(x, holder.args[0]), self.negation(self.member(x, holder.args[1])))
        if op == "comprehension" and holder.args[3] is holder.args[0]:
            variable, (condition, _) = self.open(holder)
            inside = self.member(x, holder.args[1])
            return self.conjunction(inside, self.substitute(condition, variable, x))
        if op == "universe":
            return self.truth(True)
        if op == "interval":
            first, last = (self.integer(k) for k in holder.args)
            return self.conjunction(self.negation(self.less(x, first)), self.negation(self.less(last, x)))
        if holder.is_const:
            return self._member_of_constant(x, holder)
        return self.node("member", (x, holder), BOOL)

    def _member_of_constant(self, x: Node, holder: Node) -> Node:
        members = plain_members(holder.value)
        if not members:
            return self.truth(False)
        if x.is_const:
            return self.truth(x.value in members)
        if ranks(x.domain) and len(members) == x.domain.cardinality:
            return self.truth(True)
        return self.node("member", (x, holder), BOOL)

    def sent(self, x: Node, holder: Node, excuse: Node, place: str) -> Node:
        """Whether x is in a set of the state, or `excuse` is true and x could be in it; `place` is the line that asks."""
        made = self.node("sent", (x, holder, excuse), BOOL)
        self.places.setdefault(made.id, place)
        return made

    def insert(self, holder: Node, x: Node) -> Node:
        """The set with x."""
        if holder.is_const and x.is_const:
            members = plain((*frozenset.__iter__(holder.value), x.value))
            return self.const(members, self._with_member(holder.domain, x.domain))
        return self.node("insert", (holder, x), self._with_member(holder.domain, x.domain))

    def _with_member(self, domain: Domain, member: Domain) -> Domain:
        assert isinstance(domain, SetOf | CappedSetOf)
        if isinstance(domain.member, Nothing):
            return CappedSetOf(member, Capacity(1, None))
        joined = join(domain.member, member)
        if joined is domain.member or (fits(joined, domain.member) and not isinstance(joined, IntRange)):
            return domain
        return CappedSetOf(joined, Capacity(max_capacity(domain) + 1, None))

    def bag_add(self, bag: Node, x: Node) -> Node:
        """The bag with one more copy of x."""
        domain = bag.domain
        assert isinstance(domain, BagOf)
        member = x.domain if isinstance(domain.member, Nothing) else join(domain.member, x.domain)
        if member is not domain.member and (isinstance(member, IntRange) or not fits(member, domain.member)):
            more = Capacity(domain.capacity.limit + 1, None)
            domain = BagOf(member, more, more)
        return self.node("bag_add", (bag, x), domain)

    def erase(self, holder: Node, x: Node) -> Node:
        """The set without x."""
        return self.node("erase", (holder, x), holder.domain)

    def combine(self, op: str, a: Node, b: Node) -> Node:
        """`union`, `inter` or `minus` of two sets."""
        if op == "union":
            if is_empty_set(a):
                return b
            if is_empty_set(b):
                return a
        if op in ("inter", "minus") and is_empty_set(a):
            return a
        if is_empty_set(b):
            return b if op == "inter" else a
        return self.node(op, (a, b), join(a.domain, b.domain) if op == "union" else a.domain)

    def subset(self, a: Node, b: Node) -> Node:
        """Whether every member of a is in b."""
        return self.node("subset", (a, b), BOOL)

    def size(self, holder: Node) -> Node:
        """The number of members of a set (of a bag: copies included)."""
        if holder.is_const:
            return self.integer(len(holder.value))
        if self._filters(holder):
            variable, (condition, _) = self.open(holder)
            return self.quantifier("number", variable, holder.args[1], condition)
        if isinstance(holder.domain, BagOf):
            return self.node("bag_size", (holder,), IntRange(0, max_size(holder)))
        return self.node("size", (holder,), IntRange(0, max_size(holder)))

    @staticmethod
    def _filters(holder: Node) -> bool:
        """Whether a set has as many members as its source has elements that satisfy the condition: one has none twice."""
        if holder.op != "comprehension" or holder.args[3] is not holder.args[0]:
            return False
        return not isinstance(holder.args[1].domain, SequenceOf)

    def nonempty(self, holder: Node) -> Node:
        """Whether a set, bag or sequence has a member."""
        if holder.is_const:
            return self.truth(bool(holder.value))
        if holder.op in ("universe", "interval"):
            return self.truth(max_size(holder) > 0)
        if holder.op == "comprehension":
            variable, (condition, _) = self.open(holder)
            return self.quantifier("exists", variable, holder.args[1], condition)
        if holder.op == "union":
            return self.disjunction(self.nonempty(holder.args[0]), self.nonempty(holder.args[1]))
        if holder.op == "insert":
            return self.truth(True)
        count = self.length(holder) if isinstance(holder.domain, SequenceOf) else self.size(holder)
        return self.negation(self.equal(count, self.integer(0)))

    # ------------------------------------------------------------------ quantifiers

    def quantifier(self, op: str, variable: Node, source: Node, body: Node) -> Node:
        """`exists`, `forall` or `number` (how many) of the members of `source` for which `body` is true."""
        if (
            source.op == "comprehension"
            and source.args[3] is source.args[0]
            and (op != "number" or self._filters(source))
        ):
            inner, (condition, _) = self.open(source)
            condition = self.substitute(condition, inner, variable)
            joined = (
                self.disjunction(self.negation(condition), body)
                if op == "forall"
                else self.conjunction(condition, body)
            )
            return self.quantifier(op, variable, source.args[1], joined)
        if body.is_const and op != "number" and body.value == (op == "forall"):
            return body
        if body.is_const and op == "number" and not body.value:
            return self.integer(0)
        if op == "forall":  # one normal form, so that a condition and its dual are one decision
            return self.negation(self.quantifier("exists", variable, source, self.negation(body)))
        if body.is_const and variable.args[0] not in source.free:
            if op == "exists":
                return self.nonempty(source)
            if not isinstance(source.domain, BagOf):  # whose size counts copies, and its members do not
                return self._distinct(source)
        domain = BOOL if op == "exists" else IntRange(0, max_size(source))
        return self.bind(op, variable, source, (body,), domain)

    def _distinct(self, source: Node) -> Node:
        if source.op in ("universe", "interval"):
            return self.integer(max_size(source))
        return self.length(source) if isinstance(source.domain, SequenceOf) else self.size(source)

    def comprehension(self, variable: Node, source: Node, condition: Node, value: Node) -> Node:
        """The set of `value` for the members of `source` for which `condition` is true."""
        if condition.is_const and not condition.value:
            return self.const(plain(()), CappedSetOf(NOTHING, Capacity(0, None)))
        if condition.is_const and value is variable and isinstance(source.domain, SetOf | CappedSetOf):
            return source
        size = max_size(source)
        domain = (
            source.domain
            if value is variable and isinstance(source.domain, SetOf | CappedSetOf)
            else CappedSetOf(value.domain, Capacity(min(size, 64), None))
        )
        return self.bind("comprehension", variable, source, (condition, value), domain)

    # ------------------------------------------------------------------ sequences

    def sequence(self, items: list[Node], member: Domain) -> Node:
        """The sequence of these members; an integer may lie outside the domain that it is meant for."""
        for x in items:
            member = join(member, x.domain) if isinstance(member, IntRange) else member
        if all(x.is_const for x in items):
            return self.const(tuple(x.value for x in items), SequenceOf(member, Capacity(len(items), None)))
        return self.node("sequence", tuple(items), SequenceOf(member, Capacity(len(items), None)))

    def length(self, sequence: Node) -> Node:
        """The number of members of a sequence."""
        domain = sequence.domain
        assert isinstance(domain, SequenceOf)
        if sequence.is_const:
            return self.integer(len(sequence.value))
        if sequence.op == "sequence":
            return self.integer(len(sequence.args))
        if sequence.op == "concat":
            return self.sum(self.length(sequence.args[0]), self.length(sequence.args[1]))
        if sequence.op == "slice":
            whole, start, stop = sequence.args
            size = self.length(whole)
            stop, start = self.least(stop, size), self.least(start, size)
            return (
                self.greatest(self.integer(0), self.difference(stop, start))
                if start.hi > stop.lo
                else self.difference(stop, start)
            )
        if sequence.op == "ite":
            condition, then, otherwise = sequence.args
            return self.choice(condition, self.length(then), self.length(otherwise))
        return self.node("length", (sequence,), IntRange(0, domain.capacity.limit, domain.unit))

    def at(self, sequence: Node, k: Node) -> Node:
        """The member at position k, 0 <= k < length."""
        domain = sequence.domain
        assert isinstance(domain, SequenceOf)
        if sequence.is_const and k.is_const:
            inside = 0 <= k.value < len(sequence.value)
            return self.literal(sequence.value[k.value] if inside else domain.member.unrank(0), domain.member)
        if sequence.op == "sequence" and k.is_const:
            return sequence.args[k.value]  # type: ignore[no-any-return]
        if sequence.op == "sequence" and len(sequence.args) == 1:
            return sequence.args[0]  # type: ignore[no-any-return]
        if sequence.op == "slice":
            whole, start, _ = sequence.args
            return self.at(whole, self.sum(start, k))
        if sequence.op == "concat":
            first, second = sequence.args
            size = self.length(first)
            inside = self.less(k, size)
            if inside.is_const:
                return self.at(first, k) if inside.value else self.at(second, self.difference(k, size))
            return self.choice(inside, self.at(first, k), self.at(second, self.difference(k, size)))
        if sequence.op == "ite":
            condition, then, otherwise = sequence.args
            return self.choice(condition, self.at(then, k), self.at(otherwise, k))
        return self.node("at", (sequence, k), domain.member)

    def slice(self, sequence: Node, start: Node, stop: Node) -> Node:
        """Members start..stop-1, limits beyond the end counting as the end; neither is negative."""
        size = self.length(sequence)
        if start.hi == 0 and stop is size:
            return sequence
        return self.node("slice", (sequence, start, stop), sequence.domain)

    def concat(self, a: Node, b: Node) -> Node:
        """One sequence after the other."""
        if a.is_const and not a.value:
            return b
        if b.is_const and not b.value:
            return a
        left, right = a.domain, b.domain
        assert isinstance(left, SequenceOf) and isinstance(right, SequenceOf)
        total = Capacity(left.capacity.limit + right.capacity.limit, None)
        return self.node("concat", (a, b), SequenceOf(join(left.member, right.member), total, left.unit or right.unit))

    # ------------------------------------------------------------------ rebuilding after substitution

    def rebuild(self, node: Node, args: tuple[Any, ...]) -> Node:
        if args == node.args:
            return node
        made = _REBUILD.get(node.op)
        return self.node(node.op, args, node.domain) if made is None else made(self, node, args)

    def rebuild_binder(self, node: Node, variable: Node, source: Node, parts: tuple[Node, ...]) -> Node:
        if node.op in ("exists", "number"):
            return self.quantifier(node.op, variable, source, parts[0])
        if node.op == "comprehension":
            return self.comprehension(variable, source, parts[0], parts[1])
        return self.bind(node.op, variable, source, parts, node.domain)


CHANNEL_CHANGES = frozenset(("send", "receive", "broadcast", "connect", "disconnect"))
"""The operations that make channels from channels, their first argument."""

_REBUILD: dict[str, Any] = {
    "not": lambda b, n, a: b.negation(*a),
    "and": lambda b, n, a: b.conjunction(*a),
    "or": lambda b, n, a: b.disjunction(*a),
    "ite": lambda b, n, a: b.choice(*a),
    "add": lambda b, n, a: b.sum(*a),
    "sub": lambda b, n, a: b.difference(*a),
    "mul": lambda b, n, a: b.product(*a),
    "minimum": lambda b, n, a: b.least(*a),
    "maximum": lambda b, n, a: b.greatest(*a),
    "lt": lambda b, n, a: b.less(*a),
    "eq": lambda b, n, a: b.equal(*a),
    "field": lambda b, n, a: b.field(*a),
    "common": lambda b, n, a: b.common(*a, n.domain),
    "narrow": lambda b, n, a: b.narrow(a[0], n.domain),
    "is_kind": lambda b, n, a: b.is_kind(*a),
    "present": lambda b, n, a: b.present(*a),
    # total: a branch that is never taken may take the value of None
    "the": lambda b, n, a: (
        b.literal(n.domain.unrank(0), n.domain) if a[0].is_const and a[0].value is None else b.the(*a)
    ),
    "select": lambda b, n, a: b.select(a[0], a[1:]),
    "connected": lambda b, n, a: b.connected(a[0], a[1:]),
    "member": lambda b, n, a: b.member(*a),
    "sent": lambda b, n, a: b.sent(*a, b.places[n.id]),
    "length": lambda b, n, a: b.length(*a),
    "at": lambda b, n, a: b.at(*a),
    "size": lambda b, n, a: b.size(*a),
    "make": lambda b, n, a: b.make(n.domain, list(a[1:])),
}


def _in_every_kind(union: Domain, name: str) -> bool:
    """Whether all kinds of a union have this field, with one domain."""
    return isinstance(union, UnionOf) and len({id(kind.fields.get(name)) for kind in union.kinds}) == 1


def plain_members(value: Any) -> frozenset[Any]:
    """The distinct members of a plain set, bag or sequence."""
    if isinstance(value, frozenset):
        return value
    return frozenset(m for m, _ in counts_of(value)) if isinstance(value, Bag) else frozenset(value)


def is_empty_set(x: Node) -> bool:
    """Whether an expression is the constant empty set."""
    return x.is_const and isinstance(x.value, frozenset) and not frozenset.__len__(x.value)


def max_capacity(domain: SetOf | CappedSetOf) -> int:
    """The largest number of members of a set."""
    return domain.member.cardinality if isinstance(domain, SetOf) else domain.capacity.limit


def max_size(source: Node) -> int:
    """The largest number of members a set, bag, sequence, range or universe can have."""
    domain = source.domain
    if source.is_const:
        return len(source.value)
    if source.op == "interval":
        return max(0, int(source.args[1]) - int(source.args[0]) + 1)
    if isinstance(domain, SetOf):
        return domain.member.cardinality
    if isinstance(domain, CappedSetOf | SequenceOf | BagOf) and source.op in ("state", "field", "select", "the"):
        return domain.capacity.limit
    if isinstance(domain, SequenceOf):
        return domain.capacity.limit
    if isinstance(domain, CappedSetOf | BagOf):
        return min(domain.member.cardinality, 1 << 16)
    return domain.cardinality
