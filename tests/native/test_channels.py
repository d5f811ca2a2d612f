"""Compiled code for channels cuts a step at the bound that the plain functions name, however many messages it sends."""

from __future__ import annotations

from typing import Annotated

import pytest
from tests.native.comparing import search_differences

from mcheck.checker import Limits
from mcheck.spec import AtMost, Channels, Index, Range, Record, Set, Spec, action, bound, constant, require

pytest.importorskip("llvmlite")


class Node(Index, size="nodes"):
    """A process."""


class Note(Record):
    number: Annotated[int, Range(0, "max_number")]
    body: Annotated[int, Range(0, (1 << 40) - 1)] = 0  # wide, so that channels are changed where they stand


class State(Record):
    number: Annotated[int, Range(0, "max_number")] = 0
    net: Annotated[Channels[Node, Note], AtMost("max_in_channel")]


class Exchange(Spec[State]):
    """Steps that send two messages, of which one may be too many and the other too large."""

    nodes: int = constant(2, "processes")
    max_number: int = bound(1, "largest number")
    max_in_channel: int = bound(1, "most messages in a channel")

    def init(self) -> State:
        return State(net=Channels.empty(Node))

    @action
    def count(self, s: State) -> State:
        return s.replace(number=s.number + 1)

    @action
    def both_ways(self, s: State, i: Node, j: Node) -> State:
        require(i != j, "two processes")
        small, large = Note(number=s.number), Note(number=s.number + 1)
        return s.replace(net=s.net.send(i, j, small).send(j, i, large))

    @action
    def to_all(self, s: State, i: Node, j: Node) -> State:
        require(i != j, "two processes")
        everyone = Set(k for k in Node)
        small, large = Note(number=s.number), Note(number=s.number + 1)
        return s.replace(net=s.net.broadcast(i, everyone, large).broadcast(j, everyone, small))

    @action
    def part(self, s: State, i: Node, j: Node) -> State:
        require(i != j, "two processes")
        return s.replace(net=s.net.disconnect(i, j))


@pytest.mark.parametrize("constants", [{}, {"max_in_channel": 2}, {"nodes": 3}])
def test_the_same_bound_is_charged(constants: dict[str, int]) -> None:
    assert search_differences(Exchange(**constants).instance, Limits(depth=4)) == []
