"""The shape of a trace: one lane for each node, and what belongs to nobody.

Recognised from the types alone.  Lanes are the members of the scalarset that the state's maps are keyed by; where there
is no such map, every field of the state is a lane of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.spec import Bag, Channels, Index, Instance, Map, Record
from mcheck.spec.bags import counts_of
from mcheck.spec.domains.products import MapOf, RecordOf
from mcheck.spec.domains.scalars import Scalarset
from mcheck.spec.indexes import IndexType
from mcheck.spec.records import field_values, fields_of
from mcheck.spec.sets import sorted_members

Card = dict[str, Any]
"""Field by field, what one lane shows of one state."""


@dataclass(frozen=True)
class Change:
    """A field with a new value.  Of sets, bags and growing sequences only what came (`added`) and went (`removed`)."""

    field: str
    value: Any
    added: tuple[tuple[Any, int], ...] = ()
    removed: tuple[tuple[Any, int], ...] = ()
    partial: bool = False
    """Whether `added` and `removed` say it all."""


class Lanes:
    """Splits the states of an instance into cards."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        fields = instance.state_domain.fields
        keyed = {f: d for f, d in fields.items() if isinstance(d, MapOf) and isinstance(d.keys, Scalarset)}
        self.keys: IndexType | None = _most_used([d.keys.cls for d in keyed.values() if isinstance(d.keys, Scalarset)])
        self.members: tuple[Index, ...] = ()
        self._lane_fields: tuple[str, ...] = ()
        if self.keys is not None:
            self._lane_fields = tuple(f for f, d in keyed.items() if getattr(d.keys, "cls", None) is self.keys)
            self.members = tuple(fields[self._lane_fields[0]].keys.values())  # type: ignore[attr-defined]
        self.shared_fields = tuple(f for f in fields if f not in self._lane_fields)
        """The fields of the state that belong to no lane."""
        self._flattened = {
            f
            for f in self._lane_fields
            if isinstance(keyed[f].value, RecordOf) and _no_clash(keyed, f, self._lane_fields)
        }

    def card(self, state: Any, member: Index) -> Card:
        """What `state` says of one member: the fields of its records, and its entries in the other maps."""
        card: Card = {}
        for name in self._lane_fields:
            value = getattr(state, name)[member]
            if name in self._flattened:
                card.update(fields_of(value))
            else:
                card[name] = value
        return card

    def shared(self, state: Any) -> Card:
        """What `state` says of nobody in particular."""
        return {name: getattr(state, name) for name in self.shared_fields}

    def card_fields(self, state_fields: Iterable[str]) -> frozenset[str]:
        """The names that these fields of the state have on cards."""
        fields = self.instance.state_domain.fields
        named: set[str] = set()
        for name in state_fields:
            if name in self._flattened:
                named.update(fields[name].value.fields)  # type: ignore[attr-defined]
            elif name in self._lane_fields:
                named.add(name)
        return frozenset(named)

    def cards(self, state: Any) -> dict[Index, Card]:
        """The cards of all lanes."""
        return {member: self.card(state, member) for member in self.members}


def changes(before: Card, after: Card, key_text: Callable[[Any], str]) -> list[Change]:
    """What differs between two cards, in field order."""
    return [c for field, value in after.items() for c in leaf_changes(field, before[field], value, key_text)]


def change(field: str, before: Any, after: Any) -> Change:
    """How one field changed."""
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        came, went = frozenset(after) - frozenset(before), frozenset(before) - frozenset(after)
        return Change(field, after, _once(sorted_members(came)), _once(sorted_members(went)), partial=True)
    if isinstance(before, Bag) and isinstance(after, Bag):
        old, new = Counter(dict(counts_of(before))), Counter(dict(counts_of(after)))
        came_n = tuple((m, n) for m, n in ((m, n - old[m]) for m, n in counts_of(after)) if n > 0)
        went_n = tuple((m, n) for m, n in ((m, n - new[m]) for m, n in counts_of(before)) if n > 0)
        return Change(field, after, came_n, went_n, partial=True)
    if type(before) is tuple and type(after) is tuple and before and after[: len(before)] == before:
        return Change(field, after, _once(after[len(before) :]), partial=True)
    return Change(field, after)


def leaf_changes(field: str, before: Any, after: Any, key_text: Callable[[Any], str]) -> list[Change]:
    """The changes of a field, seen inside maps and records: `votes[a0]`, `clock.term`."""
    if isinstance(before, Map) and isinstance(after, Map):
        pairs = [(k, before[k], v) for k, v in after.items() if before[k] != v]
        return [c for k, b, a in pairs for c in leaf_changes(f"{field}[{key_text(k)}]", b, a, key_text)]
    if isinstance(before, Channels) and isinstance(after, Channels):
        queues = zip(before.queues(), after.queues(), strict=True)
        return [change(f"{field}[{key_text(ends)}]", b, a) for (ends, b), (_, a) in queues if b != a]
    if isinstance(before, Record) and type(before) is type(after):
        fields = zip(field_values(before), fields_of(after), strict=True)
        return [c for b, (f, a) in fields if b != a for c in leaf_changes(f"{field}.{f}", b, a, key_text)]
    return [change(field, before, after)] if before != after else []


def _once(members: tuple[Any, ...]) -> tuple[tuple[Any, int], ...]:
    return tuple((m, 1) for m in members)


def _most_used(classes: list[IndexType]) -> IndexType | None:
    """The class that occurs most often, the first among equals."""
    return max(classes, key=classes.count, default=None)


def _no_clash(keyed: dict[str, MapOf], field: str, fields: tuple[str, ...]) -> bool:
    """Whether the fields of the records in one map can stand beside those of the other maps under their own names."""
    mine = set(keyed[field].value.fields)  # type: ignore[attr-defined]
    for other in fields:
        value = keyed[other].value
        theirs = set(value.fields) if isinstance(value, RecordOf) else {other}
        if other != field and mine & theirs:
            return False
    return True
