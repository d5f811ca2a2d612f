"""What z3 says of one configuration, bounded or by induction: as text, and as one JSON document."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from mcheck.checker.smt.bounded import Bounded
from mcheck.checker.smt.induction import NO_FAILURE, Cti, Inductive
from mcheck.checker.smt.questions import VERSION
from mcheck.checker.smt.reachability import Reachability
from mcheck.checker.verdict import Limits, PropertyResult
from mcheck.counterexamples import Notation
from mcheck.counterexamples.lanes import Change, Lanes, changes
from mcheck.reachability_words import (
    conclusion,
    how_long,
    reachability_document,
    search_document,
    search_lines,
    state_words,
)
from mcheck.report import Report, Subject
from mcheck.report_json import SCHEMA
from mcheck.scope import configuration, counted
from mcheck.spec import Behavior, Rule, text
from mcheck.terminal import Terminal

# ---------------------------------------------------------------------- bounded


def bounded_text(subject: Subject, terminal: Terminal, found: Bounded, saved: str | None) -> str:
    """The report on bounded checking."""
    report = Report(subject, terminal)
    how = (
        [f"z3 {VERSION}"]
        if found.start is None
        else [f"from step {len(found.start.steps)} of a trace", f"z3 {VERSION}"]
    )
    lines = [report.header(Limits(found.asked), how)]
    rows = [("property", "kind", "result")]
    rows += [(p.rule.title, p.rule.kind, _finding(p, found.depth)) for p in found.properties]
    lines += _columns(rows)
    lines += report.left_to_liveness()
    seen = f"depth {found.depth}" if found.depth >= 0 else "no depth finished"
    lines.append(f"  {seen} · {found.seconds:.1f} s")
    violation = found.violation
    if violation is not None:
        how_long = "the shortest" if found.start is None else "the shortest from there"
        return "\n".join([*lines, "", *report.violation(violation, how_long, saved)])
    head, style, words = _bounded_sentence(subject, found)
    return "\n".join([*lines, terminal.style(head, style) + report.whole(words)])


def _bounded_sentence(subject: Subject, found: Bounded) -> tuple[str, str, str]:
    """(first words, their style, the rest) of what is known where nothing is violated."""
    which = "of at most" if found.start is None else "that goes on from there for at most"
    inside = " within the bounds" if subject.instance.bounds else ""
    known = f"no behaviour {which} {counted(max(found.depth, 0), 'step')}{inside} violates a property{_scope(subject)}"
    if found.reason is None:
        return f"HOLDS UP TO depth {found.depth}", "good", f": {known}.  Nothing is known of longer ones."
    told = known if found.depth >= 0 else "nothing is known"
    return "INCONCLUSIVE", "doubt", f": {found.reason}; {told}.  Raise the limit, or lower --depth."


def _scope(subject: Subject) -> str:
    covered = configuration(subject.instance)
    return f" ({covered})" if covered else ""


def _finding(result: PropertyResult, depth: int) -> str:
    if result.finding == "holds":
        return f"holds up to depth {depth}"
    steps = counted(result.steps or 0, "step")
    return {
        "violated": f"VIOLATED in {steps}",
        "reached": f"in {steps}",
        "not-reached": f"not in {counted(depth, 'step')}",
        "not-checked": "not decided",
    }[result.finding]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def bounded_document(subject: Subject, found: Bounded, saved: str | None) -> dict[str, Any]:
    """The result of bounded checking as JSON."""
    return {
        **_head(subject, found.result, found.seconds),
        "depth": found.asked,
        "checked_depth": found.depth,
        "from": None if found.start is None else {"step": len(found.start.steps), "state": text(found.start.last)},
        "properties": _properties(found.properties),
        "violation": _violation(found.violation, saved),
        "seconds_by_depth": [round(t, 3) for t in found.times],
        "reason": found.reason,
        "solver": f"z3 {VERSION}",
        "source": subject.source,
    }


def _head(subject: Subject, result: str, seconds: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "protocol": subject.protocol.name,
        "tweak": subject.tweak,
        "engine": "z3",
        "constants": subject.instance.constants,
        "bounds": subject.instance.bounds,
        "result": result,
        "seconds": round(seconds, 3),
    }


def _properties(results: Iterable[PropertyResult]) -> list[dict[str, Any]]:
    return [{"name": r.rule.title, "kind": r.rule.kind, "result": r.finding, "steps": r.steps} for r in results]


def _violation(result: PropertyResult | None, saved: str | None) -> dict[str, Any] | None:
    if result is None or result.behavior is None:
        return None
    behavior = result.behavior
    return {
        "property": result.rule.title,
        "steps": len(behavior.steps),
        "labels": list(behavior.labels),
        "trace": saved,
    }


# ---------------------------------------------------------------------- by induction


def inductive_text(
    subject: Subject,
    terminal: Terminal,
    found: Inductive,
    without: Sequence[str],
    saved: str | None,
    reached: Reachability | None,
) -> str:
    """The report on induction, and on whether the counterexamples to it are reachable, if that was looked for."""
    report = Report(subject, terminal)
    how = ["by induction" if found.k == 1 else f"by {found.k}-induction", f"z3 {VERSION}"]
    lines = [report.header(Limits(), how), *(f"  without {name}" for name in without)]
    if found.base.violation is not None:
        return "\n".join([*lines, "", *report.violation(found.base.violation, "the shortest", saved)])
    lines += _obligations(subject, terminal, found)
    lines += report.left_to_liveness()
    for cti in found.ctis:
        lines += ["", *_cti_lines(cti, report)]
        if reached is not None:
            words = state_words(reached, cti)
            lines += textwrap.wrap(words, terminal.width, initial_indent="  ", subsequent_indent="  ")
    if reached is None or not found.ctis:
        return "\n".join([*lines, *_sentence(subject, report, found)])
    return "\n".join([*lines, *search_lines(reached, report), *_answer(report, found, reached, saved)])


def _answer(report: Report, found: Inductive, reached: Reachability, saved: str | None) -> list[str]:
    """What follows from the counterexamples and the search for them."""
    violation = reached.violation
    if violation is not None:
        others = [v.rule.title for v in reached.violations if v.rule is not violation.rule]
        lines = ["", *report.violation(violation, how_long(reached, violation), saved)]
        return [*lines, f"  violated too: {', '.join(others)}"] if others else lines
    if reached.failed is not None:
        return []
    words = conclusion(reached, found.reason is None)
    return [report.terminal.style("NOT PROVED", "doubt") + report.whole(words)]


def _obligations(subject: Subject, terminal: Terminal, found: Inductive) -> list[str]:
    """For each conjunct whether every action keeps it, what that follows from, and how long it took."""
    titles = {rule.name: rule.title for rule in found.conjuncts}
    rows: list[tuple[str, str, str, str]] = [("conjunct", "kind", "result", "time")]
    used: list[list[str]] = [[]]
    for rule in (*found.conjuncts, *found.consequences, None):
        kind = "" if rule is None else "lemma" if rule in subject.instance.lemmas else rule.kind
        seconds = sum(o.seconds for o in found.obligations_of(rule))
        rows.append((NO_FAILURE if rule is None else rule.title, kind, _result(found, rule), f"{seconds:.2f} s"))
        names = found.used_for(rule)
        used.append([title for name, title in titles.items() if name in names])
    lines: list[str] = []
    for line, needed in zip(_columns(rows), used, strict=True):
        lines.append(line)
        if needed:
            words = f"needs {', '.join(needed)}"
            lines += textwrap.wrap(words, terminal.width, initial_indent=" " * 6, subsequent_indent=" " * 8)
    return lines


def _result(found: Inductive, rule: Rule | None) -> str:
    answers = [o.answer for o in found.obligations_of(rule)]
    if "broken" in answers:
        return f"broken by {', '.join(o.action.name for o in found.obligations_of(rule) if o.answer == 'broken')}"
    return "kept" if answers == ["kept"] * len(found.instance.actions) else "not decided"


def _cti_lines(cti: Cti, report: Report) -> list[str]:
    """The states and steps of a counterexample to induction: the first whole, then what changes."""
    head = f"NOT INDUCTIVE: {cti.action.name} {'fails' if cti.conjunct is None else f'breaks {cti.conjunct.title}'}"
    lines = [report.terminal.style(head, "bad")]
    if cti.failure is not None:
        lines += textwrap.wrap(str(cti.failure), report.terminal.width, initial_indent="  ", subsequent_indent="  ")
    elif cti.conjunct is not None and cti.conjunct.sentence:
        told = (
            f" False afterwards for {report.notation.arguments(cti.conjunct, cti.arguments)}." if cti.arguments else ""
        )
        words = cti.conjunct.sentence.partition("  Source:")[0] + told
        lines += textwrap.wrap(words, report.terminal.width, initial_indent="  ", subsequent_indent="  ")
    return lines + _state_lines(cti.behavior, report)


def _state_lines(behavior: Behavior, report: Report) -> list[str]:
    notation, lanes = report.notation, Lanes(behavior.instance)
    rows = [(notation.member(m), _card(lanes.card(behavior.initial, m), notation)) for m in lanes.members]
    rows += [(name, notation.value(value)) for name, value in lanes.shared(behavior.initial).items()]
    lines = ["  a state that satisfies all conjuncts", *_wrapped(rows, report.terminal.width)]
    for before, step in zip(behavior.states, behavior.steps, strict=False):
        changed = []
        for m in lanes.members:
            told = changes(lanes.card(before, m), lanes.card(step.state, m), notation.key)
            changed += (
                [(notation.member(m), ", ".join(f"{c.field} {_change(c, notation)}" for c in told))] if told else []
            )
        for c in changes(lanes.shared(before), lanes.shared(step.state), notation.key):
            changed.append((c.field, _change(c, notation)))
        lines += [
            f"  after {notation.step(step)}",
            *_wrapped(changed or [("", "nothing changed")], report.terminal.width),
        ]
    return lines


def _card(card: dict[str, Any], notation: Notation) -> str:
    return ", ".join(f"{name} {notation.value(value)}" for name, value in card.items())


def _change(change: Change, notation: Notation) -> str:
    """The new value, or what came and went."""
    if not change.partial:
        return notation.value(change.value)
    came = [f"+{notation.value(x)}" for x, n in change.added for _ in range(n)]
    return " ".join([*came, *(f"−{notation.value(x)}" for x, n in change.removed for _ in range(n))])


def _wrapped(rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    column = max(len(head) for head, _ in rows)
    lines: list[str] = []
    for head, words in rows:
        indent = " " * (6 + column)
        lines += textwrap.wrap(f"    {head.ljust(column)}  {words}", width, subsequent_indent=indent)
    return lines


def _sentence(subject: Subject, report: Report, found: Inductive) -> list[str]:
    style, terminal = report.terminal.style, report.terminal
    if found.ctis:
        words = (
            "  Whether the states before can be reached was not looked for.  If they cannot, the conjuncts say too little of "
            "them: add a lemma.  If they can, the protocol is broken: mcheck run finds the way."
        )
        return [report.whole(words) if terminal.live else words]
    if found.reason is not None:
        return [
            style("INCONCLUSIVE", "doubt")
            + f": {found.reason}.  Nothing is shown by half of a proof: raise --time-limit."
        ]
    beyond = "  Steps that leave the bounds are not followed." if subject.instance.bounds else ""
    words = f": true in every reachable state of this configuration{_scope(subject)}.{beyond}"
    return [style("PROVED", "good") + report.whole(words)]


def inductive_document(
    subject: Subject, found: Inductive, without: Sequence[str], saved: str | None, reached: Reachability | None
) -> dict[str, Any]:
    """The result of induction as JSON."""
    violation = found.base.violation if reached is None else reached.violation
    result = "violated" if violation is not None else found.result
    titles = {rule.name: rule.title for rule in found.conjuncts}

    def needed(names: frozenset[str]) -> list[str]:
        return [title for name, title in titles.items() if name in names]

    return {
        **_head(subject, result, found.seconds),
        "k": found.k,
        "conjuncts": [
            {
                "name": NO_FAILURE if rule is None else rule.title,
                "kind": None if rule is None else "lemma" if rule in subject.instance.lemmas else rule.kind,
                "result": _result(found, rule).partition(" by ")[0],
                "seconds": round(sum(o.seconds for o in found.obligations_of(rule)), 3),
                "needs": needed(found.used_for(rule)),
            }
            for rule in (*found.conjuncts, *found.consequences, None)
        ],
        "queries": [
            {
                "action": o.action.name,
                "conjunct": NO_FAILURE if o.conjunct is None else o.conjunct.title,
                "answer": o.answer,
                "seconds": round(o.seconds, 3),
                "needs": needed(o.used),
            }
            for o in found.obligations
        ],
        "ctis": [
            {
                "conjunct": NO_FAILURE if c.conjunct is None else c.conjunct.title,
                "action": c.action.name,
                "states": [text(s) for s in c.behavior.states],
                "labels": list(c.behavior.labels),
                "failure": None if c.failure is None else str(c.failure),
                "reachability": reachability_document(reached, c),
            }
            for c in found.ctis
        ],
        "search": search_document(reached),
        "without": list(without),
        "violation": _violation(violation, saved),
        "reason": found.reason,
        "solver": f"z3 {VERSION}",
        "source": subject.source,
    }
