"""A saved trace under today's spec: which spec that is, and what the trace does there now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcheck.checker.checks import DEADLOCK_FREEDOM
from mcheck.counterexamples import Recorded, load, reexecute
from mcheck.counterexamples.judging import Judge
from mcheck.counterexamples.store import fingerprint
from mcheck.protocols import executable, find
from mcheck.report import Subject
from mcheck.spec import Behavior, Instance, Lasso, ReplayMismatch, Rule, UsageError
from mcheck.spec.decision import some_decision


@dataclass(frozen=True)
class Replayed:
    """A recorded behaviour that today's spec executes step by step as it was recorded."""

    recorded: Recorded
    subject: Subject
    behavior: Behavior
    rule: Rule | None
    """The property that was violated; None for a trace that was saved for another reason."""
    arguments: tuple[Any, ...] | None
    """The values of the property's parameters that falsify it at the end; None if it holds there."""

    refusal: str | None = None
    """Of a lasso: why it does not violate the property now; None if it does."""

    @property
    def violates(self) -> bool:
        """Whether the property is violated, at the end or by the lasso, as it was."""
        return self.arguments is not None

    @property
    def where(self) -> str:
        """Where it violates the property, if it does."""
        return "at the end of this trace" if self.recorded.loop is None else "by this lasso"

    @property
    def lasso(self) -> Lasso | None:
        """The behaviour as the lasso that it was recorded as; None if it was not."""
        return None if self.recorded.loop is None else Lasso(self.behavior, self.recorded.loop)

    @property
    def spec_changed(self) -> bool:
        """Whether the source of the spec is another than when the trace was saved."""
        return fingerprint(type(self.subject.instance.spec)) != self.recorded.fingerprint


def replayed(file: str) -> Replayed:
    """The trace in a file, executed.  TraceFileError for another file, ReplayMismatch where today's spec goes another way."""
    recorded = load(Path(file))
    subject = subject_of(recorded)
    behavior = reexecute(subject.instance, recorded)
    if recorded.loop is not None:
        return lasso_replayed(recorded, subject, behavior)
    if recorded.property is None:
        return Replayed(recorded, subject, behavior, None, None)
    rule = property_titled(subject.instance, recorded.property)
    if rule is None:
        raise ReplayMismatch(len(behavior.steps), "the end", f"the spec no longer has a property {recorded.property!r}")
    return Replayed(recorded, subject, behavior, rule, decided_at_end(behavior, rule))


def lasso_replayed(recorded: Recorded, subject: Subject, behavior: Behavior) -> Replayed:
    """A lasso, judged by the lasso checker under the fairness that was assumed, as the spec states it today."""
    from mcheck.checker.liveness.assumptions import FAIRNESS, assumed
    from mcheck.checker.liveness.certificate import NoCounterexample, lasso_of, violating_arguments

    instance = subject.instance
    promised = some_decision(instance)
    temporal = instance.temporal if promised is None else (*instance.temporal, promised)
    rule = next((r for r in temporal if r.title == recorded.property), None)
    end = len(behavior.steps), "the end"
    if rule is None:
        named = f"a temporal property {recorded.property!r}" if recorded.property else "what this lasso was saved for"
        raise ReplayMismatch(*end, f"the spec has no longer {named}")
    if recorded.fairness not in FAIRNESS:
        raise ReplayMismatch(*end, f"the fairness {recorded.fairness!r} is none of {', '.join(FAIRNESS)}")
    try:
        lasso = lasso_of(instance, behavior.initial, behavior.labels, recorded.loop or 0)
        arguments = violating_arguments(lasso, rule, assumed(instance, recorded.fairness))
    except NoCounterexample as refusal:
        return Replayed(recorded, subject, behavior, rule, None, str(refusal))
    return Replayed(recorded, subject, behavior, rule, arguments)


def subject_of(recorded: Recorded) -> Subject:
    """The spec the trace was recorded with, as it is today.  ReplayMismatch if its constants no longer exist."""
    protocol = find(recorded.source if ".py:" in recorded.source else recorded.protocol)
    try:
        instance = executable(protocol.tweaked(recorded.tweak), {**recorded.constants, **recorded.bounds})
    except UsageError as error:
        raise ReplayMismatch(0, "initially", str(error)) from None
    return Subject(protocol, recorded.tweak, instance)


def property_titled(instance: Instance, title: str) -> Rule | None:
    """The property of that title; the freedom from deadlocks is one."""
    return next((r for r in (*instance.properties, *instance.lemmas, DEADLOCK_FREEDOM) if r.title == title), None)


def decided_at_end(behavior: Behavior, rule: Rule) -> tuple[Any, ...] | None:
    """The arguments that violate the property (reach the witness) at the end of the behaviour; None if none do.

    Of properties without parameters the empty tuple.
    """
    with behavior.instance.active():
        return Judge(behavior.instance, rule).end(behavior)
