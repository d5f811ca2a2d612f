"""What a question of liveness is about: which temporal properties, under which fairness.  Imports no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from mcheck.spec import Fairness, Instance, Rule, UsageError
from mcheck.spec.fairness import on_every_step
from mcheck.spec.specification import did_you_mean

FAIRNESS = ("declared", "weak", "strong", "none")
"""What can be assumed: what the spec states; weak or strong fairness of every action for each of its arguments; nothing."""


def assumed(instance: Instance, word: str) -> tuple[Fairness, ...]:
    """The conditions that one of FAIRNESS stands for."""
    if word == "declared":
        return instance.fairness
    return () if word == "none" else on_every_step(instance, "weak" if word == "weak" else "strong")


def select(instance: Instance, names: Iterable[str] | None) -> tuple[Rule, ...]:
    """The temporal properties with these titles or method names, in the order of the spec; all of them for None.  UsageError."""
    if not instance.temporal:
        raise UsageError(
            f"{instance.name} states no temporal property: mark a method with @eventually, @always_eventually, "
            "@eventually_always or @leads_to"
        )
    if names is None:
        return instance.temporal
    known = {key.casefold(): rule for rule in instance.temporal for key in (rule.name, rule.title)}
    wanted = []
    for name in names:
        rule = known.get(name.casefold())
        if rule is None:
            titles = [r.title for r in instance.temporal]
            if name.casefold() in {k.casefold() for r in instance.properties for k in (r.name, r.title)}:
                raise UsageError(
                    f"{name!r} is no temporal property: mcheck run checks it; there is {', '.join(titles)}"
                )
            raise UsageError(
                f"{instance.name} has no temporal property {name!r}{did_you_mean(name, titles)}; it has {', '.join(titles)}"
            )
        wanted.append(rule)
    return tuple(rule for rule in instance.temporal if rule in wanted)
