"""Options from `[tool.mcheck]` in ./pyproject.toml.  A flag wins over a MCHECK_* variable, a variable over the file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcheck.spec import UsageError
from mcheck.spec.specification import did_you_mean

_FILE = "pyproject.toml"


def from_file(protocol: str, options: Iterable[str], constants: Iterable[str]) -> dict[str, Any]:
    """The values that the file gives to these options, by option name with underscores.

    `[tool.mcheck]` holds options of the commands; `[tool.mcheck.raft]` holds options and constants for one protocol, and
    wins.  UsageError for a file that is not TOML and for names that no command knows.
    """
    table = _table()
    general = {key: value for key, value in table.items() if not isinstance(value, dict)}
    own = table.get(protocol, {})
    known, own_known = set(options), {*options, *constants}
    found = _checked(general, _ALL_OPTIONS | known, "[tool.mcheck]")
    found.update(_checked(own, _ALL_OPTIONS | own_known, f"[tool.mcheck.{protocol}]"))
    return {key: value for key, value in found.items() if key in own_known}


_ALL_OPTIONS = {
    "depth", "tweak", "property", "engine", "symmetry", "workers", "exact", "max_states", "time_limit", "memory_limit",
    "keep_going", "require_exhaustive", "deadlock", "json", "out", "color", "seed", "samples", "steps", "shrink",
    "processes", "project", "walker",
}  # fmt: skip


def _checked(values: dict[str, Any], known: set[str], where: str) -> dict[str, Any]:
    found = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            raise UsageError(f"{_FILE}: {where} has no setting {key!r}{did_you_mean(name, known)}")
        if not isinstance(value, str | int | float | bool | list):
            raise UsageError(f"{_FILE}: {where}: {key} must be a number, a text or a list (got {value!r})")
        if name == "property":
            value = [value] if isinstance(value, str) else value
        elif isinstance(value, list):
            raise UsageError(f"{_FILE}: {where}: {key} takes one value (got {value!r})")
        found[name] = value
    return found


def _table() -> dict[str, Any]:
    path = Path(_FILE)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{_FILE}: not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{_FILE}: cannot be read: {error}") from None
    table = document.get("tool", {})
    table = table.get("mcheck", {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{_FILE}: [tool.mcheck] must be a table (got {table!r})")
    return table
