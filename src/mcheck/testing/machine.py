"""A protocol as a Hypothesis state machine: its rules are the actions of the spec, and what is checked its properties."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mcheck.checker.checks import select
from mcheck.checker.verdict import PropertyResult
from mcheck.counterexamples.judging import Judge
from mcheck.spec import Behavior, Cut, Instance, ReplayMismatch, Rule, Spec, Step, UsageError, label_text
from mcheck.violations import DIRECTORY, ViolatedAtRandom

Enabled = Callable[[Any, int], tuple[Step, ...]]
_STUTTER = "stutter"
_TAKEN = {
    "begin", _STUTTER, "instance", "selected", "judges", "directory", "enabled", "how", "state", "initial", "steps", "rng",
}  # fmt: skip
"""What every machine that `state_machine` makes has, and ProtocolMachine itself has not."""
_SEEDS = st.integers(0, 2**64 - 1)


class ProtocolMachine(RuleBasedStateMachine):
    """One run of a protocol; `state_machine` derives one class from it for each spec.

    A failing run is printed as a program.  It can be executed as it stands: a step that is not possible is refused.
    """

    instance: ClassVar[Instance]
    selected: ClassVar[tuple[Rule, ...]]
    judges: ClassVar[tuple[Judge, ...]]
    directory: ClassVar[str]
    enabled: ClassVar[Enabled]
    how: ClassVar[settings]

    def __init_subclass__(cls) -> None:
        """A subclass, with rules of its own or other checks, runs like its base."""
        super().__init_subclass__()
        cls.TestCase.settings = cls.how

    def __init__(self) -> None:
        super().__init__()
        self.state: Any = None
        self.initial: Any = None
        self.steps: list[Step] = []
        self._drawn: Step | None = None
        """What Hypothesis is about to take: it is not executed twice."""
        self.rng: random.Random | None = None
        """Seeded by Hypothesis when the run begins."""
        # Hypothesis chooses a rule first, and gives the whole run up where the choice, or its swarm testing, leaves no rule
        # whose precondition holds: of runs of Raft two in five.  Chosen among what is enabled, none is given up.
        self._rules_strategy: Any = _next_step(self)

    @property
    def labels(self) -> list[str]:
        """The labels of the steps taken so far, as `mcheck.spec.replay` takes them."""
        return [step.label for step in self.steps]

    def start_in(self, initial: Any) -> None:
        """Start the run in an initial state, and check it."""
        self.initial = self.state = initial
        with self.instance.active():
            for judge in self.judges:
                self._check(judge, judge.initially(initial))

    def take(self, step: Step) -> None:
        """Take a step, and check it and the state it leads to."""
        before, self.state = self.state, step.state
        self.steps.append(step)
        with self.instance.active():
            for judge in self.judges:
                self._check(judge, judge.after(before, self.state))

    def _check(self, judge: Judge, falsified: tuple[Any, ...] | None) -> None:
        if falsified is not None:
            behavior = Behavior(self.instance, self.initial, tuple(self.steps))
            result = PropertyResult(judge.rule, "violated", behavior, falsified)
            raise ViolatedAtRandom(result, self.directory, program_of)

    def perform(self, action: Rule, arguments: tuple[Any, ...]) -> None:
        """Take the step of an action with these arguments.  ReplayMismatch, with the guard, where it is not possible."""
        drawn, self._drawn = self._drawn, None
        if drawn is not None and drawn.action is action and drawn.arguments == arguments:
            return self.take(drawn)
        with self.instance.active():
            after = self.instance.apply(action, self.state, arguments)
            if after is None or isinstance(after, Cut):
                outcome = self.instance.outcome(action, self.state, arguments)
                why = f"not enabled: {outcome.disabled}" if outcome.disabled else f"outside the bound {outcome.cut}"
                label = label_text(action.name, action.signature.names, arguments)
                raise ReplayMismatch(len(self.steps) + 1, label, why)
        self.take(Step(action, arguments, after))

    def drawn(self, rng: random.Random) -> Step | None:
        """A step out of the present state, inside the bounds; None if there is none.

        Every action that can be taken is equally likely, and so are its arguments.  Mostly a few executions: only where the
        first arguments drawn are refused are the others tried.
        """
        untried = list(range(len(self.instance.actions)))
        with self.instance.active():
            while untried:
                number = untried.pop(rng.randrange(len(untried)))
                self._drawn = self._drawn_of(number, rng)
                if self._drawn is not None:
                    return self._drawn
        return None

    def cut(self, bound: str) -> None:
        """A step that was drawn leads outside a bound, and is not taken."""

    def _drawn_of(self, number: int, rng: random.Random) -> Step | None:
        action = self.instance.actions[number]
        every = tuple(action.signature.arguments(self.state))
        if not every:
            return None
        arguments = every[rng.randrange(len(every))]
        after = self.instance.apply(action, self.state, arguments)
        if isinstance(after, Cut):
            self.cut(after.bound)
        elif after is not None:
            return Step(action, arguments, after)
        steps = type(self).enabled(self.state, number)
        return steps[rng.randrange(len(steps))] if steps else None


def state_machine(
    spec: Spec[Any], *, steps: int = 50, properties: Iterable[str] | None = None, out: str = DIRECTORY
) -> type[ProtocolMachine]:
    """A Hypothesis state machine that takes at most `steps` steps of `spec` in a run.

    Each action is a rule; only steps that are enabled in the present state are drawn, so that no run is rejected.
    `always` properties are checked in every state, `step` and `implements` properties on every step.  A failure is shrunk,
    saved in the directory `out`, compared with the shortest, and shown as a trace.  Runs stay inside the bounds of the
    spec: give it wide ones.  UsageError for an unknown property.
    """
    if not isinstance(spec, Spec):
        raise UsageError(f"state_machine: takes a spec with its constants, Raft(nodes=5) (got {spec!r})")
    if steps < 1:
        raise UsageError(f"state_machine: steps must be at least 1 (got {steps})")
    instance = spec.instance
    selected = tuple(r for r in select(instance, properties) if r.kind != "reachable")
    members: dict[str, Any] = {
        "__doc__": f"Runs of {instance.name}.",
        "__module__": type(spec).__module__,
        "instance": instance,
        "selected": selected,
        "judges": tuple(Judge(instance, r) for r in selected),
        "directory": out,
        "how": _settings(steps),
        "enabled": staticmethod(lru_cache(maxsize=1 << 12)(_enabled_in(instance))),
        "begin": _beginning(instance),
        _STUTTER: _stutter(),
    }
    for action in instance.actions:
        members[_member_name(action)] = _as_rule(action)
    return type(f"{instance.name}Machine", (ProtocolMachine,), members)


def _settings(steps: int) -> settings:
    return settings(
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        # What is found is shrunk by mcheck, which knows what steps and messages are, and printed as it is then.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        verbosity=Verbosity.quiet,
    )


def program_of(behavior: Behavior) -> list[str]:
    """The lines of Python that take these steps with a state machine."""
    instance = behavior.instance
    start = f"start={behavior.initial!r}" if len(instance.initial) > 1 else ""
    lines = [f"state = {instance.name}Machine()", f"state.begin({start})"]
    for step in behavior.steps:
        given = ", ".join(f"{n}={v!r}" for n, v in zip(step.action.signature.names, step.arguments, strict=True))
        lines.append(f"state.{_member_name(step.action)}({given})")
    return [*lines, "state.teardown()"]


def _next_step(machine: ProtocolMachine) -> st.SearchStrategy[tuple[Any, dict[str, Any]]]:
    """(rule, its arguments): what Hypothesis executes next, and prints.

    Of a run Hypothesis draws the seed, and of that come the steps.  Drawn one by one they cost twice the time; and most of
    its runs would be earlier ones with some draws repeated, which in a protocol mean something else each time: among
    150,000 steps of Raft that way none violated what a tenth of as many do.
    """
    rules = {r.function.__name__: r for r in machine.rules}

    @st.composite
    def next_step(draw: Any) -> tuple[Any, dict[str, Any]]:
        if machine.rng is None:
            machine.rng = random.Random(draw(_SEEDS))
        step = machine.drawn(machine.rng)
        if step is None:
            return rules[_STUTTER], {}
        arguments = dict(zip(step.action.signature.names, step.arguments, strict=True))
        return rules[_member_name(step.action)], arguments

    return next_step()


def _enabled_in(instance: Instance) -> Enabled:
    def enabled(state: Any, number: int) -> tuple[Step, ...]:
        action = instance.actions[number]
        outcomes = ((a, instance.apply(action, state, a)) for a in action.signature.arguments(state))
        return tuple(
            Step(action, a, after) for a, after in outcomes if after is not None and not isinstance(after, Cut)
        )

    return enabled


def _member_name(action: Rule) -> str:
    """The name of the rule of an action: its own, unless a state machine has something else of that name."""
    taken = hasattr(ProtocolMachine, action.name) or action.name in _TAKEN
    return f"{action.name}_" if taken else action.name


def _as_rule(action: Rule) -> Any:
    def take(self: ProtocolMachine, **given: Any) -> None:
        self.perform(action, tuple(given[name] for name in action.signature.names))

    take.__name__ = _member_name(action)
    take.__doc__ = action.sentence
    return rule()(take)


def _beginning(instance: Instance) -> Any:
    """The rule that every run begins with: of several initial states one is drawn."""

    def begin(self: ProtocolMachine, start: Any = instance.initial[0]) -> None:
        self.start_in(start)

    if len(instance.initial) == 1:
        return initialize()(begin)
    return initialize(start=st.sampled_from(instance.initial))(begin)


def _stutter() -> Any:
    """A rule for states without a step: Hypothesis knows no other end of a run than its length."""

    def stutter(self: ProtocolMachine) -> None:
        pass

    return rule()(stutter)
