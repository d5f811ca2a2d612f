"""Logs explained by a specification.  If these fail, a log that no behaviour explains passes, or a good one is blamed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import walks

from mcheck.conformance.explaining import Explained, explain, validator_of
from mcheck.conformance.logs import event_of, runs_in
from mcheck.conformance.observing import as_json, observed
from mcheck.conformance.validation import Validated, Validator
from mcheck.models.raft import Raft
from mcheck.models.two_phase_commit import TwoPhaseCommit
from mcheck.spec import Instance, Step, UsageError

TWO_PHASE = TwoPhaseCommit().instance
RAFT = Raft(max_term=15, max_log=15, max_messages=12, max_restarts=100).instance


def managers_seen(step: Step) -> dict[str, Any]:
    """What a log of the managers says: not what is under way, nor what the transaction manager knows."""
    return {"rm_state": as_json(TWO_PHASE.state_domain.fields["rm_state"], step.state.rm_state)}


def node_seen(step: Step) -> dict[str, Any]:
    """What a log of the node says that acted: of five of its fields."""
    node = step.arguments[0].dst if step.action.name == "deliver" else step.arguments[0]
    domain: Any = RAFT.state_domain.fields["servers"]
    card = as_json(domain.value, step.state.servers[node])
    kept = ("role", "current_term", "voted_for", "commit_index", "log")
    return {"servers": {str(domain.keys.rank(node)): {name: card[name] for name in kept}}}


def validated(instance: Instance, path: Path, lines: list[Any], silent: tuple[str, ...] = ()) -> Validated:
    """What comes of a log with these events, which are written as they are if they are text."""
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    (run,) = runs_in(str(path))
    return validator_of(instance, silent).validate(run)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "node.jsonl"


def test_every_walk_is_explained(log: Path) -> None:
    for instance, seen in ((TWO_PHASE, managers_seen), (RAFT, node_seen)):
        runs = [[walks.event(s, seen) for s in walks.walk(instance, seed, 60)] for seed in range(12)]
        validator = Validator(instance)
        results = [validator.validate(run) for run in runs_in(str(walks.write(log, runs)))]
        assert [r.result for r in results] == ["explained"] * 12
        assert [r.events for r in results] == [len(events) for events in runs]
        assert results[3].name == "run 3"


def corrupted(events: list[dict[str, Any]], number: int) -> tuple[str, object]:
    """Change one observation of event `number` (from 0); the place, and the value that it has now."""
    (card,) = events[number]["state"]["servers"].values()
    name = ("current_term", "commit_index", "role", "voted_for")[number % 4]
    changed: Any = {
        "current_term": card["current_term"] + 1,
        "commit_index": card["commit_index"] + 1,
        "role": "LEADER" if card["role"] != "LEADER" else "CANDIDATE",
        "voted_for": 0 if card["voted_for"] != 0 else 1,
    }[name]
    card[name] = changed
    return name, changed


@pytest.mark.parametrize("number", range(0, 60, 7))
def test_a_corrupted_event_is_found_at_its_line(log: Path, number: int) -> None:
    events = [walks.event(s, node_seen) for s in walks.walk(RAFT, 5, 60)]
    name, changed = corrupted(events, number)
    (result,) = (Validator(RAFT).validate(run) for run in runs_in(str(walks.write(log, [events]))))
    assert (result.result, result.line, result.events) == ("mismatch", number + 2, number)
    assert len(result.labels) == number
    differences = result.nearest[0].differences
    assert [(place.rpartition(".")[2], said) for place, said, _ in differences] == [(name, str(changed))]


def test_a_step_that_is_not_possible_names_its_guard(log: Path) -> None:
    result = validated(TWO_PHASE, log, [{"action": "rm_prepare", "args": {"rm": 0}}, {"label": "tm_commit()"}])
    assert (result.result, result.line, result.events) == ("mismatch", 2, 1)
    assert (result.nearest[0].label, result.nearest[0].guard) == ("tm_commit()", "all are known to be prepared")


def test_an_action_without_arguments_that_fit(log: Path) -> None:
    message = {"is": "AppendEntries", "src": 0, "dst": 1}
    result = validated(RAFT, log, [{"action": "deliver", "args": {"m": message}}])
    assert result.result == "mismatch" and result.nearest[0].guard == "no value of its parameters fits what was logged"


def test_another_action_that_would_agree_is_named(log: Path) -> None:
    lines = [{"action": "rm_prepare", "args": {"rm": 1}, "state": {"rm_state": {"1": "aborted"}}}]
    result = validated(TWO_PHASE, log, lines)
    agreeing = [near.label for near in result.nearest if near.guard is None and not near.differences]
    assert agreeing == ["rm_choose_to_abort(rm=1)"]


def test_what_is_not_said_is_free(log: Path) -> None:
    result = validated(TWO_PHASE, log, [{}, {}, {"state": {"rm_state": {"0": "committed"}}}])
    assert result.result == "mismatch" and result.events == 2 and result.states > 5
    eight = [{}] * 7 + [{"state": {"rm_state": {"0": "committed"}}}]
    assert validated(TWO_PHASE, log, eight).result == "explained"


def test_steps_that_are_not_logged(log: Path) -> None:
    lines = [
        *({"action": "rm_prepare", "args": {"rm": k}} for k in range(3)),
        {"action": ["rm_rcv_commit_msg"], "args": {"rm": 2}},
    ]
    assert validated(TWO_PHASE, log, lines).result == "mismatch"
    assert validated(TWO_PHASE, log, lines, ("tm_rcv_prepared", "tm_commit")).result == "explained"
    wrong = validated(TWO_PHASE, log, [*lines[:2], lines[3]], ("tm_rcv_prepared", "tm_commit"))
    assert (wrong.result, wrong.line) == ("mismatch", 3)
    labels = validated(TWO_PHASE, log, [*lines, {"label": "tm_abort()"}], ("tm_rcv_prepared", "tm_commit")).labels
    assert [label.partition("(")[0] for label in labels].count("rm_prepare") == 3
    assert labels[-1] == "rm_rcv_commit_msg(rm=2)" and "tm_commit()" in labels
    with pytest.raises(UsageError, match=r"no action 'tm_comit' .did you mean .tm_commit"):
        validator_of(TWO_PHASE, ("tm_comit",))


def test_a_bound_is_no_mismatch(log: Path) -> None:
    small = Raft(max_term=1, max_log=1).instance
    result = validated(small, log, [{"label": "timeout(i=0)"}, {"label": "timeout(i=0)"}])
    assert result.result == "inconclusive" and result.line == 2
    assert result.reason is not None and "max_term" in result.reason
    assert validated(Raft(max_term=2).instance, log, [{"label": "timeout(i=0)"}] * 2).result == "explained"


def test_what_is_known_of_the_start(log: Path) -> None:
    start = {"initially": {"rm_state": {"0": "prepared"}}}
    result = validated(TWO_PHASE, log, [start, {}])
    assert (result.result, result.events, result.line) == ("mismatch", 0, 1)
    assert result.nearest[0].differences == (("rm_state[0]", "PREPARED", "WORKING"),)
    assert validated(TWO_PHASE, log, [{"initially": {"rm_state": {"0": "working"}}}, {}]).result == "explained"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", ":1: not JSON"),
        ("[]", ":1: an event is a JSON object"),
        ({"acton": "timeout"}, "an event has no 'acton' .did you mean .action"),
        ({"action": "time_out"}, "no action 'time_out' .did you mean .timeout"),
        ({"action": "timeout", "args": {"j": 0}}, "timeout has no parameter 'j'; it has i"),
        ({"action": "timeout", "args": {"i": 7}}, "timeout: i: expected a Node 0..2 .got 7"),
        ({"action": "timeout", "args": 3}, '"args" is an object'),
        ({"label": "timeout(i=0)", "action": "timeout"}, "leave out"),
        ({"label": "timeout(k=0)"}, "timeout takes i"),
        ({"state": {"server": {}}}, "no field 'server' .did you mean .servers"),
        ({"state": {"servers": {"4": {}}}}, "'4' is no key of it; the keys are 0, 1, 2"),
        ({"state": {"servers": {"0": {"role": "leeder"}}}}, "did you mean .leader"),
        ({"state": {"servers": {"0": {"current_term": 99}}}}, "99 is outside 0..15: raise max_term"),
        ({"state": {"servers": {"0": {"current_term": True}}}}, "expected an int 0..15"),
        (
            {"state": {"servers": {"0": {"log": [[1, 0]] * 16}}}},
            "16 elements, and at most 15 are possible: raise max_log",
        ),
        ({"state": {"network": [{"is": "Vote"}]}}, '"is" must be one of RequestVote'),
        ({"state": {"network": [{"vote_granted": True}]}}, 'say with "is" which of'),
    ],
)
def test_a_line_that_means_nothing_is_refused_with_its_place(log: Path, line: object, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        validated(RAFT, log, [line])
    assert str(refused.value).startswith(f"{log}:1: ") and "\n" not in str(refused.value)


def test_a_file_that_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(runs_in(str(tmp_path / "none")))
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="it is not text"):
        list(runs_in(str(tmp_path / "bad")))
    (tmp_path / "named").write_text('{"trace": 1}\n')
    with pytest.raises(UsageError, match=":1: a new run is"):
        list(runs_in(str(tmp_path / "named")))


def test_what_is_written_is_what_is_read() -> None:
    for step in walks.walk(RAFT, 3, 40):
        said = json.loads(json.dumps(as_json(RAFT.state_domain, step.state)))
        seen = observed(RAFT.state_domain, said, "state")
        assert seen.fits(step.state) and not seen.differences(step.state)
        assert not seen.fits(RAFT.initial[0]) and seen.differences(RAFT.initial[0])


def test_members_of_a_set_fit_in_any_order_and_one_each() -> None:
    domain = RAFT.state_domain.fields["network"]
    step = next(s for s in walks.walk(RAFT, 3, 40) if len(s.state.network) == 2)
    one, two = as_json(domain, step.state.network)
    for said, fits in (([two, one], True), ([one, one], False), ([one], False), ([{"src": one["src"]}, two], True)):
        assert observed(domain, said, "network").fits(step.state.network) is fits


def test_processes_say_what_one_says(log: Path) -> None:
    runs = [[walks.event(s, managers_seen) for s in walks.walk(TWO_PHASE, seed, 20)] for seed in range(6)]
    runs[4][3]["state"]["rm_state"]["0"] = "COMMITTED"
    read = list(runs_in(str(walks.write(log, runs))))
    by = Explained("two-phase-commit", None, {}, ())
    assert explain(by, read, workers=2) == explain(by, read, workers=1)
    assert [v.result for v in explain(by, read)].count("mismatch") == 1
    log.write_text('{"trace": "a"}\n{}\n{"trace": "b"}\n{"action": "x"}\n')
    with pytest.raises(UsageError, match=r":4: .*no action 'x'"):
        explain(by, list(runs_in(str(log))), workers=2)


def test_an_event_costs_a_fraction_of_a_millisecond(log: Path) -> None:
    """The bar: 3,000 runs of 100 events in 60 s on two cores is 400 µs of one core for an event."""
    runs = [[walks.event(s, node_seen) for s in walks.walk(RAFT, seed, 100)] for seed in range(40)]
    read = list(runs_in(str(walks.write(log, runs))))
    validator = Validator(RAFT)
    started = time.process_time()
    assert {validator.validate(run).result for run in read} == {"explained"}
    assert (time.process_time() - started) / sum(map(len, runs)) < 400e-6


def test_an_event_says_what_it_is_about() -> None:
    event = event_of(RAFT, "x", 9, '{"action": ["timeout", "restart"], "args": {"i": 1}, "info": {"at": 3}}')
    assert [a.name for a in event.actions] == ["timeout", "restart"] and event.line == 9 and event.named
    assert not event_of(RAFT, "x", 9, "{}").named
