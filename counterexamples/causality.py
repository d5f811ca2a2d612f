"""Which steps of a behaviour could influence which: Lamport's happens-before, for any protocol.

Source: L. Lamport, Time, Clocks, and the Ordering of Events in a Distributed System, CACM 1978.  A step follows the last
step of every lane that it changes (a process knows its own past) and the sender of every message that it takes away.  What
else it needed is found by substitution, as nothing in a specification names what it reads: places of the state before the
step are put back to what they were before they were written, messages are taken out, and the action is run again by its
plain function.  If it then does the same, it did not need them.

Two questions are asked of each place that was ever written.  *Is its value needed?*  All places at once, then fewer by
halving, are put back to their first value, the latest written first, and stay there as long as the step does the same: what
is left suffices.  So of two messages either of which would do, one counts as needed.  *Is its last change needed?*  The
places are put back to their value before it, and those that the action looks at to each of their earlier values: a lock
that is free again was free at first too, but its release matters to the next holder.

History variables (GHOST) remember and inform nobody, so they carry no dependency; they are compared only for a step that
changes nothing else.  But what is remembered may come from what was remembered before, and a property that reads it judges
the history: its violation follows from the steps that made that, and they are found with ghosts as places like all others.
Bounds are not asked: that one message had to go before the next one fitted is no influence, but a
limit of the search.  The number of evaluations is bounded; where it does not suffice, the step depends.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.facts import Fact
from mcheck.counterexamples.lanes import Lanes
from mcheck.counterexamples.places import CardOf, Copies, Entry, Place, Places, Queue, nothing_at, received_and_sent
from mcheck.counterexamples.reads import Path, reads
from mcheck.spec import Behavior, Index, Record, Rule, Step
from mcheck.spec.declare import TEMPORAL
from mcheck.spec.parameters import MemberParameter

_MOST_EVALUATIONS = 60_000
_LEAST_PER_STEP = 64


@dataclass(frozen=True)
class Message:
    """A record under way: the set, bag or channels that it is in, and the step that sent it (0: it is there at first)."""

    field: str
    content: Any
    sent: int
    ends: tuple[Index, Index] | None = None
    """Source and destination of a message in channels; elsewhere messages say such things themselves, or do not."""


@dataclass(frozen=True)
class Event:
    """What one step did, and what it needed for that."""

    number: int
    step: Step
    lanes: tuple[Index, ...]
    """The lanes that it changed."""
    consulted: tuple[Index, ...]
    """Other lanes whose state it needed."""
    fields: tuple[str, ...]
    """The fields of no lane, other than those that hold messages, that it changed."""
    sent: tuple[Message, ...]
    received: tuple[Message, ...]
    """Taken away, and needed."""
    lost: tuple[Message, ...]
    """Taken away although the step would have done the same without them."""
    read: tuple[Message, ...]
    """Needed, and left where they were."""
    depends: tuple[int, ...]
    """The steps that it directly follows from, in order; the initial state (0) is not among them."""


def events(behavior: Behavior) -> tuple[Event, ...]:
    """One event for each step.  Cost: about ten evaluations of its action for each step, at most 60,000 in all."""
    return _events(behavior, Places(Lanes(behavior.instance), behavior.instance.ghosts))


def _events(behavior: Behavior, places: Places) -> tuple[Event, ...]:
    with behavior.instance.active():
        return _History(behavior, places).events()


def causal_past(events: Iterable[Event], ends: Iterable[int]) -> frozenset[int]:
    """The steps numbered `ends` and all that they follow from, directly or not."""
    by_number = {event.number: event for event in events}
    past: set[int] = set()
    found = [number for number in ends if number in by_number]
    while found:
        number = found.pop()
        if number not in past:
            past.add(number)
            found += by_number[number].depends
    return frozenset(past)


def past_of_violation(
    behavior: Behavior, rule: Rule | None, facts: Iterable[Fact], events: Iterable[Event]
) -> frozenset[int]:
    """The steps that the violation follows from; `events` are those of the behaviour.

    Facts are told from the initial state, and may be true there by other means than in the last one.  So the steps are
    executed alone, and if that violates nothing, none is left out.  Cost: where a fact is about a history variable, that of
    `events` once more.
    """
    facts = tuple(facts)
    if any(reading.path[0] in behavior.instance.ghosts for fact in facts for reading in fact.readings):
        events = _events(behavior, Places(Lanes(behavior.instance)))
    past = causal_past(events, ends_of_violation(behavior, rule, facts))
    everything = frozenset(range(1, len(behavior.steps) + 1))
    return past if past == everything or (rule is not None and _suffices(behavior, rule, past)) else everything


def _suffices(behavior: Behavior, rule: Rule, past: frozenset[int]) -> bool:
    """Whether these steps alone are possible and violate the property, bounds aside, or reach what it is a witness of."""
    instance = behavior.instance
    states = [behavior.initial]
    try:
        with instance.active():
            for number, step in enumerate(behavior.steps, start=1):
                if number in past and _is_taken(step, states[-1]):
                    states.append(step.action.function(instance.spec, states[-1], *step.arguments))
                elif number in past:
                    return False
            if rule.kind == "reachable":
                return instance.witnessing(rule, states[-1]) is not None
            return instance.falsifying(rule, *states[-2 if rule.kind == "step" else -1 :]) is not None
    except Exception:  # not enabled, or it reads what is not there
        return False


def _is_taken(step: Step, state: Any) -> bool:
    """Whether the messages that a step is about are there."""
    pairs = zip(step.action.signature.parameters, step.arguments, strict=True)
    return all(not isinstance(p, MemberParameter) or value in getattr(state, p.field) for p, value in pairs)


def ends_of_violation(behavior: Behavior, rule: Rule | None, facts: Iterable[Fact]) -> tuple[int, ...]:
    """The steps without which nothing would be violated: those that made the facts true.

    The last one for a property of steps, which judges a step.  All of them for a deadlock, where every lane is stuck; for a
    refinement, as the image of a state may rest on anything in it; for a lasso, which goes on; and where there is no property.
    """
    if rule is None or rule.kind in ("deadlock", "implements") or rule.kind in TEMPORAL:
        return tuple(range(1, len(behavior.steps) + 1))
    made = {fact.since for fact in facts}
    if not made or rule.kind == "step":
        made.add(len(behavior.steps))
    return tuple(sorted(made - {0}))


@dataclass
class _Record:
    """What became of one place so far."""

    writes: list[tuple[int, Any]]
    """(step, value before it), the earliest first."""
    first: Any
    """The value at first."""
    senders: list[int]
    """Of messages: who sent each copy that is still there, the oldest first."""
    taken: Any = None
    """Of messages: the value with what the last step that touched them took away, if it took something."""


class _History:
    """Walks through a behaviour once, and knows of each place who wrote it."""

    def __init__(self, behavior: Behavior, places: Places) -> None:
        self.behavior = behavior
        self.instance = behavior.instance
        self.places = places
        self.with_ghosts = Places(Lanes(self.instance))
        self.per_step = max(_LEAST_PER_STEP, _MOST_EVALUATIONS // max(1, len(behavior.steps)))
        self.records = {p: _first(p, v) for p, v in self.places.values(behavior.initial).items()}

    def events(self) -> tuple[Event, ...]:
        """The events, in order."""
        found = []
        before = self.behavior.initial
        for number, step in enumerate(self.behavior.steps, start=1):
            found.append(self._event(number, before, step))
            before = step.state
        return tuple(found)

    def _event(self, number: int, before: Any, step: Step) -> Event:
        old, new = self.places.values(before), self.places.values(step.state)
        changed = [p for p in dict.fromkeys((*old, *new)) if old.get(p) != new.get(p)]
        compared = self.places if changed else self.with_ghosts
        trial = _Trial(self, compared, before, step, self.per_step)
        needs = _Needs(self.records, self.places, trial, old, changed)
        needs.find()
        sent, taken = [], []
        for place in changed:
            came, went = self._moved(
                number, place, old.get(place, nothing_at(place)), new.get(place, nothing_at(place))
            )
            sent += came
            taken += went
            needs.depends.update(m.sent for m in went)
        lanes = tuple(p.member for p in changed if isinstance(p, CardOf))
        received = [m for m in taken if trial.needs_message(_place_of(m))]
        return Event(
            number,
            step,
            lanes,
            tuple(p.member for p in needs.needed if isinstance(p, CardOf) and p.member not in lanes),
            self._fields(before, step.state, changed),
            tuple(sent),
            tuple(received),
            tuple(m for m in taken if m not in received),
            tuple(m for m in needs.messages if m not in taken),
            tuple(sorted(needs.depends - {0})),
        )

    def _fields(self, before: Any, after: Any, changed: list[Place]) -> tuple[str, ...]:
        """The names of the fields of no lane that changed, without those that hold messages."""
        messages = {p.field for p in changed if isinstance(p, Queue | Copies) and _holds_messages(p)}
        return tuple(
            f for f in self.with_ghosts.shared if f not in messages and getattr(before, f) != getattr(after, f)
        )

    def _moved(self, number: int, place: Place, old: Any, new: Any) -> tuple[list[Message], list[Message]]:
        """The messages that step `number` sent and took away at a place; it is noted that it wrote there."""
        record = self.records.setdefault(place, _first(place, nothing_at(place)))
        record.writes.append((number, old))
        if not isinstance(place, Copies | Queue):
            return [], []
        if isinstance(place, Copies):
            went, came = [place.member] * (old - new), [place.member] * (new - old)
        else:
            taken, sent = received_and_sent(old, new)
            went, came = list(old[:taken]), list(sent)
        senders, record.senders = record.senders[: len(went)], record.senders[len(went) :]
        record.senders += [number] * len(came)
        record.taken = old if went else None
        if not _holds_messages(place, (*went, *came)):
            return [], []
        ends = place.ends if isinstance(place, Queue) else None
        return (
            [Message(place.field, m, number, ends) for m in came],
            [Message(place.field, m, sender, ends) for m, sender in zip(went, senders, strict=True)],
        )


class _Trial:
    """Runs one step again in other states than the one it was taken in."""

    def __init__(self, history: _History, compared: Places, before: Any, step: Step, evaluations: int) -> None:
        self.instance, self.places, self.compared = history.instance, history.places, compared
        self.before, self.step, self.left = before, step, evaluations
        self._known: dict[tuple[str, ...], tuple[dict[Place, Any], dict[Place, Any]]] = {}

    def alike(self, put_back: Mapping[Place, Any]) -> bool:
        """Whether the step does the same with these values in these places; no, once there were too many questions."""
        if self.left <= 0:
            return False
        self.left -= 1
        start = self.places.put(self.before, put_back)
        if not _is_taken(self.step, start):
            return False
        try:
            end = self.step.action.function(self.instance.spec, start, *self.step.arguments)
        except Exception:  # not enabled, or wrong: not what the step does
            return False
        return self._same(start, end, put_back)

    @functools.cached_property
    def _paths(self) -> tuple[Path, ...]:
        """What the action reads of the state it was taken in; nothing where that cannot be told."""
        return reads(self.instance, self.step.action, (self.before,), self.step.arguments)

    def may_read(self, place: CardOf | Entry) -> bool:
        """Whether the action looks at a place, or may do so unseen."""
        if not self._paths:
            return True
        if isinstance(place, Entry):
            return any(path[:1] == (place.field,) for path in self._paths)
        fields = self.places.of_lanes
        return any(path and path[0] in fields and (len(path) == 1 or path[1] is place.member) for path in self._paths)

    def needs_message(self, place: Place) -> bool:
        """Whether the step needs what it takes away there.  Asked of a few places only, beside the bound."""
        self.left += 1
        return not self.alike({place: nothing_at(place)})

    def _same(self, start: Any, end: Any, put_back: Mapping[Place, Any]) -> bool:
        """Whether a step from `start` to `end` is the step that was taken, but for the places that were put back."""
        differing = [f for f in self.compared.fields if getattr(end, f) != getattr(self.step.state, f)]
        if not differing:
            return True
        first, last = self.compared.values(start, differing), self.compared.values(end, differing)
        old, new = self._then(tuple(differing))
        for place in dict.fromkeys((*new, *last)):
            nothing = nothing_at(place)
            got, wanted = last.get(place, nothing), new.get(place, nothing)
            if got == wanted:
                continue
            if place not in put_back or not _same_change(
                place, (old.get(place, nothing), wanted), (first.get(place, nothing), got)
            ):
                return False
        return True

    def _then(self, fields: tuple[str, ...]) -> tuple[dict[Place, Any], dict[Place, Any]]:
        """The places of these fields before and after the step that was taken."""
        if fields not in self._known:
            states = (self.before, self.step.state)
            old, new = (self.compared.values(state, fields) for state in states)
            self._known[fields] = (old, new)
        return self._known[fields]


def _same_change(place: Place, then: tuple[Any, Any], now: tuple[Any, Any]) -> bool:
    """Whether a step does the same to one place from another value: nothing, or the same coming and going of messages."""
    if isinstance(place, Copies):
        return bool(now[1] == max(0, now[0] + then[1] - then[0]))
    if isinstance(place, Queue):
        return received_and_sent(*then)[1] == received_and_sent(*now)[1]
    return bool(then[0] == then[1] and now[0] == now[1])


class _Needs:
    """What one step needed of the places written before it."""

    def __init__(
        self, records: dict[Place, _Record], places: Places, trial: _Trial, old: dict[Place, Any], changed: list[Place]
    ) -> None:
        self.records, self.places, self.trial, self.old = records, places, trial, old
        self.own: list[Place] = [p for p in changed if isinstance(p, CardOf)]
        self.put_back: dict[Place, Any] = {}
        self.needed: list[Place] = []
        self.messages: list[Message] = []
        self.depends: set[int] = set()

    def find(self) -> None:
        """Fill `needed`, `messages` and `depends`."""
        for place in self.own:
            self.depends.update(number for number, _ in self.records[place].writes[-1:])
        written = [p for p, r in self.records.items() if r.writes and p not in self.own]
        written.sort(key=lambda p: -self.records[p].writes[-1][0])
        self.needed = self._kept([p for p in written if self._now(p) != self.records[p].first])
        for place in self.needed:
            self._until_it_differs(place)
        self._order(written)

    def _now(self, place: Place) -> Any:
        return self.old.get(place, nothing_at(place))

    def _kept(self, places: list[Place]) -> list[Place]:
        """Of these places those that cannot be put back to their first value, beside what is put back already."""
        if not places:
            return []
        trial = self.put_back | {p: self.records[p].first for p in places}
        if self.trial.alike(trial):
            self.put_back = trial
            return []
        if len(places) == 1:
            return places
        half = len(places) // 2
        return self._kept(places[:half]) + self._kept(places[half:])

    def _until_it_differs(self, place: Place) -> None:
        """The latest write without which the step would have done something else; of messages, who sent those needed."""
        record = self.records[place]
        if isinstance(place, CardOf | Entry):
            for number, value in reversed(record.writes):
                if not self.trial.alike(self.put_back | {place: value}):
                    self.depends.add(number)
                    return
            self.depends.add(record.writes[-1][0])
            return
        number = len(record.senders)
        while number > 0 and self.trial.alike(self.put_back | {place: self._oldest(place, number - 1)}):
            number -= 1
        self.depends.update(record.senders[:number])
        if isinstance(place, Queue):
            contents: tuple[Any, ...] = self._now(place)[:number]
        else:
            contents = (place.member,) * number
        if _holds_messages(place, contents):
            ends = place.ends if isinstance(place, Queue) else None
            pairs = zip(contents, record.senders, strict=False)
            self.messages += [Message(place.field, m, sender, ends) for m, sender in pairs]

    def _oldest(self, place: Place, number: int) -> Any:
        return self._now(place)[:number] if isinstance(place, Queue) else number

    def _order(self, places: list[Place]) -> None:
        """The writes that had to come before the step although the values that they left are no news."""
        earlier: dict[Place, list[tuple[int, Any]]] = {}
        for place in places:
            record = self.records[place]
            if isinstance(place, CardOf | Entry):
                more = len(record.writes) > 1 and self.trial.may_read(place)
                earlier[place] = list(record.writes) if more else record.writes[-1:]
            elif record.taken is not None:
                earlier[place] = [(record.writes[-1][0], record.taken)]
        while earlier:
            writes = {p: earlier[p].pop() for p in list(earlier)}
            guilty = self._guilty({p: v for p, (_, v) in writes.items() if v != self._now(p)})
            self.depends.update(writes[p][0] for p in guilty)
            earlier = {p: rest for p, rest in earlier.items() if rest and p not in guilty}

    def _guilty(self, values: dict[Place, Any]) -> list[Place]:
        """The places that must not have these values; all of them where only together they do harm."""
        if not values or self.trial.alike(values):
            return []
        places = list(values)
        if len(places) == 1:
            return places
        half = len(places) // 2
        parts = ({p: values[p] for p in part} for part in (places[:half], places[half:]))
        return [p for part in parts for p in self._guilty(part)] or places


def _first(place: Place, value: Any) -> _Record:
    number = value if isinstance(place, Copies) else len(value) if isinstance(place, Queue) else 0
    return _Record([], value, [0] * number)


def _place_of(message: Message) -> Place:
    if message.ends is not None:
        return Queue(message.field, message.ends)
    return Copies(message.field, message.content)


def _holds_messages(place: Place, contents: tuple[Any, ...] = ()) -> bool:
    """Whether a place holds messages: records in a set, bag or channels."""
    if isinstance(place, Copies):
        return isinstance(place.member, Record)
    return isinstance(place, Queue) and all(isinstance(m, Record) for m in contents)
