"""The visited set of a native search: one table of fingerprints for each thread, which alone writes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.checker.native.core import Identity, home
from mcheck.checker.native.kernel import I64, U64, Fixed, Words, high_product, i64, kernel, u64
from mcheck.checker.native.memory import Memory

_FIRST_SLOTS = 1 << 15
_LARGE = 1 << 24
_SWEEP = 1 << 20
_CHUNK = 1 << 18


# ---------------------------------------------------------------------- to a checkpoint and back


@kernel
def gather(identity: Fixed, table: Words, companions: Words, start: U64, stop: U64, out: Words) -> I64:
    """Write the entries of the slots from `start` to `stop` one after another, companions beside them; how many words."""
    size: I64 = 0
    at = start
    while at < stop:
        h = table[at]
        if h != 0:
            out[size] = h
            size += 1
            if identity != Identity.FINGERPRINT:
                out[size] = companions[at]
                size += 1
        at += 1
    return size


@kernel
def adopt(
    identity: Fixed, entries: Words, size: I64, table: Words, companions: Words, slots: U64, parts: I64, part: I64
) -> I64:
    """Enter those of the gathered entries that `part` owns; how many.  They are in no table yet, and there is room."""
    added: I64 = 0
    at: I64 = 0
    while at < size:
        h = entries[at]
        if i64(high_product(h, u64(parts))) == part:
            slot = home(h, parts, slots)
            while table[slot] != 0:
                slot += 1
                if slot == slots:
                    slot = u64(0)
            table[slot] = h
            if identity != Identity.FINGERPRINT:
                companions[slot] = entries[at + 1]
            added += 1
        at += 1 if identity == Identity.FINGERPRINT else 2
    return added


KERNELS: tuple[Any, ...] = (gather, adopt)


class Part:
    """The share of the visited set that one thread owns: `used` of `slots` slots hold a state.

    A small table doubles while there is plenty of room in it; a large one grows by a sixth, and only when it must, so
    that a state takes 10 to 11.7 bytes.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity, self.slots, self.used = identity, _FIRST_SLOTS, 0
        self.table, self.companions = self._memory(self.slots)

    def _memory(self, slots: int) -> tuple[Memory, Memory]:
        return Memory(8 * slots), Memory(8 * slots if self.identity else 0)

    def _filling(self, parts: int) -> tuple[float, float]:
        """(how full the table gets, how it grows then)."""
        return (0.6, 2.0) if self.slots * parts < _LARGE else (0.8, 7 / 6)

    def has_room(self, more: int, parts: int) -> bool:
        """Whether `more` entries fit without another table."""
        return self.used + more <= self._filling(parts)[0] * self.slots

    def reserve(self, more: int, parts: int, rehash: Callable[..., None]) -> None:
        """Make room for `more` entries.  The old table is given back while it is being read: the peak is the new one."""
        if self.has_room(more, parts):
            return
        full, growth = self._filling(parts)
        slots = int(max(self.slots * growth, (self.used + more) / full + 1))
        table, companions = self._memory(slots)
        for start in range(0, self.slots, _SWEEP):
            stop = min(start + _SWEEP, self.slots)
            old = self.table.address, self.companions.address
            rehash(*old, start, stop, table.address, companions.address, slots, parts)
            self.table.release(8 * start, 8 * stop)
            self.companions.release(8 * start, 8 * stop)
        self.table.close()
        self.companions.close()
        self.table, self.companions, self.slots = table, companions, slots

    def entries(self, gather: Callable[..., int]) -> Iterator[memoryview]:
        """All entries, as `gather` writes them, piece by piece; a piece is gone when the next one is made."""
        out = Memory((16 if self.identity else 8) * _CHUNK)
        for start in range(0, self.slots, _CHUNK):
            stop = min(start + _CHUNK, self.slots)
            size = gather(self.table.address, self.companions.address, start, stop, out.address)
            yield out.view(0, 8 * size)
        out.close()

    def adopt(self, entries: Memory, size: int, part: int, parts: int, adopt: Callable[..., int]) -> None:
        """Enter those of the gathered entries, `size` words, that belong to this part, which is number `part`."""
        table = self.table.address, self.companions.address, self.slots
        self.used += adopt(entries.address, size, *table, parts, part)
