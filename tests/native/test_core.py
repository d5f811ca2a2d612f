"""The native search on models written by hand: counts, numbers, verdicts and traces, for any number of threads."""

from __future__ import annotations

import array
import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest
from tests.native.row_models import RowModel, grid, ring, tree, two_phase

from mcheck.checker.limits import LimitReached
from mcheck.checker.native import core, visited
from mcheck.checker.native.cache import Cache
from mcheck.checker.native.core import SALT, Identity
from mcheck.checker.native.kernel import I64, U64, Fixed, Kernel, kernel, u64, words
from mcheck.checker.native.kernel_compiler import Build
from mcheck.checker.native.machine import compiled, new_module
from mcheck.checker.native.search import ErrorLeaf, NativeSearch, Step

LEVELS_3 = [1, 7, 21, 38, 50, 54, 49, 36, 21, 9, 2]
ALL_IDENTITIES = pytest.mark.parametrize("identity", list(Identity))
ANY_THREADS = pytest.mark.parametrize("threads", [1, 2, 3])


def searched(toy: RowModel, threads: int = 1, **options: Any) -> NativeSearch:
    """The search, when it has run."""
    search = NativeSearch(toy.model, toy.library(), threads, **options)
    search.run(toy.initial)
    return search


class Plain:
    """The same search as a few lines of Python over the same `expand`, run as Python."""

    def __init__(self, toy: RowModel) -> None:
        self.rows: list[tuple[int, ...]] = []
        self.parents: list[tuple[int, int] | None] = []
        self.levels: list[int] = []
        known: set[tuple[int, ...]] = set()
        counts, out = words(toy.model.leaves), words(toy.model.width * toy.model.most_successors)
        arriving: list[tuple[tuple[int, ...], tuple[int, int] | None]] = [(tuple(row), None) for row in toy.initial]
        while arriving:
            begin = len(self.rows)
            for row, parent in arriving:
                if row not in known:
                    known.add(row)
                    self.rows.append(row)
                    self.parents.append(parent)
            arriving = []
            if len(self.rows) > begin:
                self.levels.append(len(self.rows) - begin)
            for number in range(begin, len(self.rows)):
                row = words(toy.model.width)
                for k, word in enumerate(self.rows[number]):
                    row[k] = word
                count, width = toy.expand(row, out, counts), toy.model.width
                found = [tuple(out[k * width : (k + 1) * width]) for k in range(count)]
                arriving += [(after, (number, ordinal)) for ordinal, after in enumerate(found)]

    def trace(self, number: int) -> list[tuple[int, ...]]:
        """The rows that lead to a state."""
        rows = [self.rows[number]]
        while (parent := self.parents[number]) is not None:
            number = parent[0]
            rows.append(self.rows[number])
        return rows[::-1]


# ---------------------------------------------------------------------- counts


@ALL_IDENTITIES
@ANY_THREADS
def test_two_phase_commit(identity: Identity, threads: int) -> None:
    """Counts: TLC on the module TwoPhase with three managers."""
    search = searched(two_phase(3, 2, identity), threads, check=3, stop_states=1, stop_steps=1)
    assert (search.distinct, 1 + search.counts[0], search.levels) == (288, 1146, LEVELS_3)
    assert search.found == {1: 286} and not search.found_steps and search.first_deadlock is None
    assert search.frontier_size == 0 and search.levels_and_arriving == [*LEVELS_3, 0]


@ANY_THREADS
def test_two_phase_commit_with_seven_managers(threads: int) -> None:
    search = searched(two_phase(7), threads, check=3, stop_states=1)
    assert (search.distinct, 1 + search.counts[0], len(search.levels) - 1) == (296_448, 2_744_706, 22)


@pytest.mark.slow
@ALL_IDENTITIES
def test_two_phase_commit_with_eight_managers(identity: Identity) -> None:
    search = searched(two_phase(8, 5, identity), 2)
    assert (search.distinct, 1 + search.counts[0], len(search.levels) - 1) == (1_745_408, 18_507_778, 25)


@ANY_THREADS
def test_a_long_ring(threads: int) -> None:
    search = searched(ring(700), threads)
    assert search.levels == [1] * 700 and search.counts[0] == 700
    assert [row[0] for row in search.trace(699)] == list(range(700))


@pytest.mark.parametrize("width", [2, 5, 12])
@ANY_THREADS
def test_a_grid(width: int, threads: int) -> None:
    search = searched(grid(width, 2), threads)
    assert search.distinct == min(3**width, 3**5)


# ---------------------------------------------------------------------- numbers and traces


@ALL_IDENTITIES
@ANY_THREADS
@pytest.mark.parametrize("batch", [1, 60, 4096])
def test_states_are_numbered_in_the_order_in_which_they_are_met(identity: Identity, threads: int, batch: int) -> None:
    """A batch of one candidate ends most slices early, one of 60 some of them."""
    toy = two_phase(4, 2, identity)
    plain, search = Plain(toy), searched(toy, threads, batch=batch)
    assert search.levels == plain.levels
    for number in [*range(0, len(plain.rows), 37), len(plain.rows) - 1]:
        assert search.trace(number) == plain.trace(number)


def test_duplicate_initial_states_are_one() -> None:
    toy = two_phase(3, 2)
    twice = RowModel(toy.model, [*toy.initial, [5, 5], *toy.initial, [5, 5]], toy.expand, toy.check, toy.check_step)
    search = searched(twice, 2, depth=0)
    assert (search.distinct, search.levels) == (2, [2]) and search.trace(1) == [(5, 5)]


def test_very_many_initial_states() -> None:
    toy = grid(5, 2)
    rows = [list(row) for row in itertools.product(range(9), repeat=5)]
    search = searched(RowModel(toy.model, rows, toy.expand, toy.check, toy.check_step), 2, depth=0, batch=100)
    assert search.distinct == 9**5 and search.trace(9**5 - 2) == [(8, 8, 8, 8, 7)]


# ---------------------------------------------------------------------- verdicts


@ANY_THREADS
@ALL_IDENTITIES
def test_a_violation_ends_the_search_with_its_level(threads: int, identity: Identity) -> None:
    """Property 0 of the grid: the coordinates add up to 4, first in level 4."""
    toy = grid(4, 3, forbidden_sum=4, identity=identity)
    plain, search = Plain(toy), searched(toy, threads, check=1, stop_states=1, batch=30)
    assert search.levels == plain.levels[:5] and search.distinct == sum(plain.levels[:5])
    first = next(number for number, row in enumerate(plain.rows) if sum(row) == 4)
    assert search.found == {0: first} and search.trace(first) == plain.trace(first)
    assert search.expanded == sum(plain.levels[:4])


def test_a_witness_does_not_end_the_search() -> None:
    toy = grid(4, 3, forbidden_sum=4)
    assert searched(toy, check=1).distinct == 4**4


def test_a_property_that_is_not_asked_for_is_not_found() -> None:
    assert searched(grid(4, 3, forbidden_sum=4), check=0).found == {}


@ANY_THREADS
@pytest.mark.parametrize("batch", [1, 4096])
def test_the_first_step_that_violates(threads: int, batch: int) -> None:
    """Step property 0 of the grid: no step leads from a state whose coordinates add up to 3 to one with (…, 2, …)."""
    toy = grid(4, 3, forbidden_step=3)
    plain = Plain(toy)
    search = searched(toy, threads, stop_steps=1, batch=batch)
    expected = [
        (parent, ordinal)
        for parent, row in enumerate(plain.rows)
        for ordinal, after in enumerate(k for k in successors_of_grid(row, 3))
        if sum(row) == 3 and 2 in after
    ]
    assert search.found_steps == {0: Step(*expected[0])}
    assert search.levels == plain.levels[:5]
    assert search.successors(search.trace(expected[0][0])[-1])[expected[0][1]] in plain.rows


def successors_of_grid(row: tuple[int, ...], limit: int) -> list[tuple[int, ...]]:
    """The steps of the grid, in its order."""
    return [(*row[:k], row[k] + 1, *row[k + 1 :]) for k in range(min(len(row), 5)) if row[k] < limit]


@ANY_THREADS
def test_the_first_deadlock(threads: int) -> None:
    search = searched(grid(3, 2), threads, stop_deadlock=True)
    assert search.first_deadlock == 26 and search.trace(26)[-1] == (2, 2, 2) and search.counts[1] == 1


@ANY_THREADS
@pytest.mark.parametrize("batch", [1, 4096])
def test_an_error_leaf_names_the_first_state_that_meets_it(threads: int, batch: int) -> None:
    toy = grid(4, 3, failing_sum=4)
    search = NativeSearch(toy.model, toy.library(), threads, batch=batch)
    with pytest.raises(ErrorLeaf) as met:
        search.run(toy.initial)
    plain = Plain(grid(4, 3))
    first = next(number for number, row in enumerate(plain.rows) if sum(row) == 4)
    assert (met.value.number, met.value.leaf) == (first, 7)
    assert search.trace(first) == plain.trace(first)
    with pytest.raises(ErrorLeaf):
        search.successors(plain.rows[first])


@ANY_THREADS
def test_the_first_of_many_deadlocks(threads: int) -> None:
    """The leaves of a binary tree, whose nodes are numbered as they are met."""
    search = searched(tree(1000), threads, batch=50)
    assert (search.first_deadlock, search.counts[1], search.distinct) == (500, 501, 1001)
    stopped = searched(tree(1000), threads, batch=50, stop_deadlock=True)
    assert (stopped.first_deadlock, stopped.distinct) == (500, 1001) and stopped.expanded == 511


# ---------------------------------------------------------------------- limits


@ANY_THREADS
def test_the_depth_limit_leaves_a_frontier(threads: int) -> None:
    search = searched(two_phase(3), threads, depth=4)
    assert search.levels == LEVELS_3[:5] and search.frontier_size == LEVELS_3[4]


@ANY_THREADS
@pytest.mark.parametrize("most", [1, 2, 100, 287])
def test_the_first_states_are_kept_at_a_limit_of_states(threads: int, most: int) -> None:
    toy = two_phase(3)
    search = NativeSearch(toy.model, toy.library(), threads, states=most, batch=20)
    with pytest.raises(LimitReached, match=f"limit of {most} states"):
        search.run(toy.initial)
    assert search.distinct == most
    assert search.trace(most - 1) == Plain(toy).trace(most - 1)
    assert searched(toy, threads, states=288).distinct == 288


@ANY_THREADS
def test_between_slices_the_caller_may_end_the_search(threads: int) -> None:
    calls = itertools.count()

    def interrupt() -> None:
        if next(calls) == 20:
            raise KeyboardInterrupt

    toy = two_phase(5)
    search = NativeSearch(toy.model, toy.library(), threads, between=interrupt, batch=50)
    with pytest.raises(KeyboardInterrupt):
        search.run(toy.initial)
    assert 0 < search.distinct < 8832
    assert search.trace(search.distinct - 1) == Plain(toy).trace(search.distinct - 1)


# ---------------------------------------------------------------------- the table and its fingerprints


@ALL_IDENTITIES
def test_a_table_that_grows_loses_nothing(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visited, "_FIRST_SLOTS", 16)
    monkeypatch.setattr(visited, "_LARGE", 1000)
    monkeypatch.setattr(visited, "_SWEEP", 37)
    search = searched(two_phase(5, 1, identity), 2, batch=100)
    assert (search.distinct, 1 + search.counts[0]) == (8832, 58146)
    assert sum(part.used for part in search._parts) == 8832
    assert all(part.slots <= part.used * 1.7 for part in search._parts)


@kernel
def weak_mix(word: U64, position: I64, salt: Fixed) -> U64:
    """A mix that leaves three bits of a fingerprint, but not of the second one."""
    if salt == SALT:
        return word & 7
    return u64(u64(word + 1) * 0x9E3779B97F4A7C15)


@ANY_THREADS
def test_states_with_equal_fingerprints(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are one state by fingerprint, and different by 128 bits and exactly."""
    monkeypatch.setattr(core, "mix", weak_mix)
    assert searched(two_phase(3, 2), threads).distinct < 9
    for identity in (Identity.LONG, Identity.EXACT):
        search = searched(two_phase(3, 2, identity), threads, batch=100)
        assert search.distinct == 288 and search.levels == LEVELS_3


def test_rows_are_kept_for_two_levels_only() -> None:
    """The largest level has 42,924 states."""
    search = searched(two_phase(7))
    assert max(search._frontier.memory.size, search._arriving.memory.size) < 2 * 8 * 42_924


def rows_that_resemble_each_other() -> list[Iterable[tuple[int, ...]]]:
    """A million structured rows, in five families."""
    some = random.Random(3)
    base = tuple(some.getrandbits(64) for _ in range(40))
    flips = [(i, j) for i in range(640) for j in range(i)]
    flipped = [tuple(_flip(base, 4 * i, 4 * j)) for i, j in flips]
    counters = list(itertools.product(range(60), repeat=3))
    shifted = [(a << 58, b << 29, c) for a, b, c in counters]
    bits = itertools.product([1 << i for i in range(64)], repeat=3)
    permuted = itertools.permutations(w << 60 for w in range(7))
    return [counters, shifted, flipped, bits, itertools.permutations(range(8)), permuted]


def _flip(row: tuple[int, ...], *bits: int) -> list[int]:
    flipped = list(row)
    for bit in bits:
        flipped[bit // 64] ^= 1 << bit % 64
    return flipped


@pytest.mark.slow
def test_no_two_of_a_million_structured_rows_share_a_fingerprint() -> None:
    """10^6 random values of 64 bits collide with a probability of 3e-8.  Of 32 bits of them about as many must collide
    as of random ones; not exactly, for rows that differ in two words alone collide whatever the other words are."""
    prints: set[int] = set()
    total = 0
    different = sorted(set(itertools.chain.from_iterable(rows_that_resemble_each_other())), key=len)
    for width, family in itertools.groupby(different, len):
        rows = list(family)
        prints.update(machine_fingerprints(rows, width))
        total += len(rows)
    assert total > 900_000
    assert len(prints) == total
    expected = total * total / 2 / 2**32
    for shift in (0, 16, 32):
        assert total - len({h >> shift & 0xFFFFFFFF for h in prints}) < 4 * expected


def machine_fingerprints(rows: list[tuple[int, ...]], width: int) -> list[int]:
    """The fingerprints of rows, by the compiled kernel."""
    module = new_module("test")
    kernel: Kernel[..., Any] = core.fingerprint
    Build(module).export(kernel, width=width, salt=SALT)
    run = compiled(str(module), ["fingerprint"], Cache()).kernel(kernel)
    flat = array.array("Q", itertools.chain.from_iterable(rows))
    begin, _ = flat.buffer_info()
    return [run(begin + 8 * width * k) for k in range(len(rows))]


def test_every_bit_of_a_row_changes_half_the_bits_of_its_fingerprint() -> None:
    some = random.Random(4)
    changes = [0] * 64
    tries = 0
    for width in (1, 3):
        for bit in range(64 * width):
            for _ in range(6):
                row = tuple(some.choice((0, some.getrandbits(64), some.getrandbits(4))) for _ in range(width))
                a, b = (core.fingerprint(_memory(r), width, SALT) for r in (row, _flip(row, bit)))
                tries += 1
                for k in range(64):
                    changes[k] += (a ^ b) >> k & 1
    assert all(0.42 < of_bit / tries < 0.58 for of_bit in changes)


def _memory(row: Any) -> memoryview:
    filled = words(len(row))
    for k, word in enumerate(row):
        filled[k] = word
    return filled
