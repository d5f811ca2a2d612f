"""The extensions of Raft: their counts, alone and together, what goes together, and that none loses what it promises."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from tests.models.native_search import counts, native_search, witnessed
from tests.models.raft_search import search_to
from tests.native.comparing import search_differences

from mcheck.checker import Limits
from mcheck.models import APART, EXTENSIONS, TWEAKS
from mcheck.protocols import find
from mcheck.spec import Spec, UsageError
from mcheck.spec.declare import declarations_of
from mcheck.spec.tracing.trace import trace

ONE_TERM = {"nodes": 3, "max_term": 1, "max_log": 1, "max_messages": 2, "max_restarts": 0}
ELECTIONS = {"nodes": 3, "max_term": 2, "max_log": 0, "max_messages": 3, "max_restarts": 0}
ONE_WRITE = {"nodes": 3, "max_term": 2, "max_log": 1, "max_messages": 2, "max_restarts": 0}
MEMBERS = {"nodes": 3, "max_term": 2, "max_log": 2}

# No other source has these counts: a change of one is a change of the model.
LEVELS: list[tuple[str, dict[str, int], list[int]]] = [
    ("raft+pre-vote", {**ONE_TERM, "max_messages": 3}, [1, 3, 6, 9, 18, 39, 84, 201, 414, 741]),
    ("raft+check-quorum", ONE_TERM, [1, 3, 6, 9, 30, 81, 156, 300, 615]),
    ("raft+read-index", ONE_TERM, [1, 3, 6, 9, 24, 57, 75, 81, 120, 147]),
    ("raft+lease-read", ONE_TERM, [1, 3, 6, 9, 30, 81, 156, 300, 621]),
    ("raft+transfer", ONE_TERM, [1, 3, 6, 9, 42, 117, 198, 384, 837]),
    ("raft+partition", ONE_TERM, [1, 6, 16, 30, 51, 114, 219, 342, 549]),
    (
        "raft+pre-vote+check-quorum+partition",
        {**ONE_TERM, "max_messages": 3},
        [1, 6, 16, 30, 51, 102, 219, 528, 1293],
    ),
    ("raft-macro+single-server-change", MEMBERS, [1, 18, 57, 102, 333]),
    ("raft-macro+joint-consensus", MEMBERS, [1, 18, 165, 786]),
    ("raft-macro+apply-time-change", MEMBERS, [1, 18, 111, 462, 1485]),
]


def cls_of(name: str) -> type[Spec[Any]]:
    return find(name).cls


@pytest.mark.parametrize(("name", "constants", "levels"), LEVELS, ids=[n for n, _, _ in LEVELS])
def test_small_bounds(name: str, constants: dict[str, int], levels: list[int]) -> None:
    found = search_to(cls_of(name)(**constants), depth=len(levels) - 1)
    assert found.levels == levels
    assert found.violated == {}


ELECTED, COMMITTED = "a leader is elected", "an entry is committed"
WHOLE: list[tuple[str, dict[str, int], tuple[int, int, int], dict[str, int]]] = [
    ("raft+pre-vote", ELECTIONS, (87673, 865528, 36), {ELECTED: 5, "a pre-vote is refused": 5}),
    (
        "raft+check-quorum",
        {**ELECTIONS, "max_messages": 2},
        (59071, 536848, 31),
        {ELECTED: 3, "a leader steps down as nobody answers": 4},
    ),
    ("raft+read-index", ONE_WRITE, (43981, 424198, 33), {ELECTED: 3, COMMITTED: 7, "a read sees a write": 12}),
    (
        "raft+lease-read",
        ONE_WRITE,
        (2285113, 23667538, 43),
        {
            ELECTED: 3,
            COMMITTED: 7,
            "a leader steps down as nobody answers": 4,
            "a leader with a lease may read": 7,
        },
    ),
    ("raft+partition", ELECTIONS, (18869, 185809, 24), {ELECTED: 3, "a server is cut off from a leader": 4}),
    (
        "raft-macro+single-server-change",
        {**MEMBERS, "max_term": 3},
        (40183, 210394, 12),
        {ELECTED: 1, COMMITTED: 4, "a configuration is committed": 5},
    ),
    (
        "raft-macro+joint-consensus",
        MEMBERS,
        (49021, 295177, 11),
        {ELECTED: 1, COMMITTED: 4, "a configuration is committed": 3},
    ),
    (
        "raft-macro+apply-time-change",
        MEMBERS,
        (215011, 1576636, 16),
        {ELECTED: 1, COMMITTED: 4, "a configuration is committed": 3, "a configuration is applied": 5},
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "constants", "whole", "steps"), WHOLE, ids=[n for n, *_ in WHOLE])
def test_all_states(name: str, constants: dict[str, int], whole: tuple[int, int, int], steps: dict[str, int]) -> None:
    """All states within these bounds; every action is taken, and every guard was true once."""
    found = native_search(cls_of(name)(**constants))
    assert counts(found) == whole
    assert witnessed(found) == steps
    assert found.never_fired == () and found.guards_never_true == ()


@pytest.mark.slow
def test_together_they_keep_what_each_promises() -> None:
    """A server that asks for pre-votes and hears a leader must stop asking: alone, neither extension shows that."""
    found = native_search(cls_of("raft+pre-vote+check-quorum+partition")(**ELECTIONS))
    assert counts(found) == (2810450, 26173486, 46)
    assert {p.rule.title for p in found.properties} >= {"A Healthy Leader Stays", "Leader Stickiness"}


@pytest.mark.slow
def test_checking_the_quorum_alone_does_not_keep_a_healthy_leader() -> None:
    """Nobody answers the RequestVote of the server that is back; but it answers the leader, with its term."""
    tweaked = find("raft+pre-vote+check-quorum+partition").tweaked("no-pre-vote")
    found = native_search(tweaked(**ELECTIONS), check=("A Healthy Leader Stays",)).violation
    assert found is not None and found.behavior is not None
    assert found.steps == 13
    assert (
        found.behavior.labels[-1] == "deliver(m=AppendEntriesReply(src=1, dst=0, term=2, success=False, match_index=0))"
    )


TOGETHER = [
    pytest.param("raft+read-index+dropping"),
    pytest.param("raft+pre-vote+check-quorum+partition", marks=pytest.mark.slow),
    pytest.param("raft+read-index+lease-read+duplicating", marks=pytest.mark.slow),
    pytest.param("raft+" + "+".join(EXTENSIONS["raft"]), marks=pytest.mark.slow),
    pytest.param("raft-macro+single-server-change", marks=pytest.mark.slow),
    pytest.param("raft-macro+joint-consensus", marks=pytest.mark.slow),
    pytest.param("raft-macro+apply-time-change", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", TOGETHER)
def test_both_engines_agree_on_compositions(name: str) -> None:
    pytest.importorskip("llvmlite")
    assert search_differences(cls_of(name)().instance, Limits(depth=2 if "macro" in name else 4)) == []


# ---------------------------------------------------------------------- what goes together

PAIRS = [(base, pair) for base, extensions in EXTENSIONS.items() for pair in combinations(extensions, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("base", "pair"), [(b, p) for b, p in PAIRS if p not in APART])
def test_every_other_two_go_together(base: str, pair: tuple[str, str]) -> None:
    cls = cls_of("+".join([base, *pair]))
    parts = [cls_of(f"{base}+{extension}") for extension in pair]
    assert all(issubclass(cls, part) for part in parts)
    assert declarations_of(cls).keys() == {n for p in parts for n in declarations_of(p)}
    trace(cls().instance)


@pytest.mark.parametrize(("pair", "why"), APART.items())
def test_two_that_do_not_are_refused_with_the_reason(pair: tuple[str, str], why: str) -> None:
    (base,) = [b for b, extensions in EXTENSIONS.items() if set(pair) <= set(extensions)]
    for typed in (pair, pair[::-1]):
        name = "+".join([base, *typed])
        with pytest.raises(UsageError) as refused:
            find(name)
        assert str(refused.value) == f"{name}: {pair[0]} and {pair[1]} do not go together: {why}"


def test_the_order_in_which_they_are_typed_makes_no_difference() -> None:
    one, other = find("raft+partition+pre-vote"), find("raft+pre-vote+partition")
    assert one.name == other.name == "raft+pre-vote+partition"
    assert one.cls is other.cls


def test_a_tweak_takes_the_place_of_its_extension() -> None:
    tweaked = find("raft+pre-vote+partition").tweaked("no-pre-vote")
    assert [c.__name__ for c in tweaked.__mro__[1:4]] == ["RaftPartition", "SkipsPreVote", "RaftPreVote"]


def test_tweaks_are_of_extensions_that_exist_and_have_names_of_their_own() -> None:
    extended = {name: tweaks for name, tweaks in TWEAKS.items() if "+" in name}
    assert {name.rpartition("+")[2] for name in extended} <= {e for table in EXTENSIONS.values() for e in table}
    for base in EXTENSIONS:
        names = [t for name, tweaks in extended.items() if name.startswith(f"{base}+") for t in tweaks]
        assert len(names) == len(set(names))
