"""Why a lasso violates a temporal property, and why it is fair: as a short text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.checker.liveness.assumptions import assumed
from mcheck.checker.liveness.certificate import Stands, standing
from mcheck.explained import Narrative
from mcheck.recordings import Replayed
from mcheck.report import Report
from mcheck.report_liveness import for_ever
from mcheck.scope import lasso_lengths
from mcheck.spec import Fairness, Lasso, Rule, text
from mcheck.spec.temporal import truth


@dataclass(frozen=True)
class LassoExplanation:
    """A lasso that violates `rule` for these arguments, with what its cycle makes of each condition of fairness."""

    lasso: Lasso
    rule: Rule
    arguments: tuple[Any, ...]
    fairness: tuple[tuple[Fairness, tuple[Stands, ...]], ...]

    @property
    def missed(self) -> str:
        """Where the property is not what it promises: what its kind says of the states of the lasso."""
        lasso, states = self.lasso, self.lasso.behavior.states
        with lasso.behavior.instance.active():
            truths = [truth(lasso.behavior.instance, self.rule, state, self.arguments) for state in states]
        if self.rule.kind == "eventually":
            return "It is true in no state."
        if self.rule.kind == "always_eventually":
            return "It is true in no state that is repeated."
        if self.rule.kind == "eventually_always":
            return f"It is false again and again: in state {next(k for k in range(lasso.loop, len(truths)) if not truths[k][1])}."
        last = max((k for k, (_, goal) in enumerate(truths) if goal), default=-1)
        asked = next(k for k in range(last + 1, len(truths)) if truths[k][0])
        return f"State {asked} asks for it, and it is true in no state from there on."


def lasso_explanation(trace: Replayed, rule: Rule, arguments: tuple[Any, ...], lasso: Lasso) -> LassoExplanation:
    """The explanation of a lasso that the lasso checker has passed."""
    conditions = assumed(trace.subject.instance, trace.recorded.fairness or "declared")
    with trace.subject.instance.active():
        met = tuple((one, tuple(standing(lasso, one))) for one in conditions)
    return LassoExplanation(lasso, rule, arguments, met)


def lasso_explained(told: LassoExplanation, narrative: Narrative, report: Report) -> str:
    """The whole text."""
    subject, rule = report.subject, told.rule
    name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
    sentence = rule.sentence.partition("  Source:")[0]
    lengths = lasso_lengths(len(told.lasso.stem), len(told.lasso.cycle))
    head = f"{name} violates {rule.title}, {lengths}{f': {sentence}' if sentence else ''}"
    lines = textwrap.wrap(head, report.terminal.width, subsequent_indent="  ")
    if told.arguments:
        lines.append(f"  for {report.notation.arguments(rule, told.arguments)}")
    lines += ["", told.missed, for_ever(told.lasso), "", *_fair(told, report), *narrative.where_they_part()]
    return "\n".join(lines)


def _fair(told: LassoExplanation, report: Report) -> Iterator[str]:
    """For each condition how the cycle meets it."""
    if not told.fairness:
        yield "No fairness is assumed: any behaviour may stop at any moment."
        return
    yield "Each condition of fairness is met:"
    for one, stands in told.fairness:
        said = [_stands(one, stand) for stand in stands]
        words = f"{one}: {'; '.join(said) or 'no step of it is possible there'}"
        yield from textwrap.wrap(words, report.terminal.width, initial_indent="  ", subsequent_indent="    ")


def _stands(one: Fairness, stand: Stands) -> str:
    of = ", ".join(f"{name}={text(value)}" for name, value in zip(one.each, stand.key, strict=True))
    how = f"taken in step {stand.taken}" if stand.taken is not None else f"not possible in state {stand.impossible}"
    return f"{of} {how}".strip()


def lasso_explanation_document(file: str, trace: Replayed, told: LassoExplanation) -> dict[str, Any]:
    """The explanation as JSON.  Keys are only ever added."""
    return {
        "schema": 1,
        "protocol": trace.recorded.protocol,
        "tweak": trace.recorded.tweak,
        "trace": file,
        "property": told.rule.title,
        "sentence": told.rule.sentence,
        "stem": len(told.lasso.stem),
        "cycle": len(told.lasso.cycle),
        "missed": told.missed,
        "fairness": [
            {
                "condition": str(one),
                "of": {name: text(value) for name, value in zip(one.each, stand.key, strict=True)},
                "taken": stand.taken,
                "impossible": stand.impossible,
            }
            for one, stands in told.fairness
            for stand in stands
        ],
    }
