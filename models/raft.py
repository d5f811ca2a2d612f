"""Raft: leader election and log replication.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014; Figure 2 is the
algorithm and Figure 3 what it promises.  Read this file beside them.

Granularity: one step is a local action (a timeout with its broadcast, a client's request, one AppendEntries, a restart)
or the delivery of one message, with everything that follows from it at once: the term is adopted, the reply sent, the
leadership taken, the commit index advanced.  Fewer interleavings than with a step for each rule, and the same guarantees,
as no other server can observe the moment in between.

Throughout this file: i, j servers; m a message; v a client's value; index the position of a log entry, counted from 1;
`me` the server that takes the step.

The network is a set of messages in flight.  It reorders them freely, and loses them by not delivering them; delivery
removes the message.  `raft_networks` has others, `raft_election_tweaks` and `raft_log_tweaks` the ways to get Raft wrong.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    In,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
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
    step,
)


class Node(Index, size="nodes"):
    """A server of the cluster."""


class Value(Index, size="values"):
    """A command that a client may ask for."""


Term = Annotated[int, Range(0, "max_term")]
LogIndex = Annotated[int, Range(0, "max_log")]  # 0: before the first entry
NextIndex = Annotated[int, Range(1, "max_log+1")]


class Role(Enum):
    """Source: Fig. 4."""

    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class Entry(Record):
    """A command, and the term in which a leader received it."""

    term: Term
    value: Value


Log = Annotated[tuple[Entry, ...], AtMost("max_log")]


class Server(Record):
    """Source: Fig. 2, State.  What a role has no use for keeps its first value, so that servers which will behave alike
    are equal."""

    role: Role = Role.FOLLOWER
    current_term: Term = 0  # persistent
    voted_for: Node | None = None  # persistent; in current_term
    log: Log = ()  # persistent
    commit_index: LogIndex = 0
    votes_granted: Set[Node] = Set()  # of a candidate
    next_index: Map[Node, NextIndex]  # of a leader: the entry to send to each server next
    match_index: Map[Node, LogIndex]  # of a leader: up to where each server is known to agree


class RequestVote(Record):
    """Source: Fig. 2, RequestVote RPC, Arguments; `src` is candidateId."""

    src: Node
    dst: Node
    term: Term
    last_log_index: LogIndex
    last_log_term: Term


class RequestVoteReply(Record):
    """Source: Fig. 2, RequestVote RPC, Results."""

    src: Node
    dst: Node
    term: Term
    vote_granted: bool


class AppendEntries(Record):
    """Source: Fig. 2, AppendEntries RPC, Arguments; `src` is leaderId.  Differs: at most one entry, as longer ones act like
    several of these; with none it is a heartbeat."""

    src: Node
    dst: Node
    term: Term
    prev_log_index: LogIndex
    prev_log_term: Term
    entries: Annotated[tuple[Entry, ...], AtMost(1)]
    leader_commit: LogIndex


class AppendEntriesReply(Record):
    """Source: Fig. 2, AppendEntries RPC, Results.  Differs: carries match_index, as a reply must say what it is about."""

    src: Node
    dst: Node
    term: Term
    success: bool
    match_index: LogIndex


Message = RequestVote | RequestVoteReply | AppendEntries | AppendEntriesReply
Network = Annotated[Set[Message], AtMost("max_messages")]


class Commit(Record):
    """The entry at `log_index` was committed, by any server, in `term` first."""

    log_index: LogIndex
    entry: Entry
    term: Term


class State(Record):
    """The servers and the network; a count that limits restarts; what the properties remember."""

    servers: Map[Node, Server]
    network: Network = Set()
    restarts: Annotated[int, Range(0, "max_restarts")] = 0
    elected: Annotated[Map[Node, Set[Term]], GHOST]  # the terms that each server has won
    committed: Annotated[Set[Commit], GHOST] = Set()  # what was ever committed
    requested: Annotated[Set[Value], GHOST] = Set()  # what clients ever asked for


def last_log_term(log: Log) -> int:
    """The term of the last entry; 0, which precedes all terms, for an empty log."""
    return log[-1].term if len(log) > 0 else 0


class Raft(Spec[State]):
    """Leader election, log replication and the commit rule, with servers that restart."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "servers in the cluster", least=1)
    values: int = constant(1, "distinct commands of clients", least=1)
    # Two terms show an election and a rival leader, two entries a conflict between logs and its repair.  Four messages leave
    # unanswered requests about while the next exchange goes on; with two, an election is alone in the network.  The first
    # 12 steps, past the first commit, are then 424,798 states and 1.8 million transitions: a fraction of a second for the
    # native engine, a minute in plain Python (`--max-log 1 --max-messages 3`: ten seconds).
    max_term: int = bound(2, "highest term explored; the first is 0")
    max_log: int = bound(2, "longest log explored")
    max_messages: int = bound(4, "most messages in flight")
    max_restarts: int = bound(1, "most restarts, of all servers together")

    def init(self) -> State:
        blank = Server(next_index=Map.fill(Node, 1), match_index=Map.fill(Node, 0))
        return State(servers=Map.fill(Node, blank), elected=Map.fill(Node, Set()))

    # ------------------------------------------------------------------ Rules for Servers: all, and candidates (Fig. 2)

    def at_term(self, me: Server, term: int) -> Server:
        """A higher term is adopted at once, as a follower.  Source: Fig. 2, Rules for Servers, All Servers."""
        if term > me.current_term:
            me = self.follower(me).replace(current_term=term, voted_for=None)
        return me

    def follower(self, me: Server) -> Server:
        """Candidacy and leadership end, and what belonged to them is of no use any more."""
        return me.replace(
            role=Role.FOLLOWER,
            votes_granted=Set(),
            next_index=Map.fill(Node, 1),
            match_index=Map.fill(Node, 0),
        )

    def is_quorum(self, size: int) -> bool:
        """So many servers are a majority of the cluster: any two such groups have a server in common."""
        return size * 2 > len(Node)

    @action
    def timeout(self, s: State, i: Node) -> State:
        """A follower or candidate hears no leader, starts an election, and asks everyone else for votes.

        Source: Fig. 2, Rules for Servers, Candidates; section 5.2.
        """
        require(s.servers[i].role != Role.LEADER, "a leader does not start an election")
        return self.campaigned(s, i, s.network)

    def campaigned(self, s: State, i: Node, network: Network) -> State:
        """Server i has begun a new term, voted for itself in it, and asked everyone else."""
        me = self.candidate(s.servers[i], i)
        return self.moved(s, i, me, self.asked(network, i, me))

    def candidate(self, me: Server, i: Node) -> Server:
        """Server i is a candidate in a new term, with its own vote."""
        me = me.replace(role=Role.CANDIDATE, current_term=me.current_term + 1, voted_for=i, votes_granted=Set.of(i))
        return self.counted(me)

    def asked(self, network: Network, i: Node, me: Server) -> Network:
        """Candidate i has asked everyone else."""
        return network | Set(self.vote_request(i, j, me) for j in Node if j != i)

    def vote_request(self, i: Node, j: Node, me: Server) -> RequestVote:
        """Candidate i's request to j: its term, and where its log ends."""
        return RequestVote(
            src=i,
            dst=j,
            term=me.current_term,
            last_log_index=len(me.log),
            last_log_term=last_log_term(me.log),
        )

    def counted(self, me: Server) -> Server:
        """A candidate with the votes of a quorum is leader.  Source: Fig. 2, Candidates and State, Volatile on leaders."""
        if not self.is_quorum(len(me.votes_granted)):
            return me
        return me.replace(
            role=Role.LEADER,
            votes_granted=Set(),
            next_index=Map.fill(Node, len(me.log) + 1),
            match_index=Map.fill(Node, 0),
        )

    # ------------------------------------------------------------------ Rules for Servers: leaders (Fig. 2)

    @action
    def client_request(self, s: State, i: Node, v: Value) -> State:
        """A leader appends a client's command to its log.  Source: Fig. 2, Rules for Servers, Leaders."""
        me = s.servers[i]
        require(me.role == Role.LEADER, "only a leader takes requests")
        me = me.replace(log=me.log + (Entry(term=me.current_term, value=v),))
        after = self.moved(s, i, self.advanced(i, me), s.network)
        return after.replace(requested=s.requested.add(v))

    @action
    def append_entries(self, s: State, i: Node, j: Node) -> State:
        """A leader sends j the entry at its next_index, or a heartbeat if there is none.

        Source: Fig. 2, Rules for Servers, Leaders.
        """
        me = s.servers[i]
        require(i != j, "a leader does not send to itself")
        require(me.role == Role.LEADER, "only a leader replicates")
        return s.replace(network=self.sent(s.network, self.append_request(i, j, me)))

    def append_request(self, i: Node, j: Node, me: Server) -> AppendEntries:
        """Leader i's request to j: the entry at its next_index, and the one before it to compare."""
        prev = me.next_index[j] - 1
        return AppendEntries(
            src=i,
            dst=j,
            term=me.current_term,
            prev_log_index=prev,
            prev_log_term=me.log[prev - 1].term if prev > 0 else 0,
            entries=me.log[prev : prev + 1],
            leader_commit=me.commit_index,
        )

    def advanced(self, i: Node, me: Server) -> Server:
        """Leader i commits up to the highest index that may be committed.  Source: Fig. 2, Leaders, the last rule."""
        highest = max(
            (index for index in range(1, self.max_log + 1) if index <= len(me.log) and self.may_commit(i, me, index)),
            default=0,
        )
        return me.replace(commit_index=max(me.commit_index, highest))

    def may_commit(self, i: Node, me: Server, index: int) -> bool:
        """A leader counts replicas for entries of its own term only; they commit those before them.

        Source: section 5.4.2.
        """
        return me.log[index - 1].term == me.current_term and self.on_quorum(i, me, index)

    def on_quorum(self, i: Node, me: Server, index: int) -> bool:
        """Leader i knows the entry to be on a quorum, itself included."""
        return self.is_quorum(count(j == i or me.match_index[j] >= index for j in Node))

    # ------------------------------------------------------------------ messages

    def sent(self, network: Network, m: Message) -> Network:
        """The network with m in flight."""
        return network.add(m)

    @action
    def deliver(self, s: State, m: Annotated[Message, In("network")]) -> State:
        """The addressee handles m."""
        return self.handled(s, m, s.network.remove(m))

    def handled(self, s: State, m: Message, network: Network) -> State:
        """What m does to its addressee, and what it answers."""
        me = self.at_term(s.servers[m.dst], m.term)
        match m:
            case RequestVote():
                me, vote = self.on_request_vote(me, m)
                network = self.sent(network, vote)
            case RequestVoteReply():
                me = self.on_request_vote_reply(me, m)
            case AppendEntries():
                me, answer = self.on_append_entries(me, m)
                network = self.sent(network, answer)
            case AppendEntriesReply():
                me = self.on_append_entries_reply(me, m)
        return self.moved(s, m.dst, me, network)

    # ------------------------------------------------------------------ RequestVote RPC (Fig. 2)

    def on_request_vote(self, me: Server, m: RequestVote) -> tuple[Server, RequestVoteReply]:
        """Source: Fig. 2, RequestVote RPC, Receiver implementation."""
        granted = m.term == me.current_term and self.may_vote(me, m) and self.up_to_date(me, m)
        if granted:
            me = me.replace(voted_for=m.src)
        return me, RequestVoteReply(src=m.dst, dst=m.src, term=me.current_term, vote_granted=granted)

    def may_vote(self, me: Server, m: RequestVote) -> bool:
        """One vote in each term, first come first served.  Source: section 5.2."""
        return me.voted_for is None or me.voted_for == m.src

    def up_to_date(self, me: Server, m: RequestVote) -> bool:
        """The candidate's log is at least as up to date as mine.  Source: section 5.4.1."""
        mine = last_log_term(me.log)
        return m.last_log_term > mine or (m.last_log_term == mine and m.last_log_index >= len(me.log))

    def on_request_vote_reply(self, me: Server, m: RequestVoteReply) -> Server:
        """A candidate collects the votes of its term."""
        if me.role == Role.CANDIDATE and m.vote_granted and self.counts(me, m):
            me = self.counted(me.replace(votes_granted=me.votes_granted.add(m.src)))
        return me

    def counts(self, me: Server, m: RequestVoteReply) -> bool:
        """The vote was given in the election that is going on."""
        return m.term == me.current_term

    # ------------------------------------------------------------------ AppendEntries RPC (Fig. 2)

    def on_append_entries(self, me: Server, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:
        """Source: Fig. 2, AppendEntries RPC, Receiver implementation."""
        if not self.obeys(me, m):
            return me, self.refusal(me, m)
        if me.role != Role.FOLLOWER:
            me = self.stepped_down(me)
        if not self.has_previous(me, m):
            return me, self.refusal(me, m)
        last_new = m.prev_log_index + len(m.entries)
        me = me.replace(log=self.merged(me, m))
        me = me.replace(commit_index=max(me.commit_index, self.learned_commit(me, m, last_new)))
        reply = AppendEntriesReply(src=m.dst, dst=m.src, term=me.current_term, success=True, match_index=last_new)
        return me, reply

    def obeys(self, me: Server, m: AppendEntries) -> bool:
        """The leader is not one of an old term.  Source: AppendEntries RPC, 1."""
        return m.term >= me.current_term

    def refusal(self, me: Server, m: AppendEntries) -> AppendEntriesReply:
        """The answer to a leader of an old term, and to one whose previous entry I do not have."""
        return AppendEntriesReply(src=m.dst, dst=m.src, term=me.current_term, success=False, match_index=0)

    def stepped_down(self, me: Server) -> Server:
        """Somebody else has won my term; my vote in it stands.  Source: Fig. 2, Rules for Servers, Candidates."""
        return self.follower(me)

    def has_previous(self, me: Server, m: AppendEntries) -> bool:
        """The consistency check: I hold the entry that precedes the new ones.  Source: AppendEntries RPC, 2."""
        prev = m.prev_log_index
        return prev == 0 or (prev <= len(me.log) and me.log[prev - 1].term == m.prev_log_term)

    def merged(self, me: Server, m: AppendEntries) -> Log:
        """My log with the new entry in its place; only one that conflicts with it, and all after that, is dropped.

        Source: AppendEntries RPC, 3 and 4.
        """
        log, prev = me.log, m.prev_log_index
        if len(m.entries) == 0 or (prev < len(log) and log[prev].term == m.entries[0].term):
            return log
        return log[:prev] + m.entries

    def learned_commit(self, me: Server, m: AppendEntries, last_new: int) -> int:
        """Only up to the last entry that the leader has just confirmed.  Source: AppendEntries RPC, 5."""
        return min(m.leader_commit, last_new)

    def on_append_entries_reply(self, me: Server, m: AppendEntriesReply) -> Server:
        """A leader learns how far its follower agrees, or tries an earlier entry.  Source: Fig. 2, Leaders."""
        if m.term < me.current_term or me.role != Role.LEADER:
            return me
        j = m.src
        if not m.success:
            return me.replace(next_index=me.next_index.set(j, max(1, me.next_index[j] - 1)))
        me = me.replace(
            next_index=me.next_index.set(j, m.match_index + 1),
            match_index=me.match_index.set(j, m.match_index),
        )
        return self.advanced(m.dst, me)

    # ------------------------------------------------------------------ crashes

    @action
    def restart(self, s: State, i: Node) -> State:
        """A server crashes, and comes back with what it has persisted.  Source: Fig. 2, State, Persistent state."""
        me = s.servers[i]
        back = self.restored(me)
        # A crash that loses nothing changes nothing, and would only be counted.
        require(back != me, "the crash loses something")
        return self.moved(s, i, back, s.network).replace(restarts=s.restarts + 1)

    def restored(self, me: Server) -> Server:
        """What a crash leaves of a server."""
        return self.follower(me).replace(
            current_term=self.restored_term(me),
            voted_for=self.restored_vote(me),
            log=self.restored_log(me),
            commit_index=0,
        )

    def restored_term(self, me: Server) -> int:
        return me.current_term

    def restored_vote(self, me: Server) -> Node | None:
        return me.voted_for

    def restored_log(self, me: Server) -> Log:
        return me.log

    # ------------------------------------------------------------------ history

    def moved(self, s: State, i: Node, me: Server, network: Network) -> State:
        """Server i has become `me`; what the properties must remember of that is noted."""
        return s.replace(
            servers=s.servers.set(i, me),
            network=network,
            elected=self.with_winner(s.elected, i, s.servers[i], me),
            committed=self.with_commits(s.committed, s.servers[i], me),
        )

    def with_winner(self, elected: Map[Node, Set[Term]], i: Node, old: Server, new: Server) -> Map[Node, Set[Term]]:
        """`elected`, and the term that i has won if this step made it leader."""
        if new.role != Role.LEADER or old.role == Role.LEADER:
            return elected
        return elected.set(i, elected[i].add(new.current_term))

    def with_commits(self, committed: Set[Commit], old: Server, new: Server) -> Set[Commit]:
        """`committed`, and the entries that this step commits, unless they are committed already."""
        if new.commit_index <= old.commit_index:
            return committed
        fresh = Set(
            Commit(log_index=index, entry=new.log[index - 1], term=new.current_term)
            for index in range(1, self.max_log + 1)
            if old.commit_index < index and index <= new.commit_index and index <= len(new.log)
        )
        return committed | Set(
            c for c in fresh if not any(d.log_index == c.log_index and d.entry == c.entry for d in committed)
        )

    # ------------------------------------------------------------------ properties (Fig. 3)

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one leader is elected in a term, at whatever times.  Source: Fig. 3; section 5.2."""
        return i == j or not s.elected[i] & s.elected[j]

    @step("Leader Append-Only")
    def leader_append_only(self, before: State, after: State, i: Node) -> bool:
        """While it leads, a leader neither changes nor drops an entry of its log.  Source: Fig. 3; section 5.3."""
        old, new = before.servers[i], after.servers[i]
        leads = old.role == Role.LEADER and new.role == Role.LEADER and old.current_term == new.current_term
        return not leads or new.log[: len(old.log)] == old.log

    @always("Log Matching")
    def log_matching(self, s: State, i: Node, j: Node) -> bool:
        """Logs with an entry of the same term at an index are equal up to it.  Source: Fig. 3; section 5.3."""
        a, b = s.servers[i].log, s.servers[j].log
        return i == j or all(
            a[:index] == b[:index]
            for index in range(1, self.max_log + 1)
            if index <= len(a) and index <= len(b) and a[index - 1].term == b[index - 1].term
        )

    @always("Leader Completeness")
    def leader_completeness(self, s: State, i: Node) -> bool:
        """What was committed in an earlier term is in the leader's log.  Source: Fig. 3; section 5.4.

        The term that counts is the one in which the entry was committed first, not the one it was received in.
        """
        me = s.servers[i]
        return me.role != Role.LEADER or all(
            c.term >= me.current_term or (c.log_index <= len(me.log) and me.log[c.log_index - 1] == c.entry)
            for c in s.committed
        )

    @always("State Machine Safety")
    def state_machine_safety(self, s: State) -> bool:
        """No two different entries are ever committed, hence applied, at one index.  Source: Fig. 3; section 5.4.3."""
        return all(all(c.log_index != d.log_index or c.entry == d.entry for d in s.committed) for c in s.committed)

    # ------------------------------------------------------------------ properties (consensus, on the committed log)

    @always("Agreement")
    def agreement(self, s: State, i: Node, j: Node) -> bool:
        """Of the logs that two servers have committed, one begins with the other."""
        a, b = s.servers[i], s.servers[j]
        common = min(a.commit_index, b.commit_index)
        return a.log[:common] == b.log[:common]

    @always("Validity")
    def validity(self, s: State, i: Node) -> bool:
        """What is committed is an entry, and one that a client has asked for."""
        me = s.servers[i]
        return me.commit_index <= len(me.log) and all(c.entry.value in s.requested for c in s.committed)

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Node) -> bool:
        """What a server has committed stays in its log, whatever happens to it."""
        old = before.servers[i]
        return after.servers[i].log[: old.commit_index] == old.log[: old.commit_index]

    # ------------------------------------------------------------------ witnesses

    @reachable("a leader is elected")
    def leader_elected(self, s: State, i: Node) -> bool:
        return s.servers[i].role == Role.LEADER

    @reachable("an entry is committed")
    def entry_committed(self, s: State, i: Node) -> bool:
        return s.servers[i].commit_index > 0
