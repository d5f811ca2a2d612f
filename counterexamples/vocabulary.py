"""The names that a recorded state uses and today's spec has no longer: what a renaming leaves behind."""

from __future__ import annotations

from typing import Any

from mcheck.spec import Instance
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import Members

_NONE = "None"


def unknown_names(instance: Instance, state: Any) -> tuple[str, ...]:
    """The fields, enum members, kinds of messages and scalarsets of a state in ITF that no state of the instance has."""
    known = {_NONE, *(cls.__name__ for cls in instance.state_domain.indexes())}
    _collect(instance.state_domain, known)
    return tuple(name for name in dict.fromkeys(_names(state)) if name not in known)


def _collect(domain: Domain, known: set[str]) -> None:
    if isinstance(domain, RecordOf):
        known.update(domain.fields)
    elif isinstance(domain, UnionOf):
        known.update(cls.__name__ for cls in domain.by_class)
    elif isinstance(domain, Members):
        known.update(member.name for member in domain.members)
    for part in domain.parts():
        _collect(part, known)


def _names(value: Any) -> list[str]:
    """The names in a value as ITF has it: keys of records, tags, and texts, of "Node#0" the class."""
    if isinstance(value, str):
        return [value.partition("#")[0]]
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"#bigint"}:
        return []
    plain = [key for key in value if not key.startswith("#")]
    own = [] if set(plain) == {"tag", "value"} else plain
    return [*own, *(name for key, part in value.items() if key != "#meta" for name in _names(part))]
