"""One suite for both engines: every protocol, tweak, example and toy of the project, with one answer.

Bounds are small, as the reference engine takes its time; what takes it more than about a second is slow.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.checker import toys
from tests.cli import toys as cli_toys
from tests.native.comparing import CompiledRules, Failed, answer, differences, sample, search_differences, unlike
from tests.native.random_specs import made
from tests.spec.wide_toy import WideToy

from mcheck.checker import Limits
from mcheck.checker.native.core import Identity
from mcheck.checker.native.engine import explore as explore_by_machine
from mcheck.checker.reference import explore as explore_by_reference
from mcheck.models import PROTOCOLS, TWEAKS
from mcheck.spec import Spec
from mcheck.spec.errors import LanguageError

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

SMALL: dict[str, tuple[dict[str, Any], int | None]] = {
    "die-hard": ({}, None),
    "tcommit": ({}, None),
    "two-phase-commit": ({}, None),
    "dining-philosophers": ({"philosophers": 3}, None),
    "ewd840": ({"nodes": 2}, None),
    "consensus": ({}, None),
    "voting": ({"max_ballot": 1}, 6),
    "paxos": ({}, 7),
    "flexible-paxos": ({"acceptors": 3}, 6),
    "fast-paxos": ({"acceptors": 3}, 5),
    "paxos-duel": ({"acceptors": 2}, None),
    "raft-split-votes": ({}, None),
    "raft-partial-partition": ({}, None),
    "pbft": ({"requests": 1}, 3),
    "flood-set": ({}, None),
    "ben-or": ({"max_round": 1}, 5),
    "ben-or-rounds": ({}, 3),
    "rotating-coordinator": ({}, 3),
    "one-round": ({"processes": 2}, None),
    "three-phase-commit": ({}, None),
    "raft": ({}, 4),
    "raft-macro": ({"max_term": 2, "max_log": 1}, None),
    "raft-fsync": ({}, 4),
    "raft-tla": ({}, 5),
    "textbook-raft": ({}, 5),
    "textbook-reads": ({}, 5),
    "textbook-go": ({}, 6),
    "zab": ({"max_epoch": 1, "max_log": 1, "max_in_channel": 2, "max_timeouts": 1, "max_restarts": 0}, 9),
    "zab-tla": ({"max_timeouts": 0}, None),
}
"""For each protocol and its tweaks: constants, and the depth to which the reference engine gets in a second."""

LARGER: dict[str, tuple[dict[str, Any], int | None]] = {
    "two-phase-commit": ({"managers": 5}, None),
    "consensus": ({"values": 6}, None),
    "tcommit": ({"managers": 5}, None),
    "voting": ({"max_ballot": 1}, None),
    "paxos": ({}, None),
    "flexible-paxos": ({"acceptors": 3}, None),
    "fast-paxos": ({"acceptors": 3}, None),
    "flood-set": ({"faults": 2}, None),
    "ben-or": ({"max_round": 1}, None),
    "ben-or-rounds": ({}, None),
    "rotating-coordinator": ({}, 12),
    "one-round": ({"values": 3}, None),
    "raft": ({}, 9),
    "raft-macro": ({"max_term": 3}, None),
    "raft-fsync": ({}, 8),
    "raft-tla": ({}, 11),
    "textbook-raft": ({"max_restarts": 0}, None),
    "textbook-reads": ({"max_restarts": 0, "max_failures": 0}, None),
    "textbook-go": ({}, None),
    "zab": ({"max_epoch": 1, "max_log": 1, "max_in_channel": 2, "max_timeouts": 1, "max_restarts": 0}, None),
    "zab-tla": ({"max_timeouts": 1}, None),
}

UNLOWERABLE: dict[str, str] = {}
"""Specs that are not compiled, and why: only the reference engine runs them."""

UNTRACEABLE = {
    "toys.FlipsACoin": "no function of the state",
    "toys.FlipsAGuard": "no function of the state",
    "toys.IsInterrupted": "raises what is no error of a spec",
    "toys.RunsOutOfMemory": "raises what is no error of a spec",
    "toys.PropertyRaises": "divides by what is no constant",
    "toys.StepPropertyRaises": "divides by what is no constant",
    "toys.ConstraintRaises": "divides by what is no constant",
}
"""Toys that are made to break a rule of the language."""


def loaded(place: str) -> type[Spec[Any]]:
    module, _, name = place.partition(":")
    found: type[Spec[Any]] = getattr(importlib.import_module(module), name)
    return found


def shipped() -> Iterator[tuple[str, type[Spec[Any]]]]:
    """(name of the protocol and tweak, spec)."""
    for protocol, place in PROTOCOLS.items():
        yield protocol, loaded(place)
        for tweak, changed in TWEAKS.get(protocol, {}).items():
            yield f"{protocol} {tweak}", loaded(changed)


def specs_of(module: ModuleType, prefix: str) -> Iterator[tuple[str, type[Spec[Any]]]]:
    for name, member in vars(module).items():
        if isinstance(member, type) and issubclass(member, Spec) and member.__module__ == module.__name__:
            yield f"{prefix}.{name}", member


def examples() -> Iterator[tuple[str, type[Spec[Any]]]]:
    for path in sorted(EXAMPLES.glob("*.py")):
        name = f"example_{path.stem}"
        found = importlib.util.spec_from_file_location(name, path)
        assert found is not None and found.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        yield from specs_of(module, path.stem)


SHIPPED = dict(shipped())
OTHERS = {**dict(specs_of(toys, "toys")), **dict(specs_of(cli_toys, "cli")), **dict(examples())}
COMPILED = [name for name in OTHERS if name not in UNTRACEABLE and name not in UNLOWERABLE]
SHALLOW = {"toys.FavoursEarly": 40, "my_raft.MyRaft": 4, "election.VotesTwice": 7, "election.Election": 8}
OTHERWISE_BUILT = {
    "raft forget-vote", "raft lead-without-looking-up", "raft truncate-in-order", "raft dropping-and-duplicating",
    "paxos reuse-ballot", "paxos count-across-ballots",
}  # fmt: skip
"""Tweaks with another state, another network, other actions, or another rule in each part of the protocol."""
LARGE = (
    "paxos",
    "fast-paxos",
    "flexible-paxos",
    "zab-tla",
    "raft",
    "raft-fsync",
    "ben-or",
    "ben-or-rounds",
    "rotating-coordinator",
    "raft-partial-partition",
    "pbft",
    "zab",
    "textbook-raft",
    "textbook-reads",
)
"""Their tweaks differ in one rule, and take seconds to compile."""
LARGEST = {"textbook-reads", "zab-tla"}
"""Slow even as they are: `textbook-raft` has all but the reads, and the tests of `zab-tla` count by compiled code."""


def with_slow(quick: set[str], untweaked: bool = True) -> list[Any]:
    """All that is shipped; the tweaks of large protocols, but for `quick`, are slow, and they themselves if not `untweaked`."""
    found = []
    for name in SHIPPED:
        protocol, _, tweak = name.partition(" ")
        slow = protocol in LARGEST or (protocol in LARGE and name not in quick and bool(tweak or not untweaked))
        found.append(pytest.param(name, marks=pytest.mark.slow if slow else ()))
    return [p for p in found if p.values[0] not in UNLOWERABLE]


MANY = with_slow(set())
BOTH_WAYS = pytest.mark.parametrize("keep_going", [False, True], ids=["", "keep-going"])


@pytest.mark.parametrize("name", with_slow(OTHERWISE_BUILT))
def test_protocols_and_tweaks(name: str) -> None:
    constants, depth = SMALL[name.split()[0]]
    instance = SHIPPED[name](**constants).instance
    assert search_differences(instance, Limits(depth=depth)) == []


@pytest.mark.parametrize("name", with_slow(set(), untweaked=False))
def test_protocols_and_tweaks_beyond_a_violation(name: str) -> None:
    constants, depth = SMALL[name.split()[0]]
    instance = SHIPPED[name](**constants).instance
    assert search_differences(instance, Limits(depth=depth), keep_going=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in SHIPPED if n not in UNLOWERABLE and n.split()[0] in LARGER])
def test_protocols_and_tweaks_further(name: str) -> None:
    constants, depth = LARGER[name.split()[0]]
    instance = SHIPPED[name](**constants).instance
    assert search_differences(instance, Limits(depth=depth), keep_going=True) == []
    assert search_differences(instance, Limits(depth=depth)) == []


@BOTH_WAYS
@pytest.mark.parametrize("name", COMPILED)
def test_examples_and_toys(name: str, keep_going: bool) -> None:
    instance = OTHERS[name]().instance
    limits = Limits(depth=SHALLOW.get(name, 12))
    assert search_differences(instance, limits, keep_going=keep_going) == []


@pytest.mark.parametrize("name", COMPILED)
def test_a_deadlock_that_is_an_error(name: str) -> None:
    instance = OTHERS[name]().instance
    limits = Limits(depth=SHALLOW.get(name, 8))
    assert search_differences(instance, limits, deadlock_is_error=True) == []


@pytest.mark.parametrize("name", MANY)
def test_reached_and_random_states_of_protocols(name: str) -> None:
    """Also of states that no short search meets."""
    constants, _ = SMALL[name.split()[0]]
    instance = SHIPPED[name](**constants).instance
    assert list(differences(instance, sample(instance, 3))) == []


@pytest.mark.parametrize("name", COMPILED)
def test_reached_and_random_states_of_toys(name: str) -> None:
    instance = OTHERS[name]().instance
    assert list(differences(instance, sample(instance, 3))) == []


@pytest.mark.parametrize("constants", [{}, {"nodes": 3, "max_log": 3}, {"nodes": 1, "max_epoch": 1}])
@BOTH_WAYS
def test_the_spec_that_uses_everything(constants: dict[str, int], keep_going: bool) -> None:
    instance = WideToy(**constants).instance
    assert search_differences(instance, Limits(depth=2), keep_going=keep_going) == []
    assert list(differences(instance, sample(instance, 4))) == []


@pytest.mark.parametrize("depth", [0, 1, 3, 5, 100])
def test_a_limit_of_depth(depth: int) -> None:
    for spec in (toys.Locks(), toys.CounterStops(), toys.Starts(), toys.TwoBounds(), toys.CounterSkips()):
        assert search_differences(spec.instance, Limits(depth=depth)) == []


@pytest.mark.parametrize("titles", [["Grants Are Owned"], ["owners_stay"], ["one node owns every key"], []])
def test_some_properties_only(titles: list[str]) -> None:
    for spec in (toys.Locks(), toys.StealsLocks()):
        assert search_differences(spec.instance, Limits(), properties=titles) == []


@pytest.mark.parametrize("name", ["toys.StealsLocks", "toys.Raises", "toys.CounterWithTwoFaults", "toys.Locks"])
@pytest.mark.parametrize("identity", list(Identity))
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_exact_comparison_change_nothing(name: str, identity: Identity, threads: int) -> None:
    instance = OTHERS[name]().instance
    native = answer(explore_by_machine, instance, Limits(), threads=threads, identity=identity)
    assert unlike(native, answer(explore_by_reference, instance, Limits())) == []


FAILING = {
    "index": ("log[s.n]", "log=s.log + (s.n,)", "IndexError: tuple index out of range"),
    "first_of_none": ("log[0]", "n=s.n + 1", "IndexError: tuple index out of range"),
    "field_of_none": ("last.x", "n=s.n + 1", "None has no 'x'"),
    "maximum": ("max(x for x in s.log if x > s.n)", "n=s.n + 1", "max of nothing"),
    "minimum": ("min(x for x in s.log if x > s.n)", "n=s.n + 1", "min of nothing"),
    "outside": ("n", "n=s.n + 2", "4 is outside 0..3"),
}
"""What fails, read from the state; an action under way; what the message says."""

FAILING_SPEC = """
class Point(Record):
    x: Annotated[int, Range(0, 3)]

class State(Record):
    n: Annotated[int, Range(0, 3)]
    log: Annotated[tuple[Annotated[int, Range(0, 3)], ...], AtMost(4)]
    last: (Point | None)

class Made(Spec[State]):
    def init(self) -> State:
        return State(n=0, log=(), last=Point(x=1))

    def read(self, s: State) -> int:
        return $read

    @action
    def forget(self, s: State) -> State:
        require(s.n == 1, "n is 1")
        return s.replace(last=None)

    @action
    def go(self, s: State) -> State:
        return s.replace($update)

    @always("small")
    def small(self, s: State) -> bool:
        return s.n <= 2

    $rule
"""
RULES = {
    "action": "@action\n    def fail(self, s: State) -> State:\n"
    '        require(s.n > 0, "n is positive")\n        return s.replace(n=self.read(s))',
    "always": '@always("read")\n    def fail(self, s: State) -> bool:\n        return s.n == 0 or self.read(s) >= 0',
    "reachable": '@reachable("read")\n    def fail(self, s: State) -> bool:\n        return s.n > 0 and self.read(s) < 0',
    "step": '@step("read")\n    def fail(self, before: State, after: State) -> bool:\n'
    "        return before.n == 0 or self.read(after) >= 0",
    "constraint": '@constraint("read")\n    def fail(self, s: State) -> bool:\n        return s.n == 0 or self.read(s) >= 0',
}


@BOTH_WAYS
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", FAILING)
def test_a_rule_that_fails(name: str, rule: str, keep_going: bool) -> None:
    """The same message, and the same behaviour that leads there; or the violation that was found before."""
    read, update, message = FAILING[name]
    path = read if read.startswith(("max", "min")) else f"s.{read}"
    source = FAILING_SPEC.replace("$rule", RULES[rule]).replace("$read", path).replace("$update", update)
    instance = made(source).instance
    native, reference = (
        answer(explore, instance, Limits(), keep_going=keep_going)
        for explore in (explore_by_machine, explore_by_reference)
    )
    assert unlike(native, reference) == []
    said = native.message if isinstance(native, Failed) else native.reason
    if not isinstance(native, Failed) and native.result == "violated":
        assert not keep_going or message in str(said)
    elif name != "index" and not (name == "outside" and rule != "action"):
        assert message in str(said)


def test_a_failing_toy() -> None:
    """An exception that is no error of the language."""
    failure = answer(explore_by_machine, toys.Raises().instance, Limits())
    assert isinstance(failure, Failed)
    assert "division by zero" in failure.message
    assert failure == answer(explore_by_reference, toys.Raises().instance, Limits())


@pytest.mark.parametrize("name", [name for name in UNTRACEABLE if name != "toys.IsInterrupted"])  # Ctrl-C is no answer
def test_what_breaks_the_language_is_not_compiled(name: str) -> None:
    with pytest.raises(LanguageError):
        CompiledRules(OTHERS[name]().instance)
