"""Searches for labs: a shipped protocol or tweak, by name, with the engine that is fastest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcheck.checker import Limits
from mcheck.checker.engines import search
from mcheck.checker.known import known_of
from mcheck.checker.traces import Link, behavior_to
from mcheck.checker.verdict import Verdict
from mcheck.labs.finding import Shown
from mcheck.protocols import find, instantiate
from mcheck.report import Subject
from mcheck.scope import counted
from mcheck.selection import checked
from mcheck.spec import Behavior, Cut, Instance, McheckError
from mcheck.tweaks import breaking

SECONDS, MEMORY_MB = 120.0, 4_000
"""Where a search of a lab gives up.  No lab says anything of a search that did not end."""


class Unanswered(McheckError):
    """A search that a lab rests on ended before there was an answer."""

    status = 3


@dataclass(frozen=True)
class Answer:
    """What a search said."""

    subject: Subject
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether nothing is violated in the whole scope."""
        return self.verdict.result in ("holds", "holds-up-to")

    @property
    def steps(self) -> int | None:
        """The length of a shortest violation; None if there is none."""
        return None if self.verdict.violation is None else self.verdict.violation.steps

    @property
    def words(self) -> str:
        """`Election Safety violated in 6 steps`, or in how many states everything holds."""
        violation = self.verdict.violation
        if violation is None:
            return f"holds in {counted(self.verdict.distinct, 'state')}"
        return f"{violation.rule.title} violated in {counted(violation.steps or 0, 'step')}"

    @property
    def violation(self) -> Shown | None:
        """The shortest violation, to be shown."""
        found = self.verdict.violation
        return None if found is None or found.behavior is None else Shown(self.subject, found.behavior, found.rule)

    def reached(self, title: str) -> Shown | None:
        """A shortest behaviour to a witness; None if it is not reached."""
        result = next(p for p in self.verdict.properties if p.rule.title == title)
        return None if result.behavior is None else Shown(self.subject, result.behavior)


def searched(protocol: str, tweak: str | None = None, *properties: str, **constants: Any) -> Answer:
    """The answer for a shipped protocol, or a tweak of it; `properties` are titles, all of them if none is given."""
    found = find(protocol)
    name = found.tweak_named(tweak)
    subject = Subject(found, name, instantiate(found.tweaked(name), constants))
    return asked(subject, *properties)


def beside(protocol: str, tweak: str, title: str) -> tuple[Answer, Answer]:
    """The answers for a tweak and for the good protocol, of one property, where the tweak declares that it breaks it."""
    found = find(protocol)
    (outcome, *_) = (e.outcome for e in breaking(found, title) if e.tweak == tweak and e.outcome is not None)
    return searched(protocol, tweak, title, **outcome.constants), searched(protocol, None, title, **outcome.constants)


def asked(subject: Subject, *properties: str) -> Answer:
    """The answer for an instance.  Unanswered if the limits of labs come first."""
    instance = subject.instance
    verdict = search(
        instance,
        properties=checked(subject, properties),
        limits=Limits(seconds=SECONDS, memory_mb=MEMORY_MB),
        known=known_of(instance),
    )
    if verdict.result == "inconclusive":
        raise Unanswered(f"{subject.protocol.name}: the search ended without an answer: {verdict.reason}; try again")
    return Answer(subject, verdict)


def shortest_to(instance: Instance, wanted: Callable[[Any], bool], most: int = 200_000) -> Behavior | None:
    """A shortest behaviour to a state that is as wanted; None if there is none.

    For states that no property of the spec names.  By the plain functions: for small instances.  Unanswered beyond `most`.
    """
    links: dict[Any, Link | None] = dict.fromkeys(instance.initial)
    numbers = {action.name: k for k, action in enumerate(instance.actions)}
    with instance.active():
        found = next((s for s in links if wanted(s)), None)
        level = list(links)
        while level and found is None:
            arrived = []
            for state in level:
                for action, arguments, after in instance.transitions(state):
                    if isinstance(after, Cut) or after in links:
                        continue
                    links[after] = (state, numbers[action.name], arguments)
                    if wanted(after):
                        return behavior_to(instance, links, after)
                    arrived.append(after)
            if len(links) > most:
                raise Unanswered(f"{instance.name}: more than {most:,} states, and none is as wanted")
            level = arrived
    return None if found is None else behavior_to(instance, links, found)
