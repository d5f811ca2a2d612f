"""The result of a search as one JSON document.  Keys are only ever added."""

from __future__ import annotations

import json
import re
from typing import Any

from mcheck.checker.simulate import Simulation
from mcheck.checker.verdict import PropertyResult, Verdict
from mcheck.counterexamples import Notation, facts
from mcheck.counterexamples.shrink import Shrunk
from mcheck.report import Subject
from mcheck.spec import Behavior

SCHEMA = 1


def search_document(subject: Subject, verdict: Verdict, saved: str | None) -> dict[str, Any]:
    """The contract's keys in the contract's order, then what was added since."""
    return {
        **_head(subject, verdict.engine),
        "verdict": verdict.result,
        "exhaustive": verdict.exhaustive,
        "distinct": verdict.distinct,
        "generated": verdict.generated,
        "depth": verdict.depth,
        "levels": list(verdict.levels),
        "symmetry": verdict.symmetry,
        "properties": _properties(verdict.properties),
        "actions": verdict.actions,
        "never_fired": list(verdict.never_fired),
        "cut": verdict.cut,
        "violation": _violation(verdict.violation, saved),
        "seconds": round(verdict.seconds, 3),
        "peak_rss_mb": verdict.peak_rss_mb,
        "reason": verdict.reason,
        "limits": {
            "depth": verdict.limits.depth,
            "states": verdict.limits.states,
            "seconds": verdict.limits.seconds,
            "memory_mb": verdict.limits.memory_mb,
        },
        "unexpanded": verdict.unexpanded,
        "deadlocks": verdict.deadlocks,
        "deadlock": _labels(verdict.deadlock),
        "guards_never_true": [{"action": a, "guard": reason} for a, reason in verdict.guards_never_true],
        "collision_bound": verdict.collision_bound,
        "notes": list(verdict.notes),
        "source": subject.source,
        "not_checked": [rule.title for rule in subject.instance.temporal],
    }


def simulation_document(
    subject: Subject, result: Simulation, saved: str | None, shrunk: Shrunk | None = None
) -> dict[str, Any]:
    """The same keys as far as they have a meaning, then those of random walks."""
    return {
        **_head(subject, "simulation"),
        "verdict": result.result,
        "exhaustive": False,
        "distinct": result.distinct,
        "properties": _properties(result.properties),
        "actions": result.actions,
        "never_fired": list(result.never_fired),
        "cut": result.cut,
        "violation": _violation(result.violation, saved),
        "seconds": round(result.seconds, 3),
        "peak_rss_mb": result.peak_rss_mb,
        "reason": result.reason,
        "seed": result.seed,
        "samples": result.samples,
        "steps": result.steps,
        "walks": result.walks,
        "taken": result.taken,
        "longest": result.longest,
        "deadlocks": result.deadlocks,
        "source": subject.source,
        "walker": result.walker,
        "shrunk": None if shrunk is None else shrunk_document(shrunk),
    }


def shrunk_document(shrunk: Shrunk) -> dict[str, Any]:
    """What shrinking did: steps before and after, in all and for each pass."""
    return {
        "before": len(shrunk.original.steps),
        "after": len(shrunk.behavior.steps),
        "passes": [{"name": p.name, "before": p.before, "after": p.after, "measure": p.measure} for p in shrunk.passes],
        "stopped": shrunk.stopped,
    }


def as_json(document: Any) -> str:
    """The document as text: one key a line, lists of numbers on one."""
    written = json.dumps(document, indent=2, ensure_ascii=True)
    return re.sub(r"\[\n\s*(\d+(?:,\n\s*\d+)*)\n\s*\]", lambda m: f"[{' '.join(m.group(1).split())}]", written)


def _head(subject: Subject, engine: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "protocol": subject.protocol.name,
        "tweak": subject.tweak,
        "engine": engine,
        "constants": subject.instance.constants,
        "bounds": subject.instance.bounds,
    }


def _properties(results: tuple[PropertyResult, ...]) -> list[dict[str, Any]]:
    return [{"name": r.rule.title, "kind": r.rule.kind, "result": r.finding, "steps": r.steps} for r in results]


def _violation(result: PropertyResult | None, saved: str | None) -> dict[str, Any] | None:
    if result is None or result.behavior is None:
        return None
    behavior, rule = result.behavior, result.rule
    notation = Notation(behavior.instance)
    return {
        "property": rule.title,
        "steps": len(behavior.steps),
        "labels": list(behavior.labels),
        "trace": saved,
        "sentence": rule.sentence,
        "facts": [{"text": f.text(notation), "since": f.since} for f in facts(behavior, rule, result.arguments)],
    }


def _labels(behavior: Behavior | None) -> list[str] | None:
    return None if behavior is None else list(behavior.labels)
