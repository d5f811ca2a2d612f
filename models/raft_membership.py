"""Raft in large steps whose members change: one server at a time, or by joint consensus.

Sources: D. Ongaro, Consensus: Bridging Theory and Practice (dissertation, 2014), chapter 4, for one server at a time, with
the correction of D. Ongaro, Bug in single-server membership changes, raft-dev, 10 July 2015.  D. Ongaro and J. Ousterhout,
In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, section 6, for joint consensus.

Throughout this file: as in `raft_macro`, whose steps these are.  A configuration is an entry of the log, and a server uses the
last one in its log, whether it is committed or not.  At first the founders are members: all servers, but for `spare` ones
that may be added.

Differs: a server that is no member in its own configuration does not stand for election.  A leader knows what is committed
as soon as it is, as everywhere in `raft_macro`.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck.models.raft_macro import Node, RaftMacro, Server, State, Term
from mcheck.spec import (
    AtMost,
    Broken,
    Map,
    Record,
    Safe,
    Set,
    UsageError,
    action,
    any,
    constant,
    extended,
    len,
    max,
    reachable,
    require,
)


class Config(Record):
    """The members; while they change by joint consensus, the old ones, and `joint` the new ones."""

    members: Set[Node]
    joint: Set[Node] | None = None


class Entry(Record):
    """An entry, which may be a configuration."""

    term: Term
    config: Config | None = None


Log = Annotated[tuple[Entry, ...], AtMost("max_log")]


class MemberServer(Server):
    """A server with such a log."""

    log: Log = ()  # type: ignore[assignment]


class MemberState(State):
    """The state of Raft with such servers."""

    servers: Map[Node, MemberServer]  # type: ignore[assignment]
    founders: Set[Node] = Set()  # the members as long as no log has others; never changes


class Membership(RaftMacro):
    """What both ways have in common: whose votes and whose copies count."""

    spare: int = constant(0, "servers that are no members at first", least=0)

    def init(self) -> Iterable[MemberState]:  # type: ignore[override]
        """Any servers but the spare ones may be the founders; up to renaming servers, that is one state."""
        if self.spare >= self.nodes:
            raise UsageError(
                f"{type(self).__name__}: of {self.nodes} servers at least one must be a member (got {self.spare} spare)"
            )
        start = extended(super().init(), MemberState)
        return [start.replace(founders=Set(c)) for c in combinations(Node, self.nodes - self.spare)]

    def new_entry(self, me: MemberServer) -> Entry:  # type: ignore[override]
        return Entry(term=me.current_term)

    def term_of(self, entry: Entry) -> int:  # type: ignore[override]
        return entry.term

    def config_index(self, me: MemberServer) -> int:
        """Where the last configuration in my log stands; 0 if there is none."""
        return max(
            (n for n in range(1, self.max_log + 1) if n <= len(me.log) and me.log[n - 1].config is not None), default=0
        )

    def config(self, s: MemberState, me: MemberServer) -> Config:
        """The last configuration in my log, as far as it counts; at first the founders.  Source: dissertation, section 4.1."""
        for n in range(self.max_log, 0, -1):
            if n <= self.counts_to(me):
                config = me.log[n - 1].config
                if config is not None:
                    return config
        return Config(members=s.founders)

    def counts_to(self, me: MemberServer) -> int:
        """Up to where a configuration in my log counts: it does so at once.  Source: dissertation, section 4.1."""
        return len(me.log)

    def is_quorum_of(self, config: Config, q: Set[Node]) -> bool:
        """A majority of the members, and while they change of the old and of the new ones.  Source: ATC 2014, section 6."""
        joint = config.joint
        return self.is_majority(config.members, q) and (joint is None or self.is_majority(joint, q))

    def is_majority(self, members: Set[Node], q: Set[Node]) -> bool:
        """More than half of the members are in q."""
        return len(members & q) * 2 > len(members)

    @action
    def elect(self, s: MemberState, i: Node, t: Term, q: Set[Node]) -> State:  # type: ignore[override]
        """Server i is elected in t by q, a quorum of its configuration."""
        me = s.servers[i]
        require(i in q, "i votes for itself")
        config = self.config(s, me)
        require(q <= self.voters(config), "i asks members")
        require(self.is_quorum_of(config, q), "q is a quorum of the configuration of i")
        return super().elect(s, i, t, q)

    def voters(self, config: Config) -> Set[Node]:
        """All members, old and new."""
        joint = config.joint
        return config.members if joint is None else config.members | joint

    def on_quorum(self, s: MemberState, i: Node, index: int) -> bool:  # type: ignore[override]
        """The entry has been acknowledged by a quorum of the configuration of leader i."""
        me = s.servers[i]
        return self.is_quorum_of(self.config(s, me), Set(j for j in Node if self.holds(me, s.servers[j], index)))

    def is_committed(self, s: MemberState, i: Node, index: int) -> bool:
        """Leader i has committed up to `index`: an entry of its term, there or later, is on a quorum."""
        me = s.servers[i]
        return any(
            n >= index and n <= len(me.log) and self.may_commit(me, n) and self.on_quorum(s, i, n)
            for n in range(1, self.max_log + 1)
        )

    def with_config(self, s: MemberState, i: Node, config: Config) -> State:
        """Leader i has appended a configuration to its log, and uses it at once."""
        me = s.servers[i]
        return s.replace(
            servers=s.servers.set(i, me.replace(log=me.log + (Entry(term=me.current_term, config=config),)))
        )

    @reachable("a configuration is committed")
    def config_committed(self, s: MemberState, i: Node) -> bool:
        me = s.servers[i]
        return me.leads and self.config_index(me) > 0 and self.is_committed(s, i, self.config_index(me))


# ---------------------------------------------------------------------- one server at a time


class SingleServerChange(Membership):
    """A leader adds or removes one server, so that any two quorums of the old and the new members meet."""

    @action
    def change(self, s: MemberState, i: Node, j: Node) -> State:
        """Leader i removes member j, or adds j if it is none.  Source: dissertation, section 4.1."""
        me = s.servers[i]
        require(me.leads, "only a leader changes the members")
        require(self.may_change(s, i), "the last configuration, and an entry of this term, are committed")
        members = self.config(s, me).members
        changed = members - Set.of(j) if j in members else members.add(j)
        require(len(changed) > 0, "somebody stays")
        return self.with_config(s, i, Config(members=changed))

    def may_change(self, s: MemberState, i: Node) -> bool:
        """Source: dissertation, section 4.1, for the configuration; raft-dev, 10 July 2015, for an entry of the term."""
        return self.is_committed(s, i, self.config_index(s.servers[i]))


class ChangesBeforeOwnCommit(SingleServerChange):
    """A leader changes the members before it has committed an entry of its term: a rival change may be under way unseen.

    Each change is of one server, but they start from the same configuration, and their quorums need not meet.
    """

    outcome = (
        Broken("Election Safety", steps=6, source="raft-dev, 10 July 2015", nodes=4, max_term=3, max_log=1),
        Broken("Leader Completeness", steps=7, source="raft-dev, 10 July 2015", nodes=4, max_term=3, max_log=1),
        Safe(nodes=3, max_term=3, max_log=2, note="Of three servers, majorities that leave out one each still meet."),
    )

    def may_change(self, s: MemberState, i: Node) -> bool:
        me = s.servers[i]
        return self.config_index(me) == 0 or self.is_committed(s, i, self.config_index(me))


class ChangesSeveralAtOnce(SingleServerChange):
    """A leader goes over to any other members in one step: the majorities of old and new need not meet."""

    outcome = Broken("Election Safety", steps=6, source="ATC 2014, Fig. 10", nodes=3, max_term=2, max_log=2)

    @action
    def change_at_once(self, s: MemberState, i: Node, members: Set[Node]) -> State:
        """Leader i replaces the members by others."""
        require(s.servers[i].leads, "only a leader changes the members")
        require(self.may_change(s, i), "the last configuration, and an entry of this term, are committed")
        require(len(members) > 0, "somebody stays")
        return self.with_config(s, i, Config(members=members))


# ---------------------------------------------------------------------- joint consensus


class JointConsensus(Membership):
    """A leader goes over to any other members through a configuration in which both must agree."""

    @action
    def begin_change(self, s: MemberState, i: Node, members: Set[Node]) -> State:
        """Leader i appends the old members and the new ones.  Source: ATC 2014, section 6."""
        me = s.servers[i]
        require(me.leads, "only a leader changes the members")
        config = self.config(s, me)
        require(config.joint is None, "no change is under way")
        require(self.has_settled(s, i), "the last configuration is committed")
        require(len(members) > 0 and members != config.members, "there are others")
        return self.with_config(s, i, Config(members=config.members, joint=members))

    def has_settled(self, s: MemberState, i: Node) -> bool:
        """The last configuration in the log of leader i is committed, or is the first of all."""
        index = self.config_index(s.servers[i])
        return index == 0 or self.is_committed(s, i, index)

    @action
    def finish_change(self, s: MemberState, i: Node) -> State:
        """Leader i appends the new members, as the two are committed together.  Source: ATC 2014, section 6."""
        me = s.servers[i]
        require(me.leads, "only a leader changes the members")
        joint = self.config(s, me).joint
        require(joint is not None, "a change is under way")
        assert joint is not None
        require(self.is_committed(s, i, self.config_index(me)), "old and new members have committed it")
        return self.with_config(s, i, Config(members=joint))


class CountsUnion(JointConsensus):
    """While the members change, a majority of old and new ones taken together is enough."""

    outcome = Broken("Election Safety", steps=6, source="ATC 2014, section 6", nodes=3, max_term=2, max_log=2)

    def is_quorum_of(self, config: Config, q: Set[Node]) -> bool:
        return self.is_majority(self.voters(config), q)


class FinishesUncommitted(JointConsensus):
    """A leader appends the new members before the old have agreed to the change."""

    outcome = Broken("Election Safety", steps=5, source="ATC 2014, section 6", nodes=3, max_term=2, max_log=2)

    @action
    def finish_change(self, s: MemberState, i: Node) -> State:
        me = s.servers[i]
        require(me.leads, "only a leader changes the members")
        joint = self.config(s, me).joint
        require(joint is not None, "a change is under way")
        assert joint is not None
        return self.with_config(s, i, Config(members=joint))
