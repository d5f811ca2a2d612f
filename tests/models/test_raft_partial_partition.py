"""Raft's elections in partial partitions: which of its rules keep a leader where, and which lasso there is without one.

What breaks if these fail: a leader is said to stay where the sources say that none can, or the other way round; or a verdict that
holds says nothing, because no server could do otherwise.  There is no published count of states: each is counted here by two
engines, and a change is a change of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.models.bfs import search

from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.models.raft_partial_partition import Node, RaftPartialPartition, Role, State, links_of
from mcheck.models.raft_partial_tweaks import (
    AsInThePaper,
    IgnoresLowerAnswers,
    IgnoresLowerRequests,
    IgnoresLowerTerms,
    NeverChecks,
    SkipsPreVote,
    SticksToLeaders,
)
from mcheck.spec import Broken, ExpectedOutcome, Fairness, Instance, Lasso, UsageError, outcomes_of
from mcheck.spec.views import quotient

ALL = (
    RaftPartialPartition, AsInThePaper, SkipsPreVote, SticksToLeaders, NeverChecks, IgnoresLowerTerms, IgnoresLowerAnswers,
    IgnoresLowerRequests,
)  # fmt: skip

CHAIN: dict[str, Any] = {"nodes": 3, "topology": "chain"}
MAJORITY: dict[str, Any] = {"nodes": 3, "topology": "majority"}
FLAPPING: dict[str, Any] = {"nodes": 3, "topology": "full", "flapping": True}
SMALL_BRIDGE: dict[str, Any] = {"nodes": 4, "topology": "bridge"}
BRIDGE: dict[str, Any] = {"nodes": 5, "topology": "bridge"}
TWO_LEAVES: dict[str, Any] = {"nodes": 5, "topology": "two-leaves"}


def decided(
    cls: type[RaftPartialPartition], constants: dict[str, Any], *titles: str, **options: str
) -> LivenessVerdict:
    return decide(cls(**constants).instance, titles or None, **{"engine": "reference", **options})  # type: ignore[arg-type]


def results(verdict: LivenessVerdict) -> dict[str, str]:
    return {finding.rule.title: finding.result for finding in verdict.findings}


def lasso(verdict: LivenessVerdict) -> Lasso:
    assert verdict.violation is not None and verdict.violation.lasso is not None
    return verdict.violation.lasso


def labels(found: Lasso) -> tuple[list[str], list[str]]:
    return [str(s.label) for s in found.stem], [str(s.label) for s in found.cycle]


# ---------------------------------------------------------------------- what is declared


def marks(cls: type[RaftPartialPartition], constants: Mapping[str, Any]) -> list[pytest.MarkDecorator]:
    """Slow is what takes a second or more: five servers without Pre-Vote, whose candidates outbid each other."""
    return [pytest.mark.slow] if constants.get("nodes") == 5 and issubclass(cls, SkipsPreVote) else []


@pytest.mark.parametrize(
    ("cls", "outcome"),
    [
        pytest.param(c, o, marks=marks(c, o.constants), id=f"{c.__name__}-{k}")
        for c in ALL
        for k, o in enumerate(outcomes_of(c))
    ],
)
def test_every_declared_outcome(cls: type[RaftPartialPartition], outcome: ExpectedOutcome) -> None:
    assert outcome.fairness is not None
    verdict = decided(cls, dict(outcome.constants), *outcome.titles, fairness=outcome.fairness)
    assert verdict.cut == {}
    if not isinstance(outcome, Broken):
        assert results(verdict) == dict.fromkeys(outcome.titles, "holds")
        return
    found = lasso(verdict)
    assert (len(found.stem), len(found.cycle)) == (outcome.stem, outcome.cycle)


COUNTS = [
    (RaftPartialPartition, CHAIN, 25, 38),
    (SkipsPreVote, CHAIN, 25, 40),
    (SticksToLeaders, CHAIN, 51, 90),
    (RaftPartialPartition, MAJORITY, 27, 39),
    (IgnoresLowerTerms, MAJORITY, 23, 21),
    (RaftPartialPartition, FLAPPING, 55, 119),
    (SkipsPreVote, FLAPPING, 77, 201),
    (AsInThePaper, FLAPPING, 68, 167),
    (NeverChecks, SMALL_BRIDGE, 38, 61),
    (RaftPartialPartition, TWO_LEAVES, 217, 704),
    (SkipsPreVote, TWO_LEAVES, 276, 1_206),
    (AsInThePaper, TWO_LEAVES, 261, 1_063),
    (NeverChecks, BRIDGE, 172, 413),
    (AsInThePaper, BRIDGE, 339, 1_277),
    (RaftPartialPartition, BRIDGE, 199, 576),
]
"""States and steps up to the order of terms; counted here by two engines."""
COMPILED = [COUNTS[0]]
"""What the compiled engine counts in every run: it takes far longer to compile than to count."""


@pytest.mark.parametrize(
    ("cls", "constants", "states", "edges"),
    [pytest.param(*c, marks=[pytest.mark.slow] if c[1]["nodes"] == 5 else []) for c in COUNTS],
)
def test_counts(cls: type[RaftPartialPartition], constants: dict[str, Any], states: int, edges: int) -> None:
    verdict = decided(cls, constants)
    assert (verdict.states, verdict.edges, verdict.cut) == (states, edges, {})


@pytest.mark.parametrize(
    ("cls", "constants", "states", "edges"),
    [pytest.param(*c, marks=[] if c in COMPILED else [pytest.mark.slow]) for c in COUNTS],
)
def test_counts_by_compiled_code(
    cls: type[RaftPartialPartition], constants: dict[str, Any], states: int, edges: int
) -> None:
    pytest.importorskip("llvmlite")
    verdict, plain = decided(cls, constants, engine="native"), decided(cls, constants)
    assert (verdict.engine, verdict.states, verdict.edges, verdict.cut) == ("native", states, edges, {})
    assert results(verdict) == results(plain)


# ---------------------------------------------------------------------- the lassos tell the stories of the sources


def test_the_ends_of_a_chain_depose_each_other() -> None:
    """The Cloudflare outage: the middle votes for either end in turn, and never stands itself."""
    stem, cycle = labels(lasso(decided(AsInThePaper, CHAIN, "Stable Leader")))
    assert stem == ["campaign(i=0)"]
    assert cycle == [
        "become_leader(i=0)", "step_down(i=2, j=1)", "campaign(i=2)",
        "become_leader(i=2)", "step_down(i=0, j=1)", "campaign(i=0)",
    ]  # fmt: skip


def test_a_leaf_deposes_whoever_is_elected() -> None:
    """The post's first example: server 4 is linked with 2 alone, and 2 tells the leader of its term."""
    _, cycle = labels(lasso(decided(AsInThePaper, TWO_LEAVES, "Stable Leader")))
    assert sorted(cycle) == ["become_leader(i=1)", "campaign(i=1)", "campaign(i=4)", "step_down(i=1, j=2)"]


def test_a_leader_behind_a_bridge_keeps_a_majority_from_electing() -> None:
    """The post's second example: the leader is linked with server 1 alone, and 1 says no to 0 and 2."""
    found = lasso(decided(NeverChecks, BRIDGE, "Availability"))
    state = found.behavior.initial
    assert found.stutters and not found.stem
    spec = NeverChecks(**BRIDGE)
    with spec.instance.active():
        nodes = list(Node)
        assert [state.servers[i].role for i in nodes].index(Role.LEADER) == 3
        assert [j for j in nodes if j in state.links[nodes[3]]] == [nodes[1]]
        assert spec.hears_leader(state, nodes[1]) and not spec.has_leader(state)
        assert not any(spec.may_stand(state, i) and not spec.hears_leader(state, i) for i in nodes)


def test_two_servers_in_different_terms_cannot_elect_one() -> None:
    """etcd#8243: A in a later term, C in an earlier one, and the leader gone."""
    found = lasso(decided(IgnoresLowerTerms, MAJORITY, "Availability"))
    last = found.behavior.last
    spec = IgnoresLowerTerms(**MAJORITY)
    with spec.instance.active():
        left = [i for i in Node if any(j in last.links[i] for j in Node)]
        assert {last.servers[i].current_term for i in left} == {0, 1}
        assert not any(spec.hears_leader(last, i) or spec.may_stand(last, i) for i in left)


def test_a_server_that_comes_back_deposes_a_leader_of_a_majority() -> None:
    """Section 9.6 of the dissertation: servers 0 and 1 are linked all the time, and 0 leads."""
    _, cycle = labels(lasso(decided(SkipsPreVote, FLAPPING, "Stable Leader")))
    assert cycle == [
        "become_leader(i=0)", "cut_off()", "campaign(i=2)", "come_back()", "step_down(i=0, j=2)", "campaign(i=0)",
    ]  # fmt: skip


# ---------------------------------------------------------------------- what holds could fail


@pytest.mark.parametrize("constants", [CHAIN, MAJORITY, FLAPPING, SMALL_BRIDGE])
def test_without_fairness_nothing_holds(constants: dict[str, Any]) -> None:
    verdict = decided(RaftPartialPartition, constants, fairness="none")
    assert set(results(verdict).values()) == {"violated"}


@pytest.mark.parametrize("dropped", range(5))
def test_each_condition_of_fairness_is_needed(dropped: int) -> None:
    """Without it something is violated that holds: a verdict that holds rests on all that is assumed, and on no less."""

    class Unfair(RaftPartialPartition):
        def fairness(self) -> list[Fairness]:
            return [one for k, one in enumerate(super().fairness()) if k != dropped]

    assert any(decided(Unfair, constants).result == "violated" for constants in (CHAIN, MAJORITY, FLAPPING))


def test_whoever_may_stand_is_in_the_latest_term() -> None:
    """So the term beyond all terms is the next one, as Raft has it, wherever there is Pre-Vote."""
    for cls in (RaftPartialPartition, NeverChecks, IgnoresLowerTerms, IgnoresLowerAnswers, IgnoresLowerRequests):
        for constants in (CHAIN, MAJORITY, FLAPPING, SMALL_BRIDGE):
            instance = quotient(cls(**constants).instance)
            campaign = next(a for a in instance.actions if a.name == "campaign")
            seen = 0
            with instance.active():
                for state in reached(instance):
                    terms = [state.servers[i].current_term for i in Node]
                    for i in Node:
                        if instance.apply(campaign, state, (i,)) is not None:
                            assert state.servers[i].current_term == max(terms)
                            seen += 1
            assert seen > 0


def reached(instance: Instance) -> list[State]:
    """All states of an instance.  Inside `instance.active()`."""
    found = list(instance.initial)
    known = set(found)
    for state in found:
        for action in instance.actions:
            for arguments in action.signature.arguments(state):
                after = instance.apply(action, state, arguments)
                if after is not None and after not in known:
                    known.add(after)
                    found.append(after)
    return found


class VotesForAll(RaftPartialPartition):
    """A pre-vote is given although a leader is heard."""

    def grants_pre_vote(self, s: State, i: Node, j: Node) -> bool:
        return self.are_linked(s, i, j) and s.servers[j].current_term <= s.servers[i].current_term


class ChecksTooMuch(RaftPartialPartition):
    """A leader steps down unless everybody answers."""

    def gives_up(self, s: State, i: Node) -> bool:
        return not all(i == j or self.are_linked(s, i, j) for j in Node)


class NeverHears(RaftPartialPartition):
    """A leader's heartbeats are lost."""

    def hears_leader(self, s: State, i: Node) -> bool:
        return s.servers[i].role == Role.LEADER


@pytest.mark.parametrize(
    ("cls", "constants"),
    [
        (VotesForAll, CHAIN),
        (VotesForAll, FLAPPING),
        (ChecksTooMuch, MAJORITY),
        (ChecksTooMuch, CHAIN),
        (NeverHears, CHAIN),
    ],
)
def test_with_another_rule_no_leader_stays(cls: type[RaftPartialPartition], constants: dict[str, Any]) -> None:
    """The parts of Pre-Vote and of the check that no tweak leaves out matter too."""
    assert results(decided(cls, constants, "Stable Leader")) == {"Stable Leader": "violated"}


# ---------------------------------------------------------------------- safety, witnesses, topologies


@pytest.mark.parametrize(
    ("cls", "constants"),
    [(RaftPartialPartition, CHAIN), (SkipsPreVote, {**CHAIN, "max_term": 3}), (RaftPartialPartition, FLAPPING)],
)
def test_safety(cls: type[RaftPartialPartition], constants: dict[str, Any]) -> None:
    found = search(cls(**constants))
    assert found.violated == {}
    assert set(found.reached) == {"two servers lead", "a leader is elected after another"}


def test_a_quorum_of_one_breaks_election_safety() -> None:
    """The safety property can fail; and with two leaders of one term at once, a change need not show."""

    class Alone(SkipsPreVote):
        def is_majority(self, size: int) -> bool:
            return size > 0

    assert "Changes Take Time" in search(Alone(nodes=3, max_term=2)).violated


def test_topologies() -> None:
    assert links_of("two-leaves", 5) == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 4)}
    assert links_of("bridge", 5) == {(0, 1), (0, 2), (1, 2), (1, 3)}
    assert links_of("chain", 3) == links_of("bridge", 3) == {(0, 1), (1, 2)}
    assert links_of("majority", 3) == {(0, 1)}
    assert links_of("star", 4) == {(0, 1), (0, 2), (0, 3)}
    assert len(links_of("full", 5)) == 10


@pytest.mark.parametrize(
    ("constants", "said"),
    [
        ({"topology": "ring"}, "topology must be one of full, majority, chain, star, bridge, two-leaves (got 'ring')"),
        ({"topology": "two-leaves", "nodes": 4}, "nodes must be at least 5 (got 4)"),
    ],
)
def test_a_topology_that_there_is_not(constants: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        _ = RaftPartialPartition(**constants).instance
    assert said in str(refused.value)
