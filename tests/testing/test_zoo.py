"""Tweaks of Raft that the default bounds of a search do not show, found by Hypothesis and shrunk: a minute for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from mcheck.models import raft_election_tweaks as election
from mcheck.models import raft_log_tweaks as log
from mcheck.spec import Spec
from mcheck.testing import state_machine
from mcheck.violations import Violated

WIDE: dict[str, Any] = {"max_term": 4, "max_log": 2, "max_messages": 8, "max_restarts": 0}
CASES = [
    # the spec, the property, and how long what is left after shrinking may be: see docs/pytest.md for the shortest
    (log.QuorumsApart(nodes=5, **WIDE | {"max_messages": 10}), "Leader Completeness", 18),
    (election.CountsStaleVotes(**WIDE | {"nodes": 5, "max_messages": 10}), "Election Safety", 14),
    (log.RollsBackOnStepDown(**WIDE), "Leader Completeness", 17),
    (election.ComparesLengthOnly(**WIDE), "Leader Completeness", 19),
    (log.SkipsConsistencyCheck(**WIDE | {"max_log": 3}), "Log Matching", 24),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "title", "most"), CASES, ids=lambda v: type(v).__name__ if isinstance(v, Spec) else None
)
def test_found_and_shrunk(spec: Spec[Any], title: str, most: int, tmp_path: Path) -> None:
    machine = state_machine(spec, steps=100, properties=[title], out=str(tmp_path))
    chosen = settings(machine.TestCase.settings, derandomize=True, database=None, max_examples=3000)
    with pytest.raises(Violated) as caught:
        run_state_machine_as_test(machine, settings=chosen)
    assert caught.value.rule.title == title
    assert len(caught.value.behavior.steps) <= most
    assert caught.value.trace is not None
