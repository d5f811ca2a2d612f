"""A protocol as a Hypothesis state machine: long random runs, and a failing one shrunk to a short program.

    from mcheck.testing import state_machine
    TestRaft = state_machine(Raft(nodes=5, max_term=6)).TestCase

Needs Hypothesis, which `pip install mcheck-protocols[test]` brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mcheck.checker.checks import select
from mcheck.spec import Cut, Instance, Rule, Spec, UsageError, label_text


class Choice:
    """A step that can be taken; it prints as its label."""

    __slots__ = ("action", "arguments", "state")

    def __init__(self, action: Rule, arguments: tuple[Any, ...], state: Any) -> None:
        self.action, self.arguments, self.state = action, arguments, state

    def __repr__(self) -> str:
        return label_text(self.action.name, self.action.signature.names, self.arguments)


class ProtocolMachine(RuleBasedStateMachine):
    """One run of a protocol; `state_machine` derives one class from it for each spec."""

    instance: ClassVar[Instance]
    selected: ClassVar[tuple[Rule, ...]]
    choices_in: ClassVar[Callable[[Any, int], list[Choice]]]

    def __init__(self) -> None:
        super().__init__()
        self.state: Any = None
        self.labels: list[str] = []

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Start in one of the initial states."""
        initial = self.instance.initial
        self.state = initial[0] if len(initial) == 1 else data.draw(st.sampled_from(initial))
        for refined in self._of_kind("implements"):
            with self.instance.active():
                starts = self.instance.refinements[refined.name].starts(self.state)
            assert starts, self.violated(refined, ())

    def choices(self, number: int) -> list[Choice]:
        """The steps of one action that can be taken in the present state, inside the bounds."""
        return type(self).choices_in(self.state, number)

    def stuck(self) -> bool:
        """Whether no step can be taken."""
        return not any(self.choices(number) for number in range(len(self.instance.actions)))

    def take(self, choice: Choice) -> None:
        """Take a step, and check it against the step properties."""
        before, self.state = self.state, choice.state
        self.labels.append(repr(choice))
        with self.instance.active():
            for checked in self._of_kind("step"):
                arguments = self.instance.falsifying(checked, before, self.state)
                assert arguments is None, self.violated(checked, arguments)
            for refined in self._of_kind("implements"):
                allowed = self.instance.refinements[refined.name].allows(before, self.state)
                assert allowed, self.violated(refined, ())

    def check(self, invariant_rule: Rule) -> None:
        """Check an invariant in the present state."""
        with self.instance.active():
            arguments = self.instance.falsifying(invariant_rule, self.state)
        assert arguments is None, self.violated(invariant_rule, arguments)

    def violated(self, broken: Rule, arguments: tuple[Any, ...] | None) -> str:
        """What is wrong, and the labels that `mcheck.spec.replay` takes to see it again."""
        falsified = label_text("", broken.signature.names, arguments or ())
        of = f" for {falsified[1:-1]}" if arguments else ""
        program = "".join(f"\n  {label}" for label in self.labels) or "\n  (in an initial state)"
        return f"{self.instance.name}: {broken.title} is violated{of} after{program}"

    def _of_kind(self, kind: str) -> Iterable[Rule]:
        return (r for r in self.selected if r.kind == kind)


def state_machine(
    spec: Spec[Any], *, steps: int = 50, properties: Iterable[str] | None = None
) -> type[ProtocolMachine]:
    """A Hypothesis state machine that takes at most `steps` steps of `spec` in a run.

    Each action is a rule whose arguments are drawn from the steps enabled in the present state, so that no draw is
    wasted; `always` properties are invariants, `step` and `implements` properties are checked on every step.  A failure
    lists its labels.  Runs stay inside the bounds of the spec: give it wide ones.  UsageError for an unknown property.
    """
    if steps < 1:
        raise UsageError(f"state_machine: steps must be at least 1 (got {steps})")
    instance = spec.instance
    members: dict[str, Any] = {
        "__doc__": f"Runs of {instance.name}.",
        "instance": instance,
        "selected": select(instance, properties),
        "choices_in": staticmethod(lru_cache(maxsize=1 << 14)(_choices_of(instance))),
        "stutter": _stutter(),
    }
    for number, action in enumerate(instance.actions):
        members[f"action_{action.name}"] = _as_rule(number, action)
    for checked in members["selected"]:
        if checked.kind == "always":
            members[f"always_{checked.name}"] = _as_invariant(checked)
    machine: type[ProtocolMachine] = type(f"{instance.name}Machine", (ProtocolMachine,), members)
    machine.TestCase.settings = settings(
        stateful_step_count=steps, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    return machine


def _choices_of(instance: Instance) -> Callable[[Any, int], list[Choice]]:
    def choices(state: Any, number: int) -> list[Choice]:
        action = instance.actions[number]
        with instance.active():
            outcomes = [(a, instance.apply(action, state, a)) for a in action.signature.arguments(state)]
        return [Choice(action, a, after) for a, after in outcomes if after is not None and not isinstance(after, Cut)]

    return choices


def _as_rule(number: int, action: Rule) -> Any:
    def take(self: ProtocolMachine, data: st.DataObject) -> None:
        self.take(data.draw(st.sampled_from(self.choices(number))))

    take.__name__ = action.name
    take.__doc__ = action.sentence
    return precondition(lambda self: bool(self.choices(number)))(rule(data=st.data())(take))


def _as_invariant(checked: Rule) -> Any:
    def holds(self: ProtocolMachine) -> None:
        self.check(checked)

    holds.__name__ = checked.name
    return invariant()(holds)


def _stutter() -> Any:
    """A rule for states without a step: Hypothesis knows no other end of a run than its length."""

    def stutter(self: ProtocolMachine) -> None:
        pass

    return precondition(lambda self: self.stuck())(rule()(stutter))
