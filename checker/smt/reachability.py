"""Whether the state in which a counterexample to induction begins is reachable: by a search of the same configuration.

If it is, what follows breaks the conjunct in a behaviour of the protocol.  If it is not, and the search has seen every state
with the conjunct true in all of them, the conjunct says the truth and the conjuncts together say too little.  What is
reachable is looked for by an engine that enumerates states, with the constants and bounds that the induction is about; a
step that leaves them, or the constraints, is followed by neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcheck.checker.limits import STOPPED, reason_of
from mcheck.checker.smt.induction import Cti, Inductive
from mcheck.checker.sought import occurrences
from mcheck.checker.traces import RuleFailed
from mcheck.checker.verdict import Limits, ProgressListener, PropertyResult, Verdict
from mcheck.spec import Behavior, Instance, InternalError, ReplayMismatch, Rule, rerun

Answer = Literal["reachable", "unreachable", "not found"]
"""`not found`: the search ended before it had met all states."""

MOST_STATES = 1_000_000
"""So many distinct states are looked at, and no more: some seconds for the native engine."""
MOST_SECONDS = 30.0
"""What the search may take where no limit of time is given; the reference engine does not get far in that."""


@dataclass(frozen=True)
class Reachability:
    """What a search says of the counterexamples, one after the other."""

    ctis: tuple[Cti, ...]
    verdict: Verdict | None
    """Of the search; None where a rule failed in it, or it was ended before it began."""
    complete: bool
    """Whether every reachable state of the configuration was met."""
    behaviors: tuple[Behavior | None, ...]
    """From an initial state to the end of each counterexample; None where its first state was not met."""
    failed: RuleFailed | None = None
    """Where a rule fails in a reachable state."""
    stopped: str | None = None
    """What ended the search before it began."""

    @property
    def reason(self) -> str | None:
        """What ended the search before it had met everything."""
        return self.stopped if self.verdict is None else self.verdict.reason

    def answer(self, cti: Cti) -> Answer:
        """Whether the first state of a counterexample is reachable."""
        if self.behavior(cti) is not None:
            return "reachable"
        return "unreachable" if self.complete else "not found"

    def behavior(self, cti: Cti) -> Behavior | None:
        """A shortest behaviour to the first state of a counterexample, and what follows there."""
        return next(b for c, b in zip(self.ctis, self.behaviors, strict=True) if c is cti)

    def falsified(self, conjunct: Rule | None) -> PropertyResult | None:
        """A shortest behaviour in which a conjunct is false, if the search has met one."""
        found = () if self.verdict is None else self.verdict.properties
        return next((p for p in found if p.rule is conjunct and p.finding == "violated"), None)

    @property
    def violations(self) -> tuple[PropertyResult, ...]:
        """For each conjunct that is false in a reachable state how it becomes false: as the counterexample says, if that is reachable."""
        found = []
        for cti, behavior in zip(self.ctis, self.behaviors, strict=True):
            other = self.falsified(cti.conjunct)
            if cti.conjunct is not None and cti.failure is None and behavior is not None:
                found.append(PropertyResult(cti.conjunct, "violated", behavior, cti.arguments))
            elif other is not None:
                found.append(other)
        return tuple(found)

    @property
    def violation(self) -> PropertyResult | None:
        """The shortest of them, the first declared among equals."""
        return min(self.violations, key=lambda found: found.steps or 0, default=None)


def reachability(
    found: Inductive,
    most_states: int = MOST_STATES,
    seconds: float = MOST_SECONDS,
    engine: str = "auto",
    progress: ProgressListener | None = None,
) -> Reachability:
    """Look for the first states of all counterexamples in one search, which evaluates the conjuncts that they break as well."""
    ctis, instance = found.ctis, found.instance
    broken = [cti.conjunct for cti in ctis if cti.conjunct is not None]
    firsts = [cti.behavior.initial for cti in ctis]
    try:
        met = occurrences(instance, firsts, broken, Limits(states=most_states, seconds=seconds), engine, progress)
    except RuleFailed as failed:
        return Reachability(ctis, None, False, (None,) * len(ctis), failed)
    except STOPPED as stop:  # while code was being compiled
        return Reachability(ctis, None, False, (None,) * len(ctis), stopped=reason_of(stop))
    reached = tuple(_continued(cti, way) for cti, way in zip(ctis, met.behaviors, strict=True))
    failures = (
        RuleFailed(cti.failure, way)
        for cti, way in zip(ctis, reached, strict=True)
        if cti.failure is not None and way is not None
    )
    answer = Reachability(ctis, met.verdict, met.complete, reached, next(failures, None))
    _must_agree(answer, instance)
    return answer


def _continued(cti: Cti, way: Behavior | None) -> Behavior | None:
    """The way to the first state and the steps from there, executed by the plain functions."""
    if way is None:
        return None
    steps = (*way.steps, *cti.behavior.steps)
    try:
        behavior = rerun(way.instance, way.initial, [(step.action, step.arguments) for step in steps])
    except ReplayMismatch as mismatch:
        raise InternalError(
            f"{way.instance.name}: the counterexample cannot be taken where it begins: {mismatch}"
        ) from mismatch
    if behavior.states[-len(cti.behavior.states) :] != cti.behavior.states:
        raise InternalError(f"{way.instance.name}: what leads to a counterexample leads elsewhere")
    return behavior


def _must_agree(found: Reachability, instance: Instance) -> None:
    """InternalError if a search that has met everything has met the first state, but not what happens behind it."""
    for cti in found.ctis:
        if found.complete and found.behavior(cti) is not None:
            if cti.failure is not None or found.falsified(cti.conjunct) is None:
                raise InternalError(
                    f"{instance.name}: a complete search does not meet what follows a state that it has met"
                )
