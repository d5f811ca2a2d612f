"""Values of a specification, parts of which are known and parts of which are z3 terms.

Each class mirrors a kind of value.  A value may have parts that mean nothing where it is otherwise (the value of None, what
stands behind the end of a sequence): any value does there, and nothing may depend on it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcheck.checker.smt.terms import (
    Number,
    Truth,
    add,
    all_of,
    any_of,
    both,
    chosen_number,
    chosen_truth,
    implied,
    less,
    negation,
    number,
    same_number,
    same_truth,
)
from mcheck.spec import InternalError
from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.channels import Channels
from mcheck.spec.indexes import Index
from mcheck.spec.maps import Map
from mcheck.spec.records import Record
from mcheck.spec.sets import Set, sorted_members

Value = Any
"""A truth value, a Number, or one of the classes of this file."""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """A record: its fields by name."""

    cls: type
    fields: dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """A value of a union: for each class that it may be of whether it is, and the record that it then is."""

    kinds: dict[type, tuple[Truth, Fields]]


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """None, or a value; `value` is None where it is known to be None."""

    present: Truth
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A sequence: the first `length` of the items."""

    length: Number
    items: tuple[Value, ...]

    def inside(self, k: int) -> Truth:
        """Whether there is an item at this position."""
        return less(number(k), self.length)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """A set: those values whose guard is true, each under its key; values whose guards are true are different."""

    members: dict[Hashable, tuple[Truth, Value]]


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """A bag: how many copies there are of each value; values that there are some of are different."""

    members: dict[Hashable, tuple[Number, Value]]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A map, or channels: the value at each key in the order of the key space."""

    entries: tuple[Value, ...]


# ---------------------------------------------------------------------- plain values


def lift(value: Any) -> Value:
    """A plain value, all of it known."""
    if value is None:
        return Option(False, None)
    if type(value) is bool:
        return value
    if type(value) is int:
        return number(value)
    if isinstance(value, Enum):
        return number(tuple(type(value)).index(value))
    if isinstance(value, Index):
        return number(value._ordinal)
    if isinstance(value, Record):
        cls = type(value)
        return Fields(cls, {name: lift(getattr(value, name)) for name in cls._fields})
    if type(value) is tuple:
        return Items(number(len(value)), tuple(map(lift, value)))
    if type(value) is Set:
        lifted = [lift(x) for x in sorted_members(value)]
        return Members({key_of(x): (True, x) for x in lifted})
    if type(value) is Bag:
        pairs = [(lift(x), number(n)) for x, n in counts_of(value)]
        return Copies({key_of(x): (n, x) for x, n in pairs})
    if type(value) is Map:
        return Entries(tuple(map(lift, value.values())))
    if type(value) is Channels:
        return Entries(tuple(lift(queue) for _, queue in value.queues()))
    raise InternalError(f"no value of a specification: {value!r:.60}")


def known(value: Value) -> Hashable | None:
    """The same for equal values that are known throughout, of one kind; None where a part is not known."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, Number):
        return value.lo if value.known else None
    if isinstance(value, Fields):
        return _all_known((value.cls, *map(known, value.fields.values())))
    if isinstance(value, Kinds):
        return _known_kind(value)
    if isinstance(value, Option):
        if value.present is False:
            return ("none",)
        return known(value.value) if value.present is True else None
    if isinstance(value, Items):
        return _all_known(tuple(map(known, value.items[: value.length.lo]))) if value.length.known else None
    if isinstance(value, Entries):
        return _all_known(tuple(map(known, value.entries)))
    if isinstance(value, Members):
        return _known_set(value)
    return None  # bags are compared


def _all_known(keys: tuple[Hashable | None, ...]) -> Hashable | None:
    return None if None in keys else keys


def _known_kind(value: Kinds) -> Hashable | None:
    if any(guard is not True and guard is not False for guard, _ in value.kinds.values()):
        return None
    return next((known(record) for guard, record in value.kinds.values() if guard is True), None)


def _known_set(value: Members) -> Hashable | None:
    if any(guard is not True and guard is not False for guard, _ in value.members.values()):
        return None
    keys = [key for key, (guard, _) in value.members.items() if guard is True]
    return ("set", frozenset(keys)) if all(map(is_known, keys)) else None


def key_of(value: Value) -> Hashable:
    """The key of a member: equal known members have one key; another member has one of its own."""
    found = known(value)
    return ("open", id(value)) if found is None else found


def is_known(key: Hashable) -> bool:
    """Whether the key is that of a member that is known throughout."""
    return not (type(key) is tuple and len(key) == 2 and key[0] == "open")


# ---------------------------------------------------------------------- the choice between two values


def choose(condition: Truth, then: Value, otherwise: Value) -> Value:
    """`then` where the condition is true, else `otherwise`."""
    if condition is True or condition is False:
        return then if condition else otherwise
    if then is otherwise:
        return then
    then, otherwise = alike(then, otherwise)
    if isinstance(then, Number):
        return chosen_number(condition, then, otherwise)
    if isinstance(then, Fields):
        return Fields(then.cls, {name: choose(condition, x, otherwise.fields[name]) for name, x in then.fields.items()})
    if isinstance(then, Kinds):
        return Kinds(_chosen_members(condition, then.kinds, otherwise.kinds, chosen_truth, False))
    if isinstance(then, Option):
        present = chosen_truth(condition, then.present, otherwise.present)
        return Option(present, _chosen_part(condition, then.value, otherwise.value))
    if isinstance(then, Items):
        longest = max(len(then.items), len(otherwise.items))
        items = (_chosen_part(condition, _item_or_none(then, k), _item_or_none(otherwise, k)) for k in range(longest))
        return Items(chosen_number(condition, then.length, otherwise.length), tuple(items))
    if isinstance(then, Members):
        return Members(_chosen_members(condition, then.members, otherwise.members, chosen_truth, False))
    if isinstance(then, Copies):
        return Copies(_chosen_members(condition, then.members, otherwise.members, chosen_number, number(0)))
    if isinstance(then, Entries):
        return Entries(tuple(choose(condition, x, y) for x, y in zip(then.entries, otherwise.entries, strict=True)))
    return chosen_truth(condition, then, otherwise)


def _item_or_none(sequence: Items, k: int) -> Value:
    return sequence.items[k] if k < len(sequence.items) else None


def _chosen_part(condition: Truth, then: Value, otherwise: Value) -> Value:
    """A part that one of two values need not have."""
    if then is None or otherwise is None:
        return otherwise if then is None else then
    return choose(condition, then, otherwise)


def _chosen_members(
    condition: Truth, then: dict[Any, Any], otherwise: dict[Any, Any], chosen: Any, absent: Any
) -> dict[Any, Any]:
    """What is under either key, with its guard there; what one side does not have is absent on that side."""
    merged = {}
    for key in dict.fromkeys((*then, *otherwise)):
        guard, value = then.get(key, (absent, None))
        other_guard, other = otherwise.get(key, (absent, None))
        merged[key] = chosen(condition, guard, other_guard), _chosen_part(condition, value, other)
    return merged


def alike(x: Value, y: Value) -> tuple[Value, Value]:
    """Both in the wider of their two forms: a value as an option, a record as one of a union."""
    if isinstance(x, Option) or isinstance(y, Option):
        return as_option(x), as_option(y)
    if isinstance(x, Kinds) or isinstance(y, Kinds):
        return as_kinds(x), as_kinds(y)
    if isinstance(x, Fields) and isinstance(y, Fields) and x.cls is not y.cls:
        return as_kinds(x), as_kinds(y)
    return x, y


def as_option(value: Value) -> Option:
    """The value as one that might have been None."""
    return value if isinstance(value, Option) else Option(True, value)


def as_kinds(value: Value) -> Kinds:
    """The value as one of a union."""
    return value if isinstance(value, Kinds) else Kinds({value.cls: (True, value)})


# ---------------------------------------------------------------------- equality and order


def equal(x: Value, y: Value) -> Truth:
    """x == y."""
    if x is y:
        return True
    x, y = alike(x, y)
    if isinstance(x, Number):
        return same_number(x, y)
    if isinstance(x, Fields):
        return _all_equal((a, y.fields[name]) for name, a in x.fields.items())
    if isinstance(x, Kinds):
        return any_of(
            all_of((guard, y.kinds[cls][0], equal(record, y.kinds[cls][1])))
            for cls, (guard, record) in x.kinds.items()
            if cls in y.kinds
        )
    if isinstance(x, Option):
        if x.value is None or y.value is None:
            return both(negation(x.present), negation(y.present))
        return both(same_truth(x.present, y.present), implied(x.present, equal(x.value, y.value)))
    if isinstance(x, Items):
        return _equal_sequences(x, y)
    if isinstance(x, Members):
        return both(subset(x, y), subset(y, x))
    if isinstance(x, Copies):
        return both(_copied(x, y), _copied(y, x))
    if isinstance(x, Entries):
        return _all_equal(zip(x.entries, y.entries, strict=True))
    return same_truth(x, y)


def _all_equal(pairs: Iterable[tuple[Value, Value]]) -> Truth:
    parts = []
    for a, b in pairs:
        part = equal(a, b)
        if part is False:
            return False
        parts.append(part)
    return all_of(parts)


def _equal_sequences(x: Items, y: Items) -> Truth:
    length = same_number(x.length, y.length)
    if length is False:
        return False
    items = zip(x.items, y.items, strict=False)
    return both(length, all_of(implied(x.inside(k), equal(a, b)) for k, (a, b) in enumerate(items)))


def member(x: Value, holder: Members) -> Truth:
    """Whether x is in a set."""
    key = key_of(x)
    here = holder.members.get(key, (False, None))[0]
    return True if here is True else any_of((here, _found_elsewhere(x, key, holder)))


def subset(x: Members, y: Members) -> Truth:
    """Whether every member of x is in y."""
    return all_of(implied(guard, member(value, y)) for guard, value in x.members.values())


def copies(x: Value, bag: Copies) -> Number:
    """How many copies of x are in a bag."""
    result = number(0)
    for n, value in bag.members.values():
        result = chosen_number(both(less(number(0), n), equal(value, x)), n, result)
    return result


def _copied(x: Copies, y: Copies) -> Truth:
    """Whether y has as many of whatever x has some of."""
    return all_of(implied(less(number(0), n), same_number(n, copies(value, y))) for n, value in x.members.values())


def precedes(x: Value, y: Value) -> Truth:
    """x < y, of numbers, ranks and truth values; of records by their fields in order."""
    if isinstance(x, Number):
        return less(x, y)
    if isinstance(x, Fields):
        result: Truth = False
        for name in reversed(x.fields):
            a, b = x.fields[name], y.fields[name]
            result = any_of((precedes(a, b), both(equal(a, b), result)))
        return result
    if isinstance(x, Items | Members | Copies | Entries | Option | Kinds):
        raise InternalError(f"a value without order: {x!r:.60}")
    return both(negation(x), y)


# ---------------------------------------------------------------------- sets and bags, changed


def inserted(holder: Members, x: Value, guard: Truth = True) -> Members:
    """The set with x, where the guard is true."""
    if guard is False:
        return holder
    key = key_of(x)
    was, value = holder.members.get(key, (False, x))
    new = any_of((was, both(guard, negation(_found_elsewhere(x, key, holder)))))
    return holder if new is False else Members({**holder.members, key: (new, value)})


def _found_elsewhere(x: Value, key: Hashable, holder: Members) -> Truth:
    """Whether x is in a set under another key than its own."""
    closed = is_known(key)
    return any_of(
        both(guard, equal(value, x))
        for other, (guard, value) in holder.members.items()
        if other != key and not (closed and is_known(other))
    )


def erased(holder: Members, x: Value) -> Members:
    """The set without x."""
    kept = {}
    for key, (guard, value) in holder.members.items():
        left = both(guard, negation(equal(value, x)))
        if left is not False:
            kept[key] = (left, value)
    return Members(kept)


def filtered(holder: Members, other: Members, wanted: bool) -> Members:
    """Those members that are in another set, or those that are not."""
    kept = {}
    for key, (guard, value) in holder.members.items():
        inside = member(value, other)
        left = both(guard, inside if wanted else negation(inside))
        if left is not False:
            kept[key] = (left, value)
    return Members(kept)


def united(x: Members, y: Members) -> Members:
    """The members of both sets."""
    for guard, value in y.members.values():
        x = inserted(x, value, guard)
    return x


def one_more(bag: Copies, x: Value) -> Copies:
    """The bag with one more copy of x."""
    found, kept = [], {}
    for key, (n, value) in bag.members.items():
        here = both(less(number(0), n), equal(value, x))
        found.append(here)
        kept[key] = (chosen_number(here, add(n, number(1)), n), value)
    new = chosen_number(any_of(found), number(0), number(1))
    key = key_of(x)
    if key in kept:  # a known member, of which there may be none
        n, value = kept[key]
        kept[key] = (add(n, new), value)
    elif not (new.known and new.lo == 0):
        kept[key] = (new, x)
    return Copies(kept)


def one_fewer(bag: Copies, x: Value) -> Copies:
    """The bag with one copy of x fewer, where there is one."""
    kept = {}
    for key, (n, value) in bag.members.items():
        here = both(less(number(0), n), equal(value, x))
        fewer = chosen_number(less(number(0), n), add(n, number(-1)), number(0))
        kept[key] = (chosen_number(here, fewer, n), value)
    return Copies(kept)
