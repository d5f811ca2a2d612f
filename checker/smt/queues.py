"""Sequences put together, and channels: for every ordered pair of nodes a queue, or None where they are not connected."""

from __future__ import annotations

from typing import Any

from mcheck.checker.smt.terms import (
    Number,
    Truth,
    add,
    all_of,
    any_of,
    both,
    chosen_number,
    less,
    negation,
    number,
    same_number,
    subtract,
)
from mcheck.checker.smt.values import Entries, Items, Option, Value, as_option, choose, equal, lift, member
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import ChannelsOf
from mcheck.spec.maps import KeySpace

NOTHING_SENT = Items(number(0), ())


def is_channels(domain: Domain) -> bool:
    """Whether the values are channels."""
    return isinstance(domain, ChannelsOf)


def queue_of(entry: Value) -> Items:
    """The queue of a channel: empty where there is no connection."""
    option = as_option(entry)
    if option.value is None:
        return NOTHING_SENT
    queue: Items = option.value
    return Items(chosen_number(option.present, queue.length, number(0)), queue.items)


def joined(a: Items, b: Items) -> Items:
    """One sequence after the other."""
    length = add(a.length, b.length)
    items = []
    for k in range(min(length.hi, len(a.items) + len(b.items))):
        found: Value = a.items[k] if k < len(a.items) and k < a.length.hi else None
        for j, item in enumerate(b.items):
            if a.length.lo <= k - j <= a.length.hi:
                here = same_number(a.length, number(k - j))
                found = item if found is None else choose(here, item, found)
        if found is None:  # no sequence is that long
            break
        items.append(found)
    return Items(length, tuple(items))


def tail(queue: Items) -> Items:
    """All but the first item, of which there is one."""
    rest = chosen_number(less(number(0), queue.length), subtract(queue.length, number(1)), number(0))
    return Items(rest, queue.items[1:])


def changed(op: str, space: KeySpace, channels: Entries, arguments: tuple[Any, ...]) -> Entries:
    """The channels after one of the operations that change them."""
    entries = []
    for (i, j), entry in zip(space.keys, channels.entries, strict=True):
        here = _affected(op, lift(i), lift(j), arguments)
        option = as_option(entry)
        if op == "connect":
            entries.append(choose(here, Option(True, NOTHING_SENT), option))
        elif op == "disconnect":
            entries.append(Option(both(option.present, negation(here)), option.value))
        elif option.value is None:
            entries.append(option)
        else:
            made = tail(option.value) if op == "receive" else joined(option.value, Items(number(1), arguments[-1:]))
            entries.append(Option(option.present, choose(here, made, option.value)))
    return Entries(tuple(entries))


def _affected(op: str, i: Number, j: Number, arguments: tuple[Any, ...]) -> Truth:
    """Whether an operation is about the channel from i to j."""
    a = arguments[0]
    if op == "broadcast":
        return both(equal(i, a), member(j, arguments[1]))
    if op == "disconnect" and len(arguments) == 1:
        return any_of((equal(i, a), equal(j, a)))
    there = all_of((equal(i, a), equal(j, arguments[1])))
    if op in ("send", "receive"):
        return there
    return any_of((there, both(equal(i, arguments[1]), equal(j, a))))
