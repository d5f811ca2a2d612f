"""What a picture consists of, without a position: rows of cards, and arrows between the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["received", "again", "idle", "lost", "pending"]
"""What became of a message.  `again`: received by a lane that has had it before; `idle`: received, and made no difference."""


@dataclass(frozen=True)
class Item:
    """One line of a card: `voted_for n1`."""

    name: str
    text: str
    changed: bool = False


@dataclass(frozen=True)
class Cell:
    """One entry of a log, drawn as in the Raft paper: its position, its term in a colour of its own, its command."""

    position: int
    term: str
    command: str
    shade: int | None
    """Which colour: the same for entries of the same term."""
    committed: bool
    changed: bool
    dropped: bool = False
    """It was there before the step."""


@dataclass(frozen=True)
class Log:
    """A sequence.  `hidden`: how many entries before the first shown one are left out."""

    name: str
    cells: tuple[Cell, ...]
    hidden: int = 0


@dataclass(frozen=True)
class StateCard:
    """What one lane shows of one state."""

    lane: int
    role: Item | None = None
    shade: int = 0
    """Which colour the role has: the number of its member."""
    term: Item | None = None
    items: tuple[Item, ...] = ()
    logs: tuple[Log, ...] = ()
    marks: str = ""
    """The numbers of the facts that became true here: `①`."""
    restarted: bool = False


@dataclass(frozen=True)
class Row:
    """One step; number 0 is the initial state."""

    number: int
    action: str
    notes: tuple[str, ...]
    """What changed that belongs to no lane that is drawn."""
    cards: tuple[StateCard, ...]
    at: int | None
    """The lane that the step happens in, which may have no card."""
    marks: str = ""
    relevant: bool = True
    """Whether the violation follows from it."""
    verdict: str = ""
    """What to say of the row beside it: `violates`."""
    narrow: bool = False
    """Drawn in one line: the violation does not follow from it, and there are many steps."""


@dataclass(frozen=True)
class Arrow:
    """A message from the row it was sent in to the row it arrived in."""

    label: str
    whole: str
    source: int
    sent: int
    target: int | None
    """A lane; None if it is not known or not reached."""
    row: int | None
    """Where it was received or lost; None if it never was."""
    kind: Kind
    relevant: bool = True


@dataclass(frozen=True)
class Outage:
    """A lane that is down, from one row to another."""

    lane: int
    first: int
    last: int
    ended: bool
    """Whether it is up again in the last of these rows."""


@dataclass(frozen=True)
class Story:
    """All there is to see."""

    verdict: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    """(number, words): the number as it stands on cards, or nothing."""
    subject: str
    lanes: tuple[str, ...]
    rows: tuple[Row, ...]
    arrows: tuple[Arrow, ...]
    outages: tuple[Outage, ...]
    key: tuple[str, ...]
    footer: tuple[str, ...]
    description: str
    """The picture in one paragraph, for those who cannot see it."""
    loop: int | None = None
    """Of a lasso: the row that the last one goes back to."""
