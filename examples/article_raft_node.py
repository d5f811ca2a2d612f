"""The Raft node of the article Consensus Algorithms (section Code Examples), and an adapter that makes it run.

    mcheck conform textbook-raft --tweak as-written --against examples/article_raft_node.py
    mcheck conform textbook-raft --against examples/article_raft_node.py

`RaftNode` is the article's class, statement by statement, its comments left out.  It calls `request_vote` and
`send_heartbeats`, which the article does not define: `Node` does, and waits there until the specification says that the call
takes place.  So the article's own `start_election` runs in a thread of its own, and stands still wherever other nodes may act.
A leader that replicates, commits and takes requests is not in the article; what stands for it here sends what the article's
`append_entries` takes, and commits nothing.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from mcheck.conformance.adapter import Observation


class NodeState(Enum):
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@dataclass
class LogEntry:
    term: int
    command: Any
    index: int


@dataclass
class RaftNode:
    node_id: int
    peers: list[int]
    current_term: int = 0
    voted_for: int | None = None
    log: list[LogEntry] = field(default_factory=list)
    state: NodeState = NodeState.FOLLOWER
    commit_index: int = 0
    last_applied: int = 0
    next_index: dict[int, int] = field(default_factory=dict)
    match_index: dict[int, int] = field(default_factory=dict)
    election_timeout: float = 0
    last_heartbeat: float = 0

    def __post_init__(self) -> None:
        self.reset_election_timeout()
        self.lock = threading.Lock()

    def reset_election_timeout(self) -> None:
        self.election_timeout = random.uniform(150, 300) / 1000
        self.last_heartbeat = time.time()

    def should_start_election(self) -> bool:
        return time.time() - self.last_heartbeat > self.election_timeout

    def start_election(self) -> None:
        with self.lock:
            self.state = NodeState.CANDIDATE
            self.current_term += 1
            self.voted_for = self.node_id
            self.reset_election_timeout()
        votes = 1
        last_log_index = len(self.log)
        last_log_term = self.log[-1].term if self.log else 0
        for peer in self.peers:
            vote_granted = self.request_vote(peer, self.current_term, last_log_index, last_log_term)
            if vote_granted:
                votes += 1
        quorum = (len(self.peers) + 1) // 2 + 1
        if votes >= quorum:
            self.become_leader()

    def become_leader(self) -> None:
        with self.lock:
            self.state = NodeState.LEADER
            next_idx = len(self.log) + 1
            for peer in self.peers:
                self.next_index[peer] = next_idx
                self.match_index[peer] = 0
        self.send_heartbeats()

    def receive_vote_request(self, candidate_id: int, term: int, last_log_index: int, last_log_term: int) -> bool:
        with self.lock:
            if term < self.current_term:
                return False
            if term > self.current_term:
                self.current_term = term
                self.state = NodeState.FOLLOWER
                self.voted_for = None
            my_last_term = self.log[-1].term if self.log else 0
            my_last_index = len(self.log)
            log_ok = last_log_term > my_last_term or (last_log_term == my_last_term and last_log_index >= my_last_index)
            if (self.voted_for is None or self.voted_for == candidate_id) and log_ok:
                self.voted_for = candidate_id
                self.reset_election_timeout()
                return True
            return False

    def append_entries(
        self,
        term: int,
        leader_id: int,
        prev_log_index: int,
        prev_log_term: int,
        entries: list[LogEntry],
        leader_commit: int,
    ) -> bool:
        with self.lock:
            if term < self.current_term:
                return False
            self.reset_election_timeout()
            if term > self.current_term:
                self.current_term = term
                self.state = NodeState.FOLLOWER
            if prev_log_index > 0:
                if len(self.log) < prev_log_index:
                    return False
                if self.log[prev_log_index - 1].term != prev_log_term:
                    return False
            for i, entry in enumerate(entries):
                idx = prev_log_index + i
                if idx < len(self.log):
                    if self.log[idx].term != entry.term:
                        self.log = self.log[:idx]
                        self.log.append(entry)
                else:
                    self.log.append(entry)
            if leader_commit > self.commit_index:
                self.commit_index = min(leader_commit, len(self.log))
            return True

    # ------------------------------------------------------------------ called by the article, and not defined there

    def request_vote(self, peer: int, term: int, last_log_index: int, last_log_term: int) -> bool:
        raise NotImplementedError

    def send_heartbeats(self) -> None:
        pass


class Abandoned(BaseException):
    """The node that ran this election is gone."""


class Election:
    """One run of the article's `start_election`, in a thread that goes on only while it is told to."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.turn, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.reached: bool | None = True
        self.answered = True
        self.abandoned = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.back.acquire()

    def _run(self) -> None:
        self.node.running.election = self
        try:
            self.node.start_election()
        except Abandoned:
            pass
        finally:
            self.back.release()

    def pause(self) -> None:
        """Called in the thread: stand still until `go_on`."""
        self.back.release()
        self.turn.acquire()
        if self.abandoned:
            raise Abandoned

    def go_on(self, reached: bool = True, answered: bool = True) -> None:
        """Until it stands still again, or is over.  A call may not reach its peer, or its answer not come back."""
        self.reached, self.answered = reached, answered
        self.turn.release()
        self.back.acquire()

    def abandon(self) -> None:
        """End the thread."""
        self.abandoned = True
        self.turn.release()
        self.thread.join()


class Node(RaftNode):
    """The article's node, with the calls that it leaves undefined."""

    def joined(self, cluster: list[Node]) -> None:
        """The node knows whom to call."""
        self.cluster = cluster
        self.running = threading.local()
        self.elections: dict[int, Election] = {}

    def request_vote(self, peer: int, term: int, last_log_index: int, last_log_term: int) -> bool:
        election: Election = self.running.election
        election.pause()
        # The article passes self.current_term, which it has read before the call; at the specification's granularity a call
        # reads it when it takes place.
        term = self.current_term
        if not election.reached:
            return False
        granted = self.cluster[peer].receive_vote_request(self.node_id, term, last_log_index, last_log_term)
        return granted and election.answered

    def become_leader(self) -> None:
        self.running.election.pause()
        super().become_leader()

    def call(self, peer: int, entries: list[LogEntry]) -> bool:
        """One call of append_entries."""
        prev = self.next_index[peer] - 1
        prev_term = self.log[prev - 1].term if prev > 0 else 0
        return self.cluster[peer].append_entries(
            self.current_term, self.node_id, prev, prev_term, entries, self.commit_index
        )

    def replicate(self, peer: int, entries: list[LogEntry]) -> None:
        """Call, and learn from the answer how far the peer agrees."""
        known = self.next_index[peer] - 1 + len(entries)
        if self.call(peer, entries):
            self.next_index[peer], self.match_index[peer] = known + 1, known
        else:
            self.next_index[peer] = max(1, self.next_index[peer] - 1)


class Cluster:
    """The adapter: it takes the steps of `textbook-raft`."""

    nodes: list[Node] = []

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        for node in self.nodes:
            self.abandon(node)
        self.nodes = []
        for i in range(nodes):
            self.nodes.append(self.started(i, nodes))

    def started(self, i: int, nodes: int) -> Node:
        """A node that knows nothing: the article writes nothing down that could be read back."""
        node = Node(i, [j for j in range(nodes) if j != i])
        node.joined(self.nodes)
        return node

    def abandon(self, node: Node) -> None:
        """End what a node has under way."""
        for election in node.elections.values():
            election.abandon()

    def perform(self, action: str, arguments: Mapping[str, Any]) -> None:
        getattr(self, action)(**arguments)

    def observe(self, node: int) -> Observation:
        seen = self.nodes[node]
        return Observation(
            role=seen.state.value,
            term=seen.current_term,
            vote=seen.voted_for,
            commit=seen.commit_index,
            log=tuple((e.term, str(e.command)) for e in seen.log),
        )

    def start_election(self, i: int) -> None:
        node = self.nodes[i]
        term = node.current_term + 1
        node.elections[term] = Election(node)

    def request_vote(self, i: int, j: int, t: int) -> None:
        self.nodes[i].elections[t].go_on()

    def request_vote_unanswered(self, i: int, j: int, t: int, reached: bool) -> None:
        self.nodes[i].elections[t].go_on(reached=reached, answered=False)

    def become_leader(self, i: int, t: int) -> None:
        self.nodes[i].elections.pop(t).go_on()

    def client_request(self, i: int, v: int) -> None:
        node = self.nodes[i]
        node.log.append(LogEntry(node.current_term, v, len(node.log) + 1))

    def replicate(self, i: int, j: int) -> None:
        node = self.nodes[i]
        node.replicate(j, node.log[node.next_index[j] - 1 :])

    def replicate_unanswered(self, i: int, j: int) -> None:
        node = self.nodes[i]
        node.call(j, node.log[node.next_index[j] - 1 :])

    def send_heartbeat(self, i: int, j: int) -> None:
        self.nodes[i].replicate(j, [])

    def restart(self, i: int) -> None:
        self.abandon(self.nodes[i])
        self.nodes[i] = self.started(i, len(self.nodes))
