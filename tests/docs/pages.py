"""Pages as they are read: their fenced blocks in order, and what stands around each.

Conventions of the pages, which the tests rely on:

* A `python` block runs, after all earlier ones of its page, in one module.
* A `python` block with a `text` block right below it is refused, with exactly the message in that block; lines are
  counted from the top of the python block, and the file is called spec.py.
* `<!-- file: x.py -->` above a block: the reader writes it to that file; a later block may write it anew.
  `<!-- example: docs/examples/x.py -->`: the same, and it is what that file has.
* A `console` block shows commands (`$ mcheck …`, `$ pytest …`) and, below each, lines of its output; `...` stands for what is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MARK = re.compile(r"^<!-- (example|file): (\S+) -->$")
_FENCE = re.compile(r"^```(\w*)\s*$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line of the page it starts at, and what stands above it."""

    language: str
    text: str
    line: int
    heading: str
    example: str | None = None
    file: str | None = None
    message: str | None = None
    """What the text block right below a python block says."""


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page in order; a message is part of the python block above it."""
    found: list[Block] = []
    heading, mark, adjacent = "", None, False
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if not line.strip():
            continue
        fence = _FENCE.match(line)
        if fence is None:
            heading = line.lstrip("# ") if line.startswith("#") else heading
            mark, adjacent = _MARK.match(line), False
            continue
        body = []
        for _, inner in lines:
            if inner.startswith("```"):
                break
            body.append(inner)
        text = "\n".join(body) + "\n"
        if fence[1] == "text" and adjacent:
            last = found.pop()
            found.append(Block(last.language, last.text, last.line, last.heading, message=text.rstrip("\n")))
            adjacent = False
            continue
        kind, path = (mark[1], mark[2]) if mark else (None, None)
        file = Path(path).name if path else None
        found.append(Block(fence[1], text, number + 1, heading, path if kind == "example" else None, file))
        adjacent, mark = fence[1] == "python" and kind is None, None
    return found


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the lines of output shown below it."""

    typed: str
    shown: tuple[str, ...]
    line: int


def commands_in(block: Block) -> list[Command]:
    """The commands of a console block in order."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if line.startswith("$ "):
            found.append(Command(line[2:], (), number))
        elif line.strip():
            last = found.pop()
            found.append(Command(last.typed, (*last.shown, line), last.line))
    return found
