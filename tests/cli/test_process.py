"""The command as a process: pipes, signals, encodings, full disks, and how soon it answers."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import TOYS

from mcheck import options
from mcheck.checker import engines

SCRIPT = [sys.executable, "-c", "from mcheck.cli import main; main()"]


def start(*arguments: str, cwd: Path, **environment: str) -> subprocess.Popen[bytes]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MCHECK_")}
    return subprocess.Popen(
        [*SCRIPT, *arguments],
        cwd=cwd,
        env={**clean, "COLUMNS": "100", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_plain_ascii_where_the_terminal_knows_no_more(tmp_path: Path) -> None:
    status, out, err = finish(
        start(f"{TOYS}:Lock", "--tweak", "grants-twice", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    )
    assert (status, err) == (1, b"")
    assert out.isascii()
    assert b"(1) n0: mode HOLDING" in out and b"<- violates" in out and b"requests <= 2" in out


def test_a_reader_that_has_gone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        check=False, args=[*SCRIPT, f"{TOYS}:TwoJugs"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [[f"{TOYS}:TwoJugs"], ["--help"], ["list"]])
def test_a_full_disk_under_the_result(tmp_path: Path, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            check=False, args=[*SCRIPT, *arguments], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert ran.returncode == 4
    assert ran.stderr == b"mcheck: the result cannot be written: No space left on device\n"


def test_a_trace_that_cannot_be_saved_does_not_cost_the_result(tmp_path: Path) -> None:
    (tmp_path / "mcheck-out").write_text("in the way")
    status, out, err = finish(start(f"{TOYS}:TwoJugs", cwd=tmp_path))
    assert status == 1
    assert b"VIOLATED Not four gallons" in out and b"saved" not in out
    assert err.startswith(b"mcheck: the trace could not be saved in mcheck-out: ") and err.count(b"\n") == 1


def test_an_interrupt_ends_in_a_partial_result(tmp_path: Path) -> None:
    process = start("paxos", "--max-ballot", "2", "--engine", "reference", cwd=tmp_path)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (status, err) == (130, b"")
    assert "INCONCLUSIVE: interrupted." in out.decode()


def test_an_interrupt_before_the_search_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(30)\n")
    process = start("slow.py", cwd=tmp_path)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert finish(process) == (130, b"", b"mcheck: interrupted\n")


def test_help_comes_at_once(tmp_path: Path) -> None:
    """Measured in processor time, which other processes do not lengthen much."""
    best = 9.9
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        status, out, _ = finish(start("--help", cwd=tmp_path))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert status == 0 and b"simulate" in out
    assert best < 0.25  # the promise is 0.15 s on an idle machine


def test_help_imports_no_model_and_no_optional_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mcheck.cli import status_of\nstatus_of(['--help'])\n"
        "heavy = ('rich', 'itf_py', 'hypothesis', 'mcheck.models', 'mcheck.checker', 'mcheck.counterexamples')\n"
        "found = [m for m in sys.modules if m.startswith(heavy)]\n"
        "assert not found, found\n"
    )
    ran = subprocess.run(
        check=False, args=[sys.executable, "-c", code], cwd=tmp_path, capture_output=True, timeout=60, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_the_trace_has_the_same_name_for_every_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "2", "3"):
        finish(start(f"{TOYS}:Lock", "--tweak", "grants-twice", cwd=tmp_path, PYTHONHASHSEED=seed))
    assert len(list((tmp_path / "mcheck-out").iterdir())) == 1


def test_completion_knows_protocols_tweaks_and_options(tmp_path: Path) -> None:
    def complete(words: str, number: int) -> list[str]:
        _, out, _ = finish(
            start(cwd=tmp_path, _MCHECK_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(number))
        )
        return [line.partition(",")[2] for line in out.decode().split()]

    assert "paxos" in complete("mcheck pa", 1)
    assert "--max-ballot" in complete("mcheck paxos --max-", 2)
    assert complete("mcheck paxos --tweak forg", 3) == ["forget-promise"]
    for shell in ("bash", "zsh", "fish"):
        status, out, _ = finish(start("completion", shell, cwd=tmp_path))
        assert status == 0 and b"_MCHECK_COMPLETE" in out


def test_help_knows_the_engines_there_are() -> None:
    """The options name them without loading one."""
    assert options.ENGINES == engines.ENGINES
