"""Two-phase commit: one transaction manager asks whether all are prepared, and tells all what it has decided.

Source: Gray & Lamport, Consensus on Transaction Commit (2006), §3; TLA+ module TwoPhase.

Throughout this file: rm is a resource manager; tm is the transaction manager, one process, which does not fail but in a tweak.
Differs: as in the module, and unlike a textbook, a resource manager prepares unasked and aborts without a word, and the
tm may abort at any time: a request to prepare and a No only make these steps likely, they do not make them safe.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Annotated, ClassVar

from mcheck.models import tcommit
from mcheck.models.tcommit import RM, RMState, TCommit
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
    decision,
    eventually,
    implements,
    lemma,
    len,
    participant,
    reachable,
    require,
    weak,
)


class TMState(Enum):
    INIT = auto()
    COMMITTED = auto()
    ABORTED = auto()
    CRASHED = auto()  # undecided, and for ever: only where the transaction manager may crash


class Prepared(Record):
    """From rm to the transaction manager: rm will commit if told to."""

    rm: RM


class Commit(Record):
    """From the transaction manager to all."""


class Abort(Record):
    """From the transaction manager to all."""


Message = Prepared | Commit | Abort


class State(Record):
    rm_state: Map[RM, RMState]
    tm_state: TMState = TMState.INIT
    tm_prepared: Set[RM] = Set()  # those whose Prepared has reached the transaction manager
    # Every message ever sent; never emptied.  A lost message is one that nobody receives, as nobody has to; and to
    # receive one twice changes nothing.
    msgs: Set[Message] = Set()


class TwoPhaseCommit(Spec[State]):
    """The transaction manager commits once all resource managers are prepared."""

    fault_model = "crash-recovery"
    resilience = "f = 0"  # who has prepared waits for the transaction manager, for ever if need be

    outcome: ClassVar[ExpectedOutcomes] = Safe("Termination", note="As long as nobody stops.")

    managers: int = constant(3, "resource managers")

    def init(self) -> State:
        return State(rm_state=Map.fill(RM, RMState.WORKING))

    # ------------------------------------------------------------------ the transaction manager

    @action
    def tm_rcv_prepared(self, s: State, rm: RM) -> State:
        """The transaction manager learns that rm is prepared.  Source: TwoPhase, TMRcvPrepared."""
        require(s.tm_state == TMState.INIT, "the transaction manager is undecided")
        require(Prepared(rm=rm) in s.msgs, "rm has said that it is prepared")
        return s.replace(tm_prepared=s.tm_prepared.add(rm))

    @action
    def tm_commit(self, s: State) -> State:
        """The transaction manager commits.  Source: TwoPhase, TMCommit."""
        require(s.tm_state == TMState.INIT, "the transaction manager is undecided")
        require(self.enough_prepared(s.tm_prepared), "all are known to be prepared")
        return s.replace(tm_state=TMState.COMMITTED, msgs=s.msgs.add(Commit()))

    def enough_prepared(self, prepared: Set[RM]) -> bool:
        """The transaction manager has heard from every resource manager."""
        return len(prepared) == len(RM)

    @action
    def tm_abort(self, s: State) -> State:
        """The transaction manager aborts, for whatever reason.  Source: TwoPhase, TMAbort."""
        require(s.tm_state == TMState.INIT, "the transaction manager is undecided")
        return s.replace(tm_state=TMState.ABORTED, msgs=s.msgs.add(Abort()))

    # ------------------------------------------------------------------ the resource managers

    @action
    def rm_prepare(self, s: State, rm: RM) -> State:
        """Manager rm prepares, and with that gives up its right to abort.  Source: TwoPhase, RMPrepare."""
        require(s.rm_state[rm] == RMState.WORKING, "rm is working")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.PREPARED), msgs=s.msgs.add(Prepared(rm=rm)))

    @action
    def rm_choose_to_abort(self, s: State, rm: RM) -> State:
        """Manager rm aborts of its own accord.  Source: TwoPhase, RMChooseToAbort."""
        require(self.may_choose_to_abort(s.rm_state[rm]), "rm has promised nothing yet")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.ABORTED))

    def may_choose_to_abort(self, state: RMState) -> bool:
        """Only a manager that has not prepared may abort alone."""
        return state == RMState.WORKING

    @action
    def rm_rcv_commit_msg(self, s: State, rm: RM) -> State:
        """Manager rm is told to commit.  Source: TwoPhase, RMRcvCommitMsg."""
        require(Commit() in s.msgs, "the transaction manager has committed")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.COMMITTED))

    @action
    def rm_rcv_abort_msg(self, s: State, rm: RM) -> State:
        """Manager rm is told to abort.  Source: TwoPhase, RMRcvAbortMsg."""
        require(Abort() in s.msgs, "the transaction manager has aborted")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.ABORTED))

    def fairness(self) -> Iterable[Fairness]:
        """No manager stops for ever: process fairness, weak."""
        return [
            weak(self.tm_rcv_prepared, self.tm_commit, self.tm_abort),
            weak(
                self.rm_prepare,
                self.rm_choose_to_abort,
                self.rm_rcv_commit_msg,
                self.rm_rcv_abort_msg,
                each="rm",
            ),
        ]

    # ------------------------------------------------------------------ decisions

    def decisions(self) -> Iterable[RMState]:
        """What a manager may decide."""
        return [RMState.COMMITTED, RMState.ABORTED]

    @decision
    def decided(self, s: State, v: Annotated[RMState, OneOf("decisions")]) -> bool:
        """Some manager has decided v."""
        return any(s.rm_state[rm] == v for rm in RM)

    def participants(self) -> Iterable[Participant]:
        return [
            participant("tm", self.tm_rcv_prepared, self.tm_commit, self.tm_abort),
            participant(
                "rm",
                self.rm_prepare,
                self.rm_choose_to_abort,
                self.rm_rcv_commit_msg,
                self.rm_rcv_abort_msg,
                each="rm",
            ),
        ]

    # ------------------------------------------------------------------ properties

    @always("Consistent")
    def consistent(self, s: State, a: RM, b: RM) -> bool:
        """No two managers have come to opposite decisions.  Source: TCommit, TCConsistent."""
        return not (s.rm_state[a] == RMState.ABORTED and s.rm_state[b] == RMState.COMMITTED)

    @lemma("a decided manager has heard")
    def decided_have_heard(self, s: State, rm: RM) -> bool:
        """Who has committed was told to."""
        return s.rm_state[rm] != RMState.COMMITTED or Commit() in s.msgs

    @lemma("Commit is the decision")
    def commit_is_decided(self, s: State) -> bool:
        """Commit is sent exactly if the transaction manager has committed."""
        return (Commit() in s.msgs) == (s.tm_state == TMState.COMMITTED)

    @lemma("Abort is the decision")
    def abort_is_decided(self, s: State) -> bool:
        """Abort is sent exactly if the transaction manager has aborted."""
        return (Abort() in s.msgs) == (s.tm_state == TMState.ABORTED)

    @lemma("who is heard has spoken")
    def heard_have_spoken(self, s: State, rm: RM) -> bool:
        """The transaction manager believes prepared only those that have said so."""
        return rm not in s.tm_prepared or Prepared(rm=rm) in s.msgs

    @lemma("the prepared wait")
    def prepared_wait(self, s: State, rm: RM) -> bool:
        """Who has said that it is prepared neither works on, nor aborts before the transaction manager does."""
        if Prepared(rm=rm) not in s.msgs or s.rm_state[rm] == RMState.PREPARED:
            return True
        return s.tm_state == TMState.COMMITTED if s.rm_state[rm] == RMState.COMMITTED else Abort() in s.msgs

    @lemma("Commit needs all")
    def commit_needs_all(self, s: State, rm: RM) -> bool:
        """Commit is sent only when all are known to be prepared."""
        return Commit() not in s.msgs or rm in s.tm_prepared

    @implements(TCommit)
    def as_tcommit(self, s: State) -> tcommit.State:
        """The resource managers alone.  Source: TwoPhase, `TC == INSTANCE TCommit`."""
        return tcommit.State(rm_state=s.rm_state)

    @eventually("Termination")
    def termination(self, s: State, rm: RM) -> bool:
        """Every manager decides."""
        return s.rm_state[rm] == RMState.COMMITTED or s.rm_state[rm] == RMState.ABORTED

    @reachable("all commit")
    def all_commit(self, s: State) -> bool:
        return all(s.rm_state[rm] == RMState.COMMITTED for rm in RM)

    @reachable("all abort")
    def all_abort(self, s: State) -> bool:
        return all(s.rm_state[rm] == RMState.ABORTED for rm in RM)


class CommitsEarly(TwoPhaseCommit):
    """The transaction manager commits once *one* manager has prepared: another one aborts."""

    outcome = Broken("Consistent", steps=5, source="TwoPhase, TMCommit", managers=2)

    def enough_prepared(self, prepared: Set[RM]) -> bool:
        return len(prepared) >= 1


class AbortsAfterPrepared(TwoPhaseCommit):
    """A manager aborts alone although it has said that it is prepared: the others commit."""

    outcome = Broken("Consistent", steps=7, source="TwoPhase, RMChooseToAbort", managers=2)

    def may_choose_to_abort(self, state: RMState) -> bool:
        return state == RMState.WORKING or state == RMState.PREPARED


class CommitsAlone(TwoPhaseCommit):
    """A prepared manager that has waited too long for the decision commits by itself; another one has aborted."""

    outcome = Broken(
        "Consistent", steps=3, source="X/Open, Distributed Transaction Processing: The XA Specification (1991), "
        "heuristic completion", managers=2,
    )  # fmt: skip

    @action
    def rm_commit_alone(self, s: State, rm: RM) -> State:
        """Manager rm decides heuristically, to release what it holds."""
        require(s.rm_state[rm] == RMState.PREPARED, "rm is prepared")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.COMMITTED))


class TakesSilenceForConsent(TwoPhaseCommit):
    """The transaction manager counts a manager that has not answered in time as prepared."""

    outcome = Broken("Consistent", steps=5, source="TwoPhase, TMRcvPrepared", managers=2)

    @action
    def tm_rcv_prepared(self, s: State, rm: RM) -> State:
        """The transaction manager learns that rm is prepared, or has waited long enough."""
        require(s.tm_state == TMState.INIT, "the transaction manager is undecided")
        return s.replace(tm_prepared=s.tm_prepared.add(rm))


class ForgetsPrepared(TwoPhaseCommit):
    """A manager says that it is prepared before that is on its disk: after a crash it works, as if it had said nothing."""

    outcome = Broken("Consistent", steps=8, source="Gray & Lamport, section 3", managers=2)

    @action
    def rm_restart(self, s: State, rm: RM) -> State:
        """Manager rm crashes and comes back without its promise."""
        require(s.rm_state[rm] == RMState.PREPARED, "rm is prepared")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.WORKING))


class ForgetsDecision(TwoPhaseCommit):
    """The transaction manager sends Commit before that is on its disk: after a crash it knows of nothing, and aborts."""

    outcome = Broken(
        "Consistent", steps=9, source="C. Mohan, B. Lindsay and R. Obermarck, Transaction Management in the R* Distributed "
        "Database Management System, ACM TODS 11(4), 1986", managers=2,
    )  # fmt: skip

    @action
    def tm_restart(self, s: State) -> State:
        """The transaction manager crashes and comes back without its decision."""
        require(s.tm_state == TMState.COMMITTED, "the transaction manager has committed")
        return s.replace(tm_state=TMState.INIT, tm_prepared=Set())


class TMCrashes(TwoPhaseCommit):
    """The transaction manager may crash before it has decided: safe, and blocking, as who has prepared waits for ever."""

    outcome = (
        Safe(),
        Broken("Termination", stem=3, cycle=0, managers=2, source="Gray & Lamport, section 1", note="It blocks."),
    )

    @action
    def tm_crash(self, s: State) -> State:
        """The transaction manager crashes, and never comes back."""
        require(s.tm_state == TMState.INIT, "the transaction manager is undecided")
        return s.replace(tm_state=TMState.CRASHED)
