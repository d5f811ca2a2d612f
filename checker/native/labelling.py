"""Labels: which action, with which values of the parameters that somebody asks for, a step of compiled code is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from llvmlite import ir

from mcheck.checker.native.actions import ActionCode, lower_actions
from mcheck.checker.native.core import Check, Identity
from mcheck.checker.native.kernel import external
from mcheck.checker.native.kernel_compiler import Build
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.machine import Library, compiled
from mcheck.checker.native.program import Counter, Program
from mcheck.checker.native.reading import Unlowerable
from mcheck.checker.native.rules import lower
from mcheck.checker.native.search import SYMBOLS, Model
from mcheck.checker.native.stepping import KERNELS, ExpandLabelled, connect, judge
from mcheck.spec import Instance, Rule
from mcheck.spec.domains.containers import SetOf
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter
from mcheck.spec.tracing.trace import Trace

MOST_LABELS = 1 << 16
PREFIX = "labelled_"


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
            self.moves += [(action, dict(zip(names, given, strict=True))) for given in _product(values)]


def _product(values: tuple[tuple[Any, ...], ...]) -> list[tuple[Any, ...]]:
    combined: list[tuple[Any, ...]] = [()]
    for table in values:
        combined = [(*before, value) for before in combined for value in table]
    return combined


def _values(instance: Instance, action: Rule, parameter: Parameter) -> tuple[Any, ...]:
    if isinstance(parameter, TableParameter):
        return parameter.table
    assert isinstance(parameter, MemberParameter)
    held = instance.state_domain.fields[parameter.field]
    if not isinstance(held, SetOf):
        raise Unlowerable(f"{action.name}: fairness for each {parameter.name}, a member of {held.describe()}")
    return tuple(v for v in held.member.values() if parameter.kinds is None or type(v) in parameter.kinds)


def lower_labelled(
    module: ir.Module, layout: Layout, instance: Instance, traced: Trace, labels: Labels
) -> tuple[int, int]:
    """Emit `labelled_expand(row, out, counts, labels, cuts)`; how many steps a state has at most, and how many counters.

    Beside each successor in `out` its label is put into `labels`.  `cuts` gets the number of steps that a bound cuts, and
    then their labels.
    """

    class Labelled(ActionCode):
        given = 2

        def count(self, kind: str, detail: str, passed: frozenset[str], times: int = 1) -> None:
            super().count(kind, detail, passed, times)
            if kind == "cut":
                e, cuts = self.code.e, self.function.args[5]
                number = e.b.add(e.load(cuts), e.number(1))
                e.store(number, cuts)
                e.store(self._label(), cuts, number)

        def _finish(self, target: Any, passed: frozenset[str]) -> None:
            e = self.code.e
            e.store(self._label(), self.function.args[4], e.load(self.written))
            super()._finish(target, passed)

        def _label(self) -> Any:
            """The label of the step that is being emitted."""
            e, mine = self.code.e, labels.of[self.rule.name]
            label: Any = 0
            for number, values in zip(mine.asked, mine.values, strict=True):
                label = e.add(e.times(label, len(values)), self.loops.indexes[number])
            return e.word(e.add(label, mine.first))

    counters = [Counter(None, "enabled"), Counter(None, "deadlocked")]
    most = lower_actions(module, layout, instance, traced, counters, PREFIX, Labelled, Labelled.given)
    return max(1, most), len(counters)


@dataclass(frozen=True)
class Connected:
    """An instance compiled for a search whose states are connected afterwards, and judged by predicates."""

    program: Program
    model: Model
    library: Library
    most: int
    counters: int


def compiled_for_connecting(instance: Instance, traced: Trace, labels: Labels, predicates: list[Rule]) -> Connected:
    """The functions of an instance, its predicates as the bits of `check`.  Unlowerable."""
    with instance.active():
        program, module = lower(instance, traced, predicates)
        most, counters = lower_labelled(module, program.layout, instance, traced, labels)
    width = program.layout.words
    model = Model(width, len(program.counters), max(1, program.max_successors), identity=Identity.EXACT)
    model.export(module)
    build = Build(module)
    build.export(connect, expand=external(f"{PREFIX}expand", ExpandLabelled), width=width)
    build.export(judge, check=external("check", Check), width=width)
    library = compiled(str(module), (*SYMBOLS, *(kernel.name for kernel in KERNELS)))
    return Connected(program, model, library, most, counters)
