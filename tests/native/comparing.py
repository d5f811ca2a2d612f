"""Compiled code against the plain functions: one state at a time, and whole searches by their verdicts."""

from __future__ import annotations

import ctypes
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.checker import Limits, Verdict
from mcheck.checker.native.engine import explore as explore_by_machine
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.machine import compiled
from mcheck.checker.native.program import FAILED
from mcheck.checker.native.rules import lower
from mcheck.checker.reference import explore as explore_by_reference
from mcheck.checker.traces import RuleFailed
from mcheck.spec import Instance, Rule
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf
from mcheck.spec.tracing.agreement import reached_states, typed_states
from mcheck.spec.tracing.trace import trace

EVERYTHING = (1 << FAILED) - 1


@dataclass(frozen=True)
class Expansion:
    """What the actions do in one state: the successors in order, and how often which guard or bound was in the way."""

    successors: tuple[Any, ...] = ()
    blocked: tuple[tuple[tuple[str, str], int], ...] = ()
    cut: tuple[tuple[tuple[str, str], int], ...] = ()
    failed: bool = False


def _counted(counts: Counter[tuple[str, str]]) -> tuple[tuple[tuple[str, str], int], ...]:
    return tuple(sorted(counts.items()))


def plain_expansion(instance: Instance, state: Any) -> Expansion:
    """By the plain functions; inside `instance.active()`."""
    successors, blocked, cut = [], Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for action in instance.actions:
        for arguments in action.signature.arguments(state):
            outcome = instance.outcome(action, state, arguments)
            if outcome.error is not None:
                return Expansion(failed=True)
            if outcome.disabled is not None:
                blocked[action.name, outcome.disabled] += 1
            elif outcome.cut is not None:
                cut[action.name, outcome.cut] += 1
            else:
                successors.append(outcome.successor)
    return Expansion(tuple(successors), _counted(blocked), _counted(cut))


def in_order(layout: Layout, domain: Domain) -> bool:
    """Whether the members of every set and bag are stored in the order in which plain Python takes them.

    Values of more than a word are sorted by words, whose order is another one: which of several shortest behaviours is
    shown may then differ.
    """
    here = not isinstance(domain, CappedSetOf | BagOf) or layout.shape(domain.member).small
    return here and all(in_order(layout, part) for part in domain.parts())


class CompiledRules:
    """The rules of an instance as compiled functions.  Unlowerable for a spec that has none."""

    def __init__(self, instance: Instance) -> None:
        with instance.active():
            self.program, module = lower(instance, trace(instance), instance.properties)
        names = ["expand", "check", "check_step"]
        library = compiled(str(module), names)
        pointer, word = ctypes.c_void_p, ctypes.c_uint64
        self._expand = library.function("expand", ctypes.c_int64, pointer, pointer, pointer)
        self._check = library.function("check", word, pointer, word)
        self._check_step = library.function("check_step", word, pointer, pointer, pointer, word)
        self._memory, self._before = (word * self.program.step_memory)(), None
        self.layout = self.program.layout
        self.ordered = in_order(self.layout, instance.state_domain)
        self._out = (word * (self.layout.words * (self.program.max_successors + 1)))()

    def _row(self, state: Any) -> Any:
        return (ctypes.c_uint64 * self.layout.words)(*self.layout.pack(state))

    def rows(self, state: Any) -> tuple[list[tuple[int, ...]], list[int]] | None:
        """(the rows of the successors, the counters); None where an action fails."""
        counts = (ctypes.c_uint64 * len(self.program.counters))()
        number = self._expand(self._row(state), self._out, counts)
        if number < 0:
            return None
        words = self.layout.words
        return [tuple(self._out[k * words : (k + 1) * words]) for k in range(number)], list(counts)

    def expansion(self, state: Any) -> Expansion:
        """What `plain_expansion` says, by compiled code."""
        found = self.rows(state)
        if found is None:
            return Expansion(failed=True)
        rows, counts = found
        by_kind = {"blocked": Counter[tuple[str, str]](), "cut": Counter[tuple[str, str]]()}
        for counter, times in zip(self.program.counters, counts, strict=True):
            if times and counter.action is not None and counter.kind in by_kind:
                by_kind[counter.kind][counter.action.name, counter.detail] += times
        return Expansion(tuple(map(self.layout.unpack, rows)), _counted(by_kind["blocked"]), _counted(by_kind["cut"]))

    def hits(self, *states: Any) -> int:
        """The bits of the properties that one state (two: a step) decides."""
        if len(states) == 1:
            return int(self._check(self._row(*states), EVERYTHING))
        if states[0] != self._before:  # a search too checks the steps of one state after the other
            self._before = states[0]
            self._memory[0] += 1
        return int(self._check_step(*map(self._row, states), self._memory, EVERYTHING))


def differences(instance: Instance, states: Iterable[Any]) -> Iterator[str]:
    """Every difference between compiled code and the plain functions in these states."""
    rules = CompiledRules(instance)
    with instance.active():
        for state in states:
            native, plain = rules.expansion(state), plain_expansion(instance, state)
            if difference := _difference(native, plain, rules.ordered):
                yield f"expansion: {difference} in {state!r}"
            elif not plain.failed:
                rows = rules.rows(state)
                if rows is None or Counter(rows[0]) != Counter(map(rules.layout.pack, plain.successors)):
                    yield f"a successor of {state!r} has a row that is not canonical"
            yield from _in_state(instance, rules, state)
            for after in plain.successors[:3]:
                yield from _in_step(instance, rules, state, after)


def _difference(native: Expansion, plain: Expansion, ordered: bool) -> str | None:
    if native == plain:
        return None
    if native.failed or plain.failed:
        return f"native fails: {native.failed}, plain fails: {plain.failed}"
    if Counter(native.successors) != Counter(plain.successors):
        extra, missing = (
            list((Counter(a.successors) - Counter(b.successors)).elements())
            for a, b in ((native, plain), (plain, native))
        )
        return f"only native: {extra!r:.300}; only plain: {missing!r:.300}"
    if native.blocked == plain.blocked and native.cut == plain.cut:
        return "the order of the successors" if ordered else None
    return f"native blocks {native.blocked} cuts {native.cut}; plain blocks {plain.blocked} cuts {plain.cut}"


def _in_state(instance: Instance, rules: CompiledRules, state: Any) -> Iterator[str]:
    def decided(rule: Rule) -> bool:
        decide = instance.witnessing if rule.kind == "reachable" else instance.falsifying
        return decide(rule, state) is not None

    yield from _decisions(rules.program.properties, rules.hits(state), decided, state)


def _in_step(instance: Instance, rules: CompiledRules, state: Any, after: Any) -> Iterator[str]:
    def decided(rule: Rule) -> bool:
        if rule.kind == "implements":
            return not instance.refinements[rule.name].allows(state, after)
        return instance.falsifying(rule, state, after) is not None

    yield from _decisions(rules.program.steps, rules.hits(state, after), decided, (state, after))


def _decisions(rules: list[Rule], hits: int, decided: Callable[[Rule], bool], where: Any) -> Iterator[str]:
    try:
        wanted = sum(1 << n for n, rule in enumerate(rules) if decided(rule))
    except Exception:
        wanted = 1 << FAILED
    if (hits >> FAILED) != (wanted >> FAILED) or (not hits >> FAILED and hits != wanted):
        yield f"properties: native {hits:b}, plain {wanted:b} in {where!r}"


def sample(instance: Instance, seed: int) -> list[Any]:
    """Reached and random states."""
    rng = random.Random(seed)
    reached = itertools.islice(reached_states(instance, rng, 10), 15)
    return [*reached, *itertools.islice(typed_states(instance, rng), 25)]


# ---------------------------------------------------------------------- searches

COMPARED = (
    "result",
    "exhaustive",
    "reason",
    "distinct",
    "generated",
    "depth",
    "levels",
    "actions",
    "guards_never_true",
    "cut",
    "unexpanded",
    "deadlocks",
)
"""What the verdicts of two engines must agree on, word for word."""


@dataclass(frozen=True)
class Failed:
    """A search that ended because a rule failed."""

    message: str
    labels: tuple[str, ...]


def answer(explore: Callable[..., Verdict], instance: Instance, limits: Limits, **options: Any) -> Verdict | Failed:
    """The verdict, or the failure that came instead."""
    try:
        return explore(instance, limits=limits, **options)
    except RuleFailed as failure:
        return Failed(str(failure), tuple(failure.behavior.labels))


def unlike(native: Verdict | Failed, reference: Verdict | Failed, ordered: bool = True) -> list[str]:
    """How two answers to one question differ; where members are not in order, behaviours need only be as long."""
    if isinstance(native, Failed) or isinstance(reference, Failed):
        failed = isinstance(native, Failed) and isinstance(reference, Failed)
        if failed and not ordered and len(native.labels) == len(reference.labels):  # type: ignore[union-attr]
            return []
        return [] if native == reference else [f"native {native!r:.600} reference {reference!r:.600}"]
    same = native.reason == reference.reason and native.result == reference.result
    names = COMPARED if not same or native.reason is None else ("result", "reason")
    found = [
        f"{name}: native {getattr(native, name)!r:.300}, reference {getattr(reference, name)!r:.300}"
        for name in names
        if getattr(native, name) != getattr(reference, name)
    ]
    for mine, theirs in zip(native.properties, reference.properties, strict=True):
        sides: list[tuple[Any, ...]] = [
            (p.rule.title, p.finding, p.steps, p.arguments, None if p.behavior is None else p.behavior.labels)
            for p in (mine, theirs)
        ]
        if not ordered:
            sides = [side[:3] for side in sides]
        if sides[0] != sides[1]:
            found.append(f"property: native {sides[0]!r:.400}, reference {sides[1]!r:.400}")
    labels: list[Any] = [None if v.deadlock is None else v.deadlock.labels for v in (native, reference)]
    if not ordered:
        labels = [None if given is None else len(given) for given in labels]
    if labels[0] != labels[1]:
        found.append(f"deadlock: native {labels[0]}, reference {labels[1]}")
    return found


def search_differences(instance: Instance, limits: Limits, **options: Any) -> list[str]:
    """How the answers of the two engines differ."""
    native = answer(explore_by_machine, instance, limits, **options)
    ordered = in_order(Layout(instance.state_domain), instance.state_domain)
    return unlike(native, answer(explore_by_reference, instance, limits, **options), ordered)
