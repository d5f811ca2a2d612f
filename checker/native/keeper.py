"""The keeper of a running search: writes its checkpoints, and takes up where one left off."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mcheck.checker.native import snapshot
from mcheck.checker.native.checkpoint import Checkpoints, Stored
from mcheck.checker.native.search import NativeSearch
from mcheck.spec import Instance


class Keeper:
    """Called by the search at moments that can be written down.  `seconds`: how long the search has taken."""

    def __init__(
        self, checkpoints: Checkpoints, native: NativeSearch, identity: dict[str, Any], seconds: Callable[[], float]
    ) -> None:
        self.checkpoints, self.native, self.identity, self.seconds = checkpoints, native, identity, seconds

    def __call__(self, now: bool) -> None:
        """Write a checkpoint if it is time for one, or `now`."""
        if now or self.checkpoints.due():
            facts = {**snapshot.facts(self.native), "seconds": self.seconds()}
            self.checkpoints.save(self.identity, facts, snapshot.sections(self.native))

    def finish(self) -> None:
        """The search was stopped: write down how far it came, if that can be said."""
        if self.native.whole and self.native.levels:
            self(True)

    def resume(self) -> float:
        """Put the search where its checkpoint left it, if it has one; how many seconds it had taken.  UsageError."""
        if self.checkpoints.source is None:
            return 0.0
        stored = Stored(self.checkpoints.source)
        try:
            stored.require(self.identity)
            snapshot.restore(self.native, stored.head.facts, stored.fill)
        finally:
            stored.close()
        return float(stored.head.facts["seconds"])


def identity_of(instance: Instance, program: str, initial: Iterable[Sequence[int]], **asked: Any) -> dict[str, Any]:
    """Everything that decides what a search finds, by the names that a refusal shows."""
    cls = type(instance.spec)
    rows = hashlib.sha256()
    for row in initial:
        rows.update(array("Q", row).tobytes())
    return {
        "mcheck version": _version(),
        "specification": cls.__qualname__,
        **{name.replace("_", " "): value for name, value in (instance.constants | instance.bounds).items()},
        **asked,
        "initial states": rows.hexdigest(),
        "compiled program": program,
    }


def _version() -> str:
    try:
        return version("mcheck-protocols")
    except PackageNotFoundError:  # run from its sources
        return "unknown"
