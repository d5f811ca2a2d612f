"""Explanations: the guards and rules behind a step, and the first step that the good spec would not have taken."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from tests.cli.toys import GrantsTwice, Lock, Node, Request, Room

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.counterexamples.conditions import conditions_of, guards_of, methods_called, sentence_of
from mcheck.counterexamples.divergence import Divergence, differing, divergence, overridden, parent_of
from mcheck.counterexamples.explanation import Explanation
from mcheck.counterexamples.notation import Notation
from mcheck.models.raft import Raft
from mcheck.models.raft_election_tweaks import ForgetsVote, VotesTwice
from mcheck.models.raft_networks import Duplicating
from mcheck.protocols import find
from mcheck.spec import Behavior, In, Spec, action, always, replay, require
from mcheck.spec.declare import guards

LOCK_LABELS = [
    "ask(i=0)", "ask(i=1)", "grant(m=Request(src=0, turn=1))", "grant(m=Request(src=1, turn=1))", "take(i=0)", "take(i=1)",
]  # fmt: skip


def run(spec: Spec[Any], *labels: str) -> Behavior:
    return replay(spec.instance, spec.instance.initial[0], labels)


def violation(protocol: str, tweak: str, title: str, **constants: Any) -> Explanation:
    """The shortest violation of a tweak, to be compared with its protocol."""
    found = find(protocol)
    instance = found.tweaked(tweak)(**constants).instance
    result = search(instance, "reference", [title], Limits(states=200_000)).violation
    assert result is not None and result.behavior is not None
    good = found.cls(**constants).instance
    return Explanation(result.behavior, result.rule, result.arguments, good)


@pytest.fixture(scope="module")
def twice() -> Behavior:
    return run(GrantsTwice(), *LOCK_LABELS)


# ---------------------------------------------------------------------- guards and rules


def test_the_guards_that_were_true_in_their_order() -> None:
    class Careful(Lock):
        @action
        def ask(self, s: Room, i: Node) -> Room:
            require(len(s.requests) < 2, "z: room for a request")
            return super().ask(s, i)

    behavior = run(Careful(), "ask(i=0)")
    found = guards_of(behavior.instance, behavior.initial, behavior.steps[0])
    assert found == ("z: room for a request", "i is idle")
    assert guards.passed is None


def test_a_rule_is_decisive_if_its_opposite_would_have_changed_the_step(twice: Behavior) -> None:
    (rule,) = conditions_of(twice.instance, twice.states[2], twice.steps[2])
    assert (rule.name, rule.value, rule.decisive) == ("may_grant", True, True)
    assert rule.sentence == "Nobody holds the lock."  # the good spec's, as the tweak says nothing


def test_a_rule_that_made_no_difference_is_not_decisive() -> None:
    class Talks(GrantsTwice):
        def is_crowded(self, s: Room) -> bool:
            """Several wait."""
            return len(s.requests) > 1

        @action
        def grant(self, s: Room, m: Annotated[Request, In("requests")]) -> Room:
            self.is_crowded(s)
            return super().grant(s, m)

    behavior = run(Talks(), *LOCK_LABELS[:3])
    found = conditions_of(behavior.instance, behavior.states[2], behavior.steps[2])
    assert [(c.name, c.value, c.decisive) for c in found] == [("is_crowded", True, False), ("may_grant", True, True)]
    assert found[0].sentence == "Several wait."


def test_methods_that_call_others_and_super_are_heard(twice: Behavior) -> None:
    behavior = run(VotesTwice(), "timeout(i=0)", VOTE.format(src=0, dst=1))
    called = methods_called(behavior.instance, behavior.states[1], behavior.steps[1])
    assert {"handled", "on_request_vote", "may_vote", "up_to_date", "at_term", "moved"} <= set(called)
    assert methods_called(twice.instance, twice.initial, twice.steps[0]) == ()


VOTE = "deliver(m=RequestVote(src={src}, dst={dst}, term=1, last_log_index=0, last_log_term=0))"


def test_listening_leaves_the_spec_as_it_was(twice: Behavior) -> None:
    spec = twice.instance.spec
    before = dict(vars(spec))
    conditions_of(twice.instance, twice.states[2], twice.steps[2])
    assert vars(spec) == before and type(spec) is GrantsTwice


def test_a_sentence_without_its_source() -> None:
    assert sentence_of(Raft(), "may_vote") == "One vote in each term, first come first served."
    assert sentence_of(Raft(), "restored_term") == ""


# ---------------------------------------------------------------------- where two specs part


def parted(behavior: Behavior, other: Spec[Any]) -> Divergence:
    found = divergence(behavior, other.instance)
    assert found is not None
    return found


def test_a_step_that_a_guard_of_the_good_spec_refuses(twice: Behavior) -> None:
    found = parted(twice, Lock())
    assert (found.number, found.how, found.why) == (4, "refused", "the lock is free")
    assert found.overridden == ("may_grant",)
    (opinion,) = found.opinions
    assert (opinion.name, opinion.here, opinion.there) == ("may_grant", True, False)
    assert differing(found, Notation(twice.instance)) == ()


def test_a_step_that_leads_elsewhere() -> None:
    behavior = run(VotesTwice(), "timeout(i=0)", "timeout(i=1)", VOTE.format(src=0, dst=1))
    found = parted(behavior, Raft())
    assert (found.number, found.how, found.why) == (3, "elsewhere", "")
    assert [(o.name, o.here, o.there) for o in found.opinions] == [("may_vote", True, False)]
    reply = "RequestVoteReply(n1→n0, term=1, vote_granted={})"
    assert differing(found, Notation(behavior.instance)) == (
        ("servers[n1].voted_for", "n0", "n1"),
        ("network", reply.format("yes"), reply.format("no")),
    )


def test_only_the_changed_methods_that_had_a_part_are_named() -> None:
    class Both(VotesTwice, ForgetsVote):
        pass

    behavior = run(Both(), "timeout(i=0)", "timeout(i=1)", VOTE.format(src=0, dst=1))
    assert parted(behavior, Raft()).overridden == ("may_vote",)
    assert set(overridden(Both, Raft)) == {"may_vote", "restored_vote"}


def test_a_rule_that_is_no_question_is_named_all_the_same() -> None:
    behavior = run(ForgetsVote(), "timeout(i=0)", "restart(i=0)")
    found = parted(behavior, Raft())
    assert (found.number, found.how, found.overridden, found.opinions) == (2, "elsewhere", ("restored_vote",), ())
    assert differing(found, Notation(behavior.instance)) == (("servers[n0].voted_for", "none", "n0"),)


def test_what_the_good_spec_refuses_later_having_gone_another_way() -> None:
    prepare, accept = "phase_1b(a={}, m=Prepare(bal=0))", "phase_2b(a=0, m=Accept(bal=0, val=0))"
    spec = find("paxos").tweaked("forget-promise")()
    behavior = run(
        spec, "phase_1a(b=0)", "phase_1a(b=1)", prepare.format(0), prepare.format(1),
        "phase_2a(b=0, q={0, 1}, top=None, v=0)", "phase_1b(a=0, m=Prepare(bal=1))", accept,
    )  # fmt: skip
    found = parted(behavior, find("paxos").cls())
    assert (found.number, found.how, found.overridden) == (3, "elsewhere", ("promised",))
    assert found.refusal is not None
    assert (found.refusal.number, found.refusal.why) == (7, "a has not promised to ignore this ballot")


def test_a_message_that_the_good_spec_never_sent() -> None:
    granted = "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))"
    behavior = run(VotesTwice(), "timeout(i=0)", "timeout(i=1)", VOTE.format(src=0, dst=1), granted)
    refusal = parted(behavior, Raft()).refusal
    assert refusal is not None and (refusal.number, refusal.why) == (4, "m takes no such value in this state")


def test_arguments_that_the_good_spec_does_not_have() -> None:
    """One acceptor is a quorum here and none there: the action would run with it, and is never called with it."""
    spec = find("paxos").tweaked("ask-one-acceptor")()
    promise = "phase_1b(a=0, m=Prepare(bal=0))"
    behavior = run(spec, "phase_1a(b=0)", promise, "phase_2a(b=0, q={0}, top=None, v=0)")
    found = parted(behavior, find("paxos").cls())
    assert (found.number, found.how, found.why) == (3, "unknown", "q takes no such value")


def test_an_action_that_the_good_spec_has_not() -> None:
    copy = VOTE.format(src=0, dst=1).replace("deliver", "deliver_copy")
    found = parted(run(Duplicating(), "timeout(i=0)", copy), Raft())
    assert (found.number, found.how, found.overridden) == (2, "unknown", ("deliver_copy",))
    assert found.why.startswith("Raft has no action 'deliver_copy'")


def test_a_bound_that_only_the_other_has(twice: Behavior) -> None:
    found = parted(twice, GrantsTwice(max_requests=1))
    assert (found.number, found.how, found.why) == (2, "cut", "max_requests")


def test_a_rule_that_fails_in_the_other() -> None:
    class Breaks(Lock):
        def may_grant(self, s: Room) -> bool:
            return 1 // len(s.granted) > 0

    found = parted(run(Lock(), *LOCK_LABELS[:3]), Breaks())
    assert (found.number, found.how) == (3, "fails") and "ZeroDivisionError" in found.why
    assert found.opinions == ()


def test_a_spec_that_takes_every_step_does_not_part() -> None:
    labels = [*LOCK_LABELS[:3], "take(i=0)"]
    assert divergence(run(Lock(), *labels), GrantsTwice().instance) is None
    assert divergence(run(GrantsTwice(), *labels), Lock().instance) is None


def test_what_a_spec_overrides_and_of_whom() -> None:
    assert overridden(VotesTwice, Raft) == ("may_vote",)
    assert overridden(Duplicating, Raft) == ("deliver_copy",)
    assert parent_of(VotesTwice()) is Raft
    assert parent_of(Raft()) is None


# ---------------------------------------------------------------------- whole explanations


def test_each_fact_has_its_step_and_the_steps_before_it() -> None:
    told = violation("raft", "vote-twice", "Election Safety", max_term=1, max_log=0)
    assert [f.since for f in told.facts] == [5, 6]
    assert [(c.number, c.facts, c.depends) for c in told.causes] == [(5, (1,), (3, 4)), (6, (2,), (3, 4))]
    assert [c.name for c in told.causes[0].conditions if c.decisive] == ["counts", "is_quorum"]
    assert told.past == frozenset(range(1, 7))
    assert told.divergence is not None and told.divergence.number == 3


def test_steps_that_the_violation_does_not_follow_from(twice: Behavior) -> None:
    labels = [*LOCK_LABELS[:3], "take(i=0)"]
    behavior = run(Crowd(nodes=3, max_requests=3), "ask(i=2)", *labels)
    rule = next(r for r in behavior.instance.properties if r.title == "Nobody holds")
    told = Explanation(behavior, rule, (Node(0),))
    assert 1 not in told.past and {2, 4, 5} <= told.past
    assert told.divergence is None


class Crowd(GrantsTwice):
    @always("Nobody holds")
    def nobody_holds(self, s: Room, i: Node) -> bool:
        return s.seats[i].mode.name != "HOLDING"


def test_a_property_of_steps_and_a_refinement_are_explained_by_the_last_step() -> None:
    told = violation("raft", "forget-log", "Integrity", max_log=1, max_term=1, max_messages=2)
    assert [c.number for c in told.causes] == [8] and told.causes[0].step.label == "restart(i=0)"
    assert [c.guards for c in told.causes] == [("the crash loses something",)]
    told = violation("two-phase-commit", "commit-early", "as_tcommit")
    assert [c.number for c in told.causes] == [len(told.behavior.steps)] and told.facts == ()


TWEAKS = [
    ("tcommit", "commit-unprepared", "Consistent", {},
     [(2, "r1: rm_state ABORTED"), (3, "r0: rm_state COMMITTED")]),
    ("two-phase-commit", "commit-early", "Consistent", {},
     [(4, "r1: rm_state ABORTED"), (5, "r0: rm_state COMMITTED")]),
    ("two-phase-commit", "abort-after-prepared", "Consistent", {},
     [(8, "r0: rm_state ABORTED"), (9, "r1: rm_state COMMITTED")]),
    ("consensus", "choose-again", "Agreement", {}, [(1, "chosen ∋ v0"), (2, "chosen ∋ v1")]),
    ("voting", "split-ballot", "One Value Per Ballot", {},
     [(3, "a0: votes ∋ Vote(bal=0, v0)"), (4, "a1: votes ∋ Vote(bal=0, v1)")]),
    ("raft", "quorum-of-one", "Election Safety", {"max_log": 0, "max_term": 1},
     [(1, "n0: elected ∋ 1"), (2, "n1: elected ∋ 1")]),
    ("raft", "forget-vote", "Election Safety", {"max_log": 0, "max_term": 1},
     [(4, "n0: elected ∋ 1"), (7, "n1: elected ∋ 1")]),
    ("raft", "forget-term", "Election Safety", {"max_log": 0, "max_term": 1},
     [(4, "n0: elected ∋ 1"), (7, "n1: elected ∋ 1")]),
    ("raft", "free-vote-on-append", "Election Safety", {"max_log": 0, "max_term": 1},
     [(4, "n0: elected ∋ 1"), (8, "n1: elected ∋ 1")]),
    ("raft", "commit-alone", "Leader Completeness", {"max_log": 1, "max_restarts": 0, "max_messages": 3},
     [(5, "committed ∋ Commit(log_index=1, Entry(term=1, v0), term=1)"), (7, "n1: role LEADER, current_term 2, log ⟨⟩")]),
    ("raft", "forget-log", "Integrity", {"max_log": 1, "max_term": 1, "max_messages": 2},
     [(8, "n0: commit_index 1 before, log ⟨Entry(term=1, v0)⟩ → ⟨⟩")]),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "tweak", "title", "constants", "facts"), TWEAKS, ids=[t[1] for t in TWEAKS])
def test_of_every_tweak_the_changed_rule_is_found(
    protocol: str, tweak: str, title: str, constants: dict[str, Any], facts: list[tuple[int, str]]
) -> None:
    told = violation(protocol, tweak, title, **constants)
    found = told.divergence
    assert found is not None and 0 < found.number <= len(told.behavior.steps)
    cls = type(told.behavior.instance.spec)
    assert found.overridden and set(found.overridden) <= set(overridden(cls, find(protocol).cls))
    assert told.causes and all(c.number in told.past for c in told.causes)
    notation = Notation(told.behavior.instance)
    assert [(f.since, f.text(notation)) for f in told.facts] == facts
