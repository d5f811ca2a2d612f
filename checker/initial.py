"""The initial states that a search begins with, and what constraints leave out of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcheck.checker.traces import blamed
from mcheck.spec import Failure, Instance


class InitialStates:
    """The initial states that meet every constraint, in order.

    Iterating raises RuleFailed where a constraint fails, and must happen inside `instance.active()`.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.outside: dict[str, int] = {}
        """How many each constraint has left out, by its title: the first that a state does not meet counts."""

    def __iter__(self) -> Iterator[Any]:
        self.outside = {}
        for state in self.instance.initial:
            try:
                title = self.instance.outside(state)
            except Failure as failure:
                raise blamed(self.instance, {}, failure, state) from failure
            if title is None:
                yield state
            else:
                self.outside[title] = self.outside.get(title, 0) + 1

    def with_steps(self, cut: Mapping[str, int]) -> dict[str, int]:
        """What each bound and constraint has cut: these steps, and the initial states; in the order of the spec."""
        order = (*self.instance.bounds, *(c.title for c in self.instance.constraints))
        total = {name: cut.get(name, 0) + self.outside.get(name, 0) for name in order}
        return {name: times for name, times in total.items() if times}
