"""Building: an instance as functions of this process, compiled now, or known from an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.checker.known import Known
from mcheck.checker.native.cache import Cache
from mcheck.checker.native.core import Check, Identity
from mcheck.checker.native.kernel import external
from mcheck.checker.native.machine import Library, compiled, load, object_key
from mcheck.checker.native.program import DEADLOCKED, FAILED, Program, from_facts
from mcheck.checker.native.search import SYMBOLS, Model
from mcheck.checker.native.stepping import KERNELS, ExpandLabelled, connect, judge
from mcheck.checker.symmetry import scalarsets
from mcheck.spec import Instance, Rule
from mcheck.spec.tracing.trace import Trace, trace

if TYPE_CHECKING:
    from mcheck.checker.native.labels import Labels


@dataclass(frozen=True)
class Built:
    """Functions that run, and what they mean."""

    program: Program
    model: Model
    library: Library
    key: str
    """A digest of the program that was compiled, and of the machine it was compiled for."""


def build(
    instance: Instance,
    selected: Iterable[Rule],
    identity: Identity,
    symmetry: bool = False,
    known: Known | None = None,
) -> Built:
    """An instance compiled, or fetched from the cache.  Unlowerable.

    With `known`, neither is the spec traced nor its code generated again if the object code of an earlier run is there.
    """
    rules = list(selected)
    what = ("program", identity.name, f"symmetry {symmetry}", *(rule.name for rule in rules))
    recalled = None if known is None else _recalled(instance, rules, identity, symmetry, known.recall(*what))
    if recalled is not None:
        return recalled
    program, module = _lowered(instance, rules, symmetry)
    model = _model(program, identity, symmetry)
    model.export(module)
    text = str(module)
    built = Built(program, model, compiled(text, SYMBOLS), object_key(text))
    if known is not None:
        known.remember({"object": built.key, **program.facts()}, *what)
    return built


def _recalled(
    instance: Instance, rules: list[Rule], identity: Identity, symmetry: bool, facts: dict[str, Any] | None
) -> Built | None:
    """What was built in an earlier run, if all of it is still there."""
    code = None if facts is None else Cache().load(facts["object"])
    if facts is None or code is None:
        return None
    program = from_facts(instance, rules, facts)
    return Built(program, _model(program, identity, symmetry), load(code, SYMBOLS), facts["object"])


def _lowered(instance: Instance, rules: list[Rule], symmetry: bool) -> tuple[Program, Any]:
    # what writes LLVM is imported where it is needed: it takes longer than a search of a small instance
    from mcheck.checker.native.permuting import add_orbit
    from mcheck.checker.native.rules import lower

    with instance.active():
        program, module = lower(instance, trace(instance), rules)
        if symmetry:
            classes = [(cls, instance.size_of(cls)) for cls in scalarsets(instance)]
            add_orbit(module, program.layout, classes)
    return program, module


def _model(program: Program, identity: Identity, symmetry: bool) -> Model:
    return Model(
        width=program.layout.words,
        leaves=len(program.counters),
        most_successors=max(1, program.max_successors),
        step_properties=FAILED + 1 if program.steps else 0,
        step_memory=program.step_memory,
        deadlocks=DEADLOCKED,
        identity=identity,
        symmetry=symmetry,
    )


# ---------------------------------------------------------------------- for a graph of states


@dataclass(frozen=True)
class Connected:
    """An instance compiled for a search whose states are connected afterwards, and judged by predicates.

    `most`: how many steps a state has at most; `counters`: how many the labelled expansion counts with.
    """

    program: Program
    model: Model
    library: Library
    most: int
    counters: int


def build_for_connecting(
    instance: Instance,
    labels: Labels,
    predicates: Sequence[Rule],
    traced: Callable[[], Trace],
    known: Known | None = None,
) -> Connected:
    """The functions of an instance, its predicates as the bits of `check`.  Unlowerable.

    `traced`: the instance and the predicates; called only if nothing is known of an earlier run.
    """
    what = ("connected", repr(labels.asked), *(rule.name for rule in predicates))
    facts = None if known is None else known.recall(*what)
    code = None if facts is None else Cache().load(facts["object"])
    if facts is not None and code is not None:
        program = from_facts(instance, predicates, facts)
        model = _model_of_graph(program)
        return Connected(program, model, load(code, _SYMBOLS_OF_GRAPH), facts["most labelled"], facts["counted"])
    program, module, most, counted = _lowered_for_connecting(instance, labels, predicates, traced())
    text = str(module)
    connected = Connected(program, _model_of_graph(program), compiled(text, _SYMBOLS_OF_GRAPH), most, counted)
    if known is not None:
        facts = {"object": object_key(text), "most labelled": most, "counted": counted, **program.facts()}
        known.remember(facts, *what)
    return connected


_SYMBOLS_OF_GRAPH = (*SYMBOLS, *(kernel.name for kernel in KERNELS))


def _lowered_for_connecting(
    instance: Instance, labels: Labels, predicates: Sequence[Rule], traced: Trace
) -> tuple[Program, Any, int, int]:
    from mcheck.checker.native.kernel_compiler import Build
    from mcheck.checker.native.labelling import PREFIX, lower_labelled
    from mcheck.checker.native.rules import lower

    with instance.active():
        program, module = lower(instance, traced, predicates)
        most, counted = lower_labelled(module, program.layout, instance, traced, labels)
    width = program.layout.words
    _model_of_graph(program).export(module)
    kernels = Build(module)
    kernels.export(connect, expand=external(f"{PREFIX}expand", ExpandLabelled), width=width)
    kernels.export(judge, check=external("check", Check), width=width)
    return program, module, most, counted


def _model_of_graph(program: Program) -> Model:
    return Model(program.layout.words, len(program.counters), max(1, program.max_successors), identity=Identity.EXACT)
