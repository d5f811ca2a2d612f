"""Refining: does a step of one spec map to a step of another, or to no change there?

Both states are mapped to rows of the other spec; if they differ, the other's own `expand` says where its steps lead.  Steps
are checked one state after the other, so what the state they leave maps to, and where the other spec can go from there,
is worked out at most once a state, and kept in memory from one call to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from llvmlite import ir

from mcheck.checker.native.actions import lower_actions
from mcheck.checker.native.boundary import Boundary
from mcheck.checker.native.emit import POINTER, Emitter, Place, Value
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.program import FAILED, Counter
from mcheck.checker.native.writing import Writing
from mcheck.spec import Instance, Rule
from mcheck.spec.ir.tree import Answer, Branch, Tree
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, TracedRule, trace

STAMP = 0
"""The word of the memory that changes with the state whose steps are checked."""


@dataclass
class StepMemory:
    """The words that `check_step` keeps from one step of a state to the next."""

    words: int = 1

    def room(self, words: int) -> int:
        """So many words more; where they begin."""
        start = self.words
        self.words += words
        return start


class _Misfit(Boundary):
    """A mapping that leaves the domain of the other spec fails."""

    def __init__(self, e: Emitter) -> None:
        self.e = e

    def outside(self, condition: Value, bound: str | None) -> None:
        _fail_where(self.e, condition)


def not_refined(
    code: Writing,
    instance: Instance,
    traced: TracedRule,
    rule: Rule,
    pointers: dict[str, Value],
    kept: tuple[Value, StepMemory],
    number: int,
) -> Value:
    """Whether a step, from and to the rows at these pointers, maps to no step of the other spec, and not to no change."""
    other = instance.refinements[rule.name].other
    e, layout = code.e, Layout(other.state_domain)
    expand, most = _expand_of(e.module, layout, other, f"refined_{number}_")
    memory, sizes = kept
    mapped_for, expanded_for, count = (sizes.room(1) for _ in range(3))
    before = e.pointer(memory, sizes.room(layout.words))
    reached = e.pointer(memory, sizes.room(layout.words * (most + 1)))
    with _once_a_state(e, memory, mapped_for):
        _map(code, traced, pointers[BEFORE], layout, before)
    after = e.scratch(layout.words)
    _map(code, traced, pointers[AFTER], layout, after)
    target = Place(after, 0, 0, layout.state)
    verdict = e.scratch(1)
    e.store(e.number(0), verdict)
    with e.when(e.b.not_(code.equal_places(Place(before, 0, 0, layout.state), target))):
        with _once_a_state(e, memory, expanded_for):
            steps = e.b.call(expand, [before, reached])
            _fail_where(e, e.b.icmp_signed("<", steps, e.number(0)))
            e.store(steps, memory, count)
        e.store(e.number(1), verdict)
        with e.loop(e.load(memory, count)) as (k, end):
            with e.when(code.equal_places(Place(reached, e.times(k, layout.words), 0, layout.state), target)):
                e.store(e.number(0), verdict)
                e.b.branch(end)
    return e.b.icmp_unsigned("!=", e.load(verdict), e.number(0))


def _fail_where(e: Emitter, condition: Value) -> None:
    with e.when(condition):
        e.b.ret(e.number(1 << FAILED))


@contextmanager
def _once_a_state(e: Emitter, memory: Value, mark: int) -> Iterator[None]:
    """The block runs for the first step only of those that leave one state; one that does not end is run again."""
    stamp = e.load(memory, STAMP)
    with e.when(e.b.icmp_unsigned("!=", e.load(memory, mark), stamp)):
        yield
        e.store(stamp, memory, mark)


def _expand_of(module: ir.Module, layout: Layout, other: Instance, prefix: str) -> tuple[ir.Function, int]:
    """(expand(row, out) of the other spec, how many rows it writes at most).  What it counts is of no interest."""
    counters = [Counter(None, "enabled"), Counter(None, "deadlocked")]
    most = lower_actions(module, layout, other, trace(other), counters, prefix)
    counting = module.get_global(f"{prefix}expand")
    kind = counting.function_type
    function = ir.Function(module, ir.FunctionType(kind.return_type, [POINTER, POINTER]), f"{prefix}steps")
    function.linkage = "internal"
    e = Emitter(module, function)
    counts = e.scratch(len(counters))
    e.b.ret(e.b.call(counting, [*function.args, counts]))
    return function, most


def _map(code: Writing, traced: TracedRule, row: Value, layout: Layout, target: Value) -> None:
    """Write the row of the other spec that a state maps to."""
    e = code.e
    e.zero(target, 0, layout.words)
    inner = Writing(e, code.layout, traced.build, {STATE: row})
    inner.lists, inner.boundary = code.lists, _Misfit(e)

    def tree(node: Tree) -> None:
        if isinstance(node, Branch):
            test = inner.truth(node.condition)

            def side(chosen: Tree) -> None:
                with inner.scope():
                    tree(chosen)

            e.either(test, lambda: side(node.then), lambda: side(node.otherwise))
        elif isinstance(node, Answer):
            inner.fill(node.value, Place(target, 0, 0, layout.state))
        else:
            _fail_where(e, e.truth(True))

    tree(traced.tree)
