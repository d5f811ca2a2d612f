"""Bounded checking: is there a behaviour of at most so many steps that violates a property?

Depth after depth, so that the first violation found is a shortest one.  Whatever z3 finds is executed by the plain functions
before anybody sees it.  Source: Biere, Cimatti, Clarke, Zhu, Symbolic Model Checking without BDDs (1999).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.checker.limits import STOPPED, reason_of
from mcheck.checker.smt.patience import Patience, Undecided
from mcheck.checker.smt.questions import Reply
from mcheck.checker.smt.rules import Rules
from mcheck.checker.smt.terms import Truth
from mcheck.checker.smt.unrolling import Move, Unrolling
from mcheck.checker.traces import RuleFailed
from mcheck.checker.verdict import PropertyResult
from mcheck.spec import Behavior, Failure, Instance, InternalError, ReplayMismatch, Rule, rerun

Writer = Callable[[str, str], None]
"""Takes the name of an obligation, and the obligation in SMT-LIB."""


@dataclass(frozen=True)
class Bounded:
    """What is known of the behaviours of at most `depth` steps."""

    instance: Instance
    start: Behavior | None
    """The behaviour at whose end they begin; None for the initial states."""
    asked: int
    depth: int
    """Every behaviour of so many steps was looked at; -1 if not even the states at the beginning were."""
    properties: tuple[PropertyResult, ...]
    seconds: float
    times: tuple[float, ...]
    """The seconds that each depth took."""
    reason: str | None
    """Why it is inconclusive."""

    @property
    def violation(self) -> PropertyResult | None:
        """The first violated property."""
        return next((p for p in self.properties if p.finding == "violated"), None)

    @property
    def result(self) -> str:
        """`holds`, `violated` or `inconclusive`."""
        if self.violation is not None:
            return "violated"
        return "holds" if self.reason is None else "inconclusive"


def check_bounded(
    instance: Instance,
    properties: Sequence[Rule],
    depth: int,
    seconds: float | None = None,
    start: Behavior | None = None,
    written: Writer | None = None,
) -> Bounded:
    """Look at every behaviour of at most `depth` steps.  RuleFailed where a rule fails on the way.

    `properties` may have DEADLOCK_FREEDOM among them.  A state at the last depth is asked for a step too.

    Costs a formula that grows with each step, and time that mostly grows faster.
    """
    return _Search(instance, properties, depth, seconds, start, written).result()


class _Search:
    def __init__(
        self,
        instance: Instance,
        properties: Sequence[Rule],
        depth: int,
        seconds: float | None,
        start: Behavior | None,
        written: Writer | None,
    ) -> None:
        self.instance, self.properties, self.asked, self.start = instance, tuple(properties), depth, start
        self.written = written
        self.patience = Patience(seconds)
        self.found: dict[str, PropertyResult] = {}
        self.times: list[float] = []

    def result(self) -> Bounded:
        """The answer."""
        reason = None
        with self.instance.active(), self.patience.held():
            try:
                self._look()
            except STOPPED as stop:
                reason = reason_of(stop)
        seen = len(self.times) - 1
        return Bounded(
            self.instance,
            self.start,
            self.asked,
            seen,
            tuple(self.found.get(rule.name) or _not_found(rule, seen) for rule in self.properties),
            self.patience.spent,
            tuple(self.times),
            reason,
        )

    def _look(self) -> None:
        self.unrolling = Unrolling(Rules(self.instance, self.patience.check))
        initial = self._inside() if self.start is None else (self.start.last,)
        self.unrolling.question.add(self.unrolling.at(0, self.unrolling.is_one_of(initial)))
        self.goals = {rule.name: self._goal(rule) for rule in self.properties}
        for depth in range(self.asked + 1):
            began = time.monotonic()
            if depth:
                self._look_for_failures(depth - 1)
                self.unrolling.add_step()
            else:
                self._initially(initial)
            self._look_for_all(depth)
            self.times.append(time.monotonic() - began)
            if any(result.finding == "violated" for result in self.found.values()):
                return

    def _goal(self, rule: Rule) -> Truth:
        """That the property is decided, of a state or of the step from it."""
        u = self.unrolling
        new = u.question.variables(f"{rule.name}:")
        self.patience.check()
        goal = u.rules.decided(rule, (u.state, u.next) if _of_steps(rule) else (u.state,), new)
        u.question.add(*new.required)
        return goal

    def _inside(self) -> tuple[Any, ...]:
        """The initial states that meet all constraints; the others are no states of this configuration."""
        kept = []
        for state in self.instance.initial:
            try:
                if self.instance.outside(state) is None:
                    kept.append(state)
            except Failure as failure:
                raise RuleFailed(failure, Behavior(self.instance, state, ())) from failure
        return tuple(kept)

    def _initially(self, initial: tuple[Any, ...]) -> None:
        """A refinement must begin as the refined spec does."""
        if self.start is not None:
            return
        for rule in self.properties:
            if rule.kind == "implements":
                for state in initial:
                    if not self.instance.refinements[rule.name].starts(state):
                        self.found[rule.name] = PropertyResult(rule, "violated", Behavior(self.instance, state, ()))

    def _look_for_failures(self, depth: int) -> None:
        """RuleFailed if an action fails in a state at this depth."""
        name = self._named("a rule fails", depth, self.unrolling.fails)
        if self._ask(name, depth).answer == "sat":
            action, arguments = self.unrolling.read_move(depth)
            behavior = self._behavior(depth)
            try:
                self.instance.apply(action, behavior.last, arguments)
            except Failure as failure:
                raise RuleFailed(failure, behavior) from failure
            raise InternalError(f"{self.instance.name}: {action.name} does not fail where z3 says that it does")

    def _look_for_all(self, depth: int) -> None:
        for rule in self.properties:
            if rule.name in self.found or (_of_steps(rule) and not depth):
                continue
            name = self._named(rule.title, depth - _of_steps(rule), self.goals[rule.name])
            if self._ask(name, depth).answer == "sat":
                self.found[rule.name] = self._decided(rule, self._behavior(depth))

    def _named(self, what: str, depth: int, goal: Truth) -> str:
        u = self.unrolling
        return u.question.premise(f"{what} {depth}", u.at(depth, goal))

    def _ask(self, premise: str, depth: int) -> Reply:
        question = self.unrolling.question
        if self.written is not None:
            words = (
                f"{self.instance.name}: {premise}\nsatisfiable exactly if there is such a behaviour of {depth} steps"
            )
            self.written(f"depth {depth} {premise.rpartition(' ')[0]}", question.smt2([premise], words))
        reply = question.ask([premise], self.patience.left())
        if reply.answer == "unknown":
            raise Undecided(reply.reason)
        return reply

    # ------------------------------------------------------------------ what was found

    def _behavior(self, depth: int) -> Behavior:
        """The behaviour of so many steps in the model, executed by the plain functions."""
        moves: list[Move] = [self.unrolling.read_move(k) for k in range(depth)]
        first = self.unrolling.read_state(0)
        if self.start is not None:
            first, moves = self.start.initial, [*((s.action, s.arguments) for s in self.start.steps), *moves]
        try:
            behavior = rerun(self.instance, first, moves)
        except ReplayMismatch as mismatch:
            raise InternalError(f"{self.instance.name}: a trace of z3 cannot be replayed: {mismatch}") from mismatch
        if behavior.last != self.unrolling.read_state(depth):
            raise InternalError(f"{self.instance.name}: a trace of z3 leads elsewhere when it is replayed")
        return behavior

    def _decided(self, rule: Rule, behavior: Behavior) -> PropertyResult:
        """The property at the end of the behaviour, by the plain function.  RuleFailed where that fails."""
        arguments: tuple[object, ...] | None
        try:
            arguments = decided_by(self.instance, rule, behavior)
        except Failure as failure:
            raise RuleFailed(failure, behavior) from failure
        if arguments is None:
            raise InternalError(f"{self.instance.name}: the replayed behaviour does not decide {rule.title!r}")
        return PropertyResult(rule, "reached" if rule.kind == "reachable" else "violated", behavior, arguments)


def decided_by(instance: Instance, rule: Rule, behavior: Behavior) -> tuple[object, ...] | None:
    """The arguments that violate (reach) the property at the end of a behaviour, by the plain function; None if none do."""
    if rule.kind == "implements":
        return None if instance.refinements[rule.name].allows(*behavior.states[-2:]) else ()
    if rule.kind == "reachable":
        return instance.witnessing(rule, behavior.last)
    return instance.falsifying(rule, *behavior.states[-2:] if rule.kind == "step" else (behavior.last,))


def _of_steps(rule: Rule) -> bool:
    return rule.kind in ("step", "implements")


def _not_found(rule: Rule, depth: int) -> PropertyResult:
    if depth < 0:
        return PropertyResult(rule, "not-checked")
    return PropertyResult(rule, "not-reached" if rule.kind == "reachable" else "holds")
