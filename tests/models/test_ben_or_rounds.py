"""Ben-Or round by round: its counts, and what the theorem makes of it with a coin, with a default, and with neither."""

from __future__ import annotations

import pytest
from tests.models.bfs import search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.checker.liveness.engine import decide
from mcheck.checker.valency.engine import study
from mcheck.checker.valency.verdict import Counts, ValencyVerdict
from mcheck.models.ben_or_rounds import BenOrRounds, KeepsValue, Process, State, TakesDefault, Value
from mcheck.spec import UsageError


def studied(spec: BenOrRounds) -> ValencyVerdict:
    pytest.importorskip("llvmlite")
    return study(spec.instance, engine="native")


def test_two_processes() -> None:
    """Nobody may be silent: n > 2f.  No other source."""
    found = search(BenOrRounds(processes=2, faults=0))
    assert found.counts[0] == 64
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == {"a value is decided": 3, "all decide": 4}


@pytest.mark.slow
def test_three_processes() -> None:
    found = native_search(BenOrRounds())
    assert counts(found) == (4210, 19988, 12)  # no other source
    assert witnessed(found) == {"a value is decided": 4, "all decide": 6}


def test_without_a_coin_the_theorem_is_to_be_seen() -> None:
    """Deterministic, and nobody is waited for: so Lemma 2 and Lemma 3 hold, and a run stays bivalent."""
    verdict = studied(TakesDefault())
    assert (verdict.result, verdict.states, verdict.edges) == ("answered", 3790, 16041)
    assert verdict.counts == Counts(bivalent=471, univalent=(2006, 1313), null=0, disagreeing=0)
    assert sum(len(one.valency) == 2 for one in verdict.initial) == 3
    assert [e.states for e in (*verdict.lemma3, *verdict.blocked)] == [0] * 6
    run = verdict.run
    assert run is not None
    assert (len(run.lasso.stem), len(run.lasso.cycle)) == (0, 6)
    with verdict.instance.active():
        assert {step.arguments[0] for step in run.lasso.cycle} == set(Process)
    assert [len(way.behavior.steps) for way in run.ways_out] == [8, 4]


@pytest.mark.slow
def test_with_a_coin_a_decision_stays_reachable() -> None:
    """No state is null: whatever has happened, luck can still end it.  That is what probability 1 rests on."""
    verdict = studied(BenOrRounds())
    assert verdict.counts == Counts(bivalent=1584, univalent=(1313, 1313), null=0, disagreeing=0)
    assert [e.states for e in (*verdict.lemma3, *verdict.blocked)] == [0] * 6
    assert verdict.run is not None and len(verdict.run.lasso.cycle) == 6


@pytest.mark.slow
def test_who_keeps_its_value_is_blocked_by_a_crash() -> None:
    verdict = studied(KeepsValue())
    assert verdict.counts == Counts(bivalent=0, univalent=(1760, 1760), null=252, disagreeing=0)
    assert [e.states for e in verdict.blocked] == [44, 44, 44]
    assert verdict.null is not None and len(verdict.null.steps) == 3
    assert verdict.run is not None and not verdict.run.bivalent  # 0-valent for ever, and nobody decides


def test_somebody_must_stay_up() -> None:
    with pytest.raises(UsageError, match="at least one must stay up"):
        _ = BenOrRounds(processes=2, faults=2).instance


def test_promises_that_are_broken_are_noticed() -> None:
    spec = BenOrRounds()
    with spec.instance.active():
        (i, j, k), (v, w) = Process, Value
        start = next(s for s in spec.instance.initial if all(s.members[p].value == v for p in Process))

        def having(**of: Value | None) -> State:
            members = start.members.set(i, start.members[i].replace(**of))
            return State(members=members, unanimous=start.unanimous)

        other = start.members.set(j, start.members[j].replace(decision=w, proposal=w))
        both = State(members=other.set(i, other[i].replace(decision=v, proposal=v)), unanimous=None)
        assert not spec.agreement(both, i, j) and spec.agreement(both, i, k)
        assert not spec.proposals_agree(both, i, j) and spec.proposals_agree(both, j, k)
        assert not spec.validity(having(decision=w), i) and spec.validity(having(decision=v), i)
        assert not spec.integrity(having(decision=v), having(decision=w), i)
        assert not spec.integrity(having(decision=v), having(), i)


def test_it_says_what_the_coin_decides_and_not_more() -> None:
    """Termination is no property that it promises: with a coin that falls as it likes, it does not hold."""
    with pytest.raises(UsageError, match="states no temporal property"):
        decide(BenOrRounds().instance)
