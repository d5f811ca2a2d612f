"""Consistent broadcast: whoever the sender is, no two correct processes deliver different items.

Source: M. Reiter, Secure agreement protocols: reliable and atomic group multicast in Rampart, CCS 1994: the echo multicast.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import Annotated

from mcheck import Broken, Byzantine, In, Index, Map, Record, Set, action, always, constant, count, reachable, require


class Process(Index, size="processes"):
    """One of the group."""


class Item(Index, size=2):
    """What may be broadcast."""


class Send(Record):
    """From the sender to all."""

    item: Item


class Echo(Record):
    """From src to all: this is what I was sent."""

    item: Item
    src: Process


class Group(Record):
    correct: Set[Process]  # the others are Byzantine
    sender: Process
    echoed: Map[Process, Item | None]
    delivered: Map[Process, Item | None]
    msgs: Set[Send | Echo] = Set()  # all that correct processes have ever sent


Correct = Annotated[Process, In("correct")]


class Broadcast(Byzantine[Group]):
    """An item is delivered when a quorum has echoed it."""

    processes: int = constant(4, "processes", least=1)
    faults: int = constant(1, "Byzantine processes", least=0)

    def init(self) -> Iterable[Group]:
        """Any processes may be Byzantine, and any one may be the sender."""
        nothing: Map[Process, Item | None] = Map.fill(Process, None)
        return [
            Group(correct=Set(Process) - Set(byzantine), sender=i, echoed=nothing, delivered=nothing)
            for byzantine in combinations(Process, self.faults)
            for i in Process
        ]

    def signer(self, s: Group, m: Send | Echo) -> Process:
        """Who alone can have sent m."""
        return m.src if isinstance(m, Echo) else s.sender

    @action
    def send(self, s: Group, i: Correct, x: Item) -> Group:
        """The sender sends x, and echoes it."""
        require(i == s.sender and s.echoed[i] is None, "i is the sender, and has sent nothing")
        return s.replace(echoed=s.echoed.set(i, x), msgs=s.msgs | Set.of(Send(item=x), Echo(item=x, src=i)))

    @action
    def echo(self, s: Group, i: Correct, x: Item) -> Group:
        """Process i tells the others what it was sent first."""
        require(s.echoed[i] is None, "i has echoed nothing")
        require(self.sent(s, Send(item=x)), "the sender has sent x")
        return s.replace(echoed=s.echoed.set(i, x), msgs=s.msgs.add(Echo(item=x, src=i)))

    @action
    def deliver(self, s: Group, i: Correct, x: Item) -> Group:
        """Process i has the echoes of a quorum."""
        require(s.delivered[i] is None, "i has delivered nothing")
        require(count(self.sent(s, Echo(item=x, src=j)) for j in Process) >= self.quorum(), "a quorum has echoed x")
        return s.replace(delivered=s.delivered.set(i, x))

    def quorum(self) -> int:
        """So many that any two quorums have a correct process in common."""
        return (self.processes + self.faults) // 2 + 1

    @always("Consistency")
    def consistency(self, s: Group, i: Correct, j: Correct) -> bool:
        """No two correct processes deliver different items."""
        a, b = s.delivered[i], s.delivered[j]
        return a is None or b is None or a == b

    @reachable("an item is delivered")
    def delivery(self, s: Group, i: Correct) -> bool:
        return s.delivered[i] is not None


class ByMajority(Broadcast):
    """A majority is a quorum: two may have only a Byzantine process in common."""

    outcome = Broken("Consistency", steps=4, processes=3)

    def quorum(self) -> int:
        return self.processes // 2 + 1
