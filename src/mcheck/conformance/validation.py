"""Trace validation: whether some behaviour of a specification explains a log.

Source: H. Cirstea et al., Validating Traces of Distributed Programs Against TLA+ Specifications, SEFM 2024; H. Howard et al.,
Smart Casual Verification of the Confidential Consortium Framework, NSDI 2025.  What differs: there a model checker searches the
specification constrained by the log; here the set of states that the log so far is compatible with is carried along, one event
at a time, so that a log costs what its events cost and says at once where it stops being explained.

What no event mentions is free: the set has a state for each value that it may have.  An event is one step.  Steps of the
actions in `silent` are not logged, and may happen before any event, any number of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mcheck.conformance.logs import Event, Lines, event_of, initial_of
from mcheck.conformance.observing import Difference, Observed
from mcheck.spec import Cut, Instance, Rule, label_text

Move = tuple[Rule, tuple[Any, ...]]
Links = dict[Any, tuple[Any, Move, bool] | None]
"""State -> the state before it, the move between them, and whether that is the logged one; None for an initial state."""

MOST_STATES = 20_000
"""Compatible states after which a log is given up as inconclusive: it says too little."""

_KEPT = 1 << 17
_SHOWN = 4


@dataclass(frozen=True)
class Nearest:
    """A step that comes near to the event: why it is not the one."""

    label: str
    guard: str | None = None
    """The guard that is false, where the step is not possible."""
    bound: str | None = None
    """The bound that the step would leave."""
    differences: tuple[Difference, ...] = ()
    """Where its state is not what was observed."""


@dataclass(frozen=True)
class Validated:
    """What came of one run of a log."""

    file: str
    name: str
    result: str
    """`explained`, `mismatch`, or `inconclusive`."""
    events: int
    """Events that are explained, from the first: the longest matched prefix."""
    states: int
    """Most states that were compatible at once."""
    line: int | None = None
    """The line of the event that is not explained."""
    reason: str | None = None
    """Why it is inconclusive."""
    nearest: tuple[Nearest, ...] = ()
    labels: tuple[str, ...] = ()
    """Of a mismatch: one behaviour that explains what came before."""


@dataclass
class Validator:
    """Explains runs by one instance; what it has computed once it keeps."""

    instance: Instance
    silent: tuple[Rule, ...] = ()
    _known: dict[tuple[str, Any, tuple[Any, ...]], Any] = field(default_factory=dict)

    def validate(self, run: Lines) -> Validated:
        """Whether a behaviour explains the run.  UsageError for a line that means nothing to the specification."""
        with self.instance.active():
            return self._validate(run)

    def _validate(self, run: Lines) -> Validated:
        known, lines = initial_of(self.instance, run)
        frontier: Links = {s: None for s in self.instance.initial if known is None or known.fits(s)}
        path: list[Links] = []
        cuts: dict[str, None] = {}
        most = len(frontier)
        if not frontier:
            return Validated(run.file, run.name, "mismatch", 0, 0, run.lines[0][0], None, self._starts(known))
        for number, (line, content) in enumerate(lines):
            event = event_of(self.instance, run.file, line, content)
            reached = self._closed(frontier, cuts)
            if len(reached) > MOST_STATES:
                reason = f"more than {MOST_STATES:,} states are compatible: observe more of them, or log more actions"
                return Validated(run.file, run.name, "inconclusive", number, len(reached), line, reason)
            path.append(reached)
            after = self._after(reached, event, cuts)
            if not after:
                return self._ended(run, path, event, cuts, number, most)
            frontier, most = after, max(most, len(after))
        return Validated(run.file, run.name, "explained", len(lines), most)

    # ------------------------------------------------------------------ stepping

    def _after(self, states: Links, event: Event, cuts: dict[str, None]) -> Links:
        """The states in which the event may have ended."""
        found: Links = {}
        for state in states:
            for action, arguments in self._moves(state, event):
                after = self._applied(action, state, arguments)
                if after is None:
                    continue
                if isinstance(after, Cut):
                    cuts[after.bound] = None
                elif after not in found and (event.after is None or event.after.fits(after)):
                    found[after] = (state, (action, arguments), True)
        return found

    def _closed(self, states: Links, cuts: dict[str, None]) -> Links:
        """The states, and those that silent steps lead to."""
        if not self.silent:
            return states
        found, waiting = dict(states), list(states)
        while waiting and len(found) <= MOST_STATES:
            state = waiting.pop(0)
            for action in self.silent:
                for arguments in action.signature.arguments(state):
                    after = self._applied(action, state, arguments)
                    if isinstance(after, Cut):
                        cuts[after.bound] = None
                    elif after is not None and after not in found:
                        found[after] = (state, (action, arguments), False)
                        waiting.append(after)
        return found

    def _moves(self, state: Any, event: Event) -> Iterator[Move]:
        """The steps that the event may have been, possible or not."""
        for action in event.actions:
            choices = []
            for parameter in action.signature.parameters:
                known = event.arguments.get(parameter.name)
                values = parameter.values(state)
                choices.append(values if known is None else [v for v in values if known.fits(v)])
            yield from ((action, arguments) for arguments in itertools.product(*choices))

    def _applied(self, action: Rule, state: Any, arguments: tuple[Any, ...]) -> Any:
        """`Instance.apply`, remembered: runs of one protocol have much in common."""
        key = (action.name, state, arguments)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = self.instance.apply(action, state, arguments)
        return self._known[key]

    # ------------------------------------------------------------------ where it ends

    def _ended(
        self, run: Lines, path: list[Links], event: Event, cuts: dict[str, None], number: int, most: int
    ) -> Validated:
        """No state is compatible with the event: a mismatch, unless a bound has taken away what might have been."""
        nearest = self._nearest(path[-1], event)
        if cuts:
            names = ", ".join(cuts)
            reason = f"steps were cut at {names}: raise {'it' if len(cuts) == 1 else 'them'}, and validate again"
            return Validated(run.file, run.name, "inconclusive", number, most, event.line, reason, nearest)
        labels = tuple(self._behavior(path))
        return Validated(run.file, run.name, "mismatch", number, most, event.line, None, nearest, labels)

    def _nearest(self, states: Iterable[Any], event: Event) -> tuple[Nearest, ...]:
        """The steps that come nearest to the event: of its own actions first, then of all others."""
        own: dict[str, tuple[int, Nearest]] = {}
        for state in states:
            for action, arguments in self._moves(state, event):
                self._compare(own, state, action, arguments, event.after)
        found = _best(own)
        if event.named and event.after is not None and len(found) < _SHOWN:
            others: dict[str, tuple[int, Nearest]] = {}
            for state in states:
                for action in self.instance.actions:
                    for arguments in action.signature.arguments(state) if action not in event.actions else ():
                        self._compare(others, state, action, arguments, event.after)
            found += [n for n in _best(others) if n.guard is None and n.bound is None][:1]
        if not own:
            known = ", ".join(a.name for a in event.actions)
            found = [Nearest(known, guard="no value of its parameters fits what was logged"), *found]
        return tuple(found[:_SHOWN])

    def _compare(
        self,
        found: dict[str, tuple[int, Nearest]],
        state: Any,
        action: Rule,
        arguments: tuple[Any, ...],
        after: Observed | None,
    ) -> None:
        """Note how far one step is from what was observed, if no other with its label was nearer."""
        label = label_text(action.name, action.signature.names, arguments)
        outcome = self.instance.outcome(action, state, arguments)
        if outcome.disabled is not None:
            distance, near = 1 << 20, Nearest(label, guard=outcome.disabled)
        elif outcome.cut is not None:
            distance, near = 1 << 21, Nearest(label, bound=outcome.cut)
        else:
            differences = tuple(after.differences(outcome.successor)) if after is not None else ()
            distance, near = len(differences), Nearest(label, differences=differences)
        if label not in found or distance < found[label][0]:
            found[label] = (distance, near)

    def _starts(self, known: Observed | None) -> tuple[Nearest, ...]:
        """How the initial states differ from what the log says of its own."""
        assert known is not None
        found = [Nearest("initially", differences=tuple(known.differences(s))) for s in self.instance.initial]
        return tuple(sorted(found, key=lambda n: len(n.differences))[:_SHOWN])

    def _behavior(self, path: list[Links]) -> list[str]:
        """The labels of one behaviour that explains everything before the event."""
        labels: list[str] = []
        level = len(path) - 1
        state = next(iter(path[level]))
        while (link := path[level][state]) is not None:
            state, (action, arguments), logged = link
            labels.append(label_text(action.name, action.signature.names, arguments))
            level -= logged
        return labels[::-1]


def _best(found: dict[str, tuple[int, Nearest]]) -> list[Nearest]:
    """The nearest first; in the order of the specification where they are as near."""
    return [near for _, near in sorted(found.values(), key=lambda pair: pair[0])]
