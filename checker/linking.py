"""Whether a Spec is what a Proof speaks of: its reachable states as structures, its steps as steps of the proof.

The formulas are evaluated by plain Python; no solver is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.checker.traces import Link as Reached
from mcheck.checker.traces import behavior_to
from mcheck.spec import Behavior, Cut, Instance
from mcheck.spec.relational import Action, Link, Structure, System, truth
from mcheck.spec.relational.structures import enabling, successor


@dataclass(frozen=True)
class LinkVerdict:
    """`difference` is None if every state and step that was looked at is one of the proof.

    `states` and `edges` say how many that were; `stutters` how many steps change nothing that the proof speaks of;
    `complete` whether they are all of the instance (inside its bounds).
    """

    instance: Instance
    states: int
    edges: int
    stutters: int
    complete: bool
    difference: str | None = None
    behavior: Behavior | None = None
    """Leads to the state, or ends with the step, that differs."""


def check_link(instance: Instance, link: Link, most_states: int = 1_000_000) -> LinkVerdict:
    """Search breadth first; stop at the first difference, or after so many states.

    Cost: for each step, the guards and updates of one action of the proof, for all values of its parameters.
    """
    with instance.active():
        return _Linking(instance, link, most_states).verdict()


class _Linking:
    """One search."""

    def __init__(self, instance: Instance, link: Link, most: int) -> None:
        self.instance, self.link, self.most = instance, link, most
        self.system: System = link.proof.system()
        self.actions = {a.name: a for a in self.system.actions}
        self.numbers = {a.name: k for k, a in enumerate(instance.actions)}
        self.reached: dict[Any, Reached | None] = {}
        self.structures: dict[Any, Structure] = {}
        self.distinct: dict[Any, Structure] = {}
        self.judged: dict[tuple[str, int, int], bool] = {}
        self.wrong: dict[int, str | None] = {}
        """By the `id` of structures in `distinct`: states of which the proof says the same are looked at once."""
        self.edges = self.stutters = 0

    def verdict(self) -> LinkVerdict:
        frontier = []
        for state in self.instance.initial:
            self.reached[state] = None
            frontier.append(state)
            why = self.wrong_with(state, (*self.system.axioms, *self.system.initial, *self.system.conjuncts))
            if why is not None:
                return self.differs(why, state)
        while frontier:
            arriving: list[Any] = []
            for state in frontier:
                if len(self.reached) > self.most:
                    return self.looked_at(complete=False)
                found = self.expand(state, arriving)
                if found is not None:
                    return found
                del self.structures[state]
            frontier = arriving
        return self.looked_at(complete=True)

    def looked_at(self, complete: bool) -> LinkVerdict:
        return LinkVerdict(self.instance, len(self.reached), self.edges, self.stutters, complete)

    def expand(self, state: Any, arriving: list[Any]) -> LinkVerdict | None:
        """Look at every step out of a state; what is wrong with one, or None."""
        before = self.structure(state)
        for rule, arguments, after in self.instance.transitions(state):
            if isinstance(after, Cut):
                continue
            self.edges += 1
            move = (self.numbers[rule.name], arguments)
            mapped = self.structure(after) if after not in self.reached else self.mapped(after)
            if before is mapped:
                self.stutters += 1
            elif not self.is_step(rule.name, before, mapped):
                names = " or ".join(" then ".join(a.name for a in way) for way in self.ways_of(rule.name))
                wrong = f"is no step {names} of" if names else "must change nothing in"
                return self.differs(f"the last step {wrong} {self.system.name}", state, move)
            if after not in self.reached:
                self.reached[after] = (state, *move)
                arriving.append(after)
                if id(mapped) not in self.wrong:
                    self.wrong[id(mapped)] = self.wrong_with(after, self.system.conjuncts)
                why = self.wrong[id(mapped)]
                if why is not None:
                    return self.differs(why, after)
        return None

    def structure(self, state: Any) -> Structure:
        """The state as a structure, kept until the state has been expanded."""
        if state not in self.structures:
            self.structures[state] = self.mapped(state)
        return self.structures[state]

    def mapped(self, state: Any) -> Structure:
        """The state as a structure: the same object for all states that map to the same."""
        kept = self.structures.get(state)
        if kept is not None:
            return kept
        structure = self.link.structure(self.instance.spec, state)
        return self.distinct.setdefault(structure.contents, structure)

    def is_step(self, name: str, before: Structure, after: Structure) -> bool:
        """Whether the one leads to the other by what a step of that name may be in the proof."""
        step = (name, id(before), id(after))
        if step not in self.judged:
            self.judged[step] = any(self.leads(way, before, after) for way in self.ways_of(name))
        return self.judged[step]

    def ways_of(self, name: str) -> Iterator[tuple[Action, ...]]:
        for way in self.link.steps_of(name):
            yield tuple(self.actions[a] for a in way)

    def leads(self, way: tuple[Action, ...], before: Structure, after: Structure) -> bool:
        """Whether these actions, one after the other and with whatever parameters, lead from the one to the other."""
        first, *others = way
        reached = (successor(first, before, values) for values in enabling(first, before))
        return any(self.leads(tuple(others), s, after) if others else s.same_as(after) for s in reached)

    def wrong_with(self, state: Any, sentences: tuple[Any, ...]) -> str | None:
        """The first of the sentences that is false in a state, in words."""
        false = next((s for s in sentences if not truth(s.formula, self.structure(state))), None)
        return None if false is None else f"{false.kind} {false.name} of {self.system.name} is false: {false.words}"

    def differs(self, why: str, state: Any, move: tuple[int, tuple[Any, ...]] | None = None) -> LinkVerdict:
        behavior = behavior_to(self.instance, self.reached, state, move)
        return LinkVerdict(self.instance, len(self.reached), self.edges, self.stutters, False, why, behavior)
