"""A projection: the part of a state that a graph tells apart.

`servers.role,servers.current_term` reads, for every server, two fields; `n0` is everything that one lane shows; `network` is
one field of the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.lanes import Lanes
from mcheck.spec import Index, Instance, Map, UsageError
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import MapOf, RecordOf
from mcheck.spec.specification import did_you_mean


@dataclass(frozen=True)
class Reading:
    """One value that a projection keeps: under which keys of maps it stands, the name of its field, and the value."""

    keys: tuple[Any, ...]
    field: str
    value: Any


class Projection:
    """Reads the same places of every state of an instance.  UsageError for a place that its states do not have."""

    def __init__(self, instance: Instance, places: Iterable[str]) -> None:
        self.instance = instance
        self.lanes = Lanes(instance)
        self.places = tuple(dict.fromkeys(p.strip() for text in places for p in text.split(",")))
        self._members = {_lane_name(m, self.lanes): m for m in self.lanes.members}
        self._paths = {p: self._checked(p) for p in self.places if p not in self._members}

    def readings(self, state: Any) -> tuple[Reading, ...]:
        """What is kept of a state; two states are merged if they agree on it."""
        found: list[Reading] = []
        for place in self.places:
            member = self._members.get(place)
            if member is None:
                found += _read(state, self._paths[place], (), "")
            else:
                found += (Reading((member,), f, v) for f, v in self.lanes.card(state, member).items())
        return tuple(found)

    def _checked(self, place: str) -> tuple[str, ...]:
        path = tuple(place.split("."))
        domain: Domain = self.instance.state_domain
        for depth, name in enumerate(path):
            while isinstance(domain, MapOf):
                domain = domain.value
            owner = ".".join(path[:depth]) or "a state"
            if not isinstance(domain, RecordOf):
                raise UsageError(f"--project {place}: {owner} is {domain.describe()}, which has no fields: stop there")
            if name not in domain.fields:
                known = [*domain.fields, *(self._members if depth == 0 else ())]
                near = did_you_mean(name, known)
                raise UsageError(f"--project {place}: {owner} has no {name!r}{near}; it has {', '.join(known)}")
            domain = domain.fields[name]
        return path


def _read(value: Any, path: tuple[str, ...], keys: tuple[Any, ...], field: str) -> Iterator[Reading]:
    """The values at the end of a path, through every entry of the maps on it."""
    if isinstance(value, Map) and (path or field):
        if path or all(isinstance(k, Index) for k in value.keys()):  # noqa: SIM118
            for key, inner in value.items():
                yield from _read(inner, path, (*keys, key), field)
            return
    if not path:
        yield Reading(keys, field, value)
    else:
        yield from _read(getattr(value, path[0]), path[1:], keys, path[0])


def _lane_name(member: Index, lanes: Lanes) -> str:
    """`n0`, as the tables call the lane."""
    from mcheck.counterexamples.notation import Notation

    return Notation(lanes.instance).member(member)
