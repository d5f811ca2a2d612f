"""`sent` in machine code: message sets of one word and of many, and messages beyond the bounds."""

from __future__ import annotations

import itertools
import random

import pytest
from tests.native.comparing import differences, search_differences
from tests.spec.test_byzantine import MONOTONE, guarded

from mcheck.checker import Limits
from mcheck.spec.tracing.agreement import typed_states


@pytest.mark.parametrize(
    ("nodes", "rounds", "bits"), [(1, 1, 2), (3, 2, 12), (4, 8, 64), (5, 7, 70), (5, 13, 130), (10, 16, 320)]
)
@pytest.mark.parametrize("name", ["enough", "nested", "numbers", "or"])
def test_sent_at_every_width(name: str, nodes: int, rounds: int, bits: int) -> None:
    instance = guarded(MONOTONE[name])(nodes=nodes, rounds=rounds).instance
    assert instance.state_domain.fields["msgs"].cardinality == 1 << bits
    states = list(itertools.islice(typed_states(instance, random.Random(bits)), 30))
    assert list(itertools.islice(differences(instance, states), 3)) == []


@pytest.mark.parametrize("name", MONOTONE)
def test_searches_are_the_same(name: str) -> None:
    assert search_differences(guarded(MONOTONE[name])(nodes=2).instance, Limits()) == []
