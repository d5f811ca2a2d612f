"""What the specification that is run says of a proof: whether it is linked, and whether a state of the proof occurs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcheck.protocols import instantiate
from mcheck.spec import Behavior, Instance, UsageError

if TYPE_CHECKING:
    from mcheck.checker.linking import LinkVerdict
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.proofs import LeftOut, ProofSource
    from mcheck.spec.relational import Link, Sentence, Structure, System

MOST_STATES = 20_000
"""So many states of a specification are looked at for one of a proof."""


def link_of(source: ProofSource) -> Link | None:
    """The link from the specification of that name, if there is one."""
    from mcheck.models.proofs.links import LINKS

    if source.name not in LINKS:
        return None
    module, _, class_name = LINKS[source.name].partition(":")
    link: Link = getattr(importlib.import_module(module), class_name)()
    return link


def check_spec(source: ProofSource) -> LinkVerdict:
    """Whether the Spec of that name is what the proof speaks of, in a small scope.  UsageError if it is not linked."""
    from mcheck.checker.linking import check_link
    from mcheck.models.proofs.links import LINKS

    link = link_of(source)
    if link is None:
        raise UsageError(f"--link: {source.name} is linked to no specification; linked are {', '.join(LINKS)}")
    return check_link(instantiate(link.spec, dict(link.scope)), link)


@dataclass(frozen=True)
class SpecAnswer:
    """Whether the specification gets to a state: by `behavior`, of which `claim` says where it leads; None if not found.

    `states` were looked at; `complete` says whether these are all of the instance, inside its bounds.
    """

    instance: Instance
    behavior: Behavior | None
    claim: str
    mark: str
    states: int
    complete: bool


def spec_answer(source: ProofSource, dropped: LeftOut, cti: CounterexampleToInduction) -> SpecAnswer | None:
    """Whether the state before occurs in what is run; None where no specification is linked, or none has the elements.

    Without one guard, what is run is the tweak that lacks it, if there is one: there a state is looked for in which the
    conjunct is false.
    """
    link = link_of(source)
    if link is None or cti.action is None or dropped.axioms or len(dropped.guards) > 1:
        return None
    if dropped.guards:
        return _violation(link, dropped.guards[0], cti.conjunct)
    return _occurrence(link, cti)


def _occurrence(link: Link, cti: CounterexampleToInduction) -> SpecAnswer | None:
    from mcheck.checker.mapped_states import occurrence

    sizes = {sort: len(elements) for sort, elements in cti.before.universe.items()}
    instance = instantiate(link.spec, dict(link.scope_of(sizes)))
    found = occurrence(instance, link, cti.before, cti.after, cti.conjunct, MOST_STATES)
    if found is None:
        return None
    claim = (
        f"{cti.conjunct.name} is false" if found.falsifies else "such a state is reached, but no such step is taken,"
    )
    return SpecAnswer(instance, found.behavior, claim, "breaks it", found.states, found.complete)


def _violation(link: Link, guard: tuple[str, str], conjunct: Sentence) -> SpecAnswer | None:
    from mcheck.checker.mapped_states import falsified

    tweak = link.lacking.get(guard)
    if tweak is None:
        return None
    instance = instantiate(tweak, dict(link.scope_of_tweaks))
    found = falsified(instance, link, [conjunct], MOST_STATES)
    behavior = found.behaviors.get(conjunct.name)
    if behavior is None:
        return None
    return SpecAnswer(instance, behavior, f"{conjunct.name} is false", "breaks it", found.states, found.complete)


# ---------------------------------------------------------------------- states to learn from


def sampled_structures(source: ProofSource, system: System) -> tuple[Sequence[Structure], str]:
    """Reachable states as structures, each once, and in words where they are from.

    Those of the linked specification; of the relations themselves, with two elements of each sort, where there is none.
    """
    from mcheck.checker.mapped_states import MappedStates
    from mcheck.checker.symbolic.reachability import some_states

    link = link_of(source)
    if link is None:
        found = some_states(system, dict.fromkeys(system.sorts, 2))
        return found, "the relations, with two elements of each sort"
    instance = instantiate(link.spec, dict(link.wide))
    distinct: dict[object, Structure] = {}
    with instance.active():
        for _, structure in MappedStates(instance, link, LEARNT_FROM):
            distinct.setdefault(tuple(frozenset(t.items()) for t in structure.tables.values()), structure)
    scope = ", ".join(f"{name} {value}" for name, value in {**instance.constants, **instance.bounds}.items())
    return list(distinct.values()), f"{instance.name} ({scope})"


LEARNT_FROM = 2_000
"""So many states of a specification are mapped to learn from."""
