"""From an instance that a program made to what reports speak of: the protocol, the tweak, and where the class is."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.protocols import Protocol, find, kebab
from mcheck.report import Subject
from mcheck.spec import Instance, Spec


def subject_of(instance: Instance) -> Subject:
    """The protocol that an instance is of: one of the shipped ones, a tweak of one, or a class of the caller's own."""
    cls = type(instance.spec)
    place = f"{cls.__module__}:{cls.__qualname__}"
    for name, source in PROTOCOLS.items():
        if source == place:
            return Subject(find(name), None, instance)
    for name, tweaks in TWEAKS.items():
        for tweak, source in tweaks.items():
            if source == place:
                return Subject(find(name), tweak, instance)
    return Subject(Protocol(kebab(cls.__name__), _file_source(cls) or place, cls, {}), None, instance)


def can_be_found(subject: Subject) -> bool:
    """Whether a trace of it can be replayed: its class is found by a name, or stands at the top level of a file."""
    return subject.protocol.name in PROTOCOLS or ".py:" in subject.protocol.source


def _file_source(cls: type[Spec[Any]]) -> str | None:
    """`path/to/file.py:Class`, seen from the working directory; None for a class that no file has at its top level."""
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
    if file is None or "." in cls.__qualname__ or not Path(file).is_file():
        return None
    try:
        shown = os.path.relpath(file)
    except ValueError:  # on another drive
        shown = file
    return f"{Path(shown).as_posix()}:{cls.__qualname__}"
