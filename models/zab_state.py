"""Zab's processes, their messages and connections, and what its properties remember: the state of `zab`.

Source: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for primary-backup systems, DSN 2011, and for the
names of messages that the paper leaves without one (ACK-LD, COMMIT-LD) zookeeper-specifications/protocol-spec/Zab.tla.

Throughout this file: as in `zab`.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    Channels,
    Index,
    Map,
    Range,
    Record,
    Set,
    count,
    len,
)


class Node(Index, size="nodes"):
    """A process of the ensemble."""


class Value(Index, size="values"):
    """What a client may ask for."""


Epoch = Annotated[int, Range(0, "max_epoch")]  # 0: before the first leader
LogIndex = Annotated[int, Range(0, "max_log")]  # 0: before the first transaction


class ZabState(Enum):
    """The phase that a process is in."""

    ELECTION = auto()
    DISCOVERY = auto()
    SYNCHRONIZATION = auto()
    BROADCAST = auto()


class Zxid(Record, order=True):
    """z = ⟨e, c⟩: the epoch of the primary, and how many transactions it had broadcast by then."""

    epoch: Epoch
    counter: LogIndex


class Txn(Record):
    """⟨v, z⟩, a transaction."""

    zxid: Zxid
    value: Value


History = Annotated[tuple[Txn, ...], AtMost("max_log")]


class CEpoch(Record):
    """CEPOCH(f.p): who follows you has accepted epochs up to this."""

    epoch: Epoch


class NewEpoch(Record):
    """NEWEPOCH(e')."""

    epoch: Epoch


class AckE(Record):
    """ACK-E(f.a, h): the epoch e' is accepted; this is what I have, and from when."""

    epoch: Epoch
    history: History


class NewLeader(Record):
    """NEWLEADER(e', I): the initial history of the epoch."""

    epoch: Epoch
    history: History


class AckLD(Record):
    """ACK-LD(z): all of a NEWLEADER is accepted, up to z."""

    zxid: Zxid


class CommitLD(Record):
    """COMMIT-LD(z): everything up to z is committed."""

    zxid: Zxid


class Propose(Record):
    """PROPOSE(e', ⟨v, z⟩)."""

    txn: Txn


class Ack(Record):
    """ACK(e', ⟨v, z⟩)."""

    zxid: Zxid


class Commit(Record):
    """COMMIT(e', ⟨v, z⟩)."""

    zxid: Zxid


Message = CEpoch | NewEpoch | AckE | NewLeader | AckLD | CommitLD | Propose | Ack | Commit
Network = Annotated[Channels[Node, Message], AtMost("max_in_channel")]


class Process(Record):
    """What a role or phase has no use for keeps its first value, so that processes which will behave alike are equal."""

    accepted_epoch: Epoch = 0  # persistent; f.p
    current_epoch: Epoch = 0  # persistent; f.a
    history: History = ()  # persistent; h
    synced: LogIndex = 0  # how much of the history the disk has: all of it, as a process writes before it answers
    leader: Node | None = None  # whom it follows; itself: it leads; None: it asks its oracle
    zab_state: ZabState = ZabState.ELECTION
    last_committed: LogIndex = 0  # up to where it has delivered
    new_epoch: Epoch = 0  # of a leader: e', once it is chosen
    highest_epoch: Epoch = 0  # of a leader that has not chosen: the highest f.p it has heard of
    cepoch_recv: Set[Node] = Set()  # of a leader: whose CEPOCH it has; they are sent NEWEPOCH, NEWLEADER, then PROPOSE
    acke_recv: Set[Node] = Set()  # of a leader in discovery: who has accepted e'
    best_epoch: Epoch = 0  # of a leader in discovery: the f.a and the history of the most recent of these
    best_history: History = ()
    ackld_recv: Set[Node] = Set()  # of a leader: who has accepted NEWLEADER; they are sent COMMIT-LD, then COMMIT
    acked: Map[Node, LogIndex]  # of a leader: up to where each has accepted, where that is beyond last_committed


class State(Record):
    """The processes and their connections; counts that limit faults; what the properties remember."""

    processes: Map[Node, Process]
    net: Network
    timeouts: Annotated[int, Range(0, "max_timeouts")] = 0
    restarts: Annotated[int, Range(0, "max_restarts")] = 0
    established: Annotated[Map[Epoch, Set[Node]], GHOST]  # who has led the synchronisation of each epoch
    broadcast: Annotated[Set[Txn], GHOST] = Set()  # what primaries ever broadcast
    begun_with: Annotated[
        Map[Epoch, History], GHOST
    ]  # what the primary of an epoch had delivered when it first broadcast
    # What each process ever delivered, each transaction once, in that order.  One more than a history holds: room to be wrong.
    delivered: Annotated[Map[Node, Annotated[tuple[Txn, ...], AtMost("max_log+1")]], GHOST]


def last_zxid(history: History) -> Zxid:
    """The zxid of the last transaction; ⟨0, 0⟩, which precedes all, for an empty history."""
    return history[-1].zxid if len(history) > 0 else Zxid(epoch=0, counter=0)


def index_of(history: History, zxid: Zxid) -> int:
    """How many transactions of the history are at or before zxid."""
    return count(t.zxid <= zxid for t in history)
