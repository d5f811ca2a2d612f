"""The result of a search as text."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import factorial, prod

from mcheck import __version__
from mcheck.checker.simulate import Simulation
from mcheck.checker.verdict import Limits, PropertyResult, Verdict
from mcheck.counterexamples import LanesText, Notation, facts
from mcheck.counterexamples.mapped import mapped_step
from mcheck.counterexamples.shrink import Shrunk
from mcheck.protocols import Protocol
from mcheck.scope import bounds_text, constants_text, counted
from mcheck.scope import sentence as verdict_sentence
from mcheck.spec import Behavior, Instance, Rule
from mcheck.terminal import Terminal

CIRCLED = "①②③④⑤⑥"


@dataclass(frozen=True)
class Subject:
    """What was run: the protocol, the tweak of it, and where the class is found."""

    protocol: Protocol
    tweak: str | None
    instance: Instance

    @property
    def source(self) -> str:
        """The source of the class that ran."""
        return self.protocol.source_with(self.tweak)

    @property
    def typed(self) -> str:
        """What to type to run it: its name, or the file."""
        return self.protocol.source if ".py:" in self.protocol.source else self.protocol.name


class Report:
    """Writes about one subject on one terminal."""

    def __init__(self, subject: Subject, terminal: Terminal) -> None:
        self.subject, self.terminal = subject, terminal
        self.instance = subject.instance
        self.notation = Notation(subject.instance)

    # ------------------------------------------------------------------ whole results

    def symmetry(self, verdict: Verdict) -> list[str]:
        """`symmetry ÷6`: how many states an orbit has at most, where orbits are counted."""
        if not verdict.symmetry:
            return []
        sizes = (self.instance.size_of(cls) for cls in self.instance.state_domain.indexes())
        return [f"symmetry ÷{prod(map(factorial, sizes)):,}"]

    def search(self, verdict: Verdict, saved: str | None) -> str:
        """The report on a breadth-first search."""
        lines = [self.header(verdict.limits, [*self.symmetry(verdict), verdict.engine])]
        lines += self.properties(verdict.properties, verdict.distinct)
        lines += self.left_to_liveness()
        lines += self.coverage(verdict.actions, verdict.never_fired, verdict.guards_never_true, verdict.cut)
        lines += self.deadlocks(verdict)
        lines += [f"  {note}" for note in verdict.notes]
        lines.append(self.figures(verdict))
        violation = verdict.violation
        if violation is not None:
            lines += ["", *self.violation(violation, "the shortest", saved)]
            others = [p.rule.title for p in verdict.properties if p.finding == "violated" and p is not violation]
            if others:
                lines.append(f"  violated too: {', '.join(others)}")
            if verdict.reason:
                lines.append(f"  the search was stopped: {verdict.reason}")
        else:
            style = {"holds": "good", "holds-up-to": "good", "inconclusive": "doubt"}[verdict.result]
            head, separator, rest = verdict_sentence(verdict).partition(":")
            first, *others = self.whole(head + separator + rest).split("\n")
            lines += [self.terminal.style(head, style) + first.removeprefix(head), *others]
            lines += self.doubts(verdict)
        return "\n".join(lines)

    def walks(self, result: Simulation, saved: str | None, shrunk: Shrunk | None = None) -> str:
        """The report on a simulation, whose violation has been `shrunk`."""
        limits = Limits()
        how = f"seed {result.seed}, {counted(result.walks, 'walk')} of at most {counted(result.steps, 'step')}"
        by = "simulation" if result.walker == "random" else f"simulation by {result.walker.capitalize()}"
        lines = [self.header(limits, [by, how])]
        lines += self.properties(result.properties, result.distinct)
        lines += self.left_to_liveness()
        lines += self.coverage(result.actions, result.never_fired, None, result.cut)
        lines.append(self.item("deadlocks", f"{result.deadlocks:,} walks ended where no action is enabled"))
        lines.append(
            f"  {counted(result.taken, 'step')} · {result.distinct:,} distinct states · longest walk {result.longest} · "
            f"{result.seconds:.1f} s · {result.peak_rss_mb:,} MB"
        )
        if result.violation is not None:
            how, stopped = "not the shortest", []
            if shrunk is not None:
                found, left = len(shrunk.original.steps), len(shrunk.behavior.steps)
                how = f"shrunk from {found}" if left < found else "not known to be the shortest"
                stopped = [f"  shrinking was stopped: {shrunk.stopped}"] if shrunk.stopped else []
            return "\n".join([*lines, "", *self.violation(result.violation, how, saved), *stopped])
        ended = f"stopped by {result.reason}; " if result.reason else ""
        head = self.terminal.style("NOTHING VIOLATED", "doubt")
        lines.append(
            f"{head} on these walks: {ended}{result.distinct:,} states were visited.  Random walks prove nothing."
        )
        return "\n".join(lines)

    # ------------------------------------------------------------------ parts

    def header(self, limits: Limits, how: Iterable[str], unbounded: Collection[str] = ()) -> str:
        """The first line: what is run, with which constants and limits, but for bounds that limited nothing."""
        subject = self.subject
        name = subject.protocol.name + (f" + {subject.tweak}" if subject.tweak else "")
        bounds = bounds_text(self.instance, unbounded)
        parts = [f"mcheck {__version__}", name, *constants_text(self.instance)]
        parts += [f"depth ≤ {limits.depth}"] if limits.depth is not None else []
        return self.whole(_joined([*parts, *([bounds] if bounds else []), *how]))

    def properties(self, results: Iterable[PropertyResult], states: int) -> list[str]:
        """The table of the properties."""
        results = tuple(results)
        rows = [("property", "kind", "result")]
        rows += [(r.rule.title, r.rule.kind, finding_text(r, states)) for r in results]
        title, kind = max(len(r[0]) for r in rows), max(len(r[1]) for r in rows)
        lines = [f"  {a.ljust(title)}  {b.ljust(kind)}  {c}" for a, b, c in rows]
        styles = {"violated": "bad", "not-reached": "doubt"}
        for k, result in enumerate(results, start=1):
            if result.finding in styles:
                lines[k] = self.terminal.style(lines[k], styles[result.finding])
        return lines if results else ["  no property: only deadlocks, guards and actions are reported"]

    def left_to_liveness(self) -> list[str]:
        """The temporal properties, which no search of reachable states decides."""
        titles = ", ".join(rule.title for rule in self.instance.temporal)
        words = f"  not checked here: {titles}; mcheck liveness {self.subject.typed} does"
        return [self.whole(words)] if titles else []

    def coverage(
        self,
        fired: dict[str, int],
        never: tuple[str, ...],
        guards: tuple[tuple[str, str], ...] | None,
        cut: dict[str, int],
    ) -> list[str]:
        """What happened, and what never did."""
        lines = [self.item("actions", _joined(f"{name} {times:,}" for name, times in fired.items() if times) or "none")]
        lines.append(self.item("never fired", ", ".join(never) or "none"))
        if guards is not None:
            lines.append(self.item("never true", "; ".join(f"{a}: {reason}" for a, reason in guards) or "none"))
        hits = _joined(f"{name} {times:,}" for name, times in cut.items() if times)
        lines.append(self.item("cut", hits or "nothing"))
        return lines

    def deadlocks(self, verdict: Verdict) -> list[str]:
        """How many states have no action enabled, and the labels that lead to the first."""
        if not verdict.deadlocks:
            return [self.item("deadlocks", "none")]
        words = counted(verdict.deadlocks, "state")
        if verdict.deadlock is not None:
            labels = ", ".join(self.notation.step(s) for s in verdict.deadlock.steps)
            words += f", the first after {counted(len(verdict.deadlock.steps), 'step')}{': ' if labels else ''}{labels}"
        return [self.item("deadlocks", words)]

    def figures(self, verdict: Verdict) -> str:
        """The counts, and what they cost."""
        bound = "exact" if verdict.collision_bound is None else f"collision bound {verdict.collision_bound:.1e}"
        return (
            f"  {verdict.distinct:,} distinct · {verdict.generated:,} generated · depth {verdict.depth} · "
            f"{verdict.seconds:.1f} s · {verdict.peak_rss_mb:,} MB · {bound}"
        )

    def doubts(self, verdict: Verdict) -> list[str]:
        """Why a result that holds may mean little."""
        missed = [p.rule.title for p in verdict.properties if p.finding == "not-reached"]
        lines = []
        if missed:
            words = (
                f"  never reached: {', '.join(missed)}.  What cannot happen cannot go wrong: is the search too small?"
            )
            lines.append(self.whole(words))
        if verdict.never_fired:
            words = f"  never fired: {', '.join(verdict.never_fired)}.  Nothing is known about what these actions do."
            lines.append(self.whole(words))
        return lines

    def item(self, name: str, words: str) -> str:
        """One line of the report, wrapped under its name."""
        return _filled(f"  {name.ljust(13)}{words}", self.terminal.width, " " * 15)

    def whole(self, line: str) -> str:
        """A line that whoever reads the output by machine looks for: wrapped on a terminal only."""
        return _filled(line, self.terminal.width, "    ") if self.terminal.live else line.replace(_HARD, " ")

    # ------------------------------------------------------------------ a violation

    def violation(self, result: PropertyResult, how: str, saved: str | None) -> list[str]:
        """Everything about one violated property."""
        behavior = result.behavior
        assert behavior is not None
        rule = result.rule
        head = f"VIOLATED {rule.title}"
        tail = f"{counted(len(behavior.steps), 'step')}, {how}" if behavior.steps else "in an initial state"
        sentence = rule.sentence.partition("  Source:")[0]
        said = f" — {sentence}" if sentence else ""
        if len(head + said + tail) + 3 <= self.terminal.width:
            gap = " " * (self.terminal.width - len(head + said + tail))
            lines = [self.terminal.style(head, "bad") + said + gap + tail]
        else:
            lines = [self.terminal.style(head, "bad") + f"  {tail}"]
            lines += textwrap.wrap(sentence, self.terminal.width - 2, initial_indent="  ", subsequent_indent="  ")
        lines += self.facts(behavior, rule, result.arguments)
        lines += self.table(behavior)
        return [*lines, *self.commands(saved)]

    def facts(self, behavior: Behavior, rule: Rule, arguments: tuple[object, ...]) -> list[str]:
        """The parts of the state that make the property false, and the step that set each."""
        if rule.kind == "implements":
            return [f"  {mapped_step(behavior, rule)}"]
        if rule.kind == "deadlock":
            return self.closed_guards(behavior)
        found = facts(behavior, rule, arguments)
        texts = [fact.text(self.notation) for fact in found[: len(CIRCLED)]]
        width = min(max(map(len, texts), default=0), 60)
        lines = []
        for mark, fact, words in zip(CIRCLED, found, texts, strict=False):
            lines += self._fact(mark, words.ljust(width), behavior, fact.since)
        if len(found) > len(CIRCLED):
            lines.append(f"  and {len(found) - len(CIRCLED)} more that the property reads")
        if not found and arguments:
            lines.append(f"  for {self.notation.arguments(rule, arguments)}")
        return lines

    def _fact(self, mark: str, words: str, behavior: Behavior, since: int) -> list[str]:
        """One line, with as much of the step's label as there is room for; the table has all of it."""
        width, line = (
            self.terminal.width,
            f"  {mark} {words}    {f'since step {since}' if since else 'since the start'}",
        )
        if since:
            step = behavior.steps[since - 1]
            labels = (self.notation.step(step), self.notation.step_in_short(step))
            line = next((full for label in labels if len(full := f"{line}  ({label})") <= width), line)
        return [line] if len(line) <= width else textwrap.wrap(line, width, subsequent_indent="      ")

    def closed_guards(self, behavior: Behavior) -> list[str]:
        """For each action the guards that are false in the last state."""
        lines = []
        with self.instance.active():
            for action in self.instance.actions:
                outcomes = (
                    self.instance.outcome(action, behavior.last, a) for a in action.signature.arguments(behavior.last)
                )
                reasons = dict.fromkeys(o.disabled for o in outcomes if o.disabled)
                lines.append(self.item(action.name, " / ".join(reasons) or "no values for its parameters"))
        return lines

    def table(self, behavior: Behavior, mark: str = "violates", loop: int | None = None) -> list[str]:
        """The steps; of a lasso, those after state `loop` as a circle."""
        text = LanesText(behavior, self.terminal.width - 2, mark, self.terminal.spelled, loop)
        return ["  " + line for line in text.lines()]

    def commands(self, saved: str | None) -> list[str]:
        """Where the trace is, and what can be done with it."""
        if saved is None:
            return []
        quoted = f"'{saved}'" if " " in saved else saved
        return [
            f"  saved   {saved}",
            f"  replay  mcheck replay {quoted}",
            f"  look    mcheck render {quoted} -f html",
            f"  why     mcheck explain {quoted}",
        ]


_HARD = "\0"
"""A space at which no line is broken."""


def _joined(parts: Iterable[str]) -> str:
    """`a · b · c`, of which each part stays on one line with the dot that follows it."""
    return f"{_HARD}· ".join(part.replace(" ", _HARD) for part in parts)


def _filled(line: str, width: int, indent: str) -> str:
    """The line, wrapped at spaces; what follows the first line is indented."""
    wrapped = textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    return "\n".join(wrapped).replace(_HARD, " ")


def finding_text(result: PropertyResult, states: int) -> str:
    """`holds in 288 states`, `VIOLATED in 5 steps`: what the table says of a property."""
    if result.finding == "holds":
        return f"holds in {counted(states, 'state')}"
    steps = counted(result.steps or 0, "step")
    return {
        "violated": f"VIOLATED in {steps}",
        "reached": f"in {steps}",
        "not-reached": "NOT REACHED",
        "not-checked": f"not checked with a tweak; ask with --property {result.rule.name}",
    }[result.finding]
