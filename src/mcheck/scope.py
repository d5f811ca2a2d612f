"""What a search covers, in words: its constants, its bounds, and what it left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from mcheck.checker.verdict import Limits, Verdict
from mcheck.spec import Instance
from mcheck.spec.domains.base import Domain
from mcheck.spec.domains.scalars import IntRange


def constants_text(instance: Instance) -> list[str]:
    """`3 nodes`, for each constant."""
    return [_amount(name, value) for name, value in instance.constants.items()]


def bounds_text(instance: Instance, unbounded: Collection[str] = ()) -> str:
    """`terms ≤ 2, log ≤ 1`: all bounds but those that limited nothing."""
    ranges = _ranges(instance)
    kept = ((name, value) for name, value in instance.bounds.items() if name not in unbounded)
    return ", ".join(f"{_noun(name, name in ranges)} ≤ {value}" for name, value in kept)


def amounts(bounds: Iterable[str]) -> str:
    """`ballots and terms` for max_ballot and max_term."""
    return " and ".join(_noun(name, True) for name in bounds)


def configuration(instance: Instance, unbounded: Collection[str] = ()) -> str:
    """`3 acceptors, 2 values, ballots 0..1`: everything that was fixed, bounds as the ranges they are."""
    ranges = _ranges(instance)
    spans = [f"{amounts([name])} without bound" for name in unbounded]
    for name, value in ((n, v) for n, v in instance.bounds.items() if n not in unbounded):
        low = ranges.get(name)
        spans.append(f"{_noun(name, False)} ≤ {value}" if low is None else f"{_noun(name, True)} {low}..{value}")
    return ", ".join([*constants_text(instance), *spans])


def sentence(verdict: Verdict) -> str:
    """The verdict as a sentence that claims no more than was searched."""
    if verdict.result == "holds":
        covered = configuration(verdict.instance)
        return f"HOLDS: every reachable state of this configuration{f' ({covered})' if covered else ''}."
    if verdict.result == "holds-up-to":
        return _up_to(verdict)
    assert verdict.result == "inconclusive"
    return (
        f"INCONCLUSIVE: {verdict.reason or 'the search was stopped'}.  Nothing is violated in the {verdict.distinct:,} states found; "
        f"{verdict.unexpanded:,} of them were not expanded."
    )


def _up_to(verdict: Verdict) -> str:
    limits: Limits = verdict.limits
    at_depth = limits.depth is not None and verdict.unexpanded > 0
    places, left = [], []
    if at_depth:
        places.append(f"depth {limits.depth}")
        left.append(f"{counted(verdict.unexpanded, 'state')} at the bound {_was(verdict.unexpanded)} not expanded")
    if verdict.cut:
        bounds = verdict.instance.bounds
        places.append(", ".join(f"{n} {bounds[n]}" if n in bounds else n for n in verdict.cut))
        total = sum(verdict.cut.values())
        left.append(f"{counted(total, 'step')} beyond {'it' if len(verdict.cut) == 1 else 'them'} {_was(total)} cut")
    beyond = "it" if at_depth + len(verdict.cut) == 1 else "them"
    if not places:
        return "HOLDS UP TO the states found, not all of which were expanded.  Not a proof beyond them."
    return f"HOLDS UP TO {' and '.join(places)}: {'; '.join(left)}.  Not a proof beyond {beyond}."


def counted(number: int, noun: str) -> str:
    """`1 state`, `2 states`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def lasso_lengths(stem: int, cycle: int) -> str:
    """`stem 3, cycle 10`; a cycle without a step stutters."""
    return f"stem {stem}, cycle {cycle}" if cycle else f"stem {stem}, then nothing happens"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _amount(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    if isinstance(value, int) and words.endswith("s"):
        return f"{value:,} {words[:-1] if value == 1 else words}"
    return f"{words} {value}"


def _noun(bound: str, plural: bool) -> str:
    """`terms` for max_term, `log` for max_log."""
    words = bound.removeprefix("max_").replace("_", " ")
    return words if not plural or words.endswith("s") else words + "s"


def _ranges(instance: Instance) -> dict[str, int]:
    """For each bound that is the upper end of a range of integers, the lower end; -1 (for `none yet`) only if nothing else."""
    lows: dict[str, set[int]] = {}
    domains = [instance.state_domain, *(p.domain for r in instance.actions for p in r.signature.parameters)]
    for domain in domains:
        for part in _parts(domain):
            if isinstance(part, IntRange) and part.unit in instance.bounds and part.hi == instance.bounds[part.unit]:
                lows.setdefault(part.unit, set()).add(part.lo)
    return {name: min((low for low in found if low >= 0), default=min(found)) for name, found in lows.items()}


def _parts(domain: Domain) -> Iterator[Domain]:
    yield domain
    for part in domain.parts():
        yield from _parts(part)
