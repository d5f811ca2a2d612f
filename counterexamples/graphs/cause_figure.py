"""A behaviour as the order that causality gives to its steps: what each followed from, and through which message."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from mcheck.counterexamples.causality import Event, Message, causal_past, ends_of_violation, events
from mcheck.counterexamples.facts import Fact, facts
from mcheck.counterexamples.graphs.graph import GREY, PALE_VERMILLION, VERMILLION, Arrow, Graph, Look, Mark, Vertex
from mcheck.counterexamples.notation import Notation
from mcheck.spec import Behavior, Rule

LAST = Mark("violating", "octagon: the step that violates", Look("octagon", PALE_VERMILLION, VERMILLION))
DECISIVE = Mark("decisive", "thick: made true what violates the property", Look(width=2.5))
IRRELEVANT = Mark("irrelevant", "dotted: could not influence the violation", Look(color=GREY, line="dotted"))
READ = Mark("read", "dashed: what was read stays where it was", Look(line="dashed"))

_WIDTH = 36


def cause_figure(behavior: Behavior, rule: Rule | None, arguments: tuple[Any, ...] | None, title: str) -> Graph:
    """One vertex for each step, an arrow to it from each step that it directly follows from.

    `arguments` falsify the property `rule` at the end; None if nothing is violated.
    """
    notation = Notation(behavior.instance)
    happened = events(behavior)
    violated = rule is not None and arguments is not None
    found = facts(behavior, rule, arguments) if rule is not None and arguments is not None else ()
    past = causal_past(happened, ends_of_violation(behavior, rule if violated else None, found))
    decisive = {fact.since for fact in found}
    vertices = []
    for event in happened:
        true = {
            DECISIVE: event.number in decisive,
            IRRELEVANT: event.number not in past,
            LAST: violated and event is happened[-1],
        }
        marks = tuple(mark for mark, is_so in true.items() if is_so)
        column = notation.member(event.lanes[0]) if event.lanes else None
        values: dict[str, str | int] = {"step": event.number, "label": event.step.label}
        vertices.append(Vertex(_name(event.number), _lines(event, found, notation), marks, values, column))
    arrows = tuple(arrow for event in happened for arrow in _arrows(event, happened, notation))
    return Graph(title, (), tuple(vertices), arrows)


def _name(number: int) -> str:
    return f"step{number}"


def _lines(event: Event, found: Sequence[Fact], notation: Notation) -> tuple[str, ...]:
    """The step, the lanes it changed, and the facts that it established."""
    where = ", ".join([*map(notation.member, event.lanes), *event.fields])
    lines = _wrapped(f"{event.number}  {notation.step(event.step)}")
    lines += _wrapped(f"changes {where}") if where else []
    return (*lines, *(line for f in found if f.since == event.number for line in _wrapped(f.text(notation))))


def _arrows(event: Event, happened: Sequence[Event], notation: Notation) -> list[Arrow]:
    """What the step follows from; a bare arrow is left out where another way says the same."""
    arrows = []
    for number in event.depends:
        received = [m for m in event.received if m.sent == number]
        read = [m for m in event.read if m.sent == number]
        implied = number in causal_past(happened, (n for n in event.depends if n != number))
        if received or read or not implied:
            lines = tuple(line for m in (*received, *read) for line in _wrapped(_message(m, notation)))
            marks = () if received or not (read or _consults(event, happened[number - 1])) else (READ,)
            arrows.append(Arrow(_name(number), _name(event.number), lines, marks))
    return arrows


def _consults(event: Event, earlier: Event) -> bool:
    """Whether the step follows from the other one without having a lane in common with it."""
    return not set(event.lanes) & set(earlier.lanes)


def _message(message: Message, notation: Notation) -> str:
    words = notation.value(message.content)
    if message.ends is None:
        return words
    return f"{notation.member(message.ends[0])}→{notation.member(message.ends[1])}: {words}"


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False)
