"""A lab on how many processes it takes: 2f + 1 against crashes, 3f + 1 against lies, f + 1 with synchronous rounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcheck.labs.finding import Finding
from mcheck.labs.quorums import of_size
from mcheck.labs.searching import searched
from mcheck.models.ben_or import BenOr
from mcheck.models.pbft import PBFT
from mcheck.spec import Spec
from mcheck.spec.faults import tolerated

MOST_PROCESSES, MOST_FAULTS, MOST_ENUMERATED = 13, 4, 7


def fewest(faults: int, in_common: int) -> int | None:
    """The fewest processes such that quorums exist that answer without the faulty ones, and any two share so many.

    A quorum of q among n must be there when f do not answer, q <= n - f; two share at least 2q - n.
    """
    for n in range(1, MOST_PROCESSES + 1):
        if any(2 * q - n >= in_common for q in range(1, n - faults + 1)):
            return n
    return None


def least_in_common(n: int, q: int) -> int:
    """How many members two quorums share at least, by trying all."""
    first, *_ = every = of_size(n, q)
    return min(len(first & other) for other in every)


def crash_or_byzantine() -> Iterator[Finding]:
    """Two quorums must share someone who remembers; and someone who does not lie."""
    sizes = [(n, q) for n in range(1, MOST_ENUMERATED + 1) for q in range(1, n + 1)]
    wrong = [(n, q) for n, q in sizes if least_in_common(n, q) != max(0, 2 * q - n)]
    yield Finding(
        "Two quorums of q among n share at least 2q - n members.",
        f"all pairs of sets of a size, n up to {MOST_ENUMERATED}",
        "they do" if not wrong else f"NOT for (n, q) = {wrong[0]}",
        not wrong,
    )
    rows = [("faults", "crash: 1 in common", "Byzantine: f + 1 in common")]
    found = {f: (fewest(f, 1), fewest(f, f + 1)) for f in range(MOST_FAULTS + 1)}
    rows += [(str(f), str(crash), str(lies)) for f, (crash, lies) in found.items()]
    expected = all(_fewest_declared(BenOr, f) == c and _fewest_declared(PBFT, f) == b for f, (c, b) in found.items())
    yield Finding(
        "It takes 2f + 1 processes against crashes, and 3f + 1 against lies.",
        f"the fewest n up to {MOST_PROCESSES} with quorums that answer without f and share 1, or f + 1",
        "as ben-or and pbft declare" if expected else "NOT as declared",
        expected,
        table=tuple(rows),
    )
    yield from _byzantine()
    yield from _crashes()


def _fewest_declared(cls: type[Spec[Any]], faults: int) -> int:
    """The fewest processes that a protocol says to need."""
    return next(n for n in range(1, 100) if tolerated(cls.resilience or "", n) >= faults)


def _byzantine() -> Iterator[Finding]:
    for replicas, faults in ((3, 1), (4, 1), (6, 2)):
        answer = searched("pbft", None, "Agreement", replicas=replicas, byzantine=faults, views=1)
        enough = tolerated(PBFT.resilience or "", replicas) >= faults
        yield Finding(
            f"{replicas} replicas, {faults} of them Byzantine, {'agree' if enough else 'do not always agree'}.",
            f"pbft --replicas {replicas} --byzantine {faults} --views 1",
            answer.words,
            answer.holds == enough,
            answer.violation,
        )


def _crashes() -> Iterator[Finding]:
    for processes in (2, 3):
        answer = searched("ben-or", None, processes=processes, faults=1, max_round=2)
        decided = answer.reached("a value is decided")
        enough = tolerated(BenOr.resilience or "", processes) >= 1
        yield Finding(
            f"{processes} processes that do not wait for one of them {'decide' if enough else 'agree, but do not decide'}.",
            f"ben-or --processes {processes} --faults 1 --max-round 2",
            f"{answer.words}; decided {'never' if decided is None else f'in {len(decided.behavior.steps)} steps'}",
            answer.holds and (decided is not None) == enough,
            decided,
        )
    for tweak, processes, right in (("one-round-less", 3, False), (None, 3, True), (None, 2, True)):
        answer = searched("flood-set", tweak, processes=processes, faults=1)
        yield Finding(
            f"{processes} processes, one of which may crash, agree in {'f + 1' if right else 'f'} synchronous rounds{'' if right else ': not always'}.",
            f"flood-set{'' if tweak is None else f' --tweak {tweak}'} --processes {processes} --faults 1",
            answer.words,
            answer.holds == right,
            answer.violation,
        )
