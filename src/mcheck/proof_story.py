"""How a proof comes about: each auxiliary invariant by the counterexample to induction that it removes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcheck.protocols import instantiate
from mcheck.spec import Behavior

if TYPE_CHECKING:
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.checker.symbolic.reachability import Reachability
    from mcheck.proofs import ProofSource
    from mcheck.spec.relational import Sentence, System
    from mcheck.spec.relational.structures import Element

MOST_STATES = 5_000
"""So many states of a tweak are looked at for one in which a conjunct is false."""


@dataclass(frozen=True)
class Chapter:
    """What is not inductive yet, the invariant that excludes the state before, and a tweak that makes it false."""

    cti: CounterexampleToInduction
    reachability: Reachability | None
    invariant: Sentence
    falsified_by: tuple[Element, ...]
    """The values of the invariant's parameters for which it is false in the state before."""
    broken: Broken | None


@dataclass(frozen=True)
class Broken:
    """A tweak of the specification that is run, and its shortest behaviour to a state in which the invariant is false."""

    tweak: str
    words: str
    behavior: Behavior


@dataclass(frozen=True)
class Story:
    """The chapters in the order in which the solver asks for them, and the verdict with all of their invariants.

    `rest` are the invariants of the file that no counterexample has asked for.
    """

    system: System
    chapters: tuple[Chapter, ...]
    verdict: ProofVerdict
    rest: tuple[Sentence, ...]
    tweaks: int
    """How many tweaks were tried."""


def told(source: ProofSource, seconds: float) -> Story:
    """The story of a proof; it ends where the solver finds nothing more, or where the proof does not go through.

    Each invariant is the first of the file that is false in the state of the counterexample.
    """
    from mcheck.checker.symbolic.induction import Deadline
    from mcheck.checker.symbolic.prove import prove
    from mcheck.spec.relational import without
    from mcheck.spec.relational.structures import falsifying

    deadline, system = Deadline(seconds), source.cls.system()
    broken = _broken_by_tweaks(source, system)
    missing = list(system.auxiliary)
    chapters: list[Chapter] = []
    while True:
        verdict = prove(without(system, [c.name for c in missing]), max(deadline.left(), 0.001))
        cti = verdict.cti
        if cti is None:
            break
        excluding = next((c for c in missing if falsifying(c, cti.before) is not None), None)
        if excluding is None:
            break
        values = falsifying(excluding, cti.before) or ()
        chapters.append(Chapter(cti, verdict.reachability, excluding, values, broken.get(excluding.name)))
        missing.remove(excluding)
    return Story(system, tuple(chapters), verdict, tuple(missing), _tweaks(source))


def _tweaks(source: ProofSource) -> int:
    from mcheck.proof_links import link_of

    link = link_of(source)
    return 0 if link is None else len(link.tweaks)


def _broken_by_tweaks(source: ProofSource, system: System) -> dict[str, Broken]:
    """For each conjunct the tweak in which the fewest others are false before it, found by search; then the shortest."""
    from mcheck.checker.mapped_states import falsified
    from mcheck.proof_links import link_of

    link = link_of(source)
    found: dict[str, tuple[tuple[int, int], Broken]] = {}
    for tweak in () if link is None else link.tweaks:
        assert link is not None
        answer = falsified(instantiate(tweak, dict(link.scope_of_tweaks)), link, system.conjuncts, MOST_STATES)
        words = " ".join((tweak.__doc__ or "").split())
        lengths = [len(b.steps) for b in answer.behaviors.values()]
        for name, behavior in answer.behaviors.items():
            steps = len(behavior.steps)
            rank = (sum(n < steps for n in lengths), steps)
            if name not in found or rank < found[name][0]:
                found[name] = (rank, Broken(tweak.__name__, words, behavior))
    return {name: broken for name, (_, broken) in found.items()}
