"""The visited set of a native search: one table of fingerprints for each thread, which alone writes to it."""

from __future__ import annotations

from collections.abc import Callable

from mcheck.checker.native.core import Identity
from mcheck.checker.native.memory import Memory

_FIRST_SLOTS = 1 << 15
_LARGE = 1 << 24
_SWEEP = 1 << 20


class Part:
    """The share of the visited set that one thread owns: `used` of `slots` slots hold a state.

    A small table doubles while there is plenty of room in it; a large one grows by a quarter, and only when it must, so
    that a state takes 10 to 12.5 bytes.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity, self.slots, self.used = identity, _FIRST_SLOTS, 0
        self.table, self.companions = self._memory(self.slots)

    def _memory(self, slots: int) -> tuple[Memory, Memory]:
        return Memory(8 * slots), Memory(8 * slots if self.identity else 0)

    def reserve(self, more: int, parts: int, rehash: Callable[..., None]) -> None:
        """Make room for `more` entries.  The old table is given back while it is being read: the peak is the new one."""
        full, growth = (0.6, 2.0) if self.slots * parts < _LARGE else (0.8, 1.25)
        if self.used + more <= full * self.slots:
            return
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
