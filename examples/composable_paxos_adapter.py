"""composable_paxos, single-decree Paxos as a set of classes: a control, as its acceptors can be made to forget.

    pip install composable_paxos
    mcheck conform examples/composable_paxos_adapter.py --reorder --lose --duplicate --restart --steps 60
    mcheck conform examples/composable_paxos_adapter.py --reorder --restart --steps 60 --option acceptors=amnesic

The library was written for Python 2, where None is less than everything: it raises TypeError on its first Prepare.  Option
`ids=python3` leaves it so; without it, its proposal identifiers are compared as they were there, and nothing else is changed.
With `acceptors=amnesic` a restart brings an acceptor back with nothing; without it, with its promise and what it accepted.  A
proposer keeps the number of its last proposal either way.

A node is proposer, acceptor and learner.  `timeout` makes it prepare; a client asks it by `propose`.  What it has learned is its
log, of one entry: so State Machine Safety is Agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcheck.conformance.adapter import Event, Observation, Operation, Sent
from mcheck.spec import UsageError


class Number(tuple[int, int]):
    """A proposal identifier that is greater than None, as in Python 2."""

    number = property(lambda self: self[0])
    uid = property(lambda self: self[1])

    def __new__(cls, number: int, uid: int) -> Number:
        return super().__new__(cls, (number, uid))

    def __gt__(self, other: Any) -> bool:
        return other is None or tuple.__gt__(self, other)

    def __ge__(self, other: Any) -> bool:
        return other is None or tuple.__ge__(self, other)

    def __lt__(self, other: Any) -> bool:
        return other is not None and tuple.__lt__(self, other)

    def __le__(self, other: Any) -> bool:
        return other is not None and tuple.__le__(self, other)


LOWEST = Number(-1, -1)


class Cluster:
    """The adapter."""

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        try:
            import composable_paxos
        except ImportError:
            raise UsageError("composable_paxos is not installed: pip install composable_paxos") from None
        self.library: Any = composable_paxos
        self.options = options
        self.size = nodes
        self.count = 0
        self.messages: dict[int, tuple[int, Any]] = {}
        self.kind = getattr(composable_paxos, "_named", composable_paxos.ProposalID)
        composable_paxos._named = self.kind  # type: ignore[attr-defined, unused-ignore] - to be found by the next reset
        composable_paxos.ProposalID = self.kind if options.get("ids") == "python3" else Number
        self.nodes = [self.started(i) for i in range(nodes)]

    def started(self, i: int, before: Any = None) -> Any:
        """A node as it comes up, with what its acceptor has persisted."""
        kept = () if before is None else (before.promised_id, before.accepted_id, before.accepted_value)
        forgets = self.options.get("acceptors") == "amnesic"
        node = self.library.PaxosInstance(i, self.size // 2 + 1, *(() if forgets else kept))
        if before is not None:
            node.highest_proposal_id = before.highest_proposal_id
        if self.options.get("ids") != "python3":
            node.highest_accepted_id = LOWEST  # it is compared with None, and None with None nobody can help
        return node

    def enabled(self) -> Iterable[Operation]:
        for i, node in enumerate(self.nodes):
            yield Operation("timeout", i)
            yield Operation("restart", i)
            if node.proposed_value is None:
                yield Operation("propose", i)

    def step(self, operation: Operation) -> Event:
        if operation.message is not None:
            return self.receive(operation.kind, operation.message)
        i = operation.node
        assert i is not None
        if operation.kind == "restart":
            self.nodes[i] = self.started(i, self.nodes[i])
            return Event(i)
        node = self.nodes[i]
        answer = node.prepare() if operation.kind == "timeout" else node.propose_value(operation.value)
        return Event(i, self.sent(i, answer))

    def receive(self, kind: str, number: int) -> Event:
        """The network does something with a message."""
        dst, message = self.messages[number]
        if kind != "duplicate":
            del self.messages[number]
        answer = None if kind == "drop" else self.nodes[dst].receive(message)
        return Event(dst, self.sent(dst, answer))

    def sent(self, src: int, message: Any) -> tuple[Sent, ...]:
        """A message to those that it is for: one proposer, or everyone, the sender included."""
        if message is None or isinstance(message, self.library.Resolution):
            return ()
        one = getattr(message, "proposer_uid", None)
        return tuple(self.posted(src, dst, message) for dst in (range(self.size) if one is None else (one,)))

    def posted(self, src: int, dst: int, message: Any) -> Sent:
        self.count += 1
        self.messages[self.count] = (dst, message)
        content = ", ".join(f"{k}={_shown(v)}" for k, v in sorted(vars(message).items()) if not k.endswith("uid"))
        return Sent(self.count, src, dst, type(message).__name__.lower(), content)

    def observe(self, node: int) -> Observation:
        seen = self.nodes[node]
        learned = () if seen.final_value is None else (str(seen.final_value),)
        return Observation(
            role="proposer" if not seen.leader else "leading proposer",
            term=0 if seen.promised_id is None else seen.promised_id.number,
            commit=len(learned),
            log=tuple((0, value) for value in learned),
            applied=learned,
        )


def _shown(value: Any) -> str:
    return f"{value.number}.{value.uid}" if hasattr(value, "number") else str(value)
