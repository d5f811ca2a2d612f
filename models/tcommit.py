"""Transaction commit: the resource managers of a transaction all commit it or all abort it.

Source: Gray & Lamport, Consensus on Transaction Commit (2006), §2; TLA+ module TCommit.
TwoPhaseCommit implements this specification.
"""

from enum import Enum, auto

from mcheck.spec import Broken, Index, Map, Record, Spec, action, all, always, constant, reachable, require


class RM(Index, size="managers"):
    """A resource manager."""


class RMState(Enum):
    WORKING = auto()
    PREPARED = auto()
    COMMITTED = auto()
    ABORTED = auto()


class State(Record):
    rm_state: Map[RM, RMState]


class TCommit(Spec[State]):
    """What the resource managers may do, as if each could see the others."""

    managers: int = constant(3, "resource managers")

    def init(self) -> State:
        return State(rm_state=Map.fill(RM, RMState.WORKING))

    @action
    def prepare(self, s: State, rm: RM) -> State:
        """Manager rm is ready to commit.  Source: TCommit, Prepare."""
        require(s.rm_state[rm] == RMState.WORKING, "rm is working")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.PREPARED))

    @action
    def decide_commit(self, s: State, rm: RM) -> State:
        """Manager rm commits.  Source: TCommit, Decide, first case."""
        require(s.rm_state[rm] == RMState.PREPARED, "rm is prepared")
        require(self.can_commit(s), "every manager is prepared, or has committed")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.COMMITTED))

    @action
    def decide_abort(self, s: State, rm: RM) -> State:
        """Manager rm aborts.  Source: TCommit, Decide, second case."""
        require(s.rm_state[rm] == RMState.WORKING or s.rm_state[rm] == RMState.PREPARED, "rm has not decided")
        require(self.not_committed(s), "no manager has committed")
        return s.replace(rm_state=s.rm_state.set(rm, RMState.ABORTED))

    def can_commit(self, s: State) -> bool:
        """Every manager is prepared, or has committed."""
        return all(s.rm_state[rm] == RMState.PREPARED or s.rm_state[rm] == RMState.COMMITTED for rm in RM)

    def not_committed(self, s: State) -> bool:
        """No manager has committed."""
        return all(s.rm_state[rm] != RMState.COMMITTED for rm in RM)

    @always("Consistent")
    def consistent(self, s: State, a: RM, b: RM) -> bool:
        """No two managers have come to opposite decisions.  Source: TCommit, TCConsistent."""
        return not (s.rm_state[a] == RMState.ABORTED and s.rm_state[b] == RMState.COMMITTED)

    @reachable("all commit")
    def all_commit(self, s: State) -> bool:
        return all(s.rm_state[rm] == RMState.COMMITTED for rm in RM)

    @reachable("all abort")
    def all_abort(self, s: State) -> bool:
        return all(s.rm_state[rm] == RMState.ABORTED for rm in RM)


class CommitsUnprepared(TCommit):
    """A prepared manager commits without the others: another one, still working, aborts first."""

    outcome = Broken("Consistent", steps=3, source="TCommit, canCommit", managers=2)

    def can_commit(self, s: State) -> bool:
        return True
