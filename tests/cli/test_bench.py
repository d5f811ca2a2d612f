"""mcheck bench: who takes part, what is believed, what is shown, and that nothing wrong is ever given a speed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.cli.conftest import Call

from mcheck.benchmark import contestants
from mcheck.benchmark.contestants import Contestant, Entry, Reading, Rumur, Spin, Tlc, Unfit
from mcheck.benchmark.machine import this_machine
from mcheck.benchmark.plot import plot
from mcheck.benchmark.processes import Ended, measured
from mcheck.benchmark.race import Race
from mcheck.benchmark.subjects import MODELS, SUBJECTS, Subject
from mcheck.benchmark.tables import COLUMNS, Report

BY_NAME = {s.name: s for s in SUBJECTS}
SMALL = BY_NAME["two-phase-commit-5"]


class Clockwork(Contestant):
    """Says what it is told to say, and notes when it was asked."""

    def __init__(self, name: str, distinct: int, diary: list[str], interrupt_at: int = 0) -> None:
        self.name, self.distinct, self.diary, self.left = name, distinct, diary, interrupt_at

    def missing(self) -> str | None:
        return "it is at lunch" if self.distinct == 0 else None

    def takes(self, subject: Subject) -> bool:
        return True

    def enter(self, subject: Subject, folder: Path) -> Entry:
        return Entry((sys.executable, "-S", "-c", ""), folder)

    def read(self, subject: Subject, ended: Ended) -> Reading:
        self.diary.append(self.name)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return Reading(self.distinct, search=0.5)


def programs(folder: Path, **texts: str) -> str:
    """A PATH of stand-ins: shell scripts by name, and what a shell script needs."""
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    for needed in ("sh", "cat", "chmod"):
        (folder / needed).symlink_to(str(shutil.which(needed)))
    return str(folder)


def report_of(race: Race) -> Report:
    return Report(race, this_machine(), "1.2.3", rounds=2)


# ---------------------------------------------------------------------- processes


def test_a_process_is_measured_from_outside(tmp_path: Path) -> None:
    hungry = "import sys, time; x = bytearray(150 << 20); time.sleep(0.1); print('done'); print('so', file=sys.stderr)"
    ended = measured((sys.executable, "-c", hungry), tmp_path, os.environ, 60)
    assert (ended.status, ended.output, ended.errors, ended.timed_out) == (0, "done\n", "so\n", False)
    assert 150 < ended.peak_mb < 250 and ended.whole >= 0.1 and 0 < ended.cpu < ended.whole + 0.5


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_memory_of_this_process_is_not_taken_for_that_of_a_small_one(tmp_path: Path) -> None:
    ended = measured((str(shutil.which("sleep")), "0.2"), tmp_path, os.environ, 60)
    assert 0 < ended.peak_mb < 10


def test_a_process_that_takes_too_long_ends_with_all_it_started(tmp_path: Path) -> None:
    ended = measured(("sh", "-c", "(sleep 1; touch late) & sleep 60"), tmp_path, os.environ, 0.2)
    assert ended.timed_out and ended.whole < 30
    time.sleep(1.2)
    assert not (tmp_path / "late").exists()


# ---------------------------------------------------------------------- the race


def test_contestants_take_turns(tmp_path: Path) -> None:
    diary: list[str] = []
    right = SMALL.distinct
    race = Race([SMALL], [Clockwork("a", right, diary), Clockwork("b", right, diary)], tmp_path, 60)
    race.run(3)
    assert diary == ["a", "b"] * 3
    assert [len(r.laps) for r in race.results] == [3, 3]
    assert race.results[0].states_per_second == right / 0.5


def test_a_wrong_count_has_no_speed(tmp_path: Path) -> None:
    diary: list[str] = []
    race = Race([SMALL], [Clockwork("liar", SMALL.distinct - 1, diary)], tmp_path, 60)
    race.run(3)
    assert diary == ["liar"], "it does not run again"
    (result,) = race.results
    assert not result.timed and result.wrong_count
    for text in (report_of(race).text(), report_of(race).markdown()):
        assert "WRONG COUNT: 8,831 states, not 8,832; no speed is shown" in text
    (entry,) = report_of(race).document()["results"]
    assert "states_per_second" not in entry
    assert "8,832" not in plot(race.results, "") and "<rect x=" not in plot(race.results, "")


def test_an_interrupt_leaves_what_was_measured(tmp_path: Path) -> None:
    race = Race([SMALL], [Clockwork("a", SMALL.distinct, [], interrupt_at=3)], tmp_path, 60)
    with pytest.raises(KeyboardInterrupt):
        race.run(5)
    assert len(race.results[0].laps) == 2
    assert "17,664" in plot(race.results, "")


def test_who_is_missing_is_said(tmp_path: Path) -> None:
    race = Race([SMALL], [Clockwork("a", 0, [])], tmp_path, 60)
    race.run(1)
    assert race.results == []
    assert "a: left out, it is at lunch" in report_of(race).text()


# ---------------------------------------------------------------------- what others print

PAN = """cat > pan <<'END'
#!/bin/sh
echo "State-vector 20 byte, depth reached 22, errors: ERRORS"
echo "   STORED states, stored"
echo "  2744706 transitions (= stored+matched)"
echo "pan: elapsed time 0.21 seconds"
END
chmod +x pan"""


@pytest.mark.parametrize(
    ("stored", "errors", "words"), [(296_448, 0, None), (260_874, 0, "WRONG COUNT"), (296_448, 1, "error")]
)
def test_spin_is_believed_only_if_it_lost_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: int, errors: int, words: str | None
) -> None:
    gcc = PAN.replace("STORED", str(stored)).replace("ERRORS", str(errors))
    (tmp_path / "bin").mkdir()
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", spin="true", gcc=gcc))
    race = Race([BY_NAME["two-phase-commit-7"]], [Spin()], tmp_path / "run", 60)
    race.run(1)
    (result,) = race.results
    if words is None:
        assert (result.fault, result.search) == (None, 0.21)
    else:
        assert words in str(result.fault) and not result.timed


RUMUR_SAYS = "Status:\n\n\tNo error found.\n\nState Space Explored:\n\n\t296448 states, 2744705 rules fired in 3s.\n"
TLC_SAYS = (
    "Model checking completed. No error has been found.\n"
    "2,744,706 states generated, 296,448 distinct states found, 0 states left on queue.\n"
)


@pytest.mark.parametrize(("contestant", "says"), [(Rumur(), RUMUR_SAYS), (Tlc(), TLC_SAYS)], ids=["rumur", "TLC"])
def test_what_others_print_is_understood(contestant: Contestant, says: str) -> None:
    subject = BY_NAME["two-phase-commit-7"]
    ended = Ended(0, says, "a line of progress", 1.0, 1.0, 1.0)
    assert contestant.read(subject, ended).distinct == subject.distinct
    for damage in (("No error", "An error"), ("distinct states found" if "distinct" in says else "rules fired", "?")):
        with pytest.raises(Unfit):
            contestant.read(subject, replace(ended, output=says.replace(*damage)))


def test_tlc_is_given_the_managers_of_the_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCHECK_TLC", str(tmp_path / "tla2tools.jar"))
    assert "no file" in str(Tlc().missing())
    (tmp_path / "tla2tools.jar").touch()
    entry = Tlc().enter(BY_NAME["two-phase-commit-7"], tmp_path)
    assert "RM = {r0, r1, r2, r3, r4, r5, r6}\n" in (tmp_path / "two_phase_commit.cfg").read_text()
    assert entry.command[-1] == "two_phase_commit.tla" and (tmp_path / "two_phase_commit.tla").exists()


def test_a_verifier_that_cannot_be_built_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, spin="true", gcc="echo 'pan.c: No such file' >&2; exit 1"))
    with pytest.raises(Unfit, match=r"^gcc: pan\.c: No such file$"):
        Spin().enter(BY_NAME["two-phase-commit-7"], tmp_path)


def test_a_model_that_is_not_installed_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants, "MODELS", tmp_path)
    with pytest.raises(Unfit, match=r"the model two_phase_commit\.pml is not installed"):
        Spin().enter(BY_NAME["two-phase-commit-7"], tmp_path)


# ---------------------------------------------------------------------- the models of bench/


def counted(contestant: Contestant, subject: Subject, folder: Path) -> int:
    if why := contestant.missing():
        pytest.skip(why)
    entry = contestant.enter(subject, folder)
    return contestant.read(subject, measured(entry.command, entry.folder, entry.environment, 120)).distinct


@pytest.mark.parametrize("name", ["two-phase-commit-5", "two-phase-commit-7", "paxos-2"])
def test_spin_counts_what_is_pinned(name: str, tmp_path: Path) -> None:
    assert counted(Spin(), BY_NAME[name], tmp_path) == BY_NAME[name].distinct


@pytest.mark.parametrize("name", ["two-phase-commit-5", pytest.param("paxos-2", marks=pytest.mark.slow)])
def test_rumur_counts_what_is_pinned(name: str, tmp_path: Path) -> None:
    assert counted(Rumur(), BY_NAME[name], tmp_path) == BY_NAME[name].distinct


def test_every_model_names_its_source_and_its_counts() -> None:
    models = [p for p in MODELS.iterdir() if p.suffix in (".pml", ".m", ".tla")]
    assert len(models) == 6
    for path in models:
        head = path.read_text(encoding="utf-8")[:1200]
        largest = max(s.distinct for s in SUBJECTS if s.protocol.replace("-", "_") == path.stem)
        assert "Source: " in head and "Modelled: " in head and "Run: " in head and f"{largest:,}" in head, path.name


def test_the_formula_of_two_phase_commit() -> None:
    for subject in SUBJECTS:
        if subject.protocol == "two-phase-commit":
            n = subject.constants["managers"]
            assert subject.distinct == 6**n + 4**n + 2**n


# ---------------------------------------------------------------------- the command


def test_the_command_races_our_engines(mcheck: Call) -> None:
    pytest.importorskip("llvmlite")
    ran = mcheck(
        "bench", "--quick", "--only", SMALL.name, "--only", "mcheck native, 1", "--only", "mcheck reference", "--json"
    )
    assert ran.status == 0, ran.err
    document = json.loads(ran.out)
    native, reference = document["results"]
    assert (native["checker"], reference["checker"]) == ("mcheck native, 1 thread", "mcheck reference")
    assert native["laps"][0]["generated"] == reference["laps"][0]["generated"] == SMALL.generated
    assert native["times_search"] == 1 and reference["times_search"] > 1
    assert 0 < native["search_seconds"] < native["whole_seconds"] and native["first_run_seconds"] > 0


def test_tables_and_plot_are_written(mcheck: Call, tmp_path: Path) -> None:
    files = ("--markdown", "table.md", "--plot", "plot.svg")
    ran = mcheck("bench", "--quick", "--only", SMALL.name, "--only", "mcheck reference", *files)
    assert ran.status == 0, ran.err
    rows = [line for line in (tmp_path / "table.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert len(rows) == 3 and {row.count("|") for row in rows} == {len(COLUMNS) + 1}
    svg = ElementTree.parse(tmp_path / "plot.svg").getroot()
    assert len(svg.findall("{*}rect")) == 2 and svg.find("{*}title") is not None
    assert "two-phase commit, 5 managers: 8,832 states, Consistent checked on every one" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "paxos-3"), "--only: nothing is called 'paxos-3' (did you mean 'paxos-2'?); there are"),
        (("--plot", "no/such/folder.svg"), "no/such/folder.svg: a result is written to a file in a folder that exists"),
        (("--runs", "0"), "--runs must be an integer from 1 to 1,000 (got '0')"),
    ],
)
def test_mistakes_are_one_line(mcheck: Call, arguments: tuple[str, ...], words: str) -> None:
    ran = mcheck("bench", *arguments)
    assert ran.status == 2 and ran.err.count("\n") == 1
    assert words in ran.err


def alone(monkeypatch: pytest.MonkeyPatch, contestant: Contestant) -> None:
    monkeypatch.setattr(contestants, "everybody", lambda: (contestant,))


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: Clockwork("peer", SMALL.distinct, []), 0),
        (lambda: Clockwork("peer", 7, []), 1),
        (lambda: Clockwork("peer", SMALL.distinct, [], interrupt_at=2), 130),
    ],
    ids=["right", "wrong", "interrupted"],
)
def test_the_status_says_how_it_went(
    mcheck: Call, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Contestant], status: int
) -> None:
    alone(monkeypatch, make())
    ran = mcheck("bench", "--only", SMALL.name)
    assert ran.status == status
    assert ("interrupted" in ran.out) == (status == 130) and ("states/s" in ran.out)


def test_a_mistake_of_our_own_is_an_internal_one(mcheck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Clockwork("mcheck", 7, [])
    wrong.ours = True
    alone(monkeypatch, wrong)
    assert mcheck("bench", "--only", SMALL.name).status == 4
