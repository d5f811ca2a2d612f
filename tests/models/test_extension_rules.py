"""The rules that extensions add to Raft, one sentence of the dissertation each."""

from __future__ import annotations

from typing import Any

import pytest

from mcheck.models.raft import Node, Role
from mcheck.protocols import find
from mcheck.spec import ReplayMismatch, replay

ELECTED = [
    "timeout(i=0)",
    "deliver(m=RequestVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
    "deliver(m=RequestVoteReply(src=1, dst=0, term=1, vote_granted=True))",
]
HEARD = [
    *ELECTED,
    "append_entries(i=0, j=1)",
    "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=0, prev_log_term=0, entries=(), leader_commit=0))",
]
WRITTEN = [
    *ELECTED,
    "client_request(i=0, v=0)",
    "append_entries(i=0, j=1)",
    "deliver(m=AppendEntries(src=0, dst=1, term=1, prev_log_index=0, prev_log_term=0, entries=(Entry(term=1, value=0),), leader_commit=0))",
    "deliver(m=AppendEntriesReply(src=1, dst=0, term=1, success=True, match_index=1))",
]
PRE_VOTED = [
    "timeout(i=0)",
    "deliver(m=PreVote(src=0, dst=1, term=1, last_log_index=0, last_log_term=0))",
    "deliver(m=PreVoteReply(src=1, dst=0, term=0, vote_granted=True))",
]


def run(name: str, labels: list[str], **constants: int) -> Any:
    """The state after these steps; `max_messages` counts only where there are messages."""
    cls = find(name).cls
    wide = {"max_messages": 6} if "max_messages" in cls._constants else {}
    instance = cls(**{**wide, **constants}).instance
    return replay(instance, instance.initial[0], labels).last


def server(state: Any, i: int) -> Any:
    return state.servers[Node(i)]


# ---------------------------------------------------------------------- pre-vote: section 9.6


def test_a_server_does_not_raise_its_term_to_ask() -> None:
    asking = server(run("raft+pre-vote", PRE_VOTED[:1]), 0)
    assert (asking.current_term, asking.role, asking.voted_for) == (0, Role.FOLLOWER, None)


def test_a_server_stands_once_a_majority_would_vote_for_it() -> None:
    state = run("raft+pre-vote", PRE_VOTED)
    assert (server(state, 0).current_term, server(state, 0).role) == (1, Role.CANDIDATE)
    assert server(state, 1).current_term == 0  # who was asked has promised nothing


def test_a_server_that_hears_a_leader_refuses() -> None:
    heard = [*PRE_VOTED, *HEARD[1:]]
    asked = "deliver(m=PreVote(src=2, dst=1, term=1, last_log_index=0, last_log_term=0))"
    granted = "deliver(m=PreVoteReply(src=1, dst=2, term=1, vote_granted=True))"
    refused = "deliver(m=PreVoteReply(src=1, dst=2, term=1, vote_granted=False))"
    run("raft+pre-vote", [*heard, "timeout(i=2)", asked, refused], max_messages=9)
    with pytest.raises(ReplayMismatch):
        run("raft+pre-vote", [*heard, "timeout(i=2)", asked, granted], max_messages=9)


def test_a_server_that_hears_a_leader_stops_asking() -> None:
    state = run("raft+pre-vote", [*PRE_VOTED, *HEARD[1:4], "timeout(i=1)", HEARD[4]], max_messages=9)
    assert len(server(state, 1).pre_votes) == 0


def test_a_second_attempt_counts_its_own_answers_only() -> None:
    late = "deliver(m=PreVoteReply(src=1, dst=0, term=0, vote_granted=True))"
    with pytest.raises(ReplayMismatch):
        run("raft+pre-vote", [*PRE_VOTED[:2], "timeout(i=0)", late])


def test_alone_a_server_needs_nobody() -> None:
    assert server(run("raft+pre-vote", ["timeout(i=0)"], nodes=1), 0).role == Role.LEADER


# ---------------------------------------------------------------------- check quorum: sections 6.2 and 4.2.3


def test_a_leader_whom_nobody_answers_steps_down_and_keeps_its_term() -> None:
    old = server(run("raft+check-quorum", [*ELECTED, "check_quorum(i=0)"]), 0)
    assert (old.role, old.current_term) == (Role.FOLLOWER, 1)


def test_a_leader_whom_a_quorum_has_answered_stays_until_the_next_time() -> None:
    answered = [*HEARD, "deliver(m=AppendEntriesReply(src=1, dst=0, term=1, success=True, match_index=0))"]
    assert server(run("raft+check-quorum", [*answered, "check_quorum(i=0)"]), 0).role == Role.LEADER
    assert server(run("raft+check-quorum", [*answered, *["check_quorum(i=0)"] * 2]), 0).role == Role.FOLLOWER


@pytest.mark.parametrize("i", [0, 1])
def test_who_leads_or_hears_a_leader_does_not_take_the_term_of_another(i: int) -> None:
    asked = f"deliver(m=RequestVote(src=2, dst={i}, term=1, last_log_index=0, last_log_term=0))"
    state = run("raft+check-quorum", [*HEARD, "timeout(i=2)", asked])
    assert (server(state, i).current_term, server(state, i).voted_for) == (1, Node(0))


# ---------------------------------------------------------------------- reads: sections 6.4 and 6.4.1


def test_a_read_waits_for_a_round_of_heartbeats() -> None:
    begun = [*WRITTEN, "begin_read(i=0)"]
    with pytest.raises(ReplayMismatch, match="a quorum has confirmed i since the read began"):
        run("raft+read-index", [*begun, "answer_read(i=0)"])
    round_of = ["deliver(m=Heartbeat(src=0, dst=1, term=1))", "deliver(m=HeartbeatReply(src=1, dst=0, term=1))"]
    assert server(run("raft+read-index", [*begun, *round_of, "answer_read(i=0)"]), 0).read is None


@pytest.mark.parametrize(("name", "read"), [("raft+read-index", "begin_read(i=0)"), ("raft+lease-read", "read(i=0)")])
def test_a_new_leader_takes_no_reads_before_it_has_committed(name: str, read: str) -> None:
    with pytest.raises(ReplayMismatch, match="i has committed an entry of its own term"):
        run(name, [*HEARD, read])


@pytest.mark.parametrize("over", ["silence(i=1)", "restart(i=1)"])
def test_a_lease_is_over_when_those_it_counts_on_may_vote_again(over: str) -> None:
    assert run("raft+lease-read", [*WRITTEN, "read(i=0)"]).stale is False
    with pytest.raises(ReplayMismatch, match="i holds a lease"):
        run("raft+lease-read", [*WRITTEN, over, "read(i=0)"])


# ---------------------------------------------------------------------- transfer: sections 3.10 and 4.2.3

TOLD = [*WRITTEN, "transfer(i=0, j=1)"]
STANDS = [*TOLD, "deliver(m=TimeoutNow(src=0, dst=1, term=1))"]


def test_a_leader_hands_over_to_who_has_its_log() -> None:
    with pytest.raises(ReplayMismatch, match="j holds the log of i"):
        run("raft+transfer", [*WRITTEN, "transfer(i=0, j=2)"], max_messages=9)


def test_a_leader_that_hands_over_takes_no_requests_and_no_reads() -> None:
    for label, why in (("client_request(i=0, v=0)", "no transfer is under way"), ("read(i=0)", "i holds a lease")):
        with pytest.raises(ReplayMismatch, match=why):
            run("raft+transfer", [*TOLD, label], max_messages=9)
    given_up = [*TOLD, "give_up_transfer(i=0)"]
    run("raft+transfer", [*given_up, "client_request(i=0, v=0)"], max_messages=9)
    with pytest.raises(ReplayMismatch, match="i holds a lease"):
        run("raft+transfer", [*given_up, "read(i=0)"], max_messages=9)


def test_a_server_that_is_told_to_stand_does_not_wait_for_its_timer() -> None:
    told = server(run("raft+transfer", STANDS, max_messages=9), 1)
    assert (told.role, told.current_term, told.leader_alive) == (Role.CANDIDATE, 2, False)


def test_a_server_that_hears_a_leader_votes_for_another_by_its_leave() -> None:
    """Without leave n2, which hears n0, would neither answer nor come to term 2."""
    heard = [
        "append_entries(i=0, j=2)",
        "deliver(m=AppendEntries(src=0, dst=2, term=1, prev_log_index=0, prev_log_term=0, entries=(Entry(term=1, value=0),), leader_commit=1))",
    ]
    asked = "deliver(m=PermittedRequestVote(src=1, dst=2, term=2, last_log_index=1, last_log_term=1))"
    voter = server(run("raft+transfer", [*WRITTEN, *heard, *STANDS[len(WRITTEN) :], asked], max_messages=9), 2)
    assert voter.leader_alive and (voter.current_term, voter.voted_for) == (2, Node(1))


# ---------------------------------------------------------------------- members: dissertation, chapter 4; ATC 2014, section 6


def test_a_configuration_counts_as_soon_as_it_is_in_the_log() -> None:
    changed = ["elect(i=0, t=1, q={0, 1})", "client_request(i=0)", "replicate(i=0, j=1)", "change(i=0, j=2)"]
    run("raft-macro+single-server-change", [*changed, "elect(i=0, t=2, q={0, 1})"])
    with pytest.raises(ReplayMismatch, match="i asks members"):
        run("raft-macro+single-server-change", [*changed, "elect(i=0, t=2, q={0, 2})"])


def test_a_leader_commits_an_entry_of_its_term_before_it_changes_the_members() -> None:
    elected = ["elect(i=0, t=1, q={0, 1})", "client_request(i=0)"]
    with pytest.raises(ReplayMismatch, match="the last configuration, and an entry of this term, are committed"):
        run("raft-macro+single-server-change", [*elected, "change(i=0, j=2)"])


def test_while_they_change_old_and_new_members_must_both_agree() -> None:
    joint = ["elect(i=0, t=1, q={0, 1})", "begin_change(i=0, members={0})"]
    with pytest.raises(ReplayMismatch, match="q is a quorum of the configuration of i"):
        run("raft-macro+joint-consensus", [*joint, "elect(i=0, t=2, q={0})"])
    run("raft-macro+joint-consensus", [*joint, "elect(i=0, t=2, q={0, 2})"])
