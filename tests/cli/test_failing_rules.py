"""A rule that fails while something is looked for: one line, status 4, and the trace that leads there is kept.

What breaks if this fails: whoever has a mistake in a rule is told that there is one, and not how to get to it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Call

STUMBLES = """\
from collections.abc import Iterable
from typing import Annotated

from mcheck import (
    Index, Map, OneOf, Participant, Range, Record, Spec, action, always, decision, eventually, participant, require, weak,
)


class Foot(Index, size=2):
    pass


class State(Record):
    at: Annotated[int, Range(0, 3)] = 0
    seen: Map[Foot, bool]


class Stumbles(Spec[State]):
    def init(self) -> State:
        return State(seen=Map.of(Foot, lambda _: False))

    @action
    def walk(self, s: State) -> State:
        require(s.at <= 2, "there is a way")
        return s.replace(at=s.at + 2)

    @action
    def rest(self, s: State) -> State:
        require(s.at == 0, "at home")
        return s.replace(at=1)

    def fairness(self) -> Iterable[object]:
        return [weak(self.walk)]

    @always("Somewhere")
    def somewhere(self, s: State) -> bool:
        return s.at >= 0

    @eventually("Arrival")
    def arrival(self, s: State) -> bool:
        return s.at == 3

    @decision
    def decided(self, s: State, v: Foot) -> bool:
        return s.seen[v]

    def participants(self) -> Iterable[Participant]:
        return [participant("walker", self.walk, self.rest)]
"""


@pytest.mark.parametrize("command", ["run", "simulate", "liveness", "valency", "prove --depth 3"])
def test_the_way_there_is_saved(mcheck: Call, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From home it takes two steps to leave the domain, which is an error, no bound."""
    if command.startswith("prove"):
        pytest.importorskip("z3")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stumbles.py").write_text(STUMBLES, encoding="utf-8")
    verb, *rest = command.split()
    ran = mcheck(verb, "stumbles.py", *rest)
    assert ran.status == 4, ran
    assert "walk" in ran.err and len(ran.err.strip().splitlines()) == 1
    (trace,) = (tmp_path / "mcheck-out").glob("*.itf.json")
    assert "walk" in trace.read_text(encoding="utf-8")
