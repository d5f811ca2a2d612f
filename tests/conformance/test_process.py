"""Adapters in processes of their own.  If these fail, an implementation in another language is misunderstood, or hangs mcheck."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.conformance.toys import SpecifiedRaft

from mcheck.conformance.adapter import AdapterFailed, AdapterMisuse, Observation, Operation
from mcheck.conformance.cluster import Setting
from mcheck.conformance.network import Faults
from mcheck.conformance.process import ProcessAdapter
from mcheck.conformance.schedules import explore
from mcheck.conformance.wire import event_of, observation_json, observation_of, operation_json, operation_of
from mcheck.spec import UsageError

ROOT = Path(__file__).parents[2]
SERVED = f"""{sys.executable} -c "import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['x', {str(ROOT / "tests/conformance/toys.py") + ":SpecifiedRaft"!r}]
from runpy import run_module; run_module('mcheck.conformance.serving', run_name='__main__')" """


def saying(program: str, answer_within: float = 10.0) -> ProcessAdapter:
    return ProcessAdapter(f'{sys.executable} -c "{program}"', answer_within)


def test_a_process_does_what_the_same_adapter_does_here() -> None:
    setting = Setting(3, Faults(reorder=True), {"tweak": "no-log-check"})
    served = ProcessAdapter(SERVED)
    try:
        there = explore(served, setting, 5, 2, 60)
    finally:
        served.close()
    here = explore(SpecifiedRaft(), setting, 5, 2, 60)
    assert there.steps == here.steps > 60 and there.kinds == here.kinds
    assert there.leaders == here.leaders > 0


def test_a_process_that_dies_is_one_line_with_its_last_words() -> None:
    adapter = saying("import sys; sys.stdin.readline(); sys.exit('panic: no such index')")
    with pytest.raises(AdapterFailed, match=r"ended with status 1 during reset: panic: no such index$"):
        adapter.reset(3, 0, {})


def test_a_process_that_is_silent_is_ended() -> None:
    adapter = saying("import time; time.sleep(60)", answer_within=0.3)
    with pytest.raises(AdapterFailed, match=r"not answered reset within 0.3 s"):
        adapter.reset(3, 0, {})
    assert adapter._process is None


def test_what_was_done_before_a_process_died_is_kept() -> None:
    answers = "print('{}', flush=True)"
    observation = "print('{\\'role\\': \\'follower\\', \\'term\\': 0}'.replace(chr(39), chr(34)), flush=True)"
    program = f"import sys; sys.stdin.readline(); {answers}; sys.stdin.readline(); {observation}; sys.stdin.readline()"
    found = explore(saying(program), Setting(1, Faults()), 0, 3, 10)
    assert found.reason is not None and "ended with status 0 during enabled" in found.reason
    assert found.run is not None and found.run.taken == () and found.schedules == 1


def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(AdapterMisuse, match="one JSON object a line"):
        saying("print('hello')").reset(3, 0, {})
    with pytest.raises(UsageError, match="cannot be started"):
        ProcessAdapter("/no/such/program").reset(3, 0, {})


def test_an_error_is_an_answer() -> None:
    program = "print(chr(123) + chr(34) + 'error' + chr(34) + ':' + chr(34) + 'out of ids' + chr(34) + chr(125))"
    with pytest.raises(AdapterFailed, match="failed during reset: out of ids"):
        saying(program).reset(3, 0, {})


def test_what_is_said_can_be_read_back() -> None:
    for operation in (Operation("tick", 2), Operation("propose", 0, "v1"), Operation("drop", message=7)):
        assert operation_of(operation_json(operation)) == operation
    seen = Observation("leader", 3, None, 1, ((1, "a"), (3, "b")), ("a",))
    assert observation_of(observation_json(seen)) == seen


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"nod": 1}, "no field 'nod'"),
        ({}, "needs 'node'"),
        ({"node": "1"}, "node has the wrong type"),
        ({"node": True}, "node has the wrong type"),
        ({"node": 1, "sent": [{"id": 1, "src": 0, "dst": 1}]}, "a message needs 'kind'"),
        ({"node": 1, "sent": 3}, "step: answer"),
        ([], "step: answer"),
    ],
)
def test_a_wrong_event_says_what_is_wrong(said: object, words: str) -> None:
    with pytest.raises(AdapterMisuse, match=words):
        event_of(said)


@pytest.mark.parametrize("log", [[[1]], [["1", "a"]], [1], [[True, "a"]]])
def test_a_wrong_log_says_what_is_wrong(log: object) -> None:
    with pytest.raises(AdapterMisuse, match="a list of"):
        observation_of({"role": "leader", "term": 1, "log": log})
