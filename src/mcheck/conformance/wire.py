"""What adapters say as JSON: requests and answers, one object a line, so that an implementation may be in any language.

    {"call": "reset", "nodes": 3, "seed": 7, "options": {}}           {}
    {"call": "enabled"}                                               {"operations": [{"kind": "tick", "node": 0}, …]}
    {"call": "step", "operation": {"kind": "deliver", "message": 4}}  {"node": 1, "sent": [{"id": 5, "src": 1, "dst": 0, "kind": "vote"}]}
    {"call": "observe", "node": 1}                                    {"role": "follower", "term": 1, "vote": 0, "commit": 0,
                                                                       "log": [[1, "x"]], "applied": ["x"]}
    {"call": "perform", "action": "timeout", "arguments": {"i": 0}}   {}

An answer {"error": "why"} says that the implementation failed.  `perform` is asked only by those who follow a specification.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from typing import Any

from mcheck.conformance.adapter import AdapterMisuse, Event, Observation, Operation, Sent


def operation_json(operation: Operation) -> dict[str, Any]:
    """An operation; what it has no use for is left out."""
    return {k: v for k, v in asdict(operation).items() if v is not None}


def operation_of(said: Any) -> Operation:
    """The operation again.  AdapterMisuse for anything else."""
    return Operation(
        **_checked("an operation", said, Operation, {"kind": str, "node": int, "value": str, "message": int})
    )


def event_of(said: Any) -> Event:
    """What a step did."""
    if not isinstance(said, dict) or not isinstance(said.get("sent", []), list):
        raise AdapterMisuse(f'step: answer {{"node": 0, "sent": […]}} (got {_short(said)})')
    sent = tuple(sent_of(s) for s in said.get("sent", []))
    return Event(
        **{**_checked("an event", {k: v for k, v in said.items() if k != "sent"}, Event, {"node": int}), "sent": sent}
    )


def sent_of(said: Any) -> Sent:
    """A message that was sent."""
    shapes: dict[str, Any] = {"id": int, "src": int, "dst": int, "kind": str, "content": str}
    return Sent(**_checked("a message", said, Sent, shapes))


def observation_json(seen: Observation) -> dict[str, Any]:
    """What a node shows."""
    return {**asdict(seen), "log": [list(entry) for entry in seen.log], "applied": list(seen.applied)}


def observation_of(said: Any) -> Observation:
    """What a node shows, again."""
    shapes: dict[str, Any] = {"role": str, "term": int, "vote": int | None, "commit": int, "log": list, "applied": list}
    given = _checked("an observation", said, Observation, shapes)
    try:
        log = tuple((_whole(term), str(command)) for term, command in given.pop("log", ()))
    except (TypeError, ValueError):
        raise AdapterMisuse(f"observe: the log is a list of [term, command] (got {_short(said)})") from None
    return Observation(**{**given, "log": log, "applied": tuple(map(str, given.pop("applied", ())))})


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError
    return value


def _checked(what: str, said: Any, cls: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    """The fields of `said`, each of the right type.  AdapterMisuse, with what was said, otherwise."""
    required = [f.name for f in fields(cls) if f.name in shapes and f.default is MISSING]
    if not isinstance(said, dict):
        raise AdapterMisuse(f"{what} is a JSON object (got {_short(said)})")
    for name, value in said.items():
        if name not in shapes:
            raise AdapterMisuse(f"{what} has no field {name!r}; it has {', '.join(shapes)} (got {_short(said)})")
        if not isinstance(value, shapes[name]) or isinstance(value, bool):
            raise AdapterMisuse(f"{what}: {name} has the wrong type (got {_short(said)})")
    for name in required:
        if name not in said:
            raise AdapterMisuse(f"{what} needs {name!r} (got {_short(said)})")
    return dict(said)


def _short(said: Any) -> str:
    text = repr(said)
    return text if len(text) <= 80 else text[:77] + "..."
