"""What happens where a value leaves its domain."""

from __future__ import annotations

from abc import ABC, abstractmethod

from mcheck.checker.native.emit import Value


class Boundary(ABC):
    """What happens where a value leaves its domain."""

    @abstractmethod
    def outside(self, condition: Value, bound: str | None) -> None:
        """Where the condition is true: the path is cut by this bound, or (None) is in error."""


class Nowhere(Boundary):
    """The boundary of a value that is known to be inside its domain."""

    def outside(self, condition: Value, bound: str | None) -> None:
        """Never the case."""
