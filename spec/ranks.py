"""Ranks: where ballots, terms and their like occur in a value, and the value in which only their order is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mcheck.spec.bags import counts_of, make_bag
from mcheck.spec.channels import make_channels
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf, stored
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.spec.maps import make_map
from mcheck.spec.records import make
from mcheck.spec.sets import plain

Images = Mapping[str, Callable[[int], int]]
"""By the bound that limits ranks: what takes the place of one."""


class Ranks:
    """The ranks in values of any domain.  `least`: by the bound that limits them, the integer that stands for `none yet`."""

    def __init__(self, least: Mapping[str, int]) -> None:
        self.least = least
        self._bears: dict[Domain, bool] = {}

    def bears(self, domain: Domain) -> bool:
        """Whether values of the domain can have ranks in them."""
        known = self._bears.get(domain)
        if known is None:
            here = isinstance(domain, IntRange) and domain.unit in self.least
            known = self._bears[domain] = here or any(map(self.bears, domain.parts()))
        return known

    def places(self, domain: Domain, unit: str) -> int | None:
        """How many different ranks a value of the domain can have in it at most; None if only their own bound says so."""
        if isinstance(domain, IntRange):
            return int(domain.unit == unit)
        parts = [self.places(part, unit) for part in domain.parts()]
        if not any(n != 0 for n in parts):
            return 0
        if None in parts or isinstance(domain, SetOf):
            return None
        found = [n for n in parts if n is not None]
        if isinstance(domain, UnionOf):
            return max(found)
        if isinstance(domain, MapOf | ChannelsOf):
            return found[1] * len(domain.space.keys)
        if isinstance(domain, SequenceOf | CappedSetOf | BagOf):
            return found[0] * domain.capacity.limit
        return sum(found)

    def occurring(self, domain: Domain, value: Any) -> Iterator[tuple[str, int]]:
        """(bound, rank) for each rank in a value, `none yet` included."""
        if value is None or not self.bears(domain):
            return
        if isinstance(domain, IntRange):
            yield domain.unit or "", value
        elif isinstance(domain, Optional):
            yield from self.occurring(domain.inner, value)
        elif isinstance(domain, UnionOf):
            yield from self.occurring(domain.by_class[type(value)], value)
        else:
            for part, inside in _inside(domain, value):
                yield from self.occurring(part, inside)

    def renamed(self, domain: Domain, value: Any, images: Images) -> Any:
        """The value with its ranks replaced by their images."""
        if value is None or not self.bears(domain):
            return value
        if isinstance(domain, IntRange):
            return images[domain.unit or ""](value)
        if isinstance(domain, Optional):
            return self.renamed(domain.inner, value, images)
        if isinstance(domain, UnionOf):
            return self.renamed(domain.by_class[type(value)], value, images)
        if isinstance(domain, BagOf):
            return make_bag((self.renamed(domain.member, member, images), n) for member, n in counts_of(value))
        made = [self.renamed(part, inside, images) for part, inside in _inside(domain, value)]
        if isinstance(domain, RecordOf):
            return make(domain.cls, made)
        if isinstance(domain, MapOf | ChannelsOf):
            return (make_map if isinstance(domain, MapOf) else make_channels)(domain.space, made)
        return plain(made) if isinstance(domain, SetOf | CappedSetOf) else tuple(made)

    def compressed(self, domain: Domain, value: Any) -> Any:
        """The value with the smallest ranks that are ordered as its own are."""
        met: dict[str, set[int]] = {unit: {least} for unit, least in self.least.items()}
        for unit, rank in self.occurring(domain, value):
            met[unit].add(rank)
        images = {
            unit: dict(zip(sorted(met[unit]), range(least, least + len(met[unit])), strict=True))
            for unit, least in self.least.items()
        }
        return self.renamed(domain, value, {unit: image.__getitem__ for unit, image in images.items()})


def _inside(domain: Domain, value: Any) -> Iterator[tuple[Domain, Any]]:
    """What a value is made of, each with its domain."""
    if isinstance(domain, RecordOf):
        _, *fields = stored(value)
        yield from zip(domain.domains, fields, strict=True)
    elif isinstance(domain, MapOf | ChannelsOf):
        _, *values = stored(value)
        yield from ((domain.value, part) for part in values)
    elif isinstance(domain, ProductOf):
        yield from zip(domain.factors, value, strict=True)
    elif isinstance(domain, BagOf):
        yield from ((domain.member, member) for member, _ in counts_of(value))
    else:
        assert isinstance(domain, SetOf | CappedSetOf | SequenceOf)
        members = frozenset.__iter__(value) if isinstance(value, frozenset) else iter(value)
        yield from ((domain.member, member) for member in members)
