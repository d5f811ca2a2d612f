"""z3 against the plain functions, one state at a time: every argument, every guard, bound and error, every successor."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from typing import Any

from mcheck.checker.smt.questions import Question
from mcheck.checker.smt.rules import Arguments, Rules, Taken
from mcheck.checker.smt.shapes import decoded, defined
from mcheck.checker.smt.terms import Truth, all_of, any_of, both, negation
from mcheck.checker.smt.values import equal, lift
from mcheck.spec import Instance, Outcome, Rule
from mcheck.spec.tracing.agreement import is_error, plain_answer, reached_states, typed_states

ARGUMENTS = 12
"""So many arguments of a rule are compared one by one in a state; its successors are compared for all of them."""


def sample(instance: Instance, seed: int, reached: int, typed: int) -> list[Any]:
    """Reached and random states."""
    rng = random.Random(seed)
    first = itertools.islice(reached_states(instance, rng, 10), reached)
    return [*first, *itertools.islice(typed_states(instance, rng), typed)]


def differences(instance: Instance, states: Iterable[Any], seed: int = 1) -> Iterator[str]:
    """Every difference between z3 and the plain functions in these states."""
    with instance.active():
        compared = _Compared(instance, random.Random(seed))
        for state in states:
            yield from compared.state(state)


class _Compared:
    """All rules of an instance in one question about a state and the state after it."""

    def __init__(self, instance: Instance, rng: random.Random) -> None:
        self.instance, self.rng = instance, rng
        self.rules, self.question = Rules(instance), Question()
        q = self.question
        before, after, chosen = (q.variables(p) for p in ("s", "t", "a"))
        self.before, self.after = self.rules.state(before), self.rules.state(after)
        self.actions: dict[str, tuple[Arguments, Taken]] = {}
        self.properties: dict[str, tuple[Arguments, Truth, Truth]] = {}
        q.premise("after", all_of(after.required))
        for action in instance.actions:
            arguments, allowed = self.rules.chosen(action, self.before, chosen)
            taken = self.rules.taken(action, self.before, self.after, arguments)
            self.actions[action.name] = arguments, taken
            q.premise(f"allowed {action.name}", allowed)
            q.premise(f"step {action.name}", taken.step)
            q.premise(f"fails {action.name}", taken.fails)
        for rule in (*instance.properties, *instance.lemmas):
            if rule.kind in ("step", "implements"):
                q.premise(f"holds {rule.name}", self.rules.holds(rule, self.before, self.after))
            else:
                arguments, allowed = self.rules.chosen(rule, self.before, chosen)
                self.properties[rule.name] = arguments, *self.rules.answer(rule, (self.before,), arguments)
                q.premise(f"allowed {rule.name}", allowed)
                q.premise(f"holds {rule.name}", self.rules.holds(rule, self.before))
        q.add(*before.required, *chosen.required)
        self._premises = itertools.count()

    def _say(self, formula: Truth) -> str:
        return self.question.premise(f"this {next(self._premises)}", formula)

    def _possible(self, *premises: str) -> bool:
        answer = self.question.ask(premises, None).answer
        assert answer in ("sat", "unsat")
        return answer == "sat"

    def state(self, state: Any) -> Iterator[str]:
        """Every difference in one state."""
        here = self._say(defined(self.before, lift(state), self.rules.domain))
        if not self._possible(here):
            yield f"z3 does not have the state {state!r}"
            return
        if decoded(self.before, self.rules.domain, self.question.value) != state:
            yield f"z3 reads {state!r} back as another state"
        steps: list[Any] = []
        for action in self.instance.actions:
            yield from self._action(action, state, here, steps)
        for rule in (*self.instance.properties, *self.instance.lemmas):
            if rule.name in self.properties:
                yield from self._property(rule, state, here)
            else:
                yield from self._step_property(rule, state, here, steps[:3])

    def _chosen(self, rule: Rule, state: Any) -> list[tuple[Any, ...]]:
        every = list(rule.signature.arguments(state))
        return every if len(every) <= ARGUMENTS else self.rng.sample(every, ARGUMENTS)

    # ------------------------------------------------------------------ actions

    def _action(self, action: Rule, state: Any, here: str, steps: list[Any]) -> Iterator[str]:
        arguments, taken = self.actions[action.name]
        for values in self._chosen(action, state):
            outcome = self.instance.outcome(action, state, values)
            given = self._say(_equal(action, arguments, values))
            if not self._possible(here, given, f"allowed {action.name}"):
                yield f"{action.name}{values!r} is no choice of z3 in {state!r}"
                continue
            found = self._unlike(taken, outcome)
            if self._possible(here, given, f"fails {action.name}") != (outcome.error is not None):
                found = "z3 does not agree whether it fails"
            if found is not None:
                yield f"{action.name}{values!r}: {found}, plain {outcome!r:.200} in {state!r}"
            elif outcome.successor is not None:
                steps.append(outcome.successor)
                if not self._possible(here, given, f"step {action.name}", "after"):
                    yield f"{action.name}{values!r}: z3 does not take the step in {state!r}"
                elif decoded(self.after, self.rules.domain, self.question.value) != outcome.successor:
                    yield f"{action.name}{values!r}: z3 goes elsewhere in {state!r}"
        others = self._say(negation(any_of(self._plain_steps(action, state, arguments))))
        if self._possible(here, f"allowed {action.name}", f"step {action.name}", "after", others):
            yield f"{action.name}: z3 has a step that plain Python does not have in {state!r}"

    def _plain_steps(self, action: Rule, state: Any, arguments: Arguments) -> Iterator[Truth]:
        for values in action.signature.arguments(state):
            successor = self.instance.outcome(action, state, values).successor
            if successor is not None:
                yield both(_equal(action, arguments, values), equal(self.after, lift(successor)))

    def _unlike(self, taken: Taken, outcome: Outcome) -> str | None:
        """How what z3 says of the state and arguments of its model is not the outcome."""
        value, constraints = self.question.value, {rule.title for rule in self.instance.constraints}
        blocked = [reason for reason, true in taken.blocked.items() if value(true)]
        cut = [bound for bound, true in taken.cut.items() if bound not in constraints and value(true)]
        if blocked != ([outcome.disabled] if outcome.disabled is not None else []):
            return f"z3 blocks {blocked}"
        if cut != ([outcome.cut] if outcome.cut is not None and outcome.cut not in constraints else []):
            return f"z3 cuts {cut}"
        inside = outcome.successor is not None or outcome.cut in constraints
        if value(taken.enabled) != inside and outcome.error is None:
            return f"z3 is enabled: {value(taken.enabled)}"
        return None

    # ------------------------------------------------------------------ properties

    def _property(self, rule: Rule, state: Any, here: str) -> Iterator[str]:
        arguments, true, fails = self.properties[rule.name]
        for values in self._chosen(rule, state):
            plain = plain_answer(self.instance, rule, (state,), values)
            given = self._say(_equal(rule, arguments, values))
            if not self._possible(here, given, f"allowed {rule.name}"):
                yield f"{rule.name}{values!r} is no choice of z3 in {state!r}"
                continue
            mine = "error" if self.question.value(fails) else self.question.value(true)
            if mine != ("error" if is_error(plain) else plain):
                yield f"{rule.name}{values!r}: z3 says {mine}, plain {plain!r} in {state!r}"
        every = (plain_answer(self.instance, rule, (state,), v) is True for v in rule.signature.arguments(state))
        if self._possible(here, f"holds {rule.name}") != all(every):
            yield f"{rule.name}: z3 does not agree whether it holds in {state!r}"

    def _step_property(self, rule: Rule, state: Any, here: str, steps: list[Any]) -> Iterator[str]:
        for after in steps:
            try:
                if rule.kind == "implements":
                    plain = self.instance.refinements[rule.name].allows(state, after)
                else:
                    plain = self.instance.holds(rule, state, after)
            except Exception:
                plain = False
            there = self._say(defined(self.after, lift(after), self.rules.domain))
            if self._possible(here, there, f"holds {rule.name}") != plain:
                yield f"{rule.name}: z3 does not agree on the step from {state!r} to {after!r}"


def _equal(rule: Rule, arguments: Arguments, values: tuple[Any, ...]) -> Truth:
    return all_of(equal(arguments[n], lift(v)) for n, v in zip(rule.signature.names, values, strict=True))
