"""The traces of the gallery: whether one still stands, and another where it does not.

A trace is stale when today's spec does not take its steps to the recorded states, when the property is not violated at its
end or by the lasso that it is, or when the tweak declares another number of steps or other constants.  That the source of the
spec has changed says nothing: a comment may have.  A trace that stands is kept though a search might now find another as
short, since a person has written a paragraph about this one.  For the same reason a stale one is renewed by its own steps if they still lead
there, and by a search only if they do not.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from mcheck.checker.engines import search
from mcheck.checker.known import known_of
from mcheck.checker.verdict import Limits
from mcheck.counterexamples.store import Recorded, followed, initial_state, load, reexecute, trace_document
from mcheck.gallery.exhibits import Violation
from mcheck.recordings import Replayed, decided_at_end, lasso_replayed, subject_of
from mcheck.scope import counted, lasso_lengths
from mcheck.spec import Behavior, McheckError, ReplayMismatch


class Stale(McheckError):
    """A trace that does not show what the tweak declares, under today's spec."""

    status = 1


class NotAsDeclared(McheckError):
    """A search that finds something else than the tweak declares."""

    status = 1


def standing(violation: Violation, file: Path) -> Replayed:
    """The trace in the file, executed by the plain functions.  Stale, with the reason, if it does not stand."""
    if not file.is_file():
        raise Stale(f"there is no {file.name}")
    try:
        recorded = load(file)
        for what, then, now in _identity(violation, recorded):
            if then != now:
                raise Stale(f"{file.name} was recorded with {what} {then}, and the tweak declares {now}")
        trace = executed(recorded, violation)
    except Stale:
        raise
    except McheckError as error:
        raise Stale(f"{file.name}: {error}" if isinstance(error, ReplayMismatch) else str(error)) from None
    if len(trace.behavior.steps) != violation.steps:
        has = counted(len(trace.behavior.steps), "step")
        raise Stale(f"{file.name} has {has}, and the tweak declares {violation.steps}")
    if trace.arguments is None:
        where = "at the end of" if violation.loop is None else "in"
        why = f": {trace.refusal}" if trace.refusal else ""
        raise Stale(f"{violation.rule.title} holds {where} {file.name}{why}")
    return trace


def executed(recorded: Recorded, violation: Violation) -> Replayed:
    """The recorded steps under today's spec, and whether they violate the property.  ReplayMismatch, or another error."""
    if violation.loop is not None:
        subject = subject_of(recorded)  # in a lasso through views ranks have grown beyond any bound that is declared
        return lasso_replayed(recorded, subject, reexecute(subject.instance, recorded))
    behavior = reexecute(violation.subject.instance, recorded)
    return Replayed(recorded, violation.subject, behavior, violation.rule, decided_at_end(behavior, violation.rule))


def _identity(violation: Violation, recorded: Recorded) -> Iterator[tuple[str, object, object]]:
    """What the trace was recorded with, beside what it would be recorded with now."""
    subject = violation.subject
    yield "protocol", recorded.protocol, subject.protocol.name
    yield "tweak", recorded.tweak, subject.tweak
    yield "property", recorded.property, violation.rule.title
    yield "constants", recorded.constants, subject.instance.constants
    grown = subject.instance.resolver.ranks if violation.loop is not None else ()
    bounds = (recorded.bounds, subject.instance.bounds)
    then, now = ({name: value for name, value in of.items() if name not in grown} for of in bounds)
    yield "bounds", then, now
    yield "a cycle from state", recorded.loop, violation.loop
    yield "fairness", recorded.fairness, violation.outcome.fairness


def renewed(violation: Violation, file: Path, limits: Limits) -> Behavior:
    """A shortest behaviour that violates the property: by the steps of a stale trace if they do, else found anew.

    NotAsDeclared if the shortest is not as long as declared, or if the limits end the search.
    """
    found = _found if violation.loop is None else _found_in_the_long_run
    return _by_its_steps(violation, file) or found(violation, limits)


def _by_its_steps(violation: Violation, file: Path) -> Behavior | None:
    instance = violation.subject.instance
    try:
        recorded = load(file)
        if violation.loop is not None:
            return standing(violation, file).behavior
        *_, behavior = followed(instance, initial_state(instance, recorded), recorded.labels)
    except McheckError:
        return None
    stands = len(behavior.steps) == violation.steps and decided_at_end(behavior, violation.rule) is not None
    return behavior if stands else None


def _found(violation: Violation, limits: Limits) -> Behavior:
    subject, title = violation.subject, violation.rule.title
    verdict = search(
        subject.instance,
        properties=[violation.rule.name],
        limits=dataclasses.replace(limits, depth=violation.steps),
        known=known_of(subject.instance),
    )
    declared = f"the tweak declares that {title} breaks in {counted(violation.steps, 'step')}"
    if verdict.violation is None or verdict.violation.behavior is None:
        why = verdict.reason or f"it holds in all {verdict.distinct:,} states up to there"
        raise NotAsDeclared(f"{declared}: {why}")
    behavior = verdict.violation.behavior
    if len(behavior.steps) != violation.steps:
        raise NotAsDeclared(f"{declared}: {len(behavior.steps)} are enough")
    return behavior


def _found_in_the_long_run(violation: Violation, limits: Limits) -> Behavior:
    from mcheck.checker.liveness.engine import decide

    instance, title, outcome = violation.subject.instance, violation.rule.title, violation.outcome
    fairness = outcome.fairness or "declared"
    verdict = decide(instance, [title], fairness, limits=limits, known=known_of(instance))
    lasso = verdict.violation.lasso if verdict.violation is not None else None
    declared = f"the tweak declares that {title} breaks ({violation.length})"
    if lasso is None:
        raise NotAsDeclared(f"{declared}: {verdict.findings[0].reason or 'it holds'}")
    if (len(lasso.stem), len(lasso.cycle)) != (outcome.stem, outcome.cycle):
        raise NotAsDeclared(f"{declared}: found is {lasso_lengths(len(lasso.stem), len(lasso.cycle))}")
    return lasso.behavior


def trace_text(violation: Violation, behavior: Behavior) -> str:
    """The trace as JSON with one line for each state: a third of the size, and a difference shows where it is."""
    protocol, tweak = violation.subject.protocol, violation.subject.tweak
    lasso = None if violation.loop is None else (violation.loop, violation.outcome.fairness or "declared")
    document = trace_document(behavior, violation.rule, protocol.name, tweak, protocol.source, lasso)
    states = [json.dumps(state, ensure_ascii=False, separators=(",", ":")) for state in document.pop("states")]
    head = json.dumps(document, indent=1, ensure_ascii=False).removesuffix("\n}")
    return head + ',\n "states": [\n' + ",\n".join(f"  {state}" for state in states) + "\n ]\n}\n"
