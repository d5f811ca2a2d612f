"""The article's statements put back into `textbook_raft`, one by one and all together; and what turns out to be harmless.

Each class overrides one rule of `TextbookRaft`, or puts several of the others together.  The steps are counted at the
granularity of `textbook_raft`.  S-8 and the like are the article's statements in the order of its text, as
docs/textbook-raft.md numbers them.
"""

from typing import ClassVar

from mcheck.models.textbook_raft import Log, Node, RaftNode, TextbookRaft
from mcheck.spec import Broken, ExpectedOutcome, Safe, len, min

# ---------------------------------------------------------------------- start_election


class NoRecheck(TextbookRaft):
    """S-8: the votes are cashed in without a look at what has become of the node, even if each was asked for in one term."""

    outcome: ClassVar[ExpectedOutcome] = Broken(
        "Election Safety", steps=8, source="section 5.2", max_term=2, max_log=0, max_restarts=0, max_failures=0
    )

    def still_stands(self, me: RaftNode, t: int) -> bool:
        return True


class ReadsTermAgain(TextbookRaft):
    """S-6: each peer is asked in the term that the node is in by then; the look at the end makes up for it."""

    outcome: ClassVar[ExpectedOutcome] = Safe(
        max_term=3, max_elections=3, max_log=0, max_restarts=0, max_failures=0, threads=2
    )

    def asked_in(self, me: RaftNode, t: int) -> int:
        return me.current_term


class ArticleElection(NoRecheck, ReadsTermAgain):
    """S-6 and S-8, `start_election` as the article has it: the term is read again for each peer, and no look at the end."""

    outcome = Broken(
        "Election Safety", steps=8, source="section 5.2", max_term=2, max_log=0, max_restarts=0, max_failures=0
    )


class NoLogCheck(TextbookRaft):
    """G-3: a voter does not compare logs, as it cannot where requestVote(peer, term) brings none."""

    outcome = Broken("Leader Completeness", steps=10, source="section 5.4.1", max_restarts=0, max_failures=0)

    def log_ok(self, me: RaftNode, last_index: int, last_term: int) -> bool:
        return True


# ---------------------------------------------------------------------- persistence


class ForgetsVote(TextbookRaft):
    """S-2 of the vote: after a crash a node votes again in the same term."""

    outcome = Broken(
        "Election Safety", steps=9, source="Fig. 2, Persistent state", max_term=1, max_log=0, max_failures=0
    )

    def restored_vote(self, me: RaftNode) -> Node | None:
        return None


class ForgetsTerm(TextbookRaft):
    """S-2 of the term: after a crash a node votes in a term that it has lived through."""

    outcome = Broken(
        "Election Safety", steps=9, source="Fig. 2, Persistent state", max_term=1, max_log=0, max_failures=0
    )

    def restored_term(self, me: RaftNode) -> int:
        return 0


class ForgetsLog(TextbookRaft):
    """S-2 of the log: what a quorum has acknowledged, a crash takes away."""

    outcome = Broken("Leader Completeness", steps=11, source="Fig. 2, Persistent state", max_failures=0)

    def restored_log(self, me: RaftNode) -> Log:
        return ()


class PersistsNothing(ForgetsVote, ForgetsTerm, ForgetsLog):
    """S-2: "Persistent state (survives restarts)" is a comment, and nothing does."""

    outcome = Broken(
        "Election Safety", steps=9, source="Fig. 2, Persistent state", max_term=1, max_log=0, max_failures=0
    )


# ---------------------------------------------------------------------- replication and commitment


class CommitsToLogEnd(TextbookRaft):
    """S-18: a follower commits up to the end of its log, whether or not this call has confirmed it."""

    outcome: ClassVar[ExpectedOutcome] = Broken(
        "State Machine Safety", steps=12, source="Fig. 2, AppendEntries RPC, 5", max_restarts=0, max_failures=0
    )

    def learned_commit(self, me: RaftNode, leader_commit: int, last_new: int) -> int:
        return min(leader_commit, len(me.log))


class CommitsToLogEndOfAll(CommitsToLogEnd):
    """S-18 under a leader whose every call carries all it has: each call confirms the whole log, and both minima agree."""

    outcome = Safe(note="It depends on the sender, which the article leaves out.")

    def in_heartbeat(self, me: RaftNode, j: Node) -> Log:
        return me.log[me.next_index[j] - 1 :]


class CountsReplicas(TextbookRaft):
    """S-19, one way to fill the gap: a leader commits what a quorum has, of whatever term (Figure 8)."""

    outcome = Broken(
        "Leader Completeness",
        steps=20,
        source="section 5.4.2 and Fig. 8",
        max_term=4,
        max_elections=4,
        max_restarts=0,
        max_failures=0,
    )

    def may_commit(self, i: Node, me: RaftNode, index: int) -> bool:
        return self.on_quorum(i, me, index)


class NeverCommits(TextbookRaft):
    """S-19 as it stands: no rule advances the commit index of a leader, and every promise about commits is empty."""

    outcome: ClassVar[ExpectedOutcome] = Safe(note="The witness that an entry is committed is never reached.")

    def may_commit(self, i: Node, me: RaftNode, index: int) -> bool:
        return False


class AsWritten(ArticleElection, PersistsNothing, CommitsToLogEnd, NeverCommits):
    """S-2, S-6, S-8, S-18 and S-19: the article's node, with the calls that it leaves undefined."""

    outcome = Broken("Election Safety", steps=8, source="section 5.2")
