"""prove: System -> Proved, a counterexample to induction, or unknown, and what each part of the proof is for."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from mcheck.checker.symbolic.counterexample import CounterexampleToInduction, counterexample
from mcheck.checker.symbolic.induction import FOLLOWS, INITIALLY, Deadline, Query, possibly_empty, queries
from mcheck.checker.symbolic.parts import Part, parts
from mcheck.checker.symbolic.reachability import Reachability, reachability
from mcheck.spec.relational.system import System


@dataclass(frozen=True)
class ProofVerdict:
    """`result` is proved, cti or unknown.

    proved: every query is refuted, so the conjuncts are true in every reachable state for all sizes of the sorts.
    cti: some step out of a state that satisfies all conjuncts falsifies one.  unknown: neither was found in time.
    """

    system: System
    result: str
    queries: tuple[Query, ...]
    parts: tuple[Part, ...]
    """What is essential; empty unless proved."""
    possibly_empty: tuple[str, ...]
    """The actions of which it is not known whether they are ever enabled, and `initially` if there are initial states."""
    cti: CounterexampleToInduction | None
    reachability: Reachability | None
    """Whether the state before it is reachable."""
    seconds: float

    def seconds_of(self, conjunct: str) -> float:
        """What all queries about a conjunct took."""
        return sum(q.seconds for q in self.queries if q.conjunct == conjunct)

    def result_of(self, conjunct: str) -> str:
        """proved, cti or unknown, for one conjunct: whether it is kept, given all of them."""
        return _result([q for q in self.queries if q.conjunct == conjunct])

    def follows(self, conjunct: str) -> bool:
        """Whether a conjunct follows from others in any state, so that no step had to be looked at."""
        return any(q.conjunct == conjunct and q.action == FOLLOWS for q in self.queries)

    @property
    def broken(self) -> tuple[Query, ...]:
        """The queries that have an answer, safety first."""
        return _in_order(self.system, [q for q in self.queries if q.reply.answer == "sat"])

    @property
    def undecided(self) -> tuple[Query, ...]:
        """The queries that the solver gave up."""
        return tuple(q for q in self.queries if q.reply.answer == "unknown")


def prove(system: System, seconds: float = 300.0) -> ProofVerdict:
    """Whether the conjuncts are inductive, and what each part of the proof is for; `seconds` limit everything that is asked.

    SpecError for a system that says nothing: without initial states, or with an action that is never enabled.
    """
    started, deadline = time.perf_counter(), Deadline(seconds)
    verdict = induction(system, deadline)
    if verdict.result == "proved":
        verdict = replace(verdict, parts=tuple(parts(system, verdict.queries, deadline)))
    return replace(verdict, seconds=time.perf_counter() - started)


def induction(system: System, deadline: Deadline) -> ProofVerdict:
    """Whether the conjuncts are inductive; nothing is said of what each part is for.  SpecError as of `prove`."""
    started = time.perf_counter()
    unsure = tuple(possibly_empty(system, deadline))
    answered = tuple(queries(system, deadline))
    result = _result(answered)
    found, reached = None, None
    if result == "cti":
        first = _in_order(system, [q for q in answered if q.reply.answer == "sat"])[0]
        found = counterexample(system, first, deadline)
        reached = None if found is None else reachability(system, found, deadline)
    return ProofVerdict(system, result, answered, (), unsure, found, reached, time.perf_counter() - started)


def _result(answered: list[Query] | tuple[Query, ...]) -> str:
    answers = {q.reply.answer for q in answered}
    return "cti" if "sat" in answers else "unknown" if answers - {"unsat"} else "proved"


def _in_order(system: System, found: list[Query]) -> tuple[Query, ...]:
    """By conjunct, then by action, as in the file; the initial states first."""
    conjuncts = [c.name for c in system.conjuncts]
    actions = [INITIALLY, *(a.name for a in system.actions)]
    return tuple(sorted(found, key=lambda q: (conjuncts.index(q.conjunct), actions.index(q.action))))
