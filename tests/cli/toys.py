"""Two protocols small enough to know by heart: jugs without nodes, and a lock that two nodes can hold.

Source: folklore; the lock is the one that every textbook warns of.
"""

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    AtMost,
    Broken,
    In,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    action,
    always,
    any,
    bound,
    constant,
    min,
    reachable,
    require,
    step,
)


class Jugs(Record):
    small: Annotated[int, Range(0, 3)] = 0
    big: Annotated[int, Range(0, 5)] = 0


class TwoJugs(Spec[Jugs]):
    """Four gallons from a 3-gallon and a 5-gallon jug."""

    def init(self) -> Jugs:
        return Jugs()

    @action
    def fill_big(self, s: Jugs) -> Jugs:
        """Fill the big jug."""
        return s.replace(big=5)

    @action
    def empty_small(self, s: Jugs) -> Jugs:
        return s.replace(small=0)

    @action
    def big_to_small(self, s: Jugs) -> Jugs:
        poured = min(s.big, 3 - s.small)
        return s.replace(small=s.small + poured, big=s.big - poured)

    @always("Not four gallons")
    def not_four(self, s: Jugs) -> bool:
        """The big jug never holds four gallons."""
        return s.big != 4


class Node(Index, size="nodes"):
    """Wants the lock."""


class Mode(Enum):
    IDLE = auto()
    WAITING = auto()
    HOLDING = auto()


class Request(Record):
    src: Node
    turn: Annotated[int, Range(0, "max_turn")]


class Seat(Record):
    mode: Mode = Mode.IDLE
    turn: Annotated[int, Range(0, "max_turn")] = 0
    told: Node | None = None


class Room(Record):
    seats: Map[Node, Seat]
    requests: Annotated[Set[Request], AtMost("max_requests")] = Set()
    granted: Set[Node] = Set()


class Lock(Spec[Room]):
    """Nodes ask for a lock, and take it when it is granted."""

    nodes: int = constant(2, "nodes that want the lock", least=1)
    polite: bool = constant(True, "ask before taking")
    max_turn: int = bound(1, "highest turn explored")
    max_requests: int = bound(2, "requests waiting")

    def init(self) -> Room:
        return Room(seats=Map.fill(Node, Seat()))

    @action
    def ask(self, s: Room, i: Node) -> Room:
        """Node i asks."""
        me = s.seats[i]
        require(me.mode == Mode.IDLE, "i is idle")
        me = me.replace(mode=Mode.WAITING, turn=me.turn + 1)
        return s.replace(seats=s.seats.set(i, me), requests=s.requests.add(Request(src=i, turn=me.turn)))

    @action
    def grant(self, s: Room, m: Annotated[Request, In("requests")]) -> Room:
        """The lock is granted to whoever asked."""
        require(self.may_grant(s), "the lock is free")
        return s.replace(granted=s.granted.add(m.src), requests=s.requests.remove(m))

    def may_grant(self, s: Room) -> bool:
        """Nobody holds the lock."""
        return not any(s.seats[j].mode == Mode.HOLDING for j in Node) and not s.granted

    @action
    def take(self, s: Room, i: Node) -> Room:
        """Node i takes what it was granted."""
        require(i in s.granted, "the lock is granted to i")
        me = s.seats[i].replace(mode=Mode.HOLDING, told=i)
        return s.replace(seats=s.seats.set(i, me), granted=s.granted.remove(i))

    @always("Mutual Exclusion")
    def mutual_exclusion(self, s: Room, i: Node, j: Node) -> bool:
        """At most one node holds the lock."""
        return i == j or s.seats[i].mode != Mode.HOLDING or s.seats[j].mode != Mode.HOLDING

    @step("Turns grow")
    def turns_grow(self, before: Room, after: Room, i: Node) -> bool:
        """No turn is taken back."""
        return before.seats[i].turn <= after.seats[i].turn

    @reachable("the lock is held")
    def held(self, s: Room, i: Node) -> bool:
        return s.seats[i].mode == Mode.HOLDING


class GrantsTwice(Lock):
    """The lock is granted whenever it is asked for."""

    outcome = Broken("Mutual Exclusion", steps=6, source="folklore", nodes=2, polite=True)

    def may_grant(self, s: Room) -> bool:
        return True


class NeverGrants(Lock):
    """The lock is never granted."""

    def may_grant(self, s: Room) -> bool:
        return False
