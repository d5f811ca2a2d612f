"""The rooms and the arrows between them: who may import whom, and which library is imported where."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "spec": {"spec"},
    "checker": {"spec", "checker"},
    "models": {"spec", "models"},
    "counterexamples": {"spec", "counterexamples"},
}
HOME_OF_LIBRARY = {
    "click": {"src"},
    "rich": set(),  # plain ANSI is enough
    "hypothesis": {"src/mcheck/testing/"},
    "itf_py": {"counterexamples"},
    "networkx": {"counterexamples/graphs/drawing.py"},
    "pygraphviz": {"counterexamples/graphs/drawing.py"},
    "llvmlite": {"checker/native", "checker/engines.py"},
    "numpy": {"checker/liveness", "checker/valency"},
    "scipy": {"checker/liveness"},
    "resvg_py": {"counterexamples/picture/png.py"},
    "z3": {"checker/symbolic/solver.py", "checker/smt/terms.py", "checker/smt/questions.py"},
}


@functools.cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """(dotted name, line) of everything a file imports."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield node.module or "", node.lineno


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_arrows_point_one_way(room: str) -> None:
    wrong = []
    for path in files(room):
        for name, line in imports(path):
            parts = name.split(".")
            if parts[0] == "mcheck" and (len(parts) < 2 or parts[1] not in ALLOWED[room]):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert files(room)
    assert wrong == []


def test_the_language_needs_the_standard_library_only() -> None:
    foreign = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files("spec")
        for name, line in imports(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "mcheck", "annotationlib"}
    ]
    assert foreign == []


def test_models_are_written_in_the_public_languages() -> None:
    """That of specifications, and that of proofs."""
    inner = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files("models")
        for name, line in imports(path)
        if name.startswith("mcheck.spec.") and name != "mcheck.spec.relational"
    ]
    assert inner == []


@pytest.mark.parametrize("library", sorted(HOME_OF_LIBRARY))
def test_each_library_has_one_home(library: str) -> None:
    homes = HOME_OF_LIBRARY[library]
    strangers = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in (*ALLOWED, "src/mcheck")
        for path in files(room)
        if "src" not in path.relative_to(ROOT).parts[:1] or not path.is_symlink()
        for name, line in imports(path)
        if name.split(".")[0] == library and not any(str(path.relative_to(ROOT)).startswith(home) for home in homes)
    ]
    assert strangers == []
