"""A behaviour as a table of text: a row for each step, a column for each lane, in it what changed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from enum import Enum
from typing import Any

from mcheck.counterexamples.lanes import Card, Change, Lanes, changes
from mcheck.counterexamples.notation import Notation
from mcheck.spec import Bag, Behavior, Channels, Index, Map, Record
from mcheck.spec.bags import counts_of
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.products import MapOf, RecordOf
from mcheck.spec.domains.scalars import Bools, Members
from mcheck.spec.sets import sorted_members

_GAP = "  "
_UNCHANGED = "·"
_NARROWEST = 9
_WIDEST_ACTION = 36
_LISTED = 6


class LanesText:
    """Writes behaviours of one instance, `width` characters wide."""

    def __init__(self, behavior: Behavior, width: int = 100, mark: str = "violates") -> None:
        self.behavior, self.width, self.mark = behavior, width, mark
        self.notation = Notation(behavior.instance)
        self.lanes = Lanes(behavior.instance)
        self.short = _Abbreviations(self.lanes)

    def lines(self) -> list[str]:
        """The table, or the list of changes where a table does not fit; then the key to its abbreviations."""
        heads, rows = self._lane_table() if self.lanes.members else self._field_table()
        table = _table(heads, rows, self.width - 2, self.mark)
        if table is None:
            return [*self._list(), *self._pending()]
        return [*table, *self._pending(), *self.short.key(self.width)]

    # ------------------------------------------------------------------ tables

    def _lane_table(self) -> tuple[list[str], list[list[str]]]:
        """One column for each member, and one for the rest of the state if any of it ever changes."""
        members, states = self.lanes.members, self.behavior.states
        first = states[0]
        rest = any(self.lanes.shared(s) != self.lanes.shared(first) for s in states)
        heads = ["#", "action", *(self.notation.member(m) for m in members), *(["elsewhere"] if rest else [])]
        cells = [self._whole(self.lanes.card(first, m)) for m in members]
        rows = [["0", "initially", *cells, *([_UNCHANGED] if rest else [])]]
        for number, (before, step) in enumerate(zip(states, self.behavior.steps, strict=False), start=1):
            cells = [self._changed(self.lanes.card(before, m), self.lanes.card(step.state, m)) for m in members]
            if rest:
                cells.append(self._changed_elsewhere(before, step.state))
            rows.append([str(number), self.notation.step(step), *cells])
        return heads, rows

    def _field_table(self) -> tuple[list[str], list[list[str]]]:
        """One column for each field of the state."""
        names, states = self.lanes.shared_fields, self.behavior.states
        first = self.lanes.shared(states[0])
        rows = [["0", "initially", *(self.notation.value(first[n]) for n in names)]]
        for number, (before, step) in enumerate(zip(states, self.behavior.steps, strict=False), start=1):
            old, new = self.lanes.shared(before), self.lanes.shared(step.state)
            cells = [self._cell([c for c in self._changes(old, new) if _belongs(c.field, n)], n) for n in names]
            rows.append([str(number), self.notation.step(step), *cells])
        return ["#", "action", *names], rows

    def _list(self) -> list[str]:
        """Step by step, one line for each lane that changed: for states too wide for a table."""
        lines = ["0  initially"]
        for member in self.lanes.members:
            lines += self._wrapped(
                self.notation.member(member), self._whole(self.lanes.card(self.behavior.initial, member))
            )
        for name, value in self.lanes.shared(self.behavior.initial).items():
            lines += self._wrapped(name, self.notation.value(value))
        last = len(self.behavior.steps)
        for number, (before, step) in enumerate(zip(self.behavior.states, self.behavior.steps, strict=False), start=1):
            lines.append(f"{number}  {self.notation.step(step)}{f'  ← {self.mark}' if number == last else ''}")
            for member in self.lanes.members:
                changed = self._changes(self.lanes.card(before, member), self.lanes.card(step.state, member))
                if changed:
                    lines += self._wrapped(self.notation.member(member), ", ".join(map(self._long, changed)))
            for item in self._changes(self.lanes.shared(before), self.lanes.shared(step.state)):
                lines += self._wrapped(item.field, self._what(item))
        return lines

    def _wrapped(self, head: str, body: str) -> list[str]:
        indent = " " * 6
        return textwrap.wrap(
            f"{head}  {body}", self.width - 2, initial_indent=indent, subsequent_indent=indent + " " * (len(head) + 2)
        )

    # ------------------------------------------------------------------ cells

    def _changes(self, before: Card, after: Card) -> list[Change]:
        return changes(before, after, self.notation.key)

    def _whole(self, card: Card) -> str:
        """A card with everything on it that is not empty."""
        parts = [self.short.item(f, v, self.notation) for f, v in card.items() if not _empty(v)]
        return " ".join(parts) or "-"

    def _changed(self, before: Card, after: Card) -> str:
        changed = self._changes(before, after)
        return " ".join(self._short(c) for c in changed) if changed else _UNCHANGED

    def _changed_elsewhere(self, before: Any, after: Any) -> str:
        changed = self._changes(self.lanes.shared(before), self.lanes.shared(after))
        return ", ".join(map(self._long, changed)) if changed else _UNCHANGED

    def _cell(self, changed: list[Change], column: str) -> str:
        """The cell of a column that has the name of the field already."""
        if not changed:
            return _UNCHANGED
        return ", ".join(f"{c.field[len(column) :]} {self._what(c)}".strip() for c in changed)

    def _short(self, item: Change) -> str:
        if item.partial:
            return f"{item.field} {self._what(item)}"
        return self.short.item(item.field, item.value, self.notation)

    def _long(self, item: Change) -> str:
        return f"{item.field} {self._what(item)}"

    def _what(self, item: Change) -> str:
        if not item.partial:
            return self.notation.value(item.value)
        came = [f"+{self.notation.copies(m, n)}" for m, n in item.added]
        return " ".join([*came, *(f"−{self.notation.copies(m, n)}" for m, n in item.removed)])

    # ------------------------------------------------------------------ the end

    def _pending(self) -> list[str]:
        """The messages that have not been taken away at the end, where messages say where they go."""
        lines = []
        for name, value in self.lanes.shared(self.behavior.last).items():
            messages = [self.notation.copies(m, n) for m, n in _messages(value)]
            if messages:
                more = len(messages) - _LISTED
                listed = " · ".join(messages[:_LISTED]) + (f" · and {more} more" if more > 0 else "")
                lines += textwrap.wrap(f"at the end, {name}: {listed}", self.width - 2, subsequent_indent="  ")
        return lines


class _Abbreviations:
    """Short names for the fields and enum members on cards, and the key that explains those in use."""

    def __init__(self, lanes: Lanes) -> None:
        self._fields: dict[str, str] = {}
        self._members: dict[Enum, str] = {}
        self._used: dict[str, str] = {}
        if not lanes.members:
            return
        fields = lanes.instance.state_domain.fields
        domains: dict[str, Domain] = {}
        for name in lanes.card(lanes.instance.initial[0], lanes.members[0]):
            domains[name] = _card_domain(fields, lanes, name)
        for domain in domains.values():
            if isinstance(domain, Members):
                for member, short in zip(domain.members, _shortest([m.name for m in domain.members]), strict=True):
                    self._members[member] = short
        enums = set(self._members.values())
        for name, domain in domains.items():
            if not isinstance(domain, Members | Bools):
                self._fields[name] = _initials(name, {*self._fields.values(), *(e.lower() for e in enums)})

    def item(self, field: str, value: Any, notation: Notation) -> str:
        """`L`, `t1`, `vf=n1`, `-vf` for none, `up` and `!up` for a bool, `votes {n1}`."""
        if isinstance(value, Enum) and value in self._members:
            short = self._members[value]
            self._used[short] = value.name.lower()
            return short
        if isinstance(value, bool):
            return field if value else f"!{field}"
        short = self._fields.get(field, field)
        if isinstance(value, int):
            self._used[short] = field
            return f"{short}{value}" if value >= 0 else f"{short}={value}"
        if isinstance(value, Index) or value is None:
            self._used[short] = field
            return f"{short}={notation.value(value)}" if value is not None else f"-{short}"
        if isinstance(value, Enum):
            return f"{field} {value.name}"
        return f"{field} {notation.value(value)}"

    def key(self, width: int) -> list[str]:
        """What the abbreviations that were used stand for."""
        shown = [f"{short} {name}" for short, name in self._used.items() if short != name]
        if not shown:
            return []
        unbroken = (item.replace(" ", "\0") for item in shown)
        return [line.replace("\0", " ") for line in textwrap.wrap("key: " + ", ".join(unbroken), width - 2)]


def _card_domain(fields: dict[str, Domain], lanes: Lanes, name: str) -> Domain:
    domain = fields.get(name)
    if isinstance(domain, MapOf):
        return domain.value
    for other in fields.values():
        if isinstance(other, MapOf) and isinstance(other.value, RecordOf) and name in other.value.fields:
            return other.value.fields[name]
    raise KeyError(name)


def _initials(field: str, taken: set[str]) -> str:
    """The first letters of the words of a name; more of it where those are taken."""
    tries = ["".join(word[:1] for word in field.split("_")), *(field[:k] for k in range(2, len(field)))]
    return next((t for t in tries if t and t not in taken), field)


def _shortest(names: list[str]) -> list[str]:
    """For each name its shortest beginning that no other name has."""
    short = []
    for name in names:
        others = [n for n in names if n != name]
        length = next((k for k in range(1, len(name)) if not any(o.startswith(name[:k]) for o in others)), len(name))
        short.append(name[:length])
    return short


def _empty(value: Any) -> bool:
    """Whether a value says nothing on a card: none, or an empty collection."""
    if isinstance(value, Map | Record | Channels):
        return False
    return value is None or (isinstance(value, frozenset | tuple) and not value)


def _belongs(path: str, column: str) -> bool:
    return path == column or path.startswith((f"{column}[", f"{column}."))


def _messages(value: Any) -> Iterable[tuple[Record, int]]:
    """The members of a set or bag of records that have a destination."""
    if isinstance(value, Bag):
        pairs = counts_of(value)
    elif isinstance(value, frozenset):
        pairs = tuple((m, 1) for m in sorted_members(value))
    else:
        return ()
    return [(m, n) for m, n in pairs if isinstance(m, Record) and {"dst", "dest", "receiver"} & set(type(m)._fields)]


# ---------------------------------------------------------------------- layout


def _table(heads: list[str], rows: list[list[str]], width: int, mark: str) -> list[str] | None:
    """The rows under their heads, cells wrapped to fit; None if even narrow columns do not."""
    marking = f"{_GAP}← {mark}" if len(rows) > 1 else ""
    widths = _widths(heads, rows, width - 1 - len(marking))
    if widths is None:
        return None
    lines = [" " + _line(heads, widths)]
    for number, row in enumerate(rows):
        last = number == len(rows) - 1 and number > 0
        wrapped = [textwrap.wrap(c, w, break_on_hyphens=False) or [""] for c, w in zip(row, widths, strict=True)]
        for k in range(max(map(len, wrapped))):
            text = _line([cell[k] if k < len(cell) else "" for cell in wrapped], widths)
            lines.append((">" if last and k == 0 else " ") + text + (marking if last and k == 0 else ""))
    return lines


def _line(cells: list[str], widths: list[int]) -> str:
    return _GAP.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()


def _widths(heads: list[str], rows: list[list[str]], width: int) -> list[int] | None:
    """The natural widths of the columns, the widest ones narrowed until all fit; None if they cannot."""
    columns = zip(heads, *rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    least = [min(w, max(_NARROWEST, len(h))) for w, h in zip(widths, heads, strict=True)]
    widths[1] = max(least[1], min(widths[1], _WIDEST_ACTION))
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        slack = [w - m for w, m in zip(widths, least, strict=True)]
        if not any(slack):
            return None
        widest = max((k for k, s in enumerate(slack) if s), key=lambda k: widths[k])
        widths[widest] -= 1
    return widths
