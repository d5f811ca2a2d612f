"""Finding a protocol: the registry, entry points, files; and what list and explain say of it."""

from __future__ import annotations

import importlib
import os
import py_compile
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import TOYS, Call

from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.protocols import find, kebab, load_file, source_of
from mcheck.spec import Spec, UsageError


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_name_of_the_registry_can_be_run(name: str) -> None:
    protocol = find(name)
    assert protocol.cls().instance.actions
    assert source_of(protocol.cls)


@pytest.mark.parametrize(("name", "tweak"), [(p, t) for p, tweaks in TWEAKS.items() for t in tweaks])
def test_every_tweak_is_a_subclass_that_can_be_run(name: str, tweak: str) -> None:
    protocol = find(name)
    cls = protocol.tweaked(tweak)
    assert issubclass(cls, protocol.cls) and cls is not protocol.cls
    assert cls().instance.actions
    assert protocol.tweaked(cls.__name__) is protocol.tweaked(kebab(cls.__name__)) is cls


def test_every_subclass_of_a_shipped_protocol_is_a_tweak_of_it() -> None:
    for name, source in PROTOCOLS.items():
        base = find(name).cls
        modules = {source, *TWEAKS.get(name, {}).values()}
        for module in {importlib.import_module(s.partition(":")[0]) for s in modules}:
            own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
            tweaks = {c.__name__ for c in own if issubclass(c, base) and c is not base}
            listed = {s.partition(":")[2] for s in TWEAKS.get(name, {}).values() if s.startswith(module.__name__ + ":")}
            assert tweaks == listed


def test_no_protocol_shadows_a_verb() -> None:
    from mcheck.cli import VERBS

    assert not set(PROTOCOLS) & set(VERBS)


def test_underscores_and_capitals_are_forgiven() -> None:
    assert find("Two_Phase_Commit").name == "two-phase-commit"


def test_protocols_of_other_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mcheck: Call) -> None:
    info = tmp_path / "locks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: locks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mcheck.protocols]\ntoy-lock = toy_locks:Lock\nbroken = absent:Lock\n")
    (tmp_path / "toy_locks.py").write_bytes(TOYS.read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))
    assert mcheck("toy-lock").status == 0
    listed = mcheck("list")
    assert listed.status == 0 and "toy-lock" in listed.out
    assert listed.err.startswith("mcheck: left out: protocol broken (absent:Lock) cannot be loaded: ")


def test_the_only_spec_of_a_file_need_not_be_named(tmp_path: Path) -> None:
    text = TOYS.read_text()
    start, end = text.index("class Jugs("), text.index("class Node(")
    (tmp_path / "only.py").write_text(text.replace(text[start:end], ""))
    protocol = find(str(tmp_path / "only.py"))
    assert protocol.name == "lock"
    assert list(protocol.tweaks) == ["grants-twice", "never-grants"]
    assert issubclass(protocol.tweaked("grants-twice"), Spec)
    with pytest.raises(UsageError, match="did you mean 'grants-twice'"):
        protocol.tweaked("grant-twice")


def test_explain_a_protocol(mcheck: Call) -> None:
    out = mcheck("explain", "toys.py:Lock").out
    assert out.startswith("lock: Nodes ask for a lock, and take it when it is granted.\nsource: folklore; ")
    assert "  ask    Node i asks.\n" in out
    assert "  Mutual Exclusion (always)     At most one node holds the lock.\n" in out
    assert "  --nodes 2      nodes that want the lock\n" in out
    assert "  grants-twice  The lock is granted whenever it is asked for. Breaks Mutual Exclusion in 6 steps\n" in out


def test_explain_a_property(mcheck: Call) -> None:
    for words in (["Election", "Safety"], ["election-safety"], ["election_safety"]):
        out = mcheck("explain", *words).out
        assert "Election Safety (always), in raft" in out
        assert "broken by the tweak forget-vote: " in out
        assert "tweak free-vote-on-step-down" not in out


def test_the_doctor(mcheck: Call) -> None:
    ran = mcheck("doctor")
    assert ran.status == 0
    assert "click" in ran.out and "itf-py" in ran.out and "terminal" in ran.out


def test_settings_give_way_to_variables_and_those_to_flags(
    mcheck: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def depth() -> str:
        return mcheck("toys.py:Lock", *flags).out.partition("depth ≤ ")[2][:1]

    flags: list[str] = []
    assert depth() == ""
    (tmp_path / "pyproject.toml").write_text("[tool.mcheck]\ndepth = 1\n[tool.mcheck.lock]\nnodes = 3\n")
    assert depth() == "1"
    assert "· 3 nodes ·" in mcheck("toys.py:Lock").out
    monkeypatch.setenv("MCHECK_DEPTH", "2")
    monkeypatch.setenv("MCHECK_NODES", "4")
    assert depth() == "2"
    assert "· 4 nodes ·" in mcheck("toys.py:Lock").out
    flags = ["--depth", "3"]
    assert depth() == "3"
    monkeypatch.setenv("MCHECK_PROPERTY", "Turns grow,the lock is held")
    assert "Mutual" not in mcheck("toys.py:Lock").out


def test_constants_before_and_after_the_protocol(mcheck: Call) -> None:
    assert "· 3 nodes ·" in mcheck("run", "--nodes", "3", "toys.py:Lock", "--depth=1").out
    assert "· no polite ·" in mcheck("run", "--no-polite", "toys.py:Lock", "--depth", "1").out


def test_help_has_an_option_for_each_constant(mcheck: Call) -> None:
    out = mcheck("toys.py:Lock", "--help").out
    assert "nodes that want the lock [constant; default: 2]" in out
    assert "--max-requests INTEGER" in out and "requests waiting [bound; default: 2]" in out
    assert "--polite / --no-polite" in out


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    """Python would take the compiled code of a text with as many bytes, last changed in the same second."""
    path = tmp_path / "s.py"
    path.write_text("WORD = 'old'\n", encoding="utf-8")
    py_compile.compile(str(path))
    changed = path.stat().st_mtime_ns
    path.write_text("WORD = 'new'\n", encoding="utf-8")
    os.utime(path, ns=(changed, changed))
    assert load_file(path).WORD == "new"


def test_a_file_leaves_no_compiled_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its own nor that of what it imports from beside it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "beside_it.py").write_text("WORD = 1\n", encoding="utf-8")
    (tmp_path / "s.py").write_text("from beside_it import WORD\n", encoding="utf-8")
    assert load_file(tmp_path / "s.py").WORD == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beside_it.py", "s.py"]
