"""Random specs: plain functions, typed IR and machine code say the same of states, and both engines of the whole search.

What a failing test prints is the text of the smallest spec found that shows the difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st
from tests.native.comparing import answer, differences, sample, search_differences
from tests.native.random_specs import Seeded, made, written

from mcheck.checker import Limits
from mcheck.checker.native import engine
from mcheck.checker.native.reading import Unlowerable
from mcheck.checker.reference import explore as explore_by_reference
from mcheck.checker.verdict import Verdict
from mcheck.spec import Instance, McheckError
from mcheck.spec.errors import LanguageError
from mcheck.spec.tracing.agreement import disagreements

STATES, DEPTH = 400, 4


class Drawn:
    """Decisions drawn by Hypothesis, which shrinks them towards 0."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, number: int) -> int:
        drawn: int = self._data.draw(st.integers(0, number - 1))
        return drawn


@pytest.fixture(autouse=True)
def _neither_cache_nor_sampling(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The specs are met once; what the engine compares by itself before it searches is compared here, with more states."""
    monkeypatch.setenv("MCHECK_CACHE_DIR", "")
    monkeypatch.setattr(engine, "_AGREEMENT_SECONDS", 0.0)
    yield


def wrong(source: str, seed: int = 1) -> list[str]:
    """How plain functions, IR and machine code differ on a spec.

    LanguageError for a spec that the language refuses, Unlowerable for one that only the reference engine runs.
    """
    instance = made(source).instance
    states = sample(instance, seed)
    found = [str(d) for d in itertools.islice(disagreements(instance, states), 3)]
    found += itertools.islice(differences(instance, states), 3)
    return found or wrong_searches(instance)


def wrong_searches(instance: Instance) -> list[str]:
    """How the engines differ on a search that is as deep as a few hundred states allow."""
    first = answer(explore_by_reference, instance, Limits(states=STATES, depth=DEPTH))
    cut_off = isinstance(first, Verdict) and first.distinct >= STATES
    limits = Limits(depth=max(0, len(first.levels) - 2) if cut_off and isinstance(first, Verdict) else DEPTH)
    return [d for going in (False, True) for d in search_differences(instance, limits, keep_going=going)]


def compared(data: st.DataObject) -> None:
    """One random spec."""
    source = written(Drawn(data))
    note(source)
    try:
        assert wrong(source) == []
    except (LanguageError, Unlowerable):
        assume(False)


SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW_TO_DRAW)
@given(data=st.data())
def test_random_specs(data: st.DataObject) -> None:
    compared(data)


FOUND = (1285, 1373)
"""Seeds of specs in which a map or a sequence of empty sets was compared with one of others, and all were alike."""


@pytest.mark.parametrize(
    "seed", [*(pytest.param(k, marks=pytest.mark.slow) if k >= 30 else k for k in range(60)), *FOUND]
)
def test_seeded_specs(seed: int) -> None:
    """Unlike Hypothesis, which likes small specs, a seed makes large ones as often."""
    source = written(Seeded(seed))
    try:
        assert wrong(source, seed) == [], source
    except (LanguageError, Unlowerable) as refused:
        pytest.skip(str(refused))


@pytest.mark.slow
@settings(
    max_examples=1500,
    deadline=None,
    database=None,
    suppress_health_check=SLOW_TO_DRAW,
    phases=[Phase.generate, Phase.shrink],
)
@given(data=st.data())
def test_many_random_specs(data: st.DataObject) -> None:
    compared(data)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_seeded_specs(block: int) -> None:
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        source = written(Seeded(seed))
        try:
            assert wrong(source, seed) == [], source
        except (LanguageError, Unlowerable):
            continue


def test_most_random_specs_are_compiled() -> None:
    """A generator whose specs are refused would test nothing."""
    refused = compiled = 0
    for seed in range(60):
        instance = made(written(Seeded(seed))).instance
        try:
            list(differences(instance, []))
            compiled += 1
        except McheckError:
            refused += 1
    assert compiled > 6 * refused, (compiled, refused)
