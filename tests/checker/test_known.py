"""What is known of a spec is used again only while its text is the same, and only where nothing but its text decides."""

from __future__ import annotations

import importlib.util
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.checker.known import Known
from mcheck.checker.liveness.engine import decide
from mcheck.checker.native.cache import Cache
from mcheck.checker.valency.engine import study
from mcheck.models import PROTOCOLS
from mcheck.models.paxos_duel import PaxosDuel
from mcheck.protocols import find
from mcheck.spec import Instance, InternalError
from mcheck.spec.sources import texts_of
from mcheck.spec.views import quotient

LOCK = """
from mcheck import Index, Record, Set, Spec, action, always, constant, len, require
{more}

class Client(Index, size="clients"): ...

class State(Record):
    inside: Set[Client] = Set()

class Lock(Spec[State]):
    clients: int = constant(3)

    def init(self) -> State:
        return State()

    @action
    def enter(self, s: State, i: Client) -> State:
        require({guard}, "there is room")
        return s.replace(inside=s.inside.add(i))

    @always("Mutual Exclusion")
    def alone(self, s: State) -> bool:
        return len(s.inside) <= 1
"""

_numbers = count()


def loaded(path: Path) -> type[Any]:
    """The Lock of a file, imported anew."""
    name = f"known_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.Lock  # type: ignore[no-any-return]


def written(path: Path, guard: str = "not s.inside", more: str = "") -> type[Any]:
    """The Lock of a file with this guard."""
    path.write_text(LOCK.format(guard=guard, more=more))
    return loaded(path)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_what_is_remembered_is_recalled_for_the_same_text_and_constants(tmp_path: Path, cache: Cache) -> None:
    file = tmp_path / "lock.py"
    written(file)
    Known(loaded(file)().instance, cache).remember({"a": [1, None]}, "b")
    again = loaded(file)
    assert Known(again().instance, cache).recall("b") == {"a": [1, None]}
    assert Known(again().instance, cache).recall("c") is None
    assert Known(again(clients=2).instance, cache).recall("b") is None
    assert Known(written(file, "len(s.inside) < 2")().instance, cache).recall("b") is None


def test_the_text_of_what_a_file_imports_counts(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "known_rule.py").write_text("def room(n): return n < 1\n")
    file = tmp_path / "lock.py"
    cls = written(file, "room(len(s.inside))", "from known_rule import room")
    assert texts_of(cls) == sorted([file, tmp_path / "known_rule.py"])
    Known(cls().instance, cache).remember(True, "in order")
    assert Known(cls().instance, cache).recall("in order") is True
    (tmp_path / "known_rule.py").write_text("def room(n): return n < 2\n")
    assert Known(cls().instance, cache).recall("in order") is None


@pytest.mark.parametrize(
    "more",
    [
        "import os",
        "import random",
        "import json",
        "LIMIT = len(open(__file__).read())",
        "from time import time",
        "import builtins",
        "LIMIT = hash('limit')",
        "LIMIT = eval('1')",
    ],
)
def test_nothing_is_kept_of_a_spec_that_may_depend_on_more(tmp_path: Path, cache: Cache, more: str) -> None:
    cls = written(tmp_path / "lock.py", more=more)
    assert texts_of(cls) is None
    known = Known(cls().instance, cache)
    known.remember(True, "in order")
    assert known.recall("in order") is None


def test_nothing_is_kept_of_a_class_made_inside_a_function(tmp_path: Path) -> None:
    base = written(tmp_path / "lock.py")

    class Narrower(base):  # type: ignore[misc]
        def alone(self, s: Any) -> bool:
            return not s.inside

    assert texts_of(Narrower) is None


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_shipped_protocol_depends_on_its_text_alone(name: str) -> None:
    texts = texts_of(find(name).cls)
    assert texts and all(path.suffix == ".py" for path in texts)


def verdict(instance: Instance, cache: Cache) -> dict[str, Any]:
    found = search(instance, engine="native", limits=Limits(), known=Known(instance, cache))
    left_out = ("seconds", "peak_rss_mb", "instance", "properties", "deadlock")
    kept = {name: value for name, value in vars(found).items() if name not in left_out}
    deadlock = None if found.deadlock is None else found.deadlock.labels
    return {**kept, "found": [(p.rule.title, p.finding, p.steps) for p in found.properties], "deadlock": deadlock}


def test_a_recalled_program_says_what_a_compiled_one_says(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(cache.folder))
    file = tmp_path / "lock.py"
    written(file)
    first = verdict(loaded(file)().instance, cache)
    assert first["distinct"] == 2 and first["symmetry"]

    def traced(_: Instance) -> None:
        raise AssertionError("the second run traces nothing")

    monkeypatch.setattr("mcheck.checker.native.building.trace", traced)
    monkeypatch.setattr("mcheck.checker.symmetry.trace", traced)
    assert verdict(loaded(file)().instance, cache) == first


def test_a_program_of_another_text_does_not_pass_the_comparison(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the key ever wrong, plain Python and compiled code would be seen to differ before the search."""
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(cache.folder))
    monkeypatch.setattr("mcheck.checker.known._key_of", lambda _: "the same for all")
    verdict(written(tmp_path / "lock.py")().instance, cache)
    with pytest.raises(InternalError, match="compiled code gives"):
        verdict(written(tmp_path / "other.py", "len(s.inside) < 2")().instance, cache)


# ---------------------------------------------------------------------- the graph of states


EVENTUALLY = """
    @eventually("Somebody Enters")
    def enters(self, s: State) -> bool:
        return {predicate}

    @decision
    def entered(self, s: State, i: Client) -> bool:
        return i in s.inside
"""


def with_graph(path: Path, guard: str = "not s.inside", predicate: str = "len(s.inside) > 0") -> Instance:
    """The Lock of a file with a temporal property and a decision."""
    text = LOCK.format(guard=guard, more="from mcheck import decision, eventually")
    path.write_text(text + EVENTUALLY.format(predicate=predicate))
    instance: Instance = loaded(path)().instance
    return instance


def answers(instance: Instance, known: Known | None) -> list[Any]:
    """What is said of temporal properties and of valencies, times aside."""
    long_run = decide(instance, engine="native", known=known)
    valency = study(instance, engine="native", known=known)
    lassos = [f.lasso and (f.lasso.behavior.labels, f.lasso.loop) for f in long_run.findings]
    run = valency.run and valency.run.lasso.behavior.labels
    return [long_run.result, long_run.states, long_run.edges, long_run.cut, lassos, valency.counts, valency.edges, run]


@pytest.mark.parametrize("name", ["lock", "views"])
def test_a_recalled_graph_says_what_a_compiled_one_says(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The second run neither traces nor lowers; the views of an instance are another instance."""
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(cache.folder))

    def instance() -> Instance:
        return PaxosDuel(acceptors=1).instance if name == "views" else with_graph(tmp_path / "lock.py")

    first = answers(instance(), Known(instance(), cache))
    assert first[0] == "violated"

    def again(*_: Any) -> None:
        raise AssertionError("the second run traces and lowers nothing")

    for place in ("liveness.predicates.trace", "liveness.predicates.trace_rule", "native.building.trace"):
        monkeypatch.setattr(f"mcheck.checker.{place}", again)
    monkeypatch.setattr("mcheck.checker.native.rules.lower", again)
    with pytest.raises(AssertionError, match="traces and lowers"):
        answers(instance(), None)
    assert answers(instance(), Known(instance(), cache)) == first


@pytest.mark.parametrize(
    ("guard", "predicate", "says"),
    [
        ("len(s.inside) < 2", "len(s.inside) > 0", "compiled code takes"),
        ("not s.inside", "len(s.inside) > 1", "compiled code judges 'Somebody Enters' otherwise than plain Python"),
    ],
)
def test_a_graph_of_another_text_does_not_pass_the_comparison(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, guard: str, predicate: str, says: str
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(cache.folder))
    monkeypatch.setattr("mcheck.checker.known._key_of", lambda _: "the same for all")
    one = with_graph(tmp_path / "lock.py")
    decide(one, engine="native", known=Known(one, cache))
    other = with_graph(tmp_path / "other.py", guard, predicate)
    with pytest.raises(InternalError, match=says):
        decide(other, engine="native", known=Known(other, cache))


def test_what_fairness_tells_apart_is_compiled_apart(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels name other parameters then: a graph with the labels of another fairness is another graph."""
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(cache.folder))
    instance = PaxosDuel(acceptors=1).instance
    lengths = []
    for fairness in ("declared", "strong", "none", "declared", "strong", "none"):
        violation = decide(instance, ["Termination"], fairness, "native", known=Known(instance, cache)).violation
        assert violation is not None and violation.lasso is not None
        lengths.append((len(violation.lasso.stem), len(violation.lasso.cycle)))
    assert lengths == [(3, 4), (3, 6), (0, 0)] * 2


def test_the_views_of_an_instance_are_another_instance(tmp_path: Path, cache: Cache) -> None:
    """Even where they have its constants and bounds: what is compiled for them takes other steps."""
    path = tmp_path / "lock.py"
    written(path)
    path.write_text(path.read_text() + "\n    def view(self, s: State) -> State:\n        return State()\n")
    instance = loaded(path)().instance
    known, views = Known(instance, cache), quotient(instance)
    assert (views.constants, views.bounds) == (instance.constants, instance.bounds)
    known.remember(True, "in order")
    assert known.beside(instance).recall("in order") is True
    assert known.beside(views).recall("in order") is None
