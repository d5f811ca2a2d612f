"""z3 and the plain functions say the same of every rule in reached and in random well-typed states.

If this fails, bounded checking and induction speak of another spec than the one that runs.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("z3", reason="z3 is not installed")

from tests.native.random_specs import Seeded, made, written
from tests.smt.comparing import differences, sample
from tests.spec.wide_toy import WideToy

from mcheck.models.die_hard import DieHard
from mcheck.models.paxos import Paxos
from mcheck.models.raft import Raft
from mcheck.models.two_phase_commit import TwoPhaseCommit
from mcheck.spec.errors import LanguageError

SMALL = [
    (TwoPhaseCommit(managers=2), 3),
    (DieHard(), 6),
    (Paxos(max_ballot=0), 2),
    (Raft(nodes=2, max_log=1), 1),
    (WideToy(), 1),
]


@pytest.mark.parametrize(("spec", "number"), SMALL, ids=lambda x: type(x).__name__)
def test_shipped_specs(spec: Any, number: int) -> None:
    """Rules, properties and lemmas of protocols, their refinements too."""
    instance = spec.instance
    assert list(differences(instance, sample(instance, 1, number, number))) == []


@pytest.mark.parametrize("seed", range(1, 13))
def test_random_specs(seed: int) -> None:
    """Specs with domains of every kind, and guards and updates of every operation."""
    _compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(15))
def test_many_random_specs(block: int) -> None:
    """The same of three hundred specs."""
    for seed in range(100 + 20 * block, 120 + 20 * block):
        _compare(seed)


def _compare(seed: int) -> None:
    source = written(Seeded(seed))
    try:
        instance = made(source).instance
        found = list(differences(instance, sample(instance, seed, 3, 4), seed))
    except LanguageError:
        return
    assert found == [], source
