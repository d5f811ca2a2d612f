"""Spec: the class a protocol derives from, and what its constants mean."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, dataclass_transform

from mcheck.spec.declare import TEMPORAL, Constant, declarations_of
from mcheck.spec.errors import SpecError, UsageError
from mcheck.spec.faults import FaultModel, check_faults
from mcheck.spec.outcomes import ExpectedOutcome, ExpectedOutcomes, outcomes_of
from mcheck.spec.records import Record

if TYPE_CHECKING:
    from mcheck.spec.decision import Participant
    from mcheck.spec.fairness import Fairness
    from mcheck.spec.instance import Instance

S = TypeVar("S", bound=Record)
_RESERVED = {
    "init",
    "fairness",
    "instance",
    "constants",
    "outcome",
    "fault_model",
    "resilience",
    "participants",
    "view",
}


@dataclass_transform(kw_only_default=True)
class SpecType(type):
    """Lets type checkers see `Raft(nodes=3)`; does nothing at run time."""


class Spec(Generic[S], metaclass=SpecType):
    """A protocol: constants and bounds, an initial state, actions, properties.

    `Raft(nodes=3)` fixes the constants.  The methods marked `@action`, `@always("…")`, … are the specification; the
    other methods are the rules they are written with, and a tweak is a subclass that overrides one of them.
    """

    _constants: ClassVar[dict[str, Constant]] = {}
    outcome: ClassVar[ExpectedOutcomes] = None
    """What is expected of this class, above all if it is a tweak; `outcomes_of` reads it, as it is not inherited."""
    fault_model: ClassVar[FaultModel | None] = None
    """How processes may fail; None where nothing is said."""
    resilience: ClassVar[str | None] = None
    """How many of n processes may fail so that it still decides: `n >= 2f + 1`; None where nothing is said."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        merged: dict[str, Constant] = {}
        for base in reversed(cls.__mro__[1:]):
            merged.update(base.__dict__.get("_constants", {}))
        for name, value in list(vars(cls).items()):
            if isinstance(value, Constant):
                if name in _RESERVED or name.startswith("_"):
                    raise SpecError(f"{cls.__name__}: a constant cannot be called {name!r}")
                merged[name] = value
                delattr(cls, name)
        cls._constants = merged
        check_faults(cls)
        for outcome in outcomes_of(cls):
            _check_outcome(cls, outcome)

    def __init__(self, **constants: Any) -> None:
        for name in constants:
            if name not in self._constants:
                raise UsageError(
                    f"{type(self).__name__} has no constant {name!r}{did_you_mean(name, self._constants)}; it has {', '.join(self._constants) or 'none'}"
                )
        for name, declared in self._constants.items():
            value = constants.get(name, declared.default)
            _check_constant(type(self).__name__, name, declared, value)
            setattr(self, name, value)

    def init(self) -> S | Iterable[S]:
        """The initial state, or all of them."""
        raise SpecError(f"{type(self).__name__} has no init: define init(self) -> State")

    def view(self, s: S) -> S:
        """A state that behaves as s does: s without what can never matter again.  `mcheck.spec.views` says what for."""
        return s

    def fairness(self) -> Iterable[Fairness]:
        """The steps that cannot be put off for ever, as `weak(…)` and `strong(…)`; of no meaning but to temporal properties."""
        return ()

    def participants(self) -> Iterable[Participant]:
        """Who takes which steps, as `participant(…)`; of no meaning but to `mcheck valency`."""
        return ()

    @property
    def constants(self) -> dict[str, Any]:
        """The values of all constants and bounds, in the order of their declaration."""
        return {name: getattr(self, name) for name in self._constants}

    @functools.cached_property
    def instance(self) -> Instance:
        """This spec with its domains resolved: what engines work on."""
        from mcheck.spec.instance import Instance

        return Instance(self)


def _check_constant(owner: str, name: str, declared: Constant, value: Any) -> None:
    if type(value) is not type(declared.default):
        raise UsageError(f"{owner}.{name} must be {_a(type(declared.default).__name__)} (got {value!r})")
    if declared.least is not None and value < declared.least:
        raise UsageError(f"{owner}.{name} must be at least {declared.least} (got {value!r})")


_SEARCHED = {
    "broken": "say steps=, the length of a shortest violation",
    "safe": "Safe() without a title is about all that are none",
}


def _check_outcome(cls: type[Spec[Any]], outcome: ExpectedOutcome) -> None:
    """SpecError for a property that the spec does not state, or states as one of another kind; or a constant that it cannot have."""
    owner = f"{cls.__name__}.outcome"
    searched = {
        d.title: d.kind not in TEMPORAL
        for d in declarations_of(cls).values()
        if d.kind not in ("action", "constraint", "decision", "lemma", "reachable")
    }
    for title in outcome.titles:
        if title not in searched:
            raise SpecError(
                f"{owner}: no property {title!r}{did_you_mean(title, searched)}; it states {', '.join(searched) or 'none'}"
            )
        if searched[title] and outcome.fairness is not None:
            raise SpecError(f"{owner}: {title!r} is no temporal property: {_SEARCHED[outcome.kind]}")
        if not searched[title] and outcome.fairness is None:
            raise SpecError(
                f"{owner}: {title!r} is a temporal property: say stem= and cycle=, the lengths of a lasso, or fairness="
            )
    for name, value in outcome.constants.items():
        if name not in cls._constants:
            raise SpecError(
                f"{owner}: no constant {name!r}{did_you_mean(name, cls._constants)}; it has {', '.join(cls._constants) or 'none'}"
            )
        try:
            _check_constant(owner, name, cls._constants[name], value)
        except UsageError as error:
            raise SpecError(str(error)) from None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """` (did you mean 'raft'?)` if something known is close to `wrong`, else nothing."""
    close = difflib.get_close_matches(wrong, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
