"""Consensus by a rotating coordinator and a detector of failures that may be wrong, round by round.

Source: A. Mostéfaoui and M. Raynal, Solving Consensus Using Chandra-Toueg's Unreliable Failure Detectors: A General Quorum-Based
Approach, DISC 1999, the protocol for the class ◇S, n > 2f.  The detectors: T. Chandra and S. Toueg, Unreliable Failure
Detectors for Reliable Distributed Systems, JACM 43 (1996).

Throughout this file: i, j processes; c the coordinator of the round; v a value; q the processes whose messages one has waited
for; n processes, at most f of which crash.

The detector here says anything at any time: without a promise of it the protocol is an asynchronous one like any other, and
need not decide.  `EventuallyAccurate` adds the promise of ◇S, that some process which does not crash is suspected no more.
Differs: rounds are in step, as in `ben_or_rounds.py` and for the reason given there; the coordinators take turns, so that a state
need not say which round it is.  Whoever has decided goes on taking part, instead of telling all by a reliable broadcast.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations, pairwise, product
from typing import Annotated, ClassVar

from mcheck.spec import (
    GHOST,
    Broken,
    ExpectedOutcomes,
    Fairness,
    Index,
    Map,
    OneOf,
    Participant,
    Record,
    Safe,
    Set,
    Spec,
    UsageError,
    action,
    all,
    always,
    any,
    constant,
    count,
    decision,
    eventually,
    participant,
    reachable,
    require,
    step,
    weak,
    where,
)


class Process(Index, size="processes"):
    """One of the group."""


class Value(Index, size=2):
    """What may be proposed."""


Awaited = Annotated[Set[Process], OneOf("awaited")]


class Stage(Enum):
    """What a process has done in this round."""

    LISTENING = auto()  # nothing but, if it is the coordinator, to send its estimate
    SENT = auto()  # sent aux, in phase 2
    CONCLUDED = auto()  # ended the round
    GONE = auto()  # it crashed in an earlier round


class Member(Record):
    """A process: its estimate, what it has heard of the coordinator's, what it has decided, and whether it is up."""

    est: Value
    stage: Stage = Stage.LISTENING
    aux: Value | None = None  # the estimate of the coordinator; None, the ⊥ of the paper, if it was suspected
    decision: Value | None = None
    up: bool = True


class State(Record):
    members: Map[Process, Member]
    coordinator: Process
    trusted: Process | None = None  # whom the detector suspects no more: only in `EventuallyAccurate`
    unanimous: Annotated[Value | None, GHOST] = None  # what all started with, if that was the same


class RotatingCoordinator(Spec[State]):
    """Whoever hears the estimate of the coordinator passes it on; n - f that have heard it are enough to decide it."""

    fault_model = "crash-stop"
    resilience = "n >= 2f + 1"

    outcome: ClassVar[ExpectedOutcomes] = (
        Broken("Termination", stem=0, cycle=18, note="The detector may be wrong for ever."),
        Broken("Termination", stem=0, cycle=8, processes=2, faults=0),
    )

    processes: int = constant(3, "processes", least=1)
    faults: int = constant(1, "processes that may crash", least=0)

    def init(self) -> Iterable[State]:
        """Any process may start with either value."""
        if self.faults >= self.processes:
            raise UsageError(
                f"RotatingCoordinator: of {self.processes} processes at least one must stay up (got {self.faults} that may crash)"
            )
        for values in product(Value, repeat=self.processes):
            unanimous = values[0] if values.count(values[0]) == self.processes else None
            members = [Member(est=value) for value in values]
            yield State(
                members=Map.of(Process, dict(zip(Process, members, strict=True)).__getitem__),
                coordinator=Process(0),
                unanimous=unanimous,
            )

    def awaited(self) -> Iterable[Set[Process]]:
        """Whose messages a process waits for: any n - f."""
        return (Set(q) for q in combinations(Process, self.processes - self.tolerated()))

    def tolerated(self) -> int:
        """f: so many may never answer, so nobody waits for them."""
        return self.faults

    # ------------------------------------------------------------------ phase 1: what the coordinator says

    @action
    def adopt(self, s: State, i: Process) -> State:
        """Process i has the estimate of the coordinator, and passes it on."""
        c = s.members[s.coordinator]
        require(self.listens(s, i), "i is up, and waits for the coordinator")
        require(c.stage != Stage.GONE, "the coordinator has sent its estimate")
        return self.sent(s, i, c.est)

    @action
    def suspect(self, s: State, i: Process) -> State:
        """Process i takes the coordinator for crashed, rightly or not, and says that it has not heard it."""
        require(self.listens(s, i), "i is up, and waits for the coordinator")
        require(i != s.coordinator, "i does not suspect itself")
        require(s.trusted is None or s.trusted != s.coordinator, "the detector may suspect the coordinator")
        return self.sent(s, i, None)

    def listens(self, s: State, i: Process) -> bool:
        """Process i is in phase 1."""
        return s.members[i].up and s.members[i].stage == Stage.LISTENING

    def sent(self, s: State, i: Process, aux: Value | None) -> State:
        """Process i has sent aux to all."""
        return s.replace(members=s.members.set(i, s.members[i].replace(stage=Stage.SENT, aux=aux)))

    # ------------------------------------------------------------------ phase 2: what the others have heard

    @action
    def conclude(self, s: State, i: Process, q: Awaited, v: Value) -> State:
        """Process i has aux of q, and v is in it: v is its estimate now, and decided if there is nothing else."""
        require(self.may_conclude(s, i, q), "all who are up have sent aux, and that of all of q has come")
        require(any(s.members[j].aux == v for j in q), "someone in q has heard v")
        return self.ended(s, i, v, self.may_decide(s, q, v))

    @action
    def give_up(self, s: State, i: Process, q: Awaited) -> State:
        """Process i has aux of q, none of whom has heard the coordinator: it keeps its estimate."""
        require(self.may_conclude(s, i, q), "all who are up have sent aux, and that of all of q has come")
        require(all(s.members[j].aux is None for j in q), "nobody in q has heard the coordinator")
        return self.ended(s, i, s.members[i].est, False)

    def may_conclude(self, s: State, i: Process, q: Set[Process]) -> bool:
        """Phase 1 is over for all who are up, and all of q have sent aux."""
        me = s.members[i]
        return (
            me.up
            and me.stage == Stage.SENT
            and all(not s.members[j].up or s.members[j].stage != Stage.LISTENING for j in Process)
            and all(s.members[j].stage == Stage.SENT or s.members[j].stage == Stage.CONCLUDED for j in q)
        )

    def may_decide(self, s: State, q: Set[Process], v: Value) -> bool:
        """All of q have heard v: everybody else waits for one of them at least, and takes v over."""
        return all(s.members[j].aux == v for j in q)

    def ended(self, s: State, i: Process, est: Value, decided: bool) -> State:
        """Process i ends the round with this estimate, and decides it or not; a decision, once made, stays."""
        me = s.members[i]
        kept = where(me.decision is None and decided, est, me.decision)
        return self.begun(
            s.replace(members=s.members.set(i, me.replace(est=est, stage=Stage.CONCLUDED, decision=kept)))
        )

    # ------------------------------------------------------------------ crashes, and the next round

    @action
    def crash(self, s: State, i: Process) -> State:
        """Process i crashes; what it has sent in this round can still be received.  It never comes back."""
        require(s.members[i].up, "i is up")
        require(count(not s.members[j].up for j in Process) < self.faults, "not so many have crashed yet")
        require(s.trusted is None or s.trusted != i, "i is not the one that the detector promises to be up")
        return self.begun(s.replace(members=s.members.set(i, s.members[i].replace(up=False))))

    def begun(self, s: State) -> State:
        """The next round, with the next coordinator, if all who are up have ended this one."""
        over = all(not s.members[i].up or s.members[i].stage == Stage.CONCLUDED for i in Process)

        def next_round(me: Member) -> Member:
            stage = where(me.up, Stage.LISTENING, Stage.GONE)
            return me.replace(stage=where(over, stage, me.stage), aux=where(over, None, me.aux))

        members = Map.of(Process, lambda i: next_round(s.members[i]))
        return s.replace(members=members, coordinator=where(over, self.after(s.coordinator), s.coordinator))

    def after(self, c: Process) -> Process:
        """Whose turn it is after c: the turns go around."""
        first, *others = Process
        turn = first
        for one, following in pairwise([first, *others]):
            turn = where(c == one, following, turn)
        return turn

    # ------------------------------------------------------------------ decisions

    @decision
    def decided(self, s: State, v: Value) -> bool:
        """Some process has decided v."""
        return any(s.members[i].decision == v for i in Process)

    def participants(self) -> Iterable[Participant]:
        """Who goes on; a crash is a step of nobody."""
        return [participant("process", self.adopt, self.suspect, self.conclude, self.give_up, each="i")]

    def fairness(self) -> Iterable[Fairness]:
        """Every process goes on while it is up."""
        return [one.goes_on for one in self.participants()]

    # ------------------------------------------------------------------ properties

    @always("Agreement")
    def agreement(self, s: State, i: Process, j: Process) -> bool:
        """No two processes decide different values, whether or not they crash later."""
        a, b = s.members[i].decision, s.members[j].decision
        return a is None or b is None or a == b

    @step("Integrity")
    def integrity(self, before: State, after: State, i: Process) -> bool:
        """What a process has decided, it stays with."""
        decided = before.members[i].decision
        return decided is None or after.members[i].decision == decided

    @always("Validity")
    def validity(self, s: State, i: Process) -> bool:
        """What all start with is decided, and nothing else; where inputs differ, both values are somebody's."""
        decided = s.members[i].decision
        return decided is None or s.unanimous is None or decided == s.unanimous

    @eventually("Termination")
    def termination(self, s: State, i: Process) -> bool:
        """Every process decides or crashes."""
        return s.members[i].decision is not None or not s.members[i].up

    # ------------------------------------------------------------------ witnesses

    @reachable("all decide")
    def all_decide(self, s: State) -> bool:
        return all(s.members[i].decision is not None for i in Process)


class EventuallyAccurate(RotatingCoordinator):
    """The promise of ◇S: from some moment on, which nobody knows, one process that stays up is not suspected."""

    outcome = (
        Safe(),
        Safe("Termination", source="Chandra and Toueg (1996)"),
        Safe("Termination", processes=2, faults=0),
    )

    @action
    def stabilize(self, s: State, i: Process) -> State:
        """The moment comes, and it is process i."""
        require(s.trusted is None, "it has not come")
        require(s.members[i].up, "i is up")
        return s.replace(trusted=i)

    def fairness(self) -> Iterable[Fairness]:
        """The moment comes at last."""
        return [*super().fairness(), weak(self.stabilize)]


class DecidesOnOne(RotatingCoordinator):
    """A process decides as soon as anybody whom it waits for has heard the coordinator: others wait for those that have not."""

    outcome = Broken("Agreement", steps=9, source="the protocol, phase 2", processes=3, faults=1)

    def may_decide(self, s: State, q: Set[Process], v: Value) -> bool:
        return any(s.members[j].aux == v for j in q)
