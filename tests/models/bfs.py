"""A breadth-first search of a few lines, written without the checker, for what the models' tests pin."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mcheck.spec import Cut, Rule, Spec, label_text


class Search:
    """Counts as TLC counts them; `violated` and `reached` map a property's title to the labels of a shortest trace."""

    def __init__(self, spec: Spec[Any], check: tuple[str, ...] | None) -> None:
        self.instance = spec.instance
        self.properties = [r for r in self.instance.properties if check is None or r.title in check]
        self.parents: dict[Any, tuple[Any, str]] = {}
        self.generated = 0
        self.levels: list[int] = []
        self.actions: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.violated: dict[str, list[str]] = {}
        self.reached: dict[str, list[str]] = {}

    @property
    def counts(self) -> tuple[int, int, int]:
        """(distinct, generated, depth in steps)."""
        return len(self.parents), self.generated, len(self.levels) - 1

    def run(self, until: str | None) -> None:
        """Level by level, to the end or to the first violation of the property `until`."""
        level = list(self.instance.initial)
        self.generated = len(level)
        for state in level:
            self.discover(state, None, "")
        while level:
            self.levels.append(len(level))
            following: list[Any] = []
            for state in level:
                self.expand(state, following)
                if until in self.violated:
                    return
            level = following

    def expand(self, state: Any, following: list[Any]) -> None:
        """Take every transition of `state`; new states go to `following`."""
        for action, arguments, successor in self.instance.transitions(state):
            self.generated += 1
            self.actions[action.name] += 1
            if isinstance(successor, Cut):
                self.cut[successor.bound] += 1
                continue
            label = label_text(action.name, action.signature.names, arguments)
            self.look_at_step(state, label, successor)
            if successor not in self.parents:
                following.append(successor)
                self.discover(successor, state, label)

    def discover(self, state: Any, parent: Any, label: str) -> None:
        """A new state: keep where it came from, and look at the properties of states."""
        self.parents[state] = parent, label
        for rule in self.properties:
            if rule.title in self.violated or rule.title in self.reached:
                continue
            if rule.kind == "reachable":
                if self.instance.witnessing(rule, state) is not None:
                    self.reached[rule.title] = self.trace(state)
            elif not self.holds_in(rule, state, parent is None):
                self.violated[rule.title] = self.trace(state)

    def holds_in(self, rule: Rule, state: Any, is_initial: bool) -> bool:
        """What a rule says of a state by itself: of a refinement, that initial states map to initial states."""
        if rule.kind == "implements" and is_initial:
            return self.instance.refinements[rule.name].starts(state)
        return rule.kind != "always" or self.instance.holds(rule, state)

    def look_at_step(self, before: Any, label: str, after: Any) -> None:
        """The properties of steps, on every transition, also to a known state."""
        for rule in self.properties:
            if rule.kind not in ("step", "implements") or rule.title in self.violated:
                continue
            if rule.kind == "step":
                holds = self.instance.holds(rule, before, after)
            else:
                holds = self.instance.refinements[rule.name].allows(before, after)
            if not holds:
                self.violated[rule.title] = [*self.trace(before), label]

    def trace(self, state: Any) -> list[str]:
        """The labels on the way to `state`."""
        labels: list[str] = []
        while (parent := self.parents[state])[1]:
            state = parent[0]
            labels.insert(0, parent[1])
        return labels


def search(spec: Spec[Any], check: tuple[str, ...] | None = None, until: str | None = None) -> Search:
    """Every reachable state.  `check`: titles of the properties to look at, default all; `until`: see `Search.run`."""
    found = Search(spec, check)
    with spec.instance.active():
        found.run(until)
    return found
