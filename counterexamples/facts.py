"""Why a property is violated: the parts of the last state that it read and that matter, and the step that set each.

No protocol-specific code.  What the property reads is noted while it runs (reads.py).  What of it matters is found by
substitution: a part that can be put back to its initial value without undoing the violation does not.  So what is left
suffices: the initial state with these parts changed violates the property.  A part stays whole, so that what a reader must
compare stands together: of a server that committed too much its log beside its commit index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.reads import Path, place_in, reads, reads_of_each, value_at, with_value
from mcheck.spec import Bag, Behavior, Index, Map, Record, Rule
from mcheck.spec.sets import plain, sorted_members

_MOST_EVALUATIONS = 2000
UNREAD = object()
"""In place of a value that was not read."""


@dataclass(frozen=True)
class Reading:
    """One value the property read.  `members`: those of a set that matter, None if it matters as a whole.

    Of a step that changed it: `before`, the value before the step, if that was read too; without `of_after` only that.
    """

    path: Path
    value: Any
    members: tuple[Any, ...] | None = None
    before: Any = UNREAD
    of_after: bool = True
    changed: bool = False


@dataclass(frozen=True)
class Fact:
    """Values that belong together, as they are found at one key of a map or in one field; `since` is a step's number, 0: initially."""

    subject: Path
    readings: tuple[Reading, ...]
    since: int

    def text(self, notation: Notation) -> str:
        """`n0: role LEADER, term 1`."""
        head, skipped = _head_of(self.subject, notation)
        parts = [_reading_text(r, skipped, notation) for r in self.readings]
        return f"{head}: {', '.join(parts)}" if head else ", ".join(parts)


def facts(behavior: Behavior, rule: Rule, arguments: tuple[Any, ...]) -> tuple[Fact, ...]:
    """The facts that violate (of a witness: show) the property at the end of the behaviour, the earliest first.

    Empty for a property that reads no state, such as deadlock freedom or a refinement.  Cost: one evaluation of the
    property for each part and each member of a set read, at most 2,000.
    """
    if rule.kind == "step":
        return _facts_of_step(behavior, rule, arguments)
    if rule.kind not in ("always", "reachable"):
        return ()
    return _Explanation(behavior, rule, arguments).facts()


class _Explanation:
    """One property that is decided by one state."""

    def __init__(self, behavior: Behavior, rule: Rule, arguments: tuple[Any, ...]) -> None:
        self.behavior, self.rule, self.arguments = behavior, rule, arguments
        self.instance = behavior.instance
        self.wanted = rule.kind == "reachable"
        self.state = behavior.last
        self.left = _MOST_EVALUATIONS

    def facts(self) -> tuple[Fact, ...]:
        with self.instance.active():
            found = []
            for subject, paths in self._that_matter(self._parts()).items():
                readings = tuple(self._reading(path) for path in paths)
                if len(subject) == 1:
                    found += [Fact(subject, (r,), self._since(r)) for r in _one_by_one(readings)]
                else:
                    found.append(Fact(subject, readings, max(map(self._since, readings))))
        return tuple(sorted(found, key=lambda f: f.since))

    def _parts(self) -> dict[Path, list[Path]]:
        """The places read, by the key or field they belong to."""
        paths = reads(self.instance, self.rule, (self.behavior.last,), self.arguments) or self._guessed()
        parts: dict[Path, list[Path]] = {}
        for path in paths:
            if path:
                parts.setdefault(subject_of(self.state, path), []).append(path)
        return parts

    def _guessed(self) -> tuple[Path, ...]:
        """The entries of the arguments in every map: what to show where reading cannot be watched."""
        state = self.state
        maps = [f for f in type(state)._fields if isinstance(getattr(state, f), Map)]
        keys = [a for a in self.arguments if isinstance(a, Index)]
        return tuple((f, k) for f in maps for k in keys if k in getattr(state, f).keys())  # noqa: SIM118

    def _that_matter(self, parts: dict[Path, list[Path]]) -> dict[Path, list[Path]]:
        """The parts that are named by an argument, or without which there is no violation."""
        kept: dict[Path, list[Path]] = {}
        unchanged: dict[Path, list[Path]] = {}
        for subject, paths in parts.items():
            if not any(map(self._has_changed, paths)):
                (kept if self._is_named(subject) else unchanged)[subject] = paths
            elif self._is_named(subject) or not self._put_back(paths):
                kept[subject] = paths
        return kept or unchanged

    def _is_named(self, subject: Path) -> bool:
        return len(subject) > 1 and any(subject[1] is a or subject[1] == a for a in self.arguments)

    def _has_changed(self, path: Path) -> bool:
        return bool(value_at(self.behavior.initial, path) != value_at(self.state, path))

    def _put_back(self, paths: list[Path]) -> bool:
        """Put these places back to their initial values, if the violation is there without them too."""
        state = self.state
        for path in paths:
            place = place_in(self.behavior.initial, path)
            state = with_value(state, place, value_at(self.behavior.initial, place))
        if not self._decided(state):
            return False
        self.state = state
        return True

    def _reading(self, path: Path) -> Reading:
        value = value_at(self.state, path)
        if not isinstance(value, frozenset) or not value:
            return Reading(path, value)
        members = sorted_members(value)
        for member in sorted_members(value):
            fewer = tuple(m for m in members if m != member)
            smaller = with_value(self.state, path, plain(fewer))
            if self._decided(smaller):
                members, self.state = fewer, smaller
        return Reading(path, value, members or sorted_members(value))  # none matters alone: another part has it covered

    def _decided(self, state: Any) -> bool:
        """Whether the property is violated (witnessed) in `state` too, for the same arguments."""
        if self.left <= 0:
            return False
        self.left -= 1
        try:
            return self.rule.function(self.instance.spec, state, *self.arguments) is self.wanted
        except Exception:
            return False

    def _since(self, reading: Reading) -> int:
        """The last step that changed what was read."""
        if reading.members is None:
            return last_change(self.behavior, reading.path)
        return max(_arrival(self.behavior, reading.path, member) for member in reading.members)


def _one_by_one(readings: tuple[Reading, ...]) -> list[Reading]:
    """The readings with each member of a set by itself: messages come at different steps."""
    return [
        Reading(r.path, r.value, None if member is None else (member,))
        for r in readings
        for member in r.members or (None,)
    ]


def _facts_of_step(behavior: Behavior, rule: Rule, arguments: tuple[Any, ...]) -> tuple[Fact, ...]:
    """What the property read of the two states of the last step, where the step changed it or an argument names it."""
    before, after = behavior.states[-2:]
    old, new = reads_of_each(behavior.instance, rule, (before, after), arguments) or ((), ())
    parts: dict[Path, list[Reading]] = {}
    for path in dict.fromkeys((*old, *new)):
        reading = _reading_of_step(before, after, path, path in old, path in new)
        if reading is not None and (reading.changed or any(part is a for part in path[1:] for a in arguments)):
            parts.setdefault(subject_of(after, path), []).append(reading)
    last = len(behavior.steps)
    found = [
        Fact(subject, tuple(r), max(last if x.changed else last_change(behavior, x.path) for x in r))
        for subject, r in parts.items()
    ]
    return tuple(sorted(found, key=lambda f: f.since))


def _reading_of_step(before: Any, after: Any, path: Path, of_before: bool, of_after: bool) -> Reading | None:
    """What was read at a place of the states before and after a step; None where only one of them has the place."""
    try:
        old, new = value_at(before, path), value_at(after, path)
    except Exception:
        return None
    if not path:
        return None
    if old == new:
        return Reading(path, new)
    return Reading(path, new if of_after else old, before=old if of_before else UNREAD, of_after=of_after, changed=True)


def subject_of(state: Any, path: Path) -> Path:
    """The key of a map, or the field, that a place belongs to."""
    return path[:2] if len(path) > 1 and isinstance(getattr(state, path[0]), Map) else path[:1]


def last_change(behavior: Behavior, path: Path) -> int:
    """The number of the last step that changed what stands at `path`; 0 if none did."""
    states = behavior.states
    try:
        values = [value_at(state, path) for state in states]
    except Exception:
        return len(states) - 1
    return max((k for k in range(1, len(values)) if values[k] != values[k - 1]), default=0)


def _arrival(behavior: Behavior, path: Path, member: Any) -> int:
    inside = [member in value_at(state, path) for state in behavior.states]
    return max((k for k in range(1, len(inside)) if inside[k] and not inside[k - 1]), default=0)


def _head_of(subject: Path, notation: Notation) -> tuple[str, int]:
    """What a fact is about, and how much of each path that says already."""
    if len(subject) > 1 and isinstance(subject[1], Index):
        return notation.member(subject[1]), 0
    if len(subject) > 1:
        return f"{subject[0]}[{notation.key(subject[1])}]", 2
    return "", 0


def _reading_text(reading: Reading, skipped: int, notation: Notation) -> str:
    """`role LEADER`; of a set the members that matter: `msgs ∋ Accept(bal=0, v0)`."""
    names = [part for part in reading.path[skipped:] if isinstance(part, str)]
    name = names[-1] if names else ""
    if reading.members is not None:
        return f"{name} ∋ {', '.join(map(notation.value, reading.members))}".strip()
    if not reading.of_after:
        return f"{name} {_shortened(reading.before, notation)} before".strip()
    if reading.before is not UNREAD:
        return f"{name} {_shortened(reading.before, notation)} → {_shortened(reading.value, notation)}".strip()
    return f"{name} {_shortened(reading.value, notation)}".strip()


def _shortened(value: Any, notation: Notation) -> str:
    written = notation.value(value)
    if isinstance(value, Record | Map | Bag) and len(written) > 60:
        written = written[:57] + "..."
    return written
