"""Induction in one configuration: properties and lemmas that hold at first, and that no step breaks.

Together they are assumed of a state that is any value of its domain (typeok) and meets the constraints of the spec, or of k
states in a row; each action must then lead to a state in which each of them is true.  A state and a step for which that
fails is a counterexample to induction; the plain functions must agree that it is one before anybody sees it.
Source: Sheeran, Singh, Stålmarck, Checking Safety Properties Using Induction and a SAT-Solver (2000).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcheck.checker.limits import STOPPED, reason_of
from mcheck.checker.smt.bounded import Bounded, Writer, check_bounded, decided_by
from mcheck.checker.smt.patience import Patience
from mcheck.checker.smt.rules import Rules
from mcheck.checker.smt.terms import Truth
from mcheck.checker.smt.unrolling import Unrolling
from mcheck.spec import Behavior, Failure, Instance, InternalError, ReplayMismatch, Rule, rerun

NO_FAILURE = "no rule fails"
"""What is shown of each action besides: that it has a value wherever all conjuncts hold."""


@dataclass(frozen=True)
class Obligation:
    """That an action keeps a conjunct; `conjunct` None: that the action does not fail."""

    action: Rule
    conjunct: Rule | None
    answer: Literal["kept", "broken", "unknown"]
    seconds: float
    used: frozenset[str] = frozenset()
    """The names of conjuncts from which it follows."""


@dataclass(frozen=True)
class Cti:
    """States in a row that satisfy all conjuncts, and a step after which one is false (or that fails)."""

    behavior: Behavior
    action: Rule
    conjunct: Rule | None
    arguments: tuple[object, ...]
    failure: Failure | None = None

    @property
    def assumed(self) -> int:
        """In how many of its states, from the first on, all conjuncts are true."""
        return len(self.behavior.states) if self.conjunct is None else len(self.behavior.steps)


@dataclass(frozen=True)
class Inductive:
    """What is known of the conjunction."""

    instance: Instance
    k: int
    conjuncts: tuple[Rule, ...]
    """What is assumed: properties and lemmas of states."""
    consequences: tuple[Rule, ...]
    """Properties of steps, which follow from the conjuncts or not."""
    base: Bounded
    obligations: tuple[Obligation, ...]
    ctis: tuple[Cti, ...]
    """The first for each conjunct that is broken."""
    seconds: float
    reason: str | None
    """Why it is inconclusive."""

    @property
    def result(self) -> str:
        """`proved`, `violated` (in a reachable state), `cti` or `inconclusive`."""
        if self.base.violation is not None:
            return "violated"
        if self.ctis:
            return "cti"
        return "proved" if self.reason is None else "inconclusive"

    def obligations_of(self, conjunct: Rule | None) -> tuple[Obligation, ...]:
        """Those about one conjunct."""
        return tuple(o for o in self.obligations if o.conjunct is conjunct)

    def used_for(self, conjunct: Rule | None) -> frozenset[str]:
        """The other conjuncts from which it follows that this one is kept."""
        own = frozenset() if conjunct is None else frozenset({conjunct.name})
        return frozenset[str]().union(*(o.used for o in self.obligations_of(conjunct))) - own


def check_inductive(
    instance: Instance,
    conjuncts: Sequence[Rule],
    consequences: Sequence[Rule] = (),
    k: int = 1,
    seconds: float | None = None,
    written: Writer | None = None,
) -> Inductive:
    """Ask for each action and each conjunct whether the action keeps it.  RuleFailed where a rule fails in a reachable state."""
    return _Induction(instance, conjuncts, consequences, k, seconds, written).result()


class _Induction:
    def __init__(
        self,
        instance: Instance,
        conjuncts: Sequence[Rule],
        consequences: Sequence[Rule],
        k: int,
        seconds: float | None,
        written: Writer | None,
    ) -> None:
        self.instance, self.k, self.written = instance, k, written
        self.conjuncts, self.consequences = tuple(conjuncts), tuple(consequences)
        self.patience = Patience(seconds)
        self.obligations: list[Obligation] = []
        self.ctis: list[Cti] = []

    def result(self) -> Inductive:
        """The answer."""
        shown = (*self.conjuncts, *self.consequences)
        base = check_bounded(self.instance, shown, self.k - 1, self.patience.left(), written=self.written)
        reason = base.reason
        if reason is None and base.violation is None:
            try:
                with self.instance.active(), self.patience.held():
                    self._ask_all()
                unknown = next((o for o in self.obligations if o.answer == "unknown"), None)
                reason = None if unknown is None else "time limit"
            except STOPPED as stop:
                reason = reason_of(stop)
        return Inductive(
            self.instance,
            self.k,
            self.conjuncts,
            self.consequences,
            base,
            tuple(self.obligations),
            tuple(self.ctis),
            self.patience.spent,
            reason,
        )

    # ------------------------------------------------------------------ the questions

    def _ask_all(self) -> None:
        u = self.unrolling = Unrolling(Rules(self.instance, self.patience.check))
        q, last = u.question, self.k - 1
        for k in range(self.k):
            if k:
                u.add_step()
            for rule in self.instance.constraints:  # a reachable state meets them: the successor that does not is cut
                self.patience.check()
                q.add(u.at(k, u.rules.holds(rule, u.state)))
            for rule in self.conjuncts:
                self.patience.check()
                q.premise(rule.name, u.at(k, u.rules.holds(rule, u.state)))
        for k in range(self.k):  # a shortest violation meets no state twice
            q.add(*(u.differ(j, k) for j in range(k)))
        u.add_state()
        step = q.premise("a step", u.at(last, u.step))
        fails = q.premise("a failure", u.at(last, u.fails))
        for number, action in enumerate(self.instance.actions):
            taken = q.premise(f"action {action.name}", u.at(last, u.is_action(number)))
            self._ask(action, None, [taken, fails])
        goals = {rule.name: self._goal(rule) for rule in (*self.conjuncts, *self.consequences)}
        for rule in (*self.conjuncts, *self.consequences):
            for action in self.instance.actions:
                self._ask(action, rule, [f"action {action.name}", step, goals[rule.name]])

    def _goal(self, rule: Rule) -> str:
        """The name of the premise that the last step breaks a conjunct."""
        u = self.unrolling
        self.patience.check()
        new = u.question.variables(f"{rule.name}:")
        states = (u.state, u.next) if rule.kind in ("step", "implements") else (u.next,)
        broken: Truth = u.rules.decided(rule, states, new)
        u.question.add(*new.required)
        return u.question.premise(f"not {rule.name}", u.at(self.k - 1, broken))

    def _ask(self, action: Rule, conjunct: Rule | None, goal: list[str]) -> None:
        began = time.monotonic()
        question = self.unrolling.question
        premises = [*(rule.name for rule in self.conjuncts), *goal]
        title = NO_FAILURE if conjunct is None else conjunct.title
        if self.written is not None:
            words = f"{self.instance.name}: {action.name} keeps: {title}\nunsatisfiable exactly if that is so"
            self.written(f"{action.name} {title}", question.smt2(premises, words))
        reply = question.ask(premises, self.patience.left())
        seconds = time.monotonic() - began
        answer: Literal["kept", "broken", "unknown"] = (
            "kept" if reply.answer == "unsat" else "broken" if reply.answer == "sat" else "unknown"
        )
        if answer == "broken" and not any(c.conjunct is conjunct for c in self.ctis):
            self._make_small(premises)
            self.ctis.append(self._cti(action, conjunct))
        used = reply.used & {rule.name for rule in self.conjuncts}
        self.obligations.append(Obligation(action, conjunct, answer, seconds, used))

    # ------------------------------------------------------------------ the counterexample

    def _make_small(self, premises: list[str]) -> None:
        """Look for a model in which the first state has as little as possible: no member could be taken away."""
        question, kept = self.unrolling.question, [*premises]
        for number, absent in enumerate(self.unrolling.absences(0)):
            name = question.premise(f"absent {number}", absent)
            if question.ask([*kept, name], self.patience.left()).answer == "sat":
                kept.append(name)

    def _cti(self, action: Rule, conjunct: Rule | None) -> Cti:
        """The counterexample in the model, as the plain functions execute it."""
        u = self.unrolling
        steps = self.k if conjunct is not None else self.k - 1
        first, moves = u.read_state(0), [u.read_move(k) for k in range(self.k)]
        try:
            behavior = rerun(self.instance, first, moves[:steps])
        except (ReplayMismatch, Failure) as error:
            raise InternalError(f"{self.instance.name}: z3's counterexample cannot be executed: {error}") from error
        for state in behavior.states[: self.k]:
            wrong = next(
                (r for r in (*self.conjuncts, *self.instance.constraints) if not self.instance.holds(r, state)), None
            )
            if wrong is not None:
                raise InternalError(f"{self.instance.name}: z3's counterexample does not satisfy {wrong.title!r}")
        if conjunct is None:
            return Cti(behavior, action, None, (), self._failure(action, behavior, moves[-1][1]))
        try:
            arguments = decided_by(self.instance, conjunct, behavior)
        except Failure as failure:
            return Cti(behavior, action, conjunct, failure.arguments, failure)
        if arguments is None:
            raise InternalError(f"{self.instance.name}: z3's counterexample does not break {conjunct.title!r}")
        return Cti(behavior, action, conjunct, arguments)

    def _failure(self, action: Rule, behavior: Behavior, arguments: tuple[object, ...]) -> Failure:
        try:
            self.instance.apply(action, behavior.last, arguments)
        except Failure as failure:
            return failure
        raise InternalError(f"{self.instance.name}: {action.name} does not fail where z3 says that it does")
