"""Implementations whose faults are known: the functions of shipped specifications, driven as an adapter drives a library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from mcheck.conformance.adapter import Event, Observation, Operation, Sent
from mcheck.models.raft import Raft, Role
from mcheck.protocols import find
from mcheck.spec import Disabled
from mcheck.spec.indexes import ordinal_of
from mcheck.spec.records import fields_of
from mcheck.spec.sets import sorted_members

MOST = 11
"""The highest term and the longest log: the history variables of the specification allow no more."""


class SpecifiedRaft:
    """`raft`, or one of its tweaks (option `tweak`), as an implementation: no search, no bounds, only its functions."""

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        cls = find("raft").tweaked(options.get("tweak"))
        self.spec: Any = cls(nodes=nodes, values=2, max_term=MOST, max_log=MOST)
        self.instance = self.spec.instance
        self.node_class: Any = type(next(iter(self.instance.initial[0].servers.keys())))
        self.state: Any = self.instance.initial[0].replace(committed=self.instance.initial[0].committed)
        self.size = nodes
        self.ids: dict[int, Any] = {}
        self.count = 0

    def enabled(self) -> Iterable[Operation]:
        with self.instance.active():
            servers = self.state.servers
            for i in range(self.size):
                leads = servers[self.node_class.member(i)].role == Role.LEADER
                term = servers[self.node_class.member(i)].current_term
                log = len(servers[self.node_class.member(i)].log)
                if leads:
                    yield Operation("tick", i)
                if leads and log < MOST:
                    yield Operation("propose", i)
                if not leads and term < MOST:
                    yield Operation("timeout", i)
                yield Operation("restart", i)

    def step(self, operation: Operation) -> Event:
        with self.instance.active():
            if operation.message is not None:
                return self.receive(operation.kind, operation.message)
            assert operation.node is not None
            i = self.node_class.member(operation.node)
            return Event(operation.node, self.sent_by(operation, i))

    def sent_by(self, operation: Operation, i: Any) -> tuple[Sent, ...]:
        """Take a local step; what it sent."""
        before = self.state
        steps: dict[str, list[tuple[Any, ...]]] = {
            "tick": [(Raft.append_entries, j) for j in before.servers.keys() if j != i],  # noqa: SIM118 - a Map is no dict
            "timeout": [(Raft.timeout,)],
            "propose": [(Raft.client_request, self.value(operation.value or ""))],
            "restart": [(Raft.restart,)],
        }
        for function, *arguments in steps[operation.kind]:
            with contextlib.suppress(Disabled):
                self.state = getattr(self.spec, function.__name__)(self.state, i, *arguments)
        return self.fresh(before.network)

    def value(self, text: str) -> Any:
        """A client's command."""
        domain = next(a for a in self.instance.actions if a.name == "client_request").signature.parameters[1].domain
        return domain.unrank(sum(map(ord, text)) % 2)

    def receive(self, kind: str, number: int) -> Event:
        """The network does something with a message."""
        message = self.ids[number]
        node = ordinal_of(message.dst)
        before = self.state.network
        if kind != "duplicate":
            del self.ids[number]
        if kind == "drop":
            self.state = self.state.replace(network=before.remove(message)) if message in before else self.state
            return Event(node)
        self.state = self.spec.handled(self.state, message, before)
        return Event(node, self.fresh(before))

    def fresh(self, before: Any) -> tuple[Sent, ...]:
        """What is in the network and was not; then the network is emptied, as mcheck keeps it."""
        sent = []
        for message in sorted_members(self.state.network):
            self.count += 1
            self.ids[self.count] = message
            fields = dict(fields_of(message))
            src, dst = ordinal_of(fields.pop("src")), ordinal_of(fields.pop("dst"))
            sent.append(Sent(self.count, src, dst, type(message).__name__, repr(fields)))
        self.state = self.state.replace(network=type(before)())
        return tuple(sent)

    def observe(self, node: int) -> Observation:
        with self.instance.active():
            me = self.state.servers[self.node_class.member(node)]
        log = tuple((e.term, f"v{ordinal_of(e.value)}") for e in me.log)
        return Observation(
            role=me.role.name.lower(),
            term=me.current_term,
            vote=None if me.voted_for is None else ordinal_of(me.voted_for),
            commit=me.commit_index,
            log=log,
            applied=tuple(command for _, command in log[: me.commit_index]),
        )


class Broken(SpecifiedRaft):
    """An implementation that raises at its fifth step."""

    steps = 0

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        super().reset(nodes, seed, options)
        self.steps = 0

    def step(self, operation: Operation) -> Event:
        self.steps += 1
        if self.steps == 5:
            raise ZeroDivisionError("by nothing")
        return super().step(operation)
