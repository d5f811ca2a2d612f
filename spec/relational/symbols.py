"""Symbols: what a state is made of.  Relations and functions that actions change, and fixed ones that they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from mcheck.spec.errors import LanguageError
from mcheck.spec.relational.formulas import And, Equal, Formula, Holds, Not, Or, checked, forall
from mcheck.spec.relational.sorts import Sort, SortType, Symbol, term, variable

S = TypeVar("S", bound=Sort)


@dataclass(frozen=True, eq=False)
class Update:
    """What one symbol is after an action: for all `parameters`, it holds of them (has the value) where `body` says so.

    A relation R becomes {parameters | body}.  A function f changes at `at` to `value` and nowhere else.
    """

    symbol: Symbol
    parameters: tuple[Any, ...] = ()
    body: Formula | None = None
    at: tuple[Any, ...] = ()
    value: Any = None


class Relation(Symbol):
    """`self.vote(n, r, v)` is a formula; `add`, `remove` and `becomes` are updates."""

    def __call__(self, *terms: Sort) -> Formula:
        return Holds(self, self.admit(terms))

    def add(self, *terms: Sort) -> Update:
        """It holds of these terms too."""
        return self._where(self.admit(terms), lambda held, here: Or((held, here)))

    def remove(self, *terms: Sort) -> Update:
        """It holds of these terms no longer."""
        return self._where(self.admit(terms), lambda held, here: And((held, Not(here))))

    def becomes(self, condition: Callable[..., Formula]) -> Update:
        """It holds where the condition does: `self.left.becomes(lambda m, r: …)`, in terms of the state before."""
        parameters = self._parameters()
        return Update(self, parameters, checked(condition(*parameters), f"{self.name}.becomes"))

    def _where(self, terms: tuple[Any, ...], joined: Callable[[Formula, Formula], Formula]) -> Update:
        parameters = self._parameters()
        here = And(tuple(Equal(p, t) for p, t in zip(parameters, terms, strict=True)))
        return Update(self, parameters, joined(Holds(self, parameters), here))

    def _parameters(self) -> tuple[Any, ...]:
        return tuple(variable(sort, f"x{k}") for k, sort in enumerate(self.domain))


class Function(Symbol):
    """`self.electorate(t)` is a term; `set` is an update."""

    def __call__(self, *terms: Sort) -> Any:
        assert self.range is not None
        return term(self.range, self, self.admit(terms))

    def set(self, *terms: Sort) -> Update:
        """At all but the last of these terms the value is the last one."""
        *at, value = terms
        if type(value) is not self.range:
            raise LanguageError(f"{self.name}: the value must be a {self.range.__name__ if self.range else '?'}")
        return Update(self, at=self.admit(tuple(at)), value=value)


def relation(*sorts: SortType) -> Relation:
    """A relation that actions change: `vote = relation(Node, Round, Value)`."""
    return Relation("", _sorts("relation", sorts), None, rigid=False)


@overload
def fixed(*sorts: SortType) -> Relation: ...
@overload
def fixed(*sorts: SortType, to: SortType) -> Function: ...
def fixed(*sorts: SortType, to: SortType | None = None) -> Relation | Function:
    """A relation that no action changes: `member = fixed(Node, Quorum)`; a function: `primary = fixed(View, to=Node)`."""
    if to is None:
        return Relation("", _sorts("fixed", sorts), None, rigid=True)
    return Function("", _sorts("fixed", (*sorts, to))[:-1], to, rigid=True)


def function(*sorts: SortType, to: SortType) -> Function:
    """A function that actions change: `electorate = function(Term, to=Quorum)`.

    Often a ghost that remembers a witness, in place of an existential quantifier.
    """
    return Function("", _sorts("function", (*sorts, to))[:-1], to, rigid=False)


def individual(sort: type[S]) -> S:
    """An element with a name, the same in all states: `start = individual(Round)`."""
    return term(sort, Symbol("", (), _sorts("individual", (sort,))[0], rigid=True))  # type: ignore[no-any-return]


def nothing(*relations: Relation) -> Formula:
    """None of the relations holds of anything."""
    return And(tuple(_empty(r) for r in relations))


def _empty(r: Relation) -> Formula:
    parameters = r._parameters()
    return forall(parameters, Not(Holds(r, parameters)))


def _sorts(word: str, given: tuple[Any, ...]) -> tuple[SortType, ...]:
    for sort in given:
        if not isinstance(sort, SortType):
            raise LanguageError(f"{word}: expected sorts (class Node(Sort)), got {sort!r}")
    return given
