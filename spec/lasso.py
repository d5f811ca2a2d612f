"""Lasso: a behaviour without end, as a finite one whose last state is an earlier one, or has the same view."""

from __future__ import annotations

from dataclasses import dataclass

from mcheck.spec.behavior import Behavior, Step


@dataclass(frozen=True)
class Lasso:
    """The steps of `behavior`, of which those after the first `loop` are repeated for ever.

    A lasso whose cycle has no step stutters: its last state is the last for ever.
    """

    behavior: Behavior
    loop: int
    """The number of the state that the cycle begins and ends in; at most the number of steps."""

    @property
    def stem(self) -> tuple[Step, ...]:
        """The steps before the cycle."""
        return self.behavior.steps[: self.loop]

    @property
    def cycle(self) -> tuple[Step, ...]:
        """The steps of the cycle; none if it stutters."""
        return self.behavior.steps[self.loop :]

    @property
    def closes(self) -> bool:
        """Whether its last state is the one that the cycle begins in.  If not, both have the same view: see `views`."""
        return bool(self.behavior.last == self.behavior.states[self.loop])

    @property
    def stutters(self) -> bool:
        """Whether nothing happens any more after the stem."""
        return not self.cycle
