"""Small models written by hand as rows and kernels, for tests of the search core alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcheck.checker.native.cache import Cache
from mcheck.checker.native.kernel import I64, U64, Kernel, Words, copy, kernel, u64
from mcheck.checker.native.machine import Library, compiled, new_module
from mcheck.checker.native.search import SYMBOLS, Identity, Model


@dataclass(frozen=True)
class RowModel:
    """A model with its kernels."""

    model: Model
    initial: list[list[int]]
    expand: Kernel[..., Any]
    check: Kernel[..., Any]
    check_step: Kernel[..., Any] | None = None

    def library(self) -> Library:
        """The search core compiled for it."""
        module = new_module("test")
        self.model.export(module, self.expand, self.check, self.check_step)
        return compiled(str(module), SYMBOLS, Cache())


@kernel
def nothing(row: Words, wanted: U64) -> U64:
    """No property."""
    return u64(0)


def two_phase(n: int, width: int = 1, identity: Identity = Identity.FINGERPRINT) -> RowModel:
    """Two-phase commit with n managers.  Source: Gray & Lamport; TLA+ module TwoPhase.

    In the first word: two bits a manager (working, prepared, committed, aborted), the state of the transaction manager,
    the managers it knows to be prepared, the messages.  The last word repeats the first, inverted.  State property 0:
    not both aborted and committed; 1: all have committed, a witness.  Step property 0: nobody leaves `aborted`.
    Counter 0: steps; 1: guards that were false; 2: states without a step.
    """
    tm, known, sent = 2 * n, 2 * n + 2, 3 * n + 2
    commit, abort = 1 << (4 * n + 2), 1 << (4 * n + 3)
    low = sum(1 << 2 * i for i in range(n))
    everyone = (1 << n) - 1
    last = width - 1

    @kernel
    def emit(row: Words, out: Words, k: I64, state: U64) -> I64:
        copy(out[k * width :], row, width)
        out[k * width + last] = state ^ 0xFFFFFFFFFFFFFFFF
        out[k * width] = state
        return k + 1

    @kernel
    def expand(row: Words, out: Words, counts: Words) -> I64:
        s = row[0]
        k: I64 = 0
        undecided = s >> tm & 3 == 0
        for i in range(n):
            if undecided and s >> (sent + i) & 1 != 0:
                k = emit(row, out, k, s | u64(1) << (known + i))
        if undecided and s >> known & everyone == everyone:
            k = emit(row, out, k, s | 1 << tm | commit)
        if undecided:
            k = emit(row, out, k, s | 2 << tm | abort)
        for i in range(n):
            mine = u64(3) << 2 * i
            if s & mine == 0:
                k = emit(row, out, k, s | u64(1) << 2 * i | u64(1) << (sent + i))
                k = emit(row, out, k, s | mine)
            if s & commit != 0:
                k = emit(row, out, k, (s & (mine ^ 0xFFFFFFFFFFFFFFFF)) | u64(2) << 2 * i)
            if s & abort != 0:
                k = emit(row, out, k, s | mine)
        counts[0] = u64(counts[0] + u64(k))
        if k == 0:
            counts[2] = counts[2] + 1
        return k

    @kernel
    def check(row: Words, wanted: U64) -> U64:
        s = row[0]
        committed = s >> 1 & (s ^ 0xFFFFFFFFFFFFFFFF) & low
        aborted = s >> 1 & s & low
        found: U64 = 0
        if committed != 0 and aborted != 0:
            found = found | 1
        if committed == low:
            found = found | 2
        return found & wanted

    @kernel
    def check_step(before: Words, after: Words, memory: Words, wanted: U64) -> U64:
        left = before[0] >> 1 & before[0] & (after[0] ^ 0xFFFFFFFFFFFFFFFF) & low
        return wanted & 1 if left != 0 else u64(0)

    first = [0] * width
    first[last] = (1 << 64) - 1
    first[0] = 0
    model = Model(width, 3, 4 * n + 2, step_properties=1, deadlocks=2, identity=identity)
    return RowModel(model, [first], expand, check, check_step)


def ring(size: int) -> RowModel:
    """A counter modulo `size`."""

    @kernel
    def expand(row: Words, out: Words, counts: Words) -> I64:
        after = row[0] + 1
        out[0] = u64(0) if after == size else after
        counts[0] = counts[0] + 1
        return 1

    return RowModel(Model(1, 1, 1), [[0]], expand, nothing)


def tree(last: int) -> RowModel:
    """Node k of a binary tree, with children 2k+1 and 2k+2, up to node `last`.  Counter 1: nodes without children."""

    @kernel
    def expand(row: Words, out: Words, counts: Words) -> I64:
        n: I64 = 0
        for k in range(1, 3):
            child = u64(2 * row[0] + u64(k))
            if child <= last:
                out[n] = child
                n += 1
        counts[0] = u64(counts[0] + u64(n))
        if n == 0:
            counts[1] = counts[1] + 1
        return n

    return RowModel(Model(1, 2, 2, deadlocks=1), [[0]], expand, nothing)


def grid(
    width: int,
    limit: int,
    forbidden_sum: int = 1 << 60,
    forbidden_step: int = 1 << 60,
    failing_sum: int = 1 << 60,
    identity: Identity = Identity.FINGERPRINT,
) -> RowModel:
    """Counters up to `limit`, at most five of them; each step adds one.

    State property 0: their sum is not `forbidden_sum`.  Step property 0: from a sum of `forbidden_step`, no step leads
    to a state with a 2.  In a state with `failing_sum`, error leaf 7.  Counter 0: steps; 1: states without.
    """
    used = min(width, 5)

    @kernel
    def total(row: Words) -> U64:
        found: U64 = 0
        for k in range(used):
            found = found + row[k]
        return found

    @kernel
    def expand(row: Words, out: Words, counts: Words) -> I64:
        if total(row) == failing_sum:
            return -8
        n: I64 = 0
        for k in range(used):
            if row[k] < limit:
                copy(out[n * width :], row, width)
                out[n * width + k] = row[k] + 1
                n += 1
        counts[0] = u64(counts[0] + u64(n))
        if n == 0:
            counts[1] = counts[1] + 1
        return n

    @kernel
    def check(row: Words, wanted: U64) -> U64:
        return wanted & 1 if total(row) == forbidden_sum else u64(0)

    @kernel
    def check_step(before: Words, after: Words, memory: Words, wanted: U64) -> U64:
        if total(before) != forbidden_step:
            return u64(0)
        for k in range(used):
            if after[k] == 2:
                return wanted & 1
        return u64(0)

    model = Model(width, 2, 5, step_properties=1, deadlocks=1, identity=identity)
    return RowModel(model, [[0] * width], expand, check, check_step)
