"""Two-phase commit: no two resource managers decide differently, however many there are.

Source: Gray & Lamport, Consensus on Transaction Commit (2006), section 3; TLA+ module TwoPhase.

Throughout this file: rm, a, b resource managers; the tm is the transaction manager.  Relations are the states and the
messages of `models/two_phase_commit.py`; a manager that is in none of prepared, committed and aborted is working.
"""

from mcheck.spec.relational import (
    Formula,
    Proof,
    Sort,
    Update,
    action,
    all,
    implies,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
)


class RM(Sort):
    """A resource manager."""


class TwoPhaseCommit(Proof):
    """The transaction manager commits once all resource managers are prepared."""

    prepared = relation(RM)
    committed = relation(RM)
    aborted = relation(RM)
    said = relation(RM)  # Prepared was sent
    heard = relation(RM)  # it has reached the tm
    tm_committed = relation()  # and Commit was sent
    tm_aborted = relation()  # and Abort was sent

    @initially
    def all_are_working(self) -> Formula:
        """Nobody has done anything."""
        return nothing(
            self.prepared, self.committed, self.aborted, self.said, self.heard, self.tm_committed, self.tm_aborted
        )

    # ------------------------------------------------------------------ the transaction manager

    @action
    def tm_rcv_prepared(self, rm: RM) -> Update:
        """The tm learns that rm is prepared.  Source: TMRcvPrepared."""
        require(~self.tm_committed() & ~self.tm_aborted(), "the tm is undecided")
        require(self.said(rm), "rm has said that it is prepared")
        return self.heard.add(rm)

    @action
    def tm_commit(self) -> Update:
        """The tm commits.  Source: TMCommit."""
        require(~self.tm_committed() & ~self.tm_aborted(), "the tm is undecided")
        require(all(self.heard(rm) for rm in RM), "all are known to be prepared")
        return self.tm_committed.add()

    @action
    def tm_abort(self) -> Update:
        """The tm aborts, for whatever reason.  Source: TMAbort."""
        require(~self.tm_committed() & ~self.tm_aborted(), "the tm is undecided")
        return self.tm_aborted.add()

    # ------------------------------------------------------------------ the resource managers

    def working(self, rm: RM) -> Formula:
        """Manager rm has neither prepared nor decided."""
        return ~self.prepared(rm) & ~self.committed(rm) & ~self.aborted(rm)

    @action
    def rm_prepare(self, rm: RM) -> tuple[Update, ...]:
        """Manager rm prepares, and says so.  Source: RMPrepare."""
        require(self.working(rm), "rm is working")
        return self.prepared.add(rm), self.said.add(rm)

    @action
    def rm_choose_to_abort(self, rm: RM) -> Update:
        """Manager rm aborts of its own accord.  Source: RMChooseToAbort."""
        require(self.working(rm), "rm is working")
        return self.aborted.add(rm)

    @action
    def rm_rcv_commit_msg(self, rm: RM) -> tuple[Update, ...]:
        """Manager rm is told to commit.  Source: RMRcvCommitMsg."""
        require(self.tm_committed(), "the tm has committed")
        return self.prepared.remove(rm), self.committed.add(rm), self.aborted.remove(rm)

    @action
    def rm_rcv_abort_msg(self, rm: RM) -> tuple[Update, ...]:
        """Manager rm is told to abort.  Source: RMRcvAbortMsg."""
        require(self.tm_aborted(), "the tm has aborted")
        return self.prepared.remove(rm), self.committed.remove(rm), self.aborted.add(rm)

    # ------------------------------------------------------------------ what is to be shown

    @safety
    def consistent(self, a: RM, b: RM) -> Formula:
        """No two managers have come to opposite decisions.  Source: TCConsistent."""
        return ~(self.aborted(a) & self.committed(b))

    # ------------------------------------------------------------------ what helps to show it

    @invariant
    def one_decision(self) -> Formula:
        """The tm does not both commit and abort."""
        return ~(self.tm_committed() & self.tm_aborted())

    @invariant
    def committed_when_told(self, rm: RM) -> Formula:
        """A manager commits only if the tm has."""
        return implies(self.committed(rm), self.tm_committed())

    @invariant
    def all_were_heard(self, rm: RM) -> Formula:
        """The tm has committed only if it has heard from everybody."""
        return implies(self.tm_committed(), self.heard(rm))

    @invariant
    def heard_what_was_said(self, rm: RM) -> Formula:
        """The tm hears only what was said."""
        return implies(self.heard(rm), self.said(rm))

    @invariant
    def said_once_prepared(self, rm: RM) -> Formula:
        """Who has said that it is prepared is no longer working."""
        return implies(self.said(rm), ~self.working(rm))

    @invariant
    def prepared_do_not_abort_alone(self, rm: RM) -> Formula:
        """Who has said that it is prepared aborts only if the tm has aborted."""
        return implies(self.said(rm) & self.aborted(rm), self.tm_aborted())
