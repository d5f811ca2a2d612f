"""Which facts violate a property, and since when."""

from __future__ import annotations

import pytest
from tests.counterexamples.specs import ByTwo, Card, Everything, Node

from mcheck.counterexamples import Notation, facts
from mcheck.counterexamples.mapped import mapped_step
from mcheck.counterexamples.reads import reads, value_at, with_value
from mcheck.protocols import find
from mcheck.spec import Behavior, Instance, Rule, replay


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Everything(nodes=3).instance


def rule_of(instance: Instance, title: str) -> Rule:
    return next(p for p in instance.properties if p.title == title)


def told(behavior: Behavior, title: str) -> list[tuple[str, int]]:
    """(text, since) of the facts for the first arguments that falsify the property at the end."""
    instance = behavior.instance
    rule = rule_of(instance, title)
    states = behavior.states[-2:] if rule.kind == "step" else behavior.states[-1:]
    with instance.active():
        arguments = instance.falsifying(rule, *states)
    assert arguments is not None
    return [(f.text(Notation(instance)), f.since) for f in facts(behavior, rule, arguments)]


def run(instance: Instance, *labels: str) -> Behavior:
    return replay(instance, instance.initial[0], labels)


def test_every_key_that_a_quantifier_needs(instance: Instance) -> None:
    behavior = run(instance, "paint(i=2, color=BLUE)", "lead(i=1)", "paint(i=0, color=ROSE)", "paint(i=1, color=BLUE)")
    assert told(behavior, "No two painted") == [
        ("n2: color BLUE", 1),
        ("n0: color ROSE", 3),
        ("n1: color BLUE", 4),
    ]


def test_of_a_set_only_the_members_that_matter(instance: Instance) -> None:
    behavior = run(instance, "ping(i=0, j=1)", "ping(i=0, j=2)", "lead(i=0)", "ping(i=1, j=0)")
    assert told(behavior, "No ping answered") == [("pings ∋ Ping(n0→n1)", 1), ("pings ∋ Ping(n1→n0)", 4)]


def test_what_was_read_but_does_not_matter_is_left_out(instance: Instance) -> None:
    behavior = run(instance, "paint(i=1, color=BLUE)", "paint(i=2, color=BLUE)", "lead(i=2)")
    assert told(behavior, "Leader is red") == [("n2: color BLUE", 2), ("leader n2", 3)]


def test_of_all_that_a_quantifier_reads_only_what_the_violation_needs(instance: Instance) -> None:
    behavior = run(instance, "paint(i=0, color=ROSE)", "paint(i=1, color=BLUE)", "paint(i=2, color=ROSE)")
    assert told(behavior, "None blue") == [("n1: color BLUE", 2)]


def test_entries_named_by_an_argument_are_kept_even_if_they_never_changed(instance: Instance) -> None:
    behavior = run(instance, "lead(i=0)", "note(i=1, j=0)")
    assert told(behavior, "Same cards") == [("n0: log ⟨⟩", 0), ("n1: log ⟨Note(text=1)⟩", 2)]


def test_maps_over_pairs(instance: Instance) -> None:
    assert told(run(instance, "ping(i=0, j=2)"), "Links") == [("links[n0,n2]: yes", 1)]


def test_a_property_of_steps(instance: Instance) -> None:
    behavior = run(instance, "paint(i=0, color=RED)", "paint(i=0, color=BLUE)")
    assert told(behavior, "Colors stay") == [("n0: color RED → BLUE", 2)]


def test_where_reading_cannot_be_watched_the_entries_of_the_arguments_are_shown(instance: Instance) -> None:
    behavior = run(instance, "note(i=1, j=0)")
    rule = rule_of(instance, "Exact type")
    with instance.active():
        assert instance.falsifying(rule, behavior.last) == (Node(1),)
    found = facts(behavior, rule, (Node(1),))
    assert [f.since for f in found] == [1]
    assert found[0].text(Notation(instance)).startswith("n1: ")


def test_the_places_that_are_read(instance: Instance) -> None:
    behavior = run(instance, "lead(i=2)")
    read = reads(instance, rule_of(instance, "Leader is red"), (behavior.last,), ())
    assert read == (("leader",), ("cards", Node(2), "color"))


def test_a_watched_state_equals_the_plain_one(instance: Instance) -> None:
    from mcheck.counterexamples.reads import _Notes

    state = instance.initial[0]
    watched = _Notes().watch(state, ())
    assert watched == state and hash(watched) == hash(state) and isinstance(watched, type(state))
    assert isinstance(watched.cards[Node(0)], Card)
    assert watched.replace(leader=Node(1)).leader == Node(1)


def test_places_can_be_read_and_written(instance: Instance) -> None:
    state = instance.initial[0]
    path = ("cards", Node(1), "turn")
    assert value_at(with_value(state, path, 2), path) == 2
    assert value_at(state, path) == 0


def test_a_step_that_a_refined_spec_does_not_allow() -> None:
    instance = ByTwo().instance
    behavior = replay(instance, instance.initial[0], ["more()"])
    rule = instance.properties[0]
    assert facts(behavior, rule, ()) == ()
    assert mapped_step(behavior, rule) == "seen as ByOne: n 2, which is no step of ByOne"


def test_a_set_that_another_part_has_covered_shows_its_members_all_the_same() -> None:
    instance = find("voting").tweaked("split-ballot")().instance
    labels = [
        "increase_max_bal(a=0, b=0)",
        "increase_max_bal(a=1, b=0)",
        "vote_for(a=0, b=0, v=0, q={0, 1}, last=None)",
        "increase_max_bal(a=0, b=1)",
        "vote_for(a=1, b=0, v=1, q={0, 1}, last=None)",
        "increase_max_bal(a=1, b=1)",
        "vote_for(a=0, b=1, v=0, q={0, 1}, last=0)",
    ]
    behavior = run(instance, *labels)
    assert told(behavior, "Votes Safe") == [
        ("a1: votes ∋ Vote(bal=0, v1)", 5),
        ("a0: votes ∋ Vote(bal=1, v0)", 7),
    ]


def test_what_a_property_of_steps_read_before_the_step_only(instance: Instance) -> None:
    behavior = run(instance, "lead(i=1)", "lead(i=2)")
    assert told(behavior, "Leader stays") == [("leader n1 before", 2)]
