"""Raft with leases whose leader may hand its leadership over: TimeoutNow.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 3.10, Leadership transfer extension;
section 4.2.3 for votes that disturb a leader with its leave; section 6.4.1 for leases.

A leader tells another server to stand at once.  That server's requests for votes are answered by all, also by those who hear a leader:
it has the leave of the leader to depose it.  So the answers that the leader's lease rests on promise nothing from then on, and
it must read no more on the strength of them.  A TimeoutNow may be late, and arrive after the leader has given the transfer up:
the lease is lost until its term is over.

Differs: a leader hands over to a server that holds all of its log, as far as it knows; until then it replicates as always.

Throughout this file: as in `raft_lease_read`.
"""

from typing import Annotated

from mcheck.models.raft import LogIndex, Message, Node, Role, Server, State, Term, Value, last_log_term
from mcheck.models.raft_lease_read import LeasingServer, LeasingState, RaftLeaseRead
from mcheck.spec import AtMost, Broken, In, Map, Record, Set, action, any, extended, len, reachable, require


class TimeoutNow(Record):
    """From a leader: stand for election, without waiting for your timer."""

    src: Node
    dst: Node
    term: Term


class PermittedRequestVote(Record):
    """A RequestVote whose sender may disturb the leader, which has told it to.  Source: section 4.2.3."""

    src: Node
    dst: Node
    term: Term
    last_log_index: LogIndex
    last_log_term: Term


AnyMessage = Message | TimeoutNow | PermittedRequestVote
AnyNetwork = Annotated[Set[AnyMessage], AtMost("max_messages")]


class TransferringServer(LeasingServer):
    """A server, and what it knows of a transfer in its term."""

    target: Node | None = None  # of a leader: to whom it hands over
    transferred: bool = False  # of a leader: it has sent a TimeoutNow


class TransferringState(LeasingState):
    """The state, with the messages of transfers."""

    servers: Map[Node, TransferringServer]  # type: ignore[assignment]
    network: AnyNetwork = Set()  # type: ignore[assignment]


class RaftTransfer(RaftLeaseRead):
    """A leader hands over to a server of its choice, and reads no more by its lease."""

    def init(self) -> TransferringState:
        return extended(super().init(), TransferringState)

    # ------------------------------------------------------------------ the leader: section 3.10

    @action
    def transfer(self, s: TransferringState, i: Node, j: Node) -> State:
        """Leader i tells j to stand, and takes no requests meanwhile.  Source: section 3.10, steps 1 to 3."""
        me = s.servers[i]
        require(i != j and me.role == Role.LEADER, "i leads, and j is another server")
        require(me.target is None, "no transfer is under way")
        require(me.match_index[j] == len(me.log), "j holds the log of i")
        me = me.replace(target=j, transferred=True)
        network = self.sent(s.network, TimeoutNow(src=i, dst=j, term=me.current_term))  # type: ignore[arg-type]
        return self.moved(s, i, me, network)

    @action
    def give_up_transfer(self, s: TransferringState, i: Node) -> State:
        """An election timeout has passed: leader i takes requests again.  Source: section 3.10, the last paragraph."""
        me = s.servers[i]
        require(me.target is not None, "a transfer is under way")
        return self.moved(s, i, me.replace(target=None), s.network)  # type: ignore[arg-type]

    @action
    def client_request(self, s: TransferringState, i: Node, v: Value) -> State:  # type: ignore[override]
        """As in Raft, unless i hands over.  Source: section 3.10, step 1."""
        require(s.servers[i].target is None, "no transfer is under way")
        return super().client_request(s, i, v)

    def has_lease(self, s: TransferringState, i: Node) -> bool:  # type: ignore[override]
        """As before, unless others may depose i by its own leave.  Source: section 6.4.1."""
        return self.may_lease(s.servers[i]) and super().has_lease(s, i)

    def may_lease(self, me: TransferringServer) -> bool:
        """I have sent no TimeoutNow in my term."""
        return not me.transferred

    def follower(self, me: TransferringServer) -> Server:  # type: ignore[override]
        """As in Raft; there is nothing to hand over."""
        return super().follower(me).replace(target=None, transferred=False)

    # ------------------------------------------------------------------ the others

    @action
    def deliver(self, s: TransferringState, m: Annotated[AnyMessage, In("network")]) -> State:  # type: ignore[override]
        """The addressee handles m."""
        return super().deliver(s, m)  # type: ignore[arg-type]

    def handled(self, s: TransferringState, m: AnyMessage, network: AnyNetwork) -> State:  # type: ignore[override]
        match m:
            case TimeoutNow():
                return self.on_timeout_now(s, self.at_term(s.servers[m.dst], m.term), m, network)  # type: ignore[arg-type]
            case PermittedRequestVote():
                me, vote = self.on_request_vote(self.at_term(s.servers[m.dst], m.term), m)  # type: ignore[arg-type]
                return self.moved(s, m.dst, me, self.sent(network, vote))  # type: ignore[arg-type]
        return super().handled(s, m, network)  # type: ignore[arg-type]

    def on_timeout_now(self, s: TransferringState, me: TransferringServer, m: TimeoutNow, network: AnyNetwork) -> State:
        """A follower of that leader stands at once.  Source: section 3.10, step 3."""
        if me.role != Role.FOLLOWER or m.term != me.current_term:
            return self.moved(s, m.dst, me, network)  # type: ignore[arg-type]
        me = self.candidate(me.replace(leader_alive=False), m.dst)  # type: ignore[assignment]
        asked = Set(self.permitted_request(m.dst, j, me) for j in Node if j != m.dst)
        return self.moved(s, m.dst, me, network | asked)

    def permitted_request(self, i: Node, j: Node, me: TransferringServer) -> PermittedRequestVote:
        """Candidate i's request to j: as in Raft, and with leave."""
        return PermittedRequestVote(
            src=i, dst=j, term=me.current_term, last_log_index=len(me.log), last_log_term=last_log_term(me.log)
        )

    def is_permitted(self, before: TransferringState, i: Node, candidate: Node) -> bool:  # type: ignore[override]
        """The leader has told the candidate to stand."""
        return any(
            (isinstance(m, TimeoutNow) and m.dst == i and candidate == i)
            or (isinstance(m, PermittedRequestVote) and m.dst == i and m.src == candidate)
            for m in before.network
        )

    @reachable("leadership is handed over")
    def handed_over(self, s: TransferringState, i: Node, j: Node) -> bool:
        """Server j leads, and i, which has told it to, does not know yet."""
        return s.servers[i].target == j and s.servers[j].role == Role.LEADER


# ---------------------------------------------------------------------- one rule at a time


class KeepsLease(RaftTransfer):
    """A leader that hands over reads by its lease meanwhile."""

    outcome = Broken(
        "Fresh Reads", steps=20, source="dissertation, sections 3.10 and 6.4.1",
        nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=0,
    )  # fmt: skip

    def may_lease(self, me: TransferringServer) -> bool:
        return True


class LeasesAgain(RaftTransfer):
    """A leader that has given a transfer up reads by its lease again; its TimeoutNow is still under way."""

    outcome = Broken(
        "Fresh Reads", steps=21, source="dissertation, sections 3.10 and 6.4.1",
        nodes=3, max_term=2, max_log=2, max_messages=2, max_restarts=0,
    )  # fmt: skip

    def may_lease(self, me: TransferringServer) -> bool:
        return me.target is None
