"""Raft whose servers know whether they hear a leader: what pre-vote, the check of the quorum and leases are made of.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 3.4 for the election timeout.

There is no clock.  A server hears its leader from an AppendEntries on, until an election timeout passes without one, which
may happen at any time.  So whatever holds here holds for all timeouts, and for clocks that do not agree.

Throughout this file: as in `raft`.  What is built on this takes its rules over one by one, and goes with the others.
"""

from mcheck.models.raft import AppendEntries, AppendEntriesReply, Node, Raft, Role, Server, State
from mcheck.spec import Map, action, extended, require


class TimedServer(Server):
    """A server, and whether its election timer is running."""

    leader_alive: bool = False  # volatile; an AppendEntries has come within the election timeout


class TimedState(State):
    """The state of Raft with such servers."""

    servers: Map[Node, TimedServer]  # type: ignore[assignment]


# The rules of Raft hand a server on with all its fields, so `me` is a TimedServer wherever it is a Server there: hence each
# `type: ignore` below, and in the files that build on this one.
class ElectionTimer(Raft):
    """Only a server whose election timer has run out starts an election."""

    def init(self) -> TimedState:
        return extended(super().init(), TimedState)

    def hears(self, me: TimedServer) -> bool:
        """I lead, or have heard a leader within the election timeout."""
        return me.leader_alive or me.role == Role.LEADER

    @action
    def silence(self, s: TimedState, i: Node) -> State:
        """The election timeout passes, and i has heard nothing of a leader."""
        me = s.servers[i]
        require(me.leader_alive, "the election timer is running")
        return self.moved(s, i, me.replace(leader_alive=False), s.network)

    @action
    def timeout(self, s: TimedState, i: Node) -> State:  # type: ignore[override]
        """A server that hears no leader starts an election.  Source: section 3.4."""
        require(not self.hears(s.servers[i]), "the election timer has run out")
        return super().timeout(s, i)

    def on_append_entries(self, me: TimedServer, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:  # type: ignore[override]
        """As in Raft; a leader that is obeyed has been heard.  Source: section 3.4."""
        after, reply = super().on_append_entries(me, m)
        return after.replace(leader_alive=me.leader_alive or self.obeys(me, m)), reply

    def restored(self, me: TimedServer) -> Server:  # type: ignore[override]
        return super().restored(me).replace(leader_alive=False)
