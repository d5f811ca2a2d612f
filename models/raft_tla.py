"""Raft at the granularity of raft.tla, the specification its author published: every rule is a step of its own.

Source: D. Ongaro, TLA+ module raft (2014).  It serves to be compared with that module, state for state: the messages are
a bag, the network duplicates and drops them, servers restart at any time, a candidate asks itself for its vote by
message, a newer term is adopted in a step before the message is handled, and the history variables of the proof are part
of the state.  To study Raft, read `raft` instead: there a leader takes 3 steps, here 9.

Throughout this file: i, j, k servers; m a message; index the position of an entry, counted from 1.

Only the limits are ours: the module has none, and is searched with a constraint.  A message that arrives but that no rule
applies to (a leader that hears AppendEntries of its own term) stays where it is.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    Bag,
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
    """A server; the module's Server."""


class Value(Index, size="values"):
    """What a client may ask for."""


Term = Annotated[int, Range(1, "max_term")]
LastTerm = Annotated[int, Range(0, "max_term")]  # 0: of an empty log
LogIndex = Annotated[int, Range(0, "max_log")]  # 0: before the first entry
NextIndex = Annotated[int, Range(1, "max_log+1")]


class Role(Enum):
    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class Entry(Record):
    term: Term
    value: Value


Log = Annotated[tuple[Entry, ...], AtMost("max_log")]


class RequestVoteRequest(Record):
    src: Node
    dst: Node
    term: Term
    last_log_term: LastTerm
    last_log_index: LogIndex


class RequestVoteResponse(Record):
    src: Node
    dst: Node
    term: Term
    vote_granted: bool
    log: Log  # history: the voter's log


class AppendEntriesRequest(Record):
    src: Node
    dst: Node
    term: Term
    prev_log_index: LogIndex
    prev_log_term: LastTerm
    entries: Annotated[tuple[Entry, ...], AtMost(1)]
    log: Log  # history: the leader's log
    commit_index: LogIndex


class AppendEntriesResponse(Record):
    src: Node
    dst: Node
    term: Term
    success: bool
    match_index: LogIndex


Message = RequestVoteRequest | RequestVoteResponse | AppendEntriesRequest | AppendEntriesResponse


class Server(Record):
    """The per-server variables, in the module's order."""

    current_term: Term = 1
    state: Role = Role.FOLLOWER
    voted_for: Node | None = None
    log: Log = ()
    commit_index: LogIndex = 0
    votes_responded: Set[Node] = Set()
    votes_granted: Set[Node] = Set()
    next_index: Map[Node, NextIndex]
    match_index: Map[Node, LogIndex]


class VoterLog(Record):
    """A server that voted, and the log it had when it did."""

    voter: Node
    log: Log


class Election(Record):
    """A successful election: who won which term, and with what logs."""

    term: Term
    leader: Node
    log: Log
    votes: Set[Node]
    voter_log: Set[VoterLog]  # at most one for each voter


class State(Record):
    servers: Map[Node, Server]
    messages: Annotated[Bag[Message], AtMost("in_flight", copies="copies")] = Bag()
    # A correct cluster holds fewer elections than max_term, as the initial term has none; the one place that is left over
    # has room for a second leader.
    elections: Annotated[Set[Election], AtMost("max_term"), GHOST] = Set()
    all_logs: Annotated[Set[Log], GHOST] = Set()  # every log that a server has left behind
    voter_log: Annotated[Map[Node, Set[VoterLog]], GHOST]  # for each candidate, what it knows of its voters' logs


def last_term(log: Log) -> int:
    """The term of the last entry, 0 for an empty log."""
    return log[-1].term if len(log) > 0 else 0


class RaftTLA(Spec[State]):
    """The module raft, with limits on terms, logs and messages."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "servers in the cluster", least=1)
    values: int = constant(1, "distinct client values", least=1)
    max_term: int = bound(2, "highest term explored; the first is 1", least=1)
    max_log: int = bound(1, "longest log explored")
    in_flight: int = bound(1, "messages in flight, copies included")
    copies: int = bound(1, "copies of one message in flight")

    def init(self) -> State:
        return State(
            servers=Map.fill(Node, Server(next_index=Map.fill(Node, 1), match_index=Map.fill(Node, 0))),
            voter_log=Map.fill(Node, Set()),
        )

    def recorded(self, s: State, after: State) -> State:
        """Each step adds the logs as they were before it to the logs ever seen.  Source: the last line of Next."""
        return after.replace(all_logs=s.all_logs | Set(s.servers[i].log for i in Node))

    def set_server(self, s: State, i: Node, me: Server) -> State:
        """The state in which i has changed, and nothing else."""
        return s.replace(servers=s.servers.set(i, me))

    def is_quorum(self, size: int) -> bool:
        """So many servers are a majority."""
        return size * 2 > len(Node)

    # ------------------------------------------------------------------ servers

    @action
    def restart(self, s: State, i: Node) -> State:
        """Server i comes back with its term, vote and log.  Source: Restart."""
        me = s.servers[i]
        after = self.set_server(
            s,
            i,
            Server(
                current_term=me.current_term,
                voted_for=me.voted_for,
                log=me.log,
                next_index=Map.fill(Node, 1),
                match_index=Map.fill(Node, 0),
            ),
        )
        return self.recorded(s, after.replace(voter_log=s.voter_log.set(i, Set())))

    @action
    def timeout(self, s: State, i: Node) -> State:
        """Server i becomes a candidate; it has not even its own vote yet.  Source: Timeout."""
        me = s.servers[i]
        require(me.state != Role.LEADER, "i is no leader")
        me = me.replace(
            current_term=me.current_term + 1,
            state=Role.CANDIDATE,
            voted_for=None,
            votes_responded=Set(),
            votes_granted=Set(),
        )
        after = self.set_server(s, i, me)
        return self.recorded(s, after.replace(voter_log=s.voter_log.set(i, Set())))

    @action
    def request_vote(self, s: State, i: Node, j: Node) -> State:
        """Candidate i asks j, perhaps itself, for its vote.  Source: RequestVote."""
        me = s.servers[i]
        require(me.state == Role.CANDIDATE, "i is a candidate")
        require(j not in me.votes_responded, "j has not answered in this term")
        request = RequestVoteRequest(
            src=i, dst=j, term=me.current_term, last_log_term=last_term(me.log), last_log_index=len(me.log)
        )
        return self.recorded(s, s.replace(messages=s.messages.add(request)))

    @action
    def append_entries(self, s: State, i: Node, j: Node) -> State:
        """Leader i sends j up to one entry.  Source: AppendEntries."""
        me = s.servers[i]
        require(i != j, "i does not send to itself")
        require(me.state == Role.LEADER, "i is the leader")
        prev = me.next_index[j] - 1
        last_entry = min(len(me.log), prev + 1)
        request = AppendEntriesRequest(
            src=i,
            dst=j,
            term=me.current_term,
            prev_log_index=prev,
            prev_log_term=me.log[prev - 1].term if prev > 0 else 0,
            entries=me.log[prev : prev + 1],
            log=me.log,
            commit_index=min(me.commit_index, last_entry),
        )
        return self.recorded(s, s.replace(messages=s.messages.add(request)))

    @action
    def become_leader(self, s: State, i: Node) -> State:
        """Candidate i has a quorum of votes.  Source: BecomeLeader."""
        me = s.servers[i]
        require(me.state == Role.CANDIDATE, "i is a candidate")
        require(self.is_quorum(len(me.votes_granted)), "a quorum has voted for i")
        won = Election(term=me.current_term, leader=i, log=me.log, votes=me.votes_granted, voter_log=s.voter_log[i])
        me = me.replace(state=Role.LEADER, next_index=Map.fill(Node, len(me.log) + 1), match_index=Map.fill(Node, 0))
        return self.recorded(s, self.set_server(s, i, me).replace(elections=s.elections.add(won)))

    @action
    def client_request(self, s: State, i: Node, v: Value) -> State:
        """Leader i appends a client's value to its log.  Source: ClientRequest."""
        me = s.servers[i]
        require(me.state == Role.LEADER, "i is the leader")
        me = me.replace(log=me.log + (Entry(term=me.current_term, value=v),))
        return self.recorded(s, self.set_server(s, i, me))

    @action
    def advance_commit_index(self, s: State, i: Node) -> State:
        """Leader i commits up to the last entry on a quorum, if that is of its own term.  Source: AdvanceCommitIndex.

        Always enabled for a leader: the step may change nothing but the history.
        """
        me = s.servers[i]
        require(me.state == Role.LEADER, "i is the leader")
        agreed = max(
            (index for index in range(1, self.max_log + 1) if index <= len(me.log) and self.agree(i, me, index)),
            default=0,
        )
        if agreed > 0 and me.log[agreed - 1].term == me.current_term:
            me = me.replace(commit_index=agreed)
        return self.recorded(s, self.set_server(s, i, me))

    def agree(self, i: Node, me: Server, index: int) -> bool:
        """A quorum, leader i among it, agrees with i up to index."""
        return self.is_quorum(count(k == i or me.match_index[k] >= index for k in Node))

    # ------------------------------------------------------------------ messages

    @action
    def receive(self, s: State, m: Annotated[Message, In("messages")]) -> State:
        """The addressee takes one step with m.  Source: Receive."""
        me = s.servers[m.dst]
        if m.term > me.current_term:
            return self.recorded(s, self.update_term(s, m))
        match m:
            case RequestVoteRequest():
                after = self.handle_request_vote_request(s, m)
            case RequestVoteResponse():
                after = self.handle_request_vote_response(s, m)
            case AppendEntriesRequest():
                after = self.handle_append_entries_request(s, m)
            case AppendEntriesResponse():
                after = self.handle_append_entries_response(s, m)
        return self.recorded(s, after)

    def update_term(self, s: State, m: Message) -> State:
        """A newer term is adopted first; m remains, to be handled later.  Source: UpdateTerm."""
        me = s.servers[m.dst].replace(current_term=m.term, state=Role.FOLLOWER, voted_for=None)
        return self.set_server(s, m.dst, me)

    def reply(self, s: State, request: Message, response: Message) -> State:
        """The response takes the place of the request.  Source: Reply."""
        return s.replace(messages=s.messages.remove(request).add(response))

    def handle_request_vote_request(self, s: State, m: RequestVoteRequest) -> State:
        """Source: HandleRequestVoteRequest."""
        i, j, me = m.dst, m.src, s.servers[m.dst]
        mine = last_term(me.log)
        log_ok = m.last_log_term > mine or (m.last_log_term == mine and m.last_log_index >= len(me.log))
        grant = m.term == me.current_term and log_ok and (me.voted_for is None or me.voted_for == j)
        response = RequestVoteResponse(src=i, dst=j, term=me.current_term, vote_granted=grant, log=me.log)
        if grant:
            s = self.set_server(s, i, me.replace(voted_for=j))
        return self.reply(s, m, response)

    def handle_request_vote_response(self, s: State, m: RequestVoteResponse) -> State:
        """Answers are counted whatever the state is; only a candidate looks at them.  Source: HandleRequestVoteResponse,
        DropStaleResponse."""
        i, j, me = m.dst, m.src, s.servers[m.dst]
        messages = s.messages.remove(m)
        if m.term < me.current_term:
            return s.replace(messages=messages)
        responded = me.votes_responded.add(j)
        if not m.vote_granted:
            return self.set_server(s, i, me.replace(votes_responded=responded)).replace(messages=messages)
        me = me.replace(votes_responded=responded, votes_granted=me.votes_granted.add(j))
        return s.replace(servers=s.servers.set(i, me), messages=messages, voter_log=self.with_voter_log(s.voter_log, m))

    def with_voter_log(self, voter_log: Map[Node, Set[VoterLog]], m: RequestVoteResponse) -> Map[Node, Set[VoterLog]]:
        """The first log that a voter sends in a term is kept."""
        known, told = voter_log[m.dst], Set.of(VoterLog(voter=m.src, log=m.log))
        news = Set(v for v in told if not any(w.voter == v.voter for w in known))
        return voter_log.set(m.dst, known | news)

    def handle_append_entries_request(self, s: State, m: AppendEntriesRequest) -> State:
        """One of: reject, return to follower, acknowledge, drop a conflicting entry, append.  Only the first and the third
        answer; the others leave m for the next step.  Source: HandleAppendEntriesRequest."""
        i, j, me = m.dst, m.src, s.servers[m.dst]
        prev = m.prev_log_index
        log_ok = prev == 0 or (prev <= len(me.log) and m.prev_log_term == me.log[prev - 1].term)
        if m.term < me.current_term or (me.state == Role.FOLLOWER and not log_ok):
            refusal = AppendEntriesResponse(src=i, dst=j, term=me.current_term, success=False, match_index=0)
            return self.reply(s, m, refusal)
        if me.state == Role.CANDIDATE:
            return self.set_server(s, i, me.replace(state=Role.FOLLOWER))
        require(me.state == Role.FOLLOWER, "a leader does not hear AppendEntries of its own term")
        if len(m.entries) > 0:
            if len(me.log) == prev:
                return self.set_server(s, i, me.replace(log=me.log + m.entries))
            if me.log[prev].term != m.entries[0].term:
                return self.set_server(s, i, me.replace(log=me.log[:-1]))
        # The commit index may decrease here, when the request is an old one.
        s = self.set_server(s, i, me.replace(commit_index=m.commit_index))
        match_index = prev + len(m.entries)
        return self.reply(
            s, m, AppendEntriesResponse(src=i, dst=j, term=me.current_term, success=True, match_index=match_index)
        )

    def handle_append_entries_response(self, s: State, m: AppendEntriesResponse) -> State:
        """Source: HandleAppendEntriesResponse, DropStaleResponse."""
        i, j, me = m.dst, m.src, s.servers[m.dst]
        messages = s.messages.remove(m)
        if m.term < me.current_term:
            return s.replace(messages=messages)
        if m.success:
            me = me.replace(
                next_index=me.next_index.set(j, m.match_index + 1),
                match_index=me.match_index.set(j, m.match_index),
            )
        else:
            me = me.replace(next_index=me.next_index.set(j, max(me.next_index[j] - 1, 1)))
        return s.replace(servers=s.servers.set(i, me), messages=messages)

    # ------------------------------------------------------------------ environment

    @action
    def duplicate_message(self, s: State, m: Annotated[Message, In("messages")]) -> State:
        """The network delivers m once more.  Source: DuplicateMessage."""
        return self.recorded(s, s.replace(messages=s.messages.add(m)))

    @action
    def drop_message(self, s: State, m: Annotated[Message, In("messages")]) -> State:
        """The network loses one copy of m.  Source: DropMessage."""
        return self.recorded(s, s.replace(messages=s.messages.remove(m)))

    # ------------------------------------------------------------------ properties

    @always("Election Safety")
    def election_safety(self, s: State) -> bool:
        """At most one server has ever been elected in a term."""
        return all(all(a.term != b.term or a.leader == b.leader for b in s.elections) for a in s.elections)

    @step("Leader Append-Only")
    def leader_append_only(self, before: State, after: State, i: Node) -> bool:
        """While it leads, a leader only appends to its log."""
        old, new = before.servers[i], after.servers[i]
        led = old.state == Role.LEADER and new.state == Role.LEADER and old.current_term == new.current_term
        return not led or new.log[: len(old.log)] == old.log

    @always("Log Matching")
    def log_matching(self, s: State, i: Node, j: Node) -> bool:
        """Logs with an entry of the same term at an index agree up to it."""
        a, b = s.servers[i].log, s.servers[j].log
        return all(
            a[:index] == b[:index]
            for index in range(1, self.max_log + 1)
            if index <= len(a) and index <= len(b) and a[index - 1].term == b[index - 1].term
        )

    @always("State Machine Safety")
    def state_machine_safety(self, s: State, i: Node, j: Node) -> bool:
        """Up to the smaller of their commit indexes, two servers hold the same entries."""
        a, b = s.servers[i], s.servers[j]
        agreed = min(a.commit_index, b.commit_index)
        return a.log[:agreed] == b.log[:agreed]

    @reachable("a leader is elected")
    def leader_elected(self, s: State, i: Node) -> bool:
        return s.servers[i].state == Role.LEADER

    @reachable("an entry is committed")
    def entry_committed(self, s: State, i: Node) -> bool:
        return s.servers[i].commit_index > 0
