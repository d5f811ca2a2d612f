"""Counterexamples as tests: what the files assert that `mcheck export TRACE -f pytest` writes.

Each assertion passes while the behaviour is what it was when the test was written.  When it fails, it says in a sentence
what is different now.  Everything is executed by the plain functions of the spec; no search, and no test framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mcheck.counterexamples.store import StaleLabel, followed
from mcheck.protocols import find
from mcheck.recordings import decided_at_end, property_titled
from mcheck.spec import Behavior, Instance, ReplayMismatch, Rule, Spec, text


def assert_violates(spec: Spec[Any], title: str, steps: Sequence[str], start: str | None = None) -> None:
    """The steps are possible, and the property is violated at their end.

    `start` is the initial state as text, of a spec that has several.
    """
    __tracebackhide__ = True
    name = spec.instance.name
    behavior = _possible(spec.instance, steps, start, f"no longer goes this way to a violation of {title}")
    if decided_at_end(behavior, _rule(spec.instance, title)) is None:
        raise AssertionError(f"{name}: {title} is no longer violated: it holds after these {len(steps)} steps")


def assert_satisfies(spec: Spec[Any], title: str, steps: Sequence[str], start: str | None = None) -> None:
    """The steps are possible, and the property holds at their end, where it was once violated."""
    __tracebackhide__ = True
    behavior = _possible(spec.instance, steps, start, "no longer goes this way")
    if decided_at_end(behavior, _rule(spec.instance, title)) is not None:
        raise AssertionError(f"{spec.instance.name}: {title} is violated again, after these {len(steps)} steps")


def assert_refuses(
    spec: Spec[Any], steps: Sequence[str], number: int, title: str | None = None, start: str | None = None
) -> None:
    """The steps before step `number` are possible, and that one is not.

    `title` names the property to look at, should all of them have become possible.
    """
    __tracebackhide__ = True
    instance = spec.instance
    was = f"step {number}, {steps[number - 1]}," if number else "the initial state"
    refused = refusal(instance, steps, start)
    if refused is None:
        raise AssertionError(
            f"{instance.name} now takes {was} which it refused{_ending(instance, title, steps, start)}"
        )
    if isinstance(refused, StaleLabel):
        raise AssertionError(f"{instance.name} no longer has what these steps are written with: {_words(refused)}")
    if refused.step != number:
        instead = "goes on to" if refused.step > number else "refuses already"
        raise AssertionError(f"{instance.name} refused {was} and now {instead} {_words(refused)}")


def assert_possible(spec: Spec[Any], steps: Sequence[str], start: str | None = None) -> None:
    """The steps are possible."""
    __tracebackhide__ = True
    _possible(spec.instance, steps, start, "no longer goes this way")


def spec_in(file: Path | str, name: str) -> type[Spec[Any]]:
    """The specification of that name in a Python file.  UsageError if there is none."""
    return find(f"{file}:{name}").cls


def spec_named(source: str) -> type[Spec[Any]]:
    """The specification of a name, `raft+pre-vote+partition`, or of one with a tweak, `…:no-pre-vote`."""
    name, _, tweak = source.partition(":")
    return find(name).tweaked(tweak or None)


def refusal(instance: Instance, steps: Iterable[str], start: str | None) -> ReplayMismatch | None:
    """Why these steps are not possible: the first that is refused; None if they are."""
    try:
        list(followed(instance, _initial(instance, start), steps))
    except ReplayMismatch as mismatch:
        return mismatch
    return None


def _possible(instance: Instance, steps: Sequence[str], start: str | None, otherwise: str) -> Behavior:
    """The behaviour of these steps.  AssertionError, `otherwise` and why, if one of them is refused."""
    __tracebackhide__ = True
    try:
        *_, behavior = followed(instance, _initial(instance, start), steps)
    except ReplayMismatch as mismatch:
        raise AssertionError(f"{instance.name} {otherwise}: {_words(mismatch)}") from None
    return behavior


def _initial(instance: Instance, start: str | None) -> Any:
    """The initial state meant.  ReplayMismatch if there is none."""
    for state in instance.initial:
        if start is None or text(state) == start:
            return state
    raise ReplayMismatch(0, "initially", f"the spec no longer has the initial state {start}")


def _rule(instance: Instance, title: str) -> Rule:
    __tracebackhide__ = True
    rule = property_titled(instance, title)
    if rule is None:
        known = ", ".join(r.title for r in instance.properties) or "none"
        raise AssertionError(f"{instance.name} no longer has a property {title!r}; it has {known}")
    return rule


def _ending(instance: Instance, title: str | None, steps: Sequence[str], start: str | None) -> str:
    """`; Election Safety is violated at the end`: what all the steps lead to, now that they are possible."""
    if title is None:
        return ""
    behavior = _possible(instance, steps, start, "goes another way")
    violated = decided_at_end(behavior, _rule(instance, title)) is not None
    return f"; {title} {'is violated' if violated else 'holds'} at the end"


def _words(mismatch: ReplayMismatch) -> str:
    """`step 3, deliver(…): not enabled: …`; of the initial state only why."""
    return str(mismatch) if mismatch.step else mismatch.why
