"""The graph of compiled code is that of the plain functions, and so are the answers.

What breaks if these fail: a step gets another label than it has, or none is noted for a step that a bound cuts; every condition
of fairness is then asked of other steps.
"""

from __future__ import annotations

import gc
import weakref
from typing import Annotated, Any

import pytest
from tests.liveness import toys

from mcheck.checker import Limits, RuleFailed
from mcheck.checker.limits import Watch
from mcheck.checker.liveness.assumptions import assumed
from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.graph import PlainExploration, StateGraph
from mcheck.checker.liveness.native import NativeExploration
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.checker.native import labelling
from mcheck.models.dining_philosophers import DiningPhilosophers
from mcheck.models.ewd840 import EWD840
from mcheck.models.two_phase_commit import TMCrashes
from mcheck.spec import AtMost, In, InternalError, Record, Set, Spec, UsageError, action, eventually, weak

SPECS: list[Spec[Any]] = [
    EWD840(),
    TMCrashes(managers=2),
    DiningPhilosophers(philosophers=4),
    toys.WeakSemaphore(),
    toys.PerMessage(),
    toys.UnlessCrashed(),
    toys.Counting(goal=9),
    toys.StartsOutside(),
]


def edges(graph: StateGraph) -> tuple[set[Any], set[Any]]:
    """The steps and the cut steps of a graph, by states and labels."""
    arcs, named = graph.arcs, [(action.name, *given.items()) for action, given in graph.moves]
    steps = {
        (graph.states[int(a)], named[label], graph.states[int(b)])
        for a, label, b in zip(arcs.sources, arcs.labels, arcs.targets, strict=True)
    }
    cut = {(graph.states[int(a)], named[label]) for a, label in zip(arcs.cut_sources, arcs.cut_labels, strict=True)}
    assert (len(steps), len(cut)) == (len(arcs.targets), len(arcs.cut_sources))
    return steps, cut


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: type(s).__name__)
def test_the_graphs_are_equal(spec: Spec[Any]) -> None:
    """With every parameter in the labels."""
    instance = spec.instance
    fairness = assumed(instance, "strong")
    native = NativeExploration(instance, Watch(Limits()), fairness, instance.temporal).run()
    plain = PlainExploration(instance, Watch(Limits())).run()
    assert edges(native) == edges(plain)
    assert native.cut == plain.cut and native.initial == plain.initial
    assert set(native.states[: native.initial]) == set(plain.states[: plain.initial])
    with instance.active():
        for rule in instance.temporal:
            for arguments in rule.signature.arguments(None):
                assert (rule.name, arguments) in native.judged
                for ours, theirs in zip(native.truths(rule, arguments), plain.truths(rule, arguments), strict=True):
                    by_state = dict(zip(native.states, ours.tolist(), strict=True))
                    assert by_state == dict(zip(plain.states, theirs.tolist(), strict=True))


def test_a_graph_outlives_its_exploration() -> None:
    """Its rows are the memory of the search, and reading them must not depend on who else holds that."""
    instance = SPECS[0].instance
    exploration = NativeExploration(instance, Watch(Limits()), (), instance.temporal)
    search = weakref.ref(exploration.search)
    graph = exploration.run()
    del exploration
    gc.collect()
    assert search() is not None
    assert graph.states[0] in instance.initial


def shape(verdict: LivenessVerdict) -> list[Any]:
    found = verdict.findings
    lassos = [None if f.lasso is None else (len(f.lasso.stem), len(f.lasso.cycle)) for f in found]
    return [verdict.states, verdict.edges, [(f.result, f.arguments, f.reason) for f in found], lassos]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: type(s).__name__)
def test_the_answers_are_equal(spec: Spec[Any]) -> None:
    """With the labels that the fairness of the spec asks for."""
    native, plain = (decide(spec.instance, engine=engine) for engine in ("native", "reference"))
    assert (native.engine, plain.engine) == ("native", "reference")
    assert shape(native) == shape(plain)


def test_a_label_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = labelling.Labels.__init__

    def shifted(self: labelling.Labels, *given: Any) -> None:
        right(self, *given)
        self.moves[0], self.moves[1] = self.moves[1], self.moves[0]

    monkeypatch.setattr(labelling.Labels, "__init__", shifted)
    with pytest.raises(InternalError, match="Semaphore: compiled code takes 2 steps, plain Python 2, or others"):
        decide(toys.Semaphore().instance, engine="native")


class Bottle(Record):
    msgs: Annotated[Set[toys.Ping], AtMost(1)] = Set()
    opened: bool = False


class Posting(Spec[Bottle]):
    """Messages in a set that is kept as a list: there is no code for fairness to each of them."""

    each = "m"

    def init(self) -> Bottle:
        return Bottle(msgs=Set.of(toys.Ping(number=0)))

    @action
    def open(self, s: Bottle, m: Annotated[toys.Ping, In("msgs")]) -> Bottle:
        return s.replace(opened=True)

    def fairness(self) -> Any:
        return [weak(self.open, each=self.each)]

    @eventually("Opened")
    def is_opened(self, s: Bottle) -> bool:
        return s.opened


class PostingAny(Posting):
    each = ()


def test_what_has_no_code_is_explored_by_the_plain_functions() -> None:
    verdict = decide(Posting().instance)
    assert (verdict.result, verdict.engine) == ("holds", "reference")
    assert verdict.notes == (
        "reference engine: no compiled code for open: fairness for each m, a member of a Set of at most 1, each member a Ping",
    )
    with pytest.raises(UsageError, match="--engine native: no compiled code for open"):
        decide(Posting().instance, engine="native")
    assert decide(PostingAny().instance).engine == "native"  # nobody asks which message it was


class Failing(toys.Counting):
    @action
    def up(self, s: toys.Counter) -> toys.Counter:
        return toys.Counter(n=s.n + 1 if s.n < 2 else -1)


def test_a_rule_that_fails_is_named_with_the_way_to_it() -> None:
    for engine in ("native", "reference"):
        with pytest.raises(RuleFailed, match=r"-1 is outside 0\.\.4 \(in a state reached in 2 steps\)"):
            decide(Failing().instance, engine=engine)


def test_a_limit_ends_it() -> None:
    verdict = decide(EWD840().instance, engine="native", limits=Limits(states=200))
    assert (verdict.result, verdict.reason, verdict.states) == ("inconclusive", "limit of 200 states", 200)
