"""A trace as a regression test: a Python file that says what is so today, and fails when it no longer is."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcheck.counterexamples.store import slug

_WIDTH = 100


@dataclass(frozen=True)
class SpecUse:
    """A specification as a test uses it: where its class is (`module:Class` or `file.py:Class`), and its constants.

    One of several extensions has no class of its own: `raft+pre-vote+partition`, or with a tweak `…:no-pre-vote`.
    """

    source: str
    constants: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the class."""
        if self.named:
            return "".join(word.capitalize() for word in re.split(r"\W+", self.source.replace("_", " ")))
        return self.source.rpartition(":")[2]

    @property
    def named(self) -> bool:
        """Whether it is found by its name."""
        return "+" in self.source and not self.in_file

    @property
    def place(self) -> str:
        """The module, or the file."""
        return self.source.rpartition(":")[0]

    @property
    def in_file(self) -> bool:
        """Whether the class is found by the path of its file."""
        return self.source.rpartition(":")[0].endswith(".py")

    def call(self) -> str:
        """`Raft(nodes=3, max_term=2)`."""
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.constants.items())})"


@dataclass(frozen=True)
class Claim:
    """What one test asserts of a spec: `violates`, `satisfies`, `refuses` or `possible`; `number`: the step refused."""

    spec: SpecUse
    word: str
    number: int | None = None
    why: str = ""
    """A sentence for whoever reads the test."""

    @property
    def function(self) -> str:
        """The assertion that it calls."""
        return f"assert_{self.word}"


@dataclass(frozen=True)
class RegressionTest:
    """The parts of a test file."""

    headline: str
    sentence: str
    """The property in words; may be empty."""
    title: str | None
    start: str | None
    """The initial state as text, of a spec that has several."""
    steps: tuple[str, ...]
    claims: tuple[Claim, ...]

    def text(self, folder: Path) -> str:
        """The file, to be written into `folder`.  The same bytes for the same trace."""
        parts = ['"""' + "\n\n".join(self._words()) + '\n"""', *self._imports(folder), *self._names()]
        tests = [self._test(claim) for claim in self.claims]
        return "\n\n\n".join(["\n\n".join(parts), *tests]) + "\n"

    def _words(self) -> Iterable[str]:
        yield self.headline
        if self.sentence:
            yield _wrapped(self.sentence)
        yield _wrapped(
            "Written by `mcheck export`.  The tests pin what was so then; one that fails says what is different now.  "
            "Where that is meant, export the trace again, or delete this file."
        )

    def _imports(self, folder: Path) -> Iterable[str]:
        uses = {c.spec.source: c.spec for c in self.claims}.values()
        finders = {"spec_in" for u in uses if u.in_file} | {"spec_named" for u in uses if u.named}
        functions = sorted({c.function for c in self.claims} | finders)
        modules: dict[str, list[str]] = {"mcheck.regression": functions}
        for use in uses:
            if not use.in_file and not use.named:
                modules.setdefault(use.place, []).append(use.name)
        lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in modules.items()]
        files = [u for u in uses if u.in_file]
        if files:
            yield "from pathlib import Path"
        yield "\n".join(sorted(lines))
        if files:
            paths = ((u.name, Path(os.path.relpath(u.place, folder)).as_posix()) for u in files)
            yield "\n".join(f'{name} = spec_in(Path(__file__).parent / "{path}", "{name}")' for name, path in paths)
        named = [f'{u.name} = spec_named("{u.source}")' for u in uses if u.named]
        if named:
            yield "\n".join(named)

    def _names(self) -> Iterable[str]:
        lines = [f"PROPERTY = {_quoted(self.title)}"] if self.title is not None else []
        lines += [f"START = {_quoted(self.start)}"] if self.start is not None else []
        steps = "".join(f"    {_quoted(step)},\n" for step in self.steps)
        yield "\n".join([*lines, f"STEPS: list[str] = [\n{steps}]" if steps else "STEPS: list[str] = []"])

    def _test(self, claim: Claim) -> str:
        arguments = [claim.spec.call()]
        arguments += ["PROPERTY"] if claim.word in ("violates", "satisfies") else []
        arguments += ["STEPS"]
        if claim.word == "refuses":
            arguments += [f"number={claim.number}", *(["title=PROPERTY"] if self.title is not None else [])]
        arguments += ["start=START"] if self.start is not None else []
        call = f"    {claim.function}({', '.join(arguments)})"
        if len(call) > _WIDTH:
            call = "\n".join([f"    {claim.function}(", *(f"        {a}," for a in arguments), "    )"])
        said = f'    """{claim.why}"""\n' if claim.why else ""
        return f"def {self._test_name(claim)}() -> None:\n{said}{call}"

    def _test_name(self, claim: Claim) -> str:
        words = {"refuses": f"refuses step {claim.number}", "possible": "takes these steps"}
        what = words.get(claim.word, f"{claim.word} {self.title}")
        return f"test_{_identifier(claim.spec.name)}_{_identifier(what)}"


def _identifier(words: str) -> str:
    """`forgets_vote` for ForgetsVote, `election_safety` for Election Safety."""
    return slug(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", words)).replace("-", "_")


def _quoted(words: str | None) -> str:
    """The text as a Python literal in double quotes."""
    written = repr(words)
    return '"' + written[1:-1].replace('"', '\\"') + '"' if written.startswith("'") else written


def _wrapped(words: str) -> str:
    return "\n".join(textwrap.wrap(words, _WIDTH))


def docstring(words: str) -> str:
    """One line that can stand in a docstring."""
    return " ".join(words.split()).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


def claims_text(claims: Sequence[Claim]) -> str:
    """`ForgetsVote violates, Raft refuses step 6`: for the line that says what was written."""
    return ", ".join(f"{c.spec.name} {c.word}{f' step {c.number}' if c.number else ''}" for c in claims)
