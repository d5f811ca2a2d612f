"""mcheck run: breadth-first search."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import (
    Number,
    Seconds,
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


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        option("--depth", type=Number(0), help="Explore every state at most this many steps from an initial state."),
        *scope_options(protocol),
        states_option(),
        engine_option(),
        option(
            "--symmetry/--no-symmetry",
            default=None,
            help="Count states that differ by renaming nodes as one; by default where the spec is seen to allow it.",
        ),
        option("--workers", type=Number(1, 1024), default=1, help="Threads; the reference engine uses one."),
        option(
            "--exact", is_flag=True, help="Compare whole states, not fingerprints; the reference engine always does."
        ),
        option("--keep-going", is_flag=True, help="Go on after a violation; report the shortest one of each property."),
        option("--require-exhaustive", is_flag=True, help="Status 3 unless every reachable state was explored."),
        option(
            "--checkpoint", metavar="DIR", help="Write the search down there now and then, and when a limit ends it."
        ),
        option("--checkpoint-interval", type=Seconds(), default=60.0, help="Seconds between two checkpoints."),
        option("--resume", metavar="DIR", help="Go on from the checkpoint there, with its constants and options."),
        option("--deadlock", is_flag=True, help="Treat a state without enabled action as a violation."),
        json_option(),
        out_option(),
        color_option(),
    ]


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Search, report, save what was violated; the exit status."""
    from mcheck.checker import Limits, RuleFailed
    from mcheck.checker.engines import search
    from mcheck.checker.known import known_of
    from mcheck.checkpointing import checkpoints_of, resumed
    from mcheck.progress import ProgressLine
    from mcheck.report import Report, Subject
    from mcheck.saving import save_trace
    from mcheck.selection import checked, completed
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    checkpointing = values["checkpoint"] is not None or values["resume"] is not None
    if checkpointing:
        constants = resumed(protocol, values, constants)
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    subject = Subject(protocol, tweak, instance)
    terminal = Terminal(values["color"])
    report = Report(subject, terminal)
    limits = Limits(values["depth"], values["max_states"], values["time_limit"], values["memory_limit"])
    line = ProgressLine()
    checkpoints = checkpoints_of(subject, values, terminal)
    try:
        verdict = search(
            instance,
            engine=values["engine"],
            properties=checked(subject, values["property"]),
            limits=limits,
            symmetry=values["symmetry"],
            keep_going=values["keep_going"],
            deadlock_is_error=values["deadlock"],
            progress=line,
            threads=values["workers"],
            exact=values["exact"],
            checkpoints=checkpoints,
            known=known_of(instance),
        )
    except RuleFailed as failed:
        line.clear()
        if not values["json"]:
            steps = report.table(failed.behavior, f"{failed.rule.name} fails here")
            terminal.print("\n".join([report.header(limits, [values["engine"]]), *steps]))
        save_trace(subject, failed.behavior, None, values["out"], terminal)
        raise
    finally:
        line.clear()
    verdict = dataclasses.replace(verdict, properties=completed(subject, values["property"], verdict.properties))
    status = _answer(report, terminal, verdict, values)
    if checkpoints is not None and verdict.reason is None:
        checkpoints.discard()
    return status


def _answer(report: Any, terminal: Any, verdict: Any, values: dict[str, Any]) -> int:
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.report_json import as_json, search_document
    from mcheck.saving import save_trace

    subject, violation = report.subject, verdict.violation
    saved = None
    if violation is not None:
        saved = save_trace(subject, violation.behavior, violation.rule, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(search_document(subject, verdict, saved)))
    else:
        terminal.print(report.search(verdict, saved))
    if violation is not None:
        return VIOLATED
    if verdict.reason == "interrupted":
        return INTERRUPTED
    if verdict.result == "inconclusive":
        return INCONCLUSIVE
    if values["require_exhaustive"] and not verdict.exhaustive:
        terminal.warn("--require-exhaustive is not met: raise the depth or the bounds that cut something")
        return INCONCLUSIVE
    return 0


command = ProtocolCommand("run", run, options, "Search every reachable state of PROTOCOL, breadth first.")
