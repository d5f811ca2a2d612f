"""mcheck liveness: temporal properties, over all fair behaviours."""

from __future__ import annotations

from typing import Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import (
    Word,
    color_option,
    constants_given,
    engine_option,
    json_option,
    option,
    out_option,
    scope_options,
    states_option,
)
from mcheck.protocols import Protocol, instantiate

_FAIRNESS = ("declared", "weak", "strong", "none")


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        *scope_options(protocol),
        option(
            "--fairness",
            type=Word(*_FAIRNESS),
            default="declared",
            help="What the spec states; or weak or strong fairness of every action, for each of its arguments; or none.",
        ),
        engine_option(),
        states_option(),
        json_option(),
        out_option(),
        color_option(),
    ]


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Decide, report, save the lassos; the exit status."""
    from mcheck.checker import Limits
    from mcheck.checker.known import known_of
    from mcheck.checker.liveness.engine import decide
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.progress import ProgressLine
    from mcheck.report import Report, Subject
    from mcheck.report_json import as_json
    from mcheck.report_liveness import liveness_document, liveness_text
    from mcheck.saving import failures_saved, save_lasso
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    subject = Subject(protocol, tweak, instance)
    terminal = Terminal(values["color"])
    report = Report(subject, terminal)
    line = ProgressLine()
    word = values["fairness"]
    with failures_saved(subject, values["out"], terminal, line):
        verdict = decide(
            instance,
            properties=list(values["property"]) or None,
            fairness=word,
            engine=values["engine"],
            limits=Limits(None, values["max_states"], values["time_limit"], values["memory_limit"]),
            progress=line,
            known=known_of(instance),
        )
    saved = {
        f.rule.name: save_lasso(subject, f.lasso, f.rule, word, values["out"], terminal)
        for f in verdict.findings
        if f.lasso is not None
    }
    if values["json"]:
        terminal.print(as_json(liveness_document(report, verdict, word, saved)))
    else:
        terminal.print(liveness_text(report, verdict, word, saved))
    if verdict.result == "violated":
        return VIOLATED
    if verdict.reason == "interrupted":
        return INTERRUPTED
    return 0 if verdict.result == "holds" else INCONCLUSIVE


command = ProtocolCommand(
    "liveness",
    run,
    options,
    "Check the temporal properties of PROTOCOL: what every fair behaviour must come to.",
)
