"""A checkpoint: one file in a folder, from which a search goes on after the process has died.

The file is written under another name, reaches the disk, and then takes the place of the former one in one step: at
every moment there is a complete checkpoint or none.  A digest over all of it, looked at before anything of it is used,
tells a damaged file; its first part says of which search it is, and any other search is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from mcheck.spec import UsageError

FILE = "search.checkpoint"
_MAGIC = b"mcheck checkpoint 1\n"
_UNFINISHED = "unfinished-"
_DIGEST = 32
_LONGEST_HEAD = 1 << 30
_PIECE = 1 << 22
_SHARE = 4
"""A checkpoint that takes long to write is followed by at least this many times as long of search."""

Sections = Iterable[tuple[str, int, Iterable[memoryview | bytes]]]
"""(name, bytes, the bytes piece by piece) of each section."""

CHANGED = {"compiled program": "the text of its rules or of mcheck has changed", "initial states": "they have changed"}


@dataclass(frozen=True)
class Head:
    """What a checkpoint says of itself.

    `command`: what its writer wants to know again.  `identity`: of which search it is.  `facts`: what fits into words.
    `sections`: the bytes of each section.
    """

    command: dict[str, Any]
    identity: dict[str, Any]
    facts: dict[str, Any]
    sections: dict[str, int]


class Checkpoints:
    """Where and how often a search is written down, and where it goes on from.

    With `source` the search goes on from the checkpoint there.  `command` is kept for whoever resumes.  `warn` is told,
    once, that a checkpoint could not be written.  UsageError if the folder cannot be written, or holds a checkpoint
    that would be overwritten.
    """

    def __init__(
        self,
        folder: Path,
        interval: float = 60.0,
        source: Path | None = None,
        command: dict[str, Any] | None = None,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.interval, self.source = folder, interval, source
        self.command, self.warn = command or {}, warn
        self._warned = False
        same = source is not None and _same(folder, source)
        if (folder / FILE).exists() and not same:
            raise UsageError(
                f"{folder} holds the checkpoint of another run: go on from it with --resume {folder}, or delete it"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for stale in folder.glob(f"{_UNFINISHED}*"):
                stale.unlink()
            self._unfinished.touch()
            self._unfinished.unlink()
        except OSError as error:
            raise UsageError(
                f"no checkpoint can be written in {folder}: {error.strerror or error}; choose another folder"
            ) from None
        self._next = time.monotonic() + interval

    @property
    def _unfinished(self) -> Path:
        return self.folder / f"{_UNFINISHED}{os.getpid()}"

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() >= self._next

    def save(self, identity: dict[str, Any], facts: dict[str, Any], sections: Sections) -> bool:
        """Whether this is the checkpoint now; if the disk is full, say, the former one stays.  Costs one pass over all."""
        begun = time.monotonic()
        try:
            _write(self._unfinished, Head(self.command, identity, facts, {}), sections)
            os.replace(self._unfinished, self.folder / FILE)
            _to_disk(self.folder)
        except (OSError, MemoryError) as error:
            with suppress(OSError):
                self._unfinished.unlink()
            self._complain(error)
            return False
        finally:
            now = time.monotonic()
            self._next = now + max(self.interval, _SHARE * (now - begun))
        return True

    def _complain(self, error: OSError | MemoryError) -> None:
        if self._warned:
            return
        self._warned = True
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "out of memory"
        left = "the former one stays" if (self.folder / FILE).exists() else "there is none yet"
        self.warn(f"no checkpoint could be written in {self.folder}: {why}; {left}, and the search goes on")

    def discard(self) -> None:
        """The search is over: what was kept in the folder is of no more use."""
        with suppress(OSError):
            (self.folder / FILE).unlink()


def _same(a: Path, b: Path) -> bool:
    return os.path.realpath(a) == os.path.realpath(b)


# ---------------------------------------------------------------------- writing


def _write(path: Path, head: Head, sections: Sections) -> None:
    """OSError."""
    sections = list(sections)
    sizes = {name: size for name, size, _ in sections}
    words = {"command": head.command, "identity": head.identity, "facts": head.facts, "sections": sizes}
    text = json.dumps(words, default=str).encode()
    with open(path, "wb", buffering=0) as file:
        digest = hashlib.blake2b(digest_size=_DIGEST)
        of_head = hashlib.blake2b(text, digest_size=_DIGEST).digest()
        for piece in chain([_MAGIC + len(text).to_bytes(8, "little") + text + of_head], _pieces(sections)):
            _write_all(file, piece)
            digest.update(piece)
        _write_all(file, digest.digest())
        os.fsync(file.fileno())


def _pieces(sections: Sections) -> Iterator[memoryview | bytes]:
    for name, size, pieces in sections:
        for piece in pieces:
            size -= len(piece)
            yield piece
        if size:
            raise OSError(f"section {name} differs by {size} bytes from its size")


def _write_all(file: Any, piece: memoryview | bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left[: 16 * _PIECE]) :]


def _to_disk(folder: Path) -> None:
    """Make the new name last; not every system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# ---------------------------------------------------------------------- reading


def head_of(folder: Path) -> Head:
    """What the checkpoint in a folder says of itself.  UsageError if there is none, or that part is damaged."""
    with _opened(folder) as file, _complaining(folder):
        return _read_head(file)


class Stored:
    """A checkpoint that is whole; `fill` reads its sections in their order."""

    def __init__(self, folder: Path) -> None:
        """UsageError if there is none, or it is damaged.  Costs one pass over the file."""
        self.folder = folder
        self._file = _opened(folder)
        try:
            with _complaining(folder):
                self.head = _read_head(self._file)
                begin = self._file.tell()
                _verify(self._file)
                self._file.seek(begin)
        except UsageError:
            self._file.close()
            raise

    def require(self, identity: dict[str, Any]) -> None:
        """UsageError, naming the first difference, unless it is of this search."""
        now, then = json.loads(json.dumps(identity, default=str)), self.head.identity
        for key in [*now, *(key for key in then if key not in now)]:
            if now.get(key) != then.get(key):
                differs = CHANGED.get(key) or f"it has {_shown(then.get(key))}, this run {_shown(now.get(key))}"
                raise UsageError(
                    f"the checkpoint in {self.folder} is of another search: {key}: {differs}; "
                    "repeat what it was made with, or start anew with --checkpoint and another folder"
                )

    def fill(self, memory: memoryview) -> None:
        """The next bytes.  UsageError where there are no more."""
        while memory:
            got = self._file.readinto(memory)  # type: ignore[attr-defined]
            if not got:
                raise UsageError(f"the checkpoint in {self.folder} ends early; start anew with --checkpoint")
            memory = memory[got:]

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _opened(folder: Path) -> BinaryIO:
    try:
        return open(folder / FILE, "rb")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{folder} holds no checkpoint; give the folder of --checkpoint, or start anew with it"
        ) from None
    except OSError as error:
        raise UsageError(
            f"the checkpoint in {folder} cannot be read: {error.strerror or error}; start anew with --checkpoint"
        ) from None


@contextmanager
def _complaining(folder: Path) -> Iterator[None]:
    """What goes wrong here is the checkpoint's fault."""
    try:
        yield
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"the checkpoint in {folder} is damaged: {error}; delete it and start anew with --checkpoint"
        ) from None


def _read_head(file: BinaryIO) -> Head:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin like a checkpoint of this version")
    length = int.from_bytes(file.read(8), "little")
    text = file.read(min(length, _LONGEST_HEAD))
    if file.read(_DIGEST) != hashlib.blake2b(text, digest_size=_DIGEST).digest():
        raise ValueError("the checksum of its head is another one, as of a file that was cut off or changed")
    return Head(**json.loads(text))


def _verify(file: BinaryIO) -> None:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    left = file.seek(0, os.SEEK_END) - _DIGEST
    file.seek(0)
    while left > 0 and (piece := file.read(min(left, _PIECE))):
        digest.update(piece)
        left -= len(piece)
    if left or file.read(_DIGEST + 1) != digest.digest():
        raise ValueError("its checksum is another one, as of a file that was cut off or changed")


def _shown(value: Any) -> str:
    text = "none" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
