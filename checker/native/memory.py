"""Memory for kernels: zeroed, outside Python's heap, growing without a copy where the system can."""

from __future__ import annotations

import ctypes
import mmap
from contextlib import suppress

_HUGE = 1 << 21
_RELEASED_AT_ONCE = 1 << 25
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class Memory:
    """`size` bytes that begin at `address`; both change when it grows.  MemoryError if the system has no more."""

    def __init__(self, size: int) -> None:
        self.size = max(size, mmap.PAGESIZE)
        self._map = _mapped(self.size)
        self.address = _address(self._map)

    def grow(self, size: int) -> None:
        """At least `size` bytes, what is there unchanged and what is new zero.  Grows by half or more."""
        if size <= self.size:
            return
        size = _whole_pages(max(size, self.size + self.size // 2))
        try:
            self._map.resize(size)
        except (SystemError, ValueError):
            larger = _mapped(size)
            ctypes.memmove(_address(larger), self.address, self.size)
            self._map.close()
            self._map = larger
        except OSError as error:
            raise MemoryError from error
        self.size, self.address = size, _address(self._map)
        _ask_for_huge_pages(self._map, size)

    def release(self, start: int, stop: int) -> None:
        """Give the whole pages between these offsets back to the system; they read as zero from now on."""
        start, stop = _whole_pages(start), min(stop, self.size) // mmap.PAGESIZE * mmap.PAGESIZE
        if start < stop and hasattr(mmap, "MADV_DONTNEED"):
            with suppress(OSError):
                self._map.madvise(mmap.MADV_DONTNEED, start, stop - start)

    def close(self) -> None:
        """Give everything back."""
        self._map.close()
        self.size = self.address = 0

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from `offset` on."""
        return self._map[offset : offset + size]

    def view(self, offset: int, size: int) -> memoryview:
        """The bytes from `offset` on, not copied; not to be used after the memory has grown or is closed."""
        return memoryview((ctypes.c_char * size).from_address(self.address + offset)).cast("B")

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put these bytes at `offset`."""
        self._map[offset : offset + len(data)] = data

    def clear(self) -> None:
        """Make a small memory zero again."""
        ctypes.memset(self.address, 0, self.size)

    def word(self, index: int) -> int:
        """The 64-bit word number `index`."""
        return ctypes.c_uint64.from_address(self.address + 8 * index).value

    def set_word(self, index: int, value: int) -> None:
        """Change the 64-bit word number `index`."""
        ctypes.c_uint64.from_address(self.address + 8 * index).value = value

    def words(self, count: int, offset: int = 0) -> list[int]:
        """The first `count` words from byte `offset` on."""
        return list((ctypes.c_uint64 * count).from_address(self.address + offset))


def _mapped(size: int) -> mmap.mmap:
    try:
        fresh = mmap.mmap(-1, _whole_pages(size), **_PRIVATE)
    except OSError as error:
        raise MemoryError from error
    _ask_for_huge_pages(fresh, size)
    return fresh


def _ask_for_huge_pages(memory: mmap.mmap, size: int) -> None:
    """Large memory is walked at random: fewer, larger pages are a third of the time."""
    if size >= 4 * _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _whole_pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


class Rows:
    """Rows of states with consecutive numbers, from `first` on."""

    def __init__(self, row_bytes: int) -> None:
        self.row_bytes, self.first = row_bytes, 0
        self.memory = Memory(1 << 16)
        self._released = 0

    def address(self, number: int) -> int:
        """Where the row of a state lies."""
        return self.memory.address + self.row_bytes * (number - self.first)

    def reserve(self, end: int) -> None:
        """Make room for the rows up to number `end`."""
        self.memory.grow(self.row_bytes * (end - self.first))

    def restart(self, first: int) -> None:
        """Forget the rows; the next ones begin with number `first`."""
        self.first, self._released = first, 0

    def forget(self, end: int) -> None:
        """The rows before number `end` are not read again."""
        done = self.row_bytes * (end - self.first)
        if done - self._released >= _RELEASED_AT_ONCE:
            self.memory.release(self._released, done)
            self._released = done

    def view(self, number: int, count: int) -> memoryview:
        """The rows of `count` states as bytes, not copied; not to be used after there are more."""
        return self.memory.view(self.row_bytes * (number - self.first), self.row_bytes * count)

    def read(self, number: int, count: int) -> list[tuple[int, ...]]:
        """The rows of `count` states."""
        width = self.row_bytes // 8
        words = self.memory.words(width * count, self.row_bytes * (number - self.first))
        return [tuple(words[k : k + width]) for k in range(0, len(words), width)]
