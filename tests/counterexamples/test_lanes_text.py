"""Behaviours as tables: what changed, where, and in how little space."""

from __future__ import annotations

import pytest
from tests.counterexamples.specs import ByTwo, Color, Everything, Node, Note, Ping

from mcheck.counterexamples import LanesText, Notation
from mcheck.counterexamples.abbreviations import TableNotation
from mcheck.counterexamples.columns import columns
from mcheck.counterexamples.lanes import Lanes
from mcheck.spec import Behavior, Index, Map, Record, Spec, action, constant, replay

LABELS = [
    "paint(i=0, color=ROSE)",
    "ping(i=0, j=1)",
    "note(i=1, j=0)",
    "note(i=1, j=0)",
    "lead(i=1)",
]


@pytest.fixture(scope="module")
def behavior() -> Behavior:
    instance = Everything().instance
    return replay(instance, instance.initial[0], LABELS)


def test_a_wide_table(behavior: Behavior) -> None:
    lines = LanesText(behavior, 140).lines()
    assert [" ".join(line.split()) for line in lines] == [
        "# action n0 n1 elsewhere",
        "0 initially RE t0 up RE t0 up ·",
        "1 paint(n0, color=ROSE) RO t1 · ·",
        "2 ping(n0, n1) · · links[n0,n1] yes, pings +Ping(n0→n1)",
        "3 note(n1, n0) · p=n0 !up log ⟨Note(text=1)⟩ bag +Note(text=-1), wires[n1,n0] ⟨Note(text=2)⟩",
        "4 note(n1, n0) · log +Note(text=1) bag +Note(text=-1), wires[n1,n0] +Note(text=2)",
        ">5 lead(n1) · · leader n1 ← violates",
        "at the end, pings: Ping(n0→n1)",
        "key: RE red, t turn, RO rose, p peer",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(behavior: Behavior, width: int) -> None:
    assert max(map(len, LanesText(behavior, width).lines())) <= width


def test_a_list_where_a_table_does_not_fit(behavior: Behavior) -> None:
    lines = LanesText(behavior, 50).lines()
    assert lines[0] == "0  initially"
    assert "3  note(n1, n0)" in lines
    assert "5  lead(n1)  ← violates" in lines
    assert "      leader  n1" in lines


def test_a_cell_is_broken_at_spaces_and_after_brackets_only() -> None:
    rows = [["1", "receive(n0, Reply(of=1))", "log"]]
    assert columns(["#", "action", "n0"], rows, 30, "") == [
        " #  action                 n0",
        " 1  receive(n0,            log",
        "    Reply(of=1))",
    ]
    assert columns(["#", "action", "n0"], rows, 17, "") == [
        " #  action    n0",
        " 1  receive(  log",
        "    n0,",
        "    Reply(",
        "    of=1))",
    ]
    assert columns(["#", "action", "n0"], rows, 16, "") is None


def test_a_record_is_not_named_twice(behavior: Behavior) -> None:
    notation = TableNotation(Lanes(behavior.instance))
    assert notation.item("note", Note()) == "Note(text=-1)"
    assert notation.item("last", Note()) == "last Note(text=-1)"


def test_a_table_is_measured_as_it_is_spelled(behavior: Behavior) -> None:
    def spelled(text: str) -> str:
        return text.replace("→", "->").replace("⟨", "<").replace("⟩", ">").replace("·", "-")

    lines = LanesText(behavior, 140, spelled=spelled).lines()
    column = lines[0].index("elsewhere")
    assert lines[3][column:].startswith("links[n0,n1] yes, pings +Ping(n0->n1)")
    assert all(line[column - 2 : column] == "  " for line in lines[:7])


def test_a_state_without_nodes_has_a_column_for_each_field() -> None:
    instance = ByTwo().instance
    lines = LanesText(replay(instance, instance.initial[0], ["more()", "more()"]), mark="the end").lines()
    assert lines == [" #  action     n", " 0  initially  0", " 1  more()     2", ">2  more()     4  ← the end"]


def test_an_initial_state_alone() -> None:
    instance = ByTwo().instance
    assert LanesText(replay(instance, instance.initial[0], [])).lines() == [" #  action     n", " 0  initially  0"]


def test_values(behavior: Behavior) -> None:
    notation = Notation(behavior.instance)
    last = behavior.last
    assert notation.value(Node(1)) == "n1"
    assert notation.value(Color.BLUE) == "BLUE"
    assert notation.value(Ping(src=Node(0), dst=Node(1))) == "Ping(n0→n1)"
    assert notation.value(last.pings) == "{Ping(n0→n1)}"
    assert notation.value(last.bag) == "{Note(text=-1)×2}"
    assert notation.value((Note(), None, True)) == "⟨Note(text=-1), none, yes⟩"
    assert notation.value(last.wires) == "[n1→n0: ⟨Note(text=2), Note(text=2)⟩]"


class Nurse(Index, size="nurses"):
    pass


class Ward(Record):
    duty: Map[Nurse, bool]
    shift: Map[Node, bool]


class Hospital(Spec[Ward]):
    nurses: int = constant(1)
    nodes: int = constant(1)

    def init(self) -> Ward:
        return Ward(duty=Map.fill(Nurse, False), shift=Map.fill(Node, False))

    @action
    def stay(self, s: Ward) -> Ward:
        return s


def test_two_scalarsets_with_one_letter_are_told_apart() -> None:
    notation = Notation(Hospital().instance)
    assert (notation.value(Nurse(0)), notation.value(Node(0))) == ("nu0", "no0")
