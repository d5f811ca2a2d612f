"""The engine: the state graph of liveness, V(C) on it, and what the proof asks of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mcheck.checker.known import Known
from mcheck.checker.limits import STOPPED, Watch, peak_mb, reason_of
from mcheck.checker.liveness.arcs import Between, Mask
from mcheck.checker.liveness.assumptions import assumed
from mcheck.checker.liveness.engine import executed, exploration_by, seen
from mcheck.checker.liveness.graph import PlainExploration, StateGraph
from mcheck.checker.valency.lemmas import bivalence_lost, blocked_without, neighbours_apart, reached
from mcheck.checker.valency.members import Member, members, without_faults
from mcheck.checker.valency.run import UndecidedRun, undecided_run
from mcheck.checker.valency.valencies import Valencies, valencies
from mcheck.checker.valency.verdict import (
    Counts,
    DifferingNeighbours,
    Exceptions,
    InitialState,
    ValencyResult,
    ValencyVerdict,
)
from mcheck.checker.verdict import Limits, Progress, ProgressListener
from mcheck.spec import Behavior, Fairness, Instance, Rule, UsageError


def study(
    instance: Instance,
    fairness: str = "admissible",
    engine: str = "auto",
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    progress: ProgressListener | None = None,
    known: Known | None = None,
) -> ValencyVerdict:
    """The valency of every state of an instance, and what the proof of Fischer, Lynch and Paterson makes of it.

    `fairness`: what a run that never decides has to meet, one of FAIRNESS.  UsageError where the spec does not say what is
    decided.  RuleFailed where a rule fails.  With `known`, what earlier runs have compiled is used again.  Cost: that of `mcheck liveness`, and O(states + steps x log steps) for each
    value and for each process.
    """
    rule = decision_of(instance)
    conditions = assumed(instance, fairness)
    watch = Watch(limits, progress)
    told_apart = (*conditions, *(p.goes_on for p in instance.participants))
    explored_as, view = seen(instance, (rule,), told_apart)
    exploration, notes = exploration_by(explored_as, engine, watch, told_apart, (rule,), known)
    answer, reason, explored = _Answer(), None, None
    try:
        graph = exploration.run()
        explored = watch.seconds

        def between() -> None:
            watch.check(lambda seconds: Progress(exploration.distinct, exploration.steps, 0, 0, seconds))

        with explored_as.active():
            answer = _answer(instance, valencies(graph, rule, between), conditions, between)
    except STOPPED as stop:
        reason = reason_of(stop)
    return ValencyVerdict(
        instance=instance,
        fairness=conditions,
        result=answer.result,
        engine="reference" if isinstance(exploration, PlainExploration) else "native",
        values=tuple(rule.signature.arguments(None)),
        states=exploration.distinct,
        edges=exploration.steps,
        cut=exploration.cut,
        bivalent=answer.bivalent,
        counts=answer.counts,
        initial=answer.initial,
        neighbours=answer.neighbours,
        lemma3=answer.lemma3,
        blocked=answer.blocked,
        null=answer.null,
        run=answer.run,
        found=answer.found,
        reason=reason,
        seconds=watch.seconds,
        exploring_seconds=watch.seconds if explored is None else explored,
        peak_rss_mb=peak_mb(),
        notes=notes,
        view=view,
    )


def decision_of(instance: Instance) -> Rule:
    """The rule that says what is decided.  UsageError where there is none, or no value."""
    rule = instance.decision
    if rule is None:
        raise UsageError(
            f"{instance.name} does not say what is decided: mark a method with @decision, "
            "def decided(self, s: State, v: Value) -> bool"
        )
    if not any(True for _ in rule.signature.arguments(None)):
        raise UsageError(f"{instance.name}.{rule.name}: there is no value to decide")
    return rule


@dataclass(frozen=True)
class _Answer:
    """What is found out on one graph."""

    result: ValencyResult = "inconclusive"
    found: Valencies | None = None
    bivalent: int | None = None
    run: UndecidedRun | None = None
    counts: Counts | None = None
    initial: tuple[InitialState, ...] = ()
    neighbours: DifferingNeighbours | None = None
    lemma3: tuple[Exceptions, ...] = ()
    blocked: tuple[Exceptions, ...] = ()
    null: Behavior | None = None


def _answer(plain: Instance, found: Valencies, fairness: tuple[Fairness, ...], between: Between) -> _Answer:
    """Everything that can be said.

    A decision that is reached is reached, whatever the bounds cut: so what is bivalent, and the run, are certain.  That one
    is not reached is certain only where nothing is cut.
    """
    graph, every = found.graph, members(found.graph)
    proper = without_faults(graph, every)
    certain = _Answer("refused", found, _count(found.bivalent), undecided_run(plain, found, proper, fairness, between))
    if graph.cut:
        return certain
    nearest, without_fault = _Nearest(plain, graph), _Nearest(plain, proper)
    lemma3, blocked = [], []
    for member in every:
        between()
        lemma3.append(without_fault.exceptions(member, bivalence_lost(found, proper, member)))
        blocked.append(without_fault.exceptions(member, blocked_without(found, proper, member)))
    univalent = tuple(_count(found.univalent(k)) for k in range(len(found.values)))
    return replace(
        certain,
        result="answered",
        counts=Counts(_count(found.bivalent), univalent, _count(found.null), _count(found.disagreeing)),
        initial=tuple(_initial(found, k) for k in range(graph.initial)),
        neighbours=_neighbours(found),
        lemma3=tuple(lemma3),
        blocked=tuple(blocked),
        null=nearest.behavior(found.null),
    )


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _initial(found: Valencies, number: int) -> InitialState:
    return InitialState(found.graph.states[number], found.of(number))


def _neighbours(found: Valencies) -> DifferingNeighbours | None:
    apart = neighbours_apart(found)
    if apart is None:
        return None
    return DifferingNeighbours(_initial(found, apart.first), _initial(found, apart.second), apart.key)


class _Nearest:
    """Shortest behaviours from the initial states of a graph."""

    def __init__(self, plain: Instance, graph: StateGraph) -> None:
        self.plain, self.graph, self.reach = plain, graph, reached(graph)

    def exceptions(self, member: Member, mask: Mask) -> Exceptions:
        """How many states these are, and a shortest behaviour to one."""
        return Exceptions(member, _count(mask), self.behavior(mask))

    def behavior(self, mask: Mask) -> Behavior | None:
        """A shortest behaviour to one of these states, executed by the plain functions; None if there is none."""
        numbers = np.flatnonzero(mask)
        if not len(numbers):
            return None
        nearest = int(numbers[np.argmin(self.reach.distance[numbers])])
        start, steps = self.reach.way(self.graph.arcs, nearest)
        return executed(self.plain, self.graph, self.graph.states[start], steps)
