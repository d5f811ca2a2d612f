"""The story of a proof as text, and as a document."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcheck.counterexamples import Notation
from mcheck.counterexamples.relations import assignment_text, step_text
from mcheck.cti_report import (
    counterexample_lines,
    filled,
    plurals,
    reachability_lines,
    reachability_words,
    state_lines,
)
from mcheck.terminal import Terminal

if TYPE_CHECKING:
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.proof_story import Broken, Chapter, Story
    from mcheck.proofs import ProofSource
    from mcheck.spec.relational import Sentence


def story_lines(source: ProofSource, story: Story, terminal: Terminal) -> list[str]:
    """The statement and what is asked, one chapter for each invariant, and how it ends."""
    from mcheck import __version__
    from mcheck.checker.symbolic.solver import VERSION

    lines = [
        f"mcheck {__version__} · {source.name} · how the proof comes about · z3 {VERSION}",
        *filled(source.statement, terminal),
        *_beginning(story, terminal),
    ]
    before = [c.name for c in _goals(story)]
    for number, chapter in enumerate(story.chapters, start=1):
        lines += ["", *_chapter(number, chapter, before, terminal), *_tweak(chapter, story, terminal)]
        before = [chapter.invariant.name]
    return [*lines, "", *_end(story, terminal)]


def _goals(story: Story) -> list[Sentence]:
    return [c for c in story.system.conjuncts if c.kind == "safety"]


def _beginning(story: Story, terminal: Terminal) -> list[str]:
    """What is to be shown, and the question that is put to the solver."""
    goals = _goals(story)
    lines = ["", "To be shown", *(line for goal in goals for line in _sentence(goal, terminal))]
    each, so = ("it", "it is") if len(goals) == 1 else ("they", "they are")
    asked = (
        f"By induction this follows if {so} true initially, and every step out of a state in which {so} true leads to one in "
        f"which {each} still {so.split()[1]}.  The solver is asked for a step that does not, out of any state of any size, be it "
        "reachable or not.  As long as there is one, more has to be said of the states."
    )
    return [*lines, *filled(asked, terminal)]


def _chapter(number: int, chapter: Chapter, before: list[str], terminal: Terminal) -> list[str]:
    """What breaks, in which state, and the invariant that excludes it; `before` is what the last chapter has added."""
    cti = chapter.cti
    step = "an initial state" if cti.action is None else step_text(cti.action, cti.values)
    if number == 1:
        said = f"{before[0]} alone is" if len(before) == 1 else f"{' and '.join(before)} are"
        head = f"{said} not inductive: {step} breaks {cti.conjunct.name}"
    else:
        head = f"With {before[0]}, not yet inductive: {step} breaks {cti.conjunct.name}"
    lines = textwrap.wrap(f"{number}. {head}", terminal.width, subsequent_indent="   ", break_on_hyphens=False)
    lines += state_lines(cti, terminal.width)
    lines += filled(_reached(chapter), terminal)
    names = assignment_text(chapter.invariant.parameters, chapter.falsified_by)
    lines += ["", *filled(f"So it has to be said (it is false there{f' for {names}' if names else ''})", terminal)]
    return lines + _sentence(chapter.invariant, terminal)


def _reached(chapter: Chapter) -> str:
    """Whether a run gets to the state before, if that was looked at."""
    reached, conjunct = chapter.reachability, chapter.cti.conjunct.name
    if reached is None or chapter.cti.action is None:
        return ""
    if reached.answer == "unreachable" and reached.falsified is None:
        states = f"{reached.states:,} state{' is' if reached.states == 1 else 's are'} reachable"
        return f"No run gets to the state before: with these elements {states}, and {conjunct} is true in all of them."
    return reachability_words(chapter.cti, reached)


def _tweak(chapter: Chapter, story: Story, terminal: Terminal) -> list[str]:
    """Which mistake in what is run makes the invariant false, or why none is shown."""
    broken = chapter.broken
    if story.linked is None:
        return []
    if broken is None:
        return filled(f"No mistake in {story.linked} is known here that makes it false.", terminal)
    if isinstance(broken, str):
        return filled(broken, terminal)
    return _mistake(broken, terminal)


def _mistake(broken: Broken, terminal: Terminal) -> list[str]:
    """The tweak, what it does, and the steps after which the invariant is false."""
    notation, steps = Notation(broken.behavior.instance), broken.behavior.steps
    run = f" ({broken.command})" if broken.command is not None else ""
    count = f"{len(steps)} step{'' if len(steps) == 1 else 's'}"
    after = count if broken.shortest else f"these {count}"
    words = f"A mistake that makes it false: {broken.tweak}{run}.  {broken.words}  It is false after {after}:"
    numbered = (
        textwrap.wrap(
            notation.step(step),
            terminal.width,
            initial_indent=f"    {number:>2}  ",
            subsequent_indent=" " * 10,
            break_on_hyphens=False,
        )
        for number, step in enumerate(steps, start=1)
    )
    return [*filled(words, terminal), *(line for lines in numbered for line in lines)]


def _sentence(sentence: Sentence, terminal: Terminal) -> list[str]:
    said = f"{sentence.name}: {sentence.words}" if sentence.words else sentence.name
    return textwrap.wrap(said, terminal.width, initial_indent="    ", subsequent_indent="      ")


# ---------------------------------------------------------------------- how it ends


def _end(story: Story, terminal: Terminal) -> list[str]:
    verdict = story.verdict
    if verdict.result == "proved":
        return _proved(story, terminal)
    if verdict.result == "cti":
        return _not_inductive(verdict, terminal)
    return [f"{terminal.style('UNKNOWN', 'doubt')}: the solver did not decide the next question; raise --time-limit."]


def _not_inductive(verdict: ProofVerdict, terminal: Terminal) -> list[str]:
    """The last counterexample, which no invariant of the file excludes."""
    if verdict.cti is None:
        return [
            f"{terminal.style('NOT INDUCTIVE', 'bad')}: no small counterexample was found in time; raise --time-limit."
        ]
    lines = counterexample_lines(verdict.cti, terminal)
    if verdict.cti.action is not None and verdict.reachability is not None:
        lines += reachability_lines(verdict.cti, verdict.reachability, terminal)
    return [*lines, *filled("No other invariant of the file is false in that state: here the story ends.", terminal)]


def _proved(story: Story, terminal: Terminal) -> list[str]:
    """The proof in one sentence, what it takes for granted, and what it does not say."""
    count = len(story.chapters)
    added = [f"the {count} invariants above" if count > 1 else "the invariant above"] if count else []
    kept = [*(c.name for c in _goals(story)), *added]
    kept_by = "with these, no step" if count else "no step"
    them = "any of them" if len(kept) > 1 else "it"
    lines = textwrap.wrap(
        f"PROVED for any {plurals(story.system.sorts)}: {kept_by} of any size breaks {them}.",
        terminal.width,
        subsequent_indent="  ",
    )
    lines[0] = lines[0].replace("PROVED", terminal.style("PROVED", "good"), 1)
    are = "are" if len(kept) > 1 else "is"
    lines += filled(f"{_listed(kept)} {are} true initially, and kept by every step.", terminal)
    if story.rest:
        rest = _listed([c.name for c in story.rest])
        lines += filled(f"Not asked for on this way: {rest}.  The proof goes through without.", terminal)
    own = [a for a in story.system.axioms if a.kind == "axiom"]
    for axiom in own:
        lines += filled(f"Taken for granted: {axiom.name}: {axiom.words}", terminal)
    return lines + filled(_not_said(story), terminal)


def _not_said(story: Story) -> str:
    liveness = "That anything ever happens is not said."
    if story.linked is None:
        return (
            f"What is proved is said of the relations of this model; it is linked to nothing that is run.  {liveness}"
        )
    return (
        f"What is proved is said of the relations of this model; that {story.linked} takes the same steps is checked for a "
        f"few nodes, by --any-n --link.  {liveness}"
    )


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


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
                "tweak": None if c.broken is None or isinstance(c.broken, str) else _tweak_document(c.broken),
                "no_tweak": c.broken if isinstance(c.broken, str) else None,
            }
            for c in story.chapters
        ],
        "not_asked_for": [c.name for c in story.rest],
    }


def _tweak_document(broken: Broken) -> dict[str, Any]:
    return {
        "name": broken.tweak,
        "sentence": broken.words,
        "command": broken.command,
        "labels": list(broken.behavior.labels),
        "shortest": broken.shortest,
    }
