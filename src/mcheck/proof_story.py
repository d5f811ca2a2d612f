"""How a proof comes about: each auxiliary invariant by the counterexample to induction that it removes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcheck.protocols import instantiate
from mcheck.spec import Behavior, SpecError, replay
from mcheck.spec.relational import Mistake

if TYPE_CHECKING:
    from mcheck.checker.symbolic.counterexample import CounterexampleToInduction
    from mcheck.checker.symbolic.prove import ProofVerdict
    from mcheck.checker.symbolic.reachability import Reachability
    from mcheck.proofs import ProofSource
    from mcheck.spec.relational import Link, Sentence, System
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
    broken: Broken | str | None
    """In which tweak the invariant is false, or a sentence that says why in none; None if none is known."""


@dataclass(frozen=True)
class Broken:
    """A tweak of the specification that is run, and a behaviour of it to a state in which the invariant is false."""

    tweak: str
    words: str
    command: str | None
    """What runs the tweak: `mcheck raft --tweak vote-twice`."""
    behavior: Behavior
    shortest: bool
    """Whether a search has found it, so that none is shorter in its scope."""


@dataclass(frozen=True)
class Story:
    """The chapters in the order in which the solver asks for them, and the verdict with all of their invariants.

    `rest` are the invariants of the file that no counterexample has asked for.
    """

    system: System
    linked: str | None
    """The name of the specification that is run, if the proof is linked to one."""
    chapters: tuple[Chapter, ...]
    verdict: ProofVerdict
    rest: tuple[Sentence, ...]


def told(source: ProofSource, seconds: float) -> Story:
    """The story of a proof; it ends where the solver finds nothing more, or where the proof does not go through.

    Each invariant is the first of the file that is false in the state of the counterexample.
    """
    from mcheck.checker.symbolic.induction import Deadline
    from mcheck.checker.symbolic.prove import induction
    from mcheck.proof_links import link_of
    from mcheck.spec.relational import without
    from mcheck.spec.relational.structures import falsifying

    deadline, system, link = Deadline(seconds), source.cls.system(), link_of(source)
    broken = {} if link is None else mistakes_shown(link, system)
    missing = list(system.auxiliary)
    chapters: list[Chapter] = []
    corollaries = [c.name for c in system.conjuncts if c.kind == "corollary"]
    while True:
        unsaid = [c.name for c in missing]
        verdict = induction(without(system, [*unsaid, *corollaries] if unsaid else []), deadline)
        cti = verdict.cti
        if cti is None:
            break
        excluding = next((c for c in missing if falsifying(c, cti.before) is not None), None)
        if excluding is None:
            break
        values = falsifying(excluding, cti.before) or ()
        chapters.append(Chapter(cti, verdict.reachability, excluding, values, broken.get(excluding.name)))
        missing.remove(excluding)
    return Story(system, None if link is None else link.spec.__name__, tuple(chapters), verdict, tuple(missing))


# ---------------------------------------------------------------------- mistakes


def mistakes_shown(link: Link, system: System) -> dict[str, Broken | str]:
    """For each auxiliary conjunct what the link says of it; where it says nothing, the best of its tweaks."""
    found: dict[str, Broken | str] = dict(_broken_by_tweaks(link, system))
    for sentence in system.auxiliary:
        mistake = link.mistakes.get(sentence.name)
        if mistake is not None:
            found[sentence.name] = mistake if isinstance(mistake, str) else _broken_by(mistake, link, sentence)
    return found


def _broken_by(mistake: Mistake, link: Link, sentence: Sentence) -> Broken:
    """The mistake at work.  SpecError if the conjunct is never false there, or not after the steps that are given."""
    from mcheck.checker.mapped_states import falsified
    from mcheck.spec.relational import truth

    instance = instantiate(mistake.tweak, dict(mistake.scope))
    if not mistake.labels:
        behavior = falsified(instance, link, [sentence], MOST_STATES).behaviors.get(sentence.name)
        if behavior is not None:
            return _broken(mistake.tweak, behavior, shortest=True)
    else:
        behavior = replay(instance, instance.initial[0], mistake.labels)
        with instance.active():
            if not truth(sentence.formula, link.structure(instance.spec, behavior.states[-1])):
                return _broken(mistake.tweak, behavior, shortest=False)
    raise SpecError(f"{type(link).__name__}.mistakes: {mistake.tweak.__name__} does not make {sentence.name} false")


def _broken_by_tweaks(link: Link, system: System) -> dict[str, Broken]:
    """For each conjunct the tweak in which the fewest others are false before it, found by search; then the shortest."""
    from mcheck.checker.mapped_states import falsified

    found: dict[str, tuple[tuple[int, int], Broken]] = {}
    for tweak in link.tweaks:
        answer = falsified(instantiate(tweak, dict(link.scope_of_tweaks)), link, system.conjuncts, MOST_STATES)
        lengths = [len(b.steps) for b in answer.behaviors.values()]
        for name, behavior in answer.behaviors.items():
            steps = len(behavior.steps)
            rank = (sum(n < steps for n in lengths), steps)
            if name not in found or rank < found[name][0]:
                found[name] = (rank, _broken(tweak, behavior, shortest=True))
    return {name: broken for name, (_, broken) in found.items()}


def _broken(tweak: type[Any], behavior: Behavior, shortest: bool) -> Broken:
    words = " ".join((tweak.__doc__ or "").split("\n\n")[0].split())
    return Broken(tweak.__name__, words, _command(tweak), behavior, shortest)


def _command(tweak: type[Any]) -> str | None:
    """What runs the tweak; None if it has no name on the command line.  On another base it is the same tweak."""
    from mcheck.models import TWEAKS

    places = {f"{base.__module__}:{base.__qualname__}" for base in tweak.__mro__}
    named = ((protocol, name) for protocol, tweaks in TWEAKS.items() for name in tweaks if tweaks[name] in places)
    protocol, name = next(named, (None, None))
    return None if name is None else f"mcheck {protocol} --tweak {name}"
