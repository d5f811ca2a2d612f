"""Loops: the parameters of a rule, in declaration order, as loops around whatever reads them.

A parameter of few values can also be taken apart: each value gets code of its own, simplified by what is then known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import prod

from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.reading import SCALARS, Unlowerable
from mcheck.checker.native.specialising import Specialisation, quantified
from mcheck.checker.native.writing import Writing
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SetOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.nodes import Node
from mcheck.spec.parameters import MemberParameter, Parameter, TableParameter
from mcheck.spec.tracing.trace import AFTER, STATE, TracedRule

_MOST_COPIES = 32
"""Up to so many times the code of a rule is repeated for the values of its parameters."""


class Loops:
    """Opens the loops of parameters one after the other, around whatever comes next."""

    def __init__(self, code: Writing, parameters: tuple[Parameter, ...], traced: TracedRule) -> None:
        self.code = code
        self.parameters = parameters
        self._depth = {p.name: k for k, p in enumerate(parameters)}
        self.nodes = [traced.build.node("param", (p.name,), p.domain) for p in parameters]
        self.state = AFTER if traced.rule.kind == "step" else STATE
        """The state whose members parameters are."""
        self._copies = 1
        """How many times what is being emitted is emitted."""
        self.indexes: dict[int, Value | int] = {}
        """Of the parameters that are bound: which of its values each has, where they are the same in every state."""

    def most(self) -> int:
        """An upper limit on the number of combinations."""
        total = 1
        for parameter in self.parameters:
            total *= self._most(parameter)
        return total

    def _most(self, parameter: Parameter) -> int:
        if isinstance(parameter, TableParameter):
            return len(parameter.table)
        assert isinstance(parameter, MemberParameter)
        held = self.code.layout.state.domain.fields[parameter.field]  # type: ignore[attr-defined]
        return held.member.cardinality if isinstance(held, SetOf) else held.capacity.limit

    def combinations(self, numbers: Iterable[int]) -> int | None:
        """How many values these parameters have together, if that is the same in every state."""
        chosen = [self.parameters[k] for k in numbers]
        return prod(len(p.table) for p in chosen if isinstance(p, TableParameter)) if _all_tables(chosen) else None

    @contextmanager
    def apart(self, number: int, expressions: Iterable[Node]) -> Iterator[list[Specialisation]]:
        """The values of parameter `number`, if the expressions are simpler for each of them than for all; else none.

        That is so where a quantifier tests members against the parameter: which it is about is then known beforehand.
        """
        parameter, node, build = self.parameters[number], self.nodes[number], self.code.build
        values: list[Specialisation] = []
        if isinstance(parameter, TableParameter) and 0 < len(parameter.table) * self._copies <= _MOST_COPIES:
            if quantified(expressions, node):
                domain = parameter.domain
                values = [Specialisation(build, node, build.literal(v, domain)) for v in parameter.table]
        self._copies *= max(1, len(values))
        yield values
        self._copies //= max(1, len(values))

    def needed(self, node: Node) -> int:
        """How many parameters, in declaration order, must be bound before an expression can be evaluated."""
        return 1 + max(self.read_by(node), default=-1)

    def read_by(self, node: Node) -> set[int]:
        """The numbers of the parameters that an expression reads."""
        found, seen, stack = set(), set(), [node]
        while stack:
            x = stack.pop()
            if x.id in seen:
                continue
            seen.add(x.id)
            if x.op == "param":
                found.add(self._depth[x.args[0]])
            stack += [a for a in x.args if isinstance(a, Node)]
        return found

    def around(self, number: int, inner: Callable[[], None]) -> None:
        """Run `inner` for every value of parameter `number`."""
        parameter, node = self.parameters[number], self.nodes[number]
        if isinstance(parameter, TableParameter):
            self._table(parameter, node, inner)
        else:
            assert isinstance(parameter, MemberParameter)
            self._members(parameter, node, inner)

    def _table(self, parameter: TableParameter, node: Node, inner: Callable[[], None]) -> None:
        code, e, domain = self.code, self.code.e, parameter.domain
        with e.loop(e.number(len(parameter.table))) as (k, _):
            self.indexes[self._depth[parameter.name]] = k
            value: Value | Place
            if isinstance(domain, SCALARS) and parameter.whole:
                value = e.b.add(k, e.number(domain.lo)) if isinstance(domain, IntRange) and domain.lo else k
            else:
                shape = code.layout.shape(domain)
                rows = code.table([shape.packed(v) for v in parameter.table])
                place = Place(rows, e.times(k, shape.words), 0, shape)
                value = code._registered(place, domain)
            with code.binding(node, value):
                inner()

    def _members(self, parameter: MemberParameter, node: Node, inner: Callable[[], None]) -> None:
        code = self.code
        build = code.build
        state = build.node("state", (self.state,), code.layout.state.domain)
        source = build.field(state, parameter.field)
        member = source.domain.member  # type: ignore[attr-defined]
        if isinstance(source.domain, SetOf):
            self._bits(parameter, node, source, inner)
            return
        if not isinstance(source.domain, CappedSetOf | BagOf):
            raise Unlowerable(f"parameter {parameter.name} ranges over a sequence")
        with code.each(source) as (element, _):
            if parameter.kinds is None:
                with code.binding(node, element):
                    inner()
                return
            assert isinstance(element, Place)
            variable = build.open_variable(member)
            with code.binding(variable, element):
                self._of_kind(parameter, node, variable, inner)

    def _of_kind(self, parameter: MemberParameter, node: Node, variable: Node, inner: Callable[[], None]) -> None:
        """Only the members of the wanted kinds; of one kind, the parameter is the record itself."""
        code, build = self.code, self.code.build
        wanted = build.truth(False)
        for cls in parameter.kinds or ():
            wanted = build.disjunction(wanted, build.is_kind(variable, cls))
        with code.e.when(code.truth(wanted)), code.scope():
            if isinstance(parameter.domain, RecordOf):
                union = variable.domain
                assert isinstance(union, UnionOf)
                value = code.place(build.narrow(variable, union.by_class[parameter.domain.cls]))
            else:
                value = code.materialised(variable, code.layout.shape(parameter.domain))
            with code.binding(node, value):
                inner()

    def _bits(self, parameter: MemberParameter, node: Node, source: Node, inner: Callable[[], None]) -> None:
        """Members of a bit set: a table of the wanted ones with their ranks."""
        code, e = self.code, self.code.e
        member = source.domain.member  # type: ignore[attr-defined]
        wanted = [v for v in member.values() if parameter.kinds is None or type(v) in parameter.kinds]
        shape = code.layout.shape(parameter.domain)
        ranks = code.table([(member.rank(v),) for v in wanted])
        values = code.table([shape.packed(v) for v in wanted])
        with e.loop(e.number(len(wanted))) as (k, _), code.scope():
            self.indexes[self._depth[parameter.name]] = k
            with e.when(code._bit_at(source, e.load(ranks, k))), code.scope():
                place = Place(values, e.times(k, shape.words), 0, shape)
                with code.binding(node, code._registered(place, parameter.domain)):
                    inner()


def _all_tables(parameters: Iterable[Parameter]) -> bool:
    return all(isinstance(p, TableParameter) for p in parameters)
