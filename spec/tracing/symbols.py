"""The traced values that stand for the state, the parameters and everything computed from them.

Each wraps one expression.  Where Python itself asks for a truth value (`if`, `and`, `not`, `in`), the tracer decides.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from mcheck.spec.domains.containers import SequenceOf
from mcheck.spec.domains.products import RecordOf, UnionOf
from mcheck.spec.errors import LanguageError, SpecError
from mcheck.spec.ir.nodes import Node
from mcheck.spec.symbolic import Symbolic

if TYPE_CHECKING:
    from mcheck.spec.tracing.tracer import ForkingTracer


class Symbol(Symbolic):
    """A traced value: an expression, and the tracer that decides about it."""

    __slots__ = ("_node", "_tracer")
    _node: Node
    _tracer: ForkingTracer

    def __init__(self, node: Node, tracer: ForkingTracer) -> None:
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_tracer", tracer)

    def _wrap(self, node: Node) -> Any:
        return self._tracer.wrap(node)

    def _other(self, value: Any) -> Node:
        return self._tracer.to_node(value)

    def __eq__(self, other: object) -> Any:
        if other is None:
            return False
        return self._wrap(self._tracer.equality(self._node, self._other(other)))

    def __ne__(self, other: object) -> Any:
        if other is None:
            return True
        build = self._tracer.build
        return self._wrap(build.negation(self._tracer.equality(self._node, self._other(other))))

    def __hash__(self) -> int:
        raise LanguageError(
            "a {...} display or a dict key needs the hash of a value that is not known yet: write Set.of(...), Map.of(...) or =="
        )

    def _unordered(self, other: object) -> NoReturn:
        raise LanguageError(f"{self._node.domain.describe()} has no order: only == and != compare it")

    __lt__ = __le__ = __gt__ = __ge__ = _unordered

    def _not_an_operand(self, other: object) -> Any:
        raise LanguageError(
            f"{self._node.domain.describe()} is no operand here: integers have + - * and, by a positive constant, // and %"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __mod__ = _not_an_operand
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = (
        _not_an_operand
    )

    def __setattr__(self, name: str, value: object) -> None:
        raise LanguageError(f"values are immutable: write .replace({name}=…) instead of an assignment")

    def __setitem__(self, key: object, value: object) -> None:
        raise LanguageError("values are immutable: write .set(key, value) instead of an assignment")

    def __repr__(self) -> str:
        return f"<{self._node.domain.describe()}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise LanguageError(f"{self._node.domain.describe()} has no field or method {name!r}")

    def __iter__(self) -> NoReturn:
        raise LanguageError(f"{self._node.domain.describe()} cannot be iterated over")

    def __len__(self) -> int:
        raise LanguageError("builtin len() needs a number that is not known yet: add `from mcheck import len`")

    def __index__(self) -> int:
        raise LanguageError(
            "Python needs a number here (range, an index into a plain tuple, int()), and it is not known yet: quantify over all numbers with a condition"
        )

    __int__ = __index__


class SymBool(Symbol):
    """A truth value; asking Python for it is a decision."""

    __slots__ = ()
    is_truth_value = True

    def __bool__(self) -> bool:
        return self._tracer.decide(self._node)

    __hash__ = Symbol.__hash__

    def _joined(self, other: object, operation: Callable[[Node, Node], Node]) -> Any:
        return self._wrap(operation(self._node, self._other(other)))

    def __and__(self, other: object) -> Any:
        return self._joined(other, self._tracer.build.conjunction)

    def __or__(self, other: object) -> Any:
        return self._joined(other, self._tracer.build.disjunction)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> NoReturn:
        raise LanguageError("~ of a bool is a number in plain Python: write `not`")


class SymInt(Symbol):
    """An integer of a known interval, and of the unit of its bound."""

    __slots__ = ()

    def _number(self, other: Any) -> Node:
        node = self._other(other)
        if type(other) is bool or not hasattr(node.domain, "unit"):
            raise LanguageError(f"an int meets {node.domain.describe()}")
        return node

    def __add__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.sum(self._node, self._number(other)))

    def __radd__(self, other: object) -> Any:
        return self + other

    def __sub__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.difference(self._node, self._number(other)))

    def __rsub__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.difference(self._number(other), self._node))

    def __mul__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.product(self._node, self._number(other)))

    def __rmul__(self, other: object) -> Any:
        return self * other

    def __neg__(self) -> Any:
        return self._wrap(self._tracer.build.difference(self._tracer.build.integer(0), self._node))

    def _divisor(self, other: object) -> int:
        if type(other) is not int or other <= 0:
            raise LanguageError(f"// and % take a positive constant on the right (got {other!r})")
        return other

    def __rfloordiv__(self, other: object) -> NoReturn:
        raise LanguageError(f"// and % take a positive constant on the right (got {self!r})")

    __rmod__ = __rfloordiv__

    def __floordiv__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.quotient(self._node, self._divisor(other)))

    def __mod__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.remainder(self._node, self._divisor(other)))

    def __lt__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.less(self._node, self._number(other)))

    def __gt__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.less(self._number(other), self._node))

    def __le__(self, other: object) -> Any:
        build = self._tracer.build
        return self._wrap(build.negation(build.less(self._number(other), self._node)))

    def __ge__(self, other: object) -> Any:
        build = self._tracer.build
        return self._wrap(build.negation(build.less(self._node, self._number(other))))

    def __bool__(self) -> bool:
        build = self._tracer.build
        return self._tracer.decide(build.negation(build.equal(self._node, build.integer(0))))

    __hash__ = Symbol.__hash__


class SymIndex(Symbol):
    """A member of a scalarset."""

    __slots__ = ()

    def _arithmetic(self, other: object) -> NoReturn:
        raise LanguageError(f"{self._node.domain.describe()} is a member of a scalarset: only == and != are allowed")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __mod__ = __lt__ = __le__ = __gt__ = __ge__ = _arithmetic


class SymEnum(Symbol):
    """A member of an enum."""

    __slots__ = ()


class SymRecord(Symbol):
    """A record of a known class; its fields are attributes."""

    __slots__ = ()

    def _domain(self) -> RecordOf:
        domain = self._node.domain
        assert isinstance(domain, RecordOf)
        return domain

    def __getattr__(self, name: str) -> Any:
        domain = self._domain()
        if name in domain.fields:
            return self._tracer.read_field(self._node, name)
        return inherited(self, domain.cls, name)

    def replace(self, **changes: Any) -> Any:
        """A copy in which the named fields have new values."""
        return self._tracer.replace(self._node, changes)

    def __bool__(self) -> bool:
        return True

    def _lexicographic(self, other: Any, strict: bool, swap: bool) -> Any:
        domain, tracer = self._domain(), self._tracer
        if not domain.cls._ordered:  # type: ignore[attr-defined]
            raise LanguageError(
                f"{domain.cls.__name__} has no order: declare it as class {domain.cls.__name__}(Record, order=True)"
            )
        x, y = self._node, tracer.to_node(other, domain)
        x, y = (y, x) if swap else (x, y)
        build = tracer.build
        result = build.truth(not strict)
        for name in reversed(domain.fields):
            a, b = build.field(x, name), build.field(y, name)
            result = build.disjunction(build.less(a, b), build.conjunction(build.equal(a, b), result))
        return self._wrap(result)

    def __lt__(self, other: object) -> Any:
        return self._lexicographic(other, True, False)

    def __le__(self, other: object) -> Any:
        return self._lexicographic(other, False, False)

    def __gt__(self, other: object) -> Any:
        return self._lexicographic(other, True, True)

    def __ge__(self, other: object) -> Any:
        return self._lexicographic(other, False, True)


class SymUnion(Symbol):
    """A message whose kind may not be known yet; `isinstance` and `match` decide it."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        tracer, node = self._tracer, self._node
        domain = node.domain
        assert isinstance(domain, UnionOf)
        kinds = [domain.by_class[c] for c in tracer.facts.kinds(node)]
        if len(kinds) == 1:
            return getattr(SymRecord(tracer.build.narrow(node, kinds[0]), tracer), name)
        holders = [k for k in kinds if name in k.fields]
        if len(holders) == len(kinds):
            if len({id(k.fields[name]) for k in kinds}) == 1:
                return tracer.wrap(tracer.build.common(node, name, kinds[0].fields[name]))
            raise LanguageError(
                f"field {name!r} has different domains in {', '.join(k.cls.__name__ for k in kinds)}: test with isinstance or match first"
            )
        if not holders and all(hasattr(k.cls, name) for k in kinds):
            return inherited(self, kinds[0].cls, name)
        raise LanguageError(
            f"field {name!r} is read from a value that may be {', '.join(k.cls.__name__ for k in kinds)}: test with isinstance or match first"
        )

    def replace(self, **changes: Any) -> Any:
        """A copy with other fields, once the kind is known."""
        kinds = self._tracer.facts.kinds(self._node)
        if len(kinds) != 1:
            raise LanguageError("replace on a message whose kind is not known: test with isinstance or match first")
        domain = self._node.domain
        assert isinstance(domain, UnionOf)
        return self._tracer.replace(self._tracer.build.narrow(self._node, domain.by_class[kinds[0]]), changes)

    def __bool__(self) -> bool:
        return True


def inherited(value: Symbol, cls: type, name: str) -> Any:
    """A method or property that a record class defines, applied to a traced value of it."""
    member = getattr(cls, name, None)
    if isinstance(member, property) and member.fget is not None:
        return member.fget(value)
    if callable(member) and not name.startswith("__"):
        return types.MethodType(member, value)
    if name.startswith("__"):
        raise AttributeError(name)
    raise LanguageError(f"{cls.__name__} has no field {name!r}; it has {', '.join(cls._fields)}")  # type: ignore[attr-defined]


class SymMap(Symbol):
    """A total map."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        tracer = self._tracer
        return self._wrap(tracer.build.select(self._node, tracer.key_nodes(self._node.domain, key)))

    def set(self, key: Any, value: Any) -> Any:
        """The map that differs at `key`."""
        tracer, domain = self._tracer, self._node.domain
        element = tracer.to_node(value, domain.value if tracer.declared(domain) else None)  # type: ignore[attr-defined]
        return self._wrap(tracer.build.store(self._node, tracer.key_nodes(domain, key), element))

    def values(self) -> tuple[Any, ...]:
        """The values in the order of the keys."""
        return tuple(self[k] for k in self.keys())

    def keys(self) -> tuple[Any, ...]:
        """The keys in rank order."""
        return self._node.domain.space.keys  # type: ignore[attr-defined,no-any-return]

    def items(self) -> Any:
        """(key, value) in the order of the keys."""
        return zip(self.keys(), self.values(), strict=True)

    def __bool__(self) -> bool:
        return True


class Quantifiable(Symbol):
    """A traced set, bag or sequence: iterating over it is for quantifiers."""

    __slots__ = ()

    def __iter__(self) -> Any:
        return SymbolicMembers(self._node)

    def __contains__(self, member: object) -> bool:
        tracer = self._tracer
        element = tracer.to_node(member, tracer.member_domain(self._node))
        return tracer.decide(tracer.build.member(element, self._node))

    def __bool__(self) -> bool:
        return self._tracer.decide(self._tracer.build.nonempty(self._node))


class SymbolicMembers:
    """What `for x in s.msgs` iterates over: a quantifier recognises it, a plain loop is refused."""

    def __init__(self, source: Node) -> None:
        self.source = source

    def __iter__(self) -> SymbolicMembers:
        return self

    def __next__(self) -> NoReturn:
        raise LanguageError(
            "a loop (or a builtin any, all, max, sorted, sum) over a set that is not known yet: import any, all, count, max, min from mcheck and give them a generator expression with one `for`, or write Set(x for x in … if …)"
        )


class SymSet(Quantifiable):
    """A set."""

    __slots__ = ()

    def _element(self, member: object) -> Node:
        return self._tracer.to_node(member, self._tracer.member_domain(self._node))

    def add(self, member: object) -> Any:
        """The set with `member`."""
        return self._wrap(self._tracer.build.insert(self._node, self._element(member)))

    def remove(self, member: object) -> Any:
        """The set without `member`."""
        return self._wrap(self._tracer.build.erase(self._node, self._element(member)))

    def _combined(self, op: str, other: object, swap: bool = False) -> Any:
        a, b = self._node, self._tracer.other_set(self._node, other)
        a, b = (b, a) if swap else (a, b)
        return self._wrap(self._tracer.build.combine(op, a, b))

    def __or__(self, other: object) -> Any:
        return self._combined("union", other)

    def __ror__(self, other: object) -> Any:
        return self._combined("union", other, swap=True)

    def __and__(self, other: object) -> Any:
        return self._combined("inter", other)

    def __rand__(self, other: object) -> Any:
        return self._combined("inter", other, swap=True)

    def __sub__(self, other: object) -> Any:
        return self._combined("minus", other)

    def __rsub__(self, other: object) -> Any:
        return self._combined("minus", other, swap=True)

    def __le__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.subset(self._node, self._tracer.other_set(self._node, other)))

    def __ge__(self, other: object) -> Any:
        return self._wrap(self._tracer.build.subset(self._tracer.other_set(self._node, other), self._node))


class SymBag(Quantifiable):
    """A multiset; a quantifier ranges over its distinct members."""

    __slots__ = ()

    def _element(self, member: object) -> Node:
        return self._tracer.to_node(member, self._tracer.member_domain(self._node))

    def count(self, member: object) -> Any:
        """How many copies of `member` are in the bag."""
        return self._wrap(self._tracer.copies(self._node, self._element(member)))

    def add(self, member: object) -> Any:
        """The bag with one more copy of `member`."""
        return self._wrap(self._tracer.build.bag_add(self._node, self._element(member)))

    def remove(self, member: object) -> Any:
        """The bag with one copy of `member` less."""
        node = self._tracer.build.node("bag_remove", (self._node, self._element(member)), self._node.domain)
        return self._wrap(node)


class SymSequence(Quantifiable):
    """A sequence: a log."""

    __slots__ = ()

    def _domain(self) -> SequenceOf:
        domain = self._node.domain
        assert isinstance(domain, SequenceOf)
        return domain

    def __getitem__(self, key: Any) -> Any:
        tracer = self._tracer
        if isinstance(key, slice):
            return self._wrap(tracer.slice(self._node, key))
        return self._wrap(tracer.element(self._node, key))

    def __add__(self, other: object) -> Any:
        tracer = self._tracer
        return self._wrap(tracer.build.concat(self._node, tracer.to_node(other, self._domain())))

    def __radd__(self, other: object) -> Any:
        tracer = self._tracer
        return self._wrap(tracer.build.concat(tracer.to_node(other, self._domain()), self._node))


class SymChannels(Symbol):
    """Connections between nodes, and a FIFO channel both ways on each."""

    __slots__ = ()

    def __getitem__(self, pair: Any) -> Any:
        return self._wrap(self._tracer.build.select(self._node, self._ends(*pair)))

    def connected(self, a: Any, b: Any) -> Any:
        """Whether a and b are connected; a node is not connected with itself."""
        tracer, domain = self._tracer, self._node.domain
        return self._wrap(tracer.build.connected(self._node, (tracer.node_of(domain, a), tracer.node_of(domain, b))))

    def connect(self, a: Any, b: Any) -> Any:
        """A new connection between a and b, with nothing under way."""
        return self._changed("connect", *self._ends(a, b))

    def disconnect(self, a: Any, b: Any = None) -> Any:
        """The connection between a and b broken; without b, every connection of a."""
        ends = (self._tracer.node_of(self._node.domain, a),) if b is None else self._ends(a, b)
        return self._changed("disconnect", *ends)

    def send(self, src: Any, dst: Any, message: Any) -> Any:
        """`message` put last into the channel from src to dst."""
        return self._changed("send", *self._ends(src, dst), self._message(message))

    def receive(self, src: Any, dst: Any) -> Any:
        """The channel from src to dst without its head."""
        tracer = self._tracer
        ends = self._ends(src, dst)
        if not tracer.decide(tracer.build.nonempty(tracer.build.select(self._node, ends))):
            raise SpecError("receive from an empty channel: require(net[i, j]) first")
        return self._changed("receive", *ends)

    def _ends(self, a: Any, b: Any) -> tuple[Node, Node]:
        return self._tracer.ends(self._node.domain, a, b)

    def _message(self, message: Any) -> Node:
        return self._tracer.to_node(message, self._node.domain.queue.member)  # type: ignore[attr-defined]

    def _changed(self, op: str, *args: Node) -> Any:
        return self._wrap(self._tracer.build.node(op, (self._node, *args), self._node.domain))

    def broadcast(self, src: Any, to: Any, message: Any) -> Any:
        """`message` sent from src to every member of `to` except src itself."""
        tracer = self._tracer
        return self._changed(
            "broadcast", tracer.node_of(self._node.domain, src), tracer.to_node(to), self._message(message)
        )

    def __bool__(self) -> bool:
        return True
