"""What no step of a behaviour shows: what its initial state has chosen, and the Byzantine messages that its steps cannot do without."""

from __future__ import annotations

from typing import Any

from mcheck.counterexamples.lanes import Card, Lanes
from mcheck.spec import Behavior, Byzantine, Index, Record, relied_on

Saying = tuple[Index, Record]
"""A faulty member, and a message of it."""


def sayings(behavior: Behavior) -> tuple[tuple[Saying, ...], ...]:
    """For each step the messages of faulty members that it is the first to rely on; empty where there are no such members.

    Each step gets by with them and those before; without any one of its own it would not be possible.  So they are one way,
    not the only one, in which faulty members can bring the behaviour about.
    """
    spec: Any = behavior.instance.spec
    known: frozenset[Any] = frozenset()
    found = []
    for before, step in zip(behavior.states, behavior.steps, strict=False):
        messages = relied_on(before, step, behavior.instance, known)
        with behavior.instance.active():
            found.append(tuple((spec.signer(before, m), m) for m in messages))
        known = known.union(messages)
    return tuple(found)


def is_faulty(behavior: Behavior, member: Index) -> bool:
    """Whether a member is faulty in a behaviour of a Byzantine protocol; it has then no state worth showing."""
    if not isinstance(behavior.instance.spec, Byzantine):
        return False
    correct = behavior.initial.correct
    return member not in correct and any(type(other) is type(member) for other in correct)


def chosen_initially(behavior: Behavior, lanes: Lanes) -> Card:
    """What belongs to no lane and distinguishes the initial state from the others, if there are several.

    Who is correct is left out where a lane says that its member is faulty.
    """
    said = {"correct"} if any(is_faulty(behavior, member) for member in lanes.members) else set()
    others = behavior.instance.initial
    shared = lanes.shared(behavior.initial).items()
    return {f: v for f, v in shared if f not in said and any(getattr(state, f) != v for state in others)}
