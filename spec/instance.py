"""Instance: a spec with its constants fixed and its domains resolved; the semantics every engine must agree with."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mcheck.spec.annotations import GHOST
from mcheck.spec.decision import admitted_participants, decision_among
from mcheck.spec.declare import TEMPORAL, Declaration, declaration_of, declarations_of
from mcheck.spec.domains.products import RecordOf
from mcheck.spec.domains.resolve import Resolver, hints_of
from mcheck.spec.errors import Cut, Disabled, DomainError, McheckError, SpecError, place_of, place_of_definition
from mcheck.spec.fairness import admitted
from mcheck.spec.indexes import IndexType
from mcheck.spec.labels import label_text
from mcheck.spec.maps import KeySpace
from mcheck.spec.order import order_key
from mcheck.spec.parameters import Signature, signature_of
from mcheck.spec.records import Record, RecordType
from mcheck.spec.scope import working_on
from mcheck.spec.temporal import refuse_members

if TYPE_CHECKING:
    from mcheck.spec.refinement import Refinement
    from mcheck.spec.specification import Spec

T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """An action, property or constraint of an instance: its function and what its parameters range over."""

    name: str
    declaration: Declaration
    signature: Signature

    @property
    def kind(self) -> str:
        """`action`, `always`, `reachable`, `step`, `constraint`, `implements`, `decision`, or one of TEMPORAL."""
        return self.declaration.kind

    @property
    def title(self) -> str:
        """The name people see: the method's for an action, the given title for a property."""
        return self.declaration.title

    @property
    def function(self) -> Callable[..., Any]:
        """The undecorated method: `function(spec, state, *arguments)`."""
        return self.declaration.function

    @property
    def sentence(self) -> str:
        """The first line of the docstring, or nothing."""
        return (self.function.__doc__ or "").strip().split("\n")[0].strip()


@dataclass(frozen=True)
class Outcome:
    """What one action with fixed arguments does in one state: exactly one of the fields is set."""

    successor: Any = None
    disabled: str | None = None
    cut: str | None = None
    error: str | None = None


class Failure(SpecError):
    """An action or property failed while it ran.  `rule`, `arguments` and `state` say where."""

    def __init__(self, message: str, rule: Rule, arguments: tuple[Any, ...], state: Any) -> None:
        super().__init__(message)
        self.rule, self.arguments, self.state = rule, arguments, state


class Instance:
    """A spec whose constants are fixed.

    `actions` and `properties` are in the order of the file (inherited ones first); parameters vary in rank order.  That
    order, and nothing else, decides which of several shortest traces is shown.  `temporal` properties stand apart: a search
    of reachable states does not decide them.  So do `lemmas`: invariants that are checked where they are asked for.
    """

    def __init__(self, spec: Spec[Any]) -> None:
        self.spec = spec
        self.name = type(spec).__name__
        self.constants: dict[str, Any] = {}
        self.bounds: dict[str, Any] = {}
        for name, declared in spec._constants.items():
            (self.bounds if declared.kind == "bound" else self.constants)[name] = getattr(spec, name)
        self._resolver = Resolver(self.name, spec._constants, spec.constants)
        self._key_spaces: dict[Any, KeySpace] = {}
        self._sizes: dict[IndexType, int] = {}
        with working_on(self):
            self.state_class = state_class(type(spec))
            domain = self._resolver.domain(self.state_class, "the state")
            assert isinstance(domain, RecordOf)
            self.state_domain = domain
            self.ghosts = _ghost_fields(self.state_class)
            rules = [self._rule(name, d) for name, d in _declarations(type(spec)).items()]
            self.initial = self._initial_states()
        self.actions = tuple(r for r in rules if r.kind == "action")
        self.properties = tuple(r for r in rules if r.kind in ("always", "reachable", "step", "implements"))
        self.lemmas = tuple(_as_invariant(r) for r in rules if r.kind == "lemma")
        self.temporal = tuple(r for r in rules if r.kind in TEMPORAL)
        self.constraints = tuple(r for r in rules if r.kind == "constraint")
        if not self.actions:
            raise SpecError(f"{self.name} has no action: mark the transitions with @action")
        self.decision = decision_among(self.name, rules)
        for rule in self.temporal:
            refuse_members(self, rule)
        self.fairness = self._stated("fairness", admitted)
        self.participants = self._stated("participants", admitted_participants)

    # ------------------------------------------------------------------ scope

    def active(self) -> AbstractContextManager[None]:
        """Within the block, this instance gives `len(Node)` and the like their meaning."""
        return working_on(self)

    def size_of(self, cls: IndexType) -> int:
        """How many members the scalarset has."""
        known = self._sizes.get(cls)
        if known is None:
            known = self._sizes[cls] = self._resolver.size_of(cls)
        return known

    def key_space(self, keys: Any) -> KeySpace:
        """The keys of a map over an Index, an Enum, a Range, or a tuple of them."""
        known = self._key_spaces.get(keys)
        if known is None:
            known = self._key_spaces[keys] = self._resolver.key_space(keys)
        return known

    @property
    def resolver(self) -> Resolver:
        """The domains of this instance by annotation."""
        return self._resolver

    # ------------------------------------------------------------------ semantics

    def transitions(self, state: Any) -> Iterator[tuple[Rule, tuple[Any, ...], Any]]:
        """(action, arguments, successor) for everything enabled in `state`; a Cut in place of a successor out of bounds.

        Must be consumed inside `active()`.  Failure where an action fails.
        """
        for action in self.actions:
            for arguments in action.signature.arguments(state):
                successor = self.apply(action, state, arguments)
                if successor is not None:
                    yield action, arguments, successor

    def apply(self, action: Rule, state: Any, arguments: tuple[Any, ...]) -> Any:
        """The successor; None if the action is not enabled; a Cut (returned, not raised) if the successor is out of bounds."""
        try:
            successor = action.function(self.spec, state, *arguments)
        except Disabled:
            return None
        except Exception as error:
            raise self.failure(action, arguments, state, error) from error
        try:
            self.state_domain.admit(successor, state)
        except Cut as cut:
            return cut
        except DomainError as error:
            raise self.failure(action, arguments, state, error) from error
        for rule in self.constraints:
            if not self.holds(rule, successor):
                return Cut(rule.title)
        return successor

    def outcome(self, action: Rule, state: Any, arguments: tuple[Any, ...]) -> Outcome:
        """What `apply` gives, as a value that can be compared: the guard that was false, the bound, or the error's text."""
        try:
            result = action.function(self.spec, state, *arguments)
        except Disabled as disabled:
            return Outcome(disabled=disabled.reason)
        except Exception as error:
            return Outcome(error=explain_error(error))
        return self.landed(result, state)

    def landed(self, result: Any, state: Any) -> Outcome:
        """The outcome of an action that returned `result`: inside the bounds, cut, or in error."""
        try:
            self.state_domain.admit(result, state)
        except Cut as cut:
            return Outcome(cut=cut.bound)
        except DomainError as error:
            return Outcome(error=explain_error(error))
        for rule in self.constraints:
            try:
                if not self.holds(rule, result):
                    return Outcome(cut=rule.title)
            except Failure as failure:
                return Outcome(error=str(failure))
        return Outcome(successor=result)

    def outside(self, state: Any) -> str | None:
        """The title of the first constraint that an initial state does not meet; None if it meets all.  Failure where one raises."""
        return next(iter([rule.title for rule in self.constraints if not self.holds(rule, state)]), None)

    def holds(self, rule: Rule, *states: Any) -> bool:
        """Whether a property holds in a state (of a step: in a pair of states) for all values of its parameters."""
        return self.falsifying(rule, *states) is None

    def falsifying(self, rule: Rule, *states: Any) -> tuple[Any, ...] | None:
        """The first arguments for which the property is false, or None."""
        return self._first(rule, False, *states)

    def witnessing(self, rule: Rule, state: Any) -> tuple[Any, ...] | None:
        """The first arguments for which a `reachable` property is true, or None."""
        return self._first(rule, True, state)

    def _first(self, rule: Rule, wanted: bool, *states: Any) -> tuple[Any, ...] | None:
        function, spec = rule.function, self.spec
        for arguments in rule.signature.arguments(states[-1]):
            try:
                answer = function(spec, *states, *arguments)
            except Exception as error:
                raise self.failure(rule, arguments, states[-1], error) from error
            if answer is wanted:
                return arguments
            if type(answer) is not bool:
                raise self.failure(
                    rule, arguments, states[-1], SpecError(f"a property must return a bool (got {answer!r})")
                )
        return None

    def failure(self, rule: Rule, arguments: tuple[Any, ...], state: Any, error: BaseException) -> Failure:
        """The error of one rule as one line: place, label, what went wrong."""
        label = label_text(rule.name, rule.signature.names, arguments)
        place = place_of(error) or place_of_definition(rule.function)
        return Failure(f"{place}: {label}: {explain_error(error)}", rule, arguments, state)

    @functools.cached_property
    def refinements(self) -> dict[str, Refinement]:
        """For each `@implements` mapping, the check that every step is a step of the other spec."""
        from mcheck.spec.refinement import Refinement

        return {r.name: Refinement(self, r) for r in self.properties if r.kind == "implements"}

    def action(self, name: str) -> Rule:
        """The action of that name."""
        return next(a for a in self.actions if a.name == name)

    # ------------------------------------------------------------------ resolution

    def _rule(self, name: str, declaration: Declaration) -> Rule:
        states = 2 if declaration.kind == "step" else 1
        title = f"{self.name}.{name}"
        signature = signature_of(title, declaration.function, self.state_domain, states, self._resolver, self.spec)
        return Rule(name, declaration, signature)

    def _stated(self, method: str, admit: Callable[[Instance, Any], tuple[T, ...]]) -> tuple[T, ...]:
        """What a method that the spec may override states, as far as it is admitted.  SpecError."""
        with working_on(self):
            try:
                return admit(self, getattr(self.spec, method)())
            except McheckError:
                raise
            except Exception as error:
                raise SpecError(f"{place_of(error) or self.name}: {method}: {explain_error(error)}") from error

    def _initial_states(self) -> tuple[Any, ...]:
        try:
            given = type(self.spec).init(self.spec)
        except McheckError:
            raise
        except Exception as error:
            raise SpecError(f"{place_of(error) or self.name}: init: {explain_error(error)}") from error
        states = (given,) if isinstance(given, Record) else tuple(_iterable(self.name, given))
        if not states:
            raise SpecError(f"{self.name}.init: no initial state")
        for state in states:
            try:
                self.state_domain.admit(state)
            except DomainError as error:
                raise DomainError(f"{self.name}.init: the initial state is outside its domain: {error}") from None
            except Cut as cut:
                raise DomainError(
                    f"{self.name}.init: the initial state is outside the bound {cut.bound} = {self.bounds[cut.bound]}"
                ) from None
        return tuple(sorted(set(states), key=order_key)) if len(states) > 1 else states


def _as_invariant(lemma: Rule) -> Rule:
    """A lemma as what it is to every engine: a property of kind `always`."""
    return replace(lemma, declaration=replace(lemma.declaration, kind="always"))


def _iterable(name: str, given: Any) -> Iterable[Any]:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise SpecError(f"{name}.init: must return a state, or several of them (got {given!r})")
    return given


def state_class(cls: type) -> RecordType:
    """The record class of the states: what `init` says it returns, or the argument of `Spec[...]`."""
    returned = hints_of(cls.init).get("return")  # type: ignore[attr-defined]
    for said in (returned, *typing.get_args(returned)):  # State, or Iterable[State]
        if isinstance(said, RecordType):
            return said
    for base in cls.__mro__:
        for origin in getattr(base, "__orig_bases__", ()):
            for argument in typing.get_args(origin):
                if isinstance(argument, RecordType):
                    return argument
    raise SpecError(f"{cls.__name__}: what is a state? write class {cls.__name__}(Spec[State])")


def _ghost_fields(cls: RecordType) -> frozenset[str]:
    return frozenset(name for name, hint in hints_of(cls).items() if any(a is GHOST for a in typing.get_args(hint)))


def _declarations(cls: type) -> dict[str, Declaration]:
    """All marked methods by name.  SpecError for one that is overridden without its decorator, or a title used twice."""
    found = declarations_of(cls)
    for name, declaration in found.items():
        overriding = next(base for base in cls.__mro__ if name in vars(base))
        if declaration_of(vars(overriding)[name]) is None:
            kind = declaration.kind
            raise SpecError(
                f"{overriding.__name__}.{name} overrides {'an' if kind[0] in 'ai' else 'a'} {kind} without its decorator: put @{kind} above it"
            )
    titles = [d.title for d in found.values() if d.kind != "action"]
    for title in titles:
        if titles.count(title) > 1:
            raise SpecError(f"{cls.__name__} has two properties called {title!r}")
    return found


def explain_error(error: BaseException) -> str:
    """One line that says what went wrong, in words of the spec."""
    if isinstance(error, McheckError):
        return str(error)
    if isinstance(error, RecursionError):
        return "endless recursion"
    if isinstance(error, AttributeError) and error.obj is None:
        return f"None has no {error.name!r}: test `is None` first"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
