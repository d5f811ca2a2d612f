"""Channels: a first-in-first-out channel from every node to every other one."""

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


class Channels(tuple[Any, ...], Generic[N, M]):
    """`net[i, j]` is what i has sent to j and j has not yet received, oldest first.  A node has no channel to itself.

    In a state: `Annotated[Channels[Node, Message], AtMost("max_in_channel")]`; a message too many is cut by that bound.
    """

    __slots__ = ()

    @staticmethod
    def empty(nodes: Any) -> Channels[Any, Any]:
        """Every channel empty."""
        space = current_scope("Channels.empty").key_space(nodes)
        pairs = KeySpace.of(tuple((i, j) for i in space.keys for j in space.keys if i is not j))
        return _new_tuple(Channels, (pairs, *[()] * len(pairs.keys)))

    def __getitem__(self, pair: tuple[N, N]) -> tuple[M, ...]:  # type: ignore[override]
        try:
            return _item(self, _item(self, 0).position[pair])
        except (KeyError, SpecError):
            if has_symbolic(pair) and seam.tracer is not None:
                return seam.tracer.lift(self)[pair]  # type: ignore[no-any-return]
            raise SpecError(f"there is no channel {pair!r}: a channel joins two different nodes") from None

    def _with(self, pair: tuple[N, N], queue: tuple[M, ...]) -> Channels[N, M]:
        values = list(_items(self))
        try:
            values[values[0].position[pair]] = queue
        except KeyError:
            raise SpecError(f"there is no channel {pair!r}: a channel joins two different nodes") from None
        return _new_tuple(Channels, values)

    def send(self, src: N, dst: N, message: M) -> Channels[N, M]:
        """`message` put last into the channel from src to dst."""
        if seam.tracer is not None and has_symbolic((src, dst, message)):
            return seam.tracer.lift(self).send(src, dst, message)  # type: ignore[no-any-return]
        return self._with((src, dst), (*self[src, dst], message))

    def receive(self, src: N, dst: N) -> Channels[N, M]:
        """The channel from src to dst without its head.  SpecError where it is empty."""
        if seam.tracer is not None and has_symbolic((src, dst)):
            return seam.tracer.lift(self).receive(src, dst)  # type: ignore[no-any-return]
        queue = self[src, dst]
        if not queue:
            raise SpecError(f"receive from the empty channel {src!r} to {dst!r}: require(net[i, j]) first")
        return self._with((src, dst), queue[1:])

    def broadcast(self, src: N, to: Set[N], message: M) -> Channels[N, M]:
        """`message` sent from src to every member of `to` except src itself."""
        if seam.tracer is not None:
            return seam.tracer.lift(self).broadcast(src, to, message)  # type: ignore[no-any-return]
        net = self
        for i, j in _item(self, 0).keys:
            if i == src and j in to:
                net = net.send(i, j, message)
        return net

    def disconnect(self, node: N) -> Channels[N, M]:
        """Every channel from and to `node` emptied: what a broken connection loses."""
        if seam.tracer is not None and has_symbolic(node):
            return seam.tracer.lift(self).disconnect(node)  # type: ignore[no-any-return]
        return self._cleared(lambda i, j: node in (i, j))

    def reset(self, a: N, b: N) -> Channels[N, M]:
        """Both channels between a and b emptied: a connection made anew."""
        if seam.tracer is not None and has_symbolic((a, b)):
            return seam.tracer.lift(self).reset(a, b)  # type: ignore[no-any-return]
        return self._cleared(lambda i, j: (i, j) in ((a, b), (b, a)))

    def _cleared(self, which: Callable[[Any, Any], bool]) -> Channels[N, M]:
        space, *queues = _items(self)
        return make_channels(space, [() if which(i, j) else q for (i, j), q in zip(space.keys, queues, strict=True)])

    def queues(self) -> tuple[tuple[tuple[N, N], tuple[M, ...]], ...]:
        """((src, dst), queue) for every channel, in order."""
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


def make_channels(space: KeySpace, queues: list[tuple[Any, ...]]) -> Channels[Any, Any]:
    """The channels with these queues in the order of the pairs of `space`."""
    return _new_tuple(Channels, (space, *queues))
