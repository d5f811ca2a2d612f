"""Which parts of a state a property looks at: it is run once on values that take notes."""

from __future__ import annotations

from typing import Any

from mcheck.spec import Instance, Map, Record, Rule

Path = tuple[Any, ...]
"""A place in a state: the name of a field, then keys of maps and names of fields."""

_new_tuple = tuple.__new__
_items = tuple.__iter__


def reads(instance: Instance, rule: Rule, states: tuple[Any, ...], arguments: tuple[Any, ...]) -> tuple[Path, ...]:
    """The places that the property reads for these arguments, in order of the first reading; empty if it cannot be told.

    The noting values are subclasses of the plain ones with equal content, so that a property cannot tell the difference;
    one that does nevertheless (it asks for the exact type of a value) gets no answer rather than a wrong one.
    """
    notes = _Notes()
    return notes.paths() if _ran(instance, rule, tuple(notes.watch(s, ()) for s in states), arguments) else ()


def reads_of_each(
    instance: Instance, rule: Rule, states: tuple[Any, ...], arguments: tuple[Any, ...]
) -> tuple[tuple[Path, ...], ...]:
    """For each of the states the places that the property reads of it; empty if it cannot be told."""
    notes = tuple(_Notes() for _ in states)
    watched = tuple(note.watch(state, ()) for note, state in zip(notes, states, strict=True))
    return tuple(note.paths() for note in notes) if _ran(instance, rule, watched, arguments) else ()


def _ran(instance: Instance, rule: Rule, watched: tuple[Any, ...], arguments: tuple[Any, ...]) -> bool:
    try:
        with instance.active():
            rule.function(instance.spec, *watched, *arguments)
    except Exception:
        return False
    return True


class _Notes:
    """The places read so far."""

    def __init__(self) -> None:
        self._read: dict[Path, None] = {}
        self._handed_out: dict[Path, None] = {}

    def paths(self) -> tuple[Path, ...]:
        """The places read; a container compared as a whole counts as one."""
        inner = {path[:k] for path in self._read for k in range(len(path))}
        inner |= {path[:k] for path in self._handed_out for k in range(len(path))}
        whole = [p for p in self._handed_out if p not in inner]
        return tuple(dict.fromkeys((*self._read, *whole)))

    def watch(self, value: Any, path: Path) -> Any:
        """A value equal to `value` that notes what is read of it."""
        if isinstance(value, Record) and not type(value)._ordered:
            self._handed_out.setdefault(path)
            return self._record(value, path)
        if isinstance(value, Map):
            self._handed_out.setdefault(path)
            return self._map(value, path)
        self._read.setdefault(path)
        return value

    def _record(self, record: Record, path: Path) -> Any:
        cls = type(record)
        kind: Any = type(cls)
        watching = kind(cls.__name__, (cls,), {})
        watching._definition = cls._definition
        for name in cls._fields:
            setattr(watching, name, property(self._reader(getattr(record, name), (*path, name))))
        watching.replace = lambda _, **changes: self.watch(record.replace(**changes), path)
        return _new_tuple(watching, _items(record))

    def _reader(self, value: Any, path: Path) -> Any:
        return lambda _: self.watch(value, path)

    def _map(self, mapping: Map[Any, Any], path: Path) -> Any:
        watch = self.watch

        class Watching(Map[Any, Any]):
            __slots__ = ()

            def __getitem__(self, key: Any) -> Any:
                return watch(mapping[key], (*path, key))

            def values(self) -> tuple[Any, ...]:
                return tuple(watch(mapping[key], (*path, key)) for key in mapping.keys())  # noqa: SIM118

            def set(self, key: Any, value: Any) -> Any:
                return watch(mapping.set(key, value), path)

            def items(self) -> Any:
                return zip(mapping.keys(), self.values(), strict=True)

        return _new_tuple(Watching, _items(mapping))


def value_at(state: Any, path: Path) -> Any:
    """What stands at a place of a state; None where the place is inside an option that is None."""
    for part in path:
        if state is None:
            return None
        state = state[part] if isinstance(state, Map) else getattr(state, part)
    return state


def place_in(state: Any, path: Path) -> Path:
    """The place, or the option that it is inside of where that is None in this state."""
    return next((path[:k] for k in range(len(path)) if value_at(state, path[:k]) is None), path)


def with_value(state: Any, path: Path, value: Any) -> Any:
    """The state in which `value` stands at that place."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(state, Map):
        return state.set(part, with_value(state[part], rest, value))
    return state.replace(**{part: with_value(getattr(state, part), rest, value)})
