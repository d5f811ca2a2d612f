"""The only file that speaks to z3: formulas as z3 terms, questions with named premises, models as finite structures.

Each question has a context of its own, so that no answer depends on what was asked before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import z3

from mcheck.spec import InternalError
from mcheck.spec.relational.formulas import And, Equal, Exists, Forall, Formula, Holds, Iff, Not, Or
from mcheck.spec.relational.sorts import Sort, SortType, Symbol, Variable, sort_of
from mcheck.spec.relational.structures import Element, Structure, Table
from mcheck.spec.relational.symbols import Update
from mcheck.spec.relational.system import System

VERSION = z3.get_version_string()


@dataclass(frozen=True)
class Reply:
    """`sat`, `unsat` or `unknown`; of unsat the names of premises that suffice, of unknown the reason."""

    answer: str
    used: frozenset[str] = frozenset()
    reason: str = ""


def negation(formula: Any) -> Any:
    """That a formula, as z3 has it, is false."""
    return z3.Not(formula)


class Question:
    """A growing set of formulas about a state and the state after it.

    Symbols that no update mentions are the same in both: no formula has to say that they stay as they are.
    """

    def __init__(self, system: System, changed: Iterable[Symbol] = ()) -> None:
        self.context = z3.Context()
        self.solver = z3.Solver(ctx=self.context)
        self.solver.set("random_seed", 0)
        self.system = system
        self.sorts = {s: z3.DeclareSort(s.__name__, self.context) for s in system.sorts}
        symbols = [*system.symbols, *(s.order for s in system.sorts if s.order is not None)]
        self.before = {s: self._declared(s, s.name) for s in symbols}
        self.after = {**self.before, **{s: self._declared(s, s.name + "'") for s in symbols if s in set(changed)}}
        self._constants: dict[Variable, Any] = {}
        self._premises: dict[str, Any] = {}
        self._fresh = 0

    # ------------------------------------------------------------------ saying

    def name(self, parameters: Iterable[Any]) -> None:
        """From now on these variables are elements that the solver chooses."""
        for p in parameters:
            self._constants[p.head] = z3.Const(f"?{p.head.name}", self.sorts[sort_of(p)])

    def premise(self, name: str, formula: Any) -> None:
        """Add a formula that counts only where its name is among the premises of `ask`."""
        literal = self._premises.setdefault(name, z3.Bool(f"premise {name}", self.context))
        self.solver.add(z3.Implies(literal, formula))

    def add(self, formula: Any) -> None:
        """Add a formula that always counts."""
        self.solver.add(formula)

    def holds(self, formula: Formula) -> Any:
        """The formula, of the state before."""
        return self._formula(formula, self.before, self._constants)

    def holds_after(self, formula: Formula) -> Any:
        """The formula, of the state after."""
        return self._formula(formula, self.after, self._constants)

    def updated(self, update: Update) -> Any:
        """That the symbol is after what the update makes of it."""
        after = self.after[update.symbol]
        if update.body is not None:
            names = self._bound(update.parameters)
            body = self._formula(update.body, self.before, {**self._constants, **names})
            return self._closed(z3.ForAll, names, after(*names.values()) == body)
        at = [self._term(t, self.before, self._constants) for t in update.at]
        value = self._term(update.value, self.before, self._constants)
        rest = [z3.Const(f"x!!{k}", t.sort()) for k, t in enumerate(at)]
        here = z3.And([r == t for r, t in zip(rest, at, strict=True)])
        elsewhere = z3.ForAll(rest, z3.Or(here, after(*rest) == self.before[update.symbol](*rest)))
        return z3.And(after(*at) == value, elsewhere)

    # ------------------------------------------------------------------ asking

    @property
    def premises(self) -> tuple[str, ...]:
        """The names of all premises in the order in which they were added."""
        return tuple(self._premises)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within the block, what is added is added for the time being."""
        self.solver.push()
        yield
        self.solver.pop()

    def ask(self, premises: Iterable[str], seconds: float, *extra: Any, effort: int = 0) -> Reply:
        """Whether all that always counts, these premises, and `extra` can be true at once.

        `effort` limits what z3 does in a unit of its own, the same on every machine; 0 is no limit.
        """
        if seconds <= 0:
            return Reply("unknown", reason="time limit")
        self.solver.set("timeout", max(1, int(seconds * 1000)))
        self.solver.set("rlimit", effort)
        self.solver.set("ctrl_c", effort == 0)  # a limited question is short: Python takes the signal after it
        literals = [self._premises[p] for p in premises]
        started = time.monotonic()
        answer = self.solver.check(*literals, *extra)
        if answer == z3.unsat:
            core = {str(c) for c in self.solver.unsat_core()}
            return Reply("unsat", frozenset(p for p in self._premises if f"premise {p}" in core))
        if answer == z3.sat:
            return Reply("sat")
        return Reply("unknown", reason=self._why(seconds, time.monotonic() - started, effort))

    def _why(self, seconds: float, spent: float, effort: int) -> str:
        """Why the solver gave up.  KeyboardInterrupt if it was Ctrl-C: z3 calls all of them "canceled"."""
        reason = str(self.solver.reason_unknown())
        if reason not in ("canceled", "timeout") and "interrupted" not in reason:
            return reason
        if spent >= 0.9 * seconds - 0.001:
            return "time limit"
        if effort:
            return "effort limit"
        raise KeyboardInterrupt

    def conjunction(self, formulas: Iterable[Any]) -> Any:
        """That all of these, as z3 has them, are true."""
        return z3.And([z3.BoolVal(True, self.context), *formulas])

    def assumption(self, formula: Any) -> Any:
        """A literal that means the formula, for `extra`."""
        self._fresh += 1
        literal = z3.Bool(f"assumption {self._fresh}", self.context)
        self.solver.add(z3.Implies(literal, formula))
        return literal

    # ------------------------------------------------------------------ universes and models

    def element(self, sort: SortType, number: int) -> Any:
        """A constant for the element of that number."""
        return z3.Const(f"{sort.__name__}#{number}", self.sorts[sort])

    def at_most(self, sort: SortType, size: int) -> Any:
        """That the sort has no elements but the first `size`."""
        x = z3.Const("x!!", self.sorts[sort])
        return z3.ForAll([x], z3.Or([x == self.element(sort, k) for k in range(size)]))

    def all_different(self, sort: SortType, size: int) -> Any:
        """That these elements are different, and in the order of their numbers where the sort has one."""
        elements = [self.element(sort, k) for k in range(size)]
        facts = [z3.Not(a == b) for k, a in enumerate(elements) for b in elements[:k]]
        if sort.order is not None:
            facts += [self.before[sort.order](a, b) for a, b in pairwise(elements)]
        return z3.And([z3.BoolVal(True, self.context), *facts])

    def structures(
        self, names: Mapping[SortType, tuple[Element, ...]], parameters: Iterable[Any]
    ) -> tuple[Structure, Structure, tuple[Element, ...]]:
        """The states before and after, and the values of the parameters, in the model of the last `sat`."""
        model = self.solver.model()
        called = {
            sort: {str(model.eval(self.element(sort, k), True)): name for k, name in enumerate(named)}
            for sort, named in names.items()
        }

        def table(symbol: Symbol, function: Any) -> Table:
            rows: dict[tuple[Element, ...], Element] = {}
            for row in product(*(range(len(names[s])) for s in symbol.domain)):
                value = model.eval(function(*map(self.element, symbol.domain, row)), True)
                key = tuple(names[s][k] for s, k in zip(symbol.domain, row, strict=True))
                if symbol.range is not None:
                    rows[key] = called[symbol.range][str(value)]
                elif z3.is_true(value):
                    rows[key] = True
            return rows

        before = Structure(names, {s: table(s, self.before[s]) for s in self.system.symbols})
        after = Structure(names, {s: table(s, self.after[s]) for s in self.system.symbols})
        values = [called[sort_of(p)][str(model.eval(self._constants[p.head], True))] for p in parameters]
        return before, after, tuple(values)

    def atom(self, symbol: Symbol, row: tuple[int, ...]) -> Any:
        """That a relation holds, before, of the elements of these numbers."""
        return self.before[symbol](*map(self.element, symbol.domain, row))

    def value_is(self, symbol: Symbol, row: tuple[int, ...], number: int) -> Any:
        """That the value of a function, before, at these elements is the element of that number."""
        assert symbol.range is not None
        return self.atom(symbol, row) == self.element(symbol.range, number)

    def is_element(self, parameter: Any, number: int) -> Any:
        """That a parameter is the element of that number."""
        return self._constants[parameter.head] == self.element(sort_of(parameter), number)

    # ------------------------------------------------------------------ translation

    # No name below can be that of an attribute, nor of another kind: ?n, n!1, x!!0, Node#0, vote'.

    def _declared(self, symbol: Symbol, name: str) -> Any:
        range_ = z3.BoolSort(self.context) if symbol.range is None else self.sorts[symbol.range]
        return z3.Function(name, *(self.sorts[s] for s in symbol.domain), range_)

    def _bound(self, variables: Iterable[Any]) -> dict[Variable, Any]:
        names = {}
        for v in variables:
            self._fresh += 1
            names[v.head] = z3.Const(f"{v.head.name}!{self._fresh}", self.sorts[sort_of(v)])
        return names

    def _closed(self, quantifier: Any, names: Mapping[Variable, Any], body: Any) -> Any:
        return quantifier(list(names.values()), body) if names else body

    def _formula(self, f: Formula, symbols: Mapping[Symbol, Any], names: Mapping[Variable, Any]) -> Any:
        def read(part: Formula) -> Any:
            return self._formula(part, symbols, names)

        match f:
            case Holds(symbol, terms):
                return symbols[symbol](*(self._term(t, symbols, names) for t in terms))
            case Equal(left, right):
                return self._term(left, symbols, names) == self._term(right, symbols, names)
            case Not(body):
                return z3.Not(read(body))
            case And(parts):
                return (
                    z3.And([z3.BoolVal(True, self.context), *map(read, parts)]) if len(parts) != 1 else read(parts[0])
                )
            case Or(parts):
                return (
                    z3.Or([z3.BoolVal(False, self.context), *map(read, parts)]) if len(parts) != 1 else read(parts[0])
                )
            case Iff(left, right):
                return read(left) == read(right)
            case Forall(variables, body) | Exists(variables, body):
                bound = self._bound(variables)
                quantifier = z3.ForAll if isinstance(f, Forall) else z3.Exists
                return self._closed(quantifier, bound, self._formula(body, symbols, {**names, **bound}))
        raise InternalError(f"a formula that no solver reads: {f!r}")

    def _term(self, t: Sort, symbols: Mapping[Symbol, Any], names: Mapping[Variable, Any]) -> Any:
        if isinstance(t.head, Variable):
            return names[t.head]
        return symbols[t.head](*(self._term(a, symbols, names) for a in t.arguments))
