"""Types, lint and format: what an editor would say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def clean(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("arguments", [("check", "."), ("format", "--check", ".")], ids=["lint", "format"])
def test_ruff(arguments: tuple[str, ...]) -> None:
    pytest.importorskip("ruff")
    clean(sys.executable, "-m", "ruff", *arguments)


def test_mypy_strict() -> None:
    pytest.importorskip("mypy")
    clean(sys.executable, "-m", "mypy")


def test_pyright() -> None:
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if pyright is None or shutil.which("node") is None:
        pytest.skip("pyright or node is not installed: pip install -e '.[dev]'")
    clean(pyright)
