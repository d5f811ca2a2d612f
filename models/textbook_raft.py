"""The Raft node of a textbook article, statement by statement, with its mistakes mended.

Source: the article Consensus Algorithms, section Code Examples, class RaftNode ("Simplified Raft Node", in Python); where it
is silent, D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, Figure 2.

Granularity: the article's calls are synchronous.  One step is a block under `with self.lock`, or one call of one peer: the
request, its handler at the peer, the result, and what the caller does with it.  So `start_election` is a step for its lock
block, one for each peer in the order of the list, and one for `become_leader`; between them anything may happen, to this
node too, since the loop runs without the lock.  Real calls take time; what goes wrong here goes wrong there, but that this
holds does not show that they are safe.

`TextbookRaft` is the node with four statements mended, each a rule of its own: `asked_in` and `still_stands` (the election),
the three `restored_…` rules (persistence), and `learned_commit`.  `textbook_tweaks` puts the article's statements back, one
at a time and all together.  The article calls `send_heartbeats` and `request_vote` without defining them, and has no rule by
which a leader commits, no restart and no way in for a client: what stands for these here follows Figure 2.

What the article has and this file has not: clocks (a timeout may strike at any time; no test of `state` keeps a leader from
starting an election, and none does here), `leader_id` and `last_applied`, which nothing reads, and `LogEntry.index`, which is
written and never read: the position in the list is the only index.

Throughout this file: i, j nodes; v a client's value; t the term in which a run of `start_election` began, by which it is
known; index the position of a log entry, counted from 1; `me` the node that takes the step.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
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
    where,
)


class Node(Index, size="nodes"):
    """A node of the cluster; `node_id` of the article."""


class Value(Index, size="values"):
    """A command that a client may ask for."""


Term = Annotated[int, Range(0, "max_term")]
Started = Annotated[int, Range(1, "max_term")]  # the term of an election
LogIndex = Annotated[int, Range(0, "max_log")]  # 0: before the first entry
NextIndex = Annotated[int, Range(1, "max_log+1")]
# A start_election that would leave the bound is cut; until it is, its term must be a key.
ElectionTerm = Annotated[int, Range(1, "max_term+1")]
Peers = Annotated[tuple[Node, ...], AtMost("nodes")]


class NodeState(Enum):
    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class LogEntry(Record):
    term: Term
    command: Value


Log = Annotated[tuple[LogEntry, ...], AtMost("max_log")]


class Election(Record):
    """The local variables of a run of `start_election`, which is about to call peers[asked]."""

    asked: Annotated[int, Range(0, "nodes")] = 0
    votes: Annotated[int, Range(1, "nodes")] = 1  # "Already voted for self"
    last_log_index: LogIndex
    last_log_term: Term


class RaftNode(Record):
    """The fields of the article's class.  Differs: what only a leader needs is forgotten when it leads no more, so that nodes
    which will behave alike are equal."""

    state: NodeState = NodeState.FOLLOWER
    current_term: Term = 0
    voted_for: Node | None = None
    log: Log = ()
    commit_index: LogIndex = 0
    next_index: Map[Node, NextIndex]
    match_index: Map[Node, LogIndex]
    elections: Map[ElectionTerm, Election | None]  # its runs of `start_election`, by the term in which each began


class Commit(Record):
    """The entry at `log_index` was committed, by any node, in `term` first."""

    log_index: LogIndex
    entry: LogEntry
    term: Term


class State(Record):
    """The nodes, and the list of peers that each was given; counts that limit the search; what the properties remember."""

    nodes: Map[Node, RaftNode]
    peers: Map[Node, Peers]
    starts: Annotated[int, Range(0, "max_elections")] = 0
    restarts: Annotated[int, Range(0, "max_restarts")] = 0
    failures: Annotated[int, Range(0, "max_failures")] = 0
    elected: Annotated[Map[Node, Set[Term]], GHOST]  # the terms that each node has led
    committed: Annotated[Set[Commit], GHOST] = Set()  # what was ever committed


def last_log_term(log: Log) -> int:
    """`self.log[-1].term if self.log else 0`."""
    return log[-1].term if len(log) > 0 else 0


class TextbookRaft(Spec[State]):
    """The article's RaftNode with its elections, its persistence and its commit index mended."""

    fault_model = "crash-recovery"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "nodes in the cluster", least=1)
    values: int = constant(1, "distinct commands of clients", least=1)
    threads: int = constant(1, "runs of start_election that a node may have under way at once", least=1)
    max_term: int = bound(2, "highest term explored; the first is 0", least=1)
    max_log: int = bound(1, "longest log explored")
    max_elections: int = bound(2, "most elections started, by all nodes together")
    max_restarts: int = bound(1, "most restarts, of all nodes together")
    max_failures: int = bound(1, "most calls that get no answer")

    def init(self) -> State:
        blank = RaftNode(
            next_index=Map.fill(Node, 1),
            match_index=Map.fill(Node, 0),
            elections=Map.fill(ElectionTerm, None),
        )
        peers = Map.of(Node, lambda i: tuple(j for j in Node if j != i))
        return State(nodes=Map.fill(Node, blank), peers=peers, elected=Map.fill(Node, Set()))

    def quorum(self) -> int:
        """`(len(self.peers) + 1) // 2 + 1`; right, as `peers` leaves the node itself out."""
        return len(Node) // 2 + 1

    # ------------------------------------------------------------------ start_election

    @action
    def start_election(self, s: State, i: Node) -> State:
        """The lock block of `start_election`, and the two lines after it.

        Differs: `last_log_index` and `last_log_term` are read in the same step.  The code reads them after the lock is
        released.  They can have changed by then only through a leader of this term or a later one, and that election this
        node cannot win any more, or has to give up.
        """
        me = s.nodes[i]
        running = count(me.elections[t] is not None for t in range(1, self.max_term + 1))
        require(running < self.threads, "i may start one more election")
        term = me.current_term + 1
        me = self.led_no_more(me).replace(state=NodeState.CANDIDATE, current_term=term, voted_for=i)
        run = Election(last_log_index=len(me.log), last_log_term=last_log_term(me.log))
        me = me.replace(elections=me.elections.set(term, run))
        return self.moved(s, i, me).replace(starts=s.starts + 1)

    @action
    def request_vote(self, s: State, i: Node, j: Node, t: Started) -> State:
        """One turn of the loop over `self.peers`: j is asked, and answers.

        The article says "from all peers in parallel", but the loop waits for each before it calls the next.
        """
        me, voter = s.nodes[i], s.nodes[j]
        run = me.elections[t]
        require(run is not None and self.is_next(s, i, j, run), "j is the next peer that this election of i calls")
        assert run is not None
        voter, granted = self.receive_vote_request(
            voter, i, self.asked_in(me, t), run.last_log_index, run.last_log_term
        )
        me = self.turned(me, t, run, where(granted, run.votes + 1, run.votes))
        return s.replace(nodes=s.nodes.set(j, voter).set(i, me))

    def is_next(self, s: State, i: Node, j: Node, run: Election) -> bool:
        """The loop stands before j."""
        return run.asked < len(Node) - 1 and s.peers[i][run.asked] == j

    def asked_in(self, me: RaftNode, t: int) -> int:
        """The term of the request: that in which the election began.  Article: `self.current_term`, read without the lock."""
        return t

    def turned(self, me: RaftNode, t: int, run: Election, votes: int) -> RaftNode:
        """The loop goes on with so many votes; after the last peer, a run without a quorum is over."""
        asked = run.asked + 1
        if asked == len(Node) - 1 and votes < self.quorum():
            return me.replace(elections=me.elections.set(t, None))
        return me.replace(elections=me.elections.set(t, run.replace(asked=asked, votes=votes)))

    @action
    def become_leader(self, s: State, i: Node, t: Started) -> State:
        """`if votes >= quorum: self.become_leader()`, with its lock block."""
        me = s.nodes[i]
        run = me.elections[t]
        require(run is not None and run.asked == len(Node) - 1, "this election of i has called every peer")
        assert run is not None
        require(run.votes >= self.quorum(), "a quorum has voted for i")
        led = me.replace(
            state=NodeState.LEADER,
            next_index=Map.fill(Node, len(me.log) + 1),
            match_index=Map.fill(Node, 0),
        )
        me = led if self.still_stands(me, t) else me
        return self.moved(s, i, me.replace(elections=me.elections.set(t, None)))

    def still_stands(self, me: RaftNode, t: int) -> bool:
        """The votes are of the present term, and for a candidate.  The article does not look."""
        return me.state == NodeState.CANDIDATE and me.current_term == t

    def led_no_more(self, me: RaftNode) -> RaftNode:
        """Whatever me is now, it is no leader."""
        return me.replace(next_index=Map.fill(Node, 1), match_index=Map.fill(Node, 0))

    # ------------------------------------------------------------------ receive_vote_request

    def receive_vote_request(
        self, me: RaftNode, candidate: Node, term: int, last_index: int, last_term: int
    ) -> tuple[RaftNode, bool]:
        """The handler, as it stands in the article: the node afterwards, and whether the vote is granted."""
        if term < me.current_term:
            return me, False
        if term > me.current_term:
            me = self.led_no_more(me).replace(current_term=term, state=NodeState.FOLLOWER, voted_for=None)
        free = me.voted_for is None or me.voted_for == candidate
        granted = free and self.log_ok(me, last_index, last_term)
        return (me.replace(voted_for=candidate), True) if granted else (me, False)

    def log_ok(self, me: RaftNode, last_index: int, last_term: int) -> bool:
        """The candidate's log is at least as up-to-date as mine."""
        mine = last_log_term(me.log)
        return last_term > mine or (last_term == mine and last_index >= len(me.log))

    # ------------------------------------------------------------------ the leader (not in the article; Fig. 2, Leaders)

    @action
    def client_request(self, s: State, i: Node, v: Value) -> State:
        """A leader appends a client's command to its log."""
        me = s.nodes[i]
        require(me.state == NodeState.LEADER, "only a leader takes requests")
        me = me.replace(log=me.log + (LogEntry(term=me.current_term, command=v),))
        return self.moved(s, i, self.advanced(i, me))

    @action
    def replicate(self, s: State, i: Node, j: Node) -> State:
        """A leader calls append_entries of j with all that j is not known to have."""
        me = s.nodes[i]
        require(i != j, "a leader does not call itself")
        require(me.state == NodeState.LEADER, "only a leader replicates")
        require(me.next_index[j] <= len(me.log), "there is something to send")
        return self.answered(s, i, j, me.log[me.next_index[j] - 1 :])

    @action
    def send_heartbeat(self, s: State, i: Node, j: Node) -> State:
        """A leader calls append_entries of j to say that it leads: with no entries, as in Figure 2."""
        me = s.nodes[i]
        require(i != j, "a leader does not call itself")
        require(me.state == NodeState.LEADER, "only a leader sends heartbeats")
        return self.answered(s, i, j, self.in_heartbeat(me, j))

    def in_heartbeat(self, me: RaftNode, j: Node) -> Log:
        """The entries that a heartbeat carries."""
        return ()

    def called(self, s: State, i: Node, j: Node, entries: Log) -> tuple[RaftNode, bool]:
        """Leader i calls append_entries of j: node j afterwards, and its answer."""
        me = s.nodes[i]
        prev = me.next_index[j] - 1
        prev_term = me.log[prev - 1].term if prev > 0 else 0
        return self.append_entries(s.nodes[j], me.current_term, prev, prev_term, entries, me.commit_index)

    def answered(self, s: State, i: Node, j: Node, entries: Log) -> State:
        """Leader i has called append_entries of j, and has the answer: a bool, which brings no term back."""
        me = s.nodes[i]
        follower, success = self.called(s, i, j, entries)
        after = self.moved(s, j, follower)
        known = me.next_index[j] - 1 + len(entries)
        if not success:
            return self.moved(after, i, me.replace(next_index=me.next_index.set(j, max(1, me.next_index[j] - 1))))
        me = me.replace(next_index=me.next_index.set(j, known + 1), match_index=me.match_index.set(j, known))
        return self.moved(after, i, self.advanced(i, me))

    def advanced(self, i: Node, me: RaftNode) -> RaftNode:
        """Leader i commits up to the highest index that may be committed."""
        highest = max(
            (index for index in range(1, self.max_log + 1) if index <= len(me.log) and self.may_commit(i, me, index)),
            default=0,
        )
        return me.replace(commit_index=max(me.commit_index, highest))

    def may_commit(self, i: Node, me: RaftNode, index: int) -> bool:
        """A quorum has the entry, and it is of the leader's own term.  Source: section 5.4.2."""
        return self.on_quorum(i, me, index) and me.log[index - 1].term == me.current_term

    def on_quorum(self, i: Node, me: RaftNode, index: int) -> bool:
        """So far, with i itself, a quorum agrees."""
        return 1 + count(me.match_index[j] >= index for j in Node if j != i) >= self.quorum()

    # ------------------------------------------------------------------ append_entries

    def append_entries(
        self, me: RaftNode, term: int, prev: int, prev_term: int, entries: Log, leader_commit: int
    ) -> tuple[RaftNode, bool]:
        """The handler, but for `learned_commit` as it stands in the article: the node afterwards, and whether it agrees.

        A candidate that hears the leader of its own term stays a candidate, and a newer term does not free the vote.  Figure 2
        has it otherwise; neither is unsafe: a quorum has voted for that leader, and a stale vote can only be refused.
        """
        if term < me.current_term:
            return me, False
        if term > me.current_term:
            me = self.led_no_more(me).replace(current_term=term, state=NodeState.FOLLOWER)
        if prev > 0 and (len(me.log) < prev or me.log[prev - 1].term != prev_term):
            return me, False
        me = me.replace(log=self.merged(me.log, prev, entries))
        commit = self.learned_commit(me, leader_commit, prev + len(entries))
        return me.replace(commit_index=max(me.commit_index, commit)), True

    def merged(self, log: Log, prev: int, entries: Log) -> Log:
        """The loop "Append new entries (overwriting conflicts)": from the first entry that is missing or of another term on,
        the log is the leader's; before it, and if there is none, it stays."""
        kept = min(
            (
                k
                for k in range(self.max_log)
                if k < len(entries) and (prev + k >= len(log) or log[prev + k].term != entries[k].term)
            ),
            default=self.max_log,
        )
        return log[: prev + kept] + entries[kept:] if kept < len(entries) else log

    def learned_commit(self, me: RaftNode, leader_commit: int, last_new: int) -> int:
        """Only up to the last entry that this call has confirmed.  Article: `min(leader_commit, len(self.log))`."""
        return min(leader_commit, last_new)

    # ------------------------------------------------------------------ calls without answer, and crashes

    @action
    def request_vote_unanswered(self, s: State, i: Node, j: Node, t: Started, reached: bool) -> State:
        """The call of j fails, on the way there or, if it has `reached` j, on the way back: no vote for i.

        An append_entries that does not reach j is no step at all.
        """
        me, voter = s.nodes[i], s.nodes[j]
        run = me.elections[t]
        require(run is not None and self.is_next(s, i, j, run), "j is the next peer that this election of i calls")
        assert run is not None
        asked, _ = self.receive_vote_request(voter, i, self.asked_in(me, t), run.last_log_index, run.last_log_term)
        nodes = s.nodes.set(j, asked if reached else voter).set(i, self.turned(me, t, run, run.votes))
        return s.replace(nodes=nodes, failures=s.failures + 1)

    @action
    def replicate_unanswered(self, s: State, i: Node, j: Node) -> State:
        """Node j handles append_entries, and leader i does not learn of it."""
        require(i != j, "a leader does not call itself")
        me = s.nodes[i]
        require(me.state == NodeState.LEADER, "only a leader replicates")
        require(me.next_index[j] <= len(me.log), "there is something to send")
        follower, _ = self.called(s, i, j, me.log[me.next_index[j] - 1 :])
        return self.moved(s, j, follower).replace(failures=s.failures + 1)

    @action
    def restart(self, s: State, i: Node) -> State:
        """Node i crashes, its threads with it, and comes back with what it has persisted."""
        me = s.nodes[i]
        back = self.led_no_more(me).replace(
            state=NodeState.FOLLOWER,
            current_term=self.restored_term(me),
            voted_for=self.restored_vote(me),
            log=self.restored_log(me),
            commit_index=0,
            elections=Map.fill(ElectionTerm, None),
        )
        # A crash that loses nothing changes nothing, and would only be counted.
        require(back != me, "the crash loses something")
        return self.moved(s, i, back).replace(restarts=s.restarts + 1)

    def restored_term(self, me: RaftNode) -> int:
        """ "Persistent state (survives restarts)": in the article by its comment only."""
        return me.current_term

    def restored_vote(self, me: RaftNode) -> Node | None:
        return me.voted_for

    def restored_log(self, me: RaftNode) -> Log:
        return me.log

    # ------------------------------------------------------------------ history

    def moved(self, s: State, i: Node, me: RaftNode) -> State:
        """Node i has become `me`; what the properties must remember of that is noted."""
        leads = me.state == NodeState.LEADER
        elected = s.elected.set(i, s.elected[i].add(me.current_term)) if leads else s.elected
        old = s.nodes[i].commit_index
        fresh = Set(
            Commit(log_index=index, entry=me.log[index - 1], term=me.current_term)
            for index in range(1, self.max_log + 1)
            if old < index and index <= me.commit_index and index <= len(me.log)
        )
        known = s.committed
        committed = known | Set(
            c for c in fresh if not any(d.log_index == c.log_index and d.entry == c.entry for d in known)
        )
        return s.replace(nodes=s.nodes.set(i, me), elected=elected, committed=committed)

    # ------------------------------------------------------------------ properties (Fig. 3)

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one leader is elected in a term, at whatever times.  Source: Fig. 3; section 5.2."""
        return i == j or not s.elected[i] & s.elected[j]

    @step("Leader Append-Only")
    def leader_append_only(self, before: State, after: State, i: Node) -> bool:
        """While it leads, a leader neither changes nor drops an entry of its log.  Source: Fig. 3; section 5.3."""
        old, new = before.nodes[i], after.nodes[i]
        leads = old.state == NodeState.LEADER and new.state == NodeState.LEADER
        return not (leads and old.current_term == new.current_term) or new.log[: len(old.log)] == old.log

    @always("Log Matching")
    def log_matching(self, s: State, i: Node, j: Node) -> bool:
        """Logs with an entry of the same term at an index are equal up to it.  Source: Fig. 3; section 5.3."""
        a, b = s.nodes[i].log, s.nodes[j].log
        return i == j or all(
            a[:index] == b[:index]
            for index in range(1, self.max_log + 1)
            if index <= len(a) and index <= len(b) and a[index - 1].term == b[index - 1].term
        )

    @always("Leader Completeness")
    def leader_completeness(self, s: State, i: Node) -> bool:
        """What was committed in an earlier term is in the leader's log.  Source: Fig. 3; section 5.4."""
        me = s.nodes[i]
        return me.state != NodeState.LEADER or all(
            c.term >= me.current_term or (c.log_index <= len(me.log) and me.log[c.log_index - 1] == c.entry)
            for c in s.committed
        )

    @always("State Machine Safety")
    def state_machine_safety(self, s: State) -> bool:
        """No two different entries are ever committed, hence applied, at one index.  Source: Fig. 3; section 5.4.3."""
        return all(all(c.log_index != d.log_index or c.entry == d.entry for d in s.committed) for c in s.committed)

    # ------------------------------------------------------------------ witnesses

    @reachable("a leader is elected")
    def leader_elected(self, s: State, i: Node) -> bool:
        return s.nodes[i].state == NodeState.LEADER

    @reachable("an entry is committed")
    def entry_committed(self, s: State, i: Node) -> bool:
        return s.nodes[i].commit_index > 0
