"""Schedules: random runs of an implementation, the same for the same seed.

Source of the changing weights: A. Groce et al., Swarm Testing, ISSTA 2012: runs that favour some kinds of operation, and
leave others out, find what runs that mix everything evenly do not.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from mcheck.conformance.adapter import DELIVERIES, Adapter, AdapterFailed, Operation
from mcheck.conformance.cluster import Cluster, Run, Setting

_WEIGHTS = {
    "deliver": 40,
    "tick": 15,
    "timeout": 3,
    "propose": 6,
    "duplicate": 4,
    "drop": 4,
    "restart": 2,
}
"""How often each kind of operation is drawn where all are possible."""

_STRENGTHS = (0.2, 1.0, 1.0, 4.0)
"""What the weight of a kind is multiplied with in one schedule."""

_CROWD = 12
"""With more messages than this for each node, one is delivered or lost: time that always passes fills any network."""


@dataclass
class Explored:
    """What random schedules met, up to the first finding or failure."""

    setting: Setting
    seed: int
    length: int
    """Operations of a schedule, at most."""
    schedules: int = 0
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    leaders: int = 0
    """Elections won, over all schedules: where nobody leads nothing can go wrong."""
    commits: int = 0
    """Entries committed, over all schedules."""
    seconds: float = 0.0
    run: Run | None = None
    """The run that ended with a finding or a failure."""
    reason: str | None = None
    """Why it ended before all schedules were taken, if not by a finding."""


def explore(
    adapter: Adapter,
    setting: Setting,
    seed: int,
    schedules: int,
    steps: int,
    seconds: float | None = None,
) -> Explored:
    """What `schedules` random schedules of at most `steps` operations meet.

    The first finding ends it; so does an implementation that raises or dies, which is a `failure` of the run that did it.
    """
    found = Explored(setting, seed, steps)
    started = time.monotonic()
    deadline = None if seconds is None else started + seconds
    try:
        while found.schedules < schedules and found.run is None and found.reason is None:
            found.schedules += 1
            _one(adapter, found, random.Random(f"{seed}/{found.schedules}"), deadline)
    except KeyboardInterrupt:
        found.reason = "interrupted"
    found.seconds = time.monotonic() - started
    return found


def _one(adapter: Adapter, found: Explored, rng: random.Random, deadline: float | None) -> None:
    """One schedule."""
    weights = {kind: weight * rng.choice(_STRENGTHS) for kind, weight in _WEIGHTS.items()}
    try:
        cluster = Cluster(adapter, found.setting, rng.getrandbits(31))
    except AdapterFailed as failed:
        found.reason = str(failed)
        return
    begun = cluster.finding
    try:
        for number in range(found.length):
            if begun is not None or (deadline is not None and time.monotonic() > deadline):
                break
            operation = _drawn(cluster, rng, weights, number)
            if operation is None:
                break
            begun = cluster.do(operation)
    except AdapterFailed as failed:
        found.run = cluster.run(str(failed))
        found.reason = str(failed)
    if begun is not None:
        found.run = cluster.run()
    elif deadline is not None and time.monotonic() > deadline and found.reason is None:
        found.reason = "time limit"
    found.steps += len(cluster.taken)
    found.kinds.update(taken.operation.kind for taken in cluster.taken)
    found.leaders += len(cluster.history.leaders)
    found.commits += len(cluster.history.committed)


def _drawn(cluster: Cluster, rng: random.Random, weights: dict[str, float], number: int) -> Operation | None:
    """A random operation: a kind by weight among those possible, then one of that kind; None if there is none."""
    by_kind: dict[str, list[Operation]] = {}
    network = cluster.network
    deliverable = network.deliverable()
    if len(network.in_flight) <= _CROWD * cluster.setting.nodes:
        for operation in cluster.local():
            by_kind.setdefault(operation.kind, []).append(operation)
    kinds = [k for k in DELIVERIES if k == "deliver" or getattr(cluster.setting.faults, _FAULT[k])]
    possible = [k for k in (*by_kind, *(kinds if deliverable else ())) if weights[k]]
    if not possible:
        return None
    kind = rng.choices(possible, [weights[k] for k in possible])[0]
    if kind in DELIVERIES:
        return Operation(kind, message=rng.choice(deliverable).id)
    chosen = rng.choice(by_kind[kind])
    return Operation("propose", chosen.node, f"v{number}") if kind == "propose" else chosen


_FAULT = {"duplicate": "duplicate", "drop": "lose"}
