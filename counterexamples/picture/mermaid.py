"""A picture as a Mermaid sequence diagram, for pages that draw those.

Time is a list there: a message is drawn where it is received, with the step that sent it; one that nobody received where it
is sent.  The cycle of a lasso is a box of its own.
"""

from __future__ import annotations

import json
import re

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.picture.parts import Arrow, Row, StateCard, Story
from mcheck.counterexamples.picture.story import story_of

_SPECIAL = re.compile(r"[#;<>&\"\x00-\x1f\x7f]")
_MARKED = "rect rgba(213, 94, 0, 0.12)"


def mermaid_document(counterexample: Counterexample) -> str:
    """The diagram; its title is the verdict."""
    story = story_of(counterexample)
    lines = [
        "---",
        f"title: {json.dumps(f'{story.verdict} · {story.subject}', ensure_ascii=False)}",
        "---",
        "sequenceDiagram",
    ]
    lines += [f"  participant L{k} as {_plain(name)}" for k, name in enumerate(story.lanes)]
    ends: dict[int, list[Arrow]] = {}
    for arrow in story.arrows:
        ends.setdefault(arrow.sent if arrow.row is None else arrow.row, []).append(arrow)
    lines += [f"  Note over {_span(story)}: {_plain(f'{mark} {words}'.strip())}" for mark, words in story.facts]
    for row in story.rows:
        lines += ["  loop for ever"] if row.number - 1 == story.loop else []
        ending = ends.get(row.number, [])
        inside = _messages([a for a in ending if a.row is not None], story)
        inside += _notes(row, story) + _messages([a for a in ending if a.row is None], story)
        marked = bool(row.verdict) and row.verdict != "the end" and story.loop in (None, row.number)
        lines += [f"  {_MARKED}", *(f"  {line}" for line in inside), "  end"] if marked else inside
    lines += ["  end"] if story.loop is not None and story.loop < story.rows[-1].number else []
    return "\n".join(lines) + "\n"


def _messages(arrows: list[Arrow], story: Story) -> list[str]:
    """Solid heads for what was received, crosses for what was lost, open heads for what is still under way."""
    drawn = []
    for arrow in arrows:
        target = arrow.source if arrow.target is None else arrow.target
        line, words = {
            "received": ("->>", f"sent in step {arrow.sent}"),
            "lost": ("-x", f"sent in step {arrow.sent}, lost"),
            "pending": ("--)", "never received"),
            "idle": ("-->>", f"sent in step {arrow.sent}, made no difference"),
            "again": ("-->>", f"sent in step {arrow.sent}, once more"),
        }[arrow.kind]
        drawn.append(f"  L{arrow.source}{line}L{target}: {_plain(f'{arrow.label} ({words})')}")
    return drawn


def _notes(row: Row, story: Story) -> list[str]:
    """The step on the lane that it happens in, and what changed there; other lanes that changed have notes of their own."""
    head = " ".join(filter(None, (row.marks, str(row.number), row.action, *row.notes)))
    head += f" ← {row.verdict}" if row.verdict else ""
    if row.at is None:
        lines = [f"  Note over {_span(story)}: {_plain(head)}"]
        return lines + [f"  Note over L{card.lane}: {_plain(_card(card))}" for card in row.cards]
    own = next((card for card in row.cards if card.lane == row.at), None)
    words = [_plain(head), *([_plain(_card(own))] if own else [])]
    lines = [f"  Note over L{row.at}: {'<br/>'.join(words)}"]
    return lines + [f"  Note over L{c.lane}: {_plain(_card(c))}" for c in row.cards if c is not own]


def _card(card: StateCard) -> str:
    """`① LEADER, term 1, log 1:v0`."""
    parts = [card.role.text] if card.role else []
    parts += [f"{i.name} {i.text}".strip() for i in ((card.term,) if card.term else ()) + card.items]
    for log in card.logs:
        entries = (":".join(filter(None, (c.term, c.command))) for c in log.cells if not c.dropped)
        parts.append(f"{log.name} [{' '.join(entries)}]")
    return " ".join(filter(None, (card.marks, ", ".join(parts) or "–")))


def _span(story: Story) -> str:
    return "L0" if len(story.lanes) < 2 else f"L0,L{len(story.lanes) - 1}"


def _plain(text: str) -> str:
    """The text with what means something to Mermaid or HTML as numbered entities."""
    return _SPECIAL.sub(lambda m: f"#{ord(m[0])};" if m[0] >= " " and m[0] != "\x7f" else " ", text)
