"""Logs of implementations that do what a specification says: random walks, of which some things are written down."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mcheck.conformance.observing import as_json
from mcheck.spec import Cut, Instance, Step

Seen = Callable[[Step], dict[str, Any]]
"""What an event says of the state after a step."""


def walk(instance: Instance, seed: int, length: int) -> list[Step]:
    """A random walk: an action, and then its arguments."""
    rng = random.Random(seed)
    state = rng.choice(instance.initial)
    steps: list[Step] = []
    with instance.active():
        while len(steps) < length:
            step = _drawn(instance, rng, state)
            if step is None:
                break
            steps.append(step)
            state = step.state
    return steps


def _drawn(instance: Instance, rng: random.Random, state: Any) -> Step | None:
    for action in rng.sample(instance.actions, len(instance.actions)):
        choices = list(action.signature.arguments(state))
        rng.shuffle(choices)
        for arguments in choices:
            after = instance.apply(action, state, arguments)
            if after is not None and not isinstance(after, Cut):
                return Step(action, arguments, after)
    return None


def event(step: Step, seen: Seen) -> dict[str, Any]:
    """The event that a step leaves in a log: the action, its arguments, and what `seen` says of the state."""
    pairs = zip(step.action.signature.parameters, step.arguments, strict=True)
    return {"action": step.action.name, "args": {p.name: as_json(p.domain, v) for p, v in pairs}, "state": seen(step)}


def write(path: Path, runs: Sequence[Sequence[dict[str, Any]]]) -> Path:
    """A log of several runs."""
    lines = []
    for number, events in enumerate(runs):
        lines.append(json.dumps({"trace": f"run {number}"}))
        lines += map(json.dumps, events)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
