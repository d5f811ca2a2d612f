"""The story of a proof as text, and as a document."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from mcheck.counterexamples import Notation
from mcheck.cti_report import filled, plurals, reachability_words, state_lines, step_text
from mcheck.terminal import Terminal

if TYPE_CHECKING:
    from mcheck.proof_story import Broken, Chapter, Story
    from mcheck.proofs import ProofSource
    from mcheck.spec.relational import Sentence


def story_lines(source: ProofSource, story: Story, terminal: Terminal) -> list[str]:
    """The statement, one chapter for each invariant, and how it ends."""
    from mcheck import __version__
    from mcheck.checker.symbolic.solver import VERSION

    lines = [
        f"mcheck {__version__} · {source.name} · how the proof comes about · z3 {VERSION}",
        *filled(source.statement, terminal),
    ]
    for goal in (c for c in story.system.conjuncts if c.kind == "safety"):
        lines += ["", "To be shown", *_sentence(goal, terminal)]
    known = [c.name for c in story.system.conjuncts if c.kind == "safety"]
    for number, chapter in enumerate(story.chapters, start=1):
        lines += ["", *_chapter(number, chapter, known, story, terminal)]
        known.append(chapter.invariant.name)
    return [*lines, "", *_end(story, terminal)]


def _chapter(number: int, chapter: Chapter, known: list[str], story: Story, terminal: Terminal) -> list[str]:
    cti = chapter.cti
    alone = f"{known[0]} alone is" if known == known[:1] else f"{', '.join(known[:-1])} and {known[-1]} are"
    step = "an initial state" if cti.action is None else step_text((cti.action, cti.values))
    head = f"{number}. {alone} not inductive: {step} breaks {cti.conjunct.name}"
    lines = textwrap.wrap(head, terminal.width, subsequent_indent="  ")
    lines += state_lines(cti, terminal.width)
    if chapter.reachability is not None:
        lines += filled(reachability_words(cti, chapter.reachability), terminal)
    names = ", ".join(
        f"{p.head.name}={v}" for p, v in zip(chapter.invariant.parameters, chapter.falsified_by, strict=True)
    )
    lines += ["", f"  So it has to be said{f' (it is false there for {names})' if names else ''}"]
    lines += _sentence(chapter.invariant, terminal)
    return [*lines, *_tweak(chapter.broken, story, terminal)]


def _tweak(broken: Broken | None, story: Story, terminal: Terminal) -> list[str]:
    """Which change of the specification that is run makes the invariant false."""
    if broken is None:
        if not story.tweaks:
            return []
        return filled(f"None of the {story.tweaks} tweaks that were run makes it false.", terminal)
    notation = Notation(broken.behavior.instance)
    labels = ", ".join(notation.step(step) for step in broken.behavior.steps)
    words = f"In {broken.tweak}, which changes what is run, it is false after {labels}. {broken.words}"
    return filled(words, terminal)


def _sentence(sentence: Sentence, terminal: Terminal) -> list[str]:
    return textwrap.wrap(
        f"{sentence.name}: {sentence.words}", terminal.width, initial_indent="    ", subsequent_indent="      "
    )


def _end(story: Story, terminal: Terminal) -> list[str]:
    verdict = story.verdict
    if verdict.result == "proved":
        said = f" for any {plurals(story.system.sorts)}: with these, no step of any size breaks any of them."
        rest = ", ".join(c.name for c in story.rest)
        lines = [f"{terminal.style('PROVED', 'good')}{said}"]
        return lines + (filled(f"Not asked for on this way: {rest}.", terminal) if rest else [])
    if verdict.result == "cti":
        return [
            f"{terminal.style('NOT INDUCTIVE', 'bad')}: no invariant of the file excludes the state of the last counterexample."
        ]
    return [f"{terminal.style('UNKNOWN', 'doubt')}: the solver did not decide the next question; raise --time-limit."]


def story_document(source: ProofSource, story: Story) -> dict[str, Any]:
    """The story as one JSON document.  Keys are only ever added."""
    from mcheck.proofs import cti_document

    return {
        "schema": 1,
        "proof": source.name,
        "result": story.verdict.result,
        "statement": source.statement,
        "chapters": [
            {
                "cti": cti_document(c.cti),
                "reachability": None if c.reachability is None else c.reachability.answer,
                "invariant": c.invariant.name,
                "sentence": c.invariant.words,
                "tweak": None
                if c.broken is None
                else {"name": c.broken.tweak, "labels": list(c.broken.behavior.labels)},
            }
            for c in story.chapters
        ],
        "not_asked_for": [c.name for c in story.rest],
    }
