"""A specification without meaning that uses every domain and every operation of the language: for tests of the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from itertools import combinations
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    Bag,
    Byzantine,
    Channels,
    In,
    Index,
    Map,
    OneOf,
    Range,
    Record,
    Set,
    Where,
    action,
    all,
    always,
    any,
    bound,
    constant,
    constraint,
    count,
    len,
    max,
    min,
    reachable,
    require,
    step,
    where,
)


class Node(Index, size="nodes"):
    """A process."""


class Colour(Enum):
    RED = auto()
    GREEN = auto()
    BLUE = auto()


Epoch = Annotated[int, Range(0, "max_epoch")]
Offset = Annotated[int, Range(-2, 2)]


class Zxid(Record, order=True):
    epoch: Epoch
    counter: Annotated[int, Range(0, 2)]


class Ping(Record):
    src: Node
    dst: Node
    epoch: Epoch


class Pong(Record):
    src: Node
    dst: Node
    epoch: Epoch
    history: Annotated[tuple[Zxid, ...], AtMost(2)] = ()

    def newest(self) -> int:
        return self.history[-1].epoch if len(self.history) > 0 else self.epoch


class Tick(Record):
    epoch: Epoch


class Vote(Record):
    src: Node
    epoch: Epoch


class Summary(Record):
    epoch: Epoch
    best: Zxid | None


Message = Ping | Pong | Tick
Claim = Vote | Summary
Quorum = Annotated[Set[Node], OneOf("quorums")]


class Process(Record):
    colour: Colour = Colour.RED
    epoch: Epoch = 0
    friend: Node | None = None
    last: Zxid | None = None
    seen: Set[Node] = Set()
    log: Annotated[tuple[Zxid, ...], AtMost("max_log")] = ()
    offset: Offset = 0
    up: bool = True


class State(Record):
    processes: Map[Node, Process]
    links: Map[tuple[Node, Node], bool]
    by_colour: Map[Colour, Epoch]
    network: Annotated[Set[Message], AtMost("max_messages")] = Set()
    ticks: Set[Tick] = Set()
    bag: Annotated[Bag[Ping], AtMost("max_bag", copies=2)] = Bag()
    net: Annotated[Channels[Node, Tick], AtMost("max_queue")]
    correct: Set[Node]
    msgs: Set[Claim] = Set()
    history: Annotated[Set[Zxid], GHOST] = Set()


class WideToy(Byzantine[State]):
    nodes: int = constant(2, "processes")
    max_epoch: int = bound(2, "highest epoch")
    max_log: int = bound(2, "longest log")
    max_messages: int = bound(2, "messages in flight")
    max_bag: int = bound(2, "messages in the bag")
    max_queue: int = bound(2, "messages in a channel")

    def init(self) -> Iterable[State]:
        start = State(
            processes=Map.fill(Node, Process()),
            links=Map.fill((Node, Node), True),
            by_colour=Map.fill(Colour, 0),
            net=Channels.empty(Node),
            correct=Set(),
        )
        return [start.replace(correct=Set(Node) - Set.of(i)) for i in Node]

    def quorums(self) -> Iterable[Set[Node]]:
        return [Set(q) for q in combinations(Node, self.nodes // 2 + 1)]

    def signer(self, s: State, m: Claim) -> Node:
        """Of a Summary, who would be the only correct one."""
        if isinstance(m, Vote):
            return m.src
        friend = s.processes[next(iter(Node))].friend
        return next(iter(Node)) if friend is None else friend

    def short(self, m: Pong) -> bool:
        return len(m.history) == 0 and m.src != m.dst

    @action
    def paint(self, s: State, i: Node, c: Colour) -> State:
        me = s.processes[i]
        require(me.colour != c, "another colour")
        match me.colour:
            case Colour.RED:
                me = me.replace(colour=c, epoch=me.epoch + 1)
            case Colour.GREEN:
                me = me.replace(colour=c, offset=me.offset + 1)
            case Colour.BLUE:
                me = me.replace(colour=c, offset=me.offset - 1, log=me.log[1:])
        return s.replace(
            processes=s.processes.set(i, me),
            by_colour=s.by_colour.set(c, max(s.by_colour[c], me.epoch)),
            history=s.history.add(Zxid(epoch=me.epoch, counter=0)) if me.epoch <= self.max_epoch else s.history,
        )

    @action
    def ping(self, s: State, i: Node, j: Node) -> State:
        require(i != j and s.links[i, j], "a link to another process")
        return s.replace(
            network=s.network | Set(Ping(src=i, dst=k, epoch=s.processes[i].epoch) for k in Node if k != i),
            links=s.links.set((i, j), False).set((j, i), False),
        )

    @action
    def deliver(self, s: State, m: Annotated[Message, In("network")]) -> State:
        network = s.network.remove(m)
        if isinstance(m, Tick):
            return s.replace(network=network, ticks=s.ticks.add(m))
        me = s.processes[m.dst]
        if m.epoch > me.epoch or (m.epoch == me.epoch and me.friend is None):
            me = me.replace(epoch=m.epoch, friend=m.src)
        match m:
            case Ping():
                network = network.add(Pong(src=m.dst, dst=m.src, epoch=me.epoch, history=me.log))
            case Pong():
                newest = Zxid(epoch=m.newest(), counter=len(m.history))
                if me.last is None or newest > me.last:
                    me = me.replace(last=newest, log=me.log + (newest,))
                me = me.replace(seen=me.seen.add(m.src) | Set.of(m.dst))
        return s.replace(network=network, processes=s.processes.set(m.dst, me))

    @action
    def answer(self, s: State, m: Annotated[Ping, In("network")], q: Quorum) -> State:
        require(m.dst in q and all(s.processes[a].up for a in q), "all of a quorum with the addressee are up")
        return s.replace(bag=s.bag.add(m), network=s.network.add(Tick(epoch=m.epoch)))

    @action
    def take(self, s: State, m: Annotated[Ping, In("bag")]) -> State:
        require(s.bag.count(m) > 1 or len(s.bag) == 1, "two copies, or the last message")
        return s.replace(bag=s.bag.remove(m), net=s.net.send(m.src, m.dst, Tick(epoch=m.epoch)))

    @action
    def inject(self, s: State, m: Annotated[Pong, Where("short")]) -> State:
        require(not any(isinstance(n, Pong) and n.src == m.src for n in s.network), "no Pong of that sender")
        return s.replace(network=s.network.add(m))

    @action
    def receive(self, s: State, i: Node, j: Node) -> State:
        require(i != j, "a channel joins two processes")
        queue = s.net[i, j]
        require(len(queue) > 0, "something is queued")
        me = s.processes[j]
        head = queue[0]
        me = me.replace(epoch=where(head.epoch > me.epoch, head.epoch, me.epoch), up=not me.up)
        return s.replace(net=s.net.receive(i, j), processes=s.processes.set(j, me))

    @action
    def shout(self, s: State, i: Node) -> State:
        me = s.processes[i]
        require(me.friend is not None and me.friend != i, "i has a friend")
        to = Set(j for j in Node if s.processes[j].up)
        return s.replace(net=s.net.broadcast(i, to, Tick(epoch=me.epoch)))

    @action
    def crash(self, s: State, i: Node) -> State:
        keep = s.processes[i].log
        fresh = Map.of(Node, lambda j: Process(log=keep) if j == i else s.processes[j])
        return s.replace(net=s.net.disconnect(i), processes=fresh, ticks=Set(t for t in s.ticks if t.epoch > 0))

    @action
    def reconnect(self, s: State, i: Node, j: Node) -> State:
        require(i != j, "two processes")
        return s.replace(net=s.net.reset(i, j), links=s.links.set((i, j), True))

    @action
    def summarise(self, s: State, i: Node) -> State:
        me = s.processes[i]
        top = max((m.epoch for m in s.network if isinstance(m, Ping) and m.dst == i), default=0)
        low = min(me.epoch, top, self.max_epoch)
        senders = Set(m.src for m in s.network if not isinstance(m, Tick))
        require(count(j in senders for j in Node) >= 1, "someone has sent something")
        require(len(Set(t for t in s.ticks if t.epoch == low)) <= 1, "at most one such tick")
        return s.replace(processes=s.processes.set(i, me.replace(epoch=low, seen=senders & me.seen)))

    @action
    def pop(self, s: State, i: Node) -> State:
        """Fails where the log is empty: an error, the same one in every form."""
        me = s.processes[i]
        require(me.colour == Colour.BLUE, "only where it is blue")
        return s.replace(processes=s.processes.set(i, me.replace(last=me.log[-1], log=me.log[:-1])))

    @action
    def look(self, s: State, i: Node) -> State:
        """Fails where there is no message: the maximum of nothing."""
        me = s.processes[i]
        require(me.up and me.colour == Colour.GREEN, "only where it is up and green")
        best = max(m.epoch for m in s.network if not isinstance(m, Tick) or m.epoch > 0)
        return s.replace(processes=s.processes.set(i, me.replace(epoch=best)))

    @action
    def vote(self, s: State, i: Annotated[Node, In("correct")]) -> State:
        return s.replace(msgs=s.msgs.add(Vote(src=i, epoch=s.processes[i].epoch)))

    @action
    def elect(self, s: State, i: Annotated[Node, In("correct")], z: Zxid | None) -> State:
        """Someone is believed who may lie: votes of the epoch, none of which need have been cast, and a summary."""
        me = s.processes[i]
        votes = count(self.sent(s, Vote(src=j, epoch=me.epoch + 1)) for j in Node)
        require(votes + count(self.sent(s, Vote(src=j, epoch=me.epoch)) for j in Node) >= 2, "two votes")
        require(any(self.sent(s, Summary(epoch=e, best=z)) for e in range(self.max_epoch + 2)) or votes > 1, "a reason")
        return s.replace(msgs=s.msgs | Set.of(Summary(epoch=me.epoch, best=me.last)), ticks=s.ticks.add(Tick(epoch=0)))

    @always("votes are few")
    def votes_are_few(self, s: State, i: Node) -> bool:
        return not all(self.sent(s, Vote(src=i, epoch=e)) for e in range(self.max_epoch + 1))

    @reachable("a vote of another is believed")
    def believed(self, s: State, m: Vote) -> bool:
        return m.src in s.correct and self.sent(s, m)

    @constraint("few colours")
    def few_colours(self, s: State) -> bool:
        return not all(s.by_colour[c] == self.max_epoch for c in Colour)

    @always("logs are short")
    def logs_are_short(self, s: State, i: Node) -> bool:
        log = s.processes[i].log
        return all(log[k].epoch <= self.max_epoch for k in range(self.max_log) if k < len(log)) and len(log) <= 2

    @always("no two equal pongs")
    def no_two_equal_pongs(self, s: State) -> bool:
        return all(
            not isinstance(m, Pong) or all(m == n or not isinstance(n, Pong) or n.src != m.src for n in s.network)
            for m in s.network
        )

    @always("sets compare")
    def sets_compare(self, s: State, i: Node, j: Node) -> bool:
        a, b = s.processes[i], s.processes[j]
        return a.seen <= (a.seen | b.seen) and (a.seen - b.seen) & b.seen == Set()

    @reachable("someone has two friends")
    def two_friends(self, s: State, i: Node) -> bool:
        return len(s.processes[i].seen) == 2

    @step("epochs grow")
    def epochs_grow(self, before: State, after: State, i: Node) -> bool:
        return before.processes[i].epoch <= after.processes[i].epoch
