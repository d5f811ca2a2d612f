"""Shrinking: the order, each pass by itself, and the exact smallest behaviour of many violations found at random."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from tests.checker import toys
from tests.counterexamples.specs import ByTwo, Everything, Node, Note, Ping, Switch, Walk

from mcheck.checker import simulate
from mcheck.checker.checks import DEADLOCK_FREEDOM
from mcheck.counterexamples.judging import Judge
from mcheck.counterexamples.shrink import PASSES, Shrunk, Trials, shrink
from mcheck.counterexamples.shrink.deletion import deletion
from mcheck.counterexamples.shrink.likeness import distance, nearest, shape
from mcheck.counterexamples.shrink.loops import loops
from mcheck.counterexamples.shrink.lowering import lowering, with_numbers
from mcheck.counterexamples.shrink.merging import merging
from mcheck.counterexamples.shrink.order import size_of
from mcheck.counterexamples.shrink.ordering import ordering
from mcheck.counterexamples.shrink.pairs import pairs
from mcheck.counterexamples.shrink.reassembly import reassembly
from mcheck.counterexamples.shrink.renaming import renaming
from mcheck.counterexamples.shrink.shortcuts import shortcuts
from mcheck.models.die_hard import DieHard
from mcheck.models.raft import AppendEntries, Entry, RequestVote, RequestVoteReply, Value
from mcheck.models.raft import Node as Server
from mcheck.protocols import find
from mcheck.spec import Behavior, Instance, Rule, Set, UsageError, replay

WIDE = {"max_term": 30, "max_restarts": 30, "max_messages": 8, "max_log": 3}
"""Bounds within which random walks of Raft wander for hundreds of steps."""


def rule_of(instance: Instance, title: str) -> Rule:
    return next(r for r in (*instance.properties, DEADLOCK_FREEDOM) if r.title == title)


def run(instance: Instance, *labels: str) -> Behavior:
    return replay(instance, instance.initial[0], labels)


def walked(protocol: str, tweak: str | None, title: str, seed: int, **constants: Any) -> tuple[Behavior, Rule]:
    """The violation that the walk of that seed meets within 500 steps."""
    instance = find(protocol).tweaked(tweak)(**constants).instance
    found = simulate(instance, seed=seed, samples=1, steps=500, properties=[title]).violation
    assert found is not None and found.behavior is not None
    return found.behavior, found.rule


def after(one_pass: Any, behavior: Behavior, title: str) -> tuple[str, ...]:
    """The labels that one pass leaves of a behaviour."""
    trials = Trials(behavior, rule_of(behavior.instance, title))
    with behavior.instance.active():
        one_pass(trials)
    return trials.best.labels


@pytest.fixture(scope="module")
def table() -> Instance:
    return Everything(nodes=3).instance


# ---------------------------------------------------------------------- the order


def test_fewer_steps_come_first_then_members_messages_numbers_and_labels(table: Instance) -> None:
    in_order = [
        run(table),
        run(table, "lead(i=0)"),
        run(table, "lead(i=1)"),
        run(table, "ping(i=0, j=1)"),
        run(table, "lead(i=0)", "lead(i=0)"),
        run(table, "paint(i=0, color=RED)", "lead(i=0)"),
    ]
    sizes = [size_of(behavior) for behavior in in_order]
    assert sorted(sizes) == [sizes[k] for k in (0, 1, 2, 3, 5, 4)]
    ping = size_of(run(table, "ping(i=2, j=0)", "ping(i=2, j=0)"))
    assert (ping.steps, ping.members, ping.messages, ping.numbers) == (2, 2, 1, 0)


def test_messages_in_bags_and_channels_count_and_logs_and_ghosts_do_not(table: Instance) -> None:
    assert size_of(run(table, "note(i=1, j=0)")).messages == 2  # one in the bag, one in a channel, one in a log
    behavior, _ = walked("raft", "quorum-of-one", "Election Safety", 0, **WIDE)
    small = replay(behavior.instance, behavior.initial, ["timeout(i=0)", "client_request(i=0, v=0)"])
    assert size_of(small).messages == 2  # two requests; `elected` and `committed` are ghosts


def test_numbers_are_counted_inside_messages() -> None:
    behavior, _ = walked("raft", "quorum-of-one", "Election Safety", 0, **WIDE)
    request = "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))"
    assert size_of(replay(behavior.instance, behavior.initial, ["timeout(i=0)", request])).numbers == 1


# ---------------------------------------------------------------------- likeness


def vote(src: int, dst: int, term: int, granted: bool = True) -> RequestVoteReply:
    return RequestVoteReply(src=Server(src), dst=Server(dst), term=term, vote_granted=granted)


def test_the_same_message_of_another_term_is_near_and_another_kind_or_member_is_no_match() -> None:
    assert distance(vote(0, 1, 3), vote(0, 1, 3)) == 0
    assert distance(vote(0, 1, 3), vote(0, 1, 1)) == 2
    assert distance(vote(0, 1, 3), vote(0, 1, 3, granted=False)) == 8
    assert distance(vote(0, 1, 3), vote(0, 2, 3)) is None
    assert distance(Ping(src=Node(0), dst=Node(1)), Note(text=1)) is None
    assert distance((1, 2), (1, 3, 4)) == 9
    assert distance(None, 3) == distance(3, None) == 8
    assert distance(Set.of(1, 2), Set.of(2, 3, 4)) == 24


def test_the_nearest_arguments_come_first() -> None:
    behavior, _ = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)
    deliver = behavior.instance.action("deliver")
    state = behavior.initial.replace(network=Set.of(vote(0, 1, 1), vote(0, 1, 4), vote(2, 1, 4), vote(0, 1, 5, False)))
    assert [m.term for (m,) in nearest(deliver, (vote(0, 1, 5),), state)] == [4, 1, 5]


def test_a_member_that_is_no_message_is_never_exchanged(table: Instance) -> None:
    assert list(nearest(table.action("lead"), (Node(0),), table.initial[0])) == []


def test_the_shape_of_a_message_is_who_and_what_and_not_which_number() -> None:
    def entries(term: int, dst: int = 1) -> AppendEntries:
        entry = (Entry(term=term, value=Value(0)),)
        return AppendEntries(
            src=Server(0), dst=Server(dst), term=term, prev_log_index=0, prev_log_term=0, entries=entry, leader_commit=0
        )

    assert shape(entries(1)) == shape(entries(3)) != shape(entries(1, dst=2))
    assert shape(vote(0, 1, 2)) != shape(vote(0, 1, 2, granted=False))
    request = RequestVote(src=Server(0), dst=Server(1), term=1, last_log_index=0, last_log_term=0)
    assert shape(request) != shape(vote(0, 1, 1))
    assert shape(Set.of(Server(0), Server(1))) == frozenset({Server(0), Server(1)})


# ---------------------------------------------------------------------- the passes


def test_everything_after_the_first_violation_goes(table: Instance) -> None:
    behavior = run(table, "lead(i=0)", "paint(i=0, color=BLUE)", "lead(i=1)", "ping(i=0, j=1)")
    shrunk = shrink(behavior, rule_of(table, "None blue"), passes=())
    assert shrunk.behavior.labels == ("lead(i=0)", "paint(i=0, color=BLUE)")
    assert [(p.name, p.before, p.after, p.measure) for p in shrunk.passes] == [("prefix", 4, 2, "steps")]


def test_equal_states_make_a_loop(table: Instance) -> None:
    behavior = run(table, "lead(i=0)", "lead(i=1)", "lead(i=2)", "lead(i=0)", "paint(i=0, color=BLUE)")
    assert after(loops, behavior, "None blue") == ("lead(i=0)", "paint(i=0, color=BLUE)")


def test_states_that_differ_in_history_only_make_a_loop_too() -> None:
    behavior = run(Walk().instance, "right()", "left()", "right()", "right()", "right()")
    assert len({state.replace(seen=Set()) for state in behavior.states}) < len(set(behavior.states))
    assert after(loops, behavior, "Never three") == ("right()",) * 3


def test_the_violating_step_is_not_part_of_a_loop() -> None:
    instance = toys.CounterFallsBack(top=3).instance
    found = simulate(instance, samples=50, steps=50, properties=["Up Or Reset"]).violation
    assert found is not None and found.behavior is not None
    labels = after(loops, found.behavior, "Up Or Reset")
    assert labels and labels[-1] == found.behavior.labels[-1]


def test_deletion_takes_with_a_step_what_only_it_made_possible() -> None:
    behavior, rule = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)
    labels = after(deletion, behavior, rule.title)
    assert (len(behavior.steps), len(labels)) == (249, 6)


def test_deletion_leaves_no_step_that_can_be_left_out() -> None:
    behavior, rule = walked("raft", "always-truncate", "Agreement", 8, **WIDE)
    trials = Trials(behavior, rule)
    with behavior.instance.active():
        deletion(trials)
        steps = len(trials.best.steps)
        assert all(trials.without(k, k + 1) is None for k in range(steps))


def test_messages_are_repaired_when_the_terms_before_them_shift() -> None:
    behavior, rule = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)
    assert any("term=9" in label for label in behavior.labels)
    assert "term=1" in after(deletion, behavior, rule.title)[-1]


def test_two_steps_that_need_each_other_go_together() -> None:
    behavior = run(Switch().instance, "flip()", "climb()", "flip()", "mark()")
    assert after(deletion, behavior, "Never marked") == behavior.labels
    assert after(pairs, behavior, "Never marked") == ("climb()", "mark()")


def test_other_members_in_a_part_of_the_behaviour() -> None:
    behavior, rule = walked("raft", "keep-conflicts", "State Machine Safety", 22, **WIDE)
    trials = Trials(behavior, rule)
    with behavior.instance.active():
        deletion(trials)
        longer = len(trials.best.steps)
        renaming(trials)
    assert (longer, len(trials.best.steps)) == (14, 13)


def test_one_member_does_what_two_did(table: Instance) -> None:
    behavior = run(table, "paint(i=2, color=ROSE)", "lead(i=1)", "paint(i=1, color=BLUE)")
    assert after(merging, behavior, "Leader is red") == ("paint(i=0, color=ROSE)", "lead(i=0)")


def test_numbers_become_smaller_and_keep_their_order() -> None:
    instance = find("paxos").tweaked("reuse-ballot")(max_ballot=3).instance
    labels = [
        "phase_1a(b=3)",
        "phase_1b(a=0, m=Prepare(bal=3))",
        "phase_1b(a=1, m=Prepare(bal=3))",
        "phase_2a(b=3, q={0, 1}, top=None, v=0)",
        "phase_2a(b=3, q={0, 1}, top=None, v=1)",
        *(f"phase_2b(a={a}, m=Accept(bal=3, val={v}))" for a in (0, 1) for v in (0, 1)),
    ]
    lower = after(lowering, run(instance, *labels), "Agreement")
    assert lower == tuple(label.replace("=3", "=0") for label in labels)


def test_numbers_are_found_wherever_they_stand() -> None:
    entry = Entry(term=3, value=Value(1))
    assert with_numbers((entry, True, None, Set.of(2, 5)), lambda n: n - 1) == (
        Entry(term=2, value=Value(1)),
        True,
        None,
        Set.of(1, 4),
    )


def test_the_same_shapes_in_another_order() -> None:
    """Of six jugs' worth of pouring, those that the behaviour has are enough, and three of them."""
    instance = DieHard().instance
    behavior = run(
        instance, "fill_small()", "small_to_big()", "fill_small()", "small_to_big()", "empty_big()", "small_to_big()",
        "fill_small()", "small_to_big()",
    )  # fmt: skip
    assert len(after(reassembly, behavior, "Not four gallons")) == 8
    detour = run(
        instance, "fill_big()", "big_to_small()", "empty_small()", "fill_small()", "empty_small()", "big_to_small()",
        "fill_big()", "big_to_small()",
    )  # fmt: skip
    assert after(reassembly, detour, "Not four gallons") == (
        "fill_big()", "big_to_small()", "empty_small()", "big_to_small()", "fill_big()", "big_to_small()",
    )  # fmt: skip


def test_a_shorter_way_between_two_states() -> None:
    instance = DieHard().instance
    behavior = run(
        instance, "fill_small()", "small_to_big()", "fill_small()", "small_to_big()", "empty_big()", "small_to_big()",
        "fill_small()", "small_to_big()",
    )  # fmt: skip
    assert after(shortcuts, behavior, "Not four gallons") == (
        "fill_big()", "big_to_small()", "empty_small()", "big_to_small()", "fill_big()", "big_to_small()",
    )  # fmt: skip


def test_independent_steps_stand_in_the_order_of_the_spec(table: Instance) -> None:
    painted = [f"paint(i={i}, color=BLUE)" for i in range(3)]
    behavior = run(table, painted[2], "lead(i=0)", painted[0], painted[1])
    assert after(ordering, behavior, "No two painted") == (painted[0], painted[1], painted[2])
    behavior = run(table, painted[2], painted[0], painted[1])
    assert after(ordering, behavior, "No two painted") == tuple(painted)


# ---------------------------------------------------------------------- exact results

SMALLEST: list[tuple[str, str, str, int, dict[str, Any], int, list[str]]] = [
    ("tcommit", "commit-unprepared", "Consistent", 0, {"managers": 5}, 6,
     ["prepare(rm=0)", "decide_abort(rm=1)", "decide_commit(rm=0)"]),
    ("two-phase-commit", "commit-early", "Consistent", 22, {"managers": 5}, 7,
     ["rm_prepare(rm=0)", "tm_rcv_prepared(rm=0)", "tm_commit()", "rm_choose_to_abort(rm=1)", "rm_rcv_commit_msg(rm=0)"]),
    ("voting", "split-ballot", "One Value Per Ballot", 0, {}, 7,
     ["increase_max_bal(a=0, b=0)", "increase_max_bal(a=1, b=0)", "vote_for(a=0, b=0, v=0, q={0, 1}, last=None)",
      "vote_for(a=1, b=0, v=1, q={0, 1}, last=None)"]),
    ("raft", "quorum-of-one", "Election Safety", 0, WIDE, 10, ["timeout(i=0)", "timeout(i=1)"]),
    ("raft", "vote-twice", "Election Safety", 2, WIDE, 249,
     ["timeout(i=0)", "timeout(i=1)",
      "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVote(src=1, dst=0, term=1, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVoteReply(src=0, dst=1, term=1, vote_granted=True))",
      "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))"]),
    ("raft", "half-quorum", "Election Safety", 1, {**WIDE, "nodes": 4}, 267,
     ["timeout(i=0)", "timeout(i=1)",
      "deliver(m=RequestVote(src=0, dst=2, term=1, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVote(src=1, dst=3, term=1, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVoteReply(src=2, dst=0, term=1, vote_granted=True))",
      "deliver(m=RequestVoteReply(src=3, dst=1, term=1, vote_granted=True))"]),
    ("raft", "commit-alone", "Leader Completeness", 2, WIDE, 218,
     ["timeout(i=0)", "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
      "timeout(i=1)", "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
      "client_request(i=0, v=0)",
      "deliver(m=RequestVote(src=1, dst=2, term=2, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVoteReply(src=2, dst=1, term=2, vote_granted=True))"]),
    ("raft", "always-truncate", "Agreement", 8, WIDE, 267,
     ["timeout(i=0)", "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
      "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
      "append_entries(i=0, j=1)", "client_request(i=0, v=0)", "append_entries(i=0, j=1)",
      "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=0, prev_log_term=0, entries=(Entry(term=1, value=0),), leader_commit=0))",
      "deliver(m=AppendEntriesReply(src=1, dst=0, term=1, success=True, match_index=1))", "append_entries(i=0, j=1)",
      "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=1, prev_log_term=1, entries=(), leader_commit=1))",
      "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=0, prev_log_term=0, entries=(), leader_commit=0))"]),
    ("paxos", "reuse-ballot", "Agreement", 0, {"max_ballot": 1}, 11,
     ["phase_1a(b=0)", "phase_1b(a=0, m=Prepare(bal=0))", "phase_1b(a=1, m=Prepare(bal=0))",
      "phase_2a(b=0, q={0, 1}, top=None, v=0)", "phase_2a(b=0, q={0, 1}, top=None, v=1)",
      "phase_2b(a=0, m=Accept(bal=0, val=0))", "phase_2b(a=0, m=Accept(bal=0, val=1))",
      "phase_2b(a=1, m=Accept(bal=0, val=0))", "phase_2b(a=1, m=Accept(bal=0, val=1))"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.slow] if c[0] == "paxos" else [], id=f"{c[0]}+{c[1]}") for c in SMALLEST],
)
def test_a_random_violation_becomes_exactly_the_smallest(case: tuple[Any, ...]) -> None:
    protocol, tweak, title, seed, constants, found, smallest = case
    behavior, rule = walked(protocol, tweak, title, seed, **constants)
    shrunk = shrink(behavior, rule)
    assert len(behavior.steps) == found
    assert list(shrunk.behavior.labels) == smallest
    assert shrunk.stopped is None and shrunk.original is behavior
    assert_violates(shrunk)


def assert_violates(shrunk: Shrunk) -> None:
    behavior = shrunk.behavior
    assert replay(behavior.instance, behavior.initial, behavior.labels) == behavior
    with behavior.instance.active():
        assert Judge(behavior.instance, shrunk.rule).end(behavior) == shrunk.arguments


def test_thousands_of_steps_of_noise(table: Instance) -> None:
    noise = [f"lead(i={k % 3})" for k in range(1500)] + [f"ping(i={k % 3}, j={(k + 1) % 3})" for k in range(1500)]
    shrunk = shrink(run(table, *noise, "paint(i=2, color=BLUE)"), rule_of(table, "None blue"))
    assert shrunk.behavior.labels == ("paint(i=0, color=BLUE)",)
    assert shrunk.executed < 5_000


@pytest.mark.parametrize(
    ("spec", "title", "smallest"),
    [
        (ByTwo(), "implements ByOne", ("more()",)),
        (toys.CounterFallsBack(top=3), "Up Or Reset", None),
        (toys.CounterStops(top=4), "Deadlock Freedom", ("tick()",) * 4),
        (toys.ClockStartsLate(), "implements Counter", ()),
    ],
    ids=["refinement", "step", "deadlock", "initial state"],
)
def test_every_kind_of_property(spec: Any, title: str, smallest: tuple[str, ...] | None) -> None:
    instance = spec.instance
    rule = rule_of(instance, title)
    behavior = way_to(instance, rule)
    shrunk = shrink(behavior, rule)
    assert_violates(shrunk)
    if smallest is not None:
        assert shrunk.behavior.labels == smallest
    else:
        assert len(shrunk.behavior.steps) <= len(behavior.steps)


def way_to(instance: Instance, rule: Rule) -> Behavior:
    """A violation found at random, or for a deadlock a walk to its end."""
    if rule is DEADLOCK_FREEDOM:
        return run(instance, *["tick()"] * 4)
    found = simulate(instance, seed=1, samples=50, properties=[rule.title]).violation
    assert found is not None and found.behavior is not None
    return found.behavior


def test_a_witness_is_shrunk_to_a_witness() -> None:
    instance = find("raft").tweaked(None)(max_term=3).instance
    rule = rule_of(instance, "a leader is elected")
    found = simulate(instance, seed=3, samples=20, steps=60, properties=["a leader is elected"])
    behavior = found.properties[0].behavior
    assert behavior is not None
    assert shrink(behavior, rule).behavior.labels == (
        "timeout(i=0)",
        "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
        "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
    )


def test_shrinking_what_is_shrunk_changes_nothing() -> None:
    behavior, rule = walked("two-phase-commit", "commit-early", "Consistent", 22, managers=5)
    once = shrink(behavior, rule)
    twice = shrink(once.behavior, rule)
    assert twice.behavior == once.behavior and twice.passes == ()


def test_each_pass_that_is_listed_made_it_smaller() -> None:
    behavior, rule = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)
    shrunk = shrink(behavior, rule)
    steps = [len(behavior.steps)]
    for done in shrunk.passes:
        assert done.before == steps[-1] and (done.after < done.before) == (done.measure == "steps")
        steps.append(done.after)
    assert steps[-1] == len(shrunk.behavior.steps)


# ---------------------------------------------------------------------- how it ends


def test_a_property_that_holds_is_nothing_to_shrink_to(table: Instance) -> None:
    with pytest.raises(UsageError, match="None blue is not violated anywhere in this trace"):
        shrink(run(table, "lead(i=0)"), rule_of(table, "None blue"))


def test_no_time_leaves_what_was_found_so_far() -> None:
    behavior, rule = walked("raft", "always-truncate", "Agreement", 8, **WIDE)
    shrunk = shrink(behavior, rule, seconds=1e-9)
    assert shrunk.stopped == "time limit of 1e-09 s"
    assert_violates(shrunk)


def test_what_an_interrupted_pass_had_found_is_kept() -> None:
    behavior, rule = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)

    def interrupted(trials: Trials) -> None:
        deletion(trials)
        raise KeyboardInterrupt

    shrunk = shrink(behavior, rule, passes=(interrupted, *PASSES))
    assert shrunk.stopped == "interrupted" and len(shrunk.behavior.steps) == 6
    assert [p.name for p in shrunk.passes] == ["interrupted"]
    assert_violates(shrunk)


def test_what_one_start_of_deletion_had_found_is_kept() -> None:
    behavior, rule = walked("raft", "vote-twice", "Election Safety", 2, **WIDE)
    shrunk = shrink(behavior, rule, seconds=0.08)
    assert_violates(shrunk)
    assert len(shrunk.behavior.steps) <= len(behavior.steps)


def test_the_same_whatever_the_hash_seed() -> None:
    script = (
        "from tests.counterexamples.test_shrink import walked, shrink, WIDE\n"
        "b, r = walked('raft', 'vote-twice', 'Election Safety', 2, **WIDE)\n"
        "s = shrink(b, r)\nprint(s.behavior.labels, s.passes, s.executed)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1 and b"timeout" in printed.pop()
