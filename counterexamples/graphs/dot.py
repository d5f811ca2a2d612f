"""A graph as DOT, the language of Graphviz.  Source: https://graphviz.org/doc/info/lang.html.  The same bytes for the same graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcheck.counterexamples.graphs.graph import Arrow, Graph, Look, Vertex, look_of

_PLAIN_VERTEX = Look("box", "#ffffff", "#444444", "solid", 1.0, 1)
_PLAIN_ARROW = Look(color="#444444", line="solid", width=1.0)
_LEFT = "\\l"  # ends a line that is aligned on the left
_FONT = 'fontname="Helvetica,Arial,sans-serif"'


def dot_text(graph: Graph) -> str:
    """The graph with its title, notes and legend."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph mcheck {"
    title = _text((graph.title, *graph.notes), _LEFT)
    yield f'  graph [label={title}, labelloc="t", labeljust="l", {_FONT}, fontsize=12, rankdir="TB"]'
    yield f"  node [{_FONT}, fontsize=10, margin=0.08, height=0.2]"
    yield f"  edge [{_FONT}, fontsize=9]"
    for vertex in graph.vertices:
        yield f"  {_quoted(vertex.name)} [{_vertex(vertex)}]"
    for arrow in graph.arrows:
        yield f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)} [{_arrow(arrow)}]"
    yield from _legend(graph)
    yield "}"


def _vertex(vertex: Vertex) -> str:
    look = look_of(_PLAIN_VERTEX, vertex.marks)
    column = f", group={_quoted(vertex.column)}" if vertex.column is not None else ""
    return f"label={_text(vertex.lines, _LEFT)}, {_vertex_look(look)}{column}"


def _vertex_look(look: Look) -> str:
    rounded = "rounded," if look.shape == "box" else ""
    return (
        f'shape="{look.shape}", style="{rounded}filled,{look.line}", fillcolor="{look.fill}", color="{look.color}", '
        f"penwidth={look.width:g}, peripheries={look.outlines}"
    )


def _arrow(arrow: Arrow) -> str:
    label = f"label={_text(arrow.lines, _LEFT)}, " if arrow.lines else ""
    return label + _arrow_look(look_of(_PLAIN_ARROW, arrow.marks))


def _arrow_look(look: Look) -> str:
    return f'style="{look.line}", color="{look.color}", penwidth={look.width:g}'


def _legend(graph: Graph) -> Iterator[str]:
    """The marks in use, each drawn as what it marks."""
    marks = graph.vertex_marks()
    samples = [f"label={_text((m.meaning,), _LEFT)}, {_vertex_look(_PLAIN_VERTEX.under(m.look))}" for m in marks]
    arrows = [m for m in graph.arrow_marks() if m not in marks]
    if not samples and not arrows:
        return
    yield f'  subgraph cluster_legend {{ label="legend"; labeljust="l"; color="#bbbbbb"; {_FONT}; fontsize=10'
    names = [f"legend_{k}" for k in range(len(samples))]
    for name, sample in zip(names, samples, strict=True):
        yield f"    {name} [{sample}]"
    for k, mark in enumerate(arrows):
        yield f'    arrow_{k}_a [shape="point", width=0.05, color="#444444"]'
        yield f'    arrow_{k}_b [shape="point", width=0.05, color="#444444"]'
        look = _arrow_look(_PLAIN_ARROW.under(mark.look))
        yield f"    arrow_{k}_a -> arrow_{k}_b [label={_text((mark.meaning,), _LEFT)}, {look}]"
    yield "  }"


def _text(lines: Iterable[str], end: str) -> str:
    """A label: its lines, each ended by `end`, which aligns it."""
    lines = tuple(lines)
    if len(lines) == 1:
        return f'"{_escaped(lines[0])}"'
    return '"' + "".join(_escaped(line) + end for line in lines) + '"'


def _quoted(name: str) -> str:
    return f'"{_escaped(name)}"'


def _escaped(words: str) -> str:
    """Text in which nothing means anything to DOT, entities of HTML included; as blanks the characters that SVG cannot have."""
    plain = "".join(" " if ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF else c for c in words)
    return plain.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
