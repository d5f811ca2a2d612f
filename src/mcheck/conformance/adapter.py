"""The adapter: what an implementation must be able to do so that mcheck can drive it, one operation at a time.

Throughout this package: nodes are numbered from 0; a message has an id that is never used twice in a run; the network
belongs to mcheck, so that loss, duplication and order mean the same for every implementation.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mcheck.spec import McheckError

LOCAL = ("tick", "timeout", "propose", "restart")
"""What a node can do by itself: time passes; its election timer runs out; a client asks it; it crashes and comes back."""

DELIVERIES = ("deliver", "duplicate", "drop")
"""What the network does with a message: hands it over; hands it over and keeps it; loses it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that happens.  `node` for the LOCAL kinds, `value` for a proposal, `message` (its id) for DELIVERIES."""

    kind: str
    node: int | None = None
    value: str | None = None
    message: int | None = None

    def __str__(self) -> str:
        if self.message is not None:
            return f"{self.kind} #{self.message}"
        return f"{self.kind} n{self.node}" + (f" {self.value}" if self.value is not None else "")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a node has handed to the network."""

    id: int
    src: int
    dst: int
    kind: str
    """`append_entries`: what people call it."""
    content: str = ""
    """Everything else in it, as text: it tells one message from another when a run is repeated with fewer operations."""


@dataclass(frozen=True, slots=True)
class Event:
    """What an operation did: the node that it happened at, and what that node sent."""

    node: int
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What a node shows of itself."""

    role: str
    """`leader` while the node takes itself for one; anything else otherwise."""
    term: int
    vote: int | None = None
    """The node that it has voted for in this term."""
    commit: int = 0
    """So many entries of its log are committed as far as it knows."""
    log: tuple[tuple[int, str], ...] = ()
    """(term, command), the first entry first."""
    applied: tuple[str, ...] = ()
    """The commands that its state machine has executed since it was started, in their order."""


class Adapter(Protocol):
    """A cluster of nodes of some implementation, inside this process.

    Everything must follow from the calls: the same calls, the same answers.  Time is a number that `tick` and `timeout` move;
    chance comes from a generator seeded by `reset`.
    """

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        """A new cluster whose nodes know of each other."""
        ...

    def enabled(self) -> Iterable[Operation]:
        """The LOCAL operations that are possible now; a proposal without its value.  Messages are left to mcheck."""
        ...

    def step(self, operation: Operation) -> Event:
        """Do it.  After `deliver` and `drop` the message will not be asked for again, after `duplicate` it may be."""
        ...

    def observe(self, node: int) -> Observation:
        """What the node shows of itself now."""
        ...


class Performer(Protocol):
    """An adapter that can also take the steps of a specification, one action at a time."""

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        """A new cluster."""
        ...

    def perform(self, action: str, arguments: Mapping[str, Any]) -> None:
        """Take this step of the specification; its arguments are what JSON can say."""
        ...

    def observe(self, node: int) -> Observation:
        """What the node shows of itself now."""
        ...


class AdapterFailed(McheckError):
    """The implementation, or the adapter around it, raised or gave no answer."""

    status = 3


class AdapterMisuse(McheckError):
    """The adapter answered something that the protocol does not know."""

    status = 4


def failure_of(error: Exception, doing: str) -> AdapterFailed:
    """The error of an adapter as one line: what it was doing, where it was raised, what it says."""
    if isinstance(error, AdapterFailed):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    said = " ".join(str(error).split())
    return AdapterFailed(
        f"the implementation raised {type(error).__name__}{place} during {doing}{f': {said}' if said else ''}"
    )
