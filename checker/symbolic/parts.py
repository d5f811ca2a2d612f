"""What each part of a proof is for: a conjunct, an axiom or a guard without which the rest is not inductive is essential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcheck.checker.symbolic.counterexample import CounterexampleToInduction, counterexample
from mcheck.checker.symbolic.induction import (
    FOLLOWS,
    INITIALLY,
    Deadline,
    Query,
    action_question,
    concerns,
    follows,
    initial_question,
    premise_of,
)
from mcheck.checker.symbolic.solver import Reply, negation
from mcheck.spec.relational.system import System, without

EFFORT = 20_000_000
"""How much z3 may do for one of these questions, in its own unit, so that the answer does not depend on the machine."""

SMALL = 2
"""So many elements of each sort are tried before any number."""


@dataclass(frozen=True)
class Part:
    """`kind` is invariant, axiom or guard; `essential` is None where the solver did not find out."""

    kind: str
    name: str
    action: str | None
    essential: bool | None
    broken: tuple[str, str] | None = None
    """The action and the conjunct of the first query that has an answer without it."""


def parts(system: System, answered: Sequence[Query], deadline: Deadline) -> Iterator[Part]:
    """Every auxiliary invariant, axiom and guard, each judged with all the others present.

    Cost: only queries whose refutation used the part are asked again; the others stand as they are without it.
    """
    again = _Questions(system, deadline)
    for invariant in system.auxiliary:
        name = premise_of(invariant)
        used = [q for q in answered if name in q.reply.used and q.conjunct != invariant.name]
        yield again.judged("invariant", invariant.name, None, name, used)
    for axiom in system.axioms:
        if axiom.kind == "axiom":
            name = premise_of(axiom)
            yield again.judged("axiom", axiom.name, None, name, [q for q in answered if name in q.reply.used])
    for action in system.actions:
        for guard in action.guards:
            name = premise_of(guard.reason)
            used = [q for q in answered if q.action == action.name and name in q.reply.used]
            yield again.judged("guard", guard.reason, action.name, name, used)


def counterexample_without(system: System, part: Part, deadline: Deadline) -> CounterexampleToInduction | None:
    """The smallest counterexample to induction without an essential part, of the step and the conjunct that it names.

    None if there is none of a few elements a sort in the time that is left, and for what is not essential.
    """
    if part.broken is None:
        return None
    weaker = without(
        system,
        [part.name] if part.kind == "invariant" else [],
        [part.name] if part.kind == "axiom" else [],
        [(part.action or "", part.name)] if part.kind == "guard" else [],
    )
    return counterexample(weaker, Query(*part.broken, Reply("sat"), 0.0), deadline)


class _Questions:
    """The queries of a proof, asked again without one of their premises."""

    def __init__(self, system: System, deadline: Deadline) -> None:
        self.system, self.deadline = system, deadline
        self.conjuncts = {c.name: c for c in system.conjuncts}
        self.questions = {a.name: action_question(system, a) for a in system.actions}
        self.questions[INITIALLY] = initial_question(system)

    def judged(self, kind: str, name: str, action: str | None, premise: str, used: Iterable[Query]) -> Part:
        """What the part under that premise is for, as far as the queries tell that have used it."""
        undecided = False
        for query in used:
            for asked, answer in self._answers(query, premise):
                if answer == "sat":
                    return Part(kind, name, action, True, (asked, query.conjunct))
                undecided = undecided or answer == "unknown"
        return Part(kind, name, action, None if undecided else False)

    def _answers(self, query: Query, left_out: str) -> Iterator[tuple[str, str]]:
        """Without that premise: the answer about the action, or about all of them if the conjunct does not follow any more."""
        if query.action != FOLLOWS:
            yield query.action, self._answer(query.action, query.conjunct, left_out)
            return
        conjunct = self.conjuncts[query.conjunct]
        if follows(self.system, conjunct, self.deadline, left_out).reply.answer == "unsat":
            return
        yield INITIALLY, self._answer(INITIALLY, conjunct.name, left_out)
        for action in self.system.actions:
            if concerns(action, conjunct):
                yield action.name, self._answer(action.name, conjunct.name, left_out)

    def _answer(self, action: str, conjunct: str, left_out: str) -> str:
        question, formula = self.questions[action], self.conjuncts[conjunct].formula
        claim = question.holds(formula) if action == INITIALLY else question.holds_after(formula)
        premises = [p for p in question.premises if p != left_out]
        with question.attempt():
            question.add(negation(claim))
            # Most of what breaks does so among a few elements, and is found there at once.
            with question.attempt():
                for sort in self.system.sorts:
                    question.add(question.at_most(sort, SMALL))
                if question.ask(premises, self.deadline.left(), effort=EFFORT // 4).answer == "sat":
                    return "sat"
            return question.ask(premises, self.deadline.left(), effort=EFFORT).answer
