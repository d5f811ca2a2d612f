"""One search by mcheck in a process of its own: `python -m mcheck.benchmark.worker REQUEST`, both sides in JSON.

It does what `mcheck run` does, from finding the protocol to the document with the result; that document gets one more
key, `search_seconds`: the time between the first state and the last, without tracing, compiling and comparing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from mcheck.checker.engines import search
from mcheck.protocols import find, instantiate
from mcheck.report import Subject
from mcheck.report_json import as_json, search_document


def answer(protocol: str, constants: dict[str, Any], invariant: str, engine: str, threads: int) -> dict[str, Any]:
    """The document of one search."""
    found = find(protocol)
    instance = instantiate(found.cls, constants)
    searching = _time_native_search() if engine == "native" else None
    verdict = search(instance, engine, [invariant], threads=threads)
    document = search_document(Subject(found, None, instance), verdict, None)
    return {**document, "search_seconds": verdict.seconds if searching is None else sum(searching)}


def _time_native_search() -> list[float]:
    """From now on every native search adds its seconds to this list."""
    from mcheck.checker.native import engine
    from mcheck.checker.native.search import NativeSearch

    seconds: list[float] = []

    class Timed(NativeSearch):
        def run(self, initial: Iterable[Sequence[int]]) -> None:
            started = time.perf_counter()
            try:
                super().run(initial)
            finally:
                seconds.append(time.perf_counter() - started)

    vars(engine)["NativeSearch"] = Timed
    return seconds


if __name__ == "__main__":
    print(as_json(answer(**json.loads(sys.argv[1]))))
