"""Ben-Or: its counts, that n > 2f is needed to decide and not to agree, and that each property can fail."""

from __future__ import annotations

from functools import cache

import pytest
from tests.models.bfs import Search, search
from tests.models.native_search import counts, native_search, witnessed

from mcheck.models.ben_or import BenOr, OneFaultMore, Process, State, Value
from mcheck.spec import Safe, Set, UsageError, outcomes_of, replay

WITNESSES = {"a value is decided": 5, "all decide": 9, "a value is decided although reports differ": 6}

# ---------------------------------------------------------------------- counts


@cache
def one_round() -> Search:
    return search(BenOr(max_round=1))


def test_one_round() -> None:
    found = one_round()
    assert found.counts == (1910, 10256, 9)  # no other source
    assert found.violated == {}
    assert {title: len(labels) for title, labels in found.reached.items()} == WITNESSES


@pytest.mark.slow
def test_two_rounds() -> None:
    found = native_search(BenOr())
    assert counts(found) == (60338, 316892, 18)
    assert witnessed(found) == WITNESSES


class OneInput(BenOr):
    """The first process starts with one value, the others with the other."""

    def init(self) -> list[State]:
        v, w = Value
        return [s for s in super().init() if [s.inputs[i] for i in Process] == [v] + [w] * (self.processes - 1)]


@pytest.mark.parametrize(("processes", "faults", "expected"), [(2, 1, 25), (4, 2, 557)])
def test_with_half_of_them_nobody_decides_and_nobody_disagrees(processes: int, faults: int, expected: int) -> None:
    """n = 2f.  A model written elsewhere has 25 and 557 states in one round."""
    found = search(OneInput(processes=processes, faults=faults, max_round=1))
    assert found.counts[0] == expected
    assert found.violated == {}
    assert found.reached == {}
    assert found.actions["conclude"] == 0
    assert found.actions["toss"] > 0


def test_with_one_process_more_they_decide() -> None:
    assert set(one_round().reached) == set(WITNESSES)


@pytest.mark.slow
def test_the_control_never_decides_in_two_rounds_either() -> None:
    (outcome,) = outcomes_of(OneFaultMore)
    assert isinstance(outcome, Safe)
    assert witnessed(native_search(OneFaultMore(**outcome.constants))) == {}


def test_somebody_must_stay_up() -> None:
    with pytest.raises(UsageError, match="at least one must stay up"):
        _ = BenOr(processes=2, faults=2).instance


# ---------------------------------------------------------------------- the words of the paper


def run(spec: BenOr, labels: list[str], inputs: list[int]) -> State:
    with spec.instance.active():
        values = list(Value)
        (start,) = [s for s in spec.instance.initial if [s.inputs[i] for i in Process] == [values[k] for k in inputs]]
    last = replay(spec.instance, start, labels).last
    assert isinstance(last, State)
    return last


REPORTS = ["report(i=0)", "report(i=1)", "report(i=2)"]


def test_equal_inputs_are_decided_in_the_first_round() -> None:
    """Whoever concludes has n - f proposals, all of them for the only value there is."""
    found = one_round()
    with found.instance.active():
        v, _ = Value
        equal = [s for s in found.parents if all(s.inputs[i] == v for i in Process)]
        concluded = [s.members[i] for s in equal for i in Process if s.members[i].round == 2]
        assert concluded
        assert {m.decision for m in concluded} == {v}


def test_half_of_those_heard_are_not_a_majority() -> None:
    """Two reports of three, one for each value: nothing to propose.  Two for one value: a majority of all three."""
    spec = BenOr()
    s = run(spec, REPORTS, [0, 1, 1])
    with spec.instance.active():
        (a, b, c), (v, w) = Process, Value
        assert spec.may_propose(s, 1, Set.of(a, b), None) and not spec.may_propose(s, 1, Set.of(a, b), w)
        assert spec.may_propose(s, 1, Set.of(b, c), w) and not spec.may_propose(s, 1, Set.of(b, c), v)
        assert not spec.may_propose(s, 1, Set.of(b, c), None)


def test_one_proposal_is_taken_over_and_two_are_decided() -> None:
    spec = BenOr()
    proposals = ["propose(i=0, q={0, 1}, v=None)", "propose(i=1, q={1, 2}, v=1)", "propose(i=2, q={1, 2}, v=1)"]
    ends = ["conclude(i=0, q={0, 1}, v=1)", "conclude(i=1, q={1, 2}, v=1)"]
    s = run(spec, REPORTS + proposals + ends, [0, 1, 1])
    with spec.instance.active():
        (a, b, _), (_, w) = Process, Value
        assert (s.members[a].value, s.members[a].decision) == (w, None)
        assert (s.members[b].value, s.members[b].decision) == (w, w)


# ---------------------------------------------------------------------- the properties notice


class DecidesAnew(BenOr):
    """What a process has decided before does not bind it; and it decides whatever the coin says."""

    def ended(self, s: State, i: Process, value: Value, decided: Value | None) -> State:
        after = super().ended(s, i, value, value)
        return after.replace(members=after.members.set(i, after.members[i].replace(decision=value)))


@pytest.mark.parametrize(("title", "steps"), [("Validity", 3), ("Agreement", 6), ("Integrity", 6)])
def test_promises_that_are_broken_are_noticed(title: str, steps: int) -> None:
    found = search(DecidesAnew(processes=2), check=(title,), until=title)
    assert len(found.violated[title]) == steps
