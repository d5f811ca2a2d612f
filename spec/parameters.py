"""What the parameters of actions and properties range over."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from itertools import islice, product
from math import prod
from typing import Any

from mcheck.spec.annotations import In, OneOf, Where
from mcheck.spec.bags import Bag
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.resolve import Resolver, hints_of
from mcheck.spec.errors import DomainError, SpecError
from mcheck.spec.order import order_key
from mcheck.spec.sets import sorted_members

LARGEST_TABLE = 1 << 17


class Parameter:
    """One quantified parameter: its domain, and the values it takes in a state."""

    def __init__(self, name: str, domain: Domain) -> None:
        self.name, self.domain = name, domain

    def values(self, state: Any) -> tuple[Any, ...]:
        """The values it ranges over in `state`, in a fixed order."""
        raise NotImplementedError


class TableParameter(Parameter):
    """Ranges over the same values in every state."""

    def __init__(self, name: str, domain: Domain, table: tuple[Any, ...], whole: bool) -> None:
        super().__init__(name, domain)
        self.table = table
        self.whole = whole
        """Whether the table is the whole domain in rank order."""

    def values(self, state: Any) -> tuple[Any, ...]:
        return self.table


class MemberParameter(Parameter):
    """Ranges over the members of a field of the state, those of the wanted kinds."""

    def __init__(self, name: str, domain: Domain, field: str, kinds: tuple[type, ...] | None) -> None:
        super().__init__(name, domain)
        self.field, self.kinds = field, kinds

    def values(self, state: Any) -> tuple[Any, ...]:
        held = getattr(state, self.field)
        if type(held) is Bag:
            members = tuple(held)
        elif type(held) is tuple:
            members = tuple(sorted(set(held), key=order_key))
        else:
            members = sorted_members(held)
        kinds = self.kinds
        return members if kinds is None else tuple(m for m in members if type(m) in kinds)


class Signature:
    """The parameters of one action or property, after `self` and the states."""

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self.parameters = parameters
        self.names = tuple(p.name for p in parameters)
        self._fixed: tuple[tuple[Any, ...], ...] | None = None
        tables = [p.table for p in parameters if isinstance(p, TableParameter)]
        if len(tables) == len(parameters) and prod(map(len, tables)) <= LARGEST_TABLE:
            self._fixed = tuple(product(*(p.values(None) for p in parameters)))

    def arguments(self, state: Any) -> Iterator[tuple[Any, ...]]:
        """Every combination of arguments in `state`, the last parameter varying fastest."""
        if self._fixed is not None:
            return iter(self._fixed)
        return product(*(p.values(state) for p in self.parameters))


def signature_of(
    title: str, function: Callable[..., Any], state: RecordOf, states: int, resolver: Resolver, spec: Any
) -> Signature:
    """The parameters of a method that takes `self` and then `states` states.  SpecError where one has no range."""
    names = list(inspect.signature(function).parameters)[1 + states :]
    hints = hints_of(function)
    parameters = []
    for name in names:
        if name not in hints:
            raise SpecError(f"{title}: parameter {name} needs an annotation: it says what the parameter ranges over")
        parameters.append(_parameter(f"{title}: parameter {name}", name, hints[name], state, resolver, spec))
    return Signature(tuple(parameters))


def _parameter(where: str, name: str, annotation: Any, state: RecordOf, resolver: Resolver, spec: Any) -> Parameter:
    base = annotation
    marks: tuple[In | OneOf | Where, ...] = ()
    if typing.get_origin(annotation) is typing.Annotated:
        base, *rest = typing.get_args(annotation)
        marks = tuple(m for m in rest if isinstance(m, In | OneOf | Where))
        if marks:
            kept = [m for m in rest if m not in marks]
            base = typing.Annotated[(base, *kept)] if kept else base
    if len(marks) > 1:
        raise SpecError(f"{where}: one of In, OneOf and Where, not {len(marks)} of them")
    if not marks:
        return _whole(where, name, resolver.domain(annotation, where))
    mark = marks[0]
    if isinstance(mark, In):
        return _member(where, name, base, mark, state, resolver)
    domain = resolver.domain(base, where)
    if isinstance(mark, OneOf):
        table = _listed(where, mark, spec)
    else:
        table = tuple(v for v in _whole(where, name, domain).table if _chosen(where, mark, spec, v))
    for value in table:
        try:
            domain.admit(value)
        except DomainError as error:
            raise error.within(where) from None
    return TableParameter(name, domain, table, whole=False)


def _whole(where: str, name: str, domain: Domain) -> TableParameter:
    if domain.cardinality > LARGEST_TABLE:
        raise SpecError(f"{where} ranges over {domain.cardinality:,} values: restrict it with In, OneOf or Where")
    return TableParameter(name, domain, tuple(domain.values()), whole=True)


def _listed(where: str, mark: OneOf, spec: Any) -> tuple[Any, ...]:
    source = getattr(spec, mark.source, None)
    if source is None:
        raise SpecError(
            f'{where}: OneOf("{mark.source}"): {type(spec).__name__} has no method or attribute of that name'
        )
    listed: Any = source() if callable(source) else source
    table = tuple(islice(listed, LARGEST_TABLE + 1))
    if len(table) > LARGEST_TABLE:
        raise SpecError(f'{where}: OneOf("{mark.source}") lists more than {LARGEST_TABLE:,} values')
    if len(set(table)) != len(table):
        raise SpecError(f'{where}: OneOf("{mark.source}") lists a value twice')
    return table


def _chosen(where: str, mark: Where, spec: Any, value: Any) -> bool:
    predicate = getattr(spec, mark.predicate, None)
    if not callable(predicate):
        raise SpecError(f'{where}: Where("{mark.predicate}"): {type(spec).__name__} has no method of that name')
    answer = predicate(value)
    if type(answer) is not bool:
        raise SpecError(f'{where}: Where("{mark.predicate}"): the method must return a bool (got {answer!r})')
    return answer


def _member(where: str, name: str, base: Any, mark: In, state: RecordOf, resolver: Resolver) -> MemberParameter:
    held = state.fields.get(mark.field)
    if held is None:
        raise SpecError(
            f'{where}: In("{mark.field}"): the state has no field of that name; it has {", ".join(state.fields)}'
        )
    if not isinstance(held, SetOf | CappedSetOf | BagOf | SequenceOf):
        raise SpecError(f'{where}: In("{mark.field}"): that field is {held.describe()}, which has no members')
    domain = resolver.domain(base, where)
    if domain is held.member:
        return MemberParameter(name, domain, mark.field, None)
    if isinstance(held.member, UnionOf):
        wanted = domain.kinds if isinstance(domain, UnionOf) else (domain,)
        if all(isinstance(k, RecordOf) and k.cls in held.member.by_class for k in wanted):
            return MemberParameter(name, domain, mark.field, tuple(k.cls for k in wanted if isinstance(k, RecordOf)))
    raise SpecError(
        f'{where}: In("{mark.field}"): the members of that field are {held.member.describe()}, not {domain.describe()}'
    )
