"""Raft with Pre-Vote: before a server raises its term, it asks whether it could win.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 9.6, Preventing disruptions when a
server rejoins the cluster.

A server that was cut off raises its term with every timeout.  Once it is back, its term makes the leader step down, although
nobody but that server was missing it.  With Pre-Vote a server raises its term only if a majority says that it would vote for
it: those whose log is no better, and who have heard no leader within the election timeout.

Throughout this file: as in `raft_healthy_leader`, which has the property; an attempt of server i lasts from its timeout until
it stands or follows.
"""

from typing import Annotated

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    LogIndex,
    Message,
    Node,
    Role,
    Server,
    State,
    Term,
    last_log_term,
)
from mcheck.models.raft_election_timer import TimedServer
from mcheck.models.raft_healthy_leader import HealthyLeader, HealthyState
from mcheck.spec import (
    AtMost,
    Broken,
    In,
    Map,
    Record,
    Safe,
    Set,
    action,
    any,
    extended,
    len,
    reachable,
)


class PreVote(Record):
    """Would you vote for me in `term`, the one after mine?  The rest is of RequestVote.  Source: section 9.6."""

    src: Node
    dst: Node
    term: Term
    last_log_index: LogIndex
    last_log_term: Term


class PreVoteReply(Record):
    """`term` is that of the server which answers, as in every reply."""

    src: Node
    dst: Node
    term: Term
    vote_granted: bool


AnyMessage = Message | PreVote | PreVoteReply
AnyNetwork = Annotated[Set[AnyMessage], AtMost("max_messages")]


class PreVoteServer(TimedServer):
    """A server, and who has said that they would vote for it: itself at least, while an attempt goes on."""

    pre_votes: Set[Node] = Set()


class PreVoteState(HealthyState):
    """The state of Raft, with such servers, and the messages of Pre-Vote."""

    servers: Map[Node, PreVoteServer]  # type: ignore[assignment]
    network: AnyNetwork = Set()  # type: ignore[assignment]


class RaftPreVote(HealthyLeader):
    """A server that hears no leader asks whether it could win an election, and stands if a majority says so."""

    def init(self) -> PreVoteState:
        return extended(super().init(), PreVoteState)

    def asks(self, me: PreVoteServer) -> bool:  # type: ignore[override]
        """I have asked for pre-votes, and neither stand nor follow yet."""
        return len(me.pre_votes) > 0

    # ------------------------------------------------------------------ the server that asks

    def campaigned(self, s: PreVoteState, i: Node, network: AnyNetwork) -> State:  # type: ignore[override]
        """Server i has asked everyone else whether they would vote for it in the next term.  Its term stays what it is.

        What an earlier attempt has asked is not answered any more: a reply belongs to its request, as in any RPC.
        """
        me = self.follower(s.servers[i]).replace(pre_votes=Set.of(i))
        if self.is_quorum(1):
            return self.stood(s, i, me, network)  # type: ignore[arg-type]
        network = self.given_up(network, i) | Set(self.pre_vote_request(i, j, me) for j in Node if j != i)
        return self.attempted(self.moved(s, i, me, network), i)  # type: ignore[arg-type]

    def given_up(self, network: AnyNetwork, i: Node) -> AnyNetwork:
        """The network without the requests of server i, and the replies to them."""
        return Set(m for m in network if not self.is_about(m, i))

    def is_about(self, m: AnyMessage, i: Node) -> bool:
        """Server i has asked m, or is answered by it."""
        return (isinstance(m, PreVote) and m.src == i) or (isinstance(m, PreVoteReply) and m.dst == i)

    def pre_vote_request(self, i: Node, j: Node, me: Server) -> PreVote:
        """What i asks j."""
        return PreVote(
            src=i,
            dst=j,
            term=me.current_term + 1,
            last_log_index=len(me.log),
            last_log_term=last_log_term(me.log),
        )

    def on_pre_vote_reply(self, s: PreVoteState, me: PreVoteServer, m: PreVoteReply, network: AnyNetwork) -> State:
        """A server that asks collects the answers to its attempt."""
        if m.vote_granted and self.asks(me):
            me = me.replace(pre_votes=me.pre_votes.add(m.src))
            if self.is_quorum(len(me.pre_votes)):
                return self.stood(s, m.dst, me, network)
        return self.moved(s, m.dst, me, network)  # type: ignore[arg-type]

    def stood(self, s: PreVoteState, i: Node, me: PreVoteServer, network: AnyNetwork) -> State:
        """Server i has begun an election as in Raft, and asks no more."""
        s = s.replace(servers=s.servers.set(i, me.replace(pre_votes=Set())))
        return super().campaigned(s, i, network)  # type: ignore[arg-type]

    def follower(self, me: PreVoteServer) -> Server:  # type: ignore[override]
        """As in Raft; whoever follows does not ask."""
        return super().follower(me).replace(pre_votes=Set())

    def on_append_entries(self, me: PreVoteServer, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:  # type: ignore[override]
        """As in Raft; whoever hears a leader does not ask."""
        after, reply = super().on_append_entries(me, m)
        return after.replace(pre_votes=Set()) if self.obeys(me, m) else after, reply

    # ------------------------------------------------------------------ the server that is asked

    def handled(self, s: PreVoteState, m: AnyMessage, network: AnyNetwork) -> State:  # type: ignore[override]
        match m:
            case PreVote():
                answer = self.on_pre_vote(s.servers[m.dst], m)
                return self.moved(s, m.dst, s.servers[m.dst], self.sent(network, answer))  # type: ignore[arg-type]
            case PreVoteReply():
                return self.on_pre_vote_reply(s, self.at_term(s.servers[m.dst], m.term), m, network)  # type: ignore[arg-type]
        return super().handled(s, m, network)  # type: ignore[arg-type]

    @action
    def deliver(self, s: PreVoteState, m: Annotated[AnyMessage, In("network")]) -> State:  # type: ignore[override]
        """The addressee handles m."""
        return super().deliver(s, m)  # type: ignore[arg-type]

    def on_pre_vote(self, me: PreVoteServer, m: PreVote) -> PreVoteReply:
        """Whether I would vote for it.  I promise nothing, and nothing of me changes.  Source: section 9.6."""
        granted = self.would_be_new(me, m) and not self.hears(me) and self.up_to_date(me, m)  # type: ignore[arg-type]
        return PreVoteReply(src=m.dst, dst=m.src, term=me.current_term, vote_granted=granted)

    def would_be_new(self, me: PreVoteServer, m: PreVote) -> bool:
        """I have not come to that term, and so have no vote in it."""
        return m.term > me.current_term

    @reachable("a pre-vote is refused")
    def pre_vote_refused(self, s: PreVoteState) -> bool:
        return any(isinstance(m, PreVoteReply) and not m.vote_granted for m in s.network)


# ---------------------------------------------------------------------- one rule at a time


class SkipsPreVote(RaftPreVote):
    """A server whose timer has run out stands at once: Raft without Pre-Vote.

    It is heard by the leader, in a message or in the answer to one, and the leader steps down for nothing.
    """

    outcome = Broken(
        "A Healthy Leader Stays", steps=7, source="dissertation, section 9.6",
        nodes=3, max_term=2, max_log=0, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def campaigned(self, s: PreVoteState, i: Node, network: AnyNetwork) -> State:  # type: ignore[override]
        return self.stood(s, i, s.servers[i], network)


class GrantsWhileLed(RaftPreVote):
    """A server says that it would vote for another although it hears a leader."""

    outcome = Broken(
        "A Healthy Leader Stays", steps=14, source="dissertation, section 9.6",
        nodes=3, max_term=2, max_log=0, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def on_pre_vote(self, me: PreVoteServer, m: PreVote) -> PreVoteReply:
        return super().on_pre_vote(me.replace(leader_alive=False, role=Role.FOLLOWER), m)


class CountsEarlierAttempts(RaftPreVote):
    """A server that asks again counts the answers to what it has asked before: nothing in them says which is which."""

    outcome = Broken(
        "A Healthy Leader Stays", steps=17, source="dissertation, section 9.6",
        nodes=3, max_term=2, max_log=0, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def given_up(self, network: AnyNetwork, i: Node) -> AnyNetwork:
        return network


class AdoptsTermAskedAbout(RaftPreVote):
    """A server that is asked adopts the term it is asked about, as it does with every other message.

    So the leader steps down before anybody has a right to the term.
    """

    outcome = Broken(
        "A Healthy Leader Stays", steps=10, source="dissertation, section 9.6",
        nodes=3, max_term=2, max_log=0, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def handled(self, s: PreVoteState, m: AnyMessage, network: AnyNetwork) -> State:  # type: ignore[override]
        after = super().handled(s, m, network)
        me = after.servers[m.dst]
        return self.moved(after, m.dst, self.at_term(me, m.term), after.network) if isinstance(m, PreVote) else after  # type: ignore[arg-type]


class IgnoresLogsInPreVote(RaftPreVote):
    """A server says that it would vote for one whose log is not as up to date as its own.  Safe: the vote is asked for again."""

    outcome = Safe(nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0)

    def on_pre_vote(self, me: PreVoteServer, m: PreVote) -> PreVoteReply:
        return super().on_pre_vote(me.replace(log=()), m)
