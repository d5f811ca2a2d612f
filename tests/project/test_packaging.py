"""What is in the tree is in the wheel, and what the README says to type is what the test job runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("spec", "checker", "models", "counterexamples")


def sources() -> set[str]:
    """The modules of the tree under the names they have when installed."""
    rooms = {f"mcheck/{p.relative_to(ROOT)}" for room in ROOMS for p in (ROOT / room).rglob("*.py")}
    hallway = {
        f"mcheck/{p.relative_to(ROOT / 'src/mcheck')}"
        for folder, _, names in os.walk(ROOT / "src/mcheck", followlinks=False)
        for p in (Path(folder) / n for n in names)
        if p.suffix == ".py"
    }
    return rooms | hallway | {"pytest_mcheck.py"}


def test_the_wheel_holds_every_module(tmp_path: Path) -> None:
    pytest.importorskip("build")
    copy = tmp_path / "tree"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "mcheck-out"
    )
    shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
    made = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".py")}
    assert packed == sources()


def test_the_rooms_are_linked_into_the_hallway() -> None:
    for room in ROOMS:
        link = ROOT / "src/mcheck" / room
        assert link.is_symlink()
        assert link.resolve() == ROOT / room


def test_the_readme_has_the_two_commands() -> None:
    lines = [line.strip() for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if line.startswith("python3 -m venv ")]
    assert len(commands) == 2
    assert any("mcheck raft --nodes 3 --depth 12" in c for c in commands)
    assert any("pytest" in c for c in commands)


def test_the_architecture_page_stays_short() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 88
