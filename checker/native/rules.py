"""Rules: an instance as an LLVM module: `expand` for its actions, `check` and `check_step` for its properties."""

from __future__ import annotations

from collections.abc import Iterable

from llvmlite import ir

from mcheck.checker.native.actions import lower_actions, naming
from mcheck.checker.native.arguments import falsified
from mcheck.checker.native.emit import I64, POINTER, Emitter
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.lists import ListCode
from mcheck.checker.native.program import FAILED, Counter, Program, split
from mcheck.checker.native.refining import StepMemory, not_refined
from mcheck.checker.native.viewing import add_view
from mcheck.checker.native.writing import Writing
from mcheck.spec import Instance, Rule
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, Trace
from mcheck.spec.views import Quotient


def lower(instance: Instance, traced: Trace, properties: Iterable[Rule]) -> tuple[Program, ir.Module]:
    """The functions of an instance as a module, and what they mean.  Unlowerable, naming the rule, for what has no code yet."""
    module = ir.Module(instance.name)
    layout = Layout(instance.state_domain)
    if isinstance(instance, Quotient):
        add_view(module, layout, instance)
    counters = [Counter(None, "enabled"), Counter(None, "deadlocked")]
    most = lower_actions(module, layout, instance, traced, counters, "")
    states, steps = split(properties)
    lists = ListCode(module)
    memory = StepMemory()
    _checks(module, layout, lists, instance, traced, states, "check", (STATE,), memory)
    _checks(module, layout, lists, instance, traced, steps, "check_step", (BEFORE, AFTER), memory)
    return Program(instance, layout, counters, most, states, steps, memory.words), module


def _checks(
    module: ir.Module,
    layout: Layout,
    lists: ListCode,
    instance: Instance,
    traced: Trace,
    rules: list[Rule],
    name: str,
    states: tuple[str, ...],
    memory: StepMemory,
) -> None:
    """`check(row, wanted)` or `check_step(before, after, memory, wanted)`: a bit for each property that is hit.

    The top bit says that a property failed while it was evaluated, and those behind it were not.
    """
    given = [*states, "memory"] if len(states) > 1 else [*states]
    function = ir.Function(module, ir.FunctionType(I64, [POINTER] * len(given) + [I64]), name)
    e = Emitter(module, function, fixed=function.args[: len(states)])
    hit = e.scratch(1)
    e.store(e.number(0), hit)
    wanted = function.args[-1]
    pointers = dict(zip(states, function.args, strict=False))
    for number, rule in enumerate(rules):
        with naming(rule):
            code = Writing(e, layout, traced[rule.name].build, pointers)
            code.lists = lists
            bit = e.number(1 << number)
            with e.when(e.b.icmp_unsigned("!=", e.b.and_(wanted, bit), e.number(0))), code.scope():
                failing = lambda message: e.b.ret(e.b.or_(e.load(hit), e.number(1 << FAILED)))  # noqa: E731
                goal = rule.kind != "reachable"
                if rule.kind == "implements":
                    found = not_refined(
                        code, instance, traced[rule.name], rule, pointers, (function.args[2], memory), number
                    )
                else:
                    found = falsified(code, traced[rule.name], rule, pointers, goal, failing)
                with e.when(found):
                    e.store(e.b.or_(e.load(hit), bit), hit)
    e.b.ret(e.load(hit))
