"""The Raft node of a textbook article in Go: elections by goroutines, with the two stubs filled in.

Source: the article Consensus Algorithms, section Code Examples, "Go - Raft Leader Election"; where it is silent, D. Ongaro and
J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, section 5.2.

Granularity: one step is a block under `n.mu`, or one goroutine of an election with its whole call of requestVote: request,
handler at the peer, and answer.  Goroutines run in any order.  What no other node and no other goroutine can see is part of
the step before or after it: that the timer is set, that wg.Wait returns.

In the article `requestVote` is `return true` and `sendHeartbeats` is empty.  `TextbookGo` gives them the handlers of Raft, with
the term in every answer and calls that time out; the tweaks take one of these away, or the article's own re-check.  There are
no logs here: the article's node has one and never uses it, and its requestVote(peer, term) could not compare any (see
`NoLogCheck` in `textbook_tweaks`).

Throughout this file: i, j nodes; `me` the node that takes the step.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations
from typing import Annotated

from mcheck.spec import (
    GHOST,
    Broken,
    Index,
    Map,
    Range,
    Record,
    Safe,
    Set,
    Spec,
    action,
    all,
    always,
    bound,
    constant,
    len,
    reachable,
    require,
    where,
)


class Node(Index, size="nodes"):
    """A node of the cluster; `id` of the article."""


Term = Annotated[int, Range(0, "max_term")]


class NodeState(Enum):
    FOLLOWER = auto()
    CANDIDATE = auto()
    LEADER = auto()


class Election(Record):
    """The local variables of runCandidate between its two lock blocks."""

    term: Term
    waiting: Set[Node]  # the peers whose goroutines have not called wg.Done
    votes: Annotated[int, Range(1, "nodes")]


class RaftNode(Record):
    """The fields of the article's struct that anything reads, and where its goroutine `run` is."""

    state: NodeState = NodeState.FOLLOWER
    current_term: Term = 0
    voted_for: Node | None = None
    election: Election | None = None  # while runCandidate waits


class State(Record):
    nodes: Map[Node, RaftNode]
    down: Set[Node]  # dead from the start
    elected: Annotated[Map[Node, Set[Term]], GHOST]  # the terms that each node has won


class TextbookGo(Spec[State]):
    """The article's elections, with voters that remember, leaders that step down, and calls that time out."""

    fault_model = "crash-stop"
    resilience = "n >= 2f + 1"

    nodes: int = constant(3, "nodes in the cluster", least=1)
    dead: int = constant(0, "nodes that are dead from the start", least=0)
    max_term: int = bound(2, "highest term explored; the first is 0", least=1)

    def init(self) -> Iterable[State]:
        """Any so many nodes may be the dead ones."""
        nodes = Map.fill(Node, RaftNode())
        return [
            State(nodes=nodes, down=Set(dead), elected=Map.fill(Node, Set())) for dead in combinations(Node, self.dead)
        ]

    def quorum(self) -> int:
        """`(len(n.peers)+1)/2 + 1`, the node itself included."""
        return len(Node) // 2 + 1

    def became(self, s: State, i: Node, me: RaftNode) -> State:
        """Node i is now `me`."""
        return s.replace(nodes=s.nodes.set(i, me))

    # ------------------------------------------------------------------ run

    @action
    def election_timeout(self, s: State, i: Node) -> State:
        """The timer of runFollower fires.  That a heartbeat may be queued at this moment changes nothing."""
        me = s.nodes[i]
        require(i not in s.down, "i is up")
        require(me.state == NodeState.FOLLOWER and me.election is None, "run is in runFollower")
        return self.became(s, i, me.replace(state=NodeState.CANDIDATE))

    @action
    def start_election(self, s: State, i: Node) -> State:
        """The first lock block of runCandidate, and the start of its goroutines.

        After an election that it has not won, a candidate is here again at once: no timer stands in between.
        """
        me = s.nodes[i]
        require(i not in s.down, "i is up")
        require(me.state == NodeState.CANDIDATE and me.election is None, "run enters runCandidate")
        term = me.current_term + 1
        waiting = self.called(i)
        election = Election(term=term, waiting=waiting, votes=len(Node) - len(waiting))
        return self.became(s, i, me.replace(current_term=term, voted_for=i, election=election))

    def called(self, i: Node) -> Set[Node]:
        """The peers that must be asked; the votes of all others are certain.  Article: nobody is asked."""
        return Set(j for j in Node if j != i)

    @action
    def request_vote(self, s: State, i: Node, j: Node) -> State:
        """The goroutine of i for j asks, and counts the answer."""
        me, peer = s.nodes[i], s.nodes[j]
        run = me.election
        require(run is not None and j in run.waiting, "i waits for j")
        assert run is not None
        require(j not in s.down, "j is up")
        voter = self.at_term(peer, run.term)
        granted = run.term == voter.current_term and (voter.voted_for is None or voter.voted_for == i)
        voter = voter.replace(voted_for=i) if granted else voter
        votes = where(granted, run.votes + 1, run.votes)
        me = self.at_term(
            me.replace(election=run.replace(waiting=run.waiting.remove(j), votes=votes)), voter.current_term
        )
        return self.became(self.became(s, j, voter), i, me)

    @action
    def request_vote_fails(self, s: State, i: Node, j: Node) -> State:
        """The call of j times out, which counts as no."""
        me = s.nodes[i]
        run = me.election
        require(run is not None and j in run.waiting, "i waits for j")
        assert run is not None
        require(self.times_out(), "a call without an answer ends")
        return self.became(s, i, me.replace(election=run.replace(waiting=run.waiting.remove(j))))

    def times_out(self) -> bool:
        """A call ends even if it is not answered."""
        return True

    @action
    def conclude(self, s: State, i: Node) -> State:
        """wg.Wait returns, and runCandidate takes the lock again."""
        me = s.nodes[i]
        run = me.election
        require(run is not None and not run.waiting, "every goroutine has called wg.Done")
        assert run is not None
        me = me.replace(election=None)
        wins = run.votes >= self.quorum() and self.still_stands(me, run)
        if not wins:
            return self.became(s, i, me)
        elected = s.elected.set(i, s.elected[i].add(me.current_term))
        return self.became(s, i, me.replace(state=NodeState.LEADER)).replace(elected=elected)

    def still_stands(self, me: RaftNode, run: Election) -> bool:
        """`if n.state != Candidate || n.currentTerm != term { return }`: what the article's Python has not."""
        return me.state == NodeState.CANDIDATE and me.current_term == run.term

    # ------------------------------------------------------------------ runLeader

    @action
    def send_heartbeat(self, s: State, i: Node, j: Node) -> State:
        """A leader calls AppendEntries of j, with no entries; whichever is in the older term learns of the newer one."""
        me, peer = s.nodes[i], s.nodes[j]
        require(i != j, "a leader does not call itself")
        require(me.state == NodeState.LEADER, "run is in runLeader")
        require(j not in s.down, "j is up")
        follower = self.hears(peer, me.current_term)
        after = self.became(self.became(s, j, follower), i, self.at_term(me, follower.current_term))
        require(after != s, "somebody learns something")
        return after

    def hears(self, me: RaftNode, term: int) -> RaftNode:
        """The handler of AppendEntries: a node follows the leader of its own term, and of a newer one.  Article: nobody calls."""
        me = self.at_term(me, term)
        return me.replace(state=NodeState.FOLLOWER) if me.current_term == term else me

    def at_term(self, me: RaftNode, term: int) -> RaftNode:
        """A newer term is adopted at once, as a follower.  Source: Fig. 2, Rules for Servers, All Servers."""
        if term <= me.current_term:
            return me
        return me.replace(state=NodeState.FOLLOWER, current_term=term, voted_for=None)

    # ------------------------------------------------------------------ properties

    @always("Election Safety")
    def election_safety(self, s: State, i: Node, j: Node) -> bool:
        """At most one leader is elected in a term, at whatever times.  Source: Fig. 3; section 5.2."""
        return i == j or not s.elected[i] & s.elected[j]

    @reachable("a leader is elected")
    def leader_elected(self, s: State, i: Node) -> bool:
        return s.nodes[i].state == NodeState.LEADER

    @reachable("a leader has stepped down")
    def stepped_down(self, s: State, i: Node) -> bool:
        return s.nodes[i].state != NodeState.LEADER and s.elected[i] != Set()


class GrantsUnseen(TextbookGo):
    """`requestVote` is `return true`: every peer has voted for every candidate, and does not know it."""

    outcome = Broken("Election Safety", steps=6, max_term=1, source="section 5.2")

    def called(self, i: Node) -> Set[Node]:
        return Set()


class AsWritten(GrantsUnseen):
    """Both stubs: `requestVote` is `return true`, and `sendHeartbeats` does nothing.  In the end every node leads term 1."""

    outcome = Broken(
        "Election Safety", steps=6, source="section 5.2", note="Every run ends with all nodes leading term 1."
    )

    def hears(self, me: RaftNode, term: int) -> RaftNode:
        return me

    @reachable("all nodes lead")
    def all_lead(self, s: State) -> bool:
        return all(s.nodes[i].state == NodeState.LEADER for i in Node)


class NoRecheck(TextbookGo):
    """runCandidate does not look whether it is still a candidate, of the term it was one in."""

    outcome = Broken("Election Safety", steps=10, source="section 5.2")

    def still_stands(self, me: RaftNode, run: Election) -> bool:
        return True


class WaitsForAll(TextbookGo):
    """`wg.Wait()` over calls that never time out: with one dead peer no election ends.  Safe, as nothing happens."""

    outcome = Safe(dead=1, note="The witness that a leader is elected is never reached.")

    def times_out(self) -> bool:
        return False
