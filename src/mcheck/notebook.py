"""Verdicts and behaviours in a notebook: text for everybody, HTML and SVG for those who can show them."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from typing import Any

from mcheck.checker.verdict import PropertyResult, Verdict
from mcheck.counterexamples.counterexample import Caption, Counterexample
from mcheck.counterexamples.picture.svg import svg_document
from mcheck.counterexamples.store import fingerprint
from mcheck.report import Report, finding_text
from mcheck.scope import configuration
from mcheck.spec import Behavior
from mcheck.spec.display import Bundle
from mcheck.subjects import subject_of
from mcheck.terminal import Page


def bundle(result: Any) -> Bundle:
    """A Verdict or a Behavior in every form there is of it."""
    return _verdict(result) if isinstance(result, Verdict) else _behavior(result)


# ---------------------------------------------------------------------- behaviours


def _behavior(behavior: Behavior) -> Bundle:
    report = Report(subject_of(behavior.instance), Page())
    svg = svg_document(_counterexample(behavior, None))
    return {
        "text/plain": "\n".join(report.table(behavior, "the end")),
        "image/svg+xml": svg,
        "text/html": _image(svg, f"A behaviour of {report.subject.protocol.name} in {len(behavior.steps)} steps"),
    }


def _counterexample(behavior: Behavior, result: PropertyResult | None) -> Counterexample:
    subject = subject_of(behavior.instance)
    name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
    caption = Caption(name, configuration(subject.instance), fingerprint(type(subject.instance.spec)), "")
    if result is None:
        return Counterexample(behavior, None, (), False, caption)
    return Counterexample(behavior, result.rule, result.arguments, True, caption)


def _image(svg: str, words: str) -> str:
    """The picture by itself, so that its styles and those of the page leave each other alone."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{data}">'


# ---------------------------------------------------------------------- verdicts


def _verdict(verdict: Verdict) -> Bundle:
    report = Report(subject_of(verdict.instance), Page())
    return {"text/plain": report.search(verdict, None), "text/html": "\n".join(_html(verdict, report))}


def _html(verdict: Verdict, report: Report) -> Iterator[str]:
    """The header, the verdict, the properties as a table, everything that was not looked at, and the picture."""
    violation = verdict.violation
    text = report.search(verdict, None).split("\n")
    yield f"<div><p>{_plain(text[0])}</p>"
    if violation is None:
        start = next(k for k, line in enumerate(text) if line.startswith(("HOLDS", "INCONCLUSIVE")))
        yield f"<p><strong>{_plain(' '.join(text[start:]))}</strong></p>"
    else:
        yield f"<p><strong>VIOLATED {_plain(violation.rule.title)}</strong> {_plain(violation.rule.sentence)}</p>"
    yield from _table(verdict)
    covered = report.coverage(verdict.actions, verdict.never_fired, verdict.guards_never_true, verdict.cut)
    yield f"<pre>{_plain(chr(10).join([*covered, *report.deadlocks(verdict), report.figures(verdict)]))}</pre>"
    if violation is not None and violation.behavior is not None:
        words = f"{violation.rule.title} is violated in {len(violation.behavior.steps)} steps"
        yield _image(svg_document(_counterexample(violation.behavior, violation)), words)
    yield "</div>"


def _table(verdict: Verdict) -> Iterator[str]:
    """The properties: title, kind, result."""
    rows = [(r.rule.title, r.rule.kind, finding_text(r, verdict.distinct)) for r in verdict.properties]
    yield "<table>"
    for tag, cells in (("th", ("property", "kind", "result")), *(("td", row) for row in rows)):
        yield "<tr>" + "".join(f'<{tag} style="text-align:left">{_plain(c)}</{tag}>' for c in cells) + "</tr>"
    yield "</table>"


def _plain(words: str) -> str:
    return html.escape(words, quote=False)
