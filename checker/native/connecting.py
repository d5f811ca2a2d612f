"""Connecting: what is sent, received, connected and cut off, changed where the channels stand.

A step touches one channel or two of n(n-1).  What stands in memory is what the expression says before the change, so that a
chain of changes needs no other copy.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcheck.checker.native.emit import Place, Value
from mcheck.checker.native.layout import ArrayShape, ListShape, OptionalShape
from mcheck.checker.native.quantifying import Quantifying
from mcheck.checker.native.reading import PATHS
from mcheck.spec.domains.containers import SequenceOf
from mcheck.spec.domains.products import ChannelsOf, ProductOf
from mcheck.spec.ir.nodes import Node
from mcheck.spec.ir.structures import CHANNEL_CHANGES


class Connecting(Quantifying):
    """Lowers one change of channels."""

    def change_channels(self, node: Node, place: Place) -> None:
        """Make channels that hold the first argument of `node` hold `node`."""
        op, args, domain = node.op, node.args, node.domain
        assert isinstance(domain, ChannelsOf)
        if op == "broadcast":
            self._broadcast(node, place)
        elif op == "send":
            self._send(self._channel(place, domain, args[1], args[2]), args[3])
        elif op == "receive":
            self._receive(self._channel(place, domain, args[1], args[2]))
        elif op == "connect" or len(args) == 3:
            for src, dst in ((args[1], args[2]), (args[2], args[1])):
                self._renew(self._channel(place, domain, src, dst), is_open=op == "connect")
        else:
            for other in self._nodes(domain):
                with self.e.when(self.truth(self.build.negation(self.build.equal(other, args[1])))), self.scope():
                    for src, dst in ((args[1], other), (other, args[1])):
                        self._renew(self._channel(place, domain, src, dst), is_open=False)

    def rewritten(self, node: Node) -> bool:
        """Whether several messages are sent of which one may be outside its domain: which limit is crossed first depends on
        the order of the channels then, and all of them are written anew."""
        sent = self._sent(node)
        assert isinstance(node.domain, ChannelsOf) and isinstance(node.domain.queue, SequenceOf)
        member = node.domain.queue.member
        return len(sent) > 1 and any(self.may_leave(x, member) for x in sent)

    def _sent(self, node: Node) -> list[Node]:
        if node.op == "ite":
            return [x for side in node.args[1:] for x in self._sent(side)]
        if node.op not in CHANNEL_CHANGES:
            return []
        return [*self._sent(node.args[0]), *(node.args[-1:] if node.op in ("send", "broadcast") else ())]

    def _nodes(self, domain: ChannelsOf) -> Iterator[Node]:
        assert isinstance(domain.keys, ProductOf)
        factor = domain.keys.factors[0]
        return (self.build.literal(x, factor) for x in factor.values())

    def _channel(self, place: Place, domain: ChannelsOf, src: Node, dst: Node) -> Place:
        return self.e.element(self.items(place), self.key_rank(domain, (src, dst)))

    def _queue(self, channel: Place) -> Place:
        assert isinstance(channel.shape, OptionalShape)
        return channel.part(channel.shape.inner)

    def _renew(self, channel: Place, is_open: bool) -> None:
        """Nothing under way, on a channel that is open or not."""
        shape = channel.shape
        assert isinstance(shape, OptionalShape)
        flag = self.e.number(int(is_open) << shape.flag)
        if shape.small:
            self.e.write(channel, flag)
        else:
            self.e.zero(channel.pointer, channel.word, shape.words)
            self.e.store(flag, channel.pointer, channel.word)

    def _send(self, channel: Place, message: Node) -> None:
        domain = self._queue(channel).shape.domain
        assert isinstance(domain, SequenceOf)
        with self.e.when(self.flagged(channel)), self.scope():
            self.append(self.build.sequence([message], domain.member), self._queue(channel))

    def _broadcast(self, node: Node, place: Place) -> None:
        _, src, to, message = node.args
        build = self.build
        assert isinstance(node.domain, ChannelsOf) and isinstance(node.domain.queue, SequenceOf)
        member = node.domain.queue.member
        if message.op in PATHS or self.may_leave(message, member):
            self._to_each(node, place, src, to, message)
            return
        written = build.open_variable(member)
        with self.binding(written, self.materialised(message, self.layout.shape(member))):
            self._to_each(node, place, src, to, written)

    def _to_each(self, node: Node, place: Place, src: Node, to: Node, message: Node) -> None:
        build, domain = self.build, node.domain
        assert isinstance(domain, ChannelsOf)
        for dst in self._nodes(domain):
            meant = build.conjunction(build.negation(build.equal(src, dst)), build.member(dst, to))
            with self.e.when(self.truth(meant)), self.scope():
                self._send(self._channel(place, domain, src, dst), message)

    def _receive(self, channel: Place) -> None:
        """What was behind the head moves up; the place that becomes free is zero, as all behind the last are."""
        queue = self._queue(channel)
        shape = queue.shape
        assert isinstance(shape, ListShape) and isinstance(shape.array.shape, ArrayShape)
        items = self.items(queue)
        count = self.count(queue)
        with self.e.when(self.e.b.icmp_unsigned(">", count, self.e.number(0))):
            for k in range(shape.capacity - 1):
                self._move(self.e.element(items, k + 1), self.e.element(items, k))
            last = self.e.element(items, shape.capacity - 1)
            if last.shape.small:
                self.e.write(last, self.e.number(0))
            else:
                self.e.zero(last.pointer, last.word, last.shape.words)
            self.set_count(queue, self.e.b.sub(count, self.e.number(1)))

    def _move(self, source: Place, target: Place) -> None:
        if source.shape.small:
            self.e.write(target, self.e.read(source))
        else:
            self.e.copy(target.pointer, target.word, source.pointer, source.word, source.shape.words)

    def set_count(self, place: Place, count: Value) -> None:
        """Write the number of stored elements of a list."""
        shape = place.shape
        assert isinstance(shape, ListShape)
        word = self.e.load(place.pointer, place.word)
        at = self.e.add(place.bit, shape.length)
        self.e.store(self.e.put_in(word, at, shape.length_bits, count), place.pointer, place.word)

    def append(self, tail: Node, place: Place) -> None:
        """Put the members of a sequence behind those at a place; see Ordering."""
        raise NotImplementedError

    def may_leave(self, x: Node, domain: object) -> bool:
        """Whether some number inside a constructed value can be outside its domain; see Gathering."""
        raise NotImplementedError
