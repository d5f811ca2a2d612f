"""What earlier runs have found out about an instance, so that the next one can start sooner.

It is kept by the text of the spec, its constants, and the text of mcheck, beside the object code.  Where a spec may depend
on more than its text, nothing is kept.  What is recalled is never the result of a search, and every native search compares
the code that it runs with the plain functions.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import mcheck.checker
import mcheck.spec
from mcheck.checker.native.cache import Cache
from mcheck.spec import Instance
from mcheck.spec.sources import texts_of


class Known:
    """What is known of one instance."""

    def __init__(self, instance: Instance, cache: Cache | None = None) -> None:
        self._cache = cache or Cache()
        self._key = _key_of(instance)

    def beside(self, instance: Instance) -> Known:
        """What is known of another instance, kept in the same place."""
        return Known(instance, self._cache)

    def recall(self, *what: str) -> Any:
        """The JSON value that was remembered under these words; None if there is none."""
        if self._key is not None:
            stored = self._cache.load(self._cache.key(self._key, *what))
            with suppress(ValueError):
                return None if stored is None else json.loads(stored)
        return None

    def remember(self, value: Any, *what: str) -> None:
        """Keep a JSON value under these words, if that can be done."""
        if self._key is not None:
            self._cache.store(self._cache.key(self._key, *what), json.dumps(value).encode())


@functools.lru_cache(maxsize=64)
def known_of(instance: Instance) -> Known:
    """What is known of an instance."""
    return Known(instance)


def _key_of(instance: Instance) -> str | None:
    cls = type(instance.spec)
    texts = texts_of(cls)
    if texts is None:
        return None
    digest = hashlib.sha256(_own_text())
    try:
        for path in texts:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError:
        return None
    # an instance of views has the class and the constants of what it is the view of, and other steps
    names = [f"{Path(getattr(sys.modules[b.__module__], '__file__', '')).name}:{b.__qualname__}" for b in cls.__mro__]
    numbers = sorted(instance.constants.items()), sorted(instance.bounds.items())
    digest.update(repr((type(instance).__name__, names, *numbers)).encode())
    return digest.hexdigest()


@functools.cache
def _own_text() -> bytes:
    """A digest of this Python and of all that mcheck makes of a spec."""
    digest = hashlib.sha256(repr((sys.version, sys.flags.optimize)).encode())
    for package in (mcheck.spec, mcheck.checker):
        for folder in package.__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
