"""The state of Zab.tla: messages, the variables of a process, the variables of the proofs, and the recorder.

Source: TLA+ module Zab, as in `zab_tla`.  Throughout this file: as there.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    AtMost,
    Index,
    Map,
    Range,
    Record,
    Set,
    len,
)


class Node(Index, size="nodes"):
    """A process; the module's Server."""


Epoch = Annotated[int, Range(0, "max_epoch")]
LogIndex = Annotated[int, Range(0, "max_log")]
Counter = Annotated[int, Range(0, "max_log")]
Data = Annotated[int, Range(0, "max_requests")]  # the number of requests before this one


class Role(Enum):
    """The module's state."""

    LOOKING = auto()
    FOLLOWING = auto()
    LEADING = auto()


class ZabState(Enum):
    ELECTION = auto()
    DISCOVERY = auto()
    SYNCHRONIZATION = auto()
    BROADCAST = auto()


class Zxid(Record, order=True):
    epoch: Epoch = 0
    counter: Counter = 0


class Txn(Record):
    zxid: Zxid
    value: Data
    ack_sid: Set[Node]
    epoch: Epoch


History = Annotated[tuple[Txn, ...], AtMost("max_log")]


class Committed(Record):
    """lastCommitted."""

    index: LogIndex = 0
    zxid: Zxid = Zxid()


class CepochRecv(Record):
    """What a leader has of the CEPOCH of one process; `received` is false where the module's set has no such record."""

    received: bool = False
    connected: bool = False
    epoch: Epoch = 0


class AckeRecv(Record):
    received: bool = False
    connected: bool = False
    peer_last_epoch: Epoch = 0
    peer_history: History = ()
    peer_last_zxid: Zxid = Zxid(epoch=0, counter=0)  # that of the last in peer_history


class AckldRecv(Record):
    received: bool = False
    connected: bool = False


class CEpoch(Record):
    epoch: Epoch


class NewEpoch(Record):
    epoch: Epoch


class AckEpoch(Record):
    epoch: Epoch
    history: History


class NewLeader(Record):
    epoch: Epoch
    history: History


class AckLD(Record):
    zxid: Zxid


class CommitLD(Record):
    zxid: Zxid


class Propose(Record):
    zxid: Zxid
    data: Data


class Ack(Record):
    zxid: Zxid


class Commit(Record):
    zxid: Zxid


Message = CEpoch | NewEpoch | AckEpoch | NewLeader | AckLD | CommitLD | Propose | Ack | Commit
Messages = Map[Node, Map[Node, Annotated[tuple[Message, ...], AtMost("max_in_channel")]]]


class Server(Record):
    """The per-server variables, in the module's order."""

    state: Role = Role.LOOKING
    zab_state: ZabState = ZabState.ELECTION
    accepted_epoch: Epoch = 0
    current_epoch: Epoch = 0
    history: History = ()
    last_committed: Committed = Committed()
    learners: Set[Node] = Set()
    cepoch_recv: Map[Node, CepochRecv]
    acke_recv: Map[Node, AckeRecv]
    ackld_recv: Map[Node, AckldRecv]
    send_counter: Counter = 0
    connect_info: Node | None = None


class Proposal(Record):
    """A member of proposalMsgsLog."""

    source: Node
    epoch: Epoch
    zxid: Zxid
    data: Data


class Violated(Record):
    """violatedInvariants: what a step met that it should not."""

    state_inconsistent: bool = False
    proposal_inconsistent: bool = False
    commit_inconsistent: bool = False
    ack_inconsistent: bool = False
    message_illegal: bool = False


class Action(Enum):
    """The names of actions, as the recorder keeps them."""

    INIT = auto()
    UPDATE_LEADER = auto()
    FOLLOW_LEADER = auto()
    TIMEOUT = auto()
    RESTART = auto()
    CONNECT_AND_FOLLOWER_SEND_CEPOCH = auto()
    LEADER_PROCESS_CEPOCH = auto()
    FOLLOWER_PROCESS_NEWEPOCH = auto()
    LEADER_PROCESS_ACKEPOCH = auto()
    FOLLOWER_PROCESS_NEWLEADER = auto()
    LEADER_PROCESS_ACKLD = auto()
    FOLLOWER_PROCESS_COMMITLD = auto()
    LEADER_PROCESS_REQUEST = auto()
    LEADER_BROADCAST_PROPOSE = auto()
    FOLLOWER_PROCESS_PROPOSE = auto()
    LEADER_PROCESS_ACK = auto()
    FOLLOWER_PROCESS_COMMIT = auto()


class Recorder(Record):
    n_timeout: Annotated[int, Range(0, 15)] = 0
    n_transaction: LogIndex = 0
    max_epoch: Epoch = 0
    n_restart: Annotated[int, Range(0, "max_restarts")] = 0
    pc: Action = Action.INIT
    pc_i: Node | None = None
    pc_j: Node | None = None
    n_client_request: Data = 0


class State(Record):
    servers: Map[Node, Server]
    leader_oracle: Node | None = None
    msgs: Messages
    proposal_msgs_log: Set[Proposal] = Set()
    epoch_leader: Map[Epoch, Set[Node]]
    violated: Violated = Violated()
    recorder: Recorder = Recorder()


def last_zxid(history: History) -> Zxid:
    """LastZxidOfHistory."""
    return history[-1].zxid if len(history) > 0 else Zxid(epoch=0, counter=0)
