"""The text of a specification: the files that decide what it says, where nothing else does.

What was found out about a spec in an earlier run may be used again only if its text is the same, and if it cannot depend
on anything but its text: not on another file, the environment, the time, or a module whose text is not looked at.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_OURS = "mcheck"
_PURE = frozenset(
    [
        "__future__",
        "abc",
        "bisect",
        "collections",
        "collections.abc",
        "dataclasses",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "math",
        "operator",
        "string",
        "textwrap",
        "types",
        "typing",
        "typing_extensions",
    ]
)
"""Modules that a spec may use without depending on more than its text."""
_ELSEWHERE = frozenset(
    [
        "__builtins__",
        "__file__",
        "__import__",
        "__loader__",
        "__path__",
        "__spec__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "getattr",
        "globals",
        "hash",
        "id",
        "input",
        "locals",
        "open",
        "setattr",
        "vars",
    ]
)
"""Names by which a file can reach what is not in it, or what is not the same in every process."""


def texts_of(cls: type) -> list[Path] | None:
    """The files a spec is written in, sorted: of its classes, and of what those import.  None if it may depend on more.

    Files of mcheck itself are left out, except for models.  Cost: every file is parsed.
    """
    pending = [base.__module__ for base in cls.__mro__ if base is not object and not _is_known(base.__module__)]
    if "<locals>" in cls.__qualname__ or not pending:
        return None
    found: dict[str, Path] = {}
    while pending:
        name = pending.pop()
        if name in found:
            continue
        path = _file_of(sys.modules.get(name))
        imported = None if path is None else _imported_by(path)
        if path is None or imported is None:
            return None
        found[name] = path
        pending += [other for other in imported if not _is_known(other)]
    return sorted(found.values())


def _is_known(module: str) -> bool:
    """Whether a module is the same wherever this version of mcheck and of Python is."""
    ours = module == _OURS or (module.startswith(f"{_OURS}.") and not module.startswith(f"{_OURS}.models"))
    return ours or module in _PURE


def _file_of(module: ModuleType | None) -> Path | None:
    name = getattr(module, "__file__", None)
    path = None if name is None else Path(name)
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _imported_by(path: Path) -> set[str] | None:
    """The modules that a file imports; None if it may reach something else by other means."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _ELSEWHERE:
            return None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(_modules(node))
    return imported


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif node.level or node.module is None:
        yield ""  # relative: there is no such module, so that nothing is concluded
    else:
        yield node.module
        # `from package import module` names a module too
        submodules: Any = (f"{node.module}.{alias.name}" for alias in node.names)
        yield from (name for name in submodules if isinstance(sys.modules.get(name), ModuleType))
