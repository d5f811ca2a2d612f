"""The cache: object code, and what is known of a spec, from one process to the next."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_MAGIC = b"mcheck object 1\n"
_MOST_OBJECTS = 400


class Cache:
    """Bytes by key, in a folder that several processes may use at once.

    A folder that cannot be read or written, or is full, is no cache, and nobody is told.  A damaged entry is none.
    The folder is $MCHECK_CACHE_DIR (empty: no cache), or lies in the virtual environment, so that a checkout leaves
    nothing outside itself; outside of one there is no cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else _default_folder()

    @staticmethod
    def key(*parts: str) -> str:
        """The key of what these texts decide."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8, "little") + part.encode())
        return digest.hexdigest()

    def load(self, key: str) -> bytes | None:
        """What was stored under `key`, byte for byte, or None."""
        if self.folder is None:
            return None
        try:
            stored = (self.folder / f"{key}.o").read_bytes()
        except OSError:
            return None
        head, code = stored[: len(_MAGIC) + 32], stored[len(_MAGIC) + 32 :]
        return code if head == _MAGIC + hashlib.sha256(code).digest() else None

    def store(self, key: str, code: bytes) -> None:
        """Keep `code` under `key`, if that is possible."""
        if self.folder is None:
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._discard_oldest()
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix="new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_MAGIC + hashlib.sha256(code).digest() + code)
                os.replace(temporary, self.folder / f"{key}.o")
            except BaseException:
                os.unlink(temporary)
                raise

    def _discard_oldest(self) -> None:
        """Make room once there are very many entries."""
        entries = [entry for entry in os.scandir(self.folder) if entry.is_file()]
        if len(entries) >= _MOST_OBJECTS:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: len(entries) // 2]:
                os.unlink(entry.path)


def _default_folder() -> Path | None:
    named = os.environ.get("MCHECK_CACHE_DIR")
    if named is not None:
        return Path(named) if named else None
    return Path(sys.prefix) / "var" / "mcheck-cache" if sys.prefix != sys.base_prefix else None
