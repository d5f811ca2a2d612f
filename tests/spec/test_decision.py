"""What a spec may say of decisions and of participants, and the line that refuses the rest.

What breaks if these fail: a spec that says something else than its author means is studied without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from tests.valency.toys import Place, Rope, Side

from mcheck.spec import In, Participant, Record, Set, Spec, SpecError, UsageError, action, decision, participant


def test_participants_are_told() -> None:
    left, right = Rope().instance.participants
    assert (left.name, str(left.goes_on), right.name) == ("left", "WF(left)", "right")
    assert Rope().instance.decision is not None


class Misspelt(Rope):
    def participants(self) -> Iterable[Participant]:
        return [participant("left", "lefft")]


class Shared(Rope):
    def participants(self) -> Iterable[Participant]:
        return [participant("left", self.left), participant("both", self.left, self.right)]


class NotAList(Rope):
    def participants(self) -> Any:
        return participant("left", self.left)


class OtherThings(Rope):
    def participants(self) -> Any:
        return ["left"]


class Nameless(Rope):
    def participants(self) -> Iterable[Participant]:
        return [participant(self.left)]  # type: ignore[arg-type]


class TwoDecisions(Rope):
    @decision
    def lost(self, s: Place, who: Side) -> bool:
        return False


class NoValue(Rope):
    @decision
    def won(self, s: Place) -> bool:  # type: ignore[override]
        return s.at == 0


class Held(Record):
    sides: Set[Side] = Set()


class OfAField(Spec[Held]):
    def init(self) -> Held:
        return Held()

    @action
    def add(self, s: Held, who: Side) -> Held:
        return Held(sides=s.sides.add(who))

    @decision
    def won(self, s: Held, who: Annotated[Side, In("sides")]) -> bool:
        return True


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            Misspelt,
            r"Misspelt.participants: participant 'left': WF\(lefft\): no action 'lefft' \(did you mean 'left'\?\)",
        ),
        (Shared, "Shared.participants: left is a step of 'left' and of 'both': one takes it"),
        (NotAList, r"NotAList.participants must return a list of participant\(…\) \(got Participant"),
        (OtherThings, r"OtherThings.participants must return a list of participant\(…\) \(got 'left' in it\)"),
        (Nameless, "a participant needs a name"),
        (TwoDecisions, "TwoDecisions has two decisions, won and lost: mark one method with @decision"),
        (NoValue, "NoValue.won: a decision needs the value that is decided"),
        (OfAField, "OfAField.won: a decision ranges over values, not over the members of a field"),
    ],
)
def test_what_is_refused(spec: type[Spec[Any]], says: str) -> None:
    with pytest.raises((SpecError, UsageError), match=says):
        _ = spec().instance
