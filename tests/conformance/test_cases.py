"""Test cases of a specification, and an implementation that follows them.  If these fail, a difference is overlooked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mcheck.conformance.adapter import Observation
from mcheck.conformance.cases import Cases, cases_lines, cases_of
from mcheck.conformance.following import Follower
from mcheck.conformance.logs import runs_in
from mcheck.conformance.validation import Validator
from mcheck.models.textbook_raft import TextbookRaft
from mcheck.models.two_phase_commit import TwoPhaseCommit
from mcheck.protocols import find
from mcheck.spec import UsageError
from mcheck.spec.ir.tree import Update, leaves
from mcheck.spec.tracing.trace import trace

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {"max_log": 0, "max_elections": 2, "max_restarts": 1, "max_failures": 0, "max_term": 2}


def example(name: str) -> Any:
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_cases_take_every_kind_of_step_that_can_be_taken() -> None:
    instance = TwoPhaseCommit().instance
    cases = cases_of(instance)
    assert cases.complete and cases.states == 288
    assert cases.kinds == {a.name: (1, 1) for a in instance.actions}
    taken = {s.action.name for b in cases.behaviors for s in b.steps}
    assert taken == {a.name for a in instance.actions}


def test_kinds_are_the_ways_that_decisions_go() -> None:
    instance = TextbookRaft(max_failures=0, max_restarts=0, max_log=0).instance
    traced = trace(instance)
    cases = cases_of(instance)
    for action in instance.actions:
        found, every = cases.kinds[action.name]
        assert every == sum(isinstance(leaf, Update) for leaf in leaves(traced[action.name].tree))
        assert found <= every
    assert cases.kinds["request_vote"][0] > 3 and cases.kinds["restart"][0] == 0


def test_cases_are_shortest_and_none_is_needless() -> None:
    instance = TwoPhaseCommit().instance
    behaviors = cases_of(instance).behaviors
    kinds = [{s.action.name for s in b.steps} for b in behaviors]
    for number, mine in enumerate(kinds):
        assert mine - set().union(*(k for n, k in enumerate(kinds) if n != number))
    last = behaviors[-1].steps[-1]
    assert (last.action.name, len(behaviors[-1].steps)) == ("rm_rcv_commit_msg", 8)


def test_a_search_that_was_cut_short_says_so() -> None:
    cases = cases_of(TwoPhaseCommit().instance, most_states=10)
    assert not cases.complete and cases.states == 10


def test_cases_are_logs_that_their_specification_explains(tmp_path: Path) -> None:
    instance = TwoPhaseCommit().instance
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(cases_lines(cases_of(instance).behaviors)))
    assert [Validator(instance).validate(run).result for run in runs_in(str(file))] == ["explained"] * 3


# ---------------------------------------------------------------------- an implementation that follows


def followed(tweak: str | None) -> tuple[Cases, list[Any]]:
    """What comes of the article's node on the cases of its specification."""
    instance = find("textbook-raft").tweaked(tweak)(**SMALL).instance
    cases = cases_of(instance, most_states=3_000)
    return cases, Follower(instance, example("article_raft_node").Cluster(), {}).follow(cases.behaviors)


def test_the_node_of_the_article_is_what_its_specification_says_it_is() -> None:
    cases, found = followed("as-written")
    assert len(found) > 5
    assert [f.label for f in found if f.label is not None] == []
    assert [f.steps for f in found] == [len(b.steps) for b in cases.behaviors]


def test_the_node_of_the_article_is_not_the_mended_one() -> None:
    _, found = followed(None)
    apart = {f.label.partition("(")[0] for f in found if f.label is not None}
    assert apart >= {"restart", "become_leader"}
    first = next(f for f in found if f.label == "restart(i=0)" and f.differences)
    assert ("n0.current_term", "0", "1") in first.differences


class Mute:
    """An implementation that does nothing."""

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        pass

    def perform(self, action: str, arguments: Mapping[str, Any]) -> None:
        if action == "start_election":
            raise NotImplementedError("no elections here")

    def observe(self, node: int) -> Observation:
        return Observation("follower", 0)


def test_an_implementation_that_cannot_take_a_step() -> None:
    instance = TextbookRaft(max_log=0).instance
    (found,) = Follower(instance, Mute(), {}).follow(cases_of(instance, most_states=20).behaviors[:1])
    assert found.failure is not None and "NotImplementedError at test_cases.py" in found.failure
    assert not found.differences


def test_a_specification_whose_nodes_show_nothing() -> None:
    with pytest.raises(UsageError, match="has nothing that a node shows"):
        Follower(TwoPhaseCommit().instance, Mute(), {})
