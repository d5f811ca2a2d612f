"""The traces of the gallery: whether one still stands, and another where it does not.

A trace is stale when today's spec does not take its steps to the recorded states, when the property is not violated at its
end, or when the tweak declares another number of steps or other constants.  That the source of the spec has changed says
nothing: a comment may have.  A trace that stands is kept though a search might now find another as short, since a person
has written a paragraph about this one.  For the same reason a stale one is renewed by its own steps if they still lead
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
from mcheck.recordings import Replayed, decided_at_end
from mcheck.scope import counted
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
    subject = violation.subject
    try:
        recorded = load(file)
        for what, then, now in _identity(violation, recorded):
            if then != now:
                raise Stale(f"{file.name} was recorded with {what} {then}, and the tweak declares {now}")
        behavior = reexecute(subject.instance, recorded)
    except Stale:
        raise
    except McheckError as error:
        raise Stale(f"{file.name}: {error}" if isinstance(error, ReplayMismatch) else str(error)) from None
    if len(behavior.steps) != violation.steps:
        raise Stale(f"{file.name} has {counted(len(behavior.steps), 'step')}, and the tweak declares {violation.steps}")
    arguments = decided_at_end(behavior, violation.rule)
    if arguments is None:
        raise Stale(f"{violation.rule.title} holds at the end of {file.name}")
    return Replayed(recorded, subject, behavior, violation.rule, arguments)


def _identity(violation: Violation, recorded: Recorded) -> Iterator[tuple[str, object, object]]:
    """What the trace was recorded with, beside what it would be recorded with now."""
    subject = violation.subject
    yield "protocol", recorded.protocol, subject.protocol.name
    yield "tweak", recorded.tweak, subject.tweak
    yield "property", recorded.property, violation.rule.title
    yield "constants", recorded.constants, subject.instance.constants
    yield "bounds", recorded.bounds, subject.instance.bounds


def renewed(violation: Violation, file: Path, limits: Limits) -> Behavior:
    """A shortest behaviour that violates the property: by the steps of a stale trace if they do, else found anew.

    NotAsDeclared if the shortest is not as long as declared, or if the limits end the search.
    """
    return _by_its_steps(violation, file) or _found(violation, limits)


def _by_its_steps(violation: Violation, file: Path) -> Behavior | None:
    instance = violation.subject.instance
    try:
        recorded = load(file)
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


def trace_text(violation: Violation, behavior: Behavior) -> str:
    """The trace as JSON with one line for each state: a third of the size, and a difference shows where it is."""
    protocol, tweak = violation.subject.protocol, violation.subject.tweak
    document = trace_document(behavior, violation.rule, protocol.name, tweak, protocol.source)
    states = [json.dumps(state, ensure_ascii=False, separators=(",", ":")) for state in document.pop("states")]
    head = json.dumps(document, indent=1, ensure_ascii=False).removesuffix("\n}")
    return head + ',\n "states": [\n' + ",\n".join(f"  {state}" for state in states) + "\n ]\n}\n"
