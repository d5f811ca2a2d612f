"""ForkingTracer: what plain values and symbols ask while a function is being traced."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from mcheck.spec.bags import Bag, counts_of
from mcheck.spec.byzantine import CORRECT, MSGS, by_predicate
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.products import ChannelsOf, MapOf, ProductOf, RecordOf, UnionOf
from mcheck.spec.domains.scalars import Bools, IntRange, Members, Optional, Scalarset
from mcheck.spec.errors import LanguageError, SpecError
from mcheck.spec.indexes import IndexType
from mcheck.spec.instance import Instance
from mcheck.spec.ir.kinds import Nothing, fits, join, key_kind, kind_of
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import Builder
from mcheck.spec.maps import KeySpace, make_map
from mcheck.spec.records import make
from mcheck.spec.sets import Set, sorted_members
from mcheck.spec.symbolic import has_symbolic, seam
from mcheck.spec.tracing import quantified, symbols
from mcheck.spec.tracing.facts import Facts
from mcheck.spec.tracing.forking import PATHS_OF_A_BODY, PATHS_OF_A_RULE, PATHS_RUN_AGAIN, Path, explore, line_of_spec


class PlainMembers:
    """What a loop over a scalarset or a plain set iterates over while tracing; a quantifier sees the source."""

    def __init__(self, source: Any, members: tuple[Any, ...]) -> None:
        self.source = source
        self._members = iter(members)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._members)


class ForkingTracer:
    """Traces the functions of one instance.  Its arena belongs to one rule: see `Arena`."""

    def __init__(self, instance: Instance, mapped: Instance | None = None) -> None:
        self.instance = instance
        self.mapped = mapped
        """The instance to whose states a refinement mapping leads."""
        self.resolver = instance.resolver
        self.build = Builder()
        self.path: Path = Path([], Facts())
        self.forks: Counter[str] = Counter()
        self.watched = instance.ghosts | ({MSGS} if by_predicate(instance.spec) else set())
        """The fields of the state that may not be read everywhere."""
        self.watched_reads: dict[int, str] = {}
        self.named: dict[type, str] = {}
        self._kinds: dict[tuple[type, str], Domain] = {}
        self._products: dict[KeySpace, Domain] = {}

    # ------------------------------------------------------------------ paths

    @property
    def facts(self) -> Facts:
        """What is known on the path being run."""
        return self.path.facts

    def decide(self, condition: Node) -> bool:
        """The truth of a condition on this path."""
        return self.path.decide(condition, self.forks)

    def on_every_path(self, run: Callable[[], Any], what: str) -> Any:
        """The tree of `run` over all paths of one rule."""
        return self._explored(run, None, PATHS_OF_A_RULE, what, PATHS_RUN_AGAIN)

    def nested(self, run: Callable[[], Any], what: str) -> Any:
        """The tree of `run` over all paths of a body, under the facts of the path being run."""
        return self.path.once(lambda: self._explored(run, self.facts, PATHS_OF_A_BODY, what))

    def open_variable(self, domain: Domain) -> Node:
        """A variable for a body that is explored next."""
        variable: Node = self.path.once(lambda: self.build.open_variable(domain))
        return variable

    def _explored(self, run: Callable[[], Any], outer: Facts | None, budget: int, what: str, again: int = 0) -> Any:
        before, seam.tracer = (self.path, seam.tracer), self

        def one(path: Path) -> Any:
            self.path = path
            return run()

        try:
            return explore(one, outer, budget, self.forks, what, again)
        finally:
            self.path, seam.tracer = before

    # ------------------------------------------------------------------ values and expressions

    def wrap(self, node: Node) -> Any:
        """The value an author sees for an expression.  A constant is a plain value; an option is decided here."""
        if node.is_const:
            return node.value
        if isinstance(node.domain, Optional):
            if not self.decide(self.build.present(node)):
                return None
            return self.wrap(self.build.the(node))
        return self.symbol(node)

    def symbol(self, node: Node) -> Any:
        """The traced value for an expression, constant or not."""
        return _SYMBOLS[type(node.domain)](node, self)

    def lift(self, value: Any) -> Any:
        """The traced value for a plain one."""
        return self.symbol(self.to_node(value))

    def to_node(self, value: Any, wanted: Domain | None = None) -> Node:
        """The expression for a value.  LanguageError if its kind is not the one wanted; bounds are not looked at."""
        if isinstance(value, symbols.Symbol):
            node = self._settled(value._node)
        elif has_symbolic(value):
            return self._sequence(value, wanted)
        else:
            node = self._plain(value, wanted)
        if wanted is not None and not fits(node.domain, wanted):
            raise LanguageError(f"expected {wanted.describe()}, got {node.domain.describe()}")
        return node

    def other_set(self, mine: Node, other: Any) -> Node:
        """The other operand of an operation on sets: of the same kind, or of one that has a kind in common with it."""
        node = self._plain(other, mine.domain) if type(other) is Set else self.to_node(other)
        if not isinstance(node.domain, SetOf | CappedSetOf):
            raise LanguageError(f"expected {mine.domain.describe()}, got {node.domain.describe()}")
        join(mine.domain, node.domain)
        return node

    def _settled(self, node: Node) -> Node:
        """A value of a union whose kind this path knows, as a record of that kind."""
        if isinstance(node.domain, UnionOf):
            kinds = self.facts.kinds(node)
            if builtins.len(kinds) == 1:
                return self.build.narrow(node, node.domain.by_class[kinds[0]])
        return node

    def _plain(self, value: Any, wanted: Domain | None) -> Node:
        if type(value) is int:
            return self.build.integer(value)
        # one kind object for equal values: a run must find the constants of the runs before it
        kind = self._kinds.setdefault((type(value), repr(value)), kind_of(value, self.resolver))
        target = wanted.inner if isinstance(wanted, Optional) and value is not None else wanted
        if target is None or isinstance(target, UnionOf) or not fits(kind, target):
            target = kind
        return self.build.const(value, target)

    def _sequence(self, value: tuple[Any, ...], wanted: Domain | None) -> Node:
        if isinstance(wanted, Optional):
            wanted = wanted.inner
        if wanted is not None and not isinstance(wanted, SequenceOf):
            raise LanguageError(f"expected {wanted.describe()}, got a tuple")
        items = [self.to_node(x, wanted.member if wanted is not None else None) for x in value]
        if wanted is not None:
            return self.build.sequence(items, wanted.member)
        kinds = [item.domain for item in items]
        member = next(
            (a for a in kinds if all(fits(b, a) for b in kinds)), kinds[0]
        )  # not that of a set which is empty
        return self.build.sequence(items, member)

    def equality(self, x: Node, y: Node) -> Node:
        """x == y.  LanguageError for kinds that can never be equal."""
        if not (fits(x.domain, y.domain) or fits(y.domain, x.domain) or self._alike(x.domain, y.domain)):
            raise LanguageError(f"== compares {x.domain.describe()} with {y.domain.describe()}")
        if isinstance(x.domain, UnionOf) != isinstance(y.domain, UnionOf):
            return self._union_equality(*((x, y) if isinstance(x.domain, UnionOf) else (y, x)))
        return self.build.equal(x, y)

    @staticmethod
    def _alike(a: Domain, b: Domain) -> bool:
        return isinstance(a, RecordOf | UnionOf) and isinstance(b, RecordOf | UnionOf)

    def _union_equality(self, union: Node, record: Node) -> Node:
        domain, kind = union.domain, record.domain
        assert isinstance(domain, UnionOf) and isinstance(kind, RecordOf)
        if kind.cls not in domain.by_class:
            return self.build.truth(False)
        same = self.build.equal(self.build.narrow(union, domain.by_class[kind.cls]), record)
        return self.build.conjunction(self.build.is_kind(union, kind.cls), same)

    # ------------------------------------------------------------------ records

    def record(self, cls: type, values: tuple[Any, ...]) -> Any:
        """The record a constructor makes of values of which some are traced."""
        domain = self._record_domain(cls)
        nodes = [self._for_field(domain, name, v) for name, v in zip(domain.fields, values, strict=True)]
        if builtins.all(n.is_const for n in nodes):
            return make(cls, [n.value for n in nodes])
        return self.wrap(self.build.make(domain, nodes))

    def _record_domain(self, cls: type) -> RecordOf:
        """The domain of a record class; a refinement mapping makes records of the other spec, with its bounds."""
        foreign = self.mapped is not None and cls not in _record_classes(self.instance.state_domain)
        domain = (self.mapped.resolver if foreign and self.mapped else self.resolver).domain(cls, cls.__name__)
        assert isinstance(domain, RecordOf)
        return domain

    def _for_field(self, domain: RecordOf, name: str, value: Any) -> Node:
        try:
            node = self.to_node(value, domain.fields[name])
            if self.mapped is None:  # the bounds of two specs have different names
                self._same_unit(node, domain.fields[name])
            return node
        except LanguageError as error:
            raise LanguageError(f"{domain.cls.__name__}.{name}: {error}") from None

    @staticmethod
    def _same_unit(node: Node, domain: Domain) -> None:
        wanted = domain.unit if isinstance(domain, IntRange) else None
        if node.unit is not None and wanted is not None and node.unit != wanted:
            raise LanguageError(f"a value limited by {node.unit!r} is put where one limited by {wanted!r} belongs")

    def read_field(self, record: Node, name: str) -> Any:
        """The value of a field; a watched one of the state is noted with the line that reads it."""
        node = self.build.field(record, name)
        if record.op == "state" and name in self.watched:
            self.watched_reads.setdefault(node.id, line_of_spec())
        return self.wrap(node)

    def replace(self, record: Node, changes: dict[str, Any]) -> Any:
        """The record with other values in some fields."""
        domain = record.domain
        assert isinstance(domain, RecordOf)
        for name in changes:
            if name not in domain.fields:
                raise LanguageError(f"{domain.cls.__name__} has no field {name!r}; it has {', '.join(domain.fields)}")
        nodes = {name: self._for_field(domain, name, value) for name, value in changes.items()}
        return self.wrap(self.build.update(record, nodes))

    def isinstance(self, value: Any, cls: type) -> bool:
        """What isinstance says of a traced value: for a union, a decision."""
        if not isinstance(value, symbols.Symbol):
            return False
        domain = value._node.domain
        if isinstance(domain, UnionOf):
            if cls not in domain.by_class:
                return builtins.any(issubclass(k.cls, cls) for k in domain.kinds) and self._any_kind(value._node, cls)
            return self.decide(self.build.is_kind(value._node, cls))
        if isinstance(domain, RecordOf | Scalarset):
            return issubclass(domain.cls, cls)
        return False

    def _any_kind(self, union: Node, cls: type) -> bool:
        domain = union.domain
        assert isinstance(domain, UnionOf)
        result = self.build.truth(False)
        for kind in domain.kinds:
            if issubclass(kind.cls, cls):
                result = self.build.disjunction(result, self.build.is_kind(union, kind.cls))
        return self.decide(result)

    # ------------------------------------------------------------------ Byzantine members

    def sent(self, state: Any, message: Any, signer: Any) -> Any:
        """Whether a message was sent, or its signer is faulty: one expression, so that no path is lost between the two."""
        build = self.build
        node = self.to_node(state)
        if node.op != "state":
            raise LanguageError("sent(s, m) asks of the state that the rule is given, not of a changed one")
        held, correct = (build.field(node, name) for name in (MSGS, CORRECT))
        m, by = self.to_node(message, self.member_domain(held)), self.to_node(signer, self.member_domain(correct))
        faulty = build.negation(build.member(by, correct))
        return self.wrap(build.sent(m, held, faulty, line_of_spec()))

    # ------------------------------------------------------------------ maps, sets, sequences

    @staticmethod
    def declared(domain: Domain) -> bool:
        """Whether the values of a map have a declared kind, rather than one inferred from the values met so far."""
        return not isinstance(domain.value, IntRange | Nothing) and not _hollow(domain.value)  # type: ignore[attr-defined]

    def key_nodes(self, domain: Domain, key: Any) -> tuple[Node, ...]:
        """The expressions of a key: one, or one for each factor of a product."""
        keys = domain.keys  # type: ignore[attr-defined]
        if isinstance(keys, ProductOf):
            if type(key) is not tuple or builtins.len(key) != builtins.len(keys.factors):
                raise LanguageError(f"the keys of this map are {keys.describe()} (got {key!r})")
            nodes = tuple(self.to_node(k, f) for k, f in zip(key, keys.factors, strict=True))
            factors = keys.factors
        else:
            nodes, factors = (self.to_node(key, keys),), [keys]
        for node, factor in zip(nodes, factors, strict=True):
            self._inside(node, factor)
        return nodes

    def _inside(self, node: Node, factor: Domain) -> None:
        if isinstance(factor, IntRange) and (node.lo < factor.lo or node.hi > factor.hi):
            build = self.build
            low = build.negation(build.less(node, build.integer(factor.lo)))
            if not self.decide(build.conjunction(low, build.less(node, build.integer(factor.hi + 1)))):
                raise SpecError(f"a key outside {factor.lo}..{factor.hi}")

    def member_domain(self, holder: Node) -> Domain | None:
        """What the members of a set, bag or sequence are; None where nothing is known of them yet."""
        member: Domain = holder.domain.member  # type: ignore[attr-defined]
        return None if isinstance(member, Nothing) else member

    def copies(self, bag: Node, member: Node) -> Node:
        """How many copies of a member a bag holds."""
        domain = bag.domain
        assert isinstance(domain, BagOf)
        build = self.build
        if bag.op == "bag_add":
            base, added = bag.args
            extra = build.choice(build.equal(added, member), build.integer(1), build.integer(0))
            return build.sum(self.copies(base, member), extra)
        return build.node("copies", (bag, member), IntRange(0, domain.copies.limit + 1))

    def element(self, sequence: Node, key: Any) -> Node:
        """The member at a position; IndexError, as in Python, outside the sequence."""
        build = self.build
        k = self.to_node(key)
        size = build.length(sequence)
        if k.lo < 0 and self.decide(build.less(k, build.integer(0))):
            k = build.sum(size, k)
        inside = build.conjunction(build.negation(build.less(k, build.integer(0))), build.less(k, size))
        if not self.decide(inside):
            raise IndexError("tuple index out of range")
        return build.at(sequence, k)

    def slice(self, sequence: Node, key: slice) -> Node:
        """Part of a sequence, with Python's meaning of limits that are negative or too large."""
        if key.step is not None:
            raise LanguageError("a slice with a step")
        build = self.build
        size = build.length(sequence)
        start = build.integer(0) if key.start is None else self._limit(key.start, size)
        stop = size if key.stop is None else self._limit(key.stop, size)
        if self.decide(build.less(stop, start)):
            return self._plain((), sequence.domain)
        return build.slice(sequence, start, stop)

    def _limit(self, value: Any, size: Node) -> Node:
        build = self.build
        node = self.to_node(value)
        if node.lo < 0 and self.decide(build.less(node, build.integer(0))):
            return build.greatest(build.integer(0), build.sum(size, node))
        return node

    def node_of(self, domain: Domain, value: Any) -> Node:
        """A node of channels as an expression."""
        assert isinstance(domain, ChannelsOf) and isinstance(domain.keys, ProductOf)
        return self.to_node(value, domain.keys.factors[0])

    def ends(self, domain: Domain, src: Any, dst: Any) -> tuple[Node, Node]:
        """The two ends of a channel; SpecError, as in plain Python, where they are the same node."""
        a, b = self.node_of(domain, src), self.node_of(domain, dst)
        if self.decide(self.build.equal(a, b)):
            raise SpecError("a channel joins two different nodes")
        return a, b

    def map_of(self, keys: Any, value: Any) -> Any:
        """`Map.fill` and `Map.of` where a value is traced or computed."""
        space = self.instance.key_space(keys)
        domain = self._keys_of(space) if isinstance(keys, tuple) else self.resolver.domain(keys, "a map")
        if not callable(value) or isinstance(value, symbols.Symbol):
            body = self.to_node(value)
            variable = self.open_variable(domain)
            return self.wrap(self.build.family(variable, domain, space, body))
        if isinstance(domain, ProductOf):
            return self._listed_map(space.keys, value, space)
        variable = self.open_variable(domain)
        body = quantified.merged_value(self, lambda: value(self.wrap(variable)), variable)
        if body.is_const:
            return make_map(space, [body.value] * builtins.len(space.keys))
        return self.wrap(self.build.family(variable, domain, space, body))

    def _keys_of(self, space: KeySpace) -> Domain:
        """The domain of a product of keys: one object, as a run must find the expressions of the runs before it."""
        if space not in self._products:
            self._products[space] = key_kind(space.keys, self.resolver)
        return self._products[space]

    def _listed_map(self, keys: tuple[Any, ...], value: Callable[[Any], Any], space: Any) -> Any:
        nodes = [quantified.merged_value(self, lambda k=k: value(k), None) for k in keys]  # type: ignore[misc]
        if builtins.all(n.is_const for n in nodes):
            return make_map(space, [n.value for n in nodes])
        result = self.to_node(make_map(space, [nodes[0].domain.unrank(0)] * builtins.len(keys)))
        for key, node in zip(keys, nodes, strict=True):
            result = self.build.store(result, self.key_nodes(result.domain, key), node)
        return self.wrap(result)

    # ------------------------------------------------------------------ quantifiers

    def name_member(self, cls: type) -> None:
        """Note that the spec names a member, `Node(0)`: renaming the members then changes what it means."""
        self.named.setdefault(cls, line_of_spec())

    def members(self, holder: Any) -> Any:
        """What iterating over a scalarset, a plain set or a plain bag gives while tracing."""
        if isinstance(holder, IndexType):
            size = builtins.len(holder)
            return PlainMembers(holder, tuple(holder.member(k) for k in range(size)))
        if isinstance(holder, Bag):
            return PlainMembers(holder, tuple(m for m, _ in counts_of(holder)))
        return PlainMembers(holder, sorted_members(holder))

    def quantify(self, kind: str, items: Any) -> Any:
        """`any`, `all` and `count`."""
        return self.wrap(quantified.quantify(self, kind, items))

    def extreme(self, kind: str, items: tuple[Any, ...], default: Any) -> Any:
        """`max` and `min`."""
        return self.wrap(quantified.extreme(self, kind, items, default))

    def set_of(self, items: Any) -> Any:
        """`Set(…)`."""
        return quantified.set_of(self, items)

    def length(self, value: Any) -> Any:
        """`len`."""
        if isinstance(value, symbols.SymSequence):
            return self.wrap(self.build.length(value._node))
        if isinstance(value, symbols.SymSet | symbols.SymBag):
            return self.wrap(self.build.size(value._node))
        if isinstance(value, symbols.Symbol):
            raise LanguageError(f"len of {value._node.domain.describe()}")
        return builtins.len(value)

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """`where`."""
        if not isinstance(condition, symbols.SymBool):
            return then if condition else otherwise
        a, b = self.to_node(then), self.to_node(otherwise)
        return self.wrap(self.build.choice(condition._node, a, b))

    def truth_node(self, value: Any) -> Node:
        """The expression of something that must be a bool."""
        if isinstance(value, symbols.SymBool):
            return value._node
        if type(value) is bool:
            return self.build.truth(value)
        raise LanguageError(f"a bool is needed here (got {value!r})")


def _record_classes(domain: Domain) -> frozenset[type]:
    """The classes of the records that values of a domain are made of."""
    here = frozenset((domain.cls,)) if isinstance(domain, RecordOf) else frozenset()
    return here.union(*map(_record_classes, domain.parts()))


def _hollow(domain: Domain) -> bool:
    """Whether the kind of a value was inferred from an empty or absent one."""
    return builtins.any(isinstance(p, Nothing) or _hollow(p) for p in domain.parts())


_SYMBOLS: dict[type[Domain], type[symbols.Symbol]] = {
    Bools: symbols.SymBool,
    IntRange: symbols.SymInt,
    Members: symbols.SymEnum,
    Scalarset: symbols.SymIndex,
    RecordOf: symbols.SymRecord,
    UnionOf: symbols.SymUnion,
    MapOf: symbols.SymMap,
    SetOf: symbols.SymSet,
    CappedSetOf: symbols.SymSet,
    BagOf: symbols.SymBag,
    SequenceOf: symbols.SymSequence,
    ChannelsOf: symbols.SymChannels,
}
