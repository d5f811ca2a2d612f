"""The places of a state that steps write and read one by one: what causality is made of.

A lane's card is one place, as a process knows all of its own state.  What belongs to no lane is taken apart as far as steps
can touch parts of it independently: the keys of a map, the members of a set or bag, the queues of channels.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.lanes import Lanes
from mcheck.spec import Bag, Channels, Index, Map
from mcheck.spec.bags import counts_of, make_bag
from mcheck.spec.channels import make_channels
from mcheck.spec.maps import space_of
from mcheck.spec.sets import plain, sorted_members


@dataclass(frozen=True)
class CardOf:
    """All that the state says of one lane.  Value: its entries in the maps over lanes."""

    member: Index


@dataclass(frozen=True)
class Entry:
    """A field of the state that belongs to no lane, or what such a map has at `key`."""

    field: str
    key: Any = None


@dataclass(frozen=True)
class Copies:
    """One member of a set or bag.  Value: how many copies there are; a place without any is not listed."""

    field: str
    member: Any


@dataclass(frozen=True)
class Queue:
    """What is under way in one channel.  Value: the messages, oldest first."""

    field: str
    ends: tuple[Index, Index]


Place = CardOf | Entry | Copies | Queue


class Places:
    """Takes the states of an instance apart, without `ignored` fields, and puts values back into them."""

    def __init__(self, lanes: Lanes, ignored: Iterable[str] = ()) -> None:
        left_out = frozenset(ignored)
        self._members = lanes.members
        names = tuple(f for f in lanes.instance.state_domain.fields if f not in left_out)
        self.shared = tuple(f for f in names if f in lanes.shared_fields)
        self.of_lanes = tuple(f for f in names if f not in lanes.shared_fields)
        self.fields = names

    def values(self, state: Any, fields: Container[str] | None = None) -> dict[Place, Any]:
        """The value at each place, in a fixed order; only at those that `fields` make up, if these are given."""
        found: dict[Place, Any] = {}
        if any(fields is None or f in fields for f in self.of_lanes):
            maps = [getattr(state, f) for f in self.of_lanes]
            for member in self._members:
                found[CardOf(member)] = tuple(m[member] for m in maps)
        for field in self.shared:
            if fields is None or field in fields:
                found.update(_parts(field, getattr(state, field)))
        return found

    def put(self, state: Any, news: Mapping[Place, Any]) -> Any:
        """The state with these values at these places, and all others as they are.  The domains are not asked."""
        changed: dict[str, Any] = {}
        for place, value in news.items():
            if isinstance(place, CardOf):
                for field, part in zip(self.of_lanes, value, strict=True):
                    changed[field] = changed.get(field, getattr(state, field)).set(place.member, part)
            elif isinstance(place, Entry) and place.key is None:
                changed[place.field] = value
            elif isinstance(place, Entry):
                changed[place.field] = changed.get(place.field, getattr(state, place.field)).set(place.key, value)
        for field in dict.fromkeys(p.field for p in news if isinstance(p, Copies)):
            counts = {p.member: n for p, n in news.items() if isinstance(p, Copies) and p.field == field}
            changed[field] = _with_counts(getattr(state, field), counts)
        for field in dict.fromkeys(p.field for p in news if isinstance(p, Queue)):
            queues = {p.ends: q for p, q in news.items() if isinstance(p, Queue) and p.field == field}
            changed[field] = _with_queues(getattr(state, field), queues)
        return state.replace(**changed) if changed else state


def nothing_at(place: Place) -> Any:
    """The value of a place that `Places.values` does not list."""
    return 0 if isinstance(place, Copies) else ()


def received_and_sent(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[int, tuple[Any, ...]]:
    """How many messages a step took from the front of a queue, as few as possible, and those that it put behind the rest."""
    taken = next(k for k in range(len(before) + 1) if after[: len(before) - k] == before[k:])
    return taken, after[len(before) - taken :]


def _parts(field: str, value: Any) -> Iterable[tuple[Place, Any]]:
    if isinstance(value, frozenset):
        return [(Copies(field, m), 1) for m in sorted_members(value)]
    if isinstance(value, Bag):
        return [(Copies(field, m), n) for m, n in counts_of(value)]
    if isinstance(value, Channels):
        return [(Queue(field, ends), queue) for ends, queue in value.queues()]
    if isinstance(value, Map):
        return [(Entry(field, key), v) for key, v in value.items()]
    return [(Entry(field), value)]


def _with_counts(held: Any, counts: dict[Any, int]) -> Any:
    if isinstance(held, Bag):
        return make_bag((dict(counts_of(held)) | counts).items())
    return plain([*(m for m in sorted_members(held) if m not in counts), *(m for m, n in counts.items() if n)])


def _with_queues(held: Channels[Any, Any], queues: dict[Any, Any]) -> Any:
    return make_channels(space_of(held), [queues.get(ends, queue) for ends, queue in held.queues()])  # type: ignore[arg-type]
