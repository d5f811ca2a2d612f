"""The state graph by compiled code: a search that compares states exactly, and then the steps between what it has numbered."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.initial import InitialStates
from mcheck.checker.known import Known
from mcheck.checker.limits import Watch
from mcheck.checker.liveness.arcs import Arcs
from mcheck.checker.liveness.graph import StateGraph
from mcheck.checker.liveness.predicates import Predicates
from mcheck.checker.native.building import Connected, build_for_connecting
from mcheck.checker.native.labels import Labels
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.memory import Memory
from mcheck.checker.native.program import ENABLED, FAILED
from mcheck.checker.native.search import ErrorLeaf, NativeSearch
from mcheck.checker.native.stepping import KERNELS, Written
from mcheck.checker.traces import Link, blamed
from mcheck.checker.verdict import Progress
from mcheck.spec import Cut, Failure, Fairness, Instance, InternalError, Rule
from mcheck.spec.temporal import truth

_SLICE = 1 << 16
_AGREEMENT_SECONDS = 0.2


class NativeExploration:
    """Explores an instance by compiled code.  Unlowerable for a spec, or a fairness, that has no code.

    With `known`, what earlier runs have compiled is used again; what it says is compared with the plain functions all the same.

    Ends as the plain exploration does.  The graphs differ in the numbers of states alone, and labels name only the parameters
    that a condition of fairness tells apart.
    """

    def __init__(
        self,
        instance: Instance,
        watch: Watch,
        fairness: Sequence[Fairness],
        rules: Sequence[Rule],
        known: Known | None = None,
    ) -> None:
        self.instance, self.watch = instance, watch
        self.begun_in = InitialStates(instance)
        self.labels = Labels(instance, _asked(fairness))
        self.predicates = Predicates(instance, rules)
        self.compiled: Connected = build_for_connecting(
            instance, self.labels, self.predicates.rules, self.predicates.traced, known
        )
        self.layout: Layout = self.compiled.program.layout
        limits = watch.limits
        self.search = NativeSearch(
            self.compiled.model,
            self.compiled.library,
            states=limits.states,
            between=lambda: watch.check(self._progress),
        )
        self._kernels = {kernel.name: self.compiled.library.kernel(kernel) for kernel in KERNELS}
        self._written = Memory(8 * Written.SIZE)

    @property
    def distinct(self) -> int:
        """How many states have been met."""
        return self.search.distinct

    @property
    def steps(self) -> int:
        """How many steps have been noted."""
        return self._written.word(Written.STEPS)

    @property
    def cut(self) -> dict[str, int]:
        """What was cut, in the order of the spec."""
        counted: dict[str, int] = {}
        for counter, times in zip(self.compiled.program.counters, self.search.counts, strict=True):
            if counter.kind == "cut" and times:
                counted[counter.detail] = counted.get(counter.detail, 0) + times
        return self.begun_in.with_steps(counted)

    def run(self) -> StateGraph:
        """Explore until nothing is left."""
        with self.instance.active():
            rows = [self.layout.pack(state) for state in self.begun_in]
            try:
                self.search.run(rows)
            except ErrorLeaf as leaf:
                self._failed(leaf.number)
            states = _States(self.layout, self._all_rows(), self.search)
            arcs = self._arcs()
            graph = StateGraph(
                self.instance,
                states,
                len(rows),
                arcs,
                self.labels.moves,
                self.cut,
                bool(self.begun_in.outside),
                self.predicates.truths(self._judged()),
            )
            self._agree(graph)
        return graph

    def _all_rows(self) -> NDArray[np.uint64]:
        """The rows of all states, as the search has them."""
        width = self.layout.words
        _, address = self.search.everything()
        rows = np.ctypeslib.as_array((ctypes.c_uint64 * (width * self.distinct)).from_address(address))
        return rows.reshape(self.distinct, width)

    def _arcs(self) -> Arcs:
        most = self.search.counts[ENABLED]
        cuts = sum(self.cut.values())
        degrees = np.zeros(self.distinct, np.uint32)
        targets, of_steps = np.empty(most, np.int32), np.empty(most, np.uint16)
        cut_sources, cut_labels = np.empty(cuts, np.int32), np.empty(cuts, np.uint16)
        part, rows = self.search.everything()
        room = self.compiled.most
        out, counts = Memory(8 * self.layout.words * room), Memory(8 * self.compiled.counters)
        labels, cut = Memory(8 * room), Memory(8 * (room + 1))
        arrays = (a.ctypes.data for a in (degrees, targets, of_steps, cut_sources, cut_labels))
        given = (out, counts, labels, cut, *arrays, self._written)
        addresses = [a.address if isinstance(a, Memory) else a for a in given]
        number = 0
        while number < self.distinct:
            end = min(self.distinct, number + _SLICE)
            table = part.table.address, part.companions.address, part.slots
            reached = self._kernels["connect"](*table, rows, number, end, *addresses)
            if reached < 0:
                raise InternalError(f"{self.instance.name}: compiled code takes a step to a state that it has not met")
            number = reached
            self.watch.check(self._progress)
        offsets = np.concatenate([[0], np.cumsum(degrees, dtype=np.int64)]).astype(np.int64)
        kept, cut_kept = self.steps, self._written.word(Written.CUTS)
        return Arcs(
            self.distinct, offsets, targets[:kept], of_steps[:kept], cut_sources[:cut_kept], cut_labels[:cut_kept]
        )

    def _judged(self) -> NDArray[np.uint64]:
        """Of each state the bits of the predicates that are false there."""
        found = np.zeros(self.distinct, np.uint64)
        if self.predicates.rules:
            wanted = 1 << FAILED | (1 << len(self.predicates.rules)) - 1
            _, rows = self.search.everything()
            self._kernels["judge"](rows, self.distinct, wanted, found.ctypes.data)
        return found

    def _failed(self, number: int) -> None:
        """A rule failed in a state: let the plain functions say how, with the way there."""
        rows = self.search.trace(number)
        states = [self.layout.unpack(row) for row in rows]
        links: dict[Any, Link | None] = {states[0]: None}
        for before, after in pairwise(states):
            links.setdefault(after, (before, *self._move(before, after)))
        try:
            list(self.instance.transitions(states[-1]))
        except Failure as failure:
            raise blamed(self.instance, links, failure, states[-1]) from failure
        raise InternalError(f"{self.instance.name}: compiled code fails where plain Python does not, in {states[-1]!r}")

    def _move(self, before: Any, after: Any) -> tuple[int, tuple[Any, ...]]:
        for index, action in enumerate(self.instance.actions):
            for arguments in action.signature.arguments(before):
                if self.instance.apply(action, before, arguments) == after:
                    return index, arguments
        raise InternalError(f"{self.instance.name}: compiled code takes a step that plain Python does not")

    def _agree(self, graph: StateGraph) -> None:
        """InternalError if the steps out of a state, with their labels, or a predicate there, are others than in plain Python.

        Looked at are states all over the graph, for 0.2 s, and at least one.
        """
        label_of = {(a.name, tuple(given.items())): label for label, (a, given) in enumerate(self.labels.moves)}
        arcs = graph.arcs
        order = np.argsort(arcs.cut_sources, kind="stable")
        cut_sources, cut_labels = arcs.cut_sources[order], arcs.cut_labels[order]
        end = time.monotonic() + _AGREEMENT_SECONDS
        for number in _all_over(self.distinct):
            state = graph.states[number]
            plain: list[tuple[int, Any]] = []
            for action, arguments, after in self.instance.transitions(state):
                mine = self.labels.of[action.name].asked
                given = tuple((action.signature.names[k], arguments[k]) for k in mine)
                if isinstance(after, Cut) or after != state:
                    plain.append((label_of[action.name, given], None if isinstance(after, Cut) else after))
            steps = range(int(arcs.offsets[number]), int(arcs.offsets[number + 1]))
            native = [(int(arcs.labels[k]), graph.states[int(arcs.targets[k])]) for k in steps]
            first, last = np.searchsorted(cut_sources, [number, number + 1])
            native += [(int(label), None) for label in cut_labels[first:last]]
            if sorted(plain, key=repr) != sorted(native, key=repr):
                raise InternalError(
                    f"{self.instance.name}: compiled code takes {len(native)} steps, plain Python {len(plain)}, or others, in {state!r}"
                )
            self._agree_on_predicates(graph, number, state)
            if time.monotonic() > end:
                return

    def _agree_on_predicates(self, graph: StateGraph, number: int, state: Any) -> None:
        for rule in self.predicates.properties:
            for arguments in rule.signature.arguments(None):
                first, second = graph.judged.get((rule.name, arguments), (None, None))
                if first is None or second is None:
                    continue
                native, plain = (
                    (bool(first[number]), bool(second[number])),
                    truth(self.instance, rule, state, arguments),
                )
                if native != plain:
                    raise InternalError(
                        f"{self.instance.name}: compiled code judges {rule.title!r} otherwise than plain Python, in {state!r}"
                    )

    def _progress(self, seconds: float) -> Progress:
        native = self.search
        return Progress(
            native.distinct, native.counts[ENABLED], max(0, len(native.levels) - 1), native.frontier_size, seconds
        )


def _asked(fairness: Sequence[Fairness]) -> Mapping[str, frozenset[str]]:
    """The parameters of each action that a condition of fairness tells apart."""
    asked: dict[str, frozenset[str]] = {}
    for one in fairness:
        for action in one.actions:
            asked[action] = asked.get(action, frozenset()) | {*one.each, *one.chosen}
    return asked


def _all_over(count: int) -> Iterator[int]:
    """Numbers below `count`, the first, and then others far from each other."""
    step = max(1, int(count * 0.6180339887)) | 1
    while count > 1 and np.gcd(step, count) != 1:
        step += 2
    return (k * step % count for k in range(count))


class _States(Sequence[Any]):
    """States that are made from their rows when somebody looks at them.

    The rows lie where the search has them; so `search`, whose memory that is, lives as long as they are looked at.
    """

    def __init__(self, layout: Layout, rows: NDArray[np.uint64], search: NativeSearch) -> None:
        self._layout, self._rows, self._search = layout, rows, search

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        return self._layout.unpack(self._rows[index].tolist())
