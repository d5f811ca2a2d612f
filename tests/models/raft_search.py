"""The search of `bfs`, stopped at a depth or after the level of the first violation."""

from __future__ import annotations

from typing import Any

from tests.models.bfs import Search

from mcheck.spec import Spec


def search_to(spec: Spec[Any], depth: int = 1000, check: tuple[str, ...] | None = None) -> Search:
    """Every state at most `depth` steps away, checked; ends with the level in which a property is first violated."""
    found = Search(spec, check)
    with spec.instance.active():
        level = list(spec.instance.initial)
        found.generated = len(level)
        for state in level:
            found.discover(state, None, "")
        while level:
            found.levels.append(len(level))
            if found.violated or len(found.levels) > depth:
                break
            level = _next_level(found, level)
    return found


def _next_level(found: Search, level: list[Any]) -> list[Any]:
    following: list[Any] = []
    for state in level:
        found.expand(state, following)
    return following
