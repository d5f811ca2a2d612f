"""Other networks and senders under Raft: worse ones than `raft` assumes, one that keeps the order, and more heartbeats.

None of them is a mistake: Raft must hold over each, and a rule left out may matter over one and not over another.
"""

from typing import Annotated

from mcheck.models.raft import Message, Node, Raft, Role, Server, State
from mcheck.spec import AtMost, Channels, In, Map, Safe, Set, action, len, require


class Dropping(Raft):
    """The network also loses messages in a step of their own, which makes room where few fit."""

    outcome = Safe(nodes=2, max_term=1, max_log=2, max_messages=2, max_restarts=0)

    @action
    def drop(self, s: State, m: Annotated[Message, In("network")]) -> State:
        """The network loses m."""
        return s.replace(network=s.network.remove(m))


class Duplicating(Raft):
    """The network may deliver a message and keep it, to deliver it again."""

    outcome = Safe(nodes=3, max_term=1, max_log=1, max_messages=2, max_restarts=0)

    @action
    def deliver_copy(self, s: State, m: Annotated[Message, In("network")]) -> State:
        """The addressee handles m, which stays in flight."""
        return self.handled(s, m, s.network)


class DroppingAndDuplicating(Dropping, Duplicating):
    """Both: what TCP protects from and UDP does not."""

    outcome = Safe(nodes=2, max_term=1, max_log=2, max_messages=2, max_restarts=0)


class Heartbeats(Raft):
    """A leader also sends heartbeats while it has entries to send.  Source: section 5.2."""

    outcome = Safe(nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0)

    @action
    def heartbeat(self, s: State, i: Node, j: Node) -> State:
        """A leader tells j that it is there, and up to where it has committed."""
        me = s.servers[i]
        require(i != j, "a leader does not send to itself")
        require(me.role == Role.LEADER, "only a leader sends heartbeats")
        return s.replace(network=self.sent(s.network, self.append_request(i, j, me).replace(entries=())))


# A queue is no set, and the rules of Raft that only hand the network on do not mind: hence each `type: ignore` below.
Queues = Annotated[Channels[Node, Message], AtMost("max_messages")]


class FifoState(State):
    """The state of Raft with a queue from each server to each other one in place of the set of messages."""

    network: Queues  # type: ignore[assignment]


class Fifo(Raft):
    """Between two servers no message overtakes another; `max_messages` limits each queue."""

    outcome = Safe(nodes=3, max_term=1, max_log=1, max_messages=1, max_restarts=0)

    def init(self) -> FifoState:
        blank = Server(next_index=Map.fill(Node, 1), match_index=Map.fill(Node, 0))
        empty = Channels.empty(Node)
        return FifoState(servers=Map.fill(Node, blank), network=empty, elected=Map.fill(Node, Set()))

    def sent(self, network: Queues, m: Message) -> Queues:  # type: ignore[override]
        return network.send(m.src, m.dst, m)

    def asked(self, network: Queues, i: Node, me: Server) -> Queues:  # type: ignore[override]
        for j in Node:
            if j != i:
                network = network.send(i, j, self.vote_request(i, j, me))
        return network

    @action
    def deliver(self, s: FifoState, i: Node, j: Node) -> State:  # type: ignore[override]
        """Server j handles what it was sent first by i, of all that is in flight."""
        require(i != j, "a server does not write to itself")
        require(len(s.network[i, j]) > 0, "there is a message from i to j")
        return self.handled(s, s.network[i, j][0], s.network.receive(i, j))  # type: ignore[arg-type]
