"""Monitors: what consensus on a log promises, judged on what the nodes show of themselves, after every operation.

Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, Figure 3; one vote
in each term is section 5.2.  Nothing of the protocol is assumed, only that terms, logs and commit indexes mean what they do
there.  A monitor sees no more than an observation: what a node hides, it may do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mcheck.conformance.adapter import Observation

Entry = tuple[int, str]
"""A term and a command."""

TITLES = (
    "Election Safety",
    "Vote Once",
    "Leader Append-Only",
    "Log Matching",
    "Leader Completeness",
    "State Machine Safety",
)
"""The monitored properties, in the order in which they are judged."""


@dataclass(frozen=True)
class Finding:
    """A property that does not hold any more, and the facts that contradict it."""

    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Committed:
    """An entry, and the lowest term in which a node was seen to have it committed."""

    entry: Entry
    term: int
    by: int


class History:
    """What was observed so far; `observed` judges what comes.

    Cost of one observation: O(nodes × log), in slices that are compared at C speed; only the node that acted is looked at.
    """

    def __init__(self, nodes: int, watched: Collection[str] = TITLES) -> None:
        self.watched = watched
        self.now: list[Observation | None] = [None] * nodes
        self.leaders: dict[int, int] = {}
        self.votes: dict[tuple[int, int], int] = {}
        self.committed: list[Committed] = []
        self.applied: tuple[str, ...] = ()
        self.applied_by = 0

    def observed(self, node: int, seen: Observation) -> Finding | None:
        """Take note of what a node shows; the first watched property that this contradicts."""
        before, self.now[node] = self.now[node], seen
        if seen == before:
            return None
        found = (
            self._election_safety(node, seen),
            self._vote_once(node, seen),
            self._leader_append_only(node, before, seen),
            self._log_matching(node, seen),
            self._commits(node, before, seen),
            self._applied(node, seen),
        )
        return next((f for f in found if f is not None and f.title in self.watched), None)

    def _election_safety(self, node: int, seen: Observation) -> Finding | None:
        """At most one leader is elected in a term, at whatever times."""
        if seen.role != "leader":
            return None
        first = self.leaders.setdefault(seen.term, node)
        if first == node:
            return None
        return Finding("Election Safety", (f"n{first} is leader of term {seen.term}", f"n{node} is leader of it too"))

    def _vote_once(self, node: int, seen: Observation) -> Finding | None:
        """A node votes for one candidate in a term, whatever happens to it in between."""
        if seen.vote is None:
            return None
        first = self.votes.setdefault((node, seen.term), seen.vote)
        if first == seen.vote:
            return None
        return Finding(
            "Vote Once",
            (f"n{node} has voted for n{first} in term {seen.term}", f"and for n{seen.vote} in that term too"),
        )

    def _leader_append_only(self, node: int, before: Observation | None, seen: Observation) -> Finding | None:
        """While it leads, a leader neither changes nor drops an entry of its log."""
        if before is None or before.role != "leader" or seen.role != "leader" or before.term != seen.term:
            return None
        if seen.log[: len(before.log)] == before.log:
            return None
        changed = _first_difference(before.log, seen.log)
        facts = (
            f"n{node} leads term {seen.term}",
            f"its log was {_shown(before.log, changed)} and is {_shown(seen.log, changed)}",
        )
        return Finding("Leader Append-Only", facts)

    def _log_matching(self, node: int, seen: Observation) -> Finding | None:
        """Logs with an entry of the same term at an index are equal up to it."""
        for other, theirs in enumerate(self.now):
            if theirs is None or other == node or theirs.log == seen.log:
                continue
            a, b = seen.log, theirs.log
            last = next((k for k in range(min(len(a), len(b)), 0, -1) if a[k - 1][0] == b[k - 1][0]), 0)
            if a[:last] != b[:last]:
                differs = _first_difference(a, b)
                facts = (
                    f"n{node} and n{other} have an entry of term {a[last - 1][0]} at index {last}",
                    f"at index {differs} n{node} has {_entry(a, differs)}, n{other} has {_entry(b, differs)}",
                )
                return Finding("Log Matching", facts)
        return None

    def _commits(self, node: int, before: Observation | None, seen: Observation) -> Finding | None:
        """Note what is newly committed; State Machine Safety on the committed entries, Leader Completeness for all leaders."""
        known = len(self.committed)
        differing = None
        for index in range(_settled(before, seen) + 1, min(seen.commit, len(seen.log)) + 1):
            entry = seen.log[index - 1]
            if index > known:
                self.committed.append(Committed(entry, seen.term, node))
                continue
            first = self.committed[index - 1]
            if first.entry != entry:
                facts = (
                    f"n{first.by} has committed {_written(first.entry)} at index {index}",
                    f"n{node} has committed {_written(entry)} there",
                )
                differing = differing or Finding("State Machine Safety", facts)
            elif seen.term < first.term:
                self.committed[index - 1] = Committed(entry, seen.term, node)
        if differing is not None and differing.title in self.watched:
            return differing
        grown = len(self.committed) > known
        for leader, state in enumerate(self.now):
            if state is not None and state.role == "leader" and (grown or leader == node):
                missing = self._missing(leader, state)
                if missing is not None:
                    return missing
        return None

    def _missing(self, node: int, leader: Observation) -> Finding | None:
        """What was committed in an earlier term is in the leader's log."""
        for index, committed in enumerate(self.committed, start=1):
            held = leader.log[index - 1] if index <= len(leader.log) else None
            if held != committed.entry and committed.term < leader.term:
                there = "nothing" if held is None else _written(held)
                facts = (
                    f"n{committed.by} has committed {_written(committed.entry)} at index {index}, in term {committed.term}",
                    f"n{node} leads term {leader.term} and has {there} there",
                )
                return Finding("Leader Completeness", facts)
        return None

    def _applied(self, node: int, seen: Observation) -> Finding | None:
        """No two state machines execute different commands in the same place."""
        common = min(len(self.applied), len(seen.applied))
        if self.applied[:common] != seen.applied[:common]:
            place = next(k for k in range(common) if self.applied[k] != seen.applied[k])
            facts = (
                f"n{self.applied_by} has applied {self.applied[place]} as its command {place + 1}",
                f"n{node} has applied {seen.applied[place]} as its command {place + 1}",
            )
            return Finding("State Machine Safety", facts)
        if len(seen.applied) > len(self.applied):
            self.applied, self.applied_by = seen.applied, node
        return None


def _settled(before: Observation | None, seen: Observation) -> int:
    """Up to which index nothing is new about what a node has committed."""
    if before is None or before.log[: before.commit] != seen.log[: before.commit]:
        return 0
    return before.commit


def _first_difference(a: tuple[Entry, ...], b: tuple[Entry, ...]) -> int:
    """The first index, counted from 1, at which two logs differ."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False), start=1) if x != y), min(len(a), len(b)) + 1)


def _entry(log: tuple[Entry, ...], index: int) -> str:
    return _written(log[index - 1]) if index <= len(log) else "nothing"


def _written(entry: Entry) -> str:
    return f"{entry[1]} of term {entry[0]}"


def _shown(log: tuple[Entry, ...], index: int) -> str:
    return f"{_entry(log, index)} at index {index}"
