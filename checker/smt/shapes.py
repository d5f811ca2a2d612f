"""What a domain is in z3: its variables, what is outside it, and how a model is read back.

The variables of a domain have one form: of a set over few values a truth value for each, of other sets and of bags so many
places as there may be members, the filled ones first and different from each other.  What is required of the variables says
that they are a value of the domain, and that is all that `typeok` is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcheck.checker.smt.terms import (
    Truth,
    Variables,
    all_of,
    any_of,
    both,
    count,
    implied,
    less,
    negation,
    number,
    same_number,
    same_truth,
    total,
)
from mcheck.checker.smt.values import (
    Copies,
    Entries,
    Fields,
    Items,
    Kinds,
    Members,
    Option,
    Value,
    as_kinds,
    as_option,
    copies,
    equal,
    key_of,
    lift,
    member,
)
from mcheck.spec import InternalError
from mcheck.spec.bags import make_bag
from mcheck.spec.channels import make_channels
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Optional, Scalarset
from mcheck.spec.domains.scalars import Members as Enumerated
from mcheck.spec.maps import make_map
from mcheck.spec.records import make
from mcheck.spec.sets import plain

_FEW = 64
"""A bounded set or bag over at most so many values has a variable for each value."""

Violation = tuple[Truth, str | None]
"""That something is outside, and the bound that is then charged; None for an error."""

Ask = Callable[[Any], Any]
"""The plain value of a truth value or number in a model."""


def _spelled_out(domain: SetOf | CappedSetOf | BagOf) -> bool:
    return isinstance(domain, SetOf) or domain.member.cardinality <= _FEW


# ---------------------------------------------------------------------- variables


def variables(domain: Domain, name: str, new: Variables) -> Value:
    """A value of the domain that the solver chooses."""
    if isinstance(domain, Bools):
        return new.truth(name)
    if isinstance(domain, IntRange):
        return new.number(name, domain.lo, domain.hi)
    if isinstance(domain, Enumerated | Scalarset):
        return new.number(name, 0, domain.cardinality - 1)
    if isinstance(domain, Optional):
        return Option(new.truth(f"{name}?"), variables(domain.inner, name, new))
    if isinstance(domain, RecordOf):
        return Fields(domain.cls, {f: variables(d, f"{name}.{f}", new) for f, d in domain.fields.items()})
    if isinstance(domain, UnionOf):
        tag = new.number(f"{name}:kind", 0, len(domain.kinds) - 1)
        return Kinds(
            {
                kind.cls: (same_number(tag, number(k)), variables(kind, f"{name}:{kind.cls.__name__}", new))
                for k, kind in enumerate(domain.kinds)
            }
        )
    if isinstance(domain, MapOf | ChannelsOf):
        return Entries(tuple(variables(domain.value, f"{name}[{key!r}]", new) for key in domain.space.keys))
    if isinstance(domain, SequenceOf):
        items = (variables(domain.member, f"{name}[{k}]", new) for k in range(domain.capacity.limit))
        return Items(new.number(f"{name}:length", 0, domain.capacity.limit), tuple(items))
    if isinstance(domain, ProductOf):
        return Items(
            number(len(domain.factors)),
            tuple(variables(d, f"{name}.{k}", new) for k, d in enumerate(domain.factors)),
        )
    if isinstance(domain, SetOf | CappedSetOf):
        return _set_variables(domain, name, new)
    if isinstance(domain, BagOf):
        return _bag_variables(domain, name, new)
    raise InternalError(f"no variables for {domain!r}")


def _members(domain: SetOf | CappedSetOf | BagOf, name: str, new: Variables) -> list[tuple[str, Value]]:
    """(name, value) of everything that may be a member: all values, or places for as many as there may be."""
    if _spelled_out(domain):
        return [(f"{name}:{value!r}", lift(value)) for value in domain.member.values()]
    assert isinstance(domain, CappedSetOf | BagOf)
    places = (f"{name}#{k}" for k in range(domain.capacity.limit))
    return [(place, variables(domain.member, place, new)) for place in places]


def _set_variables(domain: SetOf | CappedSetOf, name: str, new: Variables) -> Members:
    members = [(new.truth(place), value) for place, value in _members(domain, name, new)]
    made = Members({key_of(value): (guard, value) for guard, value in members})
    if _spelled_out(domain):
        if isinstance(domain, CappedSetOf) and len(members) > domain.capacity.limit:
            new.required.append(negation(less(number(domain.capacity.limit), count(g for g, _ in members))))
    else:
        new.required += _filled_in_order(members)
    return made


def _bag_variables(domain: BagOf, name: str, new: Variables) -> Copies:
    most = min(domain.copies.limit, domain.capacity.limit)
    members = [(new.number(place, 0, most), value) for place, value in _members(domain, name, new)]
    if not _spelled_out(domain):
        new.required += _filled_in_order([(less(number(0), n), value) for n, value in members])
    new.required.append(negation(less(number(domain.capacity.limit), total(n for n, _ in members))))
    return Copies({key_of(value): (n, value) for n, value in members})


def _filled_in_order(places: list[tuple[Truth, Value]]) -> Iterator[Truth]:
    """The filled places come first, and no two hold the same."""
    for k, (filled, value) in enumerate(places):
        if k:
            yield implied(filled, places[k - 1][0])
        for _, earlier in places[:k]:
            yield negation(both(filled, equal(earlier, value)))


# ---------------------------------------------------------------------- outside


def violations(value: Value, domain: Domain) -> Iterator[Violation]:
    """What excludes a value from a domain, in the order of `Domain.admit`: the first that is true decides."""
    if isinstance(domain, Optional):
        option = as_option(value)
        if option.value is not None:
            yield from _where(option.present, violations(option.value, domain.inner))
    elif isinstance(value, Option):
        yield negation(value.present), None
        if value.value is not None:
            yield from violations(value.value, domain)
    elif isinstance(domain, IntRange):
        yield less(number(domain.hi), value), domain.high_cut
        yield less(value, number(domain.lo)), domain.low_cut
    elif isinstance(domain, UnionOf):
        for cls, (guard, record) in as_kinds(value).kinds.items():
            kind = domain.by_class.get(cls)
            yield from [(guard, None)] if kind is None else _where(guard, violations(record, kind))
    elif isinstance(domain, RecordOf):
        yield from _outside_record(value, domain)
    elif isinstance(domain, MapOf | ChannelsOf):
        for entry in value.entries:
            yield from violations(entry, domain.value)
    elif isinstance(domain, SequenceOf):
        for k, item in enumerate(value.items):
            yield from _where(value.inside(k), violations(item, domain.member))
        yield less(number(domain.capacity.limit), value.length), domain.capacity.bound
    elif isinstance(domain, SetOf | CappedSetOf):
        for guard, x in value.members.values():
            yield from _where(guard, violations(x, domain.member))
        if isinstance(domain, CappedSetOf):
            size = count(guard for guard, _ in value.members.values())
            yield less(number(domain.capacity.limit), size), domain.capacity.bound
    elif isinstance(domain, BagOf):
        yield from _outside_bag(value, domain)


def _where(guard: Truth, found: Iterator[Violation]) -> Iterator[Violation]:
    if guard is not False:
        yield from ((both(guard, outside), bound) for outside, bound in found)


def _outside_record(value: Value, domain: RecordOf) -> Iterator[Violation]:
    if isinstance(value, Kinds):
        guard, record = value.kinds.get(domain.cls, (False, None))
        yield negation(guard), None
        if record is None:
            return
        value = record
    for name, part in domain.fields.items():
        yield from violations(value.fields[name], part)


def _outside_bag(value: Copies, domain: BagOf) -> Iterator[Violation]:
    for n, x in value.members.values():
        yield from _where(less(number(0), n), violations(x, domain.member))
    numbers = [n for n, _ in value.members.values()]
    yield any_of(less(number(domain.copies.limit), n) for n in numbers), domain.copies.bound
    yield less(number(domain.capacity.limit), total(numbers)), domain.capacity.bound


def outside(value: Value, domain: Domain) -> Truth:
    """Whether a value is outside a domain."""
    return any_of(condition for condition, _ in violations(value, domain))


# ---------------------------------------------------------------------- the value of variables


def defined(variable: Value, value: Value, domain: Domain) -> Truth:
    """That variables of the domain are a value inside it, in the one form in which they are made from it."""
    if variable is value:
        return True
    if isinstance(domain, Optional):
        value = as_option(value)
        if value.value is None:
            return negation(variable.present)
        inner = defined(variable.value, value.value, domain.inner)
        return both(same_truth(variable.present, value.present), implied(value.present, inner))
    if isinstance(value, Option):
        return False if value.value is None else defined(variable, value.value, domain)
    if isinstance(domain, UnionOf):
        kinds = as_kinds(value).kinds
        return all_of(_kind_defined(variable.kinds[k.cls], kinds.get(k.cls), k) for k in domain.kinds)
    if isinstance(domain, RecordOf):
        if isinstance(value, Kinds):
            value = value.kinds[domain.cls][1]
        return all_of(defined(variable.fields[f], value.fields[f], d) for f, d in domain.fields.items())
    if isinstance(domain, MapOf | ChannelsOf):
        pairs = zip(variable.entries, value.entries, strict=True)
        return all_of(defined(x, y, domain.value) for x, y in pairs)
    if isinstance(domain, SequenceOf):
        pairs = zip(variable.items, value.items, strict=False)
        items = (implied(value.inside(k), defined(x, y, domain.member)) for k, (x, y) in enumerate(pairs))
        return both(same_number(variable.length, value.length), all_of(items))
    if isinstance(domain, SetOf | CappedSetOf):
        return _set_defined(variable, value, domain)
    if isinstance(domain, BagOf):
        return _bag_defined(variable, value, domain)
    return equal(variable, value)


def _kind_defined(variable: tuple[Truth, Fields], value: tuple[Truth, Fields] | None, kind: RecordOf) -> Truth:
    if value is None:
        return negation(variable[0])
    return both(same_truth(variable[0], value[0]), implied(value[0], defined(variable[1], value[1], kind)))


def _set_defined(variable: Members, value: Members, domain: SetOf | CappedSetOf) -> Truth:
    if _spelled_out(domain):
        return all_of(same_truth(guard, member(x, value)) for guard, x in variable.members.values())
    places = [(guard, guard, x) for guard, x in variable.members.values()]
    return _filled(places, [(guard, guard, x) for guard, x in value.members.values()], domain.member)


def _bag_defined(variable: Copies, value: Copies, domain: BagOf) -> Truth:
    if _spelled_out(domain):
        return all_of(same_number(n, copies(x, value)) for n, x in variable.members.values())
    places, values = ([(less(number(0), n), n, x) for n, x in bag.members.values()] for bag in (variable, value))
    return _filled(places, values, domain.member)


def _filled(places: list[tuple[Truth, Any, Value]], values: list[tuple[Truth, Any, Value]], domain: Domain) -> Truth:
    """That the places hold the values that there are, in their order, each with its mark."""
    parts: list[Truth] = []
    at: list[Truth] = [True] + [False] * len(places)  # how many values there have been so far
    for there, mark, value in values:
        for k, (_, other, place) in enumerate(places):
            here = both(at[k], there)
            if here is not False:
                parts.append(implied(here, both(equal(other, mark), defined(place, value, domain))))
        at = [any_of((both(at[k], negation(there)), both(at[k - 1], there) if k else False)) for k in range(len(at))]
    for k, (filled, _, _) in enumerate(places):
        parts.append(same_truth(filled, any_of(at[k + 1 :])))
    return all_of(parts)


# ---------------------------------------------------------------------- reading a model


def decoded(value: Value, domain: Domain, ask: Ask) -> Any:
    """The plain value of a domain that a value is in a model."""
    if isinstance(domain, Optional):
        option = as_option(value)
        return decoded(option.value, domain.inner, ask) if ask(option.present) else None
    if isinstance(value, Option):
        return decoded(value.value, domain, ask)
    if isinstance(domain, Bools):
        return bool(ask(value))
    if isinstance(domain, IntRange):
        return ask(value)
    if isinstance(domain, Enumerated | Scalarset):
        return domain.unrank(ask(value))
    if isinstance(domain, UnionOf):
        kinds = as_kinds(value).kinds
        return next(decoded(kinds[k.cls][1], k, ask) for k in domain.kinds if k.cls in kinds and ask(kinds[k.cls][0]))
    if isinstance(domain, RecordOf):
        record = value.kinds[domain.cls][1] if isinstance(value, Kinds) else value
        return make(domain.cls, [decoded(record.fields[f], d, ask) for f, d in domain.fields.items()])
    if isinstance(domain, MapOf):
        return make_map(domain.space, [decoded(x, domain.value, ask) for x in value.entries])
    if isinstance(domain, ChannelsOf):
        return make_channels(domain.space, [decoded(x, domain.value, ask) for x in value.entries])
    if isinstance(domain, SequenceOf):
        return tuple(decoded(x, domain.member, ask) for x in value.items[: ask(value.length)])
    if isinstance(domain, ProductOf):
        return tuple(decoded(x, d, ask) for x, d in zip(value.items, domain.factors, strict=True))
    if isinstance(domain, SetOf | CappedSetOf):
        return plain(decoded(x, domain.member, ask) for guard, x in value.members.values() if ask(guard))
    if isinstance(domain, BagOf):
        pairs = ((x, ask(n)) for n, x in value.members.values())
        return make_bag((decoded(x, domain.member, ask), n) for x, n in pairs if n)
    raise InternalError(f"no value of {domain!r} in a model")
