"""The native search of a spec, every state by itself: for counts that take plain Python too long.

The engines share their counts: tests/native compares them.
"""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.checker.verdict import Verdict
from mcheck.spec import Spec


def native_search(spec: Spec[Any], depth: int | None = None, check: tuple[str, ...] | None = None) -> Verdict:
    """Every state at most `depth` steps away; skips the test where there is no compiler."""
    pytest.importorskip("llvmlite")
    limits = Limits(depth=depth, seconds=300, memory_mb=8000)
    return search(spec.instance, engine="native", properties=check, limits=limits, symmetry=False)


def counts(verdict: Verdict) -> tuple[int, int, int]:
    """(distinct, generated, depth) of a search that found nothing wrong."""
    assert verdict.violation is None and verdict.reason is None
    return verdict.distinct, verdict.generated, verdict.depth


def witnessed(verdict: Verdict) -> dict[str, int]:
    """The length of a shortest behaviour to each `reachable` property."""
    return {p.rule.title: p.steps for p in verdict.properties if p.finding == "reached" and p.steps is not None}
