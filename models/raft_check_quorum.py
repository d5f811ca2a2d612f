"""Raft with a leader that checks its quorum, and servers that stick to a leader they hear.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014): section 6.2, a leader steps down if an
election timeout passes without a round of heartbeats to a majority; section 4.2.3, a server that has heard a leader within
the election timeout neither adopts the term of a RequestVote nor grants it.

Both belong together: the first lets clients of a leader that nobody hears go elsewhere, the second keeps a server from
disturbing a leader that all others hear.  A leader hears itself, and so would never make room without the first.

Throughout this file: as in `raft_election_timer`.
"""

from mcheck.models.raft import (
    AppendEntriesReply,
    Message,
    Network,
    Node,
    RequestVote,
    Role,
    Server,
    State,
)
from mcheck.models.raft_election_timer import ElectionTimer, TimedServer, TimedState
from mcheck.spec import Broken, Map, Safe, Set, action, extended, len, reachable, require, step


class CheckingServer(TimedServer):
    """A server, and which others it has heard from, while it leads, since it last checked; itself among them."""

    recently_active: Set[Node] = Set()


class CheckingState(TimedState):
    """The state of Raft with such servers."""

    servers: Map[Node, CheckingServer]  # type: ignore[assignment]


class RaftCheckQuorum(ElectionTimer):
    """A leader that a quorum does not answer steps down; a server that hears a leader votes for no other."""

    def init(self) -> CheckingState:
        return extended(super().init(), CheckingState)

    # ------------------------------------------------------------------ leaders: section 6.2

    @action
    def check_quorum(self, s: CheckingState, i: Node) -> State:
        """An election timeout passes on a leader; without an answer from a quorum it leads no more."""
        me = s.servers[i]
        require(me.role == Role.LEADER, "only a leader checks")
        if self.is_quorum(len(me.recently_active.add(i))):
            return self.moved(s, i, me.replace(recently_active=Set()), s.network)
        return self.moved(s, i, self.follower(me), s.network)

    def on_append_entries_reply(self, me: CheckingServer, m: AppendEntriesReply) -> Server:  # type: ignore[override]
        """As in Raft; whoever answers, be it a refusal, is active."""
        after = super().on_append_entries_reply(me, m)
        if m.term == me.current_term and me.role == Role.LEADER:
            after = after.replace(recently_active=me.recently_active.add(m.src))
        return after

    def follower(self, me: CheckingServer) -> Server:  # type: ignore[override]
        """As in Raft; whoever follows has nothing to check."""
        return super().follower(me).replace(recently_active=Set())

    # ------------------------------------------------------------------ voters: section 4.2.3

    def handled(self, s: CheckingState, m: Message, network: Network) -> State:  # type: ignore[override]
        if isinstance(m, RequestVote) and self.sticks(s.servers[m.dst], m):
            return s.replace(network=network)
        return super().handled(s, m, network)

    def sticks(self, me: CheckingServer, m: RequestVote) -> bool:
        """I hear a leader, and do not answer one who would be another."""
        return self.hears(me)

    # ------------------------------------------------------------------ properties

    @step("Leader Stickiness")
    def leader_stickiness(self, before: CheckingState, after: CheckingState, i: Node) -> bool:
        """A server that hears a leader gives no vote to another, unless by leave of that leader.  Source: section 4.2.3."""
        old, candidate = before.servers[i], after.servers[i].voted_for
        if not self.hears(old) or candidate is None or candidate == old.voted_for:
            return True
        return self.is_permitted(before, i, candidate)

    def is_permitted(self, before: CheckingState, i: Node, candidate: Node) -> bool:
        """The leader has told the candidate to stand: see `raft_transfer`."""
        return False

    @step("Leaders Are Heard")
    def leaders_are_heard(self, before: CheckingState, after: CheckingState, i: Node) -> bool:
        """A leader that checks and goes on has been answered by a quorum since it last checked.  Source: section 6.2."""
        old, new = before.servers[i], after.servers[i]
        checked = len(old.recently_active) > 0 and len(new.recently_active) == 0 and new.role == Role.LEADER
        return not checked or self.is_quorum(len(old.recently_active.add(i)))

    @reachable("a leader steps down as nobody answers")
    def steps_down(self, s: CheckingState, i: Node) -> bool:
        """It has won its term, and follows in it."""
        return s.servers[i].role == Role.FOLLOWER and s.servers[i].current_term in s.elected[i]


# ---------------------------------------------------------------------- one rule at a time


class VotesWhileLed(RaftCheckQuorum):
    """A server votes although it hears a leader."""

    outcome = Broken(
        "Leader Stickiness", steps=5, source="dissertation, section 4.2.3",
        nodes=3, max_term=2, max_log=0, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def sticks(self, me: CheckingServer, m: RequestVote) -> bool:
        return False


class NeverChecks(RaftCheckQuorum):
    """A leader does not check its quorum.  Safe; but a leader that nobody hears stays, and keeps its clients."""

    outcome = Safe(nodes=3, max_term=2, max_log=0, max_messages=2, max_restarts=0)

    @action
    def check_quorum(self, s: CheckingState, i: Node) -> State:
        me = s.servers[i]
        require(me.role == Role.LEADER, "only a leader checks")
        return self.moved(s, i, me.replace(recently_active=Set()), s.network)
