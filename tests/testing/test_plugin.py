"""The pytest plugin, as a suite sees it: what passes, what fails and how it is told, and that it costs nobody anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

SPEC = '''
from mcheck import Index, Record, Set, Spec, action, always, constant, len, reachable, require


class Client(Index, size="clients"): ...


class State(Record):
    inside: Set[Client] = Set()


class Lock(Spec[State]):
    clients: int = constant(3)

    def init(self) -> State:
        return State()

    @action
    def enter(self, s: State, i: Client) -> State:
        require(self.may_enter(s, i), "nobody is inside")
        return s.replace(inside=s.inside.add(i))

    def may_enter(self, s: State, i: Client) -> bool:
        return not s.inside

    @action
    def leave(self, s: State, i: Client) -> State:
        require(i in s.inside, "i is inside")
        return s.replace(inside=s.inside.remove(i))

    @always("Mutual Exclusion")
    def alone(self, s: State) -> bool:
        """At most one client is inside."""
        return len(s.inside) <= 1

    @reachable("two are inside")
    def two(self, s: State) -> bool:
        return len(s.inside) == 2


class NoGuard(Lock):
    """A client enters while another one is inside."""

    def may_enter(self, s: State, i: Client) -> bool:
        return i not in s.inside


class Fails(Lock):
    def may_enter(self, s: State, i: Client) -> bool:
        return 1 // len(s.inside) == 0
'''

SUITE = """
import unittest

import pytest

from lock import Fails, Lock, NoGuard

mark = pytest.mark.mcheck


@mark(Lock(clients=3), exhaustive=True, engine="reference")
def test_holds(mcheck):
    assert mcheck.verdict.distinct == 4


@mark(Lock(), depth=1, engine="reference")
def test_holds_up_to(): ...


@mark(NoGuard(clients=2), breaks="Mutual Exclusion", engine="reference")
def test_breaks(mcheck):
    assert mcheck.verdict.violation.steps == 2


@mark(NoGuard(clients=3), engine="reference")
def test_violated(): ...


@mark(Lock(), max_states=2, engine="reference")
def test_inconclusive(): ...


@mark(Lock(), depth=0, exhaustive=True, engine="reference")
def test_not_exhaustive(): ...


@mark(Lock(), breaks="Mutual Exclusion", engine="reference")
def test_not_broken(): ...


@mark(Lock(), properties=["two are inside"], engine="reference")
def test_not_reached(): ...


@mark(Lock(), depth=1, properties=["two are inside"], engine="reference")
def test_not_reached_yet(): ...


@mark(Lock(), dept=2)
def test_typing_error(): ...


@mark(Lock(), properties=["Mutual Exclusoin"])
def test_unknown_property(): ...


@mark(Lock(), properties=[])
def test_no_property(): ...


@mark(Lock(), depth="12")
def test_wrong_type(): ...


def test_class(mcheck):
    mcheck(Lock)


@mark(depth=3)
def test_nothing_checked(): ...


@mark(Lock(), 12)
def test_by_position(): ...


@mark(Fails(), engine="reference")
def test_rule_fails(): ...


@mark(max_states=2, engine="reference")
class TestDefaults:
    def test_marker_of_class(self, mcheck):
        mcheck(Lock())

    def test_call_wins(self, mcheck):
        assert mcheck(Lock(), max_states=99).exhaustive

    @mark(max_states=99)
    def test_inner_wins(self, mcheck):
        assert mcheck(Lock()).exhaustive


class TestUnit(unittest.TestCase):
    @mark(NoGuard(clients=2), engine="reference")
    def test_of_unittest(self): ...

    def test_in_unittest(self):
        from mcheck.assertions import assert_holds

        assert_holds(NoGuard(clients=2), engine="reference")


@pytest.mark.xfail(strict=True)
@mark(NoGuard(clients=2), engine="reference")
def test_expected_to_fail(): ...


def test_local_class(mcheck):
    class Local(NoGuard): ...

    mcheck(Local(clients=2), engine="reference")


def test_of_another_kind():
    assert 1 == 2
"""

PASSED = {"test_holds", "test_holds_up_to", "test_breaks", "test_call_wins", "test_inner_wins"}
VIOLATED = {"test_violated", "test_of_unittest", "test_in_unittest", "test_local_class"}
INCONCLUSIVE = {"test_inconclusive", "test_not_exhaustive", "test_not_reached_yet", "test_marker_of_class"}
UNMET = {"test_not_broken", "test_not_reached"}
REFUSED = {
    "test_typing_error", "test_unknown_property", "test_no_property", "test_wrong_type", "test_class",
    "test_nothing_checked", "test_by_position", "test_rule_fails",
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """One run of a suite."""

    status: int
    out: str
    cases: dict[str, ET.Element]
    """The JUnit elements of the tests by name."""
    folder: Path

    def shown(self, name: str) -> str:
        """What is shown of a failure."""
        found = self.cases[name].find("failure")
        assert found is not None
        return found.text or ""

    def verdicts(self) -> dict[str, str | None]:
        """The property `mcheck` of each test."""
        return {name: _property(case, "mcheck") for name, case in self.cases.items()}


def _property(case: ET.Element, name: str) -> str | None:
    found = case.find(f"properties/property[@name='{name}']")
    return None if found is None else found.get("value")


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k == "MCHECK_CACHE_DIR" or not k.startswith(("MCHECK_", "PYTEST_"))}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def _run(folder: Path, *arguments: str) -> Ran:
    (folder / "lock.py").write_text(SPEC, encoding="utf-8")
    (folder / "test_lock.py").write_text(SUITE, encoding="utf-8")
    done = _pytest(folder, "--junitxml=junit.xml", *arguments)
    cases = {case.get("name", ""): case for case in ET.parse(folder / "junit.xml").iter("testcase")}
    return Ran(done.returncode, done.stdout + done.stderr, cases, folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return _run(tmp_path_factory.mktemp("suite"), "-v", "-rA", "--mcheck-github", "-p", "no:xdist")


def test_each_outcome_is_told_from_the_others(ran: Ran) -> None:
    expected: dict[str, str | None] = dict.fromkeys(PASSED, "passed")
    expected |= dict.fromkeys(VIOLATED, "violated") | dict.fromkeys(INCONCLUSIVE, "inconclusive")
    expected |= dict.fromkeys(UNMET, "unmet") | dict.fromkeys(REFUSED, "refused")
    expected |= {"test_expected_to_fail": "violated", "test_of_another_kind": None}
    assert ran.verdicts() == expected
    failed = {name for name, case in ran.cases.items() if case.find("failure") is not None}
    assert failed == VIOLATED | INCONCLUSIVE | UNMET | REFUSED | {"test_of_another_kind"}
    assert ran.cases["test_expected_to_fail"].find("skipped") is not None
    assert ran.status == 1


def test_a_violation_is_shown_as_its_trace(ran: Ran) -> None:
    text = ran.shown("test_violated")
    assert "VIOLATED Mutual Exclusion — At most one client is inside." in text
    assert "① inside ∋ c0    since step 1  (enter(c0))" in text
    assert re.search(r">2 +enter\(c1\) +\+c1 +← violates", text)
    assert "Traceback" not in text and "assert_holds" not in text
    trace = _property(ran.cases["test_violated"], "mcheck.trace")
    assert trace is not None and f"replay  mcheck replay {trace}" in text
    recorded = json.loads((ran.folder / trace).read_text(encoding="utf-8"))["#meta"]["mcheck"]
    assert recorded["source"] == "lock.py:NoGuard"
    assert recorded["labels"] == ["enter(i=0)", "enter(i=1)"]


def test_the_trace_of_a_class_nobody_can_import_offers_no_replay(ran: Ran) -> None:
    text = ran.shown("test_local_class")
    assert "mcheck replay" not in text
    assert "to replay it, move Local to the top level of its file" in text


def test_words_and_summaries(ran: Ran) -> None:
    assert re.search(r"::test_violated VIOLATED +\[", ran.out)
    assert re.search(r"::test_inconclusive INCONCLUSIVE +\[", ran.out)
    assert "VIOLATED test_lock.py::test_violated - VIOLATED Mutual Exclusion in 2 steps" in ran.out
    assert "INCONCLUSIVE test_lock.py::test_inconclusive - INCONCLUSIVE: limit of 2 states." in ran.out
    assert "19 failed, 5 passed, 1 xfailed" in ran.out


def test_what_passes_says_how_far(ran: Ran) -> None:
    scope = {name: _property(ran.cases[name], "mcheck.scope") for name in PASSED}
    assert str(scope["test_holds"]).startswith("HOLDS: every reachable state of this configuration (3 clients)")
    assert str(scope["test_holds_up_to"]).startswith("HOLDS UP TO depth 1: 3 states at the bound were not expanded.")
    assert scope["test_breaks"] == "breaks Mutual Exclusion in 2 steps"
    assert "Lock: HOLDS UP TO depth 1" in ran.out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("test_typing_error", "no option 'dept' (did you mean 'depth'?)"),
        ("test_unknown_property", "Lock has no property 'Mutual Exclusoin' (did you mean 'Mutual Exclusion'?)"),
        ("test_no_property", "properties must name at least one property"),
        ("test_wrong_type", "depth must be an integer of at least 0 (got '12')"),
        ("test_class", "what is checked must be a spec with its constants: write Lock(...)"),
        ("test_nothing_checked", "mark.mcheck has no spec, and the test does not use the fixture mcheck"),
        ("test_by_position", "mark.mcheck takes one spec, and everything else by name"),
        ("test_rule_fails", "ZeroDivisionError"),
    ],
)
def test_bad_use_is_one_line_with_its_place(ran: Ran, name: str, said: str) -> None:
    line = ran.shown(name)
    assert said in line
    assert re.match(r"test_lock\.py:\d+: mcheck: ", line)
    assert line.count("\n") == 0


def test_unmet_and_inconclusive_are_one_line(ran: Ran) -> None:
    assert "NOT VIOLATED Mutual Exclusion.  HOLDS: every reachable state" in ran.shown("test_not_broken")
    assert "NOT REACHED two are inside.  HOLDS: every" in ran.shown("test_not_reached")
    assert "INCONCLUSIVE: exhaustive is asked for.  HOLDS UP TO depth 0" in ran.shown("test_not_exhaustive")
    for name in UNMET | INCONCLUSIVE:
        assert ran.shown(name).count("\n") == 0


def test_failures_of_other_kinds_are_left_alone(ran: Ran) -> None:
    assert ">       assert 1 == 2" in ran.shown("test_of_another_kind")


def test_annotations_on_request_only(ran: Ran, tmp_path: Path) -> None:
    lines = [x for x in ran.out.splitlines() if x.startswith("::")]
    assert len(lines) == len(VIOLATED | INCONCLUSIVE | UNMET | REFUSED)
    line = SUITE.splitlines().index('@mark(NoGuard(clients=3), engine="reference")') + 1
    place = f"file=test_lock.py,line={line}"
    (violated,) = [x for x in lines if f"{place}," in x]
    assert violated.startswith(f"::error {place},title=VIOLATED Mutual Exclusion in 2 steps::no-guard")
    assert "%0A   0  initially" in violated
    assert sum(line.startswith("::warning ") for line in lines) == len(INCONCLUSIVE)
    quiet = _run(tmp_path, "-q", "-k", "test_violated", "-p", "no:xdist", "--mcheck-out=elsewhere")
    assert "::error" not in quiet.out
    assert [p.parent.name for p in tmp_path.rglob("*.itf.json")] == ["elsewhere"]


def test_parallel_runs_tell_the_same(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    parallel = _run(tmp_path, "-n", "1", "--mcheck-github", "-k", "violated or inconclusive or typing")
    assert parallel.verdicts() == {
        "test_violated": "violated", "test_inconclusive": "inconclusive", "test_typing_error": "refused",
    }  # fmt: skip
    assert sum(line.startswith(("::error ", "::warning ")) for line in parallel.out.splitlines()) == 3


def test_a_suite_that_does_not_use_it_never_loads_mcheck(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\ndef test_other():\n"
        "    assert 'pytest_mcheck' in sys.modules\n"
        "    assert not [m for m in sys.modules if m.split('.')[0] in ('mcheck', 'llvmlite', 'numpy', 'click')]\n",
        encoding="utf-8",
    )
    done = _pytest(tmp_path, "-q", "-W", "error", "--strict-markers")
    assert done.returncode == 0, done.stdout


def test_markers_and_the_fixture_explain_themselves(tmp_path: Path) -> None:
    assert "@pytest.mark.mcheck(spec, breaks=TITLE" in _pytest(tmp_path, "--markers").stdout
    assert "mcheck(spec, depth=12)" in _pytest(tmp_path, "--fixtures").stdout
