"""The words an author marks methods and constants with: constant, bound, action, always, eventually, step, …, require."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mcheck.spec.errors import Disabled, LanguageError, SpecError
from mcheck.spec.records import Record
from mcheck.spec.scope import at_work, working_on
from mcheck.spec.symbolic import Symbolic

T = TypeVar("T")
ActionMethod = TypeVar("ActionMethod", bound=Callable[..., Record])
Predicate = TypeVar("Predicate", bound=Callable[..., bool])
DecisionMethod = TypeVar("DecisionMethod", bound=Callable[..., bool])
Mapping = TypeVar("Mapping", bound=Callable[..., Record])
PairOfPredicates = TypeVar("PairOfPredicates", bound=Callable[..., tuple[bool, bool]])

TEMPORAL = ("eventually", "always_eventually", "eventually_always", "leads_to")
"""The kinds of properties of whole behaviours."""


@dataclass(frozen=True)
class Constant:
    """A named number of a spec: a `constant` belongs to the system, a `bound` only limits the search."""

    default: Any
    doc: str
    kind: str
    least: int | None = None


def constant(default: T, doc: str = "", *, least: int | None = None) -> T:
    """`nodes: int = constant(3, "servers in the cluster")`: a parameter of the system.  `least`: the smallest value allowed."""
    return Constant(default, doc, "constant", least)  # type: ignore[return-value]


def bound(default: T, doc: str = "", *, least: int | None = None) -> T:
    """`max_term: int = bound(2, "highest term explored")`: limits the search, never the algorithm.

    A successor that leaves a domain on the side named by a bound is cut: counted, and reported with the verdict.
    """
    return Constant(default, doc, "bound", least)  # type: ignore[return-value]


@dataclass(frozen=True)
class Declaration:
    """What a decorator says of a method."""

    kind: str
    title: str
    function: Callable[..., Any]
    other: Any = None
    renamed: dict[str, str] = field(default_factory=dict)
    stored: bool = False
    """Whether it asks which state is stored, and not what the protocol says of it: of Byzantine members, what they sent is
    in no state."""


def declared(
    kind: str, title: str | None, function: Any, other: Any = None, renamed: dict[str, str] | None = None
) -> Any:
    """The method, marked with what it is."""
    if not callable(function):
        raise SpecError(f'@{kind} marks a method, not {function!r}: write @{kind}("title") above a def')

    @functools.wraps(function)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        scope = self.instance
        if at_work(scope):
            return function(self, *args, **kwargs)
        with working_on(scope):
            return function(self, *args, **kwargs)

    call.declaration = Declaration(kind, title or function.__name__, function, other, renamed or {})  # type: ignore[attr-defined]
    return call


def action(method: ActionMethod) -> ActionMethod:
    """Marks a transition: `(self, s: State, …) -> State`, its other parameters quantified by their annotations."""
    return declared("action", None, method)  # type: ignore[no-any-return]


def _titled(kind: str, title: str) -> Callable[[Predicate], Predicate]:
    if not isinstance(title, str):
        raise SpecError(f'@{kind} needs a title: @{kind}("Election Safety")')
    return lambda method: declared(kind, title, method)


def always(title: str) -> Callable[[Predicate], Predicate]:
    """Marks an invariant: true in every reachable state, for all values of its parameters."""
    return _titled("always", title)


def lemma(title: str) -> Callable[[Predicate], Predicate]:
    """Marks an invariant that is there for proofs: `mcheck prove --inductive` needs it, a search checks it where it is asked for
    by name."""
    return _titled("lemma", title)


def reachable(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a witness: true in some reachable state, for some values of its parameters."""
    return _titled("reachable", title)


def step(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a property of every step: `(self, before: State, after: State, …) -> bool`."""
    return _titled("step", title)


def eventually(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a temporal property, ◇P: in every fair behaviour P is true in some state."""
    return _titled("eventually", title)


def always_eventually(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a temporal property, □◇P: in every fair behaviour P is true again and again."""
    return _titled("always_eventually", title)


def eventually_always(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a temporal property, ◇□P: in every fair behaviour P is true from some state on."""
    return _titled("eventually_always", title)


def leads_to(title: str) -> Callable[[PairOfPredicates], PairOfPredicates]:
    """Marks a temporal property, P ↝ Q, by a method that returns the pair (P, Q): whenever P is true, Q is true then or
    later."""
    if not isinstance(title, str):
        raise SpecError('@leads_to needs a title: @leads_to("Starvation Freedom")')
    return lambda method: declared("leads_to", title, method)


def decision(method: DecisionMethod) -> DecisionMethod:
    """Marks what is decided: `(self, s: State, v: Value) -> bool`, that somebody has decided v; once in a spec."""
    return declared("decision", None, method)  # type: ignore[no-any-return]


def constraint(title: str) -> Callable[[Predicate], Predicate]:
    """Marks a state constraint: a successor for which it is false is cut, and counted under this title."""
    return _titled("constraint", title)


def implements(other: Any, **renamed: str) -> Callable[[Mapping], Mapping]:
    """Marks a refinement mapping `(self, s: State) -> OtherState`.

    Every initial state must map to one of `other`, every step to a step of `other` or to no change.  Constants of the
    same name are handed over; `acceptors="nodes"` hands over this spec's `nodes` as the other's `acceptors`.
    """
    return lambda method: declared("implements", f"implements {other.__name__}", method, other, renamed)


def declaration_of(member: object) -> Declaration | None:
    """What a decorator said of a class member, or None."""
    found = getattr(member, "declaration", None)
    return found if isinstance(found, Declaration) else None


def declarations_of(cls: type) -> dict[str, Declaration]:
    """All marked methods by name, in the order in which the classes and files introduce them."""
    found: dict[str, Declaration] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            declaration = declaration_of(member)
            if declaration is not None:
                found[name] = declaration
    return found


class GuardLog:
    """While they are sets, every guard leaves its reason in `passed` or `failed`: the vacuity report reads them."""

    __slots__ = ("failed", "passed")

    def __init__(self) -> None:
        self.passed: set[str] | None = None
        self.failed: set[str] | None = None


guards = GuardLog()


def require(condition: bool, reason: str) -> None:
    """A guard: the action is enabled only if `condition` is true.  `reason` says in words what is required."""
    if condition is False:
        if guards.failed is not None:
            guards.failed.add(reason)
        raise Disabled(reason)
    if condition is not True:
        if not (isinstance(condition, Symbolic) and condition.is_truth_value):
            raise LanguageError(f"require({reason!r}): the condition must be a bool (got {condition!r:.60})")
        if not condition:
            raise Disabled(reason)
    if guards.passed is not None:
        guards.passed.add(reason)
