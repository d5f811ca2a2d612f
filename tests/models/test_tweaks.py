"""Every declared outcome, measured again: what a tweak breaks, in exactly how many steps or by which lasso, and what it leaves alone.

A figure in a declaration that is wrong by one fails here.  The quick ones run always, all with `--slow`.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.models.native_search import native_search

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.checker.liveness.engine import decide
from mcheck.checker.liveness.verdict import LivenessVerdict
from mcheck.checker.verdict import Verdict
from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.protocols import find
from mcheck.spec import Broken, ExpectedOutcome, Safe, Spec, outcomes_of

SLOW = {
    "paxos": {"follow-lowest-vote", "count-across-ballots", "accept-late"},
    "fast-paxos": {"small-classic-quorum", "small-fast-quorum"},
    "raft": {
        "persist-log", "persist-vote", "persist-term", "persist-nothing", "free-vote-on-step-down", "keep-vote-in-new-term", "stay-candidate", "compare-length-only",
        "keep-role-in-new-term", "half-quorum", "commit-alone", "flexible-quorums", "quorums-apart", "commit-old-terms",
        "take-refusal-for-consent", "always-truncate", "truncate-in-order", "keep-conflicts", "skip-consistency-check",
        "obey-old-leaders", "commit-unseen", "commit-unseen-on-heartbeat", "commit-own-suffix",
        "commit-own-suffix-on-heartbeat", "forget-log", "roll-back-on-step-down", "dropping", "duplicating",
        "dropping-and-duplicating", "heartbeats", "fifo",
    },
    "raft+pre-vote": {
        "grant-while-led", "adopt-term-asked-about", "count-earlier-attempts", "ignore-logs-in-pre-vote",
    },
    "raft+check-quorum": {"never-check"},
    "raft+read-index": {"no-confirmation", "before-own-commit", "local-reads"},
    "raft+lease-read": {"lease-outlasts-timers", "vote-right-after-restart", "vote-in-spite-of-lease"},
    "pbft+checkpoints": {"weak-proof", "forget-checkpoint"},
    "raft+transfer": {"keep-lease", "lease-again"},
    "raft-macro+single-server-change": {"change-several-at-once", "change-before-own-commit"},
    "raft-macro+joint-consensus": {"count-union", "finish-uncommitted"},
    "raft-macro+apply-time-change": {"campaign-unapplied", "change-before-applying"},
    "ben-or-rounds": {"take-default", "keep-value"},
    "rotating-coordinator": {"eventually-accurate", "decide-on-one"},
    "ben-or": {"one-fault-more", "decide-on-one-proposal", "propose-plurality"},
    "raft-fsync": {"answer-before-fsync", "count-before-fsync", "flush-before-sending"},
}  # fmt: skip
"""More than about a second and a half, most of it to compile."""
ELSEWHERE = {"pbft", "zab", "textbook-raft", "textbook-reads", "textbook-go"}
"""Protocols whose tweaks are measured by default in a file of their own."""


CONTROLS = {
    ("paxos", "follow-lowest-vote"): 443,
    ("paxos", "count-across-ballots"): 17153,
    ("raft", "write-term-then-vote"): 175647,
    ("raft", "free-vote-on-step-down"): 12055,
    ("raft", "keep-vote-in-new-term"): 54976,
    ("raft", "stay-candidate"): 151104,
    ("raft", "flexible-quorums"): 959186,
    ("raft", "truncate-in-order"): 202169,
    ("raft", "commit-own-suffix"): 154284,
    ("raft", "dropping"): 260,
    ("raft", "duplicating"): 758,
    ("raft", "dropping-and-duplicating"): 553,
    ("raft", "heartbeats"): 27293,
    ("raft", "fifo"): 2240,
    ("raft+pre-vote", "ignore-logs-in-pre-vote"): 803906,
    ("raft+check-quorum", "never-check"): 3577,
    ("raft-macro+single-server-change", "change-before-own-commit"): 37008,
    ("raft-macro+apply-time-change", "change-before-applying"): 79838,
    ("raft-fsync", "flush-before-sending"): 692814,
    ("flood-set", "one-round-less"): 23,
    ("flood-set", "decide-default"): 90,
    ("ben-or", "one-fault-more"): 1638,
    ("ben-or-rounds", "take-default"): 3790,
    ("ben-or-rounds", "keep-value"): 373,
    ("rotating-coordinator", "eventually-accurate"): 67092,
    ("raft-macro", "commit-old-terms"): 5489,
    ("raft-macro", "commit-unacknowledged"): 27349,
    ("two-phase-commit", "tm-crash"): 100,
    ("dining-philosophers", "keep-forks"): 16,
    ("pbft", "inject"): 1646,
    ("pbft+checkpoints", "weak-proof"): 130001,
    ("zab", "commit-on-one-ack"): 25534,
    ("textbook-raft", "read-term-again"): 4464,
    ("textbook-raft", "commit-to-log-end-of-all"): 15527,
    ("textbook-raft", "never-commit"): 6494,
    ("textbook-go", "wait-for-all"): 12,
    ("raft-macro", "crashing"): 696,
}
"""The states of each safe variant within its bounds, up to symmetry; no other source.  A change is a change of the model."""


def tweaked(protocol: str, tweak: str) -> type[Spec[Any]]:
    return find(protocol).tweaked(tweak)


def cases(kind: type[Any], all_of_them: bool = False) -> list[Any]:
    """(class, outcome) of each declaration of a kind; without `all_of_them` the first of each tweak."""
    found = []
    for protocol, tweaks in TWEAKS.items():
        for tweak in tweaks:
            cls = tweaked(protocol, tweak)
            outcomes = [o for o in outcomes_of(cls) if isinstance(o, kind) and o.fairness is None]
            slow = protocol in ELSEWHERE or tweak in SLOW.get(protocol, ())
            marks = [pytest.mark.slow] if slow else []
            for k, outcome in enumerate(outcomes if all_of_them else outcomes[:1]):
                found.append(pytest.param(cls, outcome, marks=marks, id=f"{protocol}-{tweak}-{k}"))
    return found


MEASURED_ELSEWHERE = {"raft-partial-partition"}
"""Protocols whose declarations their own tests measure, in seconds."""
LONG = {
    "paxos-duel-itself-1", "paxos-duel-itself-2", "paxos-duel-itself-3", "paxos-duel-itself-4",
    "rotating-coordinator-itself-0", "rotating-coordinator-eventually-accurate-1",
}  # fmt: skip
"""Declarations about temporal properties that take more than about a second and a half to decide: protocol, tweak, number."""


def temporal_cases() -> list[Any]:
    """(class, outcome) of each declaration about temporal properties, of protocols and of tweaks."""
    found = []
    for protocol in PROTOCOLS:
        for tweak in (None, *TWEAKS.get(protocol, ())):
            cls = find(protocol).tweaked(tweak)
            for k, outcome in enumerate(outcomes_of(cls)):
                if outcome.fairness is not None:
                    name = f"{protocol}-{tweak or 'itself'}-{k}"
                    slow = name in LONG or protocol in MEASURED_ELSEWHERE
                    found.append(pytest.param(cls, outcome, marks=[pytest.mark.slow] if slow else [], id=name))
    return found


def decided(cls: type[Spec[Any]], outcome: ExpectedOutcome) -> LivenessVerdict:
    limits = Limits(seconds=600, memory_mb=8000)
    assert outcome.fairness is not None
    return decide(cls(**outcome.constants).instance, outcome.titles, fairness=outcome.fairness, limits=limits)


@pytest.mark.parametrize(("cls", "outcome"), temporal_cases())
def test_in_the_long_run(cls: type[Spec[Any]], outcome: ExpectedOutcome) -> None:
    """A lasso is found of exactly the lengths that are declared; or none, and nothing is cut that could hide one."""
    verdict = decided(cls, outcome)
    assert [f.rule.title for f in verdict.findings] == [t for t in titles_of(cls) if t in outcome.titles]
    if isinstance(outcome, Safe):
        assert verdict.result == "holds"
        return
    assert verdict.violation is not None and verdict.violation.lasso is not None
    if outcome.stem is not None:
        lasso = verdict.violation.lasso
        assert (len(lasso.stem), len(lasso.cycle)) == (outcome.stem, outcome.cycle)


def titles_of(cls: type[Spec[Any]]) -> list[str]:
    return [rule.title for rule in cls().instance.temporal]


def measured(cls: type[Spec[Any]], outcome: ExpectedOutcome, properties: list[str] | None = None) -> Verdict:
    pytest.importorskip("llvmlite")
    instance = cls(**outcome.constants).instance
    promised = [p.name for p in instance.properties if p.kind != "implements"]
    limits = Limits(depth=outcome.depth, seconds=600, memory_mb=8000)
    return search(instance, engine="native", properties=properties or promised, limits=limits)


@pytest.mark.parametrize(("cls", "outcome"), cases(Broken, all_of_them=True))
def test_broken(cls: type[Spec[Any]], outcome: Broken) -> None:
    """No shorter behaviour violates the property: the search is breadth-first and goes as deep as the declaration says."""
    verdict = measured(cls, outcome, [outcome.property])
    if outcome.steps is None:
        assert (verdict.result, verdict.depth) == ("holds-up-to", outcome.depth)
        return
    violation = verdict.violation
    assert violation is not None
    assert (violation.rule.title, violation.steps) == (outcome.property, outcome.steps)


@pytest.mark.parametrize(("cls", "outcome"), cases(Safe, all_of_them=True))
def test_safe(cls: type[Spec[Any]], outcome: Safe) -> None:
    verdict = measured(cls, outcome)
    assert verdict.result in ("holds", "holds-up-to")
    assert outcome.depth is not None or verdict.unexpanded == 0
    assert verdict.distinct == next(n for (p, t), n in CONTROLS.items() if tweaked(p, t) is cls)


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "outcome"), cases(Broken))
def test_nothing_else_breaks_sooner(cls: type[Spec[Any]], outcome: Broken) -> None:
    """With the constants of the first declaration, the first property to fall is one that is declared."""
    if outcome.property.startswith("implements") or outcome.steps is None:
        pytest.skip("a refinement falls long before what it is for")
    violation = measured(cls, outcome).violation
    declared = [o for o in outcomes_of(cls) if isinstance(o, Broken) and o.constants == outcome.constants]
    assert violation is not None
    assert violation.steps == min(o.steps for o in declared if o.steps is not None)


THE_SAME = {
    ("paxos", "follow-lowest-vote"),  # in two ballots the lowest vote is the highest
    ("paxos", "count-across-ballots"),  # only what is taken for chosen differs
    ("flood-set", "decide-default"),  # of two values, whoever has seen both has seen the default
    ("raft", "commit-own-suffix"),  # a log of one entry has no suffix
    ("textbook-raft", "commit-to-log-end-of-all"),  # what is sent is all there is
    ("zab", "commit-on-one-ack"),  # of three, the leader and one more are a quorum
    ("raft-macro", "commit-unacknowledged"),  # of three servers: what it commits late, it might have committed before
}


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "tweak"), CONTROLS)
def test_a_control_does_what_the_protocol_does_not(protocol: str, tweak: str) -> None:
    """Otherwise that it is safe would say nothing."""
    cls = tweaked(protocol, tweak)
    constants = next(dict(o.constants) for o in outcomes_of(cls) if isinstance(o, Safe) and o.fairness is None)
    levels = [native_search(c(**constants), depth=12, check=()).levels for c in (cls, find(protocol).cls)]
    assert (levels[0] == levels[1]) == ((protocol, tweak) in THE_SAME)


def test_every_tweak_declares_an_outcome() -> None:
    silent = [(p, t) for p, tweaks in TWEAKS.items() for t in tweaks if not outcomes_of(tweaked(p, t))]
    assert silent == []


def test_every_control_is_counted() -> None:
    declared = [(p, t, o) for p, ts in TWEAKS.items() for t in ts for o in outcomes_of(tweaked(p, t))]
    assert {(p, t) for p, t, o in declared if isinstance(o, Safe) and o.fairness is None} == set(CONTROLS)


def test_every_temporal_property_has_a_declared_outcome() -> None:
    """Of each protocol that states one, and of whoever of it breaks it."""
    named = {(p.values[0].__mro__, t) for p in temporal_cases() for t in p.values[1].titles}
    stated = [(find(p).cls, title) for p in PROTOCOLS for title in titles_of(find(p).cls)]
    assert [(cls.__name__, t) for cls, t in stated if not any(cls in mro and t == title for mro, title in named)] == []


def test_what_is_slow_exists() -> None:
    assert {(p, t) for p, tweaks in SLOW.items() for t in tweaks} <= {(p, t) for p, ts in TWEAKS.items() for t in ts}
    assert {case.id for case in temporal_cases()} >= LONG


@pytest.mark.parametrize(
    "outcome",
    [
        Broken("Agreement", steps=1),
        Broken("Agreement", steps=3),
        Broken("Integrity", steps=2),
        Broken("Agreement", depth=2),
        Safe(),
    ],
)
def test_a_wrong_declaration_fails(outcome: ExpectedOutcome) -> None:
    """The measurement above can fail: a step less or more than the two it takes, another property, or safety, is found out."""
    cls = tweaked("consensus", "choose-again")
    with pytest.raises(AssertionError):
        if isinstance(outcome, Broken):
            test_broken(cls, outcome)
        else:
            test_safe(cls, outcome)


@pytest.mark.parametrize(
    "outcome",
    [
        Broken("Termination", stem=2, cycle=0, managers=2),
        Broken("Termination", stem=3, cycle=1, managers=2),
        Safe("Termination", managers=2),
        Safe("Termination", managers=2, fairness="strong"),
    ],
)
def test_a_wrong_declaration_of_the_long_run_fails(outcome: ExpectedOutcome) -> None:
    with pytest.raises(AssertionError):
        test_in_the_long_run(tweaked("two-phase-commit", "tm-crash"), outcome)
    with pytest.raises(AssertionError):
        test_in_the_long_run(find("two-phase-commit").cls, Broken("Termination", fairness="declared", managers=2))
