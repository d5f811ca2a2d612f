"""Small models written by hand as rows and kernels, for tests of the search core alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcheck.checker.native.kernel import I64, U64, Kernel, Words, copy, kernel, u64
from mcheck.checker.native.machine import Cache, Library, compiled, new_module
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
        return compiled(module, SYMBOLS, Cache())


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
    def check_step(before: Words, after: Words, wanted: U64) -> U64:
        left = before[0] >> 1 & before[0] & (after[0] ^ 0xFFFFFFFFFFFFFFFF) & low
        return wanted & 1 if left != 0 else u64(0)

    first = [0] * width
    first[last] = (1 << 64) - 1
    first[0] = 0
    model = Model(width, 3, 4 * n + 2, step_properties=1, deadlocks=2, identity=identity)
    return RowModel(model, [first], expand, check, check_step)
