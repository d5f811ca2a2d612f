"""Zab.tla before its phases: the recorder, the network, elections and failures.

Source: TLA+ module Zab, as in `zab_tla`.  Throughout this file: as there.
"""

from typing import TypeVar

from mcheck.models.zab_tla_state import (
    AckeRecv,
    AckldRecv,
    Action,
    CepochRecv,
    Committed,
    Epoch,
    History,
    Message,
    Messages,
    Node,
    Role,
    Server,
    State,
    ZabState,
    last_zxid,
)
from mcheck.spec import (
    Map,
    Record,
    Set,
    Spec,
    UsageError,
    action,
    any,
    bound,
    constant,
    len,
    require,
    where,
)

M = TypeVar("M", bound=Record)


class ZabTLAElection(Spec[State]):
    """The parameters and the initial state; elections, time-outs and restarts."""

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

    def state_summary(self, epoch: int, history: History) -> AckeRecv:
        return AckeRecv(
            received=True,
            connected=True,
            peer_last_epoch=epoch,
            peer_history=history,
            peer_last_zxid=last_zxid(history),
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
