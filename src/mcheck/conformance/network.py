"""The network between the nodes of an implementation: which message may be delivered now, and what may befall it."""

from __future__ import annotations

from dataclasses import dataclass

from mcheck.conformance.adapter import Event, Operation, Sent


@dataclass(frozen=True)
class Faults:
    """What may go wrong.  Nothing does by default: from one node to another messages arrive, once, in their order."""

    reorder: bool = False
    lose: bool = False
    duplicate: bool = False
    restart: bool = False

    def __str__(self) -> str:
        words = [] if self.reorder else ["links keep the order"]
        names = {"reorder": "reordering", "lose": "loss", "duplicate": "duplication", "restart": "restarts"}
        return ", ".join([*words, *(word for name, word in names.items() if getattr(self, name))])


class Network:
    """The messages in flight, in the order in which they were sent."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.in_flight: dict[int, Sent] = {}

    def took_place(self, operation: Operation, event: Event) -> None:
        """What an operation took from the network and gave to it."""
        if operation.message is not None and operation.kind != "duplicate":
            del self.in_flight[operation.message]
        for sent in event.sent:
            self.in_flight[sent.id] = sent

    def deliverable(self) -> list[Sent]:
        """The messages that may arrive next: all, or of each link the first."""
        if self.faults.reorder:
            return list(self.in_flight.values())
        heads: dict[tuple[int, int], Sent] = {}
        for sent in self.in_flight.values():
            heads.setdefault((sent.src, sent.dst), sent)
        return list(heads.values())

    def allows(self, operation: Operation) -> bool:
        """Whether the operation on a message may take place now."""
        sent = None if operation.message is None else self.in_flight.get(operation.message)
        possible = {"deliver": True, "duplicate": self.faults.duplicate, "drop": self.faults.lose}
        return sent is not None and possible[operation.kind] and self.first(sent)

    def first(self, sent: Sent) -> bool:
        """Whether nothing that must arrive before it is in flight."""
        if self.faults.reorder:
            return True
        return next(s for s in self.in_flight.values() if (s.src, s.dst) == (sent.src, sent.dst)).id == sent.id
