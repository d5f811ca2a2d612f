"""Raft in a partial partition without one rule or another of those that keep a leader: what each of them is for.

Source: those of `raft_partial_partition`, whose words these are; openraft#2080, in which a leader that reaches one server keeps a
connected majority from electing another; etcd#8243, in which a server that was cut off and one that was not cannot elect one
of them, repaired by PR #8288, and after etcd#8501 once more by PR #8525.
"""

from typing import ClassVar

from mcheck.models.raft_partial_partition import LIVELY, Node, RaftPartialPartition, Server, State
from mcheck.spec import Broken, ExpectedOutcomes, Safe


class SkipsPreVote(RaftPartialPartition):
    """A server whose timer has run out stands at once.

    A majority elects a leader again and again, and none of them stays: a server that hears no leader, though the majority does,
    goes to a later term, and whoever votes for it tells the leader.  With two leaves no server is linked with everybody, and
    with the chain the one that is hears a leader whenever it might stand; so no fairness ends it.  With a bridge there is
    one that might stand: strong fairness elects it at last.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken(
            "Stable Leader", stem=1, cycle=6, source="Cloudflare, A Byzantine failure in the real world, 2020-11-27"
        ),
        Broken("Stable Leader", stem=1, cycle=6, fairness="strong", note="However fair it is."),
        Safe("Availability", "Powerless Leaders Step Down"),
        Broken("Stable Leader", stem=1, cycle=4, source="the post, first example", nodes=5, topology="two-leaves"),
        Broken("Stable Leader", stem=1, cycle=12, fairness="strong", nodes=5, topology="two-leaves"),
        Broken("Stable Leader", stem=1, cycle=4, nodes=4, topology="bridge"),
        Safe("Stable Leader", fairness="strong", nodes=4, topology="bridge"),
        Broken("Stable Leader", stem=1, cycle=6, source="dissertation, section 9.6", topology="full", flapping=True),
        Broken("Stable Leader", stem=0, cycle=12, fairness="strong", topology="full", flapping=True),
    )

    def may_stand(self, s: State, i: Node) -> bool:
        return True


class NeverChecks(RaftPartialPartition):
    """A leader goes on however few answer.

    The one that everybody needs for a majority hears it, and so says no to all others: nobody can lead, and the leader
    can commit nothing.  Heartbeats that change nothing are no steps, so that the lasso has none.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken(
            "Availability",
            stem=0,
            cycle=0,
            source="the post, second example; openraft#2080",
            nodes=5,
            topology="bridge",
        ),
        Broken("Powerless Leaders Step Down", stem=0, cycle=0, nodes=5, topology="bridge"),
        Broken("Availability", stem=0, cycle=0, nodes=4, topology="bridge"),
        Broken("Availability", stem=0, cycle=0, fairness="strong", nodes=4, topology="bridge"),
        Broken("Availability", stem=0, cycle=0, nodes=4, topology="star"),
        Safe(*LIVELY, note="Of three servers any two are a majority."),
        Safe("Stable Leader", "Availability", topology="majority"),
        Broken("Powerless Leaders Step Down", stem=2, cycle=0, topology="majority", note="Nobody hears it either."),
    )

    def gives_up(self, s: State, i: Node) -> bool:
        return False


class AsInThePaper(SkipsPreVote, NeverChecks):
    """Raft without Pre-Vote, and without leaders that step down by themselves: what the post begins with.

    etcd is not this: C. Jensen, H. Howard and R. Mortier, Examining Raft's behaviour during partial network failures, HAOC 2021.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken(
            "Stable Leader", stem=1, cycle=6, source="Cloudflare, A Byzantine failure in the real world, 2020-11-27"
        ),
        Broken("Stable Leader", stem=1, cycle=4, source="the post, first example", nodes=5, topology="two-leaves"),
        Safe("Availability", nodes=5, topology="two-leaves"),
        Safe("Stable Leader", "Availability", nodes=4, topology="star", note="The hub is voted for, or leads."),
    )


class SticksToLeaders(SkipsPreVote):
    """No Pre-Vote; a server that hears a leader takes no part in elections, as in section 4.2.3 of the dissertation.

    So nobody tells the leader of a later term, unless the one that has come back does.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe(*LIVELY),
        Safe(*LIVELY, source="the post, an alternative fix", nodes=5, topology="two-leaves"),
        Broken("Stable Leader", stem=0, cycle=6, topology="full", flapping=True),
    )

    def listens(self, s: State, j: Node) -> bool:
        return not self.hears_leader(s, j)


class IgnoresLowerRequests(RaftPartialPartition):
    """A request for a pre-vote that comes from an earlier term is not answered.

    Harmless as long as somebody in the latest term can ask a majority, and its answers count.  The leaves of a star cannot, and the hub is
    not told.  In etcd that takes a difference of two terms: a request is for the term after that of the server.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe(*LIVELY, source="etcd PR #8288", topology="majority"),
        Broken("Availability", stem=1, cycle=0, nodes=4, topology="star"),
    )

    def tells_term(self, me: Server, other: Server) -> bool:
        return False


class IgnoresLowerAnswers(RaftPartialPartition):
    """A pre-vote that comes from an earlier term does not count.  Whoever asks from there is told, and is back with the next one."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe(*LIVELY, source="etcd PR #8525", topology="majority"),
        Safe(*LIVELY, nodes=4, topology="star"),
    )

    def heeds(self, me: Server, other: Server) -> bool:
        return other.current_term >= me.current_term


class IgnoresLowerTerms(IgnoresLowerRequests, IgnoresLowerAnswers):
    """Whatever comes from an earlier term is ignored.

    One of three servers was cut off, and is in an earlier term; it is back, and the leader has crashed.  The two that are left
    cannot get a pre-vote from each other.
    """

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken("Availability", stem=1, cycle=0, source="etcd#8243", topology="majority"),
        Broken("Availability", stem=1, cycle=0, fairness="strong", source="etcd#8243", topology="majority"),
        Broken("Stable Leader", stem=1, cycle=0, source="etcd#8243", topology="majority"),
    )
