"""Raft's elections gone wrong, one rule at a time.

Each class overrides one rule of `Raft`.  Its `outcome` says which property that breaks, in how many steps at the
granularity of `raft`, and where it shows with the fewest servers, terms and messages.
"""

from typing import Annotated

from mcheck.models.raft import (
    AppendEntries,
    AppendEntriesReply,
    Network,
    Node,
    Raft,
    RequestVote,
    RequestVoteReply,
    Role,
    Server,
    State,
)
from mcheck.spec import Broken, In, Safe, action, len, require

# ---------------------------------------------------------------------- quorums


class QuorumOfOne(Raft):
    """One server is a quorum."""

    outcome = Broken(
        "Election Safety", steps=2, source="section 5.2",
        nodes=2, max_term=1, max_log=0, max_messages=2, max_restarts=0,
    )  # fmt: skip

    def is_quorum(self, size: int) -> bool:
        return size >= 1


class HalfQuorum(Raft):
    """Half of the servers are a quorum, so that two quorums of an even number of servers need not meet."""

    outcome = (
        Broken(
            "Election Safety", steps=6, source="section 5.2",
            nodes=4, max_term=1, max_log=0, max_messages=5, max_restarts=0,
        ),
        Broken(
            "Leader Completeness", steps=10, source="section 5.4.3",
            nodes=4, max_term=2, max_log=1, max_messages=5, max_restarts=0,
        ),
    )  # fmt: skip

    def is_quorum(self, size: int) -> bool:
        return size * 2 >= len(Node)


# ---------------------------------------------------------------------- what a server persists


class ForgetsVote(Raft):
    """The vote is not persisted: after a crash a server votes again in the same term."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip

    def restored_vote(self, me: Server) -> Node | None:
        return None


class ForgetsTerm(Raft):
    """The term is not persisted: a server votes again in a term it has lived through."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state; ongardie/raft.tla, pull request 5",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip

    def restored_term(self, me: Server) -> int:
        return 0


class WritesTermThenVote(Raft):
    """Term and vote are written one after the other, and the answer given after both; a crash may come between.

    It leaves the term with no vote in it, or with one of an older term that looks as if it were of this.  Nobody has been
    told of the vote that is lost, so the server has given none; and afterwards it gives one, if only to that old candidate.
    """

    outcome = Safe(
        source="hashicorp/raft, issue 661, which reports it as unsafe",
        nodes=3, max_term=2, max_log=0, max_messages=4, max_restarts=1,
    )  # fmt: skip

    @action
    def crash_between_writes(self, s: State, m: Annotated[RequestVote, In("network")], old: Node | None) -> State:
        """The server that m asks for its vote crashes when it has written the term; beside it stands a vote for `old`."""
        me = self.at_term(s.servers[m.dst], m.term)
        require(me.voted_for is None, "no vote is written in this term")
        voter, vote = self.on_request_vote(me, m)
        require(vote.vote_granted, "there is a vote to write")
        back = self.follower(voter).replace(voted_for=old, commit_index=0)
        network = self.answered(s.network.remove(m), vote)
        return self.moved(s, m.dst, back, network).replace(restarts=s.restarts + 1)

    def answered(self, network: Network, vote: RequestVoteReply) -> Network:
        """Nothing is said before both are written."""
        return network


class AnswersBetweenWrites(WritesTermThenVote):
    """Term and vote are written one after the other, and the answer given between: a crash loses a vote that counts."""

    outcome = Broken(  # type: ignore[assignment]
        "Election Safety", steps=6, source="Fig. 2, State: updated on stable storage before responding to RPCs",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip

    def answered(self, network: Network, vote: RequestVoteReply) -> Network:
        return self.sent(network, vote)


# ---------------------------------------------------------------------- votes


class VotesTwice(Raft):
    """A server grants every request of its term."""

    outcome = Broken(
        "Election Safety", steps=6, source="section 5.2",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def may_vote(self, me: Server, m: RequestVote) -> bool:
        return True


class FreesVoteOnAppend(Raft):
    """A follower that hears its leader forgets its vote."""

    outcome = Broken(
        "Election Safety", steps=8, source="section 5.2",
        nodes=3, max_term=1, max_log=0, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def on_append_entries(self, me: Server, m: AppendEntries) -> tuple[Server, AppendEntriesReply]:
        me, reply = super().on_append_entries(me, m)
        return me if m.term < me.current_term else me.replace(voted_for=None), reply


class FreesVoteOnStepDown(Raft):
    """A candidate that hears the leader of its term forgets its vote.

    It had voted for itself, so it is none of the majority that elected the leader, and too few are left to elect another.
    """

    outcome = Safe(nodes=3, max_term=1, max_log=1, max_messages=3, max_restarts=0)

    def stepped_down(self, me: Server) -> Server:
        return self.follower(me).replace(voted_for=None)


class KeepsVoteInNewTerm(Raft):
    """A vote is not forgotten with its term, and binds the server in the next.

    So it votes for the same candidate or for none, and elections may fail for ever; two leaders need more votes, not fewer.
    """

    outcome = Safe(nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0)

    def at_term(self, me: Server, term: int) -> Server:
        return super().at_term(me, term).replace(voted_for=me.voted_for)


class IgnoresLogs(Raft):
    """A voter does not compare logs."""

    outcome = Broken(
        "Leader Completeness", steps=10, source="section 5.4.1",
        nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def up_to_date(self, me: Server, m: RequestVote) -> bool:
        return True


class ComparesLengthOnly(Raft):
    """A voter takes the longer log for the better one, whatever the terms of the last entries."""

    outcome = Broken(
        "Leader Completeness", steps=15, source="section 5.4.1",
        nodes=3, max_term=3, max_log=1, max_messages=4, max_restarts=0,
    )  # fmt: skip

    def up_to_date(self, me: Server, m: RequestVote) -> bool:
        return m.last_log_index >= len(me.log)


# ---------------------------------------------------------------------- candidates and leaders


class CountsStaleVotes(Raft):
    """A candidate counts votes of an election that it has given up."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, Rules for Servers, Candidates",
        nodes=3, max_term=2, max_log=0, max_messages=5, max_restarts=0,
    )  # fmt: skip

    def counts(self, me: Server, m: RequestVoteReply) -> bool:
        return True


class LeadsWithoutLookingUp(Raft):
    """A server that has the votes it waited for leads, though it has meanwhile come to a later term, or voted there."""

    outcome = Broken(
        "Election Safety", steps=6, source="Fig. 2, Rules for Servers, Candidates",
        nodes=3, max_term=2, max_log=0, max_messages=5, max_restarts=0,
    )  # fmt: skip

    def follower(self, me: Server) -> Server:
        return super().follower(me).replace(votes_granted=me.votes_granted)

    def on_request_vote_reply(self, me: Server, m: RequestVoteReply) -> Server:
        if me.role != Role.LEADER and m.vote_granted:
            me = self.counted(me.replace(votes_granted=me.votes_granted.add(m.src)))
        return me


class StaysCandidate(Raft):
    """A candidate that hears the leader of its term goes on asking for votes.

    A majority has voted for the leader, and none of it votes again in the term.  The candidate follows all the same.
    """

    outcome = Safe(nodes=3, max_term=2, max_log=1, max_messages=3, max_restarts=0)

    def stepped_down(self, me: Server) -> Server:
        return me


class KeepsRoleInNewTerm(Raft):
    """A server that sees a higher term takes over the number and stays what it is: a leader leads a term it has not won."""

    outcome = Broken(
        "Log Matching", steps=8, source="Fig. 2, Rules for Servers, All Servers",
        nodes=3, values=2, max_term=2, max_log=1, max_messages=3, max_restarts=0,
    )  # fmt: skip

    def at_term(self, me: Server, term: int) -> Server:
        if term > me.current_term:
            me = me.replace(current_term=term, voted_for=None)
        return me
