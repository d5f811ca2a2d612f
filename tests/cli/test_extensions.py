"""Protocols with extensions are protocols: run, recorded, replayed, exported, explained and listed by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from mcheck.models import APART, EXTENSIONS

SMALL = ["--nodes", "3", "--max-log", "0", "--max-messages", "3", "--max-restarts", "0"]
DISRUPTED = ["raft+partition+pre-vote", "--tweak", "no-pre-vote", *SMALL, "--property", "A Healthy Leader Stays"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A trace of a composition with a tweak, as the command saves it."""
    from mcheck.cli import status_of

    folder = tmp_path_factory.mktemp("traces")
    assert status_of([*DISRUPTED, "--engine", "reference", "--out", str(folder)]) == 1
    (trace,) = folder.glob("*.json")
    return str(trace)


def test_a_trace_remembers_the_composition_and_is_replayed_with_it(mcheck: Call, recorded: str) -> None:
    head = json.loads(Path(recorded).read_text())["#meta"]["mcheck"]
    assert (head["protocol"], head["tweak"]) == ("raft+pre-vote+partition", "no-pre-vote")
    ran = mcheck("replay", recorded)
    assert ran.status == 0
    assert "VIOLATED A Healthy Leader Stays" in ran.out
    assert "the spec has changed" not in ran.out
    assert mcheck("render", recorded, "-o", "a.svg").status == 0


def test_a_trace_becomes_a_test_that_finds_the_composition(mcheck: Call, recorded: str) -> None:
    assert mcheck("export", recorded, "-o", "test_it.py").status == 0
    text = Path("test_it.py").read_text()
    assert 'RaftPreVotePartitionNoPreVote = spec_named("raft+pre-vote+partition:no-pre-vote")' in text
    names: dict[str, object] = {}
    exec(compile(text, "test_it.py", "exec"), names)
    for name, test in names.items():
        if name.startswith("test_") and callable(test):
            test()


def test_json_and_walks_name_it(mcheck: Call) -> None:
    ran = mcheck("run", "raft+check_quorum", "--max-messages", "2", "--depth", "4", "--engine", "reference", "--json")
    document = json.loads(ran.out)
    assert (ran.status, document["protocol"]) == (0, "raft+check-quorum")
    walked = mcheck("simulate", "raft+check-quorum", "--samples", "2", "--steps", "20")
    assert walked.out.startswith("mcheck 0.1.0 · raft+check-quorum · 3 nodes")


def test_each_says_what_else_can_be_put_on(mcheck: Call) -> None:
    plain, one = mcheck("explain", "raft").out, mcheck("explain", "raft+pre-vote").out
    for name in EXTENSIONS["raft"]:
        assert f"\n  +{name} " in plain
        goes_with = name != "pre-vote" and ("pre-vote", name) not in APART
        assert (f"\n  +{name} " in one) == goes_with
    assert "Not with joint-consensus, apply-time-change." in " ".join(mcheck("explain", "raft-macro").out.split())
    assert "\n  no-pre-vote " in one and "\n  no-pre-vote " not in plain


def test_a_property_of_an_extension_is_explained_once(mcheck: Call) -> None:
    out = mcheck("explain", "A Healthy Leader Stays").out
    assert out.count("A Healthy Leader Stays (step), in ") == 1
    assert "broken by the tweak no-pre-vote" in out
    assert "in raft+" not in mcheck("explain", "Election Safety").out


def test_the_list_has_them(mcheck: Call) -> None:
    (entry,) = [e for e in json.loads(mcheck("list", "--json").out) if e["name"] == "raft"]
    assert entry["extensions"] == list(EXTENSIONS["raft"])
    assert "extensions: pre-vote, check-quorum" in mcheck("list").out


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("raft+prevote", "raft has no extension 'prevote' (did you mean 'pre-vote'?); it has pre-vote, "),
        ("raft+", "raft has no extension ''"),
        ("paxos+pre-vote", "paxos has no extension 'pre-vote'; it has none"),
        ("raft+pre-vote+pre-vote", "pre-vote stands there twice"),
        ("raff+pre-vote", "no command or protocol 'raff+pre-vote' (did you mean 'raft'?)"),
        (
            "raft-macro+joint-consensus+single-server-change",
            "single-server-change and joint-consensus do not go together: ",
        ),
    ],
)
def test_a_name_that_is_none_is_one_line(mcheck: Call, typed: str, message: str) -> None:
    ran = mcheck(typed)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err and ran.err.count("\n") == 1


def test_names_are_completed() -> None:
    from mcheck.extensions import completions

    assert "raft" in completions("ra")
    assert completions("raft+pre") == ["raft+pre-vote"]
    assert "raft+pre-vote+check-quorum" in completions("raft+pre-vote+")
    assert "raft+pre-vote+pre-vote" not in completions("raft+pre-vote+")
