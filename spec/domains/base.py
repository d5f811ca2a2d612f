"""Domain: a finite set of values that a field or a parameter may take, resolved for one instance."""

from __future__ import annotations

import ast
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from mcheck.spec.errors import DomainError, UsageError
from mcheck.spec.indexes import IndexType

Renaming = Mapping[IndexType, tuple[Any, ...]]
"""For each scalarset, the member that takes the place of member k."""


class Domain(ABC):
    """A finite set of values.

    `cardinality` is exact (a Python integer, however large); `rank` numbers the values 0 .. cardinality-1 densely, which
    is what sets, map keys, parameter tables and packed states share.
    """

    cardinality: int

    @abstractmethod
    def rank(self, value: Any) -> int:
        """The number of `value`, which must belong to the domain."""

    @abstractmethod
    def unrank(self, number: int) -> Any:
        """The value whose rank is `number`, 0 <= number < cardinality."""

    @abstractmethod
    def admit(self, value: Any, old: Any = None) -> None:
        """Return if `value` belongs here.  Cut where a bound excludes it, DomainError where anything else does.

        `old` is a value known to belong: whatever `value` shares with it is not looked at again.  The first violation in
        declaration order decides, in every engine.
        """

    @abstractmethod
    def random(self, rng: random.Random) -> Any:
        """A random member: every one is possible, and sizes (of sets, sequences) are spread evenly."""

    @abstractmethod
    def rename(self, value: Any, renaming: Renaming) -> Any:
        """`value` with the members of scalarsets renamed."""

    @abstractmethod
    def decode(self, node: ast.expr) -> Any:
        """The value that `text` wrote as this expression.  UsageError where it is none of this domain."""

    @abstractmethod
    def describe(self) -> str:
        """What a value must be, for messages: `a Node 0..2`."""

    def indexes(self) -> frozenset[IndexType]:
        """The scalarsets whose members occur in values of this domain."""
        return frozenset().union(*(part.indexes() for part in self.parts()))

    def parts(self) -> tuple[Domain, ...]:
        """The domains that this one is made of."""
        return ()

    def values(self) -> Iterator[Any]:
        """All values in rank order."""
        return map(self.unrank, range(self.cardinality))

    def contains(self, value: Any) -> bool:
        """Whether `value` belongs here, bounds included."""
        from mcheck.spec.errors import Cut

        try:
            self.admit(value)
        except (DomainError, Cut):
            return False
        return True

    def refuse(self, value: Any) -> NoReturn:
        """DomainError: this is no value of mine."""
        raise DomainError(f"expected {self.describe()}, got {shown(value)}")

    def misread(self, node: ast.expr) -> NoReturn:
        """UsageError: this text is no value of mine."""
        raise UsageError(f"expected {self.describe()}, got {ast.unparse(node)}")

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


def shown(value: object) -> str:
    """The value in a message: short, and with its type where the text alone would mislead."""
    written = repr(value)
    if len(written) > 80:
        written = written[:77] + "..."
    return (
        written
        if type(value).__module__ == "builtins" and not isinstance(value, type)
        else f"{type(value).__name__} {written}"
        if not written.startswith(type(value).__name__)
        else written
    )


def call_name(node: ast.expr) -> str | None:
    """`Vote` for the expression `Vote(...)`."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
