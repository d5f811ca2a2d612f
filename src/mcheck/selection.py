"""Which properties a run checks, and how those that it leaves out are reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcheck.checker.verdict import PropertyResult
from mcheck.report import Subject
from mcheck.spec import Rule


def checked(subject: Subject, asked: Sequence[str]) -> list[str] | None:
    """The names of the properties to check: those asked for, else all (None), but of a tweak not its refinements.

    A tweak is judged by what its protocol promises.  It hardly ever refines the abstract spec step by step, and that it
    does not, mostly known sooner, would hide what is wrong with it.
    """
    if asked:
        return list(asked)
    if subject.tweak is None or not _left_out(subject, asked):
        return None
    return [rule.name for rule in subject.instance.properties if rule.kind != "implements"]


def completed(subject: Subject, asked: Sequence[str], results: Iterable[PropertyResult]) -> tuple[PropertyResult, ...]:
    """The results, with the refinements that were left out as `not-checked`, in the order of the spec."""
    found = [*results, *(PropertyResult(rule, "not-checked") for rule in _left_out(subject, asked))]
    order = {rule.name: k for k, rule in enumerate(subject.instance.properties)}
    return tuple(sorted(found, key=lambda r: order.get(r.rule.name, len(order))))


def _left_out(subject: Subject, asked: Sequence[str]) -> list[Rule]:
    """The refinements of a tweak that nobody asked for; none if the spec requires nothing else."""
    properties = subject.instance.properties
    if asked or subject.tweak is None or all(rule.kind in ("implements", "reachable") for rule in properties):
        return []
    return [rule for rule in properties if rule.kind == "implements"]
