"""Tracing: path counts stay small, and what cannot be traced is refused with its line and a remedy."""

from __future__ import annotations

import itertools
import random
import time
from itertools import islice
from typing import Annotated, Any

import pytest

from mcheck.models.paxos import Paxos
from mcheck.models.two_phase_commit import TwoPhaseCommit
from mcheck.spec import (
    GHOST,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    SpecError,
    action,
    always,
    any,
    bound,
    constant,
    require,
)
from mcheck.spec.errors import LanguageError
from mcheck.spec.ir.tree import Answer, Blocked, Fails, Update, leaves
from mcheck.spec.tracing.agreement import disagreements, typed_states
from mcheck.spec.tracing.forking import PATHS_RUN_AGAIN
from mcheck.spec.tracing.trace import trace


def total(spec: Spec[Any]) -> int:
    """The paths of all rules that a search runs."""
    instance = spec.instance
    lemmas = {rule.name for rule in instance.lemmas}
    return sum(r.paths for name, r in trace(instance).rules.items() if name not in lemmas)


def test_two_phase_commit_has_few_paths() -> None:
    assert total(TwoPhaseCommit()) <= 40


@pytest.mark.parametrize("constants", [{}, {"acceptors": 5, "values": 3, "max_ballot": 5}])
def test_the_paths_of_paxos_do_not_grow_with_its_universe(constants: dict[str, int]) -> None:
    assert total(Paxos(**constants)) == total(Paxos())
    assert total(Paxos()) <= 40


class Node(Index, size="nodes"):
    """A process."""


class Cell(Record):
    term: Annotated[int, Range(0, "max_term")] = 0
    place: Annotated[int, Range(0, "max_log")] = 0
    owner: Node | None = None


class State(Record):
    cells: Map[Node, Cell]
    seen: Set[Node] = Set()
    trail: Annotated[Set[Node], GHOST] = Set()


class Base(Spec[State]):
    nodes: int = constant(3, "processes")
    max_term: int = bound(2, "highest term")
    max_log: int = bound(2, "longest log")

    def init(self) -> State:
        return State(cells=Map.fill(Node, Cell()))

    @action
    def note(self, s: State, i: Node) -> State:
        return s.replace(seen=s.seen.add(i), trail=s.trail.add(i))


def refused(spec: type[Base]) -> str:
    with pytest.raises(LanguageError) as error:
        trace(spec().instance)
    assert "\n" not in str(error.value)
    assert "test_tracing.py:" in str(error.value)
    return str(error.value)


def test_leaves_say_what_happens() -> None:
    class Careful(Base):
        @action
        def advance(self, s: State, i: Node) -> State:
            require(i in s.seen, "i was seen")
            return s.replace(cells=s.cells.set(i, s.cells[i].replace(term=s.cells[i].term + 1)))

        @always("quiet")
        def quiet(self, s: State, i: Node) -> bool:
            owner = s.cells[i].owner
            return owner is None or owner == i

    traced = trace(Careful().instance)
    assert [type(x) for x in leaves(traced["advance"].tree)] == [Update, Blocked]
    assert [x.reason for x in leaves(traced["advance"].tree) if isinstance(x, Blocked)] == ["i was seen"]
    assert all(isinstance(x, Answer) for x in leaves(traced["quiet"].tree))


def test_a_failure_is_a_leaf_with_its_line() -> None:
    class Careless(Base):
        @action
        def visit(self, s: State, i: Node) -> State:
            owner = s.cells[i].owner
            return s.replace(cells=s.cells.set(i, s.cells[owner.missing]))  # type: ignore[union-attr]

    with pytest.raises(LanguageError):
        trace(Careless().instance)

    class OnNone(Base):
        @action
        def visit(self, s: State, i: Node) -> State:
            owner = s.cells[i].owner
            require(owner is None, "nobody owns it")
            return s.replace(seen=s.seen.add(owner.other))  # type: ignore[union-attr]

    failures = [x for x in leaves(trace(OnNone().instance)["visit"].tree) if isinstance(x, Fails)]
    assert len(failures) == 1
    assert failures[0].message == "None has no 'other': test `is None` first"
    assert failures[0].place is not None and failures[0].place.startswith("test_tracing.py:")


def test_is_is_refused() -> None:
    class Same(Base):
        @action
        def same(self, s: State, i: Node, j: Node) -> State:
            return s if s.cells[i] is s.cells[j] else s.replace(seen=Set())

    assert "`is` cannot be traced: write ==" in refused(Same)


def test_builtin_quantifiers_are_refused() -> None:
    class Summed(Base):
        @action
        def summed(self, s: State, i: Node) -> State:
            require(sum(1 for j in Node if j in s.seen) > 1, "two were seen")
            return s

    assert "builtin sum() cannot be traced: use count" in refused(Summed)


def test_units_do_not_mix() -> None:
    class Mixed(Base):
        @action
        def mixed(self, s: State, i: Node) -> State:
            require(s.cells[i].term == s.cells[i].place, "never")
            return s

    assert "a value limited by 'max_term' meets one limited by 'max_log'" in refused(Mixed)

    class Stored(Base):
        @action
        def stored(self, s: State, i: Node) -> State:
            return s.replace(cells=s.cells.set(i, s.cells[i].replace(term=s.cells[i].place)))

    assert "'max_log' is put where one limited by 'max_term' belongs" in refused(Stored)


def test_unknown_fields_and_kinds_are_found_on_paths_no_run_takes() -> None:
    class Misspelt(Base):
        @action
        def never(self, s: State, i: Node) -> State:
            require(s.cells[i].term > 0, "terms stay 0 here")
            return s.replace(cells=s.cells.set(i, s.cells[i].replace(trem=1)))

    assert "Cell has no field 'trem'; it has term, place, owner" in refused(Misspelt)

    class WrongKind(Base):
        @action
        def never(self, s: State, i: Node) -> State:
            require(s.cells[i].term > 0, "terms stay 0 here")
            return s.replace(cells=s.cells.set(i, s.cells[i].replace(owner=s.cells[i].term)))

    assert "Cell.owner: expected a Node 0..2 or None, got an int" in refused(WrongKind)


def test_scalarsets_have_no_order() -> None:
    class Ordered(Base):
        @action
        def ordered(self, s: State, i: Node, j: Node) -> State:
            require(i < j, "the smaller one first")  # type: ignore[operator]
            return s

    assert "scalarset: only == and != are allowed" in refused(Ordered)


def test_loops_over_a_set_of_the_state_are_refused_with_the_remedy() -> None:
    class Looped(Base):
        @action
        def looped(self, s: State, i: Node) -> State:
            for j in s.seen:
                if j == i:
                    return s
            return s.replace(seen=Set())

    assert "generator expression" in refused(Looped)


def test_set_displays_are_refused() -> None:
    class Display(Base):
        @action
        def display(self, s: State, i: Node) -> State:
            return s.replace(seen={i})

    assert "set display" in refused(Display)


def test_assignments_are_refused() -> None:
    class Assigned(Base):
        @action
        def assigned(self, s: State, i: Node) -> State:
            s.seen = Set.of(i)  # type: ignore[misc]
            return s

    assert "assignment to .seen: values are immutable" in refused(Assigned)


def test_a_path_explosion_names_the_line_within_seconds() -> None:
    class Exploding(Base):
        nodes: int = constant(7, "processes")

        @action
        def exploding(self, s: State, i: Node) -> State:
            voted = 0
            for j in Node:
                for k in Node:
                    if s.cells[j].owner == k:
                        voted += 1
            require(voted > 3, "four were seen")
            return s

    start = time.monotonic()
    message = refused(Exploding)
    assert "more than 2,000 paths; it forks at test_tracing.py:" in message
    assert time.monotonic() - start < 30


def test_a_branch_inside_a_small_loop_is_allowed() -> None:
    class Natural(Base):
        @action
        def natural(self, s: State, i: Node) -> State:
            voted = 0
            for j in Node:
                if j in s.seen:
                    voted += 1
            require(voted > 1, "two were seen")
            return s

    assert trace(Natural().instance)["natural"].paths == 8


def test_ghosts_are_for_ghosts_and_properties() -> None:
    class Peeking(Base):
        @action
        def peeking(self, s: State, i: Node) -> State:
            require(i in s.trail, "i left a trail")
            return s

    assert "ghost 'trail'" in refused(Peeking)

    class Copying(Base):
        @action
        def copying(self, s: State, i: Node) -> State:
            return s.replace(seen=s.trail)

    assert "ghost 'trail'" in refused(Copying)

    class Watching(Base):
        @always("a trail is left")
        def trail_is_left(self, s: State, i: Node) -> bool:
            return i not in s.seen or i in s.trail

    trace(Watching().instance)


def test_an_impure_action_is_noticed() -> None:
    calls = itertools.count()

    class Impure(Base):
        @action
        def impure(self, s: State, i: Node, j: Node) -> State:
            require(s.cells[i].term > 0 if next(calls) % 2 else s.cells[j].place > 0, "by turns")
            return s

    assert "not a function" in refused(Impure)

    class Drawing(Base):
        @action
        def drawing(self, s: State, i: Node) -> State:
            return s.replace(cells=s.cells.set(i, s.cells[i].replace(term=next(calls) % 3)))

    assert "not a function" in refused(Drawing)


def test_a_body_that_changes_its_mind_is_noticed() -> None:
    calls = itertools.count()

    class Asking(Base):
        @action
        def asking(self, s: State) -> State:
            require(any(s.cells[i].term > next(calls) % 3 for i in Node), "whatever")
            return s

    assert "not a function" in refused(Asking)


def test_a_body_is_explored_for_each_prefix_of_a_path_and_not_for_each_path() -> None:
    """Else nested quantifiers would multiply the paths of all that is around them."""
    looked: list[Any] = []

    class Looking(Base):
        def old(self, s: State, i: Node) -> bool:
            looked.append(i)
            return s.cells[i].term > 1

        @action
        def looking(self, s: State, i: Node) -> State:
            require(not any(self.old(s, j) for j in Node), "none is old")
            for _ in range(2):
                require(i in s.seen, "i was seen")
                require(s.cells[i].place > 0, "i is elsewhere")
                require(s.cells[i].term > 0, "i is no child")
            return s

    assert trace(Looking().instance)["looking"].paths == 5
    assert len(looked) == 1 + PATHS_RUN_AGAIN  # the first paths are run again, to see whether they say the same


def test_a_body_is_another_one_behind_another_decision() -> None:
    """It asks for what was decided before; the paths that are run again are none of the last ones."""

    class Comparing(Base):
        max_term: int = bound(6, "highest term")

        @action
        def comparing(self, s: State, i: Node) -> State:
            least = 0
            for k in range(1, 7):
                if s.cells[i].term == k:
                    least = k
            require(any(s.cells[j].place >= least % 3 and j != i for j in Node), "another is as far")
            return s.replace(seen=Set.of(i))

    instance = Comparing().instance
    assert trace(instance)["comparing"].paths > 2 * PATHS_RUN_AGAIN
    assert list(disagreements(instance, islice(typed_states(instance, random.Random(1)), 200))) == []


def test_naming_a_member_is_noted_with_its_line() -> None:
    class First(Base):
        @action
        def first(self, s: State) -> State:
            require(Node(0) in s.seen, "the first was seen")
            return s

    (named,) = trace(First().instance)["first"].named.items()
    assert named[0] is Node
    assert named[1].startswith("test_tracing.py:")
    assert trace(Base().instance)["note"].named == {}


def test_equal_quantifiers_are_one_decision() -> None:
    class Twice(Base):
        def crowded(self, s: State, i: Node) -> bool:
            return any(j != i and j in s.seen for j in Node)

        @action
        def twice(self, s: State, i: Node) -> State:
            require(self.crowded(s, i), "somebody else")
            require(self.crowded(s, i), "somebody else, again")
            return s.replace(seen=Set())

    assert trace(Twice().instance)["twice"].paths == 2


def test_values_out_of_a_function_of_the_language_need_an_instance() -> None:
    with pytest.raises(SpecError, match="outside an instance"):
        len(Node)
