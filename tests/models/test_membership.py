"""Membership changes that went wrong, as they were reported, and the rule that stops each at the same bounds."""

from __future__ import annotations

import pytest
from tests.models.native_search import counts, native_search, witnessed

from mcheck.models.raft_macro import Node
from mcheck.protocols import find
from mcheck.spec import ReplayMismatch, UsageError, replay
from mcheck.spec.instance import Instance

SINGLE, APPLY_TIME = "raft-macro+single-server-change", "raft-macro+apply-time-change"

# D. Ongaro, raft-dev, 10 July 2015: of S1 to S4, here 0 to 3, S1 adds S5 and S2 removes S4.
TWO_CHANGES = [
    "elect(i=0, t=1, q={0, 1, 2})",
    "change(i=0, j=4)",
    "elect(i=1, t=2, q={1, 2, 3})",
    "change(i=1, j=3)",
    "replicate(i=1, j=2)",
    "commit(i=1, index=1)",
    "elect(i=0, t=3, q={0, 3, 4})",
]
# etcd-io/raft, issue 456: to s1, s2, s3, here 0 to 2, are added s4 and s5.
TWO_BEHIND = [
    "elect(i=0, t=1, q={0, 1})",
    "change(i=0, j=3)",
    "replicate(i=0, j=1)",
    "commit(i=0, index=1)",
    "apply(i=0, index=1)",
    "change(i=0, j=4)",
    "replicate(i=0, j=1)",
    "replicate(i=0, j=2)",
    "commit(i=0, index=2)",
    "replicate(i=0, j=1)",
    "apply(i=1, index=2)",
    "elect(i=1, t=2, q={1, 3, 4})",
    "elect(i=2, t=2, q={0, 2})",
]


def instance_of(name: str, tweak: str | None, **constants: int) -> Instance:
    return find(name).tweaked(tweak)(**constants).instance


def broken_after(instance: Instance, labels: list[str]) -> list[set[str]]:
    """The invariants that are false after each step, from the state in which the founders are servers 0, 1, …"""
    start = next(s for s in instance.initial if all(Node(i) in s.founders for i in range(len(s.founders))))
    behavior = replay(instance, start, labels)
    invariants = [p for p in instance.properties if p.kind == "always"]
    return [{p.title for p in invariants if not instance.holds(p, step.state)} for step in behavior.steps]


def test_two_leaders_change_the_members_as_in_2015() -> None:
    """The entry that S2 has committed is not in the log of S1, which leads a later term."""
    tweaked = instance_of(SINGLE, "change-before-own-commit", nodes=5, spare=1, max_term=3, max_log=1)
    assert broken_after(tweaked, TWO_CHANGES) == [set()] * 6 + [{"Leader Completeness"}]
    with pytest.raises(ReplayMismatch, match="the last configuration, and an entry of this term, are committed"):
        broken_after(instance_of(SINGLE, None, nodes=5, spare=1, max_term=3, max_log=2), TWO_CHANGES)


def test_a_candidate_two_changes_behind() -> None:
    """s2 goes by all five servers, and s3 by the first three."""
    bounds = {"nodes": 5, "spare": 2, "max_term": 2, "max_log": 2}
    tweaked = instance_of(APPLY_TIME, "campaign-unapplied", **bounds)
    assert broken_after(tweaked, TWO_BEHIND) == [set()] * 12 + [{"Election Safety"}]
    with pytest.raises(ReplayMismatch, match="i has applied every configuration that it knows to be committed"):
        broken_after(instance_of(APPLY_TIME, None, **bounds), TWO_BEHIND)


def test_somebody_is_a_member() -> None:
    with pytest.raises(UsageError, match=r"of 3 servers at least one must be a member \(got 3 spare\)"):
        instance_of(SINGLE, None, nodes=3, spare=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tweak", "constants", "states", "steps"),
    [
        (SINGLE, "change-before-own-commit", {"nodes": 4, "max_term": 3, "max_log": 2}, 356113, 6),
        (APPLY_TIME, "campaign-unapplied", {"nodes": 3, "max_term": 2, "max_log": 2}, 215011, 11),
    ],
)
def test_the_rule_holds_where_its_absence_shows(
    name: str, tweak: str, constants: dict[str, int], states: int, steps: int
) -> None:
    """Within the same bounds, in which configurations are committed."""
    good = native_search(instance_of(name, None, **constants).spec)
    assert counts(good)[0] == states and "a configuration is committed" in witnessed(good)
    bad = native_search(instance_of(name, tweak, **constants).spec, check=("Election Safety",))
    assert bad.violation is not None and bad.violation.steps == steps
