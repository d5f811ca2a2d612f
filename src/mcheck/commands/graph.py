"""mcheck graph: the states of a protocol and the steps between them, or what lies around a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcheck.commands.export import format_option, output_option
from mcheck.commands.protocol_command import ProtocolCommand
from mcheck.options import Number, Title, color_option, constants_given, option, scope_options
from mcheck.protocols import Protocol, instantiate

if TYPE_CHECKING:
    from mcheck.counterexamples.graphs.graph import Graph
    from mcheck.counterexamples.graphs.states import StateGraph
    from mcheck.report import Subject
    from mcheck.spec import Instance, Rule
    from mcheck.terminal import Terminal

FORMATS = {
    "dot": (".dot", ".gv"), "graphml": (".graphml", ".xml"), "svg": (".svg",), "png": (".png",), "html": (".html", ".htm"),
}  # fmt: skip
LAID_OUT = ("svg", "png", "html")
"""The formats that Graphviz draws: they have limits."""
_MOST_STATES = 20_000


def options(protocol: Protocol | None) -> list[click.Option]:
    """The options of a graph of a protocol, besides the constants."""
    tweak, property, *_ = scope_options(protocol)
    property.help = "Mark where this property is violated; repeatable [default: all]."
    return [
        *_common(),
        option("--depth", type=Number(0), help="Only the states at most this many steps from an initial state."),
        tweak,
        property,
        option("--max-states", type=Number(1), default=_MOST_STATES, help="Give up beyond this many states."),
        color_option(),
    ]


def _common() -> list[click.Option]:
    return [
        format_option(FORMATS),
        output_option(),
        option(
            "--project", type=Title(), multiple=True, metavar="FIELDS",
            help="Tell states apart by these fields only: servers.role,servers.current_term; or by a lane: n0.",
        ),
    ]  # fmt: skip


# ---------------------------------------------------------------------- a protocol


def run(protocol: Protocol, values: dict[str, Any]) -> int:
    """The graph of all states, or of a projection of them."""
    from mcheck.counterexamples.graphs.states import reachable
    from mcheck.report import Subject

    format = format_of(values["output"], values["format"])
    tweak = protocol.tweak_named(values["tweak"])
    instance = instantiate(protocol.tweaked(tweak), constants_given(values))
    subject = Subject(protocol, tweak, instance)
    rules = _marked(instance, values["property"])
    most, depth = values["max_states"], values["depth"]
    limit = f"depth ≤ {depth}" if depth is not None else None
    graph = _explored(lambda: reachable(instance, rules, most, depth))
    return _write(_shown(subject, graph, values["project"], limit), format, values)


def _marked(instance: Instance, asked: Sequence[str]) -> tuple[Rule, ...]:
    """The properties whose violations are marked."""
    from mcheck.checker.checks import select
    from mcheck.spec import UsageError

    if not asked:
        return tuple(r for r in instance.properties if r.kind in ("always", "step"))
    chosen = select(instance, asked)
    for rule in chosen:
        if rule.kind not in ("always", "step"):
            raise UsageError(
                f"--property {rule.title}: a graph marks states and steps that violate a property (always, step), "
                f"and this one is {rule.kind}"
            )
    return chosen


# ---------------------------------------------------------------------- a trace


def run_trace(trace: str, **values: Any) -> int:
    """The trace as a graph of its steps; with --around or --project, the states around it."""
    from mcheck.commands.render import counterexample_of
    from mcheck.counterexamples.graphs.cause_figure import cause_figure
    from mcheck.counterexamples.graphs.states import neighbourhood, reachable
    from mcheck.recordings import replayed
    from mcheck.spec import UsageError

    format = format_of(values["output"], values["format"])
    replay = replayed(trace)
    around, most = values["around"], values["max_states"]
    if around is None and not values["project"]:
        if replay.lasso is not None:
            raise UsageError(
                f"{trace}: is a lasso, and its end violates nothing that steps could have led to: "
                "draw what lies around it with --around 1, or see mcheck explain"
            )
        return _write(cause_figure(counterexample_of(replay, trace)), format, values)
    behavior = replay.behavior
    rules = [r for r in (replay.rule,) if r is not None and r.kind in ("always", "step")]
    if around is None:
        graph = _explored(lambda: reachable(behavior.instance, rules, most, behavior=behavior))
        return _write(_shown(replay.subject, graph, values["project"], None), format, values)
    limit = f"at most {around} step{'s' * (around != 1)} from the trace"
    graph = _explored(lambda: neighbourhood(behavior, rules, most, around))
    return _write(_shown(replay.subject, graph, values["project"], limit), format, values)


# ---------------------------------------------------------------------- both


def _explored(explore: Callable[[], StateGraph]) -> StateGraph:
    """What `explore` finds.  UsageError, with what to do instead, where that is too much."""
    from mcheck.counterexamples.graphs.states import TooManyStates
    from mcheck.spec import UsageError

    try:
        return explore()
    except TooManyStates as many:
        raise UsageError(
            f"{many}: lower a bound, draw the first steps (--depth 4) or the states around a trace "
            "(mcheck graph TRACE --around 1), or raise --max-states"
        ) from None


def _shown(subject: Subject, graph: StateGraph, project: Sequence[str], limit: str | None) -> Graph:
    from mcheck.counterexamples.graphs.projection import Projection
    from mcheck.counterexamples.graphs.state_figure import projected_figure, state_figure

    title = title_of(subject, limit)
    if project:
        return projected_figure(graph, Projection(subject.instance, project), title)
    return state_figure(graph, title)


def title_of(subject: Subject, limit: str | None) -> str:
    """`raft + forget-vote · 3 nodes · terms ≤ 1 · depth ≤ 4`."""
    from mcheck.scope import bounds_text, constants_text

    name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
    parts = [name, *constants_text(subject.instance), bounds_text(subject.instance), limit]
    return " · ".join(part for part in parts if part)


def format_of(output: str | None, asked: str | None) -> str:
    """The format asked for; UsageError, before any work, for a file or a terminal that cannot take it."""
    from mcheck.files import refuse_bad_path
    from mcheck.spec import UsageError

    refuse_bad_path(output)
    format = asked or ("dot" if output is None else named_by(output))
    if format is None:
        raise UsageError(f"{output}: say which format: {', '.join(f'-f {name}' for name in FORMATS)}")
    if format == "png" and output is None:
        raise UsageError("-f png needs a file: -o FILE.png")
    return format


def named_by(file: str) -> str | None:
    """The format that the ending of a file names; None for any other ending."""
    return next((name for name, ends in FORMATS.items() if file.lower().endswith(ends)), None)


def _write(graph: Graph, format: str, values: dict[str, Any]) -> int:
    """Write the graph where the options say."""
    from mcheck.terminal import Terminal

    if format in LAID_OUT:
        _refuse_large(graph)
    return write_graph(graph, format, values["output"], Terminal(values["color"]))


def write_graph(graph: Graph, format: str, output: str | None, terminal: Terminal, told: bool = True) -> int:
    """Write the graph, and say what was written if that is a file, and `told`."""
    from mcheck.counterexamples.graphs.dot import dot_text
    from mcheck.counterexamples.graphs.drawing import NoGraphviz, drawn, graphml_text
    from mcheck.counterexamples.graphs.page import html_text
    from mcheck.files import write_file
    from mcheck.scope import counted

    content: str | bytes = graphml_text(graph) if format == "graphml" else dot_text(graph)
    if format in LAID_OUT:
        try:
            content = drawn(str(content), "png" if format == "png" else "svg")
            if format == "html":
                content = html_text(graph, content.decode())
        except NoGraphviz as missing:
            output = str(Path(output or "graph").with_suffix(".dot"))
            write_file(output, content)
            terminal.warn(
                f"{missing}: wrote {output} instead; install Graphviz, or pip install pygraphviz, for -f {format}"
            )
            return missing.status
    if output is None:
        terminal.print((content if isinstance(content, str) else content.decode()).rstrip("\n"))
        return 0
    write_file(output, content)
    if not told:
        return 0
    vertices = "1 vertex" if len(graph.vertices) == 1 else f"{len(graph.vertices):,} vertices"
    terminal.print(f"wrote {output}: {vertices}, {counted(len(graph.arrows), 'arrow')}")
    return 0


def _refuse_large(graph: Graph) -> None:
    from mcheck.counterexamples.graphs.drawing import MOST_DRAWN
    from mcheck.spec import UsageError

    if len(graph.vertices) > MOST_DRAWN:
        raise UsageError(
            f"{len(graph.vertices):,} vertices are too many to draw (at most {MOST_DRAWN}): tell states apart by less "
            "(--project FIELD), draw the first steps (--depth 3) or what is around a trace (mcheck graph TRACE --around 1); "
            "-f dot and -f graphml take all of them"
        )


class GraphCommand(ProtocolCommand):
    """`graph PROTOCOL`, with the constants of the protocol, or `graph TRACE`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        typed = self.protocol_in(args)
        if typed is not None and typed.endswith(".json"):
            return _of_trace.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


_of_trace = click.Command(
    "graph",
    params=[
        click.Argument(["trace"], metavar="TRACE"),
        *_common(),
        option("--around", type=Number(0), metavar="K", help="The states at most K steps after a state of the trace."),
        option("--max-states", type=Number(1), default=_MOST_STATES, help="Give up beyond this many states."),
        color_option(),
    ],
    callback=run_trace,
    help="Draw a saved trace as a graph of its steps, or (--around, --project) the states it passes through.",
)

command = GraphCommand(
    "graph",
    run,
    options,
    "Draw the states of PROTOCOL and the steps between them; of a saved TRACE, its steps and what caused what.",
)
