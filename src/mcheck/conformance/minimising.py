"""Minimising: the fewest operations found that still contradict the same property.

Source: Zeller & Hildebrandt, Simplifying and isolating failure-inducing input (2002), as in
`counterexamples/shrink/deletion.py`: chunks of half the run down to single operations, and the rest is done again rather than
taken as it was.  It cannot share that code, which retraces a behaviour of a specification from any of its states; an
implementation can only be started afresh.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mcheck.conformance.adapter import Adapter, AdapterFailed
from mcheck.conformance.cluster import Run, Taken, repeated


@dataclass
class Minimised:
    """The smallest run that was found, and what it took."""

    original: Run
    run: Run
    repetitions: int = 0
    seconds: float = 0.0
    complete: bool = True
    """Whether no single operation can be left out; False where time ran out first."""


def minimise(adapter: Adapter, run: Run, seconds: float | None = None) -> Minimised:
    """The run without what its finding does not need.

    It is a local minimum: no operation can be left out, alone or with its consequences.  Cost: one repetition of what is left
    for each chunk that is tried, a few hundred of them.
    """
    best = Minimised(run, run)
    started = time.monotonic()
    deadline = None if seconds is None else started + seconds
    try:
        _delete(adapter, best, deadline)
    except (TimeoutError, KeyboardInterrupt):
        best.complete = False
    best.seconds = time.monotonic() - started
    return best


def _delete(adapter: Adapter, best: Minimised, deadline: float | None) -> None:
    """Sweeps with chunks of half the run, then of half as much, until single operations bring nothing."""
    chunk = max(1, len(best.run.taken) // 2)
    while True:
        before = len(best.run.taken)
        _sweep(adapter, best, chunk, deadline)
        _without_consequences(adapter, best, deadline)
        if chunk == 1 and len(best.run.taken) == before:
            return
        chunk = max(1, min(chunk // 2, len(best.run.taken) // 2))


def _sweep(adapter: Adapter, best: Minimised, chunk: int, deadline: float | None) -> None:
    """Try to leave out each chunk of so many operations, from the end."""
    end = len(best.run.taken)
    while end > 0:
        first = max(0, end - chunk)
        taken = best.run.taken
        _offer(adapter, best, (*taken[:first], *taken[end:]), deadline)
        end = min(first, len(best.run.taken))


def _without_consequences(adapter: Adapter, best: Minimised, deadline: float | None) -> None:
    """Try to leave out each operation together with the deliveries of what it sent, of what those sent, and so on.

    An election is many operations, no chunk in a row, and none of them can be left out alone without changing the rest.
    """
    number = 0
    while number < len(best.run.taken):
        taken = best.run.taken
        gone, sent = {number}, {s.id for s in taken[number].sent}
        for later in range(number + 1, len(taken)):
            if taken[later].operation.message in sent:
                gone.add(later)
                sent.update(s.id for s in taken[later].sent)
        if not _offer(adapter, best, [t for k, t in enumerate(taken) if k not in gone], deadline):
            number += 1


def _offer(adapter: Adapter, best: Minimised, operations: Sequence[Taken], deadline: float | None) -> bool:
    """Whether these operations are a smaller run, which is then the best.  TimeoutError when time is up."""
    if deadline is not None and time.monotonic() > deadline:
        raise TimeoutError
    best.repetitions += 1
    smaller = _still(adapter, best.run, operations)
    best.run = smaller or best.run
    return smaller is not None


def _still(adapter: Adapter, run: Run, operations: Sequence[Taken]) -> Run | None:
    """The run of these operations if it is shorter and ends with the same property."""
    assert run.finding is not None
    try:
        again = repeated(adapter, run.setting, run.seed, operations)
    except AdapterFailed:
        return None
    same = again.finding is not None and again.finding.title == run.finding.title
    return again if same and len(again.taken) < len(run.taken) else None
