"""Every operation of the language in z3: the families of tests/native/test_operations.py, asked of z3 in place of compiled code."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.native import test_operations as families
from tests.smt.comparing import differences

from mcheck.spec import Instance

STATES = 5
LONG = "records, unions, options, sets, bags"


def alike_in_z3(instance: Instance, states: Iterable[Any]) -> None:
    """z3 and the plain functions agree in some of these states, taken from all over."""
    given = list(states)
    some = given[:: max(1, len(given) // STATES)]
    assert list(itertools.islice(differences(instance, some), 3)) == []


FAMILIES: dict[str, Callable[[], None]] = {
    "sets of numbers": lambda: families.test_bit_sets_of_numbers(7),
    "sets of records and unions": lambda: families.test_bit_sets_of_records_and_unions(2, 2),
    "integers": lambda: families.test_integers(3, False),
    "signed integers": lambda: families.test_integers(3, True),
    LONG: lambda: families.test_wide_values_in_every_structure(1),
    "sequences": lambda: families.test_sequences(3),
    "maps": lambda: families.test_maps_of_wide_values(2),
    "bounds": lambda: families.test_the_same_bound_is_charged(2, 2),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n == LONG else ()) for n in FAMILIES])
def test_operations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "assert_alike", alike_in_z3)
    FAMILIES[name]()
