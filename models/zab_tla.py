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

The state is in `zab_tla_state`; elections and failures in `zab_tla_election`; here are the phases, and what must hold.
"""

from mcheck.models.zab_tla_election import ZabTLAElection
from mcheck.models.zab_tla_state import (
    Ack,
    AckEpoch,
    AckeRecv,
    AckLD,
    AckldRecv,
    Action,
    CEpoch,
    CepochRecv,
    Commit,
    CommitLD,
    Committed,
    Epoch,
    History,
    NewEpoch,
    NewLeader,
    Node,
    Proposal,
    Propose,
    Role,
    Server,
    State,
    Txn,
    Violated,
    ZabState,
    Zxid,
    last_zxid,
)
from mcheck.spec import (
    Set,
    action,
    all,
    always,
    any,
    count,
    len,
    max,
    min,
    reachable,
    require,
    where,
)


class ZabTLA(ZabTLAElection):
    """The module Zab."""

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
