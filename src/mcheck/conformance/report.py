"""What is said of an implementation that was driven by random schedules, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from mcheck import __version__
from mcheck.conformance.cluster import Run, Taken
from mcheck.conformance.minimising import Minimised
from mcheck.conformance.recorded import Drawn
from mcheck.conformance.schedules import Explored
from mcheck.report import CIRCLED
from mcheck.scope import counted
from mcheck.terminal import Terminal


def explored_lines(name: str, found: Explored, terminal: Terminal) -> list[str]:
    """What random schedules met."""
    setting = found.setting
    parts = [f"mcheck {__version__}", name, counted(setting.nodes, "node"), str(setting.faults), f"seed {found.seed}"]
    violated = found.run.finding.title if found.run is not None and found.run.finding is not None else None
    width = max(map(len, setting.watched))
    lines = [" · ".join(parts)]
    for title in setting.watched:
        said = (
            f"VIOLATED in schedule {found.schedules}"
            if title == violated
            else f"not violated in {counted(found.steps, 'step')}"
        )
        line = f"  {title.ljust(width)}  {said}"
        lines.append(terminal.style(line, "bad") if title == violated else line)
    kinds = " · ".join(f"{kind} {times:,}" for kind, times in sorted(found.kinds.items()))
    rate = found.steps / found.seconds if found.seconds else 0
    return [
        *lines,
        f"  operations    {kinds or 'none'}",
        f"  reached       {counted(found.leaders, 'election')} won, {counted_entries(found.commits)} committed",
        f"  {counted(found.schedules, 'schedule')} of at most {counted(found.length, 'step')} · "
        f"{counted(found.steps, 'step')} · {found.seconds:.1f} s · {rate:,.0f}/s",
    ]


def counted_entries(number: int) -> str:
    """`1 entry`, `1,024 entries`."""
    return f"{number:,} {'entry' if number == 1 else 'entries'}"


def verdict_lines(found: Explored, terminal: Terminal) -> list[str]:
    """The sentence about schedules without a finding."""
    if found.reason is not None:
        head = terminal.style("INCONCLUSIVE", "doubt")
        return [f"{head}: {found.reason}.  Nothing was violated in the {counted(found.steps, 'step')} before."]
    idle = not found.leaders and not found.commits
    doubt = "  Nobody ever led and nothing was committed: there was nothing to go wrong." if idle else ""
    head = terminal.style("NOTHING VIOLATED", "doubt")
    return [f"{head} on these schedules.  Random schedules prove nothing.{doubt}"]


def finding_lines(shrunk: Minimised, picture: Drawn, terminal: Terminal) -> list[str]:
    """A finding: the contradiction, the operations, and the nodes as lanes."""
    finding = shrunk.run.finding
    assert finding is not None
    before, after = len(shrunk.original.taken), len(shrunk.run.taken)
    how = f", minimised from {before}" if after < before else ""
    lines = [terminal.style(f"VIOLATED {finding.title}", "bad") + f"  {counted(after, 'operation')}{how}"]
    lines += [f"  {mark} {fact}" for mark, fact in zip(CIRCLED, finding.facts, strict=False)]
    lines += ["  minimising was stopped: more time may make it smaller"] if not shrunk.complete else []
    lines += operation_lines(shrunk.run.taken, terminal)
    if picture.arguments is None:
        lines.append("  the specification of this run does not confirm it: a mistake in mcheck, or in the adapter")
    return lines


def operation_lines(taken: Iterable[Taken], terminal: Terminal) -> list[str]:
    """The operations, with what was in each message, and what the node was afterwards where that has changed."""
    taken = tuple(taken)
    lines = []
    seen: dict[int, str] = {}
    for number, one in enumerate(taken, start=1):
        if one.message is None:
            said = str(one.operation)
        else:
            m = one.message
            said = f"{one.operation.kind} n{m.src} → n{m.dst} {m.kind}" + (f"({m.content})" if m.content else "")
        now = _node_text(one)
        after = f"  ⟹ {now}" if seen.get(one.node) != now else ""
        seen[one.node] = now
        mark = ">" if number == len(taken) else " "
        lines += textwrap.wrap(
            f"{mark}{number:>3}  {said}{after}", terminal.width - 2, initial_indent="  ", subsequent_indent=" " * 10
        )
    return lines


def _node_text(taken: Taken) -> str:
    """`n2 follower t1 vote n0, log x@1, committed 2`."""
    seen = taken.seen
    vote = "" if seen.vote is None else f" vote n{seen.vote}"
    log = " ".join(f"{command}@{term}" for term, command in seen.log) or "empty"
    return f"n{taken.node} {seen.role} t{seen.term}{vote}, log {log}, committed {seen.commit}"


def explored_document(name: str, found: Explored, shrunk: Minimised | None, saved: str | None) -> dict[str, Any]:
    """Keys are only ever added."""
    result = "violated" if shrunk is not None else "inconclusive"
    return {
        "schema": 1,
        "adapter": name,
        "nodes": found.setting.nodes,
        "faults": str(found.setting.faults),
        "options": dict(found.setting.options),
        "seed": found.seed,
        "verdict": result,
        "reason": found.reason,
        "schedules": found.schedules,
        "steps": found.steps,
        "operations": dict(sorted(found.kinds.items())),
        "elections": found.leaders,
        "commits": found.commits,
        "violation": None if shrunk is None else _violation(shrunk.run, len(shrunk.original.taken), saved),
        "run": saved,
        "seconds": round(found.seconds, 3),
        "minimising_seconds": None if shrunk is None else round(shrunk.seconds, 3),
    }


def _violation(run: Run, found: int, saved: str | None) -> dict[str, Any]:
    assert run.finding is not None
    return {
        "property": run.finding.title,
        "facts": list(run.finding.facts),
        "steps": len(run.taken),
        "found_in": found,
        "operations": [str(t.operation) for t in run.taken],
        "run": saved,
    }
