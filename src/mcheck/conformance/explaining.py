"""Explaining many runs of a log: on one core, or in as many processes as there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcheck.conformance.logs import Lines
from mcheck.conformance.validation import Validated, Validator
from mcheck.parallel import Died, in_processes
from mcheck.protocols import find, instantiate
from mcheck.spec import Instance, InternalError, McheckError, UsageError
from mcheck.spec.specification import did_you_mean

_FEW = 20_000
"""Events that are explained here, in less time than a process takes to start."""


@dataclass(frozen=True)
class Explained:
    """What a log is explained by: enough to make the instance again in another process."""

    protocol: str
    tweak: str | None
    constants: dict[str, Any]
    silent: tuple[str, ...]

    def validator(self) -> Validator:
        """The validator.  UsageError for a silent action that the specification has not."""
        return validator_of(instantiate(find(self.protocol).tweaked(self.tweak), self.constants), self.silent)


def validator_of(instance: Instance, silent: Sequence[str]) -> Validator:
    """The validator of an instance.  UsageError for a silent action that it has not."""
    known = {a.name: a for a in instance.actions}
    for name in silent:
        if name not in known:
            raise UsageError(
                f"--silent: {instance.name} has no action {name!r}{did_you_mean(name, known)}; it has {', '.join(known)}"
            )
    return Validator(instance, tuple(known[name] for name in dict.fromkeys(silent)))


def explain(by: Explained, runs: Sequence[Lines], workers: int | None = None) -> list[Validated]:
    """What comes of each run, in their order.  UsageError for the first line that means nothing to the specification."""
    processes = workers or min(os.cpu_count() or 1, 1 + sum(len(r.lines) for r in runs) // _FEW)
    if processes == 1 or len(runs) < 2:
        validator = by.validator()
        return [validator.validate(run) for run in runs]
    share = -(-len(runs) // processes)
    tasks = [(by, runs[k : k + share]) for k in range(0, len(runs), share)]
    answers: dict[int, list[Validated]] = {}
    for number, answer in in_processes(_share, tasks, processes, lambda running: None):
        if isinstance(answer, Died):
            raise InternalError(f"explaining a part of the log: {answer}")
        if isinstance(answer, McheckError):
            raise answer
        answers[number] = answer
    return [validated for number in sorted(answers) for validated in answers[number]]


def _share(task: tuple[Explained, Sequence[Lines]]) -> list[Validated] | McheckError:
    """What one process does; an error is handed back, as it is the answer."""
    by, runs = task
    try:
        validator = by.validator()
        return [validator.validate(run) for run in runs]
    except UsageError as error:
        return error
