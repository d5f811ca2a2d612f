"""A state graph, or a projection of one, as a graph to be shown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from mcheck.counterexamples.abbreviations import TableNotation
from mcheck.counterexamples.graphs.graph import BLUE, PALE_VERMILLION, VERMILLION, Arrow, Graph, Look, Mark, Vertex
from mcheck.counterexamples.graphs.projection import Projection, Reading
from mcheck.counterexamples.graphs.states import Edge, StateGraph
from mcheck.counterexamples.lanes import Card, Lanes
from mcheck.spec import Record, text

INITIAL = Mark("initial", "double outline: initial state", Look(outlines=2))
OPEN = Mark("open", "dashed outline: more steps lead out of it than are drawn", Look(line="dashed"))
ON_PATH = Mark("path", "thick and blue: the behaviour", Look(color=BLUE, width=2.5))
VIOLATING = Mark("violating", "octagon: violates a property", Look("octagon", PALE_VERMILLION, VERMILLION))
VIOLATING_STEP = Mark("violating", "thick and dashed: violates a property", Look(None, None, VERMILLION, "dashed", 2.5))

_WIDTH = 40
_LISTED = 3
_SHORT_CARD = 16


def state_figure(graph: StateGraph, title: str, kinds: Sequence[Mark] = ()) -> Graph:
    """One vertex for each state; `kinds`: of which kind each is, by number, if that is to be seen and written."""
    writer = _Writer(graph)
    vertices = []
    for n in range(len(graph.states)):
        kind = tuple(kinds[n : n + 1])
        lines = (*(mark.name for mark in kind), *writer.state(n))
        vertices.append(Vertex(f"s{n}", lines, (*kind, *_marks(graph, (n,), n in graph.path)), writer.facts(n)))
    arrows = _arrows(graph.edges, graph.path, lambda n: n, writer.step)
    notes = writer.unwritten()
    if graph.stuttering:
        notes.append(f"not drawn: {graph.stuttering:,} step{'s' * (graph.stuttering != 1)} that change nothing")
    return Graph(title, (*notes, *writer.key()), tuple(vertices), arrows)


def projected_figure(graph: StateGraph, projection: Projection, title: str) -> Graph:
    """One vertex for each value of the projection, and an arrow where a step leads from one to another."""
    writer = _Writer(graph)
    groups: dict[tuple[Reading, ...], list[int]] = {}
    for number, state in enumerate(graph.states):
        groups.setdefault(projection.readings(state), []).append(number)
    group_of = {n: k for k, members in enumerate(groups.values()) for n in members}
    path = [k for k, _ in groupby(group_of[n] for n in graph.path)]
    vertices = []
    for k, (readings, members) in enumerate(groups.items()):
        facts: dict[str, str | int] = {"states": len(members), **{_place(r): text(r.value) for r in readings}}
        lines = (*writer.readings(readings), *writer.members(members))
        vertices.append(Vertex(f"s{k}", lines, _marks(graph, members, k in path), facts))
    arrows = _arrows(graph.edges, path, group_of.__getitem__, _action)
    notes = (
        f"{len(graph.states):,} states; those that agree on {', '.join(projection.places)} are one vertex",
        "not drawn: steps that change none of that",
    )
    return Graph(title, (*notes, *writer.key()), tuple(vertices), arrows)


def _marks(graph: StateGraph, members: Collection[int], on_path: bool) -> tuple[Mark, ...]:
    """What is true of a vertex: of one of the states that it stands for."""
    true = {
        INITIAL: not graph.initial.isdisjoint(members),
        OPEN: not graph.open.isdisjoint(members),
        ON_PATH: on_path,
        VIOLATING: any(n in graph.violates for n in members),
    }
    return tuple(mark for mark, holds in true.items() if holds)


def _arrows(
    edges: Iterable[Edge], path: Sequence[int], vertex_of: Callable[[int], int], label_of: Callable[[Edge], str]
) -> tuple[Arrow, ...]:
    """An arrow for each pair of vertices, with the labels of all steps from one to the other."""
    between: dict[tuple[int, int], list[Edge]] = {}
    for edge in edges:
        ends = vertex_of(edge.source), vertex_of(edge.target)
        if ends[0] != ends[1]:
            between.setdefault(ends, []).append(edge)
    on_path = set(pairwise(path))
    arrows = []
    for ends, steps in between.items():
        broken = list(dict.fromkeys(rule.title for edge in steps for rule in edge.violates))
        true = {ON_PATH: ends in on_path, VIOLATING_STEP: bool(broken)}
        lines = [*_listed(dict.fromkeys(map(label_of, steps))), *(f"violates {title}" for title in broken)]
        arrows.append(Arrow(f"s{ends[0]}", f"s{ends[1]}", tuple(lines), tuple(m for m, is_so in true.items() if is_so)))
    return tuple(arrows)


def _listed(labels: Iterable[str]) -> list[str]:
    """The first labels, each wrapped, and how many more there are."""
    labels = list(labels)
    lines = [line for label in labels[:_LISTED] for line in _wrapped(label)]
    return [*lines, f"and {len(labels) - _LISTED} more"] if len(labels) > _LISTED else lines


def _action(edge: Edge) -> str:
    """`timeout`; `deliver Vote` where a message is all that is chosen."""
    step = edge.step
    if len(step.arguments) == 1 and isinstance(step.arguments[0], Record):
        return f"{step.action.name} {type(step.arguments[0]).__name__}"
    return step.action.name


def _place(reading: Reading) -> str:
    return "".join([*(f"[{text(key)}]" for key in reading.keys), reading.field])


def _wrapped(words: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(words, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


class _Writer:
    """Writes the states of one graph, short: where a state has much to say, only what differs from the first initial one that is drawn."""

    def __init__(self, graph: StateGraph) -> None:
        self.graph = graph
        self.lanes = Lanes(graph.instance)
        self.notation = TableNotation(self.lanes)
        self.first = graph.states[min(graph.initial)] if graph.initial else graph.instance.initial[0]
        cards = (self._card(self.lanes.card(self.first, m)) for m in self.lanes.members)
        self.short = all(len(card) <= _SHORT_CARD for card in cards)
        self.notation = TableNotation(self.lanes)  # with a key that has not been used yet

    def state(self, number: int) -> tuple[str, ...]:
        """Everything that is to be seen of a state."""
        state = self.graph.states[number]
        lines: list[str] = []
        for member in self.lanes.members:
            card = self.lanes.card(state, member)
            shown = card if self.short else _changed(self.lanes.card(self.first, member), card)
            lines += _wrapped(f"{self.notation.member(member)}  {self._card(shown) or '·'}")
        shared = self.lanes.shared(state)
        shown = shared if not self.lanes.members else _changed(self.lanes.shared(self.first), shared)
        for name, value in shown.items():
            lines += _wrapped(f"{name} {self.notation.value(value)}")
        broken = self.graph.violates.get(number, ())
        return (*lines, *(f"violates {rule.title}" for rule in broken))

    def unwritten(self) -> list[str]:
        """What a reader must know of the text of the states."""
        if not self.short:
            return ["not written: what is as in the initial state"]
        shared = self.lanes.members and self.lanes.shared_fields
        return [f"not written: {', '.join(shared)} where as in the initial state"] if shared else []

    def facts(self, number: int) -> dict[str, str | int]:
        """The fields of a state, for formats that keep values."""
        state = self.graph.states[number]
        return {name: text(getattr(state, name)) for name in type(state)._fields}

    def step(self, edge: Edge) -> str:
        """The label of an edge."""
        return self.notation.step(edge.step)

    def readings(self, readings: Iterable[Reading]) -> Iterator[str]:
        """What a projection keeps of a state, a line for each key."""
        items: dict[tuple[Any, ...], list[str]] = {}
        for reading in readings:
            items.setdefault(reading.keys, []).append(self.notation.item(reading.field, reading.value))
        for keys, words in items.items():
            head = ",".join(self.notation.key(key) for key in keys)
            yield from _wrapped(f"{head}  {' '.join(words)}".strip())

    def members(self, members: Sequence[int]) -> Iterator[str]:
        """How many states a vertex stands for, and how many of them violate what."""
        yield f"{len(members):,} state{'s' * (len(members) != 1)}"
        broken = [rule.title for n in members for rule in self.graph.violates.get(n, ())]
        for title in dict.fromkeys(broken):
            yield f"{broken.count(title):,} violate{'s' * (broken.count(title) == 1)} {title}"

    def key(self) -> list[str]:
        """What the abbreviations stand for."""
        return self.notation.key_lines(80)

    def _card(self, card: Card) -> str:
        return " ".join(self.notation.item(field, value) for field, value in card.items())


def _changed(before: Card, after: Card) -> Card:
    return {name: value for name, value in after.items() if value != before[name]}
