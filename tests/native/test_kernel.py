"""The kernel language: what is compiled does what the Python function does, and what is outside is refused by line."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from tests.native.row_models import nothing, two_phase

from mcheck.checker.native import core
from mcheck.checker.native.cache import Cache
from mcheck.checker.native.core import SALT, SECOND_SALT, Identity, Status
from mcheck.checker.native.kernel import (
    I64,
    KNOWN,
    U64,
    Bytes,
    External,
    Fixed,
    Kernel,
    KernelError,
    U16s,
    U32s,
    Words,
    copy,
    external,
    high_product,
    i64,
    kernel,
    popcount,
    prefetch,
    trailing_zeros,
    u64,
    words,
)
from mcheck.checker.native.kernel_compiler import Build
from mcheck.checker.native.machine import compiled, new_module

WORD = (1 << 64) - 1
SAMPLES = [0, 1, 2, 3, 63, 64, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 63) - 1]


def both_ways(kernel: Kernel[..., Any], **fixed: Any) -> Callable[..., Any]:
    """A function that runs the kernel compiled and as Python, and insists on one result and one memory."""
    module = new_module("test")
    Build(module).export(kernel, **fixed)
    machine = compiled(str(module), [kernel.name], Cache()).kernel(kernel)
    names = list(kernel.parameters)

    def run(*arguments: Any) -> Any:
        copies = [bytearray(a) if isinstance(a, memoryview) else a for a in arguments]
        places = [ctypes.addressof(ctypes.c_char.from_buffer(a)) if isinstance(a, bytearray) else a for a in copies]
        answer = machine(*places)
        given = dict(zip([n for n in names if n not in fixed], arguments, strict=True))
        assert kernel(*({**fixed, **given}[name] for name in names)) == answer, arguments
        for original, copied in zip(arguments, copies, strict=True):
            if isinstance(original, memoryview):
                assert bytes(original) == bytes(copied)
        return answer

    return run


def memory(kind: str, values: list[int]) -> memoryview:
    """Memory of elements of this format that holds these values."""
    size = {"Q": 8, "I": 4, "H": 2, "B": 1}[kind]
    filled = memoryview(bytearray(size * len(values))).cast("B").cast(kind)  # type: ignore[call-overload]
    for k, value in enumerate(values):
        filled[k] = value
    return filled


# ---------------------------------------------------------------------- arithmetic


@kernel
def signed_arithmetic(a: I64, b: I64, out: Words) -> I64:
    out[0] = u64(a + b)
    out[1] = u64(a - b)
    out[2] = u64(a * b)
    out[3] = u64(a & b)
    out[4] = u64(a | b)
    out[5] = u64(a ^ b)
    out[6] = u64(a // b) if b != 0 else u64(0)
    out[7] = u64(a % b) if b != 0 else u64(0)
    out[8] = u64(a >> 3)
    out[9] = u64(~a) ^ u64(-b)
    out[10] = u64(a >> b) if b >= 0 else u64(7)
    return min(a, b) ^ max(a, b)


@kernel
def unsigned_arithmetic(a: U64, b: U64, out: Words) -> U64:
    out[0] = u64(a + b)
    out[1] = u64(a - b)
    out[2] = u64(a * b)
    out[3] = a & b | a ^ b
    out[4] = a // b if b != 0 else u64(0)
    out[5] = a % b if b != 0 else u64(0)
    out[6] = a >> b
    out[7] = u64(a << (b % 100))
    out[8] = high_product(a, b)
    out[9] = u64(popcount(a) + 100 * trailing_zeros(b))
    out[10] = u64(i64(a) >> 1)
    return min(a, b) ^ max(a, b)


def test_arithmetic_is_that_of_python() -> None:
    signed, unsigned = both_ways(signed_arithmetic), both_ways(unsigned_arithmetic)
    some = random.Random(1)
    small = [s for x in SAMPLES if x < 1 << 31 for s in (x, -x)]
    for a in [*small, *(some.randrange(-(1 << 30), 1 << 30) for _ in range(20))]:
        for b in small:
            signed(a, b, words(11))
    for a in [*SAMPLES, WORD, *(some.getrandbits(64) for _ in range(20))]:
        for b in [*SAMPLES, WORD, *(some.getrandbits(64) for _ in range(5))]:
            unsigned(a, b, words(11))


@kernel
def ordered(a: I64, b: I64) -> U64:
    x = u64(a)
    y = u64(b)
    found: U64 = 0
    if a < b:
        found = found | 1
    if a <= b:
        found = found | 2
    if a > b or x == y:
        found = found | 4
    if x < y and not (a != b and a == 0):
        found = found | 8
    if x >= y:
        found |= 16
    return found


def test_comparisons_have_the_sign_of_their_type() -> None:
    run = both_ways(ordered)
    for a in (-5, -1, 0, 1, 5):
        for b in (-5, -1, 0, 1, 5):
            run(a, b)


# ---------------------------------------------------------------------- control and memory


@kernel
def primes(sieve: Bytes, n: I64, out: U32s) -> I64:
    found: I64 = 0
    for k in range(2, n):
        if sieve[k] != 0:
            continue
        out[found] = k
        found += 1
        multiple = k * k
        while True:
            if multiple >= n:
                break
            sieve[multiple] = 1
            multiple += k
    return found


def test_loops_and_narrow_memory() -> None:
    run = both_ways(primes)
    for n in (0, 2, 3, 100):
        sieve, out = memory("B", [0] * 101), memory("I", [0] * 40)
        run(sieve, n, out)
    assert list(out[:5]) == [2, 3, 5, 7, 11]


@kernel
def shifted(values: Words, narrow: U16s, n: I64) -> bool:
    copy(values[n:], values, n)
    prefetch(values, n)
    for k in range(n):
        narrow[k] = narrow[k] + 1
        values[n:][k] += 1
    return (n > 2 and values[n] == 6) or n == 0 or (narrow[0] if n == 1 else n) == 1


def test_memory_from_an_element_on() -> None:
    run = both_ways(shifted)
    for n in (0, 1, 2, 3):
        run(memory("Q", [5, 6, 7, 0, 0, 0]), memory("H", [0, 1, 2]), n)


Function = Annotated[Callable[[I64], I64], KNOWN]


@kernel
def doubled(x: I64) -> I64:
    return 2 * x


@kernel
def summed(function: Function | None, width: Fixed, n: I64) -> I64:
    total: I64 = 0
    if function is None:
        return -1
    for k in range(n):
        total += function(k) + power(width, k)
    if width > 3:
        total = total * width
    return total


@kernel
def power(width: Fixed, k: I64) -> I64:
    p: I64 = 1
    for _ in range(width):
        p *= k
    return p


def test_what_is_fixed_is_compiled_in() -> None:
    assert both_ways(summed, function=doubled, width=3)(4) == 12 + 36
    assert both_ways(summed, function=doubled, width=5)(3) == 5 * (6 + 33)
    assert both_ways(summed, function=None, width=2)(9) == -1


def test_only_the_branch_taken_is_compiled() -> None:
    module = new_module("test")
    Build(module).export(summed, function=None, width=2)
    assert "doubled" not in str(module) and "power" not in str(module)


def test_an_external_function_is_called_by_name() -> None:
    twice = external("doubled", Function)
    assert isinstance(twice, External)
    module = new_module("test")
    build = Build(module)
    build.export(doubled)
    build.export(summed, function=twice, width=0)
    run = compiled(str(module), ["summed"], Cache()).kernel(summed)
    assert run(4) == 12 + 4


# ---------------------------------------------------------------------- the search core, as Python and compiled


def test_fingerprints_both_ways() -> None:
    some = random.Random(2)
    for width in (1, 3, 12):
        run = both_ways(core.fingerprint, width=width, salt=SALT)
        after = both_ways(core.successor_fingerprint, width=width, salt=SECOND_SALT)
        for _ in range(20):
            row = memory("Q", [some.getrandbits(64) for _ in range(width)])
            run(row)
            changed = memory("Q", list(row))
            changed[some.randrange(width)] ^= 1 << some.randrange(64)
            whole = core.fingerprint(changed, width, SECOND_SALT)
            assert after(changed, row, core.fingerprint(row, width, SECOND_SALT)) == whole


@pytest.mark.parametrize("identity", list(Identity))
def test_absorbing_both_ways(identity: Identity) -> None:
    """Few fingerprints, so that different rows share one; few slots, so that probing wraps."""
    some, width, count, slots, most = random.Random(int(identity)), 2, 30, 61, 1 << 40
    run = both_ways(core.absorb, width=width, identity=int(identity))
    move = both_ways(core.rehash, identity=int(identity))
    number = both_ways(core.number_new)
    table, companions, states = words(slots), words(slots), words(2)
    for again in range(3):
        rows = memory("Q", [some.randrange(4) for _ in range(width * count)])
        prints = memory("Q", [WORD - 5 * (rows[2 * k] % 3) for k in range(count)])
        extra = memory("Q", [rows[2 * k] + 4 * rows[2 * k + 1] for k in range(count)])
        chosen, fresh = memory("I", list(range(count))), memory("B", [0] * count)
        if identity == Identity.EXACT:
            companions, table = words(slots), words(slots)
        added = run(table, companions, slots, 1, chosen, count, prints, extra, fresh, 0, rows, states)
        assert added == sum(fresh)
        of_fingerprint = {prints[k] for k in range(count) if fresh[k]}
        if identity != Identity.FINGERPRINT and not again:
            assert len(of_fingerprint) < added
            wanted = [(rows[2 * k], rows[2 * k + 1]) for k in range(count) if fresh[k]]
            assert len(set(wanted)) == len(wanted)
        if identity == Identity.EXACT:
            number(companions, chosen, count, extra, fresh, memory("Q", [most + k for k in range(count)]))
            assert {c for c in companions if c} == {most + k for k in range(count) if fresh[k]}
    larger, beside = words(97), words(97)
    move(table, companions, 0, slots, larger, beside, 97, 1)
    kept = lambda t, c: sorted((h, e) for h, e in zip(t, c, strict=True) if h)  # noqa: E731
    assert kept(table, companions) == kept(larger, beside)


@pytest.mark.parametrize("width", [1, 11])
@pytest.mark.parametrize("identity", list(Identity))
def test_expanding_and_collecting_both_ways(width: int, identity: Identity) -> None:
    toy = two_phase(3, width, identity)
    shape = {"width": width, "identity": int(identity)}
    expand = both_ways(
        core.expand_slice, expand=toy.expand, check_step=toy.check_step, orbit=None, deadlocks=2, **shape
    )
    collect = both_ways(core.collect, check=toy.check, **shape)
    enter = both_ways(core.enter_rows, orbit=None, **shape)
    room, parts = 60, 2
    prints, extra, sources, ordinals = words(room), words(room), memory("I", [0] * room), memory("H", [0] * room)
    lists, sizes, rows = memory("I", [0] * room * parts), words(parts), words(room * width)
    seen = words(core.FILTER_SLOTS * core.filter_stride(width, int(identity)))
    counts, status, hits = words(3), words(Status.SIZE), words(128)
    status[Status.WANTED] = 1
    frontier = memory("Q", [w for row in toy.initial * 2 for w in row])
    written = prints, extra, sources, ordinals, lists, sizes
    assert expand(frontier, 0, 2, room, 14, parts, rows, *written, seen, words(1), counts, status, hits) == 2
    n = status[Status.CANDIDATES]
    assert n == 7 and counts[0] == 14 and sizes[0] + sizes[1] == 7
    fresh = memory("B", [k % 3 != 1 for k in range(room)])
    arriving, children, reached_as, found = (
        words(room * width),
        memory("H", [0] * 2),
        memory("H", [0] * room),
        words(64),
    )
    picked = memory("I", [0] * room)
    taken = collect(n, 4, 100, 3, rows, prints, fresh, sources, ordinals, picked, arriving, children, reached_as, found)
    assert taken == 4 and list(children) == [4, 0] and list(reached_as[:4]) == [0, 2, 3, 5]
    enter(2, room, parts, frontier, *written)


def test_a_parent_is_found_by_adding_up_children() -> None:
    run = both_ways(core.parent)
    children = memory("H", [0, 2, 0, 0, 3, 1, 0])
    assert [run(children, 0, 10, number) for number in range(10, 16)] == [1, 1, 4, 4, 4, 5]


@pytest.mark.parametrize("identity", list(Identity))
def test_the_filter_tells_states_apart_as_the_table_does(identity: Identity) -> None:
    run = both_ways(core.recently_seen, width=2, identity=int(identity))
    seen = words(core.FILTER_SLOTS * core.filter_stride(2, int(identity)))
    told_apart = identity != Identity.FINGERPRINT
    here, there = memory("Q", [1, 2]), memory("Q", [1, 3])
    assert not run(seen, 77, 5, here) and run(seen, 77, 5, here)
    assert run(seen, 77, 6, there) is not told_apart and run(seen, 77, 6, there)
    assert not run(seen, 77 + core.FILTER_SLOTS, 6, there) and not run(seen, 77, 6, there)


# ---------------------------------------------------------------------- refusals


@kernel
def mixes(a: I64, b: U64) -> U64:
    return a + b  # refused


@kernel
def a_number_as_test(a: I64) -> I64:
    while a:  # refused
        a -= 1
    return a


@kernel
def may_not_return(a: I64) -> I64:  # pyright: ignore[reportReturnType]
    if a > 0:
        return a  # refused


@kernel
def uses_a_list(a: I64) -> I64:
    b = [a]  # refused
    return b[0]


@kernel
def changes_type(a: I64) -> I64:
    b = a
    b = a == 0  # refused
    return b if a == 1 else 0


@kernel
def chains(a: I64) -> bool:
    return 0 < a < 5  # refused


@kernel
def recurses(a: I64) -> I64:
    return recurses(a - 1)  # refused


@kernel
def not_a_kernel(a: I64) -> I64:
    return abs(a)  # refused


@kernel
def asserts(a: I64) -> I64:
    assert a > 0  # refused
    return a


@pytest.mark.parametrize(
    ("outside", "why"),
    [
        (mixes, "a U64 stands where I64 is meant"),
        (a_number_as_test, "a condition is a bool"),
        (may_not_return, "does not return on every path"),
        (uses_a_list, "`[a]` is not part of the kernel language"),
        (changes_type, "a bool stands where I64 is meant"),
        (chains, "write a comparison of three as two"),
        (recurses, "calls itself"),
        (not_a_kernel, "abs has no value here"),
        (asserts, "`assert a > 0` is not part of the kernel language"),
    ],
)
def test_what_is_outside_the_language_is_refused_by_line(outside: Kernel[..., Any], why: str) -> None:
    with pytest.raises(KernelError) as refused:
        Build(new_module("test")).export(outside)
    assert why in str(refused.value)
    file, line, _ = str(refused.value).split(":", 2)
    assert file == __file__
    assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].endswith("# refused")


def test_a_parameter_needs_a_kernel_type() -> None:
    @kernel
    def loose(a: int) -> I64:
        return a

    with pytest.raises(KernelError, match="a of kernel loose has no kernel type"):
        Build(new_module("test")).export(loose)


def test_the_fixed_arguments_are_all_given() -> None:
    with pytest.raises(KernelError, match=r"takes the fixed arguments \['width'\]"):
        Build(new_module("test")).export(power)


def test_a_kernel_is_called_as_python() -> None:
    assert nothing(words(1), 3) == 0
