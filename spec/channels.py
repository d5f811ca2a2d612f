"""Channels: connections between nodes, and on each a first-in-first-out channel both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar

from mcheck.spec.errors import SpecError
from mcheck.spec.maps import KeySpace
from mcheck.spec.scope import current_scope
from mcheck.spec.sets import Set
from mcheck.spec.symbolic import has_symbolic, seam

N = TypeVar("N")
M = TypeVar("M")

_new_tuple = tuple.__new__
_items = tuple.__iter__
_item = tuple.__getitem__


Queue = tuple[Any, ...] | None


class Channels(tuple[Any, ...], Generic[N, M]):
    """`net[i, j]` is what i has sent to j and j has not yet received, oldest first.  A node has no channel to itself.

    Two nodes are connected or not, like the ends of a TCP connection.  What is under way on a connection is lost when it
    breaks, both ways; what is sent where there is none is lost at once.  A connection made anew begins with nothing.

    In a state: `Annotated[Channels[Node, Message], AtMost("max_in_channel")]`; a message too many is cut by that bound.
    """

    __slots__ = ()  # the key space of the pairs, then for each pair its queue: None where the two are not connected

    @staticmethod
    def empty(nodes: Any) -> Channels[Any, Any]:
        """All nodes connected with each other, nothing sent."""
        return _alike(nodes, ())

    @staticmethod
    def unconnected(nodes: Any) -> Channels[Any, Any]:
        """No node connected with another."""
        return _alike(nodes, None)

    def _queue(self, pair: tuple[N, N]) -> tuple[M, ...] | None:
        try:
            return _item(self, _item(self, 0).position[pair])  # type: ignore[no-any-return]
        except KeyError:
            raise SpecError(f"there is no channel {pair!r}: a channel joins two different nodes") from None

    def __getitem__(self, pair: tuple[N, N]) -> tuple[M, ...]:  # type: ignore[override]
        if seam.tracer is not None and has_symbolic(pair):
            return seam.tracer.lift(self)[pair]  # type: ignore[no-any-return]
        return self._queue(pair) or ()

    def connected(self, a: N, b: N) -> bool:
        """Whether a and b are connected; a node is not connected with itself."""
        if seam.tracer is not None and has_symbolic((a, b)):
            return seam.tracer.lift(self).connected(a, b)  # type: ignore[no-any-return]
        return a != b and self._queue((a, b)) is not None

    def connect(self, a: N, b: N) -> Channels[N, M]:
        """A new connection between a and b, with nothing under way; one that there was is broken."""
        if seam.tracer is not None and has_symbolic((a, b)):
            return seam.tracer.lift(self).connect(a, b)  # type: ignore[no-any-return]
        self._queue((a, b))
        return self._changed(lambda i, j, queue: () if (i, j) in ((a, b), (b, a)) else queue)

    def disconnect(self, a: N, b: N | None = None) -> Channels[N, M]:
        """The connection between a and b broken; without b, every connection of a."""
        if seam.tracer is not None and has_symbolic((a, b)):
            return seam.tracer.lift(self).disconnect(a, b)  # type: ignore[no-any-return]
        if b is None:
            return self._changed(lambda i, j, queue: None if a in (i, j) else queue)
        self._queue((a, b))
        return self._changed(lambda i, j, queue: None if (i, j) in ((a, b), (b, a)) else queue)

    def send(self, src: N, dst: N, message: M) -> Channels[N, M]:
        """`message` put last into the channel from src to dst; no change where they are not connected."""
        if seam.tracer is not None and has_symbolic((src, dst, message)):
            return seam.tracer.lift(self).send(src, dst, message)  # type: ignore[no-any-return]
        queue = self._queue((src, dst))
        return self if queue is None else self._replaced((src, dst), (*queue, message))

    def broadcast(self, src: N, to: Set[N], message: M) -> Channels[N, M]:
        """`message` sent from src to every member of `to` except src itself."""
        if seam.tracer is not None:
            return seam.tracer.lift(self).broadcast(src, to, message)  # type: ignore[no-any-return]
        return self._changed(
            lambda i, j, queue: (*queue, message) if queue is not None and i == src and j in to else queue
        )

    def receive(self, src: N, dst: N) -> Channels[N, M]:
        """The channel from src to dst without its head.  SpecError where it is empty."""
        if seam.tracer is not None and has_symbolic((src, dst)):
            return seam.tracer.lift(self).receive(src, dst)  # type: ignore[no-any-return]
        queue = self._queue((src, dst))
        if not queue:
            raise SpecError(f"receive from the empty channel {src!r} to {dst!r}: require(net[i, j]) first")
        return self._replaced((src, dst), queue[1:])

    def _replaced(self, pair: tuple[N, N], queue: Queue) -> Channels[N, M]:
        values = list(_items(self))
        values[values[0].position[pair]] = queue
        return _new_tuple(Channels, values)

    def _changed(self, change: Callable[[Any, Any, Queue], Queue]) -> Channels[N, M]:
        space, *queues = _items(self)
        return make_channels(space, [change(i, j, q) for (i, j), q in zip(space.keys, queues, strict=True)])

    def queues(self) -> tuple[tuple[tuple[N, N], tuple[M, ...] | None], ...]:
        """((src, dst), queue) for every channel, in order; None where the two are not connected."""
        space, *queues = _items(self)
        return tuple(zip(space.keys, queues, strict=True))

    def _refused(self, *_: object) -> NoReturn:
        raise SpecError("Channels are read one at a time: net[i, j]")

    __iter__ = __len__ = __contains__ = __add__ = __mul__ = __rmul__ = _refused

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Channels({', '.join(f'{i!r}→{j!r}: {q!r}' for (i, j), q in self.queues() if q)})"

    def __reduce__(self) -> tuple[Any, ...]:
        space, *queues = _items(self)
        return make_channels, (space, queues)

    def _text(self, inner: Callable[[Any], str]) -> str:
        return "[" + ", ".join(inner(q) for _, q in self.queues()) + "]"


def _alike(nodes: Any, queue: Queue) -> Channels[Any, Any]:
    """Every channel with this queue."""
    space = current_scope("Channels").key_space(nodes)
    pairs = KeySpace.of(tuple((i, j) for i in space.keys for j in space.keys if i is not j))
    return make_channels(pairs, [queue] * len(pairs.keys))


def make_channels(space: KeySpace, queues: list[Queue]) -> Channels[Any, Any]:
    """The channels with these queues in the order of the pairs of `space`; None where two nodes are not connected."""
    return _new_tuple(Channels, (space, *queues))
