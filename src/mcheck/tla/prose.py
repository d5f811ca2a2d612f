"""Prose: what the files of a specification say in words, as comments."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable

from mcheck.spec import Instance
from mcheck.spec.instance import state_class
from mcheck.tla.naming import comment_text

_WIDTH = 96


def paragraphs(text: str | None) -> list[str]:
    """The paragraphs of a docstring, each one line."""
    plain = inspect.cleandoc(text or "")
    return [
        comment_text(re.sub(r"\s*\n\s*", " ", part.strip())) for part in re.split(r"\n\s*\n", plain) if part.strip()
    ]


def block(parts: Iterable[str]) -> list[str]:
    """A comment of some paragraphs; nothing where there are none."""
    filled: list[str] = []
    for part in parts:
        if filled:
            filled.append("")
        filled += textwrap.wrap(part, _WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    if not filled:
        return []
    body = [("(* " if k == 0 else "   ") + line if line or k == 0 else "" for k, line in enumerate(filled)]
    body[-1] += " *)"
    return body


def header(instance: Instance) -> list[str]:
    """What a module is about: what the specification and its file say, the source first."""
    cls = type(instance.spec)
    module = inspect.getmodule(cls)
    file = module.__doc__ if module is not None and module.__name__ != "builtins" else None
    own = paragraphs(cls.__doc__ if "__doc__" in vars(cls) else None)
    return [*own, *paragraphs(file)]


def field_comments(instance: Instance) -> dict[str, str]:
    """What the class of the states says of its fields, in comments beside or above them."""
    found: dict[str, str] = {}
    for cls in reversed(state_class(type(instance.spec)).__mro__):
        try:
            lines = inspect.getsource(cls).splitlines()
        except (OSError, TypeError):
            continue
        above: list[str] = []
        for line in lines[1:]:
            alone = re.match(r"\s*#\s*(.*)", line)
            field = re.match(r"\s+(\w+)\s*:[^#]*(?:#\s*(.*))?$", line)
            if alone:
                above.append(alone[1])
            elif field:
                words = field[2] or " ".join(above)
                if words:
                    found[field[1]] = comment_text(words)
                above = []
            else:
                above = []
    return found
