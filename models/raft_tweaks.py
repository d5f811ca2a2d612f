"""Raft gone wrong, one rule at a time; and networks worse than the one that `raft` assumes.

Each class overrides one rule of `Raft` and nothing else.  What it breaks, how soon, and where that shows with the fewest
servers, terms and messages, stands in its docstring: steps of a shortest behaviour at the granularity of `raft`.
"""

from typing import Annotated

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    Log,
    Message,
    Node,
    Raft,
    RequestVote,
    RequestVoteReply,
    Server,
    State,
)
from mcheck.spec import Broken, In, Safe, action, len

# ---------------------------------------------------------------------- elections


class QuorumOfOne(Raft):
    """One server is a quorum."""

    outcome = Broken(
        "Election Safety", steps=2, source="section 5.2", nodes=2, max_term=1, max_log=0, max_messages=2, max_restarts=0
    )

    def is_quorum(self, size: int) -> bool:
        return size >= 1


class HalfQuorum(Raft):
    """Half of the servers are a quorum, so that two quorums of an even number of servers need not meet."""

    outcome = Broken(
        "Election Safety", steps=6, source="section 5.2", nodes=4, max_term=1, max_log=0, max_messages=5, max_restarts=0
    )

    def is_quorum(self, size: int) -> bool:
        return size * 2 >= len(Node)


class ForgetsVote(Raft):
    """The vote is not persisted: after a crash a server votes again in the same term."""

    outcome = Broken(
        "Election Safety",
        steps=7,
        source="Fig. 2, Persistent state",
        nodes=3,
        max_term=1,
        max_log=0,
        max_messages=3,
        max_restarts=1,
    )

    def restored_vote(self, me: Server) -> Node | None:
        return None


class ForgetsTerm(Raft):
    """The term is not persisted: a server votes again in a term it has lived through."""

    outcome = Broken(
        "Election Safety",
        steps=7,
        source="Fig. 2, Persistent state",
        nodes=3,
        max_term=1,
        max_log=0,
        max_messages=3,
        max_restarts=1,
    )

    def restored_term(self, me: Server) -> int:
        return 0


class VotesTwice(Raft):
    """A server grants every request of its term."""

    outcome = Broken(
        "Election Safety", steps=6, source="section 5.2", nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=0
    )

    def may_vote(self, me: Server, m: RequestVote) -> bool:
        return True


class CountsStaleVotes(Raft):
    """A candidate counts votes of an election that it has given up."""

    outcome = Broken(
        "Election Safety",
        steps=7,
        source="Fig. 2, Rules for Servers, Candidates",
        nodes=3,
        max_term=2,
        max_log=0,
        max_messages=5,
        max_restarts=0,
    )

    def counts(self, me: Server, m: RequestVoteReply) -> bool:
        return True


class IgnoresLogs(Raft):
    """A voter does not compare logs."""

    outcome = Broken(
        "Leader Completeness",
        steps=10,
        source="section 5.4.1",
        nodes=3,
        max_term=2,
        max_log=1,
        max_messages=3,
        max_restarts=0,
    )

    def up_to_date(self, me: Server, m: RequestVote) -> bool:
        return True


class FreesVoteOnAppend(Raft):
    """A follower that hears its leader forgets its vote."""

    outcome = Broken(
        "Election Safety", steps=8, source="section 5.2", nodes=3, max_term=1, max_log=0, max_messages=4, max_restarts=0
    )

    def on_append_entries(self, me: Server, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:
        me, reply = super().on_append_entries(me, m)
        return me if m.term < me.current_term else me.replace(voted_for=None), reply


class FreesVoteOnStepDown(Raft):
    """A candidate that hears the leader of its term forgets its vote.

    It had voted for itself, so it is none of the majority that elected the leader, and too few are left to elect another.
    """

    outcome = Safe(nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=0)

    def stepped_down(self, me: Server) -> Server:
        return self.follower(me).replace(voted_for=None)


# ---------------------------------------------------------------------- replication and commitment


class CommitsAlone(Raft):
    """A leader commits what only it has.

    With 3 servers the leader and one acknowledgement are a majority, so nothing less than no acknowledgement is wrong.
    """

    outcome = Broken(
        "Leader Completeness",
        steps=7,
        source="section 5.3",
        nodes=3,
        max_term=2,
        max_log=1,
        max_messages=3,
        max_restarts=0,
    )

    def on_quorum(self, i: Node, me: Server, index: int) -> bool:
        return True


class CommitsOldTerms(Raft):
    """A leader counts replicas of entries of earlier terms too.  Breaks Leader Completeness.

    Needs four elections and two entries, but 3 nodes and no crash: terms up to 4, logs up to 1.
    Source: section 5.4.2 and Fig. 8.
    """

    def may_commit(self, i: Node, me: Server, index: int) -> bool:
        return self.on_quorum(i, me, index)


class ForgetsLog(Raft):
    """The log is not persisted."""

    outcome = (
        Broken(
            "Integrity",
            steps=8,
            source="Fig. 2, Persistent state",
            nodes=3,
            max_term=1,
            max_log=1,
            max_messages=2,
            max_restarts=1,
        ),
        Broken(
            "Leader Completeness",
            steps=11,
            source="Fig. 2, Persistent state",
            nodes=3,
            max_term=2,
            max_log=1,
            max_messages=3,
            max_restarts=1,
        ),
    )

    def restored_log(self, me: Server) -> Log:
        return ()


class AlwaysTruncates(Raft):
    """A follower drops everything after the previous entry, conflict or not.

    A heartbeat that comes late takes away what was acknowledged.
    """

    outcome = (
        Broken(
            "Agreement",
            steps=11,
            source="Fig. 2, AppendEntries RPC, 3",
            nodes=3,
            max_term=1,
            max_log=1,
            max_messages=3,
            max_restarts=0,
        ),
        Broken(
            "Leader Completeness",
            steps=12,
            source="Fig. 2, AppendEntries RPC, 3",
            nodes=3,
            max_term=2,
            max_log=1,
            max_messages=4,
            max_restarts=0,
        ),
    )

    def merged(self, me: Server, m: AppendEntries) -> Log:
        return me.log[: m.prev_log_index] + m.entries


class KeepsConflicts(Raft):
    """A follower keeps an entry that conflicts with the leader's."""

    outcome = Broken(
        "State Machine Safety",
        steps=13,
        source="Fig. 2, AppendEntries RPC, 3",
        nodes=3,
        max_term=2,
        max_log=1,
        max_messages=3,
        max_restarts=0,
    )

    def merged(self, me: Server, m: AppendEntries) -> Log:
        return me.log + m.entries if m.prev_log_index == len(me.log) else me.log


class SkipsConsistencyCheck(Raft):
    """A follower does not look whether the entry before the new ones is the leader's.  Breaks Log Matching.

    Needs a leader elected with entries in its log: 3 nodes, terms up to 3, logs up to 2.
    Source: Fig. 2, AppendEntries RPC, 2.
    """

    def has_previous(self, me: Server, m: AppendEntries) -> bool:
        return m.prev_log_index <= len(me.log)


class CommitsUnseen(Raft):
    """A follower commits as far as its leader has, though it has not got so far."""

    outcome = Broken(
        "Validity",
        steps=13,
        source="Fig. 2, AppendEntries RPC, 5",
        nodes=3,
        max_term=1,
        max_log=2,
        max_messages=2,
        max_restarts=0,
    )

    def learned_commit(self, me: Server, m: AppendEntries, last_new: int) -> int:
        return m.leader_commit


# ---------------------------------------------------------------------- networks


class Dropping(Raft):
    """The network also loses messages in a step of their own, which makes room where few fit."""

    @action
    def drop(self, s: State, m: Annotated[Message, In("network")]) -> State:
        """The network loses m."""
        return s.replace(network=s.network.remove(m))


class Duplicating(Raft):
    """The network may deliver a message and keep it, to deliver it again."""

    @action
    def deliver_copy(self, s: State, m: Annotated[Message, In("network")]) -> State:
        """The addressee handles m, which stays in flight."""
        return self.handled(s, m, s.network)


class DroppingAndDuplicating(Dropping, Duplicating):
    """Both: what TCP protects from and UDP does not."""
