"""Viewing: the row of a successor replaced by that of its view, by code generated from the layout.

What the spec's method `view` takes away is an update as that of an action.  Ranks are renamed where they stand: a word has a
bit for each rank that occurs, and a rank becomes the number of those below it.  Renaming keeps the order of what it is done to, so the
members of a capped set remain sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mcheck.checker.native.actions import VIEW, ActionCode, naming
from mcheck.checker.native.emit import I64, POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import (
    WORD,
    CopiesShape,
    Layout,
    ListShape,
    MapShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Slot,
    UnionShape,
)
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.reading import Unlowerable
from mcheck.spec import Rule
from mcheck.spec.declare import Declaration
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.parameters import Signature
from mcheck.spec.tracing.trace import Trace, trace_rule
from mcheck.spec.views import Quotient, forgets


def add_view(module: ir.Module, layout: Layout, instance: Quotient) -> None:
    """Add `view(row, before)` to a module: the successor in `row` becomes its view, unless it would then be `before`.

    It gives 0, or -1 where the spec's own method fails.  Unlowerable for ranks in sets that are kept as bits.
    """
    function = ir.Function(module, ir.FunctionType(I64, [POINTER, POINTER]), VIEW)
    function.linkage = "internal"
    forgetting = _forgetting(module, layout, instance) if forgets(instance) else None
    e = Emitter(module, function)
    row, before = function.args
    with e.when(_equal(e, row, before, layout.words)):
        e.b.ret(e.number(0))
    seen = e.scratch(layout.words)
    if forgetting is None:
        e.copy(seen, 0, row, 0, layout.words)
    else:
        nothing = e.scratch(2)
        taken = e.b.call(forgetting, [row, seen, nothing, e.number(0)])
        with e.when(e.b.icmp_signed("!=", taken, e.number(1))):
            e.b.ret(e.number(-1))
    for unit in instance.ranks.least:
        _RankCode(e, instance, unit).rename(Place(seen, 0, 0, layout.state))
    with e.when(e.b.not_(_equal(e, seen, before, layout.words))):
        e.copy(row, 0, seen, 0, layout.words)
    e.b.ret(e.number(0))


def _equal(e: Emitter, one: Value, other: Value, words: int) -> Value:
    difference: Value = e.number(0)
    for k in range(words):
        difference = e.b.or_(difference, e.b.xor(e.load(one, k), e.load(other, k)))
    return e.b.icmp_unsigned("==", difference, e.number(0))


def _forgetting(module: ir.Module, layout: Layout, instance: Quotient) -> ir.Function:
    """The spec's method as the function of an action without parameters."""
    rule = Rule(VIEW, Declaration("action", VIEW, type(instance.spec).view), Signature(()))
    with naming(rule):
        traced = Trace(instance, {VIEW: trace_rule(instance, rule)})
        return _Forgetting(module, layout, ListCode(module), instance, traced, rule, [], "forget_").function


class _Forgetting(ActionCode):
    """Counts nothing: no step of the spec is taken."""

    def count(self, kind: str, detail: str, passed: frozenset[str], times: int = 1) -> None:
        if kind == "cut":
            self.fail(f"the view is outside {detail}")
            self.code.e.b.position_at_end(self.code.e.block("never"))

    def _finish(self, target: Value, passed: frozenset[str]) -> None:
        e = self.code.e
        e.store(e.b.add(e.load(self.written), e.number(1)), self.written)


class _RankCode:
    """Renames the ranks that one bound limits."""

    def __init__(self, e: Emitter, instance: Quotient, unit: str) -> None:
        self.e, self.ranks, self.unit = e, instance.ranks, unit
        if instance.bounds[unit] - self.ranks.least[unit] >= WORD:
            raise Unlowerable(f"more than {WORD} ranks of {unit}")

    def rename(self, state: Place) -> None:
        """Two walks over the row: note the ranks, rename them.  They are stored as numbers from 0, which is `none yet`."""
        e = self.e
        used = e.scratch(1)
        e.store(e.number(1), used)

        def note(place: Place) -> None:
            e.store(e.b.or_(e.load(used), e.b.shl(e.number(1), e.read(place))), used)

        def replace(place: Place) -> None:
            below = e.b.sub(e.b.shl(e.number(1), e.read(place)), e.number(1))
            e.write(place, e.b.ctpop(e.b.and_(e.load(used), below)))

        self.each(state, note)
        self.each(state, replace)

    def each(self, place: Place, visit: Callable[[Place], None]) -> None:
        """Emit code that visits every rank in a value."""
        e, shape = self.e, place.shape
        if isinstance(shape, CopiesShape):
            word, bit = shape.places[0]
            self.each(Place(place.pointer, e.add(place.word, word), e.add(place.bit, bit), shape.member), visit)
        elif self.ranks.places(shape.domain, self.unit) == 0:
            return
        elif isinstance(shape, ScalarShape):
            assert isinstance(shape.domain, IntRange)
            visit(place)
        elif isinstance(shape, RecordShape):
            for slot in shape.slots.values():
                self.each(place.part(slot), visit)
        elif isinstance(shape, OptionalShape):
            with e.when(self._is(self._bits(place, shape.flag, 1), 1)):
                self.each(place.part(shape.inner), visit)
        elif isinstance(shape, UnionShape):
            self._kind(place, shape, visit)
        elif isinstance(shape, MapShape):
            array = Place(place.pointer, place.word, place.bit, shape.array)
            for k in range(shape.array.count):
                self.each(e.element(array, k), visit)
        elif isinstance(shape, ListShape):
            array = place.part(shape.array)
            with e.loop(self._bits(place, shape.length, shape.length_bits)) as (k, _):
                self.each(e.element(array, k), visit)
        else:
            raise Unlowerable(f"ranks in {shape.domain.describe()}")

    def _kind(self, place: Place, shape: UnionShape, visit: Callable[[Place], None]) -> None:
        tag = self._bits(place, shape.tag, shape.tag_bits)
        for number, kind in enumerate(shape.kinds):
            with self.e.when(self._is(tag, number)):
                self.each(place.part(Slot(*shape.payload, kind)), visit)

    def _bits(self, place: Place, offset: int, bits: int) -> Value:
        return self.e.cut_out(self.e.load(place.pointer, place.word), self.e.add(place.bit, offset), bits)

    def _is(self, value: Value, number: int) -> Any:
        return self.e.b.icmp_unsigned("==", value, self.e.number(number))
