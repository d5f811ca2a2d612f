"""Stepping: after a search that compares states exactly, the steps between the states it has numbered."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any

from mcheck.checker.native.core import SALT, Check, entry, equal, fingerprint, home
from mcheck.checker.native.kernel import I64, KNOWN, U64, Fixed, U16s, U32s, Words, i64, kernel, u64

ExpandLabelled = Annotated[Callable[[Words, Words, Words, Words, Words], I64], KNOWN]
"""labelled_expand(row, out, counts, labels, cuts): see labelling.py."""


class Written(IntEnum):
    """The words in which `connect` keeps how much it has written."""

    STEPS = 0
    CUTS = 1
    SIZE = 2


@kernel
def connect(
    expand: ExpandLabelled,
    width: Fixed,
    table: Words,
    companions: Words,
    slots: U64,
    states: Words,
    number: I64,
    end: I64,
    out: Words,
    counts: Words,
    labels: Words,
    cuts: Words,
    degrees: U32s,
    targets: U32s,
    of_steps: U16s,
    cut_sources: U32s,
    cut_labels: U16s,
    written: Words,
) -> I64:
    """Write the steps out of the states from `number` to `end`, those that change nothing left out; `end`, if all went well.

    Otherwise -1 - the number of a state where a rule fails, or out of which a step leads to a state that is not known.
    `degrees` gets how many steps each state has.
    """
    n = i64(written[Written.STEPS])
    c = i64(written[Written.CUTS])
    while number < end:
        row = states[number * width :]
        cuts[0] = 0
        count = expand(row, out, counts, labels, cuts)
        if count < 0:
            return -1 - number
        degree: I64 = 0
        for j in range(count):
            after = out[j * width :]
            if equal(after, row, width):
                continue
            h = entry(fingerprint(after, width, SALT))
            slot = home(h, 1, slots)
            while True:
                found = table[slot]
                if found == 0:
                    return -1 - number
                if found == h:
                    if equal(states[i64(companions[slot]) * width :], after, width):
                        break
                slot += 1
                if slot == slots:
                    slot = u64(0)
            targets[n] = i64(companions[slot])
            of_steps[n] = i64(labels[j])
            n += 1
            degree += 1
        degrees[number] = degree
        for j in range(i64(cuts[0])):
            cut_sources[c] = number
            cut_labels[c] = i64(cuts[1 + j])
            c += 1
        number += 1
    written[Written.STEPS] = u64(n)
    written[Written.CUTS] = u64(c)
    return end


@kernel
def judge(check: Check, width: Fixed, states: Words, count: I64, wanted: U64, found: Words) -> None:
    """Which of the wanted properties decide in each of `count` states, as bits."""
    for number in range(count):
        found[number] = check(states[number * width :], wanted)


KERNELS: tuple[Any, ...] = (connect, judge)
