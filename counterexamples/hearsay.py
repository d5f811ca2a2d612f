"""What faulty members have said in a behaviour: the Byzantine messages that its steps cannot do without."""

from __future__ import annotations

from typing import Any

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
