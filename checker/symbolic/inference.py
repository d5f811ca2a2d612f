"""Inference: of many candidates the largest set that is inductive, and of that as little as shows what is to be shown.

Houdini: what an action breaks, given all candidates that are left, is struck out until nothing is.  The solver says so for
structures of any size; the states that have suggested the candidates are forgotten.

Source: C. Flanagan and K. R. M. Leino, Houdini, an Annotation Assistant for ESC/Java, FME 2001.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcheck.checker.symbolic.induction import (
    Deadline,
    action_question,
    concerns,
    initial_question,
    premise_of,
)
from mcheck.checker.symbolic.solver import Question, Reply, negation
from mcheck.checker.templates import MOST_CLAUSES, Clause, Grammar, candidates
from mcheck.spec.relational.formulas import Formula
from mcheck.spec.relational.structures import Structure
from mcheck.spec.relational.system import Action, Sentence, System

LITERALS = (3, 4)
"""How many literals a clause may have: first few, then more."""

EFFORT = 2_000_000
"""How much z3 may do about one candidate, in its own unit; one that costs more is struck out."""

GOAL = 50
"""So many times more about what is to be shown."""


@dataclass(frozen=True)
class Inference:
    """`result` is inductive: `conjuncts`, with what is to be shown, are an inductive invariant; or it is not found.

    not found: every candidate that is left is inductive, and they do not suffice; `conjuncts` are all of them.
    too many: the grammar has more clauses than are gone through.  unknown: the time was over before.
    """

    result: str
    grammar: Grammar
    conjuncts: tuple[Sentence, ...]
    clauses: tuple[Clause, ...]
    """The conjuncts as clauses, in the same order."""
    states: int
    looked: int
    """How many clauses were held against the states."""
    candidates: int
    """How many clauses all states satisfy."""
    kept: int
    """How many of these are inductive together."""
    queries: int
    seconds: float


def infer(system: System, structures: Sequence[Structure], deadline: Deadline) -> Inference:
    """Auxiliary invariants for what is to be shown, from the symbols and the states alone; those of the file are not used.

    Clauses of few literals are tried first.  Every conjunct that is found has been shown by the solver to be kept, given
    the others; `prove` may be asked again.
    """
    started = time.perf_counter()
    bare = dataclasses.replace(system, conjuncts=tuple(c for c in system.conjuncts if c.kind == "safety"))
    grammars = [Grammar(bare, literals) for literals in LITERALS]
    found = Inference("too many", grammars[0], (), (), len(structures), 0, 0, 0, 0, 0.0)
    for grammar in grammars:
        if grammar.size > MOST_CLAUSES:
            break
        found = _inferred(bare, grammar, structures, deadline, started)
        if found.result != "not found":
            break
    return found


def _inferred(
    bare: System, grammar: Grammar, structures: Sequence[Structure], deadline: Deadline, started: float
) -> Inference:
    """What is found with one grammar."""
    clauses, looked = candidates(grammar, structures)
    named = {f"inferred_{k}": clause for k, clause in enumerate(clauses, start=1)}
    sentences = tuple(_sentence(grammar, name, clause) for name, clause in named.items())
    houdini = _Houdini(dataclasses.replace(bare, conjuncts=(*bare.conjuncts, *sentences)), deadline)
    houdini.strike_out_at_the_start()
    houdini.strike_out()
    goals = [c.name for c in bare.conjuncts]
    needed: tuple[str, ...] = ()
    kept = sum(name not in goals for name in houdini.left)
    if deadline.left() <= 0:
        result = "unknown"
    elif all(g in houdini.left for g in goals):
        result, needed = "inductive", houdini.needed_for(goals)
    else:
        result, needed = "not found", tuple(houdini.left)
    shown = [s for s in sentences if s.name in needed]
    renamed = tuple(dataclasses.replace(s, name=f"inferred_{k}") for k, s in enumerate(shown, start=1))
    return Inference(
        result,
        grammar,
        renamed,
        tuple(named[s.name] for s in shown),
        len(structures),
        looked,
        len(clauses),
        kept,
        houdini.queries,
        time.perf_counter() - started,
    )


def _sentence(grammar: Grammar, name: str, clause: Clause) -> Sentence:
    return Sentence(name, "invariant", "", clause.parameters(grammar), clause.formula(grammar))


class _Houdini:
    """The conjuncts that are left of a system."""

    def __init__(self, system: System, deadline: Deadline) -> None:
        self.system, self.deadline = system, deadline
        self.left = {c.name: c for c in system.conjuncts}
        self.queries = 0
        self._questions = {a.name: action_question(system, a) for a in system.actions}
        self._assumed = {premise_of(c) for c in system.conjuncts}
        self._known: dict[tuple[str, str], frozenset[str]] = {}
        """For (action, conjunct) premises that suffice: as long as they are left, there is nothing to ask."""

    def strike_out_at_the_start(self) -> None:
        """What is false in some initial state."""
        question = initial_question(self.system)
        for conjunct in list(self.left.values()):
            if self._ask(question, question.premises, question.holds(conjunct.formula)).answer != "unsat":
                del self.left[conjunct.name]

    def strike_out(self) -> None:
        """What some action breaks, until nothing is broken."""
        struck = True
        while struck and self.deadline.left() > 0:
            struck = False
            for action in self.system.actions:
                for conjunct in list(self.left.values()):
                    if self.deadline.left() > 0 and not self._is_kept(action, conjunct):
                        del self.left[conjunct.name]
                        struck = True

    def needed_for(self, goals: Iterable[str]) -> tuple[str, ...]:
        """As few of the conjuncts as suffice for the goals and for themselves: none of them can be left out.

        First those that the solver used, then one after the other is left out if the rest is still inductive.
        """
        needed = list(goals)
        for name in needed:  # grows while it is read
            for action in self.system.actions:
                for used in self._known.get((action.name, name), frozenset()):
                    if used not in needed:
                        needed.append(used)
        order = [c.name for c in self.system.conjuncts]
        needed.sort(key=order.index)
        fixed = set(goals)
        for name in reversed(needed.copy()):
            if name not in fixed and self._is_inductive([n for n in needed if n != name]):
                needed.remove(name)
        return tuple(needed)

    def _is_inductive(self, names: list[str]) -> bool:
        left, self.left = self.left, {n: self.left[n] for n in names}
        try:
            return all(self._is_kept(a, c) for a in self.system.actions for c in self.left.values())
        finally:
            self.left = left

    def _is_kept(self, action: Action, conjunct: Sentence) -> bool:
        """Whether the action keeps the conjunct, given all that are left."""
        if not concerns(action, conjunct):
            return True
        key = (action.name, conjunct.name)
        if key in self._known and self._known[key] <= self.left.keys():
            return True
        question = self._questions[action.name]
        present = {premise_of(c) for c in self.left.values()}
        claim = question.holds_after(conjunct.formula)
        own = [p for p in question.premises if p not in self._assumed or p == premise_of(conjunct)]
        reply = self._ask(question, own, claim)
        if reply.answer != "unsat" and len(present) > 1:
            all_left = [p for p in question.premises if p not in self._assumed or p in present]
            reply = self._ask(question, all_left, claim, EFFORT * GOAL if conjunct.kind == "safety" else EFFORT)
        if reply.answer == "unsat":
            self._known[key] = frozenset(c.name for c in self.left.values() if premise_of(c) in reply.used)
        return reply.answer == "unsat"

    def _ask(self, question: Question, premises: Iterable[str], claim: Formula, effort: int = EFFORT) -> Reply:
        self.queries += 1
        with question.attempt():
            question.add(negation(claim))
            return question.ask(premises, self.deadline.left(), effort=effort)
