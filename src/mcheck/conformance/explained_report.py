"""What is said of a log, and of an implementation that follows a specification, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from mcheck.conformance.cases import Cases
from mcheck.conformance.following import Followed
from mcheck.conformance.observing import Difference
from mcheck.conformance.validation import Nearest, Validated
from mcheck.scope import counted
from mcheck.terminal import Terminal


def validated_lines(header: str, found: list[Validated], seconds: float, terminal: Terminal) -> list[str]:
    """What came of the runs of a log: the first that is not explained, and how many are."""
    explained = sum(v.result == "explained" for v in found)
    events = sum(v.events for v in found)
    rate = events / seconds if seconds else 0
    lines = [
        header,
        f"  {explained:,} of {counted(len(found), 'run')} explained · {counted(events, 'event')} · at most "
        f"{max((v.states for v in found), default=0):,} states compatible · {seconds:.1f} s · {rate:,.0f}/s",
    ]
    bad = [v for v in found if v.result != "explained"]
    first = next((v for v in bad if v.result == "mismatch"), bad[0] if bad else None)
    if first is None:
        return [
            *lines,
            terminal.style("EXPLAINED", "good") + ": some behaviour of the specification agrees with every event.",
        ]
    return [*lines, *_unexplained(first, terminal), *_others(first, bad)]


def _unexplained(run: Validated, terminal: Terminal) -> list[str]:
    name = f" ({run.name})" if run.name else ""
    place = f"{run.file}:{run.line}{name}"
    if run.result == "inconclusive":
        head = terminal.style("INCONCLUSIVE", "doubt")
        lines = [f"{head} {place}: {run.reason}.", f"  explained: the {counted(run.events, 'event')} before"]
    else:
        head = terminal.style("NOT EXPLAINED", "bad")
        lines = [
            f"{head} {place}: no step of the specification agrees with this event.",
            f"  explained     the {counted(run.events, 'event')} before it",
        ]
        if run.labels:
            last = " · ".join(run.labels[-3:])
            lines += textwrap.wrap(
                f"  as            {'… ' if len(run.labels) > 3 else ''}{last}",
                terminal.width,
                subsequent_indent=" " * 16,
            )
    for near in run.nearest:
        lines += textwrap.wrap(
            f"  nearest       {near.label}: {_why(near)}", terminal.width, subsequent_indent=" " * 16
        )
    return lines


def _why(near: Nearest) -> str:
    if near.guard is not None:
        return f"not enabled: {near.guard}"
    if near.bound is not None:
        return f"beyond the bound {near.bound}"
    if not near.differences:
        return "agrees with what was observed, and is another action"
    return "; ".join(
        f"{place or 'the state'} would be {value}, logged {said}" for place, said, value in near.differences[:3]
    )


def _others(first: Validated, bad: list[Validated]) -> list[str]:
    others = [v for v in bad if v is not first]
    if not others:
        return []
    listed = ", ".join(f"{v.file}:{v.line}" for v in others[:5])
    return [f"  not explained too: {counted(len(others), 'run')}, {listed}{', …' if len(others) > 5 else ''}"]


def validated_document(protocol: str, tweak: str | None, found: list[Validated], seconds: float) -> dict[str, Any]:
    """Keys are only ever added."""
    results = [v.result for v in found]
    verdict = "mismatch" if "mismatch" in results else "inconclusive" if "inconclusive" in results else "explained"
    return {
        "schema": 1,
        "protocol": protocol,
        "tweak": tweak,
        "verdict": verdict,
        "runs": len(found),
        "explained": results.count("explained"),
        "events": sum(v.events for v in found),
        "unexplained": [_validated(v) for v in found if v.result != "explained"],
        "seconds": round(seconds, 3),
    }


def _validated(run: Validated) -> dict[str, Any]:
    return {
        "file": run.file,
        "run": run.name,
        "line": run.line,
        "result": run.result,
        "reason": run.reason,
        "matched": run.events,
        "labels": list(run.labels),
        "nearest": [
            {
                "label": n.label,
                "guard": n.guard,
                "bound": n.bound,
                "differences": [{"place": p, "logged": s, "spec": v} for p, s, v in n.differences],
            }
            for n in run.nearest
        ],
    }


def differences_text(found: Iterable[Difference], where: str) -> str:
    """`servers[0].role would be LEADER, logged FOLLOWER`, for the first three."""
    found = tuple(found)
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return (
        "; ".join(f"{place or 'the state'} would be {value}, {where} {said}" for place, said, value in found[:3]) + more
    )


# ---------------------------------------------------------------------- cases


def cases_text(cases: Cases) -> list[str]:
    """How much the cases cover."""
    steps = sum(len(b.steps) for b in cases.behaviors)
    found, kinds = (sum(pair[k] for pair in cases.kinds.values()) for k in (0, 1))
    looked = "all that are reachable" if cases.complete else "as many as were asked for"
    by_action = " · ".join(f"{name} {some} of {every}" for name, (some, every) in cases.kinds.items())
    lines = [
        f"  {counted(len(cases.behaviors), 'case')} of {counted(steps, 'step')} take {found:,} kinds of step, of {kinds:,} "
        f"that the actions have · {counted(cases.states, 'state')} searched, {looked}"
    ]
    return [*lines, *textwrap.wrap(f"  kinds         {by_action}", 100, subsequent_indent=" " * 16)]


def followed_lines(
    header: str, cases: Cases, found: list[Followed], compared: Iterable[str], terminal: Terminal
) -> list[str]:
    """What came of an implementation that took the steps of the cases."""
    lines = [header, *cases_text(cases), f"  compared      {', '.join(compared)} of every node, after every step"]
    apart = [f for f in found if f.differences]
    failed = [f for f in found if f.failure is not None]
    agreed = len(found) - len(apart) - len(failed)
    lines.append(f"  agreed in {agreed:,} of {counted(len(found), 'case')}")
    if apart:
        first = min(apart, key=lambda f: f.steps)
        head = terminal.style("DIVERGES", "bad")
        lines.append(f"{head} in case {first.case}, step {first.steps + 1}, {first.label}")
        lines += textwrap.wrap(
            f"  {differences_text(first.differences, 'the implementation has')}", terminal.width, subsequent_indent="  "
        )
        lines += textwrap.wrap(
            f"  after         {' · '.join(cases.behaviors[first.case - 1].labels[: first.steps]) or 'the start'}",
            terminal.width,
            subsequent_indent=" " * 16,
        )
    elif failed:
        head = terminal.style("INCONCLUSIVE", "doubt")
        lines.append(f"{head}: case {failed[0].case}: {failed[0].failure}")
    else:
        lines.append(terminal.style("AGREES", "good") + " in every case.  Other paths were not tried.")
    return lines


def followed_document(protocol: str, tweak: str | None, cases: Cases, found: list[Followed]) -> dict[str, Any]:
    """Keys are only ever added."""
    return {
        "schema": 1,
        "protocol": protocol,
        "tweak": tweak,
        "verdict": "diverges"
        if any(f.differences for f in found)
        else "inconclusive"
        if any(f.failure for f in found)
        else "agrees",
        **cases_document(cases),
        "apart": [
            {
                "case": f.case,
                "steps": f.steps,
                "label": f.label,
                "failure": f.failure,
                "differences": [{"place": p, "implementation": s, "spec": v} for p, s, v in f.differences],
            }
            for f in found
            if f.differences or f.failure
        ],
    }


def cases_document(cases: Cases) -> dict[str, Any]:
    """What the cases cover."""
    return {
        "cases": len(cases.behaviors),
        "steps": sum(len(b.steps) for b in cases.behaviors),
        "kinds": {name: {"taken": some, "of": every} for name, (some, every) in cases.kinds.items()},
        "states": cases.states,
        "complete": cases.complete,
    }
