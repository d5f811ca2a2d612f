"""Raft in large steps with servers that crash and do not come back: what the others can still do.

Source: as `raft_macro`; D. Ongaro and J. Ousterhout, USENIX ATC 2014, section 2: "available as long as any majority of the
servers are operational".

Throughout this file: as in `raft_macro`.  Any number of servers may crash.  A crashed server takes part in nothing; what it
had acknowledged before, a leader still counts.
"""

from mcheck.models import raft_macro
from mcheck.models.raft_macro import LogIndex, Node, Quorum, RaftMacro, Term
from mcheck.spec import Map, Safe, action, all, len, reachable, require

# The actions take more of a state than those they override: hence each `type: ignore` below.


class State(raft_macro.State):
    """A state of `RaftMacro`, and who is up."""

    up: Map[Node, bool]


class Crashing(RaftMacro):
    """Servers crash for good, as many as will.  Safe whatever happens; with no majority left, nothing is committed any more."""

    outcome = Safe(source="section 2", nodes=3, max_term=2, max_log=1)

    def init(self) -> State:
        s = super().init()
        return State(servers=s.servers, elected=s.elected, up=Map.fill(Node, True))

    @action
    def crash(self, s: State, i: Node) -> State:
        """Server i crashes."""
        require(s.up[i], "i is up")
        return s.replace(up=s.up.set(i, False))

    @action
    def elect(self, s: State, i: Node, t: Term, q: Quorum) -> raft_macro.State:  # type: ignore[override]
        """Server i is elected in t by q, all of whom are up."""
        require(all(s.up[j] for j in q), "all of q are up")
        return super().elect(s, i, t, q)

    @action
    def client_request(self, s: State, i: Node) -> raft_macro.State:  # type: ignore[override]
        """A leader that is up appends a client's command to its log."""
        require(s.up[i], "i is up")
        return super().client_request(s, i)

    @action
    def replicate(self, s: State, i: Node, j: Node) -> raft_macro.State:  # type: ignore[override]
        """Server j takes over the log of leader i, both being up."""
        require(s.up[i] and s.up[j], "i and j are up")
        return super().replicate(s, i, j)

    @action
    def commit(self, s: State, i: Node, index: LogIndex) -> raft_macro.State:  # type: ignore[override]
        """A leader that is up commits."""
        require(s.up[i], "i is up")
        return super().commit(s, i, index)

    @reachable("a committed entry outlives its leader")
    def outlived(self, s: State, i: Node, j: Node) -> bool:
        """Leader i has committed all there is and crashed; j leads in a later term, and has what i committed."""
        old, new = s.servers[i], s.servers[j]
        return (
            len(s.committed) > 0
            and not s.up[i]
            and old.leads
            and s.up[j]
            and new.leads
            and all(
                c.term == old.current_term
                and c.term < new.current_term
                and c.log_index <= len(new.log)
                and new.log[c.log_index - 1] == c.entry
                for c in s.committed
            )
        )
