"""Zab at the granularity of Zab.tla, the specification of the protocol that Apache ZooKeeper keeps.

Source: TLA+ module Zab, by the Disalg group of Nanjing University; apache/zookeeper,
zookeeper-specifications/protocol-spec/Zab.tla.  It serves to be compared with that module, state for state: the variables of
the proofs and the recorder, in which the module keeps its counts and the name of the last action, are part of the state.
To study Zab, read `zab` instead.

Throughout this file: i, j processes (the module's Server); m a message; index the position of a transaction, from 1.

Where the two granularities differ: here an election is a step of the oracle and one of each process; the leader and the
followers it loses stop in one step, as soon as those left are no quorum; a request and its proposal are two steps.
What the module limits by its parameter are constants, as a step beyond them is not enabled; the bounds are ours, and cut
nothing unless the parameters are raised.  ZxidToIndex is -1 there for a zxid that a history has twice: here this is a
property, `zxids are unique`.
"""

from enum import Enum, auto
from typing import Annotated, TypeVar

from mcheck.spec import (
    AtMost,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    UsageError,
    action,
    all,
    always,
    any,
    bound,
    constant,
    count,
    len,
    max,
    min,
    reachable,
    require,
    where,
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
M = TypeVar("M", bound=Record)


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


class ZabTLA(Spec[State]):
    """The module Zab."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(2, "processes, 2 or 3", least=2)
    max_timeouts: int = constant(1, "MaxTimeoutFailures; restarts count too")
    max_transactions: int = constant(
        2, "MaxTransactionNum: longest history with which a request is taken, and one more"
    )
    max_restarts: int = constant(0, "MaxRestarts")
    max_epoch: int = bound(3, "highest epoch explored", least=1)
    max_log: int = bound(2, "longest history explored")
    max_requests: int = bound(4, "most requests explored")
    max_in_channel: int = bound(4, "most messages in a channel")

    def init(self) -> State:
        if self.nodes > 3:
            raise UsageError(f"ZabTLA.nodes must be 2 or 3, for the sake of initial_history (got {self.nodes})")
        server = Server(
            cepoch_recv=Map.fill(Node, CepochRecv()),
            acke_recv=Map.fill(Node, AckeRecv()),
            ackld_recv=Map.fill(Node, AckldRecv()),
        )
        return State(
            servers=Map.fill(Node, server),
            msgs=Map.fill(Node, Map.fill(Node, ())),
            epoch_leader=Map.fill(Epoch, Set()),
        )

    def is_quorum(self, size: int) -> bool:
        return size * 2 > len(Node)

    # ------------------------------------------------------------------ the recorder

    def recorded(self, after: State, pc: Action, i: Node, j: Node | None = None) -> State:
        """UpdateRecorder, of a step that is none of those that also count."""
        return after.replace(recorder=after.recorder.replace(pc=pc, pc_i=i, pc_j=j))

    def counted(self, after: State, restarts: int) -> State:
        """RecorderSetFailure: a restart counts as a timeout too."""
        r = after.recorder
        return after.replace(recorder=r.replace(n_timeout=r.n_timeout + 1, n_restart=r.n_restart + restarts))

    # ------------------------------------------------------------------ the network

    def head(self, s: State, i: Node, j: Node, kind: type[M]) -> M:
        """The first message from j to i, which is of this kind: PendingCEPOCH and the like."""
        queue = s.msgs[j][i]
        require(len(queue) > 0, "a message is pending")
        m = queue[0]
        require(isinstance(m, kind), "it is the message that this step is about")
        assert isinstance(m, kind)  # as the line before says; for the type checker
        return m

    def sent(self, msgs: Messages, i: Node, j: Node, m: Message) -> Messages:
        """Send."""
        return msgs.set(i, msgs[i].set(j, msgs[i][j] + (m,)))

    def discarded(self, msgs: Messages, j: Node, i: Node) -> Messages:
        """Discard, where there is a message."""
        return msgs.set(j, msgs[j].set(i, msgs[j][i][1:]))

    def reply(self, msgs: Messages, i: Node, j: Node, m: Message) -> Messages:
        """Reply: the head of the messages from j goes, and m is sent to j."""
        return self.sent(self.discarded(msgs, j, i), i, j, m)

    def clean(self, msgs: Messages, i: Node, j: Node) -> Messages:
        """Clean."""
        return msgs.set(i, msgs[i].set(j, ())).set(j, msgs[j].set(i, ())) if i != j else msgs

    def clean_input_buffer(self, msgs: Messages, cleaned: Set[Node]) -> Messages:
        """CleanInputBuffer."""
        return Map.of(Node, lambda u: Map.of(Node, lambda v: where(any(v == x for x in cleaned), (), msgs[u][v])))

    def broadcast(self, msgs: Messages, i: Node, to: Set[Node], m: Message) -> Messages:
        """To all in `to` but i itself: Broadcast and its kin."""
        row = msgs[i]
        return msgs.set(i, Map.of(Node, lambda v: where(v != i and any(v == x for x in to), row[v] + (m,), row[v])))

    # ------------------------------------------------------------------ switching states

    def follower_shutdown(self, me: Server) -> Server:
        """FollowerShutdown."""
        return me.replace(state=Role.LOOKING, zab_state=ZabState.ELECTION, connect_info=None)

    def leader_shutdown(self, s: State, i: Node) -> State:
        """LeaderShutdown: the leader and its learners stop."""
        gone = s.servers[i].learners
        servers = Map.of(
            Node,
            lambda k: where(any(k == x for x in gone), self.follower_shutdown(s.servers[k]), s.servers[k]),
        )
        servers = servers.set(i, servers[i].replace(learners=Set()))
        return s.replace(servers=servers, msgs=self.clean_input_buffer(s.msgs, gone))

    def switch_to_leader(self, me: Server, i: Node) -> Server:
        """SwitchToLeader."""
        own = self.state_summary(me.current_epoch, me.history)
        return me.replace(
            state=Role.LEADING,
            zab_state=ZabState.DISCOVERY,
            learners=Set.of(i),
            cepoch_recv=Map.fill(Node, CepochRecv()).set(
                i, CepochRecv(received=True, connected=True, epoch=me.accepted_epoch)
            ),
            acke_recv=Map.fill(Node, AckeRecv()).set(i, own),
            ackld_recv=Map.fill(Node, AckldRecv()).set(i, AckldRecv(received=True, connected=True)),
            send_counter=0,
        )

    def remove_learner(self, me: Server, j: Node) -> Server:
        """RemoveLearner: j is no longer connected, and what was received from it stays."""
        return me.replace(
            learners=me.learners.remove(j),
            cepoch_recv=me.cepoch_recv.set(j, me.cepoch_recv[j].replace(connected=False)),
            acke_recv=me.acke_recv.set(j, me.acke_recv[j].replace(connected=False)),
            ackld_recv=me.ackld_recv.set(j, me.ackld_recv[j].replace(connected=False)),
        )

    def parted(self, s: State, i: Node, j: Node) -> State:
        """Follower i leaves its leader j: RemoveLearner(j, i), FollowerShutdown(i), Clean."""
        servers = s.servers.set(i, self.follower_shutdown(s.servers[i]))
        servers = servers.set(j, self.remove_learner(s.servers[j], i))
        return s.replace(servers=servers, msgs=self.clean(s.msgs, i, j))

    # ------------------------------------------------------------------ election

    @action
    def update_leader(self, s: State, i: Node) -> State:
        """UpdateLeader: the oracle changes to i, which leads."""
        me = s.servers[i]
        require(me.state == Role.LOOKING, "i is looking")
        require(s.leader_oracle != i, "the oracle names another, or nobody")
        after = s.replace(servers=s.servers.set(i, self.switch_to_leader(me, i)), leader_oracle=i)
        return self.recorded(after, Action.UPDATE_LEADER, i)

    @action
    def follow_leader(self, s: State, i: Node) -> State:
        """FollowLeader: i does what the oracle says."""
        me = s.servers[i]
        require(me.state == Role.LOOKING, "i is looking")
        require(s.leader_oracle is not None, "the oracle names somebody")
        if s.leader_oracle == i:
            me = self.switch_to_leader(me, i)
        else:
            me = me.replace(state=Role.FOLLOWING, zab_state=ZabState.DISCOVERY)
        return self.recorded(s.replace(servers=s.servers.set(i, me)), Action.FOLLOW_LEADER, i)

    # ------------------------------------------------------------------ failures

    @action
    def timeout(self, s: State, i: Node, j: Node) -> State:
        """Timeout: the connection between leader i and follower j breaks."""
        me, other = s.servers[i], s.servers[j]
        require(s.recorder.n_timeout < self.max_timeouts, "a timeout is left")
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        require(other.state == Role.FOLLOWING and other.connect_info == i, "j follows i")
        remains = self.is_quorum(len(me.learners.remove(j)))
        after = self.parted(s, j, i) if remains else self.leader_shutdown(s, i)
        return self.recorded(self.counted(after, 0), Action.TIMEOUT, i, j)

    @action
    def restart(self, s: State, i: Node) -> State:
        """Restart: i stops, and comes back with its history."""
        require(s.recorder.n_restart < self.max_restarts, "a restart is left")
        me = s.servers[i]
        after = s
        if me.state == Role.LEADING:
            after = self.leader_shutdown(s, i)
        elif me.state == Role.FOLLOWING:
            leader = me.connect_info
            if leader is None:
                lost = s.servers.set(i, self.follower_shutdown(me))
                after = s.replace(servers=lost, msgs=self.clean_input_buffer(s.msgs, Set.of(i)))
            elif self.is_quorum(len(s.servers[leader].learners.remove(i))):
                after = self.parted(s, i, leader)
            else:
                after = self.leader_shutdown(s, leader)
        after = after.replace(servers=after.servers.set(i, after.servers[i].replace(last_committed=Committed())))
        return self.recorded(self.counted(after, 1), Action.RESTART, i)

    # ------------------------------------------------------------------ discovery

    @action
    def connect_and_follower_send_cepoch(self, s: State, i: Node, j: Node) -> State:
        """ConnectAndFollowerSendCEPOCH."""
        me, other = s.servers[i], s.servers[j]
        require(me.state == Role.LEADING and j not in me.learners, "i leads, and j is no learner of it")
        require(other.state == Role.FOLLOWING and other.connect_info is None, "j follows, and is not connected")
        require(s.leader_oracle == i, "the oracle names i")
        servers = s.servers.set(i, me.replace(learners=me.learners.add(j))).set(j, other.replace(connect_info=i))
        msgs = self.sent(s.msgs, j, i, CEpoch(epoch=other.accepted_epoch))
        after = s.replace(servers=servers, msgs=msgs)
        return self.recorded(after, Action.CONNECT_AND_FOLLOWER_SEND_CEPOCH, i, j)

    @action
    def leader_process_cepoch(self, s: State, i: Node, j: Node) -> State:
        """LeaderProcessCEPOCH."""
        m = self.head(s, i, j, CEpoch)
        me = s.servers[i]
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        formed = self.is_quorum(count(me.cepoch_recv[k].received for k in Node))
        recv = me.cepoch_recv.set(j, CepochRecv(received=True, connected=True, epoch=m.epoch))
        me = me.replace(cepoch_recv=recv)
        violated = s.violated
        if formed:
            msgs = self.reply(s.msgs, i, j, NewEpoch(epoch=me.accepted_epoch))
        else:
            msgs = self.discarded(s.msgs, j, i)
            if me.zab_state != ZabState.DISCOVERY:
                violated = violated.replace(state_inconsistent=True)
            if self.is_quorum(count(recv[k].received for k in Node)):
                epoch = max(recv[k].epoch for k in Node if recv[k].received) + 1
                me = me.replace(accepted_epoch=epoch)
                to = Set(k for k in me.learners if recv[k].received and recv[k].connected)
                msgs = self.broadcast(msgs, i, to, NewEpoch(epoch=epoch))
        servers = s.servers.set(i, me)
        recorder = s.recorder.replace(max_epoch=max(servers[k].accepted_epoch for k in Node))
        after = s.replace(servers=servers, msgs=msgs, violated=violated, recorder=recorder)
        return self.recorded(after, Action.LEADER_PROCESS_CEPOCH, i, j)

    @action
    def follower_process_newepoch(self, s: State, i: Node, j: Node) -> State:
        """FollowerProcessNEWEPOCH."""
        m = self.head(s, i, j, NewEpoch)
        me = s.servers[i]
        require(me.state == Role.FOLLOWING and me.connect_info == j, "i follows j")
        if m.epoch < me.accepted_epoch:
            after = self.parted(s, i, j)
        elif me.zab_state == ZabState.DISCOVERY:
            answer = AckEpoch(epoch=me.current_epoch, history=me.history)
            me = me.replace(accepted_epoch=m.epoch, zab_state=ZabState.SYNCHRONIZATION)
            after = s.replace(servers=s.servers.set(i, me), msgs=self.reply(s.msgs, i, j, answer))
        else:
            violated = s.violated.replace(state_inconsistent=True)
            after = s.replace(msgs=self.discarded(s.msgs, j, i), violated=violated)
        return self.recorded(after, Action.FOLLOWER_PROCESS_NEWEPOCH, i, j)

    @action
    def leader_process_ackepoch(self, s: State, i: Node, j: Node) -> State:
        """LeaderProcessACKEPOCH."""
        m = self.head(s, i, j, AckEpoch)
        me = s.servers[i]
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        formed = self.is_quorum(count(me.acke_recv[k].received for k in Node))
        theirs = self.state_summary(m.epoch, m.history)
        recv = me.acke_recv.set(j, theirs)
        me = me.replace(acke_recv=recv)
        after = s
        msgs = self.discarded(s.msgs, j, i)
        if formed:
            msgs = self.sent(msgs, i, j, NewLeader(epoch=me.accepted_epoch, history=me.history))
            after = self.proposed(after, i, me)
        else:
            if me.zab_state != ZabState.DISCOVERY:
                after = after.replace(violated=after.violated.replace(state_inconsistent=True))
            if self.is_quorum(count(recv[k].received for k in Node)):
                epoch = me.accepted_epoch
                history = self.initial_history(recv[i], theirs, i)
                me = me.replace(current_epoch=epoch, history=history, zab_state=ZabState.SYNCHRONIZATION)
                to = Set(k for k in me.learners if recv[k].received and recv[k].connected)
                msgs = self.broadcast(msgs, i, to, NewLeader(epoch=epoch, history=history))
                led = after.epoch_leader
                after = self.proposed(after, i, me).replace(epoch_leader=led.set(epoch, led[epoch].add(i)))
        after = after.replace(servers=s.servers.set(i, me), msgs=msgs)
        return self.recorded(after, Action.LEADER_PROCESS_ACKEPOCH, i, j)

    def state_summary(self, epoch: int, history: History) -> AckeRecv:
        return AckeRecv(
            received=True,
            connected=True,
            peer_last_epoch=epoch,
            peer_history=history,
            peer_last_zxid=last_zxid(history),
        )

    def proposed(self, s: State, i: Node, me: Server) -> State:
        """SetPacketsForChecking: what a NEWLEADER of leader i proposes."""
        sent = Set(Proposal(source=i, epoch=me.accepted_epoch, zxid=t.zxid, data=t.value) for t in me.history)
        return s.replace(proposal_msgs_log=s.proposal_msgs_log | sent)

    def initial_history(self, own: AckeRecv, theirs: AckeRecv, i: Node) -> History:
        """DetermineInitialHistory and InitAcksid.

        CHOOSE takes any of the most recent histories: those of one f.a and zxid are equal but for who has acknowledged
        what, which is set anew.  Of 2 or 3 processes, leader i and the one it hears from are the first quorum there is.
        """
        mine_is_recent = own.peer_last_epoch > theirs.peer_last_epoch or (
            own.peer_last_epoch == theirs.peer_last_epoch and own.peer_last_zxid >= theirs.peer_last_zxid
        )
        chosen = own.peer_history if mine_is_recent else theirs.peer_history
        history: History = ()
        for k in range(self.max_log):
            if k < len(chosen):
                history = history + (chosen[k].replace(ack_sid=Set.of(i)),)
        return history

    # ------------------------------------------------------------------ synchronisation

    @action
    def follower_process_newleader(self, s: State, i: Node, j: Node) -> State:
        """FollowerProcessNEWLEADER."""
        m = self.head(s, i, j, NewLeader)
        me = s.servers[i]
        require(me.state == Role.FOLLOWING and me.connect_info == j, "i follows j")
        if m.epoch != me.accepted_epoch:
            after = self.parted(s, i, j)
        else:
            violated = s.violated
            if me.zab_state != ZabState.SYNCHRONIZATION:
                violated = violated.replace(state_inconsistent=True)
            me = me.replace(current_epoch=me.accepted_epoch, history=m.history)
            msgs = self.reply(s.msgs, i, j, AckLD(zxid=last_zxid(m.history)))
            after = s.replace(servers=s.servers.set(i, me), msgs=msgs, violated=violated)
        return self.recorded(after, Action.FOLLOWER_PROCESS_NEWLEADER, i, j)

    @action
    def leader_process_ackld(self, s: State, i: Node, j: Node) -> State:
        """LeaderProcessACKLD."""
        m = self.head(s, i, j, AckLD)
        me = s.servers[i]
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        formed = self.is_quorum(count(me.ackld_recv[k].received for k in Node))
        recv = me.ackld_recv.set(j, AckldRecv(received=True, connected=True))
        me = me.replace(ackld_recv=recv, history=self.with_acks(me.history, j, Zxid(epoch=0, counter=0), m.zxid))
        msgs = self.discarded(s.msgs, j, i)
        violated = s.violated
        if me.zab_state != (ZabState.BROADCAST if formed else ZabState.SYNCHRONIZATION):
            violated = violated.replace(state_inconsistent=True)
        if formed:
            msgs = self.sent(msgs, i, j, CommitLD(zxid=me.last_committed.zxid))
        elif self.is_quorum(count(recv[k].received for k in Node)):
            last = last_zxid(me.history)
            me = me.replace(zab_state=ZabState.BROADCAST, last_committed=Committed(index=len(me.history), zxid=last))
            to = Set(k for k in me.learners if recv[k].received and recv[k].connected)
            msgs = self.broadcast(msgs, i, to, CommitLD(zxid=last))
        after = s.replace(servers=s.servers.set(i, me), msgs=msgs, violated=violated)
        return self.recorded(after, Action.LEADER_PROCESS_ACKLD, i, j)

    def with_acks(self, history: History, j: Node, first: Zxid, last: Zxid) -> History:
        """UpdateAcksid: j has acknowledged the transactions from first to last."""
        updated: History = ()
        for k in range(self.max_log):
            if k < len(history):
                txn = history[k]
                acked = txn.zxid >= first and txn.zxid <= last
                updated = updated + (txn.replace(ack_sid=where(acked, txn.ack_sid.add(j), txn.ack_sid)),)
        return updated

    def index_of(self, history: History, zxid: Zxid) -> int:
        """ZxidToIndex: 0 for the zxid before all, one more than the length where there is none."""
        first = min(
            (k + 1 for k in range(self.max_log) if k < len(history) and history[k].zxid == zxid),
            default=len(history) + 1,
        )
        return where(zxid == Zxid(epoch=0, counter=0), 0, first)

    @action
    def follower_process_commitld(self, s: State, i: Node, j: Node) -> State:
        """FollowerProcessCOMMITLD."""
        m = self.head(s, i, j, CommitLD)
        me = s.servers[i]
        require(me.state == Role.FOLLOWING and me.connect_info == j, "i follows j")
        index = self.index_of(me.history, m.zxid)
        violated = s.violated
        if index > len(me.history):
            violated = violated.replace(proposal_inconsistent=True)
        me = me.replace(zab_state=ZabState.BROADCAST, last_committed=Committed(index=index, zxid=m.zxid))
        after = s.replace(servers=s.servers.set(i, me), msgs=self.discarded(s.msgs, j, i), violated=violated)
        return self.recorded(after, Action.FOLLOWER_PROCESS_COMMITLD, i, j)

    # ------------------------------------------------------------------ broadcast

    @action
    def leader_process_request(self, s: State, i: Node) -> State:
        """LeaderProcessRequest."""
        require(s.recorder.n_transaction < self.max_transactions, "a transaction is left")
        me = s.servers[i]
        require(me.state == Role.LEADING and me.zab_state == ZabState.BROADCAST, "i leads in broadcast")
        last = last_zxid(me.history)
        zxid = Zxid(epoch=me.current_epoch, counter=where(last.epoch == me.current_epoch, last.counter + 1, 1))
        value = s.recorder.n_client_request
        txn = Txn(zxid=zxid, value=value, ack_sid=Set.of(i), epoch=me.current_epoch)
        servers = s.servers.set(i, me.replace(history=me.history + (txn,)))
        longest = max(len(servers[k].history) for k in Node)
        recorder = s.recorder.replace(n_transaction=longest, n_client_request=value + 1)
        return self.recorded(s.replace(servers=servers, recorder=recorder), Action.LEADER_PROCESS_REQUEST, i)

    @action
    def leader_broadcast_propose(self, s: State, i: Node) -> State:
        """LeaderBroadcastPROPOSE."""
        me = s.servers[i]
        require(me.state == Role.LEADING and me.zab_state == ZabState.BROADCAST, "i leads in broadcast")
        last = last_zxid(me.history)
        require(last.epoch == me.current_epoch and me.send_counter < last.counter, "a transaction is not proposed yet")
        counter = me.send_counter + 1
        zxid = Zxid(epoch=me.current_epoch, counter=counter)
        index = self.index_of(me.history, zxid)
        data = max(
            (me.history[k].value for k in range(self.max_log) if k < len(me.history) and k + 1 == index), default=0
        )
        to = Set(k for k in me.learners if me.acke_recv[k].received and me.acke_recv[k].connected)
        log = s.proposal_msgs_log.add(Proposal(source=i, epoch=me.current_epoch, zxid=zxid, data=data))
        after = s.replace(
            servers=s.servers.set(i, me.replace(send_counter=counter)),
            msgs=self.broadcast(s.msgs, i, to, Propose(zxid=zxid, data=data)),
            proposal_msgs_log=log,
        )
        return self.recorded(after, Action.LEADER_BROADCAST_PROPOSE, i)

    @action
    def follower_process_propose(self, s: State, i: Node, j: Node) -> State:
        """FollowerProcessPROPOSE."""
        m = self.head(s, i, j, Propose)
        me = s.servers[i]
        require(me.state == Role.FOLLOWING and me.connect_info == j, "i follows j")
        violated = s.violated
        if self.is_next(last_zxid(me.history), m.zxid):
            txn = Txn(zxid=m.zxid, value=m.data, ack_sid=Set(), epoch=me.current_epoch)
            me = me.replace(history=me.history + (txn,))
            msgs = self.reply(s.msgs, i, j, Ack(zxid=m.zxid))
        else:
            msgs = self.discarded(s.msgs, j, i)
            index = self.index_of(me.history, m.zxid)
            if index == 0 or index > len(me.history):
                violated = violated.replace(proposal_inconsistent=True)
        after = s.replace(servers=s.servers.set(i, me), msgs=msgs, violated=violated)
        return self.recorded(after, Action.FOLLOWER_PROCESS_PROPOSE, i, j)

    def is_next(self, current: Zxid, following: Zxid) -> bool:
        """IsNextZxid."""
        first = following.counter == 1 and current.epoch < following.epoch
        return first or (
            following.counter > 1 and current.epoch == following.epoch and current.counter + 1 == following.counter
        )

    @action
    def leader_process_ack(self, s: State, i: Node, j: Node) -> State:
        """LeaderProcessACK and LeaderTryToCommit."""
        m = self.head(s, i, j, Ack)
        me = s.servers[i]
        require(me.state == Role.LEADING and j in me.learners, "j is a learner of i")
        msgs, violated = self.discarded(s.msgs, j, i), s.violated
        history, done = me.history, me.last_committed
        index = self.index_of(history, m.zxid)
        exists = index >= 1 and index <= len(history)
        acked = max(
            (k + 1 for k in range(self.max_log) if k < len(history) and any(j == x for x in history[k].ack_sid)),
            default=-1,
        )
        if not exists or (acked != -1 and acked + 1 != index):
            violated = violated.replace(ack_inconsistent=True)
        else:
            me = me.replace(history=self.with_acks(history, j, m.zxid, m.zxid))
            outstanding = done.index < len(history) and m.zxid > done.zxid
            quorum = self.is_quorum(len(me.history[index - 1].ack_sid))
            if outstanding and done.index >= index - 1 and quorum:
                if done.index + 1 != index:
                    violated = violated.replace(commit_inconsistent=True)
                me = me.replace(last_committed=Committed(index=index, zxid=m.zxid))
                to = Set(k for k in me.learners if me.ackld_recv[k].received and me.ackld_recv[k].connected)
                msgs = self.broadcast(msgs, i, to, Commit(zxid=m.zxid))
        after = s.replace(servers=s.servers.set(i, me), msgs=msgs, violated=violated)
        return self.recorded(after, Action.LEADER_PROCESS_ACK, i, j)

    @action
    def follower_process_commit(self, s: State, i: Node, j: Node) -> State:
        """FollowerProcessCOMMIT."""
        m = self.head(s, i, j, Commit)
        me = s.servers[i]
        require(me.state == Role.FOLLOWING and me.connect_info == j, "i follows j")
        violated, done = s.violated, me.last_committed
        if done.index < len(me.history):
            if me.history[done.index].zxid == m.zxid:
                me = me.replace(last_committed=Committed(index=done.index + 1, zxid=m.zxid))
            else:
                violated = violated.replace(commit_inconsistent=True)
        after = s.replace(servers=s.servers.set(i, me), msgs=self.discarded(s.msgs, j, i), violated=violated)
        return self.recorded(after, Action.FOLLOWER_PROCESS_COMMIT, i, j)

    @action
    def filter_nonexistent_message(self, s: State, i: Node, j: Node) -> State:
        """FilterNonexistentMessage: takes away a message that should not be there, and so should never be possible."""
        require(i != j and len(s.msgs[j][i]) > 0, "a message is pending")
        me, m = s.servers[i], s.msgs[j][i][0]
        to_leader = isinstance(m, CEpoch | AckEpoch | AckLD | Ack)
        expected = (me.state == Role.LEADING and to_leader and j in me.learners) or (
            me.state == Role.FOLLOWING and not to_leader and me.connect_info == j
        )
        require(not expected, "no other step takes the message")
        msgs = self.discarded(s.msgs, j, i)
        return s.replace(msgs=msgs, violated=s.violated.replace(message_illegal=True))

    # ------------------------------------------------------------------ properties

    @always("DuringActionCheck")
    def during_action_check(self, s: State) -> bool:
        """No step met what it should not."""
        return s.violated == Violated()

    @always("Leadership1")
    def leadership_1(self, s: State, i: Node, j: Node) -> bool:
        """No two established leaders of one epoch at a time."""
        a, b = s.servers[i], s.servers[j]
        led = [
            x.state == Role.LEADING and x.zab_state != ZabState.ELECTION and x.zab_state != ZabState.DISCOVERY
            for x in (a, b)
        ]
        return i == j or not led[0] or not led[1] or a.current_epoch != b.current_epoch

    @always("Leadership2")
    def leadership_2(self, s: State, e: Epoch) -> bool:
        """No two established leaders of one epoch at whatever times."""
        return len(s.epoch_leader[e]) <= 1

    @always("PrefixConsistency")
    def prefix_consistency(self, s: State, i: Node, j: Node) -> bool:
        """Two committed prefixes hold the same transactions."""
        a, b = s.servers[i], s.servers[j]
        common = min(a.last_committed.index, b.last_committed.index)
        return common <= min(len(a.history), len(b.history)) and all(
            k >= common or (a.history[k].zxid == b.history[k].zxid and a.history[k].value == b.history[k].value)
            for k in range(self.max_log)
        )

    @always("Integrity")
    def integrity(self, s: State, i: Node) -> bool:
        """What a follower has committed was proposed."""
        me = s.servers[i]
        return me.state != Role.FOLLOWING or all(
            k >= me.last_committed.index
            or any(p.zxid == me.history[k].zxid and p.data == me.history[k].value for p in s.proposal_msgs_log)
            for k in range(self.max_log)
        )

    @always("zxids are unique")
    def zxids_are_unique(self, s: State, i: Node) -> bool:
        """ZxidToIndex is not -1."""
        history = s.servers[i].history
        return all(count(u.zxid == t.zxid for u in history) == 1 for t in history)

    # ------------------------------------------------------------------ witnesses

    @reachable("a transaction is committed everywhere")
    def committed_everywhere(self, s: State) -> bool:
        return all(s.servers[i].last_committed.index > 0 for i in Node)
