"""Permuting: the canonical row of an orbit, by code generated from the layout.

Two states that differ by renaming the members of scalarsets have the same canonical row.  Members are sorted by a
*signature* that does not depend on names: a hash of the state in which a member is told apart from all others, and nothing
else is.  Where signatures differ, the order they give is the only renaming to try; among members of equal signature every
order is tried, and the smallest row is taken, unless exchanging them changes nothing at all.  So the canonical row is exact
whatever the hash does: a bad hash only makes it slower.  Source: McKay & Piperno, Practical graph isomorphism II (2014), for
the idea of refining before searching.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from mcheck.checker.native import kernel as language
from mcheck.checker.native.core import SALT, SECOND_SALT
from mcheck.checker.native.emit import I64, POINTER, Emitter, Value
from mcheck.checker.native.kernel import Fixed, Words, kernel
from mcheck.checker.native.kernel_compiler import Build
from mcheck.checker.native.layout import Layout
from mcheck.checker.native.reading import Unlowerable
from mcheck.checker.native.renaming import PermuteCode
from mcheck.checker.native.signing import SignatureCode
from mcheck.spec.indexes import IndexType

MOST_MEMBERS = 16


# ---------------------------------------------------------------------- the search for the smallest row


@kernel
def sort_members(order: Words, signs: Words, first: language.I64, size: language.I64) -> None:
    """Sort `size` members and their signatures by signature; members of one scalarset stand from `first` on."""
    for i in range(1, size):
        sign = signs[first + i]
        member = order[first + i]
        j = i
        while j > 0 and signs[first + j - 1] > sign:
            signs[first + j] = signs[first + j - 1]
            order[first + j] = order[first + j - 1]
            j = j - 1
        signs[first + j] = sign
        order[first + j] = member


@kernel
def next_arrangement(order: Words, signs: Words, fixed: Words, total: language.I64) -> bool:
    """The next order in which members of equal signature stand; False after the last, with the first one restored.

    A run of equal signatures is arranged in lexicographic order of its members; `fixed` marks runs that stay as they are.
    """
    begin = 0
    while begin < total:
        end = begin + 1
        while end < total and signs[end] == signs[begin] and fixed[end] == fixed[begin]:
            end = end + 1
        if fixed[begin] == 0 and end - begin > 1:
            i = end - 2
            while i >= begin and order[i] > order[i + 1]:
                i = i - 1
            if i >= begin:
                j = end - 1
                while order[j] < order[i]:
                    j = j - 1
                swap(order, i, j)
                reverse(order, i + 1, end - 1)
                return True
            reverse(order, begin, end - 1)
        begin = end
    return False


@kernel
def swap(order: Words, i: language.I64, j: language.I64) -> None:
    """Exchange two members."""
    member = order[i]
    order[i] = order[j]
    order[j] = member


@kernel
def reverse(order: Words, first: language.I64, last: language.I64) -> None:
    """Turn a run of members around."""
    i = first
    j = last
    while i < j:
        swap(order, i, j)
        i = i + 1
        j = j - 1


@kernel
def less(a: Words, b: Words, width: Fixed) -> bool:
    """Whether one row precedes another, word by word."""
    for k in range(width):
        if a[k] != b[k]:
            return a[k] < b[k]
    return False


@kernel
def same(a: Words, b: Words, width: Fixed) -> bool:
    """Whether two rows are equal."""
    for k in range(width):  # noqa: SIM110 - a kernel has no generators
        if a[k] != b[k]:
            return False
    return True


# ---------------------------------------------------------------------- code for a layout


def add_orbit(module: ir.Module, layout: Layout, classes: Sequence[tuple[IndexType, int]]) -> None:
    """Add `orbit(row, which)`, the fingerprint of the canonical row, to a module.  Unlowerable."""
    add_canonical(module, layout, classes)
    hashed = [_fingerprint(module, layout.words, salt, k) for k, salt in enumerate((SALT, SECOND_SALT))]
    function = ir.Function(module, ir.FunctionType(I64, [POINTER, I64]), "orbit")
    function.linkage = "internal"
    e = Emitter(module, function)
    row, which = function.args
    out = e.scratch(layout.words)
    e.b.call(module.get_global("canonical"), [row, out])
    with e.when(e.b.icmp_unsigned("!=", which, e.number(0))):
        e.b.ret(e.b.call(hashed[1], [out]))
    e.b.ret(e.b.call(hashed[0], [out]))


def _fingerprint(module: ir.Module, width: int, salt: int, number: int) -> ir.Function:
    """The fingerprint of the search core, for one salt."""
    function = ir.Function(module, ir.FunctionType(I64, [POINTER]), f"orbit_fingerprint_{number}")
    function.linkage = "internal"
    e = Emitter(module, function)
    h: Value = e.number(0)
    for k in range(width):
        # the same mixing as `core.mix`, word by word
        x = e.b.xor(e.load(function.args[0], k), e.number((k + 1) * salt))
        for shift, factor in ((27, 0x3C79AC492BA7B653), (33, 0x1C69B3F74AC4AE35)):
            x = e.b.mul(e.b.xor(x, e.b.lshr(x, e.number(shift))), e.number(factor))
        h = e.b.xor(h, e.b.xor(x, e.b.lshr(x, e.number(27))))
    e.b.ret(h)
    return function


def add_canonical(module: ir.Module, layout: Layout, classes: Sequence[tuple[IndexType, int]]) -> None:
    """Add `canonical(row, out)` to a module, for these scalarsets and their sizes.  Unlowerable."""
    total = sum(size for _, size in classes)
    if total > MOST_MEMBERS:
        raise Unlowerable(f"symmetry over {total} members (at most {MOST_MEMBERS})")
    offsets = {cls: sum(n for _, n in classes[:k]) for k, (cls, _) in enumerate(classes)}
    PermuteCode(module, layout, offsets).emit()
    SignatureCode(module, layout, offsets, dict(classes)).emit()
    _canonical(module, layout.words, [(offsets[cls], size) for cls, size in classes])


def _canonical(module: ir.Module, width: int, runs: list[tuple[int, int]]) -> None:
    """`canonical(row, out)`: sort, then try what the signatures leave open."""
    build = Build(module)
    for piece in (sort_members, next_arrangement):
        build.export(piece)
    build.export(less, width=width)
    build.export(same, width=width)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER]), "canonical")
    e = Emitter(module, function)
    row, out = function.args
    total = sum(size for _, size in runs)
    order, signs, fixed, images = (e.scratch(total) for _ in range(4))
    trial = e.scratch(width)
    called = module.get_global
    for run, (first, size) in enumerate(runs):
        for k in range(size):
            e.store(e.number(k), order, first + k)
            sign = e.b.call(called("signature"), [row, e.number(run), e.number(k)])
            # signatures of different scalarsets must differ: the runs of `next_arrangement` end where they do
            e.store(e.b.or_(e.b.shl(sign, e.number(4)), e.number(run)), signs, first + k)
            e.store(e.number(0), fixed, first + k)
        e.b.call(called("sort_members"), [order, signs, e.number(first), e.number(size)])
    _fix_interchangeable(e, runs, (row, order, signs, fixed, images, trial))

    def permuted(target: Value) -> None:
        for first, size in runs:
            for k in range(size):
                member = e.load(order, first + k)
                e.store(e.number(k), images, e.b.add(member, e.number(first)))
        e.b.call(called("permute"), [row, images, target])

    permuted(out)
    head, behind = e.block("arrangements"), e.block("done")
    e.b.branch(head)
    e.b.position_at_end(head)
    more = e.b.call(called("next_arrangement"), [order, signs, fixed, e.number(total)])
    inside = e.block("another")
    e.b.cbranch(more, inside, behind)
    e.b.position_at_end(inside)
    permuted(trial)
    with e.when(e.b.call(called("less"), [trial, out])):
        e.copy(out, 0, trial, 0, width)
    e.b.branch(head)
    e.b.position_at_end(behind)
    e.b.ret_void()


def _fix_interchangeable(e: Emitter, runs: list[tuple[int, int]], memory: tuple[Value, ...]) -> None:
    """Neighbours of equal signature that can be exchanged without any change need no arranging: if all in a run can."""
    row, order, signs, fixed, images, trial = memory
    called = e.module.get_global
    for first, size in runs:
        for k in range(size - 1):
            here, there = first + k, first + k + 1
            with e.when(e.b.icmp_unsigned("==", e.load(signs, here), e.load(signs, there))):
                for f, n in runs:
                    for j in range(n):
                        e.store(e.number(j), images, f + j)
                a, b = e.load(order, here), e.load(order, there)
                e.store(b, images, e.b.add(a, e.number(first)))
                e.store(a, images, e.b.add(b, e.number(first)))
                e.b.call(called("permute"), [row, images, trial])
                unchanged = e.b.call(called("same"), [row, trial])
                e.store(e.widen(e.b.not_(unchanged)), fixed, there)
        # now fixed[k] = 1 where a neighbour cannot be exchanged; a run is fixed if none of its pairs is such
        _mark_runs(e, first, size, signs, fixed)


def _mark_runs(e: Emitter, first: int, size: int, signs: Value, fixed: Value) -> None:
    """From marks of pairs that matter to marks of members whose run may stay as it is."""
    b = e.b
    for k in range(size):
        matters = e.number(0)
        for j in range(1, size):
            of_run = b.icmp_unsigned("==", e.load(signs, first + j), e.load(signs, first + k))
            pair = b.icmp_unsigned("==", e.load(signs, first + j), e.load(signs, first + j - 1))
            counts = b.and_(of_run, pair)
            matters = b.or_(matters, b.select(counts, b.and_(e.load(fixed, first + j), e.number(1)), e.number(0)))
        e.store(b.or_(e.load(fixed, first + k), b.shl(matters, e.number(1))), fixed, first + k)
    for k in range(size):
        e.store(b.xor(b.lshr(e.load(fixed, first + k), e.number(1)), e.number(1)), fixed, first + k)
