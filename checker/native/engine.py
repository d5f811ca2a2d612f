"""The native engine: an instance compiled and searched at the speed of the machine, answered in the same words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any

from mcheck.checker.checks import DEADLOCK_FREEDOM, Checks, Found, select
from mcheck.checker.initial import InitialStates
from mcheck.checker.interrupts import Interrupts
from mcheck.checker.known import Known
from mcheck.checker.limits import STOPPED, Watch, peak_mb, reason_of
from mcheck.checker.native.building import build
from mcheck.checker.native.checkpoint import Checkpoints
from mcheck.checker.native.core import Identity
from mcheck.checker.native.keeper import Keeper, identity_of
from mcheck.checker.native.program import DEADLOCKED, ENABLED, FAILED
from mcheck.checker.native.search import ErrorLeaf, NativeSearch
from mcheck.checker.traces import Link, behavior_to, blamed, property_results
from mcheck.checker.verdict import Limits, Progress, ProgressListener, Result, Verdict
from mcheck.spec import Failure, Instance, InternalError, Rule, UsageError
from mcheck.spec.tracing.agreement import reached_states, typed_states

_AGREEMENT_SECONDS = 0.15


def explore(
    instance: Instance,
    properties: Iterable[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    keep_going: bool = False,
    deadlock_is_error: bool = False,
    progress: ProgressListener | None = None,
    threads: int = 1,
    identity: Identity = Identity.FINGERPRINT,
    symmetry: bool = False,
    checkpoints: Checkpoints | None = None,
    known: Known | None = None,
) -> Verdict:
    """The verdict of a breadth-first search by compiled code; like the reference engine's in every count.

    Before it searches, compiled code and plain functions are compared on reached and random states; InternalError where
    they differ.  Unlowerable for a spec that cannot be compiled.  States are compared by fingerprint, and the verdict says
    how likely it is that two were taken for one; with `Identity.EXACT` by their rows.

    With `checkpoints` the search is written down now and then, and when a limit or Ctrl-C ends it, and goes on from what
    was written down; limits count from when it goes on, `seconds` of the verdict from when it began.

    With `known`, what earlier runs have compiled is used again, and what this one compiles is kept.
    """
    selected = select(instance, properties)
    if len(selected) >= FAILED:
        raise UsageError(f"{instance.name}: at most {FAILED - 1} properties at a time")
    checks = Checks(instance, (*selected, DEADLOCK_FREEDOM) if deadlock_is_error else selected)
    run = _Run(instance, checks, limits, keep_going, progress, threads, identity, symmetry, checkpoints, known)
    run.search()
    return run.verdict()


class _Run:
    """One search and what becomes of it."""

    def __init__(
        self,
        instance: Instance,
        checks: Checks,
        limits: Limits,
        keep_going: bool,
        progress: ProgressListener | None,
        threads: int,
        identity: Identity,
        symmetry: bool = False,
        checkpoints: Checkpoints | None = None,
        known: Known | None = None,
    ) -> None:
        self.instance, self.checks, self.limits = instance, checks, limits
        self.begun_in = InitialStates(instance)
        self.keep_going = keep_going
        self.watch = Watch(limits, progress)
        built = build(instance, [r for r in checks.selected if r.kind != "deadlock"], identity, symmetry, known)
        self.program, self.key = built.program, built.key
        self.identity, self.symmetry = identity, symmetry
        self.checkpoints, self.interrupts = checkpoints, Interrupts()
        self.seconds_before = 0.0
        """How long the search took before it was resumed."""
        self.reason: str | None = None
        self.links: dict[Any, Link | None] = {}
        violable = [n for n, r in enumerate(self.program.properties) if r.kind == "always"]
        bit = 1 << FAILED
        self.native = NativeSearch(
            built.model,
            built.library,
            threads,
            check=bit | ((1 << len(self.program.properties)) - 1),
            depth=limits.depth,
            states=limits.states,
            stop_states=bit | (0 if keep_going else sum(1 << n for n in violable)),
            stop_steps=bit | (0 if keep_going else (1 << len(self.program.steps)) - 1),
            stop_deadlock=DEADLOCK_FREEDOM in checks.selected and not keep_going,
            between=self._between,
        )
        self.agree()

    # ------------------------------------------------------------------ plain functions against compiled code

    def agree(self) -> None:
        """InternalError if compiled code says something else of a state than the plain functions do."""
        rng = random.Random(f"agreement on {self.instance.name}")
        end = time.monotonic() + _AGREEMENT_SECONDS
        both = zip(reached_states(self.instance, rng), typed_states(self.instance, rng), strict=False)
        with self.instance.active():
            for state in islice(chain.from_iterable(both), 400):
                self._agree_on(state)
                if time.monotonic() > end:
                    return

    def _agree_on(self, state: Any) -> None:
        layout = self.program.layout
        plain: list[Any] = []
        failed = False
        for action in self.instance.actions:
            for arguments in action.signature.arguments(state):
                outcome = self.instance.outcome(action, state, arguments)
                failed = failed or outcome.error is not None
                if outcome.successor is not None:
                    plain.append(outcome.successor)
        try:
            native = [layout.unpack(row) for row in self.native.successors(layout.pack(state))]
        except ErrorLeaf:
            native = None
        if failed != (native is None) or (native is not None and set(native) != set(plain)):
            said = "an error" if native is None else f"{len(native)} successors"
            raise InternalError(
                f"{self.instance.name}: compiled code gives {said}, plain Python {'an error' if failed else f'{len(plain)} successors'}, in {state!r}"
            )

    # ------------------------------------------------------------------ the search

    @property
    def seconds(self) -> float:
        """How long the search has taken."""
        return self.seconds_before + self.watch.seconds

    def search(self) -> None:
        """Search until nothing is left, a property is violated, or a limit is reached."""
        with self.instance.active():
            if self.checkpoints is None:
                failed = self._search(self._initial_rows())
            else:
                with self.interrupts.held():
                    failed = self._search_and_keep(self.checkpoints)
            self._gather()
            if failed is not None:
                self._failed(failed, None)

    def _search(self, initial: Iterable[Sequence[int]]) -> int | None:
        """The number of the state in which a rule fails, if one does."""
        try:
            self.native.run(initial)
        except STOPPED as stop:
            self.reason = reason_of(stop)
        except ErrorLeaf as leaf:
            return leaf.number
        return None

    def _search_and_keep(self, checkpoints: Checkpoints) -> int | None:
        """The same with checkpoints, from the one that is to be resumed."""
        initial = list(self._initial_rows())
        asked = {
            "properties": [rule.name for rule in self.checks.selected],
            "depth": self.limits.depth,
            "keep going": self.keep_going,
            "symmetry": self.symmetry,
            "states compared": self.identity.name.lower(),
        }
        identity = identity_of(self.instance, self.key, initial, **asked)
        keeper = Keeper(checkpoints, self.native, identity, lambda: self.seconds)
        self.native.keep = keeper
        self.seconds_before = keeper.resume()
        failed = self._search(initial)
        if self.reason is not None:
            keeper.finish()
        return failed

    def _between(self) -> None:
        self.interrupts.check()
        self.watch.check(self._progress)

    def _initial_rows(self) -> Iterator[tuple[int, ...]]:
        for state in self.begun_in:
            try:
                self.checks.initial(state)
            except Failure as failure:
                raise blamed(self.instance, self.links, failure, state) from failure
            self.links.setdefault(state, None)
            yield self.program.layout.pack(state)
        if self.checks.violated and not self.keep_going:
            self.native.depth = 0

    def _progress(self, seconds: float) -> Progress:
        native = self.native
        generated = len(self.instance.initial) + native.counts[ENABLED]
        return Progress(
            native.distinct,
            generated,
            max(0, len(native.levels) - 1),
            native.frontier_size,
            self.seconds_before + seconds,
        )

    # ------------------------------------------------------------------ what was found

    def _path(self, number: int) -> Any:
        """The state of that number; the links to it are kept, found by the plain functions."""
        states = [self.program.layout.unpack(row) for row in self.native.trace(number)]
        for before, after in pairwise(states):
            if after not in self.links:
                self.links[after] = (before, *self._move(before, after))
        self.links.setdefault(states[0], None)
        return states[-1]

    def _move(self, before: Any, after: Any) -> tuple[int, tuple[Any, ...]]:
        for number, action in enumerate(self.instance.actions):
            for arguments in action.signature.arguments(before):
                if self.instance.apply(action, before, arguments) == after:
                    return number, arguments
        raise InternalError(f"{self.instance.name}: compiled code takes a step that plain Python does not")

    def _gather(self) -> None:
        """Turn the numbers of states into findings, each evaluated again by the plain function."""
        native = self.native
        last = native.found.get(FAILED, native.distinct)
        for bit, number in sorted(native.found.items()):
            if bit == FAILED:
                self._failed(number, None)
                continue
            if number > last:  # decided after a failure that ends the search
                continue
            rule = self.program.properties[bit]
            decide = self.instance.witnessing if rule.kind == "reachable" else self.instance.falsifying
            state = self._path(number)
            self._note(rule, state, None, decide(rule, state))
        for bit, step in sorted(native.found_steps.items()):
            if bit == FAILED:
                self._failed(step.number, step.ordinal)
                continue
            rule = self.program.steps[bit]
            before = self._path(step.number)
            after = self._successor(before, step.ordinal)
            arguments = () if rule.kind == "implements" else self.instance.falsifying(rule, before, after)
            self._note(rule, before, self._move(before, after), arguments)
        if native.first_deadlock is not None:
            self.checks.deadlock(self._path(native.first_deadlock))

    def _successor(self, before: Any, ordinal: int) -> Any:
        return self.program.layout.unpack(self.native.successors(self.program.layout.pack(before))[ordinal])

    def _note(self, rule: Rule, state: Any, move: Any, arguments: tuple[Any, ...] | None) -> None:
        if arguments is None:
            raise InternalError(
                f"{self.instance.name}: compiled code decides {rule.title!r} where plain Python does not, in {state!r}"
            )
        self.checks.found.setdefault(rule.name, Found(state, move, arguments))

    def _failed(self, number: int, ordinal: int | None) -> None:
        """A rule failed in a state: let the plain functions say how, with the way there."""
        state = self._path(number)
        try:
            self._everything_in(state, None if ordinal is None else self._successor(state, ordinal))
        except Failure as failure:
            if self.checks.violated:
                self.reason = str(failure)
                return
            raise blamed(self.instance, self.links, failure, state) from failure
        raise InternalError(f"{self.instance.name}: compiled code fails where plain Python does not, in {state!r}")

    def _everything_in(self, state: Any, after: Any) -> None:
        """Evaluate everything there is in a state, for the failure it raises."""
        for rule in self.checks.selected:
            if rule.kind in ("always", "reachable"):
                (self.instance.witnessing if rule.kind == "reachable" else self.instance.falsifying)(rule, state)
        successors = [t for _, _, t in self.instance.transitions(state)]
        for rule in self.checks.selected:
            for target in (after, *successors):
                if target is None or not isinstance(target, self.instance.state_class):
                    continue
                if rule.kind == "step":
                    self.instance.holds(rule, state, target)
                elif rule.kind == "implements":
                    self.instance.refinements[rule.name].allows(state, target)

    # ------------------------------------------------------------------ the answer

    def _counted(self, kind: str, key: Callable[[Any], str]) -> dict[str, int]:
        total: dict[str, int] = {}
        for counter, times in zip(self.program.counters, self.native.counts, strict=True):
            if counter.kind == kind:
                total[key(counter)] = total.get(key(counter), 0) + times
        return total

    def _never_true(self) -> tuple[tuple[str, str], ...]:
        passed: set[tuple[str, str]] = set()
        failed: set[tuple[str, str]] = set()
        for counter, times in zip(self.program.counters, self.native.counts, strict=True):
            if times and counter.action is not None:
                passed |= {(counter.action.name, reason) for reason in counter.passed}
                if counter.kind == "blocked":
                    failed.add((counter.action.name, counter.detail))
        order = {action.name: number for number, action in enumerate(self.instance.actions)}
        return tuple(sorted(failed - passed, key=lambda pair: (order[pair[0]], pair[1])))

    def _result(self, complete: bool) -> Result:
        if self.checks.violated:
            return "violated"
        if self.reason is not None:
            return "inconclusive"
        return "holds" if complete else "holds-up-to"

    def verdict(self) -> Verdict:
        """What was found, with every behaviour replayed."""
        native, instance = self.native, self.instance
        counts = native.counts
        fired = self._counted("fired", lambda c: c.action.name)
        cut = self.begun_in.with_steps(self._counted("cut", lambda c: c.detail))
        complete = self.reason is None and native.frontier_size == 0 and not cut
        levels = tuple(n for n in native.levels_and_arriving if n)
        deadlock = None if native.first_deadlock is None else self._behavior(native.first_deadlock)
        return Verdict(
            instance=instance,
            engine="native",
            symmetry=self.symmetry,
            result=self._result(complete),
            exhaustive=complete,
            reason=self.reason,
            limits=self.limits,
            distinct=native.distinct,
            generated=len(instance.initial) + counts[ENABLED],
            depth=max(0, len(levels) - 1),
            levels=levels,
            properties=property_results(instance, self.links, self.checks),
            actions={a.name: fired.get(a.name, 0) for a in instance.actions},
            guards_never_true=self._never_true(),
            cut=cut,
            unexpanded=native.frontier_size,
            deadlocks=counts[DEADLOCKED],
            deadlock=deadlock,
            seconds=self.seconds,
            peak_rss_mb=peak_mb(),
            collision_bound=None
            if self.identity is Identity.EXACT
            else collision_bound(native.distinct, self.identity),
        )

    def _behavior(self, number: int) -> Any:
        return behavior_to(self.instance, self.links, self._path(number))


def collision_bound(states: int, identity: Identity) -> float:
    """How likely it is at most that two of so many states have one fingerprint, if fingerprints are random."""
    return min(1.0, states * (states - 1) / 2.0 ** (65 if identity is Identity.FINGERPRINT else 129))
