"""EWD840: a token that goes round a ring detects that a distributed computation has terminated.

Source: Dijkstra, Feijen & van Gasteren, Derivation of a termination detection algorithm for distributed computations,
Information Processing Letters 16 (1983), EWD840; TLA+ module EWD840.

Throughout this file: i is a node, from 0 on; the token goes from the last node down to 0.  A message is received in the step
in which it is sent.
"""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import product
from typing import Annotated, ClassVar

from mcheck.spec import (
    Broken,
    ExpectedOutcomes,
    Fairness,
    Map,
    Range,
    Record,
    Safe,
    Spec,
    action,
    all,
    always,
    constant,
    leads_to,
    reachable,
    require,
    weak,
    where,
)

Node = Annotated[int, Range(0, "nodes-1")]


class Color(Enum):
    WHITE = auto()
    BLACK = auto()


class State(Record):
    active: Map[Node, bool]
    color: Map[Node, Color]
    token_at: Node = 0
    token_color: Color = Color.BLACK


class EWD840(Spec[State]):
    """Nodes that work and send each other work, and node 0, which is to find out when all are done."""

    outcome: ClassVar[ExpectedOutcomes] = (
        Safe("Liveness", source="the module, Liveness"),
        Safe("Liveness", nodes=4, source="the module, Liveness"),
        Broken("Liveness", stem=0, cycle=0, fairness="none", note="The token may stop."),
    )

    nodes: int = constant(3, "nodes on the ring", least=2)

    def init(self) -> Iterable[State]:
        """Any nodes are active, in any colours; the token is black, and anywhere.  Source: the module, Init."""
        for active in product((False, True), repeat=self.nodes):
            for color in product(Color, repeat=self.nodes):
                for place in range(self.nodes):
                    yield self.with_nodes(active, color).replace(token_at=place)

    def with_nodes(self, active: tuple[bool, ...], color: tuple[Color, ...]) -> State:
        return State(active=Map.of(Node, lambda i: active[i]), color=Map.of(Node, lambda i: color[i]))

    # ------------------------------------------------------------------ the detection

    @action
    def initiate_probe(self, s: State) -> State:
        """Node 0 sends the token on a new round, unless the last one has been conclusive.  Source: rules 5 and 6."""
        require(s.token_at == 0, "the token is at node 0")
        require(s.token_color == Color.BLACK or s.color[0] == Color.BLACK, "the last round was inconclusive")
        color = s.color.set(0, Color.WHITE)
        return s.replace(token_at=self.nodes - 1, token_color=Color.WHITE, color=color)

    @action
    def pass_token(self, s: State, i: Node) -> State:
        """Node i passes the token on, black if i is, and becomes white.  Source: rules 0, 2, 4 and 7."""
        require(i != 0 and s.token_at == i, "the token is at i, which is not node 0")
        require(
            not s.active[i] or s.color[i] == Color.BLACK or s.token_color == Color.BLACK,
            "i is passive, or the round is inconclusive anyway",
        )
        token = where(s.color[i] == Color.BLACK, Color.BLACK, s.token_color)
        return s.replace(token_at=s.token_at - 1, token_color=token, color=s.color.set(i, Color.WHITE))

    # ------------------------------------------------------------------ the computation

    @action
    def send_message(self, s: State, i: Node, j: Node) -> State:
        """Node i makes j active, and becomes black if the token may have passed j already.  Source: rules 1 and 3."""
        require(i != j and s.active[i], "i is active, and j another node")
        color = where(self.blackens(i, j), Color.BLACK, s.color[i])
        return s.replace(active=s.active.set(j, True), color=s.color.set(i, color))

    def blackens(self, i: int, j: int) -> bool:
        """The token may have passed j, and not yet i."""
        return j > i

    @action
    def deactivate(self, s: State, i: Node) -> State:
        require(s.active[i], "i is active")
        return s.replace(active=s.active.set(i, False))

    def fairness(self) -> Iterable[Fairness]:
        """The detection goes on; the computation need not.  Source: the module, `WF_vars(System)`."""
        return [weak(self.initiate_probe, self.pass_token)]

    # ------------------------------------------------------------------ properties

    def terminated(self, s: State) -> bool:
        return all(not s.active[i] for i in range(self.nodes))

    def detected(self, s: State) -> bool:
        """Node 0 knows that all have terminated."""
        return s.token_at == 0 and s.token_color == Color.WHITE and s.color[0] == Color.WHITE and not s.active[0]

    @always("Termination Detection")
    def termination_detection(self, s: State) -> bool:
        """What node 0 takes for termination is termination.  Source: the module, TerminationDetection."""
        return not self.detected(s) or self.terminated(s)

    @leads_to("Liveness")
    def liveness(self, s: State) -> tuple[bool, bool]:
        """Termination leads to its detection.  Source: the module, Liveness."""
        return self.terminated(s), self.detected(s)

    @reachable("termination is detected")
    def some_detection(self, s: State) -> bool:
        return self.detected(s) and s.color[1] == Color.WHITE


class StaysWhite(EWD840):
    """A node that sends a message stays white: the token may have passed a node that is active again."""

    outcome = (
        Broken("Termination Detection", steps=5, nodes=3, source="rule 3"),
        Safe("Liveness", note="It misses no termination; it takes something else for one."),
    )

    def blackens(self, i: int, j: int) -> bool:
        return False
