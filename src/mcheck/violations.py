"""A violated property as an error of a test: what it says is the report, with the trace as a table and as a file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from mcheck.checker.verdict import PropertyResult
from mcheck.counterexamples import save
from mcheck.counterexamples.shrink import PASSES, shrink
from mcheck.report import Report, Subject
from mcheck.scope import bounds_text, constants_text
from mcheck.shorter import Shorter
from mcheck.spec import Behavior, Rule
from mcheck.subjects import can_be_found, subject_of
from mcheck.terminal import Page

DIRECTORY = "mcheck-out"
SECONDS = 30.0
"""What shrinking may take; mostly it takes less than five."""
STATES = 200_000
"""What the search for anything shorter may look at, as in `mcheck shrink`."""


class Violated(AssertionError):
    """A property is violated at the end of a behaviour.

    The report is written, and the trace saved, when somebody first asks for them: Hypothesis raises thousands of these
    and shows one.
    """

    def __init__(self, result: PropertyResult, directory: str = DIRECTORY) -> None:
        super().__init__()
        assert result.behavior is not None
        self.found = result
        self.behavior_found: Behavior = result.behavior
        self.directory = directory

    @property
    def rule(self) -> Rule:
        """The property."""
        return self.found.rule

    @functools.cached_property
    def subject(self) -> Subject:
        """What was run."""
        return subject_of(self.behavior_found.instance)

    @functools.cached_property
    def shown(self) -> tuple[PropertyResult, str]:
        """The result to show, and what is known of its length."""
        return self._smallest()

    def _smallest(self) -> tuple[PropertyResult, str]:
        return self.found, "the shortest"

    @property
    def behavior(self) -> Behavior:
        """The behaviour to show."""
        behavior = self.shown[0].behavior
        assert behavior is not None
        return behavior

    @functools.cached_property
    def trace(self) -> str | None:
        """The path of the saved trace; None where it cannot be written."""
        protocol = self.subject.protocol
        directory = Path(self.directory)
        try:
            path = save(self.behavior, self.rule, directory, protocol.name, self.subject.tweak, protocol.source)
        except OSError:
            return None
        return path.as_posix()

    @functools.cached_property
    def text(self) -> str:
        """The configuration, the facts, the steps as a table, and what can be done with the trace."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        result, how = self.shown
        report = Report(self.subject, Page())
        lines = [self._configuration(), *report.violation(result, how, self.trace)]
        if self.trace is None:
            lines.append(f"  the trace could not be saved in {self.directory}")
        elif not can_be_found(self.subject):
            lines = [line for line in lines if not line.startswith(("  replay ", "  look ", "  why "))]
            lines.append(f"  to replay it, move {self.subject.protocol.cls.__name__} to the top level of its file")
        return lines

    def _configuration(self) -> str:
        subject, instance = self.subject, self.behavior_found.instance
        name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
        bounds = bounds_text(instance)
        return " · ".join([name, *constants_text(instance), *([bounds] if bounds else [])])

    def __str__(self) -> str:
        return self.text


class ViolatedAtRandom(Violated):
    """The same, at the end of a random run: it is shrunk before it is shown, and a search looks for anything shorter.

    `program_of` writes the steps as a program, line by line.
    """

    def __init__(
        self,
        result: PropertyResult,
        directory: str = DIRECTORY,
        program_of: Callable[[Behavior], list[str]] | None = None,
    ) -> None:
        super().__init__(result, directory)
        self.program_of = program_of

    def _lines(self) -> list[str]:
        if self.program_of is None:
            return super()._lines()
        program = [f"    {line}" for line in self.program_of(self.behavior)]
        return [*super()._lines(), "  the same as a program:", *program]

    def _smallest(self) -> tuple[PropertyResult, str]:
        shorter = Shorter(STATES)
        shrunk = shrink(self.behavior_found, self.rule, SECONDS, (*PASSES, shorter.search))
        before, after = len(shrunk.original.steps), len(shrunk.behavior.steps)
        known = []
        if after < before:
            known.append(f"shrunk from {before}")
        if shorter.proves(shrunk.behavior):
            known.append("the shortest")
        elif shorter.at_least is not None:
            known.append(f"the shortest has {shorter.at_least} at least")
        how = ", ".join(known) or "not known to be the shortest"
        return PropertyResult(self.rule, "violated", shrunk.behavior, shrunk.arguments), how
