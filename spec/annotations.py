"""What stands beside a type inside `Annotated[...]`: limits of a domain, the range of a parameter, the mark of a ghost."""

from __future__ import annotations

from dataclasses import dataclass

Limit = int | str


@dataclass(frozen=True)
class Range:
    """`Annotated[int, Range(0, "max_term")]`: the integers lo..hi.

    A limit is a number, the name of a constant or bound, or `"name+1"` / `"name-1"`.  Leaving the domain on a side whose
    limit names a bound cuts the search there; on any other side it is an error in the spec.
    """

    lo: Limit
    hi: Limit


@dataclass(frozen=True)
class Rank:
    """`Annotated[int, Rank(-1, "max_ballot")]`: the integers lo..hi of which nothing matters but which is larger.

    Ballots, terms, views and epochs are ranks: they are compared with each other and with nothing else, and a fresh one is larger
    than those there are.  `lo` stands for `none yet`, and may be compared with.  `hi` is the name of a bound, which a search of
    reachable states keeps; where states are told apart by their view, as in `mcheck liveness`, there is none.
    """

    lo: int
    hi: str


@dataclass(frozen=True)
class AtMost:
    """`Annotated[Set[Message], AtMost("max_messages")]`: a capacity, for sets, sequences, bags and channels.

    `copies`, for a bag, limits the copies of each member.
    """

    limit: Limit
    copies: Limit | None = None


@dataclass(frozen=True)
class In:
    """A parameter that is a member of a field of the current state, `Annotated[Message, In("network")]`.

    With one kind of a union, `Annotated[Accept, In("msgs")]`, only members of that kind are taken.
    """

    field: str


@dataclass(frozen=True)
class OneOf:
    """A parameter that ranges over what a method or attribute of the spec returns, in that order:
    `Quorum = Annotated[Set[Acceptor], OneOf("quorums")]`.  It may not depend on the state."""

    source: str


@dataclass(frozen=True)
class Where:
    """A parameter that ranges over the members of its type for which a method of the spec returns true:
    `Annotated[Message, Where("can_sign")]`.  The method sees the value only, never the state."""

    predicate: str


class _Ghost:
    """The mark of a history field: `Annotated[Set[Election], GHOST]`.

    Ghosts are part of the state, but only properties and other ghosts may read them: removing them removes no behaviour.
    """

    def __repr__(self) -> str:
        return "GHOST"


GHOST = _Ghost()
