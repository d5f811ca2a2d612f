"""Logs: events of an implementation as lines of JSON, each of which a step of a specification should explain.

    {"trace": "run 7"}                                                  what follows is another run, from an initial state
    {"initially": {"rm_state": {"0": "working"}}}                       what is known of the state before the first event
    {"action": "rm_prepare", "args": {"r": 0}, "state": {"rm_state": {"0": "prepared"}}}
    {"label": "tm_commit()", "info": {"at": "12:00:01"}}

Every part may be left out, and every value be partial (`observing.py`): `action` (a name, or a list of those that it may have
been), `args` of it, or both as the `label` that mcheck prints; `state`, afterwards; `info`, which nobody looks at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcheck.conformance.observing import Exactly, Observed, observed
from mcheck.spec import Instance, Rule, UsageError, parse_label
from mcheck.spec.specification import did_you_mean

_KEYS = ("action", "args", "label", "state", "info")


@dataclass(frozen=True)
class Event:
    """One logged event: which actions it may have been, what is known of their arguments, and of the state afterwards."""

    line: int
    actions: tuple[Rule, ...]
    arguments: dict[str, Observed]
    after: Observed | None
    named: bool
    """Whether the log says which action it was."""


@dataclass(frozen=True)
class Lines:
    """The lines of one run, as they are in the file."""

    file: str
    name: str
    lines: tuple[tuple[int, str], ...]
    """(number, text)"""


def runs_in(file: str) -> Iterator[Lines]:
    """The runs of a file.  UsageError where it cannot be read."""
    try:
        content = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not a log: it is not text") from None
    name = ""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith('{"trace"'):
            if lines:
                yield Lines(file, name, tuple(lines))
            name, lines = _trace_name(file, number, line), []
        elif line.strip():
            lines.append((number, line))
    if lines or not name:
        yield Lines(file, name, tuple(lines))


def _trace_name(file: str, number: int, line: str) -> str:
    said = _object(file, number, line)
    if set(said) != {"trace"} or not isinstance(said["trace"], str):
        raise UsageError(f'{file}:{number}: a new run is {{"trace": "its name"}}, and nothing else on the line')
    return str(said["trace"])


def initial_of(instance: Instance, run: Lines) -> tuple[Observed | None, tuple[tuple[int, str], ...]]:
    """What the run says of its initial state, and the lines of its events."""
    for place, (number, line) in enumerate(run.lines[:1]):
        said = _object(run.file, number, line)
        if "initially" in said:
            if set(said) != {"initially"}:
                raise UsageError(f'{run.file}:{number}: "initially" stands alone on its line')
            return _state(instance, said["initially"], f"{run.file}:{number}"), run.lines[place + 1 :]
    return None, run.lines


def event_of(instance: Instance, file: str, number: int, line: str) -> Event:
    """One line as an event.  UsageError, with the line, where it means nothing to the specification."""
    said = _object(file, number, line)
    where = f"{file}:{number}"
    for key in said:
        if key not in _KEYS:
            raise UsageError(
                f"{where}: an event has no {key!r}{did_you_mean(key, _KEYS)}; it may have {', '.join(_KEYS)}"
            )
    after = _state(instance, said["state"], where) if "state" in said else None
    if "label" in said:
        if "action" in said or "args" in said:
            raise UsageError(f'{where}: "label" says both action and arguments: leave out "action" and "args"')
        try:
            action, values = parse_label(instance, str(said["label"]))
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
        known: dict[str, Observed] = {n: Exactly(v) for n, v in zip(action.signature.names, values, strict=True)}
        return Event(number, (action,), known, after, True)
    actions = _actions(instance, said["action"], where) if "action" in said else instance.actions
    return Event(number, actions, _arguments(actions, said.get("args", {}), where), after, "action" in said)


def _object(file: str, number: int, line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}:{number}: not JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(said, dict):
        raise UsageError(f"{file}:{number}: an event is a JSON object (got {line.strip()[:60]})")
    return said


def _state(instance: Instance, said: Any, where: str) -> Observed:
    try:
        return observed(instance.state_domain, said, "state")
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _actions(instance: Instance, said: Any, where: str) -> tuple[Rule, ...]:
    names = said if isinstance(said, list) else [said]
    known = {a.name: a for a in instance.actions}
    for name in names:
        if name not in known:
            raise UsageError(
                f"{where}: {instance.name} has no action {name!r}{did_you_mean(str(name), known)}; it has {', '.join(known)}"
            )
    return tuple(known[name] for name in dict.fromkeys(names))


def _arguments(actions: Iterable[Rule], said: Any, where: str) -> dict[str, Observed]:
    """What is known of the arguments; each must be a parameter of every action that it may have been."""
    if not isinstance(said, dict):
        raise UsageError(f'{where}: "args" is an object, parameter -> value (got {said!r})')
    found: dict[str, Observed] = {}
    for name, value in said.items():
        for action in actions:
            parameter = next((p for p in action.signature.parameters if p.name == name), None)
            if parameter is None:
                names = ", ".join(action.signature.names) or "none"
                raise UsageError(f"{where}: {action.name} has no parameter {name!r}; it has {names}")
            try:
                found[name] = observed(parameter.domain, value, f"{action.name}: {name}")
            except UsageError as error:
                raise UsageError(f"{where}: {error}") from None
    return found
