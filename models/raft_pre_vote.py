"""Raft with Pre-Vote: before a server raises its term, it asks whether it could win.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 9.6, Preventing disruptions when a
server rejoins the cluster.

A server that was cut off raises its term with every timeout.  Once it is back, its term makes the leader step down, although
nobody but that server was missing it.  With Pre-Vote a server raises its term only if a majority says that it would vote for
it: those whose log is no better, and who have heard no leader within the election timeout.

Throughout this file: as in `raft_election_timer`; an attempt of server i lasts from its timeout until it stands or follows.
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
from mcheck.models.raft_election_timer import ElectionTimer, TimedServer, TimedState
from mcheck.spec import (
    GHOST,
    AtMost,
    Broken,
    In,
    Map,
    Range,
    Record,
    Safe,
    Set,
    action,
    any,
    count,
    extended,
    len,
    reachable,
    step,
    where,
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


class Silent(Record):
    """At some moment of the attempt of `asker` that goes on, `server` has heard no leader."""

    asker: Node
    server: Node


class PreVoteState(TimedState):
    """The state, with the messages of Pre-Vote, and what the property must remember."""

    servers: Map[Node, PreVoteServer]  # type: ignore[assignment]
    network: AnyNetwork = Set()  # type: ignore[assignment]
    silent: Annotated[Set[Silent], GHOST] = Set()
    founded: Annotated[Set[Term], GHOST] = Set()  # terms begun by one whom a quorum would have elected


class RaftPreVote(ElectionTimer):
    """A server that hears no leader asks whether it could win an election, and stands if a majority says so."""

    def init(self) -> PreVoteState:
        return extended(super().init(), PreVoteState)

    # ------------------------------------------------------------------ the server that asks

    def campaigned(self, s: PreVoteState, i: Node, network: AnyNetwork) -> State:  # type: ignore[override]
        """Server i has asked everyone else whether they would vote for it in the next term.  Its term stays what it is.

        What an earlier attempt has asked is not answered any more: a reply belongs to its request, as in any RPC.
        """
        me = self.follower(s.servers[i]).replace(pre_votes=Set.of(i))
        if self.is_quorum(1):
            return self.stood(s, i, me, network)
        network = self.given_up(network, i) | Set(self.pre_vote_request(i, j, me) for j in Node if j != i)
        after = self.moved(s, i, me, network)
        return after.replace(silent=self.silent_from_now_on(after, i))

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
        if m.vote_granted and len(me.pre_votes) > 0:
            me = me.replace(pre_votes=me.pre_votes.add(m.src))
            if self.is_quorum(len(me.pre_votes)):
                return self.stood(s, m.dst, me, network)
        return self.moved(s, m.dst, me, network)

    def stood(self, s: PreVoteState, i: Node, me: PreVoteServer, network: AnyNetwork) -> State:
        """Server i has begun an election as in Raft, and asks no more."""
        s = s.replace(founded=self.with_founded(s, i), servers=s.servers.set(i, me.replace(pre_votes=Set())))
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
        return super().handled(s, m, network)

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

    # ------------------------------------------------------------------ history

    def moved(self, s: PreVoteState, i: Node, me: PreVoteServer, network: AnyNetwork) -> State:  # type: ignore[override]
        """As in Raft; and it is noted who hears no leader while somebody asks."""
        after = super().moved(s, i, me, network)  # type: ignore[arg-type]
        return after.replace(
            silent=Set(x for x in s.silent if len(after.servers[x.asker].pre_votes) > 0)
            | Set(
                Silent(asker=a, server=i)
                for a in Node
                if len(after.servers[a].pre_votes) > 0 and not self.hears(after.servers[i])
            )
        )

    def silent_from_now_on(self, s: PreVoteState, i: Node) -> Set[Silent]:
        """`silent` as server i begins an attempt: who hears no leader then."""
        return Set(x for x in s.silent if x.asker != i) | Set(
            Silent(asker=i, server=j) for j in Node if not self.hears(s.servers[j])
        )

    def with_founded(self, s: PreVoteState, i: Node) -> Set[Term]:
        """`founded`, and the term that i begins, unless a quorum has heard a leader throughout its attempt."""
        silent = count(Silent(asker=i, server=j) in s.silent or not self.hears(s.servers[j]) for j in Node)
        begun = s.servers[i].current_term + 1
        return s.founded | Set(t for t in range(1, self.max_term + 1) if t == begun and self.is_quorum(silent))

    # ------------------------------------------------------------------ properties

    @step("A Healthy Leader Stays")
    def healthy_leader_stays(self, before: PreVoteState, after: PreVoteState, i: Node) -> bool:
        """No leader that a quorum hears is deposed by a server that no quorum would have elected.

        It would not: while the server tried, a quorum heard a leader all the time.  Source: section 9.6.
        """
        old, new = before.servers[i], after.servers[i]
        healthy = old.role == Role.LEADER and self.is_quorum(count(self.obeyed_by(before.servers[j], old, i == j) for j in Node))
        deposed = new.current_term > old.current_term and new.current_term not in after.founded
        return not (healthy and deposed)

    def obeyed_by(self, other: PreVoteServer, leader: PreVoteServer, same: bool) -> bool:
        """The other server hears the leader, in its term."""
        return same or (other.leader_alive and other.current_term == leader.current_term)

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
        return self.moved(after, m.dst, self.at_term(me, m.term), after.network) if isinstance(m, PreVote) else after


class IgnoresLogsInPreVote(RaftPreVote):
    """A server says that it would vote for one whose log is not as up to date as its own.  Safe: the vote is asked for again."""

    outcome = Safe(nodes=3, max_term=2, max_log=1, max_messages=2, max_restarts=0)

    def on_pre_vote(self, me: PreVoteServer, m: PreVote) -> PreVoteReply:
        return super().on_pre_vote(me.replace(log=()), m)
