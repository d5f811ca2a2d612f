"""Bounds: the states that mcheck explores, as a constraint, and what every one of them is, as an invariant.

A limit that names a bound cuts the search: TLC's CONSTRAINT.  Any other limit is part of the type.
"""

from __future__ import annotations

from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, Capacity, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange, Optional
from mcheck.tla.expressions import dotted, indexed, short_name
from mcheck.tla.layout import IMPLICATION, RELATION, Doc, atom, bracketed, called, infix, junction, quantified, ranging
from mcheck.tla.naming import string_text
from mcheck.tla.vocabulary import Vocabulary


class Limits:
    """The conditions that the limits of a domain put on its values: those of bounds, or all the others on sizes."""

    def __init__(self, words: Vocabulary, of_bounds: bool) -> None:
        self.words, self.of_bounds = words, of_bounds
        self._locals: list[str] = []

    def variables(self) -> list[Doc]:
        """The conditions on the variables."""
        fields = self.words.instance.state_domain.fields.items()
        return [c for name, domain in fields for c in self.conditions(atom(self.words.variables[name]), domain)]

    def conditions(self, value: Doc, domain: Domain) -> list[Doc]:
        """The conditions on one value."""
        if isinstance(domain, IntRange):
            return self._numbers(value, domain)
        if isinstance(domain, Optional):
            return self._where(self._is_none(value, "#"), self.conditions(value, domain.inner))
        if isinstance(domain, RecordOf):
            return [c for name, part in domain.fields.items() for c in self.conditions(dotted(value, name), part)]
        if isinstance(domain, UnionOf):
            return self._kinds(value, domain)
        if isinstance(domain, MapOf):
            return self._each(
                domain.keys, self.words.domain(domain.keys), lambda key: indexed(value, [key]), domain.value
            )
        if isinstance(domain, ChannelsOf):
            pairs = self.words.pairs(domain.space.keys)
            return self._each(domain.keys, pairs, lambda key: indexed(value, [key]), domain.value)
        return self._collection(value, domain)

    def _numbers(self, value: Doc, domain: IntRange) -> list[Doc]:
        found = []
        if self.of_bounds and domain.low_cut is not None:
            found.append(infix(">=", value, self.words.limit(domain, high=False), RELATION))
        if self.of_bounds and domain.high_cut is not None:
            found.append(infix("<=", value, self.words.limit(domain, high=True), RELATION))
        return found

    def _kinds(self, value: Doc, domain: UnionOf) -> list[Doc]:
        """The conditions on a value of several kinds, each once, with the kinds that it is about."""
        about: dict[str, tuple[Doc, list[str]]] = {}
        for kind in domain.kinds:
            for condition in self.conditions(value, kind):
                about.setdefault(condition.flat, (condition, []))[1].append(kind.cls.__name__)
        found = []
        for condition, kinds in about.values():
            tag = dotted(value, self.words.tag)
            names = [atom(string_text(k)) for k in kinds]
            if len(kinds) == len(domain.kinds):
                found.append(condition)
            elif len(kinds) == 1:
                found += self._where(infix("=", tag, names[0], RELATION), [condition])
            else:
                found += self._where(infix("\\in", tag, bracketed("{", names, "}"), RELATION), [condition])
        return found

    def _collection(self, value: Doc, domain: Domain) -> list[Doc]:
        if isinstance(domain, SetOf | CappedSetOf):
            found = self._each(domain.member, value, lambda x: x, domain.member)
            if isinstance(domain, CappedSetOf):
                self._size(found, "FiniteSets", called("Cardinality", [value]), domain.capacity)
            return found
        if isinstance(domain, SequenceOf):
            positions = Doc(f"DOMAIN {value.flat}", 9)
            found = self._each(IntRange(1, 1), positions, lambda k: indexed(value, [k]), domain.member)
            self._size(found, "Sequences", called("Len", [value]), domain.capacity)
            return found
        if isinstance(domain, BagOf):
            return self._bag(value, domain)
        return []

    def _bag(self, value: Doc, domain: BagOf) -> list[Doc]:
        members = called("BagToSet", [value])
        found = self._each(domain.member, members, lambda x: x, domain.member)
        if domain.copies.limit < domain.capacity.limit:
            name = self._local(domain.member)
            copies: list[Doc] = []
            self._size(copies, "Bags", called("CopiesIn", [atom(name), value]), domain.copies)
            found += [quantified(ranging("\\A ", name, members), c) for c in copies]
        self._size(found, "Bags", called("BagCardinality", [value]), domain.capacity)
        return found

    def _size(self, found: list[Doc], module: str, size: Doc, capacity: Capacity) -> None:
        if (capacity.bound is not None) is self.of_bounds:
            self.words.modules.add(module)
            found.append(infix("<=", size, self.words.bound(capacity.bound, capacity.limit), RELATION))

    def _each(self, keys: Domain, over: Doc, part: object, domain: Domain) -> list[Doc]:
        """The conditions on every part, under one quantifier."""
        name = self._local(keys)
        self._locals.append(name)
        conditions = self.conditions(part(atom(name)), domain)  # type: ignore[operator]
        self._locals.pop()
        if not conditions:
            return []
        if isinstance(keys, IntRange) and over.flat.startswith("BagToSet"):
            self.words.modules.add("Bags")
        return [quantified(ranging("\\A ", name, over), junction("/\\", conditions))]

    def _where(self, premise: Doc, conditions: list[Doc]) -> list[Doc]:
        return [infix("=>", premise, junction("/\\", conditions), IMPLICATION)] if conditions else []

    def _is_none(self, value: Doc, relation: str) -> Doc:
        self.words.uses_none = True
        return infix(relation, value, atom(self.words.none), RELATION)

    def _local(self, domain: Domain) -> str:
        return self.words.names.local("p" if isinstance(domain, ProductOf) else short_name(domain), self._locals)


def type_conditions(words: Vocabulary) -> list[Doc]:
    """That each variable has a value of its type."""
    found = []
    for name, domain in words.instance.state_domain.fields.items():
        variable = atom(words.variables[name])
        if isinstance(domain, BagOf):
            words.modules.add("Bags")
            found.append(called("IsABag", [variable]))
            found.append(infix("\\subseteq", called("BagToSet", [variable]), words.domain(domain.member), RELATION))
        elif isinstance(domain, SetOf | CappedSetOf):
            found.append(infix("\\subseteq", variable, words.domain(domain.member), RELATION))
        elif not _holds_bag(domain):
            found.append(infix("\\in", variable, words.domain(domain), RELATION))
    return [*found, *Limits(words, of_bounds=False).variables()]


def _holds_bag(domain: Domain) -> bool:
    return isinstance(domain, BagOf) or any(map(_holds_bag, domain.parts()))
