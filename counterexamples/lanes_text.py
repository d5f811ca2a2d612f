"""A behaviour as a table of text: a row for each step, a column for each lane, in it what changed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from mcheck.counterexamples.abbreviations import TableNotation
from mcheck.counterexamples.columns import columns
from mcheck.counterexamples.hearsay import Saying, chosen_initially, is_faulty, sayings
from mcheck.counterexamples.lanes import Card, Change, Lanes, changes
from mcheck.counterexamples.notation import ends_of
from mcheck.spec import Bag, Behavior, Channels, Index, Map, Record, Step
from mcheck.spec.bags import counts_of
from mcheck.spec.sets import sorted_members

_UNCHANGED = "·"
_LISTED = 6


class LanesText:
    """Writes behaviours of one instance, `width` characters wide.

    `spelled` gives each cell in the characters that can be shown, before it is measured.
    """

    def __init__(
        self, behavior: Behavior, width: int = 100, mark: str = "violates", spelled: Callable[[str], str] = str
    ) -> None:
        self.behavior, self.width, self.mark, self.spelled = behavior, width, mark, spelled
        self.lanes = Lanes(behavior.instance)
        self.notation = TableNotation(self.lanes)
        self.said = [self._said(found) for found in sayings(behavior)]

    def lines(self) -> list[str]:
        """The table, or the list of changes where a table does not fit; then the key to its abbreviations."""
        heads, rows = self._lane_table() if self.lanes.members else self._field_table()
        cells = [[self.spelled(cell) for cell in row] for row in rows]
        table = columns(heads, cells, self.width - 2, self.mark) or self._list()
        return [*table, *self._pending(), *self.notation.key_lines(self.width - 2)]

    # ------------------------------------------------------------------ tables

    def _lane_table(self) -> tuple[list[str], list[list[str]]]:
        """One column for each member, and one for the rest of the state if any of it ever changes."""
        members, states = self.lanes.members, self.behavior.states
        first = states[0]
        chosen = self._chosen()
        rest = bool(chosen) or any(self.lanes.shared(s) != self.lanes.shared(first) for s in states)
        heads = ["#", "action", *(self.notation.member(m) for m in members), *(["elsewhere"] if rest else [])]
        cells = [self._initially(m) for m in members]
        rows = [["0", "initially", *cells, *([", ".join(chosen) or _UNCHANGED] if rest else [])]]
        for number, (before, step) in enumerate(zip(states, self.behavior.steps, strict=False), start=1):
            cells = [self._changed(self.lanes.card(before, m), self.lanes.card(step.state, m)) for m in members]
            if rest:
                cells.append(self._changed_elsewhere(before, step, self.said[number - 1]))
            rows.append([str(number), self.notation.step(step), *cells])
        return heads, rows

    def _field_table(self) -> tuple[list[str], list[list[str]]]:
        """One column for each field of the state."""
        names, states = self.lanes.shared_fields, self.behavior.states
        first = self.lanes.shared(states[0])
        rows = [["0", "initially", *(self.notation.value(first[n]) for n in names)]]
        for number, (before, step) in enumerate(zip(states, self.behavior.steps, strict=False), start=1):
            old, new = self.lanes.shared(before), self.lanes.shared(step.state)
            cells = [self._cell([c for c in self._changes(old, new) if _belongs(c.field, n)], n, step) for n in names]
            label = "; ".join([*self.said[number - 1], self.notation.step(step)])
            rows.append([str(number), label, *cells])
        return ["#", "action", *names], rows

    def _list(self) -> list[str]:
        """Step by step, one line for each lane that changed: for states too wide for a table."""
        lines = ["0  initially"]
        for member in self.lanes.members:
            lines += self._wrapped(self.notation.member(member), self._initially(member))
        for name, value in self.lanes.shared(self.behavior.initial).items():
            lines += self._wrapped(name, self.notation.value(value))
        last = len(self.behavior.steps)
        for number, (before, step) in enumerate(zip(self.behavior.states, self.behavior.steps, strict=False), start=1):
            lines.append(f"{number}  {self.notation.step(step)}{f'  ← {self.mark}' if number == last else ''}")
            lines += [line for said in self.said[number - 1] for line in self._wrapped(said, "")]
            for member in self.lanes.members:
                changed = self._changes(self.lanes.card(before, member), self.lanes.card(step.state, member))
                if changed:
                    lines += self._wrapped(
                        self.notation.member(member), ", ".join(self._long(c, step) for c in changed)
                    )
            for item in self._changes(self.lanes.shared(before), self.lanes.shared(step.state)):
                lines += self._wrapped(item.field, self._what(item, step))
        return lines

    def _wrapped(self, head: str, body: str) -> list[str]:
        indent = " " * 6
        return textwrap.wrap(
            f"{head}  {body}", self.width - 2, initial_indent=indent, subsequent_indent=indent + " " * (len(head) + 2)
        )

    # ------------------------------------------------------------------ what no step says

    def _chosen(self) -> list[str]:
        """What distinguishes the initial state from the others, if there are several: a choice that no step shows."""
        return [self.notation.item(name, value) for name, value in chosen_initially(self.behavior, self.lanes).items()]

    @staticmethod
    def _grouped(found: tuple[Saying, ...]) -> dict[Any, list[Any]]:
        groups: dict[Any, list[Any]] = {}
        for member, message in found:
            groups.setdefault(member, []).append(message)
        return groups

    def _said(self, found: tuple[Saying, ...]) -> list[str]:
        """`faulty n3 says PrePrepare(view=0, d1)`: what the step relies on and no step has sent."""
        value = self.notation.value
        return [
            f"faulty {value(member)} says {' '.join(map(value, messages))}"
            for member, messages in self._grouped(found).items()
        ]

    # ------------------------------------------------------------------ cells

    def _changes(self, before: Card, after: Card) -> list[Change]:
        return changes(before, after, self.notation.key)

    def _initially(self, member: Index) -> str:
        if is_faulty(self.behavior, member):
            return "faulty"
        return self._whole(self.lanes.card(self.behavior.initial, member))

    def _whole(self, card: Card) -> str:
        """A card with everything on it that is not empty."""
        parts = [self.notation.item(f, v) for f, v in card.items() if not _empty(v)]
        return " ".join(parts) or "-"

    def _changed(self, before: Card, after: Card) -> str:
        changed = self._changes(before, after)
        return " ".join(self._short(c) for c in changed) if changed else _UNCHANGED

    def _changed_elsewhere(self, before: Any, step: Step, said: list[str]) -> str:
        changed = self._changes(self.lanes.shared(before), self.lanes.shared(step.state))
        return ", ".join([*said, *(self._long(c, step) for c in changed)]) or _UNCHANGED

    def _cell(self, changed: list[Change], column: str, step: Step) -> str:
        """The cell of a column that has the name of the field already."""
        if not changed:
            return _UNCHANGED
        return ", ".join(f"{c.field[len(column) :]} {self._what(c, step)}".strip() for c in changed)

    def _short(self, item: Change) -> str:
        if item.partial:
            return f"{self.notation.composite(item.field)} {self._what(item, None)}"
        return self.notation.item(item.field, item.value)

    def _long(self, item: Change, step: Step) -> str:
        return f"{item.field} {self._what(item, step)}"

    def _what(self, item: Change, step: Step | None) -> str:
        """The new value, or what came and went; `−it` where the message went that the step is about."""
        if not item.partial:
            return self.notation.value(item.value)
        subject = step.arguments[0] if step is not None and len(step.arguments) == 1 else None
        it = [(m, n) for m, n in item.removed if isinstance(m, Record) and m == subject]
        went = [pair for pair in item.removed if pair not in it]
        came = self.notation.messages("+", item.added)
        return " ".join([*came, *(["−it"] if it else []), *self.notation.messages("−", went)])

    # ------------------------------------------------------------------ the end

    def _pending(self) -> list[str]:
        """The messages that have not been taken away at the end, where messages say where they go."""
        lines = []
        for name, value in self.lanes.shared(self.behavior.last).items():
            messages = self.notation.messages("", _messages(value))
            if messages:
                more = len(messages) - _LISTED
                listed = " · ".join(messages[:_LISTED]) + (f" · and {more} more" if more > 0 else "")
                lines += textwrap.wrap(f"at the end, {name}: {listed}", self.width - 2, subsequent_indent="  ")
        return lines


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
    return [(m, n) for m, n in pairs if isinstance(m, Record) and ends_of(m) is not None]
