"""mcheck replay: a saved trace under today's spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcheck.options import color_option, json_option


def run(file: str, json: bool, color: str) -> int:
    """Execute the trace again; 0 if it violates what it violated when it was saved."""
    from mcheck.checker.verdict import PropertyResult
    from mcheck.cli import VIOLATED
    from mcheck.counterexamples import load, reexecute
    from mcheck.counterexamples.store import fingerprint
    from mcheck.report import Report
    from mcheck.report_json import as_json
    from mcheck.terminal import Terminal

    recorded = load(Path(file))
    subject = _subject(recorded)
    behavior = reexecute(subject.instance, recorded)
    terminal = Terminal(color)
    report = Report(subject, terminal)
    changed = fingerprint(type(subject.instance.spec)) != recorded.fingerprint
    rule, arguments, violates = _judged(recorded, behavior)
    if json:
        document = {
            "schema": 1, "protocol": recorded.protocol, "tweak": recorded.tweak, "trace": file,
            "property": recorded.property, "steps": len(behavior.steps), "labels": list(behavior.labels),
            "violates": violates, "spec_changed": changed,
        }  # fmt: skip
        terminal.print(as_json(document))
        return 0 if violates or rule is None else VIOLATED
    lines = [f"replayed {file}{' (the spec has changed since it was saved)' if changed else ''}"]
    if rule is None:
        lines += [*report.table(behavior, "the end"), "Every step is still enabled."]
    elif violates:
        result = PropertyResult(rule, "violated", behavior, arguments)
        lines += report.violation(result, "as recorded", None)
    else:
        lines += [
            *report.table(behavior, "the end"),
            f"NO LONGER VIOLATED: {rule.title} holds at the end of this trace.",
        ]
    terminal.print("\n".join(lines))
    return 0 if violates or rule is None else VIOLATED


def _subject(recorded: Any) -> Any:
    """The spec the trace was recorded with, as it is today.  ReplayMismatch if its constants no longer exist."""
    from mcheck.protocols import find, instantiate
    from mcheck.report import Subject
    from mcheck.spec import ReplayMismatch, UsageError

    protocol = find(recorded.source if ".py:" in recorded.source else recorded.protocol)
    try:
        instance = instantiate(protocol.tweaked(recorded.tweak), {**recorded.constants, **recorded.bounds})
    except UsageError as error:
        raise ReplayMismatch(0, "initially", str(error)) from None
    return Subject(protocol, recorded.tweak, instance)


def _judged(recorded: Any, behavior: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """The property, the arguments that falsify it at the end, and whether it is violated there."""
    from mcheck.checker.checks import DEADLOCK_FREEDOM
    from mcheck.spec import ReplayMismatch

    if recorded.property is None:
        return None, (), False
    instance = behavior.instance
    rules = (*instance.properties, DEADLOCK_FREEDOM)
    rule = next((r for r in rules if r.title == recorded.property), None)
    if rule is None:
        raise ReplayMismatch(len(behavior.steps), "the end", f"the spec no longer has a property {recorded.property!r}")
    with instance.active():
        if rule.kind == "implements":
            refinement = instance.refinements[rule.name]
            allowed = (
                refinement.allows(*behavior.states[-2:]) if behavior.steps else refinement.starts(behavior.initial)
            )
            return rule, (), not allowed
        states = behavior.states[-2:] if rule.kind == "step" else behavior.states[-1:]
        if rule.kind == "step" and len(states) < 2:
            return rule, (), False
        arguments = instance.falsifying(rule, *states)
    return rule, arguments or (), arguments is not None


command = click.Command(
    "replay",
    params=[click.Argument(["file"], metavar="TRACE"), json_option(), color_option()],
    callback=run,
    help="Execute a saved trace again under today's spec.  Status 1 if a step is not possible any more, or the "
    "property is not violated at the end.",
)
