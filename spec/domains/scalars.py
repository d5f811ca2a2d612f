"""The domains without parts: integers, truth values, enums, scalarsets; and Optional, which adds None to another."""

from __future__ import annotations

import ast
import random
from enum import Enum
from typing import Any

from mcheck.spec.domains.base import Domain, Renaming
from mcheck.spec.errors import Cut, DomainError
from mcheck.spec.indexes import IndexType


class IntRange(Domain):
    """The integers lo..hi.  `unit` names the quantity (the bound's name); `low_cut` / `high_cut` name the bounds that cut."""

    def __init__(
        self, lo: int, hi: int, unit: str | None = None, low_cut: str | None = None, high_cut: str | None = None
    ) -> None:
        self.lo, self.hi, self.unit, self.low_cut, self.high_cut = lo, hi, unit, low_cut, high_cut
        self.cardinality = hi - lo + 1

    def rank(self, value: Any) -> int:
        return int(value) - self.lo

    def unrank(self, number: int) -> int:
        return self.lo + number

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not int:
            self.refuse(value)
        if value > self.hi:
            if self.high_cut is not None:
                raise Cut(self.high_cut)
            raise DomainError(f"{value} is outside {self.lo}..{self.hi}")
        if value < self.lo:
            if self.low_cut is not None:
                raise Cut(self.low_cut)
            raise DomainError(f"{value} is outside {self.lo}..{self.hi}")

    def random(self, rng: random.Random) -> int:
        return rng.randint(self.lo, self.hi)

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return value

    def decode(self, node: ast.expr) -> int:
        try:
            value = ast.literal_eval(node)
        except ValueError:
            self.misread(node)
        if type(value) is not int or not self.lo <= value <= self.hi:
            self.misread(node)
        return value

    def describe(self) -> str:
        return f"an int {self.lo}..{self.hi}"


class Bools(Domain):
    """False, True."""

    cardinality = 2

    def rank(self, value: Any) -> int:
        return int(value)

    def unrank(self, number: int) -> bool:
        return bool(number)

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not bool:
            self.refuse(value)

    def random(self, rng: random.Random) -> bool:
        return rng.random() < 0.5

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return value

    def decode(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant) and type(node.value) is bool:
            return node.value
        self.misread(node)

    def describe(self) -> str:
        return "a bool"


class Members(Domain):
    """The members of an enum, in the order of their declaration."""

    def __init__(self, cls: type[Enum]) -> None:
        self.cls = cls
        self.members = tuple(cls)
        self.positions = {member: k for k, member in enumerate(self.members)}
        self.cardinality = len(self.members)

    def rank(self, value: Any) -> int:
        return self.positions[value]

    def unrank(self, number: int) -> Enum:
        return self.members[number]

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not self.cls:
            self.refuse(value)

    def random(self, rng: random.Random) -> Enum:
        return rng.choice(self.members)

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return value

    def decode(self, node: ast.expr) -> Enum:
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None
        if name is None or name not in self.cls.__members__:
            self.misread(node)
        return self.cls[name]

    def describe(self) -> str:
        return f"a {self.cls.__name__} ({', '.join(m.name for m in self.members)})"


class Scalarset(Domain):
    """The members of an Index: interchangeable, told apart by == only."""

    def __init__(self, cls: IndexType, size: int) -> None:
        self.cls, self.cardinality = cls, size

    def rank(self, value: Any) -> int:
        return value._ordinal  # type: ignore[no-any-return]

    def unrank(self, number: int) -> Any:
        return self.cls.member(number)

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not self.cls or value._ordinal >= self.cardinality:
            self.refuse(value)

    def random(self, rng: random.Random) -> Any:
        return self.cls.member(rng.randrange(self.cardinality))

    def rename(self, value: Any, renaming: Renaming) -> Any:
        images = renaming.get(self.cls)
        return value if images is None else images[value._ordinal]

    def decode(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Call) and len(node.args) == 1:
            node = node.args[0]
        if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < self.cardinality:
            return self.cls.member(node.value)
        self.misread(node)

    def describe(self) -> str:
        return f"a {self.cls.__name__} 0..{self.cardinality - 1}"

    def indexes(self) -> frozenset[IndexType]:
        return frozenset((self.cls,))


class Optional(Domain):
    """None, or a value of `inner`."""

    def __init__(self, inner: Domain) -> None:
        self.inner = inner
        self.cardinality = inner.cardinality + 1

    def rank(self, value: Any) -> int:
        return 0 if value is None else 1 + self.inner.rank(value)

    def unrank(self, number: int) -> Any:
        return None if number == 0 else self.inner.unrank(number - 1)

    def admit(self, value: Any, old: Any = None) -> None:
        if value is not None:
            self.inner.admit(value, old)

    def random(self, rng: random.Random) -> Any:
        return None if rng.random() < 0.4 else self.inner.random(rng)

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return None if value is None else self.inner.rename(value, renaming)

    def decode(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and node.value is None:
            return None
        return self.inner.decode(node)

    def describe(self) -> str:
        return f"{self.inner.describe()} or None"

    def parts(self) -> tuple[Domain, ...]:
        return (self.inner,)
