"""The same input gives the same answer, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
from mcheck.checker import explore, simulate, why_not_symmetric
from mcheck.models.two_phase_commit import CommitsEarly
from tests.checker import toys

for spec in (toys.StealsLocks(), toys.CounterIdles(), toys.FavoursInAction(), CommitsEarly()):
    for symmetry in (False, True):
        if symmetry and why_not_symmetric(spec.instance):
            print(why_not_symmetric(spec.instance))
            continue
        v = explore(spec.instance, symmetry=symmetry, keep_going=isinstance(spec, toys.StealsLocks))
        print(v.result, v.distinct, v.generated, v.levels, v.actions, v.cut, v.guards_never_true, v.deadlocks, v.notes)
        for p in v.properties:
            print(p.rule.title, p.finding, p.arguments, p.behavior and (p.behavior.labels, p.behavior.last))
    s = simulate(spec.instance, seed=5, samples=20)
    print(s.walks, s.taken, s.distinct, s.actions, s.cut, s.violation and s.violation.behavior.labels)
"""


def output(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return ran.stdout


def test_no_hash_reaches_the_output() -> None:
    first = output("1")
    assert len(first.splitlines()) > 20
    assert output("77") == first
