"""Behaviours of a few steps as one formula: for each state its variables, for each step the action and its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mcheck.checker.smt.questions import Question
from mcheck.checker.smt.rules import Arguments, Rules
from mcheck.checker.smt.shapes import decoded, defined
from mcheck.checker.smt.terms import Number, Truth, all_of, any_of, both, implied, less, negation, number, same_number
from mcheck.checker.smt.values import Copies, Entries, Fields, Items, Kinds, Members, Option, Value, equal, lift
from mcheck.spec import Rule

Move = tuple[Rule, tuple[Any, ...]]
"""An action and its arguments."""


class Unrolling:
    """States 0, 1, 2, … and the steps between them.

    A formula is made once, of a state, the state after it and the step; what it says at another place has other variables.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules, self.question = rules, Question()
        self.actions = rules.instance.actions
        new = self._before, self._after, self._step = [self.question.variables(p) for p in ("s", "t", "a")]
        self.state, self.next = rules.state(new[0]), rules.state(new[1])
        self.action = self._step.number("action", 0, len(self.actions) - 1)
        self.arguments: list[Arguments] = []
        steps, fails = [], []
        for k, action in enumerate(self.actions):
            arguments, allowed = rules.chosen(action, self.state, self._step)
            taken = rules.taken(action, self.state, self.next, arguments)
            self.arguments.append(arguments)
            steps.append(implied(self.is_action(k), both(allowed, taken.step)))
            fails.append(all_of((self.is_action(k), allowed, taken.fails)))
        self.step, self.fails = all_of(steps), any_of(fails)
        self._typeok, self._ranges = all_of(self._before.required), all_of(self._step.required)
        self.states = 0
        self.add_state()

    def is_action(self, k: int) -> Truth:
        """That the step is one of this action."""
        return same_number(self.action, number(k))

    # ------------------------------------------------------------------ places

    def at(self, k: int, formula: Truth) -> Truth:
        """What the formula says of state k, and of the step from it to state k + 1."""
        return self.question.renamed(formula, self._names(k))

    def _names(self, k: int) -> list[tuple[Any, Any]]:
        return [
            *self._before.renamed(f"s{k}"),
            *self._after.renamed(f"s{k + 1}"),
            *self._step.renamed(f"a{k}"),
        ]

    def add_state(self) -> None:
        """One state more, a value of its domain, and the arguments that a step from it might have."""
        self.question.add(self.at(self.states, self._typeok), self.at(self.states, self._ranges))
        self.states += 1

    def add_step(self) -> None:
        """One state more, and the step to it from the last."""
        self.add_state()
        self.question.add(self.at(self.states - 2, self.step))

    def is_one_of(self, states: Iterable[Any]) -> Truth:
        """That the state is one of these."""
        return any_of(defined(self.state, lift(s), self.rules.domain) for s in states)

    def differ(self, j: int, k: int) -> Truth:
        """That states j and k are different."""
        names = [*self._before.renamed(f"s{j}"), *self._after.renamed(f"s{k}")]
        return negation(self.question.renamed(equal(self.state, self.next), names))

    def absences(self, k: int) -> list[Truth]:
        """For everything that state k may have or not, a member, a copy, a value, that it has it not."""
        return [self.at(k, negation(there)) for there in _presences(self.state)]

    # ------------------------------------------------------------------ models

    def read_state(self, k: int) -> Any:
        """State k in the model of the last `sat`."""
        return decoded(self.state, self.rules.domain, self._asking(k))

    def read_move(self, k: int) -> Move:
        """The action and arguments of the step from state k in that model."""
        ask = self._asking(k)
        chosen = ask(self.action)
        action, values = self.actions[chosen], self.arguments[chosen]
        return action, tuple(decoded(values[p.name], p.domain, ask) for p in action.signature.parameters)

    def _asking(self, k: int) -> Any:
        names = self._names(k)

        def ask(part: Truth | Number) -> Any:
            if isinstance(part, Number):
                renamed = part if part.known else Number(self.question.renamed(part.term, names), part.lo, part.hi)
                return self.question.value(renamed)
            return self.question.value(self.question.renamed(part, names))

        return ask


def _presences(value: Value) -> Iterator[Truth]:
    """Whether each part that need not be there is there; from the outside inwards."""
    if isinstance(value, Fields):
        parts: list[Value] = list(value.fields.values())
    elif isinstance(value, Kinds):
        parts = [record for _, record in value.kinds.values()]
    elif isinstance(value, Option):
        yield value.present
        parts = [value.value]
    elif isinstance(value, Items):
        yield from (value.inside(k) for k in reversed(range(len(value.items))))
        parts = []
    elif isinstance(value, Members):
        yield from (guard for guard, _ in reversed(value.members.values()))
        parts = []
    elif isinstance(value, Copies):
        yield from (less(number(0), n) for n, _ in reversed(value.members.values()))
        parts = []
    else:
        parts = list(value.entries) if isinstance(value, Entries) else []
    for part in parts:
        yield from _presences(part)
