"""What a card shows of one lane: role, term, vote and log where the types say so, and whatever else has changed.

Recognised from values and a few names.  The first field with an enum value is the role.  A number called term, ballot, view or
the like is the term.  A sequence of records is a log; in its entries a number of such a name is the term, the rest the
command, and a number of the card with `commit` in its name says how many entries are committed.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from mcheck.counterexamples.lanes import Card, Change, Lanes, leaf_changes
from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.picture.parts import Cell, Item, Log, StateCard
from mcheck.spec import Bag, Channels, Index, Map, Record
from mcheck.spec.records import fields_of

TERMS = frozenset({"term", "ballot", "bal", "view", "epoch", "round"})
_LOGS = frozenset({"log", "history", "entries"})
_MOST_CELLS = 7
_MOST_ITEMS = 6
_FEW = 6
_SMALL_RECORD = 3
_LONGEST_TERM = 8
_LONGEST_COMMAND = 40
_LONGEST_ROLE = 16
_LONGEST_ITEM = 84
"""Up to this many characters a value has the names of its fields; that is about three lines of a card."""


class CardWriter:
    """Writes the cards of one behaviour.  `mentioned`: the fields that the facts are about, shown even if they are history."""

    def __init__(self, lanes: Lanes, notation: Notation, mentioned: frozenset[str]) -> None:
        self.lanes, self.notation = lanes, notation
        self._shades: dict[str, int] = {}
        ghosts = lanes.instance.ghosts
        self.hidden = frozenset(
            {f for f in lanes.shared_fields if f in ghosts} | lanes.card_fields(ghosts)
        ) - mentioned  # fmt: skip

    def whole(self, lane: int, card: Card) -> StateCard:
        """The card of an initial state: what is not empty."""
        return self._card(lane, {}, card)

    def changed(self, lane: int, before: Card, after: Card) -> StateCard | None:
        """The card of a lane that a step changed, else None."""
        shown = [f for f in after if f not in self.hidden]
        if all(before[f] == after[f] for f in shown):
            return None
        return self._card(lane, before, after)

    def changes(self, before: Card, after: Card) -> tuple[Item, ...]:
        """The changes of fields that have no card, in the order of the fields."""
        return tuple(
            self._item(c)
            for field, value in after.items()
            if field not in self.hidden
            for c in leaf_changes(field, before[field], value, self.notation.key)
        )

    def _shade(self, role: Enum) -> int:
        """The colour of a role; the same for two roles of one name, and none for the first of a kind."""
        if role.name not in self._shades:
            for k, member in enumerate(type(role)):
                taken = max(self._shades.values(), default=0)
                self._shades.setdefault(member.name, 0 if k == 0 else taken + 1)
        return self._shades[role.name]

    # ------------------------------------------------------------------ one card

    def _card(self, lane: int, before: Card, after: Card) -> StateCard:
        """A card of which everything counts as unchanged where `before` is empty."""
        fields = {f: v for f, v in after.items() if f not in self.hidden}
        role = next((f for f, v in fields.items() if isinstance(v, Enum)), None)
        term = next((f for f, v in fields.items() if _is_number(v) and is_term(f)), None)
        sequences = [f for f, v in fields.items() if type(v) is tuple and _is_log(f, (*before.get(f, ()), *v))]
        keeps_log = any(type(v) is tuple for v in fields.values())  # perhaps an empty one
        commit = next((f for f, v in fields.items() if keeps_log and _is_number(v) and "commit" in f), "")
        last: int = after.get(commit, 0)
        committed = (int(before.get(commit, last)), last)
        logs = [self._log(f, before.get(f, fields[f]), fields[f], committed) for f in sequences]
        items: list[Item] = []
        plain = [f for f in fields if f not in (role, term, *sequences)]
        for field in plain:
            items += self._items(field, before, fields[field], plain, field == commit)
        if len(items) > _MOST_ITEMS:
            items = [*items[: _MOST_ITEMS - 1], Item("", f"and {len(items) - _MOST_ITEMS + 1} more")]
        return StateCard(
            lane,
            None
            if role is None
            else Item(role, shortened(fields[role].name, _LONGEST_ROLE), _differs(before, role, fields)),
            0 if role is None else self._shade(fields[role]),
            None if term is None else Item(last_word(term), str(fields[term]), _differs(before, term, fields)),
            tuple(items),
            tuple(logs),
        )

    def _items(self, field: str, before: Card, value: Any, fields: list[str], commit: bool) -> list[Item]:
        """The lines on one field: each change of it, or its value if that is worth a line."""
        if field in before and before[field] != value:
            if isinstance(value, Record) and len(type(value)._fields) <= _SMALL_RECORD:
                return [Item(field, self._written(value), True)]
            return [self._item(c) for c in leaf_changes(field, before[field], value, self.notation.key)]
        if value is None or commit or isinstance(value, frozenset | Bag | Channels | Map):
            return [] if not isinstance(value, frozenset) or not value else [Item(field, self._written(value))]
        if (
            isinstance(value, Index | Record | bool)
            or (_is_number(value) and len(fields) <= _FEW)
            or isinstance(value, Enum)
        ):
            return [Item(field, self._written(value))]
        return []

    def _item(self, change: Change) -> Item:
        """`votes_granted +n1`; of a field as a whole its new value."""
        if change.partial and (change.added or change.removed):
            came = [f"+{self._written(m)}{_times(n)}" for m, n in change.added]
            went = [f"−{self._written(m)}{_times(n)}" for m, n in change.removed]
            return Item(change.field, " ".join([*came, *went]), True)
        return Item(change.field, self._written(change.value), True)

    def _written(self, value: Any) -> str:
        """The value, with the names of its fields if that takes no more lines than a card has."""
        whole = self.notation.value(value)
        return whole if len(whole) <= _LONGEST_ITEM else self.notation.compact(value)

    # ------------------------------------------------------------------ logs

    def _log(self, field: str, before: Any, after: Any, committed: tuple[int, int]) -> Log:
        """The cells of a sequence, and those that a step took off its end.  `committed`: how many, before and after."""
        alike = 0
        while alike < min(len(before), len(after)) and before[alike] == after[alike]:
            alike += 1
        cells = [
            self._cell(k, entry, k <= committed[1], k > alike or committed[0] < k <= committed[1])
            for k, entry in enumerate(after, start=1)
        ]
        cells += [self._cell(k, before[k - 1], False, True, True) for k in range(len(after) + 1, len(before) + 1)]
        hidden = max(0, len(cells) - _MOST_CELLS)
        return Log(field, tuple(cells[hidden:]), hidden)

    def _cell(self, position: int, entry: Any, committed: bool, changed: bool, dropped: bool = False) -> Cell:
        """An entry; its term may stand in a record of its own, as the epoch does in a zxid."""
        fields = dict(fields_of(entry)) if isinstance(entry, Record) else {"": entry}
        numbers = {f: v for f, v in fields.items() if _is_number(v) and is_term(f)}
        for field, value in fields.items():
            if not numbers and isinstance(value, Record):
                inner = [v for f, v in fields_of(value) if _is_number(v) and is_term(f)]
                numbers = {field: inner[0]} if inner else {}
        term = next(iter(numbers), None)
        said = "" if term is None else str(numbers[term])
        if term is not None and isinstance(fields[term], Record):
            said = ".".join(self.notation.value(v) for _, v in fields_of(fields[term]))
        command = " ".join(self.notation.brief(v) for f, v in fields.items() if f != term and v is not None)
        return Cell(
            position,
            shortened(said, _LONGEST_TERM),
            shortened(command, _LONGEST_COMMAND),
            None if term is None else numbers[term],
            committed,
            changed,
            dropped,
        )


def last_word(name: str) -> str:
    """`term` of `current_term`."""
    return name.rsplit("_", 1)[-1]


def is_term(name: str) -> bool:
    """Whether a number of this name orders elections or attempts."""
    return last_word(name) in TERMS


def shortened(text: str, length: int) -> str:
    """The text, its end replaced by `…` where it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _is_log(field: str, entries: tuple[Any, ...]) -> bool:
    """Whether a sequence is drawn as boxes: one of records, or one that is called a log."""
    return bool(entries) and (last_word(field) in _LOGS or all(isinstance(entry, Record) for entry in entries))


def _times(number: int) -> str:
    return "" if number == 1 else f"×{number}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _differs(before: Card, field: str, fields: Card) -> bool:
    return field in before and before[field] != fields[field]
