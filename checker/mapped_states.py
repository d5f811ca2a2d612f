"""The reachable states of a Spec as structures of a Proof: where a state of a proof occurs, and what of it is false.

The formulas are evaluated by plain Python; no solver is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any

from mcheck.checker.traces import Link as Reached
from mcheck.checker.traces import behavior_to
from mcheck.spec import Behavior, Cut, Instance
from mcheck.spec.relational import Link, Sentence, Structure, truth
from mcheck.spec.relational.sorts import SortType, Symbol
from mcheck.spec.relational.structures import Element


class MappedStates:
    """The states of an instance, breadth first, each with the structure that the link gives it.

    At most `most` of them; `complete` says, once all have been taken, whether these are all (inside the bounds).  What
    is taken must be taken inside `instance.active()`.
    """

    def __init__(self, instance: Instance, link: Link, most: int) -> None:
        self.instance, self.link, self.most = instance, link, most
        self.reached: dict[Any, Reached | None] = {}
        self.complete = False
        self._numbers = {a.name: k for k, a in enumerate(instance.actions)}

    def __iter__(self) -> Iterator[tuple[Any, Structure]]:
        queue: list[Any] = []
        for state in self.instance.initial:
            self.reached[state] = None
            queue.append(state)
        for state in queue:  # grows while it is read
            yield state, self.link.structure(self.instance.spec, state)
            for rule, arguments, after in self.instance.transitions(state):
                if isinstance(after, Cut) or after in self.reached:
                    continue
                if len(self.reached) >= self.most:
                    return
                self.reached[after] = (state, self._numbers[rule.name], arguments)
                queue.append(after)
        self.complete = True

    def successors(self, state: Any) -> Iterator[tuple[tuple[int, tuple[Any, ...]], Structure]]:
        """Each step out of a state, as (number of the action, arguments), and the structure after it."""
        for rule, arguments, after in self.instance.transitions(state):
            if not isinstance(after, Cut):
                yield (self._numbers[rule.name], arguments), self.link.structure(self.instance.spec, after)

    def behavior(self, state: Any, last: tuple[int, tuple[Any, ...]] | None = None) -> Behavior:
        """How a state was first reached, and the step `last` out of it."""
        return behavior_to(self.instance, self.reached, state, last)


# ---------------------------------------------------------------------- which conjuncts are false


@dataclass(frozen=True)
class Falsified:
    """For each conjunct that is false in some state, by its name, the shortest behaviour to one.

    `states` is how many were looked at; `complete` whether these are all of the instance.
    """

    behaviors: Mapping[str, Behavior]
    states: int
    complete: bool


def falsified(instance: Instance, link: Link, sentences: Iterable[Sentence], most_states: int) -> Falsified:
    """Which of the sentences some reachable state makes false.  Stops when all of them are, or after so many states."""
    left = list(sentences)
    found: dict[str, Behavior] = {}
    with instance.active():
        states = MappedStates(instance, link, most_states)
        seen = 0
        for state, structure in states:
            seen += 1
            for sentence in [s for s in left if not truth(s.formula, structure)]:
                left.remove(sentence)
                found[sentence.name] = states.behavior(state)
            if not left:
                break
    return Falsified(found, seen, states.complete)


# ---------------------------------------------------------------------- where a structure occurs


@dataclass(frozen=True)
class Occurrence:
    """Whether a step of a proof is one that an instance takes.

    `behavior` leads to a state that contains the structure before the step: leaving out what the proof's universe does
    not have, the two are isomorphic.  It ends with a step to a state that contains the structure after it, and in which
    the conjunct is false, if there is one (`falsifies`).  None if there is no such state among the `states` looked at;
    `complete` says whether these are all of the instance.
    """

    instance: Instance
    behavior: Behavior | None
    falsifies: bool
    states: int
    complete: bool


def occurrence(
    instance: Instance, link: Link, before: Structure, after: Structure, conjunct: Sentence, most_states: int
) -> Occurrence | None:
    """The first occurrence of the step, that which falsifies if there is one; None if the instance has no such elements.

    Cost: for each state, a look at the rows of `before` for each embedding of its elements that keeps the fixed symbols.
    """
    with instance.active():
        states = MappedStates(instance, link, most_states)
        images = _Images(before, after)
        if not any(images.within(link.structure(instance.spec, state)) for state in instance.initial):
            return None
        seen, first = 0, None
        for state, structure in states:
            seen += 1
            for here, there in images.within(structure):
                if not here.within(structure):
                    continue
                first = state if first is None else first
                for move, following in states.successors(state):
                    if there.within(following) and not truth(conjunct.formula, following):
                        return Occurrence(instance, states.behavior(state, move), True, seen, False)
        behavior = None if first is None else states.behavior(first)
        return Occurrence(instance, behavior, False, seen, states.complete)


Embedding = dict[SortType, dict[Element, Element]]


class _Images:
    """The structures before and after a step, by each embedding that keeps the symbols that no action changes.

    What these symbols are may differ from one initial state to the other: which members are faulty, say.
    """

    def __init__(self, before: Structure, after: Structure) -> None:
        self.before, self.after = before, after
        self.known: dict[Any, list[tuple[_Image, _Image]]] = {}

    def within(self, large: Structure) -> list[tuple[_Image, _Image]]:
        """The images, of both, that there may be among the elements of a structure."""
        fixed = Structure(large.universe, {s: table for s, table in large.tables.items() if s.rigid}).contents
        if fixed not in self.known:
            self.known[fixed] = [
                (_Image(e, self.before, rigid=False), _Image(e, self.after, rigid=False))
                for e in _embeddings(self.before, large)
                if _Image(e, self.before, rigid=True).within(large)
            ]
        return self.known[fixed]


def _embeddings(small: Structure, large: Structure) -> Iterator[Embedding]:
    """All ways to find the elements of the one among those of the other, in the same order where there is one."""
    choices = []
    for sort, elements in small.universe.items():
        choose = combinations if sort.order is not None else permutations
        choices.append([dict(zip(elements, c, strict=True)) for c in choose(large.universe[sort], len(elements))])
    for chosen in product(*choices):
        yield dict(zip(small.universe, chosen, strict=True))


class _Image:
    """What the tables of a structure say, of the elements that an embedding gives for its own."""

    def __init__(self, embedding: Embedding, structure: Structure, rigid: bool) -> None:
        self.rows: list[tuple[Symbol, dict[tuple[Element, ...], Element | None]]] = []
        for symbol in structure.tables:
            if symbol.rigid == rigid:
                self.rows.append((symbol, self._image(embedding, structure, symbol)))

    def _image(self, embedding: Embedding, structure: Structure, symbol: Symbol) -> dict[tuple[Element, ...], Any]:
        """For each row the value that the other structure must have there: None where a relation must not hold."""
        table = structure.table(symbol)
        rows = {}
        for row in product(*(structure.universe[s] for s in symbol.domain)):
            value = table.get(row)
            seen = tuple(embedding[s][x] for s, x in zip(symbol.domain, row, strict=True))
            rows[seen] = value if symbol.range is None else embedding[symbol.range][value]
        return rows

    def within(self, structure: Structure) -> bool:
        """Whether a structure says the same of these elements."""
        return all(
            structure.table(symbol).get(row) == value for symbol, rows in self.rows for row, value in rows.items()
        )
