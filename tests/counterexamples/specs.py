"""Small specifications with everything that a trace may have to show."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from mcheck.spec import (
    GHOST,
    AtMost,
    Bag,
    Channels,
    Index,
    Map,
    Range,
    Record,
    Set,
    Spec,
    action,
    all,
    always,
    any,
    bound,
    constant,
    implements,
    require,
    step,
)


class Node(Index, size="nodes"):
    pass


class Color(Enum):
    RED = auto()
    ROSE = auto()
    BLUE = auto()


class Ping(Record):
    src: Node
    dst: Node


class Note(Record):
    text: Annotated[int, Range(-1, 3)] = -1


class Card(Record):
    color: Color = Color.RED
    turn: Annotated[int, Range(0, "top")] = 0
    peer: Node | None = None
    up: bool = True
    log: Annotated[tuple[Note, ...], AtMost("top")] = ()


class Table(Record):
    cards: Map[Node, Card]
    links: Map[tuple[Node, Node], bool]
    pings: Set[Ping | Note] = Set()
    bag: Annotated[Bag[Note], AtMost("top")] = Bag()
    wires: Annotated[Channels[Node, Note], AtMost("top")]
    leader: Node | None = None


class Everything(Spec[Table]):
    """Every kind of value, changed one after the other."""

    nodes: int = constant(2, "nodes")
    top: int = bound(3, "highest count")

    def init(self) -> Table:
        return Table(cards=Map.fill(Node, Card()), links=Map.fill((Node, Node), False), wires=Channels.empty(Node))

    @action
    def paint(self, s: Table, i: Node, color: Color) -> Table:
        me = s.cards[i]
        return s.replace(cards=s.cards.set(i, me.replace(color=color, turn=me.turn + 1)))

    @action
    def ping(self, s: Table, i: Node, j: Node) -> Table:
        require(i != j, "i pings another")
        return s.replace(pings=s.pings.add(Ping(src=i, dst=j)), links=s.links.set((i, j), True))

    @action
    def note(self, s: Table, i: Node, j: Node) -> Table:
        require(i != j, "to another")
        me = s.cards[i]
        return s.replace(
            cards=s.cards.set(i, me.replace(log=(*me.log, Note(text=1)), peer=j, up=False)),
            bag=s.bag.add(Note()),
            wires=s.wires.send(i, j, Note(text=2)),
        )

    @action
    def lead(self, s: Table, i: Node) -> Table:
        return s.replace(leader=i)

    @always("No two painted")
    def no_two_painted(self, s: Table) -> bool:
        return not all(s.cards[i].color != Color.RED for i in Node)

    @always("No ping answered")
    def no_ping_answered(self, s: Table) -> bool:
        return not any(
            isinstance(p, Ping) and any(isinstance(q, Ping) and p.src == q.dst and p.dst == q.src for q in s.pings)
            for p in s.pings
        )

    @always("None blue")
    def none_blue(self, s: Table) -> bool:
        return not any(s.cards[i].color == Color.BLUE for i in Node)

    @always("Leader is red")
    def leader_is_red(self, s: Table) -> bool:
        return s.leader is None or s.cards[s.leader].color == Color.RED

    @always("Same cards")
    def same_cards(self, s: Table, i: Node, j: Node) -> bool:
        return s.cards[i].log == s.cards[j].log

    @always("Links")
    def links_down(self, s: Table, i: Node, j: Node) -> bool:
        return not s.links[i, j]

    @always("Exact type")
    def exact_type(self, s: Table, i: Node) -> bool:
        return type(s.cards[i]) is not Card or s.cards[i].up

    @step("Colors stay")
    def colors_stay(self, before: Table, after: Table, i: Node) -> bool:
        return before.cards[i].color == after.cards[i].color

    @step("Leader stays")
    def leader_stays(self, before: Table, after: Table) -> bool:
        return before.leader is None or before.cards[before.leader].turn > 0 or after == before


class Count(Record):
    n: Annotated[int, Range(0, 9)] = 0


class ByOne(Spec[Count]):
    def init(self) -> Count:
        return Count()

    @action
    def more(self, s: Count) -> Count:
        require(s.n < 9, "below nine")
        return s.replace(n=s.n + 1)


class ByTwo(Spec[Count]):
    def init(self) -> Count:
        return Count()

    @action
    def more(self, s: Count) -> Count:
        require(s.n < 8, "below eight")
        return s.replace(n=s.n + 2)

    @implements(ByOne)
    def by_one(self, s: Count) -> Count:
        return s


class Lamp(Record):
    on: bool = False
    up: bool = False
    marked: bool = False


class Switch(Spec[Lamp]):
    """A mark is set in the dark, from above: an even number of flips, whatever happens between them."""

    def init(self) -> Lamp:
        return Lamp()

    @action
    def flip(self, s: Lamp) -> Lamp:
        return s.replace(on=not s.on)

    @action
    def climb(self, s: Lamp) -> Lamp:
        return s.replace(up=True)

    @action
    def mark(self, s: Lamp) -> Lamp:
        require(not s.on and s.up, "it is dark up there")
        return s.replace(marked=True)

    @always("Never marked")
    def never_marked(self, s: Lamp) -> bool:
        return not s.marked


class Path(Record):
    at: Annotated[int, Range(0, 3)] = 0
    seen: Annotated[Set[Annotated[int, Range(0, 3)]], GHOST] = Set()


class Walk(Spec[Path]):
    """To and fro, with a memory that nothing asks."""

    def init(self) -> Path:
        return Path()

    @action
    def left(self, s: Path) -> Path:
        require(s.at > 0, "not at the wall")
        return s.replace(at=s.at - 1, seen=s.seen.add(s.at))

    @action
    def right(self, s: Path) -> Path:
        require(s.at < 3, "not at the end")
        return s.replace(at=s.at + 1, seen=s.seen.add(s.at))

    @always("Never three")
    def never_three(self, s: Path) -> bool:
        return s.at < 3
