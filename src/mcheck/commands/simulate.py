"""mcheck simulate: seeded random walks."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Number, color_option, constants_given, json_option, option, out_option, scope_options
from mcheck.protocols import Protocol, instantiate


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        option("--seed", type=Number(0), default=0, help="The same seed takes the same walks."),
        option("--samples", type=Number(1), default=100, help="Walks."),
        option("--steps", type=Number(1), default=100, help="Steps of a walk, at most."),
        *scope_options(protocol),
        json_option(),
        out_option(),
        color_option(),
    ]


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Walk, report, save what was violated; the exit status."""
    from mcheck.checker import Limits, RuleFailed, simulate
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.progress import ProgressLine
    from mcheck.report import Report, Subject
    from mcheck.report_json import as_json, simulation_document
    from mcheck.saving import save_trace
    from mcheck.selection import checked, completed
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    subject = Subject(protocol, tweak, instance)
    terminal = Terminal(values["color"])
    line = ProgressLine()
    try:
        result = simulate(
            instance,
            seed=values["seed"],
            samples=values["samples"],
            steps=values["steps"],
            properties=checked(subject, values["property"]),
            limits=Limits(seconds=values["time_limit"], memory_mb=values["memory_limit"]),
            progress=line,
        )
    except RuleFailed as failed:
        line.clear()
        save_trace(subject, failed.behavior, None, values["out"], terminal)
        raise
    finally:
        line.clear()
    result = dataclasses.replace(result, properties=completed(subject, values["property"], result.properties))
    violation = result.violation
    saved = None
    if violation is not None and violation.behavior is not None:
        saved = save_trace(subject, violation.behavior, violation.rule, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(simulation_document(subject, result, saved)))
    else:
        terminal.print(Report(subject, terminal).walks(result, saved))
    if violation is not None:
        return VIOLATED
    if result.reason == "interrupted":
        return INTERRUPTED
    return INCONCLUSIVE if result.reason is not None else 0


command = ProtocolCommand("simulate", run, options, "Take seeded random walks through PROTOCOL.")
