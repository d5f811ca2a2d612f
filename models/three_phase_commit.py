"""Three-phase commit: before it commits the coordinator tells all that it will, so that the others can end what it has begun.

Source: D. Skeen, Nonblocking Commit Protocols, SIGMOD 1981: the central site three-phase protocol, and its termination protocol.

Throughout this file: rm is a resource manager; tm is the transaction manager, the coordinator of the paper; a manager is prepared
from its yes on, in the state that the paper calls w, and pre-committed in p.

A manager that has lost the coordinator ends the transaction for all that it can hear: they commit if one of them is pre-committed or
has committed, and abort otherwise.  This is safe only if who is not heard has crashed.  The detector that says so is never
wrong here, which no asynchronous network can promise; `Partition` takes it away.
Differs: what a manager rules for others is one step, where the paper lets it move them to one state first in case it crashes too.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated, ClassVar

from mcheck.models import tcommit
from mcheck.models.tcommit import RM, TCommit
from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Map,
    OneOf,
    Participant,
    Record,
    Safe,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    constant,
    count,
    decision,
    eventually,
    implements,
    len,
    participant,
    reachable,
    require,
    where,
)


class RMState(Enum):
    WORKING = auto()
    PREPARED = auto()
    PRECOMMITTED = auto()
    COMMITTED = auto()
    ABORTED = auto()


class TMState(Enum):
    INIT = auto()
    PRECOMMITTED = auto()
    COMMITTED = auto()
    ABORTED = auto()


class Yes(Record):
    """From rm to the transaction manager: rm is prepared."""

    rm: RM


class PreCommit(Record):
    """From the transaction manager to all: all are prepared."""


class Ack(Record):
    """From rm to the transaction manager: rm is pre-committed."""

    rm: RM


class Commit(Record):
    """From the transaction manager to all."""


class Abort(Record):
    """From the transaction manager to all."""


Message = Yes | PreCommit | Ack | Commit | Abort


class Manager(Record):
    """A resource manager: its state, what another manager has ruled for it, and whether it is up."""

    state: RMState = RMState.WORKING
    ruling: RMState | None = None
    up: bool = True


class State(Record):
    managers: Map[RM, Manager]
    tm_state: TMState = TMState.INIT
    tm_up: bool = True
    msgs: Set[Message] = Set()  # every message ever sent
    cut: Set[RM] = Set()  # who is cut off from the transaction manager and all others: only in `Partition`


class ThreePhaseCommit(Spec[State]):
    """Commitment that no crash blocks, as long as crashes are seen for what they are."""

    fault_model = "crash-stop"
    resilience = "n >= f + 1"

    outcome: ClassVar[ExpectedOutcomes] = Safe("Termination", note="No crash blocks it.")

    managers: int = constant(2, "resource managers", least=1)
    faults: int = constant(1, "managers, the transaction manager among them, that may crash", least=0)

    def init(self) -> State:
        return State(managers=Map.fill(RM, Manager()))

    # ------------------------------------------------------------------ the transaction manager

    @action
    def tm_pre_commit(self, s: State) -> State:
        """All are prepared, and are told so.  In the paper: the coordinator from w to p."""
        require(s.tm_up and s.tm_state == TMState.INIT, "the transaction manager is up, and undecided")
        require(all(Yes(rm=rm) in s.msgs for rm in RM), "all have said yes")
        return s.replace(tm_state=TMState.PRECOMMITTED, msgs=s.msgs.add(PreCommit()))

    @action
    def tm_commit(self, s: State) -> State:
        """All who are up are pre-committed, and are told to commit.  In the paper: the coordinator from p to c."""
        require(
            s.tm_up and s.tm_state == TMState.PRECOMMITTED,
            "the transaction manager is up, and has pre-committed",
        )
        require(
            all(Ack(rm=rm) in s.msgs or not self.is_heard(s, rm) for rm in RM), "all who are up have acknowledged that"
        )
        return s.replace(tm_state=TMState.COMMITTED, msgs=s.msgs.add(Commit()))

    @action
    def tm_abort(self, s: State) -> State:
        """The transaction manager aborts, for whatever reason; a yes that does not come is one."""
        require(s.tm_up and s.tm_state == TMState.INIT, "the transaction manager is up, and undecided")
        return s.replace(tm_state=TMState.ABORTED, msgs=s.msgs.add(Abort()))

    def is_heard(self, s: State, rm: RM) -> bool:
        """What the transaction manager takes for up: what is."""
        return s.managers[rm].up

    # ------------------------------------------------------------------ the resource managers

    @action
    def rm_prepare(self, s: State, rm: RM) -> State:
        """Manager rm says yes.  In the paper: from q to w."""
        self.require_up(s, rm, s.managers[rm].state == RMState.WORKING)
        return self.moved(s, rm, RMState.PREPARED, s.msgs.add(Yes(rm=rm)))

    @action
    def rm_choose_to_abort(self, s: State, rm: RM) -> State:
        """Manager rm aborts of its own accord.  In the paper: from q to a."""
        self.require_up(s, rm, s.managers[rm].state == RMState.WORKING)
        return self.moved(s, rm, RMState.ABORTED, s.msgs)

    @action
    def rm_pre_commit(self, s: State, rm: RM) -> State:
        """Manager rm learns that all are prepared.  In the paper: from w to p."""
        self.require_up(s, rm, s.managers[rm].state == RMState.PREPARED)
        self.require_told(s, rm, PreCommit() in s.msgs)
        return self.moved(s, rm, RMState.PRECOMMITTED, s.msgs.add(Ack(rm=rm)))

    @action
    def rm_rcv_commit_msg(self, s: State, rm: RM) -> State:
        """Manager rm is told to commit.  In the paper: from p to c."""
        self.require_up(s, rm, s.managers[rm].state == RMState.PRECOMMITTED)
        self.require_told(s, rm, Commit() in s.msgs)
        return self.moved(s, rm, RMState.COMMITTED, s.msgs)

    @action
    def rm_rcv_abort_msg(self, s: State, rm: RM) -> State:
        """Manager rm is told to abort.  In the paper: from q or w to a."""
        state = s.managers[rm].state
        self.require_up(s, rm, state == RMState.WORKING or state == RMState.PREPARED)
        self.require_told(s, rm, Abort() in s.msgs)
        return self.moved(s, rm, RMState.ABORTED, s.msgs)

    def require_up(self, s: State, rm: RM, ready: bool) -> None:
        require(s.managers[rm].up and ready, "rm is up, and not yet there")

    def require_told(self, s: State, rm: RM, sent: bool) -> None:
        require(sent and rm not in s.cut, "the transaction manager has said so, and rm hears it")
        require(s.managers[rm].ruling is None, "nobody has ruled for rm")

    def moved(self, s: State, rm: RM, state: RMState, msgs: Set[Message]) -> State:
        """Manager rm is in that state, and these messages have been sent."""
        return s.replace(managers=s.managers.set(rm, s.managers[rm].replace(state=state)), msgs=msgs)

    # ------------------------------------------------------------------ the termination protocol

    @action
    def rule(self, s: State, rm: RM) -> State:
        """Manager rm, which has lost the transaction manager, rules for all that it hears.  Source: the decision rule of the termination protocol."""
        self.require_up(s, rm, not self.is_final(s.managers[rm].state))
        require(self.has_lost_tm(s, rm), "rm takes the transaction manager for crashed")
        require(s.managers[rm].ruling is None, "nobody has ruled for rm")
        ahead = any(self.hears(s, rm, j) and self.is_ahead(s.managers[j].state) for j in RM)
        ruled = where(ahead, RMState.COMMITTED, RMState.ABORTED)

        def after(j: RM) -> Manager:
            other = s.managers[j]
            return other.replace(ruling=where(self.hears(s, rm, j), ruled, other.ruling))

        return s.replace(managers=Map.of(RM, after))

    def has_lost_tm(self, s: State, rm: RM) -> bool:
        """What rm takes for a crash of the transaction manager: a crash."""
        return not s.tm_up

    def hears(self, s: State, rm: RM, j: RM) -> bool:
        """Manager j is up, and on the same side as rm."""
        return s.managers[j].up and ((rm in s.cut) == (j in s.cut))

    def is_ahead(self, state: RMState) -> bool:
        """Whoever is so far knows that all are prepared."""
        return state == RMState.PRECOMMITTED or state == RMState.COMMITTED

    @action
    def rm_obey(self, s: State, rm: RM, d: Annotated[RMState, OneOf("decisions")]) -> State:
        """Manager rm does what was ruled for it."""
        self.require_up(s, rm, not self.is_final(s.managers[rm].state))
        require(s.managers[rm].ruling == d, "d was ruled for rm")
        return self.moved(s, rm, d, s.msgs)

    # ------------------------------------------------------------------ crashes

    @action
    def tm_crash(self, s: State) -> State:
        """The transaction manager crashes, and never comes back."""
        require(s.tm_up and self.may_crash(s), "the transaction manager is up, and not so many have crashed yet")
        return s.replace(tm_up=False)

    @action
    def rm_crash(self, s: State, rm: RM) -> State:
        """Manager rm crashes, and never comes back."""
        require(s.managers[rm].up and self.may_crash(s), "rm is up, and not so many have crashed yet")
        return s.replace(managers=s.managers.set(rm, s.managers[rm].replace(up=False)))

    def may_crash(self, s: State) -> bool:
        """Fewer than `faults` have."""
        return count(not s.managers[rm].up for rm in RM) + where(s.tm_up, 0, 1) < self.faults

    # ------------------------------------------------------------------ decisions

    def decisions(self) -> Iterable[RMState]:
        """What a manager may decide."""
        return [RMState.COMMITTED, RMState.ABORTED]

    def is_final(self, state: RMState) -> bool:
        """It has decided."""
        return state == RMState.COMMITTED or state == RMState.ABORTED

    @decision
    def decided(self, s: State, v: Annotated[RMState, OneOf("decisions")]) -> bool:
        """Some manager has decided v."""
        return any(s.managers[rm].state == v for rm in RM)

    def participants(self) -> Iterable[Participant]:
        """Who takes which steps; a crash is a step of nobody."""
        return [
            participant("tm", self.tm_pre_commit, self.tm_commit, self.tm_abort),
            participant(
                "rm",
                self.rm_prepare,
                self.rm_choose_to_abort,
                self.rm_pre_commit,
                self.rm_rcv_commit_msg,
                self.rm_rcv_abort_msg,
                self.rule,
                self.rm_obey,
                each="rm",
            ),
        ]

    def fairness(self) -> Iterable[Fairness]:
        """No manager that is up stops for ever."""
        return [one.goes_on for one in self.participants()]

    # ------------------------------------------------------------------ properties

    @always("Consistent")
    def consistent(self, s: State, a: RM, b: RM) -> bool:
        """No two managers have come to opposite decisions."""
        return not (s.managers[a].state == RMState.ABORTED and s.managers[b].state == RMState.COMMITTED)

    @implements(TCommit)
    def as_tcommit(self, s: State) -> tcommit.State:
        """The resource managers alone; who is pre-committed is prepared."""
        return tcommit.State(rm_state=Map.of(RM, lambda rm: self.plainly(s.managers[rm].state)))

    def plainly(self, state: RMState) -> tcommit.RMState:
        """A state as it is called where there are two phases."""
        if state == RMState.WORKING:
            return tcommit.RMState.WORKING
        if state == RMState.COMMITTED:
            return tcommit.RMState.COMMITTED
        if state == RMState.ABORTED:
            return tcommit.RMState.ABORTED
        return tcommit.RMState.PREPARED

    @eventually("Termination")
    def termination(self, s: State, rm: RM) -> bool:
        """Every manager decides or crashes."""
        return self.is_final(s.managers[rm].state) or not s.managers[rm].up

    # ------------------------------------------------------------------ witnesses

    @reachable("all commit")
    def all_commit(self, s: State) -> bool:
        return all(s.managers[rm].state == RMState.COMMITTED for rm in RM)

    @reachable("all commit although the transaction manager has crashed before it could")
    def commit_without_tm(self, s: State) -> bool:
        return all(s.managers[rm].state == RMState.COMMITTED for rm in RM) and s.tm_state == TMState.PRECOMMITTED


class Partition(ThreePhaseCommit):
    """The network falls apart, and each side takes the other for crashed: one goes on to commit, the other rules to abort."""

    outcome = (
        Broken(
            "Consistent",
            steps=9,
            source="Skeen and Stonebraker, A Formal Model of Crash Recovery in a Distributed System (1983)",
            managers=2,
            faults=0,
        ),
        Safe("Termination", managers=2, faults=0, note="Both sides decide, each for itself."),
    )

    @action
    def part(self, s: State, g: Set[RM]) -> State:
        """Those in g are cut off from the transaction manager and from the others, for good."""
        require(len(s.cut) == 0, "the network is whole")
        require(len(g) > 0, "somebody is cut off")
        return s.replace(cut=g)

    def is_heard(self, s: State, rm: RM) -> bool:
        return super().is_heard(s, rm) and rm not in s.cut

    def has_lost_tm(self, s: State, rm: RM) -> bool:
        return super().has_lost_tm(s, rm) or rm in s.cut
