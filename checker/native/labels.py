"""Labels: which action, with which values of the parameters that somebody asks for, a step is; numbers for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from mcheck.checker.native.reading import Unlowerable
from mcheck.spec import Instance, Rule
from mcheck.spec.domains.containers import SetOf
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter

MOST_LABELS = 1 << 16


@dataclass(frozen=True)
class LabelsOfAction:
    """The labels of one action: from `first` on, the last of the parameters `asked` varying fastest."""

    first: int
    asked: tuple[int, ...]
    """The numbers of the parameters that labels tell apart."""
    values: tuple[tuple[Any, ...], ...]
    """What each of them ranges over."""


class Labels:
    """Numbers the labels of an instance.  `asked`: of each action the names of the parameters to tell apart.

    Unlowerable where one ranges over members that no table lists, or there are too many labels.
    """

    def __init__(self, instance: Instance, asked: Mapping[str, frozenset[str]]) -> None:
        self.asked = tuple((a.name, tuple(sorted(asked.get(a.name, ())))) for a in instance.actions)
        self.of: dict[str, LabelsOfAction] = {}
        self.moves: list[tuple[Rule, dict[str, Any]]] = []
        """By label: the action, and the values of the parameters asked for."""
        for action in instance.actions:
            parameters = action.signature.parameters
            numbers = tuple(k for k, p in enumerate(parameters) if p.name in asked.get(action.name, ()))
            values = tuple(_values(instance, action, parameters[k]) for k in numbers)
            self.of[action.name] = LabelsOfAction(len(self.moves), numbers, values)
            if len(self.moves) + prod(map(len, values)) > MOST_LABELS:
                raise Unlowerable(f"{action.name}: more than {MOST_LABELS:,} labels")
            names = [parameters[k].name for k in numbers]
            self.moves += [(action, dict(zip(names, given, strict=True))) for given in product(*values)]


def _values(instance: Instance, action: Rule, parameter: Parameter) -> tuple[Any, ...]:
    if isinstance(parameter, TableParameter):
        return parameter.table
    assert isinstance(parameter, MemberParameter)
    held = instance.state_domain.fields[parameter.field]
    if not isinstance(held, SetOf):
        raise Unlowerable(f"{action.name}: fairness for each {parameter.name}, a member of {held.describe()}")
    return tuple(v for v in held.member.values() if parameter.kinds is None or type(v) in parameter.kinds)
