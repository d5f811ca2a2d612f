"""Fairness: which steps cannot be put off for ever.  A spec states it in a method of that name.

    def fairness(self) -> Iterable[Fairness]:
        return [
            weak(self.tm_commit, self.tm_abort),  # WF(tm_commit or tm_abort): the transaction manager goes on
            weak(self.rm_prepare, each="rm"),  # for all rm: WF(rm_prepare(rm))
            strong(self.enter, i=Node(0)),  # SF(enter(0))
            weak(self.deliver, each="m"),  # message fairness: what stays deliverable is received
            weak(self.vote, each="i", unless=self.crashed),  # a process that has crashed owes nothing
        ]

Source: L. Lamport, Specifying Systems (2002), section 8.4.  As there, a step of an action is one that changes the state,
and the action is enabled where such a step is possible, inside the bounds of the search or outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from mcheck.spec.declare import declaration_of
from mcheck.spec.errors import SpecError
from mcheck.spec.order import text
from mcheck.spec.parameters import TableParameter

if TYPE_CHECKING:
    from mcheck.spec.instance import Instance, Rule

Strength = Literal["weak", "strong"]


@dataclass(frozen=True)
class Fairness:
    """One condition, or one for each combination of values of the parameters `each`, on the steps of some actions.

    Weak: if from some state on a step is always possible, one is taken.  Strong: if a step is possible again and again,
    one is taken.
    """

    strength: Strength
    actions: tuple[str, ...]
    each: tuple[str, ...] = ()
    chosen: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    unless: str | None = None

    def __str__(self) -> str:
        """`WF(vote or lead) for each i, unless crashed`."""
        given = f"({', '.join(f'{n}={text(v)}' for n, v in self.chosen.items())})" if self.chosen else ""
        steps = " or ".join(f"{name}{given}" for name in self.actions)
        each = f" for each {', '.join(self.each)}" if self.each else ""
        unless = f", unless {self.unless}" if self.unless else ""
        return f"{'WF' if self.strength == 'weak' else 'SF'}({steps}){each}{unless}"

    def key(self, action: Rule, given: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Of which of its conditions a step is: the values of `each`; None if it is of none.

        `given`: the arguments by name; only those that are chosen or in `each` are looked at.
        """
        if action.name not in self.actions:
            return None
        if any(given[name] != value for name, value in self.chosen.items()):
            return None
        return tuple(given[name] for name in self.each)

    def waived(self, instance: Instance, state: Any, key: tuple[Any, ...]) -> bool:
        """Whether the condition with these values of `each` asks nothing in `state`.  Inside `instance.active()`."""
        if self.unless is None:
            return False
        values = {**dict(zip(self.each, key, strict=True)), **self.chosen}
        answer = getattr(instance.spec, self.unless)(state, *(values[n] for n in _parameters(instance, self.unless)))
        if type(answer) is not bool:
            raise SpecError(f"{instance.name}.{self.unless}: must return a bool (got {answer!r:.60})")
        return answer


Named = Callable[..., Any] | str


def weak(*actions: Named, each: str | Iterable[str] = (), unless: Named | None = None, **chosen: Any) -> Fairness:
    """WF: a step of one of the actions that stays possible is taken.

    `each`: parameters for each of whose values this is asked.  Other keywords choose the value of a parameter.  `unless`:
    a method `(self, s, …) -> bool`, its parameters among those named; where it is true, nothing is asked.
    """
    return _stated("weak", actions, each, unless, chosen)


def strong(*actions: Named, each: str | Iterable[str] = (), unless: Named | None = None, **chosen: Any) -> Fairness:
    """SF: a step of one of the actions that is possible again and again is taken.  The rest as of `weak`."""
    return _stated("strong", actions, each, unless, chosen)


def _stated(
    strength: Strength,
    actions: tuple[Named, ...],
    each: str | Iterable[str],
    unless: Named | None,
    chosen: dict[str, Any],
) -> Fairness:
    if not actions:
        raise SpecError(f"{strength}() names no action: write {strength}(self.deliver)")
    names = tuple(_name(strength, a) for a in actions)
    parameters = (each,) if isinstance(each, str) else tuple(each)
    return Fairness(
        strength, names, parameters, MappingProxyType(chosen), None if unless is None else _name(strength, unless)
    )


def _name(strength: str, method: Named) -> str:
    if isinstance(method, str):
        return method
    declaration = declaration_of(method)
    name = declaration.function.__name__ if declaration else getattr(method, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise SpecError(f"{strength}(…) takes methods of the spec or their names (got {method!r:.60})")
    return name


def on_every_step(instance: Instance, strength: Strength) -> tuple[Fairness, ...]:
    """Fairness of every action for each combination of the values of its parameters."""
    return tuple(Fairness(strength, (a.name,), a.signature.names) for a in instance.actions)


def admitted(instance: Instance, stated: Any) -> tuple[Fairness, ...]:
    """What a spec states, if it names what the spec has.  SpecError.  Must run inside `instance.active()`."""
    where = f"{instance.name}.fairness"
    if isinstance(stated, Fairness) or not isinstance(stated, Iterable):
        raise SpecError(f"{where} must return a list of weak(…) and strong(…) (got {stated!r:.60})")
    found = tuple(stated)
    for one in found:
        if not isinstance(one, Fairness):
            raise SpecError(f"{where} must return a list of weak(…) and strong(…) (got {one!r:.60} in it)")
        admit(instance, where, one)
    return found


def admit(instance: Instance, where: str, one: Fairness) -> None:
    """SpecError, which begins with `where`, for a condition on what the spec does not have.  Inside `instance.active()`."""
    from mcheck.spec.specification import did_you_mean

    known = {a.name: a for a in instance.actions}
    for name in one.actions:
        if name not in known:
            raise SpecError(f"{where}: {one}: no action {name!r}{did_you_mean(name, known)}; it has {', '.join(known)}")
        parameters = {p.name: p for p in known[name].signature.parameters}
        for parameter in (*one.each, *one.chosen):
            if parameter not in parameters:
                takes = ", ".join(parameters) or "no parameter"
                raise SpecError(
                    f"{where}: {one}: {name} has no parameter {parameter!r}{did_you_mean(parameter, parameters)}; it has {takes}"
                )
        for parameter, value in one.chosen.items():
            of = parameters[parameter]
            if isinstance(of, TableParameter) and value not in of.table:
                raise SpecError(f"{where}: {one}: parameter {parameter} of {name} takes no value {text(value)}")
    both = [name for name in one.each if name in one.chosen]
    if both:
        raise SpecError(f"{where}: {one}: {both[0]} is both chosen and in each: leave one out")
    if one.unless is not None:
        _admit_exemption(instance, where, one, one.unless)


def _admit_exemption(instance: Instance, where: str, one: Fairness, name: str) -> None:
    if not callable(getattr(instance.spec, name, None)):
        raise SpecError(f"{where}: {one}: {instance.name} has no method {name!r}: write unless=self.crashed")
    missing = [p for p in _parameters(instance, name) if p not in (*one.each, *one.chosen)]
    if missing:
        raise SpecError(
            f"{where}: {one}: {name} asks for {', '.join(missing)}, which is neither in each nor chosen: name it in each"
        )


def _parameters(instance: Instance, method: str) -> tuple[str, ...]:
    """The parameters of an exemption after the state."""
    import inspect

    return tuple(inspect.signature(getattr(instance.spec, method)).parameters)[1:]
