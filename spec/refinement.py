"""Refinement: every step of a spec, seen through a mapping, is a step of another spec or changes nothing there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mcheck.spec.errors import Cut, DomainError, SpecError

if TYPE_CHECKING:
    from mcheck.spec.instance import Instance, Rule


class Refinement:
    """The check of one `@implements` mapping.

    Source: Abadi & Lamport, The existence of refinement mappings (1991): Init maps into Init, and [Next] into [Next].
    """

    def __init__(self, instance: Instance, rule: Rule) -> None:
        self.instance, self.rule = instance, rule
        other = rule.declaration.other
        shared = {n: v for n, v in instance.spec.constants.items() if n in other._constants}
        for theirs, ours in rule.declaration.renamed.items():
            if theirs not in other._constants or ours not in instance.spec.constants:
                raise SpecError(f"@implements({other.__name__}, {theirs}={ours!r}): no such constants")
            shared[theirs] = instance.spec.constants[ours]
        self.other = other(**shared).instance
        self._initial = frozenset(self.other.initial)
        self._successors = lru_cache(maxsize=1 << 14)(self._all_successors)
        self.image = lru_cache(maxsize=1 << 14)(self._image)

    def _image(self, state: Any) -> Any:
        """The state of the other spec that `state` stands for.  SpecError if the mapping leaves its domain."""
        try:
            mapped = self.rule.function(self.instance.spec, state)
        except Exception as error:
            raise self.instance.failure(self.rule, (), state, error) from error
        try:
            with self.other.active():
                self.other.state_domain.admit(mapped)
        except (DomainError, Cut) as error:
            raise self.instance.failure(
                self.rule, (), state, SpecError(f"maps to a state that {self.other.name} does not have: {error}")
            ) from error
        return mapped

    def starts(self, state: Any) -> bool:
        """Whether an initial state maps to an initial state."""
        return self.image(state) in self._initial

    def allows(self, before: Any, after: Any) -> bool:
        """Whether a step maps to a step of the other spec, or to no change."""
        if before is after:
            return True
        source, target = self.image(before), self.image(after)
        return source == target or target in self._successors(source)

    def _all_successors(self, state: Any) -> frozenset[Any]:
        with self.other.active():
            return frozenset(t for _, _, t in self.other.transitions(state) if not isinstance(t, Cut))
