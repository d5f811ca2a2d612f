"""Files that a command is asked to write: refused early, written whole."""

from __future__ import annotations

from pathlib import Path

from mcheck.spec import UsageError
from mcheck.terminal import OutputError


def refuse_bad_path(path: str | None) -> None:
    """UsageError now for a file that could not be written once the work is done."""
    if path is not None and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
        raise UsageError(f"{path}: a result is written to a file in a folder that exists")


def write_file(path: str, content: str | bytes) -> None:
    """Write the file, over an older one of that name.  OutputError where that cannot be done."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from None
