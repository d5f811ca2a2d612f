"""State graphs and graphs of steps: nothing is missing, nothing is made up, and every mark means what its legend says."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.cli.toys import GrantsTwice, Lock, TwoJugs
from tests.counterexamples.specs import ByTwo, Everything

from mcheck.checker import Limits, Verdict
from mcheck.checker.reference import explore
from mcheck.counterexamples.counterexample import Caption, Counterexample
from mcheck.counterexamples.graphs import cause_figure as causes
from mcheck.counterexamples.graphs import state_figure as figures
from mcheck.counterexamples.graphs.dot import dot_text
from mcheck.counterexamples.graphs.drawing import NoGraphviz, drawn, graphml_text, networkx_graph
from mcheck.counterexamples.graphs.graph import Arrow, Graph, Look, Mark, Vertex, look_of
from mcheck.counterexamples.graphs.projection import Projection
from mcheck.counterexamples.graphs.state_figure import projected_figure, state_figure
from mcheck.counterexamples.graphs.states import StateGraph, TooManyStates, neighbourhood, reachable
from mcheck.spec import Behavior, Cut, Instance, McheckError, Spec, UsageError, replay

MOST = 5_000
SPECS: list[Spec[Any]] = [TwoJugs(), Lock(nodes=3), GrantsTwice(), ByTwo()]


def checked(instance: Instance, depth: int | None = None) -> Verdict:
    return explore(instance, limits=Limits(depth=depth), keep_going=True)


def violation(spec: Spec[Any]) -> Behavior:
    found = explore(spec.instance).violation
    assert found is not None and found.behavior is not None
    return found.behavior


def whole(spec: Spec[Any], depth: int | None = None) -> StateGraph:
    return reachable(spec.instance, spec.instance.properties, MOST, depth)


# ---------------------------------------------------------------------- what is in a state graph


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("depth", [None, 0, 2])
def test_it_has_the_states_and_steps_that_a_search_counts(spec: Spec[Any], depth: int | None) -> None:
    graph, verdict = whole(spec, depth), checked(spec.instance, depth)
    assert len(graph.states) == len(set(graph.states)) == verdict.distinct
    if depth is None:
        steps = len(graph.edges) + graph.stuttering + sum(verdict.cut.values())
        assert steps + len(spec.instance.initial) == verdict.generated
        assert graph.open == frozenset()
    with spec.instance.active():
        for edge in graph.edges:
            state = graph.states[edge.source]
            assert spec.instance.apply(edge.step.action, state, edge.step.arguments) == graph.states[edge.target]


def test_the_states_that_violate_are_those_and_no_others() -> None:
    graph = whole(TwoJugs())
    assert [graph.states[n].big for n in graph.violates] == [4] * sum(s.big == 4 for s in graph.states)
    assert {rule.title for rules in graph.violates.values() for rule in rules} == {"Not four gallons"}


def test_the_path_is_a_shortest_way_to_a_violation() -> None:
    for spec in (TwoJugs(), GrantsTwice()):
        graph = whole(spec)
        assert len(graph.path) == len(violation(spec).states)
        assert graph.path[0] in graph.initial and graph.path[-1] in graph.violates
        steps = {(e.source, e.target) for e in graph.edges}
        assert all(pair in steps for pair in zip(graph.path, graph.path[1:], strict=False))
    assert whole(Lock()).path == ()


def test_a_step_that_violates_is_an_edge_that_violates() -> None:
    instance = Everything(nodes=1, top=1).instance
    rules = [r for r in instance.properties if r.title == "Colors stay"]
    graph = reachable(instance, rules, MOST, depth=1)
    for edge in graph.edges:
        before, after = (graph.states[n].cards for n in (edge.source, edge.target))
        assert bool(edge.violates) == (before.values()[0].color != after.values()[0].color)
    assert any(e.violates for e in graph.edges) and graph.violates == {}
    assert len(graph.path) == 2
    figure = state_figure(graph, "colours")
    assert any("violates Colors stay" in a.lines and figures.VIOLATING_STEP in a.marks for a in figure.arrows)


@pytest.mark.parametrize("distance", [0, 1, 2])
def test_around_a_behaviour_lies_what_is_that_near(distance: int) -> None:
    behavior = violation(GrantsTwice())
    instance = behavior.instance
    near = set(behavior.states)
    with instance.active():
        for _ in range(distance):
            near |= {s for state in list(near) for *_, s in instance.transitions(state) if not isinstance(s, Cut)}
        leaving = {
            state
            for state in near
            if any(not isinstance(s, Cut) and s not in near for *_, s in instance.transitions(state))
        }
    graph = neighbourhood(behavior, instance.properties, MOST, distance)
    assert set(graph.states) == near
    assert {graph.states[n] for n in graph.open} == leaving
    assert tuple(graph.states[n] for n in graph.path) == behavior.states


def test_too_many_states_are_refused_before_they_are_all_found() -> None:
    with pytest.raises(TooManyStates, match="TwoJugs has more than 15 states here"):
        reachable(TwoJugs().instance, (), 15)
    assert len(reachable(TwoJugs().instance, (), 16).states) == 16


# ---------------------------------------------------------------------- as a figure


def test_every_mark_is_told_without_colour() -> None:
    plain = Look("box", "white", "black", "solid", 1.0, 1)
    vertices = [figures.INITIAL, figures.OPEN, figures.ON_PATH, figures.VIOLATING]
    steps = [causes.LAST, causes.DECISIVE, causes.IRRELEVANT]
    for marks in (vertices, steps, [figures.ON_PATH, figures.VIOLATING_STEP], [causes.NEEDED]):
        looks = [dataclasses.replace(plain.under(m.look), fill=None, color=None) for m in marks]
        assert len({dataclasses.replace(plain, fill=None, color=None), *looks}) == len(marks) + 1


def test_marks_lie_over_one_another() -> None:
    look = look_of(
        Look("box", "white", "black", "solid", 1.0, 1), [figures.INITIAL, figures.ON_PATH, figures.VIOLATING]
    )
    assert (look.outlines, look.width, look.shape) == (2, 2.5, "octagon")


def test_a_state_says_what_it_is() -> None:
    figure = state_figure(whole(TwoJugs()), "jugs")
    by_text = {v.lines: v for v in figure.vertices}
    assert ("small 0", "big 0") in by_text and figures.INITIAL in by_text["small 0", "big 0"].marks
    last = by_text["small 3", "big 4", "violates Not four gallons"]
    assert last.marks == (figures.ON_PATH, figures.VIOLATING)
    assert last.facts == {"small": "3", "big": "4"}


def test_a_state_with_much_to_say_says_what_differs() -> None:
    instance = Everything().instance
    behavior = replay(instance, instance.initial[0], ["note(i=0, j=1)"])
    figure = state_figure(neighbourhood(behavior, (), MOST, 0), "everything")
    assert figure.notes[0] == "not written: what is as in the initial state"
    first, second = figure.vertices
    assert first.lines == ("n0  ·", "n1  ·")
    assert second.lines[0].startswith("n0  ") and "!up" in second.lines[0] and second.lines[-1].startswith("wires ")


def test_parallel_steps_share_an_arrow_and_are_counted() -> None:
    instance = Lock(nodes=5).instance
    graph = reachable(instance, (), MOST, 1)
    figure = projected_figure(graph, Projection(instance, ["granted"]), "lock")
    assert figure.arrows == () and len(figure.vertices) == 1
    figure = projected_figure(reachable(instance, (), MOST), Projection(instance, ["granted"]), "lock")
    assert {a.lines for a in figure.arrows} == {("grant Request",), ("take",)}
    many = Vertex("a", ("x",))
    edges = [e for e in graph.edges if e.source == 0]
    assert len(edges) == 5 and many.lines
    (arrow,) = figures._arrows(edges, (), lambda n: min(n, 1), lambda e: e.step.label)
    assert arrow.lines == ("ask(i=0)", "ask(i=1)", "ask(i=2)", "and 2 more")


# ---------------------------------------------------------------------- projections


@pytest.mark.parametrize(
    ("places", "values"),
    [
        (["granted"], lambda s: s.granted),
        (["seats.mode"], lambda s: tuple(seat.mode for seat in s.seats.values())),
        (["seats.mode, seats.turn"], lambda s: tuple((seat.mode, seat.turn) for seat in s.seats.values())),
        (["n1", "granted"], lambda s: (s.seats.values()[1], s.granted)),
        (["seats"], lambda s: s.seats),
    ],
)
def test_states_are_merged_exactly_if_they_agree(places: list[str], values: Any) -> None:
    graph = whole(GrantsTwice())
    projection = Projection(graph.instance, places)
    groups: dict[Any, set[Any]] = {}
    for state in graph.states:
        groups.setdefault(projection.readings(state), set()).add(values(state))
    assert all(len(found) == 1 for found in groups.values())
    assert len(groups) == len({values(s) for s in graph.states})
    figure = projected_figure(graph, projection, "lock")
    assert len(figure.vertices) == len(groups)
    assert sum(int(v.facts["states"]) for v in figure.vertices) == len(graph.states)


def test_a_merged_state_says_whose_fields_it_keeps_and_how_many_it_is() -> None:
    graph = whole(GrantsTwice())
    figure = projected_figure(graph, Projection(graph.instance, ["granted,seats.mode", "seats.turn"]), "lock")
    first, *_, last = figure.vertices
    assert first.lines == ("granted {}", "n0  I t0", "n1  I t0", "1 state")
    assert last.lines == ("granted {}", "n0  H t1", "n1  H t1", "1 state", "1 violates Mutual Exclusion")
    assert first.facts == {
        "states": 1, "granted": "{}", "[0]mode": "IDLE", "[1]mode": "IDLE", "[0]turn": "0", "[1]turn": "0"
    }  # fmt: skip


def test_arrows_between_merged_states_are_steps_between_members() -> None:
    graph = whole(GrantsTwice())
    projection = Projection(graph.instance, ["seats.mode"])
    figure = projected_figure(graph, projection, "lock")
    keys = list(dict.fromkeys(projection.readings(s) for s in graph.states))
    number = {n: keys.index(projection.readings(s)) for n, s in enumerate(graph.states)}
    expected = {
        (f"s{number[e.source]}", f"s{number[e.target]}") for e in graph.edges if number[e.source] != number[e.target]
    }
    assert {(a.source, a.target) for a in figure.arrows} == expected
    on_path = [a for a in figure.arrows if figures.ON_PATH in a.marks]
    assert len(on_path) == 4  # two ask, two take; what is granted is not told apart


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("seat", "a state has no 'seat' (did you mean 'seats'?); it has seats, requests, granted, n0, n1"),
        ("seats.mod", "seats has no 'mod' (did you mean 'mode'?); it has mode, turn, told"),
        ("seats.mode.x", "seats.mode is a Mode (IDLE, WAITING, HOLDING), which has no fields: stop there"),
        ("requests.turn", "which has no fields: stop there"),
        ("n7", "a state has no 'n7'"),
        ("", "a state has no ''"),
        ("seats.", "seats has no ''"),
        ("granted,,", "a state has no ''"),
    ],
)
def test_a_place_that_is_none_is_refused(place: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        Projection(Lock().instance, [place])
    assert says in str(refused.value) and str(refused.value).startswith("--project ")


# ---------------------------------------------------------------------- steps


def counterexample(spec: Spec[Any]) -> Counterexample:
    found = explore(spec.instance).violation
    assert found is not None and found.behavior is not None
    return Counterexample(found.behavior, found.rule, found.arguments, True, Caption("toy", "", "0", ""))


@pytest.mark.parametrize("spec", [GrantsTwice(nodes=3), TwoJugs()], ids=lambda s: type(s).__name__)
def test_arrows_say_no_more_and_no_less_than_causality(spec: Spec[Any]) -> None:
    shown = counterexample(spec)
    figure = causes.cause_figure(shown)
    below: dict[str, set[str]] = {v.name: set() for v in figure.vertices}
    for vertex in figure.vertices:  # sources come before targets
        for arrow in figure.arrows:
            if arrow.target == vertex.name:
                below[vertex.name] |= {arrow.source} | below[arrow.source]
    past: dict[str, set[str]] = {}
    for event in shown.events:
        names = {f"step{n}" for n in event.depends}
        past[f"step{event.number}"] = names.union(*(past[n] for n in names))
    assert below == past


def test_messages_are_on_the_arrows_and_facts_in_the_steps() -> None:
    figure = causes.cause_figure(counterexample(GrantsTwice()))
    assert {(a.source, a.target): a.lines for a in figure.arrows} == {
        ("step1", "step3"): ("Request",),
        ("step2", "step4"): ("Request",),
        ("step3", "step5"): (),
        ("step4", "step6"): (),
    }
    assert figure.vertices[4].lines == ("5  take(n0)", "changes n0, granted", "n0: mode HOLDING")
    assert figure.vertices[4].marks == (causes.DECISIVE,)
    assert figure.vertices[5].marks == (causes.DECISIVE, causes.LAST)


def test_a_step_that_does_not_matter_is_marked() -> None:
    instance = GrantsTwice(nodes=3, max_requests=3).instance
    labels = ["ask(i=2)", *violation(GrantsTwice()).labels]
    behavior = replay(instance, instance.initial[0], labels)
    rule = next(r for r in instance.properties if r.title == "Mutual Exclusion")
    with instance.active():
        arguments = instance.falsifying(rule, behavior.last)
    assert arguments is not None
    figure = causes.cause_figure(Counterexample(behavior, rule, arguments, True, Caption("toy", "", "0", "")))
    assert [causes.IRRELEVANT in v.marks for v in figure.vertices] == [True] + [False] * 6


# ---------------------------------------------------------------------- formats

ODD = Graph(
    'a "title" \\ with <b>',
    ("two\nlines", "\ud800\x00"),
    (
        Vertex("a", ('"', "\\", "\\n", "<i>&amp;</i>"), (Mark("m", 'it "is"', Look("octagon")),), {"x": 1}),
        Vertex('b"]', ("→ ①",), (), {"x": 2}, column="one"),
    ),
    (Arrow("a", 'b"]', ('\\"',)), Arrow("a", 'b"]', (), (Mark("n", "dotted: so", Look(line="dotted")),))),
)


def test_dot_as_it_is_written() -> None:
    small = Graph("t", ("note",), (Vertex("s0", ("x 0",), (figures.INITIAL,)),), (Arrow("s0", "s0", ("go()",)),))
    font = 'fontname="Helvetica,Arial,sans-serif"'
    assert dot_text(small) == (
        "digraph mcheck {\n"
        f'  graph [label="t\\lnote\\l", labelloc="t", labeljust="l", {font}, fontsize=12, rankdir="TB"]\n'
        f"  node [{font}, fontsize=10, margin=0.08, height=0.2]\n"
        f"  edge [{font}, fontsize=9]\n"
        '  "s0" [label="x 0", shape="box", style="rounded,filled,solid", fillcolor="#ffffff", color="#444444", penwidth=1, peripheries=2]\n'
        '  "s0" -> "s0" [label="go()", style="solid", color="#444444", penwidth=1]\n'
        f'  subgraph cluster_legend {{ label="legend"; labeljust="l"; color="#bbbbbb"; {font}; fontsize=10\n'
        '    legend_0 [label="double outline: initial state", shape="box", style="rounded,filled,solid", fillcolor="#ffffff", color="#444444", penwidth=1, peripheries=2]\n'
        "  }\n"
        "}\n"
    )


needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed")


@needs_dot
@pytest.mark.parametrize("format", ["svg", "png"])
def test_dot_reads_whatever_is_in_it(format: str) -> None:
    picture = drawn(dot_text(ODD), format)
    if format == "png":
        assert picture.startswith(b"\x89PNG")
        return
    words = "".join(ET.fromstring(picture).itertext())
    for part in ('a "title" \\ with <b>', "two lines", "<i>&amp;</i>", "\\n", "→ ①", 'it "is"', "dotted: so"):
        assert part in words, words


def test_pygraphviz_draws_where_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygraphviz", reason="pygraphviz is not installed")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert "two lines" in "".join(ET.fromstring(drawn(dot_text(ODD), "svg")).itertext())


def test_without_either_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(NoGraphviz):
        drawn(dot_text(ODD), "svg")


@pytest.mark.parametrize(
    ("script", "says"),
    [("echo broken >&2; exit 3", "failed: broken"), ("sleep 5", "took more than"), (None, "cannot be run")],
)
def test_a_program_that_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, says: str
) -> None:
    from mcheck.counterexamples.graphs import drawing

    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\nexec 2>&1 1>/dev/null\n{script}\n".replace("exec 2>&1 1>/dev/null\n", ""))
    program.chmod(0o755 if script else 0o644)
    monkeypatch.setattr(shutil, "which", lambda _: str(program))
    monkeypatch.setattr(drawing, "_PATIENCE", 0.3)
    with pytest.raises(McheckError) as failed:
        drawn("digraph {}", "svg")
    assert says in str(failed.value) and "\n" not in str(failed.value)


def test_graphml_comes_back_from_networkx() -> None:
    networkx = pytest.importorskip("networkx", reason="networkx is not installed")
    graph = whole(GrantsTwice())
    figure = state_figure(graph, "lock")
    back = networkx.parse_graphml(graphml_text(figure))
    assert set(back) == {v.name for v in figure.vertices}
    assert back.number_of_edges() == len(figure.arrows)
    for vertex in figure.vertices:
        node = back.nodes[vertex.name]
        assert node["label"].split("\n") == list(vertex.lines)
        assert node["violating"] == (figures.VIOLATING in vertex.marks)
        assert node["granted"] == vertex.facts["granted"]
    made = networkx_graph(figure)
    assert networkx.has_path(made, "s0", f"s{graph.path[-1]}")


def test_graphml_without_networkx_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(UsageError, match="pip install networkx"):
        graphml_text(ODD)


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    pytest.importorskip("networkx", reason="networkx is not installed")
    code = (
        "from tests.counterexamples.test_graphs import *\n"
        "g = whole(GrantsTwice())\n"
        "for f in (state_figure(g, 't'), projected_figure(g, Projection(g.instance, ['requests', 'n0']), 't'),"
        " causes.cause_figure(counterexample(GrantsTwice()))):\n"
        "    print(dot_text(f), graphml_text(f))\n"
    )
    root = Path(__file__).parents[2]
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1 and len(printed.pop()) > 5_000
