"""From what is typed to an adapter: `path/to/file.py`, or `path/to/file.py:Class` where there are several."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mcheck.conformance.adapter import failure_of
from mcheck.protocols import is_file, load_file
from mcheck.spec import Spec, UsageError
from mcheck.spec.specification import did_you_mean

_DRIVEN = ("reset", "enabled", "step", "observe")
_PERFORMING = ("reset", "perform", "observe")


def is_adapter(typed: str) -> bool:
    """Whether what was typed is a file with an adapter, and, if no class is named, without a specification."""
    if not is_file(typed):
        return False
    path, name = _parts(typed)
    module = load_file(Path(path))
    own = (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)
    return (bool(name) or not any(issubclass(cls, Spec) for cls in own)) and adapter_class(typed) is not None


def _parts(typed: str) -> tuple[str, str]:
    """The path and the name of the class."""
    path, name = re.fullmatch(r"(.*?)(?::([^:\\/]*))?", typed, re.DOTALL).groups()  # type: ignore[union-attr]
    return path, name or ""


def adapter_class(typed: str) -> type[Any] | None:
    """The adapter class that is meant; None if the file has none.  UsageError where it is not clear which."""
    path, name = _parts(typed)
    module = load_file(Path(path))
    found = {k: v for k, v in vars(module).items() if _is_adapter(v) and v.__module__ == module.__name__}
    if name:
        value = getattr(module, name, None)
        if value is None:
            raise UsageError(
                f"{typed}: no class {name!r}{did_you_mean(name, found)}; it has {', '.join(found) or 'no adapter'}"
            )
        return value if _is_adapter(value) else None
    if len(found) > 1:
        raise UsageError(
            f"{typed}: several adapters in this file: say which, {', '.join(f'{path}:{k}' for k in found)}"
        )
    return next(iter(found.values()), None)


def adapter_from(typed: str) -> Any:
    """An adapter.  UsageError where there is none."""
    cls = adapter_class(typed)
    if cls is None:
        raise UsageError(
            f"{typed}: no adapter in this file: a class with the methods {', '.join(_DRIVEN)}, or {', '.join(_PERFORMING)}"
        )
    try:
        return cls()
    except Exception as error:
        raise failure_of(error, f"{cls.__name__}()") from error


def require_driven(adapter: Any, typed: str) -> Any:
    """The adapter, which random schedules can drive.  UsageError if it cannot be."""
    return _with_methods(adapter, typed, _DRIVEN, "random schedules need")


def require_performing(adapter: Any, typed: str) -> Any:
    """The adapter, which can take the steps of a specification.  UsageError if it cannot."""
    return _with_methods(adapter, typed, _PERFORMING, "to follow a specification an adapter needs")


def _with_methods(adapter: Any, typed: str, methods: tuple[str, ...], why: str) -> Any:
    missing = [m for m in methods if not callable(getattr(adapter, m, None))]
    if missing:
        raise UsageError(f"{typed}: {type(adapter).__name__} has no {', '.join(missing)}: {why} {', '.join(methods)}")
    return adapter


def _is_adapter(value: object) -> bool:
    def has(methods: tuple[str, ...]) -> bool:
        return all(callable(getattr(value, m, None)) for m in methods)

    return isinstance(value, type) and (has(_DRIVEN) or has(_PERFORMING)) and not getattr(value, "_is_protocol", False)
