"""The words for valencies: of values, of processes, of initial states by what they differ in."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from mcheck.checker.valency.inputs import Input
from mcheck.checker.valency.members import Member
from mcheck.checker.valency.valencies import Value
from mcheck.counterexamples import Notation
from mcheck.spec import Index, Participant


class ValencyWords:
    """Writes about the valency of one instance, with the values and processes as they are called in its traces."""

    def __init__(self, notation: Notation, values: Sequence[Value], participants: Sequence[Participant]) -> None:
        self.notation, self.values, self.participants = notation, values, participants

    def value(self, value: Value) -> str:
        """`0`, `v0`, `COMMIT`."""
        return ",".join(map(self.notation.value, value))

    @property
    def several(self) -> str:
        """What a configuration is called from which several decisions can be reached."""
        return "bivalent" if len(self.values) <= 2 else "multivalent"

    def kind(self, valency: Sequence[Value]) -> str:
        """`bivalent`, `0-valent`, `null`."""
        if not valency:
            return "null"
        return f"{self.value(valency[0])}-valent" if len(valency) == 1 else self.several

    def member(self, member: Member) -> str:
        """`p0`, `process 0`; the name of a participant that is one process."""
        return self._named(member.participant.name, member.key)

    def members(self, members: Sequence[Member], joined: str = "and") -> str:
        """`p0, p1 and p2`."""
        *others, last = map(self.member, members)
        return f"{', '.join(others)} {joined} {last}" if others else last

    def inputs(self, given: Input) -> str:
        """`p0=0 p1=1`: of each process the first thing that initial states differ in."""
        first: dict[str, Any] = {}
        for (key, way), value in given.items():
            first.setdefault(self.notation.key(key) if key is not None else str(way[-1]), value)
        return " ".join(f"{name}={self.notation.value(value)}" for name, value in first.items())

    def key(self, key: Hashable) -> str:
        """`p0`, `process 0`: whose place in a state it is."""
        name = next((p.name for p in self.participants if len(p.goes_on.each) == 1), "key")
        return self._named(name, (key,))

    def _named(self, name: str, key: tuple[Any, ...]) -> str:
        values = ",".join(map(self.notation.key, key))
        return values if key and all(isinstance(value, Index) for value in key) else f"{name} {values}".strip()
