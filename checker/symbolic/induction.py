"""Induction: every initial state satisfies the conjuncts, and every action keeps them; one query for each pair.

A query asks for a state that satisfies all conjuncts, an action enabled there, and a state after it that falsifies one of
them.  If none of the queries has an answer, the conjuncts are true in every reachable state, whatever the sizes of the
sorts.  What is not decided within the limits is unknown, and never proved.

What follows from the invariants in any state need not be asked of steps.  So it is asked of a state first, for safety and for
corollaries; only if it does not follow, of steps.  That is sound, as nothing follows from itself: a corollary from the
invariants and the corollaries before it, safety from these and no safety.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from mcheck.checker.symbolic.solver import Question, Reply, negation
from mcheck.spec import SpecError
from mcheck.spec.relational.formulas import And, Equal, Exists, Forall, Formula, Holds, Iff, Not, Or
from mcheck.spec.relational.sorts import Sort, Symbol, Variable
from mcheck.spec.relational.system import Action, Sentence, System

INITIALLY = "initially"
"""In place of the name of an action: the initial states."""
FOLLOWS = "follows"
"""In place of the name of an action: any state that satisfies what the conjunct may follow from."""

FOLLOWING = 4_000_000
"""How much z3 may do, in its own unit, to see that a conjunct follows.  Not a time: what is asked next depends on it."""
ALONE = 300_000
"""The same, to see that a conjunct keeps itself."""


@dataclass(frozen=True)
class Query:
    """Whether one action, or the initial states, can break one conjunct: `sat` if so, `unsat`, or `unknown`."""

    action: str
    conjunct: str
    reply: Reply
    seconds: float


class Deadline:
    """When to give up."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; negative afterwards."""
        return self._end - time.monotonic()


def premise_of(sentence: Sentence | str) -> str:
    """The name under which a question has an axiom, a conjunct, or a guard (given by its reason)."""
    return f"guard {sentence}" if isinstance(sentence, str) else f"{sentence.kind} {sentence.name}"


def initial_question(system: System) -> Question:
    """A question about the initial states."""
    question = Question(system)
    for sentence in (*system.axioms, *system.initial):
        question.premise(premise_of(sentence), question.holds(sentence.formula))
    return question


def action_question(system: System, action: Action) -> Question:
    """A question about a step of the action out of a state that satisfies all conjuncts."""
    question = Question(system, action.changed)
    question.name(action.parameters)
    for sentence in (*system.axioms, *system.conjuncts):
        question.premise(premise_of(sentence), question.holds(sentence.formula))
    for guard in action.guards:
        question.premise(premise_of(guard.reason), question.holds(guard.formula))
    for update in action.updates:
        question.add(question.updated(update))
    return question


def concerns(action: Action, conjunct: Sentence) -> bool:
    """Whether the conjunct speaks of anything that the action changes."""
    return _mentions(conjunct.formula, action.changed)


def queries(system: System, deadline: Deadline) -> Iterator[Query]:
    """All of them, actions in the order of the file.  A conjunct that an action does not concern needs none."""
    inductive = []
    for conjunct in system.conjuncts:
        query = follows(system, conjunct, deadline) if conjunct.kind in ("safety", "corollary") else None
        if query is not None and query.reply.answer == "unsat":
            yield query
        else:
            inductive.append(conjunct)
    question = initial_question(system)
    for conjunct in inductive:
        yield _asked(question, INITIALLY, conjunct, question.holds(conjunct.formula), deadline)
    for action in system.actions:
        question = action_question(system, action)
        for conjunct in inductive:
            if concerns(action, conjunct):
                yield _asked(question, action.name, conjunct, question.holds_after(conjunct.formula), deadline)


def follows(system: System, conjunct: Sentence, deadline: Deadline, left_out: str = "") -> Query:
    """Whether a state can satisfy what the conjunct may follow from, less the premise of that name, and not the conjunct."""
    question = Question(system)
    for sentence in (*system.axioms, *_grounds(system, conjunct)):
        question.premise(premise_of(sentence), question.holds(sentence.formula))
    premises = [p for p in question.premises if p != left_out]
    started = time.perf_counter()
    question.add(negation(question.holds(conjunct.formula)))
    reply = question.ask(premises, deadline.left(), effort=FOLLOWING)
    return Query(FOLLOWS, conjunct.name, reply, time.perf_counter() - started)


def _grounds(system: System, conjunct: Sentence) -> tuple[Sentence, ...]:
    """What the conjunct may follow from: the invariants, and the corollaries, of these only the earlier if it is one."""
    grounds = [c for c in system.conjuncts if c.kind != "safety"]
    return tuple(grounds[: grounds.index(conjunct)] if conjunct in grounds else grounds)


def _asked(question: Question, action: str, conjunct: Sentence, claim: object, deadline: Deadline) -> Query:
    """The answer about one action and one conjunct.

    Most conjuncts keep themselves.  So that is asked first, without the others, which the solver might get lost in.
    """
    started = time.perf_counter()
    others = {premise_of(c) for c in question.system.conjuncts if c is not conjunct}
    with question.attempt():
        question.add(negation(claim))
        alone = [p for p in question.premises if p not in others]
        reply = question.ask(alone, deadline.left(), effort=ALONE)
        if reply.answer != "unsat":
            reply = question.ask(question.premises, deadline.left())
    return Query(action, conjunct.name, reply, time.perf_counter() - started)


def possibly_empty(system: System, deadline: Deadline) -> Iterator[str]:
    """The actions, and INITIALLY, of which the solver did not find out whether there is any such step or state.

    SpecError if there is no initial state, or an action is enabled in no state that satisfies all conjuncts: either would
    make the queries about it true for no reason.
    """
    question = initial_question(system)
    answer = question.ask(question.premises, deadline.left()).answer
    if answer == "unsat":
        raise SpecError(f"{system.name} has no initial state: its axioms and @initially contradict each other")
    if answer == "unknown":
        yield INITIALLY
    for action in system.actions:
        question = action_question(system, action)
        answer = question.ask(question.premises, deadline.left()).answer
        if answer == "unsat":
            raise SpecError(
                f"{system.name}.{action.name} is never enabled: its guards contradict each other or the conjuncts, "
                "so that nothing is shown of it"
            )
        if answer == "unknown":
            yield action.name


def _mentions(f: Formula, symbols: frozenset[Symbol]) -> bool:
    match f:
        case Holds(symbol, terms):
            return symbol in symbols or any(_in_term(t, symbols) for t in terms)
        case Equal(left, right):
            return _in_term(left, symbols) or _in_term(right, symbols)
        case Iff(one, other):
            return _mentions(one, symbols) or _mentions(other, symbols)
        case And(parts) | Or(parts):
            return any(_mentions(p, symbols) for p in parts)
        case Not(body) | Forall(_, body) | Exists(_, body):
            return _mentions(body, symbols)
    return True


def _in_term(t: Sort, symbols: frozenset[Symbol]) -> bool:
    return not isinstance(t.head, Variable) and (t.head in symbols or any(_in_term(a, symbols) for a in t.arguments))
