"""mcheck simulate: seeded random walks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Number, Word, color_option, constants_given, json_option, option, out_option, scope_options
from mcheck.protocols import Protocol, instantiate

if TYPE_CHECKING:
    from mcheck.checker import Simulation
    from mcheck.counterexamples.shrink import Shrunk


WALKERS = ("random", "hypothesis")


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        option("--seed", type=Number(0), default=0, help="The same seed takes the same walks."),
        option("--samples", type=Number(1), default=100, help="Walks."),
        option("--steps", type=Number(1), default=100, help="Steps of a walk, at most."),
        option(
            "--walker",
            type=Word(*WALKERS),
            default="random",
            help="Who draws the walks; hypothesis needs pip install hypothesis.",
        ),
        *scope_options(protocol),
        option("--shrink/--no-shrink", default=True, help="Make the trace of a violation small before it is shown."),
        json_option(),
        out_option(),
        color_option(),
    ]


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Walk, report, save what was violated; the exit status."""
    from mcheck.checker import Limits
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED, VIOLATED
    from mcheck.counterexamples.shrink import shrink
    from mcheck.progress import ProgressLine
    from mcheck.report import Report, Subject
    from mcheck.report_json import as_json, simulation_document
    from mcheck.saving import failures_saved, save_trace
    from mcheck.selection import checked, completed
    from mcheck.terminal import Terminal

    constants = constants_given(values)
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    subject = Subject(protocol, tweak, instance)
    terminal = Terminal(values["color"])
    line = ProgressLine()
    with failures_saved(subject, values["out"], terminal, line):
        result = _walking(values["walker"])(
            instance,
            seed=values["seed"],
            samples=values["samples"],
            steps=values["steps"],
            properties=checked(subject, values["property"]),
            limits=Limits(seconds=values["time_limit"], memory_mb=values["memory_limit"]),
            progress=line,
        )
    result = dataclasses.replace(result, properties=completed(subject, values["property"], result.properties))
    violation = result.violation
    saved = shrunk = None
    if violation is not None and violation.behavior is not None:
        if values["shrink"]:
            shrunk = shrink(violation.behavior, violation.rule, _left(values["time_limit"], result.seconds))
            result = _with(result, shrunk)
            violation = result.violation
        assert violation is not None and violation.behavior is not None
        saved = save_trace(subject, violation.behavior, violation.rule, values["out"], terminal)
    if values["json"]:
        terminal.print(as_json(simulation_document(subject, result, saved, shrunk)))
    else:
        terminal.print(Report(subject, terminal).walks(result, saved, shrunk))
    if violation is not None:
        return VIOLATED
    if result.reason == "interrupted":
        return INTERRUPTED
    return INCONCLUSIVE if result.reason is not None else 0


def _walking(walker: str) -> Callable[..., Simulation]:
    """What takes the walks.  UsageError where Hypothesis is asked for and not installed."""
    from mcheck.checker import simulate
    from mcheck.spec import UsageError

    if walker == "random":
        return simulate
    try:
        from mcheck.testing.walks import simulate_by_hypothesis
    except ImportError:
        raise UsageError("--walker hypothesis: Hypothesis is not installed (pip install hypothesis)") from None
    return simulate_by_hypothesis


def _left(time_limit: float | None, seconds: float) -> float | None:
    """What the walks have left of the time, and at least a second: a trace that was found is worth one."""
    return None if time_limit is None else max(1.0, time_limit - seconds)


def _with(result: Simulation, shrunk: Shrunk) -> Simulation:
    """The result with the shrunk behaviour in place of the one that was found."""
    from mcheck.checker.verdict import PropertyResult

    found = PropertyResult(shrunk.rule, "violated", shrunk.behavior, shrunk.arguments)
    return dataclasses.replace(
        result, properties=tuple(found if p is result.violation else p for p in result.properties)
    )


command = ProtocolCommand("simulate", run, options, "Take seeded random walks through PROTOCOL.")
