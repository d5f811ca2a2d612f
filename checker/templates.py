"""Candidates for invariants: the clauses over the vocabulary of a proof that no given state makes false.

A clause says that one of a few literals is true, whatever elements the variables are.  The grammar is stated by `Grammar`,
from the symbols of the proof alone.  What is true of some states may be false of others: a candidate is not an invariant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations, product
from math import comb
from typing import Any

from mcheck.spec.relational.formulas import Equal, Formula, Holds, Not, Or, forall, substituted
from mcheck.spec.relational.sorts import SortType, Symbol, sort_of, term, variable
from mcheck.spec.relational.structures import Structure, truth
from mcheck.spec.relational.system import Sentence, System

MOST_CLAUSES = 5_000_000
"""A grammar with more clauses than this is not gone through: about ten seconds."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A relation, an equality or a template of terms; `variables` are the numbers of those that occur in it."""

    formula: Formula
    variables: tuple[int, ...]
    key: Any
    """What it says of which variables, the same for every way to write it."""
    template: Sentence | None = None
    terms: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """Of the relation or template."""
        return self.template.name if self.template is not None else self.formula.symbol.name  # type: ignore[attr-defined]

    @property
    def is_equality(self) -> bool:
        return isinstance(self.formula, Equal)

    @property
    def is_order(self) -> bool:
        f = self.formula
        return isinstance(f, Holds) and bool(f.symbol.domain) and f.symbol is f.symbol.domain[0].order

    @property
    def only_true(self) -> bool:
        """Whether it occurs only where it has to be true."""
        return self.template is not None or self.is_equality


class Grammar:
    """The atoms that clauses of at most `literals` literals are made of.

    Of each sort there are as many variables as a symbol has places of that sort, and one more: enough to say of two tuples
    that differ in one place that they are not both there.  Terms are variables, named elements, and functions of
    variables.  A template stands for a formula of its own: a clause with one has a literal more, and it occurs only where
    it has to be true.  An equality too: x != y, or else C(x, y), says no more than C(x, x).
    """

    def __init__(self, system: System, literals: int) -> None:
        self.system, self.most = system, literals
        self.counts = {sort: _places(system, sort) + 1 for sort in system.sorts}
        self.variables = tuple(variable(s, f"{s.__name__}{k}") for s in system.sorts for k in range(self.counts[s]))
        self._numbers = {v.head: k for k, v in enumerate(self.variables)}
        self.atoms = tuple(self._atoms())
        self._by_key = {a.key: k for k, a in enumerate(self.atoms)}

    @property
    def words(self) -> str:
        """The grammar in one sentence."""
        variables = ", ".join(f"{n} {s.__name__}" for s, n in self.counts.items())
        templates = [t.name for t in self.system.templates]
        more = f", {self.most + 1} with {' or '.join(templates)}" if templates else ""
        return f"clauses of at most {self.most} literals{more}, over {len(self.atoms)} atoms of {variables}"

    @property
    def size(self) -> int:
        """No fewer than the clauses there are."""
        plain = sum(2 - a.only_true for a in self.atoms if a.template is None)
        templates = sum(a.template is not None for a in self.atoms)
        return sum(comb(plain, n) for n in range(1, self.most + 1)) + templates * sum(
            comb(plain, n) for n in range(self.most + 1)
        )

    # ------------------------------------------------------------------ atoms

    def _atoms(self) -> Iterator[Atom]:
        terms = {s: list(self._terms(s)) for s in self.system.sorts}
        orders = [s.order for s in self.system.sorts if s.order is not None]
        for symbol in (*self.system.symbols, *orders):
            if symbol.range is None:
                for row in product(*(terms[s] for s in symbol.domain)):
                    if symbol not in orders or _key(row[0]) != _key(row[1]):
                        yield self._atom(Holds(symbol, row), row, (symbol, *map(_key, row)))
        for sort in self.system.sorts:
            for left, right in combinations(terms[sort], 2):
                if not (left.arguments or right.arguments):
                    yield self._atom(Equal(left, right), (left, right), ("=", frozenset((_key(left), _key(right)))))
        for template in self.system.templates:
            for row in product(*(self.variables_of(sort_of(p)) for p in template.parameters)):
                formula = instantiated(template, row)
                yield self._atom(formula, row, (template, *map(_key, row)), template)

    def _atom(self, formula: Formula, row: Sequence[Any], key: Any, template: Sentence | None = None) -> Atom:
        used = {self._numbers[v] for t in row for v in _variables(t)}
        return Atom(formula, tuple(sorted(used)), key, template, tuple(row))

    def variables_of(self, sort: SortType) -> tuple[Any, ...]:
        """The variables of a sort."""
        return tuple(v for v in self.variables if sort_of(v) is sort)

    def _terms(self, sort: SortType) -> Iterator[Any]:
        yield from self.variables_of(sort)
        for symbol in self.system.symbols:
            if symbol.range is sort:
                for row in product(*(self.variables_of(s) for s in symbol.domain)):
                    yield term(sort, symbol, row)

    # ------------------------------------------------------------------ renaming

    @cached_property
    def renamings(self) -> list[list[int]]:
        """For each way to rename the variables within their sorts: where it takes each atom."""
        found = []
        for order in product(*(permutations(self.variables_of(s)) for s in self.system.sorts)):
            image = dict(zip((v.head for v in self.variables), (_key(v) for sort in order for v in sort), strict=True))
            found.append([self._by_key[_renamed(a.key, image)] for a in self.atoms])
        return found


@dataclass(frozen=True)
class Clause:
    """One of these is true: (number of the atom, whether it has to hold)."""

    literals: tuple[tuple[int, bool], ...]

    def formula(self, grammar: Grammar) -> Formula:
        """The disjunction."""
        parts = tuple(grammar.atoms[k].formula for k, _ in self.literals)
        return Or(tuple(p if holds else Not(p) for p, (_, holds) in zip(parts, self.literals, strict=True)))

    def parameters(self, grammar: Grammar) -> tuple[Any, ...]:
        """The variables that occur, in the order of the grammar."""
        used = sorted({v for k, _ in self.literals for v in grammar.atoms[k].variables})
        return tuple(grammar.variables[v] for v in used)


SAMPLE = 24
"""With so many states, evenly spread, the filter begins; then those are added that make a candidate false."""


def candidates(grammar: Grammar, structures: Sequence[Structure]) -> tuple[tuple[Clause, ...], int]:
    """The clauses that all structures satisfy, shortest first, and how many clauses were looked at.

    Left out is what says nothing new: a clause with a shorter candidate in it, and one that is another with its
    variables renamed.  Cost: one operation on sets of assignments for each clause, a few times over; the sets stay small
    because a structure is taken into account only once it is needed to refute something.
    """
    vectors: set[int] = set()
    fresh = list(structures[:: max(1, len(structures) // SAMPLE)])
    while True:
        for structure in fresh:
            vectors.update(_vectors(grammar, structure))
        found, looked = _satisfied(grammar, vectors)
        fresh = _refuting(grammar, found, structures)
        if not fresh:
            return found, looked


def _refuting(grammar: Grammar, clauses: Iterable[Clause], structures: Sequence[Structure]) -> list[Structure]:
    """For each clause that is false in some structure, the first such structure."""
    refuting: dict[int, Structure] = {}
    for clause in clauses:
        closed = forall(clause.parameters(grammar), clause.formula(grammar))
        if not all(truth(closed, s) for s in refuting.values()):
            continue
        number = next((k for k, s in enumerate(structures) if not truth(closed, s)), None)
        if number is not None:
            refuting[number] = structures[number]
    return list(refuting.values())


def _satisfied(grammar: Grammar, vectors: set[int]) -> tuple[tuple[Clause, ...], int]:
    """The clauses of which each vector makes a literal true.

    Breadth first by the number of literals; a clause is made longer only while something makes it false.
    """
    literals, falsified = _falsified(grammar, vectors)
    index = {literal: k for k, literal in enumerate(literals)}
    images = [[index[image[atom], holds] for atom, holds in literals] for image in grammar.renamings]
    is_template = [grammar.atoms[atom].template is not None for atom, _ in literals]
    opposite = [index.get((atom, not holds), -1) for atom, holds in literals]
    found: list[Clause] = []
    covered: set[tuple[int, ...]] = set()
    looked = 0
    level: list[tuple[tuple[int, ...], int]] = [((), (1 << len(vectors)) - 1)]
    for size in range(1, grammar.most + 2):
        longer = []
        for chosen, mask in level:
            taken = any(is_template[k] for k in chosen)
            for k in range(chosen[-1] + 1 if chosen else 0, len(literals)):
                if opposite[k] in chosen:
                    continue
                if (taken and is_template[k]) or (size > grammar.most and not taken and not is_template[k]):
                    continue
                looked += 1
                clause, rest = (*chosen, k), mask & falsified[k]
                if rest:
                    if size <= grammar.most:
                        longer.append((clause, rest))
                elif not _has_part(clause, covered):
                    renamed = {tuple(sorted(image[x] for x in clause)) for image in images}
                    found.append(Clause(tuple(literals[x] for x in min(renamed))))
                    covered |= renamed
        level = longer
    return tuple(found), looked


def _has_part(clause: tuple[int, ...], covered: set[tuple[int, ...]]) -> bool:
    return any(part in covered for size in range(1, len(clause) + 1) for part in combinations(clause, size))


def _falsified(grammar: Grammar, vectors: set[int]) -> tuple[list[tuple[int, bool]], list[int]]:
    """The literals, templates last, and for each the set of vectors that make it false, as the bits of a number."""
    numbers = range(len(grammar.atoms))
    plain = [k for k in numbers if grammar.atoms[k].template is None]
    literals = [(k, holds) for k in plain for holds in (False, True) if holds or not grammar.atoms[k].only_true]
    literals += [(k, True) for k in numbers if grammar.atoms[k].template is not None]
    ordered = sorted(vectors)
    true = [_bits(v >> k & 1 for v in ordered) for k in numbers]
    everything = (1 << len(ordered)) - 1
    return literals, [everything & ~true[k] if holds else true[k] for k, holds in literals]


def _bits(flags: Iterable[int]) -> int:
    return int("".join(map(str, flags))[::-1] or "0", 2)


def _vectors(grammar: Grammar, structure: Structure) -> Iterator[int]:
    """Which atoms are true, as the bits of a number, for each assignment of all variables."""
    tables = []
    for k, atom in enumerate(grammar.atoms):
        parameters = tuple(grammar.variables[v] for v in atom.variables)
        bit = 1 << k
        tables.append(
            (
                atom.variables,
                {
                    values: bit if truth(atom.formula, structure, parameters, values) else 0
                    for values in structure.assignments(parameters)
                },
            )
        )
    groups: dict[tuple[int, ...], dict[tuple[Any, ...], int]] = {}
    for variables, table in tables:  # atoms of the same variables are looked up at once
        joined = groups.setdefault(variables, dict.fromkeys(table, 0))
        for values, bit in table.items():
            joined[values] |= bit
    for values in structure.assignments(grammar.variables):
        vector = 0
        for variables, table in groups.items():
            vector |= table[tuple(values[v] for v in variables)]
        yield vector


# ---------------------------------------------------------------------- terms


def _places(system: System, sort: SortType) -> int:
    return max((s.domain.count(sort) for s in system.symbols), default=0)


def _variables(t: Any) -> Iterator[Any]:
    if isinstance(t.head, Symbol):
        for argument in t.arguments:
            yield from _variables(argument)
    else:
        yield t.head


def _key(t: Any) -> Any:
    return (t.head, *map(_key, t.arguments)) if t.arguments else t.head


def _renamed(key: Any, image: Mapping[Any, Any]) -> Any:
    if isinstance(key, tuple):
        return tuple(_renamed(k, image) for k in key)
    if isinstance(key, frozenset):
        return frozenset(_renamed(k, image) for k in key)
    return image.get(key, key)


def instantiated(template: Sentence, terms: Sequence[Any]) -> Formula:
    """The template for these terms in place of its parameters."""
    return substituted(template.body, {p.head: t for p, t in zip(template.parameters, terms, strict=True)})
