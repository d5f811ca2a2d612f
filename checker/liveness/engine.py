"""The liveness engine: the state graph, then one lasso search for each property and each of its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mcheck.checker.engines import why_not_native
from mcheck.checker.known import Known
from mcheck.checker.limits import STOPPED, Watch, peak_mb, reason_of
from mcheck.checker.liveness.arcs import Between, Demand, demand
from mcheck.checker.liveness.assumptions import assumed, select
from mcheck.checker.liveness.bisimulation import check_view
from mcheck.checker.liveness.certificate import NoCounterexample, lasso_of, refuse_unless_violating
from mcheck.checker.liveness.graph import Exploration, PlainExploration, StateGraph
from mcheck.checker.liveness.lassos import FoundLasso, LassoSearch, forbidden
from mcheck.checker.liveness.unfolding import moves_of, unfolded
from mcheck.checker.liveness.verdict import LivenessVerdict, TemporalFinding, Viewed
from mcheck.checker.verdict import Limits, Progress, ProgressListener
from mcheck.spec import Behavior, Fairness, Instance, InternalError, Lasso, McheckError, Rule, UsageError, rerun
from mcheck.spec.views import Quotient, forgets, has_view, quotient, refuse_ranks


def decide(
    instance: Instance,
    properties: Iterable[str] | None = None,
    fairness: str = "declared",
    engine: str = "auto",
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    progress: ProgressListener | None = None,
    known: Known | None = None,
) -> LivenessVerdict:
    """The verdict on the temporal properties of an instance, over every state inside its bounds.

    Orbits are not counted as one: a lasso in the quotient need not be one in the graph.  Where the spec has a view, states are
    views.  UsageError for an unknown property; SpecError for a view that takes different states for alike; RuleFailed where a
    rule fails.  With `known`, what earlier runs have compiled is used again.  Cost: the plain functions once in each state, each predicate once in each state for each
    of its arguments, and O(states + steps x conditions of fairness) for each arguments.
    """
    rules = select(instance, properties)
    conditions = assumed(instance, fairness)
    watch = Watch(limits, progress)
    explored_as, view = seen(instance, rules, conditions)
    exploration, notes = exploration_by(explored_as, engine, watch, conditions, rules, known)
    findings: list[TemporalFinding] = []
    reason: str | None = None
    explored: float | None = None
    try:
        graph = exploration.run()
        explored = watch.seconds
        with explored_as.active():
            judge = _Judge(instance, graph, conditions, lambda: watch.check(lambda s: _whole(exploration, s)))
            for rule in rules:
                findings.append(judge.finding(rule))
    except STOPPED as stop:
        reason = reason_of(stop)
    findings += [TemporalFinding(rule, "inconclusive", reason=reason) for rule in rules[len(findings) :]]
    return LivenessVerdict(
        instance=instance,
        view=view,
        fairness=conditions,
        findings=tuple(findings),
        engine="reference" if isinstance(exploration, PlainExploration) else "native",
        states=exploration.distinct,
        edges=exploration.steps,
        cut=exploration.cut,
        reason=reason,
        seconds=watch.seconds,
        exploring_seconds=watch.seconds if explored is None else explored,
        peak_rss_mb=peak_mb(),
        notes=notes,
    )


def seen(instance: Instance, rules: Sequence[Rule], fairness: Sequence[Fairness]) -> tuple[Instance, Viewed | None]:
    """The instance to explore: that of the views where there are any, after they were tested."""
    if not has_view(instance):
        return instance, None
    refuse_ranks(instance, rules, fairness)
    views = quotient(instance)
    tested = check_view(views, rules, fairness)
    return views, Viewed(tuple(views.ranks.least), views.unbounded, forgets(instance), tested)


def _whole(exploration: Exploration, seconds: float) -> Progress:
    """Where the work is once everything has been explored."""
    return Progress(exploration.distinct, exploration.steps, 0, 0, seconds)


def exploration_by(
    instance: Instance,
    engine: str,
    watch: Watch,
    fairness: Sequence[Fairness],
    rules: Sequence[Rule],
    known: Known | None = None,
) -> tuple[Exploration, tuple[str, ...]]:
    """The exploration of the engine asked for, and what is to be said of the choice.  UsageError as of `engines.search`.

    `rules`: whose predicates compiled code is to judge; `fairness`: which parameters the labels of steps are to tell apart;
    `known`: of the instance, or of that of which it is the views.
    """
    if engine == "reference":
        return PlainExploration(instance, watch), ()
    why = why_not_native()
    if why is None:
        from mcheck.checker.liveness.native import NativeExploration
        from mcheck.checker.native.reading import Unlowerable

        try:
            of_this = None if known is None else known.beside(instance)
            return NativeExploration(instance, watch, fairness, rules, of_this), ()
        except Unlowerable as unlowerable:
            why = f"no compiled code for {unlowerable}"
    if engine == "native":
        raise UsageError(f"--engine native: {why}; use --engine reference, or auto")
    return PlainExploration(instance, watch), (f"reference engine: {why}",)


class _Judge:
    """Decides temporal properties of a spec, `plain`, on its whole state graph or that of its views."""

    def __init__(self, plain: Instance, graph: StateGraph, fairness: Sequence[Fairness], between: Between) -> None:
        self.plain, self.instance, self.graph, self.fairness = plain, graph.instance, graph, fairness
        self.search = LassoSearch(graph.arcs, graph.initial, demands(graph.instance, graph, fairness), between)

    def finding(self, rule: Rule) -> TemporalFinding:
        """The answer for one property: a lasso for its first arguments that have one, or what the bounds leave open.

        A lasso is real wherever it leads: its steps are steps of the spec, and a step that is cut counts as enabled.  That
        there is none says nothing if a behaviour can leave the bounds before it has come to what it is to come to.
        """
        beyond = 0
        for arguments in rule.signature.arguments(None):
            first, second = self.graph.truths(rule, arguments)
            wrong = forbidden(rule.kind, first, second)
            region = self.search.region(wrong)
            found = self.search.find(wrong, region)
            if found is not None:
                return TemporalFinding(rule, "violated", self._shown(found, rule, arguments), arguments)
            open_states = region.after.mask if wrong.at_once else np.ones(self.graph.arcs.count, bool)
            beyond = max(beyond, int((open_states & self.graph.arcs.truncated).sum()))
        if beyond or self.graph.cut_at_the_start:
            return TemporalFinding(rule, "refused", reason=self._open(beyond))
        return TemporalFinding(rule, "holds")

    def _shown(self, found: FoundLasso, rule: Rule, arguments: tuple[Any, ...]) -> Lasso:
        """The lasso as a behaviour that the lasso checker has passed.  InternalError if it does not."""
        try:
            behavior = executed(self.plain, self.graph, self.graph.states[found.initial], (*found.stem, *found.cycle))
            lasso = lasso_of(behavior.instance, behavior.initial, behavior.labels, len(found.stem))
            refuse_unless_violating(lasso, rule, arguments, self.fairness)
        except NoCounterexample as refusal:
            raise InternalError(
                f"{self.instance.name}: the lasso found does not violate {rule.title!r}: {refusal}"
            ) from None
        except McheckError as error:
            raise InternalError(f"{self.instance.name}: the lasso found cannot be replayed: {error}") from error
        return lasso

    def _open(self, states: int) -> str:
        cut = ", ".join(f"{name} {times:,}" for name, times in self.graph.cut.items())
        if not states:
            return f"an initial state is outside a constraint (cut: {cut})"
        return f"steps out of {states:,} of the states met lead beyond a bound (cut: {cut})"


def executed(plain: Instance, graph: StateGraph, start: Any, steps: Iterable[int]) -> Behavior:
    """Steps of the graph, from the state in which they begin, by the plain functions; through views, with ranks as they become.

    `start`: the state in the graph, or a state of `plain` with that view.  Inside `graph.instance.active()`; ReplayMismatch.
    """
    taken = [(*graph.step(n), graph.states[graph.arcs.targets[n]]) for n in steps]
    if not isinstance(graph.instance, Quotient):
        return rerun(graph.instance, start, [(action, arguments) for action, arguments, _ in taken])
    view = graph.instance.view
    real = next((state for state in plain.initial if view.of(state) == start), start)
    return unfolded(plain, real, moves_of(view, taken))


def demands(instance: Instance, graph: StateGraph, fairness: Sequence[Fairness]) -> list[Demand]:
    """What the conditions demand of a cycle in the graph: one demand for each value of their `each`.

    Must run inside `instance.active()`.  A value for which no step is ever possible demands nothing.
    """
    found = []
    for one in fairness:
        by_key: dict[tuple[Any, ...], set[int]] = {}
        for label, (action, given) in enumerate(graph.moves):
            key = one.key(action, given)
            if key is not None:
                by_key.setdefault(key, set()).add(label)
        for key, labels in by_key.items():
            waived = None
            if one.unless is not None:
                waived = np.array([one.waived(instance, state, key) for state in graph.states], bool)
            found.append(demand(graph.arcs, one.strength == "strong", frozenset(labels), waived))
    return found
