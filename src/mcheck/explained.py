"""The explanation of a trace, as a short narrative and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from mcheck.counterexamples.divergence import Divergence, differing, overridden, parent_of
from mcheck.counterexamples.explanation import Cause, Explanation
from mcheck.protocols import instantiate
from mcheck.recordings import Replayed
from mcheck.report import CIRCLED, Report
from mcheck.scope import counted
from mcheck.spec import Instance, Rule

_YES = {True: "yes", False: "no"}


def good_spec(trace: Replayed) -> Instance | None:
    """What a tweak is compared with: its protocol; else the spec that this one derives from.  None if there is none."""
    instance = trace.subject.instance
    cls = trace.subject.protocol.cls if trace.subject.tweak is not None else parent_of(instance.spec)
    if cls is None or cls is type(instance.spec):
        return None
    constants = {**instance.constants, **instance.bounds}
    return instantiate(cls, {name: value for name, value in constants.items() if name in cls._constants})


class Narrative:
    """Tells an explanation to somebody who knows the protocol's actions and not yet what went wrong."""

    def __init__(self, trace: Replayed, rule: Rule, explanation: Explanation, report: Report) -> None:
        self.trace, self.rule, self.told, self.report = trace, rule, explanation, report
        self.notation = report.notation
        self.width = report.terminal.width

    def lines(self) -> list[str]:
        """The whole text."""
        return [
            *self.headline(),
            "",
            *self.report.facts(self.told.behavior, self.rule, self.told.arguments),
            *self.how_it_came(),
            *self.what_it_follows_from(),
            *self.where_they_part(),
        ]

    def headline(self) -> list[str]:
        """What was violated, and what that property says."""
        subject = self.trace.subject
        name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
        steps = len(self.told.behavior.steps)
        where = f"after {counted(steps, 'step')}" if steps else "in an initial state"
        sentence = self.rule.sentence.partition("  Source:")[0]
        return self._wrapped(f"{name} violates {self.rule.title} {where}{f': {sentence}' if sentence else ''}", "")

    # ------------------------------------------------------------------ the steps that did it

    def how_it_came(self) -> list[str]:
        """For each step that made facts true: what let it happen."""
        lines = []
        for cause in self.told.causes:
            marks = " ".join(CIRCLED[k - 1] for k in cause.facts if k <= len(CIRCLED))
            lines += ["", *self._wrapped(f"step {cause.number}, {self.notation.step(cause.step)} {marks}".rstrip(), "")]
            lines += self._reasons(cause)
        return lines

    def _reasons(self, cause: Cause) -> list[str]:
        lines = []
        if cause.guards:
            lines += self._wrapped(f"was enabled: {'; '.join(cause.guards)}", "  ")
        decisive = [c for c in cause.conditions if c.decisive]
        for condition in decisive:
            said = f" ({condition.sentence.rstrip('.')})" if condition.sentence else ""
            lines += self._wrapped(f"decided by {condition.name}: {_YES[condition.value]}{said}", "  ")
        if cause.depends:
            lines += self._wrapped(f"follows from {_steps(cause.depends)}", "  ")
        return lines

    def what_it_follows_from(self) -> list[str]:
        """Which steps the violation needs, and which only happened too."""
        everything = set(range(1, len(self.told.behavior.steps) + 1))
        past, rest = sorted(self.told.past), sorted(everything - self.told.past)
        if not everything:
            return []
        if not rest:
            whole = "its only step" if len(everything) == 1 else f"each of the {len(everything)} steps"
            return ["", *self._wrapped(f"The violation follows from {whole}.", "")]
        return ["", *self._wrapped(f"The violation follows from {_steps(past)}; not from {_steps(rest)}.", "")]

    # ------------------------------------------------------------------ the good spec

    def where_they_part(self) -> list[str]:
        """The first step that the good spec would not have taken like this."""
        other = self.told.other
        if other is None:
            return []
        name = self._good_name()
        found = self.told.divergence
        if self.told.behavior.initial not in other.initial:
            return ["", *self._wrapped(f"{name} does not begin in this state.", "")]
        if found is None:
            return ["", *self._wrapped(f"{name} takes every one of these steps, and to the same states.", "")]
        changed = ", ".join(found.overridden) or ", ".join(
            overridden(type(self.told.behavior.instance.spec), type(other.spec))
        )
        lines = [
            "",
            *self._wrapped(f"Until step {found.number} {name} does the same.  Then {self._other_way(found, name)}", ""),
        ]
        for opinion in found.opinions:
            said = f" ({opinion.sentence.rstrip('.')})" if opinion.sentence else ""
            lines += self._wrapped(
                f"{opinion.name}{said}: {_YES[opinion.here]} here, {_YES[opinion.there]} in {name}", "  "
            )
        for place, here, there in differing(found, self.notation):
            lines += self._wrapped(f"{place}: {here} here, {there} in {name}", "  ")
        later = found.refusal
        if later is not None:
            step = f"step {later.number}, {self.notation.step(later.step)}"
            lines += self._wrapped(f"going on from there, {name} does not allow {step}: {later.why}", "  ")
        if changed:
            lines += self._wrapped(f"changed by {self._tweak_name()}: {changed}", "  ")
        return lines

    def _other_way(self, found: Divergence, name: str) -> str:
        step = self.notation.step(found.step)
        return {
            "refused": f"it refuses {step}: its guard “{found.why}” is false.",
            "elsewhere": f"{step} leads to another state there.",
            "cut": f"{step} leaves its bound {found.why}.",
            "fails": f"{step} fails: {found.why}.",
            "unknown": f"it knows no such step: {found.why}.",
        }[found.how]

    def _good_name(self) -> str:
        subject, other = self.trace.subject, self.told.other
        assert other is not None
        return subject.protocol.name if subject.tweak else other.name

    def _tweak_name(self) -> str:
        return self.trace.subject.tweak or self.told.behavior.instance.name

    def _wrapped(self, words: str, indent: str) -> list[str]:
        return textwrap.wrap(words, self.width, initial_indent=indent, subsequent_indent=indent + "  ")


def _steps(numbers: Iterable[int]) -> str:
    """`step 3`, `steps 1 to 4 and 7`: runs of three and more as ranges."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"step{'' if parts == [words] and ' ' not in words else 's'} {words}"


def explanation_document(file: str, trace: Replayed, rule: Rule, told: Explanation, report: Report) -> dict[str, Any]:
    """The explanation as JSON.  Keys are only ever added."""
    notation = report.notation
    return {
        "schema": 1,
        "protocol": trace.recorded.protocol,
        "tweak": trace.recorded.tweak,
        "trace": file,
        "property": rule.title,
        "sentence": rule.sentence,
        "steps": len(told.behavior.steps),
        "facts": [{"text": f.text(notation), "since": f.since} for f in told.facts],
        "causes": [_cause_document(cause) for cause in told.causes],
        "follows_from": sorted(told.past),
        "divergence": _divergence_document(told, report),
    }


def _cause_document(cause: Cause) -> dict[str, Any]:
    return {
        "step": cause.number,
        "label": cause.step.label,
        "facts": list(cause.facts),
        "guards": list(cause.guards),
        "conditions": [
            {"rule": c.name, "sentence": c.sentence, "answer": c.value, "decisive": c.decisive}
            for c in cause.conditions
        ],
        "follows_from": list(cause.depends),
    }


def _divergence_document(told: Explanation, report: Report) -> dict[str, Any] | None:
    found = told.divergence
    if found is None:
        return None
    return {
        "step": found.number,
        "label": found.step.label,
        "spec": found.other.name,
        "how": found.how,
        "why": found.why,
        "overridden": list(found.overridden),
        "rules": [{"rule": o.name, "sentence": o.sentence, "here": o.here, "there": o.there} for o in found.opinions],
        "refusal": None
        if found.refusal is None
        else {"step": found.refusal.number, "label": found.refusal.step.label, "why": found.refusal.why},
        "places": [{"place": p, "here": h, "there": t} for p, h, t in differing(found, report.notation)],
    }
