"""Where two specs part: the first step of a behaviour that another spec refuses, or takes to another state.

Made for a tweak and the good spec that it derives from: the labels are executed under both, until they differ.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from mcheck.counterexamples.conditions import Call, calls_of, methods_called, sentence_of
from mcheck.counterexamples.lanes import Change, leaf_changes
from mcheck.counterexamples.notation import Notation
from mcheck.spec import (
    Bag,
    Behavior,
    Instance,
    McheckError,
    ReplayMismatch,
    Spec,
    Step,
    UsageError,
    parse_label,
    replay,
)

How = Literal["refused", "elsewhere", "cut", "fails", "unknown"]


@dataclass(frozen=True)
class Opinion:
    """A rule that the two specs answer differently in the same situation."""

    name: str
    sentence: str
    """What the rule says in the other spec."""
    here: bool
    there: bool


@dataclass(frozen=True)
class Refusal:
    """The first of the following labels that the other spec, gone another way, does not allow any more."""

    number: int
    step: Step
    why: str
    """The guard that is false; or what its parameter cannot be there, as with a message that was never sent."""


@dataclass(frozen=True)
class Divergence:
    """The first step that the other spec does not take as it was taken."""

    number: int
    step: Step
    other: Instance
    how: How
    """`refused` by a guard, `elsewhere`: to another state, `cut` by a bound, `fails`, or `unknown`: no such
    action, or none with such arguments."""
    why: str
    """The guard, the bound or the error; empty where the step leads elsewhere."""
    before: Any
    there: Any
    """The state that the other spec goes to; None where it goes nowhere."""
    overridden: tuple[str, ...]
    """The methods by which the specs differ that had a part in the step."""
    opinions: tuple[Opinion, ...]
    refusal: Refusal | None = None
    """What becomes of the rest of the behaviour where the step leads elsewhere; None if all of it is possible there too."""


def parent_of(spec: Spec[Any]) -> type[Spec[Any]] | None:
    """The nearest spec that this one derives from and that can be run by itself; None if there is none."""
    for base in type(spec).__mro__[1:]:
        if base is Spec or not issubclass(base, Spec):
            return None
        if base.init is not Spec.init:
            return base
    return None


def overridden(cls: type[Spec[Any]], parent: type[Spec[Any]]) -> tuple[str, ...]:
    """The names that classes on the way from `parent` to `cls` define anew, or add, in the order of the source."""
    between = [base for base in cls.__mro__ if base not in parent.__mro__]
    names = dict.fromkeys(name for base in reversed(between) for name in vars(base) if not name.startswith("_"))
    return tuple(name for name in names if callable(getattr(cls, name, None)))


def divergence(behavior: Behavior, other: Instance) -> Divergence | None:
    """Where `other` leaves the behaviour; None if it takes every step, and if it begins elsewhere or has other states."""
    if behavior.initial not in other.initial:
        return None
    before = behavior.initial
    for number, step in enumerate(behavior.steps, start=1):
        found = _compared(behavior.instance, other, number, before, step)
        if found is not None:
            return dataclasses.replace(found, refusal=_refusal(behavior, found))
        before = step.state
    return None


def _compared(here: Instance, other: Instance, number: int, before: Any, step: Step) -> Divergence | None:
    how, why, there = _outcome(other, before, step)
    if how is None:
        return None
    changed = overridden(type(here.spec), type(other.spec))
    taken_part = {step.action.name, *methods_called(here, before, step)}
    return Divergence(
        number,
        step,
        other,
        how,
        why,
        before,
        there,
        tuple(name for name in changed if name in taken_part),
        _opinions(here, other, before, step),
    )


def _refusal(behavior: Behavior, found: Divergence) -> Refusal | None:
    state = found.there
    for number, step in enumerate(behavior.steps[found.number :], start=found.number + 1):
        if state is None:
            return None
        try:
            state = replay(found.other, state, (step.label,)).last
        except ReplayMismatch as mismatch:
            return Refusal(number, step, mismatch.why.removeprefix("not enabled: "))
        except McheckError as error:
            return Refusal(number, step, str(error))
    return None


def _outcome(other: Instance, before: Any, step: Step) -> tuple[How | None, str, Any]:
    """How the other spec departs from the step (None: not at all), why, and where it goes."""
    try:
        action, arguments = parse_label(other, step.label)
    except UsageError as error:
        return "unknown", str(error), None
    for parameter, value in zip(action.signature.parameters, arguments, strict=True):
        if value not in parameter.values(before):  # a quorum that is none there
            return "unknown", f"{parameter.name} takes no such value", None
    with other.active():
        outcome = other.outcome(action, before, arguments)
    if outcome.disabled is not None:
        return "refused", outcome.disabled, None
    if outcome.cut is not None:
        return "cut", outcome.cut, None
    if outcome.error is not None:
        return "fails", outcome.error, None
    return (None, "", None) if outcome.successor == step.state else ("elsewhere", "", outcome.successor)


def _opinions(here: Instance, other: Instance, before: Any, step: Step) -> tuple[Opinion, ...]:
    """The rules asked in this step that the other spec answers differently for the same arguments."""
    found: dict[str, Opinion] = {}
    for call in calls_of(here, before, step):
        answer = _asked(other, call)
        if answer is not None and answer != call.answer:
            found.setdefault(call.name, Opinion(call.name, sentence_of(other.spec, call.name), call.answer, answer))
    return tuple(found.values())


def _asked(other: Instance, call: Call) -> bool | None:
    """What the other spec says; None if it has no such rule."""
    rule = getattr(other.spec, call.name, None)
    if rule is None:
        return None
    with other.active():
        try:
            answer = rule(*call.arguments, **call.keywords)
        except Exception:
            return None
    return answer if type(answer) is bool else None


def differing(divergence: Divergence, notation: Notation) -> tuple[tuple[str, str, str], ...]:
    """(place, what is there here, what is there in the other spec) wherever that differs, history variables left out.

    Of sets and bags only what the one has and the other has not.
    """
    if divergence.there is None:
        return ()
    here, there = divergence.step.state, divergence.there
    found = []
    for name in type(here)._fields:
        if name not in divergence.other.ghosts:
            ours = leaf_changes(name, getattr(there, name), getattr(here, name), notation.key)
            theirs = leaf_changes(name, getattr(here, name), getattr(there, name), notation.key)
            pairs = zip(ours, theirs, strict=True)
            found += [(a.field, _only(a, notation), _only(b, notation)) for a, b in pairs]
    return tuple(found)


def _only(change: Change, notation: Notation) -> str:
    if isinstance(change.value, frozenset | Bag):
        return ", ".join(notation.copies(m, n) for m, n in change.added) or "nothing"
    return notation.value(change.value)
