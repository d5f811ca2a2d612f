"""Saving a trace without ever losing the result that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcheck.checker import RuleFailed
from mcheck.counterexamples import save
from mcheck.progress import ProgressLine
from mcheck.report import Subject
from mcheck.spec import Behavior, Lasso, Rule
from mcheck.terminal import Terminal


def save_trace(
    subject: Subject,
    behavior: Behavior,
    rule: Rule | None,
    directory: str,
    terminal: Terminal,
    lasso: tuple[int, str] | None = None,
) -> str | None:
    """The path of the saved trace; None, and one line of warning, where it cannot be written.

    `lasso`: the number of the state that it goes back to at its end, and which fairness was assumed.
    """
    protocol = subject.protocol
    try:
        path = save(behavior, rule, Path(directory), protocol.name, subject.tweak, protocol.source, lasso)
    except OSError as error:
        terminal.warn(f"the trace could not be saved in {directory}: {error.strerror or error}; choose another --out")
        return None
    return path.as_posix()


@contextmanager
def failures_saved(
    subject: Subject, directory: str, terminal: Terminal, line: ProgressLine | None = None
) -> Iterator[None]:
    """A rule that fails meanwhile leaves the trace that leads there.  The line of progress is gone before anything is printed."""
    try:
        yield
    except RuleFailed as failed:
        if line is not None:
            line.clear()
        save_trace(subject, failed.behavior, None, directory, terminal)
        raise
    finally:
        if line is not None:
            line.clear()


def save_lasso(
    subject: Subject, lasso: Lasso, rule: Rule, fairness: str, directory: str, terminal: Terminal
) -> str | None:
    """The same of a lasso that violates a property under this fairness."""
    return save_trace(subject, lasso.behavior, rule, directory, terminal, (lasso.loop, fairness))
