"""The cache of object code: never wrong, never in the way."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcheck.checker.native import cache as cache_module
from mcheck.checker.native import machine
from mcheck.checker.native.cache import Cache

CODE = bytes(range(256)) * 9


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "not" / "yet" / "there")


def only_entry(cache: Cache) -> Path:
    assert cache.folder is not None
    (entry,) = cache.folder.iterdir()
    return entry


def test_what_is_stored_is_loaded(cache: Cache) -> None:
    key = Cache.key("some text")
    assert cache.load(key) is None
    cache.store(key, CODE)
    assert cache.load(key) == CODE
    assert cache.load(Cache.key("other text")) is None
    cache.store(key, CODE[1:])
    assert cache.load(key) == CODE[1:] and only_entry(cache).name == f"{key}.o"


def test_a_key_tells_its_parts_apart() -> None:
    assert len({Cache.key("ab"), Cache.key("a", "b"), Cache.key("a", "b", ""), Cache.key("", "ab")}) == 4


def test_a_key_depends_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.object_key("text")
    monkeypatch.setattr(machine, "identity", lambda: "another processor")
    assert machine.object_key("text") != before


@pytest.mark.parametrize("damage", ["cut", "emptied", "changed", "header"])
def test_a_damaged_entry_is_no_entry(cache: Cache, damage: str) -> None:
    key = Cache.key("text")
    cache.store(key, CODE)
    entry = only_entry(cache)
    stored = bytearray(entry.read_bytes())
    if damage == "cut":
        del stored[-1:]
    elif damage == "emptied":
        stored.clear()
    else:
        stored[-7 if damage == "changed" else 3] ^= 1
    entry.write_bytes(stored)
    assert cache.load(key) is None
    cache.store(key, CODE)
    assert cache.load(key) == CODE


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        cache = Cache(folder)
        cache.store("key", CODE)
        assert cache.load("key") is None


@pytest.mark.parametrize("step", ["mkstemp", "write", "replace", "scandir"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_folder_is_no_cache(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, step: str, error: int
) -> None:
    cache.store("before", CODE)

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(error, os.strerror(error))

    class Full:
        """A file on a full disk."""

        def __init__(self, descriptor: int, _: str) -> None:
            os.close(descriptor)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None: ...

        write = fail

    broken = {"mkstemp": fail, "write": Full, "replace": fail, "scandir": fail}[step]
    owner, name = {"mkstemp": (cache_module.tempfile, "mkstemp"), "write": (os, "fdopen")}.get(step, (os, step))
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, broken)
        cache.store("key", CODE)
    assert cache.load("key") is None and cache.load("before") == CODE
    assert only_entry(cache).name == "before.o"


def test_many_entries_make_room(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_MOST_OBJECTS", 10)
    for k in range(10):
        cache.store(f"{k}", CODE)
        assert cache.folder is not None
        os.utime(cache.folder / f"{k}.o", (k, k))
    cache.store("new", CODE)
    assert [k for k in range(10) if cache.load(f"{k}")] == [5, 6, 7, 8, 9] and cache.load("new") == CODE


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCHECK_CACHE_DIR", "/some/where")
    assert Cache().folder == Path("/some/where")
    monkeypatch.setenv("MCHECK_CACHE_DIR", "")
    assert Cache().folder is None
    Cache().store("key", CODE)
    assert Cache().load("key") is None
    monkeypatch.delenv("MCHECK_CACHE_DIR")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/some/venv")
    assert Cache().folder == Path("/some/venv/var/mcheck-cache")
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert Cache().folder is None


WRITER = """
import sys
from pathlib import Path
from mcheck.checker.native.cache import Cache
cache = Cache(Path(sys.argv[1]))
for k in range(300):
    cache.store(f"{k % 3}", bytes([k % 3]) * 5000)
    found = cache.load(f"{(k + 1) % 3}")
    assert found is None or found == bytes([(k + 1) % 3]) * 5000, k
"""


def test_several_processes_at_once(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["0.o", "1.o", "2.o"]


def test_object_code_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcheck.checker.native.core import parent
    from mcheck.checker.native.kernel_compiler import Build

    module = machine.new_module("cached")
    Build(module).export(parent)
    cache = Cache(tmp_path)
    first = machine.compiled(str(module), ["parent"], cache)
    monkeypatch.setattr(machine, "object_code", lambda text: pytest.fail("compiled again"))
    assert machine.compiled(str(module), ["parent"], cache) is first
    only_entry(cache).write_bytes(b"damaged")
    with pytest.raises(BaseException, match="compiled again"):
        machine.compiled(str(module), ["parent"], cache)
