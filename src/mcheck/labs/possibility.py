"""What can still happen: from a state of a small instance, whether some step is yet to come on some way (EF of CTL).

Source: E. Clarke, E. Emerson and A. Sistla, Automatic Verification of Finite-State Concurrent Systems, TOPLAS 1986.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.checker.symmetry import Canonical
from mcheck.spec import Cut, Instance


class Possibility:
    """Whether a step with `goal(before, after)` is possible from a state, now or later, without steps of `excluded` actions.

    Depth first over states up to symmetry; each is expanded once for all questions.  "No" is exact within the bounds: every
    state that could be reached has been seen, and no step of them was the one asked for.  Cost: each state once, by the plain
    functions.
    """

    def __init__(
        self, instance: Instance, goal: Callable[[Any, Any], bool], excluded: frozenset[str] = frozenset()
    ) -> None:
        self.instance, self.goal = instance, goal
        self.actions = [a for a in reversed(instance.actions) if a.name not in excluded]
        """The last ones first: the further a protocol has come, the nearer is the end."""
        self.canonical = Canonical(instance)
        self.known: dict[Any, bool] = {}
        """For states up to symmetry, the answer."""

    def from_state(self, state: Any) -> bool:
        """The answer for a state."""
        start = self.canonical(state)
        if start not in self.known:
            with self.instance.active():
                self._explore(start)
        return self.known[start]

    def _explore(self, start: Any) -> None:
        """Depth first until the goal, or a state from which it is known to be possible; what leads there is known too."""
        seen = {start}
        way = [(start, self._steps(start))]
        while way:
            state, steps = way[-1]
            successor = next(steps, None)
            if successor is None:
                way.pop()
                continue
            after = self.canonical(successor)
            if self.goal(state, successor) or self.known.get(after):
                self.known.update((s, True) for s, _ in way)
                return
            if after not in seen and after not in self.known:
                seen.add(after)
                way.append((after, self._steps(after)))
        self.known.update((s, False) for s in seen)

    def _steps(self, state: Any) -> Iterator[Any]:
        """Where a state leads, inside the bounds."""
        for action in self.actions:
            for arguments in action.signature.arguments(state):
                after = self.instance.apply(action, state, arguments)
                if after is not None and not isinstance(after, Cut):
                    yield after
