"""Raft, and the question whether a server that cannot win deposes a leader that all others hear.

Source: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), section 9.6, Preventing disruptions when a
server rejoins the cluster.

Raft itself says: it does.  `raft_pre_vote` is the dissertation's remedy, and states the property that is here; so does any
other class that is derived from this one.  It says what an attempt is, in `asks` and `attempted`, and who may stand.

Throughout this file: as in `raft_election_timer`; an attempt of a server is what comes before its election, if anything.
"""

from typing import Annotated

from mcheck.models.raft import Network, Node, Role, State, Term
from mcheck.models.raft_election_timer import ElectionTimer, TimedServer, TimedState
from mcheck.spec import GHOST, Record, Set, count, extended, step


class Silent(Record):
    """At some moment of the attempt of `asker` that goes on, `server` has heard no leader."""

    asker: Node
    server: Node


class HealthyState(TimedState):
    """The state of Raft, and what the property must remember."""

    silent: Annotated[Set[Silent], GHOST] = Set()
    founded: Annotated[Set[Term], GHOST] = Set()  # terms begun by a server that a quorum might have elected


class HealthyLeader(ElectionTimer):
    """Raft, whose elections are judged: was there a quorum that might have wanted one?"""

    def init(self) -> HealthyState:
        return extended(super().init(), HealthyState)

    def asks(self, me: TimedServer) -> bool:
        """An attempt of mine goes on.  In Raft itself none does: a server whose timer has run out stands at once."""
        return False

    def attempted(self, s: HealthyState, i: Node) -> State:
        """Server i has begun an attempt: who hears no leader at this moment."""
        now = Set(Silent(asker=i, server=j) for j in Node if not self.hears(s.servers[j]))
        return s.replace(silent=Set(x for x in s.silent if x.asker != i) | now)

    def moved(self, s: HealthyState, i: Node, me: TimedServer, network: Network) -> State:  # type: ignore[override]
        """As in Raft; and it is noted whether i hears no leader while somebody asks."""
        after = super().moved(s, i, me, network)
        return after.replace(
            silent=Set(x for x in s.silent if self.asks(after.servers[x.asker]))  # type: ignore[arg-type]
            | Set(
                Silent(asker=a, server=i)
                for a in Node
                if self.asks(after.servers[a]) and not self.hears(after.servers[i])  # type: ignore[arg-type]
            )
        )

    def campaigned(self, s: HealthyState, i: Node, network: Network) -> State:  # type: ignore[override]
        """As in Raft; the term is founded, unless a quorum has heard a leader all through the attempt of i."""
        silent = count(Silent(asker=i, server=j) in s.silent or not self.hears(s.servers[j]) for j in Node)
        begun = s.servers[i].current_term + 1
        founded = Set(t for t in range(1, self.max_term + 1) if t == begun and self.is_quorum(silent))
        return super().campaigned(s.replace(founded=s.founded | founded), i, network)

    @step("A Healthy Leader Stays")
    def healthy_leader_stays(self, before: HealthyState, after: HealthyState, i: Node) -> bool:
        """No leader that a quorum hears is deposed by a server that no quorum would have elected.

        It would not: while the server tried, a quorum heard a leader all the time.  Source: section 9.6.
        """
        old, new = before.servers[i], after.servers[i]
        healthy = old.role == Role.LEADER and self.is_quorum(
            count(j == i or self.obeys_leader(before.servers[j], old) for j in Node)
        )
        deposed = new.current_term > old.current_term and new.current_term not in after.founded
        return not (healthy and deposed)

    def obeys_leader(self, other: TimedServer, leader: TimedServer) -> bool:
        """The other server hears a leader, in the term of this one."""
        return other.leader_alive and other.current_term == leader.current_term
