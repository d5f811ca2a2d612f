"""What a search exercised: how often each action fired, which guards were tested, what was cut."""

from __future__ import annotations

from typing import Any

from mcheck.spec import Cut, Instance, SpecError
from mcheck.spec.declare import guards

Taken = tuple[int, tuple[Any, ...], Any]
"""A step out of a known state: the number of the action, its arguments, and the successor or the Cut."""


class Coverage:
    """Expands states, and keeps count on the way."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.fired = [0] * len(instance.actions)
        self.cut = dict.fromkeys((*instance.bounds, *(c.title for c in instance.constraints)), 0)
        self._passed: list[set[str]] = [set() for _ in instance.actions]
        self._failed: list[set[str]] = [set() for _ in instance.actions]

    def steps(self, state: Any) -> list[Taken]:
        """Every step out of `state`: actions in the order of the spec, arguments in rank order."""
        apply = self.instance.apply
        found = []
        try:
            for number, action in enumerate(self.instance.actions):
                guards.passed, guards.failed = self._passed[number], self._failed[number]
                for arguments in action.signature.arguments(state):
                    after = apply(action, state, arguments)
                    if after is not None:
                        found.append((number, arguments, after))
        finally:
            guards.passed = guards.failed = None
        return found

    def must_equal(self, first: list[Taken], second: list[Taken]) -> None:
        """SpecError unless two expansions of one state agree: its successors may depend on nothing but the state."""
        if len(first) == len(second) and all(map(_same, first, second)):
            return
        for number, action in enumerate(self.instance.actions):
            mine, theirs = ([t for t in taken if t[0] == number] for taken in (first, second))
            if len(mine) != len(theirs) or not all(map(_same, mine, theirs)):
                code = action.function.__code__
                file = code.co_filename.replace("\\", "/").rpartition("/")[2]
                raise SpecError(
                    f"{file}:{code.co_firstlineno}: action {action.name} is not a function: the same state gave two "
                    "different answers; make the choice a parameter"
                )

    @property
    def guards_never_true(self) -> tuple[tuple[str, str], ...]:
        """(action, reason) of every guard that was tested and never true."""
        return tuple(
            (action.name, reason)
            for action, passed, failed in zip(self.instance.actions, self._passed, self._failed, strict=True)
            for reason in sorted(failed - passed)
        )


def _same(a: Taken, b: Taken) -> bool:
    """Whether two steps agree; two cuts do if they are charged to the same bound."""
    if isinstance(a[2], Cut) and isinstance(b[2], Cut):
        return a[:2] == b[:2] and a[2].bound == b[2].bound
    return a == b
