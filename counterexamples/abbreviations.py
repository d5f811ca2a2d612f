"""Short names for what a table repeats in every row, and the key that explains those in use."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from mcheck.counterexamples.lanes import Lanes
from mcheck.counterexamples.notation import Notation, ends_of
from mcheck.spec import Index, Map, Record
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import MapOf, RecordOf
from mcheck.spec.domains.scalars import Bools, Members
from mcheck.spec.records import fields_of


class TableNotation(Notation):
    """Notation for narrow columns: on cards `L t1 vf=n1`, in messages initials for names of several words."""

    def __init__(self, lanes: Lanes) -> None:
        super().__init__(lanes.instance)
        self._names: dict[str, str] = {}
        self._members: dict[Enum, str] = {}
        self._used: dict[str, str] = {}
        card = _card_domains(lanes)
        for domain in card.values():
            if isinstance(domain, Members):
                self._members.update(zip(domain.members, _shortest([m.name for m in domain.members]), strict=True))
        self._taken = {short.lower() for short in self._members.values()}
        for name, domain in card.items():
            if not isinstance(domain, Bools | Members):
                self._shorten(name)
        for name in dict.fromkeys(_record_fields(lanes.instance.state_domain)):
            if "_" in name:
                self._shorten(name)

    def _shorten(self, name: str) -> None:
        if name not in self._names:
            initials = "".join(word[:1] for word in name.split("_"))
            tries = (initials, *(name[:k] for k in range(2, len(name))))
            short = next((t for t in tries if t and t not in self._taken), name)
            self._taken.add(short)
            self._names[name] = short

    def name(self, field: str) -> str:
        """The short name of a field, put into the key."""
        short = self._names.get(field, field)
        self._used[short] = field
        return short

    def item(self, field: str, value: Any) -> str:
        """What a card says of a field: `L`, `t1`, `vf=n1`, `-vf` for none, `up` and `!up` for a bool, `votes {n1}`,
        `Vote(…)` for a vote."""
        if isinstance(value, Enum) and value in self._members:
            short = self._members[value]
            self._used[short] = value.name.lower()
            return short
        if isinstance(value, bool):
            return field if value else f"!{field}"
        if isinstance(value, int):
            return f"{self.name(field)}{value}" if value >= 0 else f"{self.name(field)}={value}"
        if value is None:
            return f"-{self.name(field)}"
        if isinstance(value, Index):
            return f"{self.name(field)}={self.value(value)}"
        if isinstance(value, Record) and type(value).__name__.casefold() == field.replace("_", ""):
            return self.value(value)
        return f"{self.composite(field)} {self.value(value)}"

    def composite(self, field: str) -> str:
        """The name of a field with a value that is no single number or name: short only if it has several words."""
        return self.name(field) if "_" in field else field

    def value(self, value: Any) -> str:
        if isinstance(value, Map):
            values = value.values()
            if len(values) > 1 and all(v == values[0] for v in values):
                return f"all {self.value(values[0])}"
        return super().value(value)

    def argument(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return name if value else f"!{name}"
        return super().argument(self.name(name) if name in self._names and "_" in name else name, value)

    def messages(self, sign: str, members: Iterable[tuple[Any, int]]) -> list[str]:
        """`+RequestVote(n0→n1 n2, term=1)`: the members, those that differ in their destination only in one."""
        groups: dict[Any, list[str]] = {}
        for member, copies in members:
            ends = ends_of(member) if isinstance(member, Record) else None
            if ends is None or copies != 1:
                groups.setdefault((member, copies), [f"{sign}{self.copies(member, copies)}"])
                continue
            source, target = ends
            rest = [(n, v) for n, v in fields_of(member) if n not in ends]
            groups.setdefault((type(member), getattr(member, source), tuple(rest)), []).append(
                self.value(getattr(member, target))
            )
        return [_written(self, sign, group, texts) for group, texts in groups.items()]

    def key_lines(self, width: int) -> list[str]:
        """What the abbreviations that were used stand for."""
        shown = [f"{short} {name}" for short, name in self._used.items() if short != name]
        if not shown:
            return []
        unbroken = (item.replace(" ", "\0") for item in shown)
        return [line.replace("\0", " ") for line in textwrap.wrap("key: " + ", ".join(unbroken), width)]


def _written(notation: TableNotation, sign: str, group: Any, texts: list[str]) -> str:
    if len(group) == 2:
        return texts[0]
    cls, source, rest = group
    fields = "".join(f", {notation.argument(n, v)}" for n, v in rest)
    return f"{sign}{cls.__name__}({notation.value(source)}→{' '.join(texts)}{fields})"


def _card_domains(lanes: Lanes) -> dict[str, Domain]:
    """The domain of each field of a card."""
    if not lanes.members:
        return {}
    fields = lanes.instance.state_domain.fields
    return {name: _card_domain(fields, name) for name in lanes.card(lanes.instance.initial[0], lanes.members[0])}


def _card_domain(fields: dict[str, Domain], name: str) -> Domain:
    domain = fields.get(name)
    if isinstance(domain, MapOf):
        return domain.value
    inner = (d.value for d in fields.values() if isinstance(d, MapOf) and isinstance(d.value, RecordOf))
    return next(record.fields[name] for record in inner if name in record.fields)


def _record_fields(domain: Domain) -> Iterator[str]:
    if isinstance(domain, RecordOf):
        yield from domain.fields
    for part in domain.parts():
        yield from _record_fields(part)


def _shortest(names: list[str]) -> list[str]:
    """For each name its shortest beginning that no other name has."""
    short = []
    for name in names:
        others = [n for n in names if n != name]
        length = next((k for k in range(1, len(name)) if not any(o.startswith(name[:k]) for o in others)), len(name))
        short.append(name[:length])
    return short
