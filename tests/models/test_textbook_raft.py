"""The article's RaftNode: its statements against what the spec makes of them, and each finding with its shortest trace.

Counts have no other source than this model; lengths agree with those found by hand at the same granularity.
"""

import itertools
import random
from itertools import islice
from typing import Any

import pytest
from tests.models.raft_search import search_to

from mcheck.checker.engines import search
from mcheck.models.textbook_raft import Log, LogEntry, Node, NodeState, RaftNode, State, TextbookRaft, Value
from mcheck.models.textbook_tweaks import (
    ArticleElection,
    AsWritten,
    CommitsToLogEnd,
    CommitsToLogEndOfAll,
    CountsReplicas,
    ForgetsLog,
    ForgetsTerm,
    ForgetsVote,
    NeverCommits,
    NoLogCheck,
    NoRecheck,
    PersistsNothing,
    ReadsTermAgain,
)
from mcheck.spec import ReplayMismatch, Set, replay
from mcheck.spec.tracing.agreement import disagreements, reached_states, typed_states

ELECTIONS = {"max_log": 0, "max_restarts": 0, "max_failures": 0}
"""Elections alone, and nothing that fails."""
CALM = {"max_restarts": 0, "max_failures": 0}

# ---------------------------------------------------------------------- labels


def start(i: int) -> str:
    return f"start_election(i={i})"


def ask(i: int, j: int, t: int) -> str:
    return f"request_vote(i={i}, j={j}, t={t})"


def lead(i: int, t: int) -> str:
    return f"become_leader(i={i}, t={t})"


def client(i: int, v: int = 0) -> str:
    return f"client_request(i={i}, v={v})"


def send(i: int, j: int) -> str:
    return f"replicate(i={i}, j={j})"


def beat(i: int, j: int) -> str:
    return f"send_heartbeat(i={i}, j={j})"


def restart(i: int) -> str:
    return f"restart(i={i})"


def run(spec: TextbookRaft, labels: list[str]) -> State:
    last = replay(spec.instance, spec.instance.initial[0], labels).last
    assert isinstance(last, State)
    return last


def violated_in(spec: TextbookRaft, state: State) -> list[str]:
    with spec.instance.active():
        return [p.title for p in spec.instance.properties if p.kind == "always" and not spec.instance.holds(p, state)]


def lengths(traces: dict[str, list[str]]) -> dict[str, int]:
    return {title: len(labels) for title, labels in traces.items()}


# ---------------------------------------------------------------------- the mended node

WITNESSES = {"a leader is elected": 4, "an entry is committed": 6}


@pytest.mark.parametrize(
    ("constants", "counts"),
    [
        ({**ELECTIONS, "nodes": 1}, (5, 12, 4)),
        ({**ELECTIONS, "nodes": 2}, (33, 159, 6)),
        (ELECTIONS, (153, 1100, 8)),
        ({**ELECTIONS, "max_term": 3, "max_elections": 3}, (1309, 10422, 12)),
        pytest.param(
            {**ELECTIONS, "max_term": 3, "max_elections": 3, "threads": 2}, (3053, 29674, 12), marks=pytest.mark.slow
        ),
        (CALM, (1059, 9749, 13)),
    ],
)
def test_complete(constants: dict[str, int], counts: tuple[int, int, int]) -> None:
    found = search_to(TextbookRaft(**constants))
    assert found.violated == {}
    assert found.counts == counts
    assert constants != CALM or lengths(found.reached) == WITNESSES


@pytest.mark.slow
def test_default_bounds() -> None:
    """What the page shows, crashes and lost calls included."""
    pytest.importorskip("llvmlite")
    found = search(TextbookRaft().instance, engine="native", symmetry=False)
    assert (found.distinct, found.generated, found.depth) == (15527, 127709, 16)
    assert found.violation is None
    assert {p.rule.title: p.steps for p in found.properties if p.finding == "reached"} == WITNESSES


def with_any_lists(one: State) -> list[State]:
    """The state with the lists of peers in every order."""
    orders = [list(itertools.permutations(j for j in Node if j != i)) for i in Node]
    peers = one.peers
    return [
        one.replace(peers=peers.set(Node(0), a).set(Node(1), b).set(Node(2), c))
        for a, b, c in itertools.product(*orders)
    ]


class AnyLists(TextbookRaft):
    def init(self) -> list[State]:  # type: ignore[override]
        return with_any_lists(super().init())


class AnyListsAsWritten(ArticleElection):
    def init(self) -> list[State]:  # type: ignore[override]
        return with_any_lists(super().init())


def test_lists_in_every_order() -> None:
    """The order in which a node knows its peers decides nothing: all lists at once, and the same verdicts."""
    assert search_to(AnyLists(**ELECTIONS)).violated == {}
    assert lengths(search_to(AnyListsAsWritten(**ELECTIONS)).violated) == {"Election Safety": 8}


# ---------------------------------------------------------------------- statement by statement


def node(**fields: Any) -> RaftNode:
    """A node of term 1 with these fields; inside an instance."""
    blank = TextbookRaft(max_log=3).instance.initial[0].nodes[Node(0)]
    return blank.replace(current_term=1, **fields)


def logs(terms: tuple[int, ...], longest: int, command: int) -> list[Log]:
    return [
        tuple(LogEntry(term=t, command=Value(command)) for t in of)
        for n in range(longest + 1)
        for of in itertools.product(terms, repeat=n)
    ]


def overwritten(log: Log, prev: int, entries: Log) -> Log:
    """The article's loop over the new entries, with its 0-based idx."""
    for i, entry in enumerate(entries):
        idx = prev + i
        if idx < len(log):
            if log[idx].term != entry.term:
                log = log[:idx] + (entry,)
        else:
            log = log + (entry,)
    return log


def test_the_log_is_merged_as_by_the_loop_of_the_article() -> None:
    """Whatever the commands: it compares terms only."""
    spec = TextbookRaft(max_log=3, values=2)
    with spec.instance.active():
        for log, entries in itertools.product(logs((1, 2), 3, command=0), logs((1, 2), 3, command=1)):
            for prev in range(len(log) + 1):
                assert spec.merged(log, prev, entries) == overwritten(log, prev, entries)


@pytest.mark.parametrize(("prev", "prev_term", "agrees"), [(0, 0, True), (1, 1, True), (1, 2, False), (2, 1, False)])
def test_the_consistency_check(prev: int, prev_term: int, agrees: bool) -> None:
    """S-16: length first, then the term of the entry before the new ones."""
    spec = TextbookRaft(max_log=3)
    with spec.instance.active():
        me = node(log=(LogEntry(term=1, command=Value(0)),))
        after, said = spec.append_entries(me, 1, prev, prev_term, (), 0)
        assert said is agrees
        assert after == me


def test_a_candidate_stays_one_when_it_hears_the_leader_of_its_term() -> None:
    """S-14a."""
    spec = TextbookRaft(max_log=3)
    with spec.instance.active():
        after, _ = spec.append_entries(node(state=NodeState.CANDIDATE), 1, 0, 0, (), 0)
        assert after.state == NodeState.CANDIDATE
        after, _ = spec.append_entries(node(state=NodeState.CANDIDATE), 2, 0, 0, (), 0)
        assert after.state == NodeState.FOLLOWER


def test_a_newer_term_frees_the_vote_in_one_handler_and_not_in_the_other() -> None:
    """S-13 and S-14b."""
    spec = TextbookRaft(max_log=3)
    with spec.instance.active():
        me = node(voted_for=Node(1))
        assert spec.append_entries(me, 2, 0, 0, (), 0)[0].voted_for == Node(1)
        assert spec.receive_vote_request(me, Node(2), 2, 0, 0) == (me.replace(current_term=2, voted_for=Node(2)), True)
        assert spec.receive_vote_request(me, Node(2), 1, 0, 0) == (me, False)
        assert spec.receive_vote_request(me, Node(1), 1, 0, 0) == (me, True)


@pytest.mark.parametrize(
    ("index", "term", "ok"), [(2, 1, True), (3, 1, True), (1, 1, False), (1, 2, True), (3, 0, False)]
)
def test_the_later_term_or_the_longer_log(index: int, term: int, ok: bool) -> None:
    """S-13, against a log of two entries of term 1."""
    spec = TextbookRaft(max_log=3)
    with spec.instance.active():
        assert spec.log_ok(node(log=(LogEntry(term=1, command=Value(0)),) * 2), index, term) is ok


def test_a_leader_may_start_an_election_against_itself() -> None:
    """S-5: no test of the state."""
    after = run(TextbookRaft(), [start(0), ask(0, 1, 1), ask(0, 2, 1), lead(0, 1), start(0)])
    assert (after.nodes[Node(0)].state, after.nodes[Node(0)].current_term) == (NodeState.CANDIDATE, 2)


def test_peers_are_called_in_the_order_of_the_list() -> None:
    """S-7."""
    with pytest.raises(ReplayMismatch, match="j is the next peer"):
        run(TextbookRaft(), [start(0), ask(0, 2, 1)])


def test_a_second_election_of_a_node_needs_a_second_thread() -> None:
    """S-7: nothing in the code forbids it."""
    with pytest.raises(ReplayMismatch, match="one more election"):
        run(TextbookRaft(), [start(0), start(0)])
    after = run(TextbookRaft(threads=2), [start(0), start(0)])
    assert [after.nodes[Node(0)].elections[t] is not None for t in (1, 2)] == [True, True]


def test_a_call_that_fails_may_have_been_handled() -> None:
    failing = "request_vote_unanswered(i=0, j=1, t=1, reached={})"
    lost, handled = (run(TextbookRaft(), [start(0), failing.format(r)]) for r in (False, True))
    for after, vote in ((lost, None), (handled, Node(0))):
        assert after.nodes[Node(1)].voted_for == vote
        mine = after.nodes[Node(0)].elections[1]
        assert mine is not None and (mine.asked, mine.votes) == (1, 1)


def test_an_unanswered_append_is_not_counted() -> None:
    elected = [start(0), ask(0, 1, 1), ask(0, 2, 1), lead(0, 1), client(0)]
    after = run(TextbookRaft(), [*elected, "replicate_unanswered(i=0, j=1)"])
    assert len(after.nodes[Node(1)].log) == 1
    assert (after.nodes[Node(0)].commit_index, after.nodes[Node(0)].match_index[Node(1)]) == (0, 0)
    assert run(TextbookRaft(), [*elected, send(0, 1)]).nodes[Node(0)].commit_index == 1


# ---------------------------------------------------------------------- T1: two leaders in one term (S-6, S-8)

T1 = [
    start(0),
    ask(0, 1, 1),
    start(1),  # term 2
    ask(0, 2, 1),  # three votes, of term 1
    ask(1, 0, 2),  # 0 follows, and votes for 1
    lead(0, 1),
    ask(1, 2, 2),
    lead(1, 2),
]


@pytest.mark.parametrize(
    ("election", "counts"), [(ArticleElection, (173, 1150, 8)), (NoRecheck, (165, 1094, 8))], ids=["article", "fix A"]
)
def test_two_leaders_in_one_term(election: type[TextbookRaft], counts: tuple[int, int, int]) -> None:
    """Also if the term is noted once (fix A): nothing shorter, nothing else."""
    found = search_to(election(**ELECTIONS))
    assert lengths(found.violated) == {"Election Safety": 8}
    assert found.counts == counts


@pytest.mark.parametrize("election", [ArticleElection, NoRecheck, AsWritten])
def test_the_trace_of_the_two_leaders(election: type[TextbookRaft]) -> None:
    spec = election()
    before = run(spec, T1[:6])
    me = before.nodes[Node(0)]
    assert (me.state, me.current_term, me.voted_for) == (NodeState.LEADER, 2, Node(1))
    assert violated_in(spec, before) == []
    assert violated_in(spec, run(spec, T1)) == ["Election Safety"]


def test_the_look_at_the_end_stops_it() -> None:
    """Fix B: the run of start_election ends, and 0 stays a follower."""
    spec = TextbookRaft()
    last = run(spec, T1)
    assert violated_in(spec, last) == []
    assert [last.nodes[i].state for i in (Node(0), Node(1))] == [NodeState.FOLLOWER, NodeState.LEADER]


def test_the_look_is_at_the_term_too() -> None:
    """A candidate again, of the next term: its votes of the last one are worth nothing."""
    twice = [start(0), ask(0, 1, 1), ask(0, 2, 1), start(0), lead(0, 1)]
    last = run(TextbookRaft(threads=2), twice).nodes[Node(0)]
    assert (last.state, last.current_term, last.elections[1]) == (NodeState.CANDIDATE, 2, None)


def test_the_code_asks_for_votes_in_a_term_in_which_it_has_voted_for_another() -> None:
    drift = [start(0), ask(0, 1, 1), start(1), ask(1, 0, 2), ask(0, 2, 1)]
    last = run(ArticleElection(), drift)
    assert [(last.nodes[Node(i)].current_term, last.nodes[Node(i)].voted_for) for i in (0, 2)] == [
        (2, Node(1)),
        (2, Node(0)),
    ]
    assert run(NoRecheck(), drift).nodes[Node(2)].current_term == 1


@pytest.mark.slow
def test_the_look_alone_is_enough() -> None:
    found = search_to(ReadsTermAgain(**ELECTIONS, max_term=3, max_elections=3, threads=2))
    assert found.violated == {}
    assert found.counts == (4464, 42696, 12)


def test_two_leaders_commit_two_commands_at_one_index() -> None:
    spec = ArticleElection(values=2)
    last = run(spec, [*T1, client(0, 0), client(1, 1), send(0, 1), send(1, 0)])
    assert "State Machine Safety" in violated_in(spec, last)


@pytest.mark.slow
def test_two_commands_at_one_index_take_12_steps() -> None:
    found = search_to(ArticleElection(values=2, **CALM), check=("State Machine Safety",))
    assert lengths(found.violated) == {"State Machine Safety": 12}


# ---------------------------------------------------------------------- T2: amnesia (S-2)

T2 = [start(0), start(1), ask(0, 1, 1), ask(0, 2, 1), restart(2), lead(0, 1), ask(1, 0, 1), ask(1, 2, 1), lead(1, 1)]


@pytest.mark.parametrize("forgets", [PersistsNothing, ForgetsVote, ForgetsTerm])
def test_a_node_that_forgets_votes_twice(forgets: type[TextbookRaft]) -> None:
    bounds = {**ELECTIONS, "max_term": 1, "max_restarts": 1}
    assert lengths(search_to(forgets(**bounds)).violated) == {"Election Safety": 9}
    assert violated_in(forgets(), run(forgets(), T2)) == ["Election Safety"]


def test_a_node_that_persists_does_not() -> None:
    with pytest.raises(ReplayMismatch, match=r"step 5.*the crash loses something"):
        run(TextbookRaft(), T2)
    assert search_to(TextbookRaft(**{**ELECTIONS, "max_term": 1, "max_restarts": 1})).violated == {}


def test_a_node_that_forgets_its_log_loses_what_is_committed() -> None:
    elected = [start(0), ask(0, 1, 1), ask(0, 2, 1), lead(0, 1), client(0), send(0, 2)]
    spec = ForgetsLog()
    last = run(spec, [*elected, restart(2), start(1), ask(1, 0, 2), ask(1, 2, 2), lead(1, 2)])
    assert violated_in(spec, last) == ["Leader Completeness"]
    with pytest.raises(ReplayMismatch, match=r"step 7.*the crash loses something"):
        run(TextbookRaft(), [*elected, restart(2)])


@pytest.mark.slow
def test_a_lost_log_takes_11_steps() -> None:
    assert lengths(search_to(ForgetsLog(max_failures=0)).violated) == {"Leader Completeness": 11}


# ---------------------------------------------------------------------- T3: the end of the log (S-18)

T3 = [
    start(0),
    ask(0, 1, 1),
    start(1),  # term 2
    ask(0, 2, 1),
    lead(0, 1),
    client(0),  # the entry of term 1 that 0 keeps to itself
    ask(1, 0, 2),
    ask(1, 2, 2),
    lead(1, 2),
    client(1),
    send(1, 2),  # 1 commits its entry of term 2
    beat(1, 0),  # no entries, leader_commit 1: 0 commits its own
]


def test_a_heartbeat_commits_what_the_leader_has_never_seen() -> None:
    found = search_to(CommitsToLogEnd(**CALM))
    assert lengths(found.violated) == {"State Machine Safety": 12}
    last = run(CommitsToLogEnd(), T3)
    assert [(last.nodes[Node(i)].commit_index, last.nodes[Node(i)].log[0].term) for i in (0, 1)] == [(1, 1), (1, 2)]


def test_the_index_of_the_last_new_entry_does_not() -> None:
    spec = TextbookRaft()
    last = run(spec, T3)
    assert violated_in(spec, last) == []
    assert last.nodes[Node(0)].commit_index == 0


def test_it_depends_on_the_sender() -> None:
    """Where every call carries the whole suffix, the same statement is safe, and nothing is told apart from the mended one."""
    found = search_to(CommitsToLogEndOfAll(**CALM))
    assert found.violated == {}
    assert found.counts == (1059, 9749, 13)
    assert violated_in(CommitsToLogEndOfAll(), run(CommitsToLogEndOfAll(), T3)) == []


class FromTheStart(CommitsToLogEnd):
    """Every heartbeat has prev_log_index 0, whatever the leader knows of the peer."""

    def called(self, s: State, i: Node, j: Node, entries: Log) -> tuple[RaftNode, bool]:
        if len(entries) > 0:
            return super().called(s, i, j, entries)
        me = s.nodes[i]
        return self.append_entries(s.nodes[j], me.current_term, 0, 0, (), me.commit_index)


def test_a_sender_that_starts_at_0_is_no_sooner_wrong() -> None:
    assert lengths(search_to(FromTheStart(**CALM)).violated) == {"State Machine Safety": 12}


# ---------------------------------------------------------------------- T4: Figure 8 (S-19), and the commit rule that is missing

FIGURE_8 = [
    start(0),
    ask(0, 1, 1),
    ask(0, 2, 1),
    lead(0, 1),
    client(0),  # the entry of term 1
    start(1),
    ask(1, 0, 2),
    ask(1, 2, 2),
    lead(1, 2),
    client(1),  # the entry of term 2
    start(0),
    ask(0, 1, 3),
    ask(0, 2, 3),
    lead(0, 3),  # by the vote of 2
    beat(0, 2),  # refused: 2 has no entry
    send(0, 2),  # a majority has the entry of term 1
    start(1),
    ask(1, 0, 4),
    ask(1, 2, 4),
    lead(1, 4),
]
FOUR = {"max_term": 4, "max_elections": 4}


def test_figure_8_loses_a_committed_entry_if_replicas_are_counted() -> None:
    spec = CountsReplicas(**FOUR)
    assert len(run(spec, FIGURE_8[:16]).committed) == 1
    assert violated_in(spec, run(spec, FIGURE_8[:-1])) == []
    assert violated_in(spec, run(spec, FIGURE_8)) == ["Leader Completeness"]


def test_figure_8_is_harmless_where_only_entries_of_the_own_term_are_counted() -> None:
    spec = TextbookRaft(**FOUR)
    last = run(spec, FIGURE_8)
    assert violated_in(spec, last) == []
    assert last.committed == Set()


@pytest.mark.slow
def test_figure_8_takes_20_steps_and_four_terms() -> None:
    pytest.importorskip("llvmlite")
    found = search(CountsReplicas(**FOUR, **CALM).instance, engine="native", symmetry=False)
    assert found.violation is not None and found.violation.behavior is not None
    assert (found.violation.rule.title, len(found.violation.behavior.labels)) == ("Leader Completeness", 20)
    three = search(CountsReplicas(max_term=3, max_elections=4, **CALM).instance, engine="native", symmetry=False)
    assert (three.violation, three.distinct) == (None, 108219)
    mended = search(TextbookRaft(**FOUR, **CALM).instance, engine="native", symmetry=False)
    assert (mended.violation, mended.distinct) == (None, 200233)


def test_as_written_nothing_is_ever_committed() -> None:
    found = search_to(NeverCommits(**CALM))
    assert found.violated == {}
    assert lengths(found.reached) == {"a leader is elected": 4}
    assert all(s.nodes[i].commit_index == 0 for s in found.parents for i in (Node(0), Node(1), Node(2)))


# ---------------------------------------------------------------------- the rest


def test_a_voter_that_cannot_compare_logs() -> None:
    """G-3."""
    assert lengths(search_to(NoLogCheck(**CALM)).violated) == {"Leader Completeness": 10}


def test_as_written_it_goes_wrong_without_any_fault() -> None:
    assert lengths(search_to(AsWritten(**CALM)).violated) == {"Election Safety": 8}


class DropsLog(TextbookRaft):
    """A leader drops its log when it has committed."""

    def advanced(self, i: Node, me: RaftNode) -> RaftNode:
        me = super().advanced(i, me)
        return me.replace(log=()) if me.commit_index > 0 else me


class CopiesBlindly(TextbookRaft):
    """A follower appends what it gets, wherever it belongs."""

    def merged(self, log: Log, prev: int, entries: Log) -> Log:
        return log + entries


@pytest.mark.parametrize(
    ("wrong", "constants", "violated", "steps"),
    [
        (DropsLog, {**CALM, "max_log": 2}, "Leader Append-Only", 6),
        (CopiesBlindly, {"max_log": 2, "values": 2, "max_term": 1, "max_restarts": 0}, "Log Matching", 8),
    ],
)
def test_the_property_can_fail(wrong: type[TextbookRaft], constants: dict[str, int], violated: str, steps: int) -> None:
    assert lengths(search_to(wrong(**constants), check=(violated,)).violated) == {violated: steps}


@pytest.mark.parametrize("textbook", [TextbookRaft, AsWritten])
def test_the_traced_form_agrees(textbook: type[TextbookRaft]) -> None:
    instance = textbook(max_log=2, values=2, threads=2).instance
    for states in (reached_states, typed_states):
        assert list(disagreements(instance, islice(states(instance, random.Random(1)), 50))) == []
