"""The valency of a protocol, as text and as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcheck.checker.valency.inputs import inputs
from mcheck.checker.valency.run import UndecidedRun
from mcheck.checker.valency.verdict import Counts, Exceptions, InitialState, ValencyVerdict
from mcheck.checker.verdict import Limits
from mcheck.report import Report
from mcheck.report_json import SCHEMA
from mcheck.report_liveness import back, bounds_under, for_ever, view_document, view_in_words
from mcheck.scope import counted
from mcheck.spec import Behavior, Lasso, text
from mcheck.valency_words import ValencyWords

_LISTED = 4


class ValencyReport:
    """Writes one verdict."""

    def __init__(self, report: Report, verdict: ValencyVerdict, word: str, saved: str | None) -> None:
        self.report, self.verdict, self.word, self.saved = report, verdict, word, saved
        self.words = ValencyWords(report.notation, verdict.values, verdict.instance.participants)
        given = inputs([one.state for one in verdict.initial], verdict.instance.ghosts)
        self.inputs = {one.state: self.words.inputs(of) for one, of in zip(verdict.initial, given, strict=True)}

    # ------------------------------------------------------------------ text

    def text(self) -> str:
        """The report."""
        verdict, item = self.verdict, self.report.item
        view = verdict.view
        header = self.report.header(Limits(), [verdict.engine], view.unbounded if view else ())
        lines = [header, item("decision", self._decision())]
        lines += [item("view", f"{view_in_words(view)}; tested, not proved")] if view else []
        if verdict.counts is not None:
            lines += [*self._table(verdict.counts), *self._lemma2(), *self._lemma3(), *self._silence(), *self._null()]
        elif verdict.bivalent is not None:
            lines.append(
                item("valency", f"at least {counted(verdict.bivalent, 'configuration')} are {self._several()}")
            )
        lines += self._fairness()
        cut = ", ".join(f"{name} {times:,}" for name, times in verdict.cut.items())
        lines.append(item("cut", cut or "nothing"))
        lines += [f"  {note}" for note in verdict.notes]
        lines.append(
            f"  {counted(verdict.states, 'state')} · {counted(verdict.edges, 'edge')} · {verdict.seconds:.1f} s, "
            f"{verdict.exploring_seconds:.1f} of them exploring · {verdict.peak_rss_mb:,} MB"
        )
        if verdict.run is not None:
            lines += ["", *self._run(verdict.run)]
        head, separator, rest = self._sentence().partition(":")
        style = "good" if verdict.result == "answered" else "doubt"
        lines.append(self.report.terminal.style(head, style) + self.report.whole(separator + rest))
        return "\n".join(lines)

    def _decision(self) -> str:
        rule = self.verdict.instance.decision
        assert rule is not None
        values = ", ".join(map(self.words.value, self.verdict.values))
        return f"{rule.name}: {rule.sentence or 'no description'}  Values: {values}"

    def _several(self) -> str:
        return self.words.several

    def _table(self, counts: Counts) -> list[str]:
        rows = [
            ("valency", "states", ""),
            (self._several(), f"{counts.bivalent:,}", "more than one decision is reachable"),
        ]
        for value, number in zip(self.verdict.values, counts.univalent, strict=True):
            rows.append((f"{self.words.value(value)}-valent", f"{number:,}", "no other decision is"))
        rows.append(("null", f"{counts.null:,}", "no decision is"))
        name, number = max(len(r[0]) for r in rows), max(len(r[1]) for r in rows)
        lines = [f"  {a.ljust(max(name, 11))}  {b.rjust(number)}  {c}".rstrip() for a, b, c in rows]
        if counts.disagreeing:
            words = f"Agreement is violated: in {counted(counts.disagreeing, 'state')} two values are decided"
            lines.append(self.report.terminal.style(f"  {words}", "bad"))
        return lines

    def _lemma2(self) -> list[str]:
        """The initial states, and two neighbours among them."""
        verdict, item = self.verdict, self.report.item
        several = [one for one in verdict.initial if len(one.valency) > 1]
        if len(verdict.initial) == 1:
            lines = [item("initial", f"one state, {self.words.kind(verdict.initial[0].valency)}")]
        else:
            listed = "; ".join(self.inputs[one.state] for one in several[:_LISTED])
            more = f"; and {len(several) - _LISTED} more" if len(several) > _LISTED else ""
            which = f": {listed}{more}" if several else ""
            lines = [item("initial", f"{len(several)} of {len(verdict.initial)} states are {self._several()}{which}")]
        if verdict.neighbours is not None:
            apart = verdict.neighbours
            of = f"{self._initial(apart.first)}, {self._initial(apart.second)}"
            lines.append(item("neighbours", f"{of}: they differ in the input of {self.words.key(apart.key)} alone"))
        return lines

    def _initial(self, one: InitialState) -> str:
        return f"{self.inputs[one.state]} is {self.words.kind(one.valency)}"

    def _lemma3(self) -> list[str]:
        """Whether each process has a step that leaves the decision open."""
        verdict, item = self.verdict, self.report.item
        assert verdict.counts is not None
        if not verdict.lemma3:
            return [item("Lemma 3", "not asked: the spec does not say who takes which steps (participants)")]
        if not verdict.counts.bivalent:
            return [item("Lemma 3", f"says nothing: no configuration is {self._several()}")]
        lines = []
        good = [one.member for one in verdict.lemma3 if not one.states]
        if good:
            can = f"{self.words.members(good)} can {'each ' if len(good) > 1 else ''}come to a step that leaves it so"
            lines.append(f"from each {self._several()} configuration {can}")
        for one in verdict.lemma3:
            if one.states:
                who = self.words.member(one.member)
                lines.append(f"fails for {who} in {counted(one.states, 'state')}{self._first(one)}")
        return self._items("Lemma 3", lines)

    def _silence(self) -> list[str]:
        """Whether the others decide without each process."""
        lines = []
        good = [one.member for one in self.verdict.blocked if not one.states]
        if good:
            lines.append(f"without {self.words.members(good, 'or')}, a decision is reachable from every configuration")
        for one in self.verdict.blocked:
            if one.states:
                without = f"without {self.words.member(one.member)}"
                lines.append(f"{without}, BLOCKED in {counted(one.states, 'state')}{self._first(one)}")
        return self._items("silence", lines)

    def _items(self, name: str, lines: Sequence[str]) -> list[str]:
        """The lines, with the name before the first."""
        return [self.report.item("" if k else name, line) for k, line in enumerate(lines)]

    def _first(self, one: Exceptions) -> str:
        assert one.nearest is not None
        return f", the first {self._after(one.nearest)}"

    def _after(self, behavior: Behavior) -> str:
        where = f"from {self.inputs[behavior.initial]} " if self.inputs.get(behavior.initial) else ""
        labels = ", ".join(self.report.notation.step(step) for step in behavior.steps)
        return f"{where}after {labels}" if labels else f"{where}at the start".strip()

    def _null(self) -> list[str]:
        null = self.verdict.null
        return [] if null is None else [self.report.item("null", f"the first {self._after(null)}")]

    def _fairness(self) -> list[str]:
        words = {
            "admissible": "every process that can take a step takes one, and receives what it can receive",
            "declared": ", ".join(map(str, self.verdict.fairness)) or "none: the spec states none",
            "weak": "weak, of every step",
            "strong": "strong, of every step",
            "none": "none: any behaviour may stop at any moment",
        }
        return [self.report.item("fairness", words[self.word])]

    def _run(self, run: UndecidedRun) -> list[str]:
        lasso = run.lasso
        word = self._several().upper() if run.bivalent else "UNDECIDED"
        shape = f"stem {len(lasso.stem)}, {f'cycle {len(lasso.cycle)}' if lasso.cycle else 'then nothing happens'}"
        lines = [f"{self.report.terminal.style(f'{word} FOR EVER', 'bad')}  {shape}"]
        lines += self.report.table(lasso.behavior, back(lasso), lasso.loop)
        if lasso.cycle:
            lines.append(f"  {for_ever(lasso)}")
        lines.append(self.report.whole(f"  From state {lasso.loop} {self._ways_out_text(run)}."))
        return [*lines, *self.report.commands(self.saved)]

    def _ways_out_text(self, run: UndecidedRun) -> str:
        ways = [
            f"a decision of {self.words.value(way.value)} is {counted(len(way.behavior.steps), 'step')} away"
            for way in run.ways_out
        ]
        if run.bivalent:
            return f"{' and '.join(ways)}; so every state of the run is {self._several()}"
        return ways[0] if ways else "no decision was found"

    def _sentence(self) -> str:
        """What the protocol gives up, of the three things that no asynchronous one has all of."""
        verdict = self.verdict
        if verdict.result == "inconclusive":
            return f"INCONCLUSIVE: {verdict.reason}.  Half of the graph says nothing of valency: raise the limit, or lower a constant"
        if verdict.result == "refused":
            cut = ", ".join(verdict.cut)
            return (
                f"REFUSED: steps are cut ({cut}), and a decision may lie behind them.  Raise the bounds until nothing is cut, or write "
                "the spec so that it is finite without them"
            )
        assert verdict.counts is not None
        blocked = [one.member for one in verdict.blocked if one.states]
        lost = []
        if verdict.counts.disagreeing:
            lost.append("two processes may decide differently")
        if blocked:
            lost.append(f"if {self.words.members(blocked, 'or')} falls silent, nobody may ever decide")
        elif verdict.counts.null:
            lost.append("there are configurations from which nobody ever decides")
        if verdict.run is not None:
            lost.append(f"{'without any' if verdict.run.faultless else 'after a'} fault, a run need never decide")
        if not lost:
            if self.word != "admissible":
                return "DECIDES: in every run that is fair in this way, and whoever falls silent."
            return "DECIDES: in every admissible run, and whoever falls silent; is this model asynchronous?"
        return f"GIVEN UP: {'; '.join(lost)}."

    # ------------------------------------------------------------------ JSON

    def document(self) -> dict[str, Any]:
        """The result as JSON.  `zero` and `one` are about the first and the second value; null where that is not known."""
        verdict, subject, counts = self.verdict, self.report.subject, self.verdict.counts
        univalent = None if counts is None else dict(zip(map(_value, verdict.values), counts.univalent, strict=True))
        numbers = (*counts.univalent, 0, 0)[:2] if counts is not None else (None, None)
        run = verdict.run
        lasso = run.lasso if run is not None and run.bivalent else None
        known = counts is not None
        return {
            "schema": SCHEMA,
            "protocol": subject.protocol.name,
            "tweak": subject.tweak,
            "engine": verdict.engine,
            "constants": verdict.instance.constants,
            "bounds": bounds_under(verdict.view, verdict.instance.bounds),
            "view": view_document(verdict.view),
            "result": verdict.result,
            "states": verdict.states,
            "edges": verdict.edges,
            "bivalent": verdict.bivalent,
            "zero": numbers[0],
            "one": numbers[1],
            "null": None if counts is None else counts.null,
            "univalent": univalent,
            "disagreeing": None if counts is None else counts.disagreeing,
            "initial_bivalent": any(len(one.valency) > 1 for one in verdict.initial) if known else None,
            "initial": [self._initial_document(one) for one in verdict.initial] if known else None,
            "neighbours": self._neighbours_document(),
            "lemma3": self._exceptions_document(verdict.lemma3) if known else None,
            "blocked": self._exceptions_document(verdict.blocked) if known else None,
            "null_trace": None if verdict.null is None else list(verdict.null.labels),
            "fairness": {"asked": self.word, "assumed": [str(one) for one in verdict.fairness]},
            "stem": None if lasso is None else [s.label for s in lasso.stem],
            "cycle": None if lasso is None else [s.label for s in lasso.cycle],
            "ways_out": self._ways_out(),
            "undecided": None if run is None or run.bivalent else _labels(run.lasso),
            "trace": self.saved,
            "cut": verdict.cut,
            "reason": verdict.reason,
            "seconds": round(verdict.seconds, 3),
            "exploring_seconds": round(verdict.exploring_seconds, 3),
            "peak_rss_mb": verdict.peak_rss_mb,
            "notes": list(verdict.notes),
            "source": subject.source,
        }

    def _initial_document(self, one: InitialState) -> dict[str, Any]:
        return {"state": text(one.state), "inputs": self.inputs[one.state], "valency": [_value(v) for v in one.valency]}

    def _neighbours_document(self) -> dict[str, Any] | None:
        apart = self.verdict.neighbours
        if apart is None:
            return None
        return {
            "first": self._initial_document(apart.first),
            "second": self._initial_document(apart.second),
            "differ_in": self.words.key(apart.key),
        }

    def _exceptions_document(self, found: tuple[Exceptions, ...]) -> list[dict[str, Any]]:
        return [
            {
                "process": self.words.member(one.member),
                "states": one.states,
                "nearest": None if one.nearest is None else list(one.nearest.labels),
            }
            for one in found
        ]

    def _ways_out(self) -> list[dict[str, Any]] | None:
        run = self.verdict.run
        return (
            None
            if run is None
            else [{"value": _value(w.value), "steps": list(w.behavior.labels)} for w in run.ways_out]
        )


def _labels(lasso: Lasso) -> dict[str, list[str]]:
    return {"stem": [s.label for s in lasso.stem], "cycle": [s.label for s in lasso.cycle]}


def _value(value: tuple[Any, ...]) -> str:
    return ", ".join(map(text, value))
