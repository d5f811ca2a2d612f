"""Whether a behaviour violates a property at its end, whatever the kind of the property."""

from __future__ import annotations

from typing import Any

from mcheck.spec import Behavior, Instance, Rule

Arguments = tuple[Any, ...]


class Judge:
    """Decides one property of one instance.  Its methods must be called inside `instance.active()`.

    They return the arguments for which the property is violated (of a witness: reached), and None if it is not.
    """

    def __init__(self, instance: Instance, rule: Rule) -> None:
        self.instance, self.rule = instance, rule
        self._refinement = instance.refinements[rule.name] if rule.kind == "implements" else None

    def initially(self, state: Any) -> Arguments | None:
        """What an initial state decides, before any step."""
        if self._refinement is not None:
            return None if self._refinement.starts(state) else ()
        return None if self.rule.kind == "step" else self._of(state)

    def after(self, before: Any, state: Any) -> Arguments | None:
        """What a step decides, or the state it leads to."""
        if self._refinement is not None:
            return None if self._refinement.allows(before, state) else ()
        return self.instance.falsifying(self.rule, before, state) if self.rule.kind == "step" else self._of(state)

    def end(self, behavior: Behavior) -> Arguments | None:
        """What the last step or state of a behaviour decides."""
        if not behavior.steps:
            return self.initially(behavior.initial)
        return self.after(*behavior.states[-2:])

    def _of(self, state: Any) -> Arguments | None:
        decide = self.instance.witnessing if self.rule.kind == "reachable" else self.instance.falsifying
        return decide(self.rule, state)
