"""--checkpoint and --resume: what is asked for again comes from the checkpoint, and may be repeated but not changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcheck.checker.native.checkpoint import Checkpoints, head_of
from mcheck.protocols import Protocol, option_name
from mcheck.report import Subject
from mcheck.spec import UsageError
from mcheck.terminal import Terminal

_ASKED = ("depth", "property", "symmetry", "exact", "keep_going", "deadlock")
"""The options that decide what is searched, besides the tweak and the constants.  Limits may be others every time."""


def resumed(protocol: Protocol, values: dict[str, Any], constants: dict[str, Any]) -> dict[str, Any]:
    """The constants; with --resume, they and the options that decide what is searched are those of the checkpoint.

    UsageError where one that is given contradicts it.
    """
    if values["resume"] is None:
        return constants
    folder = Path(values["resume"])
    command = head_of(folder).command
    if command.get("protocol") != protocol.name:
        raise UsageError(f"the checkpoint in {folder} is of {command.get('protocol')}, not {protocol.name}: run that")
    kept = {"tweak": command["tweak"], **{name: command[name] for name in _ASKED}}
    values["tweak"] = protocol.tweak_named(values["tweak"])
    values["property"] = list(values["property"])
    for name, value in kept.items():
        if values[name] not in (None, False, []) or (name == "symmetry" and values[name] is False):
            _refuse_change(folder, option_name(name), value, values[name])
        values[name] = value
    for name, value in constants.items():
        _refuse_change(folder, option_name(name), command["constants"].get(name), value)
    known = protocol.tweaked(kept["tweak"])._constants
    return {name: value for name, value in command["constants"].items() if name in known}


def _refuse_change(folder: Path, option: str, kept: Any, given: Any) -> None:
    if given != kept:
        was = "not given" if kept in (None, False, []) else f"{kept}"
        raise UsageError(
            f"{option} {given} contradicts the checkpoint in {folder} ({was}): leave it out, or start anew with --checkpoint"
        )


def checkpoints_of(subject: Subject, values: dict[str, Any], terminal: Terminal) -> Checkpoints | None:
    """What --checkpoint, --checkpoint-interval and --resume ask for; a resumed run goes on writing where it left off."""
    asked = values["checkpoint"] or values["resume"]
    if asked is None:
        return None
    if values["engine"] == "reference":
        raise UsageError("--checkpoint and --resume need the native engine: leave out --engine reference")
    command = {
        "protocol": subject.protocol.name,
        "tweak": subject.tweak,
        "constants": subject.instance.constants | subject.instance.bounds,
        **{name: values[name] for name in _ASKED},
    }
    source = None if values["resume"] is None else Path(values["resume"])
    return Checkpoints(Path(asked), values["checkpoint_interval"], source, command, terminal.warn)
