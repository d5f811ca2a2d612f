"""Traces as files: complete, stable, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.counterexamples.specs import ByOne, ByTwo, Everything
from tests.counterexamples.test_lanes_text import LABELS

from mcheck.counterexamples import TraceFileError, load, reexecute, save
from mcheck.counterexamples.store import fingerprint, slug
from mcheck.counterexamples.vocabulary import unknown_names
from mcheck.spec import Behavior, ReplayMismatch, replay


@pytest.fixture(scope="module")
def behavior() -> Behavior:
    instance = Everything().instance
    return replay(instance, instance.initial[0], LABELS)


def put(behavior: Behavior, directory: Path) -> Path:
    return save(behavior, behavior.instance.properties[0], directory, "everything", None, "m:Everything")


def test_a_trace_comes_back_as_it_was(behavior: Behavior, tmp_path: Path) -> None:
    path = put(behavior, tmp_path / "new" / "folder")
    assert path.name.startswith("everything-no-two-painted-") and path.name.endswith(".itf.json")
    assert len(path.name.split("-")[-1].removesuffix(".itf.json")) == 6
    recorded = load(path)
    assert recorded.labels == tuple(LABELS)
    assert (recorded.constants, recorded.bounds) == ({"nodes": 2}, {"top": 3})
    assert recorded.property == "No two painted"
    assert recorded.fingerprint == fingerprint(Everything)
    assert reexecute(behavior.instance, recorded).states == behavior.states


def test_the_same_trace_is_one_file(behavior: Behavior, tmp_path: Path) -> None:
    first = put(behavior, tmp_path)
    before = first.stat().st_mtime_ns
    assert put(behavior, tmp_path) == first
    assert first.stat().st_mtime_ns == before
    assert [p.name for p in tmp_path.iterdir()] == [first.name]


def test_another_file_of_that_name_is_not_overwritten(behavior: Behavior, tmp_path: Path) -> None:
    first = put(behavior, tmp_path)
    first.write_text("precious")
    second = put(behavior, tmp_path)
    assert second != first and first.read_text() == "precious"
    assert load(second).labels == tuple(LABELS)


def test_other_tools_can_read_it(behavior: Behavior, tmp_path: Path) -> None:
    itf_py = pytest.importorskip("itf_py")
    trace = itf_py.trace_from_json(json.loads(put(behavior, tmp_path).read_text()))
    assert trace.vars == ["cards", "links", "pings", "bag", "wires", "leader"]
    assert len(trace.states) == 6
    last = trace.states[-1].values
    assert last["leader"] == "Node#1"
    assert last["cards"]["Node#0"].color == "ROSE"
    assert last["links"][("Node#0", "Node#1")] is True
    (ping,) = last["pings"]
    assert (ping.src, ping.dst) == ("Node#0", "Node#1") and type(ping).__name__ == "Ping"
    assert len(last["cards"]["Node#1"].log) == 2


def test_a_changed_spec_is_noticed(tmp_path: Path) -> None:
    one, two = ByOne().instance, ByTwo().instance
    behavior = replay(one, one.initial[0], ["more()", "more()"])
    recorded = load(save(behavior, None, tmp_path, "by-one", None, "m:ByOne"))
    with pytest.raises(ReplayMismatch, match=r"step 1, more\(\): leads to another state than recorded, in n"):
        reexecute(two, recorded)


def test_every_name_of_a_state_is_known_to_its_spec_and_no_other(behavior: Behavior, tmp_path: Path) -> None:
    recorded = load(put(behavior, tmp_path))
    for state in recorded.states:
        assert unknown_names(behavior.instance, state) == ()
        assert set(unknown_names(ByTwo().instance, state)) >= {"cards", "links", "color", "RED", "Node"}
    assert unknown_names(behavior.instance, {"tag": "Ping", "value": {"src": "Node#0", "gone": "Peer#1"}}) == (
        "gone",
        "Peer",
    )
    assert unknown_names(behavior.instance, {"cards": [{"#bigint": "12"}, None, True, 3, "GREEN"]}) == ("GREEN",)


@pytest.mark.parametrize("cut", [0, 1, 100, 1000, -2])
def test_a_truncated_file_is_refused(behavior: Behavior, tmp_path: Path, cut: int) -> None:
    path = put(behavior, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    with pytest.raises(TraceFileError) as caught:
        load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_every_header_field_is_needed(behavior: Behavior, tmp_path: Path) -> None:
    path = put(behavior, tmp_path)
    document = json.loads(path.read_text())
    for name in document["#meta"]["mcheck"]:
        damaged = json.loads(path.read_text())
        del damaged["#meta"]["mcheck"][name]
        other = tmp_path / f"{name}.json"
        other.write_text(json.dumps(damaged))
        with pytest.raises(TraceFileError):
            load(other)


def test_titles_become_file_names() -> None:
    assert slug("Election Safety") == "election-safety"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("¿?") == "x"
