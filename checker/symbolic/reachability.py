"""Whether the state before a counterexample to induction is reachable: by looking at every state over its elements.

Over a finite universe, with the fixed symbols as they are in the counterexample, a proof has finitely many states.  They
are found by its own actions, evaluated in plain Python; the solver only lists the initial ones.  The answer is exact for
these elements and says nothing of larger universes: there, a state that looks the same on these elements may be reachable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from mcheck.checker.symbolic.counterexample import CounterexampleToInduction, names_of_elements
from mcheck.checker.symbolic.induction import Deadline, initial_question
from mcheck.checker.symbolic.solver import Question, negation
from mcheck.spec.relational.sorts import SortType
from mcheck.spec.relational.structures import Element, Structure, enabling, successor, truth
from mcheck.spec.relational.system import Action, System

MOST_STATES = 5_000
"""So many states are looked at, and no more: a second or two for the larger proofs."""

Step = tuple[Action, tuple[Element, ...]]


@dataclass(frozen=True)
class Reachability:
    """`answer` is `reachable`, `unreachable`, or `not found` where not all states could be looked at.

    `steps` lead from an initial state to the state before, and to the conjunct that is false after it.  `falsified` are
    steps after which the conjunct is false, if there are any: then it is no invariant, whether or not that state is
    reachable.
    """

    answer: str
    states: int
    steps: tuple[Step, ...] = ()
    falsified: tuple[Step, ...] | None = None


def reachability(system: System, cti: CounterexampleToInduction, deadline: Deadline) -> Reachability:
    """Whether the state before is reachable, with the fewest steps; for an initial state, that it is one."""
    if cti.action is None:
        return Reachability("reachable", 1, (), ())
    search = ModelStates(system, cti.before)
    wanted, falsified = search.key(cti.before), None
    for structure in search.states(deadline):
        key = search.key(structure)
        if falsified is None and not truth(cti.conjunct.formula, structure):
            falsified = search.steps_to(key)
        if key == wanted:
            steps = (*search.steps_to(key), (cti.action, cti.values))
            return Reachability("reachable", len(search.reached), steps, falsified or steps)
    answer = "unreachable" if search.complete else "not found"
    return Reachability(answer, len(search.reached), falsified=falsified)


def some_states(system: System, sizes: Mapping[SortType, int], most: int = 500) -> list[Structure]:
    """The first states over a universe of these sizes, with the first fixed tables that the solver comes upon."""
    names = names_of_elements(sizes)
    deadline = Deadline(60)
    example = next(initial_structures(system, Structure(names, {}), deadline), None)
    return [] if example is None else list(islice(ModelStates(system, example).states(deadline), most))


class ModelStates:
    """The states of a proof over the universe and with the fixed tables of one structure, breadth first."""

    def __init__(self, system: System, example: Structure) -> None:
        self.system, self.example = system, example
        self.symbols = [s for s in system.symbols if not s.rigid]
        self.reached: dict[Any, tuple[Any, Step] | None] = {}
        self.complete = False

    def key(self, structure: Structure) -> Any:
        """What tells the state from the others over the same universe."""
        return tuple(frozenset(structure.table(s).items()) for s in self.symbols)

    def states(self, deadline: Deadline) -> Iterator[Structure]:
        """Every reachable state, until there are too many or it takes too long; `complete` says so afterwards."""
        queue: list[Structure] = []
        for structure in initial_structures(self.system, self.example, deadline):
            if structure is None or len(queue) >= MOST_STATES:
                return
            self.reached[self.key(structure)] = None
            queue.append(structure)
        for structure in queue:  # grows while it is read
            yield structure
            if deadline.left() <= 0:
                return
            for step, after in self.successors(structure):
                key = self.key(after)
                if key in self.reached:
                    continue
                if len(queue) >= MOST_STATES:
                    return
                self.reached[key] = (self.key(structure), step)
                queue.append(after)
        self.complete = True

    def successors(self, structure: Structure) -> Iterator[tuple[Step, Structure]]:
        for action in self.system.actions:
            for values in enabling(action, structure):
                yield (action, values), successor(action, structure, values)

    def steps_to(self, key: Any) -> tuple[Step, ...]:
        steps = []
        while (link := self.reached[key]) is not None:
            key, step = link
            steps.append(step)
        return tuple(reversed(steps))


def initial_structures(system: System, example: Structure, deadline: Deadline) -> Iterator[Structure | None]:
    """Every initial state over the universe and the fixed tables that `example` has; None at the end if the solver gives up."""
    question = initial_question(system)
    names = dict(example.universe)
    for sort, elements in names.items():
        question.add(question.at_most(sort, len(elements)))
        question.add(question.all_different(sort, len(elements)))
    for symbol in system.symbols:
        if symbol in example.tables and symbol.rigid:
            question.add(question.conjunction(_rows(question, names, symbol, example)))
    while (answer := question.ask(question.premises, deadline.left()).answer) == "sat":
        structure, _, _ = question.structures(names, ())
        yield structure
        question.add(negation(question.conjunction(_literals(question, names, system, structure))))
    if answer == "unknown":
        yield None


def _literals(question: Question, names: dict[SortType, Any], system: System, structure: Structure) -> Iterator[Any]:
    for symbol in system.symbols:
        if not symbol.rigid:
            yield from _rows(question, names, symbol, structure)


def _rows(question: Question, names: dict[SortType, Any], symbol: Any, structure: Structure) -> Iterator[Any]:
    """That a symbol has the table that it has in the structure."""
    table = structure.table(symbol)
    for numbers in product(*(range(len(names[s])) for s in symbol.domain)):
        row = tuple(names[s][k] for s, k in zip(symbol.domain, numbers, strict=True))
        if symbol.range is not None:
            yield question.value_is(symbol, numbers, names[symbol.range].index(table[row]))
        else:
            atom = question.atom(symbol, numbers)
            yield atom if row in table else negation(atom)
