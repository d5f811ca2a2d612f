"""Proofs.  If these fail, mcheck says "proved" of what is not, or a proof no longer goes through."""

from __future__ import annotations

import dataclasses
import random
from functools import cache
from itertools import product
from typing import Any

import pytest

from mcheck.models.proofs import PROOFS
from mcheck.proofs import find_proof
from mcheck.spec import SpecError
from mcheck.spec.relational import (
    Formula,
    Proof,
    Sort,
    Structure,
    System,
    Update,
    action,
    fixed,
    function,
    individual,
    initially,
    nothing,
    relation,
    require,
    safety,
    truth,
    without,
)
from mcheck.spec.relational.formulas import And, Equal, Exists, Forall, Holds, Iff, Not, Or
from mcheck.spec.relational.sorts import sort_of, variable

pytest.importorskip("z3", reason="z3-solver is not installed: pip install 'mcheck-protocols[proofs]'")

from mcheck.checker.symbolic.counterexample import counterexample
from mcheck.checker.symbolic.induction import Deadline, initial_question, queries
from mcheck.checker.symbolic.parts import counterexample_without
from mcheck.checker.symbolic.prove import ProofVerdict, prove

EVERY_PROOF = [
    pytest.param(name, marks=pytest.mark.slow) if name == "raft-safety" else name  # what its parts are for: a minute
    for name in PROOFS
]

REDUNDANT = {
    "paxos": [],
    "flexible-paxos": [],
    "two-phase-commit": [],
    "raft-election": [],
    "raft-log": [],
    "raft-safety": [],
    "pbft": [],
}
"""Conjuncts that follow from the others; they are lemmas on which the solver need not spend time again."""


def system_of(name: str) -> System:
    return find_proof(name).cls.system()


@cache
def verdict_of(name: str) -> ProofVerdict:
    return prove(system_of(name), 300)


@pytest.mark.parametrize("name", EVERY_PROOF)
def test_every_shipped_protocol_is_proved(name: str) -> None:
    verdict = verdict_of(name)
    assert verdict.result == "proved"
    assert {q.reply.answer for q in verdict.queries} == {"unsat"}
    begun = {q.conjunct for q in verdict.queries if q.action in ("initially", "follows")}
    assert begun == {c.name for c in verdict.system.conjuncts}


def test_raft_is_safe_for_any_number_of_servers() -> None:
    system = system_of("raft-safety")
    answered = list(queries(system, Deadline(300)))
    assert {q.reply.answer for q in answered} == {"unsat"}
    goals = {c.name for c in system.conjuncts if c.kind == "safety"}
    assert goals == {"election_safety", "log_matching", "leader_completeness", "state_machine_safety"}
    assert goals <= {q.conjunct for q in answered if q.action == "follows"}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("commit", "it is an entry of the term of the leader"),  # Figure 8
        ("commit", "all of q have acknowledged it"),
        ("grant_vote", "the log of c is at least as up to date as that of n"),
    ],
)
def test_without_a_rule_of_raft_its_safety_is_not_inductive(action: str, reason: str) -> None:
    weaker = without(system_of("raft-safety"), guards=[(action, reason)])
    weaker = dataclasses.replace(weaker, actions=tuple(a for a in weaker.actions if a.name == action))
    query = next(q for q in queries(weaker, Deadline(300)) if q.reply.answer != "unsat")
    assert (query.action, query.reply.answer) == (action, "sat")


@pytest.mark.parametrize("name", EVERY_PROOF)
def test_every_conjunct_is_essential_or_known_to_be_redundant(name: str) -> None:
    invariants = [p for p in verdict_of(name).parts if p.kind == "invariant"]
    assert [p.name for p in invariants] == [c.name for c in verdict_of(name).system.auxiliary]
    assert [p.name for p in invariants if p.essential is not True] == REDUNDANT[name]
    assert all(p.essential is not None for p in verdict_of(name).parts)


@pytest.mark.parametrize("name", [n for n in EVERY_PROOF if n != "two-phase-commit"])
def test_the_intersection_of_quorums_is_essential(name: str) -> None:
    assert {p.name: p.essential for p in verdict_of(name).parts if p.kind == "axiom"}["quorums_meet"] is True


def broken(system: System) -> Any:
    """The counterexample to induction of a system, judged by plain evaluation on the way."""
    verdict = prove(system, 60)
    assert verdict.result == "cti"
    assert verdict.cti is not None
    return verdict.cti


def sizes(structure: Structure) -> dict[str, int]:
    return {sort.__name__: len(elements) for sort, elements in structure.universe.items()}


def test_the_counterexample_is_the_smallest() -> None:
    cti = broken(without(system_of("paxos"), ["proposals_are_safe"]))
    assert (cti.action.name, cti.conjunct.name) == ("phase_2b", "agreement")
    assert sizes(cti.before) == {"Acceptor": 1, "Quorum": 1, "Ballot": 2, "Value": 2}
    assert cti.values == ("a0", "b0", "v0")
    assert cti.falsified_by == ("q0", "b0", "v0", "q0", "b1", "v1")
    relations = {s.name: sorted(t) for s, t in cti.before.tables.items()}
    assert relations["proposed"] == [("b0", "v0"), ("b1", "v1")]
    assert relations["vote"] == [("a0", "b1", "v1")]
    assert relations["begun"] == relations["promised"] == relations["left"] == []


def test_quorums_that_do_not_meet_break_paxos() -> None:
    cti = broken(without(system_of("paxos"), axioms=["quorums_meet"]))
    assert cti.conjunct.name == "agreement"


@pytest.mark.parametrize("name", ["paxos", "two-phase-commit", "raft-election"])
def test_without_an_essential_part_there_is_a_small_counterexample(name: str) -> None:
    _each_essential_part(name, "invariant")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["invariant", "axiom", "guard"])
@pytest.mark.parametrize("name", EVERY_PROOF)
def test_without_any_essential_part_there_is_a_small_counterexample(name: str, kind: str) -> None:
    _each_essential_part(name, kind)


def _each_essential_part(name: str, kind: str) -> None:
    parts = [p for p in verdict_of(name).parts if p.kind == kind]
    for part in parts:
        if part.broken is not None:
            found = counterexample_without(system_of(name), part, Deadline(120))
            assert found is not None
            assert max(sizes(found.before).values()) <= 3
        else:
            conjuncts = [part.name] if kind == "invariant" else []
            axioms = [part.name] if kind == "axiom" else []
            guards = [(part.action or "", part.name)] if kind == "guard" else []
            weaker = without(system_of(name), conjuncts, axioms, guards)
            assert {q.reply.answer for q in queries(weaker, Deadline(120))} == {"unsat"}


# ---------------------------------------------------------------------- what must not be called proved


def test_what_is_not_decided_in_time_is_unknown() -> None:
    verdict = prove(system_of("two-phase-commit"), 1e-6)
    assert verdict.result == "unknown"
    assert len(verdict.undecided) == len(verdict.queries)
    assert {q.reply.reason for q in verdict.undecided} == {"time limit"}


class Node(Sort): ...


class Counted(Proof):
    """At most one holds the token, it says; nobody looks."""

    start = individual(Node)
    known = fixed(Node)
    holds = relation(Node)

    @initially
    def nobody_holds(self) -> Formula:
        return nothing(self.holds)

    @action
    def take(self, n: Node) -> Update:
        require(self.known(n), "n is known")
        return self.holds.add(n)

    @safety
    def mutual_exclusion(self, n: Node, m: Node) -> Formula:
        return ~(self.holds(n) & self.holds(m) & (n != m))


def test_a_false_claim_is_refuted() -> None:
    cti = broken(Counted.system())
    assert sizes(cti.before) == {"Node": 2}
    assert len(cti.before.table(Counted.holds)) == 1
    assert len(cti.after.table(Counted.holds)) == 2


def test_a_claim_that_is_false_at_the_start_is_refuted() -> None:
    class Late(Counted):
        @safety
        def somebody_holds(self) -> Formula:
            return self.holds(self.start)

    verdict = prove(Late.system())
    assert ("initially", "somebody_holds") in [(q.action, q.conjunct) for q in verdict.broken]
    late = next(q for q in verdict.broken if q.action == "initially")
    found = counterexample(Late.system(), late, Deadline(60))
    assert found is not None
    assert found.action is None
    assert found.before.same_as(found.after)


def test_a_proof_about_nothing_is_refused() -> None:
    class NoStart(Counted):
        @initially
        def start_holds(self) -> Formula:
            return self.holds(self.start)

    class NeverTaken(Counted):
        @action
        def take(self, n: Node) -> Update:
            require(self.known(n), "n is known")
            require(~self.known(n), "n is unknown")
            return self.holds.add(n)

    with pytest.raises(SpecError, match="NoStart has no initial state"):
        prove(NoStart.system())
    with pytest.raises(SpecError, match=r"NeverTaken\.take is never enabled"):
        prove(NeverTaken.system())


# ---------------------------------------------------------------------- the solver and plain Python read the same


class Round(Sort, ordered=True): ...


class Everything(Proof):
    """A symbol of each kind."""

    first = individual(Round)
    holds = relation(Node)
    wrote = relation(Node, Round)
    flag = relation()
    writer = function(Round, to=Node)

    @initially
    def anything(self) -> Formula:
        return Or((self.flag(), ~self.flag()))

    @safety
    def something(self) -> Formula:
        return Or((self.flag(), ~self.flag()))


def _formula(rng: random.Random, depth: int, bound: list[Any]) -> Formula:
    """A random formula whose free variables are all in `bound`."""
    if depth == 0 or rng.random() < 0.15:
        return _atom(rng, bound)
    kind = rng.randrange(6)
    if kind < 2:
        fresh = [variable(rng.choice((Node, Round)), "x") for _ in range(rng.randint(1, 2))]
        body = _formula(rng, depth - 1, [*bound, *fresh])
        return (Forall, Exists)[kind](tuple(fresh), body)
    if kind == 2:
        return Not(_formula(rng, depth - 1, bound))
    parts = tuple(_formula(rng, depth - 1, bound) for _ in range(2))
    return And(parts) if kind == 3 else Or(parts) if kind == 4 else Iff(*parts)


def _atom(rng: random.Random, bound: list[Any]) -> Formula:
    rounds = [*(b for b in bound if sort_of(b) is Round), Everything.first]
    nodes = [*(b for b in bound if sort_of(b) is Node), Everything.writer(rng.choice(rounds))]
    one, two = rng.choice(rounds), rng.choice(rounds)
    return rng.choice(
        [
            Holds(Everything.flag, ()),
            Holds(Everything.holds, (rng.choice(nodes),)),
            Holds(Everything.wrote, (rng.choice(nodes), one)),
            Equal(rng.choice(nodes), rng.choice(nodes)),
            Equal(one, two),
            one < two,
            one <= two,
        ]
    )


def test_solver_and_evaluation_agree_on_random_formulas() -> None:
    rng = random.Random(7)
    system = Everything.system()
    both = set()
    for _ in range(120):
        names = {s: tuple(range(rng.randint(1, 2))) for s in system.sorts}
        structure = _random_structure(rng, system, names)
        formula = _formula(rng, 4, [])
        question = initial_question(system)
        for sort, elements in names.items():
            question.add(question.at_most(sort, len(elements)))
            question.add(question.all_different(sort, len(elements)))
        for symbol, table in structure.tables.items():
            for row in product(*(names[s] for s in symbol.domain)):
                terms = question.before[symbol](*map(question.element, symbol.domain, row))
                value = table.get(row, False)
                question.add(terms == (question.element(symbol.range, value) if symbol.range else value))  # type: ignore[arg-type]
        question.add(question.holds(formula))
        expected = truth(formula, structure)
        both.add(expected)
        assert question.ask(question.premises, 30).answer == ("sat" if expected else "unsat"), formula
    assert both == {True, False}


def _random_structure(rng: random.Random, system: System, names: dict[Any, tuple[int, ...]]) -> Structure:
    tables = {}
    for symbol in system.symbols:
        rows = list(product(*(names[s] for s in symbol.domain)))
        if symbol.range is None:
            tables[symbol] = {row: True for row in rows if rng.random() < 0.5}
        else:
            tables[symbol] = {row: rng.choice(names[symbol.range]) for row in rows}  # type: ignore[misc]
    return Structure(names, tables)
