"""A counterexample to induction: the smallest state that satisfies all conjuncts, and a step after which one is false.

It is a trace only if the state before is reachable.  If it is not, the conjuncts say too little about reachable states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from mcheck.checker.symbolic.induction import Deadline, Query, action_question, initial_question
from mcheck.checker.symbolic.solver import Question, negation
from mcheck.spec import InternalError
from mcheck.spec.relational.sorts import SortType, Symbol, sort_of
from mcheck.spec.relational.structures import Element, Structure, enabled, falsifying, successor, truth
from mcheck.spec.relational.system import Action, Sentence, System

MOST = 5
"""The largest sort that is tried; whoever needs more would not be looked at."""


@dataclass(frozen=True)
class CounterexampleToInduction:
    """A structure that satisfies axioms and conjuncts, a step, and the conjunct that is false afterwards.

    `action` is None where an initial state breaks the conjunct: `before` and `after` are that state.
    """

    action: Action | None
    values: tuple[Element, ...]
    conjunct: Sentence
    falsified_by: tuple[Element, ...]
    """The values of the conjunct's parameters for which it is false."""
    before: Structure
    after: Structure


def counterexample(system: System, query: Query, deadline: Deadline) -> CounterexampleToInduction | None:
    """The smallest answer to a query that has one; None if there is none of at most MOST elements a sort, in time.

    Smallest is: the fewest elements in all; then the parameters that come first, and no tuple that could be left out.
    """
    conjunct = next(c for c in system.conjuncts if c.name == query.conjunct)
    action = next((a for a in system.actions if a.name == query.action), None)
    question = initial_question(system) if action is None else action_question(system, action)
    claim = question.holds(conjunct.formula) if action is None else question.holds_after(conjunct.formula)
    question.add(negation(claim))
    sizes = _smallest_universe(system, question, deadline)
    if sizes is None:
        return None
    names = names_of_elements(sizes)
    model = _Model(question, names, action.parameters if action else (), deadline)
    if model.found is None:
        return None
    model.decide(system)
    before, after, values = model.found
    falsified = falsifying(conjunct, after)
    found = CounterexampleToInduction(action, values, conjunct, falsified or (), before, after)
    _judge(system, found, falsified is not None)
    return found


def names_of_elements(sizes: Mapping[SortType, int]) -> dict[SortType, tuple[str, ...]]:
    """n0, n1, … for the elements of Node: the number behind as many letters as tell the sorts apart."""
    names = {s: s.__name__.lower() for s in sizes}
    short = {
        s: next(name[:k] for k in range(1, len(name) + 1) if _tells_apart(name[:k], names.values()))
        for s, name in names.items()
    }
    return {s: tuple(f"{short[s]}{k}" for k in range(size)) for s, size in sizes.items()}


def _tells_apart(prefix: str, names: Iterable[str]) -> bool:
    return sum(n.startswith(prefix) for n in names) == 1 or prefix in names


# ---------------------------------------------------------------------- the universe


def _smallest_universe(system: System, question: Question, deadline: Deadline) -> dict[SortType, int] | None:
    """The sizes of a smallest universe in which the question has an answer, sorts in the order of the file.

    If there is no answer with so many elements, there is none with fewer: sizes below a refuted one are not asked.
    """
    limits = {(s, k): question.assumption(question.at_most(s, k)) for s in system.sorts for k in range(1, MOST + 1)}
    refuted: list[tuple[int, ...]] = []

    def answer(sizes: tuple[int, ...]) -> str:
        if any(all(k <= r for k, r in zip(sizes, larger, strict=True)) for larger in refuted):
            return "unsat"
        at_most = [limits[s, k] for s, k in zip(system.sorts, sizes, strict=True)]
        found = question.ask(question.premises, deadline.left(), *at_most).answer
        if found == "unsat":
            refuted.append(sizes)
        return found

    for cap in range(1, MOST + 1):
        if answer((cap,) * len(system.sorts)) == "sat":
            break
    for sizes in _by_total(len(system.sorts)):
        if deadline.left() <= 0:
            return None
        if answer(sizes) == "sat":
            return dict(zip(system.sorts, sizes, strict=True))
    return None


def _by_total(sorts: int) -> Iterator[tuple[int, ...]]:
    """All sizes up to MOST, the fewest elements in all first."""
    yield from sorted(product(range(1, MOST + 1), repeat=sorts), key=lambda sizes: (sum(sizes), max(sizes), sizes))


class _Model:
    """The one answer that is shown among all of a universe: everything in it is decided in a fixed order.

    So it does not depend on where the solver looked first.
    """

    def __init__(
        self,
        question: Question,
        names: dict[SortType, tuple[str, ...]],
        parameters: tuple[Any, ...],
        deadline: Deadline,
    ) -> None:
        self.question, self.names, self.parameters, self.deadline = question, names, parameters, deadline
        for sort, elements in names.items():
            question.add(question.at_most(sort, len(elements)))
            question.add(question.all_different(sort, len(elements)))
        self.found: tuple[Structure, Structure, tuple[Element, ...]] | None = None
        self._look(())

    def decide(self, system: System) -> None:
        """First the parameters, the smallest numbers that can be; then the relations, with no tuple that could be left
        out; then the functions."""
        for position, p in enumerate(self.parameters):
            self._decide_parameter(position, p)
        for symbol in system.symbols:
            for row in product(*(range(len(self.names[s])) for s in symbol.domain)):
                self._decide(symbol, row)

    def _decide_parameter(self, position: int, parameter: Any) -> None:
        names = self.names[sort_of(parameter)]
        wishes = [self.question.is_element(parameter, k) for k in range(len(names))]
        self._first(wishes, lambda: names.index(str(self._answer[2][position])))

    def _decide(self, symbol: Symbol, row: tuple[int, ...]) -> None:
        """The value of a symbol at the elements of these numbers."""
        key = tuple(self.names[s][k] for s, k in zip(symbol.domain, row, strict=True))
        if symbol.range is None:
            atom = self.question.atom(symbol, row)
            self._first([negation(atom), atom], lambda: key in self._answer[0].table(symbol))
        else:
            names = self.names[symbol.range]
            wishes = [self.question.value_is(symbol, row, k) for k in range(len(names))]
            self._first(wishes, lambda: names.index(str(self._answer[0].table(symbol)[key])))

    @property
    def _answer(self) -> tuple[Structure, Structure, tuple[Element, ...]]:
        assert self.found is not None
        return self.found

    def _first(self, wishes: Sequence[Any], met: Callable[[], int]) -> None:
        """From now on the first of these is true that can be.  `met` is the number of the one that the last answer meets:
        whether that can be need not be asked.
        """
        for number, wish in enumerate(wishes):
            if number == met():
                self.question.add(wish)
                return
            literal = self.question.assumption(wish)
            if self._look([literal]):
                self.question.add(literal)
                return

    def _look(self, literals: Iterable[Any]) -> bool:
        if self.question.ask(self.question.premises, self.deadline.left(), *literals).answer != "sat":
            return False
        self.found = self.question.structures(self.names, self.parameters)
        return True


def _judge(system: System, found: CounterexampleToInduction, falsified: bool) -> None:
    """Evaluate everything by plain Python: InternalError if solver and evaluation differ."""
    wrong = [a.name for a in system.axioms if not truth(a.formula, found.before)]
    if found.action is None:
        wrong += [i.name for i in system.initial if not truth(i.formula, found.before)]
    else:
        wrong += [c.name for c in system.conjuncts if not truth(c.formula, found.before)]
        if not enabled(found.action, found.before, found.values):
            wrong.append(f"guards of {found.action.name}")
        if not successor(found.action, found.before, found.values).same_as(found.after):
            wrong.append(f"updates of {found.action.name}")
    if not falsified:
        wrong.append(f"{found.conjunct.name} afterwards")
    if wrong:
        raise InternalError(f"solver and evaluation differ on a counterexample to induction: {', '.join(wrong)}")
