"""The reference engine: breadth-first search over the plain functions of a spec.  Read this engine first.

It is the one the others are compared with, so it is written to be seen through: a table of the states met, each with
the link it was first reached by, and a list of those to expand next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcheck.checker.checks import DEADLOCK_FREEDOM, Checks, select
from mcheck.checker.coverage import Coverage
from mcheck.checker.limits import STOPPED, LimitReached, Watch, peak_mb, reason_of
from mcheck.checker.symmetry import Canonical, why_not_symmetric
from mcheck.checker.traces import Link, behavior_to, blamed, property_results
from mcheck.checker.verdict import Limits, Progress, ProgressListener, Result, Verdict
from mcheck.spec import Cut, Failure, Instance, UsageError

_TWICE, _EVERY = 200, 64
"""The first 200 states, and every 64th after them, are expanded twice: the two answers must be equal."""


def explore(
    instance: Instance,
    properties: Iterable[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    symmetry: bool = False,
    keep_going: bool = False,
    deadlock_is_error: bool = False,
    progress: ProgressListener | None = None,
) -> Verdict:
    """The verdict on every state within `limits.depth` steps of an initial state.

    A violation ends the search once the level it was found in is complete: the counts do not depend on the order within
    a level, and the behaviour is a shortest one.  With `keep_going` the search goes on, and each property is reported
    with its own shortest violation.  States at the depth limit are checked but not expanded, so that a deadlock there,
    or a step out of them, goes unseen.

    With `symmetry`, states that differ by a permutation of scalarset members are one orbit: `distinct` and the levels
    count orbits, `generated` and the rest count steps out of one state of each.  That state is the first one reached,
    not its canonical form, and so a behaviour needs no renaming on the way.

    UsageError for an unknown property, or a spec that is not symmetric.  RuleFailed, with the behaviour that leads
    there, where an action or property raises.  Cost: every action, for all its arguments, once in each distinct state.
    """
    selected = select(instance, properties)
    if deadlock_is_error:
        selected = (*selected, DEADLOCK_FREEDOM)
    if symmetry and (why := why_not_symmetric(instance)) is not None:
        raise UsageError(f"{instance.name} cannot be reduced by symmetry: {why}")
    search = Search(instance, Checks(instance, selected), limits, symmetry, keep_going, progress)
    search.run()
    return search.verdict()


class Search:
    """One breadth-first search, level by level."""

    def __init__(
        self,
        instance: Instance,
        checks: Checks,
        limits: Limits,
        symmetry: bool,
        keep_going: bool,
        progress: ProgressListener | None,
    ) -> None:
        self.instance, self.checks, self.limits, self.keep_going = instance, checks, limits, keep_going
        self.watch = Watch(limits, progress)
        self.coverage = Coverage(instance)
        self.links: dict[Any, Link | None] = {}
        """Every distinct state, with symmetry the first one met of each orbit, and how it was reached."""
        self.canonical = Canonical(instance) if symmetry else None
        self.orbits: set[Any] = set()
        self.frontier: list[Any] = []
        self.arriving: list[Any] = []
        self.levels: list[int] = []
        self.generated = self.expanded = self.deadlocks = 0
        self.deadlocked: Any = None
        self.expanding: Any = None
        self.reason: str | None = None

    def run(self) -> None:
        """Search until nothing is left, a property is violated, or a limit is reached."""
        with self.instance.active():
            try:
                self.start()
                while self.frontier and not self.at_end():
                    self.expand_level()
            except STOPPED as stop:
                self.reason = reason_of(stop)
            except Failure as failure:
                self.fail(failure)

    def at_end(self) -> bool:
        """Whether the frontier is to be left as it is."""
        beyond = self.limits.depth is not None and len(self.levels) > self.limits.depth
        return beyond or (self.checks.violated and not self.keep_going)

    def start(self) -> None:
        """Level 0: the initial states."""
        for state in self.instance.initial:
            self.generated += 1
            self.expanding = state
            outside = self.instance.outside(state)
            if outside is not None:
                self.coverage.cut[outside] += 1
            else:
                self.visit(state, None)
                self.checks.initial(state)
        self.next_level()

    def expand_level(self) -> None:
        """Take every step from the states of the frontier."""
        for state in self.frontier:
            self.watch.check(self.progress)
            self.expand(state)
            self.expanded += 1
        self.next_level()

    def next_level(self) -> None:
        """The states that have just arrived become the frontier."""
        if self.arriving:
            self.levels.append(len(self.arriving))
        self.frontier, self.arriving = self.arriving, []

    def expand(self, state: Any) -> None:
        """Count and check every step out of `state`, and visit where it leads."""
        self.expanding = state
        steps = self.coverage.steps(state)
        if self.expanded < _TWICE or self.expanded % _EVERY == 0:
            self.coverage.must_equal(steps, self.coverage.steps(state))
        if not steps:
            self.deadlock(state)
        self.generated += len(steps)
        for number, arguments, after in steps:
            self.coverage.fired[number] += 1
            if isinstance(after, Cut):
                self.coverage.cut[after.bound] += 1
                continue
            if self.checks.edges:
                self.checks.edge(state, number, arguments, after)
            self.visit(after, (state, number, arguments))

    def visit(self, state: Any, link: Link | None) -> None:
        """Keep and check `state`, unless it has been met before."""
        if self.links.setdefault(state, link) is not link:
            return
        if self.canonical is not None:
            orbit = self.canonical(state)
            if orbit in self.orbits:
                del self.links[state]
                return
            self.orbits.add(orbit)
        if self.limits.states is not None and len(self.links) > self.limits.states:
            del self.links[state]
            raise LimitReached(f"limit of {self.limits.states:,} states")
        self.arriving.append(state)
        self.checks.state(state)

    def deadlock(self, state: Any) -> None:
        """Nothing is enabled in `state`, not even a step out of bounds."""
        if not self.deadlocks:
            self.deadlocked = state
        self.deadlocks += 1
        self.checks.deadlock(state)

    def fail(self, failure: Failure) -> None:
        """A rule raised: an error, unless a violation has been found that would be lost."""
        if isinstance(failure.__cause__, MemoryError):
            self.reason = "out of memory"
        elif self.checks.violated:
            self.reason = str(failure)
        else:
            raise blamed(self.instance, self.links, failure, self.expanding) from failure

    def progress(self, seconds: float) -> Progress:
        """Where the search is."""
        return Progress(len(self.links), self.generated, len(self.levels), len(self.frontier), seconds)

    # ------------------------------------------------------------------ the answer

    def result(self) -> Result:
        """The one word."""
        if self.checks.violated:
            return "violated"
        if self.reason is not None:
            return "inconclusive"
        return "holds" if self.complete() else "holds-up-to"

    def complete(self) -> bool:
        """Whether every reachable state has been expanded, and no bound cut a step."""
        return self.reason is None and self.expanded == len(self.links) and not any(self.coverage.cut.values())

    def verdict(self) -> Verdict:
        """What was found, with every behaviour replayed."""
        levels = (*self.levels, len(self.arriving)) if self.arriving else tuple(self.levels)
        return Verdict(
            instance=self.instance,
            engine="reference",
            symmetry=self.canonical is not None,
            result=self.result(),
            exhaustive=self.complete(),
            reason=self.reason,
            limits=self.limits,
            distinct=len(self.links),
            generated=self.generated,
            depth=max(0, len(levels) - 1),
            levels=levels,
            properties=property_results(self.instance, self.links, self.checks),
            actions=dict(zip((a.name for a in self.instance.actions), self.coverage.fired, strict=True)),
            guards_never_true=self.coverage.guards_never_true,
            cut={bound: times for bound, times in self.coverage.cut.items() if times},
            unexpanded=len(self.links) - self.expanded,
            deadlocks=self.deadlocks,
            deadlock=behavior_to(self.instance, self.links, self.deadlocked) if self.deadlocks else None,
            seconds=self.watch.seconds,
            peak_rss_mb=peak_mb(),
            notes=() if self.canonical is None else (self.canonical.note,),
        )
