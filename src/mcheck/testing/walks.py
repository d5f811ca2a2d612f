"""Simulation by Hypothesis: the walks of a state machine, counted and checked like random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from hypothesis import HealthCheck, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from mcheck.checker.limits import LimitReached
from mcheck.checker.simulate import Simulation, Walks
from mcheck.checker.verdict import Limits, ProgressListener
from mcheck.spec import Failure, Instance, Step
from mcheck.testing.machine import ProtocolMachine, state_machine

_HEALTH = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]
"""What is no mistake here: the walks of a command are as long as its user wants them."""


class _Over(BaseException):  # not an Exception: Hypothesis would run what raised it again
    """The walks are over: something is violated, a limit is reached, or a rule has failed."""


def simulate_by_hypothesis(
    instance: Instance,
    seed: int = 0,
    samples: int = 100,
    steps: int = 100,
    properties: Iterable[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    progress: ProgressListener | None = None,
) -> Simulation:
    """What `samples` runs of at most `steps` steps meet that Hypothesis draws, up to the first violation.

    Hypothesis may run some more than it was asked for: it does not count those that it breaks off.  The same seed gives the
    same walks with the same version of Hypothesis.  Otherwise as `simulate`.
    """
    walks = Walks(instance, seed, samples, steps, properties, limits, progress)
    over: list[BaseException] = []
    machine = _walking(walks, over)
    chosen = settings(machine.TestCase.settings, max_examples=samples, database=None, suppress_health_check=_HEALTH)

    def take_all() -> None:
        try:
            run_state_machine_as_test(seeded(seed)(machine), settings=chosen)
        except BaseException:
            # _Over, or what Hypothesis says of it where it ends a run whose first steps had been taken before.
            if not over:
                raise
        if over and not isinstance(over[0], _Over):
            raise over[0]

    walks.run(take_all)
    return walks.result("hypothesis")


def _walking(walks: Walks, over: list[BaseException]) -> type[ProtocolMachine]:
    """The state machine of a spec that reports to `walks` what it meets, and to `over` why it ends."""
    base: Any = state_machine(walks.instance.spec, steps=walks.steps, properties=[])
    number_of = {action.name: number for number, action in enumerate(walks.instance.actions)}

    class Walking(base):  # type: ignore[misc]
        ended = False
        """Whether this walk is where no step leads on."""

        def start_in(self, initial: Any) -> None:
            super().start_in(initial)
            self.met(lambda: walks.begin(initial))

        def take(self, step: Step) -> None:
            super().take(step)
            self.met(lambda: walks.step(number_of[step.action.name], step.arguments, step.state))

        def drawn(self, rng: random.Random) -> Step | None:
            try:
                step: Step | None = super().drawn(rng)
                if step is None and not self.ended:
                    self.ended = True
                    walks.dead_end()
            except (Failure, MemoryError, KeyboardInterrupt) as cause:
                self.end(cause)
            return step

        def cut(self, bound: str) -> None:
            walks.cut_at(bound)

        def met(self, report: Callable[[], None]) -> None:
            try:
                walks.watch.check(walks.progress)
                report()
            except (LimitReached, Failure, MemoryError, KeyboardInterrupt) as cause:
                self.end(cause)
            if walks.checks.violated:
                self.end(_Over())

        def end(self, cause: BaseException) -> NoReturn:
            over.append(cause)
            raise _Over from cause

    return Walking
