"""Peterson's algorithm: two processes share a critical section, with nothing but three shared variables.

Source: G. L. Peterson, Myths About the Mutual Exclusion Problem, Information Processing Letters 12(3), 1981.
"""

from enum import Enum, auto

from mcheck import Broken, Index, Map, Record, Set, Spec, action, always, reachable, require


class Process(Index, size=2):
    """One of the two; i is the one that moves, j the other."""


class Place(Enum):
    """What a process does next."""

    RAISE_FLAG = auto()
    GIVE_TURN = auto()
    WAIT = auto()
    LEAVE = auto()  # it is in the critical section


class State(Record):
    at: Map[Process, Place]
    flag: Map[Process, bool]  # written by its process, read by the other
    turn: Process  # written and read by both


class Peterson(Spec[State]):
    """A process raises its flag, lets the other go first, and waits until the other is out or gives way."""

    def init(self) -> Set[State]:
        """Nobody has started; `turn` may be anything."""
        at, flag = Map.fill(Process, Place.RAISE_FLAG), Map.fill(Process, False)
        return Set(State(at=at, flag=flag, turn=p) for p in Process)

    @action
    def raise_flag(self, s: State, i: Process) -> State:
        require(s.at[i] == Place.RAISE_FLAG, "i is about to raise its flag")
        return s.replace(flag=s.flag.set(i, True), at=s.at.set(i, Place.GIVE_TURN))

    @action
    def give_turn(self, s: State, i: Process, j: Process) -> State:
        require(i != j, "j is the other one")
        require(s.at[i] == Place.GIVE_TURN, "i is about to give the turn away")
        return s.replace(turn=self.next_turn(i, j), at=s.at.set(i, Place.WAIT))

    def next_turn(self, i: Process, j: Process) -> Process:
        """Whose turn it is once i has had its say."""
        return j

    @action
    def enter(self, s: State, i: Process, j: Process) -> State:
        require(i != j, "j is the other one")
        require(s.at[i] == Place.WAIT, "i is waiting")
        require(not s.flag[j] or s.turn == i, "j is not interested, or it is the turn of i")
        return s.replace(at=s.at.set(i, Place.LEAVE))

    @action
    def leave(self, s: State, i: Process) -> State:
        require(s.at[i] == Place.LEAVE, "i is in the critical section")
        return s.replace(flag=s.flag.set(i, False), at=s.at.set(i, Place.RAISE_FLAG))

    @always("Mutual Exclusion")
    def mutual_exclusion(self, s: State, i: Process, j: Process) -> bool:
        """The two processes are never in the critical section together."""
        return i == j or s.at[i] != Place.LEAVE or s.at[j] != Place.LEAVE

    @reachable("one waits while the other is inside")
    def contended(self, s: State, i: Process, j: Process) -> bool:
        return s.at[i] == Place.LEAVE and s.at[j] == Place.WAIT


class KeepsTurn(Peterson):
    """Each process takes the turn instead of giving it away."""

    outcome = Broken("Mutual Exclusion", steps=6)

    def next_turn(self, i: Process, j: Process) -> Process:
        return i
