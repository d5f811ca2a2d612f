"""Proof: a protocol as relations, and the invariant that shows its safety for any number of nodes."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from mcheck.spec.declare import Declaration, declarations_of
from mcheck.spec.errors import LanguageError, SpecError, place_of, place_of_definition
from mcheck.spec.relational.formulas import Formula, checked
from mcheck.spec.relational.sorts import Sort, SortType, Symbol, sort_of, variable
from mcheck.spec.relational.symbols import Update
from mcheck.spec.relational.system import Action, Guard, Sentence, System, order_axioms

Statement = TypeVar("Statement", bound=Callable[..., Formula])
Transition = TypeVar("Transition", bound=Callable[..., "Update | tuple[Update, ...]"])


def _marked(kind: str, method: Any) -> Any:
    if not inspect.isfunction(method):
        raise SpecError(f"@{kind} marks a method, not {method!r}: write @{kind} above a def")
    method.declaration = Declaration(kind, method.__name__, method)  # type: ignore[attr-defined]
    return method


def axiom(method: Statement) -> Statement:
    """Marks what is taken for granted of the fixed symbols, for all values of its parameters."""
    return _marked("axiom", method)  # type: ignore[no-any-return]


def initially(method: Statement) -> Statement:
    """Marks what is true of the initial states."""
    return _marked("initially", method)  # type: ignore[no-any-return]


def safety(method: Statement) -> Statement:
    """Marks what is to be shown of every reachable state, for all values of its parameters."""
    return _marked("safety", method)  # type: ignore[no-any-return]


def invariant(method: Statement) -> Statement:
    """Marks an auxiliary invariant: true in every reachable state, and needed to show the rest."""
    return _marked("invariant", method)  # type: ignore[no-any-return]


def corollary(method: Statement) -> Statement:
    """Marks what follows from the invariants in any state; said for the reader, and as a help to the solver."""
    return _marked("corollary", method)  # type: ignore[no-any-return]


def template(method: Statement) -> Statement:
    """Marks a formula that inferred invariants may use as if it were a relation, where it has to be true."""
    return _marked("template", method)  # type: ignore[no-any-return]


def action(method: Transition) -> Transition:
    """Marks a transition: guards by `require`, and returns the updates of the symbols that change."""
    return _marked("action", method)  # type: ignore[no-any-return]


_guards: list[list[Guard]] = []
"""The action that is being taken down: its guards so far."""


def require(condition: Formula, reason: str) -> None:
    """A guard: the action is enabled only if the formula is true.  `reason` says in words what is required."""
    if not _guards:
        raise LanguageError(f"require({reason!r}): guards stand in an @action")
    _guards[-1].append(Guard(reason, checked(condition, f"require({reason!r})")))


class Proof:
    """Base of proofs.

    Class attributes are the symbols (`vote = relation(Node, Round, Value)`), methods marked with @axiom, @initially,
    @action, @safety, @invariant and @corollary the formulas.  Parameters are quantified by their annotations: universally, those of
    an action existentially.  What is proved is: every initial state satisfies all of @safety, @invariant and
    @corollary, and every action leads from a state that does to one that does.
    """

    @classmethod
    def system(cls) -> System:
        """The proof as formulas.  SpecError, with the place, for what breaks a rule of the language."""
        proof = cls()
        declared = declarations_of(cls)
        symbols = _symbols_of(cls)
        sentences = {n: _sentence(proof, n, d) for n, d in declared.items() if d.kind != "action"}
        actions = tuple(_action(proof, n, d) for n, d in declared.items() if d.kind == "action")
        of_kind = {k: tuple(s for s in sentences.values() if s.kind == k) for k in _KINDS}
        for kind in ("initially", "safety"):
            if not of_kind[kind]:
                raise SpecError(f"{cls.__name__} says nothing with @{kind}")
        sorts = _sorts_of(symbols, [p for a in actions for p in a.parameters])
        names = [s.__name__ for s in sorts]
        if len(set(names)) < len(names):
            raise SpecError(f"{cls.__name__} has two sorts of the same name: {', '.join(names)}")
        return System(
            cls.__name__,
            sorts,
            symbols,
            (*order_axioms(sorts), *of_kind["axiom"]),
            of_kind["initially"],
            actions,
            (*of_kind["safety"], *of_kind["invariant"], *of_kind["corollary"]),
            of_kind["template"],
        )


_KINDS = ("axiom", "initially", "safety", "invariant", "corollary", "template")


def _symbols_of(cls: type) -> tuple[Symbol, ...]:
    """The symbols in the order in which the classes and files introduce them."""
    found: dict[str, Symbol] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            symbol = member.head if isinstance(member, Sort) else member
            if isinstance(symbol, Symbol):
                found[name] = symbol
    return tuple(found.values())


def _sorts_of(symbols: tuple[Symbol, ...], parameters: list[Any]) -> tuple[SortType, ...]:
    """Every sort that is spoken of, each once."""
    mentioned = [s for symbol in symbols for s in (*symbol.domain, symbol.range) if s is not None]
    return tuple(dict.fromkeys([*mentioned, *map(sort_of, parameters)]))


def _sentence(proof: Proof, name: str, declaration: Declaration) -> Sentence:
    parameters = _parameters(proof, declaration)
    body = _written(proof, declaration, parameters)
    return Sentence(name, declaration.kind, _words(declaration), parameters, _located(declaration, checked, body, name))


def _action(proof: Proof, name: str, declaration: Declaration) -> Action:
    parameters = _parameters(proof, declaration)
    _guards.append([])
    try:
        returned = _written(proof, declaration, parameters)
    finally:
        guards = _guards.pop()
    updates = returned if isinstance(returned, tuple) else (returned,)
    place = place_of_definition(declaration.function)
    reasons = [g.reason for g in guards]
    for update in updates:
        if not isinstance(update, Update):
            raise SpecError(f"{place}: {name}: must return updates (self.vote.add(…), …), got {update!r}")
        if update.symbol.rigid:
            raise SpecError(f"{place}: {name}: {update.symbol.name} is fixed: no action changes it")
    if len({u.symbol for u in updates}) < len(updates) or len(set(reasons)) < len(reasons):
        raise SpecError(f"{place}: {name}: a symbol is updated twice, or two guards have the same reason")
    return Action(name, _words(declaration), parameters, tuple(guards), updates)


def _parameters(proof: Proof, declaration: Declaration) -> tuple[Any, ...]:
    """A variable for each parameter of a method, of the sort it is annotated with."""
    function = declaration.function
    hints = typing.get_type_hints(function)
    found = []
    for name in list(inspect.signature(function).parameters)[1:]:
        if not isinstance(hints.get(name), SortType):
            raise SpecError(
                f"{place_of_definition(function)}: {type(proof).__name__}.{declaration.title}: "
                f"parameter {name} must be annotated with a sort (got {hints.get(name)!r})"
            )
        found.append(variable(hints[name], name))
    return tuple(found)


def _written(proof: Proof, declaration: Declaration, parameters: tuple[Any, ...]) -> Any:
    return _located(declaration, declaration.function, proof, *parameters)


def _located(declaration: Declaration, function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call; its errors with file and line."""
    try:
        return function(*arguments)
    except SpecError as error:
        raise error.at(place_of(error) or place_of_definition(declaration.function)) from None


def _words(declaration: Declaration) -> str:
    """The first paragraph of the docstring on one line, without its `Source:`."""
    paragraph = inspect.cleandoc(declaration.function.__doc__ or "").split("\n\n")[0]
    return " ".join(paragraph.split()).split("  Source:")[0].split(" Source:")[0].strip()
