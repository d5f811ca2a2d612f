"""System: a proof taken down as formulas.  Axioms, initial states, actions, and what is claimed of every state."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from mcheck.spec.errors import UsageError
from mcheck.spec.relational.formulas import Formula, forall
from mcheck.spec.relational.sorts import SortType, Symbol
from mcheck.spec.relational.symbols import Update
from mcheck.spec.specification import did_you_mean

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Sentence:
    """A named formula: `kind` is axiom, initially, safety (what is to be shown) or invariant (what helps to show it)."""

    name: str
    kind: str
    words: str
    """The first line of the docstring."""
    parameters: tuple[Any, ...]
    body: Formula

    @cached_property
    def formula(self) -> Formula:
        """The body, for all parameters; one object, so that it is compiled once (structures.py)."""
        return forall(self.parameters, self.body)


@dataclass(frozen=True, eq=False)
class Guard:
    """A condition of an action, and the reason given for it."""

    reason: str
    formula: Formula


@dataclass(frozen=True, eq=False)
class Action:
    """For some parameters, if all guards hold, the symbols in `updates` change at once, and nothing else does."""

    name: str
    words: str
    parameters: tuple[Any, ...]
    guards: tuple[Guard, ...]
    updates: tuple[Update, ...]

    @property
    def changed(self) -> frozenset[Symbol]:
        """The symbols that it may change."""
        return frozenset(u.symbol for u in self.updates)


@dataclass(frozen=True, eq=False)
class System:
    """A transition system over structures of any size, and the conjuncts of its inductive invariant."""

    name: str
    sorts: tuple[SortType, ...]
    symbols: tuple[Symbol, ...]
    axioms: tuple[Sentence, ...]
    initial: tuple[Sentence, ...]
    actions: tuple[Action, ...]
    conjuncts: tuple[Sentence, ...]
    """Safety first, then the invariants that help, in the order of the file."""
    templates: tuple[Sentence, ...] = ()
    """Formulas that an inferred invariant may use as if they were relations."""

    @property
    def auxiliary(self) -> tuple[Sentence, ...]:
        """The conjuncts that are not what is to be shown."""
        return tuple(c for c in self.conjuncts if c.kind == "invariant")


def without(
    system: System,
    conjuncts: Iterable[str] = (),
    axioms: Iterable[str] = (),
    guards: Iterable[tuple[str, str]] = (),
) -> System:
    """The system with some of its parts left out, to see what they are for.

    UsageError for an unknown name, and for a safety property: without it, something else is shown.
    """
    for name in conjuncts:
        dropped = named(name, system.conjuncts, lambda c: c.name, f"{system.name} has no conjunct")
        if dropped.kind == "safety":
            raise UsageError(f"{dropped.name} is what is to be shown: leave out one of {_list(system.auxiliary)}")
        system = dataclasses.replace(system, conjuncts=tuple(c for c in system.conjuncts if c is not dropped))
    for name in axioms:
        axiom = named(name, system.axioms, lambda a: a.name, f"{system.name} has no axiom")
        system = dataclasses.replace(system, axioms=tuple(a for a in system.axioms if a is not axiom))
    for action_name, reason in guards:
        action = named(action_name, system.actions, lambda a: a.name, f"{system.name} has no action")
        guard = named(reason, action.guards, lambda g: g.reason, f"{action.name} has no guard")
        weaker = dataclasses.replace(action, guards=tuple(g for g in action.guards if g is not guard))
        system = dataclasses.replace(system, actions=tuple(weaker if a is action else a for a in system.actions))
    return system


def named(typed: str, among: Sequence[T], name: Callable[[T], str], refusal: str) -> T:
    """The one of that name, whatever the case, hyphens and underscores; UsageError with the nearest if there is none."""
    for one in among:
        if _plain(name(one)) == _plain(typed):
            return one
    names = [name(one) for one in among]
    there = ", ".join(repr(n) if " " in n else n for n in names) or "none"
    raise UsageError(f"{refusal} {typed!r}{did_you_mean(typed, names)}; it has {there}")


def _plain(words: str) -> str:
    return re.sub(r"[\W_]+", " ", words).casefold().strip()


def _list(sentences: Iterable[Sentence]) -> str:
    return ", ".join(s.name for s in sentences) or "none"


def order_axioms(sorts: Iterable[SortType]) -> Iterator[Sentence]:
    """That `≤` is a total order, for each sort that has one."""
    from mcheck.spec.relational.formulas import all, implies

    for ordered in sorts:
        if ordered.order is None:
            continue
        sort: Any = ordered
        laws = (
            all((x <= y) | (y <= x) for x in sort for y in sort),
            all(implies((x <= y) & (y <= x), x == y) for x in sort for y in sort),
            all(implies((x <= y) & (y <= z), x <= z) for x in sort for y in sort for z in sort),
        )
        words = f"Any two of {sort.__name__} are in order."
        yield Sentence(sort.order.name.replace(" ", "_"), "order", words, (), laws[0] & laws[1] & laws[2])
