"""A behaviour as the order that causality gives to its steps: what each followed from, and through which message."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mcheck.counterexamples.causality import Event, Message, causal_past
from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.facts import Fact
from mcheck.counterexamples.graphs.dot import dot_text
from mcheck.counterexamples.graphs.graph import GREY, PALE_VERMILLION, VERMILLION, Arrow, Graph, Look, Mark, Vertex
from mcheck.counterexamples.notation import Notation

LAST = Mark("violating", "octagon: the step that violates the property", Look("octagon", PALE_VERMILLION, VERMILLION))
DECISIVE = Mark("decisive", "thick: made true what violates it", Look(width=2.5))
IRRELEVANT = Mark("irrelevant", "dotted: nothing of the violation follows from it", Look(color=GREY, line="dotted"))
NEEDED = Mark("needed", "dashed: no message, but one wrote what the other needed", Look(line="dashed"))
CYCLE = Mark("cycle", "double outline: of the cycle, which is repeated for ever", Look(outlines=2))
AGAIN = Mark(
    "again", "vermillion arrow: from the last step to the first of the cycle again", Look(color=VERMILLION, width=2.5)
)

_WIDTH = 36


def dot_document(counterexample: Counterexample) -> str:
    """The order of the steps in DOT."""
    return dot_text(cause_figure(counterexample))


def cause_figure(counterexample: Counterexample) -> Graph:
    """One vertex for each step, and an arrow to it from each step that it directly follows from.

    An arrow is labelled with the message that went that way.  Of a lasso, one more arrow leads back to where the cycle begins.
    """
    notation = Notation(counterexample.behavior.instance)
    happened, found = counterexample.events, counterexample.facts
    decisive = {fact.since for fact in found}
    vertices = []
    for event in happened:
        true = {
            DECISIVE: event.number in decisive,
            IRRELEVANT: event.number not in counterexample.past,
            CYCLE: counterexample.loop is not None and event.number > counterexample.loop,
            LAST: counterexample.violated and counterexample.loop is None and event is happened[-1],
        }
        vertices.append(
            Vertex(
                _name(event.number),
                _lines(event, found, notation),
                tuple(mark for mark, is_so in true.items() if is_so),
                {"step": event.number, "step_label": event.step.label},
                notation.member(event.lanes[0]) if event.lanes else None,
            )
        )
    arrows = tuple(arrow for event in happened for arrow in _arrows(event, happened, notation))
    if counterexample.loop is not None and counterexample.loop < len(happened):
        arrows += (Arrow(_name(len(happened)), _name(counterexample.loop + 1), (), (AGAIN,)),)
    caption = counterexample.caption
    title = " · ".join(words for words in (caption.subject, caption.configuration) if words)
    return Graph(title, _notes(counterexample), tuple(vertices), arrows)


def _notes(counterexample: Counterexample) -> tuple[str, ...]:
    rule = counterexample.rule
    when = "at the end" if counterexample.loop is None else "for ever"
    verdict = f"{rule.title} {'is violated' if counterexample.violated else 'holds'} {when}; " if rule else ""
    return (f"{verdict}an arrow leads from a step to one that follows from it",)


def _name(number: int) -> str:
    return f"step{number}"


def _lines(event: Event, found: Sequence[Fact], notation: Notation) -> tuple[str, ...]:
    """The step, what it changed, and the facts that it established."""
    where = ", ".join([*map(notation.member, event.lanes), *event.fields])
    lines = _wrapped(f"{event.number}  {notation.step(event.step)}")
    lines += _wrapped(f"changes {where}") if where else []
    return (*lines, *(line for f in found if f.since == event.number for line in _wrapped(f.text(notation))))


def _arrows(event: Event, happened: Sequence[Event], notation: Notation) -> list[Arrow]:
    """What the step follows from; an arrow without a message is left out where other arrows lead there too."""
    arrows = []
    for number in event.depends:
        earlier = happened[number - 1]
        received = [m for m in event.received if m.sent == number]
        read = [m for m in event.read if m.sent == number]
        implied = number in causal_past(happened, (n for n in event.depends if n != number))
        if received or read or not implied:
            lines = tuple(line for m in (*received, *read) for line in _wrapped(_message(m, event, notation)))
            own = bool(received or read) or not set(event.lanes).isdisjoint(earlier.lanes)
            arrows.append(Arrow(_name(number), _name(event.number), lines, () if own else (NEEDED,)))
    return arrows


def _message(message: Message, event: Event, notation: Notation) -> str:
    """The message; only its kind where the step says all of it."""
    if event.step.arguments == (message.content,):
        return type(message.content).__name__
    words = notation.value(message.content)
    if message.ends is None:
        return words
    return f"{notation.member(message.ends[0])}→{notation.member(message.ends[1])}: {words}"


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False)
