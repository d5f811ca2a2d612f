"""Labelling: the expansion of an instance with the label of each step beside it, by code generated for a search to be connected."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mcheck.checker.native.actions import ActionCode, lower_actions
from mcheck.checker.native.labels import Labels
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.program import Counter
from mcheck.spec import Instance
from mcheck.spec.tracing.trace import Trace

PREFIX = "labelled_"


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
