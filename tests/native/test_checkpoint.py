"""Checkpoints: a search that goes on from any of them answers as if nothing had happened; a damaged one is refused."""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mcheck.checker import Limits, Progress, Verdict
from mcheck.checker.engines import search as search_by_engine
from mcheck.checker.native import checkpoint, engine
from mcheck.checker.native import search as native_search
from mcheck.checker.native.checkpoint import FILE, Checkpoints, Stored
from mcheck.checker.native.core import Identity
from mcheck.checker.native.engine import explore
from mcheck.checker.native.memory import Memory
from mcheck.models.paxos import Paxos
from mcheck.models.raft import Raft
from mcheck.models.two_phase_commit import CommitsEarly, TwoPhaseCommit
from mcheck.spec import Instance, UsageError

SCRIPT = [sys.executable, "-c", "from mcheck.cli import main; main()"]


class Always(Checkpoints):
    """A checkpoint at every moment there is, each kept in a folder of its own; then, on request, the end."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.copies: list[Path] = []

    def due(self) -> bool:
        return True

    def save(self, identity: dict[str, Any], facts: dict[str, Any], sections: checkpoint.Sections) -> bool:
        saved = super().save(identity, facts, sections)
        copy = self.folder / str(len(self.copies))
        copy.mkdir()
        shutil.copy(self.folder / FILE, copy)
        self.copies.append(copy)
        return saved


def told(verdict: Verdict) -> dict[str, Any]:
    """Everything that a verdict says, but for the time and memory it took."""
    fields = {f.name: getattr(verdict, f.name) for f in dataclasses.fields(verdict)}
    for name in ("instance", "seconds", "peak_rss_mb"):
        del fields[name]
    fields["properties"] = [
        (p.rule.name, p.finding, p.arguments, p.behavior and (p.behavior.labels, p.behavior.states))
        for p in verdict.properties
    ]
    fields["deadlock"] = verdict.deadlock and verdict.deadlock.labels
    return fields


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many moments within a level."""
    monkeypatch.setattr(native_search, "_FEWEST", 40)
    monkeypatch.setattr(native_search, "_MOST", 40)
    monkeypatch.setattr(engine, "_AGREEMENT_SECONDS", 0.001)


CASES: dict[str, tuple[Callable[[], Instance], dict[str, Any]]] = {
    "two-phase commit": (lambda: TwoPhaseCommit(managers=4).instance, {}),
    "orbits": (lambda: TwoPhaseCommit(managers=5).instance, {"symmetry": True}),
    "128 bits": (lambda: TwoPhaseCommit(managers=3).instance, {"identity": Identity.LONG}),
    "exact": (lambda: TwoPhaseCommit(managers=4).instance, {"identity": Identity.EXACT}),
    "a violation": (lambda: CommitsEarly(managers=4).instance, {"properties": ["Consistent"]}),
    "going on": (lambda: CommitsEarly(managers=4).instance, {"keep_going": True}),
    "a depth": (lambda: Raft().instance, {"limits": Limits(depth=6), "symmetry": True}),
    "rows of several words": (lambda: Paxos().instance, {"limits": Limits(depth=7)}),
    "deadlock": (lambda: TwoPhaseCommit(managers=3).instance, {"deadlock_is_error": True}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_resumed_search_answers_as_an_uninterrupted_one(
    case: str, threads: int, tmp_path: Path, small_batches: None
) -> None:
    make, options = CASES[case]
    expected = told(explore(make(), **options))
    kept = Always(tmp_path)
    assert told(explore(make(), threads=threads, checkpoints=kept, **options)) == expected
    assert len(kept.copies) >= 3
    for number in sorted({1, len(kept.copies) // 2, len(kept.copies) - 1}):
        folder = kept.copies[number]
        goes_on = Checkpoints(folder, source=folder)
        other = 1 + (threads + number) % 3
        assert told(explore(make(), threads=other, checkpoints=goes_on, **options)) == expected, (number, other)


def test_most_checkpoints_lie_within_a_level(tmp_path: Path, small_batches: None) -> None:
    kept = Always(tmp_path)
    verdict = explore(TwoPhaseCommit(managers=4).instance, checkpoints=kept)
    heads = [Stored(folder).head.facts for folder in kept.copies]
    amid = [f for f in heads if f["expanded"] > sum(f["levels"][:-1]) and f["distinct"] > sum(f["levels"])]
    assert len(amid) > len(verdict.levels)


def test_a_resumed_search_can_be_stopped_and_resumed_again(tmp_path: Path, small_batches: None) -> None:
    instance = TwoPhaseCommit(managers=5).instance
    expected = told(explore(instance))
    seen, source, distinct = 0, None, [0]
    while True:
        limits = Limits(states=distinct[-1] + 1500)
        verdict = explore(instance, limits=limits, checkpoints=Checkpoints(tmp_path, source=source))
        seen, source = seen + 1, tmp_path
        if verdict.reason is None:
            break
        distinct.append(verdict.distinct)
        assert verdict.distinct == limits.states and verdict.reason.startswith("limit of")
    assert seen == 6
    assert told(dataclasses.replace(verdict, limits=Limits())) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_the_end_by_a_wish_of_the_caller_leaves_a_checkpoint(
    threads: int, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it comes: while a table grows, while threads are under way."""
    monkeypatch.setattr("mcheck.checker.limits._BEAT", 0.0)
    monkeypatch.setattr(native_search, "_MOST", 40 // threads**2)
    monkeypatch.setattr(native_search, "_FEWEST", 40 // threads**2)
    monkeypatch.setattr("mcheck.checker.native.visited._FIRST_SLOTS", 64)
    monkeypatch.setattr("mcheck.checker.native.visited._SWEEP", 37)
    instance = TwoPhaseCommit(managers=4).instance
    expected = told(explore(instance))
    for k, after in enumerate((3, 10, 11, 12, 30, 57)):
        calls = iter(range(10**9))

        def stop(_: Progress, calls: Iterator[int] = calls, after: int = after) -> None:
            if next(calls) == after:
                raise KeyboardInterrupt

        folder = tmp_path / str(k)
        verdict = explore(instance, threads=threads, progress=stop, checkpoints=Checkpoints(folder))
        assert verdict.reason == "interrupted" and 0 < verdict.distinct < 1568
        head = Stored(folder).head.facts
        assert (head["distinct"], head["expanded"]) == (verdict.distinct, verdict.distinct - verdict.unexpanded)
        assert told(explore(instance, checkpoints=Checkpoints(folder, source=folder))) == expected


def test_a_wish_to_end_waits_while_a_table_grows(
    tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been moved is gone from the old table, as it is of a large one."""

    def forget(memory: Memory, start: int, stop: int) -> None:
        ctypes.memset(memory.address + start, 0, max(0, min(stop, memory.size) - start))

    monkeypatch.setattr(Memory, "release", forget)
    monkeypatch.setattr("mcheck.checker.limits._BEAT", 0.0)
    monkeypatch.setattr("mcheck.checker.native.visited._FIRST_SLOTS", 64)
    monkeypatch.setattr("mcheck.checker.native.visited._SWEEP", 37)
    instance = TwoPhaseCommit(managers=4).instance
    expected = told(explore(instance))
    stopped = []

    def stop(progress: Progress) -> None:
        frame = sys._getframe()
        while frame.f_back is not None and frame.f_code.co_name != "_rehash":
            frame = frame.f_back
        if (
            frame.f_code.co_name == "_rehash"
            and progress.distinct > 100
            and frame.f_locals["arguments"][2] > 37
            and not stopped
        ):
            stopped.append(progress.distinct)
            raise KeyboardInterrupt

    verdict = explore(instance, progress=stop, checkpoints=Checkpoints(tmp_path))
    assert stopped and verdict.reason == "interrupted"
    assert told(explore(instance, checkpoints=Checkpoints(tmp_path, source=tmp_path))) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_that_runs_out_leaves_a_checkpoint(
    threads: int, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = TwoPhaseCommit(managers=4).instance
    expected = told(explore(instance))
    grow = Memory.grow

    def refuse(memory: Memory, size: int) -> None:
        if 2 * 1000 < size < 2 * 1400 and sys._getframe(1).f_code.co_name == "_make_room":
            raise MemoryError
        grow(memory, size)

    with monkeypatch.context() as patched:
        patched.setattr(Memory, "grow", refuse)
        verdict = explore(instance, threads=threads, checkpoints=Checkpoints(tmp_path))
    assert verdict.reason == "out of memory"
    assert told(explore(instance, checkpoints=Checkpoints(tmp_path, source=tmp_path))) == expected


def test_seconds_add_up(tmp_path: Path) -> None:
    instance = TwoPhaseCommit(managers=4).instance
    explore(instance, limits=Limits(states=500), checkpoints=Checkpoints(tmp_path))
    file = Stored(tmp_path)
    head = dataclasses.replace(file.head, facts={**file.head.facts, "seconds": 1000.0})
    pieces = [(name, size, [_read(file, size)]) for name, size in head.sections.items()]
    checkpoint._write(tmp_path / FILE, head, pieces)
    assert 1000 < explore(instance, checkpoints=Checkpoints(tmp_path, source=tmp_path)).seconds < 1100


def _read(file: Stored, size: int) -> bytes:
    memory = bytearray(size)
    file.fill(memoryview(memory))
    return bytes(memory)


# ---------------------------------------------------------------------- refused


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    explore(TwoPhaseCommit(managers=4).instance, limits=Limits(states=900), checkpoints=Checkpoints(folder))
    return (folder / FILE).read_bytes()


def _flipped(at: float) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        k = int(at * (len(data) - 1))
        return data[:k] + bytes([data[k] ^ 4]) + data[k + 1 :]

    return flip


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "magic only": lambda data: data[:20],
    "cut in the head": lambda data: data[:100],
    "cut in the rows": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "one byte long": lambda data: data + b"\0",
    "foreign": lambda data: b"\x7fELF" + data[4:],
    "another version": lambda data: data.replace(b"checkpoint 1", b"checkpoint 2", 1),
    "zeros": lambda data: bytes(len(data)),
    "a zeroed page": lambda data: data[:4096] + bytes(4096) + data[8192:],
    "an enormous head": lambda data: data[:20] + b"\xff" * 8 + data[28:],
    **{f"flipped at {k}%": _flipped(k / 100) for k in (0, 1, 5, 10, 25, 50, 75, 90, 100)},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(damage: str, sound: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(DAMAGES[damage](sound))
    with pytest.raises(UsageError, match=r"is damaged: .*; delete it and start anew with --checkpoint") as refused:
        explore(TwoPhaseCommit(managers=4).instance, checkpoints=Checkpoints(tmp_path, source=tmp_path))
    assert "\n" not in str(refused.value)


def test_the_sound_one_is_not(sound: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(sound)
    goes_on = Checkpoints(tmp_path, source=tmp_path)
    assert explore(TwoPhaseCommit(managers=4).instance, checkpoints=goes_on).distinct == 1568


class WithAnotherRule(TwoPhaseCommit):
    """Under the same name, another text."""

    def tm_abort(self, s: Any) -> Any:
        return super().tm_abort(s)


OTHERS: dict[str, tuple[Callable[[], Instance], dict[str, Any], str]] = {
    "constants": (lambda: TwoPhaseCommit(managers=5).instance, {}, "managers: it has 4, this run 5"),
    "tweak": (lambda: CommitsEarly(managers=4).instance, {}, "specification: it has TwoPhaseCommit, this run Commits"),
    "protocol": (lambda: Paxos().instance, {}, "specification: it has TwoPhaseCommit, this run Paxos"),
    "depth": (
        lambda: TwoPhaseCommit(managers=4).instance,
        {"limits": Limits(depth=9)},
        "depth: it has none, this run 9",
    ),
    "properties": (lambda: TwoPhaseCommit(managers=4).instance, {"properties": ["Consistent"]}, "properties: it has"),
    "symmetry": (lambda: TwoPhaseCommit(managers=4).instance, {"symmetry": True}, "symmetry: it has false, this run"),
    "exact": (lambda: TwoPhaseCommit(managers=4).instance, {"identity": Identity.EXACT}, "states compared: it has"),
    "keep going": (lambda: TwoPhaseCommit(managers=4).instance, {"keep_going": True}, "keep going: it has false"),
    "deadlock": (lambda: TwoPhaseCommit(managers=4).instance, {"deadlock_is_error": True}, "properties: it has"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_search_is_refused(other: str, sound: bytes, tmp_path: Path) -> None:
    make, options, says = OTHERS[other]
    (tmp_path / FILE).write_bytes(sound)
    with pytest.raises(UsageError) as refused:
        explore(make(), checkpoints=Checkpoints(tmp_path, source=tmp_path), **options)
    assert says in str(refused.value) and "--checkpoint and another folder" in str(refused.value)


@pytest.mark.parametrize("what", ["mcheck version", "compiled program", "initial states"])
def test_a_checkpoint_of_another_text_is_refused(what: str, sound: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(sound)
    file = Stored(tmp_path)
    head = dataclasses.replace(file.head, identity={**file.head.identity, what: "0"})
    checkpoint._write(tmp_path / FILE, head, [(n, size, [_read(file, size)]) for n, size in head.sections.items()])
    with pytest.raises(UsageError, match=f"another search: {what}: "):
        explore(TwoPhaseCommit(managers=4).instance, checkpoints=Checkpoints(tmp_path, source=tmp_path))


def test_the_reference_engine_has_no_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--checkpoint and --resume need the native engine"):
        search_by_engine(TwoPhaseCommit().instance, "reference", checkpoints=Checkpoints(tmp_path))


def test_nothing_to_resume_and_nowhere_to_write(tmp_path: Path, sound: bytes) -> None:
    with pytest.raises(UsageError, match="holds no checkpoint"):
        explore(TwoPhaseCommit().instance, checkpoints=Checkpoints(tmp_path, source=tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"no checkpoint can be written in .*file"):
        Checkpoints(tmp_path / "file")
    (tmp_path / FILE).write_bytes(sound)
    with pytest.raises(UsageError, match="holds the checkpoint of another run: go on from it with --resume"):
        Checkpoints(tmp_path)


# ---------------------------------------------------------------------- a full disk


@pytest.mark.parametrize("written", [0, 500, 5000])
def test_a_full_disk_costs_a_checkpoint_and_nothing_else(
    written: int, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = TwoPhaseCommit(managers=4).instance
    warnings: list[str] = []
    kept = Always(tmp_path, warn=warnings.append)
    write, left = checkpoint._write_all, [100_000]

    def full(file: Any, piece: memoryview | bytes) -> None:
        if len(kept.copies) >= 3:
            left[0] = min(left[0], written) - len(piece)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        write(file, piece)

    monkeypatch.setattr(checkpoint, "_write_all", full)
    assert told(explore(instance, checkpoints=kept)) == told(explore(instance))
    assert len(warnings) == 1
    assert "No space left on device; the former one stays, and the search goes on" in warnings[0]
    assert len({(copy / FILE).read_bytes() for copy in kept.copies[3:]}) == 1
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [FILE]


# ---------------------------------------------------------------------- the command


def start(*arguments: str, cwd: Path, script: Sequence[str] = SCRIPT) -> subprocess.Popen[bytes]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MCHECK_") or k == "MCHECK_CACHE_DIR"}
    return subprocess.Popen([*script, *arguments], cwd=cwd, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*arguments: str, cwd: Path, script: Sequence[str] = SCRIPT) -> tuple[int, str, str]:
    process = start(*arguments, cwd=cwd, script=script)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


def untimed(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if '"seconds": ' not in line and '"peak_rss_mb"' not in line)


SEVEN = ["two-phase-commit", "--managers", "7", "--no-symmetry", "--json"]
EIGHT = ["two-phase-commit", "--managers", "8", "--no-symmetry", "--json"]


def test_options_come_from_the_checkpoint(tmp_path: Path) -> None:
    asked = ["two-phase-commit", "--tweak", "commits-early", "--managers", "5", "--no-symmetry", "--keep-going"]
    _, expected, _ = run(*asked, "--json", cwd=tmp_path)
    assert run(*asked, "--checkpoint", "kept", "--max-states", "3000", cwd=tmp_path)[0] in (1, 3)
    refused = [
        (["--managers", "6"], "--managers 6 contradicts the checkpoint in kept (5)"),
        (["--depth", "3"], "--depth 3 contradicts the checkpoint in kept (not given)"),
        (["--symmetry"], "--symmetry True contradicts the checkpoint in kept"),
        (["--engine", "reference"], "need the native engine"),
    ]
    for more, says in refused:
        status, out, err = run("two-phase-commit", "--resume", "kept", *more, cwd=tmp_path)
        assert (status, out, err.count("\n")) == (2, "", 1) and says in err
    assert "is of two-phase-commit, not paxos" in run("paxos", "--resume", "kept", cwd=tmp_path)[2]
    status, out, _ = run(
        "two-phase-commit", "--resume", "kept", "--managers", "5", "--json", "--workers", "2", cwd=tmp_path
    )
    assert (status, untimed(out)) == (1, untimed(expected))
    assert not list((tmp_path / "kept").iterdir())


def test_a_limit_on_files_is_survived(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
    limited = [*SCRIPT[:2], limit + SCRIPT[2]]
    _, expected, _ = run(*SEVEN, cwd=tmp_path)
    status, out, err = run(
        *SEVEN, "--checkpoint", "kept", "--checkpoint-interval", "0.01", cwd=tmp_path, script=limited
    )
    assert (status, untimed(out), err.count("\n")) == (0, untimed(expected), 1)
    assert "no checkpoint could be written in kept: File too large" in err


def test_ctrl_c_leaves_a_checkpoint(tmp_path: Path) -> None:
    larger = ["two-phase-commit", "--managers", "9", "--no-symmetry", "--json"]
    process = start(*larger, "--checkpoint", "kept", "--checkpoint-interval", "0.05", cwd=tmp_path)
    while not (tmp_path / "kept" / FILE).exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    document = json.loads(out)
    assert (process.returncode, document["reason"]) == (130, "interrupted")
    head = checkpoint.head_of(tmp_path / "kept").facts
    assert (head["distinct"], head["levels"]) == (document["distinct"], document["levels"][: len(head["levels"])])


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments(kills: int, tmp_path: Path) -> None:
    """Whoever is killed is followed by a run with another number of threads, from the checkpoint if there is one; what each leaves is also completed.

    Half of the kills come at any moment, half while checkpoints are being written.
    """
    run(*EIGHT, cwd=tmp_path)
    begun = time.monotonic()
    _, expected, _ = run(*EIGHT, cwd=tmp_path)
    usual = time.monotonic() - begun
    chance = random.Random(kills)
    killed = finished = while_writing = completed = 0
    while killed < kills or finished == 0:
        resumable = (tmp_path / "kept" / FILE).exists()
        how = ["--resume", "kept", "--json"] if resumable else ["--checkpoint", "kept", *EIGHT[1:]]
        interval = ["--checkpoint-interval", "0.002", "--workers", str(chance.choice((1, 2, 3)))]
        process = start("two-phase-commit", *how, *interval, cwd=tmp_path)
        if killed < kills and _dies(process, tmp_path / "kept", chance, usual):
            killed += 1
            while_writing += any((tmp_path / "kept").glob("unfinished-*"))
            if (tmp_path / "kept" / FILE).exists():
                shutil.copytree(tmp_path / "kept", tmp_path / "copy")
                status, end, said = run("two-phase-commit", "--resume", "copy", "--json", cwd=tmp_path)
                assert (status, untimed(end), said) == (0, untimed(expected), "")
                shutil.rmtree(tmp_path / "copy")
                completed += 1
            continue
        out, err = process.communicate(timeout=100)
        assert (process.returncode, err) == (0, b"")
        assert untimed(out.decode()) == untimed(expected)
        finished += 1
    print(f"{killed} kills, {while_writing} while writing, {completed} completed, {finished} finished by themselves")
    assert completed >= kills // 2 and while_writing


def _dies(process: subprocess.Popen[bytes], folder: Path, chance: random.Random, usual: float) -> bool:
    """Whether it could be killed before it was done, which without checkpoints takes `usual` seconds on this machine now."""
    begun, others = time.monotonic(), set(folder.glob("unfinished-*"))
    wait = usual * chance.uniform(0.4, 2.0)
    if chance.random() < 0.5:
        while process.poll() is None and not set(folder.glob("unfinished-*")) - others:
            time.sleep(0.0005)
        wait = chance.choice((0.0, usual * chance.uniform(0, 0.1)))
        begun = time.monotonic()
    while process.poll() is None and time.monotonic() < begun + wait:
        time.sleep(0.0005)
    if process.poll() is not None:
        return False
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL
