"""The pages of the gallery, in Markdown: one for each tweak, and an index.

Numbers come from the declaration and the trace, sentences from the docstrings, and the story is the only thing written here.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mcheck.counterexamples.counterexample import Caption, Counterexample
from mcheck.counterexamples.explanation import Explanation
from mcheck.counterexamples.picture.svg import svg_document
from mcheck.counterexamples.picture.text import text_document
from mcheck.explained import Narrative, good_spec
from mcheck.gallery.exhibits import ITSELF, Exhibit, Violation, named
from mcheck.protocols import source_of
from mcheck.recordings import Replayed
from mcheck.report import Report
from mcheck.report_liveness import for_ever
from mcheck.scope import configuration, counted
from mcheck.terminal import Terminal
from mcheck.tweaks import Expectation

_WIDTH = 100
_THUMBNAIL = 110
"""The height of the small pictures of the index, in pixels."""


@dataclass(frozen=True)
class Shown:
    """A violation, and the trace that shows it."""

    violation: Violation
    trace: Replayed

    @property
    def counterexample(self) -> Counterexample:
        """What the picture is made of.

        Its fingerprint is that of the trace, and its command the one that finds it: neither changes with a comment in the
        spec, nor with the place of the gallery.
        """
        violation, trace = self.violation, self.trace
        instance, recorded = trace.subject.instance, trace.recorded
        unbounded = tuple(instance.resolver.ranks) if violation.loop is not None else ()
        caption = Caption(
            named(recorded.protocol, recorded.tweak),
            configuration(instance, unbounded),
            recorded.fingerprint,
            violation.command,
        )
        return Counterexample(trace.behavior, violation.rule, trace.arguments or (), True, caption, violation.loop)


def picture(shown: Shown) -> str:
    """The trace as SVG."""
    return svg_document(shown.counterexample)


# ---------------------------------------------------------------------- a tweak


def page(exhibit: Exhibit, shown: Sequence[Shown], story: str) -> str:
    """The page of a tweak."""
    blocks = ["[Gallery](../../README.md)", f"# {exhibit.name}", _sentences(exhibit), story]
    for one in shown:
        blocks += _violation(one)
    blocks += ["\n".join(f"* {_also(other)}" for other in exhibit.others)]
    source = source_of(exhibit.protocol.cls)
    blocks += [f"The protocol: {source}." if source else ""]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _violation(shown: Shown) -> Iterator[str]:
    violation, outcome = shown.violation, shown.violation.outcome
    by = "in" if violation.loop is None else "by a lasso:"
    yield f"## {outcome.property}, broken {by} {violation.length}"
    yield violation.rule.sentence.partition("  Source:")[0]
    yield outcome.note
    yield f"Source of the rule: {outcome.source.rstrip('.')}." if outcome.source else ""
    yield f"```console\n$ {violation.command}\n```"
    by = "after" if violation.loop is None else "by a lasso:"
    yield f"![{outcome.property} is violated {by} {violation.length}]({violation.stem}.svg)"
    if shown.trace.lasso is not None:
        yield for_ever(shown.trace.lasso).replace("\n ", "")
    yield _parting(shown)
    trace = f"{violation.stem}.itf.json"
    yield f"The trace is [{trace}]({trace}): `mcheck replay {trace}` executes it again, and `mcheck explain {trace}` takes it apart."
    yield f"<details><summary>The picture as text</summary>\n\n```text\n{text_document(shown.counterexample)}```\n\n</details>"


def _parting(shown: Shown) -> str:
    """Where the good spec would have gone another way."""
    trace, rule = shown.trace, shown.violation.rule
    told = Explanation(trace.behavior, rule, trace.arguments or (), good_spec(trace))
    terminal = Terminal("never")
    terminal.width = _WIDTH
    lines = Narrative(trace, rule, told, Report(trace.subject, terminal)).where_they_part()
    return "```text\n{}\n```".format("\n".join(lines).strip()) if lines else ""


def _also(other: Expectation) -> str:
    """`Breaks Agreement in 12 steps with --acceptors 4.`, of a declaration without a picture."""
    assert other.outcome is not None
    scope = f" with `{shlex.join(other.scope)}`" if other.scope else ""
    where = f", as `{shlex.join(other.command)}` shows" if other.temporal else scope
    parts = [f"Also declared: {other.words}{where}.", other.outcome.note]
    parts += [f"Source: {other.outcome.source.rstrip('.')}." if other.outcome.source else ""]
    return " ".join(part for part in parts if part)


def _sentences(exhibit: Exhibit) -> str:
    """What the tweak says of itself."""
    return inspect.cleandoc(exhibit.protocol.tweaked(exhibit.tweak).__doc__ or "")


# ---------------------------------------------------------------------- the index


_INTRODUCTION = """# Gallery of counterexamples

What goes wrong: {violations}, by {tweaks} of {protocols}, each with one rule missing, and by {themselves} as they are.
Each is a shortest one within the constants that its page names, found by breadth-first search; of a temporal property it is a
lasso, a short one, whose cycle is repeated for ever. A picture leads to its page:
what happens and why, the picture in full, the command that finds it, and the trace for `mcheck replay`,
`explain` and `render`.

`mcheck gallery --out counterexamples/gallery` keeps the pages up to date. It replays each trace under today's spec, searches
for another where that fails, and draws and writes everything but the stories, `story.md`, which people write.
A trace is stale when a step leads elsewhere, the property holds at the end, or the tweak declares another number of steps or
other constants; a comment in the spec makes none stale."""


def index(exhibits: Sequence[Exhibit]) -> str:
    """The page that leads to all others."""
    groups = [list(group) for _, group in groupby(exhibits, key=lambda exhibit: exhibit.protocol.name)]
    introduction = _INTRODUCTION.format(
        violations=counted(sum(len(exhibit.violations) for exhibit in exhibits), "violation"),
        tweaks=counted(sum(exhibit.tweak is not None for exhibit in exhibits), "tweak"),
        themselves=counted(sum(exhibit.tweak is None for exhibit in exhibits), "protocol"),
        protocols=counted(len(groups), "protocol"),
    )
    return "\n\n".join([introduction, *(_protocol(group) for group in groups)]) + "\n"


def _protocol(group: Sequence[Exhibit]) -> str:
    protocol = group[0].protocol
    source = source_of(protocol.cls)
    rows = ["| protocol | tweak | breaks | in steps | what is wrong | |", "|---|---|---|--:|---|---|"]
    rows += [_row(exhibit, violation) for exhibit in group for violation in exhibit.violations]
    return "\n\n".join([f"## {protocol.name}", *([f"{source}."] if source else []), "\n".join(rows)])


def _row(exhibit: Exhibit, violation: Violation) -> str:
    title, page = violation.outcome.property, f"{exhibit.folder}/README.md"
    line = _sentences(exhibit).split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    small = f'[<img src="{exhibit.folder}/{violation.stem}.svg" height="{_THUMBNAIL}" alt="{exhibit.name}: {title}">]({page})'
    length = violation.steps if violation.loop is None else violation.length
    cells = (exhibit.protocol.name, f"[{exhibit.tweak or ITSELF}]({page})", title, length, line, small)
    return f"| {' | '.join(map(str, cells))} |"
