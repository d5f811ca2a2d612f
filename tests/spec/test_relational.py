"""The language of proofs.  If these fail, a formula says something else than is written, or a mistake goes unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcheck.spec import SpecError, UsageError
from mcheck.spec.relational import (
    Formula,
    Proof,
    Sort,
    Structure,
    System,
    Update,
    action,
    all,
    any,
    axiom,
    fixed,
    function,
    iff,
    implies,
    individual,
    initially,
    invariant,
    nothing,
    relation,
    require,
    safety,
    truth,
    without,
)
from mcheck.spec.relational.structures import Table, enabled, enabling, falsifying, successor


class Node(Sort): ...


class Round(Sort, ordered=True): ...


class Toy(Proof):
    """A token goes round; whoever has it may write down the round."""

    friend = fixed(Node, Node)
    first = individual(Round)
    holds = relation(Node)
    wrote = relation(Node, Round)
    writer = function(Round, to=Node)

    @axiom
    def friends_are_mutual(self, n: Node, m: Node) -> Formula:
        return iff(self.friend(n, m), self.friend(m, n))

    @initially
    def nothing_yet(self) -> Formula:
        return nothing(self.wrote)

    @action
    def write(self, n: Node, r: Round) -> tuple[Update, ...]:
        """The holder writes.  Source: nowhere."""
        require(self.holds(n), "n holds the token")
        require(self.first < r, "r is not the first")
        return self.wrote.add(n, r), self.writer.set(r, n)

    @action
    def hand_over(self, n: Node, m: Node) -> Update:
        require(self.holds(n), "n holds the token")
        require(self.friend(n, m), "m is a friend")
        return self.holds.becomes(lambda x: x == m)

    @safety
    def writers_wrote(self, n: Node, r: Round) -> Formula:
        return implies(self.wrote(n, r), any(self.wrote(self.writer(r), p) for p in Round))

    @invariant
    def somebody_holds(self) -> Formula:
        return any(self.holds(n) for n in Node)


UNIVERSE = {Node: ("a", "b"), Round: (0, 1, 2)}


def structure(**tables: object) -> Structure:
    given = {
        "friend": {},
        "first": {(): 0},
        "holds": {},
        "wrote": {},
        "writer": {(r,): "a" for r in range(3)},
        **tables,
    }
    return Structure(UNIVERSE, {s: given[s.name] for s in Toy.system().symbols})  # type: ignore[misc]


N, R = (p for p in Toy.system().actions[0].parameters)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (Toy.holds(N), True),
        (~Toy.holds(N), False),
        (Toy.holds(N) & Toy.wrote(N, R), False),
        (Toy.holds(N) | Toy.wrote(N, R), True),
        (implies(Toy.wrote(N, R), Toy.holds(N)), True),
        (implies(Toy.holds(N), Toy.wrote(N, R)), False),
        (iff(Toy.wrote(N, R), ~Toy.holds(N)), True),
        (Toy.first < R, True),
        (Toy.first > R, False),
        (R <= R, True),
        (R < R, False),
        (Toy.first < R, True),
        (Toy.first >= R, False),
        (Toy.writer(R) == N, False),
        (Toy.writer(R) != N, True),
        (any(Toy.holds(n) for n in Node), True),
        (all(Toy.holds(n) for n in Node), False),
        (all(any((p <= q) & (p != q) for q in Round) for p in Round), False),
        (any(all(p <= q for q in Round) for p in Round), True),
        (any((p < q) & (q < r) for p in Round for q in Round for r in Round), True),
        (any((p < q) & (q < r) & (r < s) for p in Round for q in Round for r in Round for s in Round), False),
    ],
)
def test_what_a_formula_means(formula: Formula, expected: bool) -> None:
    here = structure(holds={("b",): True}, wrote={("b", 1): True, ("a", 2): True})
    assert truth(formula, here, (N, R), ("b", 2)) is expected


def test_a_formula_may_stand_in_several_places() -> None:
    """Within itself too: its variables are not mixed up."""
    no_later = all(any(q <= r for r in Round) for q in Round)
    every = all(any(Toy.wrote(n, r) & no_later for r in Round) for n in Node)
    here = structure(wrote={("a", 1): True, ("b", 2): True})
    assert truth(every & no_later & every, here)
    strict = all(any(q < r for r in Round) for q in Round)
    assert not truth((strict & strict) | (every & strict), here)
    twice = all(any((q < r) & any(Toy.wrote(n, q) for n in Node) for r in Round) for q in Round)
    assert not truth(twice | twice, structure(wrote={("a", 2): True}))
    some = any(all(Toy.wrote(n, r) for n in Node) for r in Round)
    assert not truth(some | some, structure(wrote={("a", 0): True, ("b", 1): True}))


def test_an_action_changes_what_it_says_and_nothing_else() -> None:
    write, hand_over = Toy.system().actions
    before = structure(holds={("b",): True}, friend={("a", "b"): True, ("b", "a"): True})
    assert enabled(write, before, ("b", 1))
    assert not enabled(write, before, ("a", 1))
    assert not enabled(write, before, ("b", 0))
    after = successor(write, before, ("b", 1))
    writer: Table = {(0,): "a", (1,): "b", (2,): "a"}
    assert after.same_as(Structure(UNIVERSE, {**before.tables, Toy.wrote: {("b", 1): True}, Toy.writer: writer}))
    assert not after.same_as(before)
    moved = successor(hand_over, before, ("b", "a"))
    assert moved.same_as(Structure(UNIVERSE, {**before.tables, Toy.holds: {("a",): True}}))


class Farewell(Toy):
    """Guards over the first parameter, the last, all and none of them."""

    @action
    def leave(self, n: Node, r: Round, m: Node) -> Update:
        require(any(self.wrote(p, self.first) for p in Node), "somebody wrote in the first round")
        require(self.holds(m), "m holds the token")
        require(self.wrote(n, r), "n wrote in r")
        require((n != m) & (self.writer(r) == n), "n was the last writer, and is not m")
        return self.holds.remove(m)


@pytest.mark.parametrize("first", [{}, {("a", 0): True}])
def test_values_that_enable_an_action_are_those_of_which_all_guards_are_true(first: Table) -> None:
    leave = next(a for a in Farewell.system().actions if a.name == "leave")
    wrote = {**first, ("a", 1): True, ("b", 2): True, ("a", 2): True}
    here = structure(holds={("b",): True}, wrote=wrote, writer={(0,): "a", (1,): "b", (2,): "a"})
    expected = [values for values in here.assignments(leave.parameters) if enabled(leave, here, values)]
    assert list(enabling(leave, here)) == expected
    assert expected == ([("a", 0, "b"), ("a", 2, "b")] if first else [])


def test_the_values_that_falsify_a_conjunct_are_found() -> None:
    system = Toy.system()
    wrong = structure(wrote={("b", 2): True}, writer={(r,): "a" for r in range(3)})
    assert falsifying(system.conjuncts[0], wrong) == ("b", 2)
    assert falsifying(system.conjuncts[0], structure()) is None


def test_the_order_of_a_sort_is_axiomatised_and_true_of_its_elements() -> None:
    orders = [a for a in Toy.system().axioms if a.kind == "order"]
    assert [a.name for a in orders] == ["round_order"]
    assert truth(orders[0].formula, structure())
    backwards = Structure(UNIVERSE, {**structure().tables, Round.order: {(0, 1): True}})  # type: ignore[dict-item]
    assert not truth(orders[0].formula, backwards)


def test_a_proof_reads_as_it_is_written() -> None:
    system = Toy.system()
    assert [c.name for c in system.conjuncts] == ["writers_wrote", "somebody_holds"]
    assert [c.kind for c in system.conjuncts] == ["safety", "invariant"]
    assert system.actions[0].words == "The holder writes."
    assert [g.reason for g in system.actions[0].guards] == ["n holds the token", "r is not the first"]
    assert [p.head.name for p in system.actions[0].parameters] == ["n", "r"]
    assert system.actions[0].changed == {Toy.wrote, Toy.writer}


def test_parts_can_be_left_out_by_name() -> None:
    system: System = Toy.system()
    assert [c.name for c in without(system, ["Somebody-holds"]).conjuncts] == ["writers_wrote"]
    assert [a.name for a in without(system, axioms=["friends_are_mutual"]).axioms] == ["round_order"]
    weaker = without(system, guards=[("write", "r is not the first")])
    assert [len(a.guards) for a in weaker.actions] == [1, 2]
    with pytest.raises(UsageError, match=r"no conjunct 'sombody_holds' .did you mean"):
        without(system, ["sombody_holds"])
    with pytest.raises(UsageError, match="writers_wrote is what is to be shown"):
        without(system, ["writers_wrote"])


class Base(Proof):
    holds = relation(Node)
    member = fixed(Node)
    heir = fixed(Node, to=Node)

    @initially
    def start(self) -> Formula:
        return nothing(self.holds)

    @safety
    def goal(self) -> Formula:
        return ~any(self.holds(n) for n in Node)


def _truth_value() -> type[Proof]:
    class P(Base):
        @action
        def step(self, n: Node) -> Update:
            require(self.holds(n) and self.member(n), "both")
            return self.holds.add(n)

    return P


def _wrong_sort() -> type[Proof]:
    class P(Base):
        @invariant
        def odd(self, r: Round) -> Formula:
            return self.holds(r)

    return P


def _unordered() -> type[Proof]:
    class P(Base):
        @invariant
        def odd(self, n: Node, m: Node) -> Formula:
            return n < m

    return P


def _rigid() -> type[Proof]:
    class P(Base):
        @action
        def step(self, n: Node) -> Update:
            return self.member.add(n)

    return P


def _rigid_function() -> type[Proof]:
    class P(Base):
        @action
        def step(self, n: Node) -> Update:
            return self.heir.set(n, n)

    return P


def _twice() -> type[Proof]:
    class P(Base):
        @action
        def step(self, n: Node) -> tuple[Update, ...]:
            return self.holds.add(n), self.holds.remove(n)

    return P


def _unquantified() -> type[Proof]:
    class P(Base):
        @invariant
        def odd(self, n: int) -> Formula:
            return ~any(self.holds(m) for m in Node)

    return P


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (_truth_value, r"test_relational.py:\d+: a formula is not true or false .* use & for and"),
        (_wrong_sort, r"test_relational.py:\d+: holds.Node.: term 1 must be a Node, got Round"),
        (_unordered, r"test_relational.py:\d+: Node has no order for <: declare class Node.Sort, ordered=True."),
        (_rigid, r"test_relational.py:\d+: step: member is fixed: no action changes it"),
        (_rigid_function, r"test_relational.py:\d+: step: heir is fixed: no action changes it"),
        (_twice, r"test_relational.py:\d+: step: a symbol is updated twice"),
        (_unquantified, r"test_relational.py:\d+: P.odd: parameter n must be annotated with a sort"),
    ],
)
def test_mistakes_are_said_with_their_place(made: Callable[[], type[Proof]], message: str) -> None:
    with pytest.raises(SpecError, match=f"^{message}") as caught:
        made().system()
    assert "\n" not in str(caught.value)
