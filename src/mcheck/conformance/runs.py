"""Runs of an implementation as files: enough to do every operation again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcheck.conformance.adapter import Operation, Sent
from mcheck.conformance.cluster import Run, Setting, Taken
from mcheck.conformance.network import Faults
from mcheck.conformance.wire import operation_json, operation_of, sent_of
from mcheck.counterexamples.store import TraceFileError, slug
from mcheck.spec import McheckError

SCHEMA = 1
ENDING = ".run.json"


def run_document(run: Run, adapter: str) -> dict[str, Any]:
    """The run as JSON.  Keys are only ever added."""
    return {
        "schema": SCHEMA,
        "adapter": adapter,
        "nodes": run.setting.nodes,
        "faults": asdict(run.setting.faults),
        "options": dict(run.setting.options),
        "watched": list(run.setting.watched),
        "seed": run.seed,
        "finding": None if run.finding is None else asdict(run.finding),
        "failure": run.failure,
        "operations": [_taken_json(t) for t in run.taken],
    }


def _taken_json(taken: Taken) -> dict[str, Any]:
    about = {} if taken.message is None else {"about": asdict(taken.message), "place": taken.place}
    return {**operation_json(taken.operation), **about}


def save_run(run: Run, adapter: str, stem: str, directory: str) -> Path:
    """Write the run to `<directory>/<stem>-<finding>-<6 hex of the content>.run.json`; where it now is."""
    content = json.dumps(run_document(run, adapter), indent=1, ensure_ascii=False) + "\n"
    digest = hashlib.sha256(content.encode()).hexdigest()[:6]
    what = slug(run.finding.title) if run.finding is not None else "failure"
    target = Path(directory) / f"{slug(stem)}-{what}-{digest}{ENDING}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")
    return target


def load_run(file: str) -> tuple[Setting, int, list[Taken]]:
    """What the run depends on, its seed, and the operations to repeat.  TraceFileError for another file."""
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceFileError(f"{file}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise TraceFileError(f"{file}: not a saved run: it is not JSON") from None
    try:
        if document["schema"] != SCHEMA:
            raise TraceFileError(f"{file}: written in schema {document['schema']!r}; this mcheck reads schema {SCHEMA}")
        setting = Setting(
            int(document["nodes"]), Faults(**document["faults"]), dict(document["options"]), tuple(document["watched"])
        )
        return setting, int(document["seed"]), [_taken(o) for o in document["operations"]]
    except McheckError:
        raise
    except (KeyError, TypeError, ValueError):
        raise TraceFileError(f"{file}: not a saved run of `mcheck conform`, or a damaged one") from None


def _taken(said: dict[str, Any]) -> Taken:
    from mcheck.conformance.adapter import Observation

    about = said.pop("about", None)
    place = int(said.pop("place", 0))
    operation: Operation = operation_of(said)
    message: Sent | None = None if about is None else sent_of(about)
    return Taken(operation, message, place, -1, (), Observation("", 0))
