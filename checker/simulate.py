"""Simulation: seeded random walks, for configurations that no search will exhaust."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mcheck.checker.checks import Checks, select
from mcheck.checker.coverage import Taken
from mcheck.checker.limits import STOPPED, LimitReached, Watch, peak_mb, reason_of
from mcheck.checker.traces import Link, blamed, property_results
from mcheck.checker.verdict import Limits, Progress, ProgressListener, PropertyResult, Result
from mcheck.spec import Cut, Failure, Instance, UsageError


@dataclass(frozen=True)
class Simulation:
    """What random walks met.  A property that `holds` here was not violated in the states visited: no more than
    that."""

    instance: Instance
    seed: int
    samples: int
    steps: int
    result: Result
    """`violated`, or `inconclusive`: a walk proves nothing."""
    reason: str | None
    """Why it ended before all samples were taken, if not by a violation."""
    walks: int
    """Walks begun."""
    taken: int
    """Steps taken in all walks."""
    longest: int
    """Steps of the longest walk."""
    distinct: int
    """Distinct states visited."""
    properties: tuple[PropertyResult, ...]
    """The behaviours are not the shortest."""
    actions: dict[str, int]
    """How often each action was taken."""
    cut: dict[str, int]
    """Steps met that lead outside a bound or constraint, and so were not taken."""
    deadlocks: int
    """Walks that ended where no action was enabled."""
    seconds: float
    peak_rss_mb: int
    walker: str = "random"
    """What drew the steps: `random`, or `hypothesis`."""

    @property
    def never_fired(self) -> tuple[str, ...]:
        """The actions that were never taken."""
        return tuple(name for name, times in self.actions.items() if times == 0)

    @property
    def violation(self) -> PropertyResult | None:
        """The property whose violation ended the simulation."""
        return next((p for p in self.properties if p.finding == "violated"), None)


def simulate(
    instance: Instance,
    seed: int = 0,
    samples: int = 100,
    steps: int = 100,
    properties: Iterable[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    progress: ProgressListener | None = None,
) -> Simulation:
    """What `samples` random walks of at most `steps` steps meet, up to the first violation.

    At each step an action is drawn, every one that can be taken being equally likely, and then its arguments: drawn
    among all transitions alike, an action with few arguments would hardly ever be taken.  The behaviour of a violation
    is the way on which its state was first met, and not a shortest one.  The same seed gives the same walks, on every
    platform.

    RuleFailed, with the behaviour that leads there, where an action or property raises.
    """
    walks = Walks(instance, seed, samples, steps, properties, limits, progress)
    walks.run(walks.take_all)
    return walks.result("random")


class Walks:
    """What walks have met so far; `links` says of every state how it was first reached, over all walks.

    UsageError for walks of no steps, and for an unknown property.
    """

    def __init__(
        self,
        instance: Instance,
        seed: int,
        samples: int,
        steps: int,
        properties: Iterable[str] | None,
        limits: Limits,
        progress: ProgressListener | None,
    ) -> None:
        for name, value in (("samples", samples), ("steps", steps)):
            if value < 1:
                raise UsageError(f"{name} must be at least 1 (got {value})")
        self.instance, self.seed, self.samples, self.steps, self.limits = instance, seed, samples, steps, limits
        self.checks = Checks(instance, select(instance, properties))
        self.watch = Watch(limits, progress)
        self.links: dict[Any, Link | None] = {}
        self.fired = [0] * len(instance.actions)
        self.cut: dict[str, int] = {}
        self.walks = self.longest = self.length = self.deadlocks = 0
        self.here: Any = None
        self.reason: str | None = None

    def run(self, walking: Callable[[], None]) -> None:
        """Walk until a property is violated, the samples are taken, or a limit is reached."""
        with self.instance.active():
            try:
                walking()
            except STOPPED as stop:
                self.reason = reason_of(stop)
            except Failure as failure:
                self.fail(failure)

    def result(self, walker: str) -> Simulation:
        """What they have met."""
        return Simulation(
            instance=self.instance,
            seed=self.seed,
            samples=self.samples,
            steps=self.steps,
            result="violated" if self.checks.violated else "inconclusive",
            reason=self.reason,
            walks=self.walks,
            taken=sum(self.fired),
            longest=self.longest,
            distinct=len(self.links),
            properties=property_results(self.instance, self.links, self.checks),
            actions=dict(zip((a.name for a in self.instance.actions), self.fired, strict=True)),
            cut=self.cut,
            deadlocks=self.deadlocks,
            seconds=self.watch.seconds,
            peak_rss_mb=peak_mb(),
            walker=walker,
        )

    # ------------------------------------------------------------------ one walk

    def begin(self, initial: Any) -> None:
        """Begin a walk in an initial state."""
        self.walks += 1
        self.length = 0
        self.here = initial
        if self.visit(initial, None):
            self.checks.initial(initial)

    def step(self, number: int, arguments: tuple[Any, ...], after: Any) -> None:
        """Take a step of action `number` inside the bounds."""
        self.length += 1
        self.longest = max(self.longest, self.length)
        self.fired[number] += 1
        self.checks.edge(self.here, number, arguments, after)
        self.visit(after, (self.here, number, arguments))
        self.here = after

    def cut_at(self, bound: str) -> None:
        """Note that a step leads outside a bound, and is not taken."""
        self.cut[bound] = self.cut.get(bound, 0) + 1

    def dead_end(self) -> None:
        """Note that no step leads on from here inside the bounds."""
        self.deadlocks += next(self.instance.transitions(self.here), None) is None

    # ------------------------------------------------------------------ at random

    def take_all(self) -> None:
        """Walk at random until a property is violated, or all samples are taken."""
        while self.walks < self.samples and not self.checks.violated:
            self.walk(random.Random(f"{self.seed}/{self.walks + 1}"))

    def walk(self, rng: random.Random) -> None:
        """One walk from an initial state."""
        self.begin(rng.choice(self.instance.initial))
        while self.length < self.steps and not self.checks.violated:
            self.watch.check(self.progress)
            drawn = self.draw(rng)
            if drawn is None:
                return
            self.step(*drawn)

    def draw(self, rng: random.Random) -> Taken | None:
        """The number, arguments and successor of a random step inside the bounds; None if there is none."""
        for number in rng.sample(range(len(self.instance.actions)), len(self.instance.actions)):
            action = self.instance.actions[number]
            choices = list(action.signature.arguments(self.here))
            rng.shuffle(choices)
            for arguments in choices:
                after = self.instance.apply(action, self.here, arguments)
                if isinstance(after, Cut):
                    self.cut_at(after.bound)
                elif after is not None:
                    return number, arguments, after
        self.dead_end()
        return None

    # ------------------------------------------------------------------ what is met

    def visit(self, state: Any, link: Link | None) -> bool:
        """Keep and check `state` if it is new; whether it is."""
        if state in self.links:
            return False
        if self.limits.states is not None and len(self.links) >= self.limits.states:
            raise LimitReached(f"limit of {self.limits.states:,} states")
        self.links[state] = link
        self.checks.state(state)
        return True

    def fail(self, failure: Failure) -> None:
        """A rule raised: an error, with the way to where it did."""
        if isinstance(failure.__cause__, MemoryError):
            self.reason = "out of memory"
            return
        raise blamed(self.instance, self.links, failure, self.here) from failure

    def progress(self, seconds: float) -> Progress:
        """How far the walks are; `depth` is the length of this one."""
        return Progress(len(self.links), sum(self.fired), self.length, self.walks, seconds)
