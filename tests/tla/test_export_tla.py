"""A specification in TLA+: the text is the one that was read and approved, it parses, and TLC finds what mcheck finds."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.tla.specs import AnyBag, Confusing, Quiet, Switch
from tests.tla.tlc import faults, jar, ran

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.models import PROTOCOLS
from mcheck.models.paxos import ForgetsPromise, Paxos
from mcheck.models.raft import Raft
from mcheck.models.raft_tla import RaftTLA
from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit
from mcheck.spec import Instance, Spec, UsageError
from mcheck.tla.folder import exported, write

GOLDEN = Path(__file__).with_name("golden")
SMALL_RAFT = Raft(nodes=2, max_term=1, max_log=1, max_messages=1)
LARGE = {"raft", "raft-fsync", "zab", "zab-tla", "textbook-raft", "textbook-reads", "flexible-paxos", "fast-paxos"}
QUIET = Quiet(max_epoch=1, max_log=1, max_messages=1, max_bag=1, max_queue=1)


def protocol(name: str, **constants: Any) -> Spec[Any]:
    module, _, cls = PROTOCOLS[name].partition(":")
    return getattr(importlib.import_module(module), cls)(**constants)  # type: ignore[no-any-return]


@pytest.mark.parametrize("spec", [TwoPhaseCommit(), Paxos(), Raft()], ids=lambda s: type(s).__name__)
def test_the_text_is_the_one_that_was_read(spec: Spec[Any]) -> None:
    """After a change that is meant: MCHECK_GOLDEN=1, and read what has changed."""
    for name, text in exported(spec.instance, symmetric=True).items():
        file = GOLDEN / name
        if os.environ.get("MCHECK_GOLDEN"):
            file.write_text(text)
        assert file.read_text() == text


@pytest.mark.parametrize("name", sorted(set(PROTOCOLS) - LARGE))
def test_every_protocol_is_exported_and_parses(name: str) -> None:
    for file, text in exported(protocol(name).instance, symmetric=False).items():
        assert text.isascii() and max(map(len, text.splitlines())) < 180
        if file.endswith(".tla"):
            assert faults(text) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LARGE))
def test_every_large_protocol_is_exported_and_parses(name: str) -> None:
    test_every_protocol_is_exported_and_parses(name)


@pytest.mark.parametrize("spec", [QUIET, Switch()], ids=lambda s: type(s).__name__)
def test_every_operation_and_domain_is_written(spec: Spec[Any]) -> None:
    assert faults(next(iter(exported(spec.instance, symmetric=False).values()))) == []


def test_a_parser_that_finds_nothing_wrong_would_be_none() -> None:
    text = exported(TwoPhaseCommit().instance, symmetric=True)["TwoPhaseCommit.tla"]
    assert faults(text.replace("Next ==", "Next =")) and faults(text.replace("THEN", "")) == []


# ---------------------------------------------------------------------- what the text says


def action_of(text: str, name: str) -> str:
    """The definition of one operator."""
    found = re.search(rf"^{name}(?:\([^)]*\))? ==.*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[0]


def test_every_variable_is_said_of_in_every_action() -> None:
    """TLC refuses a step that leaves a variable without a value; here for the actions without a decision."""
    text = exported(TwoPhaseCommit().instance, symmetric=True)["TwoPhaseCommit.tla"]
    for name in ("TmRcvPrepared", "TmCommit", "TmAbort", "RmPrepare", "RmChooseToAbort", "RmRcvCommitMsg"):
        body = action_of(text, name)
        unchanged = re.search(r"UNCHANGED (?:<<)?([^>\n]*)", body)
        kept = set(unchanged[1].split(", ")) if unchanged else set()
        assert kept | set(re.findall(r"(\w+)' =", body)) == {"rm_state", "tm_state", "tm_prepared", "msgs"}


def test_a_tweak_is_another_module() -> None:
    files = exported(CommitsEarly().instance, symmetric=True)
    assert next(iter(files)) == "CommitsEarly.tla"
    assert "/\\ Cardinality(tm_prepared) >= 1  \\* all are known to be prepared" in files["CommitsEarly.tla"]


def test_a_condition_that_is_true_in_several_ways_is_asked_once() -> None:
    text = exported(Paxos().instance, symmetric=True)["Paxos.tla"]
    assert "/\\ Holds(\\A a \\in q : \\E m \\in msgs :" in action_of(text, "Phase2a")


def test_bounds_are_a_constraint_and_judge_nothing_beyond_it() -> None:
    files = exported(Paxos().instance, symmetric=True)
    assert "CheckedAgreement == WithinBounds => Agreement\n" in files["Paxos.tla"]
    assert "EveryIntegrity == [][WithinBounds' => Integrity]_vars\n" in files["Paxos.tla"]
    assert "CONSTRAINT WithinBounds\n" in files["Paxos.cfg"] and "INVARIANT CheckedAgreement\n" in files["Paxos.cfg"]
    assert "CONSTRAINT" not in exported(TwoPhaseCommit().instance, symmetric=True)["TwoPhaseCommit.cfg"]


def test_symmetry_is_where_it_is_sound() -> None:
    for spec, sound in ((Paxos(), True), (protocol("ewd840"), False)):
        files = exported(spec.instance, symmetric=True)
        assert ("SYMMETRY Symmetry\n" in next(v for k, v in files.items() if k.endswith(".cfg"))) is sound
    assert "SYMMETRY" not in exported(Paxos().instance, symmetric=False)["Paxos.cfg"]
    assert "SYMMETRY" not in exported(TwoPhaseCommit().instance, symmetric=True)["TwoPhaseCommitLiveness.cfg"]


def test_fairness_and_temporal_properties() -> None:
    text = exported(Switch().instance, symmetric=True)["Switch.tla"]
    assert action_of(text, "Fairness") == (
        "Fairness ==\n"
        "  (\\A on2 \\in BOOLEAN : WF_vars(~(pressed = 3 /\\ ~on2) /\\ Press(on2))) /\\ SF_vars(Press(TRUE))"
    )
    assert "\nLight == []<>on\n" in text and "\nStill == <>[](pressed = 3 /\\ on)\n" in text
    assert "\nDarkBecomesLight == ~on ~> on\n" in text


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (AnyBag(), "AnyBag: TLA+ has no finite set of all bags: a Bag of at most 1, each member a Lamp cannot be exported here"),
        (Confusing(), "Confusing: Numbered and Named have fields of the same names, and 'value' is an int 0..1 in one and "
         "a Set, each member a bool in the other, which TLC cannot compare: rename a field, and it can be exported"),
    ],
    ids=["bag", "kinds"],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(spec: Spec[Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        exported(spec.instance, symmetric=True)
    assert str(refused.value) == words


# ---------------------------------------------------------------------- TLC


def compared(
    instance: Instance, tmp_path: Path, symmetric: bool
) -> tuple[tuple[int, int], tuple[int, int], tuple[str, ...]]:
    """(distinct, generated) of TLC and of mcheck, and what TLC complains of."""
    files = exported(instance, symmetric)
    write(files, str(tmp_path))
    module = next(iter(files)).removesuffix(".tla")
    theirs = ran(tmp_path, module)
    mine = search(instance, symmetry="SYMMETRY" in files[f"{module}.cfg"], keep_going=True)
    return (theirs.distinct, theirs.generated), (mine.distinct, mine.generated), theirs.errors


@pytest.mark.parametrize(
    ("spec", "symmetric", "counts"),
    [
        (TwoPhaseCommit(), False, (288, 1_146)),
        (TwoPhaseCommit(), True, (80, 318)),
        (Paxos(), True, (443, 2_697)),
        (SMALL_RAFT, False, (77, 305)),
        (RaftTLA(nodes=2), False, (1_760, 13_797)),
        (Switch(), False, (8, 11)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Spec) else None,
)
def test_tlc_counts_what_mcheck_counts(
    spec: Spec[Any], symmetric: bool, counts: tuple[int, int], tmp_path: Path
) -> None:
    """288 / 1,146 and 1,760 / 13,797 are also the published ones; the refinements and properties of steps hold too."""
    jar()
    assert compared(spec.instance, tmp_path, symmetric) == (counts, counts, ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("paxos", {}),
        ("die-hard", {}),
        ("voting", {}),
        ("fast-paxos", {}),
        ("flood-set", {}),
        ("ben-or", {}),
        ("ewd840", {}),
        ("dining-philosophers", {}),
        ("raft-macro", {"max_term": 1, "max_log": 1}),
        ("raft-fsync", {"nodes": 2, "max_term": 1, "max_log": 1, "max_messages": 1}),
        ("zab-tla", {}),
        ("textbook-go", {}),
    ],
)
def test_tlc_counts_what_mcheck_counts_of_others(name: str, constants: dict[str, int], tmp_path: Path) -> None:
    """What Paxos 0..1 gives, 3,921 / 23,563, is pinned in tests/models; here all others agree with TLC too."""
    jar()
    theirs, mine, _ = compared(protocol(name, **constants).instance, tmp_path, symmetric=False)
    assert theirs == mine


@pytest.mark.parametrize(("spec", "title"), [(CommitsEarly(), "Consistent"), (ForgetsPromise(), "CheckedAgreement")])
def test_tlc_finds_what_a_tweak_breaks(spec: Spec[Any], title: str, tmp_path: Path) -> None:
    jar()
    write(exported(spec.instance, symmetric=True), str(tmp_path))
    assert f"Error: Invariant {title} is violated." in ran(tmp_path, type(spec).__name__).errors


def test_tlc_decides_temporal_properties_as_mcheck_does(tmp_path: Path) -> None:
    jar()
    write(exported(TwoPhaseCommit(managers=2).instance, symmetric=True), str(tmp_path))
    assert ran(tmp_path, "TwoPhaseCommit", "TwoPhaseCommitLiveness").errors == ()


def test_tlc_agrees_on_every_operation_some_steps_deep(tmp_path: Path) -> None:
    """The toy with every operation is too large to finish: its first levels."""
    jar()
    write(exported(QUIET.instance, symmetric=False), str(tmp_path))
    module, config = tmp_path / "Quiet.tla", tmp_path / "Quiet.cfg"
    text = module.read_text().replace(
        "EXTENDS ", "EXTENDS TLC, " if "TLC" not in module.read_text().split("\n\n")[0] else "EXTENDS "
    )
    head, _, _ = text.rpartition("=" * 100)
    module.write_text(f'{head}Shallow == TLCGet("level") <= 3\n{"=" * 100}\n')
    kept = [line for line in config.read_text().splitlines() if not line.startswith(("INVARIANT", "PROPERTY"))]
    config.write_text("\n".join([*kept, "CONSTRAINT Shallow"]) + "\n")
    found = ran(tmp_path, "Quiet")
    upto = [
        search(QUIET.instance, symmetry=False, keep_going=True, limits=Limits(depth=d)) for d in (3, 4)
    ]  # a level more is generated
    assert found.errors == () and (found.distinct, found.generated) == (upto[0].distinct, upto[1].generated)
