"""A finding: a claim, how it was checked, what came out, and the behaviour that shows it, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mcheck.report import Subject
from mcheck.spec import Behavior, Rule


@dataclass(frozen=True)
class Shown:
    """A behaviour worth a picture, and the property that it violates; none if it shows that something is possible."""

    subject: Subject
    behavior: Behavior
    rule: Rule | None = None


@dataclass(frozen=True)
class Finding:
    """What a lab says of one claim.

    `as_expected` compares what the engines said with what the lab expects of them; `table` are further rows, the first one
    the headings.
    """

    claim: str
    check: str
    result: str
    as_expected: bool
    shown: Shown | None = None
    table: tuple[tuple[str, ...], ...] = ()


Lab = Callable[[], Iterator[Finding]]
