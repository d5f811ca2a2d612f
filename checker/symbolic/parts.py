"""What each part of a proof is for: a conjunct, an axiom or a guard without which the rest is not inductive is essential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcheck.checker.symbolic.induction import (
    INITIALLY,
    Deadline,
    Query,
    action_question,
    initial_question,
    premise_of,
)
from mcheck.checker.symbolic.solver import negation
from mcheck.spec.relational.system import System

EFFORT = 20_000_000
"""How much z3 may do for one of these questions, in its own unit, so that the answer does not depend on the machine."""


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
    for invariant in system.auxiliary:
        name = premise_of(invariant)
        used = [q for q in answered if name in q.reply.used and q.conjunct != invariant.name]
        yield _judged(system, "invariant", invariant.name, None, name, used, deadline)
    for axiom in system.axioms:
        if axiom.kind == "axiom":
            name = premise_of(axiom)
            used = [q for q in answered if name in q.reply.used]
            yield _judged(system, "axiom", axiom.name, None, name, used, deadline)
    for action in system.actions:
        for guard in action.guards:
            name = premise_of(guard.reason)
            used = [q for q in answered if q.action == action.name and name in q.reply.used]
            yield _judged(system, "guard", guard.reason, action.name, name, used, deadline)


def _judged(
    system: System, kind: str, name: str, action: str | None, premise: str, used: Iterable[Query], deadline: Deadline
) -> Part:
    undecided = False
    for query in used:
        answer = _again(system, query, premise, deadline)
        if answer == "sat":
            return Part(kind, name, action, True, (query.action, query.conjunct))
        undecided = undecided or answer == "unknown"
    return Part(kind, name, action, None if undecided else False)


def _again(system: System, query: Query, left_out: str, deadline: Deadline) -> str:
    """The answer to a query without one of its premises."""
    conjunct = next(c for c in system.conjuncts if c.name == query.conjunct)
    if query.action == INITIALLY:
        question = initial_question(system)
        claim = question.holds(conjunct.formula)
    else:
        question = action_question(system, next(a for a in system.actions if a.name == query.action))
        claim = question.holds_after(conjunct.formula)
    question.add(negation(claim))
    return question.ask([p for p in question.premises if p != left_out], deadline.left(), effort=EFFORT).answer
