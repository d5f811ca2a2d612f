"""Whether the state in which a counterexample to induction begins is reachable: in words, and in JSON."""

from __future__ import annotations

from typing import Any

from mcheck.checker.smt.induction import Cti
from mcheck.checker.smt.reachability import Reachability
from mcheck.checker.verdict import PropertyResult, Verdict
from mcheck.report import Report
from mcheck.scope import counted


def state_words(found: Reachability, cti: Cti) -> str:
    """What is known of the first state of one counterexample, and what follows from that."""
    state = "the state before" if cti.assumed == 1 else "the first of these states"
    title = "" if cti.conjunct is None else cti.conjunct.title
    answer = found.answer(cti)
    if answer == "reachable":
        what = f"this breaks {title}, and not the proof alone" if cti.failure is None else "so the rule fails"
        return f"{_capital(state)} is reachable: {what}."
    if found.falsified(cti.conjunct) is not None:
        seen = "is not reachable" if answer == "unreachable" else "was not reached"
        return f"{_capital(state)} {seen}, but {title} is broken in another way."
    if found.verdict is None:
        ended = "met a rule that fails" if found.failed is not None else f"was ended: {found.reason}"
        return f"Whether {state} is reachable is not known: the search for it {ended}."
    states = f"{counted(found.verdict.distinct, 'state')}{_up_to_renaming(found.verdict)}"
    if answer == "unreachable":
        return (
            f"{_capital(state)} is not reachable: it is none of the {states} that are, and {_truth(cti)}.  "
            "The conjuncts say too little."
        )
    return f"Whether {state} is reachable is not known: it is none of the first {states}{_depth(found.verdict)}."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _truth(cti: Cti) -> str:
    """What a search that has met every state says of the conjunct."""
    if cti.conjunct is None:
        return "no rule fails in any of them"
    steps = cti.conjunct.kind in ("step", "implements")
    return f"{cti.conjunct.title} is true {'of all their steps' if steps else 'in all of them'}"


def _up_to_renaming(verdict: Verdict) -> str:
    return " (up to renaming)" if verdict.symmetry else ""


def _depth(verdict: Verdict) -> str:
    """How far the search looked; of its last level it may have met only some states."""
    whole = len(verdict.levels) - 2
    return f", which are all of at most {counted(whole, 'step')} and some that take one more" if whole >= 0 else ""


def search_lines(found: Reachability, report: Report) -> list[str]:
    """What was searched, and what ended it."""
    verdict = found.verdict
    if verdict is None:
        return []
    bound = "exact" if verdict.collision_bound is None else f"collision bound {verdict.collision_bound:.1e}"
    ended = [] if verdict.reason is None else [verdict.reason]
    figures = [f"{verdict.distinct:,} distinct", f"depth {verdict.depth}", f"{verdict.seconds:.1f} s", bound, *ended]
    words = " · ".join([*report.symmetry(verdict), verdict.engine, *figures])
    return ["", report.item("searched", words), *(report.item("", note) for note in verdict.notes)]


def how_long(found: Reachability, violation: PropertyResult) -> str:
    """What is known of the length of the behaviour that is shown."""
    other = found.falsified(violation.rule)
    if other is None:
        return "not known to be the shortest"
    return "the shortest" if other.steps == violation.steps else f"the shortest has {other.steps}"


def conclusion(found: Reachability, all_decided: bool) -> str:
    """What follows where nothing is violated.  `all_decided`: no question to the solver was left open."""
    if not found.complete or found.verdict is None:
        return (
            ".  If the states before cannot be reached, the conjuncts say too little: add a lemma.  If they can, the protocol is "
            "broken.  To look further, raise --max-states or --time-limit."
        )
    if not all_decided:
        return ": not all conjuncts were decided, raise --time-limit."
    states = f"{counted(found.verdict.distinct, 'reachable state')}{_up_to_renaming(found.verdict)}"
    # those that are kept are true as well: every step from a reachable state begins where all are
    return f", but true in all {states} of this configuration: a lemma is missing."


def reachability_document(found: Reachability | None, cti: Cti) -> dict[str, Any] | None:
    """The answer for one counterexample as JSON; None where nothing was searched."""
    if found is None:
        return None
    behavior = found.behavior(cti)
    return {"answer": found.answer(cti), "labels": None if behavior is None else list(behavior.labels)}


def search_document(found: Reachability | None) -> dict[str, Any] | None:
    """What was searched, as JSON; None where nothing was, or a rule failed."""
    if found is None or found.verdict is None:
        return None
    verdict = found.verdict
    return {
        "engine": verdict.engine,
        "symmetry": verdict.symmetry,
        "distinct": verdict.distinct,
        "levels": list(verdict.levels),
        "complete": found.complete,
        "reason": verdict.reason,
        "collision_bound": verdict.collision_bound,
        "seconds": round(verdict.seconds, 3),
    }
