"""Quantifying: `exists`, counting and sets, over universes, bit sets and lists.

Over a bit set a condition is not evaluated member by member.  Members that look alike to the condition (that agree on
everything it reads of them) form a class with one mask; what remains is a condition for each class, free of the member,
and a test of the set against the mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcheck.checker.native.alike import Class, classes_of
from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.layout import WORD, CopiesShape, ListShape
from mcheck.checker.native.ranking import Ranking
from mcheck.checker.native.reading import PATHS, SCALARS, Unlowerable
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.containers import BagOf, CappedSetOf, SequenceOf, SetOf
from mcheck.spec.domains.scalars import IntRange
from mcheck.spec.ir.kinds import Nothing
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import plain_members
from mcheck.spec.order import order_key

_MOST_UNROLLED = 64


class Quantifying(Ranking):
    """Lowers what ranges over members."""

    # ------------------------------------------------------------------ truth of quantifiers and membership

    def exists_truth(self, node: Node) -> Value:
        """Whether some member satisfies the body."""
        variable, (body,) = self.build.open(node)
        return self.exists(variable, node.args[1], body)

    def exists(self, variable: Node, source: Node, body: Node) -> Value:
        """`exists variable in source: body`."""
        b, build = self.e.b, self.build
        if hollow(source):
            return self.e.truth(False)
        listed = self.listed(source)
        if listed is not None:
            result = build.truth(False)
            for member in listed:
                result = build.disjunction(result, build.substitute(body, variable, member))
            return self.truth(result)
        rewritten = self._exists_in_parts(variable, source, body)
        if rewritten is not None:
            return rewritten
        if isinstance(source.domain, SetOf):
            classes = self.classes(variable, source.domain.member, (body,))
            if classes is not None:
                return self._exists_in_classes(source, classes)
        found = self.e.scratch(1)
        self.e.store(self.e.number(0), found)
        with self.each(source) as (element, end), self.binding(variable, element):
            with self.e.when(self.truth(body)):
                self.e.store(self.e.number(1), found)
                b.branch(end)
        return b.icmp_unsigned("!=", self.e.load(found), self.e.number(0))

    def _exists_in_classes(self, source: Node, classes: list[Class]) -> Value:
        b = self.e.b
        result = self.e.truth(False)
        for (condition,), mask in classes:
            hit = self.meets(source, mask)
            result = b.or_(result, hit if condition.is_const else b.and_(self.truth(condition), hit))
        return result

    def _exists_in_parts(self, variable: Node, source: Node, body: Node) -> Value | None:
        """A set made of others is searched in its parts."""
        b, build, args = self.e.b, self.build, source.args
        if source.op == "union":
            return b.or_(self.exists(variable, args[0], body), self.exists(variable, args[1], body))
        if source.op == "insert":
            here = self.truth(build.substitute(body, variable, args[1]))
            return b.or_(here, self.exists(variable, args[0], body))
        if source.op == "ite":
            yes, no = (self.exists(variable, side, body) for side in args[1:])
            return b.select(self.truth(args[0]), yes, no)
        if source.op == "comprehension":
            inner, (condition, value) = build.open(source)
            both = build.conjunction(condition, build.substitute(body, variable, value))
            return self.exists(inner, args[1], both)
        narrowed = self.narrowed(variable, source)
        if narrowed is not None:
            return self.exists(variable, narrowed[0], build.conjunction(narrowed[1], body))
        return None

    def narrowed(self, variable: Node, source: Node) -> tuple[Node, Node] | None:
        """(larger source, condition) for a set that is part of another."""
        build, args = self.build, source.args
        if source.op == "erase":
            return args[0], build.negation(build.equal(variable, args[1]))
        if source.op == "minus":
            return args[0], build.negation(build.member(variable, args[1]))
        if source.op == "inter":
            return args[0], build.member(variable, args[1])
        return None

    def member_truth(self, node: Node) -> Value:
        """Whether a value is in a set, bag or sequence."""
        x, holder = node.args
        if isinstance(holder.domain, SetOf) and (holder.op in PATHS or not holder.is_const):
            return self._bit(x, holder)
        variable = self.build.open_variable(holder.domain.member)
        return self.exists(variable, holder, self.build.equal(x, variable))

    def _bit(self, x: Node, holder: Node) -> Value:
        b = self.e.b
        domain = holder.domain
        assert isinstance(domain, SetOf)
        valid, rank = self.rank_of(x, domain.member)
        place = self.place(holder)
        if place.shape.small:
            bit = b.and_(b.lshr(self.e.read(place), rank), self.e.number(1))
        else:
            word = self.e.load(place.pointer, self.e.add(place.word, b.lshr(rank, self.e.number(6))))
            bit = b.and_(b.lshr(word, b.and_(rank, self.e.number(63))), self.e.number(1))
        return b.and_(valid, b.icmp_unsigned("!=", bit, self.e.number(0)))

    def sent_truth(self, node: Node) -> Value:
        """Whether a message is in a set of the state, or is excused from being there."""
        x, holder, excuse = node.args
        b = self.e.b
        valid, rank = self.rank_of(x, holder.domain.member)
        return b.and_(valid, b.or_(self.truth(excuse), self._bit_at(holder, rank)))

    def subset_truth(self, node: Node) -> Value:
        """Whether every member of one set is in another."""
        return self.subset(*node.args)

    def subset(self, a: Node, c: Node) -> Value:
        variable = self.build.open_variable(a.domain.member)  # type: ignore[attr-defined]
        outside = self.build.negation(self.build.member(variable, c))
        return self.e.b.not_(self.exists(variable, a, outside))

    # ------------------------------------------------------------------ counting

    def number_value(self, node: Node) -> Value:
        """How many members satisfy the body."""
        variable, (body,) = self.build.open(node)
        return self.how_many(variable, node.args[1], body)

    def size_value(self, node: Node) -> Value:
        """The number of members of a set."""
        holder = node.args[0]
        return self.how_many(self.build.open_variable(holder.domain.member), holder, self.build.truth(True))

    def how_many(self, variable: Node, source: Node, body: Node) -> Value:
        """The number of distinct members of `source` for which `body` is true."""
        b, build = self.e.b, self.build
        if hollow(source):
            return self.e.number(0)
        listed = self.listed(source)
        if listed is not None:
            total = self.e.number(0)
            for member in listed:
                total = b.add(total, self.e.widen(self.truth(build.substitute(body, variable, member))))
            return total
        split = self._how_many_in_parts(variable, source, body)
        if split is not None:
            return split
        if isinstance(source.domain, SetOf):
            classes = self.classes(variable, source.domain.member, (body,))
            if classes is not None:
                return self._count_classes(source, classes)
        if body.is_const and isinstance(source.domain, CappedSetOf) and source.op in PATHS:
            return self.count(self.place(source)) if body.value else self.e.number(0)
        total = self.e.scratch(1)
        self.e.store(self.e.number(0), total)
        with self.each(source) as (element, _), self.binding(variable, element):
            self.e.store(b.add(self.e.load(total), self.e.widen(self.truth(body))), total)
        return self.e.load(total)

    def _how_many_in_parts(self, variable: Node, source: Node, body: Node) -> Value | None:
        b, build, args = self.e.b, self.build, source.args
        if source.op in ("union", "insert"):
            if source.op == "insert":
                fresh = build.conjunction(
                    build.negation(build.member(args[1], args[0])), build.substitute(body, variable, args[1])
                )
                return b.add(self.how_many(variable, args[0], body), self.e.widen(self.truth(fresh)))
            fresh = build.conjunction(build.negation(build.member(variable, args[0])), body)
            return b.add(self.how_many(variable, args[0], body), self.how_many(variable, args[1], fresh))
        if source.op == "ite":
            yes, no = (self.how_many(variable, side, body) for side in args[1:])
            return b.select(self.truth(args[0]), yes, no)
        if source.op == "comprehension":
            inner, (condition, value) = build.open(source)
            if value is inner and not isinstance(args[1].domain, SequenceOf):
                both = build.conjunction(condition, build.substitute(body, variable, inner))
                return self.how_many(inner, args[1], both)
            return self._how_many_images(variable, source, body)
        narrowed = self.narrowed(variable, source)
        if narrowed is not None:
            return self.how_many(variable, narrowed[0], build.conjunction(narrowed[1], body))
        return None

    def _how_many_images(self, variable: Node, source: Node, body: Node) -> Value:
        """Several members may have one image: the possible images are counted instead."""
        member = source.domain.member  # type: ignore[attr-defined]
        if member.cardinality > _MOST_UNROLLED:
            raise Unlowerable(f"counting images among {member.cardinality:,} possible ones")
        b, build = self.e.b, self.build
        total = self.e.number(0)
        for value in member.values():
            image = build.literal(value, member)
            hit = build.conjunction(build.substitute(body, variable, image), build.member(image, source))
            total = b.add(total, self.e.widen(self.truth(hit) if hit.op != "member" else self.member_truth(hit)))
        return total

    def _count_classes(self, source: Node, classes: list[Class]) -> Value:
        b = self.e.b
        total = self.e.number(0)
        for (condition,), mask in classes:
            here = self.e.number(0)
            for k in range(self._words(source)):
                part = mask >> (WORD * k) & ((1 << WORD) - 1)
                if part:
                    here = b.add(here, b.ctpop(b.and_(self.set_word(source, k), self.e.number(part))))
            total = b.add(
                total, here if condition.is_const else b.select(self.truth(condition), here, self.e.number(0))
            )
        return total

    def biggest_value(self, node: Node) -> Value:
        """The largest value, or the default."""
        return self._extreme(node, "maximum")

    def smallest_value(self, node: Node) -> Value:
        """The smallest value, or the default."""
        return self._extreme(node, "minimum")

    def _extreme(self, node: Node, better: str) -> Value:
        b, build = self.e.b, self.build
        variable, (condition, value, default) = build.open(node)
        if hollow(node.args[1]):
            return self.scalar(default)
        some, best = self.e.scratch(1), self.e.scratch(1)
        self.e.store(self.e.number(0), some)
        self.e.store(self.scalar(default), best)

        def consider(taken: Value, candidate: Value) -> None:
            with self.e.when(taken):
                old = self.e.load(best)
                first = b.icmp_unsigned("==", self.e.load(some), self.e.number(0))
                self.e.store(b.select(first, candidate, self._arithmetic(better, old, candidate)), best)
                self.e.store(self.e.number(1), some)

        source = node.args[1]
        listed = self.listed(source)
        if listed is not None:
            for member in listed:
                with self.scope():
                    parts = [build.substitute(p, variable, member) for p in (condition, value)]
                    taken = self.truth(parts[0])
                    consider(taken, self.scalar(parts[1]))
        else:
            with self.each(source) as (element, _), self.binding(variable, element):
                consider(self.truth(condition), self.scalar(value))
        return self.e.load(best)

    # ------------------------------------------------------------------ bags

    def bag_size_value(self, node: Node) -> Value:
        """The number of members of a bag, copies included."""
        return self._copies_in(node.args[0], None)

    def copies_value(self, node: Node) -> Value:
        """The number of copies of a member."""
        return self._copies_in(*node.args)

    def _copies_in(self, bag: Node, member: Node | None) -> Value:
        b, build = self.e.b, self.build
        if hollow(bag):
            return self.e.number(0)
        place = self.place(bag)
        shape = place.shape
        assert isinstance(shape, ListShape) and isinstance(bag.domain, BagOf)
        total = self.e.scratch(1)
        self.e.store(self.e.number(0), total)
        variable = build.open_variable(bag.domain.member)
        array = self.items(place)
        with self.e.loop(self.count(place)) as (k, _), self.scope():
            pair = self.e.element(array, k)
            copies = self.copies_at(pair)
            if member is not None:
                with self.binding(variable, self._registered(self.member_of_pair(pair), bag.domain.member)):
                    same = self.truth(build.equal(member, variable))
                    copies = b.select(same, copies, self.e.number(0))
            self.e.store(b.add(self.e.load(total), copies), total)
        return self.e.load(total)

    def member_of_pair(self, pair: Place) -> Place:
        """The member of an element of a bag."""
        shape = pair.shape
        assert isinstance(shape, CopiesShape)
        word, bit = shape.places[0]
        return Place(pair.pointer, self.e.add(pair.word, word), self.e.add(pair.bit, bit), shape.member)

    def copies_at(self, pair: Place) -> Value:
        """The number of copies of an element of a bag."""
        shape = pair.shape
        assert isinstance(shape, CopiesShape)
        word, bit = shape.places[1]
        loaded = self.e.load(pair.pointer, self.e.add(pair.word, word))
        return self.e.cut_out(loaded, self.e.add(pair.bit, bit), shape.copies_bits)

    # ------------------------------------------------------------------ members one by one

    def listed(self, source: Node) -> list[Node] | None:
        """The members of a source that is known and small, as constants."""
        build = self.build
        if source.op == "universe" and source.domain.cardinality <= _MOST_UNROLLED:
            return [build.literal(v, source.domain) for v in source.domain.values()]
        if source.op == "interval" and source.args[1] - source.args[0] < _MOST_UNROLLED:
            return [build.integer(k) for k in range(source.args[0], source.args[1] + 1)]
        if source.op == "const":
            members = (
                source.value if type(source.value) is tuple else sorted(plain_members(source.value), key=order_key)
            )
            return [build.literal(v, source.domain.member) for v in members]  # type: ignore[attr-defined]
        if source.op == "sequence":
            return list(source.args)
        return None

    def each(self, source: Node) -> Any:
        """A loop over the members of a source: (member, block to leave by)."""
        from contextlib import contextmanager

        @contextmanager
        def loop() -> Iterator[tuple[Value | Place, Any]]:
            with self.scope():
                if source.op in ("universe", "interval"):
                    lo = source.args[0] if source.op == "interval" else source.lo
                    count = source.domain.cardinality if source.op == "universe" else source.args[1] - lo + 1
                    with self.e.loop(self.e.number(count)) as (k, end):
                        yield self.e.b.add(k, self.e.number(lo)), end
                elif isinstance(source.domain, SetOf):
                    yield from self._each_bit(source)
                else:
                    yield from self._each_item(source)

        return loop()

    def _each_item(self, source: Node) -> Iterator[tuple[Value | Place, Any]]:
        place = self.place(source)
        member = source.domain.member  # type: ignore[attr-defined]
        array = self.items(place)
        with self.e.loop(self.count(place)) as (k, end):
            element = self.e.element(array, k)
            if isinstance(source.domain, BagOf):
                element = self.member_of_pair(element)
            yield self._registered(element, member), end

    def _registered(self, place: Place, domain: Domain) -> Value | Place:
        """A scalar member as a number, any other by its place."""
        if not isinstance(domain, SCALARS):
            return place
        value = self.e.read(place)
        return self.e.b.add(value, self.e.number(domain.lo)) if isinstance(domain, IntRange) and domain.lo else value

    def _each_bit(self, source: Node) -> Iterator[tuple[Value | Place, Any]]:
        domain = source.domain
        assert isinstance(domain, SetOf)
        with self.e.loop(self.e.number(domain.member.cardinality)) as (k, end):
            with self.e.when(self._bit_at(source, k)):
                yield self.member_number(domain.member, k), end

    def _bit_at(self, source: Node, rank: Value) -> Value:
        b = self.e.b
        place = self.place(source)
        if place.shape.small:
            bit = b.and_(b.lshr(self.e.read(place), rank), self.e.number(1))
        else:
            word = self.e.load(place.pointer, self.e.add(place.word, b.lshr(rank, self.e.number(6))))
            bit = b.and_(b.lshr(word, b.and_(rank, self.e.number(63))), self.e.number(1))
        return b.icmp_unsigned("!=", bit, self.e.number(0))

    def member_number(self, domain: Domain, rank: Value) -> Value | Place:
        """The member of that rank: of scalars the number, of others a place in a table of all of them."""
        if isinstance(domain, SCALARS):
            return self.e.b.add(rank, self.e.number(domain.lo)) if isinstance(domain, IntRange) and domain.lo else rank
        shape = self.layout.shape(domain)
        table = self.universe(domain)
        return Place(table, self.e.b.mul(rank, self.e.number(shape.words)), 0, shape)

    def universe(self, domain: Domain) -> Value:
        """Constant memory with every value of a domain in rank order."""
        shape = self.layout.shape(domain)
        return self._remembered("universe", id(domain), lambda: self.table([shape.packed(v) for v in domain.values()]))

    # ------------------------------------------------------------------ bit sets

    def _words(self, source: Node) -> int:
        return -(-source.domain.member.cardinality // WORD)  # type: ignore[attr-defined,no-any-return]

    def meets(self, source: Node, mask: int) -> Value:
        """Whether a bit set has a member of the mask."""
        b = self.e.b
        joined = self.e.number(0)
        for k in range(self._words(source)):
            part = mask >> (WORD * k) & ((1 << WORD) - 1)
            if part:
                joined = b.or_(joined, b.and_(self.set_word(source, k), self.e.number(part)))
        return b.icmp_unsigned("!=", joined, self.e.number(0))

    def classes(self, variable: Node, domain: Domain, parts: tuple[Node, ...]) -> list[Class] | None:
        """The members of a universe by what the parts read of them; None if there are too many classes."""
        return classes_of(self.build, variable, domain, parts)


def hollow(source: Node) -> bool:
    """Whether a source was written down as empty, so that nothing is known of its members."""
    return isinstance(getattr(source.domain, "member", None), Nothing)
