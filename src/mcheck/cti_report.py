"""A counterexample to induction as people read it, and whether its state is reachable."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcheck.counterexamples.relations import assignment_text, plural, step_text, universe_text
from mcheck.terminal import Terminal

if TYPE_CHECKING:
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.checker.symbolic.reachability import Reachability, Step
    from mcheck.proof_links import SpecAnswer
    from mcheck.spec.relational.sorts import SortType, Symbol


def plurals(sorts: Iterable[SortType]) -> str:
    """`number of acceptors, quorums, ballots and values`."""
    *most, last = [plural(s) for s in sorts]
    return f"number of {', '.join(most)} and {last}" if most else f"number of {last}"


def counterexample_lines(cti: CounterexampleToInduction, terminal: Terminal) -> list[str]:
    """The step, the conjunct that it breaks, and the relations before, with what the step adds (+) and removes (-)."""
    step = "an initial state" if cti.action is None else step_text(cti.action, cti.values)
    values = assignment_text(cti.conjunct.parameters, cti.falsified_by)
    lines = [f"{terminal.style('NOT INDUCTIVE', 'bad')}: {step} breaks {cti.conjunct.name}"]
    false = f"{cti.conjunct.words} False afterwards{f' for {values}' if values else ''}.".strip()
    lines += textwrap.wrap(false, terminal.width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return [*lines, *state_lines(cti, terminal.width)]


def state_lines(cti: CounterexampleToInduction, width: int) -> list[str]:
    """The elements, and the tables."""
    lines = textwrap.wrap(
        universe_text(cti.before), width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )
    names = max(len(s.name) for s in cti.before.tables) + 2
    for symbol in cti.before.tables:
        lines += _table(symbol, cti, names)
    return lines


def _table(symbol: Symbol, cti: CounterexampleToInduction, width: int) -> list[str]:
    """The rows of one symbol: those before, then what is added and removed."""
    before, after = cti.before.table(symbol), cti.after.table(symbol)
    rows = [("-" if after.get(row) != value else " ", row, value) for row, value in before.items()]
    rows += [("+", row, value) for row, value in after.items() if before.get(row) != value]
    lines: list[str] = []
    for sign, row, value in rows:
        inside = ", ".join(map(str, row))
        words = (
            (f"({inside})" if row else "true")
            if symbol.range is None
            else f"({inside}) = {value}"
            if row
            else str(value)
        )
        lines.append(f"    {(symbol.name if not lines else '').ljust(width)}{sign} {words}")
    return lines or [f"    {symbol.name.ljust(width)}  none"]


# ---------------------------------------------------------------------- whether it is reachable


def reachability_lines(cti: CounterexampleToInduction, reached: Reachability, terminal: Terminal) -> list[str]:
    """Whether the state before is reachable in the relations, what follows from that, and the steps if there are any."""
    steps = reached.steps or reached.falsified or ()
    return [*filled(reachability_words(cti, reached), terminal), *_numbered(steps)]


def reachability_words(cti: CounterexampleToInduction, reached: Reachability) -> str:
    """What is known of the state before."""
    states = f"{reached.states:,} reachable state{'' if reached.states == 1 else 's'}"
    if reached.answer == "reachable":
        return f"The state before is reachable: this breaks {cti.conjunct.name}, and not the proof alone."
    if reached.falsified is not None:
        return f"The state before was not reached, but {cti.conjunct.name} is false in one that is:"
    if reached.answer == "unreachable":
        return (
            f"The state before satisfies all conjuncts, and is not reachable: with these elements there are {states}, "
            f"in all of which {cti.conjunct.name} is true.  The conjuncts say too little."
        )
    return (
        f"The state before satisfies all conjuncts.  It is none of the first {states} with these elements, "
        "and there are more: whether it is reachable is not known."
    )


def _numbered(steps: Iterable[Step]) -> list[str]:
    return [f"    {number}  {step_text(*step)}" for number, step in enumerate(steps, start=1)]


def spec_lines(answer: SpecAnswer, terminal: Terminal) -> list[str]:
    """What the specification that is run says of it: a behaviour, as lanes, or how far none was found."""
    from mcheck.counterexamples import LanesText

    instance = answer.instance
    scope = ", ".join(f"{name} {value}" for name, value in {**instance.constants, **instance.bounds}.items())
    whole = "all" if answer.complete else "the first"
    seen = f"{whole} {answer.states:,} states of {instance.name} ({scope})"
    if answer.behavior is None:
        words = f"What is run has no such state either: {seen} were searched for elements of which it says the same."
        return filled(words, terminal)
    steps = f"{len(answer.behavior.steps)} step{'' if len(answer.behavior.steps) == 1 else 's'}"
    words = f"In what is run, {instance.name} with {scope}, {answer.claim} after {steps}:"
    text = LanesText(answer.behavior, terminal.width - 2, answer.mark, terminal.spelled)
    return [*filled(words, terminal), *("  " + line for line in text.lines())]


def filled(words: str, terminal: Terminal) -> list[str]:
    """The words on lines of the terminal's width, indented."""
    return textwrap.wrap(
        words,
        terminal.width,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
