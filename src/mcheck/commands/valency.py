"""mcheck valency: which decisions can still be reached, and a run in which none ever is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.graph import FORMATS as GRAPH_FORMATS
from mcheck.commands.graph import LAID_OUT, named_by, write_graph
from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import (
    Number,
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

if TYPE_CHECKING:
    from mcheck.report import Subject
    from mcheck.report_valency import ValencyReport

_MOST_WRITTEN = 20_000
_FAIRNESS = ("admissible", "declared", "weak", "strong", "none")


def options(protocol: Protocol | None) -> list[click.Option]:
    """All options that do not come from the spec."""
    return [
        *(one for one in scope_options(protocol) if one.name != "property"),
        option(
            "--fairness",
            type=Word(*_FAIRNESS),
            default="admissible",
            help="What a run that never decides must meet: every process takes steps and receives what it can; or as of liveness.",
        ),
        engine_option(),
        states_option(),
        option("--draw", metavar="FILE", help=f"Draw the states by valency: a file that ends in {_endings()}."),
        option(
            "--around", type=Number(0), metavar="K",
            help="Draw only the states at most K steps after one of the run [default: all; 1 if they are too many].",
        ),
        json_option(),
        out_option(),
        color_option(),
    ]  # fmt: skip


def _endings() -> str:
    return ", ".join(ends[0] for ends in GRAPH_FORMATS.values())


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """Compute, report, save the run, draw the states; the exit status: 0 if the question is answered, whatever the answer."""
    from mcheck.checker import Limits
    from mcheck.checker.known import known_of
    from mcheck.checker.valency.engine import study
    from mcheck.cli import INCONCLUSIVE, INTERRUPTED
    from mcheck.progress import ProgressLine
    from mcheck.report import Report, Subject
    from mcheck.report_json import as_json
    from mcheck.report_valency import ValencyReport
    from mcheck.saving import failures_saved, save_lasso
    from mcheck.terminal import Terminal

    format = None if values["draw"] is None else _format_of(values["draw"])
    constants = constants_given(values)
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants)
    subject = Subject(protocol, tweak, instance)
    terminal = Terminal(values["color"])
    line = ProgressLine()
    word = values["fairness"]
    with failures_saved(subject, values["out"], terminal, line):
        verdict = study(
            instance,
            fairness=word,
            engine=values["engine"],
            limits=Limits(None, values["max_states"], values["time_limit"], values["memory_limit"]),
            progress=line,
            known=known_of(instance),
        )
    found = verdict.run
    saved = None if found is None else save_lasso(subject, found.lasso, found.rule, word, values["out"], terminal)
    report = ValencyReport(Report(subject, terminal), verdict, word, saved)
    terminal.print(as_json(report.document()) if values["json"] else report.text())
    if format is not None:
        _draw(subject, report, format, values)
    if verdict.reason == "interrupted":
        return INTERRUPTED
    return 0 if verdict.result == "answered" else INCONCLUSIVE


def _format_of(file: str) -> str:
    """The format of the drawing; UsageError, before any work, for a file that cannot be it."""
    from mcheck.files import refuse_bad_path
    from mcheck.spec import UsageError

    refuse_bad_path(file)
    format = named_by(file)
    if format is None:
        raise UsageError(f"--draw {file}: the name of the file says the format: let it end in {_endings()}")
    return format


def _draw(subject: Subject, report: ValencyReport, format: str, values: dict[str, Any]) -> None:
    """The states by their valency, in a file; a line says so, unless the answer is for a machine."""
    from mcheck.counterexamples.graphs.drawing import MOST_DRAWN
    from mcheck.valency_graph import valency_graph

    graph = valency_graph(subject, report, values["around"], MOST_DRAWN if format in LAID_OUT else _MOST_WRITTEN)
    write_graph(graph, format, values["draw"], report.report.terminal, told=not values["json"])


command = ProtocolCommand(
    "valency",
    run,
    options,
    "Compute which decisions can still be reached from each state of PROTOCOL, and construct a run that never decides: the theorem of "
    "Fischer, Lynch and Paterson on one protocol.  Status 0 if that is answered, whatever the answer.",
)
