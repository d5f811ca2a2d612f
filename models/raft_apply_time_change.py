"""Raft in large steps whose members change when a configuration is applied, as in etcd, and not when it is appended.

Sources: etcd-io/raft, raft.go (`switchToConfig`, `pendingConfIndex`, `hasUnappliedConfChanges`); issue 456 and pull request
469 there, for what goes wrong in its TLA+ specification, which lacked the last of these.

Throughout this file: as in `raft_membership`.  A server applies entries some time after it has come to know that they are
committed.  Until then it goes by an older configuration than stands in its log, and the old members commit the new ones.

A candidate may be behind by one configuration, as old and new quorums meet, but not by two.  Whoever has a configuration in its log
knows the one before to be committed: the leader had applied that when it appended this one.  So it is enough that nobody
stands for election who knows of a committed configuration, and has not applied it.

Differs: a leader may change the members as soon as it has applied the last configuration in its log; etcd's waits for all that
was in its log when it was elected.  There are no crashes: a server that is back with what it had applied is one that was slow.
"""

from collections.abc import Iterable
from typing import Annotated

from mcheck.models.raft_macro import LogIndex, Node, State, Term
from mcheck.models.raft_membership import Config, MemberServer, Membership, MemberState
from mcheck.spec import Broken, Map, Range, Safe, Set, action, any, extended, len, max, reachable, require

UpTo = Annotated[int, Range(0, "max_log")]  # 0: before the first entry


class ApplyingServer(MemberServer):
    """A server, and how far it has come with what is committed."""

    commit_index: UpTo = 0
    last_applied: UpTo = 0


class ApplyingState(MemberState):
    """The state of Raft with such servers."""

    servers: Map[Node, ApplyingServer]  # type: ignore[assignment]


class ApplyTimeChange(Membership):
    """A leader adds or removes one server; whoever has applied the change goes by it."""

    def init(self) -> Iterable[ApplyingState]:  # type: ignore[override]
        return [extended(start, ApplyingState) for start in super().init()]

    def counts_to(self, me: ApplyingServer) -> int:  # type: ignore[override]
        """Up to where I have applied it.  Source: raft.go, switchToConfig."""
        return me.last_applied

    # ------------------------------------------------------------------ what is known to be committed, and applied

    @action
    def commit(self, s: ApplyingState, i: Node, index: LogIndex) -> State:  # type: ignore[override]
        """As in Raft; the leader knows.  Members by what it has applied must have the entry."""
        after = super().commit(s, i, index)
        me = s.servers[i]
        return after.replace(servers=s.servers.set(i, me.replace(commit_index=max(me.commit_index, index))))

    @action
    def replicate(self, s: ApplyingState, i: Node, j: Node) -> State:  # type: ignore[override]
        """As in Raft; with the log comes how much of it is committed.  Source: ATC 2014, Fig. 2, AppendEntries RPC, 5."""
        after = super().replicate(s, i, j)
        learned = max(s.servers[j].commit_index, s.servers[i].commit_index)
        return after.replace(servers=after.servers.set(j, after.servers[j].replace(commit_index=learned)))

    @action
    def apply(self, s: ApplyingState, i: Node, index: LogIndex) -> State:
        """Server i applies what it knows to be committed, up to `index`."""
        me = s.servers[i]
        require(index > me.last_applied, "i has not applied it yet")
        require(index <= me.commit_index, "i knows it to be committed")
        return s.replace(servers=s.servers.set(i, me.replace(last_applied=index)))

    # ------------------------------------------------------------------ changes

    @action
    def change(self, s: ApplyingState, i: Node, j: Node) -> State:
        """Leader i removes member j, or adds j if it is none; nobody goes by it yet.  Source: dissertation, section 4.1."""
        me = s.servers[i]
        require(me.leads, "only a leader changes the members")
        require(self.may_change(me), "the last configuration in its log is applied")
        members = self.config(s, me).members
        changed = members - Set.of(j) if j in members else members.add(j)
        require(len(changed) > 0, "somebody stays")
        return self.with_config(s, i, Config(members=changed))

    def may_change(self, me: ApplyingServer) -> bool:
        """One change at a time.  Source: raft.go, pendingConfIndex."""
        return self.config_index(me) <= me.last_applied

    @action
    def elect(self, s: ApplyingState, i: Node, t: Term, q: Set[Node]) -> State:  # type: ignore[override]
        """As before, unless i has a change to apply first."""
        require(self.may_campaign(s.servers[i]), "i has applied every configuration that it knows to be committed")
        return super().elect(s, i, t, q)

    def may_campaign(self, me: ApplyingServer) -> bool:
        """I know of no committed configuration that I do not go by.  Source: raft.go, hasUnappliedConfChanges."""
        return not any(
            me.last_applied < n and n <= me.commit_index and n <= len(me.log) and me.log[n - 1].config is not None
            for n in range(1, self.max_log + 1)
        )

    @reachable("a configuration is applied")
    def config_applied(self, s: ApplyingState, i: Node) -> bool:
        return self.config(s, s.servers[i]).members != s.founders


# ---------------------------------------------------------------------- one rule at a time


class CampaignsUnapplied(ApplyTimeChange):
    """A server stands for election although it knows of a committed configuration that it has not applied.

    It may then be two changes behind, and a quorum of its old members meets none of the new.
    """

    outcome = Broken("Election Safety", steps=11, source="etcd-io/raft, issue 456", nodes=3, max_term=2, max_log=2)

    def may_campaign(self, me: ApplyingServer) -> bool:
        return True


class ChangesBeforeApplying(ApplyTimeChange):
    """A leader changes the members again before it has applied the last change.

    Both changes start from the same members.  Who has applied the first and who has applied the second are two servers
    apart, as after a change of two at once.
    """

    outcome = (
        Broken("Election Safety", steps=12, source="etcd-io/raft, pendingConfIndex", nodes=4, max_term=2, max_log=2),
        Safe(nodes=3, max_term=2, max_log=2, note="Of three servers, majorities that leave out one each still meet."),
    )

    def may_change(self, me: ApplyingServer) -> bool:
        return True
