"""A run that never decides: the theorem's conclusion, as a lasso with what shows that it is one.

The cycle is looked for like any other that fairness admits, in bivalent states first.  That its states are bivalent is shown by
two ways out of one of them, to two different decisions: all states before it, and all on the cycle, lead there.  Nothing of it is
taken on trust from the graph: the lasso checker and plain Python execute all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcheck.checker.liveness.arcs import Between, Mask
from mcheck.checker.liveness.certificate import NoCounterexample, lasso_of, refuse_unless_violating
from mcheck.checker.liveness.engine import demands, executed
from mcheck.checker.liveness.graph import StateGraph
from mcheck.checker.liveness.lassos import Forbidden, LassoSearch
from mcheck.checker.valency.valencies import Valencies, Value
from mcheck.spec import Behavior, Fairness, Instance, InternalError, Lasso, McheckError, Rule
from mcheck.spec.decision import some_decision


@dataclass(frozen=True)
class WayOut:
    """A behaviour from the state where the cycle closes to one in which `value` is decided."""

    value: Value
    behavior: Behavior


@dataclass(frozen=True)
class UndecidedRun:
    """A fair behaviour without end in which nobody decides, and the ways out that it does not take."""

    rule: Rule
    """What it violates: that some value is decided at last."""
    lasso: Lasso
    states: tuple[int, ...]
    """Its states, by their numbers in the graph; the last is the one where the cycle begins."""
    ways_out: tuple[WayOut, ...]
    """From the state where the cycle begins, to one decision each; the first two that can be reached."""
    faultless: bool
    """Whether all its steps are those of processes."""

    @property
    def bivalent(self) -> bool:
        """Whether it stays bivalent for ever, in each of its states."""
        return len(self.ways_out) > 1


def undecided_run(
    plain: Instance, found: Valencies, proper: StateGraph, fairness: Sequence[Fairness], between: Between = lambda: None
) -> UndecidedRun | None:
    """A run that meets the conditions of fairness and never decides; None if there is none.

    A bivalent one before any other, and one in `proper`, the graph without faults, before one with them.  Inside
    `instance.active()`.  InternalError if the run found is none.
    """
    graphs = [proper] if proper is found.graph else [proper, found.graph]
    for staying in (found.bivalent & found.undecided, found.undecided):
        for graph in graphs:
            run = _run_within(plain, found, graph, staying, fairness, between)
            if run is not None:
                return run
    return None


def _run_within(
    plain: Instance, found: Valencies, graph: StateGraph, staying: Mask, fairness: Sequence[Fairness], between: Between
) -> UndecidedRun | None:
    """A run with the steps of `graph` through states of `staying`, as short as the search for lassos makes it."""
    rule = some_decision(plain)
    assert rule is not None
    wrong = Forbidden(staying, staying, at_once=True)
    asked = demands(graph.instance, found.graph, fairness)  # a step that this graph leaves out is enabled all the same
    asked = [replace(one, steps=graph.arcs.labelled(one.labels)) for one in asked]
    search = LassoSearch(graph.arcs, graph.initial, asked, between)
    lasso = search.find(wrong, search.region(wrong))
    if lasso is None:
        return None
    steps = [*lasso.stem, *lasso.cycle]
    states = (lasso.initial, *(int(graph.arcs.targets[step]) for step in steps))
    values = [k for k, way in enumerate(found.ways) if way.mask[states[-1]]][:2]
    try:
        behavior = executed(plain, graph, graph.states[lasso.initial], steps)
        shown = lasso_of(behavior.instance, behavior.initial, behavior.labels, len(lasso.stem))
        refuse_unless_violating(shown, rule, (), fairness)
        ways = tuple(_way_out(plain, found, shown, value, states[-1]) for value in values)
    except NoCounterexample as refusal:
        raise InternalError(f"{graph.instance.name}: the run found is none: {refusal}") from None
    except McheckError as error:
        raise InternalError(f"{graph.instance.name}: the run found cannot be replayed: {error}") from error
    return UndecidedRun(rule, shown, states, ways, graph is not found.graph or _all_own(graph, steps))


def _way_out(plain: Instance, found: Valencies, lasso: Lasso, value: int, state: int) -> WayOut:
    """The shortest way to a decision, from the last state of the lasso.  NoCounterexample if it does not lead there."""
    rule = found.graph.instance.decision
    assert rule is not None
    behavior = executed(plain, found.graph, lasso.behavior.last, found.way_to(value, state))
    if rule.function(behavior.instance.spec, behavior.last, *found.values[value]) is not True:
        raise NoCounterexample(f"its state {lasso.loop} does not lead to a decision of {found.values[value]!r}")
    return WayOut(found.values[value], behavior)


def _all_own(graph: StateGraph, steps: Sequence[int]) -> bool:
    """Whether participants take all these steps, as far as the spec says who does."""
    own = {action for p in graph.instance.participants for action in p.goes_on.actions}
    return not own or all(graph.moves[graph.arcs.labels[step]][0].name in own for step in steps)
