"""Finite structures: what each sort and symbol is in one state, and whether a formula is true there, by plain Python.

Nothing here depends on a solver: a counterexample that one has found, and a state of a Spec, are judged by this file.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, product
from typing import Any

from mcheck.spec.errors import SpecError
from mcheck.spec.relational.formulas import And, Equal, Exists, Forall, Formula, Holds, Iff, Not, Or
from mcheck.spec.relational.sorts import Sort, SortType, Symbol, Variable, sort_of
from mcheck.spec.relational.symbols import Update
from mcheck.spec.relational.system import Action, Sentence

Element = Hashable
Table = Mapping[tuple[Element, ...], Element]


@dataclass(frozen=True)
class Structure:
    """The elements of each sort (in order, where it has one), and for each symbol its table.

    The table of a relation maps the tuples it holds of to True, that of a function maps all arguments to values.
    """

    universe: Mapping[SortType, tuple[Element, ...]]
    tables: Mapping[Symbol, Table]

    def table(self, symbol: Symbol) -> Table:
        """The table of a symbol; that of an order is the order of the elements."""
        known = self.tables.get(symbol)
        if known is not None:
            return known
        if symbol.range is None and len(symbol.domain) == 2 and symbol is symbol.domain[0].order:
            elements = self.universe[symbol.domain[0]]
            return {(a, b): True for i, a in enumerate(elements) for b in elements[i:]}
        if symbol.range is None:
            return {}
        raise SpecError(f"{symbol.name}: the structure gives it no value")

    @property
    def contents(self) -> Hashable:
        """Elements and tables, to be told apart by hash: equal for structures that are `same_as` each other."""
        held = frozenset((symbol, frozenset(table.items())) for symbol, table in self.tables.items() if table)
        return frozenset(self.universe.items()), held

    def same_as(self, other: Structure) -> bool:
        """Whether both have the same elements and tables."""
        symbols = {*self.tables, *other.tables}
        return self.universe == other.universe and all(self.table(s) == other.table(s) for s in symbols)

    def assignments(self, parameters: tuple[Any, ...]) -> Iterator[tuple[Element, ...]]:
        """All values of the parameters."""
        return product(*(self.universe[sort_of(p)] for p in parameters))


def truth(formula: Formula, structure: Structure, parameters: tuple[Any, ...] = (), values: Any = ()) -> bool:
    """Whether the formula is true in the structure, its free variables being `parameters` with these values.

    Cost: for each quantifier, the size of its sorts; the answer is known as soon as one element decides.
    """
    return _compiled(formula, parameters)(structure, values)


def falsifying(sentence: Sentence, structure: Structure) -> tuple[Element, ...] | None:
    """The first values of the parameters for which the sentence is false, or None."""
    if truth(sentence.formula, structure):
        return None
    return next(
        v
        for v in structure.assignments(sentence.parameters)
        if not truth(sentence.body, structure, sentence.parameters, v)
    )


def enabled(action: Action, structure: Structure, values: tuple[Element, ...]) -> bool:
    """Whether all guards of the action are true for these values of its parameters."""
    return all(truth(g.formula, structure, action.parameters, values) for g in action.guards)


def enabling(action: Action, structure: Structure) -> Iterator[tuple[Element, ...]]:
    """The values of its parameters for which the action is enabled, in the order of `assignments`.

    A guard is looked at as soon as the parameters that occur in it have values: what is false of the first few is not
    asked again for all values of the others.
    """
    stages = _stages(action)

    def extended(values: tuple[Element, ...]) -> Iterator[tuple[Element, ...]]:
        known = len(values)
        if not all(holds(structure, values) for holds in stages[known]):
            return
        if known == len(action.parameters):
            yield values
            return
        for element in structure.universe[sort_of(action.parameters[known])]:
            yield from extended((*values, element))

    return extended(())


@lru_cache(maxsize=512)
def _stages(action: Action) -> tuple[tuple[Callable[[Structure, tuple[Element, ...]], bool], ...], ...]:
    """For each number of parameters, the guards in which no later one occurs, and the last of these does."""
    numbers = {p.head: k for k, p in enumerate(action.parameters, start=1)}
    stages: list[list[Callable[[Structure, tuple[Element, ...]], bool]]] = [[] for _ in range(len(numbers) + 1)]
    for guard in action.guards:
        last = max((numbers[v] for v in _occurring(guard.formula) if v in numbers), default=0)
        stages[last].append(_compiled(guard.formula, action.parameters[:last]))
    return tuple(map(tuple, stages))


def _occurring(f: Formula | Sort) -> Iterator[Variable]:
    """The variables in a formula or term, bound ones too."""
    parts: tuple[Formula | Sort, ...] = ()
    match f:
        case Holds(_, parts) | And(parts) | Or(parts):
            pass
        case Equal(left, right) | Iff(left, right):
            parts = (left, right)
        case Not(body) | Forall(_, body) | Exists(_, body):
            parts = (body,)
        case Sort():
            parts = f.arguments
            if isinstance(f.head, Variable):
                yield f.head
    for part in parts:
        yield from _occurring(part)


def successor(action: Action, structure: Structure, values: tuple[Element, ...]) -> Structure:
    """The structure after the action; its guards are not looked at."""
    changed = {u.symbol: _updated(u, structure, action.parameters, values) for u in action.updates}
    return Structure(structure.universe, {**structure.tables, **changed})


def _updated(update: Update, structure: Structure, parameters: tuple[Any, ...], values: tuple[Element, ...]) -> Table:
    if update.body is None:
        at = tuple(_value(t, structure, parameters, values) for t in update.at)
        return {**structure.table(update.symbol), at: _value(update.value, structure, parameters, values)}
    compiled = _compiled(update.body, (*parameters, *update.parameters))
    return {row: True for row in structure.assignments(update.parameters) if compiled(structure, (*values, *row))}


def _value(term: Sort, structure: Structure, parameters: tuple[Any, ...], values: tuple[Element, ...]) -> Element:
    if isinstance(term.head, Variable):
        return values[[p.head for p in parameters].index(term.head)]
    arguments = tuple(_value(a, structure, parameters, values) for a in term.arguments)
    return structure.table(term.head)[arguments]


# ---------------------------------------------------------------------- compilation


def _compiled(formula: Formula, parameters: tuple[Any, ...]) -> Callable[[Structure, tuple[Element, ...]], bool]:
    return _compile(formula, tuple(p.head for p in parameters))


@lru_cache(maxsize=4096)
def _compile(formula: Formula, parameters: tuple[Variable, ...]) -> Callable[[Structure, tuple[Element, ...]], bool]:
    """The formula as a Python expression: a link is checked on every transition, a tree walk would be ten times slower."""
    writer = _Writer({p: f"p[{k}]" for k, p in enumerate(parameters)})
    expression = writer.formula(formula)
    lines = ["def holds(s, p):"]
    lines += [f"    t{k} = s.table(symbols[{k}])" for k in range(len(writer.symbols))]
    lines += [f"    u{k} = s.universe[sorts[{k}]]" for k in range(len(writer.sorts))]
    lines += [f"    return {expression}"]
    scope: dict[str, Any] = {"symbols": list(writer.symbols), "sorts": list(writer.sorts)}
    exec(compile("\n".join(lines), "<formula>", "exec"), scope)
    return scope["holds"]  # type: ignore[no-any-return]


class _Writer:
    """Writes a formula as a Python expression; numbers the symbols and sorts it meets."""

    def __init__(self, names: dict[Variable, str]) -> None:
        self.names = names
        self._numbers = count()
        """A formula may stand in several places: its variables get another name in each."""
        self.symbols: dict[Symbol, int] = {}
        self.sorts: dict[SortType, int] = {}

    def formula(self, f: Formula) -> str:
        match f:
            case Holds(symbol, terms):
                return f"({self._row(terms)} in {self._table(symbol)})"
            case Equal(left, right):
                return f"({self.term(left)} == {self.term(right)})"
            case Not(body):
                return f"(not {self.formula(body)})"
            case And(parts):
                return f"({' and '.join(map(self.formula, parts)) or 'True'})"
            case Or(parts):
                return f"({' or '.join(map(self.formula, parts)) or 'False'})"
            case Iff(left, right):
                return f"({self.formula(left)} == {self.formula(right)})"
            case Forall(variables, body):
                return self._quantified("all", variables, body)
            case Exists(variables, body):
                return self._quantified("any", variables, body)
        raise AssertionError(f)

    def term(self, t: Sort) -> str:
        if isinstance(t.head, Variable):
            return self.names[t.head]
        return f"{self._table(t.head)}[{self._row(t.arguments)}]"

    def _row(self, terms: tuple[Sort, ...]) -> str:
        return f"({''.join(f'{self.term(t)}, ' for t in terms)})"

    def _table(self, symbol: Symbol) -> str:
        return f"t{self.symbols.setdefault(symbol, len(self.symbols))}"

    def _quantified(self, word: str, variables: tuple[Any, ...], body: Formula) -> str:
        ranges = []
        for v in variables:
            self.names[v.head] = f"v{next(self._numbers)}"
            ranges.append(f"for {self.names[v.head]} in u{self.sorts.setdefault(sort_of(v), len(self.sorts))}")
        return f"{word}({self.formula(body)} {' '.join(ranges)})"
