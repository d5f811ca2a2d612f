"""Behaviours in the Informal Trace Format, the JSON that Apalache, Quint and their tools read.

Source: Apalache, ADR-015.  Records become records, messages of a union tagged values, scalarset members the strings
"Node#0", enum members their names, bags and channels maps.
"""

from __future__ import annotations

import json
import re
from collections import namedtuple
from enum import Enum
from typing import Any

from mcheck.spec import Bag, Behavior, Channels, Index, Map, Record
from mcheck.spec.bags import counts_of
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import UnionOf
from mcheck.spec.indexes import ordinal_of
from mcheck.spec.records import fields_of

_NONE = "None"


def itf_document(behavior: Behavior, meta: dict[str, Any], loop: int | None = None) -> dict[str, Any]:
    """The behaviour as an ITF document with `meta` beside the format's own; the same JSON for the same behaviour.

    `loop`: the number of the state that a lasso goes back to.
    """
    import itf_py  # type: ignore[import-untyped]

    kinds = tagged_classes(behavior.instance.state_domain)
    names = list(type(behavior.initial)._fields)
    states = []
    for number, state in enumerate(behavior.states):
        label = behavior.steps[number - 1].label if number else None
        values = {name: _encoded(value, kinds) for name, value in fields_of(state)}
        states.append(itf_py.State(meta={"index": number, "label": label}, values=values))
    trace = itf_py.Trace(meta={"format": "ITF", **meta}, params=[], vars=names, states=states, loop=loop)
    document = _settled(itf_py.trace_to_json(trace))
    if loop is None:
        document.pop("loop")
    return document  # type: ignore[no-any-return]


def tagged_classes(domain: Domain) -> frozenset[type]:
    """The record classes that occur as kinds of a union, which must therefore say what they are."""
    found: set[type] = set()
    if isinstance(domain, UnionOf):
        found.update(domain.by_class)
    for part in domain.parts():
        found |= tagged_classes(part)
    return frozenset(found)


def _encoded(value: Any, kinds: frozenset[type]) -> Any:
    """The value in the terms of itf_py."""
    if isinstance(value, Record):
        return _record(value, kinds)
    if isinstance(value, Index):
        return f"{type(value).__name__}#{ordinal_of(value)}"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, frozenset):
        return frozenset(_encoded(x, kinds) for x in value)
    if isinstance(value, Map):
        return _mapping((_encoded(k, kinds), _encoded(v, kinds)) for k, v in value.items())
    if isinstance(value, Bag):
        return _mapping((_encoded(m, kinds), n) for m, n in counts_of(value))
    if isinstance(value, Channels):
        return _mapping((_encoded(ends, kinds), _encoded(q, kinds)) for ends, q in value.queues())
    if isinstance(value, tuple):
        return tuple(_encoded(x, kinds) for x in value)
    return _NONE if value is None else value


def _mapping(pairs: Any) -> Any:
    from itf_py.itf import ImmutableDict  # type: ignore[import-untyped]

    return ImmutableDict(dict(pairs))


def _record(record: Record, kinds: frozenset[type]) -> Any:
    from itf_py import itf_variant

    cls = type(record)
    named: Any = namedtuple
    shape = named(cls.__name__, cls._fields)
    if cls in kinds:
        shape = itf_variant(shape)
    return shape(*(_encoded(v, kinds) for _, v in fields_of(record)))


def _settled(value: Any) -> Any:
    """The JSON with the members of sets in one order, whatever the order of hashing."""
    if isinstance(value, list):
        return [_settled(x) for x in value]
    if isinstance(value, dict):
        inside = {k: _settled(v) for k, v in value.items()}
        if set(inside) == {"#set"}:
            inside["#set"].sort(key=_sort_key)
        return inside
    return value


def _sort_key(value: Any) -> list[tuple[int, int, str]]:
    """Orders JSON texts with the numbers in them compared as numbers."""
    written = json.dumps(value, sort_keys=True)
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"(\d+)", written) if p]
