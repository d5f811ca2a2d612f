"""The search core: what a breadth-first search does with rows of words, in the kernel language.

A *row* is a state, `width` words.  States are numbered in the order in which the search meets them; a level is a run of
numbers.  The frontier is expanded slice by slice.  `expand_slice` writes the successors of a slice, the *candidates*,
into a batch; `absorb` enters their fingerprints in the table; `collect` gives those that were new a number and a place
in the next level.  Several threads work on slices that follow each other, and each owns a part of the table, by
fingerprint.  A part takes candidates in the order of the slices, and numbers follow the order of candidates: so the
numbers, and with them whatever is called first, do not depend on how many threads there are.

A table slot is a fingerprint, 0 where it is free, in linear probing from the slot that the upper bits select.  Homes
therefore ascend with fingerprints, and a table moves to a larger one in one sweep over both.  Beside a slot may stand a
*companion*: the second half of a 128-bit fingerprint, or the number of the state, whose row is then compared.

A trace needs 4 bytes a state: how many states a state was the first to reach, and as which of its successors a state
was first reached.  The former, added up along a level, lead from a number to the number of its parent.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any

from mcheck.checker.native.kernel import (
    I64,
    KNOWN,
    U64,
    Bytes,
    Fixed,
    U16s,
    U32s,
    Words,
    copy,
    high_product,
    i64,
    kernel,
    prefetch,
    trailing_zeros,
    u64,
)

Expand = Annotated[Callable[[Words, Words, Words], I64], KNOWN]
"""expand(row, out, counts): writes the successors of `row` and counts what it met; how many, or -1-leaf for an error."""
Check = Annotated[Callable[[Words, U64], U64], KNOWN]
"""check(row, wanted): the bits of `wanted` whose property decides here."""
CheckStep = Annotated[Callable[[Words, Words, Words, U64], U64], KNOWN]
"""check_step(before, after, memory, wanted): the same of a step.  In `memory` it keeps what it knows of `before`, for as
long as the first word there does not change."""


Orbit = Annotated[Callable[[Words, I64], U64], KNOWN]
"""orbit(row, which): the fingerprint (0) or second fingerprint (1) of the canonical row of the orbit of `row`."""


class Identity(IntEnum):
    """When two rows are the same state."""

    FINGERPRINT = 0
    """Their 64-bit fingerprints are equal."""
    LONG = 1
    """Their 128-bit fingerprints are equal."""
    EXACT = 2
    """They are equal."""


class Status(IntEnum):
    """The words in which `expand_slice` says what it met."""

    CANDIDATES = 0
    ERROR = 1
    """-(what `expand` returned), in the state where it stopped."""
    DEADLOCK = 2
    """1 + the number within the slice of the first state without a step."""
    WANTED = 3
    """The step properties that are not decided yet."""
    SIZE = 4


FILTER_SLOTS = 1 << 13
PROVISIONAL = 1 << 63
MOST_SUCCESSORS = 0xFFFF
TOO_MANY = 1 << 62
_AHEAD = 12
_WIDE = 10
"""From this many words on, it pays to look which of them a step has changed."""


# ---------------------------------------------------------------------- fingerprints


@kernel
def mix(word: U64, position: I64, salt: Fixed) -> U64:
    """A word as 64 bits each of which depends on every bit of it, and on its position.  Source: Evensen's moremur."""
    x = word ^ u64(u64(position + 1) * salt)
    x = u64((x ^ x >> 27) * 0x3C79AC492BA7B653)
    x = u64((x ^ x >> 33) * 0x1C69B3F74AC4AE35)
    return x ^ x >> 27


@kernel
def fingerprint(row: Words, width: Fixed, salt: Fixed) -> U64:
    """The exclusive or of its mixed words: a step changes it by the words that the step changes.

    Two rows collide as rarely as two random numbers.  Rows that differ in the same two words collide together, whatever
    the other words are, so that collisions, where there are any, come in groups.
    """
    h: U64 = 0
    for k in range(width):
        h = h ^ mix(row[k], k, salt)
    return h


@kernel
def successor_fingerprint(row: Words, before: Words, known: U64, width: Fixed, salt: Fixed) -> U64:
    """The fingerprint of `row`, reached in one step from `before`, whose fingerprint is `known`."""
    if width < _WIDE:
        return fingerprint(row, width, salt)
    h = known
    for k in range(width):
        if row[k] != before[k]:
            h = h ^ mix(before[k], k, salt) ^ mix(row[k], k, salt)
    return h


@kernel
def entry(h: U64) -> U64:
    """A fingerprint as it stands in the table, where 0 is a free slot."""
    return 1 if h == 0 else h


SALT, SECOND_SALT = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95


@kernel
def filter_stride(width: Fixed, identity: Fixed) -> I64:
    """How many words the filter keeps of a state."""
    if identity == Identity.FINGERPRINT:
        return 1
    return 2 if identity == Identity.LONG else width + 1


@kernel
def equal(a: Words, b: Words, width: Fixed) -> bool:
    """Whether two rows are equal."""
    for k in range(width):  # noqa: SIM110 - in the kernel language
        if a[k] != b[k]:
            return False
    return True


# ---------------------------------------------------------------------- expanding


@kernel
def place(lists: U32s, sizes: Words, room: I64, parts: I64, candidate: I64, h: U64) -> None:
    """Put a candidate on the list of the part that owns it."""
    owner = i64(high_product(h, u64(parts)))
    size = i64(sizes[owner])
    lists[owner * room + size] = candidate
    sizes[owner] = u64(size + 1)


@kernel
def check_steps(
    check_step: CheckStep,
    width: Fixed,
    row: Words,
    out: Words,
    count: I64,
    number: I64,
    memory: Words,
    status: Words,
    hits: Words,
) -> None:
    """Check the steps from `row` to each of `count` rows; note the first that decides a property."""
    wanted = status[Status.WANTED]
    memory[0] = memory[0] + 1
    for j in range(count):
        if wanted == 0:
            break
        decided = check_step(row, out[j * width :], memory, wanted)
        wanted = wanted ^ decided
        while decided != 0:
            p = trailing_zeros(decided)
            hits[2 * p] = u64(number + 1)
            hits[2 * p + 1] = u64(j)
            decided = decided & u64(decided - 1)
    status[Status.WANTED] = wanted


@kernel
def recently_seen(width: Fixed, identity: Fixed, seen: Words, h: U64, second: U64, row: Words) -> bool:
    """Whether the filter holds this state; it does from now on."""
    stride = filter_stride(width, identity)
    known = seen[i64(h & (FILTER_SLOTS - 1)) * stride :]
    if known[0] == h:
        if identity == Identity.FINGERPRINT:
            return True
        if identity == Identity.LONG and known[1] == second:
            return True
        if identity == Identity.EXACT and equal(known[1:], row, width):
            return True
    known[0] = h
    if identity == Identity.LONG:
        known[1] = second
    if identity == Identity.EXACT:
        copy(known[1:], row, width)
    return False


@kernel
def expand_slice(
    expand: Expand,
    check_step: CheckStep | None,
    orbit: Orbit | None,
    deadlocks: Fixed,
    width: Fixed,
    identity: Fixed,
    frontier: Words,
    number: I64,
    end: I64,
    room: I64,
    most: I64,
    parts: I64,
    rows: Words,
    prints: Words,
    extra: Words,
    sources: U32s,
    ordinals: U16s,
    lists: U32s,
    sizes: Words,
    seen: Words,
    memory: Words,
    counts: Words,
    status: Words,
    hits: Words,
) -> I64:
    """Expand the states from `number` to `end` of a slice; the number of the first that is still to be expanded.

    Stops early where the batch, of `room` candidates, may not hold the `most` successors of one more state, or at an
    error.  A candidate that the filter `seen` holds, met a short time before, is left out.
    """
    n = i64(status[Status.CANDIDATES])
    while number < end and n + most <= room:
        row = frontier[number * width :]
        out = rows[n * width :]
        blocked = counts[deadlocks] if deadlocks >= 0 else u64(0)
        count = expand(row, out, counts)
        if count < 0 or count > MOST_SUCCESSORS:
            status[Status.ERROR] = u64(0 - count) if count < 0 else u64(TOO_MANY)
            break
        if deadlocks >= 0:
            if count == 0 and status[Status.DEADLOCK] == 0 and counts[deadlocks] != blocked:
                status[Status.DEADLOCK] = u64(number + 1)
        if check_step is not None:
            check_steps(check_step, width, row, out, count, number, memory, status, hits)
        known = fingerprint(row, width, SALT) if width >= _WIDE else u64(0)
        kept = n
        for j in range(count):
            candidate = rows[(n + j) * width :]
            h = entry(successor_fingerprint(candidate, row, known, width, SALT))
            second = fingerprint(candidate, width, SECOND_SALT) if identity == Identity.LONG else u64(0)
            if recently_seen(width, identity, seen, h, second, candidate):
                continue
            if orbit is not None:
                h = entry(orbit(candidate, 0))
                second = orbit(candidate, 1) if identity == Identity.LONG else u64(0)
            if identity == Identity.LONG:
                extra[kept] = second
            if kept != n + j:
                copy(rows[kept * width :], candidate, width)
            prints[kept] = h
            sources[kept] = number
            ordinals[kept] = j
            place(lists, sizes, room, parts, kept, h)
            kept += 1
        n = kept
        number += 1
    status[Status.CANDIDATES] = u64(n)
    return number


@kernel
def enter_rows(
    orbit: Orbit | None,
    width: Fixed,
    identity: Fixed,
    count: I64,
    room: I64,
    parts: I64,
    rows: Words,
    prints: Words,
    extra: Words,
    sources: U32s,
    ordinals: U16s,
    lists: U32s,
    sizes: Words,
) -> None:
    """Make candidates of `count` rows that lie in the batch already, the initial states."""
    for j in range(count):
        row = rows[j * width :]
        prints[j] = entry(orbit(row, 0) if orbit is not None else fingerprint(row, width, SALT))
        if identity == Identity.LONG:
            extra[j] = orbit(row, 1) if orbit is not None else fingerprint(row, width, SECOND_SALT)
        sources[j] = 0
        ordinals[j] = 0
        place(lists, sizes, room, parts, j, prints[j])


# ---------------------------------------------------------------------- absorbing


@kernel
def home(h: U64, parts: I64, slots: U64) -> U64:
    """The slot at which probing for `h` begins, in the part that owns it."""
    return high_product(u64(h * u64(parts)), slots)


@kernel
def same(width: Fixed, identity: Fixed, companion: U64, second: U64, row: Words, arena: Words, states: Words) -> bool:
    """Whether a candidate is the state whose fingerprint equals its own."""
    if identity == Identity.FINGERPRINT:
        return True
    if identity == Identity.LONG:
        return companion == second
    if companion >= PROVISIONAL:
        return equal(arena[(companion ^ PROVISIONAL) * width :], row, width)
    return equal(states[companion * width :], row, width)


@kernel
def absorb(
    width: Fixed,
    identity: Fixed,
    table: Words,
    companions: Words,
    slots: U64,
    parts: I64,
    chosen: U32s,
    count: I64,
    prints: Words,
    extra: Words,
    fresh: Bytes,
    base: I64,
    arena: Words,
    states: Words,
) -> I64:
    """Enter the candidates on the list `chosen` of a batch, which begins at row `base` of `arena`; how many were new.

    `fresh` says which.  The table must have room.  Compared exactly, a new state is known by its place in the batch
    until `number_new` knows its number.
    """
    added: I64 = 0
    for k in range(min(count, _AHEAD)):
        prefetch(table, i64(home(prints[chosen[k]], parts, slots)))
    for k in range(count):
        if k + _AHEAD < count:
            prefetch(table, i64(home(prints[chosen[k + _AHEAD]], parts, slots)))
        candidate = chosen[k]
        h = prints[candidate]
        slot = home(h, parts, slots)
        while True:
            found = table[slot]
            if found == 0:
                table[slot] = h
                if identity == Identity.LONG:
                    companions[slot] = extra[candidate]
                if identity == Identity.EXACT:
                    companions[slot] = u64(base + candidate) | PROVISIONAL
                    extra[candidate] = slot
                fresh[candidate] = 1
                added += 1
                break
            if found == h:
                row = arena[(base + candidate) * width :]
                companion = u64(0) if identity == Identity.FINGERPRINT else companions[slot]
                second = extra[candidate] if identity == Identity.LONG else u64(0)
                if same(width, identity, companion, second, row, arena, states):
                    fresh[candidate] = 0
                    break
            slot += 1
            if slot == slots:
                slot = u64(0)
    return added


@kernel
def number_new(companions: Words, chosen: U32s, count: I64, extra: Words, fresh: Bytes, prints: Words) -> None:
    """Write the numbers of new states, which `collect` left in `prints`, beside their fingerprints."""
    for k in range(count):
        candidate = chosen[k]
        if fresh[candidate] != 0:
            companions[extra[candidate]] = prints[candidate]


@kernel
def rehash(
    identity: Fixed,
    old: Words,
    old_companions: Words,
    start: U64,
    stop: U64,
    table: Words,
    companions: Words,
    slots: U64,
    parts: I64,
) -> None:
    """Move the entries of the old slots from `start` to `stop` to a larger table."""
    at = start
    while at < stop:
        h = old[at]
        if h != 0:
            slot = home(h, parts, slots)
            while table[slot] != 0:
                slot += 1
                if slot == slots:
                    slot = u64(0)
            table[slot] = h
            if identity != Identity.FINGERPRINT:
                companions[slot] = old_companions[at]
        at += 1


# ---------------------------------------------------------------------- collecting


@kernel
def collect(
    check: Check,
    width: Fixed,
    identity: Fixed,
    count: I64,
    most: I64,
    number: I64,
    wanted: U64,
    rows: Words,
    prints: Words,
    fresh: Bytes,
    sources: U32s,
    ordinals: U16s,
    picked: U32s,
    arriving: Words,
    children: U16s,
    reached_as: U16s,
    found: Words,
) -> I64:
    """Number the new ones of `count` candidates from `number` on, at most `most`, and check them; how many they were.

    `arriving` and `reached_as` begin where the first of them is written, `children` at the first state of the slice.
    `found` gets, of each wanted property, 1 + the number of the first state that decides it.
    """
    new: I64 = 0
    for candidate in range(count):
        picked[new] = candidate
        new += fresh[candidate]
    new = min(new, most)
    for k in range(new):
        candidate = picked[k]
        row = rows[candidate * width :]
        copy(arriving[k * width :], row, width)
        reached_as[k] = ordinals[candidate]
        children[sources[candidate]] = children[sources[candidate]] + 1
        if identity == Identity.EXACT:
            prints[candidate] = u64(number + k)
        if wanted != 0:
            decided = check(row, wanted)
            wanted = wanted ^ decided
            while decided != 0:
                found[trailing_zeros(decided)] = u64(number + k + 1)
                decided = decided & u64(decided - 1)
    return new


# ---------------------------------------------------------------------- traces


@kernel
def successors(expand: Expand, row: Words, out: Words, counts: Words) -> I64:
    """Write the successors of one row, as `expand` numbers them; how many, or -1-leaf."""
    return expand(row, out, counts)


@kernel
def parent(children: U16s, candidate: I64, first: I64, number: I64) -> I64:
    """The number of the parent of state `number`, where `first` is the first number that a child of `candidate` or of
    a later state has."""
    reached = first + children[candidate]
    while reached <= number:
        candidate += 1
        reached += children[candidate]
    return candidate


KERNELS: tuple[Any, ...] = (expand_slice, enter_rows, absorb, number_new, rehash, collect, successors, parent)
