"""What a question of liveness is about: which temporal properties, under which fairness.  Imports no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from mcheck.spec import Fairness, Instance, Rule, UsageError
from mcheck.spec.fairness import on_every_step
from mcheck.spec.specification import did_you_mean

FAIRNESS = ("declared", "weak", "strong", "admissible", "none")
"""What can be assumed: what the spec states; weak or strong fairness of every action for each of its arguments; what makes a run
admissible; nothing."""


def assumed(instance: Instance, word: str) -> tuple[Fairness, ...]:
    """The conditions that one of FAIRNESS stands for."""
    if word == "declared":
        return instance.fairness
    if word == "none":
        return ()
    if word == "admissible":
        return _admissible(instance)
    return on_every_step(instance, "strong" if word == "strong" else "weak")


def _admissible(instance: Instance) -> tuple[Fairness, ...]:
    """Every participant goes on, and takes each step that stays possible: it receives each message that it can receive.

    Nothing is asked of the environment, which need not let anybody crash.  Where no participant is stated, all steps are
    theirs.  Source: M. Fischer, N. Lynch and M. Paterson, JACM 32 (1985), section 2, of a run without a faulty process.
    """
    own = {action for p in instance.participants for action in p.goes_on.actions} or {a.name for a in instance.actions}
    steps = (one for one in on_every_step(instance, "weak") if own.issuperset(one.actions))
    return (*steps, *(p.goes_on for p in instance.participants))


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
