"""Saving a trace without ever losing the result that it belongs to."""

from __future__ import annotations

from pathlib import Path

from mcheck.counterexamples import save
from mcheck.report import Subject
from mcheck.spec import Behavior, Rule
from mcheck.terminal import Terminal


def save_trace(
    subject: Subject, behavior: Behavior, rule: Rule | None, directory: str, terminal: Terminal
) -> str | None:
    """The path of the saved trace; None, and one line of warning, where it cannot be written."""
    try:
        path = save(behavior, rule, Path(directory), subject.protocol.name, subject.tweak, subject.protocol.source)
    except OSError as error:
        terminal.warn(f"the trace could not be saved in {directory}: {error.strerror or error}; choose another --out")
        return None
    return path.as_posix()
