"""Traces as files: written once, never overwritten, and read back with nothing taken on trust."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcheck.counterexamples.itf import itf_document
from mcheck.counterexamples.vocabulary import unknown_names
from mcheck.spec import Behavior, Instance, McheckError, ReplayMismatch, Rule, Spec, UsageError, replay, text

SCHEMA = 1
_SUFFIX = ".itf.json"
_LARGEST_FILE = 256 << 20


@dataclass(frozen=True)
class Recorded:
    """What a trace file says of itself."""

    protocol: str
    tweak: str | None
    source: str
    """Where the class is: `module:Class`, or `path/to/file.py:Class`."""
    fingerprint: str
    constants: dict[str, Any]
    bounds: dict[str, Any]
    property: str | None
    """The title of the violated property; None for a trace that was saved for another reason."""
    initial: str
    labels: tuple[str, ...]
    states: tuple[Any, ...] = field(default=(), repr=False)
    """The states as the file has them, in ITF."""
    loop: int | None = None
    """Of a lasso: the number of the state that it goes back to at its end."""
    fairness: str | None = None
    """Of a lasso: which fairness was assumed."""


class TraceFileError(McheckError):
    """A file that cannot be read as a trace."""

    status = 2


class StaleLabel(ReplayMismatch):
    """A label that means nothing to the spec: it was written for other actions, parameters or values."""


# ---------------------------------------------------------------------- writing


def save(
    behavior: Behavior,
    rule: Rule | None,
    directory: Path,
    protocol: str,
    tweak: str | None,
    source: str,
    lasso: tuple[int, str] | None = None,
) -> Path:
    """Write the behaviour to `<directory>/<protocol>-<property>-<6 hex of the content>.itf.json`; where it now is.

    `lasso`: the number of the state that it goes back to at its end, and which fairness was assumed.

    A file with the same content is left alone, one with another content and the same name gets a longer name beside it.
    OSError where the directory cannot be written.
    """
    document = trace_document(behavior, rule, protocol, tweak, source, lasso)
    content = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(content).hexdigest()
    stem = f"{slug(protocol)}-{slug(rule.title) if rule else 'trace'}"
    directory.mkdir(parents=True, exist_ok=True)
    for digits in range(6, len(digest) + 1):
        target = directory / f"{stem}-{digest[:digits]}{_SUFFIX}"
        if _write_once(target, content):
            return target
    raise FileExistsError(str(directory / stem))


def trace_document(
    behavior: Behavior,
    rule: Rule | None,
    protocol: str,
    tweak: str | None,
    source: str,
    lasso: tuple[int, str] | None = None,
) -> dict[str, Any]:
    """The behaviour in ITF, and what `load` wants to know of it."""
    meta = _meta(behavior, rule, protocol, tweak, source)
    if lasso is not None:
        meta |= {"loop": lasso[0], "fairness": lasso[1]}
    return itf_document(behavior, {"mcheck": meta}, None if lasso is None else lasso[0])


def _write_once(target: Path, content: bytes) -> bool:
    """Whether `target` now holds `content`; it is never seen half written, and never replaced."""
    if target.exists():
        return target.is_file() and target.read_bytes() == content
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".mcheck-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        try:
            os.link(temporary, target)
        except FileExistsError:
            return target.read_bytes() == content
        except OSError:  # a file system without links
            os.replace(temporary, target)
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)


def _meta(behavior: Behavior, rule: Rule | None, protocol: str, tweak: str | None, source: str) -> dict[str, Any]:
    instance = behavior.instance
    return {
        "schema": SCHEMA,
        "protocol": protocol,
        "tweak": tweak,
        "source": source,
        "fingerprint": fingerprint(type(instance.spec)),
        "constants": instance.constants,
        "bounds": instance.bounds,
        "property": rule.title if rule else None,
        "initial": text(behavior.initial),
        "labels": list(behavior.labels),
    }


def fingerprint(cls: type[Spec[Any]]) -> str:
    """16 hex digits that change with the source files of the spec and of the classes it derives from."""
    digest = hashlib.sha256()
    for base in cls.__mro__:
        if base is Spec or not issubclass(base, Spec):
            continue
        try:
            file = inspect.getsourcefile(base)
            digest.update(Path(file).read_bytes() if file else b"")
        except (OSError, TypeError):
            digest.update(base.__qualname__.encode())
    return digest.hexdigest()[:16]


def slug(title: str) -> str:
    """`Election Safety` as a part of a file name: `election-safety`."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "x"


# ---------------------------------------------------------------------- reading


def load(path: Path) -> Recorded:
    """What the file says.  TraceFileError, in one line, for a file that is missing, truncated or something else."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise TraceFileError(f"{path}: too large for a trace ({path.stat().st_size >> 20:,} MB)")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceFileError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise TraceFileError(f"{path}: not a trace: it is not text") from None
    except json.JSONDecodeError as error:
        raise TraceFileError(f"{path}:{error.lineno}: not a trace, or a truncated one: {error.msg}") from None
    except (ValueError, RecursionError):
        raise TraceFileError(f"{path}: not a trace: this JSON cannot be read") from None
    return _recorded(path, document)


def _recorded(path: Path, document: Any) -> Recorded:
    meta = document.get("#meta") if isinstance(document, dict) else None
    ours = meta.get("mcheck") if isinstance(meta, dict) else None
    if not isinstance(ours, dict):
        raise TraceFileError(f'{path}: not a trace of mcheck: there is no "mcheck" in its "#meta"')
    if ours.get("schema") != SCHEMA:
        raise TraceFileError(f"{path}: written in schema {ours.get('schema')!r}; this mcheck reads schema {SCHEMA}")
    shapes: dict[str, Any] = {
        "protocol": str, "tweak": str | None, "source": str, "fingerprint": str, "constants": dict, "bounds": dict,
        "property": str | None, "initial": str, "labels": list,
    }  # fmt: skip
    for name, shape in shapes.items():
        if name not in ours or not isinstance(ours[name], shape):
            raise TraceFileError(f"{path}: a damaged trace: {name!r} is missing from its header, or of the wrong type")
    labels, states = ours["labels"], document.get("states")
    if not all(isinstance(label, str) for label in labels):
        raise TraceFileError(f"{path}: a damaged trace: a label is not a text")
    if not isinstance(states, list) or len(states) != len(labels) + 1:
        raise TraceFileError(f"{path}: a damaged trace: {len(labels)} labels need {len(labels) + 1} states")
    loop, fairness = ours.get("loop"), ours.get("fairness")
    if loop is not None and (type(loop) is not int or not 0 <= loop <= len(labels) or not isinstance(fairness, str)):
        raise TraceFileError(f"{path}: a damaged trace: a lasso needs the number of a state, and a fairness")
    given = {name: ours[name] for name in shapes if name != "labels"}
    return Recorded(**given, labels=tuple(labels), states=tuple(states), loop=loop, fairness=fairness)


# ---------------------------------------------------------------------- executing again


def initial_state(instance: Instance, recorded: Recorded) -> Any:
    """The initial state the trace starts from.  ReplayMismatch if the spec has no such initial state now."""
    for state in instance.initial:
        if text(state) == recorded.initial:
            return state
    if len(instance.initial) == 1:
        return instance.initial[0]
    raise ReplayMismatch(0, "initially", "the spec no longer has this initial state")


def reexecute(instance: Instance, recorded: Recorded) -> Behavior:
    """The recorded behaviour, executed by today's spec.

    ReplayMismatch names the first step that is not enabled, is none any more, or leads to another state than recorded.
    """
    behaviors = followed(instance, initial_state(instance, recorded), recorded.labels)
    *_, last = (_as_recorded(behavior, recorded) for behavior in behaviors)
    return last


def followed(instance: Instance, initial: Any, labels: Iterable[str]) -> Iterator[Behavior]:
    """The behaviour before the labels, and after each.

    In its turn, ReplayMismatch for one that is not enabled, and StaleLabel for one that is none.
    """
    behavior = Behavior(instance, initial, ())
    yield behavior
    for number, label in enumerate(labels, start=1):
        try:
            step = replay(instance, behavior.last, (label,)).steps
        except ReplayMismatch as mismatch:
            raise ReplayMismatch(number, label, mismatch.why) from None
        except UsageError as error:
            raise StaleLabel(number, label, str(error)) from None
        behavior = Behavior(instance, initial, behavior.steps + step)
        yield behavior


def _as_recorded(behavior: Behavior, recorded: Recorded) -> Behavior:
    """The behaviour.  ReplayMismatch unless its last state is the recorded one."""
    number = len(behavior.steps)
    now = itf_document(Behavior(behavior.instance, behavior.last, ()), {})["states"][0]
    then = recorded.states[number]
    if _values(now) != _values(then):
        label = recorded.labels[number - 1] if number else "initially"
        where = ", ".join(_differing(now, then)) or "the state"
        gone = unknown_names(behavior.instance, then)
        why = f"; the spec no longer has {', '.join(map(repr, gone))}" if gone else ""
        raise ReplayMismatch(number, label, f"leads to another state than recorded, in {where}{why}")
    return behavior


def _values(state: Any) -> dict[str, Any]:
    return {k: v for k, v in state.items() if k != "#meta"} if isinstance(state, dict) else {"": state}


def _differing(now: Any, then: Any) -> list[str]:
    a, b = _values(now), _values(then)
    return [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
