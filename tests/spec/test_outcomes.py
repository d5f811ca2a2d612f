"""The expected outcome of a tweak: what it may say, of whom it is said, and how a wrong one is refused."""

from typing import Any

import pytest

from mcheck.models.consensus import Consensus
from mcheck.spec import Broken, ExpectedOutcome, Safe, SpecError, outcomes_of


def tweak(outcome: object) -> type:
    """A tweak of Consensus that declares so."""
    return type("Odd", (Consensus,), {"outcome": outcome})


@pytest.mark.parametrize(
    "outcome",
    [
        Broken("Agreement", steps=2, values=2, source="folklore"),
        Broken("Integrity", depth=9),  # a property of steps
        Safe(values=1, depth=0),
    ],
)
def test_one_outcome_or_several(outcome: ExpectedOutcome) -> None:
    assert outcomes_of(tweak(outcome)) == (outcome,)
    assert outcomes_of(tweak((outcome, Safe())))[0] is outcome


def test_what_is_said_of_a_class_is_not_said_of_its_subclass() -> None:
    """Otherwise everyone who builds on a tweak would claim its figures."""
    assert outcomes_of(type("Child", (tweak(Safe()),), {})) == ()
    assert outcomes_of(Consensus) == ()


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (Broken("Agrement", steps=2), r"Odd.outcome: no property 'Agrement' \(did you mean 'Agreement'\?\); it states Agreement"),
        (Broken("a value is chosen", steps=2), "no property 'a value is chosen'"),  # a witness is not broken
        (Broken("choose", steps=2), "no property 'choose'"),
        (Safe(value=2), r"Odd.outcome: no constant 'value' \(did you mean 'values'\?\); it has values"),
        (Safe(values="2"), r"Odd.outcome.values must be an int \(got '2'\)"),
        ("safe", r"Odd.outcome must be Broken\(…\), Safe\(…\) or a tuple of them \(got 'safe'\)"),
        ((Safe(), 2), r"must be Broken\(…\), Safe\(…\) or a tuple of them \(got 2\)"),
        (lambda self: 1, "the name is taken; call a rule something else"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_when_the_class_is_made(outcome: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        tweak(outcome)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"Broken\('Agreement'\): say steps=, the length of a shortest violation, or depth="),
        ({"steps": -1}, r"Broken: steps must be a number of steps \(got -1\)"),
        ({"steps": 2, "depth": "3"}, r"Broken: depth must be a number of steps \(got '3'\)"),
    ],
)
def test_numbers_of_steps(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Broken("Agreement", **arguments)


def test_a_title_comes_first() -> None:
    with pytest.raises(SpecError, match="the property must be a title"):
        Broken(7, steps=7)  # type: ignore[arg-type]
