"""A proof, or a counterexample to induction, as people read it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mcheck.counterexamples.relations import plural, singular
from mcheck.cti_report import counterexample_lines, plurals, reachability_lines, spec_lines
from mcheck.terminal import Terminal

if TYPE_CHECKING:
    from mcheck.checker.linking import LinkVerdict
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.checker.symbolic.parts import Part
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.proof_links import SpecAnswer


def proof_lines(
    name: str, verdict: ProofVerdict, dropped: list[str], terminal: Terminal, run: SpecAnswer | None = None
) -> list[str]:
    """The whole report; `run` is what the specification that is run says of a counterexample to induction."""
    from mcheck import __version__
    from mcheck.checker.symbolic.solver import VERSION

    head = f"mcheck {__version__} · {name} · any {plurals(verdict.system.sorts)} · z3 {VERSION}"
    lines = [*textwrap.wrap(head, terminal.width, subsequent_indent="  "), *(f"  without {d}" for d in dropped)]
    lines += _conjuncts(verdict, terminal)
    if verdict.parts:
        lines += _sanity(verdict, terminal.width)
    return [*lines, *_sentence(verdict, terminal, run)]


def parts_lines(shown: Mapping[Part, CounterexampleToInduction | None], terminal: Terminal) -> list[str]:
    """A row for each essential part: what its absence breaks, in a smallest state."""
    lines = ["  without one part, what breaks, and the smallest state in which it does:"]
    for part, cti in shown.items():
        assert part.broken is not None
        action, conjunct = part.broken
        sizes = {} if cti is None else {s: len(elements) for s, elements in cti.before.universe.items()}
        counts = ", ".join(f"{n} {plural(s) if n > 1 else singular(s)}" for s, n in sizes.items())
        name = part.name if part.action is None else f"{part.action}: {part.name}"
        lines += textwrap.wrap(
            f"{name} · {action} breaks {conjunct} · {counts or 'none was found in time'}",
            terminal.width,
            initial_indent="    ",
            subsequent_indent="      ",
            break_on_hyphens=False,
        )
    return lines


def link_lines(linked: LinkVerdict, terminal: Terminal) -> list[str]:
    """Whether the specification that is run is what the proof speaks of."""
    instance = linked.instance
    scope = ", ".join(f"{name} {value}" for name, value in {**instance.constants, **instance.bounds}.items())
    seen = f"{linked.states:,} states and {linked.edges:,} steps of {instance.name} with {scope}"
    if linked.difference is None:
        words = (
            f"in all {seen}, the conjuncts hold, and each step is one of this model "
            f"or changes nothing in it ({linked.stutters:,})"
        )
        return _wrapped("linked", words, terminal.width)
    assert linked.behavior is not None
    return [
        *_wrapped("NOT LINKED", f"after {seen}: {linked.difference}", terminal.width),
        *(f"    {number}  {label}" for number, label in enumerate(linked.behavior.labels, start=1)),
    ]


# ---------------------------------------------------------------------- what is shown


def _conjuncts(verdict: ProofVerdict, terminal: Terminal) -> list[str]:
    """A row for each conjunct: whether it is kept, what it is for, how long that took, what it says."""
    words = {True: "essential", False: "redundant", None: "not known"}
    part = {p.name: words[p.essential] for p in verdict.parts if p.kind == "invariant"}
    styles = {"proved": "good", "cti": "bad", "unknown": "doubt"}
    shown = {"proved": "kept", "cti": "broken", "unknown": "unknown"}
    names = max(len(c.name) for c in verdict.system.conjuncts) + 2
    lines = [f"  {'conjunct'.ljust(names)}{'result':<9}{'needed':<11}time"]
    for conjunct in verdict.system.conjuncts:
        result = verdict.result_of(conjunct.name)
        word = "follows" if verdict.follows(conjunct.name) else shown[result]
        needed = "the goal" if conjunct.kind == "safety" else part.get(conjunct.name, "-")
        time = f"{verdict.seconds_of(conjunct.name):.2f} s"
        styled = terminal.style(word, styles[result]) + " " * (9 - len(word))
        lines.append(f"  {conjunct.name.ljust(names)}{styled}{needed:<11}{time:<9}".rstrip())
        lines += textwrap.wrap(conjunct.words, terminal.width, initial_indent="      ", subsequent_indent="      ")
    return lines


def _sanity(verdict: ProofVerdict, width: int) -> list[str]:
    """What is assumed, what each part of the proof is for, and that it speaks of something."""
    unsure = ", ".join(verdict.possibly_empty)
    exists = "initial states exist; every action is enabled in some state that satisfies all conjuncts"
    lines = [f"  not known whether these exist at all: {unsure}" if unsure else f"  {exists}"]
    for part in (p for p in verdict.parts if p.kind == "axiom"):
        sentence = next(a.words for a in verdict.system.axioms if a.name == part.name)
        lines += _wrapped("assumed", f"{part.name}: {sentence} {_purpose(part)}", width)
    invariants = [p for p in verdict.parts if p.kind == "invariant"]
    redundant = [p.name for p in invariants if p.essential is False]
    lines += _wrapped("redundant", f"conjuncts: {', '.join(redundant) or 'none'}", width)
    guards = [p for p in verdict.parts if p.kind == "guard"]
    needed = sum(p.essential is True for p in guards)
    lines += _wrapped("guards", f"{needed} of {len(guards)} are essential; not needed for these conjuncts:", width)
    lines += [
        line
        for p in guards
        if p.essential is not True
        for line in _wrapped("", f"{p.action}: {p.name}{' (not known)' if p.essential is None else ''}", width)
    ]
    return lines


def _purpose(part: Part) -> str:
    if part.essential and part.broken is not None:
        action, conjunct = part.broken
        return f"(without it: {action} breaks {conjunct})"
    return "(redundant)" if part.essential is False else "(whether it is needed is not known)"


def _wrapped(head: str, words: str, width: int) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=f"  {head:<11}", subsequent_indent=" " * 15, break_on_hyphens=False
    )


def _sentence(verdict: ProofVerdict, terminal: Terminal, run: SpecAnswer | None) -> list[str]:
    """The last lines: what is now known."""
    count = len(verdict.queries)
    proof = sum(q.seconds for q in verdict.queries)
    spent = f"{count} queries in {proof:.1f} s, with the checks above {verdict.seconds:.1f} s."
    if verdict.result == "proved":
        return [
            f"{terminal.style('PROVED', 'good')} for any {plurals(verdict.system.sorts)}.  {spent}",
            "  What is proved is said of the relations of this model, given what is assumed.",
        ]
    if verdict.result == "unknown":
        first = verdict.undecided[0]
        told = f"{first.action}: {first.conjunct} ({first.reply.reason})"
        return [
            f"{terminal.style('UNKNOWN', 'doubt')}: {len(verdict.undecided)} of {count} queries are undecided, the first {told}.  "
            "Nothing is proved; raise --time-limit."
        ]
    broken = verdict.broken
    if verdict.cti is None:
        steps = ", ".join(f"{q.action} breaks {q.conjunct}" for q in broken)
        return [f"{terminal.style('NOT INDUCTIVE', 'bad')}: {steps}.  No small counterexample was found in time."]
    others = [f"{q.action} breaks {q.conjunct}" for q in broken[1:]]
    lines = counterexample_lines(verdict.cti, terminal)
    if verdict.cti.action is not None and verdict.reachability is not None:
        lines += reachability_lines(verdict.cti, verdict.reachability, terminal)
    if run is not None:
        lines += spec_lines(run, terminal)
    lines += textwrap.wrap(f"  also: {'; '.join(others)}", terminal.width, subsequent_indent="    ") if others else []
    return lines
