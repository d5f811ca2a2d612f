"""The states of a protocol as a graph, each by its valency; of a large one, those around the run that never decides."""

from __future__ import annotations

from mcheck.checker.valency.valencies import Valencies
from mcheck.commands.graph import title_of
from mcheck.counterexamples.graphs.graph import Graph, Mark
from mcheck.counterexamples.graphs.state_figure import state_figure
from mcheck.counterexamples.graphs.states import among
from mcheck.counterexamples.graphs.valency_figure import valency_mark
from mcheck.report import Subject
from mcheck.report_valency import ValencyReport
from mcheck.spec import UsageError


def valency_graph(subject: Subject, report: ValencyReport, around: int | None, most: int) -> Graph:
    """All states, or those at most `around` steps after one of the run; of more than `most`, one step, or the run alone.

    UsageError where there is no graph, or no run that the states can be around, or still too many.
    """
    verdict = report.verdict
    if verdict.counts is None or verdict.found is None:
        raise UsageError(f"--draw: there is nothing to draw: the answer is {verdict.result}")
    if around is not None and verdict.run is None:
        raise UsageError(f"--around {around}: there is no run to draw the states around")
    found, near = verdict.found, around
    numbers = _chosen(found, report, near)
    while len(numbers) > most and around is None and verdict.run is not None and near != 0:
        near = 1 if near is None else 0
        numbers = _chosen(found, report, near)
    if len(numbers) > most:
        raise UsageError(
            f"--draw: {len(numbers):,} states are too many (at most {most:,}): "
            + (
                "draw those closer to the run (--around 0)"
                if verdict.run
                else "lower a constant, or write them as .dot"
            )
        )
    states = [found.graph.states[k] for k in numbers]
    run = verdict.run
    graph = among(found.graph.instance, states, () if run is None else (found.graph.states[k] for k in run.states))
    return state_figure(graph, title_of(subject, _limit(near)), [_mark(found, report, k) for k in numbers])


def _chosen(found: Valencies, report: ValencyReport, near: int | None) -> list[int]:
    """The numbers of the states to be drawn, in order."""
    run = report.verdict.run
    if near is None or run is None:
        return list(range(found.graph.arcs.count))
    return found.around(run.states, near)


def _mark(found: Valencies, report: ValencyReport, number: int) -> Mark:
    words = report.words
    return valency_mark(words.kind(found.of(number)), [words.value(value) for value in found.values])


def _limit(near: int | None) -> str | None:
    if near is None:
        return None
    return "the run alone" if near == 0 else f"at most {near} step{'s' * (near != 1)} from the run"
