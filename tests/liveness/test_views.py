"""Views: states that are told apart by the order of their ranks, and by what can still matter.

What breaks if these fail: states that behave differently are taken for one, and a property holds, or is violated, in a graph that is
not that of the spec.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.liveness import view_toys as toys
from tests.liveness.test_certificate import property_of

from mcheck.checker.limits import Watch
from mcheck.checker.liveness.bisimulation import check_view
from mcheck.checker.liveness.certificate import NoCounterexample, lasso_of, refuse_unless_violating
from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.graph import PlainExploration, StateGraph
from mcheck.checker.liveness.unfolding import Move, unfolded
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.checker.verdict import Limits
from mcheck.spec import Cut, Fairness, Lasso, Range, Rank, Spec, SpecError, action, bound, constant, require, weak
from mcheck.spec.behavior import Behavior
from mcheck.spec.ranks import Ranks
from mcheck.spec.views import View, quotient, with_bounds


def lasso(verdict: LivenessVerdict) -> Lasso:
    assert verdict.violation is not None and verdict.violation.lasso is not None
    return verdict.violation.lasso


# ---------------------------------------------------------------------- ranks in values


def test_ranks_are_renamed_wherever_they_are() -> None:
    instance = with_bounds(toys.Drawers().instance, {"max_number": 9})
    with instance.active():
        i, j = toys.Runner
        first = toys.First(number=4)
        drawer = toys.Drawer(
            one=toys.Second(runner=i, numbers=(9, 4)),
            many=toys.Set.of(first, toys.Second(runner=j)),
            bag=toys.Bag([first, first]),
            log=(toys.First(number=0),),
            at=toys.Map.of(toys.Runner, lambda k: 7 if k == i else 0),
        )
        assert View(instance).of(drawer) == toys.Drawer(
            one=toys.Second(runner=i, numbers=(3, 1)),
            many=toys.Set.of(toys.First(number=1), toys.Second(runner=j)),
            bag=toys.Bag([toys.First(number=1)] * 2),
            log=(toys.First(number=0),),
            at=toys.Map.of(toys.Runner, lambda k: 2 if k == i else 0),
        )


def test_there_is_room_for_as_many_ranks_as_a_state_has() -> None:
    ranks = Ranks({"max_number": 0})
    places = {
        spec: ranks.places(spec().instance.state_domain, "max_number")  # type: ignore[call-arg]
        for spec in (toys.Racing, toys.Calling, toys.Drawers)
    }
    # a Drawer: 2 in one, 2 * 2 in many, 2 in bag, 1 in log, 2 in at
    assert places == {toys.Racing: 2, toys.Calling: 3 + 2, toys.Drawers: 2 + 4 + 2 + 1 + 2}
    assert quotient(toys.Racing().instance).bounds["max_number"] == 2 + 2
    assert quotient(toys.Racing().instance).unbounded == ("max_number",)


# ---------------------------------------------------------------------- the graph of views


def by_hand(spec: Spec) -> tuple[int, int]:
    """States and steps of the graph of views, from the spec and the definition alone.

    The states are those of the spec itself, with numbers as large as they become, each looked at once for its view.
    """
    wide = with_bounds(spec.instance, {"max_number": 1000})
    view = View(wide)
    seen: dict[Any, Any] = {}
    steps = 0
    with wide.active():
        frontier = list(wide.initial)
        for state in frontier:
            mine = view.of(state)
            if mine in seen:
                continue
            seen[mine] = state
            for _, _, after in wide.transitions(state):
                assert not isinstance(after, Cut)
                if after != state:
                    assert view.of(after) != mine  # or else the graph has a state more
                    steps += 1
                    frontier.append(after)
    return len(seen), steps


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_the_graph_of_views_is_that_of_the_spec(engine: str) -> None:
    for runners in (2, 3):
        spec = toys.Racing(runners=runners)
        verdict = decide(spec.instance, engine=engine)
        assert (verdict.states, verdict.edges) == by_hand(spec)
        assert verdict.cut == {} and verdict.view is not None and verdict.view.pairs > 100


@pytest.mark.parametrize(
    ("spec", "states", "edges"), [(toys.Calling, 34, 88), (toys.Drawers, 1440, 10776), (toys.Lonely, 5, 6)]
)
def test_compiled_views_are_those_of_plain_python(spec: type[Spec], states: int, edges: int) -> None:
    """Sets, sequences, bags, unions and options with ranks; a view that takes messages away; steps that keep the view."""
    native = decide(spec().instance, engine="native")
    assert (native.states, native.edges) == (states, edges)
    plain = _plain_graph(spec())
    assert (plain.arcs.count, len(plain.arcs.targets)) == (states, edges)
    assert np.bincount(np.diff(plain.arcs.offsets)).tolist() == _degrees(spec())


def _plain_graph(spec: Spec) -> StateGraph:
    return PlainExploration(quotient(spec.instance), Watch(Limits(), None)).run()


def _degrees(spec: Spec) -> list[int]:
    from mcheck.checker.liveness.native import NativeExploration

    graph = NativeExploration(quotient(spec.instance), Watch(Limits(), None), (), ()).run()
    return np.bincount(np.diff(graph.arcs.offsets)).tolist()


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_a_step_that_changes_the_state_alone_is_a_step(engine: str) -> None:
    """To run for ever is fair to `run` though the view remains the same; to stop is not, as it can still be done."""
    found = lasso(decide(toys.Lonely().instance, engine=engine))
    assert {s.label for s in found.cycle} == {"run()"}
    assert decide(toys.Lonely().instance, engine=engine, fairness="weak").result == "holds"


# ---------------------------------------------------------------------- what a view must not do


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (toys.ComparesWithNumber, r"overtake\(i=.\) is possible in Race\(at=\[.*\]\), and not in Race\(at="),
        (toys.SubtractsRanks, r"overtake\(i=.\) is possible in Race"),
        (toys.StepsIntoGaps, r"overtake\(i=.\) is possible in Race"),
        (toys.AsksForNumber, "Somebody Comes To Five is (True|False) in Race"),
        (toys.ExemptsByNumber, "tired is (True|False) in Race"),
        (toys.ForgetsTooMuch, r"hear\(i=., m=Call\(src=., number=.\)\) is possible in Room\(sent={Call"),
    ],
)
def test_a_spec_that_does_not_behave_alike_is_refused(spec: type[Spec], says: str) -> None:
    with pytest.raises(
        SpecError, match=f"^{spec.__name__}: the view takes states for alike that are not: {says}"
    ) as refused:
        decide(spec().instance)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (toys.AboutOneRank, r"AboutOneRank\.reached: parameter n is or has a rank"),
        (toys.FairToEachCall, r"FairToEachCall: WF\(hear\) for each i, m: m of hear is or has a rank"),
        (
            toys.AlsoARange,
            r"an int 1\.\.1 is limited by max_number, and ranks are 0\.\.1: write Rank\(0, 'max_number'\)",
        ),
        (toys.KeyedByRank, "the keys of a Map of 3 keys are ranks"),
    ],
)
def test_what_names_a_rank_is_refused(spec: type[Spec], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        decide(spec().instance)


def test_fairness_asked_of_each_message_with_a_rank_is_refused() -> None:
    with pytest.raises(SpecError, match="m of hear is or has a rank, and ranks are renamed: leave it out"):
        decide(toys.Calling().instance, fairness="weak")


class HalfARank(toys.Racing):
    @action
    def jump(self, s: toys.Race, n: toys.Annotated[int, Rank(1, "max_number")]) -> toys.Race:
        return s


class NoBound(toys.Racing):
    @action
    def jump(self, s: toys.Race, n: toys.Annotated[int, Rank(0, "runners")]) -> toys.Race:
        return s


def test_the_limits_of_a_rank() -> None:
    with pytest.raises(SpecError, match="ranks up to max_number begin at 0 elsewhere \\(got 1\\)"):
        HalfARank().instance  # noqa: B018
    with pytest.raises(SpecError, match="the upper end of a Rank is the name of a bound \\(got 'runners'\\)"):
        NoBound().instance  # noqa: B018
    assert repr(Range(0, 1)) != repr(Rank(0, "max_number"))


class Seen(toys.Record):
    numbers: toys.Set[toys.Number] = toys.Set()


class Collecting(Spec[Seen]):
    max_number: int = bound(3, "highest number")

    def init(self) -> Seen:
        return Seen()

    @action
    def collect(self, s: Seen) -> Seen:
        return Seen(numbers=s.numbers.add(toys.max((n for n in s.numbers), default=0) + 1))

    def fairness(self) -> Any:
        return [weak(self.collect)]

    @toys.always_eventually("Empty")
    def empty(self, s: Seen) -> bool:
        return not s.numbers


def test_where_only_the_bound_limits_ranks_it_cuts_and_the_verdict_is_refused() -> None:
    verdict = decide(Collecting().instance)
    assert verdict.view is not None and verdict.view.unbounded == ()
    assert (verdict.result, verdict.cut) == ("refused", {"max_number": 1})
    assert verdict.violation is None and verdict.engine == "reference"
    assert "ranks in a Set" in verdict.notes[0]


# ---------------------------------------------------------------------- lassos


def test_a_lasso_is_gone_round_with_numbers_as_they_become() -> None:
    found = lasso(decide(toys.Racing().instance))
    states = found.behavior.states
    assert not found.closes
    assert [tuple(s.at.values()) for s in states] == [(0, 0), (1, 0), (1, 2), (3, 2), (3, 4)]


def test_a_message_is_found_again_by_another_name() -> None:
    found = lasso(decide(toys.Calling().instance))
    assert not found.closes and any("m=Call" in s.label for s in found.cycle)
    numbers = [s.arguments[1].number for s in found.cycle if s.action.name == "hear"]
    assert numbers == sorted(numbers) and numbers[0] > 1
    # calls that nobody answers any more are never taken away in the spec itself
    assert len(found.behavior.last.sent) > decide(toys.Calling().instance).instance.bounds["max_calls"]


def test_the_lasso_checker_goes_round_on_its_own() -> None:
    spec = toys.Racing(max_number=20)
    level = property_of(spec.instance, "All Are Level")
    start = spec.instance.initial[0]
    labels = ["overtake(i=0)", "overtake(i=1)"] * 2
    whole = lasso_of(spec.instance, start, labels, 2)
    refuse_unless_violating(whole, level, (), spec.instance.fairness)
    with pytest.raises(NoCounterexample, match="its cycle does not close"):
        lasso_of(spec.instance, start, labels[:-1], 2)
    first = property_of(spec.instance, "Everybody Leads")
    with pytest.raises(NoCounterexample, match="is true in state"):
        refuse_unless_violating(whole, first, (toys.Runner(0),), spec.instance.fairness)


class Walk(toys.Record):
    steps: toys.Annotated[int, Range(0, "most")] = 0
    asleep: bool = False


class Walking(Spec[Walk]):
    """Walks so many steps and no more; its view forgets how many they were, which is wrong."""

    most: int = constant(2, "steps")

    def init(self) -> Walk:
        return Walk()

    def view(self, s: Walk) -> Walk:
        return s.replace(steps=0)

    @action
    def walk(self, s: Walk) -> Walk:
        require(s.steps < self.most and not s.asleep, "awake, and not there")
        return s.replace(steps=s.steps + 1)

    @action
    def sleep(self, s: Walk) -> Walk:
        require(s.steps >= 2, "tired")
        return s.replace(asleep=True)

    @toys.eventually("Sleeps")
    def sleeps(self, s: Walk) -> bool:
        return s.asleep

    @toys.eventually("Comes Far")
    def far(self, s: Walk) -> bool:
        return s.steps >= 3


@pytest.mark.parametrize(
    ("most", "title", "fairness", "says"),
    [
        (2, "Sleeps", [], r"its cycle cannot be gone round again: step 2, walk: no step of the spec leads to its view"),
        (9, "Comes Far", [], r"in round 3: Comes Far is true in state 2"),
        (
            9,
            "Sleeps",
            [weak("sleep")],
            r"in round 3: its cycle is not fair: WF\(sleep\) is always enabled, and never taken",
        ),
    ],
)
def test_each_further_round_is_judged(most: int, title: str, fairness: list[Fairness], says: str) -> None:
    """A cycle that closes only by a view that forgets too much, and is as it should be the first time."""
    spec = Walking(most=most)
    forged = lasso_of(spec.instance, spec.instance.initial[0], ["walk()"], 0)
    assert not forged.closes
    with pytest.raises(NoCounterexample, match=f"^{says}"):
        refuse_unless_violating(forged, property_of(spec.instance, title), (), fairness)


def test_a_view_that_forgets_how_often_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"sleep\(\) is possible in Walk\(steps=2, asleep=False\), and not in Walk\(steps=0"
    ):
        decide(Walking().instance)


class Relay(toys.Lonely):
    """Anybody may run: who it was, only the label says."""

    runners: int = constant(2, "runners")

    @action
    def run(self, s: toys.Alone, i: toys.Runner) -> toys.Alone:  # type: ignore[override]
        return s.replace(number=s.number + 1)


def test_whoever_takes_a_step_takes_it_in_the_spec() -> None:
    spec = Relay()
    view = View(spec.instance)
    with spec.instance.active():
        i, j = toys.Runner
        moves = [Move("run", (who,), toys.Alone(number=1)) for who in (j, i, j)]
        assert view.of(toys.Alone(number=1)) == moves[0].view
    ran = unfolded(spec.instance, spec.instance.initial[0], moves)
    assert ran.labels == ("run(i=1)", "run(i=0)", "run(i=1)")
    assert ran.last == toys.Alone(number=3)


def test_pairs_are_the_same_in_every_run() -> None:
    spec = toys.Calling()
    counts = {check_view(quotient(spec.instance), spec.instance.temporal, spec.instance.fairness) for _ in range(2)}
    assert len(counts) == 1


def test_a_closed_lasso_is_not_gone_round() -> None:
    """Where the last state is the first of the cycle, there is nothing to add."""
    found = lasso(decide(toys.Racing().instance))
    assert dataclasses.replace(
        found, behavior=Behavior(found.behavior.instance, found.behavior.initial, ()), loop=0
    ).closes
