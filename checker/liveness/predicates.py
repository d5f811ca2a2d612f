"""The predicates of temporal properties for each of their arguments, as rules without a choice that compiled code can judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcheck.checker.liveness.graph import Truths
from mcheck.checker.native.program import FAILED
from mcheck.spec import Instance, Rule
from mcheck.spec.declare import Declaration
from mcheck.spec.parameters import Signature, TableParameter
from mcheck.spec.tracing.trace import Trace, trace, trace_rule

_MOST = 60


class Predicates:
    """The predicates of some temporal properties; none if there are too many for the bits of a word."""

    def __init__(self, instance: Instance, properties: Sequence[Rule]) -> None:
        self.instance, self.properties = instance, tuple(properties)
        self.rules: list[Rule] = []
        self.bits: dict[tuple[str, tuple[Any, ...]], tuple[int | None, int]] = {}
        """By property and arguments: the bits of P (None: true everywhere) and Q."""
        self._parts: list[tuple[Rule, int]] = []
        with instance.active():
            each = [(rule, arguments) for rule in self.properties for arguments in rule.signature.arguments(None)]
        for rule, arguments in each if len(each) <= _MOST else ():
            first = self._add(rule, 0, arguments) if rule.kind == "leads_to" else None
            self.bits[rule.name, arguments] = (first, self._add(rule, 1, arguments))

    def _add(self, rule: Rule, part: int, arguments: tuple[Any, ...]) -> int:
        parameters = zip(rule.signature.parameters, arguments, strict=True)
        fixed = Signature(tuple(TableParameter(p.name, p.domain, (value,), whole=False) for p, value in parameters))
        number = len(self.rules)
        self.rules.append(Rule(f"{rule.name}, predicate {number}", _part(rule, part).declaration, fixed))
        self._parts.append((rule, part))
        return number

    def traced(self) -> Trace:
        """The rules of the instance and the predicates.  LanguageError for one that cannot be traced.  Cost: as of `trace`."""
        traced = dict(trace(self.instance).rules)
        parts = [(rule, part) for rule in self.properties for part in ((0, 1) if rule.kind == "leads_to" else (1,))]
        with self.instance.active():
            trees = {(rule.name, part): trace_rule(self.instance, _part(rule, part)) for rule, part in parts}
        for made, (rule, part) in zip(self.rules, self._parts, strict=True):
            traced[made.name] = trees[rule.name, part]
        return Trace(self.instance, traced)

    def truths(self, found: NDArray[np.uint64]) -> dict[tuple[str, tuple[Any, ...]], Truths]:
        """Where the predicates are true, from the bits of those that are false, of each state.

        None are known where one fails: the plain functions then say how.
        """
        if len(found) and (found >> np.uint64(FAILED)).any():
            return {}
        everywhere = np.ones(len(found), bool)
        true = [(found >> np.uint64(bit) & np.uint64(1)) == 0 for bit in range(len(self.rules))]
        return {
            of: (everywhere if first is None else true[first], true[second])
            for of, (first, second) in self.bits.items()
        }


def _part(rule: Rule, part: int) -> Rule:
    """One predicate of a property as an invariant: P (0) or Q (1) of P leads to Q, or the only one."""
    function = rule.function
    if rule.kind == "leads_to":

        def predicate(spec: Any, state: Any, *arguments: Any) -> Any:
            return function(spec, state, *arguments)[part]

        function_of_part = predicate
    else:
        function_of_part = function
    return Rule(rule.name, Declaration("always", rule.title, function_of_part), rule.signature)
