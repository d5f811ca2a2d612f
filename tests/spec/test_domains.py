"""Every domain numbers its values densely, reads back what it writes, and admits exactly its members."""

from __future__ import annotations

import ast
import copy
import itertools
import pickle
import random
from math import comb, factorial
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.spec.wide_toy import Colour, Message, Node, Ping, Process, State, Tick, WideToy, Zxid

from mcheck.spec import AtMost, Bag, Channels, Cut, DomainError, Map, Range, Record, Set, text
from mcheck.spec.domains.base import Domain

INSTANCE = WideToy(nodes=2, max_epoch=1).instance


def domain(annotation: object) -> Domain:
    with INSTANCE.active():
        return INSTANCE.resolver.domain(annotation, "test")


SMALL: list[tuple[object, int]] = [
    (bool, 2),
    (Colour, 3),
    (Node, 2),
    (Annotated[int, Range(-2, 2)], 5),
    (Annotated[int, Range(0, "max_epoch")], 2),
    (Annotated[int, Range(1, "max_epoch+1")], 2),
    (Node | None, 3),
    (Zxid, 6),
    (Tick, 2),
    (Ping | Tick, 10),
    (Ping | Tick | None, 11),
    (Set[Node], 4),
    (Set[Zxid], 64),
    (Annotated[Set[Zxid], AtMost(2)], 1 + 6 + comb(6, 2)),
    (Annotated[tuple[Zxid, ...], AtMost(2)], 1 + 6 + 36),
    (Annotated[Bag[Tick], AtMost(3)], 1 + 2 + 3 + 4),
    (Annotated[Bag[Tick], AtMost(3, copies=2)], 1 + 2 + 3 + 2),
    (Annotated[Bag[Zxid], AtMost(2, copies=1)], 1 + 6 + comb(6, 2)),
    (Annotated[Bag[Zxid], AtMost(4, copies=3)], 1 + 6 + 21 + comb(8, 3) + comb(9, 4) - 6),
    (Map[Node, Colour], 9),
    (Map[tuple[Node, Node], bool], 16),
    (Map[Colour, Node], 8),
    (Annotated[Channels[Node, Tick], AtMost(1)], 16),
    (Map[Node, Node | None], 9),
]


@pytest.mark.parametrize(("annotation", "cardinality"), SMALL, ids=lambda x: str(x)[:60])
def test_ranks_are_dense(annotation: object, cardinality: int) -> None:
    d = domain(annotation)
    values = list(d.values())
    assert d.cardinality == cardinality == len(values) == len(set(values))
    assert [d.rank(v) for v in values] == list(range(cardinality))
    for value in values:
        d.admit(value)


@pytest.mark.parametrize(("annotation", "_"), SMALL, ids=lambda x: str(x)[:60])
def test_text_is_read_back(annotation: object, _: int) -> None:
    d = domain(annotation)
    for value in d.values():
        assert d.decode(ast.parse(text(value), mode="eval").body) == value


@pytest.mark.parametrize(("annotation", "cardinality"), SMALL, ids=lambda x: str(x)[:60])
def test_random_values_cover_the_domain(annotation: object, cardinality: int) -> None:
    d, rng = domain(annotation), random.Random(7)
    found = {d.random(rng) for _ in range(200 * cardinality)}
    assert found == set(d.values())


@pytest.mark.parametrize(("annotation", "_"), SMALL, ids=lambda x: str(x)[:60])
def test_values_survive_copying_and_pickling(annotation: object, _: int) -> None:
    for value in itertools.islice(domain(annotation).values(), 20):
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
        assert type(pickle.loads(pickle.dumps(value))) is type(value)


@given(st.integers(min_value=0))
def test_unrank_inverts_rank_in_domains_too_large_to_list(number: int) -> None:
    for annotation in (
        Process,
        State,
        Message,
        Annotated[Set[Process], AtMost(3)],
        Annotated[Bag[Process], AtMost(3, copies=2)],
    ):
        d = domain(annotation)
        k = number % d.cardinality
        assert d.rank(d.unrank(k)) == k


def test_cardinality_of_the_state_is_the_product_of_its_fields() -> None:
    product = 1
    for d in INSTANCE.state_domain.fields.values():
        product *= d.cardinality
    assert INSTANCE.state_domain.cardinality == product


def test_multisets_without_a_limit_on_copies_are_counted_by_the_textbook_formula() -> None:
    n, k = 6, 3
    d = domain(Annotated[Bag[Zxid], AtMost(k)])
    assert d.cardinality == factorial(n + k) // (factorial(n) * factorial(k))


@given(st.randoms(use_true_random=False))
def test_identity_each_field_matters(rng: random.Random) -> None:
    """Change one field of a state and it is another state, with another hash: no field is forgotten."""
    state = INSTANCE.state_domain.random(rng)
    for name, d in INSTANCE.state_domain.fields.items():
        other = d.random(rng)
        changed = state.replace(**{name: other})
        assert (changed == state) == (other == getattr(state, name))
        if changed != state:
            assert hash(changed) != hash(state)


@given(st.randoms(use_true_random=False))
def test_renaming_is_a_bijection_that_can_be_undone(rng: random.Random) -> None:
    d = INSTANCE.state_domain
    state = d.random(rng)
    swap = {Node: (Node.member(1), Node.member(0))}
    renamed = d.rename(state, swap)
    d.admit(renamed)
    assert d.rename(renamed, swap) == state
    assert d.rename(state, {}) == state


WRONG: list[tuple[object, Any, str]] = [
    (bool, 1, "expected a bool, got 1"),
    (Annotated[int, Range(-2, 2)], True, "expected an int -2..2, got True"),
    (Annotated[int, Range(-2, 2)], 3, "3 is outside -2..2"),
    (Colour, "RED", "expected a Colour"),
    (Node, Node.member(5), "expected a Node 0..1"),
    (Zxid, None, "expected a Zxid, got None"),
    (Zxid, Zxid(epoch=0, counter=9), "Zxid.counter: 9 is outside 0..2"),
    (Ping | Tick, Zxid(epoch=0, counter=0), "expected one of Ping, Tick"),
    (Set[Node], frozenset(), "expected a Set"),
    (Set[Node], Set.of(1), "expected a Node 0..1, got 1"),
    (
        Annotated[Set[Zxid], AtMost(1)],
        Set.of(Zxid(epoch=0, counter=0), Zxid(epoch=0, counter=1)),
        "a set of 2 where at most 1 fit",
    ),
    (Annotated[tuple[Zxid, ...], AtMost(1)], [], "expected a tuple of at most 1"),
    (Annotated[tuple[Zxid, ...], AtMost(1)], (Zxid(epoch=0, counter=0),) * 2, "a sequence of 2 where at most 1 fit"),
    (Annotated[Bag[Tick], AtMost(1)], Bag([Tick(epoch=0)] * 2), "copies of 2 where at most 1 fit"),
    (Map[Node, Colour], {}, "expected a Map of 2 keys"),
]


@pytest.mark.parametrize(("annotation", "value", "message"), WRONG, ids=lambda x: str(x)[:40])
def test_what_is_no_member_is_refused_in_words(annotation: object, value: Any, message: str) -> None:
    with pytest.raises(DomainError) as refused:
        domain(annotation).admit(value)
    assert message in str(refused.value)


def test_leaving_through_a_bound_is_a_cut_and_the_first_field_decides() -> None:
    processes = domain(Process)
    fine = Process()
    too_late = fine.replace(epoch=2)
    with pytest.raises(Cut) as cut:
        processes.admit(too_late)
    assert cut.value.bound == "max_epoch"
    both = too_late.replace(log=(Zxid(epoch=0, counter=0),) * 3, offset=7)
    with pytest.raises(Cut) as cut:
        processes.admit(both)
    assert cut.value.bound == "max_epoch"
    with pytest.raises(Cut) as cut:
        processes.admit(both.replace(epoch=0))
    assert cut.value.bound == "max_log"
    with pytest.raises(DomainError):
        processes.admit(both.replace(epoch=0, log=()))


def test_a_record_kind_is_part_of_its_identity() -> None:
    class A(Record):
        x: bool

    class B(Record):
        x: bool

    assert A(x=True) != B(x=True)
    assert len({A(x=True), B(x=True)}) == 2
