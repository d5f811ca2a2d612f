"""Sorts and terms: `class Node(Sort)` is a set of any size, and an instance of it is a term that names an element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

from mcheck.spec.errors import LanguageError
from mcheck.spec.relational.formulas import Equal, Formula, Holds, Not, ranging

S = TypeVar("S", bound="Sort")


class Variable:
    """A name for an element.  Two variables are different even if they are called the same."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Symbol:
    """A relation (`range` is None), a function, or an individual (a function of nothing).

    `rigid`: no action changes it.  The name is that of the attribute it is assigned to.
    """

    def __init__(self, name: str, domain: tuple[SortType, ...], range: SortType | None, rigid: bool) -> None:
        self.name, self.domain, self.range, self.rigid = name, domain, range, rigid

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def admit(self, terms: tuple[Any, ...]) -> tuple[Any, ...]:
        """The terms, if they are of the sorts of the domain.  LanguageError otherwise."""
        expected = ", ".join(s.__name__ for s in self.domain)
        if len(terms) != len(self.domain):
            raise LanguageError(f"{self.name}({expected}): takes {len(self.domain)} terms, got {len(terms)}")
        for position, (given, sort) in enumerate(zip(terms, self.domain, strict=True), start=1):
            if type(given) is not sort:
                found = type(given).__name__ if isinstance(given, Sort) else repr(given)
                raise LanguageError(f"{self.name}({expected}): term {position} must be a {sort.__name__}, got {found}")
        return terms


class SortType(type):
    """Makes `for n in Node` a variable of that sort, and knows whether the elements are ordered."""

    order: Symbol | None
    """`≤`, of a sort with a total order."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], ordered: bool = False) -> SortType:
        namespace.setdefault("__slots__", ())
        cls = super().__new__(mcs, name, bases, namespace)
        cls.order = Symbol(f"{name.lower()} order", (cls, cls), None, rigid=True) if ordered else None
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], ordered: bool = False) -> None:
        super().__init__(name, bases, namespace)

    def __call__(cls, *_: object) -> NoReturn:
        raise LanguageError(
            f"{cls.__name__} may have any number of elements, and none has a name: "
            f"quantify (for n in {cls.__name__}), or declare individual({cls.__name__})"
        )

    def __iter__(cls: type[S]) -> Iterator[S]:  # type: ignore[misc]
        return ranging(variable(cls, "x"))


class Sort(metaclass=SortType):
    """A term: a variable, an individual, or a function of terms.

    `==` and `!=` make formulas; `<`, `<=`, `>`, `>=` too, where the sort is declared `class Round(Sort, ordered=True)`.
    """

    __slots__ = ("arguments", "head")
    head: Variable | Symbol
    arguments: tuple[Sort, ...]

    def __set_name__(self, owner: type, name: str) -> None:
        self.head.name = name

    def __eq__(self, other: object) -> Formula:  # type: ignore[override]
        return Equal(self, self._same_sort(other, "=="))

    def __ne__(self, other: object) -> Formula:  # type: ignore[override]
        return Not(Equal(self, self._same_sort(other, "!=")))

    def __le__(self: S, other: S) -> Formula:
        return Holds(self._order("<="), (self, self._same_sort(other, "<=")))

    def __lt__(self: S, other: S) -> Formula:
        return Not(Holds(self._order("<"), (self._same_sort(other, "<"), self)))

    def __ge__(self: S, other: S) -> Formula:
        return Holds(self._order(">="), (self._same_sort(other, ">="), self))

    def __gt__(self: S, other: S) -> Formula:
        return Not(Holds(self._order(">"), (self, self._same_sort(other, ">"))))

    def __hash__(self) -> NoReturn:
        raise LanguageError(f"a {type(self).__name__} is a term, not an element: it cannot be put into a set or a dict")

    def __repr__(self) -> str:
        inside = f"({', '.join(map(repr, self.arguments))})" if self.arguments else ""
        return f"{self.head.name}{inside}"

    def with_arguments(self: S, arguments: tuple[Sort, ...]) -> S:
        """The same function of other terms."""
        return self if not self.arguments else term(type(self), self.head, arguments)

    def _same_sort(self, other: Any, operator: str) -> Any:
        if type(other) is not type(self):
            found = type(other).__name__ if isinstance(other, Sort) else repr(other)
            raise LanguageError(f"{self!r} {operator} …: expected a {type(self).__name__}, got {found}")
        return other

    def _order(self, operator: str) -> Symbol:
        order = type(self).order
        if order is None:
            name = type(self).__name__
            raise LanguageError(f"{name} has no order for {operator}: declare class {name}(Sort, ordered=True)")
        return order


def term(sort: SortType, head: Variable | Symbol, arguments: tuple[Sort, ...] = ()) -> Any:
    """The term of that sort."""
    made: Any = object.__new__(sort)  # type: ignore[arg-type]
    made.head, made.arguments = head, arguments
    return made


def sort_of(term: Sort) -> SortType:
    """The sort of a term."""
    return type(term)


def variable(sort: SortType, name: str) -> Any:
    """A fresh variable of that sort, as a term."""
    return term(sort, Variable(name))
