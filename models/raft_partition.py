"""Raft in a network of which one server that does not lead may be cut off and come back, and which is quick otherwise.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 9.6, for the story that it tells.

`raft` lets every message be late, so that a partition adds nothing that could go wrong: it is here for what it takes away.
Whoever can reach a leader hears it in time, and no election timer runs out but that of a server which cannot.  What is
violated here happens to a cluster in which nothing is wrong but one server's link.

Throughout this file: as in `raft_election_timer`.
"""

from typing import Annotated

from mcheck.models.raft import Message, Network, Node, Role, State
from mcheck.models.raft_election_timer import ElectionTimer, TimedState
from mcheck.spec import Range, Set, action, any, bound, extended, len, reachable, require


class PartitionedState(TimedState):
    """The state of Raft, and who is cut off."""

    cut_off: Set[Node] = Set()  # one server, or none
    partitions: Annotated[int, Range(0, "max_partitions")] = 0


class RaftPartition(ElectionTimer):
    """One server that does not lead is cut off at a time; all others hear a leader as soon as there is one."""

    max_partitions: int = bound(1, "most times that a server is cut off")

    def init(self) -> PartitionedState:
        return extended(super().init(), PartitionedState)

    @action
    def isolate(self, s: PartitionedState, i: Node) -> State:
        """The link of server i, which does not lead, fails."""
        require(len(s.cut_off) == 0, "no other link has failed")
        require(s.servers[i].role != Role.LEADER, "a leader is not cut off")
        return s.replace(cut_off=Set.of(i), partitions=s.partitions + 1)

    @action
    def heal(self, s: PartitionedState) -> State:
        """The link works again."""
        require(len(s.cut_off) > 0, "a link has failed")
        return s.replace(cut_off=Set())

    def reaches(self, s: PartitionedState, i: Node, j: Node) -> bool:
        """Messages get from i to j."""
        return i == j or not (i in s.cut_off or j in s.cut_off)

    def handled(self, s: PartitionedState, m: Message, network: Network) -> State:  # type: ignore[override]
        require(self.reaches(s, m.src, m.dst), "the link works")
        return super().handled(s, m, network)

    def misses_leader(self, s: PartitionedState, i: Node) -> bool:
        """No leader of its term, or of a later one, reaches server i."""
        return not any(
            s.servers[j].role == Role.LEADER
            and s.servers[j].current_term >= s.servers[i].current_term
            and self.reaches(s, j, i)
            for j in Node
        )

    @action
    def silence(self, s: PartitionedState, i: Node) -> State:  # type: ignore[override]
        require(self.misses_leader(s, i), "no leader reaches i")
        return super().silence(s, i)

    @action
    def timeout(self, s: PartitionedState, i: Node) -> State:  # type: ignore[override]
        require(self.misses_leader(s, i), "no leader reaches i")
        return super().timeout(s, i)

    @reachable("a server is cut off from a leader")
    def misses_a_leader(self, s: PartitionedState, i: Node) -> bool:
        """Its timer may run out; that of nobody else may."""
        return i in s.cut_off and any(s.servers[j].role == Role.LEADER for j in Node)
