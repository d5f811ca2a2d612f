"""Zab: the atomic broadcast of ZooKeeper.  A primary broadcasts transactions, its followers deliver them in its order, and a new
primary begins with what the earlier ones have committed.

Source: F. Junqueira, B. Reed and M. Serafini, Zab: High-performance broadcast for primary-backup systems, DSN 2011.  Steps are
cited as there: l is the leader, f the follower, then the phase and the step.  The names of messages that the paper leaves
without one (ACK-LD, COMMIT-LD), and what it leaves open, are as in the TLA+ specification that Apache ZooKeeper keeps,
zookeeper-specifications/protocol-spec: Zab.tla, issues.md.

Granularity: one step is a local action (a process begins to lead or to follow, times out, restarts; a client's request with
the broadcast of its proposal) or the receipt of one message, with everything that follows from it at once.

Throughout this file: i the process that takes the step and j the one it hears; `me` the process that takes it; m the message;
e' (`new_epoch`) the epoch that a leader proposes; f.p and f.a the last epochs whose NEWEPOCH and whose NEWLEADER a process
has accepted (`accepted_epoch`, `current_epoch`); index the position of a transaction in a history, counted from 1.

Connections are TCP's: what is sent arrives in order, or the connection breaks, and then all that is under way is lost.

Not modelled:
* how a leader is chosen.  The oracle may name any process at any time, so it is no part of the state: any process may begin
  to lead, and any may follow one that leads.  This allows more than an oracle that is right in the end.
* that nothing happens in the end: liveness.  A leader that has lost its quorum stops only by a timeout.
* requests that reach a follower, reads, sessions, snapshots, and the commit of what a late follower's ACK-LD completes
  before the next ACK.
* disks that lose what was acknowledged: a process writes before it answers.  `zab_tweaks` has the ways to get that wrong.

The messages and what a process remembers are in `zab_state`, the properties in `zab_promises`.
"""

from typing import TypeVar

from mcheck.models.zab_promises import ZabPromises
from mcheck.models.zab_state import (
    Ack,
    AckE,
    AckLD,
    CEpoch,
    Commit,
    CommitLD,
    Epoch,
    History,
    Network,
    NewEpoch,
    NewLeader,
    Node,
    Process,
    Propose,
    State,
    Txn,
    Value,
    ZabState,
    Zxid,
    index_of,
    last_zxid,
)
from mcheck.spec import (
    Channels,
    Map,
    Record,
    Set,
    action,
    any,
    count,
    len,
    max,
    require,
    where,
)

M = TypeVar("M", bound=Record)


class Zab(ZabPromises):
    """Discovery, synchronisation and broadcast, with processes that time out and restart."""

    def init(self) -> State:
        return State(
            processes=Map.fill(Node, Process(acked=Map.fill(Node, 0))),
            net=Channels.unconnected(Node),
            established=Map.fill(Epoch, Set()),
            begun_with=Map.fill(Epoch, ()),
            delivered=Map.fill(Node, ()),
        )

    def is_quorum(self, size: int) -> bool:
        """So many processes are a majority of the ensemble: any two such groups have a process in common."""
        return size * 2 > len(Node)

    def moved(self, s: State, i: Node, me: Process, net: Network) -> State:
        """Process i has become `me`, and the network `net`."""
        return s.replace(processes=s.processes.set(i, me), net=net)

    # ------------------------------------------------------------------ phase 0: whom to follow

    def looking(self, me: Process) -> Process:
        """Asks its oracle; what it knew as a leader or follower is of no use any more."""
        return Process(
            accepted_epoch=me.accepted_epoch,
            current_epoch=me.current_epoch,
            history=me.history,
            synced=me.synced,
            last_committed=me.last_committed,
            acked=Map.fill(Node, 0),
        )

    @action
    def lead(self, s: State, i: Node) -> State:
        """The oracle of i names i itself: a prospective leader.  Source: Phase 0."""
        me = s.processes[i]
        require(me.leader is None, "i neither leads nor follows")
        me = me.replace(
            leader=i,
            zab_state=ZabState.DISCOVERY,
            highest_epoch=me.accepted_epoch,
            cepoch_recv=Set.of(i),
            acke_recv=Set.of(i),
            best_epoch=me.current_epoch,
            best_history=self.reported(me),
        )
        return self.moved(s, i, me, s.net)

    @action
    def follow(self, s: State, i: Node, j: Node) -> State:
        """The oracle of i names j, which leads: i connects, and sends CEPOCH.  Source: Phase 0 and f.1.1."""
        me, leader = s.processes[i], s.processes[j]
        require(i != j and leader.leader == j, "j, another process, leads")
        require(me.leader is None, "i neither leads nor follows")
        me = me.replace(leader=j, zab_state=ZabState.DISCOVERY)
        net = s.net.connect(i, j).send(i, j, CEpoch(epoch=me.accepted_epoch))
        return self.moved(s, i, me, net).replace(processes=s.processes.set(i, me).set(j, self.forgets(leader, i)))

    def forgets(self, me: Process, j: Node) -> Process:
        """What leader `me` knew of j belonged to the last connection, but not that j has accepted e'."""
        return me.replace(
            cepoch_recv=me.cepoch_recv.remove(j),
            ackld_recv=me.ackld_recv.remove(j),
            acked=me.acked.set(j, 0),
        )

    # ------------------------------------------------------------------ messages

    def received(self, s: State, i: Node, j: Node, kind: type[M]) -> M:
        """The message that i receives from j next, which is of this kind."""
        require(i != j, "i hears another process")
        queue = s.net[j, i]
        require(len(queue) > 0, "a message from j is under way")
        m = queue[0]
        require(isinstance(m, kind), "it is the message that this step is about")
        assert isinstance(m, kind)  # as the line before says; for the type checker
        return m

    # ------------------------------------------------------------------ phase 1: discovery

    @action
    def leader_receives_cepoch(self, s: State, i: Node, j: Node) -> State:
        """With the CEPOCH of a quorum leader i proposes an epoch higher than all of theirs; whoever comes later is told what
        was chosen, and in phases 2 and 3 also what it missed.  Source: l.1.1 and l.3.3."""
        m = self.received(s, i, j, CEpoch)
        me, net = s.processes[i], s.net.receive(j, i)
        me = me.replace(cepoch_recv=me.cepoch_recv.add(j))
        if me.new_epoch == 0:
            me = me.replace(highest_epoch=max(me.highest_epoch, m.epoch))
            if self.is_quorum(len(me.cepoch_recv)):
                epoch = me.highest_epoch + 1
                me = me.replace(accepted_epoch=epoch, new_epoch=epoch, highest_epoch=0)
                net = net.broadcast(i, me.cepoch_recv, NewEpoch(epoch=epoch))
        else:
            net = net.send(i, j, NewEpoch(epoch=me.new_epoch))
            if me.zab_state != ZabState.DISCOVERY:
                net = net.send(i, j, NewLeader(epoch=me.new_epoch, history=me.history))
        return self.moved(s, i, me, net)

    @action
    def follower_receives_newepoch(self, s: State, i: Node, j: Node) -> State:
        """Follower i accepts an epoch that is higher than any it has accepted, once; it leaves a leader that is too late.

        Source: f.1.2.
        """
        m = self.received(s, i, j, NewEpoch)
        me, net = s.processes[i], s.net.receive(j, i)
        if m.epoch < me.accepted_epoch:
            return self.moved(s, i, self.looking(me), net.disconnect(i))
        if self.may_accept(me, m):
            me = me.replace(accepted_epoch=m.epoch)
            net = net.send(i, j, AckE(epoch=me.current_epoch, history=self.reported(me)))
        return self.moved(s, i, me.replace(zab_state=ZabState.SYNCHRONIZATION), net)

    def may_accept(self, me: Process, m: NewEpoch) -> bool:
        """An epoch is acknowledged to one leader only."""
        return m.epoch > me.accepted_epoch

    def reported(self, me: Process) -> History:
        """What a process has, from when it is asked for a leader's choice: all that it has accepted.  Source: f.1.2."""
        return me.history

    @action
    def leader_receives_acke(self, s: State, i: Node, j: Node) -> State:
        """With the ACK-E of a quorum leader i takes over the most recent of their histories, as the initial history of e'.

        Source: l.1.2 and l.2.1.
        """
        m = self.received(s, i, j, AckE)
        me, net = s.processes[i], s.net.receive(j, i)
        if me.zab_state == ZabState.DISCOVERY:
            me = me.replace(acke_recv=me.acke_recv.add(j))
            if self.more_recent(m, me):
                me = me.replace(best_epoch=m.epoch, best_history=m.history)
            if self.is_quorum(len(me.acke_recv)):
                return self.synchronised(s, i, me, net)
        return self.moved(s, i, me, net)

    def more_recent(self, m: AckE, me: Process) -> bool:
        """m has a later f.a than the best so far, or the same one and a later last zxid.  Source: l.1.2."""
        return m.epoch > me.best_epoch or (
            m.epoch == me.best_epoch and last_zxid(m.history) > last_zxid(me.best_history)
        )

    # ------------------------------------------------------------------ phase 2: synchronisation

    def synchronised(self, s: State, i: Node, me: Process, net: Network) -> State:
        """Leader i has the initial history, and proposes NEWLEADER with it.  Source: l.2.1."""
        me = self.written(
            me.replace(
                current_epoch=me.new_epoch,
                history=me.best_history,
                zab_state=ZabState.SYNCHRONIZATION,
                acke_recv=Set(),
                best_epoch=0,
                best_history=(),
                ackld_recv=Set.of(i),
            )
        )
        net = net.broadcast(i, me.cepoch_recv, NewLeader(epoch=me.new_epoch, history=me.history))
        led = s.established[me.new_epoch].add(i)
        return self.moved(s, i, me, net).replace(established=s.established.set(me.new_epoch, led))

    def written(self, me: Process) -> Process:
        """The history is on disk."""
        return me.replace(synced=len(me.history))

    @action
    def follower_receives_newleader(self, s: State, i: Node, j: Node) -> State:
        """Follower i makes the history of its leader its own.  Source: f.2.1.

        Differs: the paper lets a follower leave here that has accepted another epoch.  On one connection NEWEPOCH came
        before, and it has left then.
        """
        m = self.received(s, i, j, NewLeader)
        me = self.accepted(s.processes[i].replace(current_epoch=m.epoch), m)
        net = s.net.receive(j, i).send(i, j, AckLD(zxid=last_zxid(me.history)))
        return self.moved(s, i, me, net)

    def accepted(self, me: Process, m: NewLeader) -> Process:
        """The initial history takes the place of my own: what it does not have was not committed.  Source: f.2.1."""
        return self.written(me.replace(history=m.history))

    @action
    def leader_receives_ackld(self, s: State, i: Node, j: Node) -> State:
        """With the ACK-LD of a quorum leader i delivers the initial history, and becomes the primary of e'.

        Source: l.2.2 and l.3.4.
        """
        m = self.received(s, i, j, AckLD)
        me, net = s.processes[i], s.net.receive(j, i)
        before = me.last_committed
        me = me.replace(ackld_recv=me.ackld_recv.add(j))
        if me.zab_state == ZabState.BROADCAST:
            me = self.acknowledged(me, j, m.zxid)
            net = net.send(i, j, CommitLD(zxid=self.commit_ld(me, m)))
        elif self.is_quorum(len(me.ackld_recv)):
            me = me.replace(zab_state=ZabState.BROADCAST, last_committed=len(me.history))
            net = net.broadcast(i, me.ackld_recv, CommitLD(zxid=last_zxid(me.history)))
        return self.delivers(self.moved(s, i, me, net), i, before)

    def commit_ld(self, me: Process, m: AckLD) -> Zxid:
        """What a follower that comes late may deliver.  Source: Zab.tla; issues.md, issue 3, as the paper does not say."""
        return last_zxid(me.history[: me.last_committed])

    @action
    def follower_receives_commitld(self, s: State, i: Node, j: Node) -> State:
        """Follower i delivers the initial history.  Source: f.2.2."""
        m = self.received(s, i, j, CommitLD)
        me = s.processes[i]
        before = me.last_committed
        me = me.replace(zab_state=ZabState.BROADCAST, last_committed=max(before, index_of(me.history, m.zxid)))
        return self.delivers(self.moved(s, i, me, s.net.receive(j, i)), i, before)

    # ------------------------------------------------------------------ phase 3: broadcast

    @action
    def client_request(self, s: State, i: Node, v: Value) -> State:
        """The primary broadcasts v: its next transaction, proposed to its followers in the order of zxids.  Source: l.3.1."""
        me = s.processes[i]
        require(me.leader == i and me.zab_state == ZabState.BROADCAST, "i is the primary")
        last = last_zxid(me.history)
        counter = last.counter + 1 if last.epoch == me.current_epoch else 1
        txn = Txn(zxid=Zxid(epoch=me.current_epoch, counter=counter), value=v)
        begun = any(t.zxid.epoch == me.current_epoch for t in s.broadcast)
        begun_with = s.begun_with if begun else s.begun_with.set(me.current_epoch, me.history[: me.last_committed])
        me = self.written(me.replace(history=me.history + (txn,)))
        after = self.moved(s, i, me, s.net.broadcast(i, self.proposed_to(me), Propose(txn=txn)))
        return after.replace(broadcast=s.broadcast.add(txn), begun_with=begun_with)

    def proposed_to(self, me: Process) -> Set[Node]:
        """The followers that NEWLEADER was sent to: they miss no transaction.  Source: Zab.tla; issues.md, issue 1."""
        return me.cepoch_recv

    @action
    def follower_receives_propose(self, s: State, i: Node, j: Node) -> State:
        """Follower i accepts the transaction.  Source: f.3.2."""
        m = self.received(s, i, j, Propose)
        me = s.processes[i]
        me = self.written(me.replace(history=me.history + (m.txn,)))
        return self.moved(s, i, me, s.net.receive(j, i).send(i, j, Ack(zxid=m.txn.zxid)))

    @action
    def leader_receives_ack(self, s: State, i: Node, j: Node) -> State:
        """Leader i commits, in order, what a quorum has accepted.  Source: l.3.2."""
        m = self.received(s, i, j, Ack)
        before = s.processes[i].last_committed
        me, net = self.acknowledged(s.processes[i], j, m.zxid), s.net.receive(j, i)
        for index in range(1, self.max_log + 1):
            if me.last_committed == index - 1 and index <= len(me.history) and self.on_quorum(me, i, index):
                me = me.replace(last_committed=index)
                net = net.broadcast(i, me.ackld_recv, Commit(zxid=me.history[index - 1].zxid))
        known = me.acked
        acked = Map.of(Node, lambda k: where(known[k] > me.last_committed, known[k], 0))
        return self.delivers(self.moved(s, i, me.replace(acked=acked), net), i, before)

    def acknowledged(self, me: Process, j: Node, zxid: Zxid) -> Process:
        """Leader `me` knows that j has accepted everything up to zxid."""
        index = index_of(me.history, zxid)
        return me.replace(acked=me.acked.set(j, where(index > me.last_committed, index, 0)))

    def on_quorum(self, me: Process, i: Node, index: int) -> bool:
        """Leader i knows the transaction to be on a quorum, itself included."""
        return self.is_quorum(count(k == i or me.acked[k] >= index for k in Node))

    @action
    def follower_receives_commit(self, s: State, i: Node, j: Node) -> State:
        """Follower i delivers the transaction, once it has delivered all before it.  Source: f.3.3."""
        m = self.received(s, i, j, Commit)
        me = s.processes[i]
        before = me.last_committed
        if before < len(me.history) and me.history[before].zxid == m.zxid:
            me = me.replace(last_committed=before + 1)
        return self.delivers(self.moved(s, i, me, s.net.receive(j, i)), i, before)

    # ------------------------------------------------------------------ faults

    @action
    def timeout(self, s: State, i: Node) -> State:
        """A leader or follower hears nothing any more: it closes its connections, and asks its oracle."""
        me = s.processes[i]
        require(me.leader is not None, "i leads or follows")
        return self.moved(s, i, self.looking(me), s.net.disconnect(i)).replace(timeouts=s.timeouts + 1)

    @action
    def lose_leader(self, s: State, i: Node, j: Node) -> State:
        """A follower whose connection to its leader is broken asks its oracle."""
        me = s.processes[i]
        require(i != j and me.leader == j, "i follows j")
        require(not s.net.connected(i, j), "j has closed the connection")
        return self.moved(s, i, self.looking(me), s.net)

    @action
    def restart(self, s: State, i: Node) -> State:
        """Process i crashes, and comes back with what is on its disk: it has delivered nothing yet."""
        me = s.processes[i]
        back = self.looking(me).replace(history=me.history[: me.synced], last_committed=0)
        # A crash that loses nothing changes nothing, and would only be counted.
        require(back != me, "the crash loses something")
        return self.moved(s, i, back, s.net.disconnect(i)).replace(restarts=s.restarts + 1)

    # ------------------------------------------------------------------ history

    def delivers(self, s: State, i: Node, before: int) -> State:
        """What i has committed since `before` it has delivered; what it had delivered before a restart counts once."""
        me, done = s.processes[i], s.delivered[i]
        for k in range(self.max_log):
            fresh = before <= k and k < me.last_committed and k < len(me.history)
            if fresh and not any(t == me.history[k] for t in done):
                done = done + (me.history[k],)
        return s.replace(delivered=s.delivered.set(i, done))
