"""Agreement: the traced IR and the plain function say the same of a state, or one of them is wrong.

Silent mistakes are the one weakness of tracing; this check is what closes it.  It needs reached states and random
well-typed ones: a value that no short run stores is found by the second kind only.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mcheck.spec.instance import Instance, Outcome, Rule, explain_error
from mcheck.spec.ir.evaluate import Evaluation
from mcheck.spec.ir.tree import Answer, Blocked, Fails, Update
from mcheck.spec.labels import label_text
from mcheck.spec.tracing.trace import AFTER, BEFORE, STATE, Trace, trace


@dataclass(frozen=True)
class Disagreement:
    """One rule, one state, two answers."""

    rule: Rule
    arguments: tuple[Any, ...]
    states: tuple[Any, ...]
    plain: object
    traced: object

    def __str__(self) -> str:
        label = label_text(self.rule.name, self.rule.signature.names, self.arguments)
        return f"{label}: plain Python says {self.plain}, its traced form says {self.traced}, in {self.states!r}"


def traced_outcome(traced: Trace, action: Rule, state: Any, arguments: tuple[Any, ...]) -> Outcome:
    """What the tree of an action says of one state; inside `instance.active()`."""
    instance = traced.instance
    evaluation = Evaluation({STATE: state, **dict(zip(action.signature.names, arguments, strict=True))})
    try:
        leaf = evaluation.walk(traced[action.name].tree)
        if isinstance(leaf, Blocked):
            return Outcome(disabled=leaf.reason)
        if isinstance(leaf, Fails):
            return Outcome(error=leaf.message)
        assert isinstance(leaf, Update)
        result = state.replace(**{name: evaluation.of(node) for name, node in leaf.fields.items()})
    except Exception as error:
        return Outcome(disabled=f"the traced form has no value: {error!r}")
    return instance.landed(result, state)


def traced_answer(traced: Trace, rule: Rule, states: tuple[Any, ...], arguments: tuple[Any, ...]) -> object:
    """What the tree of a property says; an error's text where it fails."""
    names = (BEFORE, AFTER) if rule.kind == "step" else (STATE,)
    given = dict(zip((*names, *rule.signature.names), (*states, *arguments), strict=True))
    evaluation = Evaluation(given)
    leaf = evaluation.walk(traced[rule.name].tree)
    if isinstance(leaf, Fails):
        return f"error: {leaf.message}"
    assert isinstance(leaf, Answer)
    return evaluation.of(leaf.value)


def plain_answer(instance: Instance, rule: Rule, states: tuple[Any, ...], arguments: tuple[Any, ...]) -> object:
    """What the function of a property says; an error's text where it fails."""
    try:
        return rule.function(instance.spec, *states, *arguments)
    except Exception as error:
        return f"error: {explain_error(error)}"


def is_error(answer: object) -> bool:
    """Whether an answer is the text of an error: which values the text shows is no part of the meaning."""
    return isinstance(answer, str)


def disagreements(instance: Instance, states: Iterable[Any], seconds: float | None = None) -> Iterator[Disagreement]:
    """Every difference between the two forms in these states; stops quietly when `seconds` are over."""
    traced = trace(instance)
    end = None if seconds is None else time.monotonic() + seconds
    with instance.active():
        for state in states:
            yield from _in_state(instance, traced, state)
            if end is not None and time.monotonic() > end:
                return


def _in_state(instance: Instance, traced: Trace, state: Any) -> Iterator[Disagreement]:
    successors = [state]
    for action in instance.actions:
        for arguments in action.signature.arguments(state):
            plain = instance.outcome(action, state, arguments)
            other = traced_outcome(traced, action, state, arguments)
            if plain != other and not (plain.error and other.error):
                yield Disagreement(action, arguments, (state,), plain, other)
            if plain.successor is not None:
                successors.append(plain.successor)
    for rule in (*instance.properties, *instance.lemmas, *instance.constraints):
        pairs = [(state, t) for t in successors[:4]] if rule.kind == "step" else [(state,)]
        for seen in pairs:
            for arguments in rule.signature.arguments(seen[-1]):
                plain_value = plain_answer(instance, rule, seen, arguments)
                other_value = traced_answer(traced, rule, seen, arguments)
                if plain_value != other_value and not (is_error(plain_value) and is_error(other_value)):
                    yield Disagreement(rule, arguments, seen, plain_value, other_value)


def reached_states(instance: Instance, rng: random.Random, length: int = 40) -> Iterator[Any]:
    """States met on endless random walks of at most `length` steps; inside the bounds."""
    while True:
        state = rng.choice(instance.initial)
        for _ in range(length):
            yield state
            with instance.active():
                outcomes = [
                    instance.outcome(action, state, arguments)
                    for action in instance.actions
                    for arguments in action.signature.arguments(state)
                ]
            following = [o.successor for o in outcomes if o.successor is not None]
            if not following:
                break
            state = rng.choice(following)


def typed_states(instance: Instance, rng: random.Random) -> Iterator[Any]:
    """Endless random members of the state's domain, reachable or not."""
    while True:
        yield instance.state_domain.random(rng)
