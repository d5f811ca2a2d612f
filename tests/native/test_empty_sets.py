"""Empty sets inside other values: what they hold says nothing of members, and compiled code must not take others for them.

If this fails, `s.seen == Map.fill(Node, Set())` may be true of compiled code where somebody has been seen.
"""

from __future__ import annotations

import copy
from itertools import islice
from typing import Annotated

import pytest
from tests.native.comparing import differences, sample

from mcheck.spec import AtMost, Index, Map, Record, Set, Spec, action, any, constant, len, reachable, where


class Node(Index, size="nodes"): ...


Sets = Annotated[tuple[Set[bool], ...], AtMost(2)]


class Held(Record):
    row: Sets = ()
    by: Map[Node, Set[bool]]


class State(Record):
    by: Map[Node, Set[bool]]
    row: Sets = ()
    perhaps: Map[Node, Set[bool]] | None = None
    rows: Annotated[Set[Sets], AtMost(2)] = Set()
    held: Held


class EmptySets(Spec[State]):
    nodes: int = constant(2)

    def init(self) -> State:
        return State(by=Map.fill(Node, Set()), held=Held(by=Map.fill(Node, Set())))

    @action
    def see(self, s: State, i: Node, b: bool) -> State:
        return s.replace(by=s.by.set(i, s.by[i].add(b)), row=s.row[:1] + (Set.of(b),))

    @reachable("a map")
    def a_map(self, s: State) -> bool:
        return s.by == Map.fill(Node, Set())

    @reachable("a map, either way")
    def either_map(self, s: State) -> bool:
        return where(len(s.row) > 0, Map.fill(Node, Set()), s.by) == s.by

    @reachable("a map, member by member")
    def each_of_a_map(self, s: State) -> bool:
        return Map.of(Node, lambda i: where(len(s.row) > 0, Set(), s.by[i])) == s.by

    @reachable("an option of a map")
    def an_option(self, s: State) -> bool:
        return s.perhaps == Map.fill(Node, Set())

    @reachable("a sequence that begins with one")
    def begins(self, s: State) -> bool:
        return s.row == (Set(), s.by[Node(0)])

    @reachable("a sequence that ends with one")
    def ends(self, s: State) -> bool:
        return (s.by[Node(0)], Set()) == s.row

    @reachable("two sequences that are made on the spot")
    def both_made(self, s: State) -> bool:
        return (Set(), s.by[Node(0)]) == (Set(), s.by[Node(1)])

    @reachable("sequences one behind the other")
    def joined(self, s: State) -> bool:
        return (Set(),) + s.row[:1] == s.row

    @reachable("a sequence in a set")
    def in_a_set(self, s: State) -> bool:
        return (Set(), Set.of(True)) in s.rows or any(row == (Set(), Set()) for row in s.rows)

    @reachable("a set of sequences that are made on the spot")
    def made_in_a_set(self, s: State) -> bool:
        return (Set(), s.by[Node(1)]) in Set.of((Set(), s.by[Node(0)]))

    @reachable("a record")
    def a_record(self, s: State) -> bool:
        return s.held == Held(row=(Set(),), by=Map.fill(Node, Set()))

    @reachable("a record with another field")
    def another_record(self, s: State) -> bool:
        return s.held.replace(by=Map.fill(Node, Set())) == s.held


@pytest.mark.parametrize("name", [rule.name for rule in EmptySets().instance.properties])
def test_compiled_code_compares_as_plain_functions_do(name: str) -> None:
    instance = copy.copy(EmptySets().instance)
    instance.properties = tuple(rule for rule in instance.properties if rule.name == name)
    assert len(instance.properties) == 1
    assert list(islice(differences(instance, sample(instance, 1)), 1)) == []
