"""Everything that can be wrong, and the two ways a step can fail to be one.

An error message has four parts: the subject, the rule, the actual value, the remedy; and the file and line where there is one.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from types import CodeType
from typing import Any

_KERNEL = os.path.dirname(os.path.abspath(__file__)) + os.sep


class McheckError(Exception):
    """A message for the user, in one line.  `status` is the exit status of the command that meets it."""

    status = 4


class UsageError(McheckError):
    """The caller asked for something that does not exist or cannot be: an unknown name, an impossible number."""

    status = 2


class SpecError(McheckError):
    """The specification breaks a rule of the language, or fails while it runs."""

    def at(self, where: str) -> SpecError:
        """The same error with its place in front, unless it has one already."""
        if self.args and isinstance(self.args[0], str) and not getattr(self, "place", None):
            self.args = (f"{where}: {self.args[0]}",)
            self.place = where
        return self


class DomainError(SpecError):
    """A value that does not belong to its domain, and that no bound excuses."""

    def within(self, owner: str) -> DomainError:
        """The same error, seen from one level further out: `role: …` becomes `Server.role: …`."""
        separator = "" if owner.endswith(".") else ": "
        return DomainError(f"{owner}{separator}{self.args[0]}")


class LanguageError(SpecError):
    """A line that is wrong wherever it is reached: an unknown field, an order on a scalarset, a term used as a position.

    Tracing visits every path and finds these before any search.
    """


class InternalError(McheckError):
    """mcheck contradicts itself.  Never the user's mistake; always worth a report."""


class Disabled(Exception):  # not an error: the ordinary way in which an action is not enabled
    """Raised by `require`: the action is not enabled for these parameters.  `reason` is the guard that was false."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Cut(Exception):  # not an error: the successor exists, but outside the bounds of the search
    """The value leaves its domain on a side that is a bound (or a state constraint), named by `bound`."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


def place_of(error: BaseException) -> str | None:
    """`file.py:line` of the innermost frame of `error` that belongs to a specification, not to this package."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if not frame.filename.startswith(_KERNEL) and not frame.filename.startswith("<"):
            return f"{os.path.basename(frame.filename)}:{frame.lineno}"
    return None


def place_of_definition(function: Callable[..., Any]) -> str:
    """`file.py:line` where a function is defined, its decorators included."""
    code: CodeType = function.__code__
    return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}"


def in_kernel(filename: str) -> bool:
    """Whether a source file is part of the language itself rather than of a specification."""
    return filename.startswith((_KERNEL, "<"))
