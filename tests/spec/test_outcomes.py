"""The expected outcome of a tweak: what it may say, of whom it is said, and how a wrong one is refused."""

from typing import Any

import pytest

from mcheck.models.consensus import Consensus
from mcheck.models.dining_philosophers import DiningPhilosophers
from mcheck.spec import Broken, ExpectedOutcome, Safe, SpecError, outcomes_of


def tweak(outcome: object, of: type = Consensus) -> type:
    """A tweak of Consensus, or of another protocol, that declares so."""
    return type("Odd", (of,), {"outcome": outcome})


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


@pytest.mark.parametrize(
    ("outcome", "fairness", "titles"),
    [
        (Broken("Nobody Starves", stem=4, cycle=0, philosophers=3), "declared", ("Nobody Starves",)),
        (Broken("Nobody Starves", stem=4, cycle=0, fairness="weak"), "weak", ("Nobody Starves",)),
        (Broken("Nobody Starves", fairness="none"), "none", ("Nobody Starves",)),
        (Safe("Nobody Starves"), "declared", ("Nobody Starves",)),
        (Safe("Nobody Starves", fairness="strong"), "strong", ("Nobody Starves",)),
        (Safe(), None, ()),
        (Broken("Exclusive Access", steps=3), None, ("Exclusive Access",)),
    ],
)
def test_what_is_said_of_the_long_run_names_a_fairness(
    outcome: ExpectedOutcome, fairness: str | None, titles: tuple[str, ...]
) -> None:
    assert outcomes_of(tweak(outcome, DiningPhilosophers)) == (outcome,)
    assert (outcome.fairness, outcome.titles) == (fairness, titles)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (Broken("Nobody Starves", steps=4), "Odd.outcome: 'Nobody Starves' is a temporal property: say stem= and cycle="),
        (Broken("Exclusive Access", stem=4, cycle=0), "'Exclusive Access' is no temporal property: say steps=, the length of"),
        (Safe("Exclusive Access"), r"'Exclusive Access' is no temporal property: Safe\(\) without a title is about all"),
        (Safe("Nobody Starve"), r"no property 'Nobody Starve' \(did you mean 'Nobody Starves'\?\)"),
        (Safe("Nobody Starves", philosopher=3), r"no constant 'philosopher' \(did you mean 'philosophers'\?\)"),
    ],
)  # fmt: skip
def test_the_kind_of_a_property_decides_what_can_be_said(outcome: ExpectedOutcome, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        tweak(outcome, DiningPhilosophers)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stem": 2}, r"Broken\('Termination'\): a lasso has a stem and a cycle: say stem= and cycle="),
        ({"fairness": "weak", "cycle": 2}, "a lasso has a stem and a cycle"),
        ({"stem": 2, "cycle": 0, "steps": 2}, "steps= and depth= are of a search, stem=, cycle= and fairness= of a lasso"),
        ({"fairness": "weak", "depth": 2}, "steps= and depth= are of a search"),
        ({"stem": 2, "cycle": -1}, r"Broken: cycle must be a number of steps \(got -1\)"),
        ({"stem": 2, "cycle": True}, r"Broken: cycle must be a number of steps \(got True\)"),
        ({"fairness": "week"}, r"Broken: fairness must be one of declared, weak, strong, none \(got 'week'\)"),
    ],
)  # fmt: skip
def test_the_lengths_of_a_lasso(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Broken("Termination", **arguments)


@pytest.mark.parametrize(
    ("titles", "arguments", "message"),
    [
        ((), {"fairness": "weak"}, "Safe: fairness= is for temporal properties: name them"),
        (("Termination",), {"depth": 3}, r"Safe\('Termination'\): a temporal property holds up to no depth"),
        (("Termination",), {"fairness": "week"}, "Safe: fairness must be one of declared, weak, strong, none"),
        ((3,), {}, r"Safe: a temporal property must be a title \(got 3\)"),
    ],
)
def test_what_is_safe_in_the_long_run(titles: tuple[Any, ...], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Safe(*titles, **arguments)


def test_a_title_comes_first() -> None:
    with pytest.raises(SpecError, match="the property must be a title"):
        Broken(7, steps=7)  # type: ignore[arg-type]
