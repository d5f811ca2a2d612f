"""A counterexample as text: what the terminal shows of it, in a file."""

from __future__ import annotations

import textwrap

from mcheck.counterexamples.counterexample import Counterexample
from mcheck.counterexamples.lanes_text import LanesText
from mcheck.counterexamples.picture.story import story_of

_WIDTH = 100


def text_document(counterexample: Counterexample) -> str:
    """Verdict, facts, the table of the steps, and which of them do not matter; 100 characters wide."""
    story = story_of(counterexample)
    lines = [story.verdict, *textwrap.wrap(story.sentence, _WIDTH - 2, initial_indent="  ", subsequent_indent="  ")]
    lines += [f"  {mark} {words}".replace("   ", "  ") for mark, words in story.facts]
    table = LanesText(counterexample.behavior, _WIDTH - 2, counterexample.end, loop=counterexample.loop)
    lines += ["  " + line for line in table.lines()]
    idle = [row.number for row in story.rows if not row.relevant]
    if idle:
        words = f"the violation does not follow from step{'' if len(idle) == 1 else 's'} {', '.join(map(str, idle))}"
        lines += textwrap.wrap(words, _WIDTH - 2, initial_indent="  ", subsequent_indent="    ")
    lines += [f"  {line}" for line in (story.subject, *story.footer)]
    return "\n".join(line.rstrip() for line in lines) + "\n"
