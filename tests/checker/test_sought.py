"""States that are looked for: met exactly if they are reachable, in as few steps as they can be, under their own names."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from mcheck.checker import Limits, RuleFailed
from mcheck.checker import sought as sought_module
from mcheck.checker.sought import Occurrences, occurrences
from mcheck.models.pbft import PBFT, Commit, Digest, Replica
from mcheck.models.two_phase_commit import RM, CommitsEarly, TwoPhaseCommit
from mcheck.spec import (
    GHOST,
    Cut,
    Index,
    Instance,
    Range,
    Record,
    Set,
    Spec,
    action,
    always,
    bound,
    constant,
    constraint,
    require,
)

ENGINES = ("native", "reference")


class Place(Index, size="places"): ...


class Marks(Record):
    marked: Set[Place] = Set()
    first: Annotated[Set[Place], GHOST] = Set()
    """Whoever was marked while nobody was."""


class Marking(Spec[Marks]):
    """Marks place after place, and remembers with which it began."""

    places: int = constant(3, "places")

    def init(self) -> Marks:
        return Marks()

    @action
    def mark(self, s: Marks, p: Place) -> Marks:
        require(p not in s.marked, "p is not marked")
        return s.replace(marked=s.marked.add(p), first=s.first if s.marked else s.first.add(p))


class FromTheFirst(Marking):
    """Only place 0 is ever marked: places are no longer alike."""

    @action
    def mark(self, s: Marks, p: Place) -> Marks:
        require(p == Place(0), "p is the first place")
        return s.replace(marked=s.marked.add(p))


class Count(Record):
    value: Annotated[int, Range(0, "top")] = 0


class Climb(Spec[Count]):
    """Goes up one by one, from below the constraint and from above it."""

    top: int = bound(6, "highest value")

    def init(self) -> list[Count]:
        return [Count(), Count(value=5)]

    @action
    def up(self, s: Count) -> Count:
        return s.replace(value=s.value + 1)

    @constraint("at most three")
    def at_most_three(self, s: Count) -> bool:
        return s.value <= 3

    @always("Below Three")
    def below_three(self, s: Count) -> bool:
        return s.value < 3


def levels(instance: Instance, depth: int = 99) -> dict[Any, int]:
    """Every state that is reachable in so many steps with its distance, by nothing but the plain functions."""
    found = {s: 0 for s in instance.initial if instance.outside(s) is None}
    queue = list(found)
    with instance.active():
        for state in (s for s in queue if found[s] < depth):
            for _, _, after in instance.transitions(state):
                if not isinstance(after, Cut) and after not in found:
                    found[after] = found[state] + 1
                    queue.append(after)
    return found


def met(found: Occurrences) -> list[int | None]:
    """How many steps each state takes; None for one that was not met."""
    return [None if b is None else len(b.steps) for b in found.behaviors]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "spec", [TwoPhaseCommit(managers=2), Marking(), FromTheFirst(), Climb()], ids=lambda s: type(s).__name__
)
def test_every_reachable_state_is_met_at_its_distance(spec: Any, engine: str) -> None:
    """All of a small spec, each by a behaviour that ends in this very state, though orbits are counted where they can be."""
    instance = spec.instance
    distances = dict(list(levels(instance).items())[:40])
    found = occurrences(instance, list(distances), engine=engine)
    assert found.complete and found.verdict.engine == engine
    assert met(found) == list(distances.values())
    for state, behavior in zip(distances, found.behaviors, strict=True):
        assert behavior is not None and behavior.last == state and behavior.instance is instance
        assert behavior.initial in instance.initial


@pytest.mark.parametrize("engine", ENGINES)
def test_a_state_that_cannot_be_reached_is_not_met(engine: str) -> None:
    """Neither one that no step leads to, nor one behind a constraint, be it initial; a ghost is a part of the state."""
    zero, one = Place(0), Place(1)
    marking, first, climb = Marking().instance, FromTheFirst().instance, Climb().instance
    with marking.active():
        forged = Marks(marked=Set([zero, one]), first=Set([zero, one]))
        told = Marks(marked=Set([zero, one]), first=Set([one]))
    assert met(occurrences(marking, [forged, told], engine=engine)) == [None, 2]
    with first.active():
        other = Marks(marked=Set([one]))
    found = occurrences(first, [other], engine=engine)
    assert met(found) == [None] and found.complete
    assert met(occurrences(climb, [Count(value=4), Count(value=5), Count(value=3)], engine=engine)) == [None, None, 3]


def test_the_way_has_the_names_of_the_state() -> None:
    """One representative of each orbit is searched; what leads to it is renamed, its arguments too."""
    instance = TwoPhaseCommit(managers=3).instance
    start = instance.initial[0]
    ends = []
    with instance.active():
        for rm in range(3):
            prepared = instance.apply(instance.action("rm_prepare"), start, (RM(rm),))
            ends.append(instance.apply(instance.action("tm_rcv_prepared"), prepared, (RM(rm),)))
    found = occurrences(instance, ends)
    assert found.verdict.symmetry
    labels = [b.labels for b in found.behaviors if b is not None]
    assert labels == [(f"rm_prepare(rm={rm})", f"tm_rcv_prepared(rm={rm})") for rm in range(3)]


def test_an_orbit_that_is_too_large_is_looked_for_among_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sought_module, "LARGEST_ORBIT", 1)
    instance = Marking().instance
    with instance.active():
        state = Marks(marked=Set([Place(2)]), first=Set([Place(2)]))
    found = occurrences(instance, [state])
    assert not found.verdict.symmetry and found.complete and met(found) == [1]


def test_a_search_that_is_cut_short_says_so() -> None:
    """Not met among a few states does not mean unreachable."""
    instance = TwoPhaseCommit(managers=2).instance
    last = list(levels(instance))[-1]
    found = occurrences(instance, [last], limits=Limits(states=5))
    assert met(found) == [None] and not found.complete and found.verdict.reason == "limit of 5 states"
    assert not occurrences(instance, [last], limits=Limits(depth=1)).complete


def test_properties_are_checked_on_the_way_and_end_nothing() -> None:
    """A violation is met, and a state behind it too; lemmas can be asked for."""
    instance = CommitsEarly(managers=2).instance
    distances = levels(instance)
    far = max(distances, key=lambda s: distances[s])
    rules = [r for r in (*instance.properties, *instance.lemmas) if r.name in ("consistent", "commit_needs_all")]
    found = occurrences(instance, [far], rules)
    assert met(found) == [distances[far]] and found.complete
    assert [p.rule for p in found.verdict.properties] == rules
    assert {p.rule.name: p.steps for p in found.verdict.properties}["consistent"] == 5
    assert found.verdict.instance is instance


def test_a_rule_that_fails_ends_the_search() -> None:
    class Failing(Climb):
        @action
        def down(self, s: Count) -> Count:
            return s.replace(value=s.value - 1)

    with pytest.raises(RuleFailed, match=r"down\(\): .*-1"):
        occurrences(Failing().instance, [Count(value=3)])


def test_states_of_a_byzantine_protocol() -> None:
    """What faulty members may have sent is in no state: which state is stored can be asked all the same."""
    instance = PBFT(views=1).instance
    distances = levels(instance, 2)
    states = [*list(distances)[:3], *list(distances)[-3:]]
    assert met(occurrences(instance, states, limits=Limits(depth=3))) == [distances[s] for s in states]
    with instance.active():
        silent = states[0].replace(msgs=states[0].msgs.add(Commit(view=0, digest=Digest(0), src=Replica(0))))
    assert met(occurrences(instance, [silent], limits=Limits(depth=2))) == [None]
