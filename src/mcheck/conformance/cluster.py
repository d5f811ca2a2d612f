"""A run of an implementation: its nodes, the network between them, and the monitors that watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcheck.conformance.adapter import LOCAL, Adapter, AdapterMisuse, Observation, Operation, Sent, failure_of
from mcheck.conformance.monitors import TITLES, Finding, History
from mcheck.conformance.network import Faults, Network
from mcheck.spec import McheckError


@dataclass(frozen=True)
class Setting:
    """Everything that a run depends on besides its operations."""

    nodes: int
    faults: Faults
    options: Mapping[str, str] = field(default_factory=dict)
    """What the adapter is told, as it was typed."""
    watched: tuple[str, ...] = TITLES
    """The monitored properties."""


@dataclass(frozen=True)
class Taken:
    """An operation that took place, the message that it was about, what was sent, and what the node showed afterwards."""

    operation: Operation
    message: Sent | None
    place: int
    """Where this message stood among those of the same ends and kind that could be delivered: from the oldest, 0 for it; or
    from the newest, -1 for it, if that is nearer."""
    node: int
    sent: tuple[Sent, ...]
    seen: Observation


@dataclass(frozen=True)
class Run:
    """Operations that took place one after the other from a fresh cluster, and what they ended with."""

    setting: Setting
    seed: int
    """What the adapter was seeded with."""
    initial: tuple[Observation, ...]
    taken: tuple[Taken, ...]
    finding: Finding | None
    failure: str | None = None
    """What the implementation raised, where that ended the run: at the last operation, of which nothing was observed."""


class Cluster:
    """One run as it happens."""

    def __init__(self, adapter: Adapter, setting: Setting, seed: int) -> None:
        self.adapter, self.setting, self.seed = adapter, setting, seed
        self.network = Network(setting.faults)
        self.history = History(setting.nodes, setting.watched)
        self.taken: list[Taken] = []
        self.finding: Finding | None = None
        self.failed: Taken | None = None
        try:
            adapter.reset(setting.nodes, seed, setting.options)
        except McheckError:
            raise
        except Exception as error:
            raise failure_of(error, "reset") from error
        self.initial = tuple(self._observed(node) for node in range(setting.nodes))
        for node, seen in enumerate(self.initial):
            self.finding = self.finding or self.history.observed(node, seen)

    def local(self) -> list[Operation]:
        """What the nodes can do by themselves now.  AdapterMisuse for anything else."""
        try:
            found = list(self.adapter.enabled())
        except McheckError:
            raise
        except Exception as error:
            raise failure_of(error, "enabled") from error
        for operation in found:
            if operation.kind not in LOCAL or operation.node not in range(self.setting.nodes):
                raise AdapterMisuse(
                    f"enabled: {operation.kind!r} of node {operation.node!r} is none of {', '.join(LOCAL)} of a node "
                    f"0..{self.setting.nodes - 1}; messages are delivered by mcheck"
                )
        return [o for o in found if o.kind != "restart" or self.setting.faults.restart]

    def do(self, operation: Operation) -> Finding | None:
        """Do it, and judge what the node shows afterwards.  AdapterFailed where the implementation raises."""
        message = None if operation.message is None else self.network.in_flight[operation.message]
        place = 0 if message is None else place_of(message, alike(self.network, message))
        self.failed = Taken(operation, message, place, -1, (), Observation("", 0))
        try:
            event = self.adapter.step(operation)
        except McheckError:
            raise
        except Exception as error:
            raise failure_of(error, f"step {len(self.taken) + 1}, {operation}") from error
        if event.node not in range(self.setting.nodes):
            raise AdapterMisuse(f"step: an event happens at a node 0..{self.setting.nodes - 1} (got {event.node!r})")
        self.network.took_place(operation, event)
        seen = self._observed(event.node)
        self.failed = None
        self.taken.append(Taken(operation, message, place, event.node, event.sent, seen))
        self.finding = self.history.observed(event.node, seen)
        return self.finding

    def run(self, failure: str | None = None) -> Run:
        """What has happened so far; with a failure, up to and with the operation that failed."""
        failed = () if self.failed is None else (self.failed,)
        return Run(self.setting, self.seed, self.initial, (*self.taken, *failed), self.finding, failure)

    def _observed(self, node: int) -> Observation:
        try:
            return self.adapter.observe(node)
        except McheckError:
            raise
        except Exception as error:
            raise failure_of(error, f"observe n{node}") from error


def alike(network: Network, message: Sent) -> list[Sent]:
    """The messages with the same ends and kind that may be delivered now, the oldest first."""
    return [s for s in network.deliverable() if (s.src, s.dst, s.kind) == (message.src, message.dst, message.kind)]


def place_of(message: Sent, choices: list[Sent]) -> int:
    """Its index, or the negative one that counts from the end if that is smaller."""
    older = choices.index(message)
    newer = len(choices) - older
    return older if older < newer else -newer


def repeated(adapter: Adapter, setting: Setting, seed: int, wanted: Iterable[Taken]) -> Run:
    """The run that does these operations again, as far as they are possible, up to the first finding.

    The number of a message is another when fewer operations came before it, and so may be the terms and indexes in it.  So it
    is recognised by its ends, kind and content; if there is none such, by ends, kind and place among them.  What
    is not possible is left out.
    """
    cluster = Cluster(adapter, setting, seed)
    for taken in wanted:
        operation = _again(cluster, taken)
        if operation is not None and cluster.do(operation) is not None:
            break
    return cluster.run()


def _again(cluster: Cluster, taken: Taken) -> Operation | None:
    """The operation as it is possible now."""
    wanted = taken.operation
    if taken.message is None:
        same = (o for o in cluster.local() if (o.kind, o.node) == (wanted.kind, wanted.node))
        return wanted if next(same, None) is not None else None
    content, choices = taken.message.content, alike(cluster.network, taken.message)
    if not choices:
        return None
    place = taken.place
    nearest = choices[min(place, len(choices) - 1) if place >= 0 else max(place, -len(choices))]
    chosen = next((s for s in choices if s.content == content), nearest)
    operation = Operation(wanted.kind, message=chosen.id)
    return operation if cluster.network.allows(operation) else None
