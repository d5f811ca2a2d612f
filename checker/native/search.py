"""The native search: level by level, it hands slices of the frontier to the kernels of `core`, on one or more threads.

Which states are met, their numbers, and what is counted are the same for every number of threads.
"""

from __future__ import annotations

import array
import ctypes
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from mcheck.checker.limits import LimitReached
from mcheck.checker.native import core
from mcheck.checker.native.core import Identity, Status
from mcheck.checker.native.kernel import External, Kernel, external
from mcheck.checker.native.machine import Library
from mcheck.checker.native.memory import Memory, Rows
from mcheck.checker.native.visited import KERNELS as OF_PARTS
from mcheck.checker.native.visited import Part, adopt, gather

_BATCH_BYTES = 1 << 21
_FEWEST, _MOST = 1 << 12, 1 << 15
_LONGEST_SLICE = 1 << 31
_PROPERTIES = 64
_FIRST_LOG = 1 << 16
_PATIENCE = 0.05
_FEW = 1 << 11
"""So few states are dealt with sooner by one thread than handed to another."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Model:
    """What the kernels are compiled for.

    `width`: words of a row.  `leaves`: counters that `expand` increments.  `most_successors`: rows that it may write.
    `deadlocks`: the counter that it increments in a state where nothing is enabled, judged before bounds.
    `step_properties`: how many bits `check_step` knows, at most 64, like `check`; `step_memory`: the words that it keeps
    from one step of a state to the next.
    """

    width: int
    leaves: int
    most_successors: int
    step_properties: int = 0
    step_memory: int = 1
    deadlocks: int | None = None
    identity: Identity = Identity.FINGERPRINT
    symmetry: bool = False
    """Whether the module has a function `orbit`, by which states are told apart."""

    def export(
        self,
        module: Any,
        expand: Kernel[..., Any] | External | None = None,
        check: Kernel[..., Any] | External | None = None,
        check_step: Kernel[..., Any] | External | None = None,
    ) -> None:
        """Add the search core to an LLVM module.

        By default it calls the functions `expand`, `check` and, if there are step properties, `check_step` there.
        """
        from mcheck.checker.native.kernel_compiler import Build

        build = Build(module)
        expand = expand or external("expand", core.Expand)
        check = check or external("check", core.Check)
        step = (check_step or external("check_step", core.CheckStep)) if self.step_properties else None
        deadlocks = -1 if self.deadlocks is None else self.deadlocks
        identity = int(self.identity)
        shape = {"width": self.width, "identity": identity}
        orbit = external("orbit", core.Orbit) if self.symmetry else None
        build.export(core.expand_slice, expand=expand, check_step=step, orbit=orbit, deadlocks=deadlocks, **shape)
        build.export(core.enter_rows, orbit=orbit, **shape)
        build.export(core.absorb, **shape)
        build.export(core.number_new)
        build.export(core.rehash, identity=identity)
        build.export(core.collect, check=check, **shape)
        build.export(core.successors, expand=expand)
        build.export(core.parent)
        build.export(gather, identity=identity)
        build.export(adopt, identity=identity)


_KERNELS = (*core.KERNELS, *OF_PARTS)
SYMBOLS: tuple[str, ...] = tuple(kernel.name for kernel in _KERNELS)
"""What `Model.export` exports."""


@dataclass(frozen=True)
class Step:
    """The step out of state `number` to its successor `ordinal`."""

    number: int
    ordinal: int


class ErrorLeaf(Exception):
    """`expand` met the error leaf `leaf` in state `number`."""

    def __init__(self, number: int, leaf: int) -> None:
        super().__init__(f"error leaf {leaf} in state {number}")
        self.number, self.leaf = number, leaf


class Batch:
    """The memory in which one thread expands a slice.  Its rows begin with row `base` of an arena that all share."""

    def __init__(self, model: Model, room: int, parts: int, base: int) -> None:
        self.room, self.base = room, base
        self.prints, self.extra = Memory(8 * room), Memory(8 * room if model.identity else 0)
        self.sources, self.ordinals = Memory(4 * room), Memory(2 * room)
        self.fresh, self.picked = Memory(room), Memory(4 * room)
        self.lists, self.sizes = Memory(4 * room * parts), Memory(8 * parts)
        self.seen = Memory(8 * core.FILTER_SLOTS * core.filter_stride(model.width, model.identity))
        self.memory = Memory(8 * model.step_memory)
        self.counts, self.status = Memory(8 * max(1, model.leaves)), Memory(8 * Status.SIZE)
        self.accounted = Memory(self.counts.size)
        """The counts without those of a slice that has not been absorbed."""
        self.hits, self.found = Memory(16 * _PROPERTIES), Memory(8 * _PROPERTIES)

    @property
    def candidates(self) -> int:
        """How many candidates the batch holds."""
        return self.status.word(Status.CANDIDATES)


@dataclass
class Slice:
    """A run of states of the frontier on its way through a batch; those before `next` are expanded."""

    batch: Batch
    first: int
    next: int
    end: int
    waiting: bool = False
    """The batch holds candidates that have not been absorbed."""
    error: int = 0

    @property
    def finished(self) -> bool:
        """Nothing is left to expand."""
        return self.next == self.end


class NativeSearch:
    """One breadth-first search over rows.

    `stop_states`, `stop_steps`: bits of the properties that end the search with the level in which they are decided.
    `between` is called every few milliseconds, and may raise to end the search; what has been counted stays.  `batch`
    is how many candidates a thread collects before they are absorbed; it changes no result.

    `keep` is called every few milliseconds at a moment that `snapshot` can write down; with True where a limit may be
    near that leaves no such moment behind.  `whole` says whether now is such a moment: it is after every end of the
    search but that limit, for while `keep` is given a wish of `between` to end the search waits for it.
    """

    def __init__(
        self,
        model: Model,
        library: Library,
        threads: int = 1,
        *,
        check: int = 0,
        depth: int | None = None,
        states: int | None = None,
        stop_states: int = 0,
        stop_steps: int = 0,
        stop_deadlock: bool = False,
        between: Callable[[], None] = lambda: None,
        keep: Callable[[bool], None] | None = None,
        batch: int | None = None,
    ) -> None:
        self.model, self.threads, self.check = model, threads, check
        self.depth, self.states, self.between, self.keep = depth, states, between, keep
        self.stop_states, self.stop_steps, self.stop_deadlock = stop_states, stop_steps, stop_deadlock
        self._kernels = {kernel.name: library.kernel(kernel) for kernel in _KERNELS}
        self._exact = model.identity == Identity.EXACT

        self._row_bytes = 8 * model.width
        fitting = min(max(_BATCH_BYTES // self._row_bytes, _FEWEST), _MOST)
        self._fill = batch or (fitting if threads == 1 else 4 * fitting)
        room = model.most_successors + self._fill
        self._arena = Memory(self._row_bytes * room * threads)
        self._batches = [Batch(model, room, threads, room * t) for t in range(threads)]
        self._parts = [Part(model.identity) for _ in range(threads)]
        self._children, self._reached_as = Memory(_FIRST_LOG), Memory(_FIRST_LOG)
        self._arriving = Rows(self._row_bytes)
        self._frontier = self._arriving if self._exact else Rows(self._row_bytes)
        self._initial: list[tuple[int, ...]] = []
        self._successors_of_one = 4.0
        self._pool: ThreadPoolExecutor | None = None

        self.whole = False
        self._ending: BaseException | None = None
        self._kept_before_limit = False

        self.distinct = self.expanded = 0
        self.levels: list[int] = []
        self.found: dict[int, int] = {}
        """The number of the first state that decides a state property."""
        self.found_steps: dict[int, Step] = {}
        """The first step that decides a step property."""
        self.first_deadlock: int | None = None

    # ------------------------------------------------------------------ the search

    def run(self, initial: Iterable[Sequence[int]]) -> None:
        """Search until nothing is left, or the depth or a decided property ends it; from where it stands, if it has begun.

        LimitReached if there are more than `states` distinct states; those met first are kept.  ErrorLeaf where
        `expand` reports one.  MemoryError.
        """
        if self.threads == 1:
            self._run(initial)
        else:
            with ThreadPoolExecutor(self.threads) as self._pool:
                self._run(initial)

    def _run(self, initial: Iterable[Sequence[int]]) -> None:
        if self.levels:
            self._expand_level()
        else:
            self._start(initial)
            self.whole = True
        while self.frontier_size and not self._at_end():
            self._expand_level()

    @property
    def frontier_size(self) -> int:
        """How many states are found but not expanded."""
        return self.distinct - self.expanded

    @property
    def counts(self) -> list[int]:
        """How often each leaf was reached."""
        of_batches = [batch.counts.words(self.model.leaves) for batch in self._batches]
        return [sum(counts) for counts in zip(*of_batches, strict=True)]

    def _at_end(self) -> bool:
        """Whether the frontier is to be left as it is."""
        beyond = self.depth is not None and len(self.levels) > self.depth
        states = any(self.stop_states >> p & 1 for p in self.found)
        steps = any(self.stop_steps >> p & 1 for p in self.found_steps)
        return beyond or states or steps or (self.stop_deadlock and self.first_deadlock is not None)

    def _start(self, initial: Iterable[Sequence[int]]) -> None:
        """Level 0: the initial states."""
        words = array.array("Q")
        for row in initial:
            words.extend(row)
        rows, batch = words.tobytes(), self._batches[0]
        for offset in range(0, len(rows), self._row_bytes * batch.room):
            piece = rows[offset : offset + self._row_bytes * batch.room]
            count = len(piece) // self._row_bytes
            self._arena.write(0, piece)
            batch.sizes.clear()
            b = batch
            written = b.prints, b.extra, b.sources, b.ordinals, b.lists, b.sizes
            self._call("enter_rows", count, b.room, self.threads, self._arena, *written)
            batch.status.set_word(Status.CANDIDATES, count)
            self._make_room([Slice(batch, 0, 0, 0)])
            self._take([Slice(batch, 0, 0, 0)])
        self._initial = self._arriving.read(0, self.distinct)
        self._children.clear()
        self._next_level()

    def _next_level(self) -> None:
        """The states that have just arrived become the frontier."""
        arrived = self.distinct - sum(self.levels)
        if arrived:
            self.levels.append(arrived)
        if not self._exact:
            self._frontier, self._arriving = self._arriving, self._frontier
            self._arriving.restart(self.distinct)

    def _expand_level(self) -> None:
        """Take every step from the states of the frontier."""
        cursor, end = self.expanded, sum(self.levels)
        free, queue = list(self._batches), deque[Slice]()
        self._children.grow(2 * end)
        while cursor < end or queue:
            self._pause()
            if self.keep is not None:
                self.keep(False)
            while free and cursor < end:
                length = self._slice_length(end - cursor)
                queue.append(Slice(free.pop(), cursor, cursor, cursor + length))
                cursor += length
            pending = [s for s in queue if not s.waiting]
            self._each(self._expand, pending, sum(s.end - s.next for s in pending))
            ready = _up_to_unfinished(queue)
            self._make_room(ready)
            self._keep_before_limit(ready)
            self.whole = False
            self._take(ready)
            self._account(ready)
            self.whole = True
            while queue and queue[0].finished and not queue[0].waiting:
                free.append(queue.popleft().batch)
        self._next_level()

    def _slice_length(self, left: int) -> int:
        """How many states a thread takes at a time: as many as are expected to fill two thirds of a batch."""
        if self.threads == 1:
            return min(left, _LONGEST_SLICE)
        filling = int(self._fill / (1.5 * self._successors_of_one))
        return max(1, min(filling, left if left < _FEW else -(-left // self.threads)))

    def _expand(self, s: Slice) -> None:
        """Fill the batch of a slice with candidates."""
        b = s.batch
        for memory in (b.sizes, b.status, b.hits):
            memory.clear()
        undecided = [p for p in range(self.model.step_properties) if p not in self.found_steps]
        b.status.set_word(Status.WANTED, sum(1 << p for p in undecided))
        written = (
            b.prints,
            b.extra,
            b.sources,
            b.ordinals,
            b.lists,
            b.sizes,
            b.seen,
            b.memory,
            b.counts,
            b.status,
            b.hits,
        )
        bounds = s.next - s.first, s.end - s.first, b.room, self.model.most_successors, self.threads
        after = self._call("expand_slice", self._frontier.address(s.first), *bounds, self._arena_of(b), *written)
        s.next, s.waiting, s.error = s.first + after, True, b.status.word(Status.ERROR)

    def _pause(self, amid: bool = False) -> None:
        """Let the caller look.  Amid a change of what is kept, its wish to end the search waits until that is over."""
        if self.keep is None:
            self.between()
            return
        amid = amid or not self.whole
        if self._ending is not None and not amid:
            raise self._ending
        try:
            self.between()
        except (LimitReached, KeyboardInterrupt) as ending:
            if not amid:
                raise
            self._ending = ending

    def _make_room(self, ready: list[Slice]) -> None:
        """For all candidates of these slices, so that memory does not run out while they are taken."""
        parts = range(self.threads)
        more = [sum(s.batch.sizes.word(p) for s in ready) for p in parts]
        if not all(part.has_room(m, self.threads) for part, m in zip(self._parts, more, strict=True)):
            self._each(lambda p: self._parts[p].reserve(more[p], self.threads, self._rehash), parts, self.distinct)
        self._arriving.reserve(self.distinct + sum(more))
        self._reached_as.grow(2 * (self.distinct + sum(more)))

    def _keep_before_limit(self, ready: list[Slice]) -> None:
        """The table does not forget the states beyond the limit: the last moment to write it down is before."""
        if self.keep is None or self.states is None or self._kept_before_limit:
            return
        if self.distinct + sum(s.batch.candidates for s in ready) > self.states:
            self._kept_before_limit = True
            self.keep(True)

    def _take(self, ready: list[Slice]) -> None:
        """Absorb and collect the candidates of these slices, which follow each other."""
        candidates = sum(s.batch.candidates for s in ready)
        added = self._each(lambda p: self._absorb(p, ready), range(self.threads), candidates)
        new = [sum(of_part[k] for of_part in added) for k in range(len(ready))]
        room = sum(new) if self.states is None else min(sum(new), self.states - self.distinct)
        starts = [self.distinct + min(sum(new[:k]), room) for k in range(len(ready))]
        end = self.distinct + room
        self._each(lambda k: self._collect(ready[k], starts[k], end - starts[k]), range(len(ready)), candidates)
        if self._exact:
            self._each(lambda p: self._number(p, ready), range(self.threads), candidates)
        for s in ready:
            for p, number in enumerate(s.batch.found.words(_PROPERTIES)):
                if number:
                    self.found.setdefault(p, number - 1)
        self.distinct = end
        if sum(new) > room:
            raise LimitReached(f"limit of {self.states:,} states")

    def _absorb(self, p: int, ready: list[Slice]) -> list[int]:
        """Enter in part `p` what belongs there; how many were new, for each slice."""
        part = self._parts[p]
        sizes = [s.batch.sizes.word(p) for s in ready]
        added = []
        for s, size in zip(ready, sizes, strict=True):
            b = s.batch
            table = part.table, part.companions, part.slots, self.threads
            chosen = b.lists.address + 4 * b.room * p
            read = b.prints, b.extra, b.fresh, b.base, self._arena, self._arriving.address(0) if self._exact else 0
            added.append(self._call("absorb", *table, chosen, size, *read))
        part.used += sum(added)
        return added

    def _rehash(self, *arguments: int) -> None:
        """One sweep of a table that grows."""
        if self._pool is None:
            self._pause(amid=True)
        self._kernels["rehash"](*arguments)

    def _collect(self, s: Slice, number: int, most: int) -> None:
        """Number and check the new candidates of a slice, from `number` on."""
        b = s.batch
        b.found.clear()
        undecided = self.check & ~sum(1 << p for p in self.found)
        read = self._arena_of(b), b.prints, b.fresh, b.sources, b.ordinals, b.picked
        logs = self._children.address + 2 * s.first, self._reached_as.address + 2 * number
        self._call(
            "collect", b.candidates, most, number, undecided, *read, self._arriving.address(number), *logs, b.found
        )

    def _number(self, p: int, ready: list[Slice]) -> None:
        """Give the new entries of part `p` their numbers."""
        for s in ready:
            b = s.batch
            chosen = b.lists.address + 4 * b.room * p
            self._call("number_new", self._parts[p].companions, chosen, b.sizes.word(p), b.extra, b.fresh, b.prints)

    def _account(self, ready: list[Slice]) -> None:
        """What was met while these slices were expanded.  ErrorLeaf if one was."""
        for s in ready:
            status, sources = s.batch.status, s.next - self.expanded
            if sources:
                self._successors_of_one = max(0.1, s.batch.candidates / sources)
            self.expanded, s.waiting = s.next, False
            ctypes.memmove(s.batch.accounted.address, s.batch.counts.address, s.batch.counts.size)
            if status.word(Status.DEADLOCK) and self.first_deadlock is None:
                self.first_deadlock = s.first + status.word(Status.DEADLOCK) - 1
            hits = s.batch.hits.words(2 * self.model.step_properties)
            for p in range(self.model.step_properties):
                if hits[2 * p]:
                    self.found_steps.setdefault(p, Step(s.first + hits[2 * p] - 1, hits[2 * p + 1]))
            if s.error == core.TOO_MANY:
                raise RuntimeError(f"state {s.next} has more than {core.MOST_SUCCESSORS:,} successors")
            if s.error:
                raise ErrorLeaf(s.next, s.error - 1)
        if not self._exact:
            self._frontier.forget(self.expanded)

    def _each(self, work: Callable[[T], R], items: Sequence[T], states: int) -> list[R]:
        """What `work` returns for every item, each on a thread of its own where there are `states` enough for that."""
        if self._pool is None or len(items) == 1 or states < _FEW:
            return [work(item) for item in items]
        under_way = [self._pool.submit(work, item) for item in items]
        while wait(under_way, _PATIENCE).not_done:
            self._pause()
        return [future.result() for future in under_way]

    def _arena_of(self, b: Batch) -> int:
        return self._arena.address + self._row_bytes * b.base

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a kernel; memory is passed as its address."""
        return self._kernels[name](*(a.address if isinstance(a, Memory) else a for a in arguments))

    # ------------------------------------------------------------------ what was found

    def everything(self) -> tuple[Part, int]:
        """The table of a search on one thread that compares states exactly, and the address of the rows of all states."""
        assert self._exact and self.threads == 1
        return self._parts[0], self._arriving.address(0)

    def trace(self, number: int) -> list[tuple[int, ...]]:
        """The rows of a shortest behaviour that leads to a state, the state included."""
        begin, ordinals = 0, []
        level = 0
        while begin + self.levels_and_arriving[level] <= number:
            begin += self.levels_and_arriving[level]
            level += 1
        while level:
            ordinals.append(int.from_bytes(self._reached_as.read(2 * number, 2), "little"))
            level -= 1
            first, begin = begin, begin - self.levels[level]
            number = self._call("parent", self._children, begin, first, number)
        rows = [self._initial[number]]
        for ordinal in reversed(ordinals):
            rows.append(self.successors(rows[-1])[ordinal])
        return rows

    @property
    def levels_and_arriving(self) -> list[int]:
        """How many states each level has, those met in one that is not complete included."""
        return [*self.levels, self.distinct - sum(self.levels)]

    def successors(self, row: Sequence[int]) -> list[tuple[int, ...]]:
        """The rows that `expand` writes for one row.  ErrorLeaf."""
        width = self.model.width
        before, out = Memory(self._row_bytes), Memory(self._row_bytes * self.model.most_successors)
        before.write(0, array.array("Q", row).tobytes())
        counts = Memory(8 * max(1, self.model.leaves))
        count = self._call("successors", before, out, counts)
        if count < 0:
            raise ErrorLeaf(-1, -1 - count)
        words = out.words(width * count)
        return [tuple(words[k : k + width]) for k in range(0, len(words), width)]


def _up_to_unfinished(queue: Iterable[Slice]) -> list[Slice]:
    """The slices whose candidates may be absorbed: none of an earlier slice is still to come."""
    ready = []
    for s in queue:
        ready.append(s)
        if not s.finished:
            break
    return ready
