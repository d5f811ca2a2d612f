"""The verdict on temporal properties, as text and as one JSON document."""

from __future__ import annotations

from typing import Any

from mcheck.checker.liveness.unfolding import ROUNDS
from mcheck.checker.liveness.verdict import LivenessVerdict, TemporalFinding, Viewed
from mcheck.checker.verdict import Limits
from mcheck.report import Report
from mcheck.report_json import SCHEMA
from mcheck.scope import amounts, configuration, counted, lasso_lengths
from mcheck.spec import Lasso, Rule


def liveness_text(report: Report, verdict: LivenessVerdict, word: str, saved: dict[str, str | None]) -> str:
    """The report; `word` says which fairness was asked for, `saved` where the lasso of each violated property is."""
    unbounded = verdict.view.unbounded if verdict.view else ()
    lines = [report.header(Limits(), [verdict.engine], unbounded)]
    lines += _table(verdict, report)
    lines += [] if verdict.view is None else [report.item("view", view_in_words(verdict.view))]
    lines += _fairness(verdict, word, report)
    cut = ", ".join(f"{name} {times:,}" for name, times in verdict.cut.items())
    lines.append(report.item("cut", cut or "nothing"))
    lines += [f"  {note}" for note in verdict.notes]
    lines.append(
        f"  {counted(verdict.states, 'state')} · {counted(verdict.edges, 'edge')} · {verdict.seconds:.1f} s, "
        f"{verdict.exploring_seconds:.1f} of them exploring · {verdict.peak_rss_mb:,} MB"
    )
    for finding in verdict.findings:
        if finding.lasso is not None:
            lines += ["", *lasso_lines(report, finding.lasso, finding.rule, finding.arguments, "")]
            lines += report.commands(saved.get(finding.rule.name))
    if verdict.result != "violated":
        style = "good" if verdict.result == "holds" else "doubt"
        head, separator, rest = _sentence(verdict).partition(":")
        lines.append(report.terminal.style(head, style) + report.whole(separator + rest))
    return "\n".join(lines)


def view_in_words(view: Viewed) -> str:
    """What states were told apart by."""
    of = [f"the order of {amounts(view.ranks)}"] if view.ranks else []
    of += ["what can still matter, as the spec's `view` says"] if view.forgets else []
    free = f"; {amounts(view.unbounded)} have no bound" if view.unbounded else ""
    return f"states are told apart by {' and by '.join(of)}{free}"


def view_document(view: Viewed | None) -> dict[str, Any] | None:
    """The same as JSON."""
    if view is None:
        return None
    return {"ranks": list(view.ranks), "unbounded": list(view.unbounded), "forgets": view.forgets}


def bounds_under(view: Viewed | None, bounds: dict[str, int]) -> dict[str, int]:
    """The bounds that bind: not those of ranks that the view lets grow."""
    return {name: value for name, value in bounds.items() if view is None or name not in view.unbounded}


def _table(verdict: LivenessVerdict, report: Report) -> list[str]:
    rows = [("property", "kind", "result"), *((f.rule.title, f.rule.kind, _result(f)) for f in verdict.findings)]
    title, kind = max(len(r[0]) for r in rows), max(len(r[1]) for r in rows)
    styles = {"violated": "bad", "refused": "doubt", "inconclusive": "doubt"}
    lines = [f"  {a.ljust(title)}  {b.ljust(kind)}  {c}" for a, b, c in rows]
    for k, finding in enumerate(verdict.findings, start=1):
        if finding.result in styles:
            lines[k] = report.terminal.style(lines[k], styles[finding.result])
    return lines


def _result(finding: TemporalFinding) -> str:
    if finding.lasso is not None:
        return f"VIOLATED: {_lengths(finding.lasso)}"
    if finding.result == "holds":
        return "holds in every fair behaviour"
    return {"refused": "REFUSED: the bounds cut it", "inconclusive": "not decided"}[finding.result]


def _lengths(lasso: Lasso) -> str:
    return lasso_lengths(len(lasso.stem), len(lasso.cycle))


def _fairness(verdict: LivenessVerdict, word: str, report: Report) -> list[str]:
    """The conditions assumed, one a line."""
    if not verdict.fairness:
        stated = "the spec states none" if word == "declared" else "as asked"
        return [report.item("fairness", f"none ({stated}): any behaviour may stop at any moment")]
    first, *others = map(str, verdict.fairness)
    how = {"declared": "as the spec states", "weak": "on every step, as asked", "strong": "on every step, as asked"}
    lines = [report.item("fairness", first), *(report.item("", one) for one in others)]
    return [*lines, report.item("", f"({how[word]})")]


def lasso_lines(report: Report, lasso: Lasso, rule: Rule, arguments: tuple[Any, ...], how: str) -> list[str]:
    """One violated property: its sentence, the arguments, and the table with its circle."""
    sentence = rule.sentence.partition("  Source:")[0]
    head = report.terminal.style(f"VIOLATED {rule.title}", "bad")
    lines = [f"{head}{f' — {sentence}' if sentence else ''}  {', '.join(filter(None, (_lengths(lasso), how)))}"]
    if arguments:
        lines.append(f"  for {report.notation.arguments(rule, arguments)}")
    lines += report.table(lasso.behavior, back(lasso), lasso.loop)
    return [*lines, f"  {for_ever(lasso)}"]


def back(lasso: Lasso) -> str:
    """What the last step of a lasso is marked with."""
    aside = "" if lasso.closes else f", {_grown(lasso)} aside"
    return "stutters for ever" if lasso.stutters else f"back to {lasso.loop}{aside}"


def for_ever(lasso: Lasso) -> str:
    """Why it may go on so."""
    if lasso.stutters:
        return "No step that fairness demands is possible in the last state."
    first, last = lasso.loop + 1, len(lasso.behavior.steps)
    steps = f"Step {first} is" if first == last else f"Steps {first} to {last} are"
    if lasso.closes:
        return f"{steps} repeated for ever, and that is fair."
    return (
        f"{steps} repeated for ever, {_grown(lasso)} aside, and that is fair: state {last} has the view of state {lasso.loop}.\n"
        f"  Gone round {ROUNDS} more times without the view, each round was as fair, and came no further."
    )


def _grown(lasso: Lasso) -> str:
    """What is different after a round of the cycle."""
    return amounts(lasso.behavior.instance.resolver.ranks) or "what is forgotten"


def _sentence(verdict: LivenessVerdict) -> str:
    """The verdict in words that claim no more than was searched."""
    if verdict.result == "holds":
        view = verdict.view
        covered = configuration(verdict.instance, view.unbounded if view else ())
        tested = "  That states of one view behave alike was tested, not proved." if view else ""
        return f"HOLDS: in every fair behaviour of this configuration ({covered}).{tested}"
    if verdict.result == "refused":
        reasons = "; ".join(dict.fromkeys(f.reason for f in verdict.findings if f.reason))
        return (
            f"REFUSED: {reasons}.  No lasso was found, and what lies behind them is unknown: raise the bounds until nothing is "
            "cut, or write the spec so that it is finite without them (a number that is only compared is a Rank)"
        )
    return f"INCONCLUSIVE: {verdict.reason}.  Half of the work says nothing of the properties: raise the limit, or lower a constant"


def liveness_document(
    report: Report, verdict: LivenessVerdict, word: str, saved: dict[str, str | None]
) -> dict[str, Any]:
    """The result as JSON; `stem`, `cycle` and `trace` are those of the first property that is violated."""
    subject, violation, view = report.subject, verdict.violation, verdict.view
    lasso = None if violation is None else violation.lasso
    return {
        "schema": SCHEMA,
        "protocol": subject.protocol.name,
        "tweak": subject.tweak,
        "engine": verdict.engine,
        "constants": verdict.instance.constants,
        "bounds": bounds_under(view, verdict.instance.bounds),
        "view": view_document(view),
        "result": verdict.result,
        "states": verdict.states,
        "edges": verdict.edges,
        "stem": None if lasso is None else [s.label for s in lasso.stem],
        "cycle": None if lasso is None else [s.label for s in lasso.cycle],
        "trace": None if violation is None else saved.get(violation.rule.name),
        "seconds": round(verdict.seconds, 3),
        "properties": [
            {
                "name": f.rule.title,
                "kind": f.rule.kind,
                "result": f.result,
                "stem": None if f.lasso is None else len(f.lasso.stem),
                "cycle": None if f.lasso is None else len(f.lasso.cycle),
                "trace": saved.get(f.rule.name),
                "reason": f.reason,
            }
            for f in verdict.findings
        ],
        "fairness": {"asked": word, "assumed": [str(one) for one in verdict.fairness]},
        "cut": verdict.cut,
        "reason": verdict.reason,
        "exploring_seconds": round(verdict.exploring_seconds, 3),
        "peak_rss_mb": verdict.peak_rss_mb,
        "notes": list(verdict.notes),
        "source": subject.source,
    }
