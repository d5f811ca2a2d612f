"""Byzantine members: those that are not correct may send anything that they can sign, at any time and to anyone.

A message that may have been sent need not be stored: `sent` counts it as sent from the start.  That loses no behaviour if
guards are monotone in what was sent, so that an adversary gives nothing away by sending early; tracing checks that they
are (tracing/monotone.py).  `Injection` is the other form, in which every such message is a step of its own.
"""

from __future__ import annotations

from typing import Any, TypeVar

from mcheck.spec.behavior import Step
from mcheck.spec.declare import require
from mcheck.spec.errors import SpecError
from mcheck.spec.indexes import Index
from mcheck.spec.instance import Instance
from mcheck.spec.order import order_key
from mcheck.spec.records import Record
from mcheck.spec.specification import Spec
from mcheck.spec.symbolic import seam

S = TypeVar("S", bound=Record)
CORRECT, MSGS = "correct", "msgs"
"""The fields of the state of a Byzantine protocol."""


class Byzantine(Spec[S]):
    """A protocol some members of which are faulty.  Its state has two fields:

    `correct: Set[Node]`, the members that follow the protocol.  `init` chooses them, and no action changes them.
    `msgs: Set[Message]`, all that correct members have ever sent.  It grows only, and rules ask it through `sent` only.
    """

    def signer(self, s: S, m: Any) -> Index:
        """Who alone can have sent m."""
        raise SpecError(f"{type(self).__name__} does not say who signs a message: define signer(self, s, m) -> Node")

    def sent(self, s: S, m: Record) -> bool:
        """m may have been received: it was sent, or its signer is faulty."""
        if seam.tracer is not None:
            return seam.tracer.sent(s, m, self.signer(s, m))  # type: ignore[no-any-return]
        state: Any = s
        return m in state.msgs or self._taken_as_sent(s, m)

    def _taken_as_sent(self, s: S, m: Record) -> bool:
        state: Any = s
        if self.signer(s, m) in state.correct:
            return False
        if not self.instance.state_domain.fields[MSGS].member.contains(m):  # type: ignore[attr-defined]
            return False  # beyond the bounds of the search nobody sends anything
        return hearsay.heard(m)


class Injection(Byzantine[S]):
    """A Byzantine protocol whose faulty members send their messages one by one.

    Exact for any guards, and dear: up to 2 to the power of the messages that faulty members can sign as many states.  It is
    a cross-check of small instances, and the way out where guards are not monotone.  Mix it in, and say what they send:

        class Injected(Injection[State], Protocol):
            @action
            def byzantine_send(self, s: State, m: Message) -> State:
                return self.injected(s, m)
    """

    def sent(self, s: S, m: Record) -> bool:
        """m was sent."""
        state: Any = s
        return m in state.msgs

    def injected(self, s: S, m: Record) -> S:
        """The state in which the faulty signer of m has sent it."""
        state: Any = s
        require(self.signer(s, m) not in state.correct, "the signer is faulty")
        require(m not in state.msgs, "it was not sent before")
        return state.replace(msgs=state.msgs.add(m))  # type: ignore[no-any-return]


def by_predicate(spec: object) -> bool:
    """Whether what faulty members can sign counts as sent, without a step that sends it."""
    return isinstance(spec, Byzantine) and not isinstance(spec, Injection)


# ---------------------------------------------------------------------- what a behaviour relies on


class _Hearsay:
    """Which messages of faulty members count as sent (None: all), and those that were asked for."""

    __slots__ = ("asked", "believed")

    def __init__(self) -> None:
        self.asked: set[Record] | None = None
        self.believed: frozenset[Record] | None = None

    def heard(self, m: Record) -> bool:
        if self.asked is not None:
            self.asked.add(m)
        return self.believed is None or m in self.believed


hearsay = _Hearsay()


def relied_on(before: Any, step: Step, instance: Instance, known: frozenset[Any] = frozenset()) -> tuple[Any, ...]:
    """Messages of faulty members that a step needs besides the `known` ones: without any one of them it is not possible.

    Sorted; empty where faulty members have no part in the step.  Costs one call of the action for each message asked for.
    """
    if not by_predicate(instance.spec):
        return ()
    with instance.active():
        asked = hearsay.asked = set()
        try:
            instance.apply(step.action, before, step.arguments)
            hearsay.asked = None
            needed = sorted(asked - known, key=order_key)
            for message in reversed(needed):
                fewer = [m for m in needed if m != message]
                hearsay.believed = known.union(fewer)
                if instance.apply(step.action, before, step.arguments) == step.state:
                    needed = fewer
            return tuple(needed)
        finally:
            hearsay.asked = hearsay.believed = None
