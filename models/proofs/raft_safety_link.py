"""Raft as it runs, as structures of the proof of its safety: who asked with which log, acknowledged what, and what is applied.

Throughout this file: as in `raft_history` and `links`.  What the proof calls passed over can be told from the rest: a server that
has voted in a term acknowledges nothing in an earlier one any more.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from mcheck.models import raft_election_tweaks, raft_log_tweaks
from mcheck.models.proofs import raft_safety
from mcheck.models.proofs.links import RaftLogLink, holding, rows_of
from mcheck.models.proofs.raft_history import LogHistory, RaftLogHistory
from mcheck.models.raft import AppendEntries, Entry, Log, LogIndex, Message, Network, Node, Role, Server, Term
from mcheck.spec import GHOST, Record, Set, Spec, action, len, min
from mcheck.spec.relational import Mistake

# ---------------------------------------------------------------------- what is remembered


class Offer(Record):
    """The log with which `candidate` asked for votes in `term`."""

    candidate: Node
    term: Term
    log: Log


class Ack(Record):
    """In `term`, `server` has put an entry of `entry_term` at the end of its log, at `log_index`."""

    server: Node
    term: Term
    log_index: LogIndex
    entry_term: Term


class Commitment(Record):
    """The leader of `term` has committed up to `log_index`, which then these had acknowledged."""

    term: Term
    log_index: LogIndex
    backers: Set[Node]


class Told(Record):
    """The leader of `term` has named its entry at `log_index`, of `entry_term`, and said that what the leader of `by` has
    committed goes up to `commit`."""

    term: Term
    log_index: LogIndex
    entry_term: Term
    by: Term
    commit: LogIndex


class Applied(Record):
    """`server` has applied this entry, as the leader of `by` has committed it."""

    server: Node
    by: Term
    log_index: LogIndex
    entry: Entry


class SafetyHistory(LogHistory):
    """The state of Raft, and all that has happened."""

    offers: Annotated[Set[Offer], GHOST] = Set()
    acks: Annotated[Set[Ack], GHOST] = Set()
    commitments: Annotated[Set[Commitment], GHOST] = Set()
    told: Annotated[Set[Told], GHOST] = Set()
    applied: Annotated[Set[Applied], GHOST] = Set()


class RaftSafetyHistory(RaftLogHistory):
    """Raft that remembers who asked, acknowledged, committed and applied."""

    def init(self) -> SafetyHistory:
        first = super().init()
        return SafetyHistory(servers=first.servers, elected=first.elected)

    def moved(self, s: Any, i: Node, me: Server, network: Network) -> Any:
        """Server i has become `me`; what it acknowledges and commits is noted.  `s` is a SafetyHistory."""
        was, now = s.servers[i], me.current_term
        after: Any = super().moved(s, i, me, network)
        if me.voted_for == i and was.current_term < now:
            after = after.replace(offers=s.offers.add(Offer(candidate=i, term=now, log=me.log)))
        acks = s.acks
        if len(me.log) > 0 and me.log != was.log:
            acks = acks.add(Ack(server=i, term=now, log_index=len(me.log), entry_term=me.log[-1].term))
        if me.role == Role.LEADER and me.commit_index > was.commit_index:
            index = me.commit_index
            kind = me.log[index - 1].term
            backers = Set(a.server for a in acks if a.term == now and a.log_index == index and a.entry_term == kind)
            others = Set(known for known in s.commitments if known.term != now)
            after = after.replace(
                commitments=others.add(Commitment(term=now, log_index=index, backers=backers)),
                applied=self.applying(s, i, me, now, index),
            )
        return after.replace(acks=acks)

    def applying(self, s: SafetyHistory, i: Node, me: Server, by: int, upto: int) -> Set[Applied]:
        """What was applied, and now all entries of `me` up to that index."""
        entries = Set(
            Applied(server=i, by=by, log_index=index, entry=me.log[index - 1])
            for index in range(1, self.max_log + 1)
            if index <= upto and index <= len(me.log)
        )
        return s.applied | entries

    @action
    def append_entries(self, s: SafetyHistory, i: Node, j: Node) -> Any:  # type: ignore[override]
        """As in Raft; what the leader says of commitment is noted, with the last entry that it names."""
        after: Any = super().append_entries(s, i, j)
        me = s.servers[i]
        last = min(me.next_index[j], len(me.log))
        if last == 0 or me.commit_index == 0:
            return after
        by = min((a.by for a in s.applied if a.server == i and a.log_index == me.commit_index), default=0)
        named = Told(
            term=me.current_term,
            log_index=last,
            entry_term=me.log[last - 1].term,
            by=by,
            commit=me.commit_index,
        )
        return after.replace(told=s.told.add(named))

    def handled(self, s: Any, m: Message, network: Network) -> Any:
        """As in Raft; what a follower learns to be committed is noted.  `s` is a SafetyHistory."""
        after: Any = super().handled(s, m, network)
        match m:
            case AppendEntries():
                me = after.servers[m.dst]
                if me.commit_index > s.servers[m.dst].commit_index:
                    last = m.prev_log_index + len(m.entries)
                    said = (
                        t.by for t in s.told if t.term == m.term and t.log_index == last and t.commit == m.leader_commit
                    )
                    by = min(said, default=0)
                    return after.replace(applied=self.applying(after, m.dst, me, by, me.commit_index))
        return after


class IgnoresLogs(RaftSafetyHistory, raft_election_tweaks.IgnoresLogs):
    """Votes are granted whatever log the candidate has."""


class CommitsAlone(RaftSafetyHistory, raft_log_tweaks.CommitsAlone):
    """A leader commits what it has itself."""


class CommitsOldTerms(RaftSafetyHistory, raft_log_tweaks.CommitsOldTerms):
    """A leader counts replicas for entries of earlier terms too."""


class CommitsUnseen(RaftSafetyHistory, raft_log_tweaks.CommitsUnseen):
    """A follower commits up to where the leader says, whatever it has."""


# ---------------------------------------------------------------------- as structures


class RaftSafetyLink(RaftLogLink):
    """As for logs; the rest is the history that was kept."""

    spec = RaftSafetyHistory
    proof = raft_safety.RaftSafety
    scope = {"nodes": 2, "max_term": 2, "max_log": 1, "max_messages": 2, "max_restarts": 0}
    wide = scope
    tweaks: ClassVar[tuple[type[Spec[Any]], ...]] = (CommitsAlone, IgnoresLogs)
    mistakes: ClassVar[Mapping[str, Mistake | str]] = {}
    lacking = {
        ("grant_vote", "the log of c is at least as up to date as that of n"): IgnoresLogs,
        ("commit", "all of q have acknowledged it"): CommitsAlone,
        ("commit", "it is an entry of the term of the leader"): CommitsOldTerms,
        ("learn", "m is neither behind that entry nor behind what is committed"): CommitsUnseen,
    }
    steps = {
        "timeout": "stand",
        "deliver": (
            "grant_vote",
            "become_leader",
            "adopt_term",
            "commit",
            "receive_first",
            "receive",
            "learn",
            ("receive_first", "learn"),
            ("receive", "learn"),
        ),
        "append_entries": ("send_first", "send", "tell", ("send_first", "tell"), ("send", "tell")),
        "restart": (),
    }

    def tables(self, spec: Any, state: Any) -> dict[Any, Any]:
        """`state` is a SafetyHistory."""
        indices = range(1, spec.max_log + 1)
        acked = holding((a.server, a.term, a.log_index, a.entry_term) for a in state.acks)
        commitments = {c.term: c for c in state.commitments}
        terms = range(spec.max_term + 1)
        return {
            **super().tables(spec, state),
            self.proof.offered: holding((o.candidate, o.term, *row) for o in state.offers for row in rows_of(o.log)),
            self.proof.acked: acked,
            self.proof.commits: holding((t,) for t in commitments),
            self.proof.up_to: {(t,): commitments[t].log_index if t in commitments else 1 for t in terms},
            self.proof.backing: {
                (t,): self.first_quorum(c.backers for c in state.commitments if c.term == t) for t in terms
            },
            self.proof.passed_over: holding(
                (s, i) for i in indices for s in terms if self.is_passed_over(state, acked, s, i)
            ),
            self.proof.told: holding((m.term, m.log_index, m.entry_term, m.by, m.commit) for m in state.told),
            self.proof.applied: holding(
                (a.server, a.by, a.log_index, a.entry.term, a.entry.value) for a in state.applied
            ),
        }

    def is_passed_over(self, state: Any, acked: Mapping[tuple[Any, ...], bool], s: int, i: int) -> bool:
        """A leader of a later term was elected by a quorum none of whom had acknowledged an entry of s at i."""
        electorates = (self.quorums()[self.electorate(state, e.term)] for e in state.elections if s < e.term)
        return any(all((m, s, i, s) not in acked for m in electorate) for electorate in electorates)
