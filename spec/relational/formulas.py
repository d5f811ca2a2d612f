"""Formulas of first-order logic, and the connectives that make them: `&`, `|`, `~`, implies, iff, any, all.

A formula is a tree of the nodes below.  It has two readers: the truth in a finite structure (`structures.py`) and the
translation for a solver (`checker/symbolic/solver.py`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from mcheck.spec.errors import LanguageError

if TYPE_CHECKING:
    from mcheck.spec.relational.sorts import Sort, Symbol


class Formula:
    """Something that is true or false once a structure says what its symbols and free variables are."""

    __slots__ = ()

    def __and__(self, other: Formula) -> Formula:
        return And((self, checked(other, "&")))

    def __or__(self, other: Formula) -> Formula:
        return Or((self, checked(other, "|")))

    def __invert__(self) -> Formula:
        return Not(self)

    def __bool__(self) -> NoReturn:
        raise LanguageError(
            "a formula is not true or false while it is written down: "
            "use & for and, | for or, ~ for not, implies(p, q) for if"
        )


@dataclass(frozen=True, eq=False)
class Holds(Formula):
    """The relation holds of these terms."""

    symbol: Symbol
    terms: tuple[Sort, ...]


@dataclass(frozen=True, eq=False)
class Equal(Formula):
    """The two terms are the same element."""

    left: Sort
    right: Sort


@dataclass(frozen=True, eq=False)
class Not(Formula):
    body: Formula


@dataclass(frozen=True, eq=False)
class And(Formula):
    """All parts are true; true where there is none."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class Or(Formula):
    """Some part is true; false where there is none."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class Iff(Formula):
    """Both are true, or both are false."""

    left: Formula
    right: Formula


@dataclass(frozen=True, eq=False)
class Forall(Formula):
    """The body is true whatever elements the variables are."""

    variables: tuple[Sort, ...]
    body: Formula


@dataclass(frozen=True, eq=False)
class Exists(Formula):
    """The body is true for some elements."""

    variables: tuple[Sort, ...]
    body: Formula


TRUE, FALSE = And(()), Or(())


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """If the premise is true, so is the conclusion."""
    return Or((Not(checked(premise, "implies")), checked(conclusion, "implies")))


def iff(left: Formula, right: Formula) -> Formula:
    """Both are true, or neither."""
    return Iff(checked(left, "iff"), checked(right, "iff"))


def forall(variables: Iterable[Sort], body: Formula) -> Formula:
    """The body for all of the variables; the body alone if there are none."""
    bound = tuple(variables)
    return Forall(bound, body) if bound else body


def all(body: Iterable[Formula]) -> Formula:
    """`all(self.vote(n, r, v) for n in Node)`: true of every element, of every sort that is ranged over."""
    return Forall(*_taken_apart("all", body))


def any(body: Iterable[Formula]) -> Formula:
    """`any(self.member(n, q) for n in Node)`: true of some element."""
    return Exists(*_taken_apart("any", body))


def checked(value: Any, where: str) -> Formula:
    """The value, if it is a formula.  LanguageError otherwise."""
    if not isinstance(value, Formula):
        raise LanguageError(f"{where}: expected a formula, got {value!r}: call a relation, or compare terms with ==")
    return value


# ---------------------------------------------------------------------- generator expressions as quantifiers


_ranging: list[list[Any]] = []
"""The quantifiers that are being written down, innermost last: for each the variables it binds."""


def ranging(variable: Any) -> Iterator[Any]:
    """One variable, that stands for every element; bound by the quantifier around `for variable in Sort`.

    Sound because a body that is run once, with a variable in place of an element, can do nothing but write a formula:
    whatever would depend on the element (a truth value, a hash, a length) is refused.
    """
    if not _ranging:
        raise LanguageError(f"for … in {type(variable).__name__}: write it inside any(…) or all(…)")
    _ranging[-1].append(variable)
    yield variable


def _taken_apart(kind: str, body: Iterable[Formula]) -> tuple[tuple[Any, ...], Formula]:
    """The variables of a generator expression, named as in the text, and the formula it has for them."""
    if not isinstance(body, Generator):
        raise LanguageError(f"{kind}: give it a generator expression: {kind}(… for n in Node)")
    names: tuple[str, ...] = body.gi_code.co_varnames[1:]  # type: ignore[attr-defined]  # of the genexpr: .0, then n, r, …
    _ranging.append([])
    try:
        formula = checked(next(body, None), kind)
    finally:
        variables = _ranging.pop()
    if not variables:
        raise LanguageError(f"{kind}: range over a sort: {kind}(… for n in Node)")
    for name, variable in zip(names, variables, strict=False):
        variable.head.name = name
    return tuple(variables), formula


# ---------------------------------------------------------------------- other variables


def substituted(f: Formula, terms: Mapping[Any, Any]) -> Formula:
    """The formula with terms in place of its free variables."""

    def inside(t: Any) -> Any:
        return terms[t.head] if t.head in terms else t.with_arguments(tuple(map(inside, t.arguments)))

    match f:
        case Holds(symbol, row):
            return Holds(symbol, tuple(map(inside, row)))
        case Equal(left, right):
            return Equal(inside(left), inside(right))
        case Not(body):
            return Not(substituted(body, terms))
        case And(parts):
            return And(tuple(substituted(p, terms) for p in parts))
        case Or(parts):
            return Or(tuple(substituted(p, terms) for p in parts))
        case Iff(left, right):
            return Iff(substituted(left, terms), substituted(right, terms))
        case Forall(variables, body):
            return Forall(variables, substituted(body, terms))
        case Exists(variables, body):
            return Exists(variables, substituted(body, terms))
    raise AssertionError(f)
