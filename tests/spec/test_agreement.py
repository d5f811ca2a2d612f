"""The traced form of a spec and its plain functions say the same, on reached and on random well-typed states."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from tests.spec.wide_toy import WideToy

from mcheck.spec import Spec
from mcheck.spec.tracing.agreement import Disagreement, disagreements, reached_states, typed_states


def differences(spec: Spec[Any], states: int, seed: int = 1) -> list[Disagreement]:
    rng = random.Random(seed)
    instance = spec.instance
    sample = [
        *itertools.islice(reached_states(instance, rng), states),
        *itertools.islice(typed_states(instance, rng), states),
    ]
    return list(disagreements(instance, sample))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("constants", [{}, {"nodes": 3, "max_log": 3}, {"nodes": 1, "max_epoch": 1}])
def test_every_operation_of_the_language(constants: dict[str, int], seed: int) -> None:
    assert [str(d) for d in differences(WideToy(**constants), 60, seed)] == []
