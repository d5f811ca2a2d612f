"""Consensus: what every protocol of the Paxos family implements; at most one value is chosen, and for ever.

Source: Lamport, TLA+ module Consensus.  Voting implements this specification, and Paxos implements Voting.
"""

from mcheck.spec import Broken, Index, Record, Set, Spec, action, always, constant, len, reachable, require, step


class Value(Index, size="values"):
    """Something that may be chosen."""


class State(Record):
    chosen: Set[Value] = Set()


class Consensus(Spec[State]):
    """One variable, the set of chosen values; how they are chosen is left to the implementations."""

    values: int = constant(3, "values that may be chosen")

    def init(self) -> State:
        return State()

    @action
    def choose(self, s: State, v: Value) -> State:
        """The value v is chosen.  Source: Consensus, Next."""
        require(self.may_choose(s), "nothing is chosen yet")
        return s.replace(chosen=s.chosen.add(v))

    def may_choose(self, s: State) -> bool:
        """Nothing is chosen yet."""
        return not s.chosen

    @always("Agreement")
    def agreement(self, s: State) -> bool:
        """At most one value is chosen.  Source: Consensus, Inv."""
        return len(s.chosen) <= 1

    @step("Integrity")
    def integrity(self, before: State, after: State) -> bool:
        """What is chosen remains chosen."""
        return before.chosen <= after.chosen

    @reachable("a value is chosen")
    def value_chosen(self, s: State, v: Value) -> bool:
        return v in s.chosen


class ChoosesAgain(Consensus):
    """A second value may be chosen."""

    outcome = Broken("Agreement", steps=2)

    def may_choose(self, s: State) -> bool:
        return True
