"""A lab on time: how many messages, one after the other, lie between a beginning and a decision.

Source: L. Lamport, Fast Paxos (2006), section 1, counts so: in message delays, everything else taking no time.

Each number is read off a shortest failure-free behaviour to the decision: its happens-before (counterexamples/causality.py)
says which step needs which, and of the chains from the step that is asked about to the last one, the one with most messages
counts.  What a process has from itself takes no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.causality import Event, events
from mcheck.labs.finding import Finding
from mcheck.labs.searching import shortest_to
from mcheck.models import fast_paxos, paxos
from mcheck.models.ben_or import BenOr
from mcheck.models.consensus import Value
from mcheck.models.fast_paxos import FastPaxos
from mcheck.models.flood_set import FloodSet
from mcheck.models.paxos import Paxos
from mcheck.models.pbft import PBFT
from mcheck.models.raft import Raft, Role
from mcheck.models.tcommit import RMState
from mcheck.models.two_phase_commit import TwoPhaseCommit
from mcheck.models.voting import Ballot
from mcheck.models.zab import Zab
from mcheck.models.zab_state import Process
from mcheck.protocols import faults_text
from mcheck.spec import Behavior, Spec, UsageError, action, require


def delays_between(behavior: Behavior, begins: str) -> int:
    """The most messages on a chain of happens-before from the first step of the action `begins` to the last step."""
    every = events(behavior)
    first = next((e.number for e in every if e.step.action.name == begins), None)
    if first is None:
        raise UsageError(f"{behavior.instance.name}: no step {begins} on the way to the decision")
    depth = {first: 0}
    for event in every[first:]:
        ways = [depth[d] + _hops(every[d - 1], event) for d in event.depends if d in depth]
        if ways:
            depth[event.number] = max(ways)
    return depth.get(len(every), 0)


def rounds(behavior: Behavior, ends: str) -> int:
    """The number of steps of the action that ends a round.

    In synchronous rounds a message that turns out not to be needed takes its time too.
    """
    return sum(step.action.name == ends for step in behavior.steps)


def _hops(sender: Event, receiver: Event) -> int:
    """1 if what the later step needs of the earlier one came in a message from another process, else 0."""
    came = any(m.sent == sender.number for m in (*receiver.received, *receiver.read))
    return int(came and not set(sender.lanes) & set(receiver.lanes))


# ---------------------------------------------------------------------- protocols with somebody who learns the decision


class Learning(paxos.State):
    """A state of Paxos, and what the learner knows."""

    learned: Value | None = None


class PaxosLearner(Paxos):
    """Paxos with one learner: it hears the votes."""

    def init(self) -> Learning:
        return Learning(acceptors=super().init().acceptors)

    @action
    def learn(self, s: Learning, b: Ballot, v: Value) -> Learning:
        """The learner has the votes of a quorum for v in ballot b."""
        require(self.chosen_at(s, b, v), "a quorum has voted for v")
        return s.replace(learned=v)


class FastPaxosLearner(FastPaxos):
    """Fast Paxos with one learner."""

    def init(self) -> Learning:
        return Learning(acceptors=super().init().acceptors)

    @action
    def learn(self, s: Learning, v: Value) -> Learning:
        """The learner has the votes of a fast quorum."""
        require(self.chosen_at(s, fast_paxos.FAST, v), "a fast quorum has voted for v")
        return s.replace(learned=v)


class FaultFree(PBFT):
    """PBFT that tolerates a faulty replica, and has none."""

    def faulty(self) -> int:
        return 0


# ---------------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class Measure:
    """From the first step of an action to a decision, in a protocol; and how many delays the literature says it takes."""

    protocol: str
    cls: type[Spec[Any]]
    constants: dict[str, int]
    decided: Callable[[Any], bool]
    begins: str
    """The action whose first step is the beginning; of a synchronous protocol, the one that ends a round."""
    words: str
    expected: int
    article: str = ""
    """What the article's table says under "Rounds"."""
    measured: Callable[[Behavior, str], int] = delays_between


def _someone_learned(s: Learning) -> bool:
    return s.learned is not None


def _leader_commits(s: Any) -> bool:
    return any(me.role == Role.LEADER and me.commit_index > 0 for me in s.servers.values())


def _follower_commits(s: Any) -> bool:
    return any(me.role == Role.FOLLOWER and me.commit_index > 0 for me in s.servers.values())


def _has_delivered(s: Any, leads: bool) -> bool:
    """Some process that leads, or follows, has delivered a transaction."""

    def has(i: Any, me: Process) -> bool:
        return me.last_committed > 0 and me.leader is not None and (me.leader == i) == leads

    return any(has(i, me) for i, me in s.processes.items())


def _primary_delivers(s: Any) -> bool:
    return _has_delivered(s, leads=True)


def _zab_follower_delivers(s: Any) -> bool:
    return _has_delivered(s, leads=False)


def _executed(s: Any) -> bool:
    return any(me.executed is not None for me in s.replicas.values())


def _decided(s: Any) -> bool:
    return any(me.decision is not None for me in s.members.values())


def _committed(s: Any) -> bool:
    return any(state == RMState.COMMITTED for state in s.rm_state.values())


ONE_BALLOT = {"max_ballot": 0, "values": 1}
ONE_EPOCH = {"max_epoch": 1, "max_log": 1, "max_in_channel": 2, "max_timeouts": 0, "max_restarts": 0}
ONE_TERM = {"max_term": 1, "max_log": 1, "max_messages": 2, "max_restarts": 0}
MEASURES = (
    Measure("paxos", PaxosLearner, ONE_BALLOT, _someone_learned, "phase_1a", "new leader → learner", 4, "2"),
    Measure("paxos", PaxosLearner, ONE_BALLOT, _someone_learned, "phase_2a", "proposal → learner", 2),
    Measure("fast-paxos", FastPaxosLearner, ONE_BALLOT, _someone_learned, "fast_vote", "vote → learner", 1),
    Measure("raft", Raft, ONE_TERM, _leader_commits, "timeout", "election → leader commits", 4, "2"),
    Measure("raft", Raft, ONE_TERM, _leader_commits, "client_request", "request → leader commits", 2),
    Measure("raft", Raft, ONE_TERM, _follower_commits, "client_request", "request → follower commits", 3),
    Measure("pbft", FaultFree, {"views": 1, "requests": 1}, _executed, "pre_prepare", "pre-prepare → execution", 3, "3"),
    Measure("zab", Zab, ONE_EPOCH, _primary_delivers, "lead", "new leader → leader delivers", 7, "2"),
    Measure("zab", Zab, ONE_EPOCH, _primary_delivers, "client_request", "request → leader delivers", 2),
    Measure("zab", Zab, ONE_EPOCH, _zab_follower_delivers, "client_request", "request → follower delivers", 3),
    Measure("two-phase-commit", TwoPhaseCommit, {}, _committed, "rm_prepare", "prepared → committed", 2),
    Measure("ben-or", BenOr, {"max_round": 1}, _decided, "report", "report → decision", 2),
    Measure("flood-set", FloodSet, {"faults": 1}, _decided, "receive", "f + 1 rounds, f = 1", 2, "", rounds),
)  # fmt: skip


def delays() -> Iterator[Finding]:
    """The table of protocols: faults, resilience, and message delays."""
    rows = [("protocol", "faults", "from … to …", "delays", "article")]
    found: list[int | None] = []
    for measure in MEASURES:
        behavior = shortest_to(measure.cls(**measure.constants).instance, measure.decided)
        number = None if behavior is None else measure.measured(behavior, measure.begins)
        found.append(number)
        faults = faults_text(measure.cls.fault_model, measure.cls.resilience)
        rows.append(
            (measure.protocol, faults, measure.words, "never" if number is None else str(number), measure.article)
        )
    wrong = [m for m, number in zip(MEASURES, found, strict=True) if number != m.expected]
    yield Finding(
        "Paxos takes four message delays, two with a leader; leaders of Raft and Zab commit after two; PBFT has three phases.",
        "the longest chain of messages in a shortest failure-free behaviour to the decision",
        "as the literature says" if not wrong else f"NOT so for {', '.join(m.protocol for m in wrong)}",
        not wrong,
        table=tuple(rows),
    )
