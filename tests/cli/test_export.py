"""A trace leaves mcheck as a test that fails in words when the behaviour changes, and as a file that other tools read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call, Ran
from tests.cli.test_replay import forget_files, saved


def exported(mcheck: Call, trace: Path, name: str = "test_it.py") -> Path:
    ran = mcheck("export", str(trace), "-o", name)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"wrote {name}: ")
    return Path(name)


def change(old: str, new: str) -> None:
    """Change the toy protocols, as their author would."""
    spec = Path("toys.py")
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))
    forget_files()


def outcomes(test: Path) -> dict[str, str]:
    """What each test of the file says: nothing, or why it fails."""
    forget_files()
    scope = {"__file__": str(test.absolute()), "__name__": "written"}
    exec(compile(test.read_text(), str(test), "exec"), scope)
    found = {}
    for name, function in scope.items():
        if name.startswith("test_"):
            try:
                function()  # type: ignore[operator]
                found[name] = ""
            except AssertionError as failed:
                found[name] = str(failed)
    return found


LOCK = ["toys.py:Lock", "--tweak", "grants-twice"]
VIOLATES, REFUSES = "test_grants_twice_violates_mutual_exclusion", "test_lock_refuses_step_4"


def test_pytest_runs_it_where_it_stands(mcheck: Call, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    test = exported(mcheck, saved(mcheck, *LOCK), "tests/test_lock.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test.absolute())],
        cwd=tmp_path / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_it_reads_as_what_it_is(mcheck: Call) -> None:
    written = exported(mcheck, saved(mcheck, *LOCK)).read_text()
    assert written.startswith('"""lock with the tweak grants-twice: 6 steps to a violation of Mutual Exclusion.\n')
    assert "At most one node holds the lock." in written
    assert '    "grant(m=Request(src=1, turn=1))",\n    "take(i=0)",\n' in written
    assert "GrantsTwice(nodes=2, polite=True, max_turn=1, max_requests=2)" in written
    assert "Step 4 is not possible: not enabled: the lock is free." in written


def test_the_same_trace_gives_the_same_bytes(mcheck: Call) -> None:
    trace = saved(mcheck, *LOCK)
    assert exported(mcheck, trace, "a.py").read_bytes() == exported(mcheck, trace, "b.py").read_bytes()
    assert mcheck("export", str(trace), "-f", "pytest").out == Path("a.py").read_text()


def test_a_shipped_tweak_is_imported_by_its_module(mcheck: Call) -> None:
    test = exported(mcheck, saved(mcheck, "two-phase-commit", "--tweak", "commit-early", "--property", "Consistent"))
    assert "from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit\n" in test.read_text()
    assert outcomes(test) == {
        "test_commits_early_violates_consistent": "",
        "test_two_phase_commit_refuses_step_3": "",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["two-phase-commit", "--tweak", "commit-early", "--property", "implements TCommit"],
        ["toys.py:Lock", "--tweak", "never-grants", "--deadlock"],
    ],
)
def test_refinements_and_deadlocks_are_pinned_too(mcheck: Call, arguments: list[str]) -> None:
    found = outcomes(exported(mcheck, saved(mcheck, *arguments)))
    assert len(found) == 2 and set(found.values()) == {""}


@pytest.mark.parametrize(
    ("old", "new", "violates", "refuses"),
    [
        ("def may_grant(self, s: Room) -> bool:\n        return True", "def may_grant(self, s: Room) -> bool:\n        return not s.granted",
         "GrantsTwice no longer goes this way to a violation of Mutual Exclusion: step 4, grant(m=Request(src=1, turn=1)): "
         "not enabled: the lock is free", ""),
        ("return not any(s.seats[j].mode == Mode.HOLDING for j in Node) and not s.granted", "return True", "",
         "Lock now takes step 4, grant(m=Request(src=1, turn=1)), which it refused; Mutual Exclusion is violated at the end"),
        ('"Mutual Exclusion"', '"Exclusion"',
         "GrantsTwice no longer has a property 'Mutual Exclusion'; it has Exclusion, Turns grow, the lock is held", ""),
        ("return i == j or", "return i != 2 or",
         "GrantsTwice: Mutual Exclusion is no longer violated: it holds after these 6 steps", ""),
        ('require(me.mode == Mode.IDLE, "i is idle")', 'require(i == Node(1), "i is the second")',
         "GrantsTwice no longer goes this way to a violation of Mutual Exclusion: step 1, ask(i=0): not enabled: i is the second",
         "Lock refused step 4, grant(m=Request(src=1, turn=1)), and now refuses already step 1, ask(i=0): not enabled: i is the second"),
        ("and not s.granted\n", "and len(s.granted) < 2\n", "",
         "Lock now takes step 4, grant(m=Request(src=1, turn=1)), which it refused; Mutual Exclusion is violated at the end"),
    ],
)  # fmt: skip
def test_it_says_what_has_changed(mcheck: Call, old: str, new: str, violates: str, refuses: str) -> None:
    test = exported(mcheck, saved(mcheck, *LOCK))
    assert outcomes(test) == {VIOLATES: "", REFUSES: ""}
    change("from mcheck.spec import (", "from mcheck.spec import (\n    len,")
    change(old, new)
    assert outcomes(test) == {VIOLATES: violates, REFUSES: refuses}


def test_after_a_repair_it_pins_the_repair(mcheck: Call) -> None:
    trace = saved(mcheck, "toys.py:TwoJugs")
    change("poured = min(s.big, 3 - s.small)", "poured = min(s.big, 2 - s.small)\n        require(poured > 0, 'some')")
    change("return s.replace(big=5)", 'require(s.big == 0, "big is empty")\n        return s.replace(big=5)')
    test = exported(mcheck, trace)
    assert "assert_refuses(TwoJugs(), STEPS, number=5, title=PROPERTY)" in test.read_text()
    assert outcomes(test) == {"test_two_jugs_refuses_step_5": ""}
    change('require(s.big == 0, "big is empty")', 'require(s.small > 0, "small is not empty")')
    said = "TwoJugs refused step 5, fill_big(), and now refuses already step 1, fill_big(): not enabled: small is not empty"
    assert outcomes(test) == {"test_two_jugs_refuses_step_5": said}


def test_a_property_that_holds_again_is_pinned(mcheck: Call) -> None:
    trace = saved(mcheck, "toys.py:TwoJugs")
    change("return s.big != 4", "return s.big <= 5")
    test = exported(mcheck, trace)
    assert outcomes(test) == {"test_two_jugs_satisfies_not_four_gallons": ""}
    change("return s.big <= 5", "return s.big != 4")
    said = "TwoJugs: Not four gallons is violated again, after these 6 steps"
    assert outcomes(test) == {"test_two_jugs_satisfies_not_four_gallons": said}


def test_a_constant_that_is_gone_is_named(mcheck: Call) -> None:
    from mcheck.spec import UsageError

    test = exported(mcheck, saved(mcheck, *LOCK))
    change('    polite: bool = constant(True, "ask before taking")\n', "")
    change(", polite=True)", ")")
    with pytest.raises(UsageError, match="GrantsTwice has no constant 'polite'"):
        outcomes(test)


def test_steps_that_mean_nothing_are_no_refusal(mcheck: Call) -> None:
    trace = saved(mcheck, *LOCK)
    test = exported(mcheck, trace)
    change("def grant(", "def give(")
    found = outcomes(test)
    assert found[REFUSES] == (
        "Lock no longer has what these steps are written with: "
        "step 3, grant(m=Request(src=0, turn=1)): Lock has no action 'grant'"
    )
    ran = mcheck("export", str(trace), "-f", "pytest")
    assert (ran.status, ran.out) == (1, "") and "GrantsTwice has no action 'grant'" in ran.err


def test_an_action_of_the_tweak_says_nothing_of_the_protocol(mcheck: Call) -> None:
    change(
        "    def may_grant(self, s: Room) -> bool:\n        return True",
        "    @action\n    def grab(self, s: Room, i: Node) -> Room:\n        return s.replace(seats=s.seats.set(i, s.seats[i].replace(mode=Mode.HOLDING)))",
    )
    test = exported(mcheck, saved(mcheck, *LOCK))
    assert outcomes(test) == {VIOLATES: ""} and '"grab(i=0)"' in test.read_text()


def test_a_trace_without_a_property_pins_its_steps(mcheck: Call) -> None:
    change("return s.replace(small=0)", "return s.replace(small=s.small * 2)")
    mcheck("toys.py:TwoJugs")
    (trace,) = Path("mcheck-out").iterdir()
    test = exported(mcheck, trace)
    assert outcomes(test) == {"test_two_jugs_takes_these_steps": ""}
    change("return s.replace(big=5)", 'require(s.big > 0, "something")\n        return s.replace(big=5)')
    said = "TwoJugs no longer goes this way: step 1, fill_big(): not enabled: something"
    assert outcomes(test) == {"test_two_jugs_takes_these_steps": said}


def test_one_of_several_initial_states_is_named(mcheck: Call) -> None:
    change(
        "def init(self) -> Jugs:\n        return Jugs()", "def init(self) -> Jugs:\n        return Jugs(), Jugs(big=1)"
    )
    test = exported(mcheck, saved(mcheck, "toys.py:TwoJugs"))
    assert 'START = "Jugs(small=0, big=0)"' in test.read_text()
    change("Jugs(), Jugs(big=1)", "Jugs(big=2), Jugs(big=1)")
    (said,) = outcomes(test).values()
    assert said.endswith(": the spec no longer has the initial state Jugs(small=0, big=0)")


# ---------------------------------------------------------------------- ITF


def test_other_tools_read_the_itf_file(mcheck: Call) -> None:
    itf_py = pytest.importorskip("itf_py")
    mcheck("export", str(saved(mcheck, *LOCK)), "-o", "lock.itf.json")
    document = json.loads(Path("lock.itf.json").read_text())
    assert "mcheck" not in document["#meta"]
    assert (
        document["#meta"]["description"] == "Behaviour of lock with the tweak grants-twice: violates Mutual Exclusion"
    )
    trace = itf_py.trace_from_json(document)
    assert trace.vars == ["seats", "requests", "granted"] and len(trace.states) == 7
    assert trace.states[4].values["granted"] == frozenset({"Node#0", "Node#1"})
    again = itf_py.trace_from_json(json.loads(json.dumps(itf_py.trace_to_json(trace))))
    assert [s.values for s in again.states] == [s.values for s in trace.states]


def test_itf_is_what_the_spec_does_today_or_nothing(mcheck: Call) -> None:
    trace = saved(mcheck, *LOCK)
    change("turn=me.turn + 1)", "turn=me.turn)")
    ran = mcheck("export", str(trace), "-f", "itf")
    assert (ran.status, ran.out) == (1, "")
    assert "step 1, ask(i=0): leads to another state than recorded" in ran.err


# ---------------------------------------------------------------------- TLA+


def test_a_specification_becomes_a_folder_of_modules(mcheck: Call) -> None:
    ran = mcheck("export", "two-phase-commit", "--managers", "2", "--tweak", "commit-early", "-f", "tla", "-o", "a/b")
    assert (ran.status, ran.err) == (0, "")
    assert {p.name for p in Path("a/b").iterdir()} == {
        "CommitsEarly.tla",
        "CommitsEarly.cfg",
        "CommitsEarlyLiveness.cfg",
        "TCommit.tla",
        "TCommit.cfg",
    }
    assert ran.out.splitlines()[-1] == "check   cd a/b && java -cp tla2tools.jar tlc2.TLC CommitsEarly"
    assert "  RM = {r0, r1}\n" in Path("a/b/CommitsEarly.cfg").read_text()


def test_the_same_specification_gives_the_same_bytes(mcheck: Call) -> None:
    for folder in ("one", "two"):
        assert mcheck("export", "toys.py:Lock", "-f", "tla", "-o", folder).status == 0
    for file in Path("one").iterdir():
        assert file.read_bytes() == (Path("two") / file.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tcommit", "-f", "tla"], "say where to: mcheck export tcommit -f tla -o DIR"),
        (["tcommit", "-f", "itf", "-o", "x"], "-f itf is the format of a trace: mcheck export TRACE -f itf; a specification is -f tla"),
        (["tcomit", "-f", "tla", "-o", "x"], "no protocol 'tcomit' (did you mean 'tcommit'?); `mcheck list` shows all, path/to/file.py:Class runs your own"),
        (["tcommit", "-f", "tla", "-o", "toys.py"], "-o toys.py: is a file: modules are written into a folder"),
        (["x.itf.json", "-f", "tla"], "-f tla writes a specification, not a trace: mcheck export PROTOCOL -f tla -o DIR"),
    ],
)  # fmt: skip
def test_a_specification_needs_its_format_and_a_folder(mcheck: Call, arguments: list[str], words: str) -> None:
    assert mcheck("export", *arguments) == Ran(2, "", f"mcheck: {words}\n")
