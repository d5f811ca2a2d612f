"""PBFT: counts that others have measured, every choice of faulty replicas, Byzantine messages as steps, and each known fault."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from tests.models.pbft_granularity import NamesQuorum, ProposesInNewView, of_one_choice, reached

from mcheck.checker import Limits, Verdict
from mcheck.checker.engines import search
from mcheck.models import TWEAKS
from mcheck.models.pbft import PBFT, Commit, Digest, NewView, Prepare, PrePrepare, Replica, State
from mcheck.models.pbft_tweaks import ExecutesAgain, Injected, OmitsCertificate, SkipsCommit, TrustsNewView
from mcheck.protocols import find
from mcheck.spec import ReplayMismatch, Spec, UsageError, outcomes_of, relied_on, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

WITNESSES = (
    "a request is executed in view 0",
    "a request is executed after a view change",
    "a request is executed in two views",
    "all correct replicas execute",
)


def explored(spec: Spec[Any], symmetry: bool | None = None, engine: str = "native", **options: Any) -> Verdict:
    return search(spec.instance, engine, symmetry=symmetry, **options)


def steps(verdict: Verdict) -> dict[str, int | None]:
    return {p.rule.title: p.steps for p in verdict.properties if p.finding in ("violated", "reached")}


# ---------------------------------------------------------------------- counts


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_one_view(engine: str) -> None:
    """Every choice of one faulty replica and of the primary: 16 initial states, of which 2 differ."""
    verdict = explored(PBFT(views=1), symmetry=True, engine=engine)
    assert (verdict.distinct, verdict.generated, verdict.depth) == (90, 512, 11)
    assert verdict.cut == {"views": 270}
    assert steps(verdict) == {WITNESSES[0]: 6, WITNESSES[3]: 10}


def test_two_views() -> None:
    verdict = explored(PBFT())
    assert verdict.result == "holds-up-to"
    assert (verdict.distinct, verdict.generated, verdict.depth) == (17077, 91552, 21)
    assert verdict.never_fired == () and verdict.guards_never_true == ()
    assert steps(verdict) == dict(zip(WITNESSES, (6, 10, 13, 10), strict=True))


def test_orbits_stand_for_every_choice_of_faulty_replicas_and_primaries() -> None:
    instance = PBFT().instance
    assert len(instance.initial) == 4 * 12
    assert {(len(s.correct), s.primary.values()[0] in s.correct) for s in instance.initial} == {(3, True), (3, False)}
    start = search(instance, "native", symmetry=True, limits=Limits(depth=0))
    assert start.distinct == 3  # the primary of view 0 is faulty, that of view 1, or neither


@pytest.mark.parametrize(
    ("faulty", "constants", "distinct", "depth"),
    [((0,), {}, 145, 9), ((0, 1), {"replicas": 7, "byzantine": 2}, 2937, 15)],
)
def test_one_view_as_others_count_it(
    faulty: tuple[int, ...], constants: dict[str, int], distinct: int, depth: int
) -> None:
    """A faulty primary, and all requests there from the start: a throw-away model of another engine had the same."""
    verdict = explored(of_one_choice(faulty)(views=1, **constants), symmetry=False)
    assert (verdict.result, verdict.distinct, verdict.depth) == ("holds-up-to", distinct, depth)


@pytest.mark.parametrize(
    ("faulty", "distinct"),
    [(1, 7592), pytest.param(0, 9894, marks=pytest.mark.slow), pytest.param(3, 4762, marks=pytest.mark.slow)],
)
def test_two_views_in_coarser_steps(faulty: int, distinct: int) -> None:
    """7,592 is the count of a model whose NEW-VIEW always proposes.  Here 10,266: a view begins, and then is proposed in."""
    verdict = explored(of_one_choice((faulty,), ProposesInNewView)(), symmetry=False)
    assert (verdict.result, verdict.distinct, verdict.depth) == ("holds-up-to", distinct, 18)


@pytest.mark.parametrize(("faulty", "distinct"), [(1, 7592), (0, 30230), (3, 14266)])
def test_two_views_where_a_new_view_names_its_quorum(faulty: int, distinct: int) -> None:
    """The counts of that model where the primary of view 1 is correct: it can choose among five quorums."""
    verdict = explored(of_one_choice((faulty,), NamesQuorum)(), symmetry=False)
    assert (verdict.result, verdict.distinct, verdict.depth) == ("holds-up-to", distinct, 18)


@pytest.mark.slow
@pytest.mark.parametrize(("faulty", "distinct"), [(1, 10266), (0, 15360), (3, 7284)])
def test_two_views_of_one_choice(faulty: int, distinct: int) -> None:
    assert explored(of_one_choice((faulty,))(), symmetry=False).distinct == distinct


@pytest.mark.slow
def test_seven_replicas() -> None:
    one = explored(PBFT(replicas=7, byzantine=2, views=1))
    two = explored(PBFT(replicas=7, byzantine=2))
    assert (one.result, one.distinct, one.depth) == ("holds-up-to", 261, 17)
    assert (two.result, two.distinct, two.depth) == ("holds-up-to", 686134, 34)
    assert two.never_fired == ()


@pytest.mark.slow
def test_three_views() -> None:
    verdict = explored(PBFT(views=3))
    assert (verdict.result, verdict.distinct, verdict.depth) == ("holds-up-to", 1480724, 31)


# ---------------------------------------------------------------------- the two forms of the adversary


@pytest.mark.parametrize(("faulty", "replicas"), [((3,), 4), ((0,), 3), ((2,), 3)])
def test_what_can_be_signed_counts_as_sent_and_nothing_else_is_reached(faulty: tuple[int, ...], replicas: int) -> None:
    """The same behaviours of correct replicas, whether faulty ones send step by step or have sent everything."""
    constants = {"replicas": replicas, "views": 1}
    predicate, injected = of_one_choice(faulty)(**constants), of_one_choice(faulty, Injected)(**constants)
    assert reached(predicate) == reached(injected)


@pytest.mark.parametrize("constants", [{"replicas": 3}, {"replicas": 4}, {"replicas": 4, "byzantine": 0}])
def test_verdicts_are_the_same_with_byzantine_messages_as_steps(constants: dict[str, int]) -> None:
    predicate = explored(PBFT(views=1, **constants), keep_going=True)
    injected = explored(Injected(views=1, **constants), keep_going=True)
    assert [p.finding for p in predicate.properties] == [p.finding for p in injected.properties]
    assert predicate.distinct <= injected.distinct


# ---------------------------------------------------------------------- known faults


@pytest.mark.parametrize(
    ("constants", "length"),
    [({"replicas": 3}, 8), ({"replicas": 6, "byzantine": 2}, 12)],
)
def test_three_f_replicas_are_too_few(constants: dict[str, int], length: int) -> None:
    """6 and 10 steps, and one for each of two requests.  Source: Pease, Shostak & Lamport 1980; OSDI 1999, section 3."""
    verdict = explored(PBFT(views=1, **constants), properties=["agreement"])
    assert steps(verdict) == {"Agreement": length}
    more = {**constants, "replicas": constants["replicas"] + 1}
    assert explored(PBFT(views=1, **more)).result == "holds-up-to"


@pytest.mark.parametrize(
    ("tweak", "faulty", "length"),
    [(TrustsNewView, 1, 12), (TrustsNewView, 3, None), (SkipsCommit, 1, 10), (SkipsCommit, 3, 10)],
)
def test_view_changes_gone_wrong_in_coarser_steps(tweak: type[PBFT], faulty: int, length: int | None) -> None:
    """The lengths of the model with 7,592 states.  Trust does no harm while the primary of view 1 deserves it."""

    class Coarser(tweak, ProposesInNewView):  # type: ignore[valid-type, misc]
        pass

    verdict = explored(of_one_choice((faulty,), Coarser)(), symmetry=False, properties=["agreement"])
    assert steps(verdict) == ({} if length is None else {"Agreement": length})


@pytest.mark.parametrize("name", TWEAKS["pbft"])
def test_tweaks_do_what_they_declare(name: str) -> None:
    tweak = find("pbft").tweaked(name)
    declared = outcomes_of(tweak)
    assert declared
    for outcome in declared:
        asked = None if outcome.property is None else [outcome.property]
        verdict = explored(tweak(**outcome.constants), properties=asked)
        if asked is None:
            assert verdict.result == "holds-up-to"
        else:
            assert steps(verdict) == {outcome.property: outcome.steps}


def test_no_fault_needs_a_faulty_replica_to_lose_a_certificate() -> None:
    """Without the set P, Agreement fails although all replicas are correct; and much later."""
    verdict = explored(OmitsCertificate(byzantine=0), properties=["agreement"])
    assert steps(verdict) == {"Agreement": 28}


# ---------------------------------------------------------------------- scenarios

PREPARED = [
    "request(d=0)",
    "pre_prepare(i=0, d=0)",
    "prepare(i=1, d=0)",
    "prepare(i=2, d=0)",
    "commit(i=1, d=0)",
]
LEFT = ["view_change(i=0)", "view_change(i=1)", "view_change(i=2)"]


def start(faulty: int) -> State:
    """Replica v is primary of view v."""
    instance = PBFT().instance
    with instance.active():
        members = list(Replica)
        return next(
            s for s in instance.initial if s.primary.values() == tuple(members[:2]) and members[faulty] not in s.correct
        )


def test_what_was_prepared_is_proposed_again() -> None:
    """Section 4.4: a NEW-VIEW follows the certificate of the highest view in V."""
    instance = PBFT().instance
    labels = [*PREPARED, *LEFT]
    told = replay(instance, start(3), [*labels, "new_view(i=1, d=0)"])
    assert NewView(view=1, digest=Digest(0)) in told.last.msgs
    assert PrePrepare(view=1, digest=Digest(0)) in told.last.msgs
    with pytest.raises(ReplayMismatch, match="d follows from the VIEW-CHANGEs of a quorum"):
        replay(instance, start(3), [*labels, "new_view(i=1, d=1)"])


def test_a_quorum_that_prepared_nothing_leaves_the_choice() -> None:
    """Replica 1 has a certificate; the VIEW-CHANGEs of 0, 2 and the faulty 3 show none, and nothing has committed."""
    instance = PBFT().instance
    labels = [*PREPARED, *LEFT, "new_view(i=1, d=None)", "request(d=1)", "pre_prepare(i=1, d=1)"]
    assert PrePrepare(view=1, digest=Digest(1)) in replay(instance, start(3), labels).last.msgs


def test_a_backup_that_waits_for_its_view_accepts_no_pre_prepare() -> None:
    instance = PBFT().instance
    labels = ["request(d=0)", "view_change(i=0)", "view_change(i=2)", "view_change(i=3)"]
    with pytest.raises(ReplayMismatch, match="accepted no other"):
        replay(instance, start(1), [*labels, "prepare(i=0, d=0)"])
    begun = [*labels, "accept_new_view(i=0, d=None)", "prepare(i=0, d=0)"]
    assert Prepare(view=1, digest=Digest(0), src=Replica(0)) in replay(instance, start(1), begun).last.msgs


def test_the_messages_of_faulty_replicas_that_a_trace_relies_on() -> None:
    """A PRE-PREPARE and a COMMIT for each of two requests, and no message more."""
    instance = PBFT(replicas=3, views=1).instance
    verdict = explored(PBFT(replicas=3, views=1), properties=["agreement"])
    assert verdict.violation is not None and verdict.violation.behavior is not None
    behavior = verdict.violation.behavior
    said: list[Any] = []
    for before, step in zip(behavior.states, behavior.steps, strict=False):
        said += relied_on(before, step, instance, frozenset(said))
    (faulty,) = set(instance.initial[0].replicas.keys()) - set(behavior.initial.correct)
    digests = Digest(0), Digest(1)
    assert sorted(map(repr, said)) == sorted(
        repr(m) for d in digests for m in (PrePrepare(view=0, digest=d), Commit(view=0, digest=d, src=faulty))
    )


# ---------------------------------------------------------------------- properties that can fail


class Both(ExecutesAgain, TrustsNewView):
    pass


def test_integrity_forbids_another_execution() -> None:
    verdict = explored(Both(), properties=["integrity"])
    assert steps(verdict) == {"Integrity": 13}


def test_the_traced_form_agrees() -> None:
    rng = random.Random(5)
    for spec in (PBFT(), PBFT(replicas=7, byzantine=2, views=3), TrustsNewView()):
        instance = spec.instance
        sample = [
            *itertools.islice(reached_states(instance, rng), 12),
            *itertools.islice(typed_states(instance, rng), 6),
        ]
        assert [str(d) for d in disagreements(instance, sample, seconds=3)] == []


def test_somebody_must_be_correct() -> None:
    with pytest.raises(UsageError, match="at least one must be correct"):
        PBFT(byzantine=4).instance  # noqa: B018 - resolved where it is asked for
