"""Sets, sequences and bags."""

from __future__ import annotations

import ast
import random
from math import comb
from typing import Any, NoReturn

from mcheck.spec.bags import Bag, counts_of, make_bag
from mcheck.spec.domains.base import Domain, Renaming
from mcheck.spec.errors import Cut, DomainError
from mcheck.spec.sets import Set, plain

_MEMO_LIMIT = 1 << 16


class Capacity:
    """A limit on size: a number, and the bound that is charged when it is exceeded (None: exceeding it is an error)."""

    def __init__(self, limit: int, bound: str | None) -> None:
        self.limit, self.bound = limit, bound

    def exceeded(self, what: str, size: int) -> NoReturn:
        """Cut, or DomainError where the limit is not a bound."""
        if self.bound is not None:
            raise Cut(self.bound)
        raise DomainError(f"{what} of {size} where at most {self.limit} fit")


class _Known:
    """Remembers members that were admitted before: most messages are met again and again."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.seen: set[Any] = set()

    def admit(self, member: Any) -> None:
        if member in self.seen:
            return
        self.domain.admit(member)
        if len(self.seen) >= _MEMO_LIMIT:
            self.seen.clear()
        self.seen.add(member)


class SetOf(Domain):
    """All subsets of a small universe, ranked as bit masks: bit k is the member of rank k."""

    LARGEST_UNIVERSE = 4096

    def __init__(self, member: Domain) -> None:
        self.member = member
        self.cardinality = 1 << member.cardinality
        self._known = _Known(member)

    def rank(self, value: Any) -> int:
        mask = 0
        for x in frozenset.__iter__(value):
            mask |= 1 << self.member.rank(x)
        return mask

    def unrank(self, number: int) -> Any:
        members = []
        while number:
            low = number & -number
            members.append(self.member.unrank(low.bit_length() - 1))
            number ^= low
        return plain(members)

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not Set:
            self.refuse(value)
        for x in frozenset.__sub__(value, old) if type(old) is Set else frozenset.__iter__(value):
            self._known.admit(x)

    def random(self, rng: random.Random) -> Any:
        density = rng.random()
        universe = self.member.cardinality
        if universe <= 64:
            return plain(self.member.unrank(k) for k in range(universe) if rng.random() < density)
        return plain(self.member.random(rng) for _ in range(int(density * 24)))

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return plain(self.member.rename(x, renaming) for x in frozenset.__iter__(value))

    def decode(self, node: ast.expr) -> Any:
        return plain(map(self.member.decode, _elements(self, node)))

    def describe(self) -> str:
        return f"a Set, each member {self.member.describe()}"

    def parts(self) -> tuple[Domain, ...]:
        return (self.member,)


def _elements(domain: Domain, node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Set):
        return node.elts
    if isinstance(node, ast.Dict) and not node.keys:
        return []
    domain.misread(node)


class _Selections:
    """Numbers the multisets over `universe` ranks with at most `capacity` members and `copies` of each.

    Ordered by size, then by their largest member.  Sums of closed forms, so that it works for universes of any size.
    """

    def __init__(self, universe: int, capacity: int, copies: int) -> None:
        self.universe, self.capacity, self.copies = universe, capacity, copies
        self.cardinality = sum(self.number(universe, k) for k in range(capacity + 1))

    def number(self, universe: int, size: int) -> int:
        """How many multisets of exactly `size` there are: inclusion and exclusion over members taken too often."""
        if size == 0:
            return 1
        if universe == 0 or size < 0:
            return 0
        if self.copies == 1:
            return comb(universe, size)
        step = self.copies + 1
        return sum(
            (-1) ** j * comb(universe, j) * comb(universe + size - j * step - 1, universe - 1)
            for j in range(min(universe, size // step) + 1)
        )

    def rank(self, counts: list[tuple[int, int]]) -> int:
        """The number of the multiset given as (rank, copies)."""
        size = sum(n for _, n in counts)
        total = sum(self.number(self.universe, k) for k in range(size))
        for top, copies in sorted(counts, reverse=True):
            total += self.number(top, size)
            total += sum(self.number(top, size - c) for c in range(1, copies))
            size -= copies
        return total

    def unrank(self, number: int) -> list[tuple[int, int]]:
        """The multiset of that number, as (rank, copies)."""
        size = 0
        while number >= (block := self.number(self.universe, size)):
            number -= block
            size += 1
        counts = []
        while size:
            low, high = 0, self.universe - 1
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if self.number(middle, size) <= number else (low, middle - 1)
            number -= self.number(low, size)
            copies = 1
            while number >= (block := self.number(low, size - copies)):
                number -= block
                copies += 1
            counts.append((low, copies))
            size -= copies
        return counts


class CappedSetOf(Domain):
    """The subsets of a universe of any size that have at most `capacity` members: a network of messages."""

    def __init__(self, member: Domain, capacity: Capacity) -> None:
        self.member, self.capacity = member, capacity
        self._selections = _Selections(member.cardinality, capacity.limit, 1)
        self.cardinality = self._selections.cardinality
        self._known = _Known(member)

    def rank(self, value: Any) -> int:
        return self._selections.rank([(self.member.rank(x), 1) for x in frozenset.__iter__(value)])

    def unrank(self, number: int) -> Any:
        return plain(self.member.unrank(k) for k, _ in self._selections.unrank(number))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not Set:
            self.refuse(value)
        for x in frozenset.__sub__(value, old) if type(old) is Set else frozenset.__iter__(value):
            self._known.admit(x)
        if len(value) > self.capacity.limit:
            self.capacity.exceeded("a set", len(value))

    def random(self, rng: random.Random) -> Any:
        return plain(self.member.random(rng) for _ in range(rng.randint(0, self.capacity.limit)))

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return plain(self.member.rename(x, renaming) for x in frozenset.__iter__(value))

    def decode(self, node: ast.expr) -> Any:
        return plain(map(self.member.decode, _elements(self, node)))

    def describe(self) -> str:
        return f"a Set of at most {self.capacity.limit}, each member {self.member.describe()}"

    def parts(self) -> tuple[Domain, ...]:
        return (self.member,)


class BagOf(Domain):
    """Multisets of at most `capacity` members, copies included, and at most `copies` of each."""

    def __init__(self, member: Domain, capacity: Capacity, copies: Capacity) -> None:
        self.member, self.capacity, self.copies = member, capacity, copies
        self._selections = _Selections(member.cardinality, capacity.limit, copies.limit)
        self.cardinality = self._selections.cardinality
        self._known = _Known(member)

    def rank(self, value: Any) -> int:
        return self._selections.rank([(self.member.rank(x), n) for x, n in counts_of(value)])

    def unrank(self, number: int) -> Any:
        return make_bag((self.member.unrank(k), n) for k, n in self._selections.unrank(number))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not Bag:
            self.refuse(value)
        size = most = 0
        for x, copies in counts_of(value):
            self._known.admit(x)
            size += copies
            most = max(most, copies)
        if most > self.copies.limit:
            self.copies.exceeded("copies", most)
        if size > self.capacity.limit:
            self.capacity.exceeded("a bag", size)

    def random(self, rng: random.Random) -> Any:
        bag: Bag[Any] = Bag()
        for _ in range(rng.randint(0, self.capacity.limit)):
            member = self.member.random(rng)
            if bag.count(member) < self.copies.limit:
                bag = bag.add(member)
        return bag

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return make_bag((self.member.rename(x, renaming), n) for x, n in counts_of(value))

    def decode(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Dict):
            self.misread(node)
        pairs = []
        for member, copies in zip(node.keys, node.values, strict=True):
            if member is None or not isinstance(copies, ast.Constant) or type(copies.value) is not int:
                self.misread(node)
            pairs.append((self.member.decode(member), copies.value))
        return make_bag(pairs)

    def describe(self) -> str:
        return f"a Bag of at most {self.capacity.limit}, each member {self.member.describe()}"

    def parts(self) -> tuple[Domain, ...]:
        return (self.member,)


class SequenceOf(Domain):
    """Tuples of at most `capacity` members, ranked by length and then lexicographically."""

    def __init__(self, member: Domain, capacity: Capacity, unit: str | None = None) -> None:
        self.member, self.capacity, self.unit = member, capacity, unit
        self.cardinality = sum(member.cardinality**k for k in range(capacity.limit + 1))

    def rank(self, value: Any) -> int:
        number = 0
        for x in value:
            number = number * self.member.cardinality + self.member.rank(x)
        shorter: int = sum(self.member.cardinality**k for k in range(len(value)))
        return number + shorter

    def unrank(self, number: int) -> Any:
        length = 0
        while number >= (block := self.member.cardinality**length):
            number -= block
            length += 1
        digits = []
        for _ in range(length):
            number, digit = divmod(number, self.member.cardinality)
            digits.append(self.member.unrank(digit))
        return tuple(reversed(digits))

    def admit(self, value: Any, old: Any = None) -> None:
        if type(value) is not tuple:
            self.refuse(value)
        for position, x in enumerate(value):
            if type(old) is tuple and position < len(old) and x is old[position] and x is not None:
                continue
            try:
                self.member.admit(x)
            except DomainError as error:
                raise error.within(f"[{position}]") from None
        if len(value) > self.capacity.limit:
            self.capacity.exceeded("a sequence", len(value))

    def random(self, rng: random.Random) -> Any:
        return tuple(self.member.random(rng) for _ in range(rng.randint(0, self.capacity.limit)))

    def rename(self, value: Any, renaming: Renaming) -> Any:
        return tuple(self.member.rename(x, renaming) for x in value)

    def decode(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Tuple):
            self.misread(node)
        return tuple(map(self.member.decode, node.elts))

    def describe(self) -> str:
        return f"a tuple of at most {self.capacity.limit}, each member {self.member.describe()}"

    def parts(self) -> tuple[Domain, ...]:
        return (self.member,)
