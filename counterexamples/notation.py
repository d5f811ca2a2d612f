"""How values are written in a trace: short, and the same everywhere."""

from __future__ import annotations

from enum import Enum
from typing import Any

from mcheck.spec import Bag, Channels, Index, Instance, Map, Record, Rule, Step
from mcheck.spec.bags import counts_of
from mcheck.spec.indexes import IndexType, ordinal_of
from mcheck.spec.records import fields_of
from mcheck.spec.sets import sorted_members

_ENDS = (("src", "dst"), ("source", "dest"), ("sender", "receiver"))
"""The field names under which messages say where they come from and go to."""


class Notation:
    """Writes the values of one instance: scalarset members as n0, n1, …, enum members by name, messages with an arrow."""

    def __init__(self, instance: Instance) -> None:
        classes = set(instance.state_domain.indexes())
        for rule in (*instance.actions, *instance.properties, *instance.lemmas):
            classes.update(*(p.domain.indexes() for p in rule.signature.parameters))
        self._prefixes = _prefixes(sorted(c.__name__ for c in classes))

    def member(self, member: Index) -> str:
        """`n0` for Node(0)."""
        return f"{self.prefix(type(member))}{ordinal_of(member)}"

    def prefix(self, cls: IndexType) -> str:
        """The letter that stands for the members of a scalarset; more letters where two sets would share one."""
        return self._prefixes.get(cls.__name__, cls.__name__[0].lower())

    def value(self, value: Any) -> str:
        """Any value of a state or label on one line."""
        if isinstance(value, Index):
            return self.member(value)
        if isinstance(value, Record):
            return self.record(value)
        if isinstance(value, Enum):
            return value.name
        if isinstance(value, frozenset):
            return "{" + ", ".join(map(self.value, sorted_members(value))) + "}"
        if isinstance(value, Bag):
            return "{" + ", ".join(self.copies(m, n) for m, n in counts_of(value)) + "}"
        if isinstance(value, Map):
            return "[" + ", ".join(f"{self.value(k)}: {self.value(v)}" for k, v in value.items()) + "]"
        if isinstance(value, Channels):
            full = (f"{self.value(i)}→{self.value(j)}: {self.value(q)}" for (i, j), q in value.queues() if q)
            return "[" + ", ".join(full) + "]"
        if isinstance(value, tuple):
            return "⟨" + ", ".join(map(self.value, value)) + "⟩"
        if value is None or isinstance(value, bool):
            return "none" if value is None else "yes" if value else "no"
        return str(value)

    def record(self, record: Record) -> str:
        """`RequestVote(n0→n1, term=1)`."""
        shown = dict(fields_of(record))
        parts = []
        ends = ends_of(record)
        if ends is not None:
            parts.append(f"{self.value(shown.pop(ends[0]))}→{self.value(shown.pop(ends[1]))}")
        parts += [self.argument(name, value) for name, value in shown.items()]
        return f"{type(record).__name__}({', '.join(parts)})" if parts else type(record).__name__

    def compact(self, value: Any) -> str:
        """A value for where there is little room: `Commit(1, (1, v0), 2)`, of records the fields in order and the type once."""
        if isinstance(value, Record):
            inside = self.brief(value)
            return f"{type(value).__name__}{inside if inside.startswith('(') else f'({inside})' if inside else ''}"
        return self.brief(value)

    def brief(self, value: Any) -> str:
        """A value where its place says what it is: `{n0,n1}`, of a record the fields in order, of one that holds sets their
        members: `{n0,n1}+{n1,n2}`."""
        if isinstance(value, Record):
            return self._brief_record(value)
        if isinstance(value, frozenset):
            return "{" + ",".join(map(self.brief, sorted_members(value))) + "}"
        if type(value) is tuple:
            return "⟨" + ", ".join(map(self.brief, value)) + "⟩"
        return self.value(value)

    def _brief_record(self, record: Record) -> str:
        shown = dict(fields_of(record))
        said = [v for v in shown.values() if v is not None]
        if said and all(isinstance(v, frozenset) for v in said):
            return "+".join(map(self.brief, said))
        ends = ends_of(record)
        parts = [] if ends is None else [f"{self.value(shown.pop(ends[0]))}→{self.value(shown.pop(ends[1]))}"]
        parts += [(name if v else f"!{name}") if isinstance(v, bool) else self.brief(v) for name, v in shown.items()]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})" if parts else ""

    def copies(self, member: Any, number: int) -> str:
        """A member of a bag; `×2` after it where there are two."""
        return self.value(member) if number == 1 else f"{self.value(member)}×{number}"

    def argument(self, name: str, value: Any) -> str:
        """`n0` where the value says what it is, `term=1` where it does not."""
        return self.value(value) if isinstance(value, Index | Record) else f"{name}={self.value(value)}"

    def key(self, key: Any) -> str:
        """A key of a map: `n0`, or `n0,n1` where the map is over pairs."""
        return ",".join(map(self.value, key)) if type(key) is tuple else self.value(key)

    def arguments(self, rule: Rule, values: tuple[Any, ...]) -> str:
        """`n0, term=1`: the values of a rule's parameters."""
        return ", ".join(map(self.argument, rule.signature.names, values))

    def step(self, step: Step) -> str:
        """`timeout(n0)`; `deliver Vote(n2→n1)` where a message is all that is chosen."""
        if len(step.arguments) == 1 and isinstance(step.arguments[0], Record):
            return f"{step.action.name} {self.record(step.arguments[0])}"
        return f"{step.action.name}({self.arguments(step.action, step.arguments)})"

    def step_in_short(self, step: Step) -> str:
        """`deliver Vote(n2→n1, …)`: of a message only where it comes from and goes to."""
        if len(step.arguments) != 1 or not isinstance(step.arguments[0], Record):
            return self.step(step)
        message = step.arguments[0]
        ends = ends_of(message)
        who = f"{self.value(getattr(message, ends[0]))}→{self.value(getattr(message, ends[1]))}, " if ends else ""
        return f"{step.action.name} {type(message).__name__}({who}…)"


def ends_of(record: Record) -> tuple[str, str] | None:
    """The fields that say where a message comes from and goes to."""
    fields = type(record)._fields
    return next(((a, b) for a, b in _ENDS if a in fields and b in fields), None)


def _prefixes(names: list[str]) -> dict[str, str]:
    """For each name the shortest beginning, in lower case, that no other name shares."""
    found = {}
    for name in names:
        others = [n.lower() for n in names if n != name]
        length = next(
            (k for k in range(1, len(name) + 1) if not any(o.startswith(name[:k].lower()) for o in others)), len(name)
        )
        found[name] = name[:length].lower()
    return found
