"""Labs on quorums: which sets of servers must meet, and how many servers may be away.

Quorums are enumerated as sets, so that nothing here rests on a formula; those of the protocols are asked of their specs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import combinations

from mcheck.labs.finding import Finding
from mcheck.labs.searching import beside
from mcheck.models.raft_macro import Node, RaftMacro
from mcheck.scope import counted
from mcheck.spec.faults import tolerated

Quorum = frozenset[int]


def of_size(servers: int, size: int) -> list[Quorum]:
    """All sets of `size` of the servers 0, 1, …."""
    return [frozenset(q) for q in combinations(range(servers), size)]


def disjoint(quorums: Iterable[Quorum]) -> tuple[Quorum, Quorum] | None:
    """The first two quorums without a server in common, or None."""
    return next(((q, r) for q, r in combinations(quorums, 2) if not q & r), None)


def survives(servers: int, quorums: Iterable[Quorum], failures: int) -> bool:
    """Whether a quorum is left, whichever servers fail."""
    every = list(quorums)
    return all(any(not q & down for q in every) for down in of_size(servers, failures))


def tolerance(servers: int, quorums: Iterable[Quorum]) -> int:
    """How many servers may fail, whichever they are."""
    every = list(quorums)
    return max(failures for failures in range(servers + 1) if survives(servers, every, failures))


def smallest_majority(servers: int) -> int:
    """The least size at which any two sets of it meet, found by enumerating the sets."""
    return next(size for size in range(1, servers + 1) if disjoint(of_size(servers, size)) is None)


def quorums_of_raft(servers: int) -> list[Quorum]:
    """Those that the specification has."""
    spec = RaftMacro(nodes=servers)
    with spec.instance.active():
        number = {i: k for k, i in enumerate(Node)}
        return [frozenset(number[i] for i in q) for q in spec.quorums()]


def four_servers() -> Iterator[Finding]:
    """With two votes of four, there are two leaders."""
    sizes = range(1, 5)
    pairs = {size: disjoint(of_size(4, size)) for size in sizes}
    rows = [("votes", "sets", "two without a server in common")]
    rows += [(str(k), str(len(of_size(4, k))), _pair(pairs[k])) for k in sizes]
    smallest = smallest_majority(4)
    yield Finding(
        "Of four servers, any three and any other three have one in common; two and two need not.",
        "all sets of 1 to 4 of 4 servers",
        f"any two sets of {smallest} meet, and no fewer",
        smallest == 3,
        table=tuple(rows),
    )
    broken, good = beside("raft", "half-quorum", "Election Safety")
    yield Finding(
        "With two votes of four there are two leaders in a term.",
        "raft --tweak half-quorum, 4 nodes",
        broken.words,
        not broken.holds,
        broken.violation,
    )
    yield Finding(
        "With three there are not.",
        "raft, 4 nodes, within the same bounds",
        good.words,
        good.holds,
    )


def odd_sizes() -> Iterator[Finding]:
    """What each further server brings."""
    rows = [("servers", "quorum", "tolerates", "per server")]
    found = {}
    asked = True
    for servers in range(1, 10):
        size = smallest_majority(servers)
        found[servers] = tolerance(servers, of_size(servers, size))
        asked &= set(quorums_of_raft(servers)) == set(of_size(servers, size))
        rows.append((str(servers), str(size), str(found[servers]), str(Fraction(found[servers], servers))))
    formula = all(f == tolerated(RaftMacro.resilience or "", n) for n, f in found.items())
    yield Finding(
        "Quorums of Raft are the smallest sets any two of which meet.",
        "the quorums of raft-macro with 1 to 9 nodes beside all sets of a size",
        "they are" if asked else "they are NOT",
        asked,
    )
    yield Finding(
        "n servers tolerate (n - 1) / 2 failures, rounded down; the declared n >= 2f + 1 says the same.",
        "for 1 to 9 servers, whichever fail: is a quorum left?",
        "as declared" if formula else "NOT as declared",
        formula,
        table=tuple(rows),
    )
    even = [n for n in range(2, 10, 2) if found[n] != found[n - 1]]
    yield Finding(
        "One server more, to an even number, tolerates nothing more.",
        "2, 4, 6 and 8 servers beside 1, 3, 5 and 7",
        "none tolerates more" if not even else f"NOT for {counted(len(even), 'size')}",
        not even,
    )


def _pair(pair: tuple[Quorum, Quorum] | None) -> str:
    return "none" if pair is None else " and ".join("{" + ", ".join(map(str, sorted(q))) + "}" for q in pair)
