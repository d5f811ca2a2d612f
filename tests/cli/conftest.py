"""One place to call the command from: a fresh directory, no settings, 100 columns, no colour."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcheck.cli import status_of

TOYS = Path(__file__).with_name("toys.py")


@dataclass(frozen=True)
class Ran:
    """What one call of the command left behind."""

    status: int
    out: str
    err: str


Call = Callable[..., Ran]


@pytest.fixture
def mcheck(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Calls the command in an empty directory that has a copy of the toys."""
    for name in list(os.environ):
        if name.startswith("MCHECK_") or name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toys.py").write_bytes(TOYS.read_bytes())

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        status = status_of(arguments)
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return call
