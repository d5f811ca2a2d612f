"""Where steps happen, and which messages went from where to where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from mcheck.counterexamples.causality import Event, Message
from mcheck.counterexamples.lanes import Lanes
from mcheck.counterexamples.notation import Notation, ends_of
from mcheck.counterexamples.picture.cards import TERMS, shortened
from mcheck.counterexamples.picture.parts import Arrow, Kind
from mcheck.spec import Index, Record
from mcheck.spec.records import fields_of

_SOURCES = frozenset({"src", "source", "sender", "frm", "origin"})
_TARGETS = frozenset({"dst", "dest", "to", "receiver", "target"})
_LOSES = re.compile(r"(^|_)(drop|drops|lose|loses|loss|lost|discard)(_|$)")
_LONGEST_LABEL = 84
_RECEIVES = re.compile(r"(^|_)(receive|receives|received|recv|rcv|deliver|delivers|handle|handles)(_|$)")


class Traffic:
    """The places and messages of one behaviour.  Lanes are numbered; the one after the last belongs to nobody in particular."""

    def __init__(
        self, lanes: Lanes, notation: Notation, events: tuple[Event, ...], hidden: frozenset[str] = frozenset()
    ) -> None:
        self.notation, self.events, self.hidden = notation, events, hidden
        self.number = {member: k for k, member in enumerate(lanes.members)}
        self.nobody = len(lanes.members)
        self.between = {e.number for e in events if self._is_of_network(e)}
        """The steps that happen between the nodes: a message is lost there, or there is one more copy of it."""
        self.at: dict[int, int | None] = {e.number: self._at(e) for e in events}

    # ------------------------------------------------------------------ places

    def _is_of_network(self, event: Event) -> bool:
        alone = not event.lanes and not set(event.fields) - self.hidden
        return alone and (_loses(event) or _duplicates(event))

    def _at(self, event: Event) -> int | None:
        """The lane that a step happens in: the one it changes, else the one its messages say, else the one it looks at."""
        if event.number in self.between:
            return None
        named = [self.number[a] for a in event.step.arguments if isinstance(a, Index) and a in self.number]
        choices = (
            [self.number[m] for m in event.lanes],
            self._said(event.sent, self._source_said),
            self._said(event.received, self._target_said),
            [self.number[m] for m in event.consulted],
        )
        for lanes in choices:
            if lanes:
                return next((lane for lane in named if lane in lanes), lanes[0])
        if set(event.fields) - self.hidden or event.sent or event.read or event.received:
            return self.nobody
        return named[0] if named else None

    def _said(self, messages: Iterable[Message], of: Any) -> list[int]:
        return [lane for m in messages if (lane := of(m)) is not None]

    def _source_said(self, message: Message) -> int | None:
        """The lane a message says it comes from; a lane that it names alone, and not as its destination, is that."""
        if message.ends is not None:
            return self.number.get(message.ends[0])
        lanes = self._lanes_in(message.content)
        ends = ends_of(message.content)
        said = lanes.get(ends[0]) if ends else next((k for f, k in lanes.items() if f in _SOURCES), None)
        if said is None and len(lanes) == 1 and not lanes.keys() & _TARGETS:
            said = next(iter(lanes.values()))
        return said

    def _target_said(self, message: Message) -> int | None:
        if message.ends is not None:
            return self.number.get(message.ends[1])
        lanes = self._lanes_in(message.content)
        ends = ends_of(message.content)
        return lanes.get(ends[1]) if ends else next((k for f, k in lanes.items() if f in _TARGETS), None)

    def _lanes_in(self, content: Any) -> dict[str, int]:
        if not isinstance(content, Record):
            return {}
        return {f: self.number[v] for f, v in fields_of(content) if isinstance(v, Index) and v in self.number}

    # ------------------------------------------------------------------ arrows

    def arrows(self, past: frozenset[int]) -> tuple[Arrow, ...]:
        """The messages in the order of their sending; those that nobody received too."""
        flights = _flights(self.events, self.between)
        found: list[Arrow] = []
        for flight in flights:
            found += self._arrows(flight, past)
        return tuple(found)

    def _arrows(self, flight: _Flight, past: frozenset[int]) -> list[Arrow]:
        message = flight.message
        sender = self.at.get(message.sent)
        said = self._source_said(message)
        source = said if said is not None else sender if sender is not None else self.nobody
        label, whole = self.label(message), self.notation.value(message.content)
        addressee = self._target_said(message)

        def arrow(target: int | None, row: int | None, kind: Kind, relevant: bool) -> Arrow:
            return Arrow(label, whole, source, message.sent, target, row, kind, relevant)

        arrows: list[Arrow] = []
        reached: set[int] = set()
        for event, lost in flight.uses:
            relevant = event.number in past and (message.sent in past or message.sent == 0)
            if _loses(event) or (lost and not _receives(event)):
                arrows.append(arrow(addressee, event.number, "lost", relevant))
                continue
            target = self.at[event.number] if addressee is None else addressee
            if target is None or (target == source and addressee is None):
                continue  # a node that counts what it has said itself
            kind: Kind = "idle" if lost else "again" if target in reached else "received"
            arrows.append(arrow(target, event.number, kind, relevant))
            reached.add(target)
        return arrows or [arrow(addressee, None, "pending", message.sent in past)]

    def label(self, message: Message) -> str:
        """`RequestVote t1`, `RequestVoteReply t1 ✓`: what kind of message, and what of it is said in a letter or two."""
        content = message.content
        if not isinstance(content, Record):
            return shortened(self.notation.value(content), _LONGEST_LABEL)
        ends = set(ends_of(content) or ())
        lanes = self._lanes_in(content)
        sole = set(lanes) if len(lanes) == 1 and self._source_said(message) is not None else set()
        said = [self._briefly(f, v) for f, v in fields_of(content) if f not in ends | sole]
        return shortened(" ".join([type(content).__name__, *filter(None, said)]), _LONGEST_LABEL)

    def _briefly(self, name: str, value: Any) -> str:
        """`t1` for a term, `✓` for yes, a value that says what it is; nothing for other numbers, none and what is empty."""
        if isinstance(value, bool):
            return "✓" if value else "✗"
        if isinstance(value, int):
            return f"{name[0]}{value}" if name in TERMS and value >= 0 else ""
        if isinstance(value, Record):
            inside = " ".join(filter(None, (self._briefly(f, v) for f, v in fields_of(value))))
            return inside or type(value).__name__
        if isinstance(value, Index | Enum):
            return self.notation.value(value)
        if type(value) is tuple and value:
            return "⟨" + ", ".join(self._briefly("", v) or self.notation.value(v) for v in value) + "⟩"
        return ""


def _loses(event: Event) -> bool:
    """Whether a step says by its name that it loses what it takes away."""
    return _LOSES.search(event.step.action.name) is not None


def _receives(event: Event) -> bool:
    """Whether a step says by its name that it receives: what it could do without, it has received all the same."""
    return _RECEIVES.search(event.step.action.name) is not None


def _duplicates(event: Event) -> bool:
    """Whether a step sends what is under way already, and does nothing else."""
    copied = {(m.field, m.content) for m in event.sent}
    return bool(copied) and not event.received and copied == {(m.field, m.content) for m in event.read}


@dataclass
class _Flight:
    """One copy of a message, and the events that it reached: (event, whether it was lost there)."""

    message: Message
    uses: list[tuple[Event, bool]] = field(default_factory=list)


def _flights(events: tuple[Event, ...], silent: set[int]) -> list[_Flight]:
    """Every copy of every message, in the order of sending; those that are there at first where they are used.

    Nobody reads in a `silent` step.
    """
    found: list[_Flight] = []
    under_way: dict[Message, list[_Flight]] = {}
    for event in events:
        read = () if event.number in silent else event.read
        for messages, lost, ends in (
            (read, False, False),
            (event.received, False, True),
            (event.lost, True, True),
        ):
            for message in messages:
                flights = under_way.setdefault(message, [])
                if not flights:
                    flights.append(_Flight(message))
                    found.append(flights[0])
                flights[0].uses.append((event, lost))
                if ends:
                    flights.pop(0)
        for message in event.sent:
            flight = _Flight(message)
            found.append(flight)
            under_way.setdefault(message, []).append(flight)
    return sorted(found, key=lambda f: f.message.sent)
