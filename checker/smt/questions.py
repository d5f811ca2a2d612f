"""Questions to z3 about finitely many bits, and the models that answer them.

Each question has a context of its own, so that no answer depends on what was asked before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import z3

from mcheck.checker.smt.terms import Number, Truth, Variables
from mcheck.checker.symbolic.solver import VERSION, Reply

__all__ = ["VERSION", "Question", "Reply"]


class Question:
    """A growing set of formulas; those with a name count only where they are asked for."""

    def __init__(self) -> None:
        self.context = z3.Context()
        # z3's solver for finite domains: bits, by its SAT solver, which keeps what it has learned from one query to the next
        self.solver = z3.SolverFor("QF_FD", ctx=self.context)
        self.solver.set("random_seed", 0)
        self.solver.set("core.minimize", True)
        self._said: list[Any] = []  # the solver keeps what it has made of it
        self._named: dict[str, Any] = {}
        self._model: Any = None

    def variables(self, prefix: str) -> Variables:
        """Variables whose names begin so."""
        return Variables(self.context, prefix)

    # ------------------------------------------------------------------ saying

    def add(self, *formulas: Truth) -> None:
        """Add formulas that always count."""
        terms = [self._term(formula) for formula in formulas]
        self._said += terms
        self.solver.add(terms)

    def premise(self, name: str, formula: Truth) -> str:
        """Add a formula that counts only where its name is asked for; its name."""
        literal = self._named.setdefault(name, z3.Bool(f"premise {name}", self.context))
        self.add(z3.Implies(literal, self._term(formula)))
        return name

    def renamed(self, formula: Truth, names: list[tuple[Any, Any]]) -> Truth:
        """The formula with variables replaced."""
        return formula if isinstance(formula, bool) else z3.substitute(formula, names)

    # ------------------------------------------------------------------ asking

    def ask(self, premises: Iterable[str], seconds: float | None) -> Reply:
        """Whether all that always counts and these premises can be true at once."""
        if seconds is not None and seconds <= 0:
            return Reply("unknown", reason="time limit")
        self.solver.set("timeout", 4294967295 if seconds is None else max(1, int(seconds * 1000)))
        started = time.monotonic()
        answer = self.solver.check(*(self._named[p] for p in premises))
        if answer == z3.unsat:
            core = {str(c) for c in self.solver.unsat_core()}
            return Reply("unsat", frozenset(p for p in premises if f"premise {p}" in core))
        if answer == z3.sat:
            self._model = self.solver.model()
            return Reply("sat")
        return Reply("unknown", reason=self._why(seconds, time.monotonic() - started))

    def _why(self, seconds: float | None, spent: float) -> str:
        """Why the solver gave up.  KeyboardInterrupt if it was Ctrl-C: z3 calls both "canceled"."""
        reason = str(self.solver.reason_unknown())
        if seconds is not None and spent >= 0.9 * seconds - 0.001:
            return "time limit"
        if reason in ("canceled", "timeout") or "interrupted" in reason:
            raise KeyboardInterrupt
        return reason

    def value(self, part: Truth | Number) -> Any:
        """The plain bool or int of a truth value or a number in the model of the last `sat`."""
        if isinstance(part, bool):
            return part
        if isinstance(part, Number):
            if part.known:
                return part.lo
            found = self._model.eval(part.term, True)
            return found.as_signed_long() if part.lo < 0 else found.as_long()
        return z3.is_true(self._model.eval(part, True))

    def smt2(self, premises: Iterable[str], heading: str) -> str:
        """The question in SMT-LIB 2, these premises asserted."""
        written = z3.Solver(ctx=self.context)
        written.add(self._said)
        written.add([self._named[p] for p in premises])
        text = written.to_smt2()
        body = "\n".join(line for line in text.splitlines() if not line.startswith((";", "(set-info")))
        return "".join(f"; {line}\n" for line in heading.splitlines()) + "(set-logic QF_BV)\n" + body + "\n"

    def _term(self, formula: Truth) -> Any:
        return z3.BoolVal(formula, self.context) if isinstance(formula, bool) else formula
