"""What goes out, and how: colour, width, an encoding that may know no more than ASCII, a reader that may be gone."""

from __future__ import annotations

import io
import os
import shutil
import sys
from typing import IO

_ASCII = str.maketrans(
    {
        "·": "-", "≤": "<=", "→": "->", "←": "<-", "—": "-", "−": "-", "×": "x", "∋": "has", "⟨": "<", "⟩": ">", "÷": "/",
        "…": "...", "┌": "/", "│": "|", "└": "\\", "①": "(1)", "②": "(2)", "③": "(3)", "④": "(4)", "⑤": "(5)", "⑥": "(6)", "§": "section ",
    }
)  # fmt: skip
_STYLES = {"good": "1;32", "bad": "1;31", "doubt": "1;33", "dim": "2", "bold": "1"}


class OutputError(Exception):
    """The result cannot be written; `str` says why."""


class Terminal:
    """Standard output and standard error, as one command uses them."""

    def __init__(self, color: str = "auto") -> None:
        self.out: IO[str] = sys.stdout
        self.err: IO[str] = sys.stderr
        self.colored = _wants_color(self.out, color)
        self.unicode = knows_unicode(self.out)
        self.width = min(shutil.get_terminal_size((100, 24)).columns, 160) if _is_tty(self.out) else _asked_width()
        self.live = _is_tty(self.out)
        """Whether somebody watches."""
        self._gone = False

    def style(self, text: str, style: str) -> str:
        """The text in a colour, if colours are wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colored else text

    def spelled(self, text: str) -> str:
        """The text in characters that standard output can take."""
        return fitted(text, self.out)

    def print(self, text: str) -> None:
        """Write lines to standard output.  Nothing if the reader has gone; OutputError if the disk is full."""
        if self._gone:
            return
        try:
            self.out.write(fitted(text, self.out) + "\n")
            self.out.flush()
        except BrokenPipeError:
            self._gone = True
            discard(self.out)
        except OSError as error:
            discard(self.out)
            raise OutputError(error.strerror or str(error)) from None

    def warn(self, message: str) -> None:
        """One line on standard error."""
        complain(message)


class Page(Terminal):
    """A place to write to that is no terminal: no colour, 100 columns, any character."""

    def __init__(self) -> None:
        super().__init__("never")
        self.out = io.StringIO()
        self.unicode, self.width, self.live = True, 100, False

    def spelled(self, text: str) -> str:
        return text


def complain(message: str) -> None:
    """`mcheck: …`, one line on standard error whatever the message."""
    line = " ".join(f"mcheck: {message}".split())
    try:
        sys.stderr.write(fitted(line, sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def fitted(text: str, stream: IO[str]) -> str:
    """The text in characters that the stream can take."""
    if knows_unicode(stream):
        return text.encode("utf-8", "replace").decode("utf-8")
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def knows_unicode(stream: IO[str]) -> bool:
    """Whether the stream is UTF-8, or something as rich."""
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("_", "-")
    return encoding.startswith(("utf-8", "utf8", "utf-16", "utf-32"))


def _wants_color(stream: IO[str], asked: str) -> bool:
    if asked != "auto":
        return asked == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return _is_tty(stream)


def _is_tty(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _asked_width() -> int:
    """The width where there is no terminal: what COLUMNS says, else 100."""
    columns = os.environ.get("COLUMNS", "")
    return min(max(int(columns), 40), 400) if columns.isdigit() else 100


def discard(stream: IO[str]) -> None:
    """Let what is still buffered vanish, so that nothing complains at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass
