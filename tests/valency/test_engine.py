"""The valency of small specs, decided by hand.

What breaks if these fail: a configuration is called decided that is not, a run is shown that the theorem does not mean, or a
bound that hides a decision is taken for the end of the protocol.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.valency.toys import AnyPlace, Both, Dropping, LongRope, Place, Rope, Side, Silent, Torn, Waiting

import mcheck.checker.valency.run as run_module
from mcheck.checker import Limits
from mcheck.checker.liveness.lassos import FoundLasso, LassoSearch
from mcheck.checker.valency.engine import study
from mcheck.checker.valency.verdict import Counts, ValencyVerdict
from mcheck.models.paxos_duel import PaxosDuel
from mcheck.spec import InternalError, Spec, UsageError, action, decision, require


def studied(spec: Spec[Any], **given: Any) -> ValencyVerdict:
    return study(spec.instance, engine="reference", **given)


def exceptions(found: tuple[Any, ...]) -> dict[str, tuple[int, tuple[str, ...] | None]]:
    return {e.member.participant.name: (e.states, None if e.nearest is None else e.nearest.labels) for e in found}


def test_who_pulls_by_turns_never_wins() -> None:
    verdict = studied(Rope())
    assert (verdict.result, verdict.states, verdict.edges) == ("answered", 5, 6)
    assert verdict.counts == Counts(bivalent=3, univalent=(1, 1), null=0, disagreeing=0)
    assert verdict.run is not None and verdict.run.bivalent and verdict.run.faultless
    assert verdict.run.lasso.loop == 0
    assert sorted(s.label for s in verdict.run.lasso.cycle) == ["left()", "right()"]
    assert [(w.value[0], len(w.behavior.steps)) for w in verdict.run.ways_out] == [(Side.LEFT, 2), (Side.RIGHT, 2)]
    assert exceptions(verdict.lemma3) == {"left": (0, None), "right": (0, None)}
    assert exceptions(verdict.blocked) == {"left": (0, None), "right": (0, None)}
    assert verdict.null is None


def test_both_engines_say_the_same() -> None:
    pytest.importorskip("llvmlite")
    verdicts = [study(Rope().instance, engine=engine) for engine in ("native", "reference")]
    assert [v.engine for v in verdicts] == ["native", "reference"]
    parts = [(v.states, v.edges, v.counts, exceptions(v.lemma3), exceptions(v.blocked)) for v in verdicts]
    assert parts[0] == parts[1]
    lassos = [v.run and [s.label for s in v.run.lasso.behavior.steps] for v in verdicts]
    assert lassos[0] == lassos[1]


def test_a_run_is_only_as_long_as_fairness_lets_it() -> None:
    """With nothing assumed, nobody need pull at all."""
    stopped = studied(Rope(), fairness="none").run
    assert stopped is not None and stopped.lasso.stutters
    assert studied(Rope(), fairness="strong").run is not None


def test_where_no_decision_is_nobody_is_undecided_between_two() -> None:
    """They go on for ever, but no decision lies anywhere: null, and so blocked without anybody."""
    verdict = studied(Waiting())
    assert verdict.counts == Counts(bivalent=0, univalent=(0, 0), null=2, disagreeing=0)
    assert exceptions(verdict.blocked) == {"left": (2, ()), "right": (2, ())}
    assert verdict.null is not None and verdict.null.labels == ()
    run = verdict.run
    assert run is not None and not run.bivalent
    assert ([s.label for s in run.lasso.cycle], run.ways_out) == (["left()", "right()"], ())


def test_a_step_of_nobody() -> None:
    """Without right nobody decides.  Without left right does, unless left has pulled already."""
    verdict = studied(Torn())
    assert verdict.counts == Counts(bivalent=0, univalent=(0, 3), null=1, disagreeing=0)
    assert verdict.null is not None and verdict.null.labels == ("left()",)
    assert exceptions(verdict.blocked) == {"left": (1, ("left()",)), "right": (3, ())}


def test_a_run_with_a_fault_is_told_from_one_without() -> None:
    """Torn by nobody, the rope lies where nobody pulls; else right has won."""
    run = studied(Torn()).run
    assert run is not None and run.faultless and run.lasso.stutters
    assert [s.label for s in run.lasso.stem] == ["left()"]
    torn = studied(TornOnly()).run
    assert torn is not None and not torn.faultless
    assert [s.label for s in torn.lasso.stem] == ["right()", "tear()"]


class TornOnly(Torn):
    """Left does not pull."""

    @action
    def left(self, s: Place) -> Place:
        require(False, "left pulls")
        return s


def test_a_bivalent_run_is_shown_before_a_shorter_one_that_is_not() -> None:
    """To drop the rope takes one step, and is undecided for ever; but it is the theorem that is to be seen."""
    verdict = studied(Dropping())
    assert verdict.null is not None and len(verdict.null.steps) == 1
    assert verdict.run is not None and verdict.run.bivalent
    assert sorted(s.label for s in verdict.run.lasso.cycle) == ["left()", "right()"]


def test_agreement_is_violated_where_two_values_are_decided() -> None:
    counts = studied(Both()).counts
    assert counts == Counts(bivalent=3 + 1, univalent=(1, 0), null=0, disagreeing=2)


def test_neighbours() -> None:
    verdict = studied(AnyPlace())
    assert [len(one.valency) for one in verdict.initial] == [2, 2, 2]
    assert verdict.neighbours is None  # they differ in nothing, and in nothing that is of one process


def test_what_a_bound_cuts_is_refused() -> None:
    verdict = studied(LongRope())
    assert (verdict.result, verdict.cut) == ("refused", {"most": 1})
    assert (verdict.bivalent, verdict.counts, verdict.lemma3, verdict.blocked) == (0, None, (), ())
    assert verdict.run is not None and not verdict.run.bivalent  # to and fro is undecided, whatever lies beyond


def test_a_run_inside_the_bounds_is_real() -> None:
    class Near(LongRope):
        @decision
        def won(self, s: Any, who: Side) -> bool:
            """The rope is at the end of who."""
            return bool(s.at == (0 if who == Side.LEFT else 4))

    verdict = studied(Near())
    assert verdict.result == "refused"
    assert (verdict.bivalent, verdict.counts) == (5, None)
    assert verdict.run is not None and len(verdict.run.lasso.cycle) == 2


def test_a_limit_makes_it_inconclusive() -> None:
    verdict = studied(Rope(), limits=Limits(states=2))
    assert (verdict.result, verdict.counts, verdict.reason) == ("inconclusive", None, "limit of 2 states")


def test_without_participants_the_lemma_is_not_asked() -> None:
    verdict = studied(Silent())
    assert verdict.counts == Counts(bivalent=3, univalent=(1, 1), null=0, disagreeing=0)
    assert verdict.lemma3 == verdict.blocked == ()
    assert verdict.run is not None


class Undecided(Spec[Place]):
    def init(self) -> Place:
        return Place()

    @action
    def stay(self, s: Place) -> Place:
        return s


def test_a_spec_must_say_what_is_decided() -> None:
    with pytest.raises(UsageError, match="Undecided does not say what is decided: mark a method with @decision"):
        studied(Undecided())


# ---------------------------------------------------------------------- nothing is taken on trust


def test_a_run_that_is_not_fair_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is made to find a cycle of one that only left goes, or one that does not close."""
    real = LassoSearch.find

    def shortened(self: LassoSearch, *given: Any) -> FoundLasso | None:
        found = real(self, *given)
        return None if found is None else replace(found, cycle=found.cycle[:-1])

    monkeypatch.setattr(LassoSearch, "find", shortened)
    with pytest.raises(InternalError, match="the run found is none: its cycle does not close"):
        studied(Rope())


def test_a_way_out_that_leads_nowhere_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module.Valencies, "way_to", lambda self, value, state: [])
    with pytest.raises(InternalError, match="its state 0 does not lead to a decision of"):
        studied(Rope())


def test_the_duel_of_two_proposers() -> None:
    """Source: 31,549 bivalent and 35,434 univalent states of each kind, found by another Python program on its own model."""
    found = study(PaxosDuel().instance)
    assert found.result == "answered" and found.view is not None and found.view.unbounded == ("max_ballot",)
    assert (found.states, found.edges, found.bivalent) == (102_417, 442_028, 31_549)
    assert found.counts is not None and found.counts.univalent == (35_434, 35_434) and found.counts.null == 0
    assert found.counts.disagreeing == 0
    assert not any(one.states for one in (*found.lemma3, *found.blocked))
    assert found.run is not None and found.run.bivalent and found.run.faultless
