"""Rows: a state comes back as it went in, equal states are equal rows, and small values are ordered as their ranks are."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.native.random_specs import Seeded, made, written
from tests.spec.wide_toy import WideToy

from mcheck.checker.native.layout import WORD, Layout, RecordShape, Shape
from mcheck.models import PROTOCOLS
from mcheck.spec import Instance, Spec
from mcheck.spec.domains.base import Domain
from mcheck.spec.order import order_key
from mcheck.spec.tracing.agreement import reached_states, typed_states


def shipped() -> dict[str, Spec[Any]]:
    """The protocols and the specs of the tests by name."""
    found: dict[str, Spec[Any]] = {}
    for name, place in PROTOCOLS.items():
        module, _, cls = place.partition(":")
        found[name] = getattr(__import__(module, fromlist=[cls]), cls)()
    found["wide-toy"] = WideToy()
    found["wide-toy of 3"] = WideToy(nodes=3, max_log=3, max_epoch=7, max_messages=9, max_bag=5, max_queue=3)
    return found


SPECS = shipped()
EVERY_SPEC = pytest.mark.parametrize("name", list(SPECS))


def states_of(instance: Instance, number: int) -> list[Any]:
    rng = random.Random(5)
    reached = itertools.islice(reached_states(instance, rng), number // 3)
    return [*reached, *itertools.islice(typed_states(instance, rng), number)]


def round_trips(instance: Instance, states: list[Any]) -> None:
    layout, domain = Layout(instance.state_domain), instance.state_domain
    nothing_renamed = {cls: tuple(instance.resolver.domain(cls, "").values()) for cls in domain.indexes()}
    rows: dict[Any, tuple[int, ...]] = {}
    for state in states:
        row = layout.pack(state)
        assert len(row) == layout.words
        assert all(0 <= word < 1 << WORD for word in row)
        assert layout.unpack(row) == state
        assert repr(layout.unpack(row)) == repr(state)
        assert layout.pack(domain.rename(state, nothing_renamed)) == row
        assert layout.pack(layout.unpack(row)) == row
        rows[state] = row
    assert len(set(rows.values())) == len(rows)


@EVERY_SPEC
def test_states_come_back_as_they_went_in(name: str) -> None:
    instance = SPECS[name].instance
    round_trips(instance, states_of(instance, 200))


@pytest.mark.parametrize("seed", range(80))
def test_random_domains(seed: int) -> None:
    instance = made(written(Seeded(seed))).instance
    rng = random.Random(seed)
    round_trips(instance, list(itertools.islice(typed_states(instance, rng), 40)))


@EVERY_SPEC
def test_every_field_changes_the_row(name: str) -> None:
    """Two states that differ in one field, however little, are two rows."""
    instance = SPECS[name].instance
    layout, rng = Layout(instance.state_domain), random.Random(6)
    for state in states_of(instance, 20):
        for field, domain in instance.state_domain.fields.items():
            other = state.replace(**{field: domain.random(rng)})
            assert (layout.pack(other) == layout.pack(state)) == (other == state), field


def shapes_of(layout: Layout, domain: Domain) -> Iterator[Shape]:
    yield layout.shape(domain)
    for part in domain.parts():
        yield from shapes_of(layout, part)


@EVERY_SPEC
def test_small_values_are_ordered_as_their_ranks(name: str) -> None:
    instance = SPECS[name].instance
    layout, rng = Layout(instance.state_domain), random.Random(7)
    for shape in shapes_of(layout, instance.state_domain):
        if not shape.small:
            continue
        values = [shape.domain.random(rng) for _ in range(40)]
        for a, b in itertools.pairwise(values):
            ranks, codes = (shape.domain.rank(a), shape.domain.rank(b)), (shape.encode(a), shape.encode(b))
            assert (codes[0] < codes[1]) == (ranks[0] < ranks[1]), (a, b)
            assert (codes[0] == codes[1]) == (a == b)
            assert shape.decode(codes[0]) == a
            assert shape.domain.unrank(ranks[0]) == a


@EVERY_SPEC
def test_small_values_are_ordered_as_plain_python_orders_them(name: str) -> None:
    """Which decides the order in which members of a set are taken, and so which of several shortest traces is shown."""
    instance = SPECS[name].instance
    layout, rng = Layout(instance.state_domain), random.Random(8)
    for shape in shapes_of(layout, instance.state_domain):
        if shape.small:
            values = [shape.domain.random(rng) for _ in range(30)]
            assert sorted(values, key=shape.encode) == sorted(values, key=order_key), shape.domain


@EVERY_SPEC
def test_no_two_fields_share_a_bit(name: str) -> None:
    layout = Layout(SPECS[name].instance.state_domain)
    for shape in shapes_of(layout, SPECS[name].instance.state_domain):
        if not isinstance(shape, RecordShape):
            continue
        taken: set[tuple[int, int]] = set()
        for slot in shape.slots.values():
            small = {(slot.word, slot.bit + k) for k in range(slot.shape.bits)}
            large = {(slot.word + w, k) for w in range(slot.shape.words) for k in range(WORD)}
            bits = small if slot.shape.small else large
            assert not bits & taken
            assert all(0 <= bit < WORD and 0 <= word < shape.words for word, bit in bits)
            taken |= bits
