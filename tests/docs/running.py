"""Runs what the pages show: python blocks in a module, refused ones for their message, commands in a directory."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.docs.pages import ROOT, Block

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.spec import McheckError, Spec
from mcheck.spec.tracing.trace import trace

_OURS = ("MCHECK_", "FORCE_COLOR")
_COMMANDS = {
    "mcheck": [sys.executable, "-c", "from mcheck.cli import main; main()"],
    "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"],
}


def run_python(page: Path, blocks: list[Block]) -> list[str]:
    """Run the python blocks of a page; what is not as the page says: a refusal in other words, a spec that is no use."""
    module = types.ModuleType(f"page_{page.stem.replace('-', '_').lower()}")
    sys.modules[module.__name__] = module
    wrong = []
    for block in blocks:
        if block.language != "python":
            continue
        if block.message is None:
            before = dict(vars(module))
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), vars(module))
            shown = _defined(before, vars(module)) if block.file is None else []  # a file is run by its commands
            wrong += [f"{page.name}:{block.line}: {why}" for spec in shown for why in _uncompiled(spec)]
            continue
        said = refusal(block, vars(module))
        if said != (STAGES.get(block.heading), block.message):
            wrong.append(f"{page.name}:{block.line}: {block.heading}: {said}")
    return wrong


STAGES = {
    "When the file is loaded": "class",
    "When the constants are fixed": "instance",
    "When the spec is traced": "trace",
    "When it runs": "run",
}
"""The headings under which the guide promises that a mistake is found, and what must find it."""


def _defined(before: dict[str, Any], scope: dict[str, Any]) -> list[type[Spec[Any]]]:
    """The specs in `scope` that were not there before."""
    fresh = [v for k, v in scope.items() if v is not before.get(k)]
    return [v for v in fresh if isinstance(v, type) and issubclass(v, Spec) and v.__module__ == scope["__name__"]]


def _uncompiled(spec: type[Spec[Any]]) -> list[str]:
    """Why a spec that a page shows as right is not searched by the native engine; nothing if it is."""
    if spec.init is Spec.init:
        return []  # an excerpt
    verdict = search(spec().instance, limits=Limits(depth=2))
    return [f"{spec.__name__}: {note}" for note in verdict.notes if "engine" in note]


def refusal(block: Block, scope: dict[str, Any]) -> tuple[str, str]:
    """When the block is refused, and the message."""
    before = dict(scope)
    stage = "class"
    try:
        exec(compile(block.text, "spec.py", "exec"), scope)
        stage = "instance"
        instance = _defined(before, scope)[-1]().instance
        stage = "trace"
        trace(instance)
        stage = "run"
        search(instance, limits=Limits(states=2_000))
    except McheckError as error:
        return stage, str(error)
    return "never", "nothing is refused"


def run_command(typed: str, directory: Path) -> str:
    """What a command prints in that directory, output and errors, at 100 columns and without colour."""
    words = [w for word in shlex.split(typed) for w in _expanded(word, directory)]
    assert words[0] in _COMMANDS, f"only mcheck and pytest are run: {typed}"
    environment = {k: v for k, v in os.environ.items() if k == "MCHECK_CACHE_DIR" or not k.startswith(_OURS)}
    environment |= {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*_COMMANDS[words[0]], *words[1:]],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return done.stdout


def _expanded(word: str, directory: Path) -> list[str]:
    """A word as a shell expands it."""
    return [p.relative_to(directory).as_posix() for p in sorted(directory.glob(word))] if "*" in word else [word]


def missing_line(shown: tuple[str, ...], printed: str) -> str | None:
    """The first shown line that the output does not have, after the one before it; None if all are there.

    Of a table of steps only the number and the action of each step are compared: the rest is layout.
    """
    lines = iter(_key_lines(printed.splitlines()))
    for line in _key_lines(shown):
        if line == "...":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("...")))
        if not any(pattern.fullmatch(real) for real in lines):
            return line
    return None


_TABLE = re.compile(r"^\s+#\s+action\b")
_ROW = re.compile(r"^\s*>?\s*(\d+)\s+(\w+)")


def _key_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines to compare: tables reduced to their steps, everything else without what may differ."""
    inside = False
    for line in lines:
        inside = _TABLE.match(line) is not None or (inside and not line.lstrip().startswith("saved"))
        row = _ROW.match(line)
        if inside and row is not None:
            yield f"{row[1]} {row[2]}"
        elif not inside and line.strip():
            yield _plain(line)


_LOOSE = (
    (re.compile(r"\b[\d.,]+ (s|MB)\b"), r"# \1"),
    (re.compile(r"[\d,.]+/s\b"), "#/s"),
    (re.compile(r"\bcollision bound \S+$"), "collision bound #"),
    (re.compile(r"^mcheck \d\S* · "), "mcheck # · "),
    (re.compile(r"-[0-9a-f]{6,64}(?=\.itf\.json)"), "-#"),
    (re.compile(r"\s+"), " "),
)


def _plain(line: str) -> str:
    """The line without what differs from one machine or version to the next: times, memory, names by content."""
    for pattern, instead in _LOOSE:
        line = pattern.sub(instead, line)
    return line.strip()


def workplace(directory: Path) -> Path:
    """A directory in which the commands of a page run as at the root of a checkout."""
    for name in ("docs", "examples"):
        (directory / name).symlink_to(ROOT / name)
    return directory
