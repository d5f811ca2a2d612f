"""The order in which one behaviour is smaller than another.  It is total, so that shrinking ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mcheck.spec import Bag, Behavior, Channels, Index, Map, Record, Step, order_key
from mcheck.spec.bags import counts_of
from mcheck.spec.records import field_values, fields_of


class Size(NamedTuple):
    """How large a behaviour is: compared field by field, the first that differs decides."""

    steps: int
    members: int
    """Members of scalarsets (nodes, values) that its labels name."""
    messages: int
    """Records that steps put into sets, bags and channels of the state; ghosts do not count."""
    numbers: int
    """The integers in its labels, added up without their signs."""
    labels: tuple[Any, ...]
    """Its labels by the place of the action in the spec, then by the values of the parameters; and the initial state."""


def size_of(behavior: Behavior) -> Size:
    """The size of a behaviour.  Cost: one walk through its labels and states."""
    positions = {action.name: k for k, action in enumerate(behavior.instance.actions)}
    named: set[Index] = set()
    numbers = 0
    for step in behavior.steps:
        for leaf in leaves(step.arguments):
            if isinstance(leaf, Index):
                named.add(leaf)
            elif type(leaf) is int:
                numbers += abs(leaf)
    labels = tuple((positions[s.action.name], order_key(s.arguments)) for s in behavior.steps)
    return Size(len(labels), len(named), _sent(behavior), numbers, (*labels, order_key(behavior.initial)))


def leaves(value: Any) -> Iterator[Any]:
    """The integers, members of scalarsets, truth values, enum members and Nones that a value is made of."""
    if isinstance(value, Record):
        for part in field_values(value):
            yield from leaves(part)
    elif isinstance(value, Map):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, Bag):
        for member, copies in counts_of(value):
            yield from leaves(member)
            yield copies
    elif isinstance(value, Channels):
        for _, queue in value.queues():
            yield from leaves(queue)  # of a broken channel, the one leaf None
    elif isinstance(value, frozenset | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def _sent(behavior: Behavior) -> int:
    ghosts = behavior.instance.ghosts
    return sum(_sent_by(before, step, ghosts) for before, step in zip(behavior.states, behavior.steps, strict=False))


def _sent_by(before: Any, step: Step, ghosts: frozenset[str]) -> int:
    pairs = zip(fields_of(before), fields_of(step.state), strict=True)
    return sum(_arrivals(old, new) for (name, old), (_, new) in pairs if name not in ghosts)


def _arrivals(before: Any, after: Any) -> int:
    """The records that came into the sets, bags and channels inside a value."""
    if before is after or type(before) is not type(after):
        return 0
    if isinstance(after, frozenset):
        return sum(isinstance(member, Record) for member in frozenset.__sub__(after, before))
    if isinstance(after, Bag):
        return sum(max(0, n - before.count(m)) for m, n in counts_of(after) if isinstance(m, Record))
    if isinstance(after, Channels):
        queues = zip(before.queues(), after.queues(), strict=True)
        return sum(max(0, len(new or ()) - len(old or ())) for (_, old), (_, new) in queues)  # None: broken
    if isinstance(after, Map):
        return sum(map(_arrivals, before.values(), after.values()))
    if isinstance(after, Record):
        return sum(map(_arrivals, field_values(before), field_values(after)))
    return 0
