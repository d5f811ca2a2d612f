"""The libraries and the program that graphs go through: networkx for GraphML, Graphviz for drawings.  Nothing else imports them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from mcheck.counterexamples.graphs.graph import Graph
from mcheck.spec import McheckError, UsageError

if TYPE_CHECKING:
    import networkx

MOST_DRAWN = 300
"""The most vertices that are laid out: `dot` takes seconds for a thousand and minutes for three thousand."""

_PATIENCE = 120.0


class NoGraphviz(McheckError):
    """There is nothing here that lays out graphs."""

    status = 2


def networkx_graph(graph: Graph) -> networkx.MultiDiGraph[str]:
    """The graph for networkx, with everything that is known of vertices and arrows as their attributes."""
    try:
        import networkx
    except ImportError:
        raise UsageError("GraphML needs networkx: pip install networkx; -f dot needs nothing") from None
    made: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(title=graph.title)
    for vertex in graph.vertices:
        marks = {m.name: any(m is n for n in vertex.marks) for m in graph.vertex_marks()}
        made.add_node(vertex.name, label="\n".join(vertex.lines), **marks, **vertex.facts)
    for arrow in graph.arrows:
        marks = {m.name: any(m is n for n in arrow.marks) for m in graph.arrow_marks()}
        made.add_edge(arrow.source, arrow.target, label="\n".join(arrow.lines), **marks)
    return made


def graphml_text(graph: Graph) -> str:
    """The graph as GraphML.  UsageError without networkx."""
    made = networkx_graph(graph)
    import networkx

    return "\n".join(networkx.generate_graphml(made)) + "\n"


def drawn(dot: str, format: str) -> bytes:
    """The drawing of a DOT text, `svg` or `png`: by `dot`, else by pygraphviz.

    NoGraphviz if there is neither, McheckError if it cannot or takes more than two minutes.
    """
    program = shutil.which("dot")
    return _by_pygraphviz(dot, format) if program is None else _by_program(program, dot, format)


def _by_program(program: str, dot: str, format: str) -> bytes:
    try:
        done = subprocess.run(
            [program, f"-T{format}"], input=dot.encode(), capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise McheckError(f"{program} took more than {_PATIENCE:.0f} s to lay out the graph: draw less of it") from None
    except OSError as error:
        raise McheckError(f"{program} cannot be run: {error.strerror or error}") from None
    if done.returncode != 0:
        raise McheckError(f"{program} failed: {' '.join(done.stderr.decode(errors='replace').split())[:200]}")
    return done.stdout


def _by_pygraphviz(dot: str, format: str) -> bytes:
    try:
        import pygraphviz
    except ImportError:
        raise NoGraphviz("no Graphviz here") from None
    drawing = pygraphviz.AGraph(string=dot).draw(format=format, prog="dot")
    assert isinstance(drawing, bytes)
    return drawing
