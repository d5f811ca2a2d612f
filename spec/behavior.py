"""Behavior: an initial state and the steps from it; and replay, which lets no engine's word pass unchecked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.spec.display import Displayed
from mcheck.spec.errors import Cut, McheckError
from mcheck.spec.instance import Instance, Rule
from mcheck.spec.labels import label_text, parse_label


@dataclass(frozen=True)
class Step:
    """One transition: the action, its arguments in declaration order, and the state it leads to."""

    action: Rule
    arguments: tuple[Any, ...]
    state: Any

    @property
    def label(self) -> str:
        """`timeout(i=0)`."""
        return label_text(self.action.name, self.action.signature.names, self.arguments)


@dataclass(frozen=True)
class Behavior(Displayed):
    """A finite behaviour of an instance: `states[k]` is reached by `steps[k-1]`."""

    instance: Instance
    initial: Any
    steps: tuple[Step, ...]

    @property
    def states(self) -> tuple[Any, ...]:
        """All states, the initial one first: one more than there are steps."""
        return (self.initial, *(s.state for s in self.steps))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps."""
        return tuple(s.label for s in self.steps)

    @property
    def last(self) -> Any:
        """The state the behaviour ends in."""
        return self.steps[-1].state if self.steps else self.initial


class ReplayMismatch(McheckError):
    """A label cannot be executed where it stands.  `step` is its 1-based position."""

    status = 1

    def __init__(self, step: int, label: str, why: str) -> None:
        super().__init__(f"step {step}, {label}: {why}")
        self.step, self.label, self.why = step, label, why


def replay(instance: Instance, initial: Any, labels: Iterable[str]) -> Behavior:
    """The behaviour that these labels describe, executed by the plain functions.

    ReplayMismatch names the step that is not enabled, and the guard; UsageError a label that is none.
    """
    return run(instance, initial, [(label, *parse_label(instance, label)) for label in labels])


def rerun(instance: Instance, initial: Any, moves: Sequence[tuple[Rule, tuple[Any, ...]]]) -> Behavior:
    """The behaviour of these (action, arguments), executed by the plain functions."""
    return run(instance, initial, [(label_text(a.name, a.signature.names, v), a, v) for a, v in moves])


def run(instance: Instance, initial: Any, moves: Iterable[tuple[str, Rule, tuple[Any, ...]]]) -> Behavior:
    """Execute (label, action, arguments) one after the other from `initial`."""
    steps = []
    state = initial
    with instance.active():
        for number, (label, action, arguments) in enumerate(moves, start=1):
            for parameter, value in zip(action.signature.parameters, arguments, strict=True):
                if value not in parameter.values(state):
                    raise ReplayMismatch(number, label, f"{parameter.name} takes no such value in this state")
            result = instance.apply(action, state, arguments)
            if result is None:
                reason = instance.outcome(action, state, arguments).disabled
                raise ReplayMismatch(number, label, f"not enabled: {reason}")
            if isinstance(result, Cut):
                raise ReplayMismatch(number, label, f"leads outside the bound {result.bound}")
            steps.append(Step(action, arguments, result))
            state = result
    return Behavior(instance, initial, tuple(steps))
