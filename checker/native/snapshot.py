"""A search as facts and runs of bytes, and back: what of a `NativeSearch` a checkpoint holds.

Two facts keep this small.  At a `whole` moment every state before `expanded` has been dealt with and nothing of a later
one has left a mark, so that what a thread has in hand is simply done again.  And what is kept does not know how many
threads there were: numbers do not depend on that, and the entries of the visited set find their part anew.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mcheck.checker.native.memory import Memory
from mcheck.checker.native.search import NativeSearch, Step

_CHUNK = 1 << 22


class Section(NamedTuple):
    """A run of `size` bytes, given piece by piece."""

    name: str
    size: int
    pieces: Iterable[memoryview | bytes]


Fill = Callable[[memoryview], None]
"""Fills memory with the next bytes of what was kept."""


def facts(search: NativeSearch) -> dict[str, Any]:
    """What fits into a few lines; only at a `whole` moment."""
    kept = [batch.accounted.words(search.model.leaves) for batch in search._batches]
    return {
        "distinct": search.distinct,
        "expanded": search.expanded,
        "levels": list(search.levels),
        "counts": [sum(counts) for counts in zip(*kept, strict=True)],
        "entries": sum(part.used for part in search._parts),
        "found": sorted(search.found.items()),
        "found_steps": [(bit, step.number, step.ordinal) for bit, step in sorted(search.found_steps.items())],
        "first_deadlock": search.first_deadlock,
        "initial": len(search._initial),
    }


def sections(search: NativeSearch) -> list[Section]:
    """All the rest, in the order in which `restore` wants it back; read before the search goes on."""
    gather, end = search._kernels["gather"], sum(search.levels)
    entries = (piece for part in search._parts for piece in part.entries(gather))
    initial = array.array("Q", [word for row in search._initial for word in row]).tobytes()
    parts = [
        Section("visited", _entry_bytes(search) * sum(part.used for part in search._parts), entries),
        Section("initial", len(initial), [initial]),
        _memory("children", search._children, 2 * search.expanded),
        _memory("reached_as", search._reached_as, 2 * search.distinct),
    ]
    rows = [(search._arriving, 0, search.distinct)]
    if not search._exact:
        rows = [(search._frontier, search.expanded, end), (search._arriving, end, search.distinct)]
    for of_rows, first, last in rows:
        size = search._row_bytes * (last - first)
        parts.append(Section(f"rows from {first}", size, [of_rows.view(first, last - first)] if size else []))
    return parts


def restore(search: NativeSearch, kept: dict[str, Any], fill: Fill) -> None:
    """Make a search that has not begun the one that was kept.  MemoryError."""
    search.distinct, search.expanded = kept["distinct"], kept["expanded"]
    search.levels = list(kept["levels"])
    search.found = dict(kept["found"])
    search.found_steps = {bit: Step(number, ordinal) for bit, number, ordinal in kept["found_steps"]}
    search.first_deadlock = kept["first_deadlock"]
    first = search._batches[0]
    for k, count in enumerate(kept["counts"]):
        first.counts.set_word(k, count)
        first.accounted.set_word(k, count)
    _restore_visited(search, kept["entries"], fill)
    _restore_rows(search, kept["initial"], fill)
    search.whole = True


def _restore_visited(search: NativeSearch, entries: int, fill: Fill) -> None:
    size, threads = _entry_bytes(search), search.threads
    at_once = _CHUNK // size
    buffer = Memory(_CHUNK)
    spare = 0 if threads == 1 else entries // (100 * threads) + min(at_once, entries)
    for part in search._parts:
        part.reserve(entries // threads + 1 + spare, threads, search._rehash)
    for begin in range(0, entries, at_once):
        count = min(at_once, entries - begin)
        fill(buffer.view(0, size * count))
        for number, part in enumerate(search._parts):
            part.reserve(count, threads, search._rehash)
            part.adopt(buffer, size // 8 * count, number, threads, search._kernels["adopt"])
    buffer.close()


def _restore_rows(search: NativeSearch, initial: int, fill: Fill) -> None:
    width, end = search.model.width, sum(search.levels)
    rows = Memory(search._row_bytes * initial)
    fill(rows.view(0, search._row_bytes * initial))
    words = rows.words(width * initial)
    search._initial = [tuple(words[k : k + width]) for k in range(0, len(words), width)]
    search._children.grow(2 * search.expanded)
    fill(search._children.view(0, 2 * search.expanded))
    search._reached_as.grow(2 * search.distinct)
    fill(search._reached_as.view(0, 2 * search.distinct))
    places = [(search._arriving, 0, search.distinct)]
    if not search._exact:
        places = [(search._frontier, search.expanded, end), (search._arriving, end, search.distinct)]
    for of_rows, first, last in places:
        of_rows.restart(first)
        of_rows.reserve(last)
        fill(of_rows.view(first, last - first))


def _entry_bytes(search: NativeSearch) -> int:
    return 16 if search.model.identity else 8


def _memory(name: str, memory: Memory, size: int) -> Section:
    return Section(name, size, [memory.view(0, size)] if size else [])
