"""A counterexample as rows, cards and arrows: everything that a picture of it shows, and nothing of where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mcheck.counterexamples.causality import Event, Message
from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.facts import Fact
from mcheck.counterexamples.hearsay import chosen_initially, is_faulty, sayings
from mcheck.counterexamples.lanes import Card, Lanes
from mcheck.counterexamples.mapped import mapped_step
from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.picture.cards import CardWriter
from mcheck.counterexamples.picture.parts import Arrow, Item, Outage, Row, StateCard, Story
from mcheck.counterexamples.picture.traffic import Traffic
from mcheck.spec import Behavior, Channels, Index, Record, Step

MARKS = "①②③④⑤⑥"
_MANY_STEPS = 40
_MOST_COLUMNS = 10
_ELSEWHERE = "elsewhere"
_STOPS = re.compile(r"(^|_)(crash|crashes|fail|fails|stop|stops|kill|halt)(_|$)")
_STARTS = re.compile(r"(^|_)(restart|restarts|recover|recovers|reboot|revive)(_|$)")


def story_of(counterexample: Counterexample) -> Story:
    """What there is to see of a counterexample.  Cost: the facts and the events of its behaviour, once."""
    lanes = Lanes(counterexample.behavior.instance)
    return (_Nodes if lanes.members else _Fields)(counterexample, lanes).story()


class _Telling:
    """What states with nodes and states without have in common."""

    def __init__(self, counterexample: Counterexample, lanes: Lanes) -> None:
        self.counterexample, self.lanes = counterexample, lanes
        self.behavior: Behavior = counterexample.behavior
        self.notation = Notation(self.behavior.instance)
        self.facts = counterexample.facts[: len(MARKS)]
        self.cards = CardWriter(lanes, self.notation, frozenset(map(_field_of, _paths(self.facts))))

    def story(self) -> Story:
        raise NotImplementedError

    def told(
        self,
        heads: tuple[str, ...],
        rows: list[Row],
        arrows: tuple[Arrow, ...],
        outages: tuple[Outage, ...],
        signs: tuple[str, ...] = (),
    ) -> Story:
        """The story with what stands above and below the rows."""
        caption, rule = self.counterexample.caption, self.counterexample.rule
        facts = tuple((m, self._fact(f)) for m, f in zip(MARKS, self.facts, strict=False))
        sentence = rule.sentence.partition("  Source:")[0] if rule is not None else ""
        steps = self._steps()
        verdict = self._verdict()
        past = self.counterexample.past
        return Story(
            verdict,
            sentence,
            facts or tuple(("", words) for words in self._reason()),
            f"{caption.subject} · {steps}",
            heads,
            tuple(self._settled(rows, past)),
            arrows,
            outages,
            (*_key(rows, arrows, outages, len(past) < len(self.behavior.steps)), *signs, *self._sign_of_loop()),
            (" · ".join(filter(None, (caption.configuration, f"spec {caption.fingerprint}"))), caption.replay),
            " ".join(
                [f"{verdict} after {steps}.", sentence, *(f"{mark} {words}." for mark, words in facts), *self._circle()]
            ),
            self.counterexample.loop,
        )

    def _steps(self) -> str:
        """`8 steps`; of a lasso `stem 5, cycle 7`."""
        steps, loop = len(self.behavior.steps), self.counterexample.loop
        if loop is None:
            return f"{steps} step{'' if steps == 1 else 's'}"
        return f"stem {loop}, cycle {steps - loop}" if loop < steps else f"stem {loop}, then nothing happens"

    def _sign_of_loop(self) -> tuple[str, ...]:
        if self.counterexample.loop is None:
            return ()
        stutters = self.counterexample.loop == len(self.behavior.steps)
        return ("frame and arrow: for ever",) if stutters else ("frame and arrow: the cycle, repeated for ever",)

    def _circle(self) -> tuple[str, ...]:
        """Of a lasso, how it goes on for ever."""
        loop, last = self.counterexample.loop, len(self.behavior.steps)
        if loop is None:
            return ()
        if loop == last:
            return ("Nothing happens any more: no step that fairness demands is possible in the last state.",)
        steps = f"Step {last} is" if loop + 1 == last else f"Steps {loop + 1} to {last} are"
        closes = self.behavior.last == self.behavior.states[loop]
        return (f"{steps} repeated for ever: state {last} {'is' if closes else 'has the view of'} state {loop}.",)

    def _verdict(self) -> str:
        rule = self.counterexample.rule
        if rule is None:
            return "A behaviour"
        return f"{'VIOLATED' if self.counterexample.violated else 'NO LONGER VIOLATED'} {rule.title}"

    def _fact(self, fact: Fact) -> str:
        since = f"since step {fact.since}" if fact.since else "since the start"
        return f"{fact.text(self.notation)}  ({since})"

    def _reason(self) -> tuple[str, ...]:
        """Why, where that is no fact about a state."""
        rule = self.counterexample.rule
        if rule is None or not self.counterexample.violated:
            return ()
        if rule.kind == "implements":
            return (mapped_step(self.behavior, rule),)
        if rule.kind == "deadlock":
            return ("No action is enabled in the last state.",)
        arguments = self.counterexample.arguments
        return ((f"for {self.notation.arguments(rule, arguments)}",) if arguments else ()) + self._circle()

    def _settled(self, rows: list[Row], past: frozenset[int]) -> list[Row]:
        """The rows with their verdict, and whether they matter."""
        last, many = len(rows) - 1, len(rows) > _MANY_STEPS
        word = self.counterexample.end
        found = []
        for row in rows:
            relevant = row.number == 0 or row.number in past
            narrow = many and not relevant and row.number != last
            found.append(
                replace(
                    row,
                    relevant=relevant,
                    narrow=narrow,
                    cards=() if narrow else row.cards,
                    notes=() if narrow else row.notes,
                    verdict=word if row.number == last and (last > 0 or self.counterexample.loop is not None) else "",
                )
            )
        return found

    def marked(self, number: int, subject: Any) -> str:
        """The numbers of the facts about `subject` that became true in step `number`."""
        return "".join(
            m for m, f in zip(MARKS, self.facts, strict=False) if f.since == number and _subject_of(f) == subject
        )


class _Nodes(_Telling):
    """States with a lane for each node; the rest of the state in one more, if anything happens there."""

    def __init__(self, counterexample: Counterexample, lanes: Lanes) -> None:
        super().__init__(counterexample, lanes)
        events = counterexample.events
        self.messages = _message_fields(self.behavior, events)
        self.traffic = Traffic(lanes, self.notation, events, self.cards.hidden | self.messages)
        self.faulty = frozenset(k for k, m in enumerate(lanes.members) if is_faulty(self.behavior, m))
        sent = (*self.traffic.arrows(counterexample.past), *self._hearsay(counterexample.past))
        self.arrows = tuple(sorted(sent, key=lambda arrow: arrow.sent))
        self.outages = self._outages()
        self.arrows = tuple(replace(a, kind="lost") if self._comes_to_one_that_is_down(a) else a for a in self.arrows)
        nobody = self.traffic.nobody
        self.has_rest = nobody in self.traffic.at.values() or any(nobody in (a.source, a.target) for a in self.arrows)

    def story(self) -> Story:
        heads = tuple(map(self.notation.member, self.lanes.members)) + (
            (self._name_of_rest(),) if self.has_rest else ()
        )
        rows = [self._first()]
        before = self.behavior.initial
        for event in self.counterexample.events:
            rows.append(self._row(event, before))
            before = event.step.state
        signs = ("arrow of a faulty node: drawn where somebody first relies on it",) if self.faulty else ()
        return self.told(heads, rows, self.arrows, self.outages, signs)

    def _name_of_rest(self) -> str:
        """`tm` where all that belongs to no node is called tm_…; such fields describe one more process."""
        names = [f for f in self._rest(self.behavior.initial) if f not in self.cards.hidden]
        prefixes = {f.partition("_")[0] if "_" in f else "" for f in names}
        return prefixes.pop() or _ELSEWHERE if len(prefixes) == 1 else _ELSEWHERE

    def _rest(self, state: Any) -> Card:
        """What belongs to no node and is no message; who is correct is left to the nodes."""
        said = self.messages | {"correct"} if self.faulty else self.messages
        return {f: v for f, v in self.lanes.shared(state).items() if f not in said}

    def _hearsay(self, past: frozenset[int]) -> Iterator[Arrow]:
        """What faulty nodes have said, from just above the step that relies on it first: when they said it, nobody knows."""
        if not self.faulty:
            return
        for event, said in zip(self.counterexample.events, sayings(self.behavior), strict=True):
            at, sent = self.traffic.at[event.number], event.number - 1
            for member, content in said:
                source = self.lanes.members.index(member)
                label, whole = self.traffic.label(Message("", content, sent)), self.notation.value(content)
                yield Arrow(label, whole, source, sent, at, event.number, "received", event.number in past)

    def _first(self) -> Row:
        state = self.behavior.initial
        cards = [
            StateCard(k, items=(Item("", "faulty"),))
            if k in self.faulty
            else self.cards.whole(k, self.lanes.card(state, m))
            for k, m in enumerate(self.lanes.members)
        ]
        rest = {f: v for f, v in self._rest(state).items() if f not in self.cards.hidden}
        if self.has_rest and rest:
            cards.append(self.cards.whole(self.traffic.nobody, rest))
        shown = {item.name for item in cards[-1].items}
        chosen = chosen_initially(self.behavior, self.lanes).items()
        notes = tuple(f"{f} {self.notation.value(v)}" for f, v in chosen if f not in shown | self.cards.hidden)
        return self._with_marks(Row(0, "initially", notes, tuple(cards), None))

    def _row(self, event: Event, before: Any) -> Row:
        step, nobody = event.step, self.traffic.nobody
        old, new = self._rest(before), self._rest(step.state)
        cards = [
            self.cards.changed(k, self.lanes.card(before, m), self.lanes.card(step.state, m))
            for k, m in enumerate(self.lanes.members)
        ]
        notes: tuple[str, ...] = ()
        if self.has_rest:
            cards.append(self.cards.changed(nobody, old, new))
        else:
            notes = tuple(f"{item.name} {item.text}" for item in self.cards.changes(old, new))
        at = self.traffic.at[event.number]
        restarted = self._comes_back(event)
        shown = tuple(replace(c, restarted=restarted and c.lane == at) for c in cards if c is not None)
        return self._with_marks(Row(event.number, self.notation.step(step), notes, shown, at))

    def _with_marks(self, row: Row) -> Row:
        """The row with the numbers of facts on the cards they are about, and the others beside it."""
        cards = tuple(replace(c, marks=self.marked(row.number, self._subject(c.lane))) for c in row.cards)
        on_cards = "".join(c.marks for c in cards)
        beside = "".join(
            m for m, f in zip(MARKS, self.facts, strict=False) if f.since == row.number and m not in on_cards
        )
        return replace(row, cards=cards, marks=beside)

    def _subject(self, lane: int) -> Any:
        return self.lanes.members[lane] if lane < len(self.lanes.members) else None

    def _outages(self) -> tuple[Outage, ...]:
        """From where to where a lane is down: from a step called a crash to one called a restart, or to the end.

        A lane that goes on without a restart was never down.
        """
        found, down = [], dict[int, int]()
        for event in self.counterexample.events:
            lane, name = self.traffic.at[event.number], event.step.action.name
            if lane is None:
                continue
            if _STARTS.search(name) and lane in down:
                found.append(Outage(lane, down.pop(lane), event.number, True))
            elif _STOPS.search(name) and not _STARTS.search(name):
                down.setdefault(lane, event.number)
            elif lane in down and any(self.lanes.members[lane] is member for member in event.lanes):
                del down[lane]
        found += [Outage(lane, first, len(self.behavior.steps), False) for lane, first in down.items()]
        return tuple(found)

    def _comes_to_one_that_is_down(self, arrow: Arrow) -> bool:
        """Whether a message makes no difference because its destination is down."""
        down = (o for o in self.outages if o.lane == arrow.target)
        return arrow.kind == "idle" and any(
            o.first < (arrow.row or 0) and (not o.ended or (arrow.row or 0) < o.last) for o in down
        )

    def _comes_back(self, event: Event) -> bool:
        """Whether a step is a restart by its name, or a crash after which the lane goes on without one."""
        name = event.step.action.name
        if _STARTS.search(name):
            return True
        return bool(_STOPS.search(name)) and all(outage.first != event.number for outage in self.outages)


class _Fields(_Telling):
    """States without nodes: every field that ever changes has a lane."""

    def __init__(self, counterexample: Counterexample, lanes: Lanes) -> None:
        super().__init__(counterexample, lanes)
        states = self.behavior.states
        shown = [f for f in lanes.shared_fields if f not in self.cards.hidden]
        changing = [f for f in shown if any(getattr(s, f) != getattr(states[0], f) for s in states)]
        self.fields = (changing or shown)[:_MOST_COLUMNS]
        self.others = [f for f in changing if f not in self.fields]

    def story(self) -> Story:
        rows = [
            Row(
                0,
                "initially",
                (),
                tuple(self._card(0, k, None, self.behavior.initial) for k in range(len(self.fields))),
                None,
            )
        ]
        before = self.behavior.initial
        for number, step in enumerate(self.behavior.steps, start=1):
            rows.append(self._row(number, before, step))
            before = step.state
        return self.told(tuple(self.fields), rows, (), ())

    def _row(self, number: int, before: Any, step: Step) -> Row:
        changed = [k for k, f in enumerate(self.fields) if getattr(before, f) != getattr(step.state, f)]
        cards = tuple(self._card(number, k, before, step.state) for k in changed)
        rest = [{f: getattr(s, f) for f in self.others} for s in (before, step.state)]
        notes = tuple(f"{item.name} {item.text}" for item in self.cards.changes(*rest))
        return Row(number, self.notation.step(step), notes, cards, None)

    def _card(self, number: int, lane: int, before: Any, after: Any) -> StateCard:
        """The new value of one field; of what has parts, those that changed."""
        field = self.fields[lane]
        value = getattr(after, field)
        if before is None:
            items: tuple[Item, ...] = (Item("", self.notation.value(value)),)
        else:
            changes = self.cards.changes({field: getattr(before, field)}, {field: value})
            items = tuple(replace(item, name=item.name[len(field) :]) for item in changes)
        return StateCard(lane, items=items, marks=self.marked(number, field))


def _paths(facts: tuple[Fact, ...]) -> list[Any]:
    return [reading.path for fact in facts for reading in fact.readings]


def _field_of(path: tuple[Any, ...]) -> str:
    """The name on a card of what a fact read: `log` of `servers[n0].log`."""
    names = [part for part in path if isinstance(part, str)]
    return names[1] if len(names) > 1 and len(path) > 1 and not isinstance(path[1], str) else names[0]


def _subject_of(fact: Fact) -> Any:
    """The node, or the field, that a fact is about."""
    return fact.subject[1] if len(fact.subject) > 1 and isinstance(fact.subject[1], Index) else fact.subject[0]


def _message_fields(behavior: Behavior, events: tuple[Event, ...]) -> frozenset[str]:
    """The fields that ever hold a message, and channels even if they never do."""
    used = {m.field for e in events for m in (*e.sent, *e.received, *e.lost, *e.read)}
    for name in type(behavior.initial)._fields:
        value = getattr(behavior.initial, name)
        if isinstance(value, Channels) or (isinstance(value, frozenset) and any(isinstance(m, Record) for m in value)):
            used.add(name)
    return frozenset(used - behavior.instance.ghosts)


def _key(rows: list[Row], arrows: tuple[Arrow, ...], outages: tuple[Outage, ...], dimmed: bool) -> tuple[str, ...]:
    """What the signs mean that occur."""
    cards = [card for row in rows for card in row.cards]
    cells = [cell for card in cards for log in card.logs for cell in log.cells]
    said = (
        (any(row.number for row in rows), "bold and underlined: changed"),
        (bool(cells), "box of a log: position, term, command"),
        (any(c.committed for c in cells), "thick border: committed"),
        (any(c.dropped for c in cells), "dashed box: dropped"),
        (any(a.kind == "pending" for a in arrows), "dashed arrow: never received"),
        (any(a.kind == "again" for a in arrows), "dotted arrow: once more to the same node"),
        (any(a.kind == "idle" for a in arrows), "dash-dotted arrow: received, made no difference"),
        (any(a.kind == "lost" for a in arrows), "crossed out: lost"),
        (bool(outages), "hatched: down"),
        (dimmed, "faint: the violation does not follow from it"),
    )
    return tuple(words for applies, words in said if applies)
