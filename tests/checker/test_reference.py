"""The reference engine: counts, verdicts, shortest behaviours, and what it says of its own coverage."""

from __future__ import annotations

import pytest
from tests.checker import toys
from tests.checker.brute_force import peterson_states, reachable_states

from mcheck.checker import Limits, Verdict, explore
from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit
from mcheck.spec import Spec, UsageError, replay


def findings(verdict: Verdict) -> dict[str, tuple[str, int | None]]:
    return {p.rule.title: (p.finding, p.steps) for p in verdict.properties}


# ---------------------------------------------------------------------------------------------------- counts


def test_a_counter_is_counted() -> None:
    verdict = explore(toys.Counter(top=5).instance)
    assert (verdict.result, verdict.exhaustive, verdict.reason) == ("holds", True, None)
    assert (verdict.distinct, verdict.generated, verdict.depth) == (6, 7, 5)
    assert verdict.levels == (1,) * 6
    assert verdict.actions == {"tick": 5, "reset": 1}
    assert (verdict.unexpanded, verdict.cut, verdict.deadlocks) == (0, {}, 0)
    assert (verdict.engine, verdict.collision_bound, verdict.symmetry) == ("reference", None, False)


@pytest.mark.parametrize(
    ("spec", "distinct", "generated", "depth"),
    [
        (TwoPhaseCommit(managers=3), 288, 1146, 10),
        (TwoPhaseCommit(managers=4), 6**4 + 4**4 + 2**4, None, 13),
        (toys.Starts(), 6, 9, 2),
        (toys.Peterson(), 20, 36, 5),
    ],
)
def test_published_and_hand_made_counts(spec: Spec, distinct: int, generated: int | None, depth: int) -> None:
    verdict = explore(spec.instance)
    assert verdict.result == "holds"
    assert (verdict.distinct, verdict.depth) == (distinct, depth)
    assert generated is None or verdict.generated == generated
    assert sum(verdict.levels) == distinct


@pytest.mark.slow
def test_two_phase_commit_with_five_managers() -> None:
    verdict = explore(TwoPhaseCommit(managers=5).instance)
    assert (verdict.distinct, verdict.generated, verdict.depth) == (8832, 58146, 16)


@pytest.mark.parametrize("spec", [toys.Locks(), toys.Peterson(), toys.TwoBounds(), toys.Starts(), toys.Clock()])
def test_levels_equal_a_plain_search(spec: Spec) -> None:
    levels = reachable_states(spec.instance)
    verdict = explore(spec.instance)
    assert verdict.levels == tuple(map(len, levels))
    assert verdict.distinct == len(set().union(*levels))


def test_peterson_equals_a_search_on_integers() -> None:
    assert explore(toys.Peterson().instance).distinct == len(peterson_states())
    assert explore(toys.PetersonWithoutFlags().instance, keep_going=True).distinct == len(peterson_states(broken=True))


def test_several_initial_states_are_level_0() -> None:
    verdict = explore(toys.Starts().instance)
    assert verdict.levels == (3, 2, 1)
    assert findings(verdict)["the top"] == ("reached", 1)


# ---------------------------------------------------------------------------------------------------- bounds


def test_the_first_field_is_charged_where_two_bounds_are_exceeded() -> None:
    verdict = explore(toys.TwoBounds(most_first=2, most_second=1).instance)
    assert (verdict.result, verdict.exhaustive) == ("holds-up-to", False)
    assert verdict.distinct == 6
    # `one` from first = 2 (twice), `both` from first = 2 (twice); `other` from second = 1 (3), `both` from there (2).
    assert verdict.cut == {"most_first": 4, "most_second": 5}
    assert verdict.generated == 1 + 3 * 6


def test_a_constraint_cuts_like_a_bound() -> None:
    verdict = explore(toys.CounterSkips().instance)
    assert (verdict.result, verdict.distinct, verdict.cut) == ("holds-up-to", 4, {"small values": 1})
    assert verdict.deadlocks == 0, "a step that is cut is still a step"


def test_an_initial_state_outside_a_constraint_is_cut() -> None:
    class StartsBeyond(toys.CounterSkips):
        def init(self) -> toys.CounterState:
            return toys.CounterState(value=5)

    verdict = explore(StartsBeyond().instance)
    assert (verdict.result, verdict.distinct, verdict.levels) == ("holds-up-to", 0, ())
    assert (verdict.generated, verdict.cut) == (1, {"small values": 1})


def test_states_at_the_depth_limit_are_checked_but_not_expanded() -> None:
    verdict = explore(toys.CounterReachesThree().instance, limits=Limits(depth=3))
    assert findings(verdict)["In Range"] == ("violated", 3)
    verdict = explore(toys.Counter().instance, limits=Limits(depth=3))
    assert (verdict.result, verdict.depth, verdict.distinct, verdict.unexpanded) == ("holds-up-to", 3, 4, 1)
    assert not verdict.exhaustive


@pytest.mark.parametrize(("depth", "result", "unexpanded"), [(5, "holds-up-to", 1), (6, "holds", 0)])
def test_a_search_that_ends_before_the_depth_limit_holds(depth: int, result: str, unexpanded: int) -> None:
    """At depth 5 nothing lies beyond, but the engine has not looked."""
    verdict = explore(toys.Counter(top=5).instance, limits=Limits(depth=depth))
    assert (verdict.result, verdict.unexpanded, verdict.distinct) == (result, unexpanded, 6)


def test_depth_0_is_the_initial_states() -> None:
    verdict = explore(toys.Starts().instance, limits=Limits(depth=0))
    assert (verdict.levels, verdict.generated, verdict.unexpanded) == ((3,), 3, 3)


# ---------------------------------------------------------------------------------------------------- violations


@pytest.mark.parametrize(
    ("spec", "title", "steps"),
    [
        (toys.CounterReachesThree(), "In Range", 3),
        (toys.CounterFallsBack(), "Up Or Reset", 3),
        (toys.PetersonWithoutFlags(), "Mutual Exclusion", 6),
        (toys.ClockJumps(), "implements Counter", 6),
        (toys.ClockStartsLate(), "implements Counter", 0),
        (CommitsEarly(), "implements TCommit", 4),
    ],
)
def test_the_shortest_violation_is_found_and_replays(spec: Spec, title: str, steps: int) -> None:
    verdict = explore(spec.instance)
    assert verdict.result == "violated"
    assert verdict.violation is not None and verdict.violation.behavior is not None
    assert (verdict.violation.rule.title, verdict.violation.steps) == (title, steps)
    behavior = verdict.violation.behavior
    assert replay(spec.instance, behavior.initial, behavior.labels) == behavior


def test_the_published_bug_of_two_phase_commit() -> None:
    """The manager commits once one has prepared: inconsistent after 5 steps."""
    assert findings(explore(CommitsEarly().instance, properties=["Consistent"])) == {"Consistent": ("violated", 5)}


def test_a_violation_names_the_arguments_that_falsify() -> None:
    verdict = explore(toys.PetersonWithoutFlags().instance)
    assert verdict.violation is not None
    assert verdict.violation.arguments == (toys.Process(0), toys.Process(1))


def test_the_level_of_a_violation_is_completed() -> None:
    """Both properties fail with step 4, and the counts are those of the complete levels 0 to 4."""
    spec = toys.StealsLocks()
    verdict = explore(spec.instance)
    assert findings(verdict)["Owners Stay"] == findings(verdict)["Grants Are Owned"] == ("violated", 4)
    assert verdict.levels == explore(spec.instance, keep_going=True).levels[:5]
    assert verdict.unexpanded == verdict.levels[4]
    assert verdict.depth == 4


def test_keep_going_reports_the_shortest_violation_of_each_property() -> None:
    spec = toys.CounterWithTwoFaults()
    first = explore(spec.instance)
    assert findings(first)["Up Or Reset"] == ("violated", 3)
    assert findings(first)["Never Four"] == ("holds", None)
    both = explore(spec.instance, keep_going=True)
    assert findings(both)["Up Or Reset"] == ("violated", 3)
    assert findings(both)["Never Four"] == ("violated", 4)
    assert (both.distinct, both.exhaustive, both.result) == (6, True, "violated")
    assert both.violation is not None and both.violation.rule.title == "Up Or Reset"


def test_the_first_violation_of_a_property_is_kept() -> None:
    """Each of the three is decided at more than one depth."""

    class Decided(toys.CounterReachesThree):
        @toys.step("Small Steps")
        def small_steps(self, before: toys.CounterState, after: toys.CounterState) -> bool:
            return after.value < 2

        @toys.reachable("above 0")
        def above(self, s: toys.CounterState) -> bool:
            return s.value > 0

    found = findings(explore(Decided().instance, keep_going=True))
    assert found["In Range"] == ("violated", 3)
    assert found["Small Steps"] == ("violated", 2)
    assert found["above 0"] == ("reached", 1)


def test_a_step_that_finds_no_new_state_is_checked() -> None:
    """2 -> 1 leads to a state met before; only the step is wrong."""
    verdict = explore(toys.CounterFallsBack().instance)
    assert verdict.violation is not None and verdict.violation.behavior is not None
    assert [s.value for s in verdict.violation.behavior.states] == [0, 1, 2, 1]


def test_a_refinement_that_holds() -> None:
    verdict = explore(toys.Clock(last=5).instance)
    assert findings(verdict) == {"implements Counter": ("holds", None)}
    assert (verdict.result, verdict.distinct) == ("holds", 12)


# ---------------------------------------------------------------------------------------------------- properties


def test_only_the_selected_properties_are_checked() -> None:
    instance = toys.CounterWithTwoFaults().instance
    verdict = explore(instance, properties=["Never Four"])
    assert findings(verdict) == {"Never Four": ("violated", 4)}
    assert findings(explore(instance, properties=["never_four", "the top"])).keys() == {"the top", "Never Four"}
    assert explore(instance, properties=[]).result == "holds"


def test_an_unknown_property_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"Counter has no property 'In Rage' \(did you mean 'In Range'\?\)"):
        explore(toys.Counter().instance, properties=["In Rage"])


def test_witnesses_have_shortest_behaviours_and_may_be_missing() -> None:
    verdict = explore(toys.Counter().instance)
    assert findings(verdict)["the top"] == ("reached", 5)
    assert findings(verdict)["beyond the top"] == ("not-reached", None)
    assert verdict.result == "holds", "a witness that is not reached is a finding, not a violation"


# ---------------------------------------------------------------------------------------------------- vacuity, deadlock


def test_vacuity() -> None:
    verdict = explore(toys.CounterIdles().instance)
    assert verdict.never_fired == ("idle",)
    assert verdict.guards_never_true == (("idle", "the counter is beyond the top"),)


def test_guards_of_a_refined_spec_do_not_count() -> None:
    """Counter, which Clock implements, has guards that are true; Clock's own are the ones that are reported."""
    verdict = explore(toys.Clock().instance)
    assert verdict.guards_never_true == ()

    class NeverStops(toys.Clock):
        @toys.action
        def stop(self, s: toys.ClockState) -> toys.ClockState:
            toys.require(s.minute > self.last, "the counter is below the top")
            return s

    verdict = explore(NeverStops().instance)
    assert verdict.guards_never_true == (("stop", "the counter is below the top"),)


def test_a_deadlock_is_reported() -> None:
    verdict = explore(toys.CounterStops(top=4).instance)
    assert (verdict.result, verdict.deadlocks) == ("holds", 1)
    assert verdict.deadlock is not None and verdict.deadlock.labels == ("tick()",) * 4
    assert "Deadlock Freedom" not in findings(verdict)


def test_a_deadlock_is_an_error_when_asked() -> None:
    verdict = explore(toys.CounterStops(top=4).instance, deadlock_is_error=True)
    assert verdict.result == "violated"
    assert findings(verdict)["Deadlock Freedom"] == ("violated", 4)
    assert verdict.violation is not None and verdict.violation.rule.kind == "deadlock"
    verdict = explore(toys.Counter().instance, deadlock_is_error=True)
    assert findings(verdict)["Deadlock Freedom"] == ("holds", None)


def test_bounds_do_not_make_deadlocks() -> None:
    """In (2, 1) of TwoBounds every step is cut; none is missing."""
    verdict = explore(toys.TwoBounds().instance, deadlock_is_error=True)
    assert (verdict.deadlocks, verdict.result) == (0, "holds-up-to")
