"""PySyncObj, a Raft in Python, driven one operation at a time inside this process.

    pip install pysyncobj==0.3.17
    mcheck conform examples/pysyncobj_adapter.py
    mcheck conform examples/pysyncobj_adapter.py --reorder --lose --duplicate

Options: `path=DIR` takes the library from DIR (`pip install --no-deps --target DIR pysyncobj==0.3.11`).

Four names are replaced, and nothing else of the library: the clock, which stands still but for `tick` and `timeout`; the
journal, which keeps in memory what the journal on disk keeps, and survives a restart; the poller, which has no socket to wait
for; the transport, which hands messages to mcheck.  `random` becomes a generator with the seed of the run.  Nodes are numbers,
so that the order in which the library walks through sets of them does not depend on PYTHONHASHSEED.

What this stands for: a message is lost only with --lose, and connections never break.  PySyncObj itself talks over TCP, which
neither reorders nor duplicates within one connection.
"""

from __future__ import annotations

import logging
import pickle
import random
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from mcheck.conformance.adapter import Event, Observation, Operation, Sent
from mcheck.spec import UsageError

TICK = 0.06  # seconds; two of them and a leader sends heartbeats again
TIMEOUT = 1.5  # longer than the longest election timeout
NO_OP = "no-op"
ROLES = ("follower", "candidate", "leader")


class Clock:
    """The time that every node reads; each has its own, put here before the node is called."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Disk:
    """What `pysyncobj.journal.FileJournal` keeps: entries, term and vote at once, the commit index once in a second."""

    def __init__(self) -> None:
        self.entries: list[tuple[bytes, int, int]] = []
        self.commit_index = self.saved_commit_index = 1
        self.term = 0
        self.voted_for: int | None = None

    def restarted(self) -> Disk:
        """As it is found after a crash."""
        self.commit_index = self.saved_commit_index
        return self

    def add(self, command: bytes, idx: int, term: int) -> None:
        self.entries.append((command, idx, term))

    def clear(self) -> None:
        self.entries = []

    def deleteEntriesFrom(self, entry: int) -> None:  # noqa: N802 - names of the library, to the end of the class
        del self.entries[entry:]

    def deleteEntriesTo(self, entry: int) -> None:  # noqa: N802
        self.entries = self.entries[entry:]

    def __getitem__(self, item: Any) -> Any:
        return self.entries[item]

    def __len__(self) -> int:
        return len(self.entries)

    def setRaftCommitIndex(self, index: int) -> None:  # noqa: N802
        self.commit_index = index

    def getRaftCommitIndex(self) -> int:  # noqa: N802
        return self.commit_index

    def onOneSecondTimer(self) -> None:  # noqa: N802
        self.saved_commit_index = self.commit_index

    def setCurrentTerm(self, term: int, voted_for: int | None) -> None:  # noqa: N802 - only called since 0.3.12
        self.term, self.voted_for = term, voted_for

    def getCurrentTerm(self) -> int:  # noqa: N802
        return self.term

    def getVotedForNodeId(self) -> int | None:  # noqa: N802
        return self.voted_for

    def _destroy(self) -> None:
        pass


class Idle:
    """A poller without sockets."""

    def poll(self, timeout: float) -> None:
        pass

    def subscribe(self, *_: object) -> None:
        pass

    def unsubscribe(self, *_: object) -> None:
        pass


class Cluster:
    """The adapter."""

    def reset(self, nodes: int, seed: int, options: Mapping[str, str]) -> None:
        self.library = _library(options)
        self.size = nodes
        self.random = random.Random(seed)
        self.clock = Clock()
        self.times = [0.0] * nodes
        self.disks = [Disk() for _ in range(nodes)]
        self.messages: dict[int, tuple[int, int, bytes]] = {}
        self.outbox: list[Sent] = []
        self.count = 0
        self.commands: dict[bytes, str] = {}
        syncobj = self.library.syncobj
        syncobj.monotonicTime = self.clock
        syncobj.random = self.random
        syncobj.createPoller = lambda kind: Idle()
        self.nodes = [self.started(i) for i in range(nodes)]

    def started(self, i: int) -> Any:
        """A node as it comes up, with what is on its disk."""
        library, cluster = self.library, self
        library.syncobj.createJournal = lambda *_, **__: cluster.disks[i].restarted()
        self.clock.now = self.times[i]
        peers = [library.node.Node(j) for j in range(self.size) if j != i]

        class Wire(library.transport.Transport):  # type: ignore[misc, name-defined]
            def send(self, node: Any, message: Any) -> bool:
                cluster.send(i, node.id, message)
                return True

        class Register(library.syncobj.SyncObj):  # type: ignore[misc, name-defined]
            """The replicated object: a list of commands."""

            def __init__(self, wire: Any) -> None:
                self.executed: list[str] = []
                configuration = library.config.SyncObjConf(autoTick=False, useFork=False)
                super().__init__(library.node.Node(i), peers, configuration, transport=wire)

            @library.syncobj.replicated  # type: ignore[untyped-decorator, unused-ignore]
            def execute(self, command: str) -> None:
                self.executed.append(command)

        wire = Wire(None, None, [])
        made = Register(wire)
        for peer in peers:
            wire._onNodeConnected(peer)
        made._wire = wire
        return made

    def send(self, src: int, dst: int, message: dict[str, Any]) -> None:
        """A message to the network, as the bytes that it would be."""
        self.count += 1
        self.messages[self.count] = (src, dst, pickle.dumps(message))
        content = ", ".join(f"{k}={self.shown(k, v)}" for k, v in sorted(message.items()) if k != "type")
        self.outbox.append(Sent(self.count, src, dst, message["type"], content))

    def shown(self, key: str, value: Any) -> str:
        """A part of a message as text."""
        if key == "entries":
            return f"[{', '.join(f'{self.command(c)}@{index}t{term}' for c, index, term in value)}]"
        return self.command(value) if key == "command" else str(value)

    def command(self, stored: bytes) -> str:
        """A stored command as its client has written it."""
        if stored not in self.commands:
            self.commands[stored] = pickle.loads(stored[1:])[1][0] if stored[:1] == b"\0" else NO_OP
        return self.commands[stored]

    def enabled(self) -> Iterable[Operation]:
        for i, node in enumerate(self.nodes):
            yield Operation("tick", i)
            if not node._isLeader():
                yield Operation("timeout", i)
            else:
                yield Operation("propose", i)
            yield Operation("restart", i)

    def step(self, operation: Operation) -> Event:
        self.outbox = []
        if operation.message is not None:
            node = self.receive(operation.message, operation.kind)
        else:
            assert operation.node is not None
            node = operation.node
            self.act(node, operation)
        return Event(node, tuple(self.outbox))

    def receive(self, message: int, kind: str) -> int:
        """The network does something with a message; the node that it was for."""
        src, dst, packed = self.messages[message]
        if kind != "duplicate":
            del self.messages[message]
        if kind != "drop":
            self.clock.now = self.times[dst]
            self.nodes[dst]._wire._onMessageReceived(self.library.node.Node(src), pickle.loads(packed))
        return dst

    def act(self, i: int, operation: Operation) -> None:
        if operation.kind == "restart":
            self.nodes[i] = self.started(i)
            return
        if operation.kind == "propose":
            self.nodes[i].execute(operation.value)
        self.times[i] += {"tick": TICK, "timeout": TIMEOUT, "propose": 0.0}[operation.kind]
        self.clock.now = self.times[i]
        self.nodes[i].doTick(0.0)

    def observe(self, node: int) -> Observation:
        seen = self.nodes[node]
        return Observation(
            role=ROLES[seen._SyncObj__raftState],
            term=seen._SyncObj__raftCurrentTerm,
            vote=seen._SyncObj__votedForNodeId,
            commit=seen._SyncObj__raftCommitIndex,
            log=tuple((term, self.command(c)) for c, _, term in self.disks[node].entries),
            applied=tuple(seen.executed),
        )


def _library(options: Mapping[str, str]) -> Any:
    """The library, from where the options say.  UsageError, with the remedy, where it is not installed."""
    if "path" in options and options["path"] not in sys.path:
        sys.path.insert(0, options["path"])
    try:
        import pysyncobj
        import pysyncobj.config
        import pysyncobj.node
        import pysyncobj.syncobj
        import pysyncobj.transport
    except ImportError:
        raise UsageError("pysyncobj is not installed: pip install pysyncobj==0.3.17") from None
    logging.getLogger("pysyncobj").setLevel(logging.CRITICAL + 1)
    return pysyncobj
