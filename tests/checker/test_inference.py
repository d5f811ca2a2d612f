"""Inference of invariants.  If these fail, what was inferred is no proof, or what could be found is not."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest

from mcheck.checker.templates import Clause, Grammar, candidates
from mcheck.models.proofs.raft_election import RaftElection
from mcheck.models.proofs.two_phase_commit import RM, TwoPhaseCommit
from mcheck.spec.relational import Proof, Structure, System, truth
from mcheck.spec.relational.formulas import forall

pytest.importorskip("z3", reason="z3-solver is not installed: pip install 'mcheck-protocols[proofs]'")

from mcheck.checker.symbolic.induction import Deadline, queries
from mcheck.checker.symbolic.inference import infer
from mcheck.inference_report import letters_of
from mcheck.proof_links import sampled_structures
from mcheck.proofs import find_proof, infer_invariants


def bare(name: str) -> System:
    system = find_proof(name).cls.system()
    return dataclasses.replace(system, conjuncts=tuple(c for c in system.conjuncts if c.kind == "safety"))


def is_inductive(system: System) -> bool:
    return all(q.reply.answer == "unsat" for q in queries(system, Deadline(120)))


def test_the_grammar_is_what_it_says() -> None:
    grammar = Grammar(bare("raft-election"), 3)
    assert grammar.words == "clauses of at most 3 literals, over 49 atoms of 3 Server, 2 Quorum, 2 Term"
    names = [a.name for a in grammar.atoms if not a.is_equality]
    assert {n: names.count(n) for n in dict.fromkeys(names)} == {
        "member": 3 * (2 + 2),  # of two variables and two electorates
        "past": 3 * 2,
        "voted": 3 * 2 * 3,
        "leader": 3 * 2,
        "term order": 2,
    }
    assert sum(a.is_equality for a in grammar.atoms) == 3 + 1 + 1


def test_what_differs_in_names_only_is_looked_for_once() -> None:
    grammar = Grammar(bare("two-phase-commit"), 3)
    structures, _ = sampled_structures(find_proof("two-phase-commit"), bare("two-phase-commit"))
    clauses, _ = candidates(grammar, structures)
    images = [{frozenset((r[k], holds) for k, holds in c.literals) for r in grammar.renamings} for c in clauses]
    assert all(not (a & b) for k, a in enumerate(images) for b in images[:k])
    assert all(len({k for k, _ in c.literals}) == len(c.literals) for c in clauses)  # none is true for its form alone


def test_candidates_are_exactly_what_is_true_in_all_states() -> None:
    """Against plain evaluation of all clauses of two literals, of which each candidate is one or has one in it."""
    grammar = Grammar(bare("two-phase-commit"), 2)
    structures, _ = sampled_structures(find_proof("two-phase-commit"), bare("two-phase-commit"))
    found = {frozenset(c.literals) for c in candidates(grammar, structures)[0]}
    closed = {frozenset((r[k], holds) for k, holds in c) for c in found for r in grammar.renamings}
    literals = [(k, holds) for k in range(len(grammar.atoms)) for holds in (True, False)]
    allowed = [(k, holds) for k, holds in literals if holds or not grammar.atoms[k].only_true]
    for one, two in product(allowed, repeat=2):
        if one[0] >= two[0]:
            continue
        clause = Clause((one, two))
        formula = forall(clause.parameters(grammar), clause.formula(grammar))
        true = all(truth(formula, s) for s in structures)
        assert true == any(part <= {one, two} for part in closed), clause


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "raft-election",
            [
                "implies(self.member(n1, self.electorate(t)) & self.leader(n2, t), self.voted(n1, t, n2))",
                "implies(self.voted(n1, t, n2) & self.voted(n1, t, n3), n2 == n3)",
            ],
        ),
        pytest.param(
            "paxos",
            [
                "implies(self.vote(n, r, v), self.proposed(r, v))",
                "implies(self.promised(n, r1) & (r2 < r1), self.left(n, r2))",
                "implies(self.proposed(r, v1) & self.proposed(r, v2), v1 == v2)",
                "implies(self.proposed(r1, v1) & (r2 < r1), self.proposed(r2, v1) | self.stays_out(q, r2, v2))",
            ],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_is_inferred_is_known(name: str, expected: list[str]) -> None:
    inferred = infer_invariants(find_proof(name), 600)
    assert inferred.result == "proved"
    returned = [w.source.splitlines()[-1].strip().removeprefix("return ") for w in inferred.written]
    assert returned == expected


def test_what_is_printed_is_a_proof() -> None:
    inferred = infer_invariants(find_proof("two-phase-commit"), 300)
    assert inferred.inference.grammar.most == 4
    pasted = _pasted(TwoPhaseCommit, "\n\n".join(w.source for w in inferred.written))
    system = pasted.system()
    assert len(system.auxiliary) == len(inferred.written)
    assert is_inductive(system)
    for conjunct in system.auxiliary:
        rest = dataclasses.replace(system, conjuncts=tuple(c for c in system.conjuncts if c is not conjunct))
        assert not is_inductive(rest), f"{conjunct.name} can be left out"


def _pasted(base: type[Proof], source: str) -> type[Proof]:
    """The proof with these conjuncts in place of its own."""
    import sys

    module = vars(sys.modules[base.__module__])
    scope = dict(module)
    indented = "\n".join("    " + line for line in source.splitlines())
    exec(f"class Pasted(Proof):\n{indented}\n", scope)
    kept = {n: v for n, v in vars(base).items() if getattr(getattr(v, "declaration", None), "kind", "") != "invariant"}
    kept = {n: v for n, v in kept.items() if not n.startswith("__") or n == "__module__"}
    return type("Pasted", (scope["Pasted"],), kept)


def test_what_the_states_say_is_not_believed() -> None:
    """From one state almost anything is a candidate; what is kept is inductive all the same."""
    system = bare("two-phase-commit")
    names = {RM: (0, 1)}
    first = Structure(names, {s: {} for s in system.symbols})
    found = infer(system, [first], Deadline(120))
    assert found.candidates > 0
    if found.result == "inductive":
        assert is_inductive(dataclasses.replace(system, conjuncts=(*system.conjuncts, *found.conjuncts)))
    else:
        assert is_inductive(dataclasses.replace(system, conjuncts=found.conjuncts))


def test_what_is_false_is_not_inferred() -> None:
    """Without the guard nothing makes Consistent inductive."""
    from mcheck.spec.relational import without

    broken = without(bare("two-phase-commit"), guards=[("rm_choose_to_abort", "rm is working")])
    structures, _ = sampled_structures(find_proof("two-phase-commit"), broken)
    found = infer(broken, structures, Deadline(120))
    assert found.result == "not found"
    assert "consistent" not in [c.name for c in found.conjuncts]


def test_when_the_time_is_over_nothing_is_proved() -> None:
    inferred = infer_invariants(find_proof("two-phase-commit"), 1e-6)
    assert (inferred.result, inferred.inference.result, inferred.written) == ("unknown", "unknown", ())


def test_variables_are_called_as_in_the_file() -> None:
    names = {s.__name__: letter for s, letter in letters_of(RaftElection.system()).items()}
    assert names == {"Server": "n", "Quorum": "q", "Term": "t"}
