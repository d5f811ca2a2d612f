"""Why a step was possible, and did what it did: its guards, and the rules of the spec that it asked.

A spec gives a name to each rule that it decides by: a method that returns a truth value, such as `may_vote`.  These are
listened to while the step is executed by its plain function.  A rule is decisive if the step would have been refused, or
would have led to another state, had that rule alone said the opposite.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mcheck.spec import Instance, Spec, Step
from mcheck.spec.declare import declaration_of, guards


@dataclass(frozen=True)
class Condition:
    """What a rule of the spec said: `may_vote`, its sentence, yes."""

    name: str
    sentence: str
    value: bool
    decisive: bool = False


@dataclass(frozen=True)
class Call:
    """One question to a rule: its arguments, without the spec, and the answer."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    answer: bool


@dataclass
class _Heard:
    """What was asked while one step was executed, each question once, in order."""

    calls: list[Call] = field(default_factory=list)
    called: dict[str, None] = field(default_factory=dict)
    """The methods that were called, whatever they returned."""
    opposite: str | None = None
    """The rule that says the opposite of what it would."""


def guards_of(instance: Instance, before: Any, step: Step) -> tuple[str, ...]:
    """The reasons of the guards that were true when the step was taken, in the order in which they were asked."""
    heard = _InOrder()
    earlier, guards.passed = guards.passed, heard
    try:
        with instance.active():
            step.action.function(instance.spec, before, *step.arguments)
    finally:
        guards.passed = earlier
    return tuple(heard.reasons)


class _InOrder(set[str]):
    """A set that remembers in which order its members came."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: dict[str, None] = {}

    def add(self, element: str) -> None:
        super().add(element)
        self.reasons.setdefault(element)


def conditions_of(instance: Instance, before: Any, step: Step) -> tuple[Condition, ...]:
    """The rules that the step asked, each with its last answer.  Cost: one execution of the step for each."""
    calls = {call.name: call.answer for call in calls_of(instance, before, step)}
    return tuple(
        Condition(name, sentence_of(instance.spec, name), answer, _is_decisive(instance, before, step, name))
        for name, answer in calls.items()
    )


def calls_of(instance: Instance, before: Any, step: Step) -> tuple[Call, ...]:
    """Every question that the step asked a rule, in the order of the answers."""
    heard = _Heard()
    _execute(instance, before, step, heard)
    return tuple(heard.calls)


def methods_called(instance: Instance, before: Any, step: Step) -> tuple[str, ...]:
    """The names of the methods of the spec that the step called, in the order of the first call."""
    heard = _Heard()
    _execute(instance, before, step, heard)
    return tuple(heard.called)


def sentence_of(spec: Spec[Any], name: str) -> str:
    """The first sentence of a method's docstring; of an overriding method without one, that of the overridden."""
    for cls in type(spec).__mro__:
        words = getattr(vars(cls).get(name), "__doc__", None)
        if words:
            paragraph = " ".join(words.split("\n\n")[0].split("Source:")[0].split())
            return paragraph.partition(". ")[0].rstrip(".") + "."
    return ""


def _is_decisive(instance: Instance, before: Any, step: Step, name: str) -> bool:
    return bool(_execute(instance, before, step, _Heard(opposite=name)) != step.state)


def _execute(instance: Instance, before: Any, step: Step, heard: _Heard) -> Any:
    """The state the step leads to; None where it is not possible."""
    with instance.active():
        try:
            return step.action.function(_listening(instance.spec, heard), before, *step.arguments)
        except Exception:
            return None


def _listening(spec: Spec[Any], heard: _Heard) -> Any:
    """A spec like `spec` that tells what its rules are asked."""
    cls = type(spec)
    methods = {name: _told(name, function, heard) for name, function in _rules(cls)}
    listening: Any = object.__new__(type(cls.__name__, (cls,), methods))
    vars(listening).update(vars(spec))
    vars(listening)["instance"] = spec.instance
    return listening


def _rules(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The plain methods of a spec: no actions or properties, and nothing that every Spec has."""
    for name in dict.fromkeys(name for base in cls.__mro__ if base not in Spec.__mro__ for name in vars(base)):
        member = inspect.getattr_static(cls, name)
        if inspect.isfunction(member) and declaration_of(member) is None and name not in ("init", "__init__"):
            yield name, member


def _told(name: str, function: Callable[..., Any], heard: _Heard) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        answer = function(self, *arguments, **keywords)
        heard.called.setdefault(name)
        if type(answer) is bool:
            heard.calls.append(Call(name, arguments, keywords, answer))
            return answer != (heard.opposite == name)
        return answer

    return call
