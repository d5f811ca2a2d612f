"""Channels as connections: what is sent arrives in order, or is lost with the connection, and nothing else."""

from __future__ import annotations

import itertools
import pickle
import random
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from tests.spec.wide_toy import Node as Process
from tests.spec.wide_toy import Tick, WideToy

from mcheck.spec import AtMost, Channels, Index, Map, Range, Record, Set, Spec, SpecError, action, any, constant, text
from mcheck.spec.tracing.trace import trace

TICKS = [Tick(epoch=k) for k in range(3)]


@pytest.fixture(autouse=True)
def active() -> Iterator[None]:
    with WideToy(nodes=3).instance.active():
        yield


def nodes() -> tuple[Process, ...]:
    return tuple(Process(k) for k in range(3))


def test_a_channel_is_first_in_first_out() -> None:
    i, j, _ = nodes()
    net = Channels.empty(Process).send(i, j, TICKS[0]).send(i, j, TICKS[1]).send(j, i, TICKS[2])
    assert net[i, j] == (TICKS[0], TICKS[1])
    assert net.receive(i, j)[i, j] == (TICKS[1],) and net.receive(i, j)[j, i] == (TICKS[2],)


def test_what_is_under_way_is_lost_with_the_connection_both_ways() -> None:
    i, j, k = nodes()
    net = Channels.empty(Process)
    for a, b in itertools.permutations(nodes(), 2):
        net = net.send(a, b, TICKS[0])
    apart = net.disconnect(i, j)
    assert [p for p, q in apart.queues() if q is None] == [(i, j), (j, i)]
    assert apart[i, j] == apart[j, i] == () and apart[i, k] == apart[k, j] == (TICKS[0],)
    alone = net.disconnect(i)
    assert [p for p, q in alone.queues() if q] == [(j, k), (k, j)]
    assert alone.connect(i, j)[i, j] == () and alone.connect(i, j).connected(j, i)
    assert not alone.connect(i, j).connected(i, k)


def test_a_new_connection_has_nothing_of_the_old_one() -> None:
    i, j, _ = nodes()
    net = Channels.unconnected(Process).connect(i, j).send(i, j, TICKS[0]).send(j, i, TICKS[1])
    assert net.connect(i, j) == net.disconnect(i, j).connect(j, i) == Channels.unconnected(Process).connect(i, j)


def test_what_is_sent_where_there_is_no_connection_is_lost() -> None:
    i, j, k = nodes()
    net = Channels.unconnected(Process).connect(i, j)
    assert net.send(i, k, TICKS[0]) == net
    assert net.broadcast(i, Set.of(i, j, k), TICKS[0]) == net.send(i, j, TICKS[0])
    assert net.send(i, k, TICKS[0]).connect(i, k)[i, k] == ()


def test_connected_is_symmetric_whatever_happens() -> None:
    rng, net = random.Random(5), Channels.unconnected(Process)
    for _ in range(300):
        a, b = rng.sample(nodes(), 2)
        net = rng.choice([net.connect(a, b), net.disconnect(a, b), net.disconnect(a), net.send(a, b, TICKS[0])])
        assert all(net.connected(x, y) == net.connected(y, x) for x in nodes() for y in nodes())
        assert not net.connected(a, a)


def test_a_node_has_no_channel_to_itself() -> None:
    i, j, _ = nodes()
    net = Channels.empty(Process)
    for wrong in (
        lambda: net[i, i],
        lambda: net.connect(i, i),
        lambda: net.disconnect(j, j),
        lambda: net.send(i, i, 1),
    ):
        with pytest.raises(SpecError, match="a channel joins two different nodes"):
            wrong()


@pytest.mark.parametrize("net", [Channels.empty, Channels.unconnected])
def test_nothing_is_received_from_an_empty_channel(net: Any) -> None:
    i, j, _ = nodes()
    with pytest.raises(SpecError, match=r"receive from the empty channel .*: require\(net\[i, j\]\) first"):
        net(Process).receive(i, j)


def test_channels_are_values() -> None:
    i, j, _ = nodes()
    net = Channels.unconnected(Process).connect(i, j).send(i, j, TICKS[1])
    assert text(net) == "[(Tick(epoch=1),), None, (), None, None, None]"
    assert pickle.loads(pickle.dumps(net)) == net and len({net, net.disconnect(i), net.receive(i, j)}) == 3


# ---------------------------------------------------------------------- traced


class Node(Index, size="nodes"):
    """A process."""


class Note(Record):
    number: Annotated[int, Range(0, 3)]


class State(Record):
    net: Annotated[Channels[Node, Note], AtMost(3)]
    seen: Map[Node, bool]


class Post(Spec[State]):
    """Every operation that is one expression, on members that are not known."""

    nodes: int = constant(3, "processes")

    def init(self) -> State:
        return State(net=Channels.unconnected(Node), seen=Map.fill(Node, False))

    @action
    def tell(self, s: State, i: Node, n: Note) -> State:
        net = s.net.broadcast(i, Set(j for j in Node if s.seen[j] and s.net.connected(j, i)), n).disconnect(i)
        return s.replace(net=net, seen=s.seen.set(i, any(net.connected(i, j) for j in Node)))


def test_no_operation_forks_over_the_nodes() -> None:
    """One path, or as many as the ends can coincide: not one for each node."""
    for size in (2, 5):
        assert trace(Post(nodes=size).instance).rules["tell"].paths == 1
