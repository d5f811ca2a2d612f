"""mcheck replay: a saved trace under today's spec."""

from __future__ import annotations

import click

from mcheck.options import color_option, json_option


def run(file: str, json: bool, color: str) -> int:
    """Execute the trace again; 0 if it violates what it violated when it was saved."""
    from mcheck.checker.verdict import PropertyResult
    from mcheck.cli import VIOLATED
    from mcheck.recordings import replayed
    from mcheck.report import Report
    from mcheck.report_json import as_json
    from mcheck.report_liveness import lasso_lines
    from mcheck.terminal import Terminal

    trace = replayed(file)
    recorded, behavior, rule = trace.recorded, trace.behavior, trace.rule
    status = 0 if trace.violates or rule is None else VIOLATED
    terminal = Terminal(color)
    if json:
        document = {
            "schema": 1, "protocol": recorded.protocol, "tweak": recorded.tweak, "trace": file,
            "property": recorded.property, "steps": len(behavior.steps), "labels": list(behavior.labels),
            "violates": trace.violates, "spec_changed": trace.spec_changed, "loop": recorded.loop,
        }  # fmt: skip
        terminal.print(as_json(document))
        return status
    report = Report(trace.subject, terminal)
    lines = [f"replayed {file}{' (the spec has changed since it was saved)' if trace.spec_changed else ''}"]
    if rule is None:
        lines += [*report.table(behavior, "the end"), "Every step is still enabled."]
    elif trace.arguments is not None:
        if trace.lasso is not None:
            lines += lasso_lines(report, trace.lasso, rule, trace.arguments, "as recorded")
        else:
            result = PropertyResult(rule, "violated", behavior, trace.arguments)
            lines += report.violation(result, "as recorded", None)
    elif trace.refusal is not None:
        lines += [*report.table(behavior, "the end"), f"NO LONGER VIOLATED: {rule.title}: {trace.refusal}."]
    else:
        lines += [
            *report.table(behavior, "the end"),
            f"NO LONGER VIOLATED: {rule.title} holds at the end of this trace.",
        ]
    terminal.print("\n".join(lines))
    return status


command = click.Command(
    "replay",
    params=[click.Argument(["file"], metavar="TRACE"), json_option(), color_option()],
    callback=run,
    help="Execute a saved trace again under today's spec.  Status 1 if a step is not possible any more, or the "
    "property is not violated at the end.",
)
