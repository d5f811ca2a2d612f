"""The paragraphs of the gallery, which people write: one `story.md` in each folder.

A story tells of the traces beside it: its last line, `<!-- told of 3f9a1c -->`, names them by their steps.  When a trace
is renewed by other steps, the story no longer says which it tells of, and has to be read against the new ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILE = "story.md"
_MARK = re.compile(r"\n<!-- told of ([0-9a-f]{6}) -->\n*\Z")


@dataclass(frozen=True)
class Story:
    """A paragraph, and the traces that it says it tells of; None if it does not say."""

    text: str
    told_of: str | None


def story_in(folder: Path) -> Story | None:
    """The story of that folder; None if there is none yet."""
    file = folder / _FILE
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    mark = _MARK.search(text)
    return Story(_MARK.sub("", text).strip(), mark.group(1) if mark else None)


def steps_digest(traces: Iterable[Sequence[str]]) -> str:
    """6 hex digits that change with the labels of the traces."""
    lines = "\n\n".join("\n".join(labels) for labels in traces)
    return hashlib.sha256(lines.encode()).hexdigest()[:6]


def fault_of(story: Story | None, digest: str) -> str | None:
    """What is wrong with a story of the traces with this digest, and what to do; None if nothing is."""
    line = f"end it with the line <!-- told of {digest} -->"
    if story is None or not story.text:
        return f"no story: write {_FILE}, what happens and why the missing rule matters, and {line}"
    if story.told_of is None:
        return f"{_FILE} does not say which trace it tells of: {line}"
    if story.told_of != digest:
        return f"{_FILE} tells of other steps: read it against the trace as it is now, mend it, and {line}"
    return None
