"""Which engine runs a search: the fastest that can, unless one is asked for by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcheck.checker.reference import explore as explore_by_reference
from mcheck.checker.symmetry import scalarsets, symmetric_by_type, why_not_symmetric
from mcheck.checker.verdict import Limits, ProgressListener, Verdict
from mcheck.spec import Instance, UsageError

if TYPE_CHECKING:
    from mcheck.checker.known import Known
    from mcheck.checker.native.checkpoint import Checkpoints

ENGINES = ("auto", "native", "reference")


def search(
    instance: Instance,
    engine: str = "auto",
    properties: Iterable[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    symmetry: bool | None = None,
    keep_going: bool = False,
    deadlock_is_error: bool = False,
    progress: ProgressListener | None = None,
    threads: int = 1,
    exact: bool = False,
    checkpoints: Checkpoints | None = None,
    known: Known | None = None,
) -> Verdict:
    """The verdict of the engine asked for.  `auto` is the native engine, or, with the reason in the verdict's notes, the
    reference engine where that one cannot be had.  UsageError where `native` is asked for and cannot be had.

    With `symmetry` None the native engine counts orbits where the text of the spec shows that it treats all members of its
    scalarsets alike, and the reference engine counts states; True insists, False forbids.
    """
    names = None if properties is None else list(properties)
    why = None if engine != "reference" else ""
    if why is None:
        why = why_not_native()
    if why is None:
        from mcheck.checker.native.core import Identity
        from mcheck.checker.native.engine import explore
        from mcheck.checker.native.reading import Unlowerable

        identity = Identity.EXACT if exact else Identity.FINGERPRINT
        orbits = _by_orbits(instance, symmetry, exact, known)
        for by_orbits in [True, False] if orbits and symmetry is None else [orbits]:
            try:
                return explore(
                    instance,
                    names,
                    limits,
                    keep_going,
                    deadlock_is_error,
                    progress,
                    threads,
                    identity,
                    by_orbits,
                    checkpoints,
                    known,
                )
            except Unlowerable as unlowerable:
                why = f"no compiled code for {unlowerable}"
    if engine == "native":
        raise UsageError(f"--engine native: {why}; use --engine reference, or auto")
    if checkpoints is not None:
        raise UsageError(
            f"--checkpoint and --resume need the native engine: {why or 'the reference engine cannot be resumed'}; leave them out"
        )
    verdict = explore_by_reference(instance, names, limits, bool(symmetry), keep_going, deadlock_is_error, progress)
    return dataclasses.replace(verdict, notes=(*verdict.notes, f"reference engine: {why}")) if why else verdict


def _by_orbits(instance: Instance, asked: bool | None, exact: bool, known: Known | None) -> bool:
    """Whether the native engine counts orbits.  UsageError where that is asked for and would be wrong."""
    if asked is None:
        return not exact and _symmetric_by_type(instance, known)
    if asked and exact:
        raise UsageError("--exact compares states as they are, --symmetry by their orbits: choose one")
    if asked and (why := why_not_symmetric(instance)) is not None:
        raise UsageError(f"{instance.name} cannot be reduced by symmetry: {why}")
    return asked and bool(scalarsets(instance))


def _symmetric_by_type(instance: Instance, known: Known | None) -> bool:
    recalled = None if known is None else known.recall("symmetric by type")
    if recalled is not None:
        return bool(recalled)
    symmetric = symmetric_by_type(instance)
    if known is not None:
        known.remember(symmetric, "symmetric by type")
    return symmetric


def why_not_native() -> str | None:
    """Why the native engine cannot be had; None if it can."""
    try:
        import llvmlite  # noqa: F401
    except ImportError:
        return "llvmlite is not installed (pip install llvmlite)"
    return None
